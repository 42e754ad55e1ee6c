"""Parameters that a function loses: those that every call gives a session, a tensor, or another thing that is no more.

A function that is given elements of a data set is given the iterator, where it could not see it otherwise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tf2migrate.commas import cuts
from tf2migrate.facts.source import Source
from tf2migrate.lift import cell_helpers, handed
from tf2migrate.lift.datasets import Element, Iterator
from tf2migrate.lift.functions import FunctionNode
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.trace import Frame
from tf2migrate.lift.values import GONE, NONE, Effect, Handle, Placeholder, Schedule, Tensor, Time, Value
from tf2migrate.lift.visibility import sees
from tf2migrate.model import Span

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions


class Dropped:
    """Which parameters go, and the texts of definitions and calls without them."""

    def __init__(self, interpreter: Interpreter, fresh: Callable[[str], str], expressions: Expressions) -> None:
        self._expressions = expressions
        self._of_function: dict[FunctionNode, set[str]] = {}
        self._of_call: dict[int, FunctionNode] = {}
        self.passed: dict[FunctionNode, tuple[str, str, Iterator]] = {}  # a parameter, its new name, what it now is
        self.made: dict[Iterator, str] = {}  # how such an iterator is called where it is made
        self.told = cell_helpers.unneeded(interpreter)  # of helpers: the parameters that told dropout
        for helper, names in self.told.items():
            self._of_function[helper] = names
            self._of_call |= dict.fromkeys(interpreter.helper_calls[helper], helper)
        for function, calls in interpreter.given.items():
            gone = {name for _, given in calls for name in given if _are_gone([each.get(name) for _, each in calls])}
            gone |= {name for name, value in calls[0][1].items() if _only_fed(expressions, function, name, value)}
            if gone or handed.names(expressions, function):
                self._of_function[function] = gone
                self._of_call |= {id(node): function for node, _ in calls}
            frame = next((f for f in interpreter.frames if f.node is function), None)
            held = _unseen(frame, {name: v for name, v in calls[0][1].items() if name in gone})
            if held is not None:
                self.passed[function] = held[0], fresh("iterator"), held[1]
                gone.discard(held[0])

    def name_in(self, frame: Frame, iterator: Iterator) -> str | None:
        """The parameter that an iterator is, in a function that is given it."""
        held = self.passed.get(frame.node) if not isinstance(frame.node, ast.Module) else None
        return held[1] if held is not None and held[2] is iterator else None

    def header(self, node: ast.stmt, text: str) -> str:
        """A definition's header without what goes."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node not in self._of_function:
            return text
        if (passed := self.passed.get(node)) is not None:
            source, parameters = _parameters(text)
            text = _replaced(source, text, next(p for p in parameters if p.arg == passed[0]), passed[1])
        source, parameters = _parameters(text)
        text = _without(source, text, parameters, [p for p in parameters if p.arg in self._of_function[node]])
        start = text.index("(") + 1
        if text[start:].lstrip().startswith(","):  # before what takes all further arguments
            text = text[:start] + text[start:].lstrip().removeprefix(",").lstrip()
        added = handed.names(self._expressions, node)
        own = ["self"] if parameters and parameters[0].arg == "self" else []
        return _with(text, text.index("("), added, own)

    def call(self, node: ast.Call, inside: Callable[[ast.Call], str]) -> str | None:
        """A call without the arguments that go, `inside` being its text; None where it stays."""
        function = self._of_call.get(id(node))
        if function is None:
            return None
        text = inside(node)
        if (passed := self.passed.get(function)) is not None:
            source, every = _arguments(function, text)
            parameter, name, iterator = passed
            given = next(a for label, a in every if label == parameter)
            made = self.made[iterator]
            text = _replaced(source, text, given, f"{name}={made}" if isinstance(given, ast.keyword) else made)
            gone = self._of_function[function] - {name}
        else:
            gone = self._of_function[function]
        source, every = _arguments(function, text)
        text = _without(source, text, [a for _, a in every], [a for label, a in every if label in gone])
        if function in self.told:
            return text
        added = handed.texts(self._expressions, function, node)
        return _with(text, _opening(text), added) if added else text


def _opening(text: str) -> int:
    """Where the arguments of a call begin."""
    source = Source(text)
    statement = source.tree.body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    return text.index("(", source.span(statement.value.func).end)


def _with(text: str, opening: int, added: list[str], own: Sequence[str] = ()) -> str:
    """A list of things between parentheses with some more at its beginning, but for `self`."""
    if not added:
        return text
    start = opening + 1
    for name in own:
        start = text.index(name, start) + len(name)
    rest = text[start:].lstrip(", ")
    end = "" if rest.startswith(")") else ", "
    return f"{text[:start]}{', ' if own else ''}{', '.join(added)}{end}{rest}"


