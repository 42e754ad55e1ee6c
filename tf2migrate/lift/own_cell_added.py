"""How a variable of a program's own recurrent cell is written: as a weight of the layer."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.own_cell_forms import Form, refusal
from tf2migrate.lift.own_cell_shapes import Shapes
from tf2migrate.lift.render import WIDTH, spread

_FIRST = {"tf.zeros_initializer": '"zeros"', "tf.ones_initializer": '"ones"'}
_GONE = {"dtype", "use_resource", "caching_device", "validate_shape", "collections", "synchronization", "regularizer"}


def settings(call: ast.Call) -> Mapping[str, ast.expr]:
    """The arguments of a call that makes a variable. Raises `Refused` where they do not say its shape."""
    try:
        bound = bind(call, S.GET_VARIABLE)
    except Unbound as problem:
        raise refusal(call, f"a variable of a cell is made in a way that is not known ({problem})") from problem
    if "name" not in bound or "shape" not in bound:
        raise refusal(call, "a variable of a cell is made without a shape")
    return bound


def add_weight(form: Form, shapes: Shapes, call: ast.Call, default: ast.expr | None, line: str) -> str:
    """The call that makes a variable of a layer, which is to stand behind a line's beginning. Raises `Refused`."""
    bound = dict(settings(call))
    plain = ("name", "shape", "initializer", "trainable")
    more = {name for name, value in bound.items() if name not in plain and not _says_nothing(form, shapes, name, value)}
    if more:
        raise refusal(call, f"a variable of a cell is made with {', '.join(sorted(more))}")
    for name in plain:
        if name in bound and not shapes.is_known(bound[name]):
            raise refusal(call, f"the {name} of a variable of a cell is not known when the cell is built")
    first = bound.get("initializer")
    first = default if first is None or _is_none(first) else first
    if first is not None and not shapes.is_known(first):
        raise refusal(call, "what a variable of a cell starts from is not known when the cell is built")
    parts = [f"shape={shapes.shape_text(bound['shape'])}"]
    if first is not None and not _is_none(first):
        parts.append(f"initializer={_first_text(form, shapes, first)}")
    elif "random" in _modules(form):
        parts.append("initializer=glorot_uniform")
    if "trainable" in bound:
        parts.append(f"trainable={shapes.text(bound['trainable'])}")
    parts.append(f"name={shapes.name_text(bound['name'])}")
    text = f"self.add_weight({', '.join(parts)})"
    if len(line) + len(text) <= WIDTH:
        return text
    return spread("self.add_weight(", parts, ")", line)


def _modules(form: Form) -> set[str]:
    """The modules that a program imports: Keras's own initializers would disturb what it draws with `random`."""
    return {a.name for n in form.program.names.imports if isinstance(n, ast.Import) for a in n.names} | {
        n.module or "" for n in form.program.names.imports if isinstance(n, ast.ImportFrom)
    }


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _says_nothing(form: Form, shapes: Shapes, name: str, value: ast.expr) -> bool:
    """Whether an argument says what is so anyway."""
    if name == "dtype":
        return shapes.is_float(value)
    return name in _GONE and _is_none(value)


def _first_text(form: Form, shapes: Shapes, node: ast.expr) -> str:
    """What a variable starts from: a new object for each, since one of Keras draws the same numbers twice."""
    held = shapes.value_of(node)
    node = held if isinstance(held, ast.Call) else node
    if isinstance(node, ast.Call) and form.symbol(node.func).endswith("_initializer"):
        told = [k for k in node.keywords if k.arg != "dtype" or not shapes.is_float(k.value)]
        if not node.args and not told and form.symbol(node.func) in _FIRST:
            return _FIRST[form.symbol(node.func)]
        if len(told) < len(node.keywords):
            parts = [*map(shapes.text, node.args), *(f"{k.arg}={shapes.text(k.value)}" for k in told)]
            return f"{form.program.segment(node.func)}({', '.join(parts)})"
    return _FIRST.get(form.symbol(node)) or shapes.text(node)
