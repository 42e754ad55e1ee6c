"""Strings that are put together of known ones: `name + "_w"`, `"layer%d" % 1`, `f"{name}_b"`, `"{}_w".format(name)`.

Variables and scopes are found again by such names.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tf2migrate.lift.values import Python, Structure, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def of_operation(node: ast.BinOp, left: Value, right: Value) -> Python | None:
    """What `+` or `%` makes of a known string; None where one of the operands is not known."""
    if not isinstance(left, Python) or not left.known or not isinstance(left.literal, str):
        return None
    given = _literals([v for _, v, _ in right.items] if isinstance(right, Structure) and not right.rest else [right])
    if given is None:
        return None
    if isinstance(node.op, ast.Mod):
        return _made(left.literal, given if isinstance(right, Structure) else given[0])
    whole = isinstance(node.op, ast.Add) and isinstance(right, Python) and isinstance(given[0], str)
    return Python(f"{left.literal}{given[0]}", known=True) if whole else None


def _made(form: str, given: object) -> Python | None:
    try:
        return Python(form % given, known=True)
    except (TypeError, ValueError, KeyError):
        return None


def of_parts(interpreter: Interpreter, node: ast.JoinedStr) -> Python | None:
    """What an f-string is; None where one of its parts is not known, or formatted."""
    found = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.conversion != -1 or part.format_spec is not None:
                return None
            part = part.value
        with interpreter.apart():
            literals = _literals([interpreter.evaluate(part)])
        if literals is None:
            return None
        found.append(str(literals[0]))
    return Python("".join(found), known=True)


def of_call(interpreter: Interpreter, node: ast.Call) -> Python | None:
    """What `str(1)` and `"{}_w".format(name)` are; None for other calls, and where an argument is not known."""
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[_], keywords=[]) if not interpreter.frame.lookup("str"):
            form = "{}"
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(form)), attr="format"), keywords=[]):
            pass
        case _:
            return None
    with interpreter.apart():
        literals = _literals([interpreter.evaluate(argument) for argument in node.args])
    try:
        return Python(form.format(*literals), known=True) if literals is not None else None
    except (IndexError, KeyError, ValueError):
        return None


def _literals(values: Sequence[Value]) -> tuple[object, ...] | None:
    """The strings and whole numbers that values are; None where one of them is something else."""
    known = [v.literal for v in values if isinstance(v, Python) and v.known and isinstance(v.literal, str | int)]
    return tuple(known) if len(known) == len(values) else None
