"""Coverage-guided fuzzing of the readers of scripts and notebooks, with atheris (`pip install atheris`).

    python benchmarks/fuzz.py [--seconds 60]

Bytes are mutated towards new branches in the package, beginning with scripts and notebooks of the fixtures. Of each it
must hold: no internal error, what comes out parses, and a second pass changes nothing. The bytes that break one of
these are written to a file, and the exit code is not 0.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
with atheris.instrument_imports(include=["tf2migrate"]):
    from tf2migrate.config import Configuration
    from tf2migrate.treat import treat

SETTINGS = Configuration({}).of(ROOT)
#: What makes a file one that is looked at; it stands before what is made up.
SCRIPT = b"import tensorflow as tf\nx = tf.placeholder(tf.float32)\n"


def check(data: bytes) -> None:
    """One round: the first byte says whether it is a script or a notebook."""
    name, held = ("a.ipynb", data[1:]) if data[:1] == b"n" else ("a.py", SCRIPT + data[1:])
    result = treat(name, held, SETTINGS)
    assert not result.failed, result.found
    if result.after == held:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        json.loads(result.after) if name == "a.ipynb" else ast.parse(result.after)
    assert treat(name, result.after, SETTINGS).after == result.after, "a second pass changes something"


def seeds(folder: Path) -> None:
    """Scripts and notebooks to begin with."""
    paths = [*(ROOT / "fixtures").rglob("tf1.py"), *(ROOT / "fixtures").rglob("*.ipynb")]
    for number, path in enumerate(p for p in paths if p.stat().st_size < 4000):
        kind = b"n" if path.suffix == ".ipynb" else b"s"
        (folder / str(number)).write_bytes(kind + path.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        options = [f"-max_total_time={seconds}", "-max_len=4000", "-timeout=60", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], *options, corpus], check)
        with contextlib.suppress(KeyboardInterrupt):
            atheris.Fuzz()


if __name__ == "__main__":
    main()
