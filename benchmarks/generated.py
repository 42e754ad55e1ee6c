"""Steps per second of migrated training steps against the sessions that they came from.

    python benchmarks/generated.py [FOLDER ...] [--rounds 3] [--markdown FILE]

A folder holds `tf1.py`; it is migrated, or `tf2.py` beside it is taken with `--written`. Both sides run in turn, in a
process each, on one thread; the third time that a program makes a training step, the step is repeated, and the best
time of the processor counts. Ratios below 1 mean that the migrated step is slower. The last column is the ratio where
the step's concrete function is called with tensors that are made once.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tf2migrate.migrate import migrate  # noqa: E402 (this checkout's)
from tf2migrate.verify.sandbox import Server  # noqa: E402
from tf2migrate.verify.settings import Case, Settings  # noqa: E402

INSIDE = Path(__file__).with_name("stepping.py")
FIXTURES = (
    "regression", "add_layer", "layers_images", "batch_norm", "gan", "trainer_class", "momentum_with_schedule",
    "queue_lines", "agent", "averages_in_training", "counter",
)  # fmt: skip


def steps(server: Server, text: str, folder: Path) -> list[dict[str, float]]:
    """The seconds that each training step of a program takes: `cpu`, and of a migrated one `concrete`."""
    asked = json.dumps({"side": server.mode, "script": "program.py"})
    beside = (("program.py", text), ("wanted.json", asked))
    trace = server.run(Case(INSIDE.read_text(encoding="utf8"), "stepping_program.py", folder, beside))
    told = trace.files.get("stepping.json")
    if told is None or trace.failure is not None:
        print(f"    {server.mode}: {trace.failure or trace.reason or trace.stderr[-300:]}", file=sys.stderr)
    return list(json.loads(told or b"[]"))


def compared(folder: Path, servers: tuple[Server, Server], rounds: int, written: bool) -> tuple[float, ...] | None:
    """The best times of one step, old, new and on tensors; of several steps the first. None where one is not there."""
    old = (folder / "tf1.py").read_text(encoding="utf-8")
    new = (folder / "tf2.py").read_text(encoding="utf-8") if written else migrate(old).after
    if new == old:
        print(f"{folder.name}: not migrated", file=sys.stderr)
        return None
    found: tuple[list[dict[str, float]], list[dict[str, float]]] = [], []
    for _ in range(rounds):
        for server, text, into in zip(servers, (old, new), found, strict=True):
            into += steps(server, text, folder)[:1]
    if not all(found):
        return None
    concrete = [step["concrete"] for step in found[1] if "concrete" in step]
    return min(s["cpu"] for s in found[0]), min(s["cpu"] for s in found[1]), min(concrete, default=math.nan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--written", action="store_true", help="time tf2.py instead of what the migration gives")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    folders = options.folders or [ROOT / "fixtures" / "programs" / name for name in FIXTURES]
    settings = replace(Settings(), shared_randomness=False, timeout=120)
    servers = Server("old", settings), Server("new", settings)
    rows = [
        "| program | session, steps/s | migrated, steps/s | ratio | on tensors |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    try:
        for folder in folders:
            times = compared(folder.resolve(), servers, options.rounds, options.written)
            if times is None:
                row = f"| {folder.name} | no training step is made three times on both sides | | | |"
            else:
                row = f"| {folder.name} | {1 / times[0]:.0f} | {1 / times[1]:.0f} | {times[0] / times[1]:.2f} "
                row += "| |" if math.isnan(times[2]) else f"| {times[0] / times[2]:.2f} |"
            rows.append(row)
            print(row, flush=True)
    finally:
        for server in servers:
            server.close()
    if options.markdown:
        options.markdown.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
