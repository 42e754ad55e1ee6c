"""What each run of a session was fed, and what the functions in its place are called with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tf2migrate.verify.compare import Tolerance, scale_of
from tf2migrate.verify.histories import curve
from tf2migrate.verify.runs import History, Match, match, place_of
from tf2migrate.verify.sourcemap import Lines
from tf2migrate.verify.trace import Call, Site, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point


def judge_feeds(
    old: Trace, new: Trace, tolerance: Tolerance, lines: Mapping[Lines, Lines], runs: Sequence[Point]
) -> Iterator[Point]:
    """A point for each name that a run is fed and that a function in its place is given as often.

    The function stands on the lines that replace the run, or where a value that the run fetched was found.

    A number that is right by chance, such as the share of hits among half of the rows, is not right. What is fed in
    another form (with another number of dimensions) may stand for the same, and is told only.
    """
    heirs = histories(new.calls)
    for mine in histories(old.runs):
        there = place_of(mine.site, lines) or ()
        fetched = {run.new for run in runs if run.old == mine.site}
        fitting = [
            n for n in heirs
            if (n.site.line in there or n.site in fetched) and n.name == mine.name and len(n.values) == len(mine.values)
        ]  # fmt: skip
        found = [match(mine, n, scale_of(mine.values), tolerance) for n in fitting]
        if found:
            yield point_of(next((m for m in found if m.equal), found[0]))


def point_of(match: Match) -> Point:
    mine, heir, found = match.old, match.new, match.found
    at = match.first or 0
    same_form = len(mine.values[at].shape) == len(heir.values[at].shape)
    return Point(
        "fed", mine.name, found.judgement, mine.site, heir.site, len(mine.values), match.first, found.max_abs,
        found.max_rel, found.detail, mine.orders[at], counts=found.judgement is Judgement.EQUAL or same_form,
        curve=curve(mine.values, heir.values),
    )  # fmt: skip


def histories(calls: Sequence[Call]) -> list[History]:
    """What each place, and each function that it calls, was given by name."""
    found: dict[tuple[Site, str, str], list[tuple[Value, int]]] = {}
    for call in calls:
        for name, value in call.given:
            found.setdefault((call.site, call.name, name), []).append((value, call.order))
    return [
        History(site, name, tuple(v for v, _ in rows), tuple(o for _, o in rows))
        for (site, _, name), rows in found.items()
    ]
