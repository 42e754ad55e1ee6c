"""`tf.data` in graph code: data sets, the iterators over them, and the elements that a run draws.

A data set of plain values is the same object in TensorFlow 2. One of placeholders or of random tensors comes to be when
its iterator is initialized: it becomes a function of what is fed there. An element is to a run what a placeholder with
a default is: a parameter of its function, drawn by `next(iterator)` unless it is fed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.trace import Definition, Fetches, Run, Statement
from tf2migrate.lift.values import (
    PYTHON,
    Handle,
    Initializer,
    Layer,
    Placeholder,
    Python,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Method
    from tf2migrate.lift.interpret import Interpreter

SOURCES = (
    "tf.data.Dataset.from_tensor_slices",
    "tf.data.Dataset.from_tensors",
    "tf.data.Dataset.from_generator",
    "tf.data.Dataset.range",
    "tf.data.Dataset.zip",
    "tf.data.Dataset.list_files",
    "tf.data.TextLineDataset",
    "tf.data.TFRecordDataset",
    "tf.data.FixedLengthRecordDataset",
)
METHODS = frozenset(
    (
        *("map", "flat_map", "interleave", "filter", "batch", "padded_batch", "shuffle", "repeat", "prefetch"),
        *("cache", "take", "skip", "concatenate", "shard"),
    )
)
_ITERATED = ("make_one_shot_iterator", "make_initializable_iterator")
#: What gives elements of the same form as it is given.
KEEPING = METHODS - {"map", "flat_map", "interleave"}


@dataclass(frozen=True, eq=False)
class Dataset(Value):
    """A data set. Of its elements: 0 where one is a tensor, or how many a tuple has; None where that is not seen.

    `deep` says which parts of a tuple are tuples or dicts themselves; None where that is not seen.
    """

    when: Time
    node: ast.Call
    width: int | None = None
    deep: frozenset[int] | None = None

    @property
    def time(self) -> Time:
        return self.when


@dataclass(frozen=True, eq=False)
class Iterator(Value):
    """An iterator: "ready" as soon as it is made, "started" by its initializer, or "fed" with another's handle."""

    kind: str
    node: ast.Call
    source: ast.expr | None = None  # the data set, where it is said when the iterator is made
    dataset: Value | None = None
    handle: Value | None = None
    statement: Statement | None = None
    reads: frozenset[Definition] = frozenset()

    @property
    def time(self) -> Time:
        return Time.MADE

    @property
    def width(self) -> int | None:
        return self.dataset.width if isinstance(self.dataset, Dataset) else None


@dataclass(frozen=True, eq=False)
class Draw:
    """One `get_next`: each run that needs it takes one element."""

    node: ast.Call
    iterator: Iterator
    statement: Statement


@dataclass(frozen=True, eq=False)
class Element(Tensor):
    """What is drawn, or a part of it."""

    draw: Draw | None = None
    path: tuple[int, ...] = ()
    parts: dict[int, Element] = field(default_factory=dict)

    def at(self, index: int) -> Element:
        """The part that unpacking gives; the same each time."""
        if index not in self.parts:
            self.parts[index] = Element(self.when, self.node, self.draw, (*self.path, index))
        return self.parts[index]


@dataclass(frozen=True, eq=False)
class Start(Initializer):
    """An op that sets an iterator to the beginning of a data set."""

    iterator: Iterator | None = None
    source: ast.expr | None = None
    dataset: Value | None = None
    statement: Statement | None = None
    reads: frozenset[Definition] = frozenset()


# -------------------------------------------------------------------- data sets


