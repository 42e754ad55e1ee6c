"""Functions that build a graph for another function to run: they return what they built, and here the functions of it.

`x, loss, train = build()` becomes `graph = build()`, and a run of `train` becomes `graph.train(x=…)`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from keyword import iskeyword
from typing import TYPE_CHECKING

from tf2migrate.facts.names import Names
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import visibility
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.trace import Definition, Fetch, Frame, Run, Statement
from tf2migrate.lift.values import (
    Effect,
    Placeholder,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan, Planned

_BUILDS = {"tf.placeholder", "tf.assign", "tf.assign_add", "tf.assign_sub"}
_METHODS = {"minimize", "apply_gradients"}
ADVICE = "Build and run the graph in one function, or keep it as attributes of an object."
_NAMED = "Bind it to a name there, before it is returned."


@dataclass(frozen=True, eq=False)
class Graph(Structure):
    """What a builder returns; its caller has it once, whatever is in it. `frame` is the builder's."""

    frame: Frame | None = None
    whole: Value | None = None

    @property
    def time(self) -> Time:
        return Time.MADE


def builders(program: Program, drivers: Set[ast.AST]) -> frozenset[ast.AST]:
    """The functions that build a graph, return it, and are called once, where the result is bound."""
    bodies: list[ast.Module | ast.FunctionDef] = [program.tree, *(d for d in drivers if isinstance(d, ast.FunctionDef))]
    functions = {f.name: f for f in program.each(ast.FunctionDef) if f not in drivers}
    calls = Counter(n.func.id for n in program.each(ast.Call) if isinstance(n.func, ast.Name))
    read = Counter(n.id for n in program.each(ast.Name) if isinstance(n.ctx, ast.Load))
    bound = {
        s.value.func.id
        for body in bodies
        for s in _statements(body.body)
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and isinstance(s.value.func, ast.Name)
        if len(s.targets) == 1 and _plain(s.targets[0])
    }
    return frozenset(
        f
        for name, f in functions.items()
        if name in bound and calls[name] == read[name] == 1 and not f.decorator_list and _builds(f, program.names)
    )


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that happen once: those of a body, and of its `with` blocks and `if __name__` blocks."""
    found = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, ast.With | ast.If):
            found += _statements(statement.body)
    return found


def _plain(target: ast.expr) -> bool:
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    return all(isinstance(name, ast.Name) for name in names)


def _builds(function: ast.FunctionDef, names: Names) -> bool:
    returns = [n for n in walk(function) if isinstance(n, ast.Return)]
    if len(returns) != 1 or returns[0] is not function.body[-1] or returns[0].value is None:
        return False
    return any(
        isinstance(n, ast.Call)
        and (names.symbol(n.func) in _BUILDS or (isinstance(n.func, ast.Attribute) and n.func.attr in _METHODS))
        for n in walk(function)
    )


def built(frame: Frame, value: Value) -> Value:
    """What the caller of a builder gets."""
    if isinstance(value, Structure) and value.rest is None:
        return Graph(value.kind, value.items, value.node, frame=frame, whole=value)
    if value.time >= Time.STAGED:
        return Graph("one", ((0, value, None),), frame.node, frame=frame, whole=value)
    return value


@dataclass(frozen=True, slots=True)
class Item:
    """Data or a variable of a builder's dict, where another function reads it: `graph["w"]`."""

    node: ast.Subscript
    key: str

    def text(self, expressions: Expressions) -> str:
        """What is written in its place."""
        return f"{expressions.text(self.node.value)}.{self.key}"


def ask(interpreter: Interpreter, node: ast.Subscript, graph: Graph, key: object, value: Value) -> None:
    """Notes that a part of a builder's dict is read which is there between runs, too."""
    told = isinstance(key, str) and key.isidentifier() and not iskeyword(key)
    if graph.kind == "dict" and graph.frame is not None and told and isinstance(value, Python | Variable):
        assert isinstance(key, str)
        interpreter.asked_of_graphs.add((graph.frame.node, key))
        interpreter.rewrites[id(node)] = Item(node, key)


