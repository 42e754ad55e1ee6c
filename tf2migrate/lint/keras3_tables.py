"""What TensorFlow 2.0 to 2.15 had and today's has not: rules/renames/keras3*.toml and the lists beside them, read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from tf2migrate.lint.keras3_kinds import kinds, usual
from tf2migrate.records import Record, in_tf2
from tf2migrate.rulebook import rules_folder

#: Members that a kind of object still has, though a more general one lost them.
_KEPT = {"Model": ("input_shape", "output_shape", "add_loss"), "RNN": ("stateful",), "Sequential": ("add_loss",)}

_CHOICE = re.compile(r"\{([\w.,]*)\}")


def expand(key: str) -> Iterator[tuple[str, str]]:
    """Each symbol that a key stands for, with its last choice: ``a.{b,c}`` is a.b and a.c."""
    first = _CHOICE.search(key)
    if first is None:
        yield key, ""
        return
    for choice in first[1].split(","):
        for symbol, last in expand(key[: first.start()] + choice + key[first.end() :]):
            yield symbol, last or choice


def read(name: str) -> Mapping[str, Record]:
    """A table of rules/renames/, with the keys that stand for several written out."""
    text = (rules_folder() / "renames" / f"{name}.toml").read_text(encoding="utf-8")
    found: dict[str, Record] = {}
    for key, fields in tomllib.loads(text).items():
        for symbol, choice in expand(key):
            if symbol in found:
                raise ValueError(f"{name}.toml: {symbol} has two records")
            found[symbol] = Record(symbol, **fields | {"becomes": fields.get("becomes", "").replace("{}", choice)})
    return found


@cache
def names() -> Mapping[str, Record]:
    """The verdicts on names; a key that ends in a dot stands for all below it."""
    return read("keras3")


@cache
def calls() -> Mapping[str, Record]:
    """The verdicts on arguments, methods and attributes."""
    return read("keras3_calls")


@cache
def gone() -> Mapping[str, str]:
    """The names that an earlier TensorFlow 2 had, each with the last version that has it."""
    lines = (rules_folder() / "renames" / "tf2_gone.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ") for line in lines)


@cache
def keras3() -> frozenset[str]:
    """The public names of Keras 3, imported as `keras`."""
    return frozenset((rules_folder() / "renames" / "keras3_symbols.txt").read_text(encoding="utf-8").split())


def exists(symbol: str) -> bool:
    """Whether today's TensorFlow, or Keras 3 where the name begins with `keras.`, has a name."""
    return symbol in keras3() if (symbol + ".").startswith("keras.") else in_tf2(symbol)


def verdict(symbol: str) -> Record | None:
    """The record of a name that is gone; None where it is there, or no TensorFlow 2 ever had it."""
    if symbol.startswith("keras.") and symbol in keras3() and "legacy" not in symbol:
        return None
    known, usually = names(), usual(symbol)
    if usually in known:
        return known[usually]
    parts = usually.split(".")
    for end in range(len(parts) - 1, 1, -1):
        below = ".".join(parts[:end]) + "."
        if below in known:
            return known[below]
    return None


def member(kind: str | None, name: str) -> Record | None:
    """The record of a method or attribute of a kind of object."""
    for each in kinds(kind):
        if name in _KEPT.get(each, ()):
            return None
        found = calls().get(f"tf.keras.{each}.{name}")
        if found is not None:
            return found
    return None
