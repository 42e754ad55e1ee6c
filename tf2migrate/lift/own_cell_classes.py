"""Classes of a program that are recurrent cells, as values: their objects are unrolled as the built-in cells are.

They have the form of layers by now (`own_cells`); here their base becomes one. Where the built-in cells keep their
variables with the object, those of a program's own cell were found by their names in the graph: the same object in two
places had two sets of them. So each object stands in one place.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.lift import own_cell_starts, scopes
from tf2migrate.lift.cells import KINDS, Cell, Stacked, unwrapped
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.own_cell_checks import checked
from tf2migrate.lift.own_cell_forms import SHARES, Form, is_own, is_written
from tf2migrate.lift.own_cell_inner import built_in, inner_cells
from tf2migrate.lift.own_cell_starts import makes
from tf2migrate.lift.scopes import NEVER
from tf2migrate.lift.values import PYTHON, Handle, Layer, Python, Refused, Time, Unknown, Value, leaves
from tf2migrate.model import Edit, Span

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.trace import Frame

_TWICE = "one cell of the program's own stands"


@dataclass(frozen=True, eq=False)
class CellClass(Value):
    """A class of such cells, and where it is defined."""

    form: Form
    frame: Frame


@dataclass(frozen=True, eq=False)
class Own(Cell):
    """An object of such a class."""

    of: CellClass | None = None


def class_value(interpreter: Interpreter, node: ast.ClassDef) -> CellClass | None:
    """The class as a value, if it is one; it derives from Keras's layer from now on."""
    if not is_own(interpreter.program, node) or not is_written(node):
        return None
    return CellClass(checked(interpreter.program, node), interpreter.frame)


def base_edits(expressions: Expressions, node: ast.ClassDef) -> list[Edit]:
    """What stands in the place of a cell's base: a layer."""
    if not is_own(expressions.program, node):
        return []
    program = expressions.program
    end = max(program.span(k).end for k in node.keywords) if is_written(node) else program.span(node.bases[0]).end
    return [Edit(Span(program.span(node.bases[0]).start, end), f"{expressions.tf}.keras.layers.Layer")]


def instantiate(interpreter: Interpreter, made: CellClass, node: ast.Call, hint: str) -> Value:
    """A cell of such a class, which is given nothing that only runs know."""
    form, constructor = made.form, made.form.methods.get("__init__")
    spec = constructor.args if constructor is not None else ast.arguments([], [], None, [], [], None, [])
    try:
        bound = bind(node, [a.arg for a in [*spec.args, *spec.kwonlyargs]][1:])
    except Unbound as problem:
        return Unknown(f"{form.node.name} is made in a way that is not known: {problem}", node)
    inside = _given(interpreter, form, bound, node)
    if isinstance(inside, Unknown):
        return inside
    if makes(form) and interpreter.scopes.reuse != NEVER:
        return Unknown(f"{form.node.name} makes variables in a scope that is reused", node)
    if (reason := own_cell_starts.differing(interpreter, form, bound)) is not None:
        return Unknown(reason, node)
    scopes.default_for(interpreter, node, "initializer")  # notes it: it must be that of the place of its unrolling
    kind = _kind(form, inside)
    if kind is None or (inside is not None and (inside.several or inside.inside is not None)):
        return Unknown(f"{form.node.name} is made around a cell that is not known", node)
    cell = Own(node, kind, bound, repeated=interpreter.repeats, inside=inside, of=made)
    interpreter.make(node, cell, free_name(interpreter, hint or "cell"), collections=frozenset())
    interpreter.rewrites[id(node)] = cell
    return cell


def _given(
    interpreter: Interpreter, form: Form, bound: Mapping[str, ast.expr], node: ast.Call
) -> Cell | Unknown | None:
    """The cell that a cell is given, if it is given one."""
    inside: Cell | None = None
    for name, argument in bound.items():
        with interpreter.apart() as reads:
            value = interpreter.evaluate(argument)
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
            if isinstance(leaf, Cell) and type(leaf) in (Cell, Own) and leaf is value and _inside_of(form) == name:
                inside = leaf
            elif leaf.time > Time.PYTHON:
                return Unknown(f"{form.node.name} is given something of the graph ({name})", node)
        if name in SHARES and not (isinstance(value, Python) and value.known and not value.literal):
            return Unknown(f"{form.node.name} is told to share variables", node)
        interpreter.statement.reads |= reads
    return inside


