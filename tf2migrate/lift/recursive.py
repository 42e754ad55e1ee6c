"""Helpers that call themselves, while Python says so: they compute tensors of tensors, and stay functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.lift.functions import Function
from tf2migrate.lift.trace import Frame
from tf2migrate.lift.values import (
    PYTHON,
    Placeholder,
    Python,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    latest,
)

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def again(interpreter: Interpreter, function: Function, node: ast.Call | None, given: Mapping[str, Value]) -> Value:
    """What the call of a function in its own body gives: a tensor where it is given one; `checked` holds it to that."""
    interpreter.recursive.add(function.node)
    at = node or function.node
    if any(isinstance(value, Unknown) for value in given.values()):
        return Unknown("a function of the program calls itself", at)
    when = latest(given.values())
    return PYTHON if when < Time.CONSTANT else Tensor(Time.STAGED if when == Time.MADE else when, at)


def checked(interpreter: Interpreter, function: Function, frame: Frame, value: Value) -> Value:
    """The value of a helper that may have called itself; not known where it does more than compute what it returns."""
    if function.node not in interpreter.recursive:
        return value
    statements = frame.statements
    plain = isinstance(value, Tensor | Placeholder | Variable | Python)
    acts = any(s.effects or s.made or s.shared for s in statements)
    reads = any(d.staged for s in statements for d in s.reads if d.statement.frame is not frame)
    if not plain or acts or reads:
        what = "a function that calls itself does more there than compute a tensor of what it is given"
        return Unknown(what, function.node)
    return value
