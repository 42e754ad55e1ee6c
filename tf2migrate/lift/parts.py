"""Functions of a program that make variables and use them on tensors: each becomes a class.

What the function does at its call, while the graph is built, is the class's `__init__`; what happens at each run is its
`__call__`. Each call site makes one object, where the call stood; a call that finds the variables of an earlier one by
their names uses that one's object.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tf2migrate.facts.marks import plain
from tf2migrate.facts.tree import walk
from tf2migrate.lift import foreseen, grown, lazy_parts, shared_calls
from tf2migrate.lift.cells import ZeroState
from tf2migrate.lift.layer_kinds import WEIGHTLESS
from tf2migrate.lift.noted import Noting
from tf2migrate.lift.trace import Frame
from tf2migrate.lift.values import (
    ASSIGNS,
    Effect,
    Held,
    Layer,
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
    from tf2migrate.lift.interpret import Interpreter

#: What a function that is called at each run does where it stands: what waits for it is computed after it.
_IN_PLACE = ("gradients", "group", *ASSIGNS)
_ADVICE = "Make the variables first, and give them to the function that uses them."


@dataclass(frozen=True, eq=False)
class Call(Tensor):
    """A call of such a function: the call that made the object which it uses."""

    made: ast.Call | None = None
    function: ast.FunctionDef | None = None


@dataclass(frozen=True, eq=False)
class Object:
    """What one call makes: the variables, layers and further objects in it, and the call's arguments."""

    node: ast.Call
    things: list[Value]
    arguments: dict[str, Value]


@dataclass(eq=False)
class Part:
    """A function that becomes a class: each call's frame, with what was made in it."""

    function: ast.FunctionDef
    frames: list[Frame] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    staged: set[str] = field(default_factory=set)  # the parameters that are tensors in some call
    forms: set[object] = field(default_factory=set)  # of the calls that `lazy_parts.note` has looked at,
    noted: int = 0  # how many these are,
    first: set[int] = field(default_factory=set)  # and what stands in the values of what the first call makes


def called(
    interpreter: Interpreter, node: ast.Call, frame: Frame, arguments: dict[str, Value], value: Value, hint: str
) -> Value:
    """What a call gives: the function's result, computed by an object that is made, or was before."""
    function = frame.node
    made = [m.value for s in frame.statements for m in s.made]
    shared = [v for s in frame.statements for v in s.shared]
    reason = _unlike(interpreter, function, frame, value, made + shared, _before(interpreter, frame, arguments))
    if reason:
        return Unknown(reason, node)
    assert isinstance(function, ast.FunctionDef)
    part = interpreter.parts.setdefault(function, Part(function))
    part.frames.append(frame)
    part.staged |= _staged(arguments)
    kept = [v for v in made if not _weightless(v) and v not in interpreter.again]
    if kept and shared:
        return Unknown("a function makes some of its variables and finds others by their names", node)
    if shared:
        for before in part.objects:
            own = [v for v in before.things if not _weightless(v) and v not in interpreter.unrolled_cells]
            if [id(v) for v in own] == [id(v) for v in shared]:
                if differing := shared_calls.differing(part.staged, arguments, before.arguments):
                    return shared_calls.otherwise(interpreter, function, node, differing)
                interpreter.rewrites[id(node)] = Call(Time.STAGED, node, before.node, function)
                interpreter.statement.shared.append(interpreter.objects[id(before.node)])
                return _read(interpreter, value)
        return Unknown("a function finds variables by their names that another one made", node)
    part.objects.append(Object(node, made, arguments))
    thing = Layer(node, function.name)
    interpreter.objects[id(node)] = thing
    lazy_parts.note(interpreter, part)
    grown.note(interpreter, part)
    interpreter.make(node, thing, _name(function, hint), collections=frozenset())
    interpreter.rewrites[id(node)] = Call(Time.STAGED, node, node, function)
    return _read(interpreter, value)


