"""Points and verdicts, without TensorFlow."""

# ruff: noqa: E501 (text that is read as a whole)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tf2migrate.verify.check import conclude, steady
from tf2migrate.verify.compare import Tolerance, compare
from tf2migrate.verify.judge import judge
from tf2migrate.verify.plan import PlanError, plan
from tf2migrate.verify.printed import judge_prints
from tf2migrate.verify.settings import Settings
from tf2migrate.verify.steps import cap
from tf2migrate.verify.trace import Print, Site, Trace, Value, read_events
from tf2migrate.verify.verdict import Judgement, Point, Status, Verdict

TOLERANCE = Tolerance(Settings())


def value(array: object) -> Value:
    found = np.asarray(array)
    return Value(found.shape, found.dtype.name, found.ravel())


def lines(*texts: str) -> list[Print]:
    return [Print(i, Site("a.py", i + 1), text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("old", "new", "judgement"),
    [
        ([1.0, 2.0], [1.0, 2.00001], Judgement.EQUAL),
        ([1.0, 2.0], [1.0, 2.01], Judgement.DIFFERENT),
        ([1.0, 1e-9], [1.0, 2e-9], Judgement.EQUAL),
        ([1, 2], [1, 3], Judgement.DIFFERENT),
        ([1, 2], [1.0, 2.0], Judgement.DTYPE),
        ([True], [1], Judgement.DTYPE),
        ([1.0, 2.0], [[1.0, 2.0]], Judgement.SHAPE),
        ([1.0, np.nan], [1.0, 2.0], Judgement.NAN),
        ([1.0, np.nan], [1.0, np.nan], Judgement.EQUAL),
        ([np.inf], [np.inf], Judgement.EQUAL),
        ([np.inf], [-np.inf], Judgement.DIFFERENT),
        ([], [], Judgement.EQUAL),
    ],
)
def test_compare(old: object, new: object, judgement: Judgement) -> None:
    assert compare(value(old), value(new), "x", 0, 1.0, TOLERANCE).judgement is judgement


def test_tolerance_grows_and_can_be_given() -> None:
    assert TOLERANCE.rtol("x", "float32", 50) == 2 * TOLERANCE.rtol("x", "float32", 0)
    assert TOLERANCE.rtol("x", "float32", 10**9) == 2e-3
    own = Tolerance(Settings(tolerances=(("loss", 0.5),), rtol=0.1))
    assert (own.rtol("value loss", "float32", 3), own.rtol("value x", "float32", 3)) == (0.5, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        (["loss 0.5"], ["loss 0.5000001"], []),
        (["loss 0.51234"], ["loss 0.51235"], []),
        (["loss 0.5"], ["loss 0.6"], ["different"]),
        (["hits 0.75"], ["hits 0.76"], ["different"]),
        (["step 1"], ["step 2"], ["different"]),
        (["loss nan"], ["loss 0.5"], ["NaN on one side"]),
        (["a", "b"], ["a"], ["missing"]),
        (["a"], ["a", "b"], ["extra"]),
        (["Tensor('x:0', shape=())", "a"], ["3.0", "a"], []),
        (["[[1. 2.]\n [3. 4.]]"], ["[[1. 2.] [3. 4.]]"], []),
        (["one thing"], ["another"], ["different"]),
        (["[1.5, 2, True, 'np.x']"], ["[np.float32(1.5), np.int64(2), np.True_, 'np.x']"], []),  # of NumPy 1 and 2
        (["[1.5, 2]"], ["[np.float32(1.5), np.int64(3)]"], ["different"]),
        (["x (?, 3) (?,)"], ["x (None, 3) (None,)"], []),
        (["x (?, 3)"], ["x (None, 4)"], ["different"]),
        (["is it (?)"], ["is it (None)"], ["different"]),
    ],
)
def test_prints(old: list[str], new: list[str], failing: list[str]) -> None:
    points = judge_prints(lines(*old), lines(*new), TOLERANCE)
    assert [p.judgement for p in points if p.fails] == failing


