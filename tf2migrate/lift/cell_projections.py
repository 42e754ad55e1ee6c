"""`OutputProjectionWrapper`: a cell whose outputs go through one more matrix, as a cell that has the other in it.

It is a part of the cell, and no layer after it: behind the end of a sequence, outputs are zeros, without its bias.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import cells, scopes
from tf2migrate.lift.cells import Cell
from tf2migrate.lift.layers import free_name, uses_random
from tf2migrate.lift.values import NONE, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

NAME = "ProjectedCell"
DEFINITION = '''\
class ProjectedCell({tf}.keras.layers.Layer):
    """A cell whose outputs go through one more matrix; its state is that of the cell inside."""

    def __init__(self, cell, units, activation=None, kernel_initializer="glorot_uniform"):
        super().__init__()
        self.cell, self.units, self.output_size, self.state_size = cell, units, units, cell.state_size
        self.activation = {tf}.keras.activations.get(activation)
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape):
        self.cell.build(input_shape)
        self.cell.built = True
        shape = [self.cell.output_size, self.units]
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=shape[1:], initializer="zeros", name="bias")

    def get_initial_state(self, batch_size=None):
        return self.cell.get_initial_state(batch_size)

    def call(self, inputs, states):
        outputs, states = self.cell(inputs, states)
        return self.activation({tf}.nn.bias_add({tf}.matmul(outputs, self.kernel), self.bias)), states'''


@dataclass(frozen=True, eq=False)
class Projected(Cell):
    """Such a cell; of the kind of the cell inside, whose state it has."""

    @property
    def resized(self) -> bool:
        return True


def wrapper(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """A cell of another one and the size of its outputs."""
    bound = bind(node, ("cell", "output_size", "activation", "reuse"))
    cell = interpreter.evaluate(bound["cell"], hint=hint)
    if isinstance(cell, Unknown):
        return cell
    if type(cell) is not Cell or cell.several or "reuse" in bound:
        return Unknown(f"{path} of anything but one cell", node)
    for key in ("output_size", "activation"):
        with interpreter.apart() as reads:
            value = interpreter.evaluate(bound[key]) if key in bound else NONE
        if value.time >= Time.STAGED:
            return value if isinstance(value, Unknown) else Unknown(f"{key} of a cell follows a tensor", node)
        interpreter.statement.reads |= reads
    drawn = scopes.default_for(interpreter, node, "initializer")
    if drawn is not None:
        bound = {**bound, "initializer": drawn}
    found = Projected(node, cell.kind, bound, repeated=interpreter.repeats, inside=cell)
    interpreter.make(node, found, free_name(interpreter, hint or "cell"), collections=frozenset())
    return found


def text(expressions: Expressions, cell: Projected) -> str:
    """The constructor of such a cell."""
    given = cell.arguments
    parts = [expressions.text(given["cell"]), expressions.text(given["output_size"])]
    activation = given.get("activation")
    if activation is not None and not (isinstance(activation, ast.Constant) and activation.value is None):
        parts.append(f"activation={expressions.text(activation)}")
    if "initializer" in given:
        parts.append(f"kernel_initializer={expressions.text(given['initializer'])}")
    elif uses_random(expressions.interpreter):
        parts.append("kernel_initializer=glorot_uniform")
    return f"{NAME}({', '.join(parts)})"


HANDLERS = {home + "OutputProjectionWrapper": wrapper for home in cells.HOMES}
__all__ = ["DEFINITION", "HANDLERS", "NAME", "Projected", "text"]
