"""Whole programs: what they become, and that a second run changes nothing (verify/test_mutants.py runs them)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.leftovers import leftovers
from tf2migrate.migrate import migrate
from tf2migrate.model import Options

FIXTURES = Path(__file__).parents[1] / "fixtures"
PROGRAMS = sorted(p for p in (FIXTURES / "programs").iterdir() if (p / "tf1.py").exists())
REFUSED = sorted(p for p in (FIXTURES / "refused").iterdir() if (p / "tf1.py").exists())


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda p: p.name)
def test_a_program_becomes_what_is_written_beside_it(folder: Path) -> None:
    old, new = ((folder / name).read_text(encoding="utf-8") for name in ("tf1.py", "tf2.py"))
    migration = migrate(old)
    assert migration.after == new
    assert not migration.remaining
    assert migrate(new).after == new
    assert not leftovers(Program(new))


@pytest.mark.parametrize("folder", REFUSED, ids=lambda p: p.name)
def test_a_refused_program_stays_and_says_why(folder: Path) -> None:
    old = (folder / "tf1.py").read_text(encoding="utf-8")
    migration = migrate(old)
    assert migration.after == old
    stops = [f"{f.line}: {f.code} {f.message}" for f in migration.findings if f.code.startswith("TFM9")]
    assert "\n".join(stops) + "\n" == (folder / "report.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", REFUSED, ids=lambda p: p.name)
def test_a_mark_stands_once_where_a_program_is_stopped(folder: Path) -> None:
    old = (folder / "tf1.py").read_text(encoding="utf-8")
    marked = migrate(old, Options(todo=True)).after
    assert marked.count("# TODO(tf2migrate TFM9") == 1
    assert migrate(marked, Options(todo=True)).after == marked
    assert [line for line in marked.split("\n") if "TODO(tf2migrate" not in line] == old.split("\n")
