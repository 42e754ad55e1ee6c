"""What became of each TensorFlow 1 symbol: the tables of rules/renames/, read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from tf2migrate.rulebook import rules_folder

#: The tables in rules/renames/, a later one above an earlier.
TABLES = ("generated", "before1", "assertions", "arguments", "expressions", "contrib", "graduated", "absl")


@dataclass(frozen=True, slots=True)
class Record:
    """One TF1 symbol. Its fields are the table's keys.

    `params` are TF1's positional parameters; the first `positional` of them may stay positional. `rename` maps old
    keywords to new ones, `drop` lists keywords that go, `only` those that may go with this one value, `add` TF1's
    defaults to write out where they are not given, `convert` keywords that become an expression. `templates` are
    whole new expressions, one for each set of given arguments. `stop_gradient` names an argument through which TF1
    took no gradient, `whole` those that must not be lists of parts, `lone` one whose only element was the result.
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
    templates: Sequence[str] = ()
    stop_gradient: str = ""
    whole: Sequence[str] = ()
    lone: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)  # "keyword=literal" -> what it becomes with that
    boxed: str = ""  # an argument that is a list of one makes the result one
    spans: str = ""  # left alone where this argument is plainly computed from the others, element by element
    whole_numbers: str = ""  # what it becomes where its operands are plainly whole numbers, and not floats
    formerly: Sequence[str] = ()  # its parameters before TensorFlow 1.0, where 1.x took none by position
    others: bool = False  # arguments that are not among `params` stay as they are
    needs: str = ""  # TensorFlow 2's own form has this argument, and is left alone
    advice: str = ""  # there is no form for it in TensorFlow 2: what a person can do

    def variant(self, key: str) -> Record:
        """What the record is where an argument has the value that a key of `variants` says."""
        name = key.partition("=")[0]
        only = {n: v for n, v in self.only.items() if n != name}
        return replace(self, becomes=self.variants[key], only=only, drop=[*self.drop, name], variants={})

    def keeps(self, positional: int, given: Iterable[str]) -> bool:
        """Whether a call with so many positional arguments, and these in all, keeps them as they are written.

        Where the gradient through one of them is to be stopped, it does not.
        """
        renamed = set(self.rename).difference(self.params[:positional])  # what has a place needs no name
        touched = renamed.union(self.drop, self.only, self.convert)
        missing = set(self.add).difference(self.rename.get(name, name) for name in given)
        return positional <= self.positional and touched.isdisjoint(given) and not missing

    @property
    def plain(self) -> bool:
        """Whether only the name changed."""
        return not (self.params or self.templates or self.advice)

    @property
    def is_mapped(self) -> bool:
        """Whether what becomes of a call follows from the names of its arguments, and how its gradient flows, alone."""
        seen = (
            self.templates or self.whole or self.lone or self.variants or self.boxed or self.spans or self.whole_numbers
        )
        return not (seen or self.advice or self.others)

    @property
    def is_value(self) -> bool:
        """Whether the symbol may be handed on without being called: called as TF1 was, it does what it did."""
        told = self.add or self.convert or self.templates or self.stop_gradient or self.whole_numbers or self.lone
        return self.plain or (not (told or self.advice) and (self.positional > 0 or self.free))

    @property
    def free(self) -> bool:
        """Whether the symbol needs no argument that TensorFlow 2 would not know."""
        return {*self.drop, *self.only} >= set(self.params)


@cache
def records() -> Mapping[str, Record]:
    """Every record by its symbol; one written by hand stands above a generated one."""
    found: dict[str, Record] = {}
    for name in TABLES:
        found |= table(name)
    return found


@cache
def table(name: str) -> Mapping[str, Record]:
    """The records of one table by their symbols."""
    text = (rules_folder() / "renames" / f"{name}.toml").read_text(encoding="utf-8")
    return {symbol: Record(symbol, **record) for symbol, record in tomllib.loads(text).items()}


@cache
def extra_records(texts: tuple[str, ...]) -> Mapping[str, Record]:
    """A user's own records by their symbols, a later text above an earlier. Raises `ValueError` for what is none."""
    found: dict[str, Record] = {}
    for text in texts:
        for symbol, keys in tomllib.loads(text).items():
            try:
                record = Record(symbol, **keys)
            except TypeError as error:
                raise ValueError(f"{symbol}: {str(error).removeprefix('Record.__init__() ')}") from None
            if not (record.becomes or record.templates or record.advice):
                raise ValueError(f"{symbol}: says neither what it becomes nor what to do")
            if "." not in symbol:
                raise ValueError(f"{symbol}: is no path such as package.module.name")
            found[symbol] = record
    return found


def extra_roots(texts: tuple[str, ...]) -> frozenset[str]:
    """The packages that a user's own records are about."""
    return frozenset(symbol.split(".")[0] for symbol in extra_records(texts))


@cache
def tf2_symbols() -> frozenset[str]:
    """The public names of TensorFlow 2; one under which every name is listed ends in a dot."""
    return frozenset((rules_folder() / "renames" / "tf2_symbols.txt").read_text(encoding="utf-8").split())


@cache
def tf1_symbols() -> frozenset[str]:
    """The public names of TensorFlow 1.15, contrib included; a module's ends in a dot."""
    return frozenset((rules_folder() / "renames" / "tf1_symbols.txt").read_text(encoding="utf-8").split())


@cache
def _gone() -> frozenset[str]:
    lines = (rules_folder() / "renames" / "tf2_gone.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split(" ")[0] for line in lines)


def was_in_tf2(symbol: str) -> bool:
    """Whether a TensorFlow 2 before today's had a name that says nothing of TensorFlow 1: Keras's, or its own."""
    parts = symbol.split(".")
    found = any(".".join(parts[:end]) in _gone() for end in range(2, len(parts) + 1))
    return found and (symbol.startswith(("tf.keras.", "tf.estimator")) or symbol not in tf1_symbols())


@lru_cache(maxsize=1 << 16)
def in_tf2(symbol: str) -> bool:
    """Whether a canonical name (``tf.math.log``, or an attribute of such) exists in TensorFlow 2."""
    known = tf2_symbols()
    if f"{symbol}.".startswith("tf.compat.v2."):
        return in_tf2("tf" + symbol.removeprefix("tf.compat.v2"))
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
