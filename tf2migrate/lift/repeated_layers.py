"""`slim.repeat` and `slim.stack` of layers, as the layers that they call, one below the other.

Both open a variable scope of their name and call the layer in it with that name and a number: what is written has the
same names of variables. (`tensorflow/contrib/layers/python/layers/layers.py`, `repeat` and `stack`.)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.symbols import is_python
from tf2migrate.lift.written_apart import alone
from tf2migrate.model import Edit, Options, Outcome

_WRITTEN = ("tf.contrib.layers.repeat", "tf.contrib.layers.stack")
#: How many layers are written out at most: more of them are a loop.
_MANY = 8


def repeated_layers(program: Program, options: Options) -> Outcome:
    """The edits that write such calls out; none of a call whose layers or names cannot be told."""
    if not any(word in program.text for word in ("repeat(", "stack(")):
        return Outcome()
    called = {id(call.func) for call in program.each(ast.Call)}
    if any(symbol in _WRITTEN and id(node) not in called for node, symbol in program.uses):
        return Outcome()  # one is given to an arg_scope, say
    edits = [edit for node in program.each(ast.Assign) for edit in _edits(program, node)]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _edits(program: Program, node: ast.Assign) -> Iterator[Edit]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
            path = program.names.symbol(call.func)
        case _:
            return
    scope = next((k.value for k in call.keywords if k.arg == "scope"), None)
    named = isinstance(scope, ast.Constant) and isinstance(scope.value, str)
    if path not in _WRITTEN or not named or len(call.args) < 3 or not alone(program, node):
        return
    others = [k for k in call.keywords if k.value is not scope]
    given = [*call.args[1:], *(k.value for k in others)]
    if any(k.arg is None for k in others) or not all(_is_the_same_again(program, argument) for argument in given):
        return
    layer, each = (call.args[2], _repeated(call)) if path == _WRITTEN[0] else (call.args[1], _stacked(call))
    if not each or not isinstance(layer, ast.Name | ast.Attribute):
        return
    lines, inputs = [], program.segment(call.args[0])
    for number, arguments in enumerate(each, 1):
        texts = [program.segment(a) for a in arguments] + [program.segment(k) for k in others]
        # the names that a variable scope joins with a slash
        texts.append(f"scope={f'{scope.value}/{scope.value}_{number}'!r}")  # type: ignore[union-attr]
        lines.append(f"{name} = {program.segment(layer)}({', '.join([inputs, *texts])})")
        inputs = name
    yield Edit(program.span(node), f"\n{program.indent(node)}".join(lines))


def _repeated(call: ast.Call) -> list[list[ast.expr]]:
    """The arguments of each layer of `repeat(inputs, repetitions, layer, *args)`."""
    match call.args[1]:
        case ast.Constant(value=int(count)) if 0 < count <= _MANY:
            return [call.args[3:]] * count
    return []


def _stacked(call: ast.Call) -> list[list[ast.expr]]:
    """The arguments of each layer of `stack(inputs, layer, stack_args)`."""
    listed = call.args[2] if len(call.args) == 3 else None
    if not isinstance(listed, ast.List | ast.Tuple) or any(isinstance(e, ast.Starred) for e in listed.elts):
        return []
    return [list(e.elts) if isinstance(e, ast.List | ast.Tuple) else [e] for e in listed.elts]


def _is_the_same_again(program: Program, node: ast.expr) -> bool:
    """Whether an argument may be evaluated as often as it is written: it calls nothing but TensorFlow."""
    calls = [n for n in walk(node) if isinstance(n, ast.Call)]
    return not isinstance(node, ast.Starred) and all(is_python(program.names.symbol(c.func) or "") for c in calls)
