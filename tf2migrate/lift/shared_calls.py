"""Calls of one function that share variables, and are given different data: the calls tell it, not the object."""

from __future__ import annotations

import ast
from collections.abc import Set
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import STATIC, Flag, Python, Structure, Symbol, Tensor, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def opened(
    interpreter: Interpreter, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, arguments: dict[str, Value]
) -> dict[str, Value]:
    """The arguments of a call, where one that differs between calls that share variables is known only when called.

    Such as `network(x, reuse=True, is_training=False)` after `network(x, reuse=False, is_training=True)`, and the size
    of a batch, which is found to differ when the program is followed for the first time.
    """
    known = interpreter.told_open.get(function, frozenset()) if isinstance(function, ast.FunctionDef) else frozenset()
    arguments = {**arguments, **dict.fromkeys(known, STATIC)}
    if isinstance(function, ast.FunctionDef):
        arguments = {name: _of_runs(interpreter, function, name, value) for name, value in arguments.items()}
    shared = any("reuse" in name for name in arguments)
    if not isinstance(function, ast.FunctionDef) or not (shared or _shares(function)):
        return arguments
    given: dict[str, set[object]] = {}
    for node in interpreter.program.each(ast.Call):
        if getattr(node.func, "id", getattr(node.func, "attr", "")) == function.name:
            names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
            names = names[1:] if isinstance(node.func, ast.Attribute) and names[:1] == ["self"] else names
            told = dict(zip(names, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
            for name, value in told.items():
                if isinstance(value, ast.Constant) and isinstance(value.value, bool):
                    given.setdefault(name, set()).add(value.value)
    varied = {name for name, values in given.items() if len(values) > 1 and "reuse" not in name}
    return {name: _flag(value) if name in varied else value for name, value in arguments.items()}


def _of_runs(interpreter: Interpreter, function: ast.FunctionDef, name: str, value: Value) -> Value:
    """An argument, as what a run gives where another program of these files gives such: one class serves both."""
    constant = isinstance(value, Tensor) and value.time == Time.CONSTANT
    given = (function.name, name) in interpreter.program.given
    return Tensor(Time.STAGED, value.node) if constant and given else value  # type: ignore[attr-defined]


def _shares(function: ast.FunctionDef) -> bool:
    """Whether a function finds the variables of its earlier calls by itself."""
    return any(isinstance(n, ast.Attribute) and n.attr == "AUTO_REUSE" for n in walk(function))


def _flag(value: Value) -> Value:
    return Flag(given=value.literal) if isinstance(value, Python) and isinstance(value.literal, bool) else STATIC


def differing(
    staged: Set[str], one: dict[str, Value], other: dict[str, Value]
) -> dict[str, tuple[Value | None, Value | None]]:
    """The parameters that are no tensors, and are given different values by two calls (but for what says to share)."""
    names = [name for name in {**one, **other} if name not in staged and "reuse" not in name]
    return {n: (one.get(n), other.get(n)) for n in names if not _alike(one.get(n), other.get(n))}


def otherwise(
    interpreter: Interpreter,
    function: ast.FunctionDef,
    node: ast.Call,
    settings: dict[str, tuple[Value | None, Value | None]],
) -> Unknown:
    """Two calls that share variables differ. In data of Python alone: the program is followed anew with that open."""
    parameters = [*function.args.posonlyargs, *function.args.args][::-1]
    defaults = zip([a.arg for a in parameters], function.args.defaults[::-1], strict=False)
    plain = {name for name, default in defaults if isinstance(default, ast.Constant)}
    given = [(name in plain, value) for name, values in settings.items() for value in values]
    if all(isinstance(value, Python) or (value is None and by_default) for by_default, value in given):
        interpreter.opened.setdefault(function, set()).update(settings)
    return Unknown("variables are shared by calls with different arguments", node)


def _alike(one: Value | None, other: Value | None) -> bool:
    """Whether two arguments are one thing: the same, of the same text, or lists of such."""
    if isinstance(one, Python) and isinstance(other, Python) and one.known and other.known:
        return type(one.literal) is type(other.literal) and one.literal == other.literal
    if isinstance(one, Symbol) and isinstance(other, Symbol):
        return one.path == other.path
    if isinstance(one, Structure) and isinstance(other, Structure):
        if one.rest is not other.rest or len(one.items) != len(other.items):
            return False
        return all(a[0] == b[0] and _alike(a[1], b[1]) for a, b in zip(one.items, other.items, strict=True))
    return one is other
