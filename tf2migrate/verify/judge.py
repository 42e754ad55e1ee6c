"""Two traces become points, and points a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType

import numpy as np

from tf2migrate.verify.compare import Difference, Tolerance, compare, scale_of
from tf2migrate.verify.feeds import judge_feeds
from tf2migrate.verify.histories import judge_finals, judge_values
from tf2migrate.verify.printed import judge_prints
from tf2migrate.verify.randomness import judge_draws, judge_seeds, judge_shuffles, judge_states
from tf2migrate.verify.runs import judge_runs
from tf2migrate.verify.settings import Settings
from tf2migrate.verify.sourcemap import Lines
from tf2migrate.verify.summaries import judge_summaries
from tf2migrate.verify.trace import TEXTS, Print, Site, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point

#: TF1's optimizers under their Keras names.
KERAS = {
    "GradientDescentOptimizer": "SGD", "MomentumOptimizer": "SGD", "AdamOptimizer": "Adam",
    "RMSPropOptimizer": "RMSprop",
    "AdagradOptimizer": "Adagrad", "AdadeltaOptimizer": "Adadelta", "FtrlOptimizer": "Ftrl",
}  # fmt: skip
#: What is compared of each; TF1's Adagrad has no epsilon, its RMSProp keeps its decay under rho.
HYPER = {
    "SGD": ("momentum", "nesterov"), "Adam": ("beta_1", "beta_2", "epsilon"),
    "RMSprop": ("rho", "momentum", "epsilon", "centered"),
    "Adagrad": ("initial_accumulator_value",), "Adadelta": ("rho", "epsilon"), "Ftrl": ("initial_accumulator_value",),
    "ExponentialMovingAverage": ("decay", "counted"),
}  # fmt: skip
UNCOMPARED = {".png", ".jpg", ".jpeg", ".gif", ".pdf", ".svg", ".pkl", ".pickle"}
AVERAGE = "ExponentialMovingAverage"
LAST = 10**9  # the order of what is known only at the end


def judge(
    old: Trace, new: Trace, settings: Settings, factor: float = 1.0, lines: Mapping[Lines, Lines] = MappingProxyType({})
) -> tuple[Point, ...]:
    """Every point of two runs that both came to an end; `lines` says which lines replace those that run a session."""
    tolerance = Tolerance(settings, factor)
    same_version = old.tensorflow == new.tensorflow
    runs = list(judge_runs(old, new, tolerance, lines))
    points = [
        *judge_prints(old.prints, new.prints, tolerance, old.clock),
        *judge_values(old, new, tolerance),
        *judge_feeds(old, new, tolerance, lines, runs),
        *runs,
        *judge_variables(old, new, tolerance),
        *judge_finals(old, new, tolerance),
        *judge_optimizers(old, new),
        *judge_files(old, new, tolerance),
        *judge_summaries(old, new, tolerance),
    ]
    if settings.shared_randomness:
        counted = same_version and not old.queued
        points += [*judge_states(old, new), *judge_shuffles(old, new), *judge_seeds(old, new)]
        points += judge_draws(old, new) if counted else ()
    return tuple(points)


def judge_variables(old: Trace, new: Trace, tolerance: Tolerance) -> Iterator[Point]:
    """The last value of each trained variable and moving average; variables are matched by shape, nearest first."""
    mine: dict[str, list[Value]] = {}
    for name, trained, value in old.variables:
        if lasting(name, trained) and not carried(name):
            mine.setdefault(name, []).append(value)
    theirs = [(name, value) for name, trained, value in new.variables if lasting(name, trained)]
    partners = nearest(mine, [value for _, value in theirs], len(old.runs), tolerance)
    for name in mine:
        if name not in partners:
            yield Point("variable", name, Judgement.MISSING, detail="no variable of its shape", order=LAST,
                        counts=AVERAGE in name)  # fmt: skip
            continue
        found, index = partners[name]
        yield Point(
            "variable", name, found.judgement, max_abs=found.max_abs, max_rel=found.max_rel, computed=True, order=LAST,
            detail=found.detail and f"{found.detail} at the end (new: {theirs[index][0]})",
            counts=AVERAGE not in name or not near_enough(mine, name, theirs[index][1]),
        )  # fmt: skip


def near_enough(mine: dict[str, list[Value]], name: str, theirs: Value) -> bool:
    """Whether an average may differ so much by its order alone.

    A graph seldom says whether an average is taken before or after the update of the same run. Of a decay d that is
    (1 - d) / d of the way from the average to its variable: less than five times the way after the first steps.
    """
    own = mine.get(f"{name.partition(f'/{AVERAGE}')[0]}:0")
    if own is None:
        return True
    average = mine[name][-1].array
    return bool(np.abs(theirs.array - average).max() <= 5 * np.abs(own[-1].array - average).max())


def nearest(
    mine: dict[str, list[Value]], theirs: list[Value], step: int, tolerance: Tolerance
) -> dict[str, tuple[Difference, int]]:
    """Each old variable with the new one that is nearest to what it was when one of its sessions ended."""
    ranked = []
    for name, ends in mine.items():
        for index, value in enumerate(theirs):
            fitting = [compare(end, value, name, step, scale_of([end]), tolerance) for end in ends if like(end, value)]
            ranked += [(d.judgement is not Judgement.EQUAL, d.max_abs, name, index, d) for d in fitting]
    partners: dict[str, tuple[Difference, int]] = {}
    used: set[int] = set()
    for _, _, name, index, difference in sorted(ranked, key=lambda r: r[:4]):
        if name not in partners and index not in used:
            partners[name] = (difference, index)
            used.add(index)
    return partners


def like(old: Value, new: Value) -> bool:
    """Whether a variable could be the other's heir."""
    return old.shape == new.shape and old.dtype == new.dtype


