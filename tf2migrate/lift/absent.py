"""Attributes that an object never gets: a run that fetches one stops with AttributeError, before and after.

Methods that nothing calls keep such reads for years; they are no reason to leave the rest of a program as it is.
"""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import own

#: What sets attributes by other names than are written.
_HIDDEN = ("setattr", "__setattr__", "__getattr__", "__getattribute__", "__dict__", "vars")


def is_absent(program: Program, node: ast.expr) -> bool:
    """Whether an expression is `self.name`, and nothing in the program ever sets or defines a `name`."""
    method = scope_of(program, node)
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    if not isinstance(method, ast.FunctionDef) or [a.arg for a in method.args.args[:1]] != [node.value.id]:
        return False
    of = program.parents[id(method)]
    if not isinstance(of, ast.ClassDef) or of.decorator_list or of.keywords:
        return False
    if any(not (isinstance(base, ast.Name) and base.id == "object") for base in of.bases):
        return False
    if any(word in program.words for word in _HIDDEN):
        return False
    read = (n for n in program.each(ast.Attribute) if n.attr == node.attr)
    if any(not isinstance(n.ctx, ast.Load) for n in read):
        return False
    bound = {n.id for n in own(of.body) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {s.name for s in of.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return node.attr not in bound
