"""`tf.add_to_collection` of tensors, such as the parts of a loss, and `tf.get_collection` of them.

What the code around runs adds is written out where the collection is asked for. What a function adds that makes
variables becomes a function in a list of Python: it is computed where the collection is asked for, and only there.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.trace import Definition, loops_in
from tf2migrate.lift.values import NONE, Handle, Python, Refused, Structure, Tensor, Time, Unknown, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan


@dataclass(eq=False)
class Collection:
    """What is in a collection: what units add, by expression, and the calls in functions that add to its list."""

    name: str
    entries: list[tuple[ast.expr, Value, frozenset[Definition]]] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    asked: bool = False
    never: bool = False  # whether its calls do not happen: they would call a function that is None


@dataclass(frozen=True, eq=False)
class Added(Handle):
    """A call that adds something to a list, to be computed later."""

    value: ast.expr | None = None
    to: Collection | None = None


@dataclass(frozen=True, eq=False)
class Gathered(Structure):
    """A collection as it was at a point of the program: how many of its entries it had."""

    of: Collection | None = None
    count: int = 0


def add(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.add_to_collection`."""
    bound = bind(node, ("name", "value"))
    with interpreter.apart():
        named = interpreter.evaluate(bound["name"])
    with interpreter.apart() as reads:
        value = interpreter.evaluate(bound["value"])
    if isinstance(value, Unknown):
        return value
    name = named.literal if isinstance(named, Python) and isinstance(named.literal, str) else None
    if name is None or isinstance(value, Variable | Structure | Handle) or value.time < Time.STAGED:
        return Unknown("what is added to a collection, or to which, cannot be told", node)
    if interpreter.frame.unit and loops_in(interpreter.blocks):
        return Unknown("a loop adds to a collection", node)
    found = interpreter.collected.setdefault((id(interpreter.graph), name), Collection(name))
    draws = any(
        S.is_random(interpreter.names.symbol(n.func) or "") for n in ast.walk(bound["value"]) if isinstance(n, ast.Call)
    )
    if interpreter.frame.unit:
        if draws:
            return Unknown("what is added to a collection is drawn at random", node)
        found.entries.append((bound["value"], value, frozenset(reads)))
        return Handle("closed", node)
    names = {n.id for n in ast.walk(bound["value"]) if isinstance(n, ast.Name)}
    rebound = any(_bindings(interpreter.frame.node, name) > 1 for name in names)
    others = [c for (_, n), c in interpreter.collected.items() if n == name and c is not found and c.calls]
    never = _calls_none(interpreter, bound["value"])
    if never and (known := next((c for c in others if node in c.calls), None)) is not None:
        return Added("added", node, value=bound["value"], to=known)
    for other in others:
        if other.never:  # of a graph in which nothing is added
            other.calls.clear()
    if found.asked or any(c.calls for c in others):
        return Unknown("a function adds to a collection that was asked for before, or to one of each graph", node)
    if found.entries or draws or rebound or any(d.staged for d in reads):
        return Unknown("a function adds to a collection what cannot be computed later", node)
    found.never = never and (found.never or not found.calls)
    found.calls.append(node)
    return Added("added", node, value=bound["value"], to=found)


def _calls_none(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether an expression calls a name that is None here, and so is behind a test of it."""
    with interpreter.apart():
        return isinstance(node, ast.Call) and interpreter.evaluate(node.func) is NONE


def _bindings(function: ast.AST, name: str) -> int:
    """How often a function binds a name, as a parameter or by a statement."""
    nodes = list(ast.walk(function))
    stores = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == name]
    return len(stores) + sum(isinstance(n, ast.arg) and n.arg == name for n in nodes)


def gather(interpreter: Interpreter, node: ast.Call, name: str) -> Value | None:
    """What a collection of tensors has so far; None where it is another collection."""
    found = interpreter.collected.get((id(interpreter.graph), name))
    if found is None:
        return None
    if not interpreter.frame.unit:
        return Unknown("a function asks for a collection of tensors", node)
    for entry, _, reads in found.entries:
        for definition in reads:
            if definition.owner is None and interpreter.frame.lookup(definition.name) != (definition,):
                what = f"{definition.name} is in a collection, and has another meaning where that is asked for"
                raise Refused("TFM903", entry, what, "Give the second value a name of its own.")
        interpreter.statement.reads |= reads
    found.asked = True
    items = tuple((i, value, None) for i, (_, value, _) in enumerate(found.entries))
    rest = Tensor(Time.STAGED, node) if found.calls else None
    value = Gathered("list", () if rest else items, node, rest, of=found, count=len(found.entries))
    interpreter.rewrites[id(node)] = value
    return value


# -------------------------------------------------------------------- text


def name_lists(interpreter: Interpreter, plan: Plan) -> dict[Collection, str]:
    """The name of each list that functions add to."""
    return {found: plan.fresh(found.name) for found in interpreter.collected.values() if found.calls}


def first_lines(expressions: Expressions) -> dict[int, list[str]]:
    """For the statement before which a list must be made: the line that makes it."""
    lines: dict[int, list[str]] = {}
    for found, name in expressions.lists.items():
        calls = {id(call) for call in found.calls}
        for statement in expressions.program.tree.body:
            if any(id(inner) in calls for inner in ast.walk(statement)):
                lines.setdefault(id(statement), []).append(f"{name} = []")
                break
    return lines


def add_text(expressions: Expressions, added: Added) -> str:
    """The call in the place of `tf.add_to_collection` in a function."""
    assert added.value is not None
    assert added.to is not None
    return f"{expressions.lists[added.to]}.append(lambda: {expressions.text(added.value)})"


def gather_text(expressions: Expressions, gathered: Gathered) -> str:
    """The list in the place of `tf.get_collection`."""
    assert gathered.of is not None
    parts = [expressions.text(entry) for entry, _, _ in gathered.of.entries[: gathered.count]]
    if gathered.of.calls:
        name = expressions.lists[gathered.of]
        each = name[:-2] if name.endswith("sses") else "part"
        if not parts:
            return f"[{each}() for {each} in {name}]"
        parts.insert(0, f"*({each}() for {each} in {name})")
    return f"[{', '.join(parts)}]"


HANDLERS = {"tf.add_to_collection": add}
