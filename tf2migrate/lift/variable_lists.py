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
from tf2migrate.lift.cells import Unrolled
from tf2migrate.lift.layers import Called
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Effect, Layer, Python, Refused, Structure, Tensor, Time, Unknown, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.plan import Plan

_TRAINS = ("minimize", "compute_gradients", "gradients", "apply_gradients")
#: The names that a layer gives its variables.
_PARTS = {"BatchNormalization": ("gamma", "beta"), "RNN": ("kernel", "bias")}


@dataclass(frozen=True, eq=False)
class Member:
    """Something with variables that can be trained: its name in the graph, and what it is."""

    name: str
    value: Variable | Layer

    def names(self) -> list[str]:
        """The names of its variables."""
        if isinstance(self.value, Variable):
            return [f"{self.name}:0"]
        return [f"{self.name}/{part}:0" for part in _PARTS.get(self.value.kind, ("kernel", "bias"))]


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
    for graph, name, value in interpreter.scopes.made:
        if graph is interpreter.graph:
            if name is None or (prefix and isinstance(value, Variable) and _named_elsewhere(interpreter)):
                return Unknown("the name of a variable in a collection cannot be told", node)
            if name.startswith(prefix):
                found.append(Member(name, value))
    return _collected(interpreter, node, found)


def _named_elsewhere(interpreter: Interpreter) -> bool:
    """Whether `tf.name_scope` may have had a part in the names of variables."""
    calls = [n for n in interpreter.program.nodes if isinstance(n, ast.Call)]
    return any(interpreter.names.symbol(n.func) == "tf.name_scope" for n in calls)


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
    source = interpreter.evaluate(generator.iter)
    if not isinstance(source, Collected):
        return None
    kept = []
    for member in source.members:
        answers = {_all(generator.ifs, node.elt.id, name) for name in member.names()}
        if len(answers) != 1 or None in answers:
            return Unknown("which variables a condition on their names chooses cannot be told", node)
        if True in answers:
            kept.append(member)
    return _collected(interpreter, node, kept)


def _all(tests: list[ast.expr], variable: str, name: str) -> bool | None:
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
        for statement in planned.slice.statements:
            for collected in _lists(interpreter, statement):
                if any(isinstance(e, Effect) and e.kind in _TRAINS for e in statement.effects):
                    continue  # written after the tape
                _check_list(interpreter, planned.slice, statement, collected)


def _lists(interpreter: Interpreter, statement: Statement) -> Iterator[Collected]:
    for child in ast.walk(statement.node):
        value = interpreter.rewrites.get(id(child))
        if isinstance(value, Collected) and value.rest is not None:
            yield value


def _check_list(interpreter: Interpreter, found: Slice, statement: Statement, collected: Collected) -> None:
    calls: dict[Layer, list[int]] = {}
    for other in found.statements:
        for child in ast.walk(other.node):
            value = interpreter.rewrites.get(id(child))
            if isinstance(value, Called | Unrolled) and value.layer is not None:
                calls.setdefault(value.layer, []).append(other.order)
    readers = [s for s in found.statements if any(d in s.reads for d in statement.writes)]
    trains = all(any(isinstance(e, Effect) and e.kind in _TRAINS for e in s.effects) for s in readers)
    for member in collected.members:
        if isinstance(member.value, Layer):
            orders = calls.get(member.value, [])
            if (not orders and not trains) or (orders and min(orders) > statement.order):
                raise Refused(
                    "TFM902",
                    statement.node,
                    "the variables of a layer are asked for where the layer has not been called yet",
                    "Ask for them after the layer's call.",
                )


def list_text(expressions: Expressions, node: ast.expr, collected: Collected) -> str:
    """The list, by the names of what is in it."""
    parts = []
    for member in collected.members:
        if isinstance(member.value, Variable):
            parts.append(expressions.name_of(node, member.value))
        else:
            name = expressions.hoisted.get(id(member.value.node))
            if name is None:
                raise Refused("TFM907", node, "a layer whose variables are asked for has no name", "Bind it to a name.")
            parts.append(f"*{name}.trainable_variables")
    if len(parts) == 1 and parts[0].startswith("*"):
        return parts[0][1:]
    return f"[{', '.join(parts)}]"


HANDLERS = {"tf.trainable_variables": trainable}
__all__ = ["HANDLERS", "Collected", "check", "filtered", "list_text", "within"]
