"""Which programs are written for TensorFlow 1, and what is left of it in one."""

from __future__ import annotations

import pytest
from test_rules import outputs

from tf2migrate.facts.era import is_tf1, old_keywords, spells_tf1
from tf2migrate.facts.program import Program
from tf2migrate.leftovers import leftovers
from tf2migrate.records import in_tf2, records, tf1_symbols, tf2_symbols

TF = "import tensorflow as tf\n"


@pytest.mark.parametrize(
    "text",
    [
        TF + "x = tf.placeholder(tf.float32)\n",
        TF + "x = tf.contrib.layers.flatten(y)\n",
        TF + "x = tf.keras.layers.CuDNNLSTM(3)\n",
        TF + "x = tf.data.Iterator.from_structure(a, b)\n",
        TF + "x = tf.reduce_sum(y, keep_dims=True)\n",
        TF + "x = tf.nn.dropout(y, keep_prob=0.5)\n",
        TF + "x = tf.compat.v1.ones(3)\n",
        TF + "x = tf.data.Dataset.range(3).make_one_shot_iterator()\n",
        "import tensorflow.compat.v1 as tf\nx = tf.ones(3)\n",
        "from tensorflow.compat import v1 as tf\nx = tf.ones(3)\n",
        "from tensorflow import Session\n\n\ndef f():\n    return Session()\n",
        "from tensorflow.examples.tutorials.mnist import input_data\n",
        "from tensorflow.python.framework import ops\nops.reset_default_graph()\n",
        "from tensorflow import *\nx = placeholder(float32)\n",
        "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\nx = tf.log(1.0)\n",
    ],
)
def test_tf1(text: str) -> None:
    assert is_tf1(Program(text))


@pytest.mark.parametrize(
    "text",
    [
        TF + "x = tf.nn.dropout(y, 0.5)\n",
        TF + "print(tf.__version__, tf.version.VERSION)\nx = tf.compat.as_bytes('a')\n",
        TF + "x = tf.keras.layers.Dropout(0.5)(tf.data.Dataset.range(3))\n",
        "from tensorflow import keras\nfrom tensorflow.keras import layers\nx = layers.Dense(3)\n",
        "from tensorflow import *\nx = ones(3)\nplace_holder = 1\n",
        TF + "x = tf.keras.layers.experimental.preprocessing.Rescaling(0.1)\n",
        TF + "x = tf.keras.optimizers.legacy.Adam(0.1)\ny = tf.estimator.ModeKeys.TRAIN\n",
        TF + "tf.model = tf.keras.Sequential()\ntf.model.summary()\n",
        TF + "import numpy as np\nx = np.sum(y, keep_dims=True)\n",
        "import torch as tf\ntf.placeholder(3)  # not tensorflow\n",
        TF + "\n\ndef f(tf):\n    return tf.placeholder(3)\n",
        "tf.placeholder(3)\n",
        "",
    ],
)
def test_not_tf1(text: str) -> None:
    assert not is_tf1(Program(text))


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (TF + "x = tf.where(tf.log(y) > 0, y, z)\n", True),
        (TF + "x = tf.reduce_sum(y, keep_dims=True)\n", True),
        (TF + "x = data.make_one_shot_iterator()\n", True),
        ("from tensorflow import *\nx = placeholder(float32)\n", True),
        (TF + "x = tf.where(y, tf.compat.v1.log(y), tf.compat.v1.Session)\n", False),
        (TF + "x = tf.compat.v1.reduce_sum(y, keep_dims=True)\n", False),
        ("import tensorflow.compat.v1 as tf\nx = tf.log(y)\n", False),
    ],
)
def test_names_of_tensorflow_1_without_compat(text: str, spelled: bool) -> None:
    assert spells_tf1(Program(text)) is spelled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TF + "é = 'é', tf.log(1)\n", ["2:10 tf.log"]),
        (TF + "f(tf.layers.dense, tf.nn.relu)\n", ["2:3 tf.layers.dense"]),
        (TF + "x = tf.data.Iterator.from_structure(a)\n", ["2:5 tf.data.Iterator.from_structure"]),
        (TF + "x = d.make_one_shot_iterator()\n", ["2:5 the method make_one_shot_iterator"]),
        ("import tensorflow.compat.v1 as tf\n", ["1:1 tensorflow.compat.v1 is TensorFlow 1's"]),
        (
            "from tensorflow.compat.v1 import Session, ones\n",
            [
                "1:1 tensorflow.compat.v1.Session is TensorFlow 1's",
                "1:1 tensorflow.compat.v1.ones is TensorFlow 1's: TensorFlow 2 has tf.ones",
            ],
        ),
        (TF + "x = tf.compat.v1.ones\n", ["2:5 tf.compat.v1.ones is TensorFlow 1's: TensorFlow 2 has tf.ones"]),
        (TF + "x = tf.compat.v1.Session\n", ["2:5 tf.Session"]),
        (
            "from tensorflow.python.eager import core\nx = core.f\n",
            ["2:5 tensorflow.python.eager.core.f is TensorFlow's own, and none of the names of TensorFlow 2"],
        ),
        (
            "from tensorflow.contrib import rnn\nx = rnn.LSTMCell\n",
            ["1:1 tensorflow.contrib.rnn", "2:5 tf.contrib.rnn.LSTMCell"],
        ),
        ("from tensorflow import ones, log\n", ["1:1 tensorflow.log"]),
        (TF + "slim = tf.contrib.slim\nslim.f()\n", ["2:8 tf.contrib.slim", "3:1 tf.contrib.slim.f"]),
        ("from .layers import dense\nfrom . import contrib\nimport keras\n", []),
        (TF + "x = tf.Tensor.shape, tf.keras.backend.clear_session, tf.__version__\n", []),
    ],
)
def test_leftovers(text: str, said: list[str]) -> None:
    ending = " does not exist in TensorFlow 2"
    assert [str(f) for f in leftovers(Program(text))] == [
        place.replace(" ", " TFM199 ", 1) + ("" if " is " in place else ending) for place in said
    ]