def single(value: Value) -> Value:
    """What a name stands for that a builder's result is bound to: the one thing that it returns, or all of them."""
    return value.whole if isinstance(value, Graph) and value.kind == "one" and value.whole is not None else value


def note(interpreter: Interpreter, definition: Definition) -> None:
    """Keeps the names that the statements of units give to what only runs know."""
    shared = isinstance(definition.value, Python | Unknown)  # which is one value for all that is known as little
    if definition.value.time >= Time.STAGED and interpreter.frame.unit and not shared and not is_alias(definition):
        known = interpreter.origins.setdefault(definition.value, [])
        if all(d.site != definition.site for d in known):
            known.append(definition)


def is_unnamed(interpreter: Interpreter, value: Value) -> bool:
    """Whether a tensor is computed in a call that is given it, under no name that could be read elsewhere."""
    staged = isinstance(value, Tensor) and value.time >= Time.STAGED and not isinstance(value, Element)
    return staged and value not in interpreter.origins


def is_alias(definition: Definition) -> bool:
    """Whether a name is a parameter, or a part of what a builder returned."""
    return isinstance(definition.statement.node, ast.Pass) or isinstance(definition.statement.value, Graph)


def is_unseen(definition: Definition) -> bool:
    """Whether a name stands for a tensor of a builder's graph, which has no name there that others could read."""
    tensor = isinstance(definition.value, Tensor) and definition.value.time >= Time.STAGED
    return tensor and isinstance(definition.statement.value, Graph)


def origin(interpreter: Interpreter, definition: Definition) -> Definition:
    """The binding of what a name stands for, where the name is a parameter's or a builder's result.

    Raises `Refused` where it has several.
    """
    value = definition.value
    if not definition.statement.frame.unit or value.time < Time.STAGED or not is_alias(definition):
        return definition
    known = interpreter.origins.get(value, [])
    return _one(known, interpreter.statement.node) if known else definition


def _one(known: list[Definition], node: ast.AST) -> Definition:
    """The first of the names of a thing, where the others are other names for it. Raises `Refused`.

    Otherwise the thing is what is known of several, such as the parts that one op gives.
    """
    for definition in known[1:]:
        statement = definition.statement.node
        if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)):
            what = f"{definition.name} is one of several things that another function makes together"
            raise Refused("TFM902", node, what, ADVICE)
    return known[0]


def name_items(interpreter: Interpreter, node: ast.expr) -> None:
    """What a builder computes in its return statement is a statement of its own, for a run to fetch."""
    elements: list[ast.expr] = []
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            pass
        case ast.Dict(values=elements):
            pass
        case ast.Call(args=args, keywords=keywords):
            elements = [*args, *(k.value for k in keywords)]
        case ast.BinOp() | ast.UnaryOp() | ast.Compare():
            elements = [node]
    for element in elements:
        if isinstance(element, ast.Call | ast.BinOp | ast.UnaryOp | ast.Compare):
            made = Statement(element, interpreter.frame, interpreter.order, interpreter.blocks)
            with interpreter.within(made):
                made.value = interpreter.evaluate(element)
            made.moves = made.value.time >= Time.STAGED
            interpreter.unnamed[id(element)] = made
            interpreter.statement.made += made.made


def return_of(frame: Frame) -> ast.Return:
    """The return statement of a builder, which is its last."""
    assert isinstance(frame.node, ast.FunctionDef)
    last = frame.node.body[-1]
    assert isinstance(last, ast.Return)
    return last


def returns(frame: Frame) -> bool:
    """Whether a function ends in its return statement, as a builder does."""
    return isinstance(frame.node, ast.FunctionDef) and isinstance(frame.node.body[-1], ast.Return)


