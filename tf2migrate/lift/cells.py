"""Recurrent cells: layers where TensorFlow 1's cells were made, and a `tf.keras.layers.RNN` where they were unrolled.

Keras's cells keep two kernels where TensorFlow 1 kept one for inputs and state together, with its gates in another
order. So the cells are written out with the variables and the arithmetic that they had (`cell_classes`). A
`DropoutWrapper` has no like in Keras: what it drops is dropped before and after the unrolled cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import scopes
from tf2migrate.lift.layers import check_precision, free_name
from tf2migrate.lift.scopes import NEVER
from tf2migrate.lift.trace import Definition, Fetch, Fetches, Statement, loops_in
from tf2migrate.lift.values import (
    NONE,
    PYTHON,
    FetchedState,
    FetchedSummary,
    Handle,
    Layer,
    Placeholder,
    Python,
    State,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    latest,
    leaves,
)
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.facts.names import Names
    from tf2migrate.lift.interpret import Interpreter

_CELLS = {
    "BasicRNNCell": ("num_units", "activation", "reuse", "name", "dtype"),
    "GRUCell": ("num_units", "activation", "reuse", "kernel_initializer", "bias_initializer", "name", "dtype"),
    "BasicLSTMCell": ("num_units", "forget_bias", "state_is_tuple", "activation", "reuse", "name", "dtype"),
    "LSTMCell": (
        *("num_units", "use_peepholes", "cell_clip", "initializer", "num_proj", "proj_clip", "num_unit_shards"),
        *("num_proj_shards", "forget_bias", "state_is_tuple", "activation", "reuse", "name", "dtype"),
    ),
}
KINDS = {"BasicRNNCell": "RNNCell", "GRUCell": "GRUCell", "BasicLSTMCell": "LSTMCell", "LSTMCell": "LSTMCell"}
_PLAIN = (
    *("num_units", "activation", "kernel_initializer", "bias_initializer", "initializer", "forget_bias", "name"),
    *("use_peepholes", "cell_clip", "num_proj", "proj_clip"),
)
_WRAPPER = (
    *("cell", "input_keep_prob", "output_keep_prob", "state_keep_prob", "variational_recurrent", "input_size"),
    *("dtype", "seed", "dropout_state_filter_visitor"),
)
_DYNAMIC = (
    *("cell", "inputs", "sequence_length", "initial_state", "dtype", "parallel_iterations", "swap_memory"),
    *("time_major", "scope"),
)
_STATIC = ("cell", "inputs", "initial_state", "dtype", "sequence_length", "scope")
HOMES = ("tf.nn.rnn_cell.", "tf.contrib.rnn.")
ONE_STATE = "OneState"  # how kinds of cells begin whose state is one tensor, where others have two


class _Walked(Value):
    """What a loop makes again each time that it is followed: the last of them stands for all."""

    def one_of(self, values: list[Value]) -> Value | None:
        if all(_alike(self, value) for value in values):
            return self
        found = [value for value in values if isinstance(value, Cell)]
        return among(found) if len(found) == len(values) else None


def _form(value: Value) -> tuple[object, ...]:
    """What a state is made of, whichever tensors they are."""
    if not isinstance(value, Structure):
        return (type(value),)
    parts = [item for _, item, _ in value.items] + ([value.rest] if value.rest is not None else [])
    return (type(value), value.rest is None, *map(_form, parts))


def _alike(one: Value, other: Value) -> bool:
    """Whether two values are made by the same calls, with dropout that is told by the same expressions."""
    match one, other:
        case Cell(), Cell():
            return one.node is other.node
        case Wrapped(), Wrapped():
            told = [list(map(id, (*w.arguments.values(), *(test for test, _ in w.tests)))) for w in (one, other)]
            return one.node is other.node and told[0] == told[1] and _alike(one.cell, other.cell)
        case Stacked(), Stacked():
            inner = [stack.cells or (stack.each,) for stack in (one, other)]
            same = one.node is other.node and len(inner[0]) == len(inner[1])
            return same and all(map(_alike, *inner))
    return False


@dataclass(frozen=True, eq=False)
class Cell(_Walked, Layer):
    """One cell; its arguments by TensorFlow 1's names."""

    arguments: Mapping[str, ast.expr] = field(default_factory=dict)
    several: tuple[Cell, ...] = ()  # the cells that it may be, where paths differ
    repeated: bool = False  # whether it is made again in each turn of a loop
    inside: Cell | None = None  # the cell around whose outputs it does something more

    @property
    def resized(self) -> bool:
        """Whether its outputs are not those of the cell in it, which has its state."""
        return False

    @property
    def mixed(self) -> bool:
        """Whether it may be cells whose states are of different kinds."""
        return len({cell.kind == "LSTMCell" for cell in self.several}) > 1


