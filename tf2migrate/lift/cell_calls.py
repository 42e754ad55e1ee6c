"""Cells that a program unrolls by itself: `output, state = cell(inputs, state)`, as Keras's cells are called too."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.lift import own_cell_classes
from tf2migrate.lift.cells import Cell, Stacked, Wrapped, in_layers, state_of
from tf2migrate.lift.scopes import ALL_VARIABLES, ALWAYS, NEVER, TRAINED, Member
from tf2migrate.lift.trace import loops_in
from tf2migrate.lift.values import Structure, Tensor, Time, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter


@dataclass(frozen=True, eq=False)
class Stepped(Structure):
    """What one call of a cell gives: its output and its state."""

    cell: Cell | Stacked | None = None


def call(interpreter: Interpreter, cell: Cell | Stacked | Wrapped, node: ast.Call) -> Value:
    """One step of a cell."""
    if len(node.args) != 2 or node.keywords:
        return Unknown("a cell is called with more than its inputs and its state", node)
    for leaf in [leaf for argument in node.args for leaf in leaves(interpreter.evaluate(argument))]:
        if isinstance(leaf, Unknown):
            return leaf
    inside = cell.cells or (cell.each,) if isinstance(cell, Stacked) else (cell,)
    if isinstance(cell, Wrapped) or not all(isinstance(c, Cell) for c in inside):
        return Unknown("a cell with dropout is called step by step", node)
    if any(isinstance(c, Cell) and c.resized for c in inside):
        return Unknown("a cell with a projection of its outputs is called step by step", node)
    if any(isinstance(c, Cell) and c.several for c in inside):
        return Unknown("one of several cells is called step by step", node)
    stacked = isinstance(cell, Stacked) and not cell.joined
    if stacked and any(isinstance(c, Cell) and c.kind != "LSTMCell" for c in inside):
        return Unknown("a stack of cells that are no LSTMs is called step by step", node)
    if (twice := own_cell_classes.placed(interpreter, cell, cell.node)) is not None:
        return twice
    before = any(member.value is cell for member in interpreter.scopes.made)  # a second walk of a loop begins without
    before = before or all(c in in_layers(interpreter) for c in inside)  # which has its variables then, in any scope
    if not before and not _alone(interpreter):
        return Unknown("a cell is called in a scope that is reused", node)
    if not before:
        certain = isinstance(cell, Cell) and not any(isinstance(b, ast.If) for b in interpreter.blocks)
        held = ALL_VARIABLES | TRAINED
        interpreter.scopes.made.append(Member(interpreter.graph, None, cell, certain, held, told=certain))
    items = ((0, Tensor(Time.STAGED, node), None), (1, state_of(cell, node), None))
    found = Stepped("tuple", items, node, cell=cell)
    interpreter.rewrites[id(node)] = found
    return found


def _alone(interpreter: Interpreter) -> bool:
    """Whether nothing is shared but what the loop around it has made in its first turn."""
    scopes = interpreter.scopes
    loops = [id(loop) for loop in loops_in(interpreter.blocks)]
    return scopes.reuse == NEVER or (scopes.reuse == ALWAYS and scopes.switched in loops)


def steps(interpreter: Interpreter, owner: ast.expr) -> bool:
    """Whether the program calls the cell itself that an expression stands for."""
    text = ast.unparse(owner)
    return any(
        isinstance(n, ast.Call) and len(n.args) == 2 and ast.unparse(n.func) == text for n in interpreter.program.nodes
    )


def zeros_text(expressions: Expressions, node: ast.Call, cell: Cell | Stacked) -> str:
    """The state of zeros that such a loop begins with."""
    assert isinstance(node.func, ast.Attribute)
    owner = expressions.text(node.func.value)
    given = [k.value for k in node.keywords if k.arg == "batch_size"] or node.args
    batch = expressions.text(given[0])
    sizes = f"{owner}.state_size"
    if isinstance(cell, own_cell_classes.Own):
        begin = f"{expressions.tf}.zeros([{batch}, "
        return f"[{begin}size]) for size in {sizes}]" if cell.kind == "LSTMCell" else f"{begin}{sizes}])"
    if isinstance(cell, Stacked) or cell.kind.endswith("LSTMCell"):
        return f"{owner}.get_initial_state(batch_size={batch})"
    return f"{expressions.tf}.zeros([{batch}, {owner}.units])"


__all__ = ["Stepped", "call", "steps", "zeros_text"]
