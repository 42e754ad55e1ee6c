"""TFM207 to TFM209: what is written out does what TensorFlow 1 did."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from textwrap import dedent

import pytest

from tf2migrate.migrate import migrate
from tf2migrate.rewrites import rewrite

HEAD = """\
from tensorflow.contrib import learn

texts = ["the cat sat on the mat", "The dog's house, a RED house; HTMLParser reads a-b", "",
         "one two three four five six"]
"""
USES = """\
for frequency in (0, 1):
    p = learn.preprocessing.VocabularyProcessor(5, min_frequency=frequency)
    print([list(map(int, row)) for row in p.fit_transform(texts)], len(p.vocabulary_))
    print(sorted(p.vocabulary_._mapping.items())[:6])
    print([list(map(int, row)) for row in p.transform(["house of the cat sat sat sat"])], list(p.reverse([[1, 2, 0]])))
p = learn.preprocessing.VocabularyProcessor(3, tokenizer_fn=lambda documents: (d.split() for d in documents))
print([list(map(int, row)) for row in p.fit_transform(texts)])
"""
#: What TensorFlow 1.15 prints.
PRINTED = """\
[[1, 2, 3, 4, 1], [6, 7, 8, 9, 10], [0, 0, 0, 0, 0], [15, 16, 17, 18, 19]] 21
[('<UNK>', 0), ('HTML', 11), ('Parser', 12), ('RED', 10), ('The', 6), ('a', 9)]
[[8, 0, 1, 2, 3]] ['the cat <UNK>']
[[2, 0, 0, 0, 2], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]] 3
[('<UNK>', 0), ('house', 1), ('the', 2)]
[[1, 0, 2, 0, 0]] ['house the <UNK>']
[[1, 2, 3], [6, 7, 8], [0, 0, 0], [15, 16, 17]]
"""


def test_documents_have_the_numbers_of_tensorflow_1() -> None:
    text = migrate(HEAD + USES, stages=(rewrite,)).after
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(text.replace("from tensorflow.contrib import learn\n", ""), {})
    assert printed.getvalue() == PRINTED


def test_a_processor_is_saved_and_restored() -> None:
    text = migrate(
        HEAD + "V = learn.preprocessing.VocabularyProcessor\np = V.restore('words')\n", stages=(rewrite,)
    ).after
    assert text.endswith("V = VocabularyProcessor\np = V.restore('words')\n")
    text = migrate(HEAD + "p = learn.preprocessing.VocabularyProcessor.restore('words')\n", stages=(rewrite,)).after
    assert text.endswith("\np = VocabularyProcessor.restore('words')\n")


def test_a_name_that_is_taken_gets_a_number() -> None:
    program = "import tensorflow as tf\nfrom scipy.stats import Normal\nd = tf.distributions.Normal(0.0, 1.0)\n"
    text = migrate(program, stages=(rewrite,)).after
    assert "\nclass Normal1:\n" in text
    assert text.endswith("\nd = Normal1(0.0, 1.0)\n")


@pytest.mark.parametrize("use", ["tf.distributions.Dirichlet", "tf.distributions.kl_divergence(*both)"])
def test_what_has_no_class_here_is_left(use: str) -> None:
    program = f"import tensorflow as tf\nfound = {use}\nother = tf.distributions.Normal(0.0, 1.0)\n"
    assert migrate(program, stages=(rewrite,)).after == program


@pytest.mark.tensorflow
def test_a_policy_is_drawn_and_trained_alike() -> None:
    """A policy of an agent, its samples drawn anew at each run, its old self, and a bound on how far they are apart."""
    from test_rules import differences, outputs

    program = dedent("""\
        import numpy as np
        import tensorflow as tf

        s = tf.placeholder(tf.float32, [None, 3])
        a = tf.placeholder(tf.float32, [None, 2])
        w = tf.Variable(tf.ones([3, 2]) * 0.1)
        old_w = tf.Variable(tf.ones([3, 2]) * 0.2)
        pi = tf.distributions.Normal(loc=tf.matmul(s, w), scale=tf.nn.softplus(tf.matmul(s, w)))
        old_pi = tf.distributions.Normal(tf.matmul(s, old_w), 1.0)
        sample = tf.squeeze(pi.sample(1), axis=0)
        kl = tf.reduce_mean(tf.distributions.kl_divergence(old_pi, pi))
        loss = -tf.reduce_mean(tf.exp(pi.log_prob(a) - old_pi.log_prob(a)) + 0.01 * pi.entropy()) + kl
        noise = tf.distributions.Normal(0.0, 1.0).sample([2])
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for i in range(3):
                x = np.arange(6).reshape(2, 3) / 6.0
                print(sess.run([sample, pi.mean(), pi.prob(0.5)], {s: x}))
                print(sess.run([kl, loss, train], {s: x, a: [[0.1, 0.2], [0.3, 0.4]]})[:2])
            print(sess.run(w), sess.run(noise))
        """)
    migration = migrate(program)
    assert not [f for f in migration.findings if not f.fixable]
    old, new = outputs("old", [program])[0], outputs("new", [migration.after])[0]
    assert old.count("\n") > 5
    assert not differences(old, new)


@pytest.mark.tensorflow
def test_a_decoder_and_its_losses_are_those_of_tensorflow_1() -> None:
    """What is expected is what TensorFlow 1.15 prints."""
    from test_rules import differences, outputs

    migration = migrate(DECODER)
    assert not [f for f in migration.findings if not f.fixable]
    printed = "1.63608 1.60944 0.15814\n1.63368 1.60746 0.15814\n1.63125 1.60548 0.16092\n"
    assert not differences(printed, outputs("new", [migration.after])[0])


def test_a_decoder_that_feeds_itself_is_left() -> None:
    program = DECODER.replace("loop_function=None", "loop_function=lambda previous, step: previous")
    migration = migrate(program)
    assert migration.after == program
    assert any("rnn_decoder with a loop_function" in f.message for f in migration.findings)


DECODER = """\
import numpy as np
import tensorflow as tf
from tensorflow.contrib import legacy_seq2seq

