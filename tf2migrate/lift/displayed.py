"""What a notebook makes of its lines: values shown below a cell, and `%time` before a statement."""

from __future__ import annotations

import ast
import re

from tf2migrate.facts.program import Program
from tf2migrate.magics import MARK

_REST_OF_LINE = re.compile(r"[ \t]*(#[^\n]*)?")


def is_displayed(program: Program, statement: ast.AST) -> bool:
    """Whether the value of a statement is shown: it is the last of its cell, and no semicolon stands behind it."""
    ends = set(program.cuts) - set(program.borders)
    if not ends or not isinstance(statement, ast.Expr) or program.parents[id(statement)] is not program.tree:
        return False
    start = program.span(statement).end
    end = min((cut for cut in (*program.cuts, len(program.text)) if cut >= start), default=start)
    return not any(_REST_OF_LINE.sub("", line).strip() for line in program.text[start:end].split("\n"))


def ends_with_semicolon(program: Program, node: ast.stmt) -> bool:
    """Whether the line of a statement ends with one, as IPython's users write it to have no value shown."""
    end = program.span(node).end
    rest = program.text[end:].partition("\n")[0].strip()
    return rest.startswith(";") and not rest[1:].split("#")[0].strip()


def is_magic(node: ast.stmt) -> bool:
    """Whether a statement stands for a magic."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name.startswith(MARK)
    return False


def joined(lines: list[str], node: ast.stmt, before: ast.stmt | None, above: list[str]) -> bool:
    """Puts a statement of one line behind the magic (`%time`) that it stood behind, the last of the lines above."""
    behind = before is not None and is_magic(before) and before.end_lineno == node.lineno
    if not behind or len(lines) != 1 or not above or isinstance(node, ast.FunctionDef | ast.ClassDef):
        return False
    above[-1] = f"{above[-1]}; {lines[0].lstrip()}"
    return True
