"""Whole programs: what they become, that a second run changes nothing, and that both sides print the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_rules import differences, outputs

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


@pytest.mark.tensorflow
def test_both_sides_print_the_same(old_outputs: dict[str, str]) -> None:
    old = [old_outputs[p.name] for p in PROGRAMS]
    new = outputs("new", [(p / "tf2.py").read_text(encoding="utf-8") for p in PROGRAMS])
    assert all(old), "a program that prints nothing shows nothing"
    found = {p.name: differences(a, b) for p, a, b in zip(PROGRAMS, old, new, strict=True)}
    assert not any(found.values()), found


@pytest.mark.parametrize("folder", REFUSED, ids=lambda p: p.name)
def test_a_mark_stands_once_where_a_program_is_stopped(folder: Path) -> None:
    old = (folder / "tf1.py").read_text(encoding="utf-8")
    marked = migrate(old, Options(todo=True)).after
    assert marked.count("# TODO(tf2migrate TFM9") == 1
    assert migrate(marked, Options(todo=True)).after == marked
    assert [line for line in marked.split("\n") if "TODO(tf2migrate" not in line] == old.split("\n")
