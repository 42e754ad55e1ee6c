"""Collections that parts add to at their first call: they are asked for behind those calls, or something is missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import parts
from tf2migrate.lift.collections import Collection, Gathered
from tf2migrate.lift.values import Layer, Refused

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.parts import Part
    from tf2migrate.lift.planned import Plan, Planned


def check(interpreter: Interpreter, plan: Plan) -> None:
    """Each function that asks for such a collection has called what adds to it. Raises `Refused`."""
    adding = {found: list(_adding(interpreter, found)) for found in interpreter.collected.values() if found.calls}
    for planned in plan.functions if any(adding.values()) else ():
        _check(interpreter, planned, adding)


def _check(interpreter: Interpreter, planned: Planned, adding: dict[Collection, list[Part]]) -> None:
    called: set[int] = set()
    for statement in planned.slice.statements:
        values = [v for n in walk(statement.node) if (v := interpreter.rewrites.get(id(n))) is not None]
        for value in values:
            if isinstance(value, parts.Call) and value.made is not None:
                inside = (t.node for t in parts.things(interpreter, value.made) if isinstance(t, Layer))
                called |= {id(node) for node in (value.made, *inside)}
        for value in values:
            wanted = adding.get(value.of, []) if isinstance(value, Gathered) and value.of is not None else []
            if not {id(made.node) for part in wanted for made in part.objects} <= called:
                what = "a collection is asked for by a run that does not compute all that adds to it at its first call"
                raise Refused("TFM901", statement.node, what, "Compute both in one run.")


def _adding(interpreter: Interpreter, found: Collection) -> Iterator[Part]:
    """The parts that make something at their first call, and add to a collection."""
    calls = {id(call) for call in found.calls}
    for part in interpreter.parts.values():
        lazy = any(interpreter.objects[id(made.node)] in interpreter.lazy for made in part.objects)
        if lazy and calls & _inside(interpreter, part.function, set()):
            yield part


def _inside(interpreter: Interpreter, function: ast.AST, seen: set[int]) -> set[int]:
    """The nodes of a function, and of the helpers that it calls."""
    seen.add(id(function))
    found = {id(node) for node in walk(function)}
    for helper, calls in interpreter.helper_calls.items():
        if id(helper) not in seen and found & calls.keys():
            found |= _inside(interpreter, helper, seen)
    return found