def among(cells: list[Cell]) -> Cell:
    """One cell for several that it may be."""
    every = tuple(dict.fromkeys(one for cell in cells for one in cell.several or (cell,)))
    return replace(every[-1], several=every)


@dataclass(frozen=True, eq=False)
class ZeroState(Placeholder):
    """A cell's state of zeros. Where a run is fed another one it is a parameter; elsewhere Keras starts from zeros."""

    cell: Value = PYTHON
    owner: ast.expr = field(default_factory=lambda: ast.Constant(None))  # the expression of the cell


@dataclass(frozen=True, eq=False)
class Wrapped(_Walked):
    """A cell with dropout around it: what is kept of its inputs and outputs, and what telling it reads."""

    cell: Value
    node: ast.Call
    arguments: Mapping[str, ast.expr]
    reads: frozenset[Definition]
    tests: tuple[tuple[ast.expr, bool], ...] = ()  # where it is there on some paths only: what holds, or does not

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Stacked(_Walked):
    """Cells on top of each other; None where their number is not known."""

    node: ast.Call
    cells: tuple[Value, ...] | None
    each: Value  # what they are like, where their number is not known
    joined: bool = False  # whether the states of all are one tensor, side by side

    @property
    def one(self) -> bool:
        """Whether it is one cell with such a state: no dropout is between the cells in it."""
        return self.joined and not any(isinstance(cell, Wrapped) for cell in self.cells or (self.each,))

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Stage:
    """A cell, or several, that one `RNN` unrolls; dropout before and after it, each from the inside out."""

    cell: Value
    wrappers: tuple[Wrapped, ...] = ()
    every: bool = False  # whether it stands for each cell of a list
    before: tuple[Wrapped, ...] = ()  # what is around the whole stack, of which it is the first
    after: tuple[Wrapped, ...] = ()  # and of which it is the last

    @property
    def dropping(self) -> tuple[Wrapped, ...]:
        """All that drops something."""
        return tuple(dict.fromkeys((*self.wrappers, *self.before, *self.after)))


@dataclass(frozen=True, eq=False)
class States(Structure):
    """The states of stacked cells: a tuple in TensorFlow 1, a list here."""

    def one_of(self, values: list[Value]) -> Value | None:
        return self if len({_form(value) for value in values}) == 1 else None


class Unrolling(Structure):
    """Cells that are unrolled, in one direction or in both."""

    @property
    def ways(self) -> tuple[Unrolled, ...]:
        """Each of the directions."""
        return ()

    @property
    def cells(self) -> list[ast.expr]:
        """The expressions of the cells."""
        return []


@dataclass(frozen=True, eq=False)
class Unrolled(Unrolling):
    """What `dynamic_rnn` and `static_rnn` give: outputs and the last state."""

    path: str = ""
    arguments: Mapping[str, ast.expr] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    initial: Value | None = None  # the state that it starts from, if it is given one
    statement: Statement | None = None
    index: int | None = None  # of two directions, which one it is: 0 or 1
    joined: bool = False  # whether the states of the cells are one tensor

    @property
    def ways(self) -> tuple[Unrolled, ...]:
        return (self,)

    @property
    def static(self) -> bool:
        """Whether a list of steps is taken."""
        return "static" in self.path

    @property
    def cells(self) -> list[ast.expr]:
        """The expressions of the cells."""
        return [self.arguments["cell"]]

    @property
    def several(self) -> bool:
        """Whether cells are unrolled one after the other."""
        return len(self.stages) > 1 or self.stages[0].every


