"""What regularizers add to the loss: which layers and variables have one, in the order in which they were made.

A Keras layer computes its own from its weights, when it is asked (`losses`); for a variable its regularizer is called.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.lift.values import Python, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: The name of the collection.
REGULARIZED = "regularization_losses"
_IN = frozenset((REGULARIZED,))
_REGULARIZERS = (
    *("kernel_regularizer", "bias_regularizer", "gamma_regularizer", "beta_regularizer"),
    *("depthwise_regularizer", "pointwise_regularizer", "activity_regularizer", "embeddings_regularizer"),
)


def of_layer(interpreter: Interpreter, made: Value, name: str | None, arguments: Mapping[str, ast.expr]) -> None:
    """Notes that a layer is regularized, if it is."""
    if any(key in arguments and not _is_none(arguments[key]) for key in _REGULARIZERS):
        interpreter.add_member(made, name, _IN, certain="activity_regularizer" not in arguments)


def of_variable(interpreter: Interpreter, made: Variable, name: str | None, given: ast.expr | None) -> None:
    """Notes that a variable is regularized, if it is; how is evaluated where the collection is asked for."""
    if given is None or _is_none(given):
        return
    with interpreter.apart():
        value = interpreter.evaluate(given)
    if isinstance(value, Python) and value.known and value.literal is None:
        return
    interpreter.regularizers[made] = given
    local = not interpreter.frame.unit and any(isinstance(n, ast.Name) for n in ast.walk(given))
    interpreter.add_member(made, name, _IN, certain=not local)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


__all__ = ["REGULARIZED", "of_layer", "of_variable"]