def _read(interpreter: Interpreter, value: Value) -> Value:
    """What a call gives, where its caller has the variables among it from the call alone: they are as late as that.

    A variable that a single call makes at once can be read of the object that it makes, too.
    """
    if isinstance(value, Variable):
        single = interpreter.frame.unit and not interpreter.repeats and value not in interpreter.lazy
        return Held(Time.STAGED, value.node, value) if single else Tensor(Time.STAGED, value.node)
    if isinstance(value, Structure) and any(isinstance(leaf, Variable) for leaf in leaves(value)):
        items = tuple((key, _read(interpreter, item), node) for key, item, node in value.items)
        return replace(value, items=items, rest=value.rest and _read(interpreter, value.rest))
    return value


def things(interpreter: Interpreter, node: ast.Call) -> Iterator[Value]:
    """All that a call made, with what is in the objects that it made."""
    for part in interpreter.parts.values():
        for made in part.objects:
            if made.node is node:
                for thing in made.things:
                    yield thing
                    if isinstance(thing, Layer) and interpreter.objects.get(id(thing.node)) is thing:
                        yield from things(interpreter, thing.node)


def holder_of(interpreter: Interpreter, value: Value) -> tuple[Part, Object] | None:
    """The object that a thing is in, with the function that it is made of; None for what is in none."""
    for part in interpreter.parts.values():
        for made in part.objects:
            if any(thing is value for thing in made.things):
                return part, made
    return None


def _staged(arguments: dict[str, Value]) -> set[str]:
    return {name for name, given in arguments.items() if given.time >= Time.STAGED}


def _before(interpreter: Interpreter, frame: Frame, arguments: dict[str, Value]) -> set[int]:
    """The loops and branches of a function that make what they make with its object, as far as its calls tell."""
    if not isinstance(frame.node, ast.FunctionDef):
        return set()
    part = interpreter.parts.get(frame.node, Part(frame.node))
    frames, staged = [*part.frames[:1], frame], part.staged | _staged(arguments)
    return foreseen.nodes(interpreter, frame.node, frames, staged)


def _unlike(
    interpreter: Interpreter, function: ast.AST, frame: Frame, value: Value, held: list[Value], before: set[int]
) -> str:
    """Why a function cannot become a class, or nothing; `before` are the loops and branches that need no tensor."""
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return "a function makes variables and uses them on tensors"
    if any(isinstance(n, ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal) for n in walk(function)):
        return "a function that makes variables is a generator, or binds names of outside"
    if function.name == "__call__":
        return "an object makes variables where it is called"
    if function.args.vararg or function.args.kwarg:
        return "a function that makes variables takes any number of arguments"
    effects = [e for s in frame.statements for e in s.effects if not isinstance(e, Noting)]
    returned = any(isinstance(leaf, Effect) for leaf in leaves(value))  # which only the runs that fetch it make
    if returned or any(not (isinstance(e, Effect) and e.kind in _IN_PLACE) for e in effects):
        return "a function makes variables and ops that change state"
    if any(not isinstance(leaf, Variable) and any(leaf is v for v in held) for leaf in leaves(value)):
        return "a function returns what it makes beside tensors"
    if any(isinstance(leaf, ZeroState) for leaf in leaves(value)):
        return "a function returns the first state of a cell beside tensors"
    for statement in frame.statements:
        compound = isinstance(statement.node, ast.If | ast.For | ast.While | ast.Try)
        if id(statement.node) in before or grown.is_grown(interpreter, statement):
            continue
        split = id(statement.node) in interpreter.loops
        if compound and statement.moves and (statement.made or statement.shared) and not split:
            return "a function makes variables in a loop or a branch, among tensors"
        late = [d for d in statement.reads if d.statement in frame.statements and d.statement.moves and d.staged]
        variables = any(isinstance(m.value, Variable) for m in statement.made)
        followed = any(isinstance(d.value, Python) for d in late) if statement.moves else bool(late)
        waits = statement.made and followed and (variables or not statement.moves)
        if waits and not lazy_parts.follows(statement, late):
            return lazy_parts.REASON
    return ""


