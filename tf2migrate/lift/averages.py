"""`tf.train.ExponentialMovingAverage`: TensorFlow 2 has it still, and makes the averages when `apply` is first traced.

In TensorFlow 1 an average starts from the variable's first value. So a function that applies it is traced as soon as it
is defined, before anything is trained.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import slots
from tf2migrate.lift.functions import Method
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import (
    Effect,
    Handle,
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
from tf2migrate.lift.variable_lists import Collected

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan, Planned

_PARAMETERS = ("decay", "num_updates", "zero_debias", "name")
#: What TensorFlow 1 calls the average of a variable, behind its name.
SUFFIX = "/ExponentialMovingAverage"


class Averages(Layer):
    """The averages that one object keeps; made once, and updated by `apply`."""

    @property
    def suffix(self) -> str | None:
        """What they are called behind the names of their variables, where the object has no name of its own."""
        return None if "name" in bind(self.node, _PARAMETERS) else SUFFIX


@dataclass(frozen=True, eq=False)
class Restored(Handle):
    """`variables_to_restore`: the variables of the graph, those that are trained by the names of their averages."""

    members: tuple[Member, ...] = ()


def averages(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.ExponentialMovingAverage`."""
    for name, argument in bind(node, _PARAMETERS).items():
        value = interpreter.evaluate(argument)
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Tensor) or (name == "zero_debias" and not _is_false(value)):
            return Unknown(f"{name} of moving averages is a tensor, or is switched on", node)
    made = Averages(node, "ExponentialMovingAverage")
    interpreter.make(node, made, hint or "averages", collections=frozenset())
    return made


def _is_false(value: Value) -> bool:
    return isinstance(value, Python) and value.known and not value.literal


def method(interpreter: Interpreter, node: ast.Call, base: Averages, name: str) -> Value:
    """`apply` moves the averages of the variables it is given, `average` is one of them."""
    if name == "average":
        value = interpreter.evaluate(bind(node, ("var",))["var"])
        return Tensor(Time.STAGED, node) if isinstance(value, Variable | Tensor) else Unknown(_OTHER, node)
    if name == "variables_to_restore" and not node.args and not node.keywords:
        members = tuple(m for m in interpreter.scopes.made if m.graph is interpreter.graph)
        return Restored("closed", node, members=members)
    if name != "apply":
        return Unknown(f"{name} of moving averages is not followed", node)
    given = bind(node, ("var_list",)).get("var_list")
    if given is None:
        return Unknown("which variables are averaged is not written out", node)
    value = interpreter.evaluate(given)
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return leaf
    held: list[Value] = [m.value for m in value.members] if isinstance(value, Collected) else leaves(value)
    several = isinstance(value, Collected) and not all(member.once for member in value.members)
    if several or not isinstance(value, Structure) or not all(isinstance(v, Variable) for v in held):
        raise Refused("TFM901", node, _OTHER, "Rewrite this part by hand, then run the tool again.")  # in helpers, too
    slots.note(interpreter, None, value)
    effect = Effect("average", node, target=base, parts=tuple(held))
    interpreter.statement.effects.append(effect)
    return effect


def is_unused(interpreter: Interpreter, statement: Statement) -> bool:
    """Whether a statement makes averages that only told which variables are restored from others' averages."""
    if not isinstance(statement.value, Averages) or not isinstance(statement.node, ast.Assign):
        return False
    asked = [v[0] for v in interpreter.rewrites.values() if isinstance(v, tuple) and len(v) == 2]
    names = {m.name for m in asked if isinstance(m, Method) and m.base is statement.value}
    return names == {"variables_to_restore"}


_OTHER = "moving averages are kept of something else than variables"


def moving(plan: Plan) -> set[Planned]:
    """The functions that move averages."""
    return {
        planned
        for planned in plan.functions
        if any(isinstance(e, Effect) and e.kind == "average" for s in planned.slice.statements for e in s.effects)
    }


HANDLERS = {"tf.train.ExponentialMovingAverage": averages}
__all__ = ["HANDLERS", "Averages", "method", "moving"]
