"""Where nodes stand: their statements, functions and blocks, and where the names of those are bound."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import is_main, walk

Scope = ast.Module | ast.FunctionDef


def statement_of(program: Program, node: ast.AST) -> ast.stmt:
    """The statement that a node stands in, or is."""
    while not isinstance(node, ast.stmt):
        node = program.parents[id(node)]
    return node


def scopes(program: Program, node: ast.AST) -> list[Scope]:
    """The functions around a node, and the module; from the inside."""
    found: list[Scope] = []
    above: ast.AST | None = program.parents.get(id(node))
    while above is not None:
        if isinstance(above, ast.FunctionDef | ast.Module):
            found.append(above)
        above = program.parents.get(id(above))
    return found or [program.tree]


def scope_of(program: Program, node: ast.AST) -> Scope:
    """The function that a node stands in, or the module."""
    return scopes(program, node)[0]


def is_conditional(program: Program, node: ast.AST) -> bool:
    """Whether a node stands in a loop or a branch of its function."""
    above: ast.AST | None = program.parents.get(id(node))
    while above is not None and not isinstance(above, ast.FunctionDef | ast.Module):
        if isinstance(above, ast.For | ast.While | ast.If | ast.Try | ast.Lambda | ast.ClassDef) and not is_main(above):
            return True
        above = program.parents.get(id(above))
    return False


def stores(program: Program, name: str, scope: Scope) -> list[ast.Name]:
    """Where a name is bound."""
    names = (n for n in program.each(ast.Name) if n.id == name)
    return [n for n in names if not isinstance(n.ctx, ast.Load) and scope_of(program, n) is scope]


def body_of(program: Program, statement: ast.stmt) -> list[ast.stmt]:
    """The block that a statement stands in."""
    above = program.parents[id(statement)]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, [])
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def is_bound_between(program: Program, node: ast.expr, use: ast.expr) -> bool:
    """Whether a name that an expression reads may be bound anew between the expression and its use further on."""
    around = scope_of(program, node)
    last = use.lineno if scope_of(program, use) is around else len(program.lines)
    for name in {n.id for n in walk(node) if isinstance(n, ast.Name)}:
        home = next((s for s in scopes(program, node) if stores(program, name, s) or _is_given(name, s)), around)
        bound = stores(program, name, home)
        if home is not around and len(bound) > 1:
            return True
        if home is around and any(node.lineno < other.lineno <= last for other in bound):
            return True
    return False


def _is_given(name: str, scope: Scope) -> bool:
    """Whether a name is a parameter of a function."""
    return isinstance(scope, ast.FunctionDef) and any(a.arg == name for a in walk(scope.args) if isinstance(a, ast.arg))