def elsewhere(interpreter: Interpreter, node: ast.expr, value: Value) -> Fetch | None:
    """A fetch of what another function built, as it is called there, where it goes by another expression here."""
    if not isinstance(node, ast.Name | ast.Subscript | ast.Attribute):
        return None
    if isinstance(node, ast.Name):
        aliases = [d for d in interpreter.frame.lookup(node.id) if is_alias(d) and d.statement.frame.unit]
        if not aliases or value.time < Time.STAGED:
            return None
    else:
        with interpreter.apart():
            held = interpreter.evaluate(node.value)
        if not isinstance(held, Graph):
            return None
    known = interpreter.origins.get(value, [])
    if known:
        first = _one(known, node)
        name = ast.copy_location(ast.Name(first.name, ast.Load()), node)
        interpreter.resolved[id(name)] = {first.site}
        interpreter.rewrites[id(name)] = ("name", first.name)
        return Fetch(name, value, frozenset((first,)), interpreter.statement, named=True)
    for statement in interpreter.unnamed.values():
        if statement.value is value:
            assert isinstance(statement.node, ast.expr)
            return Fetch(statement.node, value, frozenset(statement.reads), statement, named=False)
    if not isinstance(node, ast.Name) and isinstance(value, Tensor | Effect) and value.time >= Time.STAGED:
        raise Refused("TFM902", node, "what is fetched here has no name where another function makes it", _NAMED)
    return None


def named_attribute(interpreter: Interpreter, node: ast.expr) -> ast.expr | None:
    """The attribute of an object that a name stands for, where it is fetched by the name."""
    known = interpreter.frame.lookup(node.id) if isinstance(node, ast.Name) else ()
    if len(known) != 1 or not isinstance(known[0].statement.node, ast.Assign):
        return None
    held = known[0].statement.node.value
    definitions = interpreter.attributes.get(id(held), ())
    plain = isinstance(held, ast.Attribute) and len(known[0].statement.node.targets) == 1
    return held if plain and definitions and all(d.staged for d in definitions) else None


def is_unpacked(statement: Statement) -> bool:
    """Whether a statement binds names to the parts of a graph: they go."""
    node = statement.node
    unpacks = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
    parts = statement.value.items if isinstance(statement.value, Graph) else ()
    return unpacks and bool(parts) and all(value.time >= Time.STAGED for _, value, _ in parts)


# -------------------------------------------------------------------- text


def name_graphs(interpreter: Interpreter, plan: Plan) -> dict[ast.AST, str]:
    """For each builder, the name of its result where it is called."""
    found: dict[ast.AST, str] = {}
    for frame in interpreter.frames:
        for statement in frame.statements:
            if isinstance(statement.value, Graph) and isinstance(statement.node, ast.Assign):
                assert statement.value.frame is not None
                target = statement.node.targets[0]
                name = target.id if isinstance(target, ast.Name) else plan.fresh("graph")
                found[statement.value.frame.node] = name
    return found


def _functions(plan: Plan, frame: Frame) -> list[str]:
    """The functions of a builder that are called elsewhere."""
    return [
        planned.name
        for planned in plan.functions
        if planned.frame is frame and any(not visibility.sees(run.frame, frame) for run in planned.runs)
    ]


def return_lines(expressions: Expressions, statement: Statement) -> list[str]:
    """The return statement of a builder: its functions, and what of its result is plain Python."""
    node = statement.node
    assert isinstance(node, ast.Return)
    assert node.value is not None
    entries = [f"{name}={name}" for name in _functions(expressions.plan, statement.frame)]
    every = (s for frame in expressions.interpreter.frames for s in frame.statements)
    made = next((s for s in every if isinstance(s.value, Graph) and s.value.frame is statement.frame), None)
    for name, value in _data(expressions, statement.value, made):
        if name in _functions(expressions.plan, statement.frame):
            raise Refused("TFM902", node, f"a function that builds a graph returns {name} beside its {name}()", ADVICE)
        entries.append(f"{name}={expressions.text(value)}")
    return [f"return types.SimpleNamespace({', '.join(entries)})"]


