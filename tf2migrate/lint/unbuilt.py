"""TFM324: the variables of a model that is not built yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground


def unbuilt(ground: Ground, code: str) -> Iterator[Found]:
    """The variables of a model that is not built when they are asked for."""
    lists = ("trainable_variables", "trainable_weights", "weights", "variables", "non_trainable_variables")
    for node in ground.program.each(ast.Attribute):
        if node.attr not in lists or not isinstance(node.value, ast.Name):
            continue
        bindings = ground.view.scopes.bindings(node.value)
        if len(bindings) != 1 or not isinstance(bindings[0].node, ast.Call) or not is_unbuilt(ground, bindings[0].node):
            continue
        made, name = bindings[0].node, node.value.id
        if ground.view.function(made) is None and _is_before_call(ground, node, name):
            yield _empty(node, name, code)
            continue
        if ground.view.function(made) is not ground.view.function(node) or ground.view.loops(node):
            continue
        start, end = (made.lineno, made.col_offset), (node.lineno, node.col_offset)
        between = [
            n
            for n in ground.program.nodes
            if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) and n is not node.value
            and start < (n.lineno, n.col_offset) < end and getattr(ground.view.parents[id(n)], "attr", "") != "add"
        ]  # fmt: skip
        if not between and start < end and isinstance(ground.view.parents.get(id(made)), ast.Assign):
            yield _empty(node, name, code)


def _empty(node: ast.Attribute, name: str, code: str) -> Found:
    return Found(
        code,
        node,
        f"{name} has no variables before its first call: the list is empty",
        "Call it, or its build(), before.",
    )


def _is_before_call(ground: Ground, node: ast.Attribute, name: str) -> bool:
    """Whether a function reads the variables of a model of the module above the first call of it, which no other place
    makes: those of other functions come later, as far as this file tells."""
    function = ground.view.function(node)
    reads = [n for n in ground.program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    if function is None or any(ground.view.function(n) is not function for n in reads):
        return False
    calls = [n for n in reads if isinstance(c := ground.view.parents.get(id(n)), ast.Call) and c.func is n]
    first = min(reads, key=lambda n: (n.lineno, n.col_offset))
    return bool(calls) and first is node.value and not ground.view.loops(node)


def _added(ground: Ground, made: ast.Call) -> ast.expr | None:
    """The first layer that is added to a model, in a list."""
    target = getattr(ground.view.parents.get(id(made)), "targets", [None])[0]
    for call in ground.view.kinds.calls if isinstance(target, ast.Name) else []:
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add"), args=[layer]) if name == target.id:
                return ast.List([layer], ast.Load())
    return None


def is_unbuilt(ground: Ground, made: ast.Call) -> bool:
    """Whether a layer or model has no variables before its first call."""
    symbol = ground.view.symbol(made.func)
    if symbol == "tf.keras.Sequential":
        layers = made.args[0] if made.args else _added(ground, made)
        if not isinstance(layers, ast.List) or not layers.elts:
            return False
        first = layers.elts[0]
        known = isinstance(first, ast.Call) and ground.view.symbol(first.func).startswith("tf.keras.layers.")
        shaped = isinstance(first, ast.Call) and any(
            k.arg in ("input_shape", "input_dim", "shape") for k in first.keywords
        )
        return known and not shaped and "Input" not in ground.program.segment(first)
    if symbol.startswith("tf.keras.layers."):
        return symbol.rpartition(".")[2] in (
            "Dense",
            "Conv2D",
            "Conv1D",
            "LSTM",
            "GRU",
            "BatchNormalization",
        ) and not any(k.arg in ("input_shape", "input_dim") for k in made.keywords)
    for target in ground.view.called(made.func):
        if isinstance(target, ast.ClassDef) and ground.view.kinds.base(target) in ("Model", "Layer"):
            builds = ("add_weight", "build", "Variable", "super().__init__(inputs", "call(", "Input")
            init = ground.view.method(target, "__init__")
            return init is None or not any(word in ground.program.segment(init) for word in builds)
    return False
