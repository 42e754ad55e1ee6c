"""Placeholders that functions make and return: what their callers make in their place, and what stays."""

from __future__ import annotations

import pytest

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.lift.handed_in import handed_in

NETWORK = """def network(x):
    with tf.name_scope('inputs'):
        keep = tf.placeholder(tf.float32, name='keep')
    y = tf.nn.dropout(x, keep)
    return y, keep
"""


def becomes(text: str) -> str:
    program = Program("import tensorflow as tf\n" + text)
    return apply(program.text, handed_in(program))[0].removeprefix("import tensorflow as tf\n")


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("y, k = network(x)", "k = tf.placeholder(tf.float32, name='keep')\ny = network(x, k)"),
        ("y, k = network(x=x)", "k = tf.placeholder(tf.float32, name='keep')\ny = network(x=x, keep=k)"),
    ],
)
def test_the_caller_makes_what_it_hands_in(call: str, written: str) -> None:
    head = "def network(x, keep):\n    y = tf.nn.dropout(x, keep)\n    return y\n"
    assert becomes(NETWORK + call + "\n") == head + written + "\n"


def test_what_has_a_default_goes_before_what_is_handed_in() -> None:
    text = NETWORK.replace("(x):", "(x, n=1):") + "y, k = network(x)\n"
    assert "def network(x, n=1, *, keep):" in becomes(text)
    assert "y = network(x, keep=k)" in becomes(text)


@pytest.mark.parametrize(
    "text",
    [
        NETWORK + "both = network(x)\n",
        NETWORK + "y, _ = network(x)\n",
        NETWORK + "y, k = network(k)\n",
        NETWORK + "y, k = network(x)\nf = network\n",
        NETWORK + "y, *k = network(x)\n",
        NETWORK.replace("tf.name_scope('inputs')", "graph.as_default()") + "y, k = network(x)\n",
        NETWORK.replace("tf.float32,", "x.dtype,") + "y, k = network(x)\n",
        NETWORK.replace("with tf.name_scope('inputs')", "if x is None") + "y, k = network(x)\n",
        NETWORK.replace("    return", "    keep = keep + 1\n    return") + "y, k = network(x)\n",
        NETWORK.replace("    return", "    if x is None:\n        return None\n    return") + "y, k = network(x)\n",
        NETWORK + "def f(tf, x):\n    y, k = network(x)\n    return y, k\n",
    ],
)
def test_what_cannot_be_told_stays(text: str) -> None:
    assert becomes(text) == text
