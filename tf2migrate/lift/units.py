"""Which functions belong to a unit: those that open a session or run one, themselves or through others."""

from __future__ import annotations

import ast
from collections.abc import Set

from tf2migrate.facts.closure import closure
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.estimator_models import NATIVE
from tf2migrate.lift.symbols import COUNT, SESSIONS

_RUNS = frozenset(("run", "eval"))
#: What writes what a run gave, and has to be followed as runs are.
_WRITES = "add_summary"


def drivers(program: Program) -> frozenset[ast.AST]:
    """The functions of a program that run sessions, or call one that does."""
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*program.each(ast.FunctionDef)]
    functions += program.each(ast.AsyncFunctionDef)
    calls = {f: [n for n in walk(f) if isinstance(n, ast.Call)] for f in functions}
    found: set[ast.AST] = {f for f in functions if any(_runs(call, program) for call in calls[f])}
    by_name = {f.name: f for f in functions}
    callers: dict[ast.AST, set[ast.AST]] = {}
    for function in functions:
        for call in calls[function]:
            if isinstance(call.func, ast.Name) and (called := by_name.get(call.func.id)) is not None:
                callers.setdefault(called, set()).add(function)
    return frozenset(closure(found, callers))


def _runs(node: ast.AST, program: Program) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if program.names.symbol(node.func) is not None:
        return program.names.symbol(node.func) in {*SESSIONS, NATIVE, COUNT}
    if not isinstance(node.func, ast.Attribute):
        return False
    own = node.func.attr == _WRITES and any(f.name == _WRITES for f in program.each(ast.FunctionDef))
    return node.func.attr in _RUNS or (node.func.attr == _WRITES and not own)


class Running:
    """The statements of a program that may run a session: such a one is never moved whole."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._calls: dict[str, list[ast.Call]] = {}  # by what is called
        self._known: set[ast.AST] = set()  # the functions whose calls are known to run one
        self._around: set[int] = set()  # the nodes that a run stands in
        for call in program.each(ast.Call):
            if _runs(call, program):
                self._mark(call)
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", None)
            if name is not None:
                self._calls.setdefault(name, []).append(call)

    def inside(self, node: ast.AST, driver_nodes: Set[ast.AST]) -> bool:
        """Whether a run stands in a statement, or a call of one of the functions that run sessions."""
        if len(driver_nodes) > len(self._known):  # they are found one after the other
            for function in driver_nodes - self._known:
                for call in self._calls.get(getattr(function, "name", ""), ()):
                    self._mark(call)
            self._known |= driver_nodes
        return id(node) in self._around

    def _mark(self, call: ast.Call) -> None:
        node: ast.AST | None = call
        while node is not None and id(node) not in self._around:
            self._around.add(id(node))
            node = self._program.parents.get(id(node))
