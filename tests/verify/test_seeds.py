"""What shared random numbers hide: seeds that are used again, and data that is shuffled otherwise."""

from __future__ import annotations

import pytest

from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case
from tf2migrate.verify.verdict import Status

OLD = """import numpy as np
import tensorflow as tf

tf.set_random_seed(3)
x = tf.placeholder(tf.float32, [None, 4])
start = tf.glorot_uniform_initializer()
a = tf.get_variable("a", [4, 4], initializer=start)
b = tf.get_variable("b", [4, 4], initializer=start)
y = tf.matmul(tf.matmul(x, a) + tf.random_normal([4], seed=1), b) + tf.random_normal([4], seed=2)
data = tf.data.Dataset.from_tensor_slices(np.arange(12.0).reshape(12, 1)).shuffle(12).repeat(2).batch(3)
row = data.make_one_shot_iterator().get_next()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(4):
        print(sess.run(y, {x: np.ones([1, 4])}), sess.run(row))
"""
NEW = """import numpy as np
import tensorflow as tf

tf.random.set_seed(3)
x = tf.TensorSpec([None, 4], tf.float32)
a = tf.Variable(tf.keras.initializers.GlorotUniform()([4, 4]))
b = tf.Variable(tf.keras.initializers.GlorotUniform()([4, 4]))
data = tf.data.Dataset.from_tensor_slices(np.arange(12.0).reshape(12, 1)).shuffle(12).repeat(2).batch(3)
rows = iter(data)


@tf.function(input_signature=[x])
def compute_y(x):
    return tf.matmul(tf.matmul(x, a) + tf.random.normal([4], seed=1), b) + tf.random.normal([4], seed=2)


for _ in range(4):
    print(compute_y(x=np.ones([1, 4])).numpy(), next(rows).numpy())
"""
#: What is changed, and the point that is named for it.
CHANGES = {
    "nothing": ("", "", ""),
    "seeds left out": ("seed=2", "seed=None", ""),
    "one seed for two draws": ("seed=2", "seed=1", "seeds normal [4] float32 (new.py:"),
    # an initializer of Keras 3 draws the same numbers each time it is called; those of TensorFlow 1 went on
    "one initializer for two variables": (
        "b = tf.Variable(tf.keras.initializers.GlorotUniform()([4, 4]))",
        "start = tf.keras.initializers.GlorotUniform()\na, b = (tf.Variable(start([4, 4])) for _ in range(2))",
        "seeds uniform [4, 4] float32 (new.py:",
    ),
    "the seed set at every step": (
        "    print(compute", "    tf.random.set_seed(3)\n    print(compute", "seeds of all draws: different",
    ),
    "shuffled once": ("shuffle(12)", "shuffle(12, reshuffle_each_iteration=False)", "shuffles of data (old.py:10"),
    "batches shuffled": (
        ".shuffle(12).repeat(2).batch(3)", ".batch(3).shuffle(12).repeat(2)", "shuffles of data (old.py:10",
    ),
    "a small buffer": ("shuffle(12)", "shuffle(1)", "shuffles of data (old.py:10"),
    "no shuffle": (".shuffle(12)", "", "shuffles of data (old.py:10): missing"),
}  # fmt: skip


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_no_shared_number_shows(name: str, checker: Checker) -> None:
    before, after, point = CHANGES[name]
    verdict = checker.check(Case(OLD, "old.py"), Case(NEW.replace(before, after) if before else NEW, "new.py"))
    assert verdict.status is (Status.DIFFERENT if point else Status.EQUIVALENT), verdict.reason
    assert point in verdict.reason
