"""The one frozen graph that a program reads back: where it is imported, which elements are asked for, which are fed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tf2migrate.facts.calls import bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import Scope, is_conditional, scope_of, statement_of, stores
from tf2migrate.lift import graph_elements
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Edit

_IMPORT = ("graph_def", "input_map", "return_elements", "name", "op_dict", "producer_op_list")
_BY_NAME = ("get_tensor_by_name", "get_operation_by_name")
TENSOR = re.compile(r"[\w./-]+:\d+")
_OTHER_GRAPHS = ("import_meta_graph", "tf.saved_model.loader.load", "tf.saved_model.load")


class NotSeen(Exception):
    """The program is left to what refuses it."""


@dataclass(slots=True)
class Import:
    """The one import of a graph, and what is known of it."""

    program: Program
    call: ast.Call
    statement: ast.stmt
    scope: Scope
    graph_def: str
    prefix: str
    entries: list[tuple[str, str]] = field(default_factory=list)  # of the map: the text of a name, and of a tensor
    edits: list[Edit] = field(default_factory=list)
    rebound: bool = False  # whether what it is given goes by a name that is bound several times
    at_start: list[str] = field(default_factory=list)  # the placeholders that stand where the graph is imported

    def element(self, *names: str) -> str:
        """The text of a call that gives elements."""
        inputs = ", ".join(f"{name}: {tensor}" for name, tensor in self.entries)
        tf = tensorflow_name(self.program.names)
        return f"{tf}.graph_util.import_graph_def({self.graph_def}, {{{inputs}}}, [{', '.join(names)}])"

    def placeholder(self, name: str) -> str:
        return f"{name} = {tensorflow_name(self.program.names)}.placeholder(None, None)"


def the_import(program: Program) -> Import:
    symbol = program.names.symbol
    calls = [n for n in program.each(ast.Call) if symbol(n.func) == "tf.import_graph_def"]
    others = [n for n in program.each(ast.Attribute) if n.attr == "import_meta_graph"]
    if len(calls) != 1 or others or any(symbol(n) in _OTHER_GRAPHS for n in program.nodes if isinstance(n, ast.expr)):
        raise NotSeen
    bound = bind(calls[0], _IMPORT)
    name = bound.get("name")
    held = bound.get("graph_def")
    if bound.keys() & {"op_dict", "producer_op_list"} or graph_elements.NAME in program.text:
        raise NotSeen
    if not isinstance(held, ast.Name):
        raise NotSeen
    if name is not None and not (isinstance(name, ast.Constant) and isinstance(name.value, str | None)):
        raise NotSeen
    statement = statement_of(program, calls[0])
    if not isinstance(statement, ast.Expr | ast.Assign) or statement.value is not calls[0]:
        raise NotSeen
    if is_conditional(program, statement):
        raise NotSeen
    scope = scope_of(program, statement)
    later = [n for n in program.each(ast.Name) if n.id == held.id and n.lineno > calls[0].lineno]
    if len(stores(program, held.id, scope)) != 1 or any(n is not held for n in later):
        raise NotSeen  # or it may be another graph by the time that an element is asked for
    prefix = str(name.value) if isinstance(name, ast.Constant) and name.value is not None else "import"
    found = Import(program, calls[0], statement, scope, held.id, f"{prefix}/" if prefix else "")
    inputs = bound.get("input_map")
    for key, tensor in _pairs(inputs):
        if not isinstance(tensor, ast.Name):
            raise NotSeen
        found.rebound |= len(stores(program, tensor.id, scope_of(program, tensor))) != 1
        found.entries.append((program.segment(key), tensor.id))
    return found


def _pairs(inputs: ast.expr | None) -> list[tuple[ast.expr, ast.expr]]:
    match inputs:
        case None | ast.Constant(value=None):
            return []
        case ast.Dict(keys=keys, values=values) if all(isinstance(k, ast.Constant) for k in keys):
            return [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]
    raise NotSeen


@dataclass(frozen=True, slots=True)
class Access:
    """Where an element is asked for: the expression, the text of its name in the graph that was frozen, its target."""

    node: ast.expr
    name: str
    target: str  # the name or attribute that it is bound to, and nothing else; empty where it is none
    statement: ast.stmt
    operation: bool = False


def accesses_of(found: Import) -> Iterator[Access]:
    program = found.program
    own = {
        k.value.value.split("/")[0]
        for n in program.nodes
        if isinstance(n, ast.Call) and n is not found.call
        for k in n.keywords
        if k.arg == "name" and isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)
    }
    for node in program.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _BY_NAME:
            if len(node.args) != 1 or node.keywords:
                raise NotSeen
            operation = node.func.attr == "get_operation_by_name"
            yield Access(node, _name(found, node.args[0], own), *_target(program, node), operation)
        elif isinstance(node, ast.Attribute) and node.attr in ("get_operations", "as_graph_element"):
            raise NotSeen
    elements = bind(found.call, _IMPORT).get("return_elements")
    if elements is not None:
        yield from _returned(found, elements)


def _returned(found: Import, elements: ast.expr) -> Iterator[Access]:
    """The elements that the import gives itself."""
    statement = found.statement
    if not isinstance(elements, ast.List | ast.Tuple) or not isinstance(statement, ast.Assign):
        raise NotSeen
    (target,) = statement.targets if len(statement.targets) == 1 else (None,)
    if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) != len(elements.elts):
        raise NotSeen
    for element, to in zip(elements.elts, target.elts, strict=True):
        if not isinstance(to, ast.Name | ast.Attribute) or not isinstance(element, ast.Name | ast.Constant):
            raise NotSeen
        if isinstance(element, ast.Constant) and ":" not in str(element.value):
            raise NotSeen  # it is an operation
        yield Access(to, found.program.segment(element), found.program.segment(to), statement)


def _name(found: Import, node: ast.expr, own: set[str]) -> str:
    """The text of an element's name in the frozen graph: without what the import puts before it."""
    text = found.program.segment(node)
    first = node
    while isinstance(first, ast.BinOp):
        first = first.left
    if isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute) and first.func.attr == "format":
        first = first.func.value
    literal = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    if literal is not None and literal.split("/")[0].split(":")[0] in own:
        raise NotSeen  # an op of the program's own
    if not found.prefix:
        return text
    if literal is not None and literal.startswith(found.prefix):
        return text.replace(found.prefix, "", 1)
    if literal is not None or not isinstance(node, ast.Name):
        raise NotSeen
    if not _shortened(found, node):
        return f'{text}.removeprefix("{found.prefix}")'
    return text


