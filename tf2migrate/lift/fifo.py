"""Queues that threads of their own fill with the same data again and again, and that runs only take from."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import kept_queues
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.pipelines import Pipe, element_of
from tf2migrate.lift.values import Handle, Refused, Structure, Time, Unknown, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_FIFO = ("capacity", "dtypes", "shapes", "names", "shared_name", "name")
_SHUFFLED = ("capacity", "min_after_dequeue", "dtypes", "shapes", "names", "seed", "shared_name", "name")
_ADVICE = "Make a tf.data.Dataset of the data, and take from its iterator."


@dataclass(frozen=True, eq=False)
class Queue(Value):
    """A queue: its arguments, the ops that fill it, and whether a thread runs the one."""

    node: ast.Call
    symbol: str
    arguments: Mapping[str, ast.expr]
    filled: list[Filling] = field(default_factory=list)
    runners: list[Value] = field(default_factory=list)

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Filling(Handle):
    """An op that puts something into a queue."""

    many: bool = False
    values: tuple[ast.expr, ...] = ()
    order: int = 0


def _queue(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, _SHUFFLED if path == "tf.RandomShuffleQueue" else _FIFO)
    interpreter.arguments(node)
    if "names" in bound or "dtypes" not in bound or not interpreter.frame.unit:
        return Unknown("a queue has names for its components, or is made in a helper function", node)
    if path != "tf.RandomShuffleQueue" and (kept := kept_queues.made(interpreter, node, bound)) is not None:
        return kept
    if path == "tf.PaddingFIFOQueue":
        return Unknown("a queue that pads what it gives is filled by a runner", node)
    return Queue(node, path, bound)


def queue_method(interpreter: Interpreter, node: ast.Call, queue: Queue, name: str) -> Value:
    """`enqueue`, `enqueue_many`, and what takes from the queue."""
    if name in ("enqueue", "enqueue_many"):
        return _filling(interpreter, node, queue, name)
    sized = name in ("dequeue_many", "dequeue_up_to")
    if name != "dequeue" and not sized:
        return Unknown(f"{name} of a queue is not followed", node)
    bound = bind(node, ("n", "name") if sized else ("name",))
    interpreter.arguments(node)
    if not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("elements are taken from a queue in a helper function", node)
    kinds = queue.arguments["dtypes"]
    count = len(kinds.elts) if isinstance(kinds, ast.List | ast.Tuple) else 1
    pipe = Pipe(
        "dequeued", node, bound, interpreter.statement, queue.symbol, width=count if count > 1 else 0, queue=queue
    )
    return element_of(interpreter, node, pipe)


def _filling(interpreter: Interpreter, node: ast.Call, queue: Queue, name: str) -> Value:
    given = bind(node, ("vals", "name"))["vals"]
    listed = isinstance(given, ast.List | ast.Tuple)
    values = tuple(given.elts) if isinstance(given, ast.List | ast.Tuple) else (given,)
    with interpreter.apart() as reads:
        for value in values:
            for leaf in leaves(interpreter.evaluate(value)):
                if isinstance(leaf, Unknown):
                    return leaf
                random = name == "enqueue" and leaf.time == Time.STAGED and not isinstance(leaf, Element)
                if isinstance(leaf, Variable) or (leaf.time >= Time.MADE and not random):
                    return Unknown("what fills a queue comes to be at a run", node)
    if any(d.staged for d in reads) or not listed:
        return Unknown("what fills a queue is not written out where it is filled", node)
    filling = Filling("enqueue", node, of=queue, many=name == "enqueue_many", values=values, order=interpreter.order)
    queue.filled[:] = [f for f in queue.filled if f.node is not node]
    queue.filled.append(filling)
    return filling


def _runner(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, ("queue", "enqueue_ops", "close_op", "cancel_op", "queue_closed_exception_types"))
    with interpreter.apart():
        queue = interpreter.evaluate(bound["queue"])
        ops = interpreter.evaluate(bound["enqueue_ops"]) if "enqueue_ops" in bound else Structure("list", ())
    if not isinstance(queue, Queue) or set(bound) - {"queue", "enqueue_ops"}:
        return Unknown("a queue's runner is not followed", node)
    queue.runners[:] += [leaf for leaf in leaves(ops) if leaf not in queue.runners]
    return Handle("runner", node, of=queue)


def _added(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    with interpreter.apart():
        interpreter.arguments(node)
    return Handle("closed", node)


def runner_method(interpreter: Interpreter, node: ast.Call, name: str) -> Value:
    """The threads that a runner makes."""
    with interpreter.apart():
        interpreter.arguments(node)
    if name != "create_threads":
        return Unknown(f"{name} of a queue's runner is not followed", node)
    return Handle("threads", node)


def check(pipe: Pipe) -> None:
    """A queue is a pipeline where one op fills it, a thread runs that op, and nothing else does. Raises `Refused`."""
    queue = pipe.queue
    if not isinstance(queue, Queue):
        return
    filled = queue.filled[0] if len(queue.filled) == 1 else None
    run = filled is not None and bool(queue.runners) and all(op is filled for op in queue.runners)
    if filled is None or not run or filled.order >= pipe.statement.order:
        what = "a queue is filled by runs, or by several ops: it is no pipeline of one data set"
        raise Refused("TFM901", pipe.node, what, _ADVICE)


# -------------------------------------------------------------------- text


def text(expressions: Expressions, pipe: Pipe) -> str:
    """The data set of what fills a queue, again and again."""
    queue = pipe.queue
    assert isinstance(queue, Queue)
    tf, filled, kinds = expressions.tf, queue.filled[0], queue.arguments["dtypes"]
    dtypes = list(kinds.elts) if isinstance(kinds, ast.List | ast.Tuple) else [kinds] * len(filled.values)
    if len(dtypes) != len(filled.values):
        raise Refused("TFM901", filled.node, "what fills a queue has other parts than the queue", _ADVICE)
    parts = [
        f"{tf}.convert_to_tensor({expressions.text(value)}, {expressions.dtype(dtype)})"
        for value, dtype in zip(filled.values, dtypes, strict=True)
    ]
    data = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
    if filled.many:
        made = f"{tf}.data.Dataset.from_tensor_slices({data}).repeat()"
    else:  # computed anew each time, as it may be drawn
        made = f"{tf}.data.Dataset.from_tensors(0).repeat().map(lambda _: {data})"
    if queue.symbol == "tf.RandomShuffleQueue":
        seed = f", seed={expressions.text(queue.arguments['seed'])}" if "seed" in queue.arguments else ""
        made += f".shuffle({expressions.text(queue.arguments['capacity'])}{seed})"
    return f"{made}.batch({expressions.text(pipe.arguments['n'])})" if "n" in pipe.arguments else made


HANDLERS = {
    "tf.FIFOQueue": _queue,
    "tf.PaddingFIFOQueue": _queue,
    "tf.RandomShuffleQueue": _queue,
    "tf.train.QueueRunner": _runner,
    "tf.train.add_queue_runner": _added,
    "tf.train.queue_runner.QueueRunner": _runner,
    "tf.train.queue_runner.add_queue_runner": _added,
}
