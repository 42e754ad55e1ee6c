"""What is told of the files: values here; each module with a `render` beside is an output format of its name."""

from __future__ import annotations

from dataclasses import dataclass

from tf2migrate.model import Finding

#: The output formats; those for people end in a summary.
FOR_PEOPLE = ("text", "concise", "grouped")
FORMATS = (*FOR_PEOPLE, "json", "sarif", "github", "gitlab", "junit")


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A finding where a reader looks for it; `cell` counts a notebook's cells from 1 and is 0 elsewhere."""

    cell: int
    finding: Finding

    @property
    def place(self) -> str:
        """Where in its file: ``3:5``, or ``cell 2:3:5`` in a notebook."""
        return f"{f'cell {self.cell}:' if self.cell else ''}{self.finding.line}:{self.finding.column}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a file's bytes become, and what there is to say: `found` before the fix, `remaining` after it."""

    after: bytes
    found: tuple[Shown, ...] = ()
    remaining: tuple[Shown, ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()  # what changed: a suffix of the name, text before, text after
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one file."""

    path: str
    shown: tuple[Shown, ...] = ()
    fixed: int = 0  # the findings that are dealt with, or would be under --diff
    diff: str = ""
    failed: bool = False  # a defect of this tool stood in the way
    data: bytes = b""  # the file's new content, for standard output
