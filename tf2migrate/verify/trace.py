"""What a runner wrote down about one run, read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

#: Files whose lines are compared like prints.
TEXTS = {".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".log", ".html", ".xml", ".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Site:
    """A line of a program."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else "end"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One value seen: an array (or a sample of a large one, with its sum), or texts."""

    shape: tuple[int, ...]
    dtype: str
    array: np.ndarray[Any, Any]
    total: float | None = None
    is_tensor: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A value with its place in the run."""

    order: int
    site: Site
    value: Value


#: A step, and what was written there under a tag: numbers or texts.
Row = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Print:
    """What one call of print wrote."""

    order: int
    site: Site
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One Session.run, or one call of a tf.function from Python."""

    order: int
    site: Site
    seconds: float
    values: tuple[tuple[str, Value], ...]
    given: tuple[tuple[str, Value], ...] = ()  # what it was fed, or called with
    name: str = ""  # of the function


@dataclass(frozen=True, slots=True)
class Inner:
    """A named tensor inside a run that was looked into."""

    name: str
    site: Site
    value: Value


@dataclass(frozen=True, slots=True)
class Failure:
    """The exception that ended a program."""

    kind: str
    message: str
    site: Site

    def __str__(self) -> str:
        lines = [line.strip() for line in self.message.splitlines() if line.strip()] or [""]
        # what goes wrong while a tf.function is traced is told last
        return f"{self.kind}: {lines[-1 if lines[0] == 'in user code:' else 0]} ({self.site})"


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A place at which a data set or a queue is shuffled."""

    kind: str  # data, queue
    site: Site
    buffer: int | None  # None where it is not known
    anew: bool  # whether in another order in each epoch
    ranks: tuple[int | None, ...] | None  # of what is shuffled


@dataclass(frozen=True, slots=True)
class Seeds:
    """The draws of one kind and shape: those of one seed, which would be the same numbers, and how many there are."""

    same: tuple[tuple[Site, ...], ...]
    places: int


@dataclass(slots=True)
class Trace:
    """One run of one program, as observed."""

    prints: list[Print] = field(default_factory=list)
    values: dict[str, list[Seen]] = field(default_factory=dict)
    runs: list[Call] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    variables: list[tuple[str, bool, Value]] = field(default_factory=list)
    finals: dict[str, Value] = field(default_factory=dict)
    inner: list[Inner] = field(default_factory=list)  # of the run that was looked into
    before: list[tuple[str, bool, Value]] = field(default_factory=list)  # variables before that run
    optimizers: list[tuple[str, Mapping[str, float]]] = field(default_factory=list)
    draws: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    shuffles: list[Shuffle] = field(default_factory=list)
    seeds: dict[str, Seeds] = field(default_factory=dict)
    seeded: int = 0  # how often the seed of all draws was set
    queued: bool = False  # whether threads filled queues, and drew ahead for them
    clock: bool = False  # whether the program looks at one
    files: dict[str, bytes] = field(default_factory=dict)
    summaries: dict[tuple[str, str, str], list[Row]] = field(default_factory=dict)  # by folder, tag and kind
    raced: frozenset[str] = frozenset()  # the tags of those that only variables decide
    writer: bool = False  # whether the program makes a writer of summaries
    failure: Failure | None = None
    ended: bool = False
    left: Site | None = None  # where the program left by `os._exit`
    status: int = 0
    reason: str = ""
    seconds: float = 0.0
    memory: int = 0
    stderr: str = ""
    tensorflow: str = ""
    python: str = ""
    devices: tuple[str, ...] = ()  # those that TensorFlow sees
    placed: tuple[str, ...] = ()  # those on which something was computed, where that was asked

    @property
    def ok(self) -> bool:
        """Whether the program came to its own good end."""
        return self.ended and self.status == 0 and not self.reason and self.failure is None

    @property
    def cells(self) -> bool:
        """Whether TF1 recurrent cells were built."""
        return any("_cell/" in name and name.split(":")[0].endswith("kernel") for name, _, _ in self.variables)


def decode(data: Mapping[str, Any], is_tensor: bool = False) -> Value:
    """A value as the runner encoded it."""
    shape = tuple(data["s"])
    if data["d"] == "str":
        return Value(shape, "str", np.asarray(data["t"], dtype=object), None, is_tensor)
    array = np.frombuffer(base64.b64decode(data["b"]), dtype=np.dtype(data["d"]))
    return Value(shape, array.dtype.name, array, data.get("sum"), is_tensor)


def read_events(path: Path, trace: Trace) -> None:
    """Adds to a trace what an events file says; a last line cut short is left out."""
    lines = path.read_text(encoding="utf8", errors="replace").splitlines() if path.exists() else []
    for order, line in enumerate(lines):
        try:
            event = json.loads(line)
        except ValueError:
            break
        _add(trace, order, event[0], event[1:])


def _add(trace: Trace, order: int, kind: str, event: Sequence[Any]) -> None:
    match kind:
        case "print":
            trace.prints.append(Print(order, Site(event[0], event[1]), event[2]))
        case "value":
            seen = Seen(order, Site(event[1], event[2]), decode(event[4], event[3]))
            trace.values.setdefault(event[0], []).append(seen)
        case "run":
            values = tuple((label, decode(v)) for label, v in event[3])
            fed = tuple((name, decode(v)) for name, v in event[4])
            trace.runs.append(Call(order, Site(event[0], event[1]), event[2], values, fed))
        case "call":
            values = tuple((event[0], decode(v)) for v in event[4])
            fed = tuple((name, decode(v)) for name, v in event[5])
            trace.calls.append(Call(order, Site(event[1], event[2]), event[3], values, fed, event[0]))
        case "var":
            trace.variables.append((event[0], event[1], decode(event[2])))
        case "inner":
            trace.inner.append(Inner(event[0], Site(event[1], event[2]), decode(event[3])))
        case "before":
            trace.before.append((event[0], event[1], decode(event[2])))
        case "final":
            trace.finals[event[0]] = decode(event[1])
        case "opt":
            trace.optimizers.append((event[0], event[1]))
        case "draw":
            trace.draws[event[0]] = (event[1], event[2], event[3])
        case "state":
            trace.states[event[0]] = event[1]
        case "placed":
            trace.placed = tuple(event[0])
        case "shuffles":
            trace.shuffles = [
                Shuffle(kind, Site(file, line), size, anew, None if ranks is None else tuple(ranks))
                for kind, file, line, size, anew, ranks in event[0]
            ]
        case "seeds":
            same = tuple(tuple(Site(*place) for place in places) for places in event[1])
            trace.seeds[event[0]] = Seeds(same, event[2])
        case "seeded":
            trace.seeded = event[0]
        case "queued":
            trace.queued = event[0]
        case "summary":
            trace.summaries[event[0], event[1], event[2]] = [(step, tuple(row)) for step, row in event[3]]
        case "raced":
            trace.raced = frozenset(event[0])
        case "error":
            trace.failure = Failure(event[0], event[1], Site(event[2], event[3]))
        case "left":
            trace.left = Site(event[0], event[1])
        case "end":
            trace.ended, trace.devices = True, tuple(event[3])
            trace.tensorflow, trace.python = event[1], event[2]
