"""Functions that end early for some of their calls: what becomes of them, and what is left alone."""

from __future__ import annotations

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lift.trained_apart import trained_apart

CALLS = "\na, b = model(x, y, True)\nc, _ = model(x, None, False)\n"
EARLY = """
def model(x, y, training):
    out = dense(x)
    if not training:
        return out, None
    # the loss
    loss = mean(out - y)
    return out, tf.train.AdamOptimizer(0.1).minimize(loss)
"""
APART = """import tensorflow as tf

def model(x):
    out = dense(x)
    return out

a = model(x)
# the loss
loss = mean(a - y)
b = tf.train.AdamOptimizer(0.1).minimize(loss)
c = model(x)
"""
LATE = """
def model(x, y, training):
    out = dense(x)
    if training:
        # the loss
        loss = mean(out - y)
        return out, tf.train.AdamOptimizer(0.1).minimize(loss)
    else:
        return out, None
"""
NOTHING_BEFORE = """
def model(x, y, training):
    out = dense(x)
    if not training:
        return out, None
    return out, tf.train.AdamOptimizer(0.1).minimize(out)
"""
ON_ITS_LINE = """
def model(x, y, training):
    out = dense(x)
    if training: loss = mean(out - y); return out, tf.train.AdamOptimizer(0.1).minimize(loss)
    else: return out, None
"""


def becomes(text: str) -> str:
    program = Program("import tensorflow as tf\n" + text)
    return program.changed(trained_apart(program)).text


@pytest.mark.parametrize("text", [EARLY, LATE])
def test_the_training_stands_where_it_is_asked_for(text: str) -> None:
    assert becomes(text + CALLS).split() == APART.split()


@pytest.mark.parametrize(
    "text",
    [
        EARLY + "\na, b = model(x, y, True)\n",  # all calls train
        EARLY + "\na, b = model(x, y, flag)\nc, _ = model(x, None, False)\n",  # whether it trains is not known
        EARLY + "\npair = model(x, y, True)\nc, _ = model(x, None, False)\n",  # not unpacked
        EARLY + "\na, b = model(x, y, True)\nc, _ = model(x, read(), False)\n",  # an argument that has to be computed
        NOTHING_BEFORE + CALLS,
        ON_ITS_LINE + CALLS,
        "@decorated" + EARLY + CALLS,
    ],
)
def test_what_cannot_be_told_is_left_alone(text: str) -> None:
    assert becomes(text) == "import tensorflow as tf\n" + text
