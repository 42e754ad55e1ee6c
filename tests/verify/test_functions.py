"""Functions of both programs, called on generated arrays."""

from __future__ import annotations

import pytest

from tf2migrate.verify.check import Checker
from tf2migrate.verify.functions import Argument, SignatureError, calls, signature
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.verdict import Status

OLD = """import tensorflow as tf


def scale(x, kinds):
    hidden = tf.layers.dense(x, 4, activation=tf.nn.relu)
    return tf.reduce_mean(hidden, axis=1), tf.one_hot(kinds, 3)


def narrow(x):
    return tf.reduce_sum(tf.nn.relu(x), reduction_indices=1)


def wrong(x):
    raise ValueError("always")
"""
NEW = """import tensorflow as tf

dense = tf.keras.layers.Dense(4, activation="relu")


def scale(x, kinds):
    return tf.reduce_mean(dense(x), axis=1), tf.one_hot(kinds, 3)


def narrow(x):
    return tf.reduce_sum(tf.nn.relu6(x), axis=1)


def wrong(x):
    raise ValueError("always")
"""


def test_signatures() -> None:
    assert signature("float32[n,3] int32[n] bool[]") == (
        Argument("float32", ("n", 3)), Argument("int32", ("n",)), Argument("bool", ()),
    )  # fmt: skip
    with pytest.raises(SignatureError, match="is no signature"):
        signature("float[3]")


def test_names_stand_for_lengths() -> None:
    found = calls(signature("float32[n,3] int32[n]"))
    assert len(found) == 40
    assert all(x.shape == (len(kinds), 3) and x.dtype == "float32" for x, kinds in found)
    assert {len(kinds) for _, kinds in found} == {1, 2, 3, 4, 5}


@pytest.fixture(scope="module")
def shared():
    with Checker(Settings(timeout=200)) as found:
        yield found


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("function", "arguments", "status", "reason"),
    [
        ("scale", "float32[n,3] int32[n]", Status.EQUIVALENT, "40 of 40 generated calls returned the same, and so"),
        ("narrow", "float32[n,3]", Status.DIFFERENT, "steps of gradient ascent"),
        ("wrong", "float32[]", Status.NOT_COMPARABLE, "wrong: it raised at every call"),
        ("scale", "float[3]", Status.NOT_RUN, "is no signature"),
    ],
)  # fmt: skip
def test_a_function(shared: Checker, function: str, arguments: str, status: Status, reason: str) -> None:
    with Checker(Settings(timeout=200, functions=((function, arguments),))) as own:
        own.servers = shared.servers
        for mode in ("old", "new"):
            shared.server(mode, "cpu")
        found = own.check(Case(OLD, "old.py"), Case(NEW, "new.py"))
        own.servers = {}
    assert found.status is status, found.reason
    assert reason in found.reason
