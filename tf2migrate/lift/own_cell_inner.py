"""Cells inside of a program's own cell, such as one that it is wrapped around: built with it, called as before."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tf2migrate.facts.tree import own, walk
from tf2migrate.lift.own_cell_forms import Form, attribute_of, refusal
from tf2migrate.lift.own_cell_shapes import Shapes

_SIZES = ("state_size", "output_size")
#: The cells of TensorFlow 1 that may be made in a constructor, and what of their settings is written on.
_MADE = {name: f"tf.nn.rnn_cell.{name}" for name in ("BasicRNNCell", "GRUCell", "BasicLSTMCell", "LSTMCell")}
_SETTINGS = ("activation", "forget_bias")


def inner_cells(form: Form) -> dict[str, ast.expr]:
    """The attributes that are cells, with what the constructor binds them to: a parameter, or a cell that it makes."""
    constructor = form.methods.get("__init__")
    if constructor is None:
        return {}
    asked = {
        attribute_of(n.value)
        for n in walk(form.node)
        if isinstance(n, ast.Attribute) and n.attr in _SIZES
    }
    found: dict[str, ast.expr] = {}
    for node in [s for s in walk(constructor) if isinstance(s, ast.Assign)]:
        for name in [name for target in node.targets if (name := attribute_of(target)) is not None]:
            if name not in asked and not built_in(form, node.value):
                continue
            if name in found:
                raise refusal(node, "a cell inside of a cell is set twice")
            found[name] = node.value
    return found


def built_in(form: Form, node: ast.expr) -> str | None:
    """Which cell of TensorFlow 1 an expression makes."""
    if not isinstance(node, ast.Call):
        return None
    symbol = form.symbol(node.func).replace("tf.contrib.rnn.", "tf.nn.rnn_cell.")
    return next((name for name, path in _MADE.items() if path == symbol), None)


def made_text(form: Form, node: ast.Call) -> str:
    """A cell that the constructor makes, with its size first, as what it becomes takes it. Raises `Refused`."""
    told = {k.arg: k.value for k in node.keywords}
    size = node.args[0] if node.args else told.pop("num_units", None)
    told = {name: v for name, v in told.items() if not (name == "state_is_tuple" and ast.unparse(v) == "True")}
    if size is None or len(node.args) > 1 or any(name not in _SETTINGS for name in told):
        raise refusal(node, "a cell inside of a cell is made with more than its size")
    segment = form.program.segment
    parts = [segment(size), *(f"{name}={segment(value)}" for name, value in told.items())]
    return f"{segment(node.func)}({', '.join(parts)})"


def calls(form: Form, names: dict[str, ast.expr]) -> list[ast.Call]:
    """The calls of those cells in the step. Raises `Refused` where one is used in another way."""
    found = []
    for node in walk(form.step):
        if attribute_of(node) not in names or isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        above = form.program.parents.get(id(node))
        if isinstance(above, ast.Attribute) and above.attr in _SIZES:
            continue
        if not isinstance(above, ast.Call) or above.func is not node:
            raise refusal(node, "a cell inside of a cell is used otherwise than called")
        found.append(above)
    if len({attribute_of(call.func) for call in found}) < len(found):
        raise refusal(found[0], "a cell inside of a cell is called twice in a step")
    return found


def call_text(form: Form, node: ast.Call, text: Callable[[ast.expr], str]) -> str:
    """The call without the scope that was handed on. Raises `Refused`."""
    given = [a for a in node.args if not _is_scope(a)]
    more = [k for k in node.keywords if not (k.arg == "scope" and (_is_scope(k.value) or _is_text(k.value)))]
    if len(given) != 2 or more or any(isinstance(a, ast.Starred) for a in given):
        raise refusal(node, "a cell inside of a cell is called with more than its inputs and its state")
    return f"{form.program.segment(node.func)}({', '.join(map(text, given))})"


def _is_scope(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "scope"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def build_lines(form: Form, shapes: Shapes, node: ast.Call, indent: str) -> list[str]:
    """The lines that build a cell inside, with the shape of its inputs. Raises `Refused` where that is not known."""
    cell, first = form.program.segment(node.func), node.args[0]
    if isinstance(first, ast.Name) and first.id == form.inputs and first.id not in shapes.bound_again:
        shape = "input_shape"
    else:
        width = shapes.width(first)
        if width is None:
            raise refusal(node, "the size of what a cell inside of a cell is given is not known when it is built")
        shape = f"[*input_shape[:-1], {width.strip('()')}]"
    return [f"{indent}{cell}.build({shape})", f"{indent}{cell}.built = True"]


def in_steps(form: Form, node: ast.stmt, names: dict[str, ast.expr]) -> Iterator[ast.Call]:
    """The calls of such cells in a statement."""
    yield from (n for n in own([node]) if isinstance(n, ast.Call) and attribute_of(n.func) in names)


__all__ = ["build_lines", "built_in", "call_text", "calls", "in_steps", "inner_cells", "made_text"]
