"""Lists between commas, such as arguments, parameters and the elements of tuples, without some of their parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tf2migrate.model import Span


def cuts(parts: Sequence[Span], going: Collection[int]) -> list[Span]:
    """The spans to cut out for the parts that go, by index: each with a comma beside it; in order."""
    kept = [index for index in range(len(parts)) if index not in going]
    if not kept:
        return [Span(parts[0].start, parts[-1].end)] if parts else []
    found = [Span(parts[index].start, parts[index + 1].start) for index in range(kept[-1]) if index in going]
    if kept[-1] + 1 < len(parts):
        found.append(Span(parts[kept[-1]].end, parts[-1].end))
    return found
