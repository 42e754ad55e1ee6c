"""Which elements of data sets statements are computed from, where nothing on the way makes them float32."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.trace import Statement

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What gives float32 unless it is told otherwise.
SINGLE = ("tf.to_float", "tf.decode_csv", "tf.one_hot", "tf.random_", "tf.truncated_normal", "tf.image.")


def says(interpreter: Interpreter, node: ast.AST) -> bool:
    """Whether something is said to be float32, or gives it unless it is told otherwise."""
    paths = {interpreter.names.symbol(n) or "" for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)}
    return "tf.float32" in paths or any(p.startswith(SINGLE) for p in paths)


class Origins:
    """Answers for one statement after the other of a graph that no longer changes; each is looked at once."""

    def __init__(self, interpreter: Interpreter, is_single: Callable[[Element], bool]) -> None:
        self._interpreter, self._is_single = interpreter, is_single
        self._single: dict[Element, bool] = {}
        self._found: dict[Statement, dict[Element, None]] = {}
        self._readers: dict[Statement, list[Statement]] = {}
        self._cast: dict[Statement, bool] = {}

    def of(self, statement: Statement) -> list[Element]:
        """The elements that a statement is computed from, and that are not plainly float32."""
        todo = [statement]
        while todo:
            found = todo.pop()
            if found not in self._found:
                todo += self._look(found)
        elements = self._found[statement]
        self._single.update({e: self._is_single(e) for e in elements if e not in self._single})
        return [element for element in elements if not self._single[element]]

    def is_single(self, statement: Statement) -> bool:
        """Whether a statement computes from elements, and all of them are plainly float32; or is said to be that."""
        return self._casts(statement) or (not self.of(statement) and bool(self._found[statement]))

    def _look(self, statement: Statement) -> list[Statement]:
        """Looks at a statement for the first time; those that it reads."""
        self._found[statement] = {}
        below = []
        own: dict[Element, None] = dict.fromkeys(e for e in statement.effects if isinstance(e, Element))
        for definition in sorted(statement.reads, key=lambda d: d.statement.order):
            if isinstance(definition.value, Element):
                own[definition.value] = None
            elif definition.staged:
                below.append(definition.statement)
                self._readers.setdefault(definition.statement, []).append(statement)
        for known in below:
            if known in self._found and not self._casts(known):
                own |= self._found[known]
        self._spread(statement, own)
        return below

    def _spread(self, statement: Statement, elements: dict[Element, None]) -> None:
        """Notes elements for a statement, and for what is computed from it."""
        todo = [(statement, elements)]
        while todo:
            here, given = todo.pop()
            new = {element: None for element in given if element not in self._found[here]}
            self._found[here] |= new
            if new and not self._casts(here):
                todo += [(reader, new) for reader in self._readers.get(here, ())]

    def _casts(self, statement: Statement) -> bool:
        if statement not in self._cast:
            self._cast[statement] = says(self._interpreter, statement.node)
        return self._cast[statement]
