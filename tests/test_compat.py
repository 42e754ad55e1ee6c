"""`--target compat`: what becomes of imports and names, what is said, and that the result runs on TensorFlow 2."""

from __future__ import annotations

import re

import pytest
from test_programs import PROGRAMS
from test_rules import differences, outputs

from tf2migrate.compat import in_compat
from tf2migrate.migrate import migrate
from tf2migrate.model import Migration, Options, Target
from tf2migrate.records import tf1_symbols

OFF = "tf.disable_v2_behavior()\n"
V1 = "import tensorflow.compat.v1 as tf\n"
TF = "import tensorflow as tf\n"
USE = "x = tf.placeholder(1)\n"

#: What becomes of a program.
CASES = {
    "a plain import": (TF + USE, V1 + OFF + USE),
    "another name": (
        "import tensorflow\nx = tensorflow.placeholder(1)\n",
        "import tensorflow.compat.v1 as tensorflow\ntensorflow.disable_v2_behavior()\nx = tensorflow.placeholder(1)\n",
    ),
    "beside another module": ("import os, tensorflow as tf\n" + USE, f"import os, {V1[7:]}{OFF}{USE}"),
    "a statement behind": (f"{TF[:-1]}; {USE}", f"{V1[:-1]}; {OFF[:-1]}; {USE}"),
    "a comment behind": (f"{TF[:-1]}  # why\n{USE}", f"{V1[:-1]}  # why\n{OFF}{USE}"),
    "the last line": (f"def f():\n    {USE}    g()\n{TF[:-1]}", f"def f():\n    {USE}    g()\n{V1}{OFF[:-1]}"),
    "in a function": (
        f"def f():\n    {TF}    return tf.Session()\n",
        f"def f():\n    {V1}    {OFF}    return tf.Session()\n",
    ),
    "in a try": (
        f"try:\n    {TF}except ImportError:\n    raise\n{USE}",
        f"try:\n    {V1}    {OFF}except ImportError:\n    raise\n{USE}",
    ),
    "names": (
        "from tensorflow import (placeholder,  # fed\n    Session)\nx = placeholder(1)\n",
        f"from tensorflow.compat.v1 import (placeholder,  # fed\n    Session)\n{V1}{OFF}x = placeholder(1)\n",
    ),
    "names where tf is taken": (
        "from tensorflow import placeholder\ntf = placeholder(1)\n",
        "from tensorflow.compat.v1 import placeholder\nimport tensorflow.compat.v1 as tensorflow_v1\n"
        "tensorflow_v1.disable_v2_behavior()\ntf = placeholder(1)\n",
    ),
    "everything": (
        "from tensorflow import *\nx = placeholder(1)\n",
        f"from tensorflow.compat.v1 import *\n{V1}{OFF}x = placeholder(1)\n",
    ),
    "keras by its path": (
        f"{TF}from tensorflow.keras import layers\n{USE}",
        f"{V1}{OFF}from tensorflow.keras import layers\n{USE}",
    ),
    "private modules": (
        f"{TF}from tensorflow.python.framework import ops\nops.reset_default_graph()\n",
        f"{V1}{OFF}from tensorflow.python.framework import ops\nops.reset_default_graph()\n",
    ),
    "ported": (V1 + USE, V1 + USE),
    "ported in part": (
        f"{V1}from tensorflow import Session, nn\n{USE}",
        f"{V1}from tensorflow.compat.v1 import Session, nn\n{USE}",
    ),
    "a name forgotten": (
        f"{TF}tf.compat.v1.Session()\n{USE}y = tf.math.log(x)\n",
        f"{TF}tf.compat.v1.Session()\nx = tf.compat.v1.placeholder(1)\ny = tf.math.log(x)\n",
    ),
    "contrib elsewhere": (
        f"{TF}from tensorflow.contrib.layers import xavier_initializer as xavier\nw = xavier(seed=3)\n",
        f"{V1}{OFF}w = tf.glorot_uniform_initializer(seed=3)\n",
    ),
    "contrib otherwise": (
        f"{TF}from tensorflow.contrib.layers import xavier_initializer as xavier\nw = xavier(False)\n",
        f"{V1}{OFF}from tensorflow.contrib.layers import xavier_initializer as xavier\nw = xavier(False)\n",
    ),
    "contrib without a name for tensorflow": (
        "from tensorflow.contrib.layers import xavier_initializer as xavier\nw = xavier()\n",
    )
    * 2,
    "TensorFlow 2": (f"{TF}x = tf.constant(1)\n",) * 2,
}