def test_times_count_unless_the_program_looks_at_a_clock() -> None:
    pair = lines("time 3.5"), lines("time 9.5")
    assert [p.fails for p in judge_prints(*pair, TOLERANCE)] == [True]
    assert [p.fails for p in judge_prints(*pair, TOLERANCE, clock=True)] == [False]


def test_text_files_are_compared() -> None:
    old, new = Trace(files={"a.csv": b"1.5,2\n"}), Trace(files={"a.csv": b"1.5,3\n"})
    [point] = judge(old, new, Settings())
    assert (point.kind, point.name, point.fails) == ("file", "a.csv", True)
    [missing] = judge(old, Trace(), Settings())
    assert missing.judgement is Judgement.MISSING


def test_draws_once_too_few() -> None:
    old, new = Trace(draws={"normal [2] float32": (1, 1, 9)}), Trace(draws={"normal [2] float32": (0, 0, 1)})
    [point] = judge(old, new, Settings())
    assert point.fails
    assert "drawn once" in point.detail
    assert not judge(old, new, Settings(shared_randomness=False))


def test_initial_values_may_be_drawn_once_and_assigned_again() -> None:
    old, new = Trace(draws={"normal [2] float32": (1, 3, 0)}), Trace(draws={"normal [2] float32": (0, 0, 1)})
    assert not [p for p in judge(old, new, Settings()) if p.fails]


def test_nothing_computed_is_never_equivalent() -> None:
    said = Point("print", "done", Judgement.EQUAL)
    verdict = Verdict("x", Status.NOT_RUN, "")
    assert conclude(verdict, (said,), runs=True).status is Status.NOT_COMPARABLE
    shaky = Point("print", "loss", Judgement.UNSTEADY, computed=True)
    found = conclude(verdict, (said, shaky), runs=True)
    assert found.status is Status.NOT_COMPARABLE
    assert "rounding error" in found.reason
    assert conclude(verdict, (), runs=False).status is Status.NOT_COMPARABLE
    assert conclude(verdict, (said,), runs=False).status is Status.EQUIVALENT


def test_events_cut_short_are_read_to_the_cut(tmp_path: Path) -> None:
    (tmp_path / "events").write_text('["print", "a.py", 1, "x"]\n["print", "a.p', encoding="utf8")
    trace = Trace()
    read_events(tmp_path / "events", trace)
    assert [p.text for p in trace.prints] == ["x"]
    assert not trace.ok


def test_cap() -> None:
    text = "epochs = 100\nfor i in range(500):\n    x[i] = range(3, 900)\n    if i % 50 == 0: print('é', 1000)\nf(max_steps=70, size=70)\n"
    assert cap(text, 5) == (
        "epochs = 5\nfor i in range(5):\n    x[i] = range(3, 5)\n    if i % 5 == 0: print('é', 1000)\nf(max_steps=5, size=70)\n"
    )


def test_plan(tmp_path: Path) -> None:
    (tmp_path / "verify.toml").write_text(
        'salts = 2\n[programs."a.py"]\narguments = ["--fast"]\ndata = "numbers"\n', encoding="utf8"
    )
    found = plan(tmp_path / "a.py", Settings(salts=3))
    assert (found.salts, found.arguments, found.data) == (3, ("--fast",), tmp_path / "numbers")
    assert plan(tmp_path / "b.py", Settings()).arguments == ()
    (tmp_path / "verify.toml").write_text("salt = 2\n", encoding="utf8")
    with pytest.raises(PlanError, match="salt = 2 is not understood"):
        plan(tmp_path / "a.py", Settings())


def test_averages_are_told_and_do_not_count() -> None:
    name = "w/ExponentialMovingAverage:0"
    old, new = Trace(variables=[(name, False, value([1.0]))]), Trace(variables=[(name, False, value([2.0]))])
    [point] = judge(old, new, Settings())
    assert (point.judgement, point.fails) == (Judgement.DIFFERENT, False)


