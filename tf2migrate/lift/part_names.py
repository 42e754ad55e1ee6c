"""The attributes of a class that was a function: one for each thing that a name stands for in it, one after the other.

In `weights = make("a")`, `x = f(x, weights)`, `weights = make("b")`, `x = f(x, weights)` the object keeps two things.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.part_text import PartText

Site = tuple[int, str]


def attributes(text: PartText) -> dict[Site, str]:
    """The attribute of each binding; the names of the class are made so. Raises `Refused` where one cannot be told."""
    resolved: Mapping[int, set[Site]] = text.expressions.interpreter.resolved
    nodes: dict[str, list[ast.Name]] = {}
    for node in walk(text.function):
        if isinstance(node, ast.Name) and text.names.get(id(node), "").startswith("self."):
            nodes.setdefault(text.names[id(node)], []).append(node)
    found: dict[Site, str] = {}
    taken = set(nodes)
    for name, group in nodes.items():
        things = _things([resolved.get(id(node), set()) for node in group])
        for number, thing in enumerate(sorted(things, key=lambda t: _first(group, resolved, t))):
            own, extra = name, number
            while number and own in taken:
                own, extra = f"{name}_{extra}", extra + 1
            taken.add(own)
            found |= dict.fromkeys(thing, own.removeprefix("self."))
            text.kept[own.removeprefix("self.")] = None
        if len(things) > 1:
            for node in group:
                sites = resolved.get(id(node), set())
                if not sites:
                    what = f"in {text.function.name}, {node.id} stands for several things, and for which is not seen"
                    raise Refused("TFM903", node, what, "Give the things names of their own.")
                text.names[id(node)] = f"self.{found[min(sites)]}"
    return found


def _things(read: list[set[Site]]) -> list[set[Site]]:
    """The bindings, where those that one read may mean stand together."""
    things: list[set[Site]] = []
    for sites in read:
        joined = set(sites)
        for thing in [t for t in things if t & joined]:
            things.remove(thing)
            joined |= thing
        if joined:
            things.append(joined)
    return things


def _first(group: list[ast.Name], resolved: Mapping[int, set[Site]], thing: set[Site]) -> tuple[int, int]:
    """Where a thing is named first."""
    return min((n.lineno, n.col_offset) for n in group if resolved.get(id(n), set()) & thing)
