"""Environments for the old side: what is said when there can be none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate.verify import setup_old
from tf2migrate.verify.setup_old import SetupError


def test_an_unknown_version() -> None:
    with pytest.raises(SetupError, match=r"knows 1\.15, 2\.15"):
        setup_old.setup_old("1.4")


def test_no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"needs Python 3\.7, and none is found"):
        setup_old.setup_old("1.15")


def test_one_made_before_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "tf2migrate" / "tensorflow-1.15"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "ready").touch()
    assert setup_old.setup_old("1.15") == str(folder / "bin" / "python")
