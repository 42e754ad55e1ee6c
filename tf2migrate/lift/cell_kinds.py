"""Classes of cells as values: `cell_fn = GRUCell if args.model == "gru" else BasicLSTMCell`, then `cell_fn(size)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import cells, chosen_functions, scopes
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.values import Symbol, Symbols, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: By what TensorFlow 1 calls them: the classes that are written, where the settings are no other than all have.
CLASSES = {home + name: f"Joint{kind}" for home in cells.HOMES for name, kind in cells.KINDS.items()}


def by_value(interpreter: Interpreter, node: ast.Call, function: Symbol) -> bool:
    """Whether a class of cells is called by another expression than its name, such as a parameter."""
    return function.path in CLASSES and interpreter.names.symbol(node.func) is None


def call(interpreter: Interpreter, node: ast.Call, function: Symbols, hint: str) -> Value:
    """A cell of one of several classes, which is given nothing but its size; or a tensor of such a function."""
    if all(path in chosen_functions.ACTIVATIONS for path in function.paths):
        return chosen_functions.Chosen(False).call(interpreter, node, hint)
    if not all(path in CLASSES for path in function.paths):
        return Unknown("it stands for different kinds of things on different paths", node)
    settled = [k for k in node.keywords if k.arg != "num_units" and not _tuple(k)]
    if len(node.args) + len(node.keywords) != 1 + sum(map(_tuple, node.keywords)) or settled:
        return Unknown("a cell of one of several classes is given more than its size", node)
    if scopes.default_for(interpreter, node, "initializer") is not None:
        return Unknown("a cell of one of several classes is made in a scope with an initializer", node)
    size = node.args[0] if node.args else next(k.value for k in node.keywords if k.arg == "num_units")
    with interpreter.apart() as reads:
        value = interpreter.evaluate(size)
    if isinstance(value, Unknown):
        return value
    interpreter.statement.reads |= reads
    kinds = [cells.KINDS[path.rsplit(".", 1)[-1]] for path in function.paths]
    cell = cells.among(
        [cells.Cell(node, kind, {"num_units": size}, repeated=interpreter.repeats) for kind in dict.fromkeys(kinds)]
    )
    interpreter.make(node, cell, free_name(interpreter, hint or "cell"), collections=frozenset())
    interpreter.rewrites[id(node)] = cell
    return cell


def _tuple(keyword: ast.keyword) -> bool:
    return keyword.arg == "state_is_tuple" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True


def class_text(interpreter: Interpreter, node: ast.expr) -> str | None:
    """The class that is written for one that is named without being called."""
    read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    path = interpreter.names.symbol(node) if read else None
    return CLASSES.get(path) if path is not None else None


__all__ = ["by_value", "call", "class_text"]
