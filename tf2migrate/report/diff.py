"""Two forms of a text as a unified diff that `patch` takes."""

from __future__ import annotations

import difflib
import re


def unified(before: str, after: str, name: str) -> str:
    """The diff, with line ends as they are; empty when nothing differs."""
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only ``\\n`` ends one, as for patch (a form feed does not)."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
