"""Where the values of a JSON text stand, so that one can be replaced and every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tf2migrate.model import Span

_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def whole(text: str) -> Span:
    """The one value of a JSON text. Raises `ValueError` when it is none."""
    start = _skip(text, 0)
    end = _decode(text, start)[1]
    if _skip(text, end) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return Span(start, end)


def members(text: str, span: Span) -> dict[str, Span]:
    """The values of an object by their keys; empty when the span holds something else."""
    if text[span.start] != "{":
        return {}
    found: dict[str, Span] = {}
    at = _skip(text, span.start + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # behind the colon
        end = _decode(text, start)[1]
        found[key] = Span(start, end)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def elements(text: str, span: Span) -> Iterator[Span]:
    """The values of an array; none when the span holds something else."""
    if text[span.start] != "[":
        return
    at = _skip(text, span.start + 1)
    while text[at] != "]":
        end = _decode(text, at)[1]
        yield Span(at, end)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def value(text: str, span: Span) -> object:
    """What a span stands for."""
    return _decode(text, span.start)[0]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None  # the pattern matches the empty string
    return match.end()
