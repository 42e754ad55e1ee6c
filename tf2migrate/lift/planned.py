"""What the emission is told: the functions to be, their names, and what they share."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Set
from dataclasses import dataclass, field

from tf2migrate.lift.cells import ZeroState
from tf2migrate.lift.datasets import Iterator, Start
from tf2migrate.lift.loops import Loop
from tf2migrate.lift.pipelines import Pipe
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Definition, Fetch, Frame, Run, Statement
from tf2migrate.lift.values import Value


@dataclass(eq=False)
class Planned:
    """One function: the slice it computes, its name, and the run sites that call it."""

    slice: Slice
    name: str
    runs: list[Run] = field(default_factory=list)
    returned: list[Fetch] = field(default_factory=list)
    anchor: ast.stmt | None = None  # the statement after which it stands
    before: bool = False  # or before which, where a run's own expression is all there is
    frame: Frame | None = None  # the function that it stands in
    traced: bool = True  # whether it is a tf.function
    passed: list[Shared] = field(default_factory=list)  # what functions of other objects compute for it
    bases: dict[Value, str] = field(default_factory=dict)  # how it names those objects

    def __str__(self) -> str:
        return f"{self.name}: {self.slice}"


@dataclass(eq=False)
class Plan:
    """Everything that the emission needs to know."""

    functions: list[Planned]
    of_run: dict[Run, Planned]
    parameter_names: dict[Value, str]
    taken: set[str]
    local: Set[str] = frozenset()  # the names that functions bind for themselves
    renamed: dict[tuple[int, str], str] = field(default_factory=dict)  # bindings whose name was needed twice
    kept: dict[ast.FunctionDef, list[str]] = field(default_factory=dict)  # the lines that keep a method's parameters
    kept_loops: set[Loop] = field(default_factory=set)  # those whose lists are attributes, since savers keep them
    kept_things: set[int] = field(default_factory=set)  # what savers keep that has no name: attributes, when hoisted
    literals: dict[int, str] = field(default_factory=dict)  # attributes that functions read: what they were then
    entered: dict[tuple[int, str], str] = field(default_factory=dict)  # those that functions start from, by new names
    states: set[ZeroState] = field(default_factory=set)  # the states of zeros that runs are fed others in place of
    attributes: set[str] = field(default_factory=set)  # those that instances have now besides
    shared: dict[Value, Definition] = field(default_factory=dict)  # the names of variables that are found again
    bindings: dict[Value, list[Definition]] = field(default_factory=dict)  # the names of each placeholder
    drawn: frozenset[Iterator] = frozenset()  # the iterators that runs draw from
    mapped: dict[Pipe, Planned] = field(default_factory=dict)  # the ops between a reader and a batch
    begun: dict[tuple[int, Start], tuple[Run, Planned]] = field(default_factory=dict)  # what makes an iterator's data

    printing: dict[ast.Call, str] = field(default_factory=dict)  # the prints of helpers that functions call
    passages: dict[object, Planned] = field(default_factory=dict)  # what functions outside of their objects call
    orders: dict[Frame, dict[int, int]] = field(default_factory=dict)  # when statements of frames are come to

    def begins(self, frame: Frame, node: ast.stmt) -> int:
        """When a statement of a frame is come to first; -1 where it is none."""
        if frame not in self.orders:
            self.orders[frame] = {id(s.node): s.order for s in reversed(frame.statements)}
        return self.orders[frame].get(id(node), -1)

    numbers: dict[tuple[str, int], int] = field(default_factory=dict)  # for wanted names: the numbers that are taken

    def fresh(self, wanted: str, replaces: Set[str] = frozenset()) -> str:
        """A name that is not taken yet, and that no function binds for itself; it is taken from now on.

        `replaces` are those among these that may be the name: a function has that of the ops which it is instead of.
        """
        wanted = re.sub(r"\W+", "_", wanted).strip("_") or "value"
        if wanted[0].isdigit() or keyword.iskeyword(wanted):
            wanted = "_" + wanted
        return self.numbered(wanted, self.local if wanted not in replaces else frozenset())

    def numbered(self, wanted: str, besides: Set[str] = frozenset()) -> str:
        """A name that is not taken yet, nor among others: the wanted one, or that with a number."""
        name, key = wanted, (wanted, id(besides))
        number = self.numbers.get(key, 0)
        while name in self.taken or name in besides:
            number += 1
            name = f"{wanted}_{number}"
        self.numbers[key] = number
        self.taken.add(name)
        return name

    def free(self, names: Set[str]) -> None:
        """Gives names back."""
        self.taken -= names
        self.numbers.clear()


@dataclass(frozen=True, eq=False)
class Shared:
    """A part of several slices: its statements in order, what it is given, what it gives."""

    name: str
    statements: tuple[Statement, ...]
    parameters: tuple[tuple[Value, Definition], ...]
    results: tuple[Definition, ...]
    planned: Planned | None  # the function of a run that is just this part

    @property
    def anchor(self) -> ast.stmt | ast.expr:
        return self.statements[-1].node

    def __str__(self) -> str:
        given = ", ".join(d.name for _, d in self.parameters)
        results = ", ".join(d.name for d in self.results)
        return f"{self.name}({given}) -> {results}: lines {[s.line for s in self.statements]}"
