"""Statements that change or go: their lines, what shares a line with them, and what a block needs to stay one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Span


class Blocks:
    """The edits that put each statement's new text in its place, or take its lines away."""

    def __init__(self, program: Program, text: Callable[[ast.stmt], str | None]) -> None:
        self.program, self.text = program, text  # the text that stands for a statement; None where nothing does
        self._run = Span(-1, -1)  # the lines that went last

    def edits(self, body: list[ast.stmt], sole: bool) -> Iterator[Edit]:
        """The edits of a block, and of those inside it; `sole` where something must be left of it."""
        empty = sole and all(self.text(s) is None for s in body)
        lines: list[list[ast.stmt]] = []
        for statement in body:
            if lines and lines[-1][-1].end_lineno == statement.lineno:
                lines[-1].append(statement)
            else:
                lines.append([statement])
        for line in lines:
            yield from self._line(line, empty and line is lines[0])

    def _line(self, line: list[ast.stmt], must_stay: bool) -> Iterator[Edit]:
        """The edits of statements that share a line (mostly one)."""
        texts = [self.text(s) for s in line]
        old = [self.program.segment(s) for s in line]
        if texts == old:
            for statement in line:
                for block in _inner(statement):
                    yield from self.edits(block, sole=True)
            return
        span = Span(self.program.span(line[0]).start, self.program.span(line[-1]).end)
        left = [text for text in texts if text is not None] or (["pass"] if must_stay else [])
        yield Edit(span, "; ".join(left)) if left else Edit(self._lines(span), "")

    def _lines(self, span: Span) -> Span:
        """The whole lines of a span, and the empty lines after it that would now double those before it."""
        text, cuts = self.program.text, self.program.cuts
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.end) + 1 or len(text)
        self._run = Span(self._run.start if self._run.end == start else start, end)
        top = self._run.start == 0 or self._run.start in cuts
        above, at = -1, self._run.start
        while at > 0 and text[at - 1] == "\n":
            above, at = above + 1, at - 1
        while (top or above > 0) and text[end : end + 1] == "\n" and end not in cuts:
            end, above = end + 1, above - 1
        self._run = Span(self._run.start, end)
        return Span(start, end)


def _inner(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a compound statement."""
    parts: list[ast.AST] = [node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    for part in parts:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(part, name, None)
            if isinstance(block, list) and block:
                yield block
