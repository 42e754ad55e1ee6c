"""Two devices are compared with every salt, not with the last one only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.trace import Trace
from tf2migrate.verify.verdict import Status, Verdict

CASE = Case("", "a.py")


class Noted(Checker):
    """Programs that agree on each device, and differ between two of them with some salts."""

    def __init__(self, settings: Settings, different: frozenset[int]) -> None:
        super().__init__(settings)
        self.different, self.seen = different, list[tuple[object, ...]]()

    def once(self, old: Case, new: Case, salt: int, device: str, blank: Verdict) -> Verdict:
        self.seen.append((salt, device))
        self.traces[device] = Trace(), Trace()
        salts, ran = dict.fromkeys((*blank.salts, salt)), dict.fromkeys((*blank.ran, device))
        return replace(blank, status=Status.EQUIVALENT, salts=tuple(salts), ran=tuple(ran))

    def across(self, verdict: Verdict) -> Verdict:
        self.seen.append((verdict.salts[-1], *self.traces))
        differs = verdict.salts[-1] in self.different
        return replace(verdict, status=Status.DIFFERENT if differs else Status.EQUIVALENT)


@pytest.mark.parametrize(("different", "last"), [(frozenset[int](), 9), (frozenset({8}), 8), (frozenset({7, 9}), 7)])
def test_every_salt_is_compared_across_devices(different: frozenset[int], last: int) -> None:
    checker = Noted(Settings(salts=3, devices=("cpu", "gpu")), different)
    found = checker.check(CASE, CASE)
    salts = range(7, last + 1)
    assert checker.seen == [seen for n in salts for seen in [(n, "cpu"), (n, "gpu"), (n, "cpu", "gpu")]]
    assert found.equivalent is not bool(different)
    assert (found.salts, found.ran) == (tuple(salts), ("cpu", "gpu"))


def test_one_device_is_compared_with_no_other() -> None:
    checker = Noted(Settings(salts=2), frozenset({7}))
    assert checker.check(CASE, CASE).equivalent
    assert checker.seen == [(7, "cpu"), (8, "cpu")]


PLACED = """import tensorflow as tf
with tf.device({0!r}):
    w = tf.Variable([3.0, 4.0])
@tf.function
def compute_y():
    with tf.device({0!r}):
        return tf.reduce_sum(2 * w){1}
print("y", compute_y().numpy())
"""
OLD = """import tensorflow as tf
w = tf.Variable([3.0, 4.0])
y = tf.reduce_sum(2 * w)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("y", sess.run(y))
"""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Checker]:
    with Checker(Settings(devices=("cpu:1",))) as found:
        yield found


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("device", "more", "reason"),
    [
        # what only another device computes is another number
        ("/cpu:1", " + float('CPU:1' in w.device)", "14.0 became 15.0"),
        # kept from the device to which the old program goes when it is sent there
        ("/cpu:0", "", "placement on cpu:1: different, computed on CPU 0, CPU 1, and now on CPU 0"),
        ("/cpu:1", "", ""),
    ],
)
def test_what_another_device_shows(stand_in: Checker, device: str, more: str, reason: str) -> None:
    found = stand_in.check(Case(OLD, "old.py"), Case(PLACED.format(device, more), "new.py"))
    assert found.status is (Status.DIFFERENT if reason else Status.EQUIVALENT), found.reason
    assert reason in found.reason
