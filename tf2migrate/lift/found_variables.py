"""Functions that find variables by the names that they have in the graph: they read them by the names of the program.

`with tf.variable_scope("cell", reuse=True): W = tf.get_variable("W")` in a function is the variable that was made
before, which is one of the module's. A function that makes some of its variables is another matter: it becomes a class.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import parts, visibility
from tf2migrate.lift.trace import Frame
from tf2migrate.lift.values import Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Function
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

_ADVICE = "Give the function the variables, or make them in the module."


def note(interpreter: Interpreter, function: Function, frame: Frame) -> bool:
    """Whether a call finds variables, makes none, and finds the same as each call before. It is noted."""
    shared = [v for s in frame.statements for v in s.shared]
    made = any(s.made for s in frame.statements)
    if made or not shared or function.node in interpreter.parts or not all(type(v) is Variable for v in shared):
        return False
    if any(parts.holder_of(interpreter, value) is not None for value in shared):
        return False
    known = interpreter.finders.setdefault(function.node, shared)
    return [id(v) for v in known] == [id(v) for v in shared]


def local_names(interpreter: Interpreter) -> set[str]:
    """The names that functions which find variables have for something of their own."""
    inside = [n for function in interpreter.finders for n in walk(function)]
    stored = {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return stored | {n.arg for n in inside if isinstance(n, ast.arg)}


def check(interpreter: Interpreter, plan: Plan) -> None:
    """What such a function finds must be visible where the function stands. Raises `Refused`."""
    for function, values in interpreter.finders.items():
        for value in values:
            definition = plan.shared.get(value)
            frames = [f for f in interpreter.frames if function in _defined(f)]
            seen = definition is not None and definition.owner is None and bool(frames)
            if not seen or not all(visibility.sees(f, definition.statement.frame) for f in frames):  # type: ignore[union-attr]
                what = "a function finds variables by their names, which it cannot see by names of the program"
                raise Refused("TFM901", function, what, _ADVICE)


def _defined(frame: Frame) -> list[ast.AST]:
    return [s.node for s in frame.statements]
