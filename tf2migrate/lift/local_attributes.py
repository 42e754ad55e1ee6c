"""Attributes that a method sets again and again, as names of the method's own until they are what they stay.

    self.y = tf.reshape(x, [-1, 8])                       y = tf.reshape(x, [-1, 8])
    for i in range(2):                                    for i in range(2):
        self.y = tf.nn.relu(tf.matmul(self.y, w[i]))          y = tf.nn.relu(tf.matmul(y, w[i]))
                                                          self.y = y

What other methods read is the last of them, unless the method itself calls them in between.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import is_conditional, scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.scoped_objects import reached
from tf2migrate.model import Edit, Span

_SELF = "self"


def local_attributes(program: Program) -> tuple[Edit, ...]:
    """The edits that make such attributes names, in methods where one of the settings stands in a loop or a branch."""
    edits: list[Edit] = []
    set_anywhere = Counter(n.attr for n in program.each(ast.Attribute) if not isinstance(n.ctx, ast.Load))
    for made in program.each(ast.ClassDef):
        methods = {m.name: m for m in made.body if isinstance(m, ast.FunctionDef)}
        for method in methods.values():
            taken = {n.id for n in walk(method) if isinstance(n, ast.Name)}
            by_name: dict[str, list[ast.Attribute]] = {}
            for node in _own(method):
                by_name.setdefault(node.attr, []).append(node)
            for attribute, nodes in by_name.items():
                here = sum(not isinstance(n.ctx, ast.Load) for n in nodes)
                if set_anywhere[attribute] == here and _is_followed(program, methods, method, nodes):
                    found = _edits(program, method, nodes, fresh(attribute, taken))
                    edits += found
                    taken.add(attribute)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _own(method: ast.FunctionDef) -> Iterator[ast.Attribute]:
    """The attributes of the object that a method names."""
    for node in walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == _SELF:
            yield node


def _is_followed(
    program: Program, methods: dict[str, ast.FunctionDef], method: ast.FunctionDef, nodes: list[ast.Attribute]
) -> bool:
    """Whether an attribute of one method is set there several times, and nothing that this calls reads it meanwhile."""
    stores = [n for n in nodes if not isinstance(n.ctx, ast.Load)]
    if len(stores) < 2 or any(isinstance(n.ctx, ast.Del) for n in stores):
        return False
    if not any(is_conditional(program, n) for n in stores) or any(scope_of(program, n) is not method for n in nodes):
        return False
    called = {name for n in _own(method) if n.attr in methods for name in reached(methods[n.attr], methods)}
    read = {name for name in called for n in _own(methods[name]) if n.attr == nodes[0].attr}
    ends = [n for n in walk(method) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    leaves = any(n is not method.body[-1] for n in ends)
    return not read and not leaves and [a.arg for a in method.args.args[:1]] == [_SELF]


def _sets(statement: ast.stmt, stores: list[ast.Attribute]) -> bool:
    """Whether a statement sets the attribute before all else, or each of its branches does."""
    if isinstance(statement, ast.If):
        bodies = [statement.body, *([statement.orelse] if statement.orelse else [])]
        return all(any(_sets(inner, stores) for inner in body) for body in bodies)
    return isinstance(statement, ast.Assign) and any(statement.targets == [store] for store in stores)


def _edits(program: Program, method: ast.FunctionDef, nodes: list[ast.Attribute], name: str) -> list[Edit]:
    """The edits for one attribute; nothing where its first setting may not happen."""
    stores = [n for n in nodes if not isinstance(n.ctx, ast.Load)]
    body = method.body
    while True:
        holding = [s for s in body if any(n is store for n in walk(s) for store in stores)]
        if len(holding) != 1 or not isinstance(holding[0], ast.With):
            break
        body = holding[0].body
    first, last = holding[0], holding[-1]
    plain = _sets(first, stores)
    alone = program.text[program.span(last).end : program.text.find("\n", program.span(last).end)].strip()
    if not plain or first is last or (alone and not alone.startswith("#")):
        return []
    inside = {id(n) for s in body[body.index(first) : body.index(last) + 1] for n in walk(s)}
    end = program.text.find("\n", program.span(last).end)
    end = end if end >= 0 else len(program.text)
    kept = f"\n{program.indent(last)}self.{nodes[0].attr} = {name}"
    return [*(Edit(program.span(n), name) for n in nodes if id(n) in inside), Edit(Span(end, end), kept)]
