"""Writes the plain lists of public names in rules/renames/: run once under each TensorFlow.

    python scripts/generate_symbols.py        # tf2_symbols.txt under TensorFlow 2, tf1_symbols.txt under 1.15

Under TensorFlow 2 it also writes compat_gone.txt: the names of 1.15 that tf.compat.v1 lacks (with Keras 3).
A name under which every public name is listed ends in a dot: a module's, and in tf2_symbols.txt that of a class which
has lost members since TensorFlow 1 (`tf.data.Iterator` has no `from_structure` any more).
"""

# Python 3.7's syntax: TensorFlow 1.15 runs on nothing newer.

import inspect
import operator
import os
import types
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")

import tensorflow as tf  # noqa: E402

FOLDER = Path(__file__).resolve().parents[1] / "rules" / "renames"

#: What the public modules give away of the package's inside, and what has a list of its own.
SKIPPED = {"tf.compat.v1", "tf.compat.v2", "tf.python", "tf.core", "tf.compiler", "tf.tools", "tf.include", "tf.tsl"}

#: The packages of the public modules (an implementation's module, imported by a public one, is none of them).
PUBLIC = (
    "tensorflow._api.",
    "tensorflow_core._api.",
    "tensorflow.experimental.",
    "tensorflow.python.keras.api.",
    "tensorflow.python.platform.flags.",
    "tensorflow_estimator.python.estimator.api.",
    "keras.",
)
CONTRIB = ("tensorflow.contrib", "tensorflow_core.contrib")


def is_public(module, path):
    """Whether a module found at a path is there for users; contrib's packages stand where their names say."""
    name = module.__name__
    if path.startswith("tf.contrib"):
        inside = path[len("tf.contrib") :]
        return ".python" not in inside and name in {root + inside for root in CONTRIB}
    return (name + ".").startswith(PUBLIC)


def walk(module, path, found, classes):
    """The public names below a module; lazy ones are loaded by being asked for."""
    found.add(path + ".")
    for name in sorted(n for n in dir(module) if not n.startswith("_")):
        inner = path + "." + name
        if inner in SKIPPED or inner + "." in found:
            continue
        try:
            value = getattr(module, name)
        except Exception:  # a lazy module that needs a package that is not there
            continue
        if isinstance(value, types.ModuleType) or hasattr(value, "_tfll_module"):
            if is_public(value, inner):
                walk(value, inner, found, classes)
            continue
        found.add(inner)
        if inspect.isclass(value):
            classes[inner] = value


def members(cls):
    """The public names of a class."""
    return {n for n in dir(cls) if not n.startswith("_")}


def with_losses(classes):
    """The members of the classes that lack some which the class of the same name in compat.v1 has."""
    found = set()
    for path, cls in classes.items():
        try:
            old = operator.attrgetter(path[len("tf.") :])(tf.compat.v1)
        except (AttributeError, ImportError):
            continue
        if inspect.isclass(old) and members(old) - members(cls):
            found |= {path + "."} | {path + "." + name for name in members(cls)}
    return found


def lost():
    """The names of TensorFlow 1.15, contrib's left out, that tf.compat.v1 has no more, or not with Keras 3."""
    for name in (FOLDER / "tf1_symbols.txt").read_text(encoding="utf-8").split():
        path = name.rstrip(".")
        if path == "tf" or path.startswith("tf.contrib"):
            continue
        try:
            operator.attrgetter(path[len("tf.") :])(tf.compat.v1)
        except (AttributeError, ImportError):
            yield name


def main():
    found, classes = set(), {}
    walk(tf, "tf", found, classes)
    old = tf.__version__.startswith("1.")
    if not old:
        found |= with_losses(classes)
    path = FOLDER / ("tf1_symbols.txt" if old else "tf2_symbols.txt")
    path.write_text("\n".join(sorted(found)) + "\n", encoding="utf-8")
    if not old:
        (FOLDER / "compat_gone.txt").write_text("\n".join(sorted(lost())) + "\n", encoding="utf-8")
    print(path.name, len(found), "names of TensorFlow", tf.__version__)


main()
