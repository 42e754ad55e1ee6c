"""`ResidualWrapper`: a cell whose outputs its inputs are added to, as a cell that has the other in it.

It is a part of the cell, and no sum after it: behind the end of a sequence, outputs are zeros, without the inputs
(`rnn_cell_wrapper_impl.ResidualWrapperBase`, 1.15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import cells, scopes
from tf2migrate.lift.cells import Cell
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.values import Unknown, Value

if TYPE_CHECKING:
    import ast

    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

NAME = "ResidualCell"
DEFINITION = '''\
class ResidualCell({tf}.keras.layers.Layer):
    """A cell whose inputs are added to its outputs; its state is that of the cell inside."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.units = cell, cell.units
        self.output_size, self.state_size = cell.output_size, cell.state_size

    def build(self, input_shape):
        self.cell.build(input_shape)
        self.cell.built = True

    def get_initial_state(self, batch_size=None):
        return self.cell.get_initial_state(batch_size)

    def call(self, inputs, states):
        outputs, states = self.cell(inputs, states)
        return inputs + outputs, states'''


@dataclass(frozen=True, eq=False)
class Residual(Cell):
    """Such a cell; of the kind of the cell inside, whose state and size it has."""


def wrapper(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """A cell of another one, which adds as TensorFlow 1 does where it is not told how."""
    bound = bind(node, ("cell", "residual_fn"))
    cell = interpreter.evaluate(bound["cell"], hint=hint)
    if isinstance(cell, Unknown):
        return cell
    if type(cell) is not Cell or cell.several or "residual_fn" in bound:
        return Unknown(f"{path} of anything but one cell", node)
    scopes.default_for(interpreter, node, "initializer")  # notes it, as where the cell inside is made
    found = Residual(node, cell.kind, {**cell.arguments, **bound}, repeated=interpreter.repeats, inside=cell)
    interpreter.make(node, found, free_name(interpreter, hint or "cell"), collections=frozenset())
    return found


def text(expressions: Expressions, cell: Residual) -> str:
    """The constructor of such a cell."""
    return f"{NAME}({expressions.text(cell.arguments['cell'])})"


HANDLERS = {home + "ResidualWrapper": wrapper for home in cells.HOMES}
__all__ = ["DEFINITION", "HANDLERS", "NAME", "Residual", "text"]
