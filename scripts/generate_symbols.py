"""Writes rules/renames/tf2_symbols.txt: every public name of the installed TensorFlow 2, modules with a dot at the end.

    python scripts/generate_symbols.py        # needs tensorflow
"""

from __future__ import annotations

import types
from pathlib import Path

import tensorflow as tf

SKIPPED = ("tf.compat",)


def walk(module: types.ModuleType, path: str, found: set[str], depth: int = 0) -> None:
    """The public names of a module and its submodules; lazy ones are loaded by being asked for."""
    found.add(path + ".")
    names = {n for n in dir(module) if not n.startswith("_") and n not in ("initialize",)}
    for name in sorted(names):
        try:
            value = getattr(module, name)
        except Exception:  # a lazy module that needs an optional package
            continue
        inner = f"{path}.{name}"
        if inner in SKIPPED or inner in found or inner + "." in found:
            continue
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith(("tensorflow", "keras")) and depth < 6 and not name.startswith(("python", "core", "compiler", "tools", "tsl", "lite")):
                walk(value, inner, found, depth + 1)
        else:
            found.add(inner)


found: set[str] = set()
walk(tf, "tf", found)
folder = Path(__file__).parents[1] / "rules" / "renames"
(folder / "tf2_symbols.txt").write_text("\n".join(sorted(found)) + "\n", encoding="utf8")
print(len(found), "names of TensorFlow", tf.__version__)
