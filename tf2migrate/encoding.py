"""Bytes to text and back: encoding, byte order mark and line ends survive, also where they are mixed."""

from __future__ import annotations

import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

_END = re.compile(r"\r\n?|\n")


class Undecodable(ValueError):
    """Bytes that are no text in the encoding that they claim."""


@dataclass(frozen=True, slots=True)
class LineEnds:
    """A text with ``\\n`` line ends, and the line ends that it had."""

    text: str
    ends: tuple[str, ...]  # of each line but the last; empty when all are "\n"

    @classmethod
    def read(cls, text: str) -> LineEnds:
        if "\r" not in text:
            return cls(text, ())
        return cls(_END.sub("\n", text), tuple(_END.findall(text)))

    def restore(self, after: str) -> str:
        """A later form of the text: unchanged lines end as they did, new ones as most did."""
        if not self.ends:
            return after
        common = Counter(self.ends).most_common(1)[0][0]
        if len(set(self.ends)) == 1:
            return after.replace("\n", common)
        old, new = self.text.split("\n"), after.split("\n")
        ends = [common] * (len(new) - 1)
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            kept = self.ends[block.a : block.a + block.size]
            ends[block.b : block.b + len(kept)] = kept[: len(ends) - block.b]
        return "".join(line + end for line, end in zip(new, [*ends, ""], strict=True))


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a Python file, and what it takes to write it back as it was written."""

    lines: LineEnds
    encoding: str

    @property
    def text(self) -> str:
        return self.lines.text

    def encode(self, after: str) -> bytes:
        """The bytes of a later form of the text; raises `UnicodeEncodeError` when the encoding lacks a character."""
        return self.lines.restore(after).encode(self.encoding)


def decode(data: bytes) -> Decoded:
    """A Python file's text, read as Python reads it (PEP 263). Raises `Undecodable`."""
    # `tokenize` looks for the declaration in the first two lines; only bytes.splitlines knows a lone \r as an end.
    first_lines = iter(data.splitlines(keepends=True))
    try:
        encoding, _ = tokenize.detect_encoding(lambda: next(first_lines))
    except SyntaxError as error:
        raise Undecodable(error.msg or str(error)) from None
    try:
        text = data.decode(encoding)
        same = text.encode(encoding) == data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Undecodable(f"byte 0x{data[error.start]:02x} on line {line} is no {encoding}") from None
    except (UnicodeError, LookupError) as error:  # a codec that is not one of text, such as rot13
        raise Undecodable(str(error)) from None
    if not same:
        raise Undecodable(f"{encoding} text would not come back as the same bytes")
    return Decoded(LineEnds.read(text), encoding)


def decode_utf8(data: bytes) -> tuple[str, str]:
    """A JSON file's text, its line ends untouched, and the encoding to write it back with."""
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise Undecodable(f"byte 0x{data[error.start]:02x} at offset {error.start} is no UTF-8") from None
