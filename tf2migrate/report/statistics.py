"""How often each rule found something."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tf2migrate.report import Report


@dataclass(frozen=True, slots=True)
class Count:
    """One rule, how often it found something, and how often `--fix` deals with it."""

    code: str
    name: str
    count: int
    fixable: int


def counts(reports: Sequence[Report]) -> list[Count]:
    """The rules that found something, the most frequent first."""
    from tf2migrate.rulebook import pages

    found = [shown.finding for report in reports for shown in report.shown]
    every, fixable = Counter(f.code for f in found), Counter(f.code for f in found if f.fixable)
    rules = sorted(every, key=lambda code: (-every[code], code))
    return [Count(code, pages()[code].slug if code in pages() else "", every[code], fixable[code]) for code in rules]


def as_text(reports: Sequence[Report]) -> str:
    """A line for each rule: how often, its code, `[*]` where all of it can be fixed (`[-]`: some), its name."""
    lines = counts(reports)
    width = max((len(str(line.count)) for line in lines), default=0)
    return "".join(f"{line.count:>{width}}  {line.code}  {_mark(line)}  {line.name}".rstrip() + "\n" for line in lines)


def as_json(reports: Sequence[Report]) -> str:
    """An array with an object for each rule."""
    keys = [
        {"code": line.code, "name": line.name, "count": line.count, "fixable": line.fixable} for line in counts(reports)
    ]
    return json.dumps(keys, indent=2) + "\n"


def _mark(line: Count) -> str:
    if not line.fixable:
        return "[ ]"
    return "[*]" if line.fixable == line.count else "[-]"
