"""What the converter writes lints clean: the rules are its post-condition."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.migrate import migrate

PROGRAMS = sorted((Path(__file__).parents[2] / "fixtures" / "programs").glob("*/tf2.py"))


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.parent.name for path in PROGRAMS])
def test_nothing_is_said_of_what_the_converter_writes(path: Path) -> None:
    assert [str(finding) for finding in migrate(path.read_text(encoding="utf-8")).findings] == []
