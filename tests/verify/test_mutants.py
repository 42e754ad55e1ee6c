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
def test_a_broken_migration_is_caught(mutant: Mutant, checker: Checker) -> None:
    right = case(mutant.program, "tf2")
    assert right.text.count(mutant.before) == 1
    wrong = replace(right, text=right.text.replace(mutant.before, mutant.after).replace(*mutant.more))
    verdict = checker.check(case(mutant.program, "tf1"), wrong)
    assert verdict.status is Status.DIFFERENT, verdict.reason
    assert mutant.point in str(verdict.failing[0]), verdict.reason


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