def _source(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    generated = path.endswith(".from_generator")
    found = _checked(interpreter, node, follow=not generated)
    if isinstance(found, Unknown):
        return found
    width = _source_width(interpreter, node, path)
    return Dataset(Time.STAGED if found else Time.CONSTANT, node, width, _source_depth(interpreter, node, path))


def _checked(interpreter: Interpreter, node: ast.Call, follow: bool = True) -> Unknown | bool:
    """Whether something that a data set is made of comes to be at a run only."""
    from tf2migrate.lift.functions import Function

    staged = False
    for value in interpreter.arguments(node):
        if isinstance(value, Function):
            if follow and (unlike := _mapped(interpreter, value, node)) is not None:
                return unlike
            continue
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
            if isinstance(leaf, Variable | Layer | Element | Iterator) or leaf.time > Time.STAGED:
                return Unknown("a data set is made of variables or of another iterator's elements", node)
            staged = staged or leaf.time == Time.STAGED
    return staged


def _mapped(interpreter: Interpreter, function: Value, node: ast.Call) -> Unknown | None:
    """Why a function cannot be applied to the elements, or nothing: it may read only what is there before any run."""
    value = result(interpreter, function)
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return leaf
    return None


def result(interpreter: Interpreter, function: Value) -> Value:
    """What a function gives for tensors; unknown where it reads or changes something of the graph."""
    from tf2migrate.lift.functions import Function

    assert isinstance(function, Function)
    statement = interpreter.statement
    effects, made = len(statement.effects), len(statement.made)
    with interpreter.apart() as reads:
        value = interpreter.call_helper(function, None)
    of_graph = [d for d in reads if d.staged or any(isinstance(v, Variable | Layer) for v in leaves(d.value))]
    if of_graph or len(statement.effects) > effects or len(statement.made) > made:
        return Unknown("a data set's function reads or changes something of the graph", function.node)
    statement.reads |= reads
    return value


def _source_width(interpreter: Interpreter, node: ast.Call, path: str) -> int | None:
    label = path.rsplit(".", 1)[-1]
    if label in ("range", "list_files", "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset"):
        return 0
    if label == "from_generator":
        types = bind(node, ("generator", "output_types", "output_shapes", "args"))["output_types"]
        return len(types.elts) if isinstance(types, ast.Tuple) else None if isinstance(types, ast.Name) else 0
    first = node.args[0] if node.args else node.keywords[0].value if node.keywords else None
    if label == "zip" or first is None:
        return len(first.elts) if isinstance(first, ast.Tuple) else None
    if isinstance(first, ast.Tuple):
        return len(first.elts)
    if isinstance(first, ast.List | ast.ListComp) or _is_array(first):
        return 0
    with interpreter.apart():
        value = interpreter.evaluate(first)
    if isinstance(value, Tensor | Placeholder) or (isinstance(value, Structure) and value.kind == "list"):
        return 0
    return len(value.items) if isinstance(value, Structure) and value.kind == "tuple" and value.rest is None else None


def _is_array(node: ast.expr) -> bool:
    """Whether an expression is plainly one array: a call of NumPy, or of a method that arrays have."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr in ("astype", "reshape", "copy", "ravel") or ast.unparse(node.func.value) in ("np", "numpy")


def _source_depth(interpreter: Interpreter, node: ast.Call, path: str) -> frozenset[int] | None:
    """Which parts of the elements have parts themselves, as far as the call says."""
    label = path.rsplit(".", 1)[-1]
    if label not in ("from_tensor_slices", "from_tensors", "from_generator"):
        return None
    at = 1 if label == "from_generator" else 0
    data = node.args[at] if len(node.args) > at else None
    if not isinstance(data, ast.Tuple):
        return None
    with interpreter.apart():
        values = [interpreter.evaluate(part) for part in data.elts]
    deep = [isinstance(v, Structure) and v.kind != "list" for v in values]
    return frozenset(i for i, found in enumerate(deep) if found)


def dataset_method(interpreter: Interpreter, node: ast.Call, base: Dataset, method: Method) -> Value:
    """A data set made of another one, or an iterator over it."""
    if method.name in _ITERATED:
        ready = method.name == _ITERATED[0]
        return _over(interpreter, node, ready, base, method.node.value)
    if method.name == "apply":
        return Unknown("a transformation of a data set is applied that is not followed", node)
    if method.name not in METHODS:
        return Unknown(f"{method.name} of a data set is not followed", node)
    found = _checked(interpreter, node)
    if isinstance(found, Unknown):
        return found
    when = Time.STAGED if found or base.time == Time.STAGED else base.time
    if method.name in KEEPING:
        return Dataset(when, node, base.width, base.deep)
    return Dataset(when, node, *_mapped_form(interpreter, node, method.name))


def _mapped_form(interpreter: Interpreter, node: ast.Call, name: str) -> tuple[int | None, frozenset[int] | None]:
    """How many parts the results of a function have, and which of them have parts themselves."""
    from tf2migrate.lift.functions import Function

    first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "map_func"), None)
    with interpreter.apart():
        function = interpreter.evaluate(first) if first is not None else PYTHON
    if not isinstance(function, Function) or name != "map":
        return None, None
    value = result(interpreter, function)
    if isinstance(value, Structure) and value.kind == "tuple" and value.rest is None:
        deep = frozenset(i for i, (_, v, _) in enumerate(value.items) if isinstance(v, Structure) and v.kind != "list")
        return len(value.items), deep
    plain = isinstance(value, Tensor) and not isinstance(function.node, ast.Lambda)
    return (0 if plain else _lambda_width(function)), None


def _lambda_width(function: Value) -> int | None:
    node = getattr(function, "node", None)
    operators = (ast.BinOp, ast.Compare, ast.UnaryOp)
    return 0 if isinstance(node, ast.Lambda) and isinstance(node.body, operators) else None


# -------------------------------------------------------------------- iterators


def _made(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.data.make_one_shot_iterator` and `tf.data.make_initializable_iterator`."""
    source = bind(node, ("dataset", "shared_name"))["dataset"]
    value = interpreter.evaluate(source)
    if not isinstance(value, Dataset):
        return value if isinstance(value, Unknown) else Unknown("what is iterated over is no data set", node)
    return _over(interpreter, node, path.endswith("one_shot_iterator"), value, source)


def _over(interpreter: Interpreter, node: ast.Call, ready: bool, dataset: Dataset, source: ast.expr) -> Value:
    if ready and dataset.time >= Time.STAGED:
        return Unknown("a one-shot iterator goes over what is drawn or fed at a run", node)
    if interpreter.comprehensions:
        return Unknown("iterators are made in a comprehension", node)
    with interpreter.apart() as reads:
        interpreter.evaluate(source)
    statement = interpreter.statement
    iterator = Iterator("ready" if ready else "started", node, source, dataset, None, statement, frozenset(reads))
    if ready:
        interpreter.make(node, iterator, "iterator", trained=False)
    return iterator


def of_another_module(interpreter: Interpreter, node: ast.Call) -> Value | None:
    """An iterator over a data set that some other module made: the names of the two methods say what it is."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in _ITERATED:
        return None
    made = Dataset(Time.CONSTANT, node)
    iterator = _over(interpreter, node, function.attr == _ITERATED[0], made, function.value)
    interpreter.rewrites[id(node)] = iterator
    return iterator


def _structured(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`Iterator.from_structure` and `Iterator.from_string_handle`: types and shapes are not needed any more."""
    fed = path.endswith("from_string_handle")
    names = ("string_handle",) if fed else ()
    bound = bind(node, (*names, "output_types", "output_shapes", "shared_name", "output_classes"))
    handle: Value | None = None
    with interpreter.apart():
        if fed:
            handle = interpreter.evaluate(bound["string_handle"])
            if not isinstance(handle, Placeholder):
                return Unknown("an iterator's handle is no placeholder", node)
        for name in set(bound) - {"string_handle"}:
            interpreter.evaluate(bound[name])
    kind = "fed" if fed else "started"
    return Iterator(kind, node, None, None, handle, interpreter.statement)


def iterator_method(interpreter: Interpreter, node: ast.Call, base: Iterator, name: str) -> Value:
    """`get_next`, `make_initializer`, `string_handle`."""
    if name == "get_next":
        if interpreter.comprehensions:
            return Unknown("elements are drawn in a comprehension", node)
        if not interpreter.frame.unit:
            return Unknown("elements are drawn in a helper function", node)
        element = Element(Time.STAGED, node, Draw(node, base, interpreter.statement))
        interpreter.statement.effects.append(element)
        return element
    if name == "make_initializer":
        source = bind(node, ("dataset", "name"))["dataset"]
        with interpreter.apart() as reads:
            value = interpreter.evaluate(source)
        if type(value) is Python and not value.known and not value.staged:
            value = Dataset(Time.CONSTANT, node)  # of another module
        if not isinstance(value, Dataset):
            return value if isinstance(value, Unknown) else Unknown("what is iterated over is no data set", node)
        return _start(interpreter, node, base, source, value, frozenset(reads))
    if name == "string_handle":
        return Handle("string_handle", node, of=base)
    return Unknown(f"{name} of an iterator is not followed", node)


def _start(
    interpreter: Interpreter,
    node: ast.expr,
    iterator: Iterator,
    source: ast.expr,
    dataset: Value,
    reads: frozenset[Definition],
) -> Start:
    return Start(
        "initializer",
        node,
        scopes=frozenset(("iterator",)),
        iterator=iterator,
        source=source,
        dataset=dataset,
        statement=iterator.statement if isinstance(node, ast.Attribute) else interpreter.statement,
        reads=reads,
    )


def attribute(interpreter: Interpreter, base: Dataset | Iterator, node: ast.Attribute) -> Value | None:
    """An attribute of a data set or of an iterator, where it is no method."""
    if isinstance(base, Iterator) and node.attr == "initializer":
        if base.source is None or base.dataset is None:
            return Unknown("the initializer of an iterator without a data set", node)
        return _start(interpreter, node, base, base.source, base.dataset, base.reads)
    if node.attr in ("output_types", "output_shapes", "output_classes"):
        return Unknown(f"{node.attr} is asked for, which TensorFlow 2 keeps as element_spec", node)
    return None


def is_deep(element: Element) -> bool | None:
    """Whether an element, or a part of one, has parts; None where that is not seen."""
    assert element.draw is not None
    iterator = element.draw.iterator
    if not isinstance(iterator.dataset, Dataset):
        return False if iterator.width is not None and (element.path or not iterator.width) else None
    dataset = iterator.dataset
    if not element.path:
        return None if dataset.width is None else dataset.width > 0
    return element.path[0] in dataset.deep if dataset.deep is not None and len(element.path) == 1 else None


def starts(value: Value) -> tuple[Start, ...]:
    """The iterators that an initializer sets to their beginnings."""
    if isinstance(value, Start):
        return (value,)
    return tuple(s for s in value.parts if isinstance(s, Start)) if isinstance(value, Initializer) else ()


def binding(definition: Definition) -> bool:
    """Whether a definition is that of the element itself: `x = iterator.get_next()`, or flat unpacking."""
    value = definition.value
    if not isinstance(value, Element) or value.draw is None or len(value.path) > 1:
        return False
    node = definition.statement.node
    if not (isinstance(node, ast.Assign) and node.value is value.draw.node and len(node.targets) == 1):
        return False
    target = node.targets[0]
    if isinstance(target, ast.Tuple | ast.List):
        return all(isinstance(t, ast.Name | ast.Attribute) for t in target.elts)
    return isinstance(target, ast.Name | ast.Attribute)


def count(draw: Draw) -> int | None:
    """How many parts the drawn element has, as far as its data set or its statement says."""
    if draw.iterator.width is not None:
        return draw.iterator.width
    node = draw.statement.node
    if isinstance(node, ast.Assign) and node.value is draw.node and isinstance(node.targets[0], ast.Tuple | ast.List):
        return len(node.targets[0].elts)
    return None


def handles(found: Fetches) -> Value | None:
    """What a run gives that asks for handles of iterators, and for nothing else."""
    leaves_ = list(found.leaves())
    values = [leaf.value for leaf in leaves_]
    if not values or not all(isinstance(v, Handle) and v.role == "string_handle" for v in values):
        return None
    if found.kind == "one":
        return values[0]
    return Structure(found.kind, tuple((i, v, None) for i, v in enumerate(values)))


def handed(interpreter: Interpreter, run: Run) -> dict[Value, Value]:
    """The handles of iterators that a run is fed, by their placeholders."""
    found: dict[Value, Value] = {}
    for feed in run.feeds:
        with interpreter.apart():
            value = interpreter.evaluate(feed.node)
        if feed.held and isinstance(value, Structure):
            value = next((v for k, v, _ in value.items if k is feed.key), PYTHON)
        if isinstance(value, Handle) and value.role == "string_handle" and value.of is not None:
            found[feed.key] = value.of
    return found


HANDLERS = {
    **dict.fromkeys(SOURCES, _source),
    "tf.data.make_one_shot_iterator": _made,
    "tf.data.make_initializable_iterator": _made,
    "tf.data.Iterator.from_structure": _structured,
    "tf.data.Iterator.from_string_handle": _structured,
}
