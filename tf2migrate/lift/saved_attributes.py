"""What a Saver keeps that is in an object: its attributes, by the name that the object has where the Saver is made.

What a method has under a name of its own, and what is made inside a tensor's expression, becomes an attribute for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tf2migrate.lift import own_graphs, parts, shared_parts, visibility
from tf2migrate.lift.loops import carried
from tf2migrate.lift.trace import Definition, Frame, exclusive
from tf2migrate.lift.values import Layer, Optimizer, Structure, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.loops import Loop
    from tf2migrate.lift.planned import Plan
    from tf2migrate.lift.savers import Saver
    from tf2migrate.lift.scopes import Member

Thing = Variable | Layer | Optimizer


def name(interpreter: Interpreter, plan: Plan) -> None:
    """Has what savers keep of objects as attributes of those."""
    from tf2migrate.lift.savers import Saver

    for made in [value for value in interpreter.rewrites.values() if isinstance(value, Saver)]:
        kept: list[Thing] = [*made.variables, *made.layers, *(o for each in made.optimizers for o in each.made)]
        for optimizer in made.optimizers:
            if len(optimizer.made) > 1:
                _promote_alike(interpreter, plan, made, optimizer)
        for value in kept:
            home = _home(interpreter, value)
            if home is None or home is made.frame or _owner(interpreter, made, home, value) is None:
                continue
            loop = loop_of(interpreter, value)
            if loop is not None:
                plan.kept_loops.add(loop)
                continue
            definition, attributes = _local(interpreter, value), _attributes(interpreter, value)
            if attributes:
                for attribute in attributes:
                    visibility.keep_attribute(interpreter, attribute, plan)
            elif definition is None:
                plan.kept_things.add(id(value))
            else:
                mixed = any(definition.site in s and len(s) > 1 for s in interpreter.resolved.values())
                if not mixed and isinstance(definition.statement.node, ast.Assign):
                    if not plan.renamed.get(definition.site, "").startswith("self."):
                        plan.renamed.pop(definition.site, None)  # which was a name of the method's own
                    visibility.promote(interpreter, definition, home, plan)


def _promote_alike(interpreter: Interpreter, plan: Plan, made: Saver, either: Optimizer) -> None:
    """One name that the branches of a method give to their optimizers becomes an attribute, in all of them."""
    first = either.made[0]
    home, definitions = _home(interpreter, first), [_local(interpreter, one) for one in either.made]
    known = [d for d in definitions if d is not None and isinstance(d.statement.node, ast.Assign)]
    instance = visibility.owner(home) if home is not None else None
    if home is None or home is made.frame or instance is None or len(known) < len(definitions):
        return
    sites = {d.site for d in known}
    apart = any(read & sites and not read <= sites for read in interpreter.resolved.values())
    if apart or len({(d.name, d.statement.frame) for d in known}) > 1 or sites & plan.renamed.keys():
        return
    attribute = f"self.{visibility.free_attribute(interpreter, instance, plan, known[0].name)}"
    plan.renamed.update(dict.fromkeys(sites, attribute))


def text(expressions: Expressions, made: Saver, value: Thing) -> tuple[str, str] | None:
    """How a thing of an object is named where a Saver is made, and by which key it is kept; None for any other."""
    if isinstance(value, Optimizer) and len(value.made) > 1:  # all of them by one name
        texts = {text(expressions, made, one) for one in value.made}
        return texts.pop() if len(texts) == 1 else None
    interpreter = expressions.interpreter
    home = _home(interpreter, value)
    owner = _owner(interpreter, made, home, value) if home is not None else None
    loop = loop_of(interpreter, value)
    if loop is not None:
        return _list(expressions, loop, value, owner)
    if home is not None and home is made.frame and _local(interpreter, value) is None:
        owner = "self" if visibility.owner(home) is not None else None
    if home is None or owner is None:
        return None
    hoisted = expressions.hoisted.get(id(value.node), "")
    attributes = [a for d in _attributes(interpreter, value) if (a := _attribute(expressions, d)) is not None]
    local = _local(interpreter, value)
    renamed = expressions.plan.renamed.get(local.site, "") if local is not None else ""
    named = next((n for n in (hoisted, renamed) if n.startswith("self.")), None)
    found = named.removeprefix("self.") if named is not None else next(iter(attributes), None)
    return None if found is None else (f"{owner}.{found}", found)


def containers(interpreter: Interpreter, made: Saver) -> Iterator[tuple[str, Structure]]:
    """The lists and dicts that objects have as attributes, by what they are called where a Saver is made."""
    for instance in interpreter.instances.values():
        if visibility.owner(made.frame) is instance:
            owner: str | None = "self"
        else:
            owner = _name(made.frame, instance) if _is_only(interpreter, instance, made.frame) else None
        for attribute, definitions in instance.attributes.items():
            held = definitions[0].value
            if owner is not None and len(definitions) == 1 and isinstance(held, Structure) and held.rest is None:
                yield f"{owner}.{attribute}", held


def loop_of(interpreter: Interpreter, value: Value) -> Loop | None:
    """The loop that makes a thing at each turn and carries it over in a list; None where there is none."""
    for loop in interpreter.loops.values():
        if any(m.value is value for m in loop.made) or carried(interpreter.frames, loop, value):
            return loop
    return None


def keep_loops(interpreter: Interpreter, plan: Plan, frame: Frame, members: Sequence[Member]) -> None:
    """What loops of one method make is kept in attributes where another method asks for it."""
    asking = visibility.owner(frame)
    for member in members:
        root = member.value
        while (held := parts.holder_of(interpreter, root)) is not None:
            root = interpreter.objects[id(held[1].node)]
        loop = loop_of(interpreter, root)
        home = loop.late[0].frame if loop is not None else frame
        if loop is not None and not visibility.sees(frame, home) and visibility.owner(home) is asking is not None:
            plan.kept_loops.add(loop)


def _list(expressions: Expressions, loop: Loop, value: Thing, owner: str | None) -> tuple[str, str] | None:
    """The list of the things that a loop makes, and the key that it is kept by."""
    name = carried(expressions.interpreter.frames, loop, value) or expressions.hoisted.get(id(value.node), "")
    held = loop.lists.get(name)
    if held is None:
        return None
    bare = held.removeprefix("self.")
    return (f"{owner}.{bare}" if owner is not None and held != bare else held), bare


def _attribute(expressions: Expressions, definition: Definition) -> str | None:
    """The attribute that a definition sets, if nothing sets it anew afterwards."""
    assert definition.owner is not None
    renamed = expressions.plan.renamed.get(definition.site)
    if renamed is not None:
        return renamed.removeprefix("self.")
    every = definition.owner.attributes.get(definition.attribute, ())  # type: ignore[attr-defined]
    here = definition.statement
    later = [d for d in every if d.value is not definition.value and d.statement.order >= here.order]
    return definition.attribute if all(exclusive(d.statement, here) for d in later) else None


def _home(interpreter: Interpreter, value: Thing) -> Frame | None:
    """The function of a unit in which something is made."""
    for frame in interpreter.frames:
        for statement in frame.statements:
            if any(m.value is value for m in statement.made):
                return frame
            if any(d.value is value for d in statement.writes) and isinstance(value, Optimizer):
                return frame
    return None


def _first(interpreter: Interpreter, made: Saver, instance: Instance, value: Thing) -> str | None:
    """The object that made what objects of one class share, where a Saver sees it; it alone is trained with slots."""
    if not isinstance(value, Optimizer) and not shared_parts.is_shared(interpreter, instance, value):
        return None
    name = interpreter.sharing.first.get(instance)
    return name if name is not None and [d.value for d in made.frame.lookup(name)] == [instance] else None


def _owner(interpreter: Interpreter, made: Saver, home: Frame, value: Thing) -> str | None:
    """How the object in a function of which something is made is named at a Saver; None where it is not."""
    instance, here = visibility.owner(home), made.frame
    if instance is None or visibility.sees(here, home):
        return None
    if visibility.owner(here) is instance:
        return "self"
    if _is_only(interpreter, instance, here):
        return _name(here, instance)
    if (first := _first(interpreter, made, instance, value)) is not None:
        return first
    before = own_graphs.made_before(interpreter, instance, made.graph, made.node)
    return ast.unparse(before.targets[0]) if before is not None else None


def _is_only(interpreter: Interpreter, instance: Instance, here: Frame) -> bool:
    """Whether there is no second object of a class in a graph that a Saver keeps.

    A function that makes both the object and the Saver does so anew at each call.
    """
    constructor = instance.of.methods.get("__init__")
    calls = [call for call, _ in interpreter.given.get(constructor, [])] if constructor is not None else []
    if visibility.is_one_of_a_run(interpreter, instance):
        return True
    repeats = [n for n in ast.walk(here.node) if isinstance(n, ast.For | ast.While | ast.ListComp | ast.DictComp)]
    inside = [c for n in repeats for c in ast.walk(n)]
    return len(calls) == 1 and interpreter.called_from[id(calls[0])][0] is here and calls[0] not in inside


def _name(frame: Frame, instance: Instance) -> str | None:
    around: Frame | None = frame
    while around is not None:
        for known, definitions in around.env.items():
            if [d.value for d in definitions] == [instance]:
                return known
        around = around.parent
    held = visibility.owner(frame)
    attributes = held.attributes.items() if held is not None else ()
    return next((f"self.{known}" for known, ds in attributes if [d.value for d in ds] == [instance]), None)


def _written(interpreter: Interpreter, value: Thing) -> list[Definition]:
    return [d for f in interpreter.frames for s in f.statements for d in s.writes if d.value is value]


def _attributes(interpreter: Interpreter, value: Thing) -> list[Definition]:
    return [d for d in _written(interpreter, value) if d.owner is not None]


def _local(interpreter: Interpreter, value: Thing) -> Definition | None:
    """The name that a thing has in a method, where it has but one."""
    found = [d for d in _written(interpreter, value) if d.owner is None]
    return found[0] if len(found) == 1 else None
