"""Lists and dicts that are attributes of an object, and come to hold something: `self.weights["h"] = tf.Variable(…)`.

What is read of them later is of the graph as what was put there is. How much they hold is known where it is put there
in straight code beside the container itself; elsewhere, methods and loops put it there as often as they happen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.lift.trace import Definition, Frame
from tf2migrate.lift.values import Python, Structure, Time, Value, join

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def note_item(interpreter: Interpreter, target: ast.expr, value: Value) -> bool:
    """Follows that an item of an attribute is set; false where it is another container that is changed."""
    if not isinstance(target, ast.Subscript):
        return False
    container = target.value
    with interpreter.apart():
        key = interpreter.evaluate(target.slice)
    literal = key.literal if isinstance(key, Python) and key.known else None
    kept = _definitions(interpreter, container)
    for definition, held in kept:
        if literal is not None and held.kind == "dict" and _is_straight(interpreter, definition):
            others = [item for item in held.items if item[0] != literal]
            definition.value = Structure("dict", (*others, (literal, value, None)), held.node, held.rest)
        else:
            definition.value = _grown(held, value, container)
    return bool(kept)


def note_more(interpreter: Interpreter, container: ast.expr, method: str, value: Value) -> None:
    """Follows that a list that is an attribute is appended to, or a container extended or updated."""
    if value.time != Time.MADE:
        return
    for definition, held in _definitions(interpreter, container):
        if method == "append" and held.rest is None and _is_straight(interpreter, definition):
            definition.value = Structure(held.kind, (*held.items, (len(held.items), value, None)), held.node)
            continue
        inside = [item for _, item, _ in value.items] if isinstance(value, Structure) else []
        inside += [value.rest] if isinstance(value, Structure) and value.rest is not None else []
        many = method in ("extend", "update") and isinstance(value, Structure)
        for each in inside if many else [value]:
            definition.value = _grown(definition.value, each, container)  # type: ignore[arg-type]


def is_extended(interpreter: Interpreter, container: ast.expr, held: Value, value: Value) -> bool:
    """Whether `self.weights += […]` extends a list that is an attribute. It is noted."""
    listed = isinstance(held, Structure) and held.kind == "list" and isinstance(value, Structure)
    if not listed or value.time >= Time.STAGED or not _definitions(interpreter, container):
        return False
    note_more(interpreter, container, "extend", value)
    return True


def note_elsewhere(interpreter: Interpreter, held: Structure, values: list[Value], node: ast.expr) -> None:
    """Follows that a container has come to hold something, where other names than the one that is used mean it, too."""
    values = [value for value in values if value.time == Time.MADE]
    if not values:
        return
    frames = [*interpreter.frames, *_around(interpreter.frame)]
    known = [each for frame in frames for each in frame.env.values()]
    known += [each for instance in interpreter.instances.values() for each in instance.attributes.values()]
    for definition in (d for each in known for d in each):
        if definition.value is held:
            for value in values:
                definition.value = _grown(definition.value, value, node)


def _around(frame: Frame | None) -> Iterator[Frame]:
    """A frame, those around it, and those that call it."""
    while frame is not None:
        yield frame
        yield from _around(frame.parent)
        frame = frame.caller.frame if frame.caller is not None else None


def _definitions(interpreter: Interpreter, container: ast.expr) -> list[tuple[Definition, Structure]]:
    """The attributes that an expression may mean, with the containers that they are."""
    known = interpreter.attributes.get(id(container), ()) if isinstance(container, ast.Attribute) else ()
    return [(d, d.value) for d in known if isinstance(d.value, Structure)]


def _is_straight(interpreter: Interpreter, definition: Definition) -> bool:
    """Whether the walk is where an attribute was bound: what happens here happens once for each container."""
    made = definition.statement
    return made.frame is interpreter.frame and made.blocks == interpreter.blocks and not interpreter.comprehensions


def _grown(held: Structure, value: Value, node: ast.expr) -> Structure:
    """A container that holds something more, at a place and in a number that are not known."""
    every = [item for _, item, _ in held.items] + [v for v in (held.rest, value) if v is not None]
    if held.kind == "dict":  # its own keys may have this now
        items = tuple((key, join([item, value], node), None) for key, item, _ in held.items)
        return Structure("dict", items, held.node, join([v for v in (held.rest, value) if v is not None], node))
    return Structure(held.kind, (), held.node, rest=join(every, node))
