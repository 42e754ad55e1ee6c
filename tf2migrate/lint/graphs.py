"""TFM402 of tensors that are made below a graph of one's own, and read as if they had a value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground

#: What wants the value of a tensor.
_VALUES = ("builtins.float", "builtins.int", "builtins.bool", "numpy.array", "numpy.asarray")


def left_of_graphs(ground: Ground, code: str) -> Iterator[Found]:
    """The places where a program without sessions wants the value of what `with graph.as_default():` made."""
    if "as_default" not in ground.program.text or "Session" in ground.program.text:
        return
    made: dict[str, ast.With] = {}
    for block in ground.program.each(ast.With):
        if any(_is_graph(ground, item.context_expr) for item in block.items) and ground.traced.of(block) is None:
            stored = {n.id: n for s in block.body for n in walk(s) if isinstance(n, ast.Name)}
            for name, node in stored.items():
                bindings = ground.view.scopes.bindings(node)
                if len(bindings) == 1 and _is_inside(ground, bindings[0].node, block):
                    made[name] = block
    for call in ground.view.kinds.calls if made else []:
        name = _wanted(ground, call)
        block_of = made.get(name)
        if block_of is None or ground.view.function(call) is not ground.view.function(block_of):
            continue
        yield Found(
            code,
            call,
            f"{name} was made below a graph: it has no value, and TensorFlow stops there",
            "Leave the graph out, or make a tf.function of it.",
        )


def _is_graph(ground: Ground, node: ast.expr) -> bool:
    """Whether an expression is `as_default()` of a graph that is made here."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=made), attr="as_default")):
            return ground.view.symbol(made) == "tf.Graph"
        case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="as_default")):
            values = [b.node for b in ground.view.scopes.bindings(name)]
            return bool(values) and all(
                isinstance(v, ast.Call) and ground.view.symbol(v.func) == "tf.Graph" for v in values
            )
    return False


def _is_inside(ground: Ground, node: ast.AST, block: ast.With) -> bool:
    """Whether what a name is bound to is a tensor or variable that a block computes."""
    here: ast.AST | None = node
    while here is not None and here is not block:
        here = ground.view.parents.get(id(here))
    computed = isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp)
    return here is block and computed and ground.kind(node) in ("tensor", "variable")


def _wanted(ground: Ground, call: ast.Call) -> str:
    """The name whose value a call wants; else \"\"."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="numpy"), args=[]):
            return name
        case ast.Call(func=function, args=[ast.Name(id=name)]) if ground.view.path(function) in _VALUES:
            return name
    return ""
