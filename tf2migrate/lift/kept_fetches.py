"""Fetches that several statements put together: a list that is appended to, a dict whose items are set one by one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift.trace import Statement, sees
from tf2migrate.lift.values import Structure, Time, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def note(interpreter: Interpreter, value: Value, node: ast.expr) -> None:
    """Keeps where an item of a list or dict is written, if it is of the graph."""
    if value.time > Time.PYTHON:
        interpreter.items_written.setdefault(value, []).append((node, interpreter.statement))


def items(interpreter: Interpreter, value: Structure) -> list[tuple[str, ast.expr, Statement]] | None:
    """The items of what is fetched, each as it is written and the statement that it stands in; None if not all are."""
    if value.rest is not None or value.optional or value.kind not in ("list", "tuple", "dict"):
        return None
    found = []
    for key, item, _ in value.items:
        written = interpreter.items_written.get(item, [])
        seen = [(node, statement) for node, statement in written if sees(interpreter.frame, statement.frame)]
        if not seen:
            return None
        found.append((str(key), *seen[-1]))
    return found or None
