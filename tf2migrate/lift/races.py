"""Values that a run computes of a variable beside an op that changes the variable: before or after it, as it happened.

`sess.run([train, tf.norm(w)])` gave the one or the other in TensorFlow 1, whose ops run as soon as what they wait for
is there (measured: in 40 steps of gradient descent on a linear model the norm was of before in 11, and of after in 29).
What the change itself waits for, such as the loss, was always of before; a function computes all of it before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING

from tf2migrate.lift import parts
from tf2migrate.lift.asked_variables import asked, members
from tf2migrate.lift.slices import changes
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import ASSIGNS, Effect, Layer, Value, Variable
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

_MESSAGE = (
    "{what} reads what the run changes, and nothing says in which order: TensorFlow 1 read it before or after, "
    "here it is read before"
)
_ADVICE = "Where it matters, run the two one after the other, or put one under tf.control_dependencies."


def findings(interpreter: Interpreter, plan: Plan) -> Iterator[Finding]:
    """What is said of such runs, once for each function."""
    for planned in plan.functions:
        statements = planned.slice.statements
        before = {act: _upstream(act) for act in statements if changes(act)}
        used = {act: {id(value) for each in before[act] for value in _read(each)} for act in before}
        for statement in statements:
            apart = [act for act in before if statement not in before[act]]
            raced = (act for act in apart if _is_raced(interpreter, statement, act, used))
            if any(act not in _upstream(statement) for act in raced):
                node = planned.runs[0].node
                message = _MESSAGE.format(what=_what(statement))
                yield Finding(node.lineno, node.col_offset + 1, "TFM725", message, _ADVICE, fixable=True)
                break


def _upstream(statement: Statement) -> set[Statement]:
    """A statement, and all that it waits for."""
    seen: set[Statement] = set()
    todo = [statement]
    while todo:
        found = todo.pop()
        if found not in seen:
            seen.add(found)
            todo += [definition.statement for definition in found.reads]
            todo += found.controls
    return seen


def _is_raced(
    interpreter: Interpreter, statement: Statement, act: Statement, used: Mapping[Statement, Set[int]]
) -> bool:
    """Whether a statement reads a variable itself, not by way of other tensors, that another one uses and changes."""
    held = [v for v in _read(statement) if isinstance(v, Variable | Layer) and id(v) in used[act]]
    return any(_changes(interpreter, effect, held) for effect in act.effects if isinstance(effect, Effect))


def _read(statement: Statement) -> list[Value]:
    return [*(d.value for d in statement.reads), *(m.value for m in statement.made), *statement.shared]


def _changes(interpreter: Interpreter, effect: Effect, held: list[Variable | Layer]) -> bool:
    """Whether an op changes one of these variables, or of those of these layers and objects."""
    if effect.kind in ASSIGNS:
        return any(value is effect.target for value in held)
    if effect.kind not in ("minimize", "apply_gradients"):
        return False
    trained = [v for v in held if isinstance(v, Layer) or v.trainable]
    listed = asked(effect)
    told = {id(v) for v in members(listed)} if listed is not None else set()
    if not told:
        return bool(trained)
    inside = [v for each in trained if isinstance(each, Layer) for v in _inner(interpreter, each)]
    return any(id(v) in told for v in [*trained, *inside])


def _inner(interpreter: Interpreter, layer: Layer) -> Iterator[Value]:
    return parts.things(interpreter, layer.node) if isinstance(layer.node, ast.Call) else iter(())


def _what(statement: Statement) -> str:
    names = [d.attribute or d.name for d in statement.writes]
    return names[0] if names else f"line {statement.line}"