def _weightless(value: Value) -> bool:
    """Whether a layer has nothing to share: each call may make it anew."""
    return isinstance(value, Layer) and value.kind.startswith(WEIGHTLESS)


def _name(function: ast.FunctionDef, hint: str) -> str:
    """A name for the object: of what it computes, or of the function where that is a noun."""
    name = plain(function.name).strip("_")
    words = name.split("_")
    if len(words) == 1 or hint in ("", "output"):
        return name.lower()
    return f"{hint}_{words[-1]}"


def freed(interpreter: Interpreter) -> set[str]:
    """The names of functions that become classes, and so have other names, where they name nothing else."""
    bound: Counter[str] = Counter()
    for node in interpreter.program.nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            bound[node.name] += 1
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.arg):
            bound[node.arg] += 1
        elif isinstance(node, ast.alias):
            bound[node.asname or node.name] += 1
    every = {function.name for function in interpreter.parts if bound[function.name] == 1}
    taken = interpreter.program.words | interpreter.program.reserved
    return every | {plain(name) for name in every if plain(name) != name} - taken


def check(interpreter: Interpreter) -> None:
    """Each use of a function that becomes a class must be a call that is followed. Raises `Refused`."""
    named = _named(interpreter)
    order = {id(call): place for place, call in enumerate(interpreter.program.each(ast.Call))}
    alike: dict[str, list[dict[int, ast.Call]]] = {}  # the calls that are followed, by the names of what is called
    for helper, calls in interpreter.helper_calls.items():
        alike.setdefault(getattr(helper, "name", ""), []).append(calls)
    for part in interpreter.parts.values():
        function = part.function
        asked = next((n for n in walk(function) if isinstance(n, ast.Name) and n.id == "super"), None)
        if asked is not None:
            what = f"{function.name} makes variables, and calls a method of a base"
            raise Refused("TFM901", asked, what, "Give the method that it calls a name of its own, and call that.")
        followed = interpreter.helper_calls.get(function, {}).values()
        functions = {id(call.func) for calls in alike.get(function.name, ()) for call in calls.values()}
        for node in sorted((call for call in followed if id(call) in order), key=lambda call: order[id(call)]):
            if not isinstance(interpreter.rewrites.get(id(node)), Call):
                what = f"{function.name} makes variables, and does not in this call"
                raise Refused("TFM901", node, what, _ADVICE)
            if _is_above(interpreter, node):
                what = f"{function.name} makes variables, and so does the method that calls it and stands in its place"
                raise Refused("TFM901", node, what, "Give it a name of its own.")
        for use in named.get(function.name, ()):
            if id(use) not in functions:
                what = f"{function.name}, which makes variables, is used without being called"
                raise Refused("TFM901", use, what, _ADVICE)
        assert part.frames


def _is_above(interpreter: Interpreter, call: ast.Call) -> bool:
    """Whether a method that becomes a class itself calls one of a base: there, `self` is no longer the object."""
    asked = call.func.value if isinstance(call.func, ast.Attribute) else None
    classes = {node.name for node in interpreter.program.each(ast.ClassDef)}
    if not isinstance(asked, ast.Call) and not (isinstance(asked, ast.Name) and asked.id in classes):
        return False
    above: ast.AST | None = call
    while above is not None and above not in interpreter.parts:
        above = interpreter.program.parents.get(id(above))
    return above is not None


def _named(interpreter: Interpreter) -> dict[str, list[ast.Name | ast.Attribute]]:
    """Where a name is read, alone or as an attribute of what is not TensorFlow's, in the order of the tree."""
    wanted = {part.function.name for part in interpreter.parts.values()}
    found: dict[str, list[ast.Name | ast.Attribute]] = {}
    for node in interpreter.program.nodes if wanted else ():
        if isinstance(node, ast.Name) and node.id in wanted and isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.Attribute) and node.attr in wanted and interpreter.names.symbol(node) is None:
            found.setdefault(node.attr, []).append(node)
    return found


__all__ = ["Call", "Part", "Structure", "called", "check"]
