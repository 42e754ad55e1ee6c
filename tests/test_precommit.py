"""The hooks, run by pre-commit itself in a git repository. Their environment is this one: nothing is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
OLD = "import tensorflow as tf\nopt = tf.keras.optimizers.Adam(lr=0.1)\n"
NEW = OLD.replace("lr=", "learning_rate=")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a script, a notebook and a folder that is left out, which uses both hooks of a copy of ours."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (hooks / ".pre-commit-hooks.yaml").write_text(text.replace("language: python", "language: system"))
    git(hooks, "init", "-q")
    git(hooks, "add", "-A")
    git(hooks, "commit", "-qm", "hooks")
    command = tmp_path / "bin" / "tf2migrate"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tf2migrate "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GIT_DIR", raising=False)
    folder = tmp_path / "repository"
    (folder / "third_party").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {git(hooks, 'rev-parse', 'HEAD')}\n"
        "  hooks:\n  - id: tf2migrate\n  - id: tf2migrate-fix\n"
    )
    (folder / "pyproject.toml").write_text('[tool.tf2migrate]\nextend-exclude = ["third_party/"]\n')
    (folder / "train.py").write_text(OLD)
    (folder / "notes.txt").write_text(OLD)
    (folder / "third_party" / "old.py").write_text(OLD)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": OLD}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (folder / "train.ipynb").write_text(json.dumps(book))
    git(folder, "add", "-A")
    return folder


def precommit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_hook_reports_scripts_and_notebooks_and_changes_nothing(repository: Path) -> None:
    done = precommit(repository, "run", "tf2migrate", "--all-files")
    assert done.returncode == 1, done.stderr
    assert "train.py:2:" in done.stdout
    assert "train.ipynb:cell 1:2:" in done.stdout
    assert "old.py" not in done.stdout
    assert "notes.txt" not in done.stdout
    assert (repository / "train.py").read_text() == OLD


def test_the_fixing_hook_rewrites_and_passes_the_second_time(repository: Path) -> None:
    first = precommit(repository, "run", "tf2migrate-fix", "--all-files")
    assert first.returncode == 1
    assert "files were modified by this hook" in first.stdout
    assert (repository / "train.py").read_text() == NEW
    assert json.loads((repository / "train.ipynb").read_text())["cells"][0]["source"] == NEW
    assert (repository / "third_party" / "old.py").read_text() == OLD
    second = precommit(repository, "run", "--all-files")
    assert second.returncode == 0, second.stdout


def test_a_commit_is_stopped_until_it_is_clean(repository: Path) -> None:
    assert precommit(repository, "install").returncode == 0
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "commit", "-qm", "old")
    precommit(repository, "run", "tf2migrate-fix")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "new")
    assert git(repository, "log", "--format=%s") == "new"
