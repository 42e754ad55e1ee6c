"""Names that carry the number of the module they belong to, while several files are one program."""

from __future__ import annotations

import re

#: A letter for Python, and one that programs do not use.
MARK = "\u02d1"
_ALIAS = re.compile(rf"(\w+) as \1{MARK}\d+{MARK}")
MARKED = re.compile(rf"(\w*?){MARK}(\d+){MARK}(\w*)")


def marked(name: str, number: int) -> str:
    """A name of a module as it stands where several files are one program."""
    return f"{name}{MARK}{number}{MARK}"


def plain(text: str) -> str:
    """A text with the marks gone: the names as their files have them."""
    return MARKED.sub(r"\1\3", _ALIAS.sub(r"\1", text)) if MARK in text else text
