"""Two devices are compared with every salt, not with the last one only."""

from __future__ import annotations

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
