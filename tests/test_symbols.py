"""Every symbol of TensorFlow 1.15 has one verdict, and what is gone has advice."""

from __future__ import annotations

import tomllib

import pytest

from tf2migrate.records import in_tf2, records, tf1_symbols
from tf2migrate.rulebook import rules_folder
from tf2migrate.symbols import Verdict, advice, tf1_only, verdict

GONE = tomllib.loads((rules_folder() / "renames" / "gone.toml").read_text(encoding="utf-8"))
NAMES = [symbol for symbol in sorted(tf1_symbols()) if not symbol.endswith(".")]


def test_every_symbol_has_a_verdict() -> None:
    assert [symbol for symbol in NAMES if verdict(symbol) is None] == []


def test_what_is_removed_has_advice() -> None:
    assert [symbol for symbol in NAMES if verdict(symbol) is Verdict.REMOVED and not advice(symbol)] == []


def test_what_is_gone_is_no_name_of_tensorflow_2() -> None:
    keys = [*GONE["lifting"]["names"], *GONE["removed"]]
    assert [key for key in keys if not key.endswith(".") and in_tf2(key)] == []


def test_no_symbol_is_told_of_twice() -> None:
    lifting, removed = GONE["lifting"]["names"], GONE["removed"]
    assert len(set(lifting)) == len(lifting)
    assert not set(lifting) & set(removed)
    assert [key for key in (*lifting, *removed) if key in records()] == []


def test_every_key_is_about_a_name_of_tensorflow_1() -> None:
    known = tf1_symbols() | {"tf.contrib.eager.", "tf.contrib.summary."}  # these two hide their names
    assert [key for key in (*GONE["lifting"]["names"], *GONE["removed"]) if key not in known] == []


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("tf.nn.relu", Verdict.UNCHANGED),
        ("tf.log", Verdict.RENAMED),
        ("tf.to_float", Verdict.ARGUMENTS),
        ("tf.nn.dropout", Verdict.ARGUMENTS),
        ("tf.placeholder", Verdict.LIFTING),
        ("tf.GraphKeys.UPDATE_OPS", Verdict.LIFTING),
        ("tf.layers.dense", Verdict.LIFTING),
        ("tf.contrib.layers.fully_connected", Verdict.LIFTING),
        ("tf.contrib.crf.crf_decode", Verdict.REMOVED),
        ("tf.estimator.Estimator", Verdict.REMOVED),
        ("tf.image.resize_images", Verdict.REMOVED),
        ("tf.no_such_name", None),
    ],
)
def test_verdict(symbol: str, expected: Verdict | None) -> None:
    assert verdict(symbol) == expected


def test_the_nearest_advice_counts() -> None:
    assert "Estimators" in advice("tf.estimator.inputs.numpy_input_fn")
    assert advice("tf.contrib.lookup.HashTable").startswith("Use the tables of tf.lookup")
    assert advice("tf.contrib.no_such_package.f").startswith("tf.contrib is gone")
    assert advice("tf.log") == ""


def test_names_of_tensorflow_1_only() -> None:
    assert tf1_only("tf.placeholder")
    assert tf1_only("tf.contrib.slim")
    assert not tf1_only("tf.float32.name")
    assert not tf1_only("tf.nn.relu")
