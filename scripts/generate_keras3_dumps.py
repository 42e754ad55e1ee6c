"""Writes what the public API of the installed TensorFlow looks like, to be compared by generate_keras3.py.

python scripts/generate_keras3_dumps.py FOLDER    # FOLDER/2.15.1.json; run once under each TensorFlow 2
"""

# Python 3.7's syntax: TensorFlow 2.0 runs on nothing newer.

import inspect
import json
import os
import sys
import types
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")

import tensorflow as tf  # noqa: E402

#: What the public modules give away of the package's inside, and what no program of TensorFlow 2 is written with.
SKIPPED = {
    "keras.src",
    "tf.compat",
    "tf.python",
    "tf.core",
    "tf.compiler",
    "tf.tools",
    "tf.include",
    "tf.lite.python",
    "tf.raw_ops",
    "tf.tsl",
}

#: The packages of the public modules (an implementation's module, imported by a public one, is none of them).
PUBLIC = (
    "tensorflow._api.",
    "tensorflow_core._api.",
    "tensorflow.experimental.",
    "tensorflow.keras.",
    "tensorflow.python.keras.api.",
    "tensorflow_core.python.keras.api.",
    "tensorflow_estimator.python.estimator.api.",
    "keras.",
)


def signature(value):
    """The parameters of something that is called, as [name, kind, default]; None where Python cannot tell."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (ValueError, TypeError):
        return None
    return [[p.name, int(p.kind), None if p.default is p.empty else repr(p.default)[:80]] for p in parameters]


def members(cls):
    """The public members of a class, with the parameters of those that are called."""
    found = {}
    for name in sorted(n for n in dir(cls) if not n.startswith("_")):
        value = inspect.getattr_static(cls, name)
        value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        found[name] = signature(value) if callable(value) and not inspect.isclass(value) else None
    return found


def described(value):
    """A symbol's kind, parameters and, of a class, its members."""
    if inspect.isclass(value):
        bases = [c.__name__ for c in value.__mro__]
        return {"kind": "class", "params": signature(value), "bases": bases, "members": members(value)}
    return {"kind": "function" if callable(value) else "value", "params": signature(value) if callable(value) else None}


def walk(module, path, found):
    """The public names below a module; lazy ones are loaded by being asked for."""
    found[path] = {"kind": "module"}
    for name in sorted(n for n in dir(module) if not n.startswith("_")):
        inner = path + "." + name
        if inner in SKIPPED or inner in found:
            continue
        try:
            value = getattr(module, name)
        except Exception:  # a lazy module that needs a package that is not there
            continue
        if isinstance(value, types.ModuleType) or hasattr(value, "_tfll_module"):
            if (value.__name__ + ".").startswith(PUBLIC) or hasattr(value, "_tfll_module"):
                walk(value, inner, found)
        else:
            found[inner] = described(value)


def main():
    found = {}
    walk(tf, "tf", found)
    if "keras" in sys.modules and sys.modules["keras"].__version__.startswith("3."):
        walk(sys.modules["keras"], "keras", found)  # which has names that tf.keras lacks
    path = Path(sys.argv[1]) / (tf.__version__ + ".json")
    path.write_text(json.dumps(found, indent=0, sort_keys=True), encoding="utf-8")
    print(path.name, len(found), "names")


main()
