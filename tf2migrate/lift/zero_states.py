"""States of zeros that nothing reads in what is written: a Keras layer starts from zeros by itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.cells import Unrolled, ZeroState
from tf2migrate.lift.values import Handle

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.parts import Part


def is_gone(expressions: Expressions, state: object) -> bool:
    """Whether a state is of zeros, and is given no other in any run."""
    if isinstance(state, ZeroState):
        return state not in expressions.plan.states
    return isinstance(state, Handle) and state.role == "zero_state"


def unread(expressions: Expressions, part: Part) -> set[int]:
    """The statements of a function that only bind such a state for cells to start from."""
    started = {id(name) for name in _starts(expressions, part.function)}
    read = [n for n in walk(part.function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    names = {n.id for n in read if id(n) not in started}
    binding = [s for frame in part.frames for s in frame.statements if _bound(s.node) not in {None, *names}]
    kept = {id(s.node) for s in binding if not is_gone(expressions, s.value)}  # in some call
    return {id(s.node) for s in binding} - kept


def _bound(node: ast.AST) -> str | None:
    """The one name that is bound to what a call gives."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Call):
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else None
    return None


def _starts(expressions: Expressions, function: ast.FunctionDef) -> list[ast.expr]:
    """What cells are told to start from, where they are unrolled and it is such a state."""
    found = []
    for node in walk(function):
        value = expressions.interpreter.rewrites.get(id(node))
        for way in getattr(value, "ways", ()):
            if isinstance(way, Unrolled) and is_gone(expressions, way.initial) and "initial_state" in way.arguments:
                found.append(way.arguments["initial_state"])
    return found
