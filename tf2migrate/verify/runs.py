"""What each run of a session fetched, and what the new program has in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tf2migrate.verify.compare import Difference, Tolerance, compare, scale_of
from tf2migrate.verify.histories import curve
from tf2migrate.verify.sourcemap import Lines
from tf2migrate.verify.trace import Call, Site, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point

ENOUGH = 5  # calls whose median time says something


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One value of one place in a program, each time it was there."""

    site: Site
    name: str
    values: tuple[Value, ...]
    orders: tuple[int, ...]
    seconds: tuple[float, ...] = ()


class _Row(NamedTuple):
    """One value of a call: the place of it among those that were fetched or returned, and its name."""

    leaf: int
    label: str
    value: Value
    call: Call


@dataclass(frozen=True, slots=True)
class Match:
    """An old history beside a new one: how they compare, and at which time they first differ."""

    old: History
    new: History
    found: Difference
    first: int | None

    @property
    def equal(self) -> bool:
        return self.first is None


def judge_runs(old: Trace, new: Trace, tolerance: Tolerance, lines: Mapping[Lines, Lines]) -> Iterator[Point]:
    """A point for each value that a run fetched.

    Its heir is what the lines in its place return, or else what any line returns that is the same each time. Where
    neither is, and the lines in its place return something that no run of theirs fetched, that is a difference; where
    they return nothing of the kind (a fetch that nothing used), the point is told and does not count.
    """
    heirs = [*histories(new.calls), *histories(new.runs), *taken_out(new), *joined(new.calls)]
    mine = [h for h in histories(old.runs) if any(v.array.size for v in h.values)]
    near = {id(h): [n for n in heirs if n.site.line in (place_of(h.site, lines) or ())] for h in mine}
    taken: set[int] = set()
    found: dict[int, Match] = {}
    namesakes = {key: [n for n in near[key] if kin(h, n)] for key, h in zip(near, mine, strict=True)}
    for fitting in (namesakes, near, dict.fromkeys(near, heirs)):
        for history in mine:
            if id(history) not in found:
                equal = (m for m in matches(history, fitting[id(history)], taken, tolerance) if m.equal)
                claim(next(equal, None), found, taken)
    for history in mine:
        if id(history) not in found:
            beside = [h for h in mine if h.site == history.site]
            free = [
                n for n in sorted(near[id(history)], key=lambda n: not kin(history, n))
                if like(history, n) and not any(m.equal for b in beside for m in matches(b, [n], set(), tolerance))
            ]  # fmt: skip
            claim(next(matches(history, free, taken, tolerance), None), found, taken)
        if id(history) in found:
            yield point_of(found[id(history)])
        else:
            yield Point("run", history.name, Judgement.MISSING, history.site, times=len(history.values), counts=False,
                        detail="no line of the new program returns it; what depends on it is compared")  # fmt: skip


def claim(match: Match | None, found: dict[int, Match], taken: set[int]) -> None:
    """Each history has one heir, and each heir is one's."""
    if match is not None:
        found[id(match.old)] = match
        taken.add(id(match.new))


def kin(old: History, new: History) -> bool:
    """Whether the program calls both the same."""
    return new.name.partition(".numpy@")[0].rpartition(".")[2] == old.name


def place_of(site: Site, lines: Mapping[Lines, Lines]) -> Lines | None:
    """The lines that replace one of the old program's."""
    return next((new for old, new in lines.items() if site.line in old), None)


def like(old: History, new: History) -> bool:
    """Whether one could stand for the other: as often there, and of the same form."""
    return (
        len(new.values) == len(old.values)
        and new.values[0].shape == old.values[0].shape
        and new.values[0].array.dtype.kind == old.values[0].array.dtype.kind
    )


def matches(mine: History, heirs: Sequence[History], taken: set[int], tolerance: Tolerance) -> Iterator[Match]:
    """A history beside each of those that are still free."""
    scale = scale_of(mine.values)
    for heir in heirs:
        if id(heir) not in taken and heir.values:
            yield match(mine, heir, scale, tolerance)


def match(mine: History, heir: History, scale: float, tolerance: Tolerance) -> Match:
    """Time by time. One that is there more or less often is not equal, and where it differs is not said."""
    worst, relative = 0.0, 0.0
    if len(mine.values) != len(heir.values):
        return Match(mine, heir, Difference(Judgement.MISSING), 0)
    for step, (a, b) in enumerate(zip(mine.values, heir.values, strict=True)):
        found = compare(a, b, mine.name, step, scale, tolerance)
        worst, relative = max(worst, found.max_abs), max(relative, found.max_rel)
        if found.judgement is not Judgement.EQUAL:
            return Match(mine, heir, Difference(found.judgement, worst, relative, found.detail), step)
    return Match(mine, heir, Difference(Judgement.EQUAL, worst, relative), None)


def point_of(match: Match) -> Point:
    mine, heir, found = match.old, match.new, match.found
    enough = len(mine.values) >= ENOUGH and heir.seconds
    order = mine.orders[min(match.first or 0, len(mine.orders) - 1)]
    return Point(
        "run", mine.name, found.judgement, mine.site, heir.site, len(mine.values), match.first, found.max_abs,
        found.max_rel, found.detail, order, computed=True, curve=curve(mine.values, heir.values),
        seconds=(median(mine.seconds), median(heir.seconds)) if enough else None,
    )  # fmt: skip


def joined(calls: Sequence[Call]) -> list[History]:
    """What several functions of a line return in one place, in their order: several runs may have fetched it."""
    places = _rows(calls, lambda leaf, label: leaf).items()
    return [_history(site, rows, timed=False) for (site, _), rows in places if len({row.label for row in rows}) > 1]


def histories(calls: Sequence[Call]) -> list[History]:
    """The values of each call site, one history per value fetched or returned; a line may hold several runs."""
    return [
        _history(site, rows, timed=True)
        for (site, _), rows in _rows(calls, lambda index, label: (index, label)).items()
    ]


def _rows(calls: Sequence[Call], key: Callable[[int, str], object]) -> dict[tuple[Site, object], list[_Row]]:
    """What calls of each site fetched or returned, value by value in their order."""
    found: dict[tuple[Site, object], list[_Row]] = {}
    for call in calls:
        for leaf, (label, value) in enumerate(call.values):
            found.setdefault((call.site, key(leaf, label)), []).append(_Row(leaf, label, value, call))
    return found


def _history(site: Site, rows: Sequence[_Row], timed: bool) -> History:
    values, orders = tuple(row.value for row in rows), tuple(row.call.order for row in rows)
    seconds = tuple(row.call.seconds for row in rows) if timed else ()
    return History(site, rows[0].label or f"fetch {rows[0].leaf + 1}", values, orders, seconds)


def taken_out(trace: Trace) -> list[History]:
    """What the new program takes out of tensors and variables with .numpy()."""
    return [
        History(seen[0].site, key, tuple(s.value for s in seen), tuple(s.order for s in seen))
        for key, seen in trace.values.items()
        if ".numpy@" in f".{key}"
    ]
