"""No more than two empty lines in a row where statements have moved."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome, Span


def squeeze(program: Program, options: Options) -> Outcome:
    """Empty lines beyond two in a row go, and those at the end; text inside strings is left alone."""
    inside: set[int] = set()
    for node in (*program.each(ast.Constant), *program.each(ast.JoinedStr)):
        if node.end_lineno != node.lineno:
            inside.update(range(node.lineno, (node.end_lineno or 0) + 1))
    edits, run = [], 0
    lines = program.text.split("\n")
    indented = [False] * len(lines)  # whether the next line that is not empty is
    for number in range(len(lines) - 1, 0, -1):
        indented[number - 1] = lines[number].startswith((" ", "\t")) if lines[number].strip() else indented[number]
    at = 0
    for number, line in enumerate(lines, 1):
        end = at + len(line) + 1
        run = run + 1 if not line.strip() and number not in inside and at not in program.cuts else 0
        if (run > 2 or (run > 1 and indented[number - 1])) and end <= len(program.text):
            edits.append(Edit(Span(at, end), ""))
        at = end
    return Outcome(tuple(edits))
