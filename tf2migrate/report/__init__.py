"""What is told of the files: values here, their forms for people and programs in the modules beside."""

from __future__ import annotations

from dataclasses import dataclass

from tf2migrate.model import Finding


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A finding where a reader looks for it; `cell` counts a notebook's cells from 1 and is 0 elsewhere."""

    cell: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one file."""

    path: str
    shown: tuple[Shown, ...] = ()
    fixed: int = 0  # the findings that are dealt with, or would be under --diff
    diff: str = ""
    failed: bool = False  # a defect of this tool stood in the way
    data: bytes = b""  # the file's new content, for standard output
