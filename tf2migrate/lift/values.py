"""What an expression of a graph program is, and when it comes to be."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property


class Time(IntEnum):
    """When a value comes to be. Ordered: a value is as late as its latest operand."""

    PYTHON = 0  # now, in Python: stays where it stands
    CONSTANT = 1  # a tensor of nothing but Python values: eager at once
    MADE = 2  # once: variables, layers, optimizers
    STAGED = 3  # at each run: moves into functions
    EFFECT = 4  # at each run, and in order: a statement of a function


class Refused(Exception):
    """A unit cannot be lifted: the code of the refusal, the place, the reason, and what a person can do."""

    def __init__(self, code: str, node: ast.AST, message: str, advice: str) -> None:
        super().__init__(message)
        self.code, self.node, self.message, self.advice = code, node, message, advice


@dataclass(frozen=True, eq=False)
class Value:
    """Any value; compared by identity, since two calls of one constructor make two things."""

    @property
    def time(self) -> Time:
        return Time.PYTHON

    def one_of(self, values: list[Value]) -> Value | None:
        """One value for this one and others that paths give instead; None where there is none."""
        return None


@dataclass(frozen=True, eq=False)
class Python(Value):
    """A value of plain Python; its literal where it has one. `staged` when it is known only while a graph is built."""

    literal: object = None
    known: bool = False
    staged: bool = False

    @property
    def time(self) -> Time:
        return Time.STAGED if self.staged else Time.PYTHON


@dataclass(frozen=True, eq=False)
class Flag(Python):
    """A bool that differs between calls that share variables, and so is known only when called; `given` here."""

    staged: bool = True
    given: bool = False


@dataclass(frozen=True, eq=False)
class Text(Python):
    """A text of Python's of which some parts are told, and which ones (`name_patterns`)."""

    pattern: str = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class FetchedState(Python):
    """The last state of LSTM cells as a run gave it: a pair, or lists of pairs as deep as `depth` says."""

    depth: int = 0


@dataclass(frozen=True, eq=False)
class FetchedSummary(Python):
    """What a run gave for a summary op: here the values that it summarises, by their tags."""

    summary: Value | None = None


@dataclass(frozen=True, eq=False)
class Regularizer(Python):
    """A function of a variable, which gives a tensor."""


@dataclass(frozen=True, eq=False)
class Symbol(Value):
    """A name of TensorFlow, not yet called."""

    path: str

    def one_of(self, values: list[Value]) -> Value | None:
        paths = [value.path for value in values if isinstance(value, Symbol)]
        return Symbols(tuple(dict.fromkeys(paths))) if len(paths) == len(values) else None


@dataclass(frozen=True, eq=False)
class Symbols(Value):
    """One of several names of TensorFlow, not yet called."""

    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Tensor(Value):
    """A tensor: constant, or of a run."""

    when: Time
    node: ast.AST | None = None

    @property
    def time(self) -> Time:
        return self.when


@dataclass(frozen=True, eq=False)
class Held(Tensor):
    """What a call gives back of the object that it made: a variable, which needs no call to be read."""

    variable: Variable | None = None


@dataclass(frozen=True, eq=False)
class Trained(Tensor):
    """A variable beside its gradient: which one is known at the run."""


@dataclass(frozen=True, eq=False)
class Placeholder(Value):
    """A tensor that a run is fed with; `default` where it has one."""

    node: ast.Call
    arguments: Mapping[str, ast.expr]
    default: ast.expr | None = None

    @property
    def time(self) -> Time:
        return Time.STAGED

    @property
    def untyped(self) -> bool:
        """Whether it stands for anything that a function is given (TensorFlow 1 refuses a dtype of None)."""
        dtype = self.arguments.get("dtype")
        return isinstance(dtype, ast.Constant) and dtype.value is None

    @property
    def any_tensor(self) -> bool:
        """Whether it stands for a tensor of any type and shape: it is untyped, and says so of its shape, too."""
        return self.untyped and "shape" in self.arguments


@dataclass(frozen=True, eq=False)
class Variable(Value):
    """State of a session: made once, read at each run."""

    node: ast.AST
    name: str | None = None
    trainable: bool = True

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Variables(Variable):
    """A list, tuple or dict of variables that a run fetches whole; `flat` where it is a list of nothing else."""

    flat: bool = False


