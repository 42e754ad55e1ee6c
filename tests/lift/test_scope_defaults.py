"""What scopes give to the variables and layers in them: it is what it was where the scope was entered."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

slim = tf.contrib.slim
x = tf.placeholder(tf.float32, [None, 4])
{made}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(h, {{x: [[1.0, 2.0, 3.0, 4.0]]}}))
"""
SCOPE = """n = 0.1
with tf.variable_scope("m", initializer=tf.constant_initializer(n)):
    a = tf.get_variable("a", [4, 2])
{before}    b = tf.get_variable("b", [2, 2])
{after}h = tf.matmul(tf.matmul(x, a), b)"""
ARGUMENTS = """n = 0.1
with slim.arg_scope([slim.fully_connected], weights_initializer=tf.constant_initializer(n)):
    h = slim.fully_connected(x, 3)
{before}    h = slim.fully_connected(h, 2)
{after}"""
FUNCTION = """def net(x, c):
    init = tf.constant_initializer(c)
    with tf.variable_scope("m", initializer=init):
        a = tf.get_variable("a", [4, 2])
{before}        b = tf.get_variable("b", [2, 2])
{after}    return tf.matmul(tf.matmul(x, a), b)
h = net(x, 0.1)"""
BEFORE = {SCOPE: "    n = 0.2\n", ARGUMENTS: "    n = 0.2\n", FUNCTION: "        init = tf.ones_initializer()\n"}
AFTER = {SCOPE: "n = 0.2\n", ARGUMENTS: "n = 0.2\n", FUNCTION: "    init = tf.ones_initializer()\n"}


@pytest.mark.parametrize("made", [SCOPE, ARGUMENTS, FUNCTION], ids=["scope", "arguments", "function"])
def test_a_name_that_is_bound_anew_before_a_variable_is_made_stops_the_program(made: str) -> None:
    anew = migrate(PROGRAM.format(made=made.format(before=BEFORE[made], after="")))
    assert {f.code for f in anew.findings if f.code.startswith("TFM9")} == {"TFM901"}
    assert not anew.changed
    for after in ("", AFTER[made]):
        assert migrate(PROGRAM.format(made=made.format(before="", after=after))).changed
