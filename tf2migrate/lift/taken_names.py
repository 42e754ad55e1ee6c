"""Which names are taken in graphs, as far as that is told: what is numbered where its name is there already.

A `tf.Variable` has the name of an op, and so is in name scopes, of which each variable scope opens one of its own: what
is made where a scope is entered again is in `scope_1` (`python/ops/variable_scope.py`, TensorFlow 1.15). Layers without
names are numbered in each variable scope.
"""

from __future__ import annotations

from dataclasses import dataclass

from tf2migrate.lift.name_patterns import OPEN, equals

Names = tuple[tuple[int, str], ...]


@dataclass(eq=False)
class Taken:
    """The names in graphs, each with the graph's identity."""

    opened: Names = ()  # of the variable scopes that were entered so far
    known: frozenset[tuple[int, str]] = frozenset()  # of what has variables,
    unclear: Names = ()  # and what is told of those that are not known
    unsure: Names = ()  # of what has none of its own, where it is not told how many of it there are

    def open(self, graph: object, path: str, often: bool) -> None:
        """Notes that a scope is entered; `often` where that is done in a loop."""
        self.opened += ((id(graph), path),) * (2 if often else 1)

    def add(self, graph: object, name: str | None, pattern: str) -> None:
        """Notes that something with variables is made."""
        if name is not None:
            self.known |= {(id(graph), name)}
        else:
            self.unclear += ((id(graph), pattern),)

    def doubt(self, graph: object, pattern: str) -> None:
        """Notes that something without a name is made, and not told how often."""
        self.unsure += ((id(graph), pattern),)

    def is_counted(self, graph: object, pattern: str) -> bool:
        """Whether it is told how many things of a numbered name there are."""
        return not any(g == id(graph) and (p == pattern or OPEN in p) for g, p in self.unsure)

    def is_taken(self, graph: object, name: str) -> bool:
        """Whether a layer without a name of its own may get another: the scope that it would open was there before."""
        opened = any(g == id(graph) and equals(path, name) is not False for g, path in self.opened)
        return opened or (id(graph), name) in self.known

    def is_numbered(self, graph: object, name: str) -> bool:
        """Whether a `tf.Variable` of a name may get a number: its name is taken, or a scope's was entered before."""
        parts = name.split("/")
        here = [path for g, path in self.opened if g == id(graph)]
        for around in ("/".join(parts[:at]) for at in range(1, len(parts))):
            entered = sum(equals(path, around) is not False for path in here)
            if entered > 1 or (id(graph), around) in self.known:
                return True
        unclear = any(g == id(graph) and equals(p, name) is not False for g, p in self.unclear)
        return unclear or (id(graph), name) in self.known
