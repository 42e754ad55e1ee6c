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
    return [line.rstrip() for line in _trimmed(lines)]


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _start(program: Program, function: ast.FunctionDef, first: ast.stmt) -> int:
    """Where the body begins: at its first statement, or at comments directly above it."""
    line = first.lineno
    floor = function.body[0].end_lineno if function.body[0] is not first else function.lineno
    while line - 1 > (floor or 0) and program.lines[line - 2].lstrip().startswith("#"):
        line -= 1
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
