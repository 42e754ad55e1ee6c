"""The parts of a compound statement: each header's text, and the body under it."""

from __future__ import annotations

import ast
from collections import deque

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children
from tf2migrate.lift.render import Renderer
from tf2migrate.model import Span


def headers(program: Program, renderer: Renderer, node: ast.stmt) -> list[tuple[str, list[ast.stmt], int]]:
    """Header text (without indentation, with its colon and comment), body, and the header's line, for each part."""
    bodies: list[list[ast.stmt]] = []
    match node:
        case ast.If():
            chain = [node, *elifs(program, node)]
            bodies = [*[link.body for link in chain], chain[-1].orelse]
        case ast.For() | ast.While() | ast.AsyncFor():
            bodies = [node.body, node.orelse]
        case ast.Try():
            bodies = [node.body, *[h.body for h in node.handlers], node.orelse, node.finalbody]
        case ast.Match():
            bodies = [case.body for case in node.cases]
        case ast.With() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.AsyncWith():
            bodies = [node.body]
    bodies = sorted((b for b in bodies if b), key=lambda b: b[0].lineno)
    parts = []
    at = program.span(node).start
    expressions = _outside(program, node, {id(statement) for body in bodies for statement in body})
    for body in bodies:
        start = _body_start(program, body)
        text = _rendered(program, renderer, expressions, at, start)
        parts.append((text, body, program.position(at)[0]))
        at = _after(program, body[-1])
    return parts


def elifs(program: Program, node: ast.If) -> list[ast.If]:
    """The further parts of an if statement that the text calls `elif`; the tree has each as the `else` of the last."""
    found: list[ast.If] = []
    last = node
    while len(last.orelse) == 1 and isinstance(inner := last.orelse[0], ast.If):
        if not program.text.startswith("elif", program.span(inner).start):
            break
        found.append(inner)
        last = inner
    return found


def _body_start(program: Program, body: list[ast.stmt]) -> int:
    """Where the header before a body ends: after its colon, and the comment on its line."""
    first = program.span(body[0]).start
    line = program.position(first)[0]
    text = program.text
    begin = program.offset(line, 0)
    if text[begin:first].strip():
        return first  # one line: `if x: y`
    at = begin
    while at > 0:
        before = text.rfind("\n", 0, at - 1) + 1
        content = text[before : at - 1].strip()
        if content and not content.startswith("#"):
            return at
        at = before
    return begin


def _outside(program: Program, node: ast.stmt, bodies: set[int]) -> deque[tuple[Span, ast.expr]]:
    """The expressions of a statement's headers in the order of the text, what holds others before them."""
    found: list[ast.AST] = [node]
    for each in found:  # which grows as it is read
        found += [child for child in children(each) if id(child) not in bodies]
    spans = [(program.span(each), each) for each in found if isinstance(each, ast.expr)]
    return deque(sorted(spans, key=lambda pair: (pair[0].start, -pair[0].end)))


def _rendered(
    program: Program, renderer: Renderer, expressions: deque[tuple[Span, ast.expr]], start: int, end: int
) -> str:
    """The text between two offsets, with the replacements of the expressions in it, which are taken."""
    pieces, at = [], start
    while expressions and expressions[0][0].end <= end:
        span, child = expressions.popleft()
        if span.start >= at and (text := renderer.text(child)) != program.segment(child):
            pieces += [program.text[at : span.start], text]
            at = span.end
    header = "".join([*pieces, program.text[at:end]])
    return header.strip(" \t\n\f")


def _after(program: Program, node: ast.stmt) -> int:
    """The offset after a statement and what follows it on its line."""
    end = program.span(node).end
    found = program.text.find("\n", end)
    return len(program.text) if found < 0 else found + 1
