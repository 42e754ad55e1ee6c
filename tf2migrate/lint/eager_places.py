"""Places that run eagerly for certain: those of the module, and of functions that such places call, and no others."""

from __future__ import annotations

import ast

from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.passed import calls_of


def is_eager(ground: Ground, node: ast.AST, depth: int = 3) -> bool:
    """Whether a place runs eagerly, as far as this file tells."""
    function = ground.view.function(node)
    if function is None:
        return True
    if not isinstance(function, Function) or function.decorator_list or id(function) in ground.traced.contexts:
        return False
    calls = calls_of(ground, function) if depth else []
    named = [n for n in ground.program.each(ast.Name) if n.id == function.name and isinstance(n.ctx, ast.Load)]
    handed = len(named) > len(calls)  # to something that may trace it
    return bool(calls) and not handed and all(is_eager(ground, call, depth - 1) for call in calls)
