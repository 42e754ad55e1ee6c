"""What two programs print, line up line by line and number by number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from tf2migrate.verify.compare import Tolerance
from tf2migrate.verify.trace import Print
from tf2migrate.verify.verdict import Judgement, Point

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b")
#: A symbolic tensor has no counterpart in eager code.
SYMBOLIC = re.compile(
    r"Tensor\(|<tf\.|<tensorflow|Operation|object at 0x|\bVariable\b.*:0|^(WARNING|Instructions for)|tf_op_layer"
)
#: Numbers about time differ from run to run, in programs that look at a clock.
TIMED = re.compile(r"(?<![A-Za-z])(secs?|seconds?|ms|time|duration|took|elapsed|speed)(?![A-Za-z])", re.I)
#: What NumPy 2 puts around a number in a list, and before True and False; NumPy 1 did not.
SCALAR = re.compile(r"\bnp\.(?:(?:float|u?int|bool|str|bytes|complex)\w*\(([^()]*)\)|(True|False)_)")
#: A shape with a size that is not known, as TensorFlow 1 wrote it; TensorFlow 2 writes None there.
UNKNOWN = re.compile(r"\((?:(?:\?|\d+), )+(?:\?|\d+)\)|\(\?,\)")
#: A printed number is rounded: one unit of its last place is no difference, unless that unit is coarse.
COARSE = 2e-3


@dataclass(frozen=True, slots=True)
class Pair:
    """An old print and the new one it lines up with."""

    old: Print | None
    new: Print | None
    judgement: Judgement
    apart: tuple[float, float] = (0.0, 0.0)
    detail: str = ""


def shape(text: str) -> str:
    """The text with its numbers, spaces and brackets taken out."""
    return re.sub(r"[\s\[\]]+|array|,?dtype=\w+", "", NUMBER.sub("#", text))


def plain(line: Print) -> Print:
    """The print as any NumPy and TensorFlow writes it."""
    text = SCALAR.sub(lambda m: m[1] or m[2] or "", line.text)
    return replace(line, text=UNKNOWN.sub(lambda m: m[0].replace("?", "None"), text))


def judge_prints(old: Sequence[Print], new: Sequence[Print], tolerance: Tolerance, clock: bool = False) -> list[Point]:
    """One point per print of the old program, over all the times it printed."""
    groups: dict[object, list[Pair]] = {}
    for pair in line_up([plain(p) for p in old], [plain(p) for p in new], tolerance, clock):
        anchor = pair.old or pair.new
        assert anchor is not None
        groups.setdefault((pair.old is None, anchor.site), []).append(pair)
    return [_point(pairs) for pairs in groups.values()]


def line_up(old: Sequence[Print], new: Sequence[Print], tolerance: Tolerance, clock: bool = False) -> Iterator[Pair]:
    """Pairs in order; a new line where the old program printed a symbolic tensor is passed over."""
    kept, room = [], [0]
    for line in old:
        if SYMBOLIC.search(line.text):
            room[-1] += 1
        else:
            kept.append(line)
            room.append(0)
    steps: dict[object, int] = {}
    matcher = SequenceMatcher(None, [shape(p.text) for p in kept], [shape(p.text) for p in new], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        common = min(b - a, d - c)
        free = sum(room[a : b + 1])
        for x, y in zip(kept[a : a + common], new[c : c + common], strict=True):
            step = steps[x.site] = steps.get(x.site, -1) + 1
            if tag != "equal":
                yield Pair(x, y, Judgement.DIFFERENT, detail=f"{brief(x.text)} became {brief(y.text)}")
            elif clock and TIMED.search(x.text):
                yield Pair(x, y, Judgement.EQUAL)
            else:
                yield same_text(x, y, step, tolerance)
        for x in kept[a + common : b]:
            yield Pair(x, None, Judgement.MISSING, detail=f"{brief(x.text)} is not printed")
        for y in new[c + common + free : d]:
            yield Pair(None, y, Judgement.EXTRA, detail=f"{brief(y.text)} was not printed")


def same_text(old: Print, new: Print, step: int, tolerance: Tolerance) -> Pair:
    """Two prints that agree but for their numbers."""
    a, b = NUMBER.findall(old.text), NUMBER.findall(new.text)
    scale = max((abs(float(x)) for x in a if "." in x or "e" in x), default=0.0)
    worst, relative, judgement, detail = 0.0, 0.0, Judgement.EQUAL, ""
    for x, y in zip(a, b, strict=True):
        p, q = float(x), float(y)
        if x == y:
            continue
        if (p != p) != (q != q):
            return Pair(old, new, Judgement.NAN, detail=f"{x} became {y}")
        if abs(p - q) > worst:
            worst, relative = abs(p - q), abs(p - q) / max(abs(p), 1e-30)
        if judgement is Judgement.EQUAL and not close(x, y, step, scale if len(a) > 3 else 0.0, tolerance):
            judgement, detail = Judgement.DIFFERENT, f"{x} became {y} in {brief(old.text)}"
    return Pair(old, new, judgement, (worst, relative), detail)


def close(old: str, new: str, step: int, scale: float, tolerance: Tolerance) -> bool:
    """Two printed numbers: whole numbers exactly, others within the tolerance or one unit of the last place."""
    if not any(c in old + new for c in ".e"):
        return old == new
    p, q = float(old), float(new)
    rtol = tolerance.rtol("print", "float32", step)
    largest = max(abs(p), abs(q))
    unit = max(last_place(old), last_place(new))
    rounding = 1.01 * unit if unit <= COARSE * largest else 0.0
    return abs(p - q) <= max(tolerance.atol(max(scale, largest), rtol) + rtol * largest, rounding)


def last_place(number: str) -> float:
    """One unit of a printed number's last place."""
    mantissa, _, exponent = number.lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])))


def brief(text: str) -> str:
    """A print on one short line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")


def _point(pairs: Sequence[Pair]) -> Point:
    first = next((i for i, p in enumerate(pairs) if p.judgement is not Judgement.EQUAL), None)
    shown = pairs[first if first is not None else 0]
    anchor = shown.old or shown.new
    assert anchor is not None
    return Point(
        "print", brief(re.sub(r"#+", "#", NUMBER.sub("#", anchor.text))), shown.judgement,
        shown.old.site if shown.old else None, shown.new.site if shown.new else None, len(pairs), first,
        max(p.apart[0] for p in pairs), max(p.apart[1] for p in pairs), shown.detail, anchor.order,
        computed=any(NUMBER.search(p.old.text) for p in pairs if p.old), curve=curve(pairs),
    )  # fmt: skip


def curve(pairs: Sequence[Pair]) -> tuple[tuple[float, float], ...]:
    """The last number of each print, old and new."""
    found = []
    for pair in pairs:
        if pair.old and pair.new:
            a, b = NUMBER.findall(pair.old.text), NUMBER.findall(pair.new.text)
            if a and b:
                found.append((float(a[-1]), float(b[-1])))
    return tuple(found)
