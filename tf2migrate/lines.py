"""Where the lines of a text stand in another form of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from tf2migrate.model import Finding


def moved(findings: Sequence[Finding], old: str, new: str) -> list[Finding]:
    """Findings about a text, where their lines stand in a later form of it."""
    if old == new or not findings:
        return list(findings)
    lines = new.split("\n")
    place: dict[int, int] = {}
    for _, i, i_end, j, j_end in SequenceMatcher(None, old.split("\n"), lines, autojunk=False).get_opcodes():
        place.update((line, min(j + line - i, max(j, j_end - 1))) for line in range(i, i_end))
    found = []
    for finding in findings:
        line = min(place[finding.line - 1], len(lines) - 1)
        end = finding.end_line and finding.end_line + line + 1 - finding.line
        column = min(finding.column, len(lines[line]) + 1)
        found.append(replace(finding, line=line + 1, column=column, end_line=end))
    return found
