"""Findings as a GitLab code quality report."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tf2migrate.report import Report
from tf2migrate.report.places import Level, level, placed

_SEVERITIES = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTE: "info"}


def render(reports: Sequence[Report]) -> str:
    """An array with the keys that GitLab reads."""
    issues = [
        {
            "check_name": each.shown.finding.code,
            "description": f"{each.shown.finding.code}: {each.message}",
            "fingerprint": each.fingerprint,
            "severity": _SEVERITIES[level(each.shown.finding.code)],
            "location": {"path": each.path, "lines": {"begin": each.line, "end": each.end_line}},
        }
        for each in placed(reports)
    ]
    return json.dumps(issues, indent=2) + "\n"
