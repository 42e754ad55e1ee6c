"""Loops and branches of a function that Python decides while the graph is built: what they make is made beforehand.

`if bn: h = tf.layers.batch_normalization(h)` makes its layer in `__init__`, under the same test, and uses it in
`__call__`, under the same test. A loop makes its things in a list; where a turn may go without one, or loops stand in
each other, the calls take them from the list one after the other, in the order in which they were made.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.closure import closure
from tf2migrate.facts.tree import walk
from tf2migrate.lift.layers import Called, Shareable
from tf2migrate.lift.noted import Noting
from tf2migrate.lift.values import Layer, Time, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.trace import Frame, Made

_BINDING = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.NamedExpr | ast.withitem
_LEAVING = ast.Return | ast.Break | ast.Continue
#: What gives the same whenever it is asked, of the same data.
_NUMBERS = ("abs", "bool", "divmod", "float", "int", "isinstance", "max", "min", "pow", "round", "str", "sum")
_LISTS = ("dict", "enumerate", "len", "list", "range", "reversed", "set", "sorted", "tuple", "zip")
_FUNCTIONS = frozenset((*_NUMBERS, *_LISTS))
_METHODS = frozenset(("format", "items", "keys", "values", "get", "index", "lower", "upper", "startswith", "endswith"))
_APART = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_UNSURE = (*_APART, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


@dataclass(eq=False)
class Place:
    """Something that is made in a loop or branch: by which call, in which statement and loops."""

    made: Made
    statement: ast.stmt
    loops: tuple[ast.For, ...]
    aligned: bool  # whether each turn of its one loop makes one
    name: str = ""  # what calls know it as: an attribute, or in loops a plain name
    held: str = ""  # the list of those that loops make


@dataclass(eq=False)
class Foreseen:
    """A loop or branch of a function whose control needs no tensor, and what it makes."""

    node: ast.If | ast.For
    places: list[Place] = field(default_factory=list)


def every_made(frames: list[Frame]) -> list[Made]:
    """What calls of a function make, or would have, had they gone another way; once for each place in the text."""
    found = [m for frame in frames for s in frame.statements for m in s.made]
    found += [m for frame in frames for s in frame.skipped for m in s.made]
    return list({id(m.node): m for m in found}.values())


def find(
    interpreter: Interpreter, function: ast.FunctionDef, frames: list[Frame], staged: Collection[str]
) -> list[Foreseen]:
    """The loops and branches of a function that make something, where all of it can be made before."""
    moved = {id(s.node): s for frame in frames for s in frame.statements if s.moves}
    compound = [node for s in moved.values() if isinstance(node := s.node, ast.If | ast.For)]
    compound = [node for node in compound if id(node) not in interpreter.loops]
    made = every_made(frames) if compound else []
    found = []
    for node in compound:
        inside = {id(n) for n in walk(node)}
        same = [s for f in frames for s in f.statements if s.node is node]
        if any(isinstance(e, Noting) for s in same for e in s.effects):
            continue
        here = [m for m in made if id(m.node) in inside]
        rest = [m for s in same for m in s.made if id(m.node) not in inside | _in_helpers(interpreter, inside)]
        if not here and (not any(m.node.lineno > node.lineno for m in made) or not _leaves(node)):
            continue
        if not rest:
            reader = _Reader(interpreter, here, late_names(function, frames, staged, node))
            if (places := reader.places(node)) is not None:
                found.append(Foreseen(node, places))
    return found


def _leaves(node: ast.If | ast.For) -> bool:
    return any(isinstance(n, ast.Return) for n in walk(node))


def _in_helpers(interpreter: Interpreter, inside: set[int]) -> set[int]:
    """What stands in the functions that are called in a statement: their calls make it."""
    called = [function for function, calls in interpreter.helper_calls.items() if inside & calls.keys()]
    return {id(n) for function in called for n in walk(function)}


def late_names(
    function: ast.FunctionDef, frames: list[Frame], staged: Collection[str], within: ast.stmt
) -> set[str]:
    """The names that only calls know: of tensors, of what Python computes of those, and of what `within` makes."""
    late = set(staged)
    for definition in [d for frame in frames for s in frame.statements for d in s.writes if d.owner is None]:
        first = Time.MADE if definition.statement.node is within else Time.STAGED
        if definition.value.time >= first:
            late.add(definition.name)
    onward: dict[str, set[str]] = {}
    for node in (n for n in walk(function) if isinstance(n, _BINDING)):
        for name in loads(_source(node)):
            onward.setdefault(name, set()).update(bound_by(node))
    return closure(late, onward)


def _source(node: ast.AST) -> ast.AST:
    match node:
        case ast.For(iter=source) | ast.withitem(context_expr=source):
            return source
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value):
            return value
    return node


def loads(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def bound_by(node: ast.AST) -> set[str]:
    """The names that a statement binds by itself, not those in its body."""
    targets: list[ast.AST] = []
    match node:
        case ast.For(target=target) | ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            targets = [target]
        case ast.NamedExpr(target=target):
            targets = [target]
        case ast.Assign(targets=several):
            targets = [*several]
        case ast.withitem(optional_vars=bound) if bound is not None:
            targets = [bound]
    return {n.id for target in targets for n in walk(target) if isinstance(n, ast.Name)}


class _Reader:
    """Reads a loop or branch: whether Python decides all of it, and where it makes what."""

    def __init__(self, interpreter: Interpreter, made: list[Made], late: set[str]) -> None:
        self.interpreter, self.made, self.late = interpreter, made, late
        self.found: list[Place] = []

    def places(self, node: ast.stmt) -> list[Place] | None:
        """What the statement makes; None where it cannot be made before."""
        if not self._follow(node, (), True):
            return None
        if {id(p.made.node) for p in self.found} != {id(m.node) for m in self.made}:
            return None
        wanted = {name for place in self.found for name in loads_of(settings(self.interpreter, place.made))}
        wanted |= {name for n in walk(node) for name in control_of(n)}
        return self.found if all(map(self._is_known, pure(node, wanted, self.made))) else None

    def _follow(self, node: ast.stmt, loops: tuple[ast.For, ...], aligned: bool) -> bool:
        match node:
            case ast.If():
                return self._is_known(node.test) and all(
                    self._follow(inner, loops, False) for inner in [*node.body, *node.orelse]
                )
            case ast.For(orelse=[]):
                leaves = any(isinstance(n, _LEAVING) for n in walk(node))
                known = self._is_known(node.iter) and isinstance(node.target, ast.Name | ast.Tuple)
                return known and all(self._follow(inner, (*loops, node), not leaves) for inner in node.body)
            case ast.With() if self.interpreter.rewrites.get(id(node)) == "transparent":
                return all(self._follow(inner, loops, aligned) for inner in node.body)
            case ast.Pass() | ast.Break() | ast.Continue() | ast.Assert() | ast.Raise():
                return True
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr() | ast.Return():
                return self._take(node, loops, aligned)
        return False

    def _take(self, node: ast.stmt, loops: tuple[ast.For, ...], aligned: bool) -> bool:
        """What one statement makes, in the order in which it makes it."""
        inside = {id(n) for n in walk(node)}
        apart = {id(n) for each in walk(node) if isinstance(each, _APART) for n in walk(each)}
        for made in self.made:
            if id(made.node) not in inside:
                continue
            given = settings(self.interpreter, made)
            if id(made.node) in apart or not _is_plain(made) or any(loads(n) & self.late for n in given):
                return False
            self.found.append(Place(made, node, loops, aligned and len(loops) == 1))
        return True

    def _is_known(self, node: ast.AST) -> bool:
        """Whether an expression reads nothing that only calls know, and gives the same whenever it is asked."""
        for inner in walk(node):
            if isinstance(inner, _UNSURE):
                return False
            if isinstance(inner, ast.Call):
                called = inner.func
                if isinstance(called, ast.Name) and called.id in _FUNCTIONS:
                    continue
                if not (isinstance(called, ast.Attribute) and called.attr in _METHODS):
                    return False
        return not loads(node) & self.late


def _is_plain(made: Made) -> bool:
    """Whether something is a variable, a layer, or an object of the program's, but no recurrent one."""
    value = made.value
    layer = isinstance(value, Layer) and type(value) in (Layer, Shareable) and value.kind != "RNN"
    return layer or isinstance(value, Variable)


