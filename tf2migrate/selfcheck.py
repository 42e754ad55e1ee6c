"""What is checked of a rewritten program before anything is written."""

from __future__ import annotations

import ast
import builtins
import symtable
from functools import lru_cache

from tf2migrate.facts.program import Program
from tf2migrate.model import Finding


def undefined(after: Program, before: Program, brought: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Names that the rewritten program reads and nothing binds any more, though the old one bound them.

    `brought` are those that other files bind, and `import *` brings.

    A finding here is a defect of a rule, never of the program; it keeps the program from being written.
    """
    missing = set(unbound(after) - unbound(before) - brought)
    found = []
    for node in after.nodes:
        if isinstance(node, ast.Name) and node.id in missing:
            found.append(
                Finding(
                    node.lineno,
                    node.col_offset + 1,
                    "TFM909",
                    f"the rewritten program would read {node.id}, which nothing binds",
                    "The program was left as it was. Please report it.",
                )
            )
            missing.discard(node.id)
    return tuple(found)


@lru_cache(maxsize=4)  # several stages ask it of the first program
def unbound(program: Program) -> frozenset[str]:
    """The global names that a program reads and does not bind at module level."""
    top = symtable.symtable(program.text, "program", "exec")
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    bound |= set(dir(builtins)) | {"__file__", "__doc__", "__name__"}
    read: set[str] = set()
    todo = [top]
    while todo:
        table = todo.pop()
        todo += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() or table is top:
                if symbol.is_assigned():
                    bound.add(symbol.get_name())
                elif symbol.is_referenced():
                    read.add(symbol.get_name())
    return frozenset(read - bound)
