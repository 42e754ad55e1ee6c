"""What becomes of a summary that a run gave: it is for `add_summary`, there or where functions hand it on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from tf2migrate.facts.standing import body_of, scope_of, statement_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import FetchedSummary
from tf2migrate.lift.written_summaries import MADE

if TYPE_CHECKING:
    from tf2migrate.lift.functions import FunctionNode
    from tf2migrate.lift.interpret import Interpreter


class Uses:
    """Where names that hold a summary are read; `written` are the arguments of `add_summary`."""

    def __init__(self, interpreter: Interpreter, written: Set[int]) -> None:
        self.interpreter, self.program, self.written = interpreter, interpreter.program, written
        self.calls = {id(call): f for f, given in interpreter.given.items() for call, _ in given}
        self._known: set[tuple[object, object]] = set()

    def are_written(self, statement: ast.AST, names: Iterable[str]) -> bool:
        """Whether what a statement binds to names is written, wherever it is read, and used for nothing else."""
        resolved = self.interpreter.resolved
        return all(
            self.is_written(n)
            for name in names
            for n in self.program.each(ast.Name)
            if n.id == name and isinstance(n.ctx, ast.Load) and (id(statement), name) in resolved.get(id(n), ())
        )

    def is_written(self, node: ast.expr) -> bool:
        """Whether a summary that stands here is written, or handed on to where it is."""
        if id(node) in self.written:
            return True
        above, place = self.program.parents[id(node)], None
        if isinstance(above, ast.Expr):
            return True
        if isinstance(above, ast.Tuple):
            place = above.elts.index(node)
            above = self.program.parents[id(above)]
        if isinstance(above, ast.Return):
            return self._is_result(node, place)
        call = self.program.parents[id(above)] if isinstance(above, ast.keyword) else above
        function = self.calls.get(id(call)) if place is None else None
        if function is None:
            return False
        assert isinstance(call, ast.Call)
        name = above.arg if isinstance(above, ast.keyword) else self._parameter(function, call, node)
        return name is not None and self._is_parameter(function, name)

    def _parameter(self, function: FunctionNode, call: ast.Call, node: ast.expr) -> str | None:
        """Which parameter a positional argument is for."""
        if node not in call.args or any(isinstance(a, ast.Starred) for a in call.args):
            return None
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        bound = isinstance(call.func, ast.Attribute) and isinstance(self._owner(function), ast.ClassDef)
        place = call.args.index(node) + bound
        return names[place] if place < len(names) else None

    def _owner(self, function: ast.AST) -> ast.AST | None:
        return self.program.parents.get(id(function))

    def _is_parameter(self, function: FunctionNode, name: str) -> bool:
        """Whether a parameter is for summaries: for the same one at every call."""
        if (function, name) in self._known:
            return True
        self._known.add((function, name))
        given = [arguments.get(name) for _, arguments in self.interpreter.given[function]]
        held = [value.summary for value in given if isinstance(value, FetchedSummary)]
        if len(held) < len(given) or len({id(summary) for summary in held}) > 1:
            return False
        reads = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
        return all(self.is_written(n) for n in reads)

    def _is_result(self, node: ast.AST, place: int | None) -> bool:
        """Whether what a function returns at a place is written by all who call it."""
        function = scope_of(self.program, node)
        if (function, place) in self._known:
            return True
        self._known.add((function, place))
        if not isinstance(function, ast.FunctionDef):
            return False
        calls = {id(call.func): call for call, _ in self.interpreter.given.get(function, [])}
        if not self._is_only_called(function, calls.keys()):
            return False
        return all(self._is_taken(call, place) for call in calls.values())

    def _is_only_called(self, function: ast.FunctionDef, called: Set[int]) -> bool:
        if isinstance(self._owner(function), ast.ClassDef):
            uses: list[ast.expr] = [n for n in self.program.each(ast.Attribute) if n.attr == function.name]
        else:
            uses = [n for n in self.program.each(ast.Name) if n.id == function.name]
        return all(id(n) in called or self.interpreter.names.symbol(n) is not None for n in uses)

    def _is_taken(self, call: ast.Call, place: int | None) -> bool:
        """Whether the result of a call is written, or left."""
        statement = statement_of(self.program, call)
        match statement:
            case ast.Expr(value=value) if value is call or id(call) in self.written:
                return True
            case ast.Return(value=value) if value is call:
                return self._is_result(call, place)
            case ast.Assign(targets=[target], value=value) if value is call:
                held = target.elts[place] if isinstance(target, ast.Tuple) and place is not None else target
                whole = isinstance(target, ast.Tuple) == (place is not None)
                return whole and isinstance(held, ast.Name) and self.are_written(statement, [held.id])
        return False


def is_at_once(interpreter: Interpreter, call: ast.Call) -> bool:
    """Whether `add_summary` writes what a run gave before anything else is run."""
    program, given = interpreter.program, call.args[0] if call.args else None
    if not isinstance(given, ast.Name):
        return _runs(given)
    node: ast.AST = statement_of(program, call)
    before: list[ast.stmt] = []  # the nearest first
    while not isinstance(node, ast.FunctionDef | ast.Module):
        if isinstance(node, ast.stmt):
            block = body_of(program, node)
            before += reversed(block[: block.index(node)])
        node = program.parents[id(node)]
    bound = {statement_of(program, n) for n in stores(program, given.id, scope_of(program, call))}
    fetching = next((statement for statement in before if statement in bound), None)
    if not isinstance(fetching, ast.Assign):
        return False
    own = isinstance(fetching.value, ast.Call) and interpreter.names.symbol(fetching.value.func) == MADE
    between = before[: before.index(fetching)]
    again = any(interpreter.running.inside(s, interpreter.driver_nodes) for s in between)
    return own or (_runs(fetching.value) and not again)


def _runs(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("run", "eval")
