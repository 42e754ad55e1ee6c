"""Shapes that are worked out from the text: what TensorFlow 1 itself knew of them, and what is not told."""

from __future__ import annotations

import ast
import json

import pytest
from test_rules import outputs

from tf2migrate.facts.program import Program
from tf2migrate.facts.static_shapes import StaticShapes

BEGIN = """\
import numpy as np
import tensorflow as tf
SIZE = 9
x = tf.placeholder(tf.float32, [None, SIZE, 7, 3])
flat = tf.placeholder(tf.float32, [None, 189])
row = tf.placeholder(tf.float32, [4, 6])
kernel = tf.Variable(tf.ones([3, 2, 3, 5]))
weights = {"out": tf.Variable(tf.zeros([6, 2]))}


def conv(inputs, filters, stride=1, padding="SAME"):
    return tf.nn.relu(tf.nn.conv2d(inputs, filters, [1, stride, stride, 1], padding))


def two(inputs):
    shape = inputs.get_shape().as_list()
    return tf.reshape(inputs, [-1, shape[1] * shape[2] * shape[3]]), shape[-1]


both, last = two(x)
"""

#: Each is a tensor whose shape the text tells.
TOLD = [
    "x",
    "x * 2.0 - 1",
    "-tf.sigmoid(x)",
    "tf.reshape(flat, [-1, SIZE, 7, 3])",
    "tf.reshape(row, [-1, 3])",
    "tf.reshape(row, [2, 12])",
    "conv(x, kernel)",
    "conv(x, kernel, 2)",
    "conv(x, kernel, 3, 'VALID')",
    "tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')",
    "tf.nn.avg_pool(x, ksize=[1, 3, 2, 1], strides=[1, 2, 3, 1], padding='VALID')",
    "tf.matmul(row, weights['out'])",
    "tf.matmul(flat, tf.ones([189, 10])) + tf.zeros([10])",
    "row + tf.ones([1, 6])",
    "tf.add(row, tf.ones([6]))",
    "tf.nn.dropout(x, 0.5)",
    "tf.layers.conv2d(x, 8, 3)",
    "tf.layers.conv2d(x, filters=8, kernel_size=[3, 2], strides=(2, 1), padding='same')",
    "tf.layers.max_pooling2d(x, 2, 2)",
    "tf.layers.average_pooling2d(x, pool_size=3, strides=2, padding='SAME')",
    "tf.layers.dense(row, units=5)",
    "tf.layers.flatten(x)",
    "tf.layers.batch_normalization(x)",
    "both",
    "tf.ones([last, int(x.get_shape()[1])])",
    "tf.zeros([int(np.prod(x.get_shape()[1:])), x.get_shape()[1:3].num_elements()])",
]

#: Of these it is not told: what they are is known only when they run, or in more than one way.
NOT_TOLD = [
    "unknown",
    "tf.reshape(x, unknown)",
    "tf.matmul(row, row, transpose_b=True)",
    "tf.nn.conv2d(x, kernel, [1, 1, 1, 1], 'SAME', data_format='NCHW')",
    "tf.concat([row, row], 0)",
    "a",
    "b",
    "c",
]
AFTER = """
if unknown:
    a = row
else:
    a = flat
b = row
for _ in range(2):
    b = tf.matmul(b, tf.ones([6, 6]))


def change():
    global c
    c = flat


c = row
"""


def shape(text: str) -> tuple[int | None, ...] | None:
    program = Program(text)
    statement = program.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    return StaticShapes(program).of(statement.value)


@pytest.mark.parametrize("expression", NOT_TOLD)
def test_what_is_not_certain_is_not_told(expression: str) -> None:
    assert shape(f"{BEGIN}{AFTER}\n{expression}\n") is None


@pytest.mark.tensorflow
def test_what_is_told_is_what_tensorflow_1_knew() -> None:
    asked = ", ".join(f"({expression}).get_shape().as_list()" for expression in TOLD)
    (printed,) = outputs("old", [f"{BEGIN}\nimport json\nprint(json.dumps([{asked}]))\n"])
    known = [tuple(sizes) for sizes in json.loads(printed)]
    assert dict(zip(TOLD, [shape(f"{BEGIN}\n{e}\n") for e in TOLD], strict=True)) == dict(zip(TOLD, known, strict=True))
