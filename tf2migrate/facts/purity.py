"""Whether computing an expression may do more than give its value."""

from __future__ import annotations

import ast

_PURE_FUNCTIONS = frozenset(
    (
        *("abs", "bool", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range", "round", "str"),
        *("sum", "tuple", "zip"),
    )
)
_PURE_NUMPY = frozenset(
    (
        *("arange", "array", "asarray", "concatenate", "eye", "expand_dims", "float32", "float64", "full", "hstack"),
        *("int32", "int64", "linspace", "mean", "newaxis", "ones", "ones_like", "repeat", "reshape", "squeeze"),
        *("stack", "tile", "transpose", "vstack", "zeros", "zeros_like"),
    )
)
_PURE_METHODS = frozenset(("astype", "copy", "flatten", "get", "items", "keys", "ravel", "reshape", "tolist", "values"))


def may_act(node: ast.expr) -> bool:
    """Whether an expression calls what may draw, read or change something: any call but a few that are known."""
    return any(
        isinstance(child, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
        or (isinstance(child, ast.Call) and not _is_pure(child.func))
        for child in ast.walk(node)
    )


def _is_pure(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in _PURE_FUNCTIONS
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
            return name in _PURE_NUMPY
        case ast.Attribute(attr=name):
            return name in _PURE_METHODS
    return False
