"""Calls that are statements of their own, and what each parameter of the called function is given."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of


@dataclass(frozen=True, slots=True)
class Site:
    """A call of a function by a statement of its own."""

    statement: ast.Assign | ast.Expr | ast.Return
    call: ast.Call


def site_of(program: Program, node: ast.Name | ast.Attribute) -> Site | None:
    """The statement that calls what a name is, and does nothing else; None where there is no such."""
    call = program.parents[id(node)]
    if not isinstance(call, ast.Call) or call.func is not node:
        return None
    statement = program.parents[id(call)]
    body = body_of(program, statement) if isinstance(statement, ast.stmt) else []
    if isinstance(statement, ast.Expr | ast.Return) or (
        isinstance(statement, ast.Assign) and len(statement.targets) == 1 and statement.value is call
    ):
        # two statements on one line, or the body of a statement on its line
        alone = all(s is statement or s.lineno != statement.lineno for s in body)
        line = program.lines[statement.lineno - 1][: program.position(program.span(statement).start)[1] - 1]
        return Site(statement, call) if alone and not line.strip() else None
    return None


def given_to(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr] | None:
    """What each parameter is given, in their order; None where that cannot be told."""
    spec = function.args
    positional = [a.arg for a in [*spec.posonlyargs, *spec.args]]
    if isinstance(call.func, ast.Attribute):  # a method, which its object is given
        positional = positional[1:]
    names = [*positional, *(a.arg for a in spec.kwonlyargs)]
    found = dict(zip(positional, call.args, strict=False))
    if len(call.args) > len(positional) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in names or keyword.arg in found:
            return None
        found[keyword.arg] = keyword.value
    defaults = dict(zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True))
    defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    for name in names:
        if name not in found:
            if not isinstance(default := defaults.get(name), ast.Constant):
                return None
            found[name] = default
    return {name: found[name] for name in names}
