"""Names of tf.contrib that TensorFlow 1 itself moved: a program is followed under the later ones."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

DRAWN = """dataset = {name}.from_tensor_slices([1.0, 2.0]){more}
x = dataset.make_one_shot_iterator().get_next()
y = x * 2.0
with tf.Session() as sess:
    print(sess.run(y))
"""


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("import tensorflow as tf\n", "tf.contrib.data.Dataset"),
        ("import tensorflow as tf\nfrom tensorflow.contrib.data import Dataset\n", "Dataset"),
        ("import tensorflow as tf\nfrom tensorflow.contrib import data\n", "data.Dataset"),
    ],
)
def test_data_sets(head: str, name: str) -> None:
    text = migrate(head + DRAWN.format(name=name, more="")).after
    assert "dataset = tf.data.Dataset.from_tensor_slices([1.0, 2.0])\n" in text
    assert "contrib" not in text
    assert "Session" not in text


def test_data_sets_that_are_mapped_in_threads_stay() -> None:
    more = ".map(lambda v: v, num_threads=2)"
    text = "import tensorflow as tf\n" + DRAWN.format(name="tf.contrib.data.Dataset", more=more)
    assert migrate(text).after == text


def test_keras() -> None:
    head = "import tensorflow as tf\nimport tensorflow.contrib.keras as kr\n"
    text = head + "kept = kr.preprocessing.sequence.pad_sequences([[1]], 3)\ny = tf.constant(kept)\n"
    text += "with tf.Session() as sess:\n    print(sess.run(y))\n"
    found = migrate(text).after
    assert "kept = tf.keras.preprocessing.sequence.pad_sequences([[1]], 3)\n" in found
    assert "contrib" not in found
