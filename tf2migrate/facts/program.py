"""One program as the stages see it: text, tree and names together."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from tf2migrate.apply import apply
from tf2migrate.facts.names import Names
from tf2migrate.facts.source import Source
from tf2migrate.model import Edit


class Program(Source):
    """A source with its names resolved (once, when first asked).

    `cuts` are offsets that no edit may span, such as the boundaries of a notebook's cells; `first` is the program as
    it was before any stage; `borders` are the cuts at which another file begins, `reserved`
    the names that files have for each other, and `given` the parameters of functions (the names of both) that other
    programs of the same files give tensors of runs.
    """

    def __init__(
        self,
        text: str,
        cuts: tuple[int, ...] = (),
        first: Program | None = None,
        borders: tuple[int, ...] = (),
        reserved: frozenset[str] = frozenset(),
        given: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        super().__init__(text)
        self.cuts, self.borders, self.reserved, self.given = cuts, borders, reserved, given
        self._first = first  # none of its own, which would be a cycle: trees are freed at once, not by the collector

    def changed(self, edits: Iterable[Edit]) -> Program:
        """The program with edits made, of as many files as before. Raises `Overlap`, and `SyntaxError`."""
        text, cuts = apply(self.text, edits, self.cuts)
        borders = tuple(cuts[self.cuts.index(border)] for border in self.borders)
        return Program(text, cuts, self.first, borders, self.reserved, self.given)

    @property
    def first(self) -> Program:
        return self._first or self

    @cached_property
    def uses(self) -> tuple[tuple[ast.expr, str], ...]:
        """Each longest expression that is a symbol, with its canonical name, in the order of the text."""
        above = {id(node.value): node for node in self.nodes if type(node) is ast.Attribute}
        found = []
        for name in self.names.mentions:
            if self.names.raw(name) is not None:
                node: ast.expr = name
                while id(node) in above:
                    node = above[id(node)]
                found.append((node, self.names.symbol(node) or ""))
        return tuple(sorted(found, key=lambda use: (use[0].lineno, use[0].col_offset)))

    @cached_property
    def named(self) -> frozenset[str]:
        """Each name that is read or bound anywhere; those of parameters, functions, classes and imports aside."""
        return frozenset(n.id for n in self.each(ast.Name))

    @cached_property
    def read(self) -> frozenset[str]:
        """Each name that is read anywhere."""
        return frozenset(n.id for n in self.each(ast.Name) if isinstance(n.ctx, ast.Load))

    @cached_property
    def words(self) -> frozenset[str]:
        """Each name that is read, bound or a parameter anywhere; those of functions, classes and imports aside."""
        return self.named | {n.arg for n in self.each(ast.arg)}

    @cached_property
    def names(self) -> Names:
        return Names(self.tree)
