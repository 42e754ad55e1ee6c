"""Methods that build updates and return them to be attributes, as methods that set the attributes themselves.

`self.loss, self.train = self._build()` becomes `self._build()`, and `return loss, train` in it the two assignments.
"""

from __future__ import annotations

import ast
from collections import Counter

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Options, Outcome

_UPDATES = ("minimize", "apply_gradients", "assign", "assign_add", "assign_sub")


def returned_parts(program: Program, options: Options) -> Outcome:
    """The edits that make such methods set what they returned."""
    named = Counter(n.attr for n in program.nodes if isinstance(n, ast.Attribute))
    methods = Counter(n.name for n in program.nodes if isinstance(n, ast.FunctionDef))
    edits: list[Edit] = []
    for node in program.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        own = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        for around in own.values():
            for statement in _statements(around.body):
                method = own.get(_called(statement))
                if method is None or method is around or named[method.name] != 1 or methods[method.name] != 1:
                    continue
                assert isinstance(statement, ast.Assign)
                edits += _edits(program, statement, method)
    return Outcome(tuple(edits))


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that happen once in a call: those of a body, and of its `with` blocks."""
    found = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, ast.With):
            found += _statements(statement.body)
    return found


def _called(statement: ast.stmt) -> str:
    """The method of the same object that an assignment calls, and nothing else."""
    match statement:
        case ast.Assign(targets=[_], value=ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr))):
            return attr
    return ""


def _edits(program: Program, statement: ast.Assign, method: ast.FunctionDef) -> list[Edit]:
    """The edits of one method and its call; none where what it returns cannot be told apart."""
    last = method.body[-1]
    returns = [n for n in walk(method) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    if method.decorator_list or returns != [last] or not isinstance(last, ast.Return) or last.value is None:
        return []
    if not any(isinstance(n, ast.Attribute) and n.attr in _UPDATES for n in walk(method)):
        return []
    pairs = _pairs(statement.targets[0], last.value)
    if not pairs or any(ast.unparse(t) != f"self.{t.attr}" for t, _ in pairs if isinstance(t, ast.Attribute)):
        return []
    if any(not isinstance(target, ast.Attribute) for target, _ in pairs) or _reads(pairs):
        return []
    lines = [f"{program.segment(target)} = {program.segment(value)}" for target, value in pairs]
    joined = f"\n{program.indent(last)}".join(lines)
    return [Edit(program.span(last), joined), Edit(program.span(statement), program.segment(statement.value))]


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, ast.Tuple | ast.List):
        return [(target, value)]
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return []


def _reads(pairs: list[tuple[ast.expr, ast.expr]]) -> bool:
    """Whether one of the values reads an attribute that is set before it now."""
    names = {target.attr for target, _ in pairs if isinstance(target, ast.Attribute)}
    return any(isinstance(n, ast.Attribute) and n.attr in names for _, value in pairs for n in walk(value))
