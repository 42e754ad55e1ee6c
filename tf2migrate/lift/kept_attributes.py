"""Attributes that functions read when they are traced: each must be what it was when the graph was built.

TensorFlow 1 read `config.keep_prob` where the graph was built; a function reads it at its first call. What the program
sets in between, in another method or from outside of the object, changed nothing then, and would now.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from tf2migrate.facts.tree import FUNCTIONS, walk
from tf2migrate.lift.functions import FunctionNode
from tf2migrate.lift.repeated import comes_again
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.traced import CHANGES, helpers
from tf2migrate.lift.values import Python, Refused, Structure
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

_ADVICE = "Give what the graph reads a name of its own, and bind it before the graph is built."


@dataclass(frozen=True, eq=False)
class Store:
    """Where an attribute is set, or what it holds is changed: of what, and by which function."""

    node: ast.AST
    base: ast.expr
    function: FunctionNode | None


Stores = dict[str, list[Store]]


def stores(interpreter: Interpreter) -> Stores:
    """Every place where a program sets an attribute, by the attribute's name."""
    found: Stores = defaultdict(list)
    for node in interpreter.program.nodes:
        for attribute in _stored(node):
            found[attribute.attr].append(Store(node, attribute.value, _function(interpreter, node)))
    return found


def check(interpreter: Interpreter, found: Slice, every: Stores, plan: Plan) -> None:
    """Raises `Refused` where a function would read another value of an attribute than the graph did.

    A plain value that was seen when the graph read it is written into the function.
    """
    for statement in found.statements:
        split = interpreter.loops.get(id(statement.node))
        once = [*(m.node for m in statement.made), *(split.early if split is not None else ())]
        made = {id(inner) for node in once for inner in walk(node)}
        for node in walk(statement.node):
            known = id(node) in made or id(node) in plan.literals
            if not known and isinstance(node, ast.Attribute) and (store := _later(interpreter, statement, node, every)):
                plan.literals[id(node)] = _literal(interpreter, node) or _refused(node, store)
    for function, calling in helpers(interpreter, found).items():
        for node in walk(function):
            if isinstance(node, ast.Attribute) and (store := _later(interpreter, calling, node, every)):
                _refused(node, store)


def findings(plan: Plan, interpreter: Interpreter) -> Iterator[Finding]:
    """What is told of attributes whose values are written into functions."""
    for node in interpreter.program.each(ast.Attribute):
        if (text := plan.literals.get(id(node))) is not None:
            message = f"{ast.unparse(node)} was {text} when the graph was built, and that is what runs had"
            advice = "Make it a parameter of the function where it is meant to change."
            yield Finding(node.lineno, node.col_offset + 1, "TFM723", message, advice, fixable=True)


def _refused(node: ast.Attribute, store: Store) -> NoReturn:
    what = f"{ast.unparse(node)} is read while the graph is built, and is set anew before the run"
    raise Refused("TFM903", store.node, what, _ADVICE)


def _literal(interpreter: Interpreter, node: ast.Attribute) -> str | None:
    """The text of the plain value that an attribute had when the graph read it, in the one object of its class."""
    known = [d.value for d in interpreter.attributes.get(id(node), ())]
    own = _class(interpreter, node)
    if len(known) != 1 or own is None or not _is_self(node.value):
        return None
    made = [call for call in interpreter.program.each(ast.Call) if _last(call.func) == own.name]
    once = len(made) == 1 and not comes_again(interpreter, node, interpreter.program.tree)
    match known:
        case [Python(known=True, literal=bool() | int() | float() as literal)] if once:
            return repr(literal)
    return None


def _later(interpreter: Interpreter, statement: Statement, node: ast.Attribute, every: Stores) -> Store | None:
    """Where an attribute may be set after the graph has read it."""
    if not isinstance(node.ctx, ast.Load) or node.attr not in every:
        return None
    known = interpreter.attributes.get(id(node), ())
    if any(d.staged or not isinstance(d.value, Python | Structure) for d in known):
        return None
    for store in every[node.attr]:
        if _is_another_item(interpreter, node, store) or not _may_be_one(interpreter, node.value, store):
            continue
        if not _precedes(interpreter, store, statement):
            return store
    return None


