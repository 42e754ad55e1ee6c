"""What is said of a program: its points and the verdict on it. Frozen values only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tf2migrate.verify.trace import Site


class Judgement(StrEnum):
    """How one point compares."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"  # the old program has it, the new one does not
    EXTRA = "extra"  # the new program has it, the old one does not
    SHAPE = "shape changed"
    DTYPE = "dtype changed"
    NAN = "NaN on one side"
    UNSTEADY = "not reproducible"  # the old program does not agree with itself


class Status(StrEnum):
    """The verdict on a program."""

    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    OLD_FAILED = "old failed"
    NEW_FAILED = "new failed"
    NOT_RUN = "not run"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing observed on both sides, over all the times it was seen."""

    kind: str  # as docs/verify.md lists them
    name: str
    judgement: Judgement
    old: Site | None = None
    new: Site | None = None
    times: int = 1
    first: int | None = None  # the first time at which it differs, from 0
    max_abs: float = 0.0
    max_rel: float = 0.0
    detail: str = ""
    order: int = 0  # where it first matters in the old program's run
    counts: bool = True  # whether the verdict depends on it
    computed: bool = False  # whether TensorFlow computed it
    curve: tuple[tuple[float, float], ...] = ()  # old and new, time by time
    seconds: tuple[float, float] | None = None  # the time of one call, old and new

    @property
    def fails(self) -> bool:
        """Whether it makes the programs different."""
        return self.counts and self.judgement not in (Judgement.EQUAL, Judgement.UNSTEADY)

    def __str__(self) -> str:
        where = " and ".join(str(s) for s in (self.old, self.new) if s is not None)
        text = f"{self.kind} {self.name}" + (f" ({where})" if where else "") + f": {self.judgement}"
        if self.first is not None and self.times > 1:
            text += f" from time {self.first + 1} of {self.times}"
        return text + (f", {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Side:
    """What ran on one side."""

    tensorflow: str = ""
    python: str = ""
    devices: tuple[str, ...] = ()
    seconds: float = 0.0
    memory: int = 0

    def __str__(self) -> str:
        return f"TensorFlow {self.tensorflow} on Python {self.python}, {', '.join(self.devices) or 'no device'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one program after both sides ran."""

    name: str
    status: Status
    reason: str
    points: tuple[Point, ...] = ()
    old: Side = Side()
    new: Side = Side()
    old_text: str = ""
    new_text: str = ""
    salts: tuple[int, ...] = ()
    lines: tuple[tuple[int, int, int, int], ...] = ()  # first and last of a run, and of what is in its place
    ran: tuple[str, ...] = ()  # the devices on which both sides ran, in words

    @classmethod
    def not_run(cls, name: str, reason: str) -> Verdict:
        """A program that was not run, and why."""
        return cls(name, Status.NOT_RUN, reason)

    @property
    def equivalent(self) -> bool:
        return self.status is Status.EQUIVALENT

    @property
    def failing(self) -> tuple[Point, ...]:
        """The points that make the programs different, in the order in which the old program meets them."""
        return tuple(sorted((p for p in self.points if p.fails), key=lambda p: p.order))

    def named(self, name: str) -> Verdict:
        """The same verdict under another name."""
        return replace(self, name=name)