def _inside_of(form: Form) -> str | None:
    """The parameter of the constructor that is a cell, whose state the cell of the class has."""
    values = [v.id for v in inner_cells(form).values() if isinstance(v, ast.Name)]
    return values[0] if len(values) == 1 else None


def _kind(form: Form, inside: Cell | None) -> str | None:
    """The kind of a cell's state: its own, or that of a cell inside."""
    if form.parts:
        return "LSTMCell" if form.parts == 2 else "RNNCell"
    if inside is not None:
        return inside.kind
    made = [built_in(form, v) for v in inner_cells(form).values()]
    return KINDS.get(made[0]) if len(made) == 1 and made[0] is not None else None


def text(expressions: Expressions, cell: Own) -> str:
    """The constructor as it was."""
    return expressions.renderer.inside(cell.node)


# -------------------------------------------------------------------- where such a cell stands


def check(interpreter: Interpreter) -> None:
    """Raises `Refused` where a cell reads something of the graph by a name of outside."""
    found = [v for v in interpreter.rewrites.values() if isinstance(v, Own) and v.of is not None]
    for made in dict.fromkeys(cell.of for cell in found if cell.of is not None):
        for node in own_cell_starts.outside(interpreter, made.form.node, set()):
            definitions = made.frame.lookup(node.id)
            if any(_is_of_graph(leaf) for d in definitions for leaf in leaves(d.value)):
                what = f"the cell {made.form.node.name} reads {node.id}, which is of the graph outside"
                raise Refused("TFM901", made.form.node, what, "Give it to the cell, or compute with it outside.")


def _is_of_graph(value: Value) -> bool:
    return value.time > Time.PYTHON or isinstance(value, Handle | Unknown)


def holds_own(interpreter: Interpreter, value: Value) -> bool:
    """Whether something has the variables of such a cell, or may have them."""
    if not any(isinstance(v, Own) for v in interpreter.rewrites.values()):
        return False
    return isinstance(value, Stacked) or (isinstance(value, Layer) and value.kind in ("RNN", *KINDS.values()))


def is_called(interpreter: Interpreter, node: ast.Attribute) -> bool:
    """Whether an attribute is a method that is called."""
    above = interpreter.program.parents.get(id(node))
    return isinstance(above, ast.Call) and above.func is node


def attribute(cell: Own, node: ast.Attribute) -> Value:
    """What is read of a cell: a setting, of which nothing is the graph's."""
    assert cell.of is not None
    form = cell.of.form
    values = form.set_to(node.attr)
    if values and all(isinstance(v, ast.Name | ast.Constant) for v in values) and node.attr not in inner_cells(form):
        return PYTHON
    return Unknown(f"{node.attr} of a cell is not followed", node)


def placed(interpreter: Interpreter, cell: Value, node: ast.AST) -> Unknown | None:
    """Why a program's own cell cannot stand at one more place, if it stands at another."""
    inner = unwrapped(cell)
    every = [unwrapped(c) for c in ((inner.cells or (inner.each,)) if isinstance(inner, Stacked) else (inner,))]
    several = isinstance(inner, Stacked) and inner.cells is None
    for each in every:
        if isinstance(each, Own) and (every.count(each) > 1 or (several and not each.repeated)):
            return Unknown(f"{_TWICE} twice in a stack, and so has two sets of variables", node)
        if isinstance(each, Own) and each.inside is not None and (twice := placed(interpreter, each.inside, node)):
            return twice
        if not isinstance(each, Own):
            continue
        defaults = interpreter.scopes.defaults
        if told := sorted(name for name in ("initializer", "regularizer") if name in defaults):
            return Unknown(f"a cell of the program's own stands in a scope with an {told[0]}", node)
        place = (id(node), interpreter.scopes.path)
        before = interpreter.own_places.get(each)
        if before is not None and (before != place or None in place):
            return Unknown(f"{_TWICE} at two places, and so has two sets of variables", node)
        interpreter.own_places[each] = place
    return None


__all__ = [
    "CellClass",
    "Own",
    "attribute",
    "base_edits",
    "check",
    "class_value",
    "holds_own",
    "instantiate",
    "is_called",
    "placed",
    "text",
]
