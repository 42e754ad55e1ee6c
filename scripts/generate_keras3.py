"""Writes rules/renames/tf2_gone.txt and keras3_symbols.txt from the dumps of generate_keras3_dumps.py.

    python scripts/generate_keras3.py FOLDER

`tf2_gone.txt`: each name that some TensorFlow 2.0 to 2.15 has and today's lacks, with the last that has it. Members of
classes count where the class is still there. `keras3_symbols.txt`: every public name of Keras 3, imported as `keras`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "rules" / "renames"

#: Classes whose members count: what a program calls on an object that one of these made.
CLASSES = ("Model", "Sequential", "layers.Layer", "layers.RNN", "metrics.Metric", "optimizers.Optimizer")

#: Members that Keras 3 sets on instances: a class does not show them.
INSTANCE = {
    "name",
    "input_shape",
    "output_shape",
    "activity_regularizer",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "states",
    "steps_per_execution",
}

Api = dict[str, dict[str, Any]]


def version(path: Path) -> tuple[int, ...]:
    """The version that a dump is of."""
    return tuple(int(part) for part in path.stem.split(".")[:2])


def names(api: Api) -> Iterator[str]:
    """The names of an API, and those of the members of its common classes."""
    for name, about in api.items():
        yield name
        if name.startswith("tf.keras.") and name.removeprefix("tf.keras.") in CLASSES:
            # A metric was a layer; what it had as such was no part of its use.
            inherited = set(api["tf.keras.layers.Layer"]["members"]) if name.endswith(".Metric") else set()
            kept = INSTANCE | ({"stateful"} if name.endswith(".RNN") else set())
            members = set(about["members"]) - kept - (inherited - {"weights", "trainable_variables"})
            yield from (f"{name}.{member}" for member in sorted(members))


def main() -> None:
    """Writes the lists."""
    dumps = sorted(Path(sys.argv[1]).glob("2.*.json"), key=version)
    apis: dict[str, Api] = {".".join(map(str, version(p))): json.loads(p.read_text(encoding="utf-8")) for p in dumps}
    today = apis.pop(max(apis, key=lambda v: tuple(map(int, v.split(".")))))
    there = {name for name in names(today) if not name.startswith("keras")}
    gone: dict[str, str] = {}
    for number, api in apis.items():  # in the order of the versions: the last one stays
        gone |= {n: number for n in names(api) if n not in there}
    lines = [f"{name} {number}\n" for name, number in sorted(gone.items())]
    (FOLDER / "tf2_gone.txt").write_text("".join(lines), encoding="utf-8")
    keras = sorted(name for name in today if name.startswith("keras"))
    (FOLDER / "keras3_symbols.txt").write_text("".join(name + "\n" for name in keras), encoding="utf-8")
    print(len(gone), "names gone,", len(keras), "of Keras 3; of", ", ".join(apis))


main()
