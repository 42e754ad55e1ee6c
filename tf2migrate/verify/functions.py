"""Cases that are functions: one of OLD and its like in NEW, called on the same generated arrays.

A signature says what the arguments are: `float32[n,3] int32[n]`; a name stands for a length, the same wherever it
stands. Hypothesis chooses lengths and numbers. Where both sides have gradients, gradient ascent on the difference of
what they return looks for what chosen numbers miss.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tf2migrate.verify.compare import Tolerance, compare, scale_of
from tf2migrate.verify.settings import Case
from tf2migrate.verify.trace import Trace, Value
from tf2migrate.verify.verdict import Judgement, Point

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Array = NDArray[Any]
Call = tuple[Array, ...]

_ARGUMENT = re.compile(r"(float16|float32|float64|int32|int64|bool)\[([\w\s,]*)\]")
EXAMPLES = 40
CLIMBS, CLIMBERS = 6, 5  # steps of gradient ascent, and calls that it starts from
LONGEST = 5  # of a named length

_COMMON = """import base64, io
import numpy as np
import tensorflow as tf
import {module} as program

data = np.load(io.BytesIO(base64.b64decode("{data}")))
for i in range({count}):
    call = [data["%d_%d" % (i, j)] for j in range({arity})]
    back = data["back_%d" % i] if "back_%d" % i in data else None
    raised, results, slopes = 0, [], []
    try:
        results, slopes = called(call, back)
    except Exception as error:
        raised = 1
    for result in results:
        result = np.asarray(result)
    for slope in slopes:
        slope = np.asarray(slope)
    raised = raised + 0
    count = len(results)
"""
_OLD = """
def called(call, back):
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.placeholder(a.dtype, a.shape) for a in call]
        outputs = tf.nest.flatten(program.{function}(*inputs))
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        slopes = []
        if back is not None:
            slopes = tf.gradients(outputs[0], [x for x in inputs if x.dtype.is_floating], [tf.constant(back)])
        return session.run([outputs, slopes], dict(zip(inputs, call)))
