"""`arg_scope` of slim and contrib: arguments that calls of some functions get inside it, written out at each call."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.facts.standing import is_bound_between
from tf2migrate.lift.scopes import Default, Scope, is_named
from tf2migrate.lift.values import Refused, Structure, Symbol, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_ADVICE = "Write the arguments out at the calls."


def _arg_scope(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`with arg_scope([function, …], argument=…)`."""
    with interpreter.apart():
        listed = interpreter.evaluate(node.args[0]) if len(node.args) == 1 else None
        for keyword in node.keywords:
            interpreter.evaluate(keyword.value)
    functions = leaves(listed) if isinstance(listed, Structure) and listed.rest is None else []
    if not functions or not all(isinstance(f, Symbol) for f in functions) or any(k.arg is None for k in node.keywords):
        return Unknown("which functions an arg_scope is for cannot be told", node)
    scopes = interpreter.scopes
    own = {k.arg: Default(k.value, interpreter.frame) for k in node.keywords if k.arg is not None}
    arguments = dict(scopes.given)
    for function in functions:
        assert isinstance(function, Symbol)
        arguments[function.path] = {**arguments.get(function.path, {}), **own}
    told = scopes.pattern
    return Scope("scope", node, {}, None, scopes.path, scopes.reuse, scopes.defaults, arguments, told, anew=False)


def given(
    interpreter: Interpreter,
    node: ast.Call,
    path: str,
    bound: Mapping[str, ast.expr],
    parameters: tuple[str, ...],
    whose: str = "",
) -> dict[str, ast.expr]:
    """The arguments of a call, with those that the scopes around it give. Raises `Refused`."""
    found = dict(bound)
    for name, default in interpreter.scopes.given.get(path, {}).items():
        if name in bound or name not in parameters:
            continue
        there = interpreter.defaults.setdefault((id(node), f"argument {whose}{name}"), default.node)
        if there is not default.node:
            raise Refused("TFM901", node, f"a call stands in two arg_scopes, each with its own {name}", _ADVICE)
        with interpreter.apart() as reads:
            interpreter.evaluate(default.node)
        if not all(is_named(interpreter, definition.statement.frame) for definition in reads):
            raise Refused("TFM901", node, f"{name} of an arg_scope cannot be named where a layer is made", _ADVICE)
        if is_bound_between(interpreter.program, default.node, node):
            what = f"{name} of an arg_scope reads a name that is bound anew before this call"
            raise Refused("TFM901", node, what, _ADVICE)
        found[name] = default.node
    return found


HANDLERS = {"tf.contrib.framework.arg_scope": _arg_scope}
__all__ = ["HANDLERS", "given"]
