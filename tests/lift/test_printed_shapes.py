"""Shapes that are printed: where an open size reads otherwise than in TensorFlow 1, that is said (TFM724)."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """\
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
y = tf.matmul(x, tf.ones([3, 2]))
z = tf.placeholder(tf.float32, [4, 3])
print({shown})
with tf.Session() as sess:
    print(sess.run(y, {{x: [[1, 2, 3]]}}), sess.run(z + 1, {{z: [[1, 2, 3]] * 4}}))
"""


@pytest.mark.parametrize("shown", ["x.shape", "x.get_shape()", "'y', y.shape", "y.get_shape()", "y.shape[0]"])
def test_an_open_size_is_told(shown: str) -> None:
    migration = migrate(PROGRAM.format(shown=shown))
    assert migration.changed
    assert [f.line for f in migration.findings if f.code == "TFM724"] == [6]


@pytest.mark.parametrize("shown", ["z.shape", "x.get_shape().as_list()", "y.shape.as_list()", "y.shape[1]"])
def test_what_reads_the_same_is_not(shown: str) -> None:
    migration = migrate(PROGRAM.format(shown=shown))
    assert migration.changed
    assert not [f for f in migration.findings if f.code == "TFM724"]
