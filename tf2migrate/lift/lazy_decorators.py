"""Decorators of a program that make a method a property, computed when it is first read and kept in an attribute."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Span

_SCOPES = ("tf.variable_scope", "tf.name_scope")
_CALLS = frozenset(("hasattr", "setattr", "getattr"))


@dataclass(frozen=True)
class Lazy:
    """Such a decorator, and the scope that it opens around the computation, if it does."""

    node: ast.FunctionDef
    scoped: ast.Call | None = None
    named: ast.arg | None = None  # the parameter that may give the scope another name than the method's
    program: Program | None = None

    def scope(self, method: ast.FunctionDef, decorator: ast.expr | None) -> str | None:
        """The scope's text for a method; empty where there is none, None where its arguments cannot be told."""
        if self.scoped is None:
            return "" if not isinstance(decorator, ast.Call) or not (decorator.args or decorator.keywords) else None
        assert self.program is not None
        name, rest = f'"{method.name}"', []
        if isinstance(decorator, ast.Call):
            if any(isinstance(a, ast.Starred) for a in decorator.args) or any(
                k.arg is None for k in decorator.keywords
            ):
                return None
            given = list(decorator.args)
            if given and self.named is not None:
                name = self.program.segment(given.pop(0))
            rest = [self.program.segment(a) for a in given]
            for keyword in decorator.keywords:
                text = self.program.segment(keyword.value)
                if self.named is not None and keyword.arg == self.named.arg:
                    name = text
                else:
                    rest.append(f"{keyword.arg}={text}")
        return f"{self.program.segment(self.scoped.func)}({', '.join([name, *rest])})"


def find(program: Program) -> dict[str, Lazy]:
    """The decorators that a program defines for itself, by name."""
    found = {}
    for node in program.tree.body:
        if isinstance(node, ast.FunctionDef) and (lazy := _lazy(program, node)) is not None:
            found[node.name] = lazy
    return found


def _lazy(program: Program, node: ast.FunctionDef) -> Lazy | None:
    inner = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    if len(inner) != 1 or not node.args.args:
        return None
    calls = [n for n in walk(inner[0]) if isinstance(n, ast.Call)]
    called = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
    given = node.args.args[0].arg
    mentions = {n.id for n in walk(node) if isinstance(n, ast.Name)}
    if not called >= {*_CALLS, given} or "property" not in mentions:
        return None
    if called - {*_CALLS, given} or any(isinstance(n, ast.For | ast.While | ast.Try) for n in walk(inner[0])):
        return None
    scopes = [n for n in calls if program.names.symbol(n.func) in _SCOPES]
    others = [n for n in calls if not isinstance(n.func, ast.Name) and n not in scopes]
    if len(scopes) > 1 or [n for n in others if ast.unparse(n.func) != "functools.wraps"]:
        return None
    if not scopes:
        return Lazy(node, program=program) if len(node.args.args) == 1 else None
    return _scoped(program, node, scopes[0], given)


def _scoped(program: Program, node: ast.FunctionDef, scope: ast.Call, given: str) -> Lazy | None:
    """A decorator with a scope: named after the method, or as one of its parameters says."""
    if not scope.args:
        return None
    first = ast.unparse(scope.args[0])
    parameters = {a.arg: a for a in node.args.args[1:]}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == first:
            first = ast.unparse(statement.value)
    own = f"{given}.__name__"
    if first == own and not parameters:
        return Lazy(node, scope, None, program)
    for name, parameter in parameters.items():
        if first in (f"{name} or {own}", f"{name} if {name} else {own}") and len(parameters) == 1:
            return Lazy(node, scope, parameter, program)
    return None


def goes(program: Program, lazy: dict[str, Lazy], used: list[ast.expr]) -> list[Edit]:
    """The definitions of decorators that nothing uses any more, and those of what only they used."""
    gone = {id(n) for decorator in used for n in walk(decorator)}
    edits = []
    functions = {n.name: n for n in program.tree.body if isinstance(n, ast.FunctionDef)}
    wanted = list(lazy)
    for name in wanted:
        node = functions[name]
        reads = [n for n in program.each(ast.Name) if n.id == name and id(n) not in gone]
        if any(id(n) in gone for n in program.each(ast.Name) if n.id == name) and not reads:
            edits.append(_without(program, node))
            gone |= {id(n) for n in walk(node)}
            wanted += [d.id for d in node.decorator_list if isinstance(d, ast.Name) and d.id in functions]
    return edits


def _without(program: Program, node: ast.FunctionDef) -> Edit:
    """A definition taken out, with the empty lines behind it."""
    start = program.offset(min([node.lineno, *[d.lineno for d in node.decorator_list]]), 0)
    last = node.end_lineno or node.lineno
    while last < len(program.lines) and not program.lines[last].strip():
        last += 1
    end = min(program.offset(last, 0) + len(program.lines[last - 1]), len(program.text))
    return Edit(Span(start, end), "")
