"""States of LSTM cells that a program puts together itself: `LSTMStateTuple(c, h)` is a list, as Keras takes it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.cells import HOMES
from tf2migrate.lift.values import Placeholder, State, Structure, Tensor, Time, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_LISTS = ("tf.split", "tf.unstack")  # what gives a list


@dataclass(frozen=True, eq=False)
class PutTogether(State):
    """A state that is made of its parts, or of something that has two of them."""


def _made(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    if len(node.args) == 1 and isinstance(node.args[0], ast.Starred) and not node.keywords:
        whole = interpreter.evaluate(node.args[0].value)
        parts = [interpreter.item(whole, index, node) for index in range(2)]
    else:
        bound = bind(node, ("c", "h"))
        parts = [interpreter.evaluate(bound[name]) for name in ("c", "h") if name in bound]
    for leaf in [leaf for part in parts for leaf in leaves(part)]:
        if isinstance(leaf, Unknown):
            return leaf
    plain = all(isinstance(part, Tensor | Placeholder) and not isinstance(part, Structure) for part in parts)
    if len(parts) != 2 or not plain or any(part.time < Time.STAGED for part in parts):
        return Unknown(f"{path} of what is no pair of tensors", node)
    return PutTogether("tuple", tuple((i, Tensor(Time.STAGED, node), None) for i in range(2)), node)


def text(expressions: Expressions, node: ast.Call) -> str:
    """The list in the place of the tuple."""
    if not node.keywords and isinstance(node.args[0], ast.Starred):
        whole = node.args[0].value
        listed = isinstance(whole, ast.Call) and expressions.interpreter.names.symbol(whole.func) in _LISTS
        return expressions.text(whole) if listed else f"[*{expressions.text(whole)}]"
    bound = bind(node, ("c", "h"))
    return f"[{expressions.text(bound['c'])}, {expressions.text(bound['h'])}]"


HANDLERS = {home + "LSTMStateTuple": _made for home in HOMES}
__all__ = ["HANDLERS", "PutTogether", "text"]
