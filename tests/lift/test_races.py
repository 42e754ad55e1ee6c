"""What a run computes of a variable beside an op that changes it: it is told that it had no order (TFM725)."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.ones([2, 1]))
v = tf.Variable(1.0)
out = tf.matmul(x, w)
loss = tf.reduce_mean(tf.square(out))
norm = tf.norm(w)
doubled = v * 2.0
step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
with tf.control_dependencies([step]):
    after = tf.identity(tf.norm(w))
sess = tf.Session()
sess.run(tf.global_variables_initializer())
print(sess.run({fetches}, {{x: [[1.0, 2.0]]}}))
"""


@pytest.mark.parametrize(
    ("fetches", "raced"),
    [
        ("[step, norm]", True),
        ("[norm, v.assign_add(1.0)]", False),
        ("[doubled, v.assign_add(1.0)]", True),
        ("[step, loss, out]", False),
        ("[step, w]", False),
        ("[step, doubled]", False),
        ("[after, loss]", False),
        ("[loss, norm]", False),
    ],
)
def test_what_has_no_order_is_said(fetches: str, raced: bool) -> None:
    migration = migrate(PROGRAM.format(fetches=fetches))
    assert migration.changed
    assert [f.line for f in migration.findings if f.code == "TFM725"] == ([15] if raced else [])
