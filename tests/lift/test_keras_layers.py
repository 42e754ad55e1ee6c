"""Layers that a program makes as objects."""

from __future__ import annotations

from tf2migrate.migrate import migrate

PROGRAM = """\
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4])
model = tf.keras.Sequential([tf.keras.layers.Dense(3), {layer}])
out = tf.reduce_sum(model{call})

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(out, {{x: np.ones((2, 4))}}))
"""


def _lifted(layer: str, call: str) -> str:
    done = migrate(PROGRAM.format(layer=layer, call=call))
    return ", ".join(f.message for f in done.findings if f.code.startswith("TFM9")) or done.after


def test_dropout_of_keras_rests_where_no_phase_is_given() -> None:
    assert "tf.reduce_sum(model(x))" in _lifted("tf.keras.layers.Dropout(0.5)", "(x)")
    assert "more than its inputs" in _lifted("tf.keras.layers.Dropout(0.5)", "(x, training=True)")


def test_apply_is_a_call() -> None:
    assert "tf.reduce_sum(model(x))" in _lifted("tf.keras.layers.Dense(2)", ".apply(x)")