@dataclass(frozen=True, eq=False)
class Optimizer(Value):
    """A TF1 optimizer: its symbol, its arguments, and the value of its learning rate."""

    node: ast.Call
    symbol: str
    arguments: Mapping[str, ast.expr]
    rate: Value
    instead: dict[frozenset[int], EitherOptimizer] = field(default_factory=dict, kw_only=True)

    @property
    def time(self) -> Time:
        return Time.MADE

    @property
    def made(self) -> tuple[Optimizer, ...]:
        """The optimizers that this one may be."""
        return (self,)

    @property
    def has_state(self) -> bool:
        """Whether it keeps something of each variable."""
        return self.symbol != "tf.train.GradientDescentOptimizer"

    def one_of(self, values: list[Value]) -> Value | None:
        """The optimizer that one of several branches makes, where they follow one rate or rates of Python's."""
        made = [each for value in values if isinstance(value, Optimizer) for each in value.made]
        rates = {id(each.rate) for each in made}
        if len({id(v) for v in values}) > len(made) or (len(rates) > 1 and latest(m.rate for m in made) >= Time.MADE):
            return None
        key = frozenset(map(id, made))
        if key not in made[0].instead:
            told = next((each for each in made if each.has_state), made[0])
            either = EitherOptimizer(told.node, told.symbol, told.arguments, told.rate, tuple(made))
            made[0].instead[key] = either
        return made[0].instead[key]


@dataclass(frozen=True, eq=False)
class EitherOptimizer(Optimizer):
    """One of the optimizers that branches make: each is made where it was."""

    of: tuple[Optimizer, ...]

    @property
    def made(self) -> tuple[Optimizer, ...]:
        return self.of


@dataclass(frozen=True, eq=False)
class Layer(Value):
    """Something with weights that is made once and called at each run; `made` is its constructor's text."""

    node: ast.Call
    kind: str

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Schedule(Value):
    """A learning rate that follows a step: a tensor of each run, made of an object made once."""

    node: ast.Call
    symbol: str
    arguments: Mapping[str, ast.expr]
    step: Value

    @property
    def time(self) -> Time:
        return Time.STAGED


@dataclass(frozen=True, eq=False)
class Effect(Value):
    """An op that changes state when it runs: what it does, the call, and the values that it is made of."""

    kind: str
    node: ast.Call
    arguments: Mapping[str, ast.expr] = field(default_factory=dict)
    target: Value | None = None
    parts: tuple[Value, ...] = ()

    @property
    def time(self) -> Time:
        return Time.EFFECT

    def given(self, name: str) -> Value | None:
        """What an argument of the call is; None where it has none of that name."""
        names = list(self.arguments)
        return self.parts[names.index(name)] if name in names else None


@dataclass(frozen=True, eq=False)
class Handle(Value):
    """A thing of the graph machinery that TF2 does without, or has another form for: session, graph, writer."""

    role: str
    node: ast.AST
    arguments: Mapping[str, ast.expr] = field(default_factory=dict)
    of: Value | None = None
    told: tuple[str, str] | None = field(default=None, kw_only=True)  # what is said of it where it is left out

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Initializer(Handle):
    """An op that sets state to its first values; `scopes` says which: "global", "local", "some", "tables"."""

    scopes: frozenset[str] = frozenset()
    parts: tuple[Value, ...] = ()  # the initializers that it is a group of
    chosen: tuple[Value, ...] = ()  # the variables that it is for, where they are told one by one

    def one_of(self, values: list[Value]) -> Value | None:
        """This one, where the others set the same: `initialize_all_variables` by a newer name, for an older version."""
        made = [v for v in values if isinstance(v, Initializer) and v.scopes == self.scopes and v.of is self.of]
        return self if len(made) == len(values) and not any(v.parts or v.chosen for v in made) else None


@dataclass(frozen=True, eq=False)
class Structure(Value):
    """A list, tuple or dict whose items are known: (key, value, where it is written)."""

    kind: str
    items: tuple[tuple[object, Value, ast.expr | None], ...]
    node: ast.AST | None = None
    rest: Value | None = None  # what further items are, where their number is not known
    optional: frozenset[object] = field(
        default=frozenset(), kw_only=True
    )  # the keys of a dict that it has on some paths only

    @cached_property
    def time(self) -> Time:
        return latest([v for _, v, _ in self.items] + ([self.rest] if self.rest else []))

    def get(self, key: object) -> Value | None:
        """The item under a key (an index for a list), or None."""
        for known, value, _ in self.items:
            if known == key and type(known) is type(key):
                return value
        return None


@dataclass(frozen=True, eq=False)
class State(Structure):
    """The state of an LSTM: what it remembers, and its last output."""


@dataclass(frozen=True, eq=False)
class Loose(Value):
    """Something of Python's that holds variables, in a way that is not followed: what is taken out of it may be one."""

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Unknown(Value):
    """What the analysis cannot follow, and why; it stops a unit once a run depends on it."""

    reason: str
    node: ast.AST

    @property
    def time(self) -> Time:
        return Time.STAGED


