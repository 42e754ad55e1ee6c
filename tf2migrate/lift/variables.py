"""TF1's two ways to make a variable, as `tf.Variable`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.values import Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

_KEPT = {"initial_value", "trainable", "name", "dtype", "validate_shape", "constraint", "shape"}
_DROPPED = {"collections", "validate_shape", "caching_device", "use_resource", "expected_shape", "synchronization"}


def variable_text(expressions: Expressions, node: ast.Call, value: Variable) -> str | None:
    """The constructor of a variable with TF1's defaults; None where the call may stay as it is written."""
    if expressions.program.names.symbol(node.func) == "tf.get_variable":
        return _get_variable(expressions, node)
    bound = bind(node, S.VARIABLE)
    positional = S.VARIABLE[: len(node.args)]
    if set(bound) <= _KEPT and len(positional) <= 2 and "validate_shape" not in bound:
        return None
    parts = [expressions.text(bound["initial_value"])]
    for name in ("trainable", "name", "dtype", "constraint", "shape"):
        if name in bound:
            parts.append(f"{name}={expressions.text(bound[name])}")
    _refuse(node, set(bound) - _KEPT - _DROPPED)
    return f"{expressions.tf}.Variable({', '.join(parts)})"


def _refuse(node: ast.Call, unknown: set[str]) -> None:
    if unknown:
        raise Refused(
            "TFM907",
            node,
            f"a variable is made with {', '.join(sorted(unknown))}",
            "Leave the argument out, or write what it does where the variable is used.",
        )


def _get_variable(expressions: Expressions, node: ast.Call) -> str:
    bound = bind(node, S.GET_VARIABLE)
    _refuse(node, set(bound) - {"name", "shape", "dtype", "initializer", "trainable"} - _DROPPED - {"constraint"})
    tf = expressions.tf
    parts = [_initial(expressions, node, bound)]
    for name in ("trainable", "name", "constraint"):
        if name in bound:
            parts.append(f"{name}={expressions.text(bound[name])}")
    return f"{tf}.Variable({', '.join(parts)})"


def _initial(expressions: Expressions, node: ast.Call, bound: object) -> str:
    arguments: dict[str, ast.expr] = dict(bound)  # type: ignore[call-overload]
    tf, names = expressions.tf, expressions.program.names
    shape = expressions.text(arguments["shape"]) if "shape" in arguments else None
    if shape is not None and isinstance(arguments["shape"], ast.Constant) and isinstance(arguments["shape"].value, int):
        shape = f"[{shape}]"
    dtype = f", dtype={expressions.text(arguments['dtype'])}" if "dtype" in arguments else ""
    initializer = arguments.get("initializer")
    if initializer is None or isinstance(initializer, ast.Constant) and initializer.value is None:
        if shape is None:
            raise Refused("TFM907", node, "a variable has neither shape nor initializer", "Give it a shape.")
        return f"{tf}.keras.initializers.GlorotUniform()({shape}{dtype})"
    called = isinstance(initializer, ast.Call) and names.symbol(initializer.func)
    symbol = names.symbol(initializer)
    if called and S.is_python(called) and shape is not None:
        return f"{expressions.text(initializer)}({shape}{dtype})"
    if symbol is not None and S.is_python(symbol) and shape is not None:
        return f"{expressions.text(initializer)}()({shape}{dtype})"
    if shape is None:
        return expressions.text(initializer)
    if isinstance(initializer, ast.Name | ast.Attribute) and not called:
        return f"{expressions.text(initializer)}({shape}{dtype})"
    raise Refused(
        "TFM907", node, "it cannot be told whether the initializer is a value or a function", "Name the initializer first."
    )
