"""Moving averages in checkpoints: `averages`, a dict by the names that TensorFlow 1 gives to the averaged variables.

A program that trains saves `{"layer/weights": averages.average(weights)}`; one that evaluates restores them into its
own variables, `{"layer/weights": weights}`, as `variables_to_restore` had it in TensorFlow 1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.lift import averages, variable_lists
from tf2migrate.lift.averages import Averages, Restored
from tf2migrate.lift.render import spread
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Effect, Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan
    from tf2migrate.lift.savers import Saver

#: The name of the dict in a checkpoint.
KEY = "averages"
_WIDE = 90
_ADVICE = "Write the tf.train.Checkpoint by hand, with a name for each variable."


@dataclass(frozen=True, eq=False)
class Kept:
    """A variable by its name in the graph; the averages that are saved of it, or none where it is restored itself."""

    name: str
    variable: Variable
    of: Averages | None = None


def saved(interpreter: Interpreter, before: Iterable[Statement]) -> list[Kept] | str:
    """The averages that a Saver of everything keeps; or why that cannot be told."""
    effects = [e for s in before for e in s.effects if isinstance(e, Effect) and e.kind == "average"]
    if len({id(e.target) for e in effects}) > 1:
        return "a Saver of the averages of several objects has no counterpart that is written yet"
    members = {id(m.value): m for m in interpreter.scopes.made if m.graph is interpreter.graph}
    found: dict[int, Kept] = {}
    for effect in effects:
        for value in effect.parts:
            member = members.get(id(value))
            if not isinstance(value, Variable) or not isinstance(effect.target, Averages) or not _is_named(member):
                return "the name of an averaged variable cannot be told"
            assert member is not None
            found[id(value)] = Kept(str(member.name), value, effect.target)
    return _unambiguous(list(found.values()))


def restored(given: Restored) -> tuple[list[Variable], list[Kept]] | str:
    """The variables that are restored by their own names, and those that are restored from averages."""
    if not all(isinstance(m.value, Variable) and _is_named(m) and m.collections is not None for m in given.members):
        return "which variables a Saver keeps cannot be seen"
    averaged = [m for m in given.members if m.collections and "trainable_variables" in m.collections]
    others = [m.value for m in given.members if m not in averaged and isinstance(m.value, Variable)]
    kept = _unambiguous([Kept(str(m.name), m.value) for m in averaged if isinstance(m.value, Variable)])
    return kept if isinstance(kept, str) else (others, kept)


def _unambiguous(kept: list[Kept]) -> list[Kept] | str:
    twice = len({k.name for k in kept}) < len(kept)
    return "two averaged variables have one name" if twice else kept


def _is_named(member: Member | None) -> bool:
    return member is not None and member.once and member.name is not None


def check(interpreter: Interpreter, plan: Plan) -> None:
    """The averages are there once what moves them has been traced, which must be before they are saved.

    Raises `Refused`.
    """
    moving = [variable_lists.defined(planned) for planned in averages.moving(plan)]
    for saver in {id(u.saver): u.saver for u in interpreter.uses.values()}.values():
        if any(kept.of is not None for kept in saver.averages) and not any(at < saver.order for at in moving):
            message = "averages are saved by a Saver that is made before the function that moves them"
            raise Refused("TFM911", saver.node, message, "Make the Saver later.")


def checkpoint_text(expressions: Expressions, saver: Saver, entries: list[str], indent: str) -> str:
    """A checkpoint of other things and of averages, one to a line; the lines are indented as the one it begins on."""
    items = [f'"{kept.name}": {_text(expressions, saver.node, kept)}' for kept in saver.averages]
    kept = f"{KEY}={{{', '.join(items)}}}"
    short = f"{expressions.tf}.train.Checkpoint({', '.join([*entries, kept])})"
    if len(indent) + len(short) < _WIDE:
        return short
    kept = spread(f"{KEY}={{", items, "}", f"{indent}    ")
    return spread(f"{expressions.tf}.train.Checkpoint(", [*entries, kept], ")", indent)


def _text(expressions: Expressions, node: ast.Call, kept: Kept) -> str:
    variable = expressions.path(node, kept.variable)
    if kept.of is None:
        return variable
    name = expressions.made_name(kept.of)
    if name is None:
        raise Refused("TFM911", node, "moving averages that a Saver keeps have no name of their own here", _ADVICE)
    return f"{name}.average({variable})"
