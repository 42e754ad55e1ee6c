"""One program as the stages see it: text, tree and names together."""

from __future__ import annotations

from functools import cached_property

from tf2migrate.facts.names import Names
from tf2migrate.facts.source import Source


class Program(Source):
    """A source with its names resolved (once, when first asked)."""

    cuts: tuple[int, ...] = ()  # offsets that no edit may span, such as the boundaries of a notebook's cells

    @cached_property
    def names(self) -> Names:
        return Names(self.tree)
