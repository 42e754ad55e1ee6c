"""The verdict on every symbol of TensorFlow 1.15: what it is today, and where it is nothing, what to do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from tf2migrate.records import in_tf2, records
from tf2migrate.rulebook import rules_folder


class Verdict(StrEnum):
    """What became of a symbol."""

    UNCHANGED = "unchanged"
    RENAMED = "renamed"  # nothing but its name
    ARGUMENTS = "arguments"  # its arguments, or what they default to, or the whole expression
    LIFTING = "lifting"  # goes with the graph that it is part of
    REMOVED = "removed"  # a person has to write something else


def tf1_only(symbol: str) -> bool:
    """Whether a canonical name (``tf.placeholder``, or an attribute of such) is none of TensorFlow 2."""
    return not in_tf2(symbol)


def verdict(symbol: str) -> Verdict | None:
    """What became of a symbol; None for one that is neither TensorFlow 1.15's nor 2's."""
    record = records().get(symbol)
    if record is not None and not record.advice:
        if record.plain:
            return Verdict.RENAMED if record.becomes != symbol else Verdict.UNCHANGED
        return Verdict.ARGUMENTS
    if record is not None:
        return Verdict.REMOVED
    if in_tf2(symbol):
        return Verdict.UNCHANGED
    told = _told(symbol)
    if told is None:
        return None
    return Verdict.REMOVED if told else Verdict.LIFTING


def advice(symbol: str) -> str:
    """What a person can do about a symbol that TensorFlow 2 lacks; "" where nothing particular is known."""
    record = records().get(symbol)
    return record.advice if record is not None and record.advice else _told(symbol) or ""


def _told(symbol: str) -> str | None:
    """The advice on a symbol that is gone: its own, or that on the nearest package or class; "" under lifting."""
    gone = _gone()
    parts = symbol.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        for key in (name, name + "."):
            if key in gone:
                return gone[key]
    return None


@cache
def _gone() -> Mapping[str, str]:
    table = tomllib.loads((rules_folder() / "renames" / "gone.toml").read_text(encoding="utf-8"))
    return {**dict.fromkeys(table["lifting"]["names"], ""), **table["removed"]}
