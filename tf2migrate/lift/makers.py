"""The functions of a program that make something, be it by way of others."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

from tf2migrate.facts.closure import closure
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk


def makes(program: Program, node: ast.AST, wanted: Callable[[str], bool]) -> bool:
    """Whether something in a node is a call of a wanted symbol, or of a function of the program that calls one."""
    makers = _makers(program, wanted)
    return any(isinstance(n, ast.Call) and _is_of(program, n, wanted, makers) for n in walk(node))


def _is_of(program: Program, call: ast.Call, wanted: Callable[[str], bool], makers: frozenset[str]) -> bool:
    symbol = program.names.symbol(call.func)
    return wanted(symbol) if symbol is not None else _called(call) in makers


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@lru_cache(maxsize=4)
def _makers(program: Program, wanted: Callable[[str], bool]) -> frozenset[str]:
    """The names of the functions and methods that call a wanted symbol, or one that does."""
    callers: dict[str, set[str]] = {}
    found = set()
    for function in program.each(ast.FunctionDef):
        for call in (n for n in walk(function) if isinstance(n, ast.Call)):
            if _is_of(program, call, wanted, frozenset()):
                found.add(function.name)
            elif program.names.symbol(call.func) is None:
                callers.setdefault(_called(call), set()).add(function.name)
    return frozenset(closure(found, callers))
