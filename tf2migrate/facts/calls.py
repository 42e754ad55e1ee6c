"""A call's arguments under their parameter names."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence


class Unbound(Exception):
    """A call whose arguments cannot be told apart by reading it; the message says why."""


class _Arguments(dict[str, ast.expr]):
    """Arguments by parameter name; one that is asked for and was not given makes the call one that cannot be told."""

    def __missing__(self, name: str) -> ast.expr:
        raise Unbound(f"{name} is not given")


def bind(call: ast.Call, parameters: Sequence[str]) -> Mapping[str, ast.expr]:
    """The arguments of a call by parameter name.

    Raises `Unbound` for ``*args`` and ``**kwargs``, for too many positional arguments, for a keyword that is no
    parameter, and for an argument given twice; what it returns raises it for an argument that was not given.
    """
    bound = _Arguments()
    if len(call.args) > len(parameters):
        raise Unbound(f"{len(call.args)} positional arguments where {len(parameters)} are known")
    for name, value in zip(parameters, call.args, strict=False):
        if isinstance(value, ast.Starred):
            raise Unbound("arguments behind a star cannot be told apart")
        bound[name] = value
    for keyword in call.keywords:
        if keyword.arg is None:
            raise Unbound("arguments behind a double star cannot be told apart")
        if keyword.arg not in parameters:
            raise Unbound(f"{keyword.arg} is not a known parameter")
        if keyword.arg in bound:
            raise Unbound(f"{keyword.arg} is given twice")
        bound[keyword.arg] = keyword.value
    return bound
