"""Programs of estimators: what they become, and that it prints what TensorFlow 1.15 printed.

There is no estimator in TensorFlow 2.21, also not under `tf.compat.v1`. So the old side is what TensorFlow 1.15.0
printed on Python 3.7, kept beside each program as `tf1.txt`; fixtures/estimators/README.md says how to record it again.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from test_rules import differences, outputs

from tf2migrate.facts.program import Program
from tf2migrate.leftovers import leftovers
from tf2migrate.migrate import migrate

FIXTURES = Path(__file__).parents[1] / "fixtures" / "estimators"
PROGRAMS = sorted(p for p in FIXTURES.iterdir() if (p / "tf1.py").exists())


def text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda p: p.name)
def test_a_program_becomes_what_is_written_beside_it(folder: Path) -> None:
    migration = migrate(text(folder, "tf1.py"))
    assert migration.after == text(folder, "tf2.py")
    assert not migration.remaining
    assert migrate(migration.after).after == migration.after
    assert not leftovers(Program(migration.after))


def test_an_input_function_with_an_argument_that_it_does_not_have_is_refused() -> None:
    before = text(FIXTURES / "images", "tf1.py")
    after = migrate(before.replace("batch_size=", "batch_sise=", 1))
    assert after.before == after.after
    assert any(f.code.startswith("TFM9") and "batch_sise" in f.message for f in after.findings)


@pytest.mark.tensorflow
def test_what_it_prints_is_what_tensorflow_1_printed() -> None:
    new = outputs("new", [text(p, "tf2.py") for p in PROGRAMS])
    old = [text(p, "tf1.txt") for p in PROGRAMS]
    assert all(old)
    found = {p.name: differences(a, b) for p, a, b in zip(PROGRAMS, old, new, strict=True)}
    assert not any(found.values()), found
