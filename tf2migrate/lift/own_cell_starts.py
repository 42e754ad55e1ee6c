"""What the variables of a program's own recurrent cell start from, and what such a cell reads of outside."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.own_cell_checks import is_drawn
from tf2migrate.lift.own_cell_forms import Form, attribute_of

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What draws anew whenever it is called, also of TensorFlow 2; an initializer of Keras without a seed draws the same.
_FRESH = ("tf.random_normal_initializer", "tf.random_uniform_initializer")
_STILL = ("tf.zeros_initializer", "tf.ones_initializer", "tf.constant_initializer")


def makes(form: Form) -> bool:
    """Whether the constructor of a cell makes variables."""
    constructor = form.methods.get("__init__")
    return constructor is not None and any(attribute_of(n) == "add_weight" for n in walk(constructor))


def differing(interpreter: Interpreter, form: Form, given: Mapping[str, ast.expr]) -> str | None:
    """Why the variables of a cell would not start as they did: from numbers of NumPy's, or all from the same."""
    if any(_drawing(interpreter, each) for each in [*_starts(form), *given.values()]):
        return f"variables of {form.node.name} start from what NumPy draws, which is drawn later now"
    texts = Counter(ast.unparse(n) for n in _starts(form) if not isinstance(n, ast.Call | ast.Constant))
    for text, times in texts.items():
        if times == 1 and all(isinstance(given.get(name), ast.Call) for name, _ in _parameters_of(form, text)):
            continue  # of an object of its own
        told = [given.get(name, default) for name, default in _parameters_of(form, text)]
        if not told or not all(_draws_anew(interpreter, node) for node in told):
            what = f"several variables of a cell start from one initializer ({text})"
            return f"{what}, which may draw the same for all"
    return None


def _parameters_of(form: Form, text: str) -> list[tuple[str, ast.expr]]:
    """The parameters of the constructor that an attribute is bound to, with their defaults."""
    if "__init__" not in form.methods:
        return []
    spec = form.methods["__init__"].args
    defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
    defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    values = form.set_to(text.removeprefix("self."))
    if not values or not all(isinstance(v, ast.Name) for v in values):
        return []
    return [(v.id, defaults.get(v.id, ast.Constant(...))) for v in values if isinstance(v, ast.Name)]


def _draws_anew(interpreter: Interpreter, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Call) and interpreter.names.symbol(node.func) in (*_FRESH, *_STILL)


def _starts(form: Form) -> list[ast.expr]:
    """What the variables of a cell start from."""
    calls = [n for n in walk(form.node) if isinstance(n, ast.Call) and attribute_of(n.func) == "add_weight"]
    return [k.value for call in calls for k in call.keywords if k.arg == "initializer"]


def _drawing(interpreter: Interpreter, node: ast.AST) -> bool:
    """Whether a function of the program that an expression names draws with NumPy or Python.

    What such an initializer draws was drawn when the graph was built, and is when the cell is called first.
    """
    seen: set[int] = set()
    functions = {f.name: f for f in interpreter.program.tree.body if isinstance(f, ast.FunctionDef)}
    named = {n.id for n in walk(node) if isinstance(n, ast.Name)}
    every = [functions[name] for name in named & functions.keys()]
    every += [functions[n.id] for f in every for n in outside(interpreter, f, seen) if n.id in functions]
    return any(is_drawn(n) for f in every for n in walk(f))


def outside(interpreter: Interpreter, node: ast.AST, seen: set[int]) -> Iterator[ast.Name]:
    """The names that a class or function reads, with those of the program's functions that it names."""
    seen.add(id(node))
    functions = {f.name: f for f in interpreter.program.tree.body if isinstance(f, ast.FunctionDef)}
    inside = {a.arg for a in walk(node) if isinstance(a, ast.arg)}
    inside |= {n.id for n in walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    for name in [n for n in walk(node) if isinstance(n, ast.Name) and n.id not in inside]:
        yield name
        function = functions.get(name.id)
        if function is not None and id(function) not in seen:
            yield from outside(interpreter, function, seen)


__all__ = ["differing", "makes", "outside"]
