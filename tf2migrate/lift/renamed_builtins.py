"""A program's own `iter` and `next` under other names: what is written for them calls Python's."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit

_NAMES = {"iter": "iterator", "next": "next_element"}


def renamed_builtins(program: Program) -> tuple[Edit, ...]:
    """The edits that rename them; none where the program binds them otherwise than by statements, or calls Python's."""
    if "get_next" not in program.text:
        return ()
    mentions = [n for n in program.each(ast.Name) if n.id in _NAMES]
    bound = {n.id for n in mentions if isinstance(n.ctx, ast.Store)}
    called = {n.func.id for n in program.each(ast.Call) if isinstance(n.func, ast.Name)}
    other = called | {n.arg for n in program.each(ast.arg)} | {n.name for n in program.each(ast.FunctionDef)}
    other |= {n.name for n in program.each(ast.ClassDef)} | {x for n in program.each(ast.Global) for x in n.names}
    if any(program.segment(n) != n.id for n in mentions):
        return ()  # in an f-string of Python 3.11, whose parts do not say where they stand
    edits = []
    for name in sorted(bound - other):
        fresh = _NAMES[name]
        while fresh in program.words:  # ends: each turn is one letter longer
            fresh += "_"
        edits += [Edit(program.span(n), fresh) for n in mentions if n.id == name]
    return tuple(edits)
