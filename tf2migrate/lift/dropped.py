"""Parameters that a function loses: those that every call gives a session, or another thing that is no more."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from tf2migrate.facts.source import Source
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.interpret import FunctionNode, Interpreter
from tf2migrate.lift.values import GONE, Handle


class Dropped:
    """Which parameters go, and the texts of definitions and calls without them."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._of_function: dict[FunctionNode, set[str]] = {}
        self._of_call: dict[int, FunctionNode] = {}
        for function, calls in interpreter.given.items():
            gone = {name for name in calls[0][1] if all(_is_gone(given.get(name)) for _, given in calls)}
            if gone:
                self._of_function[function] = gone
                self._of_call |= {id(node): function for node, _ in calls}

    def header(self, node: ast.stmt, text: str) -> str:
        """A definition's header without what goes."""
        gone = self._of_function.get(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if not gone:
            return text
        source = Source(text.rstrip() + "\n    pass\n")
        function = source.tree.body[0]
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        return _without(source, text, parameters, [p for p in parameters if p.arg in gone])

    def call(self, node: ast.Call, inside: Callable[[ast.Call], str]) -> str | None:
        """A call without the arguments that go, `inside` being its text; None where it stays."""
        function = self._of_call.get(id(node))
        if function is None:
            return None
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        skipped = 1 if names[:1] == ["self"] else 0
        text = inside(node)
        source = Source(text)
        statement = source.tree.body[0]
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        call = statement.value
        gone = self._of_function[function]
        by_place = [a for name, a in zip(names[skipped:], call.args, strict=False) if name in gone]
        by_name = [k for k in call.keywords if k.arg in gone]
        return _without(source, text, [*call.args, *call.keywords], [*by_place, *by_name])


def _is_gone(value: object) -> bool:
    return isinstance(value, Element) or (isinstance(value, Handle) and value.role in GONE)


def _without(source: Source, text: str, every: Sequence[ast.AST], gone: Iterable[ast.AST]) -> str:
    """A list of things between commas without some of them."""
    going = list(gone)
    spans = [source.span(node) for node in every]  # type: ignore[arg-type]
    kept = [index for index, node in enumerate(every) if node not in going]
    if not kept:
        return text[: spans[0].start] + text[spans[-1].end :] if every else text
    if kept[-1] + 1 < len(every):
        text = text[: spans[kept[-1]].end] + text[spans[-1].end :]
    for index in reversed(range(kept[-1])):
        if every[index] in going:
            text = text[: spans[index].start] + text[spans[index + 1].start :]
    return text
