"""How time and memory grow with the number of files and with their length, as a table, a picture, and a record.

    python benchmarks/growth.py [--most 10000] [--svg docs/growth.svg] [--record benchmarks/growth.tsv]

Trees of 10 to 10,000 files, of which every tenth is a program of TensorFlow 1 that is migrated; and files of 250 to
16,000 lines. Each call is one process without a cache; the seconds are the processor's, the least of three calls; the
memory is that of the process at its largest. `exponent` is the slope on logarithmic axes between the largest size and
the one two steps below, since single times vary by a third on a machine that others share: 1 is linear. What is above
1.15 there is named, and the exit code is 1. A record is a line of the commit and the figures at the largest sizes; it
is compared with the line before.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = [sys.executable, "-m", "tf2migrate", "--no-cache", "-j", "1"]
LINEAR = 1.15
PLAIN = "import os\n\n\ndef f(path):\n    return [name for name in os.listdir(path) if name]\n" * 5
UNIT = "def f{0}(a):\n    b = tf.log(a) + {0}\n    return tf.reduce_sum(b, keep_dims=True)\n\n\n"
COLOURS = {"list": "#1f6feb", "--fix": "#bf5b17"}


@dataclass(frozen=True, slots=True)
class Point:
    """One call: how much it was given, and what it took."""

    size: int
    seconds: float
    memory: float  # MiB


@dataclass(frozen=True, slots=True)
class Line:
    """The points of one kind of call."""

    of: str  # files, or lines
    call: str
    points: tuple[Point, ...]

    def exponent(self, what: str) -> float:
        """How the last two steps grow: 1 is linear; most of the start of the process is taken away."""
        one, other = self.points[-3:][0], self.points[-1]
        least = min(getattr(p, what) for p in self.points)
        values = [getattr(p, what) - 0.9 * least for p in (one, other)]
        return math.log(values[1] / values[0]) / math.log(other.size / one.size) if min(values) > 0 else 0.0


def measured(folder: Path, call: str, size: int, make: Callable[[Path, int], None]) -> Point:
    """One call over a folder, the quickest of three: another process may weigh on each."""
    points: list[Point] = []
    for _ in range(3):
        make(folder, size)  # again, as a call with --fix changes it
        points.append(once(folder, call, size))
    return min(points, key=lambda point: point.seconds)


def once(folder: Path, call: str, size: int) -> Point:
    """One call over a folder; the figures are those of its process."""
    command = [*OURS, *([] if call == "list" else [call]), "--statistics", str(folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    _, status, used = os.wait4(run.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr.read().decode()[-2000:] if run.stderr else ''}")
    return Point(size, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def files(folder: Path, count: int) -> None:
    """So many files, of which every tenth is a program of TensorFlow 1."""
    program = (ROOT / "fixtures" / "example" / "train.py").read_text(encoding="utf-8")
    for number in range(count):
        place = folder / f"d{number // 100:03}"
        place.mkdir(exist_ok=True)
        (place / f"p{number:05}.py").write_text(PLAIN if number % 10 else program, encoding="utf-8")


def length(folder: Path, lines: int) -> None:
    """One file of so many lines."""
    units = "".join(UNIT.format(number) for number in range(lines // 5))
    (folder / "long.py").write_text(f"import tensorflow as tf\n{units}", encoding="utf-8")


def lines_of(most: int, longest: int) -> Iterator[Line]:
    """The measures, told as they come."""
    sizes = {"files": [n for n in (10, 100, 1000, 10000) if n <= most]}
    sizes["lines"] = [n for n in (250, 1000, 4000, 16000) if n <= longest]
    for of, make in (("files", files), ("lines", length)):
        for call in COLOURS:
            points = []
            for size in sizes[of]:
                with tempfile.TemporaryDirectory() as name:
                    points.append(measured(Path(name), call, size, make))
                point = points[-1]
                print(f"{call:6}{size:>7} {of}: {point.seconds:8.2f} s {point.memory:7.0f} MiB", flush=True)
            yield Line(of, call, tuple(points))


def svg(lines: Sequence[Line]) -> str:
    """Four panels on logarithmic axes: seconds and memory by files and by lines; thin lines are linear growth."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 560" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="760" height="560" fill="white"/>')
    for column, of in enumerate(("files", "lines")):
        for row, (what, unit) in enumerate((("seconds", "s of the processor"), ("memory", "MiB"))):
            held = [line for line in lines if line.of == of]
            parts += _panel(held, what, f"{unit}, by {of}", 60 + 370 * column, 40 + 270 * row)
    for number, (call, colour) in enumerate(COLOURS.items()):
        parts.append(f'<text x="{60 + 80 * number}" y="20" fill="{colour}">{call}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(lines: Sequence[Line], what: str, title: str, left: int, top: int) -> Iterator[str]:
    wide, high = 290, 200
    sizes = [p.size for line in lines for p in line.points]
    values = [getattr(p, what) for line in lines for p in line.points]
    low_x, high_x = math.log10(min(sizes)), math.log10(max(sizes))
    low_y, high_y = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def place(size: float, value: float) -> tuple[float, float]:
        x = left + wide * (math.log10(size) - low_x) / (high_x - low_x)
        return round(x, 1), round(top + high - high * (math.log10(value) - low_y) / (high_y - low_y), 1)

    yield f'<text x="{left}" y="{top - 6}">{title}</text>'
    yield f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="none" stroke="#999"/>'
    for power in range(low_y, high_y + 1):
        y = place(min(sizes), 10.0**power)[1]
        yield f'<line x1="{left}" x2="{left + wide}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
    for size in sorted(set(sizes)):
        yield f'<text x="{place(size, 10.0**low_y)[0]}" y="{top + high + 16}" text-anchor="middle">{size}</text>'
    for line in lines:
        colour = COLOURS[line.call]
        points = [place(p.size, getattr(p, what)) for p in line.points]
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{_text(points)}"/>'
        last = line.points[-1]
        ideal = [(p.size, getattr(last, what) * p.size / last.size) for p in line.points]
        shown = [place(*point) for point in ideal if point[1] >= 10.0**low_y]
        yield f'<polyline fill="none" stroke="{colour}" stroke-dasharray="2 3" points="{_text(shown)}"/>'


def _text(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def recorded(path: Path, lines: Sequence[Line]) -> None:
    """Adds a line to the record, and tells what changed since the last."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    heads, figures = ["commit"], [commit.stdout.strip() or "?"]
    for line in lines:
        last = line.points[-1]
        name = f"{line.call.strip('-')} {last.size} {line.of}"
        heads += [f"{name}, s", f"{name}, MiB"]
        figures += [f"{last.seconds:.2f}", f"{last.memory:.0f}"]
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if before and before[0].split("\t") == heads and len(before) > 1:
        for name, was, now in list(zip(heads, before[-1].split("\t"), figures, strict=True))[1:]:
            print(f"{name}: {was} -> {now} ({float(now) / max(float(was), 0.01):.2f})")
    else:
        before = ["\t".join(heads)]
    path.write_text("\n".join([*before, "\t".join(figures)]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=10000, help="files of the largest tree")
    parser.add_argument("--longest", type=int, default=16000, help="lines of the longest file")
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    lines = list(lines_of(options.most, options.longest))
    bent = []
    for line in lines:
        for what in ("seconds", "memory"):
            exponent = line.exponent(what)
            print(f"{line.call:6} {what:8} by {line.of}: exponent {exponent:.2f}")
            bent += [f"{what} of {line.call} by {line.of}"] if exponent > LINEAR else []
    if options.svg:
        options.svg.write_text(svg(lines), encoding="utf-8")
    if options.record:
        recorded(options.record, lines)
    if bent:
        sys.exit(f"more than linear: {', '.join(bent)}")


if __name__ == "__main__":
    main()
