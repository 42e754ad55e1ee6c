"""What the objects of one class read of outside while they build their graphs: it must be the same for all of them.

`rate = 0.1; one = Net(); rate = 0.2; other = Net()`: each graph had the rate of its time, a method reads that of the
end. So it is with what a constructor counts (`Net.number += 1`), and with what is done to a list between two objects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scopes, stores
from tf2migrate.facts.tree import FUNCTIONS, walk
from tf2migrate.lift import visibility
from tf2migrate.lift.kept_attributes import orders
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.traced import CHANGES, changed, helpers
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter

_ADVICE = "Give it to the constructor, which keeps it as an attribute."
_CHANGING = (ast.Assign, ast.AugAssign, ast.Expr, ast.Delete)


def check(interpreter: Interpreter, found: Slice) -> None:
    """Raises `Refused` where a function of an object reads what another object may have found otherwise."""
    for instance in {owner for s in found.statements if (owner := visibility.owner(s.frame)) is not None}:
        if not instance.begun or visibility.is_one_of_a_run(interpreter, instance):
            continue
        own = [s.node for s in found.statements if visibility.owner(s.frame) is instance]
        for node in _distinct(interpreter.program, [*own, *helpers(interpreter, found)]):
            for change in _changes(interpreter.program, instance, node):
                if not _is_apart(interpreter, instance, change):
                    what = f"{ast.unparse(node)} is read while an object is built, and changes from one to the next"
                    raise Refused("TFM903", change, what, _ADVICE)


def _distinct(program: Program, read: list[ast.AST]) -> list[ast.AST]:
    """The names and attributes that are read, one for each function in which they are."""
    found: dict[tuple[str, bool, int], ast.AST] = {}
    for node in (n for outer in read for n in walk(outer) if isinstance(n, ast.Name | ast.Attribute)):
        name = node.id if isinstance(node, ast.Name) else f".{node.attr}"
        part = isinstance(program.parents.get(id(node)), ast.Subscript | ast.Attribute)
        found.setdefault((name, part, id(scopes(program, node)[0])), node)
    return list(found.values())


def _changes(program: Program, instance: Instance, node: ast.AST) -> Iterator[ast.AST]:
    """Where a name of the module, or an attribute of the class itself, becomes another or is changed in place."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _is_global(program, node):
        yield from (n for n in program.each(ast.Name) if n.id == node.id and _is_global(program, n, stored=True))
        for statement in (s for kind in _CHANGING for s in program.each(kind)):
            yield from (c for c in changed(statement, node.id) if _has_global(program, c, node.id))
    elif isinstance(node, ast.Name) and isinstance(program.parents.get(id(node)), ast.Subscript | ast.Attribute):
        yield from _changes_of_given(program, instance, node)
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        made = instance.of.node
        kept = {n.id for s in made.body if isinstance(s, ast.Assign) for n in walk(s) if isinstance(n, ast.Name)}
        for other in program.each(ast.Attribute) if node.attr in kept else ():
            of_class = isinstance(other.value, ast.Name) and other.value.id in (made.name, "cls")
            if other.attr == node.attr and (_is_changed(program, other) or (of_class and _is_set(other))):
                yield other


def _changes_of_given(program: Program, instance: Instance, node: ast.Name) -> Iterator[ast.AST]:
    """Where a list, dict or object is changed in place that the objects are given, by the name that it has there."""
    constructor = instance.of.methods.get("__init__")
    parameters = [a.arg for a in constructor.args.args] if constructor is scopes(program, node)[0] else []
    at = parameters.index(node.id) - 1 if node.id in parameters else -1
    for call in (call for call, _, _ in instance.begun if at >= 0):
        given = [k.value for k in call.keywords if k.arg == node.id] + call.args[at : at + 1]
        for argument in (a for a in given if isinstance(a, ast.Name)):
            for statement in (s for kind in _CHANGING for s in program.each(kind)):
                if scopes(program, statement)[0] is scopes(program, call)[0]:
                    yield from changed(statement, argument.id)


def _is_set(node: ast.Name | ast.Attribute) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _is_changed(program: Program, node: ast.Attribute) -> bool:
    """Whether what an attribute holds is changed in place."""
    above = program.parents.get(id(node))
    if isinstance(above, ast.Subscript):
        return not isinstance(above.ctx, ast.Load)
    called = isinstance(above, ast.Attribute) and isinstance(program.parents.get(id(above)), ast.Call)
    return called and isinstance(above, ast.Attribute) and above.attr in CHANGES


def _has_global(program: Program, change: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name and _is_global(program, n) for n in walk(change))


def _is_global(program: Program, node: ast.Name, stored: bool = False) -> bool:
    """Whether a name is the module's where it stands; with `stored`, whether it is bound there."""
    if stored and not _is_set(node):
        return False
    for scope in scopes(program, node)[:-1]:
        told = {name for n in walk(scope) if isinstance(n, ast.Global) for name in n.names}
        parameters = {a.arg for a in walk(scope) if isinstance(a, ast.arg)}
        if node.id not in told and (node.id in parameters or stores(program, node.id, scope)):
            return False
    return True


def _is_apart(interpreter: Interpreter, instance: Instance, change: ast.AST) -> bool:
    """Whether something changes before the first object of a class is made, or after the last one."""
    parents = interpreter.program.parents
    calls = [call for call, _, _ in instance.begun]
    around = parents.get(id(change))
    while around is not None:
        again = isinstance(around, (*FUNCTIONS, ast.For, ast.While))
        inside = {id(n) for n in walk(around)} if again else set()
        if around is instance.of.node or any(id(call) in inside for call in calls):
            return False
        around = parents.get(id(around))
    known = orders(interpreter, change)
    begun = [order for call in calls for order in orders(interpreter, call)]
    return bool(known) and bool(begun) and (max(known) < min(begun) or min(known) > max(begun))
