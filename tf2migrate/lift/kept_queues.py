"""Queues that runs fill and empty, in programs without queue runners: TensorFlow 2 has them still, outside of graphs.

What a run puts in is an update of the queue, and what it takes out is taken at each run, as `tf.queue` does in a
traced function: its ops have state, and so happen in the order of the program.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.trace import Run, Statement, loops_in
from tf2migrate.lift.values import Effect, Refused, Structure, Tensor, Time, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What an op of a queue that changes it is called as an effect.
ENQUEUE = "enqueue"
_DEQUEUE = "dequeue"
_CHANGES = {"enqueue": ("vals", "name"), "enqueue_many": ("vals", "name"), "close": ("cancel_pending_enqueues", "name")}
_TAKES = {"dequeue": ("name",), "dequeue_many": ("n", "name"), "dequeue_up_to": ("n", "name")}
_READS = {"size": ("name",), "is_closed": ("name",)}
_RUNNERS = ("tf.train.QueueRunner", "tf.train.queue_runner.QueueRunner")


@dataclass(frozen=True, eq=False)
class Kept(Value):
    """A queue that is made once, and stays one; the statement that makes it, and how many parts an element has."""

    node: ast.Call
    statement: Statement
    width: int

    @property
    def time(self) -> Time:
        return Time.MADE


def made(interpreter: Interpreter, node: ast.Call, arguments: Mapping[str, ast.expr]) -> Value | None:
    """A queue that no runner fills; None where one does."""
    if any(map(interpreter.mentions, _RUNNERS)):
        return None
    kinds = arguments["dtypes"]
    width = len(kinds.elts) if isinstance(kinds, ast.List | ast.Tuple) else 1
    plain = isinstance(interpreter.statement.node, ast.Assign) and interpreter.statement.node.value is node
    if not plain or interpreter.comprehensions or loops_in(interpreter.blocks):
        return Unknown("a queue that runs fill is made in an expression or a loop", node)
    return Kept(node, interpreter.statement, width)


def method(interpreter: Interpreter, node: ast.Call, queue: Kept, name: str) -> Value:
    """What an op of a queue puts in, takes out or tells."""
    parameters = {**_CHANGES, **_TAKES, **_READS}.get(name)
    if parameters is None:
        return Unknown(f"{name} of a queue is not followed", node)
    bind(node, parameters)
    values = interpreter.arguments(node)
    for value in values:
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
    if not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("a helper function, or a comprehension, makes an op of a queue", node)
    if name in _CHANGES:
        changes = Effect(ENQUEUE, node, {}, queue, tuple(values))
        interpreter.statement.effects.append(changes)
        return changes
    if name in _TAKES:
        interpreter.statement.effects.append(Effect(_DEQUEUE, node, {}, queue))
    tensors = tuple((index, Tensor(Time.STAGED, node), None) for index in range(queue.width))
    return Structure("list", tensors, node) if name in _TAKES and queue.width > 1 else Tensor(Time.STAGED, node)


def check(interpreter: Interpreter) -> None:
    """A session has what its runs have put in: with several of them, a queue would keep it. Raises `Refused`."""
    queues = [s.value for f in interpreter.frames for s in f.statements if isinstance(s.value, Kept)]
    if not queues:
        return
    sessions = {id(run.session): run.session for run in interpreter.runs.values()}
    if len(sessions) > 1 or any(loops_in(_opened(interpreter, session)) for session in sessions.values()):
        message = "several sessions use a queue, and each has its own in TensorFlow 1"
        raise Refused("TFM908", queues[0].node, message, "Make the queue where each session begins.")
    for run in interpreter.runs.values():
        _check_order(run)


def _check_order(run: Run) -> None:
    """What a run takes out and what it puts in wait for each other in TensorFlow 1, unless one needs the other."""
    from tf2migrate.lift.plan import needed_for
    from tf2migrate.lift.slices import backward_slice

    found = backward_slice(run)
    effects = [(s, e) for s in found.statements for e in s.effects if isinstance(e, Effect)]
    for putting, put in [pair for pair in effects if pair[1].kind == ENQUEUE]:
        before = {putting, *needed_for(putting.reads, found)}
        if any(e.kind == _DEQUEUE and e.target is put.target and s not in before for s, e in effects):
            message = "a run takes from a queue and fills it, and which comes first cannot be told"
            raise Refused("TFM901", put.node, message, "Take and fill in runs of their own.")


def _opened(interpreter: Interpreter, session: object) -> tuple[ast.stmt, ...]:
    """The blocks that a session is opened in."""
    node = getattr(session, "node", None)
    every = (s for frame in interpreter.frames for s in frame.statements)
    holding = [s for s in every if any(child is node for child in ast.walk(s.node))]
    return min(holding, key=lambda s: len(s.blocks)).blocks if holding else ()


__all__ = ["ENQUEUE", "Kept", "check", "made", "method"]
