"""What the calls in a file hand over for a parameter of a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.ground import Ground
from tf2migrate.lint.view import AnyFunction, parameters


def calls_of(ground: Ground, function: AnyFunction) -> list[ast.Call]:
    """The calls in the file that run a function."""
    return ground.flow.calls_of(function)


def handed(ground: Ground, function: AnyFunction, name: str) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Each call of a function that hands over a parameter, by place or by name, with what it hands over."""
    taken = [a.arg for a in parameters(function)]
    if name not in taken:
        return
    for call in calls_of(ground, function):
        bound = isinstance(call.func, ast.Attribute) and taken[:1] in (["self"], ["cls"])
        index = taken.index(name) - bound
        if any(isinstance(a, ast.Starred) for a in call.args):
            continue
        if 0 <= index < len(call.args):
            yield call, call.args[index]
        yield from ((call, k.value) for k in call.keywords if k.arg == name)


def is_parameter(ground: Ground, node: ast.expr, function: AnyFunction) -> bool:
    """Whether an expression is a parameter of a function, and never bound anew in it."""
    scope = ground.view.scopes.of.get(id(node))
    if not isinstance(node, ast.Name) or scope is None or scope.node is not function:
        return False
    return [b.how for b in scope.bindings.get(node.id, [])] == ["param"]
