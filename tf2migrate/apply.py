"""Edits applied to a text. Overlap is an error: two stages must not both believe that they own a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tf2migrate.model import Edit


class Overlap(ValueError):
    """Two edits of one stage touch the same characters: a defect of that stage, never of the program."""


def apply(text: str, edits: Iterable[Edit], cuts: Sequence[int] = ()) -> tuple[str, tuple[int, ...]]:
    """The text with its edits made, and where the given offsets (cell boundaries) lie in it.

    An insertion exactly at a cut stands after it. Raises `Overlap` when two edits share a character, or when an
    edit spans a cut.
    """
    pieces: list[str] = []
    moved: list[int] = []
    pending = sorted(cuts)
    at = delta = 0
    for edit in sorted(edits):
        start, end = edit.span.start, edit.span.end
        if start < at:
            raise Overlap(f"edits overlap at {start}: {edit.text!r}")
        while pending and pending[0] <= start:
            moved.append(pending.pop(0) + delta)
        if pending and pending[0] < end:
            raise Overlap(f"the edit at {start} spans a cell boundary")
        pieces += [text[at:start], edit.text]
        delta += len(edit.text) - (end - start)
        at = end
    moved += [cut + delta for cut in pending]
    return "".join([*pieces, text[at:]]), tuple(moved)


def fits(edits: Iterable[Edit], cuts: Sequence[int] = ()) -> bool:
    """Whether edits can all be made: none overlaps another, or spans a cut."""
    at = 0
    for edit in sorted(edits):
        if edit.span.start < at or any(edit.span.start < cut < edit.span.end for cut in cuts):
            return False
        at = edit.span.end
    return True