def lasting(name: str, trained: bool) -> bool:
    """What a program learns; optimizers' slots and counters are not compared."""
    return trained or any(part in name for part in ("moving_mean", "moving_variance", AVERAGE))


def carried(name: str) -> bool:
    """A recurrent cell's variables have another layout in Keras; what they compute is compared instead."""
    return any(f"{cell}_cell/" in name for cell in ("lstm", "gru", "rnn"))


def judge_optimizers(old: Trace, new: Trace) -> Iterator[Point]:
    """Hyperparameters: a wrong epsilon is a wrong program long before its numbers show it."""
    made = settings_of(old)
    for kind, theirs in settings_of(new).items():
        mine = made.get(kind)
        if mine is None:
            continue
        for found in sorted(theirs - mine):
            nearest = min(mine, key=lambda m: len(set(m) ^ set(found)))
            changed = ", ".join(
                f"{n} {a:g} became {b:g}" for (n, a), (_, b) in zip(nearest, found, strict=False) if a != b
            )
            yield Point("optimizer", kind, Judgement.DIFFERENT, detail=changed or "other settings")
        if not theirs - mine:
            yield Point("optimizer", kind, Judgement.EQUAL)


def settings_of(trace: Trace) -> dict[str, set[tuple[tuple[str, float], ...]]]:
    """The distinct settings of each kind of optimizer."""
    found: dict[str, set[tuple[tuple[str, float], ...]]] = {}
    for kind, given in trace.optimizers:
        kind = KERAS.get(kind, kind)
        if kind in HYPER:
            row = tuple((name, float(given.get(name, 0.0))) for name in HYPER[kind])
            found.setdefault(kind, set()).add(row)
    return found


def judge_files(old: Trace, new: Trace, tolerance: Tolerance) -> Iterator[Point]:
    """Text files like printed lines; checkpoints and pictures are only listed."""
    for name, content in old.files.items():
        kind = PurePath(name).suffix.lower()
        if kind in UNCOMPARED or (kind not in TEXTS and name not in new.files):
            continue
        if name not in new.files:
            yield Point("file", name, Judgement.MISSING, detail="it is not written", order=LAST)
        elif kind in TEXTS:
            yield _text_file(name, content, new.files[name], tolerance)


def _text_file(name: str, old: bytes, new: bytes, tolerance: Tolerance) -> Point:
    pages = [
        [
            Print(i, Site(name, i + 1), line)
            for i, line in enumerate(data.decode("utf8", "replace").splitlines())
            if line.strip()
        ]
        for data in (old, new)
    ]
    worst = [p for p in judge_prints(pages[0], pages[1], tolerance) if p.fails]
    if not worst:
        return Point("file", name, Judgement.EQUAL, computed=True, order=LAST)
    return Point("file", name, worst[0].judgement, worst[0].old, worst[0].new, detail=worst[0].detail, order=LAST)
