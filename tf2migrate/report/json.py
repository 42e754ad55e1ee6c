"""Findings as JSON for programs: an array of objects, in the order of files and places."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tf2migrate.report import Report, Shown


def render(reports: Sequence[Report]) -> str:
    """Every finding of every file."""
    findings = [_record(report.path, shown) for report in reports for shown in report.shown]
    return json.dumps(findings, indent=2) + "\n"


def _record(path: str, shown: Shown) -> dict[str, object]:
    finding = shown.finding
    end = {"row": finding.end_line, "column": finding.end_column} if finding.end_line else None
    return {
        "filename": path,
        "cell": shown.cell or None,
        "location": {"row": finding.line, "column": finding.column},
        "end_location": end,
        "code": finding.code,
        "message": finding.message,
        "advice": finding.advice,
        "fixable": finding.fixable,
        "unsafe": finding.unsafe,
    }
