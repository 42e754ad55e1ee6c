"""Where a difference starts: the named tensors inside the run that first differs, in the order of their making."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tf2migrate.verify.compare import Difference, Tolerance, compare, scale_of
from tf2migrate.verify.runs import place_of
from tf2migrate.verify.sandbox import Probe
from tf2migrate.verify.sourcemap import Lines
from tf2migrate.verify.trace import Call, Inner, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point


@dataclass(frozen=True, slots=True)
class Suspect:
    """A run to look into on both sides, and the point that led there."""

    point: Point
    old: Probe
    new: Probe


def suspect(points: Sequence[Point], old: Trace, new: Trace, lines: Mapping[Lines, Lines]) -> Suspect | None:
    """The run at the first point that differs; None where no run stands there."""
    ran = {(call.site.file, call.site.line) for call in old.runs}
    for point in sorted((p for p in points if p.fails), key=lambda p: p.order):
        if point.kind == "fed" or point.old is None or point.new is None or (point.old.file, point.old.line) not in ran:
            continue
        there = place_of(point.old, lines) or Lines(point.new.line, point.new.line)
        here = next((k for k in lines if point.old.line in k), Lines(point.old.line, point.old.line))
        runs = [call for call in old.runs if call.site.line in here]
        calls = [call for call in new.calls if call.site.line in there]
        if calls:
            time = time_of(point, runs)
            times = time, time * len(calls) // len(runs)  # a line may hold several runs
            return Suspect(point, Probe((here.first, here.last), times[0]), Probe((there.first, there.last), times[1]))
    return None


def time_of(point: Point, runs: Sequence[Call]) -> int:
    """Which of the runs on its lines a point first differs at."""
    first = point.first or 0
    named = [i for i, run in enumerate(runs) if any(label == point.name for label, _ in run.values)]
    if point.kind == "run" and len(named) > first:
        return named[first]
    return min(first * max(len(runs) // point.times, 1), len(runs) - 1)


def start(old: Trace, new: Trace, time: int, tolerance: Tolerance) -> Point | None:
    """The earliest named tensor that both sides have and that differs, or a variable that differs before the run."""
    changed = next(iter(changed_variables(old, new, time, tolerance)), None)
    if changed is not None:
        name, found = changed
        detail = f"{found.detail} before the run: an earlier update made the difference, or how it was initialized"
        return Point(
            "inside", name, found.judgement, max_abs=found.max_abs, max_rel=found.max_rel, detail=detail, counts=False
        )
    for mine, theirs in pairs(old.inner, new.inner):
        ranked = [(compare(mine.value, t.value, mine.name, time, scale_of([mine.value]), tolerance), t) for t in theirs]
        if ranked and all(d.judgement is not Judgement.EQUAL for d, _ in ranked):
            found, heir = min(ranked, key=lambda r: (r[0].judgement is not Judgement.DIFFERENT, r[0].max_abs))
            return Point("inside", last(mine.name), found.judgement, mine.site, heir.site, 1, None, found.max_abs,
                         found.max_rel, found.detail, counts=False, computed=True)  # fmt: skip
    return None


def pairs(old: Sequence[Inner], new: Sequence[Inner]) -> Iterator[tuple[Inner, list[Inner]]]:
    """Each old tensor with the new ones of its name."""
    named: dict[str, list[Inner]] = {}
    for inner in new:
        named.setdefault(last(inner.name), []).append(inner)
    for inner in old:
        yield inner, named.get(last(inner.name), [])


def last(name: str) -> str:
    """A name without the functions and objects that it belongs to."""
    return name.rpartition(".")[2]


def changed_variables(old: Trace, new: Trace, time: int, tolerance: Tolerance) -> Iterator[tuple[str, Difference]]:
    """Trained variables that no new variable of their shape equals."""
    mine, theirs = ([value for _, trained, value in side.before if trained] for side in (old, new))
    for name, trained, value in old.before:
        fitting: list[Value] = [t for t in theirs if t.shape == value.shape and t.dtype == value.dtype]
        if len(fitting) < sum(m.shape == value.shape and m.dtype == value.dtype for m in mine):
            continue  # layers make their variables when they are first called
        found = [compare(value, t, name, time, scale_of([value]), tolerance) for t in fitting]
        if trained and found and all(f.judgement is not Judgement.EQUAL for f in found):
            yield name, min(found, key=lambda f: f.max_abs)
