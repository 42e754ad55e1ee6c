"""Queues that are pipelines: names of files, readers, batches. Each becomes the data set that gives the same elements.

What a run takes from the end of such a pipeline is an element drawn, as from an iterator that is ready when it is
made. The ops between a reader and a batch become a function that is mapped over the records.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.datasets import Draw, Element, Iterator
from tf2migrate.lift.trace import Definition, Fetch, Statement
from tf2migrate.lift.values import (
    PYTHON,
    Handle,
    Layer,
    Placeholder,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_FILES = ("string_tensor", "num_epochs", "shuffle", "seed", "capacity", "shared_name", "name", "cancel_op")
_SLICES = ("tensor_list", "num_epochs", "shuffle", "seed", "capacity", "shared_name", "name")
_BATCH = (
    *("tensors", "batch_size", "num_threads", "capacity", "enqueue_many", "shapes", "dynamic_pad"),
    *("allow_smaller_final_batch", "shared_name", "name"),
)
_SHUFFLE_BATCH = (
    *("tensors", "batch_size", "capacity", "min_after_dequeue", "num_threads", "seed", "enqueue_many", "shapes"),
    *("allow_smaller_final_batch", "shared_name", "name"),
)
READERS: dict[str, tuple[str, ...]] = {
    "tf.TextLineReader": ("skip_header_lines", "name"),
    "tf.TFRecordReader": ("name", "options"),
    "tf.WholeFileReader": ("name",),
    "tf.FixedLengthRecordReader": ("record_bytes", "header_bytes", "footer_bytes", "hop_bytes", "name", "encoding"),
}
THREADS = "tf.train.start_queue_runners"


@dataclass(frozen=True, eq=False)
class Pipe(Value):
    """One stage, the arguments of its call, and the stage that it takes from.

    Its kind is "files", "slices", "read", "batch", "iterator", "returned" (by a function) or "called" (that function).
    """

    kind: str
    node: ast.expr
    arguments: Mapping[str, ast.expr]
    statement: Statement
    symbol: str = ""
    upstream: Pipe | None = None
    items: tuple[Fetch, ...] = ()  # what a batch is made of
    given: tuple[Element, ...] = ()  # what the ops before a batch take from the stage before
    env: Mapping[str, tuple[Definition, ...]] = field(default_factory=dict)  # the names where a batch is made
    width: int | None = 0  # how many parts an element has; 0 where it is a tensor
    queue: Value | None = None  # the queue that is taken from
    of: Iterator | None = None  # the iterator over a data set of which a stage is all there is

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Reader(Value):
    """A reader: what kind, and how it was asked to read."""

    node: ast.Call
    symbol: str
    arguments: Mapping[str, ast.expr]

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Key(Tensor):
    """The name that a reader gives to a record, which data sets do not know."""


@dataclass(frozen=True, eq=False)
class Piped(Iterator):
    """An iterator at the end of a pipeline."""

    pipe: Pipe | None = None

    @property
    def width(self) -> int | None:
        return self.pipe.width if self.pipe is not None else None


# -------------------------------------------------------------------- stages


def _produced(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`string_input_producer` and `slice_input_producer`: their elements in order, again and again."""
    files = path.endswith("string_input_producer")
    bound = bind(node, _FILES if files else _SLICES)
    unlike = set(bound) & {"cancel_op"}
    for name, argument in bound.items():
        for leaf in leaves(interpreter.evaluate(argument)):
            if isinstance(leaf, Unknown):
                return leaf
            if leaf.time >= Time.MADE and name != "capacity":
                return Unknown("what a queue is filled with comes to be at a run", node)
    if unlike or not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("a queue is made in a helper function or in a form that is not followed", node)
    if files:
        return _noted(interpreter, Pipe("files", node, bound, interpreter.statement))
    listed = bound["tensor_list"]
    if not isinstance(listed, ast.List | ast.Tuple):
        return Unknown("the list of what a queue is filled with is not written out", node)
    pipe = Pipe("slices", node, bound, interpreter.statement, width=len(listed.elts))
    return element_of(interpreter, node, pipe)


