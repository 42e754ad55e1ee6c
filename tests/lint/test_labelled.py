"""The labelled cases: every wrong line is found but those known to be missed, and nothing else is said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from measure import Case, cases

EVERY = cases()


@pytest.mark.parametrize("case", EVERY, ids=[case.name for case in EVERY])
def test_what_is_labelled_is_found(case: Case) -> None:
    assert case.found() == case.wrong - case.missed


def test_there_are_enough_of_both_kinds() -> None:
    assert len(EVERY) >= 300
    assert sum(not case.wrong for case in EVERY) >= 100
