"""--watch: one report at once, and one whenever something changes."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from stub import Run

OLD = "import tensorflow as tf\no = tf.keras.optimizers.Adam(lr=0.1)\n"


def _heard() -> None:
    """Ctrl-C is heard, though a shell that starts the tests in the background has them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watched:
    """A running `tf2migrate --watch`, and what it prints."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-u", "-m", "tf2migrate", ".", "--watch", "--output-format", "concise", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_heard,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def until(self, end: str) -> str:
        """What is printed up to a line that begins so."""
        text = ""
        while True:
            line = self.lines.get(timeout=120)
            assert line, text
            text += line
            if line.startswith(end):
                return text

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def report(self) -> str:
        return self.until("Watching")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(OLD)
    return tmp_path


@pytest.fixture
def watched(folder: Path) -> Iterator[Watched]:
    one = Watched(folder)
    yield one
    one.end()


def test_changes_of_files_and_settings_are_reported_until_the_user_ends_it(folder: Path, watched: Watched) -> None:
    assert "a.py:2:" in watched.report()
    (folder / "b.py").write_text(OLD)
    both = watched.report()
    assert "a.py:2:" in both
    assert "b.py:2:" in both
    assert both.endswith("Watching 2 files; Ctrl-C ends.\n")
    (folder / "a.py").unlink()
    assert "a.py" not in watched.report()
    (folder / "pyproject.toml").write_text("[tool.tf2migrate]\nselekt = 1\n")
    assert "unknown key 'selekt'" in watched.until("Error:")
    (folder / "pyproject.toml").write_text('[tool.tf2migrate]\nignore = ["TFM5"]\n')
    assert "Nothing to report." in watched.report()
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(120) == 0


def test_fixes_are_made_as_files_are_saved(folder: Path) -> None:
    watched = Watched(folder, "--fix")
    try:
        assert "(1 fixed, 0 remaining)" in watched.report()
        assert "Nothing to report." in watched.report()
        assert "learning_rate" in (folder / "a.py").read_text()
    finally:
        watched.end()


@pytest.mark.parametrize("arguments", [("-",), (".", "--diff"), (".", "--add-noqa")])
def test_what_cannot_be_watched(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, "--watch")
    assert (ran.code, "--watch stands with files" in ran.err) == (2, True)
