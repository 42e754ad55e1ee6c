"""What operations make of the types of what they are given."""

from __future__ import annotations

import ast

from tf2migrate.lint.keras3_edits import literal
from tf2migrate.lint.types import (
    ARRAY,
    BOOL,
    CONTAINERS,
    DIMENSION,
    FLOAT,
    LIKELY,
    MAYBE,
    NEST,
    NONE,
    PYTHON,
    SHAPE,
    STRING,
    SYMBOLIC,
    TENSOR,
    UNKNOWN,
    Type,
    tensor,
)


def dtype_of_value(node: ast.expr, found: Type) -> str:
    """The dtype of the tensor that is made of a value: int32 and float32 of Python's numbers; empty if unseen."""
    if isinstance(node, ast.UnaryOp):
        return dtype_of_value(node.operand, found)
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        return dtype_of_value(node.elts[0], found.item or UNKNOWN)
    value = literal(node)
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "int32" if isinstance(value, int) else "float32"
    return found.dtype if found.kind in SYMBOLIC else ""


def arithmetic(one: Type, other: Type, op: ast.operator) -> Type:
    """The type of a sum, a product and the like."""
    kinds = {one.kind, other.kind}
    if kinds & SYMBOLIC:
        dtypes = [t.dtype for t in (one, other) if t.kind in SYMBOLIC]
        return tensor("" if isinstance(op, ast.Div) and "int" in dtypes[0] else dtypes[0])
    if "symbolic" in kinds:
        return Type("symbolic")
    if kinds & MAYBE:
        return LIKELY if "likely" in kinds else NEST
    if "array" in kinds:
        return ARRAY
    if kinds == {"python"}:
        if one.dtype == "string":
            return STRING
        return FLOAT if isinstance(op, ast.Div) else one if one.dtype == other.dtype else PYTHON
    if kinds <= {"python", "dimension"}:
        return DIMENSION
    if isinstance(op, ast.Mult) and kinds in ({"list", "python"}, {"tuple", "python"}):
        return one if one.kind in CONTAINERS else other
    return one if one.kind == other.kind and one.kind in CONTAINERS else UNKNOWN


def compared(parts: list[Type], ops: list[ast.cmpop]) -> Type:
    """The type of a comparison: a tensor with a tensor among its parts, unless identity or membership is asked."""
    if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in ops):
        return BOOL
    kinds = {part.kind for part in parts}
    if any(part == NONE for part in parts):
        return BOOL if not kinds & SYMBOLIC else TENSOR
    if kinds & SYMBOLIC:
        return tensor("bool")
    if kinds & MAYBE:
        return LIKELY if "likely" in kinds else NEST
    return ARRAY if "array" in kinds else BOOL if kinds <= {"python", "dimension"} else UNKNOWN


def subscript(inside: Type, at: Type, is_slice: bool) -> Type:
    """The type of an item, or of a slice, of a value."""
    kind = inside.kind
    if kind in ("tensor", "variable"):
        return tensor(inside.dtype)
    if kind in ("nest", "likely"):
        return NEST if at.dtype == "string" or kind == "nest" else inside
    if kind == "shape":
        return SHAPE if is_slice else DIMENSION
    if kind in CONTAINERS:
        return inside if is_slice else inside.item or UNKNOWN
    return ARRAY if kind == "array" else UNKNOWN


def item_of(found: Type) -> Type:
    """What iterating over, or taking apart, a value gives."""
    match found.kind:
        case "tensor" | "variable":
            return tensor(found.dtype)
        case "nest" | "dataset":
            return NEST
        case "likely":
            return LIKELY
        case "array":
            return ARRAY
        case "shape":
            return DIMENSION
        case "list" | "tuple" | "set" | "range" | "generator":
            return found.item or UNKNOWN
    return UNKNOWN
