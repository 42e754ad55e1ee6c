"""Tensors that are fed though they are no placeholders: the run's function is given them, and does not compute them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import parts
from tf2migrate.lift.asked_variables import asked, members
from tf2migrate.lift.cells import ZeroState
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.dtypes import Dtypes
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Definition, Feed, Run, Statement, loops_in, sees
from tf2migrate.lift.values import Effect, Layer, Placeholder, Refused, Tensor, Time, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

_ADVICE = "Make the fed tensor a tf.placeholder_with_default, so that its dtype and shape are known."


def is_fed_tensor(value: Value) -> bool:
    """Whether a parameter of a function is a tensor that the graph could compute itself."""
    return not isinstance(value, Placeholder | Element)


def constants(interpreter: Interpreter) -> frozenset[int]:
    """The expressions of constants and variables that runs are fed others in place of."""
    variables = {id(f.key.node) for run in interpreter.runs.values() for f in run.feeds if isinstance(f.key, Variable)}
    fed = {feed.key for run in interpreter.runs.values() for feed in run.feeds if isinstance(feed.key, Tensor)}
    written = [d for f in interpreter.frames for s in f.statements for d in s.writes if d.value in fed]
    found = [d.statement.node for d in written if d.value.time < Time.STAGED]
    return frozenset(id(node.value) for node in found if isinstance(node, ast.Assign)) | variables


def name(interpreter: Interpreter, plan: Plan, statements: list[Statement]) -> None:
    """The names of all fed tensors, by which functions are given them. Raises `Refused` where one has none."""
    written: dict[Value, list[Definition]] = {}
    for definition in [d for s in statements for d in s.writes]:
        written.setdefault(definition.value, []).append(definition)
    for run in interpreter.runs.values():
        for feed in run.feeds:
            if is_fed_tensor(feed.key) and feed.key not in plan.bindings:
                known = written.get(feed.key, [])
                _check_known(feed, known)
                plan.bindings[feed.key] = known
                plan.parameter_names.setdefault(feed.key, known[0].name)


def _check_known(feed: Feed, known: list[Definition]) -> None:
    """A fed tensor is what one statement binds, under one name or several that mean the same."""
    if not known or any(loops_in(d.statement.blocks) for d in known) or feed.optional:
        raise Refused("TFM905", feed.node, "which tensor is fed cannot be told", _ADVICE)
    for definition in known:
        node = definition.statement.node
        alias = definition is not known[0] and isinstance(node, ast.Assign)
        alias = alias and isinstance(node.value, ast.Name | ast.Attribute)  # type: ignore[union-attr]
        plain = isinstance(node, ast.Assign) and len(node.targets) == 1
        tuples = plain and isinstance(node.targets[0], ast.Tuple | ast.List)  # type: ignore[union-attr]
        if not (alias or (plain and definition is known[0] and not tuples)) and not isinstance(node, ast.Pass):
            raise Refused("TFM905", feed.node, "a tensor is fed that is made together with others", _ADVICE)
    if any(d.owner is not None and not d.staged for d in known):
        raise Refused("TFM905", feed.node, "an attribute is fed that is a constant or a variable", _ADVICE)


def check(interpreter: Interpreter, run: Run, found: Slice, plan: Plan) -> None:
    """The tensor that is fed is all that its name means in the function, and no gradient goes behind it.

    In TensorFlow 1 gradients do go behind it, through values that were computed beside the fed one. Raises `Refused`.
    """
    fed = {feed.key for feed in run.feeds if is_fed_tensor(feed.key)}
    for leaf in run.fetches.leaves():
        if leaf.value in fed:
            raise Refused("TFM906", leaf.node, "a run fetches the tensor that it is fed", "Use what is fed.")
    given = [v for v in found.parameters if is_fed_tensor(v)]
    if not given:
        return
    if any(isinstance(v, ZeroState) for v in found.parameters):
        raise Refused("TFM905", run.node, "a tensor is fed beside the state of a cell", _ADVICE)
    names = {plan.parameter_names[v]: v for v in given}
    for definition in [d for s in found.statements for d in [*s.writes, *s.reads]]:
        if definition.name in names and definition.value is not names[definition.name]:
            message = f"{definition.name} is fed, and is the name of something else too"
            raise Refused("TFM905", run.node, message, "Give the two things two names.")
    effects = [e for s in found.statements for e in s.effects if isinstance(e, Effect)]
    for value in given:
        if any(e.target is value for e in effects):
            raise Refused("TFM905", run.node, "a variable is fed to a run that changes it", "Assign it before.")
        upstream = _behind(plan.bindings[value])
        if any(
            e.kind in ("minimize", "compute_gradients", "gradients") and _reaches(interpreter, e, upstream, value)
            for e in effects
        ):
            message = "a tensor is fed to a run that takes gradients of what it is made of"
            raise Refused("TFM905", run.node, message, "Feed a placeholder, and compute the tensor by another run.")


def _behind(known: list[Definition]) -> set[Definition]:
    """All that a tensor is computed from."""
    seen: set[Definition] = set()
    todo = list(known)
    while todo:
        definition = todo.pop()
        if definition not in seen and not _is_zeros(definition.statement):
            seen.add(definition)
            todo += definition.statement.reads
    return seen


def _is_zeros(statement: Statement) -> bool:
    """Whether a statement makes a cell's state of zeros, which depends on none of the cell's variables."""
    made = statement.node.value if isinstance(statement.node, ast.Assign) else None
    return isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "zero_state"


def _reaches(interpreter: Interpreter, effect: Effect, upstream: set[Definition], value: Value) -> bool:
    """Whether a gradient is asked for by what is behind a fed tensor."""
    held = [m.value for d in upstream for m in d.statement.made] + [v for d in upstream for v in d.statement.shared]
    held += [d.value for d in upstream if d.value is not value]
    behind = {id(v) for v in held}
    objects = [node for node, thing in interpreter.objects.items() if id(thing) in behind]
    for part in interpreter.parts.values():
        for made in part.objects:
            if id(made.node) in objects:
                behind |= {id(thing) for thing in parts.things(interpreter, made.node)}
    listed = asked(effect)
    if listed is None:
        return any(isinstance(leaf, Variable | Layer) for v in held for leaf in leaves(v))
    told = members(listed)
    return not told or any(id(member) in behind for member in told)


def converted(expressions: Expressions, run: Run, feed: Feed, text: str) -> str:
    """What is fed for a tensor, as a tensor of the same type. Raises `Refused` where that cannot be told."""
    tf, value = expressions.tf, feed.key
    for definition in expressions.plan.bindings[value]:
        there = sees(run.frame, definition.statement.frame) and not definition.staged
        if there and {d.site for d in run.env.get(definition.name, ())} == {definition.site}:
            return f"{tf}.convert_to_tensor({text}, {definition.name}.dtype)"
    node = expressions.plan.bindings[value][0].statement.node
    dtype = Dtypes(expressions.interpreter).of(node.value) if isinstance(node, ast.Assign) else None
    if dtype is None:
        raise Refused("TFM905", feed.node, "a tensor is fed whose type cannot be told", _ADVICE)
    return f"{tf}.convert_to_tensor({text}, {tf}.{dtype})"
