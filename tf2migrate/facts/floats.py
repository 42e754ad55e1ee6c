"""Which expressions are plainly of a float type."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program

#: Functions whose result is a float, whatever they are given.
_FLOAT = frozenset(
    {
        "tf.exp",
        "tf.log",
        "tf.sqrt",
        "tf.rsqrt",
        "tf.sigmoid",
        "tf.tanh",
        "tf.sin",
        "tf.cos",
        "tf.to_float",
        "tf.to_double",
        "tf.divide",
        "tf.truediv",
        "tf.random_normal",
        "tf.truncated_normal",
        "tf.math.exp",
        "tf.math.log",
        "tf.math.sqrt",
        "tf.math.rsqrt",
        "tf.nn.softmax",
        "tf.nn.sigmoid",
        "tf.nn.tanh",
        "tf.nn.l2_loss",
        "tf.norm",
        "tf.log1p",
    }
)

#: Functions whose result is of the type of their first argument.
_SAME = frozenset(
    {
        "tf.abs",
        "tf.square",
        "tf.pow",
        "tf.negative",
        "tf.neg",
        "tf.reduce_sum",
        "tf.reduce_mean",
        "tf.reduce_max",
        "tf.reduce_min",
        "tf.reshape",
        "tf.transpose",
        "tf.squeeze",
        "tf.expand_dims",
        "tf.add",
        "tf.subtract",
        "tf.multiply",
        "tf.identity",
        "tf.matmul",
        "tf.nn.relu",
        "tf.stop_gradient",
        "tf.maximum",
        "tf.minimum",
        "tf.div",
    }
)

#: Those of them whose second argument has the type too.
_TWO = frozenset(f"tf.{name}" for name in ("add", "subtract", "multiply", "matmul", "maximum", "minimum", "div", "pow"))

#: What makes a tensor: where its type stands among the arguments, and where its value does; a shape alone gives floats.
_TYPED: dict[str, tuple[int, int | None]] = {
    "tf.constant": (1, 0),
    "tf.convert_to_tensor": (1, 0),
    "tf.Variable": (5, 0),
    "tf.fill": (9, 1),
    "tf.zeros": (1, None),
    "tf.ones": (1, None),
    "tf.get_variable": (2, None),
    "tf.TensorSpec": (1, None),
}


def _is_typed(
    args: list[ast.expr], keywords: dict[str | None, ast.expr], symbol: str, program: Program, depth: int
) -> bool:
    """Whether a tensor is made of floats: by its type if that is given, else by its value."""
    at, value_at = _TYPED[symbol]
    dtype = args[at] if len(args) > at else keywords.get("dtype")
    if dtype is not None:
        return (program.names.symbol(dtype) or "").startswith("tf.float")
    if value_at is None:
        return symbol != "tf.get_variable" or "initializer" not in keywords
    value = args[value_at] if len(args) > value_at else keywords.get("value", keywords.get("initial_value"))
    return value is not None and is_float(value, program, depth)


def is_float(node: ast.expr, program: Program, depth: int = 8) -> bool:
    """Whether an expression is a float or a tensor of floats, as far as the text of the program says."""
    if depth == 0:
        return False
    match node:
        case ast.Constant(value=value):
            return type(value) is float
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return any(is_float(element, program, depth - 1) for element in elements)
        case ast.UnaryOp(operand=inner):
            return is_float(inner, program, depth - 1)
        case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
            return is_float(left, program, depth - 1) or is_float(right, program, depth - 1)
        case ast.Call(func=func, args=args, keywords=keywords):
            symbol = program.names.symbol(func) or ""
            if symbol == "tf.cast":
                to = [*args[1:2], *(k.value for k in keywords if k.arg == "dtype")]
                return any((program.names.symbol(t) or "").startswith("tf.float") for t in to)
            if symbol in _TYPED:
                return _is_typed(args, {k.arg: k.value for k in keywords}, symbol, program, depth - 1)
            if symbol in _SAME and any(is_float(a, program, depth - 1) for a in args[: 2 if symbol in _TWO else 1]):
                return True
            return symbol in _FLOAT
        case ast.Name(id=name):
            stores = [n for n in program.nodes if isinstance(n, ast.Name | ast.arg) and _binds(n, name)]
            values = [n.value for n in program.nodes if isinstance(n, ast.Assign) and n.targets[0] in stores]
            return len(stores) == len(values) > 0 and all(is_float(v, program, depth - 1) for v in values)
    return False


def _binds(node: ast.Name | ast.arg, name: str) -> bool:
    if isinstance(node, ast.arg):
        return node.arg == name
    return node.id == name and not isinstance(node.ctx, ast.Load)
