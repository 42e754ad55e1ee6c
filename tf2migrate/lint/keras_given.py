"""Functions that Keras calls while it trains because it was given them: losses and metrics of `compile`, `Lambda`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.view import AnyFunction, View


def given_to_keras(view: View, call: ast.Call) -> Iterator[AnyFunction]:
    """The functions that a call of `compile`, or of `Lambda`, hands over. Keras 3 calls them without AutoGraph."""
    if view.symbol(call.func) == "tf.keras.layers.Lambda":
        parts = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "function")]
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "compile":
        given = {k.arg: k.value for k in call.keywords}
        if "run_eagerly" in given or not (len(call.args) > 1 or {"loss", "metrics", "optimizer"} & set(given)):
            return
        parts = [*call.args[1:3], *(given[name] for name in ("loss", "metrics", "weighted_metrics") if name in given)]
    else:
        return
    for part in parts:
        for each in _each(part):
            yield from _functions(view, each)


def _each(node: ast.expr) -> Iterator[ast.expr]:
    """What a list, or a dict by the names of outputs, holds."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from _each(part)
        case ast.Name() | ast.Attribute() | ast.Lambda() | ast.Call():
            yield node


def _functions(view: View, node: ast.expr) -> Iterator[AnyFunction]:
    """The functions of this file that an expression is, or that a function of this file makes and returns."""
    for function in view.called(node):
        if not isinstance(function, ast.ClassDef):
            yield function
    for maker in view.called(node.func) if isinstance(node, ast.Call) else []:
        for own in view.own(maker) if isinstance(maker, Function) else []:
            if isinstance(own, ast.Return) and isinstance(own.value, ast.Name | ast.Lambda):
                for function in view.called(own.value):
                    if not isinstance(function, ast.ClassDef) and view.function(function) is maker:
                        yield function
