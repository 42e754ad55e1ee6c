"""What several test modules use."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from stub import Ran, Run, stage

from tf2migrate import cli, migrate

_COUNT = itertools.count()

# Tests start the command some hundred times: each start would compile all of its modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples in every run: what fails once fails again. A machine that is busy is no failure.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--third", type=int, choices=(0, 1, 2), help="of the examples of each test, one third of them")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Another Python, or older packages, differ from these in what many examples share."""
    third = config.getoption("--third")
    if third is None:
        return
    count: Counter[str] = Counter()
    left, gone = [], []
    for item in items:
        test = item.nodeid.partition("[")[0]
        chosen = test == item.nodeid or count[test] % 3 == third
        count[test] += 1
        (left if chosen else gone).append(item)
    items[:] = left
    config.hook.pytest_deselected(items=gone)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of one test, or of the user, is known in another: the stages are not always the same."""
    monkeypatch.setenv("TF2MIGRATE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache{next(_COUNT)}"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Run:
    """Call the command line in an empty folder, with the stub as its only stage."""
    monkeypatch.setattr(migrate, "STAGES", (stage,))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        out, err = capsysbinary.readouterr()
        return Ran(int(ended.value.code or 0), out.decode(errors="surrogateescape"), err.decode())

    return call
