"""Prints of what the graph has and the rewritten program has not."""

from __future__ import annotations

from tf2migrate.migrate import migrate

PROGRAM = """\
import tensorflow as tf

a = tf.placeholder(tf.float32, [None])
b = tf.placeholder(tf.float32, [None])
print(a + b)
print(a.shape)
iterator = tf.data.Dataset.from_tensor_slices(a).make_initializable_iterator()
print(iterator)
element = iterator.get_next()
with tf.Session() as sess:
    sess.run(iterator.initializer, feed_dict={a: [1.0, 2.0]})
    print(sess.run(element))
    print(sess.run(a * b, feed_dict={a: [1.0], b: [2.0]}))
"""


def test_what_is_no_longer_there_is_not_printed() -> None:
    migration = migrate(PROGRAM)
    lines = migration.after.split("\n")
    assert not migration.remaining
    assert "print(a + b)" not in lines
    assert "print(iterator)" not in lines
    assert "print(a.shape)" in lines
    assert [finding.line for finding in migration.findings if finding.code == "TFM711"] == [5, 8]


HELPER = """\
import tensorflow as tf


def net(x, w, name):
    print("building", name)
    return tf.matmul(x, w)


def layer(x, name):
    print("making", name)
    return tf.matmul(x, tf.Variable(tf.ones([2, 2])))


x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.ones([2, 2]))
out = net(layer(x, "a"), w, "b")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(out, {x: [[1.0, 2.0]]}))
"""


def test_what_a_helper_prints_is_told_unless_an_object_prints_it_when_it_is_made() -> None:
    told = [f for f in migrate(HELPER).findings if f.code == "TFM722"]
    assert [(f.line, f.fixable) for f in told] == [(5, True)]
