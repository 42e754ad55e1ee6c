"""What the calls of a function that runs sessions give it of the graph: the same in all of them, or variables it reads.

A function that only fetches a variable that it is given (`values = session.run(weights)`) reads `weights.numpy()`,
whichever variable that is.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import NONE, Handle, Python, Symbol, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.functions import FunctionNode


def differing(function: FunctionNode, first: dict[str, Value], arguments: dict[str, Value]) -> list[str]:
    """The parameters that two calls of a function give different things of the graph.

    Plain Python and sessions may differ.
    """
    found = []
    for name in dict.fromkeys([*first, *arguments]):
        one, other = ([v for v in leaves(a.get(name, NONE)) if _of_graph(v)] for a in (first, arguments))
        same = len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
        variables = all(type(a.get(name)) is Variable for a in (first, arguments))
        if not same and not (variables and only_fetched(function, name)):
            found.append(name)
    return found


def _of_graph(value: Value) -> bool:
    from tf2migrate.lift.chosen_functions import Chosen
    from tf2migrate.lift.functions import Function

    return not isinstance(value, Python | Handle | Function | Symbol | Chosen)


def only_fetched(function: FunctionNode, name: str, listed: bool = False) -> bool:
    """Whether a function reads a parameter only to fetch it: by itself, or also in a list of fetches."""
    inside = list(walk(function))
    uses = [n for n in inside if isinstance(n, ast.Name) and n.id == name]
    fetched: set[int] = set()
    for call in inside:
        match call:
            case ast.Call(func=ast.Attribute(attr="run"), args=[asked, *_]):
                fetched.add(id(asked))
                if listed and isinstance(asked, ast.List | ast.Tuple):
                    fetched |= {id(element) for element in asked.elts}
            case ast.Call(func=ast.Attribute(value=asked, attr="eval")):
                fetched.add(id(asked))
    nested = any(isinstance(n, ast.FunctionDef | ast.Lambda) for n in inside if n is not function)
    return not nested and {id(use) for use in uses} <= fetched
