"""Runs outside of an object that need the graph which the object built: a function of the object computes that part.

The loss of a model is made in its constructor, the training step by the function that trains it: the step then calls
the model's own function for the loss.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import visibility
from tf2migrate.lift.planned import Plan, Planned, Shared
from tf2migrate.lift.slices import Slice, kind_of
from tf2migrate.lift.trace import Definition, Fetch, Frame, Run, Statement, sees
from tf2migrate.lift.values import Effect, Placeholder, Refused, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter

_ADVICE = "Build this part of the graph in the object as well, or all of it outside."


def check(interpreter: Interpreter, plan: Plan, planned: Planned, run: Run) -> None:
    """What a function reads is visible where it stands, or is computed by functions of the objects that it belongs to.

    Raises `Refused`.
    """
    frame = planned.frame
    assert frame is not None
    for instance in _foreign(planned, frame):
        _pass(interpreter, plan, planned, run, instance)
    passed = {s for part in planned.passed for s in part.statements}
    whole = planned.slice
    planned.slice = _without(whole, passed)
    visibility.check(interpreter, planned, plan)
    planned.slice = whole


def _foreign(planned: Planned, frame: Frame) -> list[Instance]:
    """The objects whose graph a function needs and cannot compute from where it stands."""
    found: dict[Instance, None] = {}
    for statement in planned.slice.statements:
        instance = visibility.owner(statement.frame)
        if instance is None or instance is visibility.owner(frame):
            continue
        hidden = [d for d in statement.reads if not d.staged and not isinstance(d.value, Placeholder)]
        if statement.made or any(d.owner is not None or not sees(frame, d.statement.frame) for d in hidden):
            found.setdefault(instance)
    return list(found)


def _without(whole: Slice, passed: set[Statement]) -> Slice:
    """A slice without the statements that other functions compute."""
    if not passed:
        return whole
    kept = [s for s in whole.statements if s not in passed]
    read = {d for s in kept for d in s.reads} | {d for leaf in whole.leaves for d in leaf.reads}
    return Slice(whole.leaves, kept, whole.parameters, whole.closed & read, whole.entered, whole.besides)


def _pass(interpreter: Interpreter, plan: Plan, planned: Planned, run: Run, instance: Instance) -> None:
    """Have an object's part of a slice computed by a function of the object. Raises `Refused`."""
    whole = planned.slice
    inside = [s for s in whole.statements if visibility.owner(s.frame) is instance]
    outside = [s for s in whole.statements if s not in inside]
    wanted = {d: None for s in outside for d in s.reads if d.statement in inside}
    wanted |= {d: None for leaf in whole.leaves for d in leaf.reads if d.statement in inside}
    results = sorted(wanted, key=_order)
    last = {d.name: d for s in inside for d in s.writes}
    given = {d.value: d for s in inside for d in sorted(s.reads, key=_order) if d.statement in outside}
    acts = [s for s in inside if s.effects or not isinstance(s.node, ast.stmt)]
    targets = {id(leaf) for s in whole.statements for leaf in _targets(s)}
    several = len({d.name for d in given.values()}) < len(given)
    if several or acts or whole.entered or any(last[d.name] is not d for d in results):
        raise _refused(inside[0], instance, "is computed partly in the object and partly outside of it")
    if any(id(leaf) in targets for s in inside for d in s.writes for leaf in leaves(d.value)):
        raise _refused(inside[0], instance, "is differentiated by what it computes on the way")
    base = _base(interpreter, planned, run, instance, outside)
    if base is None:
        raise _refused(inside[0], instance, "has no name where it is needed")
    planned.bases[instance] = base
    key = (*map(id, inside), *map(id, results))
    function = plan.passages.get(key)
    if function is None:
        function = plan.passages[key] = _function(plan, whole, inside, results, given)
        visibility.check(interpreter, function, plan)
        plan.functions.append(function)
    function.runs.append(run)
    arguments = tuple(function.slice.parameters.items())
    planned.passed.append(Shared(f"{base}.{function.name}", tuple(inside), arguments, tuple(results), function))


def join(plan: Plan) -> None:
    """A run that fetches just what an object computes for other functions has the same function as they."""
    for function in list(plan.passages.values()):
        wanted = [leaf.reads for leaf in function.returned]
        for twin in plan.functions:
            same = twin.traced and twin.slice.statements == function.slice.statements and not twin.passed
            named = all(leaf.named and kind_of(leaf) == "tensor" for leaf in twin.returned)
            if same and named and [leaf.reads for leaf in twin.returned] == wanted:
                _replace(plan, function, twin)
                break