def _data(expressions: Expressions, value: Value | None, call: Statement | None) -> list[tuple[str, ast.expr]]:
    """The items of a builder's result that are plain Python, by the names that they have in it.

    So are placeholders which the caller of the builder unpacks, and names elsewhere than as the keys of what it feeds.
    """
    if not isinstance(value, Structure):
        return []
    found = []
    target = call.node.targets[0] if call is not None and isinstance(call.node, ast.Assign) else None
    targets = target.elts if isinstance(target, ast.Tuple) else []
    home = call.value.frame if call is not None and isinstance(call.value, Graph) else None
    for index, (key, item, node) in enumerate(value.items):
        asked = home is not None and (home.node, key) in expressions.interpreter.asked_of_graphs
        if asked and node is not None:
            found.append((str(key), node))
            continue
        named = index < len(targets) and _is_named(expressions, item, targets[index], call)
        kinds = (Python, Placeholder) if named else (Python,)
        if all(isinstance(leaf, kinds) for leaf in leaves(item)) and node is not None:
            label = node.id if isinstance(node, ast.Name) else key if isinstance(key, str) else f"item_{key}"
            found.append((str(label), node))
    return found


def _is_named(expressions: Expressions, value: Value, target: ast.expr, call: Statement | None) -> bool:
    """Whether a part of a graph is named where it is unpacked: not as a key of what is fed, or by a function there."""
    if not isinstance(target, ast.Name) or call is None:
        return False
    there = [p.frame for p in expressions.plan.functions if value in p.slice.parameters and p.frame is not None]
    home = call.value.frame if isinstance(call.value, Graph) else None
    if home is not None and any(not visibility.sees(frame, home) for frame in there):
        return True
    interpreter, site = expressions.interpreter, (id(call.node), target.id)
    loads = (n for n in interpreter.program.each(ast.Name) if isinstance(n.ctx, ast.Load))
    return any(site in interpreter.resolved.get(id(n), ()) and not _is_key(interpreter, n) for n in loads)


def _is_key(interpreter: Interpreter, node: ast.AST) -> bool:
    noted = interpreter.rewrites.get(id(node))
    return isinstance(noted, tuple) and noted[:1] == ("key",)


def call_lines(expressions: Expressions, statement: Statement, graph: Graph) -> list[str]:
    """The call of a builder, and the names that plain Python in its result is bound to. Raises `Refused`."""
    node = statement.node
    assert isinstance(node, ast.Assign)
    assert graph.frame is not None
    name = expressions.graphs[graph.frame.node]
    lines = [f"{name} = {expressions.text(node.value)}"]
    data = {id(value): label for label, value in _data(expressions, graph.whole, statement)}
    target, asked = node.targets[0], expressions.interpreter.asked_of_graphs
    if isinstance(target, ast.Tuple):
        for element, (_, _, written) in zip(target.elts, graph.items, strict=False):
            if id(written) in data:
                lines.append(f"{expressions.text(element)} = {name}.{data[id(written)]}")
    elif data.keys() - {id(v) for k, _, v in graph.items if (graph.frame.node, k) in asked}:
        raise Refused("TFM902", node, "a function returns plain Python beside the graph that it built", ADVICE)
    return lines


def taken_apart(program: Program, tree: ast.AST, names: Set[str]) -> set[str]:
    """The names of graphs that a rewritten statement reads otherwise than to call a function or to hand them on."""
    functions = {f.name for f in program.each(ast.FunctionDef)}
    kept: set[int] = set()
    for node in walk(tree):
        match node:
            case ast.Attribute(value=ast.Name() as held):
                kept.add(id(held))
            case ast.Call(func=ast.Name(id=name)) if name in functions:
                kept |= {id(a) for a in [*node.args, *(k.value for k in node.keywords)]}
    return {n.id for n in walk(tree) if isinstance(n, ast.Name) and n.id in names and id(n) not in kept}


def callee(expressions: Expressions, planned: Planned, run: Run) -> str | None:
    """How a function of a builder is called where a run stands; None where it is no builder's."""
    frame = planned.frame
    assert frame is not None
    name = expressions.graphs.get(frame.node)
    if name is None or visibility.sees(run.frame, frame):
        return None
    for known, definitions in reversed(run.env.items()):  # the names of inside first
        values = [d.value for d in definitions]
        if any(isinstance(v, Graph) and v.frame is frame for v in values):
            return f"{known}.{planned.name}"
        if any(isinstance(d.statement.value, Graph) and d.statement.value.frame is frame for d in definitions):
            return f"{name}.{planned.name}"
    return None
