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


def is_float(node: ast.expr, program: Program, depth: int = 8) -> bool:
    """Whether an expression is a float or a tensor of floats, as far as the text of the program says."""
    if depth == 0:
        return False
    match node:
        case ast.Constant(value=value):
            return type(value) is float
        case ast.UnaryOp(operand=inner):
            return is_float(inner, program, depth - 1)
        case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
            return is_float(left, program, depth - 1) or is_float(right, program, depth - 1)
        case ast.Call(func=func, args=args, keywords=keywords):
            symbol = program.names.symbol(func) or ""
            if symbol == "tf.cast":
                to = [*args[1:2], *(k.value for k in keywords if k.arg == "dtype")]
                return any((program.names.symbol(t) or "").startswith("tf.float") for t in to)
            return symbol in _FLOAT or (symbol in _SAME and bool(args) and is_float(args[0], program, depth - 1))
        case ast.Name(id=name):
            stores = [n for n in program.nodes if isinstance(n, ast.Name | ast.arg) and _binds(n, name)]
            values = [n.value for n in program.nodes if isinstance(n, ast.Assign) and n.targets[0] in stores]
            return len(stores) == len(values) > 0 and all(is_float(v, program, depth - 1) for v in values)
    return False


def _binds(node: ast.Name | ast.arg, name: str) -> bool:
    if isinstance(node, ast.arg):
        return node.arg == name
    return node.id == name and not isinstance(node.ctx, ast.Load)