#: What is left to say, as line and what.
LEFT = {
    "contrib": (f"{TF}x = tf.contrib.slim.conv2d(1)\n", ["2: tf.contrib.layers.conv2d"]),
    "a module of contrib": (f"{TF}import tensorflow.contrib.slim as slim\n", ["2: tf.contrib.slim"]),
    "everything of contrib": (f"{TF}from tensorflow.contrib.slim import *\n", ["2: tf.contrib.slim"]),
    "contrib of a star": ("from tensorflow import *\nx = contrib.slim, Session()\n", ["2: tf.contrib"]),
    "a module that is none": ("from tensorflow.app.flags import DEFINE_string\n", ["1: tf.app.flags.DEFINE_string"]),
    "Keras 2": (f"{TF}x = tf.layers.dense(1)\n", ["2: tf.layers.dense"]),
    "Keras 2 under another name": (f"{TF}c = tf.contrib.rnn.GRUCell(2)\n", ["2: tf.nn.rnn_cell.GRUCell"]),
    "TensorFlow 2's beside": (f"{V1}import tensorflow as tf2\nx = tf2.contrib.slim\n", ["3: tf.contrib.slim"]),
    "nothing": (f"{TF}x = tf.placeholder(tf.float32.base_dtype)\ntf.mine = x\n", []),
}


def compat(text: str) -> Migration:
    return migrate(text, Options(Target.COMPAT))


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_a_program_becomes(before: str, after: str) -> None:
    assert compat(before).after == after


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_a_second_run_changes_and_fixes_nothing(before: str, after: str) -> None:
    again = compat(after)
    assert (again.after, [f for f in again.findings if f.fixable]) == (after, [])
    assert any(f.fixable for f in compat(before).findings) == (before != after)


@pytest.mark.parametrize(("text", "left"), LEFT.values(), ids=LEFT)
def test_what_is_left_is_said(text: str, left: list[str]) -> None:
    found = [f"{f.line}: {f.message.split()[0]}" for f in compat(text).remaining]
    assert found == left
    # ... and a second run says it of what the first has written.
    assert [f.split(": ")[1] for f in left] == [f.message.split()[0] for f in compat(compat(text).after).remaining]


def test_cells_get_what_is_theirs() -> None:
    text = TF + USE
    migration = migrate(text, Options(Target.COMPAT), (len(TF),))
    assert (migration.after[: migration.cuts[0]], migration.after[migration.cuts[0] :]) == (V1 + OFF, USE)


@pytest.mark.parametrize("name", ["TFM111", "TFM1"])
def test_what_is_ignored_is_not_written(name: str) -> None:
    migration = migrate(TF + USE, Options(Target.COMPAT, ignore=(name,)))
    assert not migration.changed


def test_a_comment_keeps_a_program_as_it_is() -> None:
    assert not compat(f"{TF[:-1]}  # noqa: TFM111\n{USE}").changed


@pytest.mark.tensorflow
def test_the_names_that_are_taken_to_be_there_are_there() -> None:
    """In a process of its own, since Keras is chosen when TensorFlow is imported."""
    names = sorted(n.rstrip(".") for n in tf1_symbols() if in_compat(n.rstrip(".")) and n != "tf.")
    assert len(names) > 2000
    program = (
        "import operator, tensorflow\n"
        f"for name in {names!r}:\n"
        "    try:\n        operator.attrgetter(name[3:])(tensorflow.compat.v1)\n"
        "    except Exception as error:\n        print(name, error)\n"
        "print('looked')\n"
    )
    assert outputs("new", [program]) == ["looked\n"]


def covering(names: dict[str, set[str]]) -> list[str]:
    """Programs that use every name which one of all uses, each taken for most of what is not yet covered."""
    chosen: list[str] = []
    left = set().union(*names.values())
    while left:
        chosen.append(max(sorted(names), key=lambda n: len(names[n] & left)))
        left -= names[chosen[-1]]
    return chosen


@pytest.mark.tensorflow
def test_a_program_runs_on_tensorflow_2_and_prints_what_it_did() -> None:
    """Of programs that hold every name of TensorFlow's between them: what is written goes name by name."""
    texts = {p.name: (p / "tf1.py").read_text(encoding="utf-8") for p in PROGRAMS}
    made = {name: compat(text) for name, text in texts.items()}
    runs = [n for n, m in made.items() if all("available with Keras 3" in f.message for f in m.remaining)]
    chosen = covering({n: set(re.findall(r"\btf\.[\w.]+", texts[n])) for n in runs})
    assert len(chosen) > 50
    old, new = outputs("old", [texts[n] for n in chosen]), outputs("compat", [made[n].after for n in chosen])
    assert all(old)
    assert {n: differences(a, b) for n, a, b in zip(chosen, old, new, strict=True)} == {n: [] for n in chosen}
