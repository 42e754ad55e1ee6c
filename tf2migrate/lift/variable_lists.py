"""`tf.trainable_variables` and the collection of that name: the variables and layers that were made so far, by name.

A layer has its variables once it has been called, so a list with layers in it is put together inside the functions,
after the layers' calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import cells, layers, parts
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Effect, Layer, Python, Refused, Structure, Tensor, Time, Unknown, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.plan import Plan

_TRAINING = ("minimize", "compute_gradients", "gradients", "apply_gradients")
#: The names that layers give their variables: those of `tf.layers`, and those of `tf.contrib.layers`.
_PARTS = ("kernel", "bias", "weights", "biases")


@dataclass(frozen=True, eq=False)
class Collected(Structure):
    """A list of variables, as it was at a point of the program."""

    members: tuple[Member, ...] = ()


def trainable(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.trainable_variables()`, of a scope if one is given."""
    return within(interpreter, node, bind(node, ("scope",)).get("scope"))


def within(interpreter: Interpreter, node: ast.Call, scope: ast.expr | None) -> Value:
    """What can be trained and was made so far, in a scope if one is given."""
    prefix = ""
    if scope is not None:
        with interpreter.apart():
            told = interpreter.evaluate(scope)
        if not isinstance(told, Python) or not isinstance(told.literal, str | None):
            return Unknown("the scope of a collection cannot be told", node)
        prefix = told.literal or ""
    found = []
    for member in interpreter.scopes.made:
        if member.graph is interpreter.graph:
            if not member.once:
                return Unknown("how many variables are in a collection cannot be told", node)
            if prefix and member.name is None:
                return Unknown("the name of a variable in a collection cannot be told", node)
            if (member.name or "").startswith(prefix):
                found.append(member)
    return _collected(interpreter, node, found)


def _collected(interpreter: Interpreter, node: ast.expr, members: list[Member]) -> Value:
    if not members:
        return Unknown("no variable is known that is in this collection", node)
    interpreter.statement.shared += [m.value for m in members if isinstance(m.value, Variable)]
    if any(isinstance(m.value, Layer) for m in members):
        value = Collected("list", (), node, rest=Tensor(Time.STAGED, node), members=tuple(members))
    else:
        items = tuple((i, m.value, None) for i, m in enumerate(members))
        value = Collected("list", items, node, members=tuple(members))
    interpreter.rewrites[id(node)] = value
    return value


# -------------------------------------------------------------------- filters by name


def filtered(interpreter: Interpreter, node: ast.ListComp) -> Value | None:
    """`[v for v in variables if … v.name …]`, or None where a comprehension is something else."""
    if len(node.generators) != 1 or not isinstance(node.elt, ast.Name):
        return None
    generator = node.generators[0]
    if not isinstance(generator.target, ast.Name) or generator.target.id != node.elt.id:
        return None
    with interpreter.apart():
        source = interpreter.evaluate(generator.iter)
    if not isinstance(source, Collected):
        return None
    kept = []
    for member in source.members:
        answers = {_all(generator.ifs, node.elt.id, name) for name in _names(member)}
        if len(answers) != 1 or None in answers:
            return Unknown("which variables a condition on their names chooses cannot be told", node)
        if True in answers:
            kept.append(member)
    return _collected(interpreter, node, kept)


def _names(member: Member) -> list[str | None]:
    """The names that its variables may have."""
    if member.name is None or (isinstance(member.value, Layer) and member.value.kind == "RNN"):
        return [None]
    if isinstance(member.value, Variable):
        return [f"{member.name}:0"]
    normal = isinstance(member.value, Layer) and member.value.kind == "BatchNormalization"
    return [f"{member.name}/{part}:0" for part in (("gamma", "beta") if normal else _PARTS)]


def _all(tests: list[ast.expr], variable: str, name: str | None) -> bool | None:
    if name is None:
        return None
    answers = [_holds(test, variable, name) for test in tests]
    return None if None in answers else all(answers)


def _holds(test: ast.expr, variable: str, name: str) -> bool | None:
    """Whether a condition on a variable's name holds; None where it is another condition."""
    match test:
        case ast.Compare(left=ast.Constant(value=str(part)), ops=[ast.In()], comparators=[held]):
            return part in name if _is_name(held, variable) else None
        case ast.Compare(left=ast.Constant(value=str(part)), ops=[ast.NotIn()], comparators=[held]):
            return part not in name if _is_name(held, variable) else None
        case ast.Call(func=ast.Attribute(value=held, attr="startswith"), args=[ast.Constant(value=str(part))]):
            return name.startswith(part) if _is_name(held, variable) else None
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            found = _holds(inner, variable, name)
            return None if found is None else not found
    return None


def _is_name(node: ast.expr, variable: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "name" and ast.unparse(node.value) == variable


# -------------------------------------------------------------------- checks and text


def check(interpreter: Interpreter, plan: Plan) -> None:
    """A layer must have been called where its variables are asked for. Raises `Refused`."""
    for planned in plan.functions:
        called: set[int] = set()
        lists: list[tuple[Statement, Collected]] = []
        for statement in planned.slice.statements:
            found = [v for n in ast.walk(statement.node) if (v := interpreter.rewrites.get(id(n))) is not None]
            if not _trains(statement):
                _check(lists, called)
            lists += [(statement, v) for v in found if isinstance(v, Collected) and v.rest is not None]
            called |= {thing for v in found for thing in _called(interpreter, v)}
        _check(lists, called)


def _trains(statement: Statement) -> bool:
    return any(isinstance(e, Effect) and e.kind in _TRAINING for e in statement.effects)


def _check(lists: list[tuple[Statement, Collected]], called: set[int]) -> None:
    for statement, collected in lists:
        for member in collected.members:
            if isinstance(member.value, Layer) and not {id(member.value), id(member.value.node)} & called:
                what = "the variables of a layer are asked for where the layer has not been called"
                raise Refused("TFM902", statement.node, what, "Ask for them after the layer's call.")


def _called(interpreter: Interpreter, value: object) -> Iterator[int]:
    """The layers that are called where this stands."""
    if isinstance(value, layers.Called) and value.layer is not None:
        yield id(value.layer)
    elif isinstance(value, cells.Unrolled):
        yield id(value.node)
    elif isinstance(value, parts.Call) and value.made is not None:
        for thing in parts.things(interpreter, value.made):
            yield id(thing)


def list_text(expressions: Expressions, node: ast.expr, collected: Collected) -> str:
    """The list, by the names of what is in it."""
    found = []
    for member in collected.members:
        path = expressions.path(node, member.value)
        found.append(path if isinstance(member.value, Variable) else f"*{path}.trainable_variables")
    if len(found) == 1 and found[0].startswith("*"):
        return found[0][1:]
    return f"[{', '.join(found)}]"


HANDLERS = {"tf.trainable_variables": trainable}
__all__ = ["HANDLERS", "Collected", "check", "filtered", "list_text", "within"]
