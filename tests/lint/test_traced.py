"""What is traced, and what values are: the facts that the rules stand on."""

from __future__ import annotations

import ast

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lint import lint
from tf2migrate.lint.ground import ground_of
from tf2migrate.migrate import migrate
from tf2migrate.model import Options

HEAD = "import numpy as np\nimport tensorflow as tf\n"


def contexts(text: str) -> dict[str, str]:
    """Each traced function with why it is."""
    ground = ground_of(Program(HEAD + text))
    return {getattr(function, "name", "lambda"): context.why for function, context in ground.functions()}


def kind(text: str) -> str:
    """What `y` is at the end of a program."""
    ground = ground_of(Program(HEAD + text))
    names = [n for n in ground.program.nodes if isinstance(n, ast.Name) and n.id == "y" and isinstance(n.ctx, ast.Load)]
    return str(ground.type(max(names, key=lambda n: (n.lineno, n.col_offset))))


def test_what_is_traced_and_why() -> None:
    text = (
        "def g(x):\n    return x\n"
        "@tf.function\ndef f(x):\n    return g(x)\n"
        "ds = tf.data.Dataset.range(3).map(lambda v: v)\n"
        "class L(tf.keras.layers.Layer):\n    def call(self, x):\n        return x\n"
        "def h(x):\n    return x\n"
    )
    assert contexts(text) == {"f": "function", "g": "reached", "lambda": "dataset", "call": "keras"}


def test_autograph_converts_what_tf_function_is_given_and_not_what_keras_3_calls() -> None:
    text = (
        "@tf.function\ndef f(x):\n    return x\n"
        "@tf.function(autograph=False)\ndef g(x):\n    return x\n"
        "class L(tf.keras.layers.Layer):\n    def call(self, x):\n        return x\n"
        "import tf_keras\n"
        "class M(tf_keras.layers.Layer):\n    def call(self, y):\n        return y\n"
    )
    ground = ground_of(Program(HEAD + text))
    assert [context.autograph for _, context in ground.functions()] == [True, False, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = tf.constant(1)\ny", "tensor[int32]"),
        ("y = tf.zeros([3]) + 1\ny", "tensor[float32]"),
        ("y = tf.Variable(1.0)\ny", "variable[float32]"),
        ("y = np.zeros(3)\ny", "array"),
        ("y = tf.ones([3]).numpy()\ny", "array"),
        ("y = 3 * 2\ny", "python[int]"),
        ("y = tf.ones([2, 3]).shape[0]\ny", "dimension"),
        ("y = [tf.zeros([])]\ny", "list[tensor[float32]]"),
        ("y = tf.TensorArray(tf.int32, 3)\ny = y.write(0, 1)\ny", "tensorarray"),
        ("y = tf.data.Dataset.range(3).batch(2)\ny", "dataset"),
        ("def f(x):\n    return tf.abs(x)\ny = f(1)\ny", "tensor"),
        ("def f(y):\n    return y\nf(tf.constant(1))", "tensor[int32]"),
        ("@tf.function\ndef f(y):\n    return y\nf(np.ones(3))", "tensor"),
        ("@tf.function\ndef f(y):\n    return y", "likely"),
        ("from other import g\ny = g()\ny", "unknown"),
        ("y = 1 if flag else 2.0\ny", "python"),
        ("y = 1\nif flag:\n    y = tf.constant(1)\ny", "unknown"),
    ],
)
def test_the_type_of_a_value(text: str, expected: str) -> None:
    assert kind(text) == expected


def test_what_may_be_something_else_is_said_when_asked() -> None:
    text = HEAD + (
        "class L(tf.keras.layers.Layer):\n"
        "    def call(self, x):\n        self.last = tf.reduce_sum(x)\n        return x\n"
        "    def report(self):\n        return self.last\n"
    )
    assert [f.code for f in lint(Program(text), Options()).findings] == []
    assert [f.code for f in lint(Program(text), Options(strict=True)).findings] == ["TFM305"]


def test_what_is_traced_is_linted_in_a_program_that_has_something_of_tensorflow_1_too() -> None:
    text = HEAD + "x = tf.placeholder(tf.float32)\n@tf.function\ndef f(x):\n    print(x)\n    return x\n"
    said = [f for f in migrate(text).findings if f.code == "TFM301"]
    assert [(f.line, f.fixable) for f in said] == [(6, False)]
