"""TFM311 of collections: an entry of a dict, list or array that the program sets between two calls of what read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import literal
from tf2migrate.lint.passed import calls_of


def changed_entries(ground: Ground, code: str) -> Iterator[Found]:
    """The traced reads of what `settings["rate"] = ...` changes after one call, and before another."""
    places = [p for p in ground.program.each(ast.Assign) if isinstance(p.targets[0], ast.Subscript)]
    added = [p for p in ground.program.each(ast.AugAssign) if isinstance(p.target, ast.Subscript)]
    every: list[ast.Assign | ast.AugAssign] = [*places, *added]
    for place in every:
        target = place.targets[0] if isinstance(place, ast.Assign) else place.target
        match target:
            case ast.Subscript(value=ast.Name() as owner) if ground.kind(owner) in ("dict", "list", "array"):
                if ground.traced.of(place) is None and (read := _read(ground, place, owner, target)) is not None:
                    yield Found(
                        code,
                        read,
                        f"{owner.id} is what it was when the function was traced, and line {place.lineno} changes it",
                        "Make it an argument, or a tf.Variable that is assigned to.",
                    )


def _read(ground: Ground, place: ast.stmt, owner: ast.Name, target: ast.Subscript) -> ast.expr | None:
    """The first traced read of the entry, where what is traced runs before the place and after it."""
    made = [b.node for b in ground.view.scopes.bindings(owner)]
    where, loops = ground.view.function(place), {id(loop) for loop in ground.view.loops(place)}
    if len(made) != 1 or any(ground.kind(part) in ("tensor", "variable") for part in ast.walk(made[0])):
        return None  # a variable that it holds is read anew at each call
    for function, context in ground.functions():
        if context.why != "function" or context.root is not function:
            continue
        calls = [c for c in calls_of(ground, function) if ground.view.function(c) is where]
        around = any(c.lineno < place.lineno for c in calls) and any(c.lineno > place.lineno for c in calls)
        again = any(loops & {id(loop) for loop in ground.view.loops(c)} for c in calls)
        if not around and not again:
            continue
        for node in ground.view.own(function):
            if not isinstance(node, ast.Name) or node.id != owner.id or not ground.is_free(node, function):
                continue
            if _same(ground, node, target) and [b.node for b in ground.view.scopes.bindings(node)] == made:
                return node
    return None


def _same(ground: Ground, name: ast.Name, target: ast.Subscript) -> bool:
    """Whether what is read is the entry that is set: an array as a whole, or the key."""
    above = ground.view.parents.get(id(name))
    if ground.kind(name) == "array":
        return isinstance(name.ctx, ast.Load)
    key = literal(target.slice)
    return (
        isinstance(above, ast.Subscript) and above.value is name and isinstance(above.ctx, ast.Load)
        and key is not None and literal(above.slice) == key
    )  # fmt: skip