def _unseen(frame: Frame | None, given: dict[str, Value]) -> tuple[str, Iterator] | None:
    """The first of the parameters that are elements of one iterator, where a function does not see the iterator."""
    found: dict[Iterator, str] = {}
    for name, value in given.items():
        if isinstance(value, Element) and value.draw is not None:
            found.setdefault(value.draw.iterator, name)
    if len(found) != 1 or frame is None:
        return None
    iterator, name = found.popitem()
    home = iterator.statement
    unseen = home is not None and iterator.kind == "ready" and not sees(frame, home.frame)
    return (name, iterator) if unseen else None


def _parameters(text: str) -> tuple[Source, list[ast.arg]]:
    source = Source(text.rstrip() + "\n    pass\n")
    function = source.tree.body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    return source, [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _arguments(function: FunctionNode, text: str) -> tuple[Source, list[tuple[str, ast.expr | ast.keyword]]]:
    """The arguments of a call, each with the name of its parameter."""
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    skipped = 1 if names[:1] == ["self"] else 0
    source = Source(text)
    statement = source.tree.body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    call = statement.value
    labels = [*names[skipped:], *[""] * len(call.args)]
    by_name: list[tuple[str, ast.expr | ast.keyword]] = [(k.arg or "", k) for k in call.keywords]
    return source, [*zip(labels, call.args, strict=False), *by_name]


def _replaced(source: Source, text: str, node: ast.expr | ast.keyword | ast.arg, by: str) -> str:
    span = source.span(node)
    return text[: span.start] + by + text[span.end :]


def _only_fed(
    expressions: Expressions,
    function: FunctionNode,
    name: str,
    value: Value | None,
    seen: frozenset[object] = frozenset(),
) -> bool:
    """Whether a function is given a placeholder only to feed it, or to give it to functions that do."""
    if not isinstance(value, Placeholder) or function in expressions.standing or isinstance(function, ast.Lambda):
        return False
    if (function, name) in seen:
        return True
    rewrites = expressions.interpreter.rewrites
    keys = {id(n) for n in ast.walk(function) if isinstance(rewrites.get(id(n)), tuple) and rewrites[id(n)][0] == "key"}  # type: ignore[index]
    given = dict(_given(expressions.interpreter))
    named = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    return bool(named) and all(
        id(n) in keys or (id(n) in given and _only_fed(expressions, *given[id(n)], value, seen | {(function, name)}))
        for n in named
    )


def _given(interpreter: Interpreter) -> Iterable[tuple[int, tuple[FunctionNode, str]]]:
    """The arguments of the calls of units' functions: which parameter of which function each is."""
    for function, calls in interpreter.given.items():
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        names = names[1:] if names[:1] == ["self"] else names
        for call in [c for c, _ in calls if not any(isinstance(a, ast.Starred) for a in c.args)]:
            for name, node in [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords)]:
                if name is not None:
                    yield id(node), (function, name)


def _are_gone(values: list[Value | None]) -> bool:
    """Whether what calls give a parameter is no more: to all of them, or a session to those that give it any."""
    sessions = [value for value in values if isinstance(value, Handle) and value.role == "session"]
    return all(_is_gone(v) or (bool(sessions) and (v is None or v is NONE)) for v in values)


def _is_gone(value: object) -> bool:
    if isinstance(value, Tensor | Effect | Schedule) and value.time >= Time.STAGED:
        return True
    return isinstance(value, Handle) and value.role in GONE


def _defaults(source: Source) -> dict[ast.arg, ast.expr]:
    """The defaults of a function's parameters."""
    function = source.tree.body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    found = dict(zip(reversed(positional), reversed(spec.defaults), strict=False))
    return found | {a: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}


def _without(source: Source, text: str, every: Sequence[ast.AST], gone: Iterable[ast.AST]) -> str:
    """A list of things between commas without some of them, and without their defaults."""
    going = list(gone)
    defaults = _defaults(source) if any(isinstance(node, ast.arg) for node in every) else {}
    ends = [defaults.get(node, node) if isinstance(node, ast.arg) else node for node in every]
    spans = [Span(source.span(a).start, source.span(b).end) for a, b in zip(every, ends, strict=True)]  # type: ignore[arg-type]
    for span in reversed(cuts(spans, [index for index, node in enumerate(every) if node in going])):
        text = text[: span.start] + text[span.end :]
    return text
