"""What event files hold: tag by tag, the steps and the numbers.

TensorFlow 1 and 2 write the same in other forms (`python/summary/summary.py`, TensorFlow 1.15; TensorBoard's
`plugins/histogram/summary_v2.py`). Of a histogram, whose buckets are others, the least and the greatest number are
compared, how many there are, and their sum as far as buckets tell it; of pictures and sounds how many there are, and of
pictures the size and how bright they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from tf2migrate.verify.compare import Difference, Tolerance, compare, scale_of
from tf2migrate.verify.trace import Row, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point

#: Folder, tag and kind.
Key = tuple[str, str, str]
Rows = Mapping[Key, Sequence[Row]]

#: What TensorFlow's own loops write of their speed.
_OWN = "global_step/sec"
#: A unit of the 256 that a number of an image has.
_SHADE = 1 / 255
_LAST = 10**9  # the order of what is known only at the end


def judge_summaries(old: Trace, new: Trace, tolerance: Tolerance) -> Iterator[Point]:
    """One point for each tag of a folder. What a training loop of TensorFlow 1 wrote by itself need not be there."""
    mine = {key: rows for key, rows in old.summaries.items() if key[1] != _OWN}
    theirs = _called_alike(mine, new.summaries)
    for key in sorted({*mine, *theirs}):
        name = f"{key[1]} in {key[0]}"
        if key not in theirs:
            yield Point("summary", name, Judgement.MISSING, detail=f"no {key[2]} is written", order=_LAST,
                        counts=old.writer)  # fmt: skip
        elif key not in mine:
            yield Point("summary", name, Judgement.EXTRA, detail=f"no {key[2]} was written", order=_LAST)
        else:
            point = _point(name, key[2], mine[key], theirs[key], tolerance)
            yield replace(point, counts=not (key[1] in old.raced and _one_step_apart(key[2], mine[key], theirs[key])))


def _called_alike(old: Rows, new: Rows) -> dict[Key, Sequence[Row]]:
    """The summaries of the new program by the folders and tags that they have in the old one.

    The number that TensorFlow 1 put behind a tag where an op had its name already, and numbers in the name of a folder,
    which mostly are a time, may be others.
    """
    found = {key: rows for key, rows in new.items() if key in old}
    free = [key for key in old if key not in found]
    for key, rows in new.items():
        if key not in found:
            alike = [k for k in free if _plain(k) == _plain(key)]
            partner = alike[0] if len(alike) == 1 else key
            found[partner if partner not in found else key] = rows
    return found


def _plain(key: Key) -> Key:
    folder, tag, kind = key
    return re.sub(r"\d+", "0", folder), re.sub(r"_\d+(?=/|$)", "", tag), kind


def _point(name: str, kind: str, old: Sequence[Row], new: Sequence[Row], tolerance: Tolerance) -> Point:
    """Time by time, in the order of the steps."""
    mine, theirs = (sorted(rows, key=lambda row: row[0]) for rows in (old, new))
    scale = scale_of([_value(row) for _, row in mine])
    worst, relative, first, found = 0.0, 0.0, None, Difference(Judgement.EQUAL)
    for time, (one, other) in enumerate(zip_longest(mine, theirs)):
        found = _compared(kind, one, other, time, scale, tolerance)
        worst, relative = max(worst, found.max_abs), max(relative, found.max_rel)
        if found.judgement is not Judgement.EQUAL:
            first = time
            break
    return Point("summary", name, found.judgement, None, None, max(len(mine), len(theirs)), first, worst, relative,
                 found.detail, _LAST, computed=True)  # fmt: skip


def _one_step_apart(kind: str, old: Sequence[Row], new: Sequence[Row]) -> bool:
    """Whether summaries differ by about as much as they move: those of variables, before or after the run's update.

    Of histograms that is seen at their ends.
    """
    most = 2 if kind == "histogram" else None
    ordered = (sorted(rows, key=lambda row: row[0]) for rows in (old, new))
    mine, theirs = ([_value(row[:most]).array for _, row in rows] for rows in ordered)
    if sorted(step for step, _ in old) != sorted(step for step, _ in new) or len({a.shape for a in mine + theirs}) > 1:
        return False
    moved = np.abs(np.diff(mine, axis=0))
    if not len(moved):
        return True
    room = np.maximum(np.vstack([moved, moved[-1:]]), np.vstack([moved[:1], moved]))
    return bool((np.abs(np.subtract(theirs, mine)) <= 2 * room + 1e-6).all())


def _compared(
    kind: str, old: Row | None, new: Row | None, time: int, scale: float, tolerance: Tolerance
) -> Difference:
    if old is None or new is None:
        missing = new is None
        row = old or new
        assert row is not None
        what = f"at step {row[0]} nothing {'is' if missing else 'was'} written"
        return Difference(Judgement.MISSING if missing else Judgement.EXTRA, detail=what)
    if old[0] != new[0]:
        return Difference(Judgement.DIFFERENT, detail=f"step {old[0]} became {new[0]}")
    if kind == "image":
        return _of_images(old[1], new[1], time, tolerance)
    if kind != "histogram":
        return compare(_value(old[1]), _value(new[1]), "summary", time, scale, tolerance)
    return _of_histogram(old[1], new[1], time, tolerance)


def _of_images(old: tuple[float, ...], new: tuple[float, ...], time: int, tolerance: Tolerance) -> Difference:
    """How many, and of each the width, the height and how bright it is: a rounding moves that by less than `_SHADE`."""
    if old[0] != new[0]:
        return Difference(Judgement.DIFFERENT, detail=f"{old[0]:g} images became {new[0]:g}")
    sizes, others = (_value([*row[1::3], *row[2::3]]) for row in (old, new))
    found = compare(sizes, others, "summary", time, 0.0, tolerance)
    apart = np.abs(np.subtract(old[3::3], new[3::3])) if found.judgement is Judgement.EQUAL else np.zeros(1)
    if not apart.size or apart.max() <= _SHADE:
        return found
    at = int(np.argmax(apart))
    shades = old[3 + 3 * at], new[3 + 3 * at]
    return Difference(Judgement.DIFFERENT, float(apart[at]), detail="{:.3g} of white became {:.3g}".format(*shades))


def _of_histogram(old: tuple[float, ...], new: tuple[float, ...], time: int, tolerance: Tolerance) -> Difference:
    """The ends, the count, and the sum as near as what is known of both allows."""
    found = compare(_value(old[:2]), _value(new[:2]), "summary", time, scale_of([_value(old[:2])]), tolerance)
    if found.judgement is Judgement.EQUAL and old[2] != new[2]:
        return Difference(Judgement.DIFFERENT, detail=f"{old[2]:g} numbers became {new[2]:g}")
    if found.judgement is not Judgement.EQUAL:
        return found
    mine = min(max(old[3], new[3]), old[4])  # the sum of the old one that is nearest to those of the new one
    sums = _value([mine]), _value([min(max(mine, new[3]), new[4])])
    return compare(*sums, "summary", time, old[2] * max(abs(old[0]), abs(old[1])), tolerance)


def _value(row: Sequence[object]) -> Value:
    """Numbers as they are compared, all of them floats: TensorFlow 1 wrote each number as one."""
    array = np.array(row, dtype=object if any(isinstance(each, str) for each in row) else np.float32)
    return Value(array.shape, str(array.dtype), array)
