"""Values seen over and over: names, and the globals that are left at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tf2migrate.verify.compare import Difference, Tolerance, compare, scale_of
from tf2migrate.verify.printed import TIMED
from tf2migrate.verify.trace import Seen, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point


def judge_values(old: Trace, new: Trace, tolerance: Tolerance) -> Iterator[Point]:
    """Names that both programs give numbers to, compared assignment by assignment."""
    started = min((r.order for r in old.runs), default=-1)
    fetched = {digest(value) for run in old.runs for _, value in run.values}
    for key, seen in old.values.items():
        mine = [s for s in seen if not s.value.is_tensor]
        theirs = counterpart(key, mine, new)
        if not mine or not theirs or (old.clock and timed(key)):
            continue
        running = [s for s in mine if s.order > started]
        point = judge_history(key, mine, theirs, tolerance)
        if point.fails and not running and ("." in key or len(mine) != len(theirs)):
            # What is set up while the graph is built may happen elsewhere, or more than once, in a function
            point = judge_setup(key, mine, theirs)
        yield replace(point, computed=any(digest(s.value) in fetched for s in running))


def timed(key: str) -> bool:
    """Whether a name, or the text that a value is formatted into, is about time."""
    return bool(TIMED.search(re.sub(r"[_%{}]", " ", key)))


def counterpart(key: str, mine: Sequence[Seen], new: Trace) -> list[Seen]:
    """The new program's history of a name: in the same function, else of the only name that ends alike."""
    found = new.values.get(key)
    if found is None and not key.endswith("]"):
        last = key.rpartition(".")[2]
        alike = [k for k in new.values if k.rpartition(".")[2] == last]
        found = new.values[alike[0]] if len(alike) == 1 and last not in ("return", "append") else None
    if found is None:
        return []
    host = [s for s in found if not s.value.is_tensor]
    return host or (found if len(found) == len(mine) else [])


def judge_history(key: str, mine: Sequence[Seen], theirs: Sequence[Seen], tolerance: Tolerance) -> Point:
    """Time by time; one that happens more or less often differs from the first time on that only one side has."""
    scale = scale_of([s.value for s in mine])
    worst, relative = 0.0, 0.0
    found: Difference | None = None
    first = None
    for step, (a, b) in enumerate(zip(mine, theirs, strict=False)):
        step_found = compare(a.value, b.value, key, step, scale, tolerance)
        worst, relative = max(worst, step_found.max_abs), max(relative, step_found.max_rel)
        if step_found.judgement is not Judgement.EQUAL:
            found, first = step_found, step
            break
    if found is None and len(mine) != len(theirs):
        first = min(len(mine), len(theirs))
        found = Difference(Judgement.MISSING if first < len(mine) else Judgement.EXTRA,
                           detail=f"{len(mine)} times became {len(theirs)}")  # fmt: skip
    at = first or 0
    a, b = mine[min(at, len(mine) - 1)], theirs[min(at, len(theirs) - 1)]
    return Point(
        "value", key, found.judgement if found else Judgement.EQUAL, a.site, b.site, max(len(mine), len(theirs)), first,
        worst, relative, found.detail if found else "", a.order,
        curve=curve([s.value for s in mine], [s.value for s in theirs]),
    )  # fmt: skip


def judge_setup(key: str, mine: Sequence[Seen], theirs: Sequence[Seen]) -> Point:
    """A name that is set before anything runs: the last value the old program gave it should be among the new one's."""
    wanted = {digest(s.value) for s in theirs}
    same = digest(mine[-1].value) in wanted
    return Point("value", key, Judgement.EQUAL if same else Judgement.DIFFERENT, mine[-1].site, theirs[-1].site,
                 len(mine), order=mine[-1].order, counts=False)  # fmt: skip


def digest(value: Value) -> tuple[tuple[int, ...], bytes]:
    """What tells one value from another."""
    return value.shape, value.array.tobytes() if value.array.dtype.kind != "O" else repr(value.array.tolist()).encode()


def curve(mine: Sequence[Value], theirs: Sequence[Value]) -> tuple[tuple[float, float], ...]:
    """Old and new, time by time: of an array, its mean."""
    found = []
    for a, b in zip(mine, theirs, strict=False):
        if a.array.dtype.kind in "biuf" and b.array.dtype.kind in "biuf" and a.array.size and b.array.size:
            found.append((float(np.mean(a.array)), float(np.mean(b.array))))
    return tuple(found)


def judge_finals(old: Trace, new: Trace, tolerance: Tolerance) -> Iterator[Point]:
    """Globals that hold numbers in both programs when they end, lists and arrays changed in place included."""
    for name, value in old.finals.items():
        if name not in new.finals or (old.clock and timed(name)) or name not in (set(old.values) & set(new.values)):
            continue
        found = compare(value, new.finals[name], name, len(old.runs), scale_of([value]), tolerance)
        seen = old.values[name][-1]
        yield Point("final", name, found.judgement, seen.site, new.values[name][-1].site, 1, None, found.max_abs,
                    found.max_rel, found.detail, 10**9)  # fmt: skip
