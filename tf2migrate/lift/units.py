"""Which functions belong to a unit: those that open a session or run one, themselves or through others."""

from __future__ import annotations

import ast
from collections.abc import Set

from tf2migrate.facts.names import Names
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.estimator_models import NATIVE
from tf2migrate.lift.symbols import COUNT, SESSIONS

_RUNS = {"run", "eval"}


def drivers(program: Program) -> frozenset[ast.AST]:
    """The functions of a program that run sessions, or call one that does."""
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*program.each(ast.FunctionDef)]
    functions += program.each(ast.AsyncFunctionDef)
    calls = {f: [n for n in walk(f) if isinstance(n, ast.Call)] for f in functions}
    found: set[ast.AST] = {f for f in functions if any(_runs(call, program.names) for call in calls[f])}
    by_name = {f.name: f for f in functions}
    grew = True
    while grew:  # ends: `found` only grows, and is bounded by the functions
        grew = False
        for function in functions:
            if function in found:
                continue
            if any(isinstance(c.func, ast.Name) and by_name.get(c.func.id) in found for c in calls[function]):
                found.add(function)
                grew = True
    return frozenset(found)


def _runs(node: ast.AST, names: Names) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if names.symbol(node.func) is not None:
        return names.symbol(node.func) in {*SESSIONS, NATIVE, COUNT}
    return isinstance(node.func, ast.Attribute) and node.func.attr in _RUNS


def has_run(node: ast.AST, driver_nodes: Set[ast.AST], names: Names) -> bool:
    """Whether a statement may run a session: such a one is never moved whole."""
    called = {f.name for f in driver_nodes if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
    for child in walk(node):
        if _runs(child, names):
            return True
        if isinstance(child, ast.Call):
            name = child.func.id if isinstance(child.func, ast.Name) else getattr(child.func, "attr", None)
            if name in called:
                return True
    return False
