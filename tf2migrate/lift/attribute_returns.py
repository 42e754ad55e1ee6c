"""Methods that keep attributes and return tensors besides, which become attributes, too.

def __init__(self):
    self.code = self.encode(self.x)

def encode(self, x):
    self.w = tf.get_variable("w", [4, 2])
    return tf.matmul(x, self.w)

becomes a method that does all of it, `self.code = tf.matmul(x, self.w)`, and a call `self.encode(self.x)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import is_conditional, scope_of
from tf2migrate.facts.tree import SCOPES, own
from tf2migrate.lift.building import builds
from tf2migrate.lift.class_variants import is_left_open
from tf2migrate.model import Edit


def attribute_returns(program: Program) -> tuple[Edit, ...]:
    """The edits that have methods keep what they return where it is kept; none where there are none."""
    edits: list[Edit] = []
    methods: dict[str, list[ast.FunctionDef]] = {}
    for made in program.each(ast.ClassDef):
        for method in (m for m in made.body if isinstance(m, ast.FunctionDef)):
            methods.setdefault(method.name, []).append(method)
    for name, known in methods.items():
        returning = [method for method in known if not is_left_open(method)]
        if any(_keeps(m) and builds(program, m) for m in returning) and all(map(_returned, returning)):
            edits += _edits(program, name, returning)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _edits(program: Program, name: str, methods: list[ast.FunctionDef]) -> Iterator[Edit]:
    """The edits for one method, in each class that has it."""
    calls = [_call(program, n) for n in program.each(ast.Attribute) if n.attr == name]
    homes = {id(scope_of(program, each)) for each in calls if each is not None}
    told = {program.segment(each.targets[0]) for each in calls if each is not None}
    if None in calls or len(homes) != len(calls) or len(told) != 1 or homes & {id(m) for m in methods}:
        return
    yield from (Edit(program.span(each), program.segment(each.value)) for each in calls if each is not None)
    for method in methods:
        value = _returned(method)
        assert value is not None
        yield Edit(program.span(method.body[-1]), f"{next(iter(told))} = {program.segment(value)}")


def _call(program: Program, named: ast.Attribute) -> ast.Assign | None:
    """The statement that keeps what a method gives as attributes, where it stands in straight code."""
    call = program.parents[id(named)]
    statement = program.parents[id(call)] if isinstance(call, ast.Call) and call.func is named else None
    if not isinstance(statement, ast.Assign) or statement.value is not call or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    kept = map(_is_own, target.elts if isinstance(target, ast.Tuple) else [target])
    return statement if all(kept) and _is_own(named) and not is_conditional(program, statement) else None


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _keeps(method: ast.FunctionDef) -> bool:
    """Whether a method sets attributes of its object."""
    stored = (n for n in own(method.body, SCOPES) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return any(map(_is_own, stored))


def _returned(method: ast.FunctionDef) -> ast.expr | None:
    """What a method returns in its last statement, and nowhere else."""
    returns = [n for n in own(method.body, SCOPES) if isinstance(n, ast.Return)]
    last = method.body[-1]
    plain = not method.decorator_list and [a.arg for a in method.args.args][:1] == ["self"]
    return last.value if plain and isinstance(last, ast.Return) and len(returns) == 1 else None


__all__ = ["attribute_returns"]