def _noted(interpreter: Interpreter, pipe: Pipe) -> Pipe:
    """A stage, followed once more in a loop, stands in the place of the one before."""
    interpreter.pipes[:] = [p for p in interpreter.pipes if p.node is not pipe.node]
    interpreter.pipes.append(pipe)
    return pipe


def element_of(interpreter: Interpreter, node: ast.Call, pipe: Pipe) -> Element:
    """An element at the end of a pipeline."""
    _noted(interpreter, pipe)
    iterator = Piped("ready", node, statement=interpreter.statement, pipe=pipe)
    element = Element(Time.STAGED, node, Draw(node, iterator, interpreter.statement))
    interpreter.statement.effects.append(element)
    return element


def _reader(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, READERS[path])
    interpreter.arguments(node)
    plain = {"name", "skip_header_lines", "record_bytes"}
    if set(bound) - plain:
        return Unknown(f"{path} with {', '.join(sorted(set(bound) - plain))}", node)
    return Reader(node, path, bound)


def read(interpreter: Interpreter, node: ast.Call, reader: Reader, name: str) -> Value:
    """`reader.read(queue)`: the record's name, and the record."""
    if name != "read":
        return Unknown(f"{name} of a reader is not followed", node)
    queue = interpreter.evaluate(bind(node, ("queue", "name"))["queue"])
    if not isinstance(queue, Pipe) or queue.kind != "files":
        return queue if isinstance(queue, Unknown) else Unknown("the queue of a reader is not followed", node)
    if not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("records are read in a helper function", node)
    if reader.symbol in _NAMING and _names_record(interpreter, node, reader.symbol):
        pair = Pipe("read", node, reader.arguments, interpreter.statement, reader.symbol, queue, width=2)
        return element_of(interpreter, node, pair)
    pipe = Pipe("read", node, reader.arguments, interpreter.statement, reader.symbol, queue)
    element = element_of(interpreter, node, pipe)
    return Structure("tuple", ((0, Key(Time.STAGED, node), None), (1, element, None)), node)


#: The readers whose names of records are followed: that of a file, and that with the number of a line.
_NAMING = ("tf.WholeFileReader", "tf.TextLineReader")


def _names_record(interpreter: Interpreter, node: ast.Call, symbol: str) -> bool:
    """Whether the program reads the name of a record: the first of the pair."""
    statement = interpreter.statement.node
    target = statement.targets[0] if isinstance(statement, ast.Assign) and statement.value is node else None
    first = target.elts[0] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    if not isinstance(first, ast.Name):
        return first is None and symbol == "tf.WholeFileReader"
    loaded = (n for n in interpreter.program.each(ast.Name) if isinstance(n.ctx, ast.Load))
    return any(n.id == first.id for n in loaded)