@pytest.mark.parametrize("module", ["tensorflow", "tensorflow.contrib.layers"])
def test_names_that_cannot_be_told(module: str) -> None:
    (finding,) = leftovers(Program(f"from {module} import *\nx = placeholder(1)\n"))
    assert str(finding) == f"1:1 TFM199 {module}.* leaves open which names of the program are TensorFlow's"


@pytest.mark.parametrize("known", [tf1_symbols(), tf2_symbols()])
def test_a_listed_name_lies_in_a_listed_module(known: frozenset[str]) -> None:
    for name in known - {"tf."}:
        above = name.removesuffix(".").rpartition(".")[0]
        assert above + "." in known, name


def test_what_both_have_and_what_one_lacks() -> None:
    assert {"tf.Session", "tf.contrib.layers.fully_connected", "tf.nn.relu"} <= tf1_symbols()
    assert all(map(in_tf2, ["tf", "tf.nn.relu", "tf.data.Iterator", "tf.float32.name", "tf.compat.as_str"]))
    assert not any(map(in_tf2, ["tf.Session", "tf.contrib", "tf.data.Iterator.initializer", "tf.estimator.Estimator"]))


@pytest.mark.tensorflow
def test_the_list_is_that_of_the_installed_tensorflow() -> None:
    import operator

    import tensorflow as tf

    lost = []
    for name in (n.removesuffix(".").removeprefix("tf") for n in tf2_symbols()):
        try:
            operator.attrgetter(name.removeprefix("."))(tf) if name else tf
        except AttributeError:
            lost.append(name)
    assert lost == []


@pytest.mark.tensorflow
def test_an_argument_that_says_tensorflow_1_is_none_of_tensorflow_2() -> None:
    program = (
        "import inspect, operator, tensorflow\n"
        f"for symbol, old in {[(s, sorted(k)) for s in records() if in_tf2(s) and (k := old_keywords(s))]!r}:\n"
        "    taken = inspect.signature(operator.attrgetter(symbol[3:])(tensorflow)).parameters\n"
        "    print(symbol, [k for k in old if k in taken or 'VAR_KEYWORD' in {p.kind.name for p in taken.values()}])\n"
    )
    (printed,) = outputs("new", [program])
    assert printed.count("\n") > 50
    assert {line.partition(" ")[2] for line in printed.splitlines()} == {"[]"}


@pytest.mark.parametrize(
    "text",
    [
        "from tensorflow.core.framework import graph_pb2\ng = graph_pb2.GraphDef()\n",
        "from tensorflow.python.ops import math_ops\nx = math_ops.angle(y)\n",
        "from tensorflow.lite.python import interpreter\ni = interpreter.Interpreter()\n",
        "import tensorflow.compat.v2 as tf\nx = tf.math.log(1.0)\n",
    ],
)
def test_what_is_inside_tensorflow_is_no_sign_of_tensorflow_1(text: str) -> None:
    assert not is_tf1(Program(text))
    assert leftovers(Program(text)) == () or "math_ops" in text
