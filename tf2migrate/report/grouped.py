"""Findings by file, for people."""

from __future__ import annotations

from collections.abc import Sequence

from tf2migrate.report import Report
from tf2migrate.report.concise import said


def render(reports: Sequence[Report]) -> str:
    """Each file that has findings, and below it these, in columns."""
    return "".join(_group(report) for report in reports if report.shown)


def _group(report: Report) -> str:
    width = max(len(shown.place) for shown in report.shown)
    lines = [f"  {shown.place:<{width}}  {said(shown)}\n" for shown in report.shown]
    return "".join([f"{report.path}:\n", *lines, "\n"])
