"""Cells that a program unrolls by itself."""

from tf2migrate.migrate import migrate

PROGRAM = """\
import tensorflow as tf

x = tf.placeholder(tf.float32, [2, 2, 3])
cell = tf.nn.rnn_cell.BasicLSTMCell(2)
state = cell.zero_state(2, tf.float32)
with tf.variable_scope("RNN"):
    for step in range(2):
        if step > 0:
            tf.get_variable_scope().reuse_variables()
        output, state = cell(x[:, step], state)
w = tf.get_variable("w", [2, 1])
decay = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])
cost = tf.reduce_mean(tf.matmul(output, w)) + decay
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(cost, {x: [[[1.0] * 3] * 2] * 2}))
"""


def test_the_variables_of_a_cell_that_is_called_in_a_loop_are_collected() -> None:
    assert "[*cell.trainable_variables, w]" in migrate(PROGRAM).after
