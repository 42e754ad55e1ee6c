"""What shells are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tf2migrate.rulebook import pages

ROOT = Path(__file__).parents[1]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `tf2migrate` is a command."""
    command = tmp_path / "tf2migrate"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tf2migrate "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def codes(prefix: str) -> str:
    return " ".join(code for code in pages() if code.startswith(prefix))


CASES = [
    ("tf2migrate rule TFM00", codes("TFM00")),
    ("tf2migrate ver", "verify"),
    ("tf2migrate --output-format s", "sarif"),
    ("tf2migrate --sta", "--statistics"),
    ("tf2migrate a.py --select TFM20", codes("TFM20")),
    ("tf2migrate server --st", "--stdio"),
    ("tf2migrate completion z", "zsh"),
]


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes(shell: dict[str, str]) -> None:
    script = 'eval "$(tf2migrate completion bash)"\n'
    for words, _ in CASES:
        count = len(words.split()) - 1
        script += f"COMP_WORDS=({words}); COMP_CWORD={count}; COMPREPLY=()\n"
        script += '_tf2migrate_completion tf2migrate; echo "${COMPREPLY[*]}"\n'
    done = subprocess.run(["bash", "-c", script], env=shell, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [answer for _, answer in CASES]


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_get_a_script_and_answers(shell: dict[str, str], name: str) -> None:
    command = ["tf2migrate", "completion", name]
    done = subprocess.run(command, env=shell, capture_output=True, text=True, check=True)
    assert "_TF2MIGRATE_COMPLETE" in done.stdout
    current = "TFM00" if name == "fish" else "2"
    asks = {"_TF2MIGRATE_COMPLETE": f"{name}_complete", "COMP_WORDS": "tf2migrate rule TFM00", "COMP_CWORD": current}
    done = subprocess.run(["tf2migrate"], env=shell | asks, capture_output=True, text=True, check=True)
    assert "TFM001" in done.stdout
    assert "TFM101" not in done.stdout