def _stored(node: ast.AST) -> Iterator[ast.Attribute]:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield node
        case ast.Subscript(value=ast.Attribute() as held, ctx=ast.Store() | ast.Del()):
            yield held
        case ast.Call(func=ast.Attribute(value=ast.Attribute() as held, attr=method)) if method in CHANGES:
            yield held
        case ast.Call(func=ast.Name(id="setattr"), args=[base, ast.Constant(value=str() as name), _]):
            yield ast.Attribute(base, name, ast.Store())


def _function(interpreter: Interpreter, node: ast.AST) -> FunctionNode | None:
    around = interpreter.program.parents.get(id(node))
    while around is not None and not isinstance(around, FUNCTIONS):
        around = interpreter.program.parents.get(id(around))
    return around


def _may_be_one(interpreter: Interpreter, base: ast.expr, store: Store) -> bool:
    """Whether an attribute that is read may be of the object whose attribute is set."""
    if ast.unparse(base) == ast.unparse(store.base) != "self":
        return True
    if interpreter.names.symbol(base) is not None or interpreter.names.symbol(store.base) is not None:
        return interpreter.names.symbol(base) == interpreter.names.symbol(store.base)
    if not _is_self(store.base):
        return True
    begins = store.function is not None and getattr(store.function, "name", "") == "__init__"
    if not _is_self(base):
        names = _names(interpreter, _class(interpreter, store.base))
        return not begins and (names is None or _last(base) in names)
    reading, storing = _class(interpreter, base), _class(interpreter, store.base)
    return storing in _family(interpreter, reading) or reading in _family(interpreter, storing)


def _is_another_item(interpreter: Interpreter, node: ast.Attribute, store: Store) -> bool:
    """Whether one item of what an attribute holds is read, and another is set."""
    match interpreter.program.parents.get(id(node)), store.node:
        case ast.Subscript(slice=ast.Constant(value=read)), ast.Subscript(slice=ast.Constant(value=changed)):
            return bool(read != changed)
    return False


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _names(interpreter: Interpreter, own: ast.ClassDef | None) -> set[str] | None:
    """The names of a class's objects, where each has one and nothing else is done with it; None if that is not so."""
    parents = interpreter.program.parents
    named = [n for n in interpreter.program.nodes if own is not None and _last(n) == own.name]
    names: set[str] = set()
    for node in named:
        call = parents.get(id(node))
        bound = parents.get(id(call))
        if not isinstance(call, ast.Call) or call.func is not node or not isinstance(bound, ast.Assign):
            return None
        names |= {_last(target) for target in bound.targets}
    read = [n for n in interpreter.program.nodes if _last(n) in names]
    aside = [n for n in read if not isinstance(parents.get(id(n)), ast.Attribute | ast.Assign)]
    handed = [n for n in read if isinstance(p := parents.get(id(n)), ast.Assign) and p.value is n]
    return None if aside or handed or not names or own is None else names


def _class(interpreter: Interpreter, node: ast.AST) -> ast.ClassDef | None:
    around = interpreter.program.parents.get(id(node))
    while around is not None and not isinstance(around, ast.ClassDef):
        around = interpreter.program.parents.get(id(around))
    return around


def _family(interpreter: Interpreter, own: ast.ClassDef | None) -> list[ast.ClassDef | None]:
    """A class and those that it inherits from, as far as the program has them."""
    family: list[ast.ClassDef | None] = [own]
    for one in family:
        bases = {ast.unparse(base).rsplit(".", 1)[-1] for base in (one.bases if one is not None else ())}
        family += [c for c in interpreter.program.each(ast.ClassDef) if c.name in bases and c not in family]
    return family


def _precedes(interpreter: Interpreter, store: Store, reading: Statement) -> bool:
    """Whether an attribute is set before the graph reads it, and never again."""
    known = orders(interpreter, store.node)
    if known:
        return max(known) < reading.order
    name = getattr(store.function, "name", None)
    if name is None or (name == "__init__" and _is_self(store.base)):
        return True
    calls = [n for n in interpreter.program.each(ast.Name) if n.id == name]
    calls_of_methods = [n for n in interpreter.program.each(ast.Attribute) if n.attr == name]
    every = [orders(interpreter, call) for call in (*calls, *calls_of_methods)]
    return all(each and max(each) < reading.order for each in every)


def orders(interpreter: Interpreter, node: ast.AST | None) -> list[int]:
    """When the statement that a node is part of was followed."""
    while node is not None:
        known = [s.order for frame in interpreter.frames for s in frame.statements if s.node is node]
        if known or isinstance(node, FUNCTIONS):
            return known
        node = interpreter.program.parents.get(id(node))
    return []
