"""`normalizer_fn=batch_norm` of contrib's layers: a layer without bias and activation, a normalization, the activation.

The normalization is known by the function that the call names: a call makes two objects then.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tf2migrate.facts.tree import walk
from tf2migrate.lift import arg_scopes
from tf2migrate.lift.layer_kinds import KINDS, Kind
from tf2migrate.lift.values import NONE, Structure, Symbol, Unknown

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_NORM = "tf.contrib.layers.batch_norm"


@dataclass(frozen=True)
class Normalizer:
    """What a layer's results are normalized with: the call's arguments, by TensorFlow 1's names."""

    kind: Kind
    node: ast.Call  # the function that the layer's call names, which stands for the normalization
    arguments: dict[str, ast.expr]


def _is_named(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether an argument reads names of the function that the layer stands in alone, which mean one thing there."""
    function = interpreter.frame.node
    names = [n for n in walk(node) if isinstance(n, ast.Name)]
    if not names or isinstance(function, ast.Module):
        return not names
    inside = [n for n in walk(function) if isinstance(n, ast.Name)]
    given = {a.arg for a in walk(function) if isinstance(a, ast.arg)}
    for name in names:
        stored = sum(n.id == name.id and not isinstance(n.ctx, ast.Load) for n in inside)
        if name not in inside or stored + (name.id in given) != 1:
            return False
    return True


def taken(
    interpreter: Interpreter, node: ast.Call, kind: Kind, bound: dict[str, ast.expr]
) -> Normalizer | Unknown | None:
    """The normalizer of a call, whose arguments are changed to those of the layer alone; None where it has none."""
    function, given = bound.pop("normalizer_fn", None), bound.pop("normalizer_params", None)
    with interpreter.apart():
        value = interpreter.evaluate(function) if function is not None else NONE
        told = interpreter.evaluate(given) if given is not None else NONE
    if value is NONE:
        return None
    items = told.items if isinstance(told, Structure) and told.kind == "dict" and told.rest is None else ()
    parameters = {key: expression for key, _, expression in items if isinstance(key, str) and expression is not None}
    known = (told is NONE or items) and len(parameters) == len(items) and "activation_fn" not in parameters
    if not isinstance(value, Symbol) or value.path != _NORM or not known:
        return Unknown("a layer is normalized in a way that is not followed", node)
    if not interpreter.frame.unit and not all(_is_named(interpreter, e) for e in parameters.values()):
        return Unknown("in a function, a layer's normalizer is told something by a name", node)
    norm = KINDS[_NORM]
    arguments = arg_scopes.given(interpreter, node, _NORM, parameters, norm.parameters, "normalizer's ")
    activation = bound.get("activation_fn")
    if activation is None and "activation" in kind.defaults:
        activation = ast.Name(kind.defaults["activation"], ast.Load())
    if activation is not None:
        arguments["activation_fn"] = activation
    scope = bound.get("scope")
    own = scope.value if isinstance(scope, ast.Constant) and isinstance(scope.value, str) else None
    named = ast.Constant(f"{own}/BatchNorm") if own is not None else None
    arguments["scope"] = named or ast.Name("unknown", ast.Load())
    if "reuse" in bound:
        arguments["reuse"] = bound["reuse"]
    bound |= {"activation_fn": ast.Constant(None), "biases_initializer": ast.Constant(None)}
    return Normalizer(norm, cast(ast.Call, node.func), {**arguments, "inputs": node})


__all__ = ["Normalizer", "taken"]
