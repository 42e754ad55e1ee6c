"""TFM377: functions that call themselves while they are traced."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.passed import handed, is_parameter
from tf2migrate.lint.view import AnyFunction, parameters


def _by_python(ground: Ground, node: ast.AST) -> bool:
    """Whether a test of Python's decides about a place while the function is traced."""
    child = node
    for above in ground.view.above(node):
        test = above.test if isinstance(above, ast.If | ast.IfExp) and child is not above.test else None
        if test is not None and ground.kind(test) not in ("tensor", "likely", "nest"):
            return True
        child = above
    return False


def _counts(ground: Ground, node: ast.AST) -> bool:
    """Whether what decides about a place compares parameters, of which nothing is known, with numbers."""
    child, found = node, False
    for above in ground.view.above(node):
        if isinstance(above, ast.If | ast.IfExp) and child is not above.test:
            match above.test:
                case ast.Compare(left=ast.Name() as name, comparators=[ast.Constant(value=int() | float())]):
                    function = ground.view.function(name)
                    known = function is None or not is_parameter(ground, name, function)
                    if known or ground.kind(name) not in ("unknown", "likely", "tensor"):
                        return False
                    found = True
                case _:
                    return False
        child = above
    return found


def recursive(ground: Ground, function: Function, code: str) -> Iterator[Found]:
    """A tf.function that calls itself, also by way of others of this file."""
    names = [a for a in parameters(function) if a.arg != "self"]
    python = [ground.flow.parameter(function, a).kind == "python" for a in names]
    if any(python):
        return  # a number of Python's ends it while it is traced
    given = [value for a in names for _, value in handed(ground, function, a.arg)]
    number = any(ground.kind(value) == "python" for value in given)
    seen: set[int] = set()
    pending: list[tuple[AnyFunction, ast.Call | None]] = [(function, None)]
    while pending:
        here, through = pending.pop()
        for node in ground.view.own(here):
            if isinstance(node, ast.Call) and (not _by_python(ground, node) or (not number and _counts(ground, node))):
                for target in ground.view.called(node.func):
                    first = through or node
                    if target is function:
                        yield Found(
                            code,
                            first,
                            f"{function.name} calls itself, and tracing it never ends",
                            "Write it as a loop.",
                        )
                        return
                    if not isinstance(target, ast.ClassDef) and id(target) not in seen:
                        seen.add(id(target))
                        pending.append((target, first))


def recursive_helper(ground: Ground, function: Function, code: str) -> Iterator[Found]:
    """A function that traced code calls and that calls itself until a tensor says so, and nothing else does."""
    own = ground.view.own(function)
    calls = [n for n in own if isinstance(n, ast.Call) and function in ground.view.called(n.func)]
    tests = [n for n in own if isinstance(n, ast.If | ast.IfExp)] if calls else []
    if tests and all(ground.kind(test.test) == "tensor" for test in tests):
        yield Found(
            code,
            calls[0],
            f"{function.name} calls itself, and tracing it never ends",
            "Write it as a loop.",
        )
