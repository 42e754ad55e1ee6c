"""TFM332 of functions that are made where a function is called in a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.passed import calls_of
from tf2migrate.lint.view import AnyFunction


def made_in_calls(ground: Ground, made: Function | ast.Call, code: str) -> Iterator[Found]:
    """A tf.function that each call of the function around it makes anew, calls, and forgets."""
    around = ground.view.function(made)
    name = made.name if isinstance(made, Function) else _name_of(ground, made)
    if around is None or not name or ground.traced.of(made) is not None or ground.view.loops(made):
        return
    if any(word in ground.program.text for word in ("TestCase", "pytest")) or _is_kept(ground, around, name):
        return
    if any(ground.view.loops(call) for call in calls_of(ground, around)):
        yield Found(
            code,
            made,
            f"each tf.function begins without traces: {name} is made at each call of what is around it, in a loop",
            "Make it once, outside of what the loop calls.",
        )


def _name_of(ground: Ground, made: ast.Call) -> str:
    """The one local name that is given to what a call makes."""
    match ground.view.parents.get(id(made)):
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _is_kept(ground: Ground, around: AnyFunction, name: str) -> bool:
    """Whether a name is more than called, is called for many rounds, or is not called at all."""
    nodes = [n for n in ast.walk(around) if isinstance(n, ast.Name) and n.id == name]
    if any(isinstance(n, ast.Global | ast.Nonlocal) and name in n.names for n in ast.walk(around)):
        return True
    uses = [n for n in nodes if isinstance(n.ctx, ast.Load)]
    for use in uses:
        call = ground.view.parents.get(id(use))
        if not isinstance(call, ast.Call) or call.func is not use or ground.view.loops(call):
            return True
        if ground.view.function(use) is not around or not _is_plain(ground, call):
            return True
    return not uses


def _is_plain(ground: Ground, call: ast.Call) -> bool:
    """Whether no comprehension repeats a call."""
    return not any(
        isinstance(above, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp)
        for above in ground.view.above(call)
    )