def _shortened(found: Import, name: ast.Name) -> bool:
    """Whether a name that only elements are asked for by is bound to what the import would put before, and the rest."""
    program = found.program
    same = [n for n in program.each(ast.Name) if n.id == name.id]
    bound = [n for n in same if not isinstance(n.ctx, ast.Load)]
    statement = statement_of(program, bound[0]) if len(bound) == 1 else None
    for read in same:
        call = program.parents[id(read)]
        if read not in bound and not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") in _BY_NAME):
            return False
    match statement:
        case ast.Assign(value=ast.BinOp(left=ast.Constant(value=found.prefix), op=ast.Add(), right=rest) as value):
            edit = Edit(program.span(value), program.segment(rest))
            found.edits += [] if edit in found.edits else [edit]
            return True
    return False


def _target(program: Program, node: ast.expr) -> tuple[str, ast.stmt]:
    """What an expression is bound to, where it is by itself; and its statement."""
    statement = statement_of(program, node)
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value) if value is node:
            return program.segment(target), statement
    return "", statement


def fed_names(program: Program) -> set[str]:
    """The names and attributes that are keys of what runs are fed, with the arguments that are given for them."""
    keys = {ast.unparse(k) for d in feeds_of(program) for k in d.keys if k is not None}
    fed = {re.sub(r"\.outputs\[0\]$", "", key) for key in keys}
    functions = {f.name: f for f in program.each(ast.FunctionDef)}
    grew = True
    while grew:  # ends: `fed` only grows, and is bounded by the names of the program
        grew = False
        for node in program.nodes:
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called not in functions:
                continue
            names = [a.arg for a in functions[called].args.args]
            names = names[1:] if names[:1] == ["self"] else names
            given = [*zip(names, node.args, strict=False), *((k.arg, k.value) for k in node.keywords)]
            more = {ast.unparse(value) for name, value in given if name in fed} - fed
            grew = grew or bool(more)
            fed |= more
    return fed


def feeds_of(program: Program) -> list[ast.Dict]:
    """The dicts that are given to runs, also by a name."""
    found: list[ast.Dict] = []
    named = {
        t.id: s.value
        for s in program.nodes
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Dict)
        for t in s.targets
        if isinstance(t, ast.Name)
    }
    for node in program.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("run", "eval"):
            for value in [*node.args, *(k.value for k in node.keywords)]:
                held = named.get(value.id) if isinstance(value, ast.Name) else value
                found += [held] if isinstance(held, ast.Dict) else []
    return found
