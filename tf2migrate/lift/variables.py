"""TF1's two ways to make a variable, as `tf.Variable`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.values import Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

_KEPT = {"initial_value", "trainable", "name", "dtype", "validate_shape", "constraint", "shape"}
_DROPPED = {"collections", "validate_shape", "caching_device", "use_resource", "expected_shape", "synchronization"}
_DROPPED |= {"partitioner"}  # which is followed (`partitions.py`)


def variable_text(expressions: Expressions, node: ast.Call, value: Variable) -> str | None:
    """The constructor of a variable with TF1's defaults; None where the call may stay as it is written."""
    symbol = expressions.program.names.symbol(node.func) or ""
    if symbol == "tf.get_variable":
        return _get_variable(expressions, node)
    if symbol.endswith("create_global_step"):
        tf = expressions.tf
        return f'{tf}.Variable(0, trainable=False, name="global_step", dtype={tf}.int64)'
    bound = bind(node, S.VARIABLE)
    positional = S.VARIABLE[: len(node.args)]
    anew = expressions.interpreter.named_anew.get(id(node))
    if set(bound) <= _KEPT and len(positional) <= 2 and "validate_shape" not in bound and anew is None:
        return None
    parts = [expressions.text(bound["initial_value"]), *([f"name={anew}"] if anew is not None else [])]
    for name in ("trainable", "name", "dtype", "constraint", "shape"):
        if name in bound:
            parts.append(f"{name}={expressions.text(bound[name])}")
    _refuse(node, set(bound) - _KEPT - _DROPPED)
    return f"{expressions.tf}.Variable({', '.join(parts)})"


def first_value(expressions: Expressions, node: ast.Call) -> str:
    """What a variable starts from. Raises `Refused` where it has neither shape nor initializer."""
    if expressions.program.names.symbol(node.func) == "tf.get_variable":
        bound = dict(bind(node, S.GET_VARIABLE))
        given = expressions.interpreter.defaults.get((id(node), "initializer"))
        return _initial(expressions, node, bound if given is None else {**bound, "initializer": given})
    return expressions.text(bind(node, S.VARIABLE)["initial_value"])


def _refuse(node: ast.Call, unknown: set[str]) -> None:
    if unknown:
        raise Refused(
            "TFM907",
            node,
            f"a variable is made with {', '.join(sorted(unknown))}",
            "Leave the argument out, or write what it does where the variable is used.",
        )


def _get_variable(expressions: Expressions, node: ast.Call) -> str:
    bound = dict(bind(node, S.GET_VARIABLE))
    given = expressions.interpreter.defaults.get((id(node), "initializer"))
    if given is not None:
        bound["initializer"] = given
    _refuse(
        node,
        set(bound) - {"name", "shape", "dtype", "initializer", "trainable", "regularizer"} - _DROPPED - {"constraint"},
    )
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
    default = initializer is None or (isinstance(initializer, ast.Constant) and initializer.value is None)
    if default and shape is None:
        raise Refused("TFM907", node, "a variable has neither shape nor initializer", "Give it a shape.")
    if shape is not None and not dtype:
        drawn = "glorot_uniform({shape})" if default else _drawn(expressions, initializer)
        if drawn is not None:
            return drawn.format(shape=shape, tf=tf)
    if default:
        return f"{tf}.keras.initializers.GlorotUniform()({shape}{dtype})"
    assert initializer is not None
    called = isinstance(initializer, ast.Call) and names.symbol(initializer.func)
    symbol = names.symbol(initializer)
    if "tf.constant_initializer" in (called, symbol) and not dtype:
        dtype = f", dtype={tf}.float32"  # the variable's dtype in TF1, whatever the constant's
    if called and S.is_python(called) and shape is not None:
        return f"{expressions.text(initializer)}({shape}{dtype})"
    if symbol is not None and S.is_python(symbol) and shape is not None:
        return f"{expressions.text(initializer)}()({shape}{dtype})"
    if shape is None:
        return expressions.text(initializer)
    own = {function.name for function in expressions.program.each(ast.FunctionDef)}
    made = isinstance(initializer, ast.Call) and isinstance(initializer.func, ast.Name) and initializer.func.id in own
    if made or (isinstance(initializer, ast.Name | ast.Attribute) and not called):  # with a shape, it is a function
        return f"{expressions.text(initializer)}({shape}{dtype})"
    raise Refused(
        "TFM907",
        node,
        "it cannot be told whether the initializer is a value or a function",
        "Name the initializer first.",
    )


#: TF1's initializers as the draw that they are: (parameters, what is drawn). Keras's own would take their seed from
#: Python's `random`, and so change what a program draws from it later.
_DRAWS: dict[str, tuple[tuple[str, ...], str]] = {
    "tf.random_normal_initializer": (("mean", "stddev", "seed"), "random.normal"),
    "tf.truncated_normal_initializer": (("mean", "stddev", "seed"), "random.truncated_normal"),
    "tf.random_uniform_initializer": (("minval", "maxval", "seed"), "random.uniform"),
    "tf.zeros_initializer": ((), "zeros"),
    "tf.ones_initializer": ((), "ones"),
}
_GLOROT = {
    "tf.glorot_uniform_initializer",
    "tf.contrib.layers.xavier_initializer",
    "tf.contrib.layers.xavier_initializer_conv2d",
}

GLOROT = '''def glorot_uniform(shape, dtype=None):
    """Xavier's first values, uniform between limits that follow the shape."""
    *window, fan_in, fan_out = shape if len(shape) > 1 else [*shape, *shape] or [1, 1]
    limit = (6 / (np.prod(window) * (fan_in + fan_out))) ** 0.5
    return {tf}.random.uniform(shape, -limit, limit, dtype or {tf}.float32)'''


def is_glorot(expressions: Expressions, initializer: ast.expr) -> bool:
    """Whether an initializer is plainly Xavier's, which is the default of both."""
    call = initializer if isinstance(initializer, ast.Call) else None
    function = call.func if call is not None else initializer
    symbol = expressions.program.names.symbol(function) if isinstance(function, ast.Name | ast.Attribute) else None
    return symbol in _GLOROT and (call is None or (not call.args and not call.keywords))


def _drawn(expressions: Expressions, initializer: ast.expr | None) -> str | None:
    """The draw that an initializer of TF1 is, with a place for its shape; None where it is another thing."""
    names = expressions.program.names
    call = initializer if isinstance(initializer, ast.Call) else None
    function = call.func if call is not None else initializer
    symbol = names.symbol(function) if isinstance(function, ast.Name | ast.Attribute) else None
    if initializer is not None and is_glorot(expressions, initializer):
        return "glorot_uniform({shape})"
    if symbol not in _DRAWS:
        return None
    parameters, draw = _DRAWS[symbol]
    try:
        bound = bind(call, parameters) if call is not None else {}
    except Unbound:
        return None
    given = (
        "".join(f", {name}={expressions.text(value)}" for name, value in bound.items())
        .replace("{", "{{")
        .replace("}", "}}")
    )
    return "{tf}." + draw + "({shape}" + given + ")"
