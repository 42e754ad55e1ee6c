"""What became of each TensorFlow 1 symbol: the tables of rules/renames/, read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from tf2migrate.rulebook import rules_folder


@dataclass(frozen=True, slots=True)
class Record:
    """One TF1 symbol. Its fields are the table's keys.

    `params` are TF1's positional parameters; the first `positional` of them may stay positional. `rename` maps old
    keywords to new ones, `drop` lists keywords that go, `only` those that may go with this one value, `add` TF1's
    defaults to write out where they are not given, `convert` keywords that become an expression. A `template` is the
    whole new expression. `stop_gradient` names an argument through which TF1 took no gradient.
    """

    symbol: str
    becomes: str = ""
    params: Sequence[str] = ()
    positional: int = 0
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, str] = field(default_factory=dict)
    convert: Mapping[str, str] = field(default_factory=dict)
    template: str = ""
    stop_gradient: str = ""
    floats: bool = False  # only where an argument is plainly of a float type

    @property
    def plain(self) -> bool:
        """Whether only the name changed: the symbol may be renamed without being called."""
        return not (self.params or self.template)


@cache
def records() -> Mapping[str, Record]:
    """Every record by its symbol; one written by hand stands above a generated one."""
    found: dict[str, Record] = {}
    for name in ("generated.toml", "arguments.toml"):
        text = (rules_folder() / "renames" / name).read_text(encoding="utf-8")
        found |= {symbol: Record(symbol, **record) for symbol, record in tomllib.loads(text).items()}
    return found


@cache
def tf2_symbols() -> frozenset[str]:
    """The public names of TensorFlow 2; one under which every name is listed ends in a dot."""
    return frozenset((rules_folder() / "renames" / "tf2_symbols.txt").read_text(encoding="utf-8").split())


@cache
def tf1_symbols() -> frozenset[str]:
    """The public names of TensorFlow 1.15, contrib included; a module's ends in a dot."""
    return frozenset((rules_folder() / "renames" / "tf1_symbols.txt").read_text(encoding="utf-8").split())


def in_tf2(symbol: str) -> bool:
    """Whether a canonical name (``tf.math.log``, or an attribute of such) exists in TensorFlow 2."""
    known = tf2_symbols()
    parts = symbol.split(".")
    if any(part.startswith("__") for part in parts):
        return True  # of the module itself, such as __version__
    if symbol + "." in known:
        return True
    for end in range(len(parts), 1, -1):
        prefix = ".".join(parts[:end])
        if prefix + "." in known:
            return False  # a module, or a class with members lost, that has no such name
        if prefix in known:
            return True
    return symbol == "tf"
