"""Layers as objects: `tf.layers.Dense(…)` and `tf.keras.layers.Dense(…)`, made where they stand and called at each run.

Layers that learn while training, and those whose defaults Keras 3 has changed, are not among them. Dropout is: called
with its inputs alone it drops nothing, neither in a graph of TensorFlow 1, where the phase of learning is a placeholder
that is off unless it is fed (K.learning_phase), nor in Keras 3 outside of fit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.layer_kinds import KINDS, Kind
from tf2migrate.lift.layers import (
    WEIGHTLESS,
    Called,
    called,
    check_precision,
    layer_name,
    seeds,
    setting,
    trained_of,
    unlike,
)
from tf2migrate.lift.scopes import ALL_VARIABLES, NEVER
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import NONE, PYTHON, Layer, Tensor, Time, Unknown, Value, leaves
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_CLASSES = {
    "Dense": "dense",
    "Conv1D": "conv1d",
    "Conv2D": "conv2d",
    "Conv3D": "conv3d",
    "SeparableConv2D": "separable_conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "Conv3DTranspose": "conv3d_transpose",
    "MaxPooling1D": "max_pooling1d",
    "MaxPooling2D": "max_pooling2d",
    "MaxPooling3D": "max_pooling3d",
    "AveragePooling1D": "average_pooling1d",
    "AveragePooling2D": "average_pooling2d",
    "AveragePooling3D": "average_pooling3d",
    "Flatten": "flatten",
}
#: Those of Keras that compute the same in Keras 3, and do so whether training or not.
_KERAS = (
    *(name for name in _CLASSES if name != "SeparableConv2D"),
    *(
        "Embedding",
        "LayerNormalization",
        "Activation",
        "Dropout",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Reshape",
        "Permute",
        "RepeatVector",
    ),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D", "Cropping2D"),
)
_WITHOUT = (*WEIGHTLESS, *_KERAS[_KERAS.index("Activation") :])
_GONE = frozenset(
    ("alpha", "input_dim", "input_shape", "batch_input_shape", "weights", "input_length", "dtype", "trainable")
)


@dataclass(frozen=True, eq=False)
class Object(Layer):
    """A layer that the program makes itself; how it is written, where that differs from what stands there."""

    path: str | None = None  # the scope that it was made in
    constructor: Called | None = None


@dataclass(frozen=True, eq=False)
class Applied:
    """`layer.apply`, which is what a call of the layer calls."""

    node: ast.Attribute


@dataclass(frozen=True, eq=False)
class Used(Tensor):
    """What a call of such a layer gives."""

    layer: Object | None = None
    statement: Statement | None = None


def _of_tf_layers(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    kind = KINDS[f"tf.layers.{_CLASSES[path.rsplit('.', 1)[-1]]}"]
    bound = bind(node, tuple(name for name in kind.parameters if name not in ("inputs", "reuse")))
    if interpreter.scopes.reuse != NEVER:
        return Unknown(f"{path} in a scope that is reused", node)
    missing = set(kind.required) - set(bound) - {"inputs"}
    refused = "less than it needs" if missing else unlike(kind, bound)
    if refused or "activity_regularizer" in bound or interpreter.scopes.defaults:
        return Unknown(f"{path} with {refused or 'a regularizer of what it gives, or in a scope with defaults'}", node)
    for name, argument in bound.items():
        if isinstance(found := setting(interpreter, name, argument, kind), Unknown):
            return found
    if trained_of(interpreter, bound.get("trainable")) is not True:
        interpreter.untrained.add(id(node))
    constructor = Called(Time.STAGED, node, kind, bound, PYTHON, interpreter.statement)
    named = bound.get("name")
    own = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else None
    full = interpreter.scopes.name(own, kind.scope) if named is None or own is not None else None
    return _made(interpreter, node, Object(node, kind.keras, interpreter.scopes.path, constructor), hint, full)


def _of_keras(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    keras = path.rsplit(".", 1)[-1]
    kind = Kind(keras, ())
    for argument in [*node.args, *[k.value for k in node.keywords]]:
        if isinstance(found := setting(interpreter, "an argument", argument, kind), Unknown):
            return found
    if any(k.arg is None or k.arg in _GONE for k in node.keywords):
        return Unknown(f"{path} with {', '.join(str(k.arg) for k in node.keywords)}", node)
    return _made(interpreter, node, Object(node, keras, interpreter.scopes.path), hint, None)


def _sequential(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.keras.models.Sequential` of such layers: a layer that calls them, one after the other."""
    if node.keywords or len(node.args) > 1 or interpreter.repeats or not interpreter.frame.unit:
        return Unknown(f"{path} with other arguments than its layers, or in a loop or helper function", node)
    listed = node.args[0] if node.args else ast.List([], ast.Load())
    if not isinstance(listed, ast.List):
        return Unknown(f"the layers of {path} are not written out", node)
    for element in listed.elts:
        if (unlike := _inner(interpreter, element)) is not None:
            return unlike
    made = Object(node, "Sequential", interpreter.scopes.path)
    interpreter.make(node, made, layer_name(interpreter, hint, made.kind))
    return made