"""
_NEW = """
def called(call, back):
    inputs = [tf.constant(a) for a in call]
    wanted = [x for x in inputs if x.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        outputs = tf.nest.flatten(program.{function}(*inputs))
    slopes = [] if back is None else tape.gradient(outputs[0], wanted, tf.constant(back))
    return [np.asarray(o) for o in outputs], [np.asarray(s) for s in slopes]
"""


class SignatureError(ValueError):
    """A signature that cannot be read."""


@dataclass(frozen=True, slots=True)
class Argument:
    """The dtype and the dimensions of one array: lengths, or names of lengths."""

    dtype: str
    dimensions: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function did with one call."""

    raised: bool
    results: tuple[Value, ...]
    slopes: tuple[Value, ...]


def signature(text: str) -> tuple[Argument, ...]:
    """Reads `float32[n,3] int32[n]`."""
    if not text.strip() or _ARGUMENT.sub("", text).strip(" ,"):
        raise SignatureError(f"{text!r} is no signature; one is written like 'float32[n,3] int32[n]'")
    return tuple(
        Argument(dtype, tuple(int(d) if d.strip().isdigit() else d.strip() for d in inner.split(",") if d.strip()))
        for dtype, inner in _ARGUMENT.findall(text)
    )


def calls(arguments: Sequence[Argument]) -> list[Call]:
    """What Hypothesis chooses, the same each time."""
    import warnings

    from hypothesis import HealthCheck, Phase, given, settings

    found: list[Call] = []

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(_strategy(arguments))
    def collect(call: Call) -> None:
        found.append(call)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found


def _strategy(arguments: Sequence[Argument]) -> SearchStrategy[Call]:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp

    @st.composite
    def call(draw: Callable[..., Any]) -> Call:
        names = sorted({d for a in arguments for d in a.dimensions if isinstance(d, str)})
        lengths = {name: draw(st.integers(1, LONGEST)) for name in names}
        found = []
        for argument in arguments:
            shape = tuple(lengths[d] if isinstance(d, str) else d for d in argument.dimensions)
            numbers = st.floats(-4, 4, width=16) if argument.dtype.startswith("float") else st.integers(0, LONGEST)
            elements = st.booleans() if argument.dtype == "bool" else numbers
            found.append(draw(hnp.arrays(argument.dtype, shape, elements=elements)))
        return tuple(found)

    return call()


def driver(case: Case, function: str, batch: Sequence[Call], backs: Sequence[Array | None], old: bool) -> Case:
    """A program that calls the function of a program, which is a module beside it."""
    arrays: dict[str, Array] = {f"{i}_{j}": a for i, call in enumerate(batch) for j, a in enumerate(call)}
    arrays |= {f"back_{i}": back for i, back in enumerate(backs) if back is not None}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    data = base64.b64encode(buffer.getvalue()).decode()
    head, _, tail = _COMMON.partition("\ndata =")
    body = (_OLD if old else _NEW).format(function=function)
    end = f"\ndata ={tail}".format(data=data, count=len(batch), arity=len(batch[0]))
    text = head.format(module=Path(case.name).stem) + body + end
    return Case(text, "tf2migrate_calls.py", case.folder, (*case.neighbours, (case.name, case.text)))


def answers(trace: Trace) -> list[Answer]:
    """What the driver tells of each call, in order."""
    found: list[Answer] = []
    rows = sorted(
        (s.order, name, s.value) for name in ("result", "slope", "raised", "count") for s in trace.values.get(name, ())
    )
    results: list[Value] = []
    slopes: list[Value] = []
    raised = False
    for _, name, value in rows:
        if name == "result":
            results.append(value)
        elif name == "slope":
            slopes.append(value)
        elif name == "raised":
            raised = bool(value.array[0])
        else:
            found.append(Answer(raised, tuple(results), tuple(slopes)))
            results, slopes, raised = [], [], False
    return found


Run = Callable[[Sequence[Call], Sequence[Array | None]], tuple[list[Answer], list[Answer]]]


def judge_function(name: str, arguments: Sequence[Argument], run: Run, tolerance: Tolerance) -> Point:
    """The function's point: equal on all that Hypothesis chose and gradient ascent found, or where it is not."""
    batch = calls(arguments)
    old, new = run(batch, [None] * len(batch))
    seen = sum(bool(a.results) for a in old)
    point = _differs(name, batch, old, new, tolerance, "")
    if point is not None:
        return point
    if not seen:
        return Point(
            "function", name, Judgement.EQUAL, counts=False, detail="it raised at every call, or returned nothing"
        )
    climbed, count = 0, len(batch)
    best = sorted(range(count), key=lambda i: -float(sum(np.abs(x.astype(float)).sum() for x in batch[i])))[:CLIMBERS]
    batch, old, new = [batch[i] for i in best], [old[i] for i in best], [new[i] for i in best]
    for _ in range(CLIMBS):
        backs = [_apart(a, b) for a, b in zip(old, new, strict=True)]
        old, new = run(batch, backs)
        moved = [_moved(call, a, b) for call, a, b in zip(batch, old, new, strict=True)]
        if all(m is None for m in moved):
            break
        batch = [m or call for m, call in zip(moved, batch, strict=True)]
        climbed += 1
        old, new = run(batch, [None] * len(batch))
        point = _differs(name, batch, old, new, tolerance, f" after {climbed} steps of gradient ascent")
        if point is not None:
            return point
    detail = (
        f"{seen} of {count} generated calls returned the same"
        + f", and so after {climbed} steps of gradient ascent" * bool(climbed)
    )
    return Point("function", name, Judgement.EQUAL, times=count, detail=detail, computed=True)


def _differs(
    name: str, batch: Sequence[Call], old: Sequence[Answer], new: Sequence[Answer], tolerance: Tolerance, how: str
) -> Point | None:
    """The simplest call on which they differ: the fewest numbers, then the smallest."""
    failing: list[tuple[int, float, Judgement, str, float, float]] = []
    for call, a, b in zip(batch, old, new, strict=True):
        shown = ", ".join(np.array2string(x, precision=4, threshold=12, separator=", ").replace("\n", "") for x in call)
        size, magnitude = sum(x.size for x in call), float(sum(np.abs(x.astype(float)).sum() for x in call))
        if a.raised or b.raised or len(a.results) != len(b.results):
            if a.raised != b.raised or len(a.results) != len(b.results):
                said = "only one side raises" if a.raised != b.raised else "another number of results"
                failing.append((size, magnitude, Judgement.DIFFERENT, f"{said} at ({shown}){how}", 0.0, 0.0))
            continue
        for x, y in zip(a.results, b.results, strict=True):
            found = compare(x, y, name, 0, scale_of([x]), tolerance)
            if found.judgement is not Judgement.EQUAL:
                detail = f"{found.detail} at ({shown}){how}"
                failing.append((size, magnitude, found.judgement, detail, found.max_abs, found.max_rel))
    if not failing:
        return None
    _, _, judgement, detail, apart, relative = min(failing)
    return Point(
        "function", name, judgement, times=len(batch), max_abs=apart, max_rel=relative, detail=detail, computed=True
    )


def _apart(old: Answer, new: Answer) -> Array | None:
    """By how much the first results differ: what is climbed on."""
    if not old.results or not new.results or old.results[0].array.dtype.kind != "f":
        return None
    a, b = (np.asarray(s.results[0].array, old.results[0].dtype).reshape(old.results[0].shape) for s in (old, new))
    apart = a - b
    # where nothing differs yet every direction is as good as another
    found: Array = np.where(apart == 0, np.ones_like(apart), apart)
    return found


def _moved(call: Call, old: Answer, new: Answer) -> Call | None:
    """The call, moved to where the difference grows fastest; None where there is no slope."""
    if not old.slopes or len(old.slopes) != len(new.slopes):
        return None
    pairs = iter(zip(old.slopes, new.slopes, strict=True))
    moved: list[Array] = []
    for array in call:
        if array.dtype.kind != "f":
            moved.append(array)
            continue
        a, b = next(pairs)
        if (
            a.array.size != array.size
            or b.array.size != array.size
            or a.array.dtype.kind != "f"
            or b.array.dtype.kind != "f"
        ):
            return None
        slope = (a.array - b.array).reshape(array.shape)
        # the slopes of equal functions cancel: then it goes where both grow, out of the range that was chosen
        slope = np.where(np.abs(slope) > 1e-6 * np.abs(a.array).max(initial=0), slope, a.array.reshape(array.shape))
        largest = float(np.abs(slope).max(initial=0))
        if not np.isfinite(largest) or largest == 0:
            return None
        moved.append((array + slope / largest).astype(array.dtype))
    return tuple(moved)
