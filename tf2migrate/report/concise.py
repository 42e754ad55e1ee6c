"""Findings as one line each, for people and for editors that read compilers' messages."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.report import Report, Shown


def render(reports: Sequence[Report]) -> str:
    """Every finding of every file."""
    return "".join(line(report.path, shown) + "\n" for report in reports for shown in report.shown)


def line(path: str, shown: Shown) -> str:
    """Place, code and message of a finding; an asterisk where `--fix` deals with it."""
    return f"{path}:{shown.place}: {said(shown)}"


def said(shown: Shown) -> str:
    """What a finding says, without its place."""
    mark = " [*]" if shown.finding.fixable else ""
    return f"{shown.finding.code}{mark} {shown.finding.message}"
