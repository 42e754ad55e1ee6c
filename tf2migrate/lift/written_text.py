"""The text of a function's body where the function is called, and the text without the function."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import statement_of
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Span


def body_text(program: Program, function: ast.FunctionDef, names: Mapping[str, str], end: str) -> list[str]:
    """The lines of a body with other names, and with this in the place of its return statement."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return [end] if end else []
    start, stop = _start(program, function, body[0]), program.span(body[-1]).end
    edits = []
    for node in [n for s in body for n in walk(s)]:
        if isinstance(node, ast.Return):
            edits.append(Edit(program.span(node), end or "pass"))
        elif isinstance(node, ast.Name) and names.get(node.id, node.id) != node.id and not _returned(program, node):
            edits.append(Edit(program.span(node), names[node.id]))
    moved = [Edit(Span(e.span.start - start, e.span.end - start), e.text) for e in edits]
    text, _ = apply(program.text[start:stop], moved)
    indent = program.indent(body[0])
    lines = [line.removeprefix(indent) for line in text.split("\n")]
    if not end and lines[-1].strip() == "pass" and not lines[-1].startswith((" ", "\t")):
        lines = lines[:-1]
    return _one_way([line.rstrip() for line in _trimmed(lines)])


def _one_way(lines: list[str]) -> list[str]:
    """The lines without the tests of what a call gives as True, False or None: of branches, the one that is taken."""
    for node in ast.walk(ast.parse("\n".join(lines))):
        told = _told(node.test) if isinstance(node, ast.If) else None
        if not isinstance(node, ast.If) or told is None or node.body[0].lineno == node.lineno:
            continue
        taken = node.body if told else node.orelse
        heads = [lines[n.lineno - 1].lstrip() for n in (node, *node.orelse[:1])]
        if not taken or any(head.startswith(("elif", "else")) for head in heads):
            continue
        own, inner = node.col_offset, taken[0].col_offset
        first = node.lineno + 1 if told else _else(lines, node) + 1
        kept = [line[inner - own :] if line.strip() else line for line in lines[first - 1 : taken[-1].end_lineno]]
        return _one_way([*lines[: node.lineno - 1], *kept, *lines[node.end_lineno or 0 :]])
    return lines


def _else(lines: list[str], node: ast.If) -> int:
    """The line of the `else` of a branch."""
    above = range(node.orelse[0].lineno, node.body[-1].end_lineno or 0, -1)
    return next((n for n in above if lines[n - 1].strip().startswith("else")), node.orelse[0].lineno)


def _told(test: ast.expr) -> bool | None:
    """What a test of a literal is; None where it is another."""
    match test:
        case ast.Constant(value=bool(told)):
            return told
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant(value=bool(told))):
            return not told
        case ast.Compare(left=ast.Constant(value=given), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return given is None
        case ast.Compare(left=ast.Constant(value=given), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return given is not None
    return None


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def first_line(program: Program, first: ast.stmt, above: int) -> int:
    """The line of a statement, or of the comments directly above it, where these are below another line."""
    line = first.lineno
    while line - 1 > above and program.lines[line - 2].lstrip().startswith("#"):
        line -= 1
    return line


def _start(program: Program, function: ast.FunctionDef, first: ast.stmt) -> int:
    """Where the body begins: at its first statement, or at comments directly above it."""
    floor = function.body[0].end_lineno if function.body[0] is not first else function.lineno
    line = first_line(program, first, floor or 0)
    at = program.offset(line, 0)
    text = program.lines[line - 1]
    return at + len(text) - len(text.lstrip()) if line < first.lineno else program.span(first).start


def _returned(program: Program, node: ast.Name) -> bool:
    return isinstance(statement_of(program, node), ast.Return)


def gone(program: Program, function: ast.FunctionDef) -> Edit:
    """The edit that takes a function out, with its lines, the empty ones below, and comments directly above it."""
    span, line = program.span(function), function.lineno
    cuts = set(program.cuts)
    start = program.offset(line, 0)
    while line > 1 and start not in cuts and program.lines[line - 2].startswith("#"):
        line -= 1
        start = program.offset(line, 0)
    end = span.end
    while end < len(program.text) and program.text[end] == "\n" and end not in cuts:
        end += 1
    return Edit(Span(start, end), "")