def _inner(interpreter: Interpreter, node: ast.expr) -> Unknown | None:
    """A layer of a model: its variables are those of the model. What it is where that is no layer of Keras."""
    members, made = list(interpreter.scopes.made), list(interpreter.statement.made)
    value = interpreter.evaluate(node)
    interpreter.scopes.made[:], interpreter.statement.made[:] = members, made
    if isinstance(value, Object) and value.constructor is None and isinstance(node, ast.Call):
        return None
    return value if isinstance(value, Unknown) else Unknown("a model is made of other things than Keras layers", node)


def add(interpreter: Interpreter, node: ast.Call, model: Object, name: str) -> Value:
    """`model.add(layer)`, before the model is called. Otherwise what makes it one that is not followed."""
    uses = (value for value in interpreter.rewrites.values() if isinstance(value, Used))
    if name != "add" or model.kind != "Sequential" or len(node.args) != 1 or node.keywords:
        return Unknown(f"{name} of a layer is not followed", node)
    if any(used.layer is model for used in uses) or interpreter.repeats:
        return Unknown("a layer is added to a model in a loop, or after the model was called", node)
    unlike = _inner(interpreter, node.args[0])
    return NONE if unlike is None else unlike


def _made(interpreter: Interpreter, node: ast.Call, made: Object, hint: str, full: str | None) -> Object:
    held = frozenset() if made.kind.startswith(_WITHOUT) else ALL_VARIABLES
    interpreter.make(node, made, layer_name(interpreter, hint, made.kind), full, True, held)
    return made


def call(interpreter: Interpreter, layer: Object, node: ast.Call) -> Value:
    """A call of such a layer: an op."""
    values = interpreter.arguments(node)
    for leaf in [leaf for value in values for leaf in leaves(value)]:
        if isinstance(leaf, Unknown):
            return leaf
    if len(node.args) != 1 or node.keywords:
        return Unknown("a layer is called with more than its inputs", node)
    if layer.constructor is not None and layer.path != interpreter.scopes.path:
        return Unknown("a layer is made in one variable scope and called in another", node)
    found = Used(Time.STAGED, node, layer, interpreter.statement)
    interpreter.rewrites[id(node)] = found
    return found


def check(interpreter: Interpreter) -> Iterator[Finding]:
    """What must be told of such layers, unless it is told of others. Raises `Refused` for another precision."""
    used = [value for value in interpreter.rewrites.values() if isinstance(value, Used)]
    seen: set[Statement] = set()
    for value in used:
        assert value.statement is not None
        assert isinstance(value.node, ast.Call)
        check_precision(value.statement, value.node.args[0], seen)
    if used and not any(call.kind.keras != "Dropout" for call in called(interpreter)):
        yield from seeds(interpreter)


HANDLERS = {
    **{f"tf.layers.{name}": _of_tf_layers for name in _CLASSES},
    **{f"tf.keras.layers.{name}": _of_keras for name in _KERAS},
    **dict.fromkeys(("tf.keras.Sequential", "tf.keras.models.Sequential"), _sequential),
}
__all__ = ["HANDLERS", "Applied", "Object", "Used", "add", "call", "check"]
