"""Lines per second of tf2migrate and of the official converter, tf_upgrade_v2, in one run on the same files.

Beside them, for scale and where they are installed, ruff, pyupgrade and Fixit, which do less with each line.

    python benchmarks/compare.py FOLDER [--repeat 3]

Every Python file below FOLDER that speaks of TensorFlow and that Python 3 can parse is copied to a temporary folder.
Each tool runs there on all of them, in one process, cold; `again` is tf2migrate's second run, with nothing changed. The
seconds are those of the processor; those to start (measured on a one-line program) are shown apart. The converter needs
an installed TensorFlow; its `--intree` ends at the first file that it fails on, so it is called file by file
(converter.py).
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OURS = [sys.executable, "-m", "tf2migrate"]
CONVERTER = [sys.executable, str(Path(__file__).with_name("converter.py"))]
#: Other tools, in one process and without a cache.
SCALE = {
    "ruff": ["check", "--no-cache", "--select", "ALL", "--exit-zero", "--quiet", "{in}"],
    "pyupgrade": ["--py311-plus", "--exit-zero-even-if-changed", "{files}"],
    "fixit": ["--quiet", "lint", "{in}"],
}
SMALLEST = "import tensorflow as tf\n"


@dataclass(frozen=True, slots=True)
class Measure:
    """The best times of one command: to start, and to treat all files, in seconds."""

    name: str
    start: float
    total: float

    @property
    def work(self) -> float:
        return max(self.total - self.start, 0.01)  # all that the clock of a process can tell apart


def programs(folder: Path) -> list[str]:
    """The texts of the files to measure with."""
    texts = []
    for path in sorted(folder.rglob("*.py")):
        try:
            text = path.read_text(encoding="utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        if "tensorflow" in text:
            texts.append(text)
    return texts


def seconds(command: Sequence[str], texts: Sequence[str], repeat: int, again: bool) -> float:
    """The best time of a command on a fresh copy of the programs; `{in}` and `{out}` stand for the folders.

    With `again` the first run is not counted: what it kept serves the others.
    """
    best = float("inf")
    kept = tempfile.mkdtemp()
    for number in range(repeat + again):
        with tempfile.TemporaryDirectory() as name:
            source = Path(name, "in")
            source.mkdir()
            files = [source / f"p{number:04}.py" for number in range(len(texts))]
            for file, text in zip(files, texts, strict=True):
                file.write_text(text, encoding="utf-8")
            filled = [part.replace("{in}", str(source)).replace("{out}", str(Path(name, "out"))) for part in command]
            if "{files}" in filled:
                filled = [*filled[:-1], *map(str, files)]
            began = processor_time()
            done = subprocess.run(filled, cwd=name, env=environment(kept), capture_output=True, text=True)
            if number or not again:
                best = min(best, processor_time() - began)
        if done.returncode not in (0, 1):
            sys.exit(f"{' '.join(filled)[:200]} failed:\n{done.stderr[-2000:]}")
    shutil.rmtree(kept)
    return best


def processor_time() -> float:
    """What the commands so far have used of the processor: other work on the machine counts little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment(kept: str) -> dict[str, str]:
    """The caller's, with this checkout importable, a cache folder of its own, and TensorFlow silent.

    Byte code of modules is kept beside, as it is for what is installed, whatever the caller has set: else each start
    would compile this checkout anew.
    """
    here = str(Path(__file__).resolve().parents[1])
    ours = {"PYTHONPATH": here, "TF2MIGRATE_CACHE_DIR": kept, "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **ours, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def measure(name: str, command: Sequence[str], texts: Sequence[str], repeat: int) -> Measure:
    again = name.endswith("again")
    return Measure(name, seconds(command, [SMALLEST], repeat, again), seconds(command, texts, repeat, again))


def table(measures: Sequence[Measure], lines: int) -> str:
    """Lines per second, without and with the start, and how they compare with the last measure."""
    base = measures[-1]
    rows = [f"{'':24}{'start':>8}{'work':>9}{'lines/s':>10}{'ratio':>8}{'with start':>13}{'ratio':>8}"]
    for m in measures:
        rows.append(
            f"{m.name:24}{m.start:7.2f}s{m.work:8.2f}s{lines / m.work:10.0f}{base.work / m.work:7.1f}x"
            f"{lines / m.total:13.0f}{base.total / m.total:7.1f}x"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each command, of which the best counts")
    options = parser.parse_args()
    texts = programs(options.folder)
    if not texts:
        sys.exit(f"{options.folder}: no TensorFlow program")
    lines = sum(text.count("\n") for text in texts)
    commands = [
        ("tf2migrate", [*OURS, "-j", "1", "--no-cache", "{in}"]),
        ("tf2migrate --target lint", [*OURS, "-j", "1", "--no-cache", "--target", "lint", "{in}"]),
        ("tf2migrate, again", [*OURS, "-j", "1", "{in}"]),
        ("tf2migrate --fix", [*OURS, "-j", "1", "--no-cache", "--fix", "{in}"]),
        *((name, [tool, *arguments]) for name, arguments in SCALE.items() if (tool := shutil.which(name))),
        ("tf_upgrade_v2", [*CONVERTER, "{in}", "{out}"]),
    ]
    print(f"{len(texts)} files, {lines} lines, best of {options.repeat}, one process each")
    print(table([measure(name, command, texts, options.repeat) for name, command in commands], lines))


if __name__ == "__main__":
    main()
