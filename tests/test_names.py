"""What a dotted name stands for, however TensorFlow came into the program."""

from __future__ import annotations

import ast

import pytest

from tf2migrate.facts.names import Names, symbols

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
