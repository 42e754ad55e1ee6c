"""What was found when a repository began to use this tool: known findings, so that only new ones are reported.

A finding is known by its file, its code and the text of its line: it stays known when lines above it come and go.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tf2migrate.contents import contents, why
from tf2migrate.report import Report, Shown

_VERSION = 1

#: A code, and the text of a line without the space around it.
Key = tuple[str, str]


class BaselineError(ValueError):
    """A file that is no baseline, and why."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The reports without what is known, how many known findings they had, and how many were not found any more."""

    reports: tuple[Report, ...]
    known: int
    gone: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings of each file, by its path from the folder of the baseline."""

    folder: Path
    files: Mapping[str, Counter[Key]] = field(default_factory=dict)

    def compare(self, reports: Sequence[Report], data: bytes | None = None) -> Compared:
        """What is new. `data` is the content of the one file that is not on the disk as it was reported."""
        new, known, gone = [], 0, 0
        for report in reports:
            left = Counter(self.files.get(self._name(report.path), ()))
            shown = []
            for key, each in _keyed(report, data):
                if left[key] > 0 and not report.failed:
                    left[key] -= 1
                    known += 1
                else:
                    shown.append(each)
            gone += left.total()
            new.append(replace(report, shown=tuple(shown)))
        return Compared(tuple(new), known, gone)

    def updated(self, reports: Sequence[Report], data: bytes | None = None) -> Baseline:
        """The baseline with what is found now; files that were not looked at keep theirs while they exist."""
        seen = {self._name(report.path) for report in reports}
        files = {name: keys for name, keys in self.files.items() if name not in seen and (self.folder / name).exists()}
        for report in reports:
            found = Counter(key for key, _ in _keyed(report, data))
            if found and not report.failed:
                files[self._name(report.path)] = found
        return Baseline(self.folder, files)

    def write(self, file: Path) -> None:
        """Put it in the place of a file, whole. Raises `OSError`."""
        findings = {
            name: [{"code": code, "text": text, "count": count} for (code, text), count in sorted(keys.items())]
            for name, keys in sorted(self.files.items())
        }
        text = json.dumps({"version": _VERSION, "findings": findings}, indent=1) + "\n"
        handle, temporary = tempfile.mkstemp(prefix=".tf2migrate-", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, file)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.folder).replace(os.sep, "/")


def read(file: Path, may_be_missing: bool) -> Baseline:
    """A baseline from its file. Raises `BaselineError`."""
    folder = Path(os.path.abspath(file)).parent
    try:
        table = json.loads(contents(file))
        if table["version"] != _VERSION:
            raise BaselineError(f"{file}: of another version of tf2migrate; write it anew with --update-baseline")
        files = {
            str(name): Counter({(str(each["code"]), str(each["text"])): int(each["count"]) for each in entries})
            for name, entries in table["findings"].items()
        }
    except FileNotFoundError:
        if may_be_missing:
            return Baseline(folder)
        raise BaselineError(f"{file}: no such file; write it with --update-baseline") from None
    except OSError as error:
        raise BaselineError(f"{file}: {why(error)}") from None
    except BaselineError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BaselineError(f"{file}: no baseline of tf2migrate") from None
    return Baseline(folder, files)


def _keyed(report: Report, data: bytes | None) -> Iterator[tuple[Key, Shown]]:
    """Each finding of a file with what it is known by."""
    if not report.shown:
        return
    lines = _lines(report.path, data)
    for shown in report.shown:
        there = lines.get(shown.cell, ())
        text = there[shown.finding.line - 1].strip() if shown.finding.line <= len(there) else ""
        yield (shown.finding.code, text), shown


def _lines(path: str, data: bytes | None) -> Mapping[int, Sequence[str]]:
    """The lines of a script, under 0, or those of each cell of a notebook; nothing of what cannot be read."""
    from tf2migrate import notebook as nb
    from tf2migrate.encoding import Undecodable, decode, decode_utf8

    try:
        content = contents(path) if data is None else data
        if path.endswith(".ipynb"):
            return {cell.number: cell.text.splitlines() for cell in nb.read(decode_utf8(content)[0]).cells}
        return {0: decode(content).text.split("\n")}
    except (OSError, Undecodable, nb.NotANotebook):
        return {}
