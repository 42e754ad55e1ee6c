"""What formats for other programs say of a finding: how bad it is, in which file, what tells it from others."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tf2migrate.report import Report, Shown


class Level(StrEnum):
    """How bad a finding is, in SARIF's words."""

    ERROR = "error"  # it does not run under TensorFlow 2, or stands in the way of what does
    WARNING = "warning"  # it runs, and may compute something else
    NOTE = "note"


#: The level of a family of rules; every other family is an error.
_LEVELS = {"3": Level.WARNING, "4": Level.WARNING, "6": Level.NOTE, "7": Level.WARNING}


def level(code: str) -> Level:
    """How bad what a rule finds is."""
    return _LEVELS.get(code.removeprefix("TFM")[:1], Level.ERROR)


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding, its file as CI systems name it, and a fingerprint that stays when lines above it come or go."""

    path: str
    shown: Shown
    fingerprint: str

    @property
    def message(self) -> str:
        """What is found and what to do; in a notebook, whose lines are not those of the file, also where."""
        finding = self.shown.finding
        where = f"{self.shown.place}: " if self.shown.cell else ""
        return f"{where}{finding.message}{'. ' if finding.advice else ''}{finding.advice}"

    @property
    def line(self) -> int:
        """The line to show it at: the first of a notebook."""
        return 1 if self.shown.cell else self.shown.finding.line

    @property
    def end_line(self) -> int:
        """The last line to show it at."""
        return self.line if self.shown.cell else self.shown.finding.end_line or self.line


def placed(reports: Sequence[Report]) -> Iterator[Placed]:
    """Every finding of every file, in their order."""
    for report in reports:
        path, met = relative(report.path), Counter[tuple[str, str]]()
        for shown in report.shown:
            key = (shown.finding.code, shown.finding.message)
            met[key] += 1
            text = "\0".join([path, *key, str(met[key])])
            yield Placed(path, shown, hashlib.sha256(os.fsencode(text)).hexdigest()[:32])


def relative(path: str) -> str:
    """A path as seen from the working folder, with slashes; one that lies elsewhere stays whole."""
    seen = os.path.relpath(path)
    return (path if seen.startswith(os.pardir) else seen).replace(os.sep, "/")