# -------------------------------------------------------------------- what the calls mean


def _cell(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    name = path.rsplit(".", 1)[-1]
    bound = bind(node, _CELLS[name])
    if "reuse" in bound and _says_nothing(interpreter, bound["reuse"]):
        bound = {key: argument for key, argument in bound.items() if key != "reuse"}
    for key, argument in bound.items():
        literal = argument.value if isinstance(argument, ast.Constant) else ...
        default = True if key == "state_is_tuple" else None
        if key not in _PLAIN and literal is not default and literal is not False:
            return Unknown(f"{path} with {key}", node)
        with interpreter.apart() as reads:
            value = interpreter.evaluate(argument)
        if value.time >= Time.STAGED:
            return Unknown(f"{key} of a cell is known only while the graph runs", node)
        interpreter.statement.reads |= reads
    if "num_units" not in bound:
        return Unknown(f"{path} without a size", node)
    key = "kernel_initializer" if name == "GRUCell" else "initializer"
    drawn = scopes.default_for(interpreter, node, "initializer") if scopes.is_missing(bound.get(key)) else None
    if drawn is not None:
        bound = {**bound, key: drawn}
    begin = ONE_STATE if _false(bound.get("state_is_tuple")) else ""
    cell = Cell(node, begin + KINDS[name], bound, repeated=interpreter.repeats)
    interpreter.make(node, cell, free_name(interpreter, hint if hint else "cell"), collections=frozenset())
    return cell


def _says_nothing(interpreter: Interpreter, reuse: ast.expr) -> bool:
    """Whether a cell is told to share its variables just as the scope says that it is made in."""
    with interpreter.apart():
        if isinstance(reuse, ast.Attribute) and reuse.attr == "reuse":
            scope = interpreter.evaluate(reuse.value)
            return isinstance(scope, scopes.Scope) and scope.path == interpreter.scopes.path is not None
        told = interpreter.evaluate(reuse)
    unshared = isinstance(told, Python) and told.known and not told.literal
    return unshared and interpreter.scopes.reuse == NEVER


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _wrapper(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, _WRAPPER)
    cell = interpreter.evaluate(bound["cell"], hint=hint)
    unlike = set(bound) - {"cell", "input_keep_prob", "output_keep_prob", "seed"}
    if unlike or not isinstance(cell, Cell | Wrapped | Stacked):
        return cell if isinstance(cell, Unknown) else Unknown(f"{path} with {', '.join(unlike) or 'no cell'}", node)
    with interpreter.apart() as reads:
        for name, argument in bound.items():
            if name != "cell" and isinstance(found := interpreter.evaluate(argument), Unknown):
                return found
    return Wrapped(cell, node, bound, frozenset(reads))


def _stack(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, ("cells", "state_is_tuple"))
    cells = interpreter.evaluate(bound["cells"], hint=hint)
    joined = _false(bound.get("state_is_tuple"))
    if not joined and "state_is_tuple" in bound and not _true(bound["state_is_tuple"]):
        return Unknown(f"{path} whose state_is_tuple is not written out", node)
    found = leaves(cells)
    for cell in found:
        if not isinstance(cell, Cell | Wrapped):
            return cell if isinstance(cell, Unknown) else Unknown(f"{path} of what is no cell", node)
        if joined and (isinstance(state_of(cell, node), State) or cells_of([Stage(cell)])[0].mixed):
            return Unknown(f"{path} with one tensor for the states of cells that have two each", node)
    if not found or not isinstance(cells, Structure):
        return Unknown(f"{path} of what is no list of cells", node)
    return Stacked(node, None if cells.rest else tuple(found), found[0], joined)


def _unroll(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    return _unroll_with(interpreter, node, path, bind(node, _STATIC if path.endswith("static_rnn") else _DYNAMIC))


def _decode(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`rnn_decoder`: a list of steps from a state that is given, where no function makes inputs of outputs."""
    bound = dict(bind(node, ("inputs", "initial_state", "cell", "loop_function", "scope")))
    with interpreter.apart():
        told = interpreter.evaluate(bound.pop("loop_function", ast.Constant(None)))
    if told is not NONE:
        return Unknown(f"{path} with a loop_function", node)
    return _unroll_with(interpreter, node, "tf.nn.static_rnn", bound)


def _unroll_with(interpreter: Interpreter, node: ast.Call, path: str, bound: Mapping[str, ast.expr]) -> Value:
    found = unrolled(interpreter, node, path, bound)
    if isinstance(found, Unknown):
        return found
    shared = _shared(interpreter, node, path, bound, found)
    if shared is not None:
        return found if isinstance(shared, Unrolled) else shared
    name = free_name(interpreter, "rnns" if found.several else "rnn")
    own = "rnn" if "scope" not in bound and not path.endswith("static_rnn") else None
    layer = Layer(node, "RNN")
    _keep(interpreter, bound, found, layer)
    interpreter.make(node, layer, name, interpreter.scopes.name(own), True if alone(interpreter, found) else None)
    return found


def alone(interpreter: Interpreter, found: Unrolled) -> bool:
    """Whether the variables of the cells are those of one object, and of no other that unrolls one of them, too."""
    inside = cells_of(found.stages)
    own = set(inside)
    once = len(own) == len(inside) and all(cell.repeated for cell in inside if found.stages[0].every)
    if found.several and not once:  # one cell in several layers
        return False
    others = [way for v in interpreter.rewrites.values() if isinstance(v, Unrolling) for way in v.ways]
    return not any(cell in own for other in others for cell in cells_of(other.stages))


def in_layers(interpreter: Interpreter) -> set[Value]:
    """The cells that are unrolled, and so are parts of layers."""
    found = [way for v in interpreter.rewrites.values() if isinstance(v, Unrolling) for way in v.ways]
    return {cell for way in found for cell in cells_of(way.stages)}


def _place(interpreter: Interpreter, bound: Mapping[str, ast.expr]) -> str | None:
    """Where in the graph's names the variables of an unrolled cell are."""
    scope = bound.get("scope", ast.Constant("rnn"))
    named = scope.value if isinstance(scope, ast.Constant) and isinstance(scope.value, str) else None
    path = interpreter.scopes.path
    return None if named is None or path is None else f"{path}|{named}"


def _keep(interpreter: Interpreter, bound: Mapping[str, ast.expr], found: Unrolled, layer: Layer) -> None:
    """Notes what is made at a place, for calls that share it; two things at one place cannot be told apart."""
    place, scopes = _place(interpreter, bound), interpreter.scopes
    if place is not None:
        key = id(interpreter.graph), place
        there = key in scopes.store
        scopes.store[key] = (
            Unknown("cells are unrolled at one place of the graph's names", layer.node) if there else layer
        )
        interpreter.unrolled[layer] = found
        interpreter.unrolled_cells.update(cells_of(found.stages))


def _shared(
    interpreter: Interpreter, node: ast.Call, path: str, bound: Mapping[str, ast.expr], found: Unrolled
) -> Unrolled | Unknown | None:
    """What an earlier call of the same function unrolled, where its variables are used again."""
    there = interpreter.scopes.find(interpreter.graph, _place(interpreter, bound))
    reason = f"{path} in a scope that is reused"
    if there is None:
        repeated = interpreter.repeats and interpreter.scopes.may_share(None)
        return Unknown(reason, node) if repeated else None
    before = interpreter.unrolled.get(there) if isinstance(there, Layer) else None
    if before is None or before.node is not node or interpreter.repeats or interpreter.frame.unit:
        return Unknown(reason, node)
    mine, theirs = cells_of(found.stages), cells_of(before.stages)
    same_start = type(before.initial) is type(found.initial)
    if [c.node for c in mine] != [c.node for c in theirs] or not same_start:
        return Unknown(reason, node)
    interpreter.again.update(mine)
    interpreter.statement.shared.append(there)
    return found


def cells_of(stages: Iterable[Stage]) -> list[Cell]:
    """The cells of an unrolled stack, in their order."""
    found: list[Cell] = []
    for stage in stages:
        cell = stage.cell
        inner = cell.cells or (cell.each,) if isinstance(cell, Stacked) else (cell,)
        for each in inner:
            while isinstance(each, Wrapped):
                each = each.cell
            assert isinstance(each, Cell)
            found += [each.inside] if each.inside is not None else []
            found += each.several or (each,)
    return found


def unrolled(
    interpreter: Interpreter, node: ast.Call, path: str, bound: Mapping[str, ast.expr], index: int | None = None
) -> Unrolled | Unknown:
    """One cell, or a stack of them, unrolled over its inputs; `index` says which of two directions it is."""
    from tf2migrate.lift import own_cell_classes

    cell = interpreter.evaluate(bound["cell"])
    for name in ("inputs", "sequence_length"):
        for leaf in leaves(interpreter.evaluate(bound[name])) if name in bound else ():
            if isinstance(leaf, Unknown):
                return leaf
    if not isinstance(cell, Cell | Wrapped | Stacked):
        return cell if isinstance(cell, Unknown) else Unknown(f"{path} of a cell that is not known", node)
    if (twice := own_cell_classes.placed(interpreter, cell, node)) is not None:
        return twice
    if interpreter.scopes.reuse != NEVER and index is not None:
        return Unknown(f"{path} in a scope that is reused", node)
    dtype = bound.get("dtype")
    major = bound.get("time_major")
    if dtype is not None and interpreter.names.symbol(dtype) != "tf.float32":
        return Unknown(f"{path} in another type than tf.float32", node)
    if major is not None and not isinstance(major, ast.Constant):
        return Unknown(f"{path} with a time_major that is not written out", node)
    initial = _initial(interpreter, bound.get("initial_state"))
    if isinstance(initial, Unknown):
        return initial
    stages = tuple(_stages(cell))
    there = interpreter.scopes.defaults.get("initializer")
    drawn = there.node if there is not None else None
    if any(_starts(interpreter, stage.cell, drawn) is not drawn for stage in stages):
        return Unknown("a cell is made and unrolled in scopes with different initializers", node)
    for wrapper in [wrapper for stage in stages for wrapper in stage.dropping]:
        if (reason := _untold(interpreter, wrapper)) is not None:
            return Unknown(f"the dropout of a cell is told by {reason}", wrapper.node)
        interpreter.statement.reads |= wrapper.reads
    tensor = Tensor(Time.STAGED, node)
    outputs = Structure("list", (), node, rest=tensor) if path.endswith("static_rnn") else tensor
    return Unrolled(
        "tuple",
        ((0, outputs, None), (1, state_of(cell, node), None)),
        node,
        path=path,
        arguments=bound,
        stages=stages,
        initial=initial,
        statement=interpreter.statement,
        index=index,
        joined=_joined(cell),
    )


def _joined(cell: Value) -> bool:
    """Whether a cell is a stack of cells whose states are one tensor."""
    inner = unwrapped(cell)
    return isinstance(inner, Stacked) and inner.joined


def unwrapped(cell: Value) -> Value:
    """A cell without the dropout around it."""
    while isinstance(cell, Wrapped):
        cell = cell.cell
    return cell


def size(interpreter: Interpreter, cell: Value, node: ast.Attribute) -> Value:
    """The size of a cell's state or outputs, where one object has it; that of a pair is a list now, and no tuple."""
    inner = unwrapped(cell)
    known = not inner.mixed if isinstance(inner, Cell) else isinstance(inner, Stacked) and inner.one
    above = interpreter.program.parents.get(id(node))
    above = interpreter.program.parents.get(id(above)) if isinstance(above, ast.Tuple) else above
    alike = isinstance(above, ast.Subscript | ast.Return)
    if not known or (node.attr == "state_size" and _is_pair(inner) and not alike):
        return Unknown(f"{node.attr} of a cell is not followed", node)
    return PYTHON


def _is_pair(cell: Value) -> bool:
    """Whether a cell's state has two parts."""
    return isinstance(cell, Cell) and cell.kind == "LSTMCell"


def _untold(interpreter: Interpreter, wrapper: Wrapped) -> str | None:
    """What tells a cell's dropout and is not there where the cell is unrolled, if anything."""
    for statement in [definition.statement for definition in wrapper.reads]:
        if not statement.frame.unit and statement.frame is not interpreter.frame:
            return "the parameter of a function"
        header = [statement.node] if isinstance(statement.node, ast.stmt) else []
        if loops_in([*statement.blocks, *header], interpreter.blocks):
            return "what a loop binds"
    return None


def _starts(interpreter: Interpreter, cell: Value, default: ast.expr | None) -> ast.expr | None:
    """The initializer that a scope gave a cell, or those of a stack, where it was made; a cell may have its own."""
    cell = unwrapped((cell.cells or (cell.each,))[0] if isinstance(cell, Stacked) else cell)
    assert isinstance(cell, Cell)
    inside = [cell.inside] if cell.inside is not None else []
    starts = [_starts(interpreter, one, default) for one in [*cell.several, *inside]]
    if any(start is not default for start in starts):
        return next(start for start in starts if start is not default)
    own = cell.arguments.get("initializer", cell.arguments.get("kernel_initializer"))
    if (id(cell.node), "initializer") not in interpreter.defaults and not scopes.is_missing(own):
        return default
    return interpreter.defaults.get((id(cell.node), "initializer"))


def _stages(cell: Value) -> list[Stage]:
    """What is unrolled one after the other: cells that are stacked at once, unless dropout is between them."""
    if isinstance(cell, Wrapped):
        inner = _stages(cell.cell)
        first, last = inner[0], inner[-1]
        if first is last and not first.every:
            return [replace(first, wrappers=(*first.wrappers, cell))]
        inner[0] = replace(first, before=(*first.before, cell))
        inner[-1] = replace(inner[-1], after=(*inner[-1].after, cell))
        return inner
    if isinstance(cell, Stacked) and cell.cells is None and isinstance(cell.each, Wrapped):
        return [replace(stage, every=True) for stage in _stages(cell.each)]
    if isinstance(cell, Stacked) and cell.cells and any(isinstance(c, Wrapped) for c in cell.cells):
        return [stage for inner in cell.cells for stage in _stages(inner)]
    return [Stage(cell)]


def state_of(cell: Value, node: ast.Call) -> Value:
    """The last state: a pair for an LSTM, with TensorFlow 1's order; one for each cell of a stack."""
    cell = unwrapped(cell)
    if isinstance(cell, Stacked) and not cell.joined:
        if cell.cells is None:
            return States("tuple", (), node, rest=state_of(cell.each, node))
        return States("tuple", tuple((i, state_of(c, node), None) for i, c in enumerate(cell.cells)), node)
    if _is_pair(cell):
        return State("tuple", tuple((i, Tensor(Time.STAGED, node), None) for i in range(2)), node)
    return Tensor(Time.STAGED, node)


def _initial(interpreter: Interpreter, node: ast.expr | None) -> Value | None:
    """The state that is given, if one is."""
    value = interpreter.evaluate(node) if node is not None else NONE
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return leaf
    return None if isinstance(value, Python) and value.known and value.literal is None else value


def cell_method(interpreter: Interpreter, node: ast.Call, base: Value, name: str, stepped: bool) -> Value:
    """A method of a cell: only its state of zeros is followed, which Keras starts from by itself."""
    assert isinstance(node.func, ast.Attribute)
    with interpreter.apart():
        values = interpreter.arguments(node)
    if name != "zero_state":
        return Unknown(f"{name} of a cell is not followed", node)
    bound = bind(node, ("batch_size", "dtype"))
    if any(inner.resized for inner in cells_of([Stage(base)])):
        return Unknown("the state of a cell with a projection of its outputs is asked for", node)
    if stepped:
        interpreter.evaluate(bound["batch_size"])
        if interpreter.names.symbol(bound.get("dtype", node)) != "tf.float32":
            return Unknown("the state of a cell that is called step by step is in another type than tf.float32", node)
        return state_of(base, node)
    if latest(values) >= Time.STAGED:
        return Handle("zero_state", node)
    return ZeroState(node, bound, cell=base, owner=node.func.value)


def fetched(found: Fetches) -> Value:
    """What a run gives, as far as it is summaries, or the states of LSTM cells, whose parts have names."""
    values = [_fetched(item) if isinstance(item, Fetch) else PYTHON for _, item in found.items]
    if found.kind == "one":
        return values[0]
    if all(value is PYTHON for value in values):
        return PYTHON
    return Structure(found.kind, tuple((i, value, None) for i, value in enumerate(values)))


def _fetched(item: Fetch) -> Value:
    from tf2migrate.lift.summaries import Summary

    value = item.statement.value
    if isinstance(item.value, Summary):
        return FetchedSummary(summary=item.value)
    if isinstance(value, ZeroState):
        value = state_of(value.cell, value.node)
    depth = 0
    while isinstance(value, Structure) and not isinstance(value, State) and (value.rest or value.items):
        value, depth = value.rest or value.items[0][1], depth + 1
    return FetchedState(depth=depth) if isinstance(value, State) else PYTHON


def fetched_part(interpreter: Interpreter, base: FetchedState, node: ast.Attribute) -> Value:
    """A part of a fetched state by its name: the state is a list now, and its parts have places."""
    if base.depth == 0 and node.attr in ("c", "h"):
        interpreter.rewrites[id(node)] = ("item", "ch".index(node.attr))
    return PYTHON


def kept_states(interpreter: Interpreter) -> set[ZeroState]:
    """The states of zeros that a run is fed in place of, or asks for: they stay, and the others go."""
    runs = list(interpreter.runs.values())
    kept = {feed.key for run in runs for feed in run.feeds} | {f.value for run in runs for f in run.fetches.leaves()}
    statements = [s for frame in interpreter.frames for s in frame.statements]
    for statement in statements:
        if isinstance(statement.value, ZeroState) and statement.value not in kept:
            statement.value = Handle("zero_state", statement.value.node)
    for definition in [d for s in statements for d in s.writes]:
        if isinstance(definition.value, ZeroState) and definition.value not in kept:
            definition.value = Handle("zero_state", definition.value.node)
    return {value for value in kept if isinstance(value, ZeroState)}


def check(found: Iterable[Unrolled]) -> Iterator[Finding]:
    """What is drawn otherwise. Raises `Refused` where Keras would compute in another precision."""
    seen: set[Statement] = set()
    for value in found:
        assert value.statement is not None
        check_precision(value.statement, value.arguments["cell"], seen)
        for stage in value.stages:
            for wrapper in stage.dropping[:1]:
                node = wrapper.node
                message = "dropout of a recurrent cell is drawn for all steps at once"
                advice = "The chances are the same; for each step its own numbers are drawn, as before."
                yield Finding(node.lineno, node.col_offset + 1, "TFM718", message, advice, fixable=True)


def for_versions(node: ast.Try, names: Names) -> bool:
    """Whether a `try` unrolls cells and its handler calls the same function, for a TensorFlow that gave it no state."""
    calls = (
        [s.value for s in [*node.body, *node.handlers[0].body] if isinstance(s, ast.Assign)] if node.handlers else []
    )
    symbols = {names.symbol(call.func) if isinstance(call, ast.Call) else None for call in calls}
    once = len(calls) == 2 and len(node.body) == len(node.handlers) == len(node.handlers[0].body) == 1
    return once and len(symbols) == 1 and str(symbols.pop()).endswith("_rnn") and not node.orelse


HANDLERS = {
    **{home + name: _cell for home in HOMES for name in _CELLS},
    **{home + "DropoutWrapper": _wrapper for home in HOMES},
    **{home + "MultiRNNCell": _stack for home in HOMES},
    "tf.nn.dynamic_rnn": _unroll,
    "tf.nn.static_rnn": _unroll,
    "tf.contrib.rnn.static_rnn": _unroll,
    "tf.contrib.legacy_seq2seq.rnn_decoder": _decode,
    "tf.nn.seq2seq.rnn_decoder": _decode,
}
__all__ = [
    "HANDLERS",
    "Cell",
    "Stacked",
    "Stage",
    "Unrolled",
    "Unrolling",
    "Wrapped",
    "alone",
    "cell_method",
    "cells_of",
    "check",
    "for_versions",
    "in_layers",
    "unrolled",
]
