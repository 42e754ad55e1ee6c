"""What verifying costs, beside running the two programs.

    python benchmarks/verify.py [NAME ...]

Each pair of fixtures/verify (or those named) is run by hand, old and new in a process of its own each, as a user would;
then it is verified, alone (TensorFlow is imported once for each side), and once more by the same two processes, as in a
folder of programs. The seconds are those of the processor: other work on the machine counts little.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tf2migrate.verify.check import Checker  # noqa: E402
from tf2migrate.verify.settings import Case, Settings  # noqa: E402

#: TensorFlow 1's API on today's TensorFlow.
OLD = """import sys, tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
sys.modules['tensorflow'] = tf
exec(compile(open(sys.argv[1]).read(), sys.argv[1], 'exec'))
"""


def processor_time() -> float:
    """What this process, and those that it started and that have ended, have used of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + time.process_time()


def run(*command: str) -> float:
    """The seconds of one program."""
    env = {**os.environ, "TF_USE_LEGACY_KERAS": "1" if "-c" in command else "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    began = processor_time()
    done = subprocess.run([sys.executable, *command], env=env | {"CUDA_VISIBLE_DEVICES": ""}, capture_output=True)
    if done.returncode:
        sys.exit(f"{command[-1]} failed:\n{done.stderr.decode()[-2000:]}")
    return processor_time() - began


def verify(sides: tuple[Case, Case], times: int) -> float:
    """The seconds of so many verifications."""
    began = processor_time()
    with Checker(Settings()) as checker:
        for _ in range(times):
            if not checker.check(*sides).equivalent:
                sys.exit("not equivalent")
    return processor_time() - began


def main() -> None:
    folders = [path for path in sorted((ROOT / "fixtures" / "verify").iterdir()) if (path / "tf2.py").exists()]
    print(f"{'':14}{'old':>8}{'new':>8}{'both':>8}{'verified':>10}{'ratio':>7}{'again':>8}{'ratio':>7}")
    rows = []
    for folder in folders:
        if sys.argv[1:] and folder.name not in sys.argv[1:]:
            continue
        old, new = (Case((folder / f"{side}.py").read_text(encoding="utf8"), f"{side}.py") for side in ("tf1", "tf2"))
        once, twice = verify((old, new), 1), verify((old, new), 2)
        rows.append((folder.name, run("-c", OLD, f"{folder}/tf1.py"), run(f"{folder}/tf2.py"), once, twice - once))
        print(line(*rows[-1]))
    print(line("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))))


def line(name: str, old: float, new: float, once: float, again: float) -> str:
    both = old + new
    return (
        f"{name:14}{old:7.1f}s{new:7.1f}s{both:7.1f}s{once:9.1f}s{once / both:6.2f}x{again:7.1f}s{again / both:6.2f}x"
    )


if __name__ == "__main__":
    main()
