"""Summaries that a program fills itself, of numbers that it has: `tf.Summary()` becomes a list of tags and numbers."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.values import PYTHON, Python, Refused, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.functions import Method
    from tf2migrate.lift.interpret import Interpreter

#: A summary, and one of its values.
MADE, VALUE = "tf.Summary", "tf.Summary.Value"
_PARTS = frozenset(("tag", "simple_value"))
_NODE = "node_name"  # of which TensorBoard makes nothing


@dataclass(frozen=True, eq=False)
class Filled(Value):
    """A `tf.Summary` of the program's own: the call, and the tags and numbers that it is given at once."""

    node: ast.Call
    pairs: tuple[tuple[ast.expr, ast.expr], ...] = ()

    def one_of(self, values: list[Value]) -> Value | None:
        return self if all(isinstance(value, Filled) for value in values) else None


def filled(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.Summary`, empty or with a list of values that is written in the call."""
    given = bind(node, ("value",)).get("value")
    if given is None:
        return Filled(node)
    if not isinstance(given, ast.List | ast.Tuple):
        return Unknown("what a tf.Summary holds cannot be seen", node)
    pairs = []
    for element in given.elts:
        made = isinstance(element, ast.Call) and interpreter.names.symbol(element.func) == VALUE
        pair = _pair(interpreter, element) if made and isinstance(element, ast.Call) else None
        if pair is None:
            return Unknown("a tf.Summary holds more than numbers", node)
        pairs.append(pair)
    return Filled(node, tuple(pairs))


def method(interpreter: Interpreter, node: ast.Call, name: str) -> Value:
    """`summary.value.add`."""
    if name != "add" or _pair(interpreter, node) is None:
        return Unknown(f"{name} of a tf.Summary is followed for numbers only", node)
    return PYTHON


def _pair(interpreter: Interpreter, node: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The tag and the number of one value; None where it is of another kind, or a tensor."""
    if not is_number(node):
        return None
    held = {keyword.arg: keyword.value for keyword in node.keywords}
    pair = held["tag"], held["simple_value"]
    values = [interpreter.evaluate(part) for part in pair]
    plain = all(isinstance(value, Python) and value.time < Time.STAGED for value in values)
    return pair if plain else None


def is_number(node: ast.Call) -> bool:
    """Whether one value is told as a tag and a number."""
    return not node.args and {keyword.arg for keyword in node.keywords} - {_NODE} == _PARTS


def check(interpreter: Interpreter) -> None:
    """Such a summary is for `add_summary` and nothing else. Raises `Refused`."""
    written = [d for frame in interpreter.frames for s in frame.statements for d in s.writes]
    names = {d.name for d in written if isinstance(d.value, Filled)}
    if any(d.owner is not None and isinstance(d.value, Filled) for d in written):
        _refuse(written[0].statement.node)
    for node in interpreter.program.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            parent = interpreter.program.parents.get(id(node))
            if isinstance(parent, ast.keyword):
                parent = interpreter.program.parents.get(id(parent))
            adds = isinstance(parent, ast.Call) and getattr(parent.func, "attr", "") == "add_summary"
            if not adds and not (isinstance(parent, ast.Attribute) and parent.attr == "value"):
                _refuse(node)


def _refuse(node: ast.AST) -> None:
    message = "a tf.Summary is used for something else than add_summary"
    raise Refused("TFM906", node, message, "Give it to add_summary where it is filled.")


# -------------------------------------------------------------------- text


def made_text(expressions: Expressions, made: Filled) -> str:
    """The list in a summary's place."""
    return "[" + ", ".join(f"({expressions.text(tag)}, {expressions.text(n)})" for tag, n in made.pairs) + "]"


def add_text(expressions: Expressions, node: ast.Call, called: Method) -> str:
    """What adds a tag and a number to the list."""
    held = {keyword.arg: keyword.value for keyword in node.keywords}
    assert isinstance(called.node.value, ast.Attribute)
    owner = expressions.text(called.node.value.value)
    return f"{owner}.append(({expressions.text(held['tag'])}, {expressions.text(held['simple_value'])}))"


def lines(expressions: Expressions, made: Filled, given: ast.expr, step: str) -> list[str]:
    """The lines that write the numbers, within the writer's block."""
    scalar = f"{expressions.tf}.summary.scalar"
    if given is made.node:
        return [f"    {scalar}({expressions.text(t)}, {expressions.text(n)}, step={step})" for t, n in made.pairs]
    tag, number = (free_name(expressions.interpreter, name) for name in ("tag", "number"))
    each = f"    for {tag}, {number} in {expressions.text(given)}:"
    return [each, f"        {scalar}({tag}, {number}, step={step})"]
