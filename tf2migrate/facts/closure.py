"""What some things lead to."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


def closure(first: Iterable[Thing], onward: Mapping[Thing, Collection[Thing]]) -> set[Thing]:
    """The things, what they lead to, what that leads to, and so on: functions and their callers, for one."""
    found = set(first)
    todo = list(found)
    while todo:
        more = set(onward.get(todo.pop(), ())) - found
        found |= more
        todo += more
    return found
