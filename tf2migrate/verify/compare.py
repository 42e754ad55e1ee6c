"""When two values, or two histories of values, are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tf2migrate.verify.settings import Settings
from tf2migrate.verify.trace import Value
from tf2migrate.verify.verdict import Judgement

Array = NDArray[np.generic]

#: What float operations done in another order cost, by dtype: measured on correct pairs, with a margin.
RTOL = {"float16": 1e-2, "bfloat16": 1e-2, "float32": 5e-5, "float64": 5e-5, "complex64": 5e-5, "complex128": 5e-5}
LARGEST_RTOL = 2e-3
STEPS = 50  # steps after which the tolerance has doubled


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far apart two floats may be; it grows with the step, since errors do."""

    settings: Settings
    factor: float = 1.0

    def rtol(self, name: str, dtype: str, step: int) -> float:
        for part, given in self.settings.tolerances:
            if part in name:
                return given
        if self.settings.rtol is not None:
            return self.settings.rtol
        base = RTOL.get(dtype, 0.0) * self.factor
        return min(base * (1 + step / STEPS), max(base, LARGEST_RTOL))

    def atol(self, scale: float, rtol: float) -> float:
        """Numbers near zero are held to the scale of what they stand among."""
        return self.settings.atol if self.settings.atol is not None else 1e-6 * self.factor + 0.2 * rtol * scale


@dataclass(frozen=True, slots=True)
class Difference:
    """How two values compare."""

    judgement: Judgement
    max_abs: float = 0.0
    max_rel: float = 0.0
    detail: str = ""


EQUAL = Difference(Judgement.EQUAL)


def compare(old: Value, new: Value, name: str, step: int, scale: float, tolerance: Tolerance) -> Difference:
    """Two values of one point at one step; scale is the largest number in its history."""
    if old.shape != new.shape:
        return Difference(Judgement.SHAPE, detail=f"shape {list(old.shape)} became {list(new.shape)}")
    a, b = old.array, new.array
    kinds = [family(v.array) for v in (old, new)]
    if kinds[0] != kinds[1]:
        return Difference(Judgement.DTYPE, detail=f"{old.dtype} became {new.dtype}")
    if kinds[0] != "float":
        same = np.array_equal(a, b)
        return EQUAL if same else Difference(Judgement.DIFFERENT, *errors(a, b), detail=example(a, b))
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return Difference(Judgement.NAN, detail=example(a, b))
    rtol = tolerance.rtol(name, "float16" if "float16" in (old.dtype, new.dtype) else old.dtype, step)
    atol = tolerance.atol(scale, rtol)
    if np.allclose(b, a, rtol=rtol, atol=atol, equal_nan=True) and totals_agree(old, new, rtol):
        return Difference(Judgement.EQUAL, *errors(a, b))
    return Difference(Judgement.DIFFERENT, *errors(a, b), detail=example(a, b))


def totals_agree(old: Value, new: Value, rtol: float) -> bool:
    """Of a sampled array, the sum of all that was not kept."""
    if old.total is None or new.total is None:
        return True
    size = float(np.prod(old.shape))
    scale = float(np.abs(old.array).mean()) * size
    return abs(old.total - new.total) <= 1e-6 + rtol * scale


def family(array: Array) -> str:
    """Dtypes that may stand for each other: 32 or 64 bits make no difference here."""
    return {"b": "bool", "i": "integer", "u": "integer", "f": "float", "c": "float"}.get(array.dtype.kind, "text")


def errors(a: Array, b: Array) -> tuple[float, float]:
    """The largest absolute difference, and the largest relative one among numbers that are not next to nothing."""
    if a.dtype.kind not in "biufc" or not a.size or a.shape != b.shape:
        return 0.0, 0.0
    x, y = (np.asarray(v).astype(complex if v.dtype.kind == "c" else float) for v in (a, b))
    with np.errstate(all="ignore"):
        apart = np.where(x == y, 0.0, np.abs(x - y))
        floor = max(1e-3 * float(np.nanmax(np.abs(x), initial=0.0)), 1e-30)
        relative = np.where(apart == 0, 0.0, apart / np.maximum(np.abs(x), floor))
    return float(np.nanmax(apart, initial=0.0)), float(np.nanmax(relative, initial=0.0))


def example(a: Array, b: Array) -> str:
    """The two numbers that are furthest apart."""
    if a.shape != b.shape or not a.size:
        return ""
    if a.dtype.kind not in "biufc":
        at = next((i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), 0)
        return f"{a[at]!r} became {b[at]!r}"
    with np.errstate(all="ignore"):
        apart = np.abs(np.asarray(a, complex) - np.asarray(b, complex))
    at = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    return f"{a[at]:.8g} became {b[at]:.8g}"


def scale_of(values: Sequence[Value]) -> float:
    """The largest finite number in a history."""
    largest = 0.0
    for value in values:
        if value.array.dtype.kind in "fc" and value.array.size:
            finite = np.abs(value.array[np.isfinite(value.array)])
            largest = max(largest, float(finite.max(initial=0.0)))
    return largest
