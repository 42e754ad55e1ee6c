"""Names for what a rewrite adds."""

from __future__ import annotations

from collections.abc import Container
from itertools import count


def fresh(wanted: str, taken: Container[str]) -> str:
    """A name that is not taken: the wanted one, or that with the first number that makes it so."""
    return wanted if wanted not in taken else next(n for i in count(1) if (n := f"{wanted}_{i}") not in taken)