batch, steps, size, words = 2, 3, 4, 5
inputs = tf.placeholder(tf.int32, [batch, steps])
targets = tf.placeholder(tf.int32, [batch, steps])
with tf.variable_scope("rnnlm"):
    softmax_w = tf.get_variable("softmax_w", [size, words], initializer=tf.constant_initializer(0.2))
    first = tf.constant_initializer(np.arange(20).reshape(5, 4) / 20.0)
    embedding = tf.get_variable("embedding", [words, size], initializer=first)
with tf.variable_scope("decoder", initializer=tf.constant_initializer(0.1)):
    lstm = tf.nn.rnn_cell.LSTMCell(size, initializer=tf.constant_initializer(0.1))
    initial_state = lstm.zero_state(batch, tf.float32)
    steps_in = [tf.squeeze(step, [1]) for step in tf.split(tf.nn.embedding_lookup(embedding, inputs), steps, 1)]
    outputs, last_state = legacy_seq2seq.rnn_decoder(steps_in, initial_state, lstm, loop_function=None, scope="rnnlm")
output = tf.reshape(tf.concat(outputs, 1), [-1, size])
logits = tf.matmul(output, softmax_w) + tf.range(5, dtype=tf.float32) * 0.1
loss = legacy_seq2seq.sequence_loss_by_example([logits], [tf.reshape(targets, [-1])], [tf.ones([batch * steps])], words)
each = [tf.matmul(o, softmax_w) for o in outputs]
several = legacy_seq2seq.sequence_loss(each, tf.unstack(targets, axis=1), [tf.constant([1.0, 0.5])] * 3)
cost = tf.reduce_sum(loss) / batch / steps
train = tf.train.GradientDescentOptimizer(0.5).minimize(cost + several)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {inputs: [[0, 1, 2], [3, 4, 0]], targets: [[1, 2, 3], [4, 0, 1]]}
    for _ in range(3):
        _, c, s, last = sess.run([train, cost, several, last_state], feed)
        print("%.5f %.5f %.5f" % (c, s, last.h[1][2]))
"""
