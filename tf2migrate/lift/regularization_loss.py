"""`tf.losses.get_regularization_loss`: the sum of what regularizers add to the loss, and the list of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.regularization import REGULARIZED
from tf2migrate.lift.values import Tensor, Time, Value
from tf2migrate.lift.variable_lists import Collected, list_text, within

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter


@dataclass(frozen=True, eq=False)
class Total(Tensor):
    """The sum of what is collected."""

    collected: Collected | None = None


def _regularization(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.losses.get_regularization_loss`, the sum, and `get_regularization_losses`, the list."""
    summed = path.endswith("loss")
    scope = bind(node, ("scope", "name") if summed else ("scope",)).get("scope")
    found = within(interpreter, node, scope, REGULARIZED, hint)
    if not isinstance(found, Collected) or not summed:
        return found
    interpreter.rewrites[id(node.func)] = found  # whether its layers have been called is asked of the list
    return Total(Time.STAGED, node, found)


def total_text(expressions: Expressions, node: ast.Call, total: Total) -> str:
    """The sum of a list."""
    assert total.collected is not None
    return f"{expressions.tf}.add_n({list_text(expressions, node, total.collected)})"


HANDLERS = {
    "tf.losses.get_regularization_loss": _regularization,
    "tf.losses.get_regularization_losses": _regularization,
}
__all__ = ["HANDLERS", "Total", "total_text"]
