"""What a dotted name stands for, however TensorFlow came into the program."""

from __future__ import annotations

import ast
import re

import pytest

from tf2migrate.facts.names import Names, symbols
from tf2migrate.migrate import migrate

#: One program in many forms: the imports, and its uses of the placeholder, of relu, of contrib's rnn and of a reset.
FORMS = {
    "import tensorflow": (
        "import tensorflow",
        "tensorflow.placeholder, tensorflow.nn.relu, tensorflow.contrib.rnn.LSTMCell, tensorflow.reset_default_graph",
    ),
    "as tf": (
        "import tensorflow as tf",
        "tf.placeholder, tf.nn.relu, tf.contrib.rnn.LSTMCell, tf.reset_default_graph",
    ),
    "as T": (
        "import tensorflow as T",
        "T.placeholder, T.nn.relu, T.contrib.rnn.LSTMCell, T.reset_default_graph",
    ),
    "compat.v1": (
        "import tensorflow.compat.v1 as tf\nfrom tensorflow.contrib import rnn",
        "tf.placeholder, tf.nn.relu, rnn.LSTMCell, tf.reset_default_graph",
    ),
    "from compat": (
        "from tensorflow.compat import v1\nimport tensorflow.contrib.rnn as rnn",
        "v1.placeholder, v1.nn.relu, rnn.LSTMCell, v1.reset_default_graph",
    ),
    "the whole path of compat": (
        "import tensorflow.compat.v1\nimport tensorflow.contrib.rnn",
        "tensorflow.compat.v1.placeholder, tensorflow.nn.relu, tensorflow.contrib.rnn.LSTMCell, "
        "tensorflow.compat.v1.reset_default_graph",
    ),
    "from imports": (
        "from tensorflow import placeholder as P, nn\nfrom tensorflow.nn import relu\n"
        "from tensorflow.contrib.rnn import LSTMCell\nfrom tensorflow import reset_default_graph",
        "P, relu, LSTMCell, reset_default_graph",
    ),
    "private modules": (
        "from tensorflow.python.ops import array_ops, nn_ops\nfrom tensorflow.python.framework import ops\n"
        "from tensorflow.contrib import rnn",
        "array_ops.placeholder, nn_ops.relu, rnn.LSTMCell, ops.reset_default_graph",
    ),
    "aliases by assignment": (
        "import tensorflow as tf\nrnn = tf.contrib.rnn\nCell = rnn.LSTMCell\nnn = tf.nn",
        "tf.placeholder, nn.relu, Cell, tf.reset_default_graph",
    ),
    "try": (
        "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf",
        "tf.placeholder, tf.nn.relu, tf.contrib.rnn.LSTMCell, tf.reset_default_graph",
    ),
    "try or nothing": (
        "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None",
        "tf.placeholder, tf.nn.relu, tf.contrib.rnn.LSTMCell, tf.reset_default_graph",
    ),
    "in a function": (
        "x = 1",
        "(lambda: 0)\n\n\ndef f():\n    import tensorflow as tf\n"
        "    return tf.placeholder, tf.nn.relu, tf.contrib.rnn.LSTMCell, tf.reset_default_graph",
    ),
}

MEANT = ["tf.placeholder", "tf.nn.relu", "tf.contrib.rnn.LSTMCell", "tf.reset_default_graph"]


def read(text: str) -> list[str]:
    """The symbols that a program reads, in the order of its text."""
    tree = ast.parse(text)
    found = symbols(Names(tree), tree)
    return [name for node, name in found if not isinstance(getattr(node, "ctx", None), ast.Store)]


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_one_program(form: str) -> None:
    imports, uses = FORMS[form]
    before = len(read(imports))
    assert read(f"{imports}\nuses = {uses}\n")[before:] == MEANT


