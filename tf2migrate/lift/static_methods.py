"""Static methods that build parts of a graph, as methods: `@staticmethod def weight(shape)`, `self.weight([2, 3])`.

What they make belongs to the object whose methods call them.
"""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.building import builds
from tf2migrate.model import Edit, Options, Outcome, Span

_SELF = "self"


def static_methods(program: Program, options: Options) -> Outcome:
    """The edits that give such methods their object, where only methods of their own class call them."""
    if "staticmethod" not in program.text:
        return Outcome()
    edits: list[Edit] = []
    for made in program.each(ast.ClassDef):
        for method in made.body:
            if isinstance(method, ast.FunctionDef) and [*map(ast.unparse, method.decorator_list)] == ["staticmethod"]:
                edits += _of(program, made, method) if builds(program, method) else []
    return Outcome(tuple(edits) if edits and fits(edits, program.cuts) else ())


def _of(program: Program, made: ast.ClassDef, method: ast.FunctionDef) -> list[Edit]:
    """The edits for one method; nothing where something else than a method of the class may call it."""
    spec = method.args
    first = next(iter([*spec.posonlyargs, *spec.args]), None)
    words = {n.id for n in walk(method) if isinstance(n, ast.Name)}
    if _SELF in words | {a.arg for a in walk(spec) if isinstance(a, ast.arg)}:
        return []
    if spec.posonlyargs or (first is None and (spec.vararg or spec.kwonlyargs or spec.kwarg)):
        return []
    decorator = method.decorator_list[0]
    at = program.span(decorator).start
    start = program.text.rfind("@", 0, at)
    begin = program.text.find("def ", program.span(decorator).end)
    opened = program.text.find("(", begin) + 1
    edits = [Edit(Span(start, begin), ""), Edit(Span(opened, opened), _SELF if first is None else f"{_SELF}, ")]
    if program.text[program.span(decorator).end : begin].strip():
        return []  # a comment stands between
    for node in program.each(ast.Attribute):
        if node.attr != method.name:
            continue
        around, call = scope_of(program, node), program.parents[id(node)]
        own = isinstance(around, ast.FunctionDef) and around in made.body and around is not method
        object_there = own and isinstance(around, ast.FunctionDef) and [a.arg for a in around.args.args[:1]] == [_SELF]
        if not object_there or not isinstance(call, ast.Call) or call.func is not node:
            return []
        held = ast.unparse(node.value)
        if held == made.name:
            edits.append(Edit(program.span(node.value), _SELF))
        elif held != _SELF:
            return []
    return edits