#: The effects that set a variable, and what a fetched list of them is.
ASSIGNS = ("assign", "assign_add", "assign_sub")
EACH = "assign_each"

#: The roles of handles that leave no trace in the rewritten program.
GONE = frozenset(
    (
        "session",
        "graph",
        "initializer",
        "closed",
        "switch",
        "as_default",
        "scope",
        "partitioner",
        "device",
        "coordinator",
        "supervisor",
        "hook",
        "threads",
        "enqueue",
        "runner",
        "merged",
        "updates",
        "zero_state",
        "string_handle",
    )
)
NONE = Python(None, known=True)
PYTHON = Python()
STATIC = Python(staged=True)
LOOSE = Loose()


def latest(values: Iterable[Value]) -> Time:
    """The time at which all the values are there."""
    return max((value.time for value in values), default=Time.PYTHON)


def leaves(value: Value) -> list[Value]:
    """The values in a structure, or the value itself."""
    if isinstance(value, Structure):
        found = [leaf for _, item, _ in value.items for leaf in leaves(item)]
        return found + (leaves(value.rest) if value.rest else [])
    return [value]


def join(values: list[Value], node: ast.AST) -> Value:
    """One value for several that may be meant, such as those of two branches."""
    distinct = list({id(v): v for v in values}.values())
    if len(distinct) == 1:
        return distinct[0]
    if all(isinstance(v, State) for v in distinct):
        return State("tuple", tuple((i, Tensor(Time.STAGED, node), None) for i in range(2)), node)
    effects = [v for v in distinct if isinstance(v, Effect)]
    if len(effects) == len(distinct) and len({v.node for v in effects}) == 1:  # of one loop, walked twice
        return effects[-1]
    states = [v for v in distinct if isinstance(v, FetchedState)]
    if len(states) == len(distinct) and len({v.depth for v in states}) == 1:
        return distinct[0]
    written = [v for v in distinct if isinstance(v, FetchedSummary)]
    if len(written) == len(distinct) and len({id(v.summary) for v in written}) == 1:
        return distinct[0]
    if all(isinstance(v, Python) for v in distinct):
        return STATIC if any(v.time == Time.STAGED for v in distinct) else PYTHON
    others = [v for v in distinct if v is not NONE and not (isinstance(v, Python) and v.known and v.literal is None)]
    if len(others) == 1:
        return others[0]
    for v in distinct:
        if isinstance(v, Unknown):
            return v
    if LOOSE in distinct:
        return LOOSE
    if (one := distinct[-1].one_of(distinct)) is not None:
        return one
    if all(isinstance(leaf, Python) for v in distinct for leaf in leaves(v)):  # lists of data beside other data
        kinds = {type(v) for v in distinct}
        if kinds != {Structure}:
            return STATIC if latest(distinct) == Time.STAGED else PYTHON
    if all(isinstance(v, Variable) for v in distinct):
        return Variable(node)
    if all(isinstance(v, Python | Tensor | Placeholder | Variable | Schedule) for v in distinct):
        when = max(latest(distinct), Time.CONSTANT)
        return Tensor(Time.STAGED if when == Time.MADE else when, node)
    kinds = {type(v) for v in distinct}
    if kinds == {Structure}:
        structures = [v for v in distinct if isinstance(v, Structure)]
        first = structures[0]
        keys = [k for k, _, _ in first.items]
        if all([k for k, _, _ in s.items] == keys and s.kind == first.kind and s.rest is None for s in structures):
            items = tuple(
                (k, join([s.items[i][1] for s in structures], node), first.items[i][2]) for i, k in enumerate(keys)
            )
            return Structure(first.kind, items, node)
        if all(s.kind == "dict" and s.rest is None for s in structures):
            return _union(structures, node)
        inner = [leaf for s in structures for leaf in leaves(s)]
        return Structure(first.kind, (), node, rest=join(inner, node) if inner else PYTHON)
    if all(type(leaf) in (Tensor, Trained) and leaf.time == Time.STAGED for v in distinct for leaf in leaves(v)):
        return Tensor(Time.STAGED, node)  # such as a list of gradients, and what an op makes of it
    return Unknown("it stands for different kinds of things on different paths", node)


def _union(dicts: list[Structure], node: ast.AST) -> Structure:
    """A dict that has these items on one path and those on another."""
    every: dict[object, list[Value]] = {}
    for one in dicts:
        for key, value, _ in one.items:
            every.setdefault(key, []).append(value)
    optional = {key for key, values in every.items() if len(values) < len(dicts)}
    optional = optional.union(*[one.optional for one in dicts])
    items = tuple((key, join(values, node), None) for key, values in every.items())
    return Structure("dict", items, node, optional=frozenset(optional))
