"""What the stages of a migration hand on. Frozen values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Target(StrEnum):
    """What a migration aims at."""

    NATIVE = "native"  # functions and eager execution
    COMPAT = "compat"  # the symbols of tf.compat.v1, sessions kept
    LINT = "lint"  # nothing: what TensorFlow 2 lacks is told, and whether it could be migrated is left open


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of character offsets in a program's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The text of a span is to be replaced. An empty span is an insertion."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something to say about a place in a program; lines from 1, columns from 1 (in characters)."""

    line: int
    column: int
    code: str
    message: str
    advice: str
    fixable: bool = False
    end_line: int = 0
    end_column: int = 0
    unsafe: bool = False  # its fix may change what the program computes: --unsafe-fixes makes it

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.code} {self.message}"


@dataclass(frozen=True, slots=True)
class Options:
    """What the rules of one migration depend on."""

    target: Target = Target.NATIVE
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    never: tuple[str, ...] = ()  # not in this file, whatever is selected
    extra_rules: tuple[str, ...] = ()  # records of the user's own, as TOML
    todo: bool = False
    unsafe_fixes: bool = False
    strict: bool = False  # lint also what may be a tensor
    told: tuple[str, ...] = ()  # what other files tell of this one (lint/across.py)
    tf1: bool = False  # a part of a program of TensorFlow 1, whatever it holds itself


@dataclass(frozen=True, slots=True)
class Migration:
    """A program before and after: what was found in it, and its text once what is fixable is fixed.

    `findings` are those of the old text, in order; a finding with `fixable` is dealt with in `after`.
    """

    before: str
    after: str
    findings: tuple[Finding, ...]
    cuts: tuple[int, ...] = ()  # where the cell boundaries of `before` lie in `after`
    whole: bool = True  # whether nothing kept it from being made

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def remaining(self) -> tuple[Finding, ...]:
        """What a person still has to look at after the fix."""
        return tuple(f for f in self.findings if not f.fixable)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one stage has to say of a program: the edits it wants made, and what it found."""

    edits: tuple[Edit, ...] = ()
    findings: tuple[Finding, ...] = ()
    brought: frozenset[str] = frozenset()  # the names that `import *` brings from other files of the program
    given: frozenset[tuple[str, str]] = frozenset()  # functions that become classes, and which parameters runs give
