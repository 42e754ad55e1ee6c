"""Edits applied to a text. Overlap is an error: two stages must not both believe that they own a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tf2migrate.model import Edit, Span


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


def composed(text: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """The edits of a text that do at once what these do one after the other; `second` are of the text after `first`.

    Raises `Overlap` as `apply` does.
    """
    changes: list[tuple[int, int, int, str | None]] = []  # in the text between: start, end; what it was longer before
    delta = 0
    for edit in sorted(first):
        start, longer = edit.span.start + delta, edit.span.end - edit.span.start - len(edit.text)
        changes.append((start, start + len(edit.text), longer, None))
        delta -= longer
    changes += [(edit.span.start, edit.span.end, 0, edit.text) for edit in second]
    between, _ = apply(text, first)
    found: list[Edit] = []
    behind = 0  # what the text before was longer up to here
    for group in _touching(sorted(changes, key=lambda change: change[:2])):
        start, end = group[0][0], max(change[1] for change in group)
        inner = [Edit(Span(a - start, b - start), new) for a, b, _, new in group if new is not None]
        after = behind + sum(change[2] for change in group)
        found.append(Edit(Span(start + behind, end + after), apply(between[start:end], inner)[0]))
        behind = after
    return found


def _touching(
    changes: Sequence[tuple[int, int, int, str | None]],
) -> Iterator[list[tuple[int, int, int, str | None]]]:
    """The changes in groups, each of which has a stretch of the text for itself."""
    group: list[tuple[int, int, int, str | None]] = []
    for change in changes:
        if group and change[0] > max(each[1] for each in group):
            yield group
            group = []
        group.append(change)
    if group:
        yield group