def settings(interpreter: Interpreter, made: Made) -> list[ast.expr]:
    """The expressions that making something reads."""
    from tf2migrate.lift.parts import Call

    value = interpreter.rewrites.get(id(made.node))
    if isinstance(value, Called):
        return value.settings
    if isinstance(value, Call) and value.function is not None:
        part = interpreter.parts.get(value.function)
        staged = part.staged if part is not None else set()
        names = [a.arg for a in [*value.function.args.posonlyargs, *value.function.args.args]]
        names = names[1:] if names[:1] == ["self"] else names
        given = [a for name, a in zip(names, made.node.args, strict=False) if name not in staged]
        given += made.node.args[len(names) :]
        return given + [k.value for k in made.node.keywords if k.arg not in staged]
    return [*made.node.args, *(k.value for k in made.node.keywords)]


def loads_of(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for node in nodes for name in loads(node)}


def control_of(node: ast.AST) -> set[str]:
    """The names that decide what happens."""
    match node:
        case ast.If(test=control) | ast.For(iter=control):
            return loads(control)
    return set()


def pure(node: ast.stmt, wanted: set[str], made: list[Made]) -> list[ast.stmt]:
    """The statements of Python's in a loop or branch that bind what is wanted there while things are made."""
    making = {id(m.node) for m in made}
    plain = [s for s in walk(node) if isinstance(s, ast.Assign | ast.AnnAssign | ast.AugAssign)]
    plain = [s for s in plain if not any(id(n) in making for n in walk(s))]
    found: list[ast.stmt] = []
    wanted = set(wanted)
    while more := [s for s in plain if s not in found and bound_by(s) & wanted]:
        found += more
        wanted |= {name for s in more for name in loads(s)}
    return found


def nodes(
    interpreter: Interpreter, function: ast.FunctionDef, frames: list[Frame], staged: Collection[str]
) -> set[int]:
    """The loops and branches that are found."""
    return {id(f.node) for f in find(interpreter, function, frames, staged)}


__all__ = ["Foreseen", "Place", "bound_by", "control_of", "find", "loads_of", "nodes", "pure", "settings"]
