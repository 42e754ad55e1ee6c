"""Broken migrations are caught, each with the right point named; right ones are not, the migrator's own among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROGRAMS, case
from mutants import MUTANTS, Mutant
from test_rules import differences

from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case
from tf2migrate.verify.verdict import Status, Verdict

#: What the migrator itself writes.
OURS = sorted(p for p in (PROGRAMS.parent / "programs").iterdir() if (p / "tf2.py").exists())


@pytest.mark.tensorflow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_broken_migration_is_caught(mutant: Mutant, checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.verify.check.suspect", lambda *_: None)  # two more runs of each; see below
    verdict = checker.check(case(mutant.program, "tf1"), broken(mutant))
    assert verdict.status is Status.DIFFERENT, verdict.reason
    assert mutant.point in str(verdict.failing[0]), verdict.reason


def broken(mutant: Mutant) -> Case:
    """What the mutant makes of the right program."""
    right = case(mutant.program, "tf2")
    assert right.text.count(mutant.before) == 1
    return replace(right, text=right.text.replace(mutant.before, mutant.after).replace(*mutant.more))


#: Where some of them begin inside the run that shows them.
BEGINS = {
    "dropout rate inverted": "inside features (tf1.py:16 and tf2.py:20)",
    "mean became sum": "inside loss (tf1.py:20 and tf2.py:30)",
    "the forger trains the judge": "inside judge/dense/kernel:0",
    "noise drawn once": "inside hidden (tf1.py:9 and tf2.py:24)",
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", BEGINS)
def test_where_inside_a_run_a_difference_begins_is_told(name: str, checker: Checker) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    verdict = checker.check(case(mutant.program, "tf1"), broken(mutant))
    assert f"it starts at {BEGINS[name]}" in verdict.reason


def programs() -> list[str]:
    return sorted(path.name for path in Path(PROGRAMS).iterdir())


@pytest.mark.tensorflow
@pytest.mark.parametrize("salt", [7, 8, 9])
@pytest.mark.parametrize("program", programs())
def test_a_correct_migration_raises_no_alarm(program: str, salt: int, checker: Checker) -> None:
    old, new = case(program, "tf1"), case(program, "tf2")
    verdict = checker.once(old, new, salt, "cpu", Verdict("", Status.NOT_RUN, ""))
    assert verdict.status is Status.EQUIVALENT, verdict.reason


@pytest.mark.tensorflow
@pytest.mark.parametrize("folder", OURS, ids=lambda p: p.name)
def test_what_the_migrator_writes_raises_no_alarm(folder: Path, checker: Checker) -> None:
    sides = [Case((folder / f"{side}.py").read_text(encoding="utf8"), f"{side}.py") for side in ("tf1", "tf2")]
    verdict = checker.check(sides[0], sides[1])
    assert verdict.status is Status.EQUIVALENT, verdict.reason
    # ... and what both printed is the same in plain sight, not in the judge's alone.
    old, new = ("".join(line.text for line in trace.prints) for trace in checker.traces["cpu"])
    assert old, "a program that prints nothing shows nothing"
    assert not differences(old, new)
