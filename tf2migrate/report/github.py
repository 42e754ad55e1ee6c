"""Findings as commands to GitHub Actions, which shows them beside the changed lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.report import Report
from tf2migrate.report.places import Level, Placed, level, placed

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(reports: Sequence[Report]) -> str:
    """One command for each finding."""
    return "".join(_command(each) + "\n" for each in placed(reports))


def _command(each: Placed) -> str:
    finding = each.shown.finding
    properties: dict[str, object] = {
        "title": f"tf2migrate ({finding.code})",
        "file": each.path,
        "line": each.line,
        "endLine": each.end_line,
    }
    if each.end_line == each.line and not each.shown.cell:  # GitHub takes columns only within one line
        properties |= {"col": finding.column, "endColumn": finding.end_column or finding.column}
    text = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
    return f"::{_COMMANDS[level(finding.code)]} {text}::{_escaped(f'{finding.code} {each.message}')}"


def _escaped(text: str, more: str = "") -> str:
    """A text with the characters that end a command's part written as percent codes."""
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in text)
