"""Partitioners: a variable in parts is one variable, where nothing tells the parts apart."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import numpy as np
import tensorflow as tf

with tf.variable_scope("m", partitioner=tf.fixed_size_partitioner(2)):
    w = tf.get_variable("w", [4, 2], initializer={first})
x = tf.placeholder(tf.float32, [None, 4])
out = tf.matmul(x, w)
loss = tf.reduce_mean(out)
{more}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run({fetch}, {{x: np.ones((2, 4))}}))
"""
ONES = "tf.ones_initializer()"


@pytest.mark.parametrize(
    ("first", "more", "fetch", "stops"),
    [
        (ONES, "", "out", set()),
        ("tf.constant_initializer(-0.5)", "", "out", set()),
        ("tf.truncated_normal_initializer(stddev=0.1)", "", "out", set()),
        (ONES, "step = tf.train.AdamOptimizer(0.1).minimize(loss)", "[step, loss]", set()),
        (ONES, "row = tf.nn.embedding_lookup(w, [1], partition_strategy='div')", "row", set()),
        (ONES, "row = tf.nn.embedding_lookup(w, [1])", "row", {"TFM901"}),
        (ONES, "count = len(tf.trainable_variables())", "out", {"TFM901"}),
        (ONES, "grads = tf.gradients(loss, [w])", "grads", {"TFM901"}),
        (ONES, "grads = tf.train.AdamOptimizer(0.1).compute_gradients(loss)", "loss", {"TFM901"}),
        ("tf.constant_initializer(np.arange(8.0))", "", "out", {"TFM901"}),
        ("tf.random_normal_initializer(seed=3)", "", "out", {"TFM901"}),
        ("tf.orthogonal_initializer()", "", "out", {"TFM901"}),
        (ONES, "print(w.name)", "out", {"TFM901"}),
    ],
)
def test_parts_that_nothing_tells_apart_are_one_variable(first: str, more: str, fetch: str, stops: set[str]) -> None:
    migration = migrate(PROGRAM.format(first=first, more=more, fetch=fetch))
    codes = {f.code for f in migration.findings}
    assert {code for code in codes if code.startswith("TFM9")} == stops
    assert migration.changed == (not stops)
    assert "TFM726" in codes or stops
