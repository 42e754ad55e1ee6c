"""A part of a file that several programs take part in, where one of them needs a definition that others do not."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping


def joined(index: int, one: Mapping[int, str], other: Mapping[int, str]) -> str | None:
    """What a segment is for two programs, of all the segments that each makes of a file; None where there is no such.

    That is the longer form, where it has nothing besides but functions and classes whose names the other program does
    not know: an optimizer's class, for one, that only the program which trains brings along.
    """
    for more, less in ((one, other), (other, one)):
        besides = _besides(more[index], less[index])
        words = {word for text in less.values() for word in re.findall(r"\w+", text)}
        if besides is not None and words.isdisjoint(besides):
            return more[index]
    return None


def _besides(more: str, less: str) -> set[str] | None:
    """The names of the functions and classes that one form has besides the other; None where more differs."""
    try:
        longer, shorter = ast.parse(more).body, [ast.dump(s) for s in ast.parse(less).body]
    except SyntaxError:  # half of a block, as cells of notebooks may be
        return None
    found: set[str] = set()
    for statement in longer:
        if shorter and ast.dump(statement) == shorter[0]:
            shorter.pop(0)
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        else:
            return None
    return found if not shorter else None