def _replace(plan: Plan, function: Planned, twin: Planned) -> None:
    """Have a function called where another one was."""
    plan.functions.remove(function)
    if twin.name.startswith(f"{function.name}_"):
        twin.name = function.name  # which had only become another one's
    twin.runs += function.runs
    for planned in plan.functions:
        for index, part in enumerate(planned.passed):
            if part.planned is function:
                base = part.name.rpartition(".")[0]
                parameters = tuple(twin.slice.parameters.items())
                planned.passed[index] = replace(part, name=f"{base}.{twin.name}", parameters=parameters, planned=twin)


def _targets(statement: Statement) -> list[object]:
    """The tensors that a statement takes gradients with respect to."""
    taken = [e.target for e in statement.effects if isinstance(e, Effect) and e.kind == "gradients"]
    return [leaf for target in taken if target is not None for leaf in leaves(target)]


def _order(definition: Definition) -> int:
    return definition.statement.order


def _function(
    plan: Plan, whole: Slice, inside: list[Statement], results: list[Definition], given: dict[Value, Definition]
) -> Planned:
    """The function of an object for a part of a slice; it stands below the last statement of the part."""
    read = {d for s in inside for d in s.reads}
    parameters = {v: d for v, d in whole.parameters.items() if any(r.value is v for r in read)}
    for value, definition in given.items():
        plan.parameter_names.setdefault(value, definition.name)
    found = Slice((), inside, parameters | given, whole.closed & read)
    last = inside[-1]
    assert isinstance(last.node, ast.stmt)
    name = plan.fresh("compute_" + "_and_".join(d.name for d in results[:3]) + "_and_others" * (len(results) > 3))
    function = Planned(found, name, anchor=last.node, frame=last.frame, traced=False)
    function.returned += [Fetch(_named(d), d.value, frozenset((d,)), d.statement, named=True) for d in results]
    return function


def _named(definition: Definition) -> ast.expr:
    """Where a definition is bound: an expression that reads as its name."""
    for node in walk(definition.statement.node):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store()) if definition.owner and name == definition.attribute:
                return node
            case ast.Name(id=name, ctx=ast.Store()) if not definition.owner and name == definition.name:
                return node
    raise Refused(
        "TFM902",
        definition.statement.node,
        f"{definition.name} is not bound by an assignment, and is needed outside of its object",
        _ADVICE,
    )


def _base(
    interpreter: Interpreter, planned: Planned, run: Run, instance: Instance, outside: list[Statement]
) -> str | None:
    """How an object is named where a function stands; None where that may be another one of its class."""
    frame = planned.frame
    assert frame is not None
    nodes = [*(s.node for s in outside), *(leaf.node for leaf in planned.slice.leaves), run.node]
    said = {
        ast.unparse(node.value)
        for outer in nodes
        for node in walk(outer)
        if isinstance(node, ast.Attribute)
        and any(d.owner is instance for d in interpreter.attributes.get(id(node), ()))
    }
    if not visibility.is_single(interpreter, instance):
        return said.pop() if len(said) == 1 and _means(frame, next(iter(said)), instance) else None
    here: Frame | None = frame
    while here is not None:
        for name, known in here.env.items():
            if [d.value for d in known] == [instance]:
                return name
        here = here.parent
    holder = visibility.owner(frame)
    held = holder.attributes.items() if holder is not None else ()
    return next((f"self.{name}" for name, known in held if [d.value for d in known] == [instance]), None)


def _means(frame: Frame, text: str, instance: Instance) -> bool:
    """Whether a name stands for nothing but an object in a frame."""
    return [d.value for d in frame.lookup(text)] == [instance]


def is_passed(planned: Planned, statement: Statement) -> bool:
    """Whether a function of another object computes a statement for this one."""
    return any(statement in part.statements for part in planned.passed)


def refused_order(part: Shared) -> Refused:
    """What is said where one call cannot stand for all that an object computes for a function."""
    return Refused("TFM902", part.anchor, "the graph of an object is needed before and after another part", _ADVICE)


def _refused(statement: Statement, instance: Instance, what: str) -> Refused:
    return Refused("TFM902", statement.node, f"the graph of {instance.of.node.name} {what}", _ADVICE)
