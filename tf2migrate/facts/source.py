"""A program's text and tree, and the way from one to the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

from tf2migrate.facts.tree import children, walk
from tf2migrate.model import Span

Node = TypeVar("Node", bound=ast.AST)

_DECORATED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Source:
    """One program: its text (line ends are ``\\n``), its `ast` tree, and offsets between them.

    Raises `SyntaxError` (with line and column) when the text is not Python 3.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, parents first."""
        return tuple(walk(self.tree))

    @cached_property
    def _by_kind(self) -> dict[type[ast.AST], list[ast.AST]]:
        found: dict[type[ast.AST], list[ast.AST]] = {}
        for node in self.nodes:
            found.setdefault(type(node), []).append(node)
        return found

    def each(self, kind: type[Node]) -> list[Node]:
        """Every node of a kind, parents first."""
        return self._by_kind.get(kind, [])  # type: ignore[return-value]

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """Each node's parent, by the node's id."""
        return {id(child): node for node in self.nodes for child in children(node)}

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends; only ``\\n`` ends a line, as for `ast` (a form feed does not)."""
        return [line + "\n" for line in self.text.split("\n")]

    @cached_property
    def _is_ascii(self) -> bool:
        return self.text.isascii()

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self.lines:
            starts.append(at)
            at += len(line)
        return starts

    def offset(self, line: int, column: int) -> int:
        """The character offset of an `ast` position (line from 1, column in UTF-8 bytes from 0)."""
        if not self._is_ascii and not (text := self.lines[line - 1]).isascii():
            column = len(text.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + column

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1 and in characters, of an offset."""
        import bisect

        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.excepthandler) -> Span:
        """Where a node stands; a decorated definition begins at its first decorator."""
        first: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.excepthandler = node
        if isinstance(node, _DECORATED) and node.decorator_list:
            first = node.decorator_list[0]
        start = self.offset(first.lineno, first.col_offset)
        if first is not node:
            start = self.text.rindex("@", 0, start)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return Span(start, self.offset(node.end_lineno, node.end_col_offset))

    def segment(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> str:
        """The text of a node, as written."""
        span = self.span(node)
        return self.text[span.start : span.end]

    def indent(self, node: ast.stmt) -> str:
        """The white space before a statement on its line."""
        line = self.lines[self.position(self.span(node).start)[0] - 1]
        return line[: len(line) - len(line.lstrip(" \t\f"))]


def walk_in_order(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below (and with) a node, depth first, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk_in_order(child)