@pytest.mark.parametrize(
    "uses",
    [
        "def f(tf):\n    return tf.log\n",
        "def f(*, tf=1):\n    return tf.log\n",
        "f = lambda tf: tf.log\n",
        "def f():\n    tf = torch\n    return tf.log\n",
        "def f():\n    for tf in 'ab':\n        print(tf.log)\n",
        "def f():\n    with open('a') as tf:\n        tf.log\n",
        "x = [tf.log for tf in 'ab']\n",
        "def f():\n    if (tf := 1):\n        tf.log\n",
        "def f():\n    import torch as tf\n    return tf.log\n",
        "def f(x):\n    match x:\n        case {'a': tf}:\n            return tf.log\n",
        "def f():\n    try:\n        pass\n    except ValueError as tf:\n        tf.log\n",
        "tf = torch\ntf.log\n",
        "def f():\n    def tf():\n        pass\n    return tf.log\n",
        "def f():\n    class tf:\n        pass\n    return tf.log\n",
    ],
)
def test_a_name_that_is_bound_to_something_else(uses: str) -> None:
    assert read("import tensorflow as tf\n" + uses) == []


@pytest.mark.parametrize(
    "uses",
    [
        "def f(x=tf.log):\n    tf = 1\n",
        "class A:\n    tf = 1\n    def f(self):\n        return tf.log\n",
        "def f():\n    tf = 1\n\n\ndef g():\n    return tf.log\n",
        "x = [tf.log for y in 'ab']\n",
        "@tf.log\ndef f(tf):\n    pass\n",
        "def f() -> tf.log:\n    pass\n",
        "f'{tf.log!r}'\n",
        "self.tf = 1\ntf.log\n",
        "f(tf=1)\ntf.log\n",
        "def f():\n    global tf\n    return tf.log\n",
    ],
)
def test_a_name_that_is_not_shadowed(uses: str) -> None:
    assert read("import tensorflow as tf\n" + uses) == ["tf.log"]


PROGRAM = """
x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.Variable(tf.ones([2, 1]))
loss = tf.reduce_mean(tf.square(tf.log(tf.matmul(x, w))), reduction_indices=[0])
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        _, value = sess.run([train, loss], feed_dict={x: [[1.0, 2.0], [3.0, 4.0]]})
    print(value)
"""

USED = sorted(set(re.findall(r"\btf\.(\w+)", PROGRAM)))

#: The imports of a program, and what `tf.` is in it.
WRITTEN = {
    "as tf": ("import tensorflow as tf", "tf."),
    "import tensorflow": ("import tensorflow", "tensorflow."),
    "as T": ("import tensorflow as T", "T."),
    "compat.v1": ("import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()", "tf."),
    "from compat": ("from tensorflow.compat import v1 as tf\ntf.disable_eager_execution()", "tf."),
    "compat.v1 by its whole path": ("import tensorflow.compat.v1", "tensorflow.compat.v1."),
    "compat.v1 written out": ("import tensorflow as tf", "tf.compat.v1."),
    "an alias": ("import tensorflow as tf\ntf1 = tf.compat.v1\ntf1.disable_v2_behavior()", "tf1."),
    "from imports": (f"from tensorflow import {', '.join(USED)}", ""),
    "some from imports": ("import tensorflow as tf\nfrom tensorflow import Session", "tf."),
    "private modules": (
        "import tensorflow as tf\nfrom tensorflow.python.framework import ops\nops.reset_default_graph()",
        "tf.",
    ),
    "imports of what is gone": (
        "import tensorflow as tf\nfrom tensorflow.contrib import rnn\nimport tensorflow.contrib.layers as layers\n"
        "from tensorflow.examples.tutorials.mnist import input_data",
        "tf.",
    ),
    "try": (
        "try:\n    import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\nexcept ImportError:\n"
        "    import tensorflow as tf",
        "tf.",
    ),
}


def migrated(form: str) -> str:
    """The program in one of its forms, rewritten, without its imports and without the names that TensorFlow has."""
    imports, prefix = WRITTEN[form]
    text = PROGRAM.replace("tf.", prefix)
    if not prefix:
        text = text.replace("train = train.", "trained = train.").replace("[train, ", "[trained, ")
    after = migrate(f"{imports}\n{text}").after.replace("trained", "train")
    lines = [line for line in after.split("\n") if not re.match(r"from |import |tf1 = tf$", line)]
    return re.sub(r"\b(?:tensorflow|T|tf1?)\.", "", "\n".join(lines)).strip()


@pytest.mark.parametrize("form", WRITTEN)
def test_forms_of_one_program_come_out_alike(form: str) -> None:
    assert "Session" not in migrated("as tf")
    assert migrated(form) == migrated("as tf")
