"""Updates in helper functions that nothing of what these return depends on: no run of TensorFlow 1 made them.

A traced function makes every update in it, in the order of the program, so such an update would happen now.
"""

from __future__ import annotations

import ast

from tf2migrate.lift.slices import STATE
from tf2migrate.lift.trace import Frame, Statement
from tf2migrate.lift.values import Effect, Refused


def check(frame: Frame) -> None:
    """Raises `Refused` where a helper makes an update that it neither returns nor keeps, and that nothing waits for."""
    updates = [s for s in frame.statements if _updates(s) and _is_local(frame, s)]
    if not updates:
        return
    reached = _reached(frame)
    for statement in updates:
        if statement not in reached:
            what = "a function makes an update that nothing waits for, and that so never happens in TensorFlow 1"
            raise Refused("TFM902", statement.node, what, "Take it out, or return it and run it.")


def _updates(statement: Statement) -> bool:
    return any(isinstance(e, Effect) and e.kind in STATE for e in statement.effects)


def _is_local(frame: Frame, statement: Statement) -> bool:
    """Whether what a statement makes is known in its function alone."""
    kept = any(d.owner is not None or d.name in frame.globals for d in statement.writes)
    targets = statement.node.targets if isinstance(statement.node, ast.Assign) else []
    plain = all(isinstance(t, ast.Name | ast.Tuple | ast.List) for t in targets)
    return not kept and plain and isinstance(statement.node, ast.Assign | ast.Expr)


def _reached(frame: Frame) -> set[Statement]:
    """The statements that what a function returns needs, or waits for."""
    found: set[Statement] = set()
    todo = [s for s in frame.statements if isinstance(s.node, ast.Return | ast.expr)]
    while todo:
        statement = todo.pop()
        if statement not in found:
            found.add(statement)
            todo += [d.statement for d in statement.reads if d.statement.frame is frame]
            todo += statement.controls
    return found
