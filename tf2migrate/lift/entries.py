"""The ways to run a program: its module, the block for when it is run itself, and functions that nothing calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import is_main

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: The module itself, which happens in every one of them.
MODULE = 0


def entries(interpreter: Interpreter, node: ast.AST, through: tuple[ast.AST, ...] = ()) -> frozenset[int]:
    """The ways to run a program on which a place is come to."""
    parents = interpreter.program.parents
    block = MODULE
    here: ast.AST | None = node
    while (here := parents.get(id(here))) is not None:
        if isinstance(here, ast.FunctionDef):
            if here in through:
                return frozenset()
            calls = interpreter.given.get(here, [])
            if calls:
                return frozenset().union(*(entries(interpreter, call, (*through, here)) for call, _ in calls))
            block = id(here)
        elif block == MODULE and is_main(here):
            block = id(here)
    return frozenset((block,))
