"""What several test modules use."""

from __future__ import annotations

import fcntl
import io
import itertools
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from stub import Ran, Run, stage

from tf2migrate import cli, migrate

_COUNT = itertools.count()

# Tests start the command some hundred times: each start would compile all of its modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples in every run: what fails once fails again.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of one test, or of the user, is known in another: the stages are not always the same."""
    monkeypatch.setenv("TF2MIGRATE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache{next(_COUNT)}"))


@pytest.fixture(scope="session")
def old_outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the old programs of the fixtures print, by their names: they are run once for all workers."""
    from test_programs import PROGRAMS
    from test_rules import outputs

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    known = shared / "old_outputs.json"
    with (shared / "old_outputs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            found = outputs("old", [(p / "tf1.py").read_text(encoding="utf-8") for p in PROGRAMS])
            known.write_text(json.dumps(dict(zip((p.name for p in PROGRAMS), found, strict=True))), encoding="utf-8")
    printed: dict[str, str] = json.loads(known.read_text(encoding="utf-8"))
    return printed


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
