"""The statements that make the things of a program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def homes(interpreter: Interpreter) -> dict[int, Statement]:
    """By identity: the statement that makes something, or for things of a unit that of the object they are in.

    It is of what has been followed so far, and walks all of it: who asks for many things asks once.
    """
    found: dict[int, Statement] = {}
    for frame in interpreter.frames:
        for statement in frame.statements:
            for made in statement.made:
                found.setdefault(id(made.value), statement)
    objects: dict[int, Value] = {}
    for part in interpreter.parts.values():
        for each in part.objects:
            for thing in each.things:
                objects.setdefault(id(thing), interpreter.objects[id(each.node)])
    for key, around in objects.items():
        while id(around) in objects:
            around = objects[id(around)]
        found.pop(key, None)
        if id(around) in found:
            found[key] = found[id(around)]
    return found


def homes_of(interpreter: Interpreter, values: Iterable[Value]) -> list[Statement | None]:
    """Those of some things, in their order; None for what no statement makes."""
    found = homes(interpreter)
    return [found.get(id(value)) for value in values]
