"""Python may ask a placeholder for its shape; what computes with it outside of a run stops the program."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2])
y = tf.square(x)


def f(a):
    return a is None


with tf.Session() as sess:
    print(sess.run(y, {x: [[1.0, 2.0]]}))
"""


@pytest.mark.parametrize(
    "line",
    [
        "if tf.log(x) is not None:\n    print(1)",
        "for each in [tf.log(x)]:\n    print(1)",
        "while f(tf.log(x)):\n    print(1)",
        "with open(str(f(tf.log(x)))) as file:\n    print(file)",
        "k = f(x + 1)\nprint(k)",
        "k = f(-x)\nprint(k)",
        "k = f(x[0])\nprint(k)",
        "if (n := tf.log(x)) is not None: print(1)",
    ],
)
def test_a_placeholder_is_not_computed_with(line: str) -> None:
    found = migrate(f"{PROGRAM}{line}\n")
    assert "tf.Session" in found.after
    (stop,) = [finding for finding in found.remaining if finding.code == "TFM902"]
    assert stop.message == "x exists only while the graph runs, and is used in plain Python here"


@pytest.mark.parametrize(
    "line", ["print(x.shape[1], x.dtype)", "if x.get_shape().ndims == 2:\n    print(1)", "k = f(x)\nprint(k)"]
)
def test_what_is_known_of_it_may_be_asked_for(line: str) -> None:
    after = migrate(f"{PROGRAM}{line}\n").after
    assert "tf.Session" not in after
    assert line.partition("\n")[0].replace("get_shape()", "shape") in after.replace("get_shape()", "shape")
