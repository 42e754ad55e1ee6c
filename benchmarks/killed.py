"""Kills a rewrite of a tree, again and again at a random moment: every file must be the old or the new one, whole.

    python benchmarks/killed.py [--times 200] [--seed 1]

Two processes rewrite a tree of scripts and notebooks; the whole group gets SIGKILL somewhere between the first moment
and the end, half of the time while files are being written. Told are how many files were new by then, and what was left
beside them. Exit code 1 when a file is neither, or when a later run does not make all of them new.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "tf2migrate", "--fix", "-j", "2", "--no-cache"]


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed run left: files that are new, files that are neither, temporary files."""

    new: int
    torn: int
    temporary: int


class Tree:
    """A folder of programs, their old bytes and their new ones."""

    def __init__(self, folder: Path, files: int = 60) -> None:
        lines = "".join(f"x{number} = tf.log({number}.0)\n" for number in range(60))
        text = f"import tensorflow as tf\n{lines}"
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
        self.folder, self.old = folder, {}
        for number in range(files):
            script = number % 3
            self.old[folder / f"p{number:03}{'.py' if script else '.ipynb'}"] = (text if script else book).encode()
        self.restore()
        began = time.monotonic()
        subprocess.run([*COMMAND, str(folder)], env=environment(), stdout=subprocess.DEVNULL, check=False)
        self.seconds = time.monotonic() - began
        self.new = {path: path.read_bytes() for path in self.old}
        assert all(self.new[path] != self.old[path] for path in self.old), "nothing is rewritten"

    def restore(self) -> None:
        for path, data in self.old.items():
            path.write_bytes(data)

    def killed(self, draw: random.Random) -> Left:
        """A run that is killed: at any moment, or shortly after it began to write."""
        self.restore()
        run = subprocess.Popen(
            [*COMMAND, str(self.folder)], env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
        )
        began = time.monotonic()
        if draw.random() < 0.5:
            time.sleep(draw.random() * self.seconds)
        else:
            first = next(iter(self.old))
            while first.read_bytes() == self.old[first] and run.poll() is None and time.monotonic() - began < 60:
                time.sleep(0.001)
            time.sleep(draw.random() * 0.2)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        held = {path: path.read_bytes() for path in self.old}
        new = sum(held[path] == self.new[path] for path in held)
        torn = sum(held[path] not in (self.new[path], self.old[path]) for path in held)
        beside = [path for path in self.folder.iterdir() if path not in self.old]
        for path in beside:
            path.unlink()
        return Left(new, torn, len(beside))

    def again(self) -> bool:
        """Whether a run over what a killed one left makes every file the new one."""
        subprocess.run([*COMMAND, str(self.folder)], env=environment(), stdout=subprocess.DEVNULL, check=False)
        return all(path.read_bytes() == data for path, data in self.new.items())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(Path(name))
        left = [tree.killed(draw) for _ in range(options.times)]
        mended = tree.again()
    amid = sum(0 < one.new < len(tree.old) for one in left)
    print(f"{options.times} runs over {len(tree.old)} files killed, {amid} of them while files were being written")
    print(f"files written by then: {sum(one.new for one in left)}; torn: {sum(one.torn for one in left)}")
    print(f"runs that left a temporary file beside: {sum(one.temporary > 0 for one in left)}")
    print(f"a run after the last one {'makes' if mended else 'does NOT make'} every file new")
    sys.exit(any(one.torn for one in left) or not mended)


if __name__ == "__main__":
    main()
