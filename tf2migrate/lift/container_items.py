"""Variables that a method has in a dict or list, `self.weights["hidden"]` or a name of its own: how they are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.lift import kept_attributes
from tf2migrate.lift.classes import Instance
from tf2migrate.lift.trace import loops_in
from tf2migrate.lift.values import Structure, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def text(interpreter: Interpreter, variable: Variable) -> str | None:
    """How the function that makes a variable in a container reads it; None where the container may be another one."""
    stores = kept_attributes.stores(interpreter)
    for frame in interpreter.frames:
        written = [definition for statement in frame.statements for definition in statement.writes]
        for definition in written:
            made = any(m.value is variable for m in definition.statement.made)
            item = next(_items(definition.value, variable), None)
            if not made or item is None or loops_in(definition.statement.blocks):
                continue
            if isinstance(definition.owner, Instance):
                once = len(stores[definition.attribute]) == 1
                return f"self.{definition.attribute}{item}" if once else None
            if sum(d.name == definition.name for d in written) == 1:
                return f"{definition.name}{item}"
    return None


def _items(held: Value, variable: Variable) -> Iterator[str]:
    """The subscripts that lead to a variable in what something holds."""
    if not isinstance(held, Structure) or held.rest is not None or held.kind not in ("dict", "list", "tuple"):
        return
    for key, item, _ in held.items:
        written = f'["{key}"]' if isinstance(key, str) else f"[{key}]"
        if not isinstance(key, str | int) or isinstance(key, bool) or '"' in written[2:-2]:
            continue
        if item is variable:
            yield written
        yield from (f"{written}{inner}" for inner in _items(item, variable))
