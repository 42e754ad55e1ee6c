"""Seeds, shuffles and what runs are fed, without TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from tf2migrate.verify.compare import Tolerance
from tf2migrate.verify.feeds import judge_feeds
from tf2migrate.verify.randomness import judge_seeds, judge_shuffles
from tf2migrate.verify.settings import Settings
from tf2migrate.verify.sourcemap import Lines
from tf2migrate.verify.trace import Call, Seeds, Shuffle, Site, Trace, Value
from tf2migrate.verify.verdict import Judgement, Point

ONE, TWO, THREE = (Site("a.py", n) for n in (1, 2, 3))
PER_EPOCH = Shuffle("data", ONE, 100, True, (1, 0))


def shuffles(old: list[Shuffle], new: list[Shuffle]) -> list[tuple[Judgement, str]]:
    return [(p.judgement, p.detail) for p in judge_shuffles(Trace(shuffles=old), Trace(shuffles=new))]


@pytest.mark.parametrize(
    ("new", "judgement", "detail"),
    [
        ([PER_EPOCH], Judgement.EQUAL, ""),
        ([PER_EPOCH, Shuffle("data", TWO, 100, True, (1, 0))], Judgement.EQUAL, ""),
        ([Shuffle("data", TWO, None, True, None)], Judgement.EQUAL, ""),  # what is not known is not judged
        ([], Judgement.MISSING, "1 shuffles became 0"),
        ([Shuffle("data", TWO, 100, False, (1, 0))], Judgement.DIFFERENT, "anew in each epoch, and is once"),
        ([Shuffle("data", TWO, 1, True, (1, 0))], Judgement.DIFFERENT, "a buffer of 100 became one of 1"),
        ([Shuffle("data", TWO, 100, True, (2, 1))], Judgement.DIFFERENT, "batches, or rows"),
    ],
)
def test_a_shuffle_is_as_it_was(new: list[Shuffle], judgement: Judgement, detail: str) -> None:
    [(found, said)] = shuffles([PER_EPOCH], new)
    assert found is judgement
    assert detail in said


def test_a_queue_becomes_a_data_set_with_a_buffer_of_its_own() -> None:
    queue = Shuffle("queue", ONE, None, True, None)
    assert shuffles([queue], [PER_EPOCH]) == [(Judgement.EQUAL, "")]
    [(found, said)] = shuffles([queue], [Shuffle("data", ONE, 10, False, (1,))])
    assert (found, "each epoch" in said) == (Judgement.DIFFERENT, True)
    assert shuffles([], [PER_EPOCH]) == []


@pytest.mark.parametrize(
    ("old", "new", "fails"),
    [
        (Seeds((), 2), Seeds(((ONE, TWO),), 2), True),  # two that were drawn apart are the same
        (Seeds(((ONE,), (TWO,)), 2), Seeds(((ONE, TWO),), 2), True),
        (Seeds(((ONE, TWO),), 2), Seeds(((ONE, TWO),), 2), False),  # they were the same before
        (Seeds((), 1), Seeds(((ONE, TWO),), 2), False),  # one op, written in two functions
        (Seeds((), 2), Seeds(((ONE,), (TWO,)), 2), False),
        (Seeds((), 2), Seeds((), 2), False),
    ],
)
def test_a_seed_that_is_used_again(old: Seeds, new: Seeds, fails: bool) -> None:
    points = judge_seeds(Trace(seeds={"normal (2,) float32": old}), Trace(seeds={"normal (2,) float32": new}))
    assert [(p.name, p.new) for p in points if p.fails] == [("normal (2,) float32", TWO)] * fails


def test_what_is_initialized_again_is_drawn_again() -> None:
    key = "uniform [2] float32"
    old = Trace(seeds={key: Seeds((), 2)}, draws={key: (2, 4, 0)})
    assert not list(judge_seeds(old, Trace(seeds={key: Seeds(((ONE, ONE), (TWO, TWO)), 4)})))
    assert list(judge_seeds(old, Trace(seeds={key: Seeds(((ONE, TWO, ONE, TWO),), 4)})))


@pytest.mark.parametrize(("old", "new", "fails"), [(0, 1, False), (2, 2, False), (1, 20, True)])
def test_the_seed_of_all_draws_set_again(old: int, new: int, fails: bool) -> None:
    draws = {"normal [2] float32": (0, 0, 20)}
    points = list(judge_seeds(Trace(seeded=old, draws=draws), Trace(seeded=new, draws=draws)))
    assert [p.fails for p in points] == [True] * fails


def call(site: Site, name: str, order: int, **given: object) -> Call:
    def value(array: object) -> Value:
        found = np.asarray(array, np.float32)
        return Value(found.shape, "float32", found.ravel())

    return Call(order, site, 0.0, (), tuple((n, value(v)) for n, v in given.items()), name)


def fed(old: list[Call], new: list[Call], runs: tuple[Point, ...] = ()) -> list[Point]:
    lines = {} if runs else {Lines(1, 1): Lines(2, 3)}
    return list(judge_feeds(Trace(runs=old), Trace(calls=new), Tolerance(Settings()), lines, runs))


def test_what_a_run_is_fed_is_what_the_function_in_its_place_is_given() -> None:
    runs = [call(ONE, "", i, x=[1.0, i], keep=0.5) for i in range(3)]
    same = [call(TWO, "f", i, x=[1.0, i]) for i in range(3)]  # keep is no parameter any more
    assert [(p.name, p.judgement) for p in fed(runs, same)] == [("x", Judgement.EQUAL)]
    stale = [call(TWO, "f", i, x=[1.0, 0]) for i in range(3)]
    [point] = fed(runs, stale)
    assert (point.fails, point.name, point.first, point.old, point.new) == (True, "x", 1, ONE, TWO)
    half = [call(THREE, "f", i, x=[1.0]) for i in range(3)]
    assert [p.judgement for p in fed(runs, half) if p.fails] == [Judgement.SHAPE]


def test_only_what_stands_in_the_place_of_the_run_is_compared() -> None:
    runs = [call(ONE, "", 0, x=[1.0])]
    assert fed(runs, [call(Site("a.py", 9), "f", 0, x=[2.0])]) == []
    assert fed(runs, [call(TWO, "f", i, x=[2.0]) for i in range(2)]) == []  # called more often
    beside = [call(TWO, "g", 0, x=[2.0]), call(TWO, "f", 0, x=[1.0])]  # two functions on one line
    assert [p.judgement for p in fed(runs, beside)] == [Judgement.EQUAL]
    found = Point("run", "loss", Judgement.EQUAL, ONE, Site("a.py", 9))
    assert [p.fails for p in fed(runs, [call(Site("a.py", 9), "f", 0, x=[2.0])], (found,))] == [True]


def test_what_is_given_in_another_form_is_told_only() -> None:
    [point] = fed([call(ONE, "", 0, y=[[0.0, 1.0]])], [call(TWO, "f", 0, y=[1.0])])
    assert (point.judgement, point.fails) == (Judgement.SHAPE, False)
