"""Which expressions are plainly of one shape."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tf2migrate.facts.program import Program

_ELEMENTWISE = (
    "abs cast ceil cos erf exp floor identity is_finite is_inf is_nan log log1p logical_not neg negative ones_like "
    "round rsqrt sigmoid sign sin sqrt square stop_gradient tanh to_float to_int32 to_int64 zeros_like nn.relu "
    "nn.sigmoid nn.tanh"
)
_BETWEEN_TWO = (
    "add div divide equal greater greater_equal less less_equal logical_and logical_or logical_xor maximum minimum mod "
    "multiply not_equal pow subtract truediv"
)

#: Functions of one tensor whose result has its shape.
_UNARY = {prefix + name for prefix in ("tf.", "tf.math.") for name in _ELEMENTWISE.split()}

#: Functions of two tensors whose result has at least the dimensions of each.
_BINARY = {prefix + name for prefix in ("tf.", "tf.math.") for name in _BETWEEN_TWO.split()}


def spans(condition: ast.expr, others: Iterable[ast.expr], program: Program) -> bool:
    """Whether a condition is computed, element by element, from one of the others: it has its dimensions at least."""
    wanted = {ast.unparse(_base(other, program)) for other in others}
    return bool(wanted & _operands(condition, program, 8))


def _base(node: ast.expr, program: Program) -> ast.expr:
    """What an expression takes its shape from."""
    match node:
        case ast.UnaryOp(operand=inner):
            return _base(inner, program)
        case ast.BinOp(left=inner, right=ast.Constant()) | ast.BinOp(left=ast.Constant(), right=inner):
            return _base(inner, program)
        case ast.Call(func=func, args=[inner, *_]) if program.names.symbol(func) in _UNARY:
            return _base(inner, program)
    return node


def _operands(node: ast.expr, program: Program, depth: int) -> set[str]:
    """The texts of all that an expression is computed from element by element."""
    found = {ast.unparse(node)}
    match node:
        case _ if depth == 0:
            parts: list[ast.expr] = []
        case ast.Compare(left=left, comparators=[right]):
            parts = [left, right]
        case ast.BinOp(left=left, right=right) if not isinstance(node.op, ast.MatMult):
            parts = [left, right]
        case ast.UnaryOp(operand=inner):
            parts = [inner]
        case ast.Call(func=func, args=[first, *rest]):
            symbol = program.names.symbol(func)
            parts = [first, *rest[:1]] if symbol in _BINARY else [first] if symbol in _UNARY else []
        case ast.Name(id=name):
            parts = _only_value(name, program)
        case _:
            parts = []
    return found.union(*(_operands(part, program, depth - 1) for part in parts))


def _only_value(name: str, program: Program) -> list[ast.expr]:
    """The value of a name that is bound once."""
    stores = [n for n in program.nodes if isinstance(n, ast.Name | ast.arg) and _binds(n, name)]
    values = [n.value for n in program.each(ast.Assign) if n.targets[0] in stores]
    return values if len(stores) == len(values) == 1 else []


def _binds(node: ast.Name | ast.arg, name: str) -> bool:
    if isinstance(node, ast.arg):
        return node.arg == name
    return node.id == name and not isinstance(node.ctx, ast.Load)
