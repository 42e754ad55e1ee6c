"""What the interpreter records while it follows a program: definitions, statements, runs."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tf2migrate.facts.names import Names
from tf2migrate.lift.symbols import COUNT
from tf2migrate.lift.values import Placeholder, Time, Value


@dataclass(eq=False)
class Definition:
    """One binding of a name by one statement, and what it is bound to."""

    name: str
    value: Value
    statement: Statement
    owner: Value | None = None  # the instance, where it is an attribute that is bound; a plain name inside functions
    attribute: str = ""

    @property
    def staged(self) -> bool:
        """Whether the name exists only while a function runs."""
        return self.value.time >= Time.STAGED and (self.statement.moves or isinstance(self.value, Placeholder))

    @property
    def site(self) -> tuple[int, str]:
        """The binding in the text: the same for each time that its statement is followed."""
        return id(self.statement.node), self.name

    def __repr__(self) -> str:
        return f"{self.name}@{self.statement.line}"


@dataclass(eq=False)
class Made:
    """A call inside a statement that makes state: it stays at its place even where its statement moves."""

    node: ast.Call
    value: Value
    hint: str


@dataclass(eq=False)
class Frame:
    """One activation of a module or function: its bindings, and the statements seen in it."""

    node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    parent: Frame | None
    unit: bool
    env: dict[str, tuple[Definition, ...]] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    returns: list[Value] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    caller: Statement | None = None  # of a helper's: the statement that calls it
    skipped: list[Statement] = field(default_factory=list)  # of the way that its branches do not go
    left: bool = False  # whether a branch that is taken has returned
    doubtful: bool = False  # whether one that may be taken has

    def lookup(self, name: str) -> tuple[Definition, ...]:
        """The definitions that a name may have here, or none."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.env and not (frame is self and name in self.globals):
                return frame.env[name]
            frame = frame.parent
        return ()


def sees(inner: Frame, outer: Frame) -> bool:
    """Whether the names of one frame can be read in another."""
    frame: Frame | None = inner
    while frame is not None:
        if frame is outer:
            return True
        frame = frame.parent
    return False


@dataclass(eq=False)
class Statement:
    """A statement as it was executed in a frame: what it reads and writes, and whether it moves into functions."""

    node: ast.stmt | ast.expr
    frame: Frame
    order: int
    blocks: tuple[ast.stmt, ...]
    reads: set[Definition] = field(default_factory=set)
    writes: list[Definition] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    shared: list[Value] = field(default_factory=list)  # what was made before, found again by its name
    effects: list[Value] = field(default_factory=list)
    controls: tuple[Statement, ...] = ()
    moves: bool = False
    lists: bool = False  # whether it asks for variables that layers have once they have been called
    value: Value | None = None
    graph: object = None  # which graph was the default one
    inside: list[Statement] = field(default_factory=list)  # those in its branches, where one of them trains

    @property
    def line(self) -> int:
        return self.node.lineno


def loops_in(blocks: Iterable[ast.stmt], around: Collection[ast.stmt] = ()) -> list[ast.For | ast.While]:
    """The loops among the blocks that something stands in, without those that stand around something else, too."""
    return [block for block in blocks if isinstance(block, ast.For | ast.While) and block not in around]


def exclusive(one: Statement, other: Statement) -> bool:
    """Whether two statements stand in different branches of one `if`."""
    for block in one.blocks:
        if isinstance(block, ast.If) and block in other.blocks:
            first = {id(n) for part in block.body for n in ast.walk(part)}
            if (id(one.node) in first) != (id(other.node) in first):
                return True
    return False


def home(statement: Statement) -> Statement:
    """The statement of a unit that one is part of: that which calls the helper in which it stands."""
    while not statement.frame.unit and statement.frame.caller is not None:
        statement = statement.frame.caller
    return statement


@dataclass(frozen=True, eq=False)
class Fetch:
    """One value that a run asks for: the expression, what it is, and the definitions it reads."""

    node: ast.expr
    value: Value
    reads: frozenset[Definition]
    statement: Statement  # where the expression stands; a fetch that is more than a name is a statement of its own
    named: bool  # a name or an attribute
    nested: bool = False  # a list or tuple of tensors, given by one op


@dataclass(frozen=True, eq=False)
class Fetches:
    """What a run asks for as a whole: a fetch, or a list, tuple or dict of fetches."""

    kind: str  # "one", "list", "tuple", "dict"
    items: tuple[tuple[str, Fetch | Fetches], ...]

    def leaves(self) -> Iterator[Fetch]:
        """The single fetches, in order."""
        for _, item in self.items:
            if isinstance(item, Fetch):
                yield item
            else:
                yield from item.leaves()

    def display(self, texts: Mapping[Fetch, str]) -> str:
        """The structure as it is written, with a text for each of the fetches."""
        parts = [(key, texts[item] if isinstance(item, Fetch) else item.display(texts)) for key, item in self.items]
        if self.kind == "dict":
            return "{" + ", ".join(f'"{key}": {text}' for key, text in parts) + "}"
        inner = ", ".join(text for _, text in parts)
        if self.kind == "tuple":
            return f"({inner},)" if len(parts) == 1 else f"({inner})"
        return f"[{inner}]"


@dataclass(frozen=True, eq=False)
class Feed:
    """One value that a run is given: for which tensor, and where the value comes from."""

    key: Value
    node: ast.expr  # the value, or the name of the dict that holds it
    held: bool  # whether `node` is a dict to be asked for the key
    optional: bool = False  # whether the dict may not have it


@dataclass(eq=False)
class Run:
    """One `Session.run`, `eval` or `run` of an op, as it stands in the program."""

    node: ast.Call
    fetches: Fetches
    feeds: tuple[Feed, ...]
    statement: Statement
    blocks: tuple[ast.stmt, ...]
    frame: Frame
    env: dict[str, tuple[Definition, ...]]
    whole: ast.expr | None = None  # the dict that is the whole feed, where one name holds it
    graph: object = None  # the graph of the session that runs
    session: object = None

    def counts(self, names: Names) -> bool:
        """Whether it is `tf.train.global_step`, whose result is a number of Python's."""
        return names.symbol(self.node.func) == COUNT
