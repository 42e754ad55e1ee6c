"""Findings as lines for people, two each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tf2migrate.report import Report, Shown
from tf2migrate.report.concise import line


def render(reports: Sequence[Report]) -> str:
    """Every finding of every file."""
    return "".join(part + "\n" for report in reports for shown in report.shown for part in _lines(report.path, shown))


def _lines(path: str, shown: Shown) -> Iterator[str]:
    yield line(path, shown)
    if shown.finding.advice:
        yield f"    help: {shown.finding.advice}"


def summary(reports: Sequence[Report], done: str = "") -> str:
    """How many findings there are, and how many a fix deals with, or what was `done` to how many."""
    shown = [entry for report in reports for entry in report.shown]
    fixed = sum(report.fixed for report in reports)
    if done:
        if not shown and not fixed:
            return "Nothing to report.\n"
        return f"Found {count(len(shown) + fixed)} ({fixed} {done}, {len(shown)} remaining).\n"
    if not shown:
        return "Nothing to report.\n"
    fixable = sum(entry.finding.fixable for entry in shown)
    more = f"[*] {fixable} fixable with `--fix`.\n" if fixable else ""
    unsafe = sum(entry.finding.unsafe and not entry.finding.fixable for entry in shown)
    hidden = f"{unsafe} {'more ' * bool(fixable)}fixable with `--fix --unsafe-fixes`.\n" if unsafe else ""
    return f"Found {count(len(shown))}.\n{more}{hidden}"


def problems(reports: Sequence[Report]) -> list[Report]:
    """The reports with only what is wrong with the files themselves."""
    return [
        replace(report, shown=tuple(entry for entry in report.shown if entry.finding.code.startswith("TFM00")))
        for report in reports
    ]


def diff_summary(reports: Sequence[Report]) -> str:
    """What a fix would do, in one line."""
    changed, fixed = sum(bool(report.diff) for report in reports), sum(report.fixed for report in reports)
    if not changed:
        return "Nothing would change.\n"
    return f"Would fix {count(fixed)} in {changed} file{'s' * (changed != 1)}.\n"


def count(number: int) -> str:
    """How many findings, in words."""
    return f"{number} finding{'s' * (number != 1)}"
