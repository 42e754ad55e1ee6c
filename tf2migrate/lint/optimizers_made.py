"""TFM323 and TFM325: optimizers that are made for one step, and functions that several of them, or models, share."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import argument
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.passed import calls_of
from tf2migrate.lint.unbuilt import is_unbuilt
from tf2migrate.lint.view import parameters

_STEPS = ("apply_gradients", "minimize", "apply")


def made_for_a_step(ground: Ground, node: ast.Call, code: str) -> Iterator[Found]:
    """An optimizer that is made for one step only: in the loop, or in the function that a loop calls for each step."""
    statement, loops, function = ground.view.statement(node), ground.view.loops(node), ground.view.function(node)
    parent = ground.view.parents.get(id(node))
    found = False
    if isinstance(parent, ast.Attribute):
        found = bool(loops) and parent.attr in _STEPS
    elif isinstance(statement, ast.Assign) and statement.value is node and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        if loops:
            inside = [n for part in loops[0].body for n in walk(part)]
            found = _only_steps(ground, inside, name, loops[:1])
        elif isinstance(function, Function):
            again = any(ground.view.loops(call) for call in calls_of(ground, function))
            found = again and _only_steps(ground, [*ast.walk(function)], name, [])
    if found:
        yield Found(
            code,
            node,
            "an optimizer of its own for each step: its moments and its step begin anew each time",
            "Make it once, before the loop.",
        )


def _only_steps(ground: Ground, nodes: list[ast.AST], name: str, loops: Sequence[ast.AST]) -> bool:
    """Whether all that is done with an optimizer is one step, in the loop that it is made in."""
    uses = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    steps = [n for n in uses if isinstance(p := ground.view.parents.get(id(n)), ast.Attribute) and p.attr in _STEPS]
    return bool(steps) and len(steps) == len(uses) and all(ground.view.loops(n)[:1] == loops for n in steps)


def several(ground: Ground, code: str) -> Iterator[Found]:
    """A tf.function that is called with several optimizers, or several models that are not built yet: each makes
    variables, and only the first trace may."""
    for function, context in ground.functions():
        if context.root is not function or context.why != "function" or isinstance(function, ast.Lambda):
            continue
        names = [a.arg for a in parameters(function)]
        for name, kind in _used(ground, function, names):
            handed: dict[int, list[ast.expr]] = {}
            for call in calls_of(ground, function):
                value = argument(call, name, names.index(name))
                if value is not None:
                    handed.setdefault(_made_for(ground, call), []).append(value)
            for values in handed.values():
                if _are_new(ground, values, kind):
                    yield Found(
                        code,
                        values[-1],
                        f"one tf.function for several {kind}s: the second makes its variables too late",
                        "Make one tf.function for each, or build them before.",
                    )


def _used(ground: Ground, function: Function, names: list[str]) -> Iterator[tuple[str, str]]:
    """The parameters that a function steps with as an optimizer, or calls as a model."""
    found: set[tuple[str, str]] = set()
    for node in ground.view.own(function):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="apply_gradients" | "minimize") if name in names:
                found.add((name, "optimizer"))
            case ast.Call(func=ast.Name(id=name)) if name in names:
                found.add((name, "model"))
    yield from sorted(found)


def _are_new(ground: Ground, values: list[ast.expr], kind: str) -> bool:
    """Whether what the calls of a function hand over are several objects, none of which has variables yet."""
    if len(values) == 1 and kind == "optimizer" and isinstance(values[0], ast.Name):
        made = ground.view.scopes.bindings(values[0])
        parts = made[0].node if len(made) == 1 and made[0].how == "item" else None
        each = parts.elts if isinstance(parts, ast.List | ast.Tuple) else []
        return len(each) > 1 and all(ground.view.kinds.of(part) == "Optimizer" for part in each)
    if len({ast.dump(value) for value in values}) < 2:
        return False
    if kind == "optimizer":
        return all(ground.kind(value) == "optimizer" for value in values)
    return all(isinstance(value, ast.Name) and _is_new_model(ground, value) for value in values)


def _is_new_model(ground: Ground, name: ast.Name) -> bool:
    """Whether a model is not built, and not called, where it is handed over."""
    made = [b.node for b in ground.view.scopes.bindings(name)]
    if len(made) != 1 or not isinstance(made[0], ast.Call) or not is_unbuilt(ground, made[0]):
        return False
    reads = [n for n in ground.program.each(ast.Name) if n.id == name.id and isinstance(n.ctx, ast.Load)]
    return all((n.lineno, n.col_offset) >= (name.lineno, name.col_offset) for n in reads)


def _made_for(ground: Ground, call: ast.Call) -> int:
    """What tells the tf.functions that are made of one function apart: the call that made it; 0 for its decorator."""
    bindings = ground.view.scopes.bindings(call.func) if isinstance(call.func, ast.Name) else []
    made = call.func if isinstance(call.func, ast.Call) else bindings[-1].node if bindings else None
    return id(made) if isinstance(made, ast.Call) else 0