def _batch(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`train.batch` and `train.shuffle_batch`."""
    bound = bind(node, _SHUFFLE_BATCH if path.endswith("shuffle_batch") else _BATCH)
    for name, argument in bound.items():
        with interpreter.apart():
            value = interpreter.evaluate(argument)
        if name not in ("tensors", "shapes", "capacity", "num_threads", "name") and value.time >= Time.STAGED:
            return Unknown(f"{name} of a batch comes to be at a run", node)
    if not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("batches are made in a helper function", node)
    tensors = bound["tensors"]
    listed = isinstance(tensors, ast.List | ast.Tuple)
    elements = tensors.elts if isinstance(tensors, ast.List | ast.Tuple) else [tensors]
    found = made_of(interpreter, elements, node)
    if isinstance(found, Unknown):
        return found
    items, given, upstream = found
    from tf2migrate.lift.functions import visible

    width = len(items) if listed and len(items) > 1 else 0
    env, made = visible(interpreter.frame), interpreter.statement
    pipe = Pipe("batch", node, bound, made, path, upstream, items, given, env, width)
    return element_of(interpreter, node, pipe)


def made_of(
    interpreter: Interpreter, elements: list[ast.expr], node: ast.expr
) -> tuple[tuple[Fetch, ...], tuple[Element, ...], Pipe] | Unknown:
    """Tensors that are computed from the elements of one stage, those elements, and the stage."""
    items = []
    for element in elements:
        found = _item(interpreter, element)
        if isinstance(found, Unknown):
            return found
        items.append(found)
    given, unlike = _given(interpreter, items, node)
    if unlike is not None:
        return unlike
    iterators = list({e.draw.iterator: None for e in given if e.draw is not None})
    upstream = stage(interpreter, iterators[0]) if len(iterators) == 1 else None
    if upstream is None:
        return Unknown("what is batched or returned does not come from one reader or iterator", node)
    return tuple(items), tuple(given), upstream


def stage(interpreter: Interpreter, iterator: Iterator) -> Pipe | None:
    """The stage that an iterator stands at the end of; a data set is one."""
    if isinstance(iterator, Piped):
        return iterator.pipe
    if iterator.kind != "ready" or iterator.statement is None:
        return None
    known = next((p for p in interpreter.pipes if p.of is iterator), None)
    if known is None:
        known = Pipe("iterator", iterator.node, {}, iterator.statement, width=iterator.width, of=iterator)
        interpreter.pipes.append(known)
    return known


def last_stage(
    interpreter: Interpreter,
    node: ast.expr,
    items: tuple[Fetch, ...],
    given: tuple[Element, ...],
    upstream: Pipe,
    width: int | None,
) -> Pipe:
    """What a function returns of its pipeline."""
    from tf2migrate.lift.functions import visible

    env, made = visible(interpreter.frame), interpreter.statement
    return _noted(interpreter, Pipe("returned", node, {}, made, "", upstream, items, given, env, width))


def of_feeder(interpreter: Interpreter, node: ast.Call, upstream: Pipe) -> Element:
    """An element of the data set that a function returns."""
    pipe = Pipe("called", node, {}, interpreter.statement, "", upstream, width=upstream.width)
    element = interpreter.rewrites[id(node)] = element_of(interpreter, node, pipe)
    return element


def _item(interpreter: Interpreter, node: ast.expr) -> Fetch | Unknown:
    """A tensor that is batched, with what it reads; a list is stacked, as in TensorFlow 1."""
    made = Statement(node, interpreter.frame, interpreter.order, interpreter.blocks)
    with interpreter.within(made):
        value = interpreter.evaluate(node)
    made.value, made.moves = value, True
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return leaf
        if not isinstance(leaf, Tensor | Python):
            return Unknown("what is batched is no tensor", node)
    if isinstance(value, Structure) and isinstance(node, ast.Name):
        return Unknown("the list of what is batched is not written out", node)
    return Fetch(node, Tensor(Time.STAGED, node), frozenset(made.reads), made, isinstance(node, ast.Name))


def _given(interpreter: Interpreter, items: list[Fetch], node: ast.expr) -> tuple[list[Element], Unknown | None]:
    """The elements that some tensors are computed from; what else of the graph they read stops the pipeline."""
    found: dict[Element, None] = {}
    seen: set[Statement] = set()
    todo = [item.statement for item in items]
    while todo:
        statement = todo.pop()
        if statement in seen:
            continue
        seen.add(statement)
        found.update(dict.fromkeys(e for e in statement.effects if isinstance(e, Element)))
        if any(not isinstance(e, Element) for e in statement.effects) or statement.made:
            return [], Unknown("ops between a reader and a batch change or make something", node)
        for definition in statement.reads:
            if isinstance(definition.value, Element):
                found[definition.value] = None
            elif isinstance(definition.value, Key):
                return [], Unknown("the name that a reader gives to a record is used", node)
            elif any(isinstance(v, Variable | Layer | Placeholder) for v in leaves(definition.value)):
                return [], Unknown("ops between a reader and a batch read variables or what is fed", node)
            elif definition.staged:
                todo.append(definition.statement)
    return list(found), None


# -------------------------------------------------------------------- files, coordinators, threads


def _matching(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`match_filenames_once`: a variable in TensorFlow 1, and a tensor that is there at once here."""
    if interpreter.evaluate(bind(node, ("pattern", "name"))["pattern"]).time >= Time.MADE:
        return Unknown("a pattern of file names comes to be at a run", node)
    return Matched(Time.CONSTANT, node, bind(node, ("pattern", "name"))["pattern"])


@dataclass(frozen=True, eq=False)
class Matched(Tensor):
    """The names of the files that a pattern matches."""

    pattern: ast.expr = field(default_factory=lambda: ast.Constant(""))


def _coordinator(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """A coordinator of the queues' threads goes with them; one of the program's own threads stays."""
    interpreter.arguments(node)
    queues = any(map(interpreter.mentions, (THREADS, "tf.train.QueueRunner", "tf.train.queue_runner.QueueRunner")))
    return Handle("coordinator", node) if queues else PYTHON


def _threads(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    with interpreter.apart():
        interpreter.arguments(node)
    return Handle("threads", node)


@dataclass(frozen=True, eq=False)
class Asked(Python):
    """`coord.should_stop()`: no, as nothing asks it to stop."""


def coordinator_method(interpreter: Interpreter, node: ast.Call, base: Handle, name: str) -> Value:
    """A coordinator that only stops the threads of queues at the end."""
    with interpreter.apart():
        interpreter.arguments(node)
    if name == "should_stop":
        return Asked()
    if name == "request_stop":
        handler = _handler(interpreter, node)
        left = handler is not None and isinstance(handler.body[-1], ast.Break | ast.Return)
        if any(isinstance(b, ast.For | ast.While) and _asks(b) for b in interpreter.blocks) and not left:
            raise Refused("TFM901", node, "a loop ends by asking the coordinator to stop", "Leave the loop with break.")
        if node.args and not (handler is not None and (_of_the_end(interpreter, handler) or _of_all(handler))):
            what = "an error is given to the coordinator, which raises it again"
            raise Refused("TFM901", node, what, "Catch tf.errors.OutOfRangeError alone.")
        if node.args and handler is not None and handler.type is not None and _of_all(handler):
            interpreter.rewrites[id(handler.type)] = "the end"
        return Handle("closed", node)
    if name in ("join", "clear_stop", "wait_for_stop"):
        return Handle("closed", node)
    raise Refused("TFM901", node, f"{name} of a coordinator is not followed", "Rewrite this part by hand.")


def _asks(block: ast.stmt) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "should_stop" for n in ast.walk(block))


def _handler(interpreter: Interpreter, node: ast.Call) -> ast.ExceptHandler | None:
    """The innermost handler that a call stands in."""
    found = [
        h
        for h in interpreter.program.nodes
        if isinstance(h, ast.ExceptHandler) and any(c is node for s in h.body for c in ast.walk(s))
    ]
    return max(found, key=lambda h: h.lineno) if found else None


def _of_the_end(interpreter: Interpreter, handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and interpreter.names.symbol(handler.type) == "tf.errors.OutOfRangeError"


def _of_all(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every error only to give it to the coordinator, which raises all but the end again."""
    named = isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    return named and len(handler.body) == 1


HANDLERS = {
    "tf.train.string_input_producer": _produced,
    "tf.train.slice_input_producer": _produced,
    "tf.train.batch": _batch,
    "tf.train.shuffle_batch": _batch,
    "tf.train.match_filenames_once": _matching,
    "tf.train.Coordinator": _coordinator,
    THREADS: _threads,
    "tf.train.queue_runner.start_queue_runners": _threads,
    **dict.fromkeys(READERS, _reader),
}
__all__ = ["HANDLERS", "Asked", "Key", "Pipe", "Piped", "Reader", "coordinator_method", "read"]