def test_variables_are_matched_whatever_their_names() -> None:
    old = Trace(variables=[("a:0", True, value([1.0])), ("b:0", True, value([2.0])), ("slot:0", False, value([9.0]))])
    new = Trace(variables=[("x", True, value([2.0])), ("y", True, value([1.0])), ("z", True, value([5.0]))])
    assert [p.judgement for p in judge(old, new, Settings())] == [Judgement.EQUAL, Judgement.EQUAL]
    worse = Trace(variables=[("x", True, value([2.0])), ("y", True, value([1.5]))])
    assert [(p.name, p.judgement) for p in judge(old, worse, Settings()) if p.fails] == [("a:0", Judgement.DIFFERENT)]


def test_what_a_rounding_error_changes_does_not_count() -> None:
    shaky = Point("value", "x", Judgement.DIFFERENT, max_abs=0.1)
    [found] = steady((shaky,), (replace(shaky, max_abs=0.05),))
    assert found.judgement is Judgement.UNSTEADY
    [found] = steady((shaky,), (replace(shaky, max_abs=1e-5),))
    assert found.fails


def written(**rows: list[tuple[int, list[float]]]) -> Trace:
    """A trace with scalars, or histograms where there are five numbers."""
    kinds = {tag: "histogram" if len(found[0][1]) > 1 else "scalar" for tag, found in rows.items()}
    told = {("logs", tag, kinds[tag]): [(step, tuple(row)) for step, row in found] for tag, found in rows.items()}
    return Trace(summaries=told, writer=True)


SEVEN = [-1.0, 2.0, 7.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("old", "new", "judgement"),
    [
        ({"loss": [(0, [1.0]), (1, [0.5])]}, {"loss": [(1, [0.5]), (0, [1.0])]}, Judgement.EQUAL),
        ({"loss": [(0, [1.0]), (1, [0.5])]}, {"loss": [(0, [1.0]), (1, [0.6])]}, Judgement.DIFFERENT),
        ({"loss": [(0, [1.0])]}, {"loss": [(1, [1.0])]}, Judgement.DIFFERENT),
        ({"loss": [(0, [1.0])]}, {"loss": [(0, [1.0]), (1, [1.0])]}, Judgement.EXTRA),
        ({"loss": [(0, [1.0])]}, {}, Judgement.MISSING),
        ({"loss_1": [(0, [1.0])]}, {"loss": [(0, [1.0])]}, Judgement.EQUAL),
        ({"global_step/sec": [(0, [1.0])]}, {}, None),
        ({"w": [(0, SEVEN)]}, {"w": [(0, [-1.0, 2.0, 7.0, 2.8, 3.1])]}, Judgement.EQUAL),
        ({"w": [(0, SEVEN)]}, {"w": [(0, [-1.0, 2.0, 7.0, 3.2, 3.9])]}, Judgement.DIFFERENT),
        ({"w": [(0, SEVEN)]}, {"w": [(0, [-1.0, 2.0, 8.0, 2.8, 3.1])]}, Judgement.DIFFERENT),
        ({"w": [(0, SEVEN)]}, {"w": [(0, [-1.0, 2.1, 7.0, 2.8, 3.1])]}, Judgement.DIFFERENT),
    ],
)
def test_summaries(
    old: dict[str, list[tuple[int, list[float]]]],
    new: dict[str, list[tuple[int, list[float]]]],
    judgement: Judgement | None,
) -> None:
    points = judge(written(**old), written(**new), Settings(shared_randomness=False))
    assert [p.judgement for p in points] == ([] if judgement is None else [judgement])


def test_a_summary_of_what_the_run_updates_may_be_a_step_apart() -> None:
    before = written(rate=[(0, [1.0]), (1, [2.0]), (2, [3.0])])
    after = written(rate=[(0, [2.0]), (1, [3.0]), (2, [4.0])])
    apart = replace(before, raced=frozenset({"rate"}))
    far = written(rate=[(0, [2.0]), (1, [3.0]), (2, [9.0])])
    for old, new, fails in [(before, after, True), (apart, after, False), (apart, far, True)]:
        assert [p.fails for p in judge(old, new, Settings(shared_randomness=False))] == [fails]


def test_what_a_training_loop_wrote_by_itself_need_not_be_there() -> None:
    old = replace(written(loss=[(0, [1.0])]), writer=False)
    assert [(p.judgement, p.fails) for p in judge(old, Trace(), Settings())] == [(Judgement.MISSING, False)]
