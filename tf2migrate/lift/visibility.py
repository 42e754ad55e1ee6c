"""What a function may name from where it stands: the names of its own frame and of those around it, and attributes.

A function written in one method and called in another is kept as an attribute of the instance.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.cells import Cell, Stacked, Unrolling, Wrapped
from tf2migrate.lift.classes import Instance
from tf2migrate.lift.trace import Definition, Frame, Run, exclusive
from tf2migrate.lift.trace import sees as sees
from tf2migrate.lift.values import Placeholder, Refused, Structure, Time, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan, Planned

_ADVICE = "Keep it as an attribute, or build and run this part of the graph in one function."

_REPEATS = (
    *(ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda),
)


def owner(frame: Frame) -> Instance | None:
    """The instance whose method a frame is."""
    definitions = frame.env.get("self", ())
    value = definitions[0].value if definitions else None
    return value if isinstance(value, Instance) and isinstance(frame.node, ast.FunctionDef) else None


def item_text(interpreter: Interpreter, value: Value) -> str | None:
    """How the module's functions read a variable that is in a list or dict of the module's, which is bound once."""
    written = [d for frame in interpreter.frames for s in frame.statements for d in s.writes]
    for definition in written:
        held = definition.value
        if not isinstance(held, Structure) or held.rest is not None or definition.statement.frame.parent is not None:
            continue
        if held.kind not in ("dict", "list", "tuple") or sum(d.name == definition.name for d in written) > 1:
            continue
        for key, item, _ in held.items:
            if item is value and isinstance(key, str | int):
                return f"{definition.name}[{key}]" if isinstance(key, int) else f'{definition.name}["{key}"]'
    return None


def is_single(interpreter: Interpreter, instance: Instance) -> bool:
    """Whether a program makes one object of a class, and no more."""
    constructor = instance.of.methods.get("__init__")
    calls = interpreter.given.get(constructor, []) if constructor is not None else []
    return len(calls) == 1 and _once(interpreter, calls[0][0])


def _once(interpreter: Interpreter, call: ast.AST) -> bool:
    """Whether a call happens once: in no loop, and in a function that is called once, if in one."""
    for node in _around(interpreter, call):
        if not isinstance(node, ast.FunctionDef):
            return False
        calls = _calls(interpreter, node)
        if len(calls) != 1 or not _once(interpreter, calls[0]):
            return False
    return True


def _around(interpreter: Interpreter, call: ast.AST) -> list[ast.AST]:
    """What is around a call and may happen several times, from the outside."""
    found: list[ast.AST] = []
    above = interpreter.program.parents.get(id(call))
    while above is not None:
        if isinstance(above, _REPEATS):
            found.insert(0, above)
        above = interpreter.program.parents.get(id(above))
    return found


def _calls(interpreter: Interpreter, function: ast.FunctionDef) -> list[ast.Call]:
    """The calls of a function, as often as they were followed."""
    given = [call for call, _ in interpreter.given.get(function, [])]
    return given or list(interpreter.helper_calls.get(function, {}).values())


def is_one_of_a_run(interpreter: Interpreter, instance: Instance) -> bool:
    """Whether no run of a program makes a second object of a class.

    Functions that nothing calls are taken to be other ways to run it: a test beside a model, say. So are the branches
    of one `if`, such as training and playing.
    """
    constructor = instance.of.methods.get("__init__")
    calls = interpreter.given.get(constructor, []) if constructor is not None else []
    ways = [_way(interpreter, call) for call, _ in calls]
    known = [way for way in ways if way is not None]
    every = all(_are_apart(interpreter, one, other) for one, other in combinations(known, 2))
    return len(known) == len(ways) and every


def are_apart(interpreter: Interpreter, one: ast.AST, other: ast.AST) -> bool:
    """Whether no run of a program comes to both of two places: they stand, or are called, in branches of one `if`."""
    first, second = _way(interpreter, one), _way(interpreter, other)
    if first is None or second is None or first.start != second.start:
        return False
    return _are_apart(interpreter, first, second)


@dataclass(frozen=True)
class _Way:
    """What leads to a call: the module (0), or a function that nothing calls, and the calls on the way."""

    start: int
    calls: tuple[ast.AST, ...]


def _way(interpreter: Interpreter, call: ast.AST) -> _Way | None:
    """The way to a call; None where it may happen several times."""
    start, through = 0, [call]
    for node in _around(interpreter, call):
        calls = _calls(interpreter, node) if isinstance(node, ast.FunctionDef) else None
        if calls is None or len(calls) > 1:
            return None
        found = _way(interpreter, calls[0]) if calls else _Way(id(node), ())
        if found is None:
            return None
        start = found.start or start
        through += found.calls
    return _Way(start, tuple(through))


def _are_apart(interpreter: Interpreter, one: _Way, other: _Way) -> bool:
    """Whether no run goes two ways: they start at different places, or go through different branches of one `if`."""
    if one.start != other.start:
        return True
    first = [branch for call in one.calls for branch in _branches(interpreter, call)]
    second = [branch for call in other.calls for branch in _branches(interpreter, call)]
    return any(a[0] is b[0] and a[1] != b[1] for a in first for b in second)


def _branches(interpreter: Interpreter, call: ast.AST) -> Iterator[tuple[ast.If, bool]]:
    """Each `if` around a call in its function, and whether it stands in the first of the branches."""
    inner, above = call, interpreter.program.parents.get(id(call))
    while above is not None and not isinstance(above, _REPEATS):
        if isinstance(above, ast.If) and inner is not above.test:
            yield above, any(inner is statement for statement in above.body)
        inner, above = above, interpreter.program.parents.get(id(above))


def name_attributes(interpreter: Interpreter, plan: Plan) -> None:
    """Inside functions an attribute is a plain name; one that stands for something else already becomes another."""
    statements = [s for frame in interpreter.frames for s in frame.statements]
    written = [d for s in statements for d in s.writes]
    taken: dict[str, Value] = {}
    helpers = [(held, _bound(function)) for function, held in interpreter.extra.items() if held]
    for definition in written:
        if definition.owner is None and (definition.staged or isinstance(definition.value, Placeholder)):
            taken.setdefault(definition.name, definition.value)
    for definition in written:
        if definition.owner is None or not (definition.staged or isinstance(definition.value, Placeholder)):
            continue
        if _augments(definition):
            before = [d for d in written[: written.index(definition)] if d.attribute == definition.attribute]
            definition.name = before[-1].name if before else definition.name
            continue
        bare = definition.name.lstrip("_")
        if bare.isidentifier() and not keyword.iskeyword(bare) and bare not in dir(builtins):
            definition.name = bare  # tf.function calls a parameter by another name where it begins with an underscore
        local = any(definition.name in names for held, names in helpers if definition in held)
        if local or taken.setdefault(definition.name, definition.value) is not definition.value:
            definition.name = plan.fresh(definition.name)


def _augments(definition: Definition) -> bool:
    """Whether an attribute is computed from what it was, be it in a loop."""
    augmented = (n.target for n in ast.walk(definition.statement.node) if isinstance(n, ast.AugAssign))
    return any(isinstance(target, ast.Attribute) and target.attr == definition.attribute for target in augmented)


def _bound(function: ast.AST) -> set[str]:
    """The names that a function binds, as parameters or in its body."""
    nodes = list(ast.walk(function))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {n.arg for n in nodes if isinstance(n, ast.arg)}


def check(interpreter: Interpreter, planned: Planned, plan: Plan) -> None:
    """All that a function reads is visible where it stands, or becomes an attribute. Raises `Refused`."""
    frame = planned.frame
    assert frame is not None
    _check_locals(planned)
    _check_bases(interpreter, planned, frame)
    _check_owners(planned, frame)
    parameters = {plan.parameter_names[v]: v for v in planned.slice.parameters}
    for definition in sorted(planned.slice.closed, key=lambda d: d.statement.order):
        if definition.owner is not None or _only_unrolled(interpreter, planned, definition):
            continue
        if not sees(frame, definition.statement.frame):
            promote(interpreter, definition, frame, plan)
            continue
        name = plan.renamed.get(definition.site, definition.name)
        if name in parameters and definition.value is not parameters[name]:
            raise _refused(definition, "is also the name of what a run is fed")
    for value in planned.slice.parameters:
        if isinstance(value, Placeholder) and not value.untyped:
            spec(plan, planned, value)


def _only_unrolled(interpreter: Interpreter, planned: Planned, definition: Definition) -> bool:
    """Whether a function has a cell in nothing but the layer that unrolls it, which is made where the cell is."""
    if not isinstance(definition.value, Cell | Wrapped | Stacked):
        return False
    reading = [s for s in planned.slice.statements if definition in s.reads]
    unrolled = [set(map(id, v.cells)) for v in interpreter.rewrites.values() if isinstance(v, Unrolling)]
    inside = {cell for cells in unrolled for cell in cells}
    named = [n for s in reading for n in ast.walk(s.node) if definition.site in interpreter.resolved.get(id(n), ())]
    return bool(named) and all(id(n) in inside for n in named)


def _check_locals(planned: Planned) -> None:
    """Where two methods have a name for two things, the function must be done with one before it has the other."""
    bound: dict[str, Definition] = {}
    frames: dict[str, set[Frame]] = {}
    for statement in planned.slice.statements:
        for definition in statement.reads:
            last = bound.get(definition.name)
            other = last is not None and last.statement.frame is not definition.statement.frame
            if other and definition.statement in planned.slice.statements:
                raise _refused(definition, "is the name of two things in two functions that one run needs")
        for definition in statement.writes:
            if definition.owner is None and statement.frame.unit:
                bound[definition.name] = definition
                frames.setdefault(definition.name, set()).add(statement.frame)
    for leaf in planned.slice.leaves:
        for definition in leaf.reads:
            if leaf.named and len(frames.get(definition.name, ())) > 1 and bound[definition.name] is not definition:
                raise _refused(definition, "is the name of two things in two functions that one run needs")


def _check_bases(interpreter: Interpreter, planned: Planned, frame: Frame) -> None:
    """What `super()` is depends on the class that it stands in. Raises `Refused`."""
    home = _class_of(interpreter, frame)
    for statement in planned.slice.statements:
        if statement.frame is frame or _class_of(interpreter, statement.frame) is home:
            continue
        for call in (n for n in walk(statement.node) if isinstance(n, ast.Call) and not n.args):
            if isinstance(call.func, ast.Name) and call.func.id == "super":
                what = "super() stands in another class than the one where the run's function would stand"
                raise Refused("TFM902", call, what, "Name the class: `super(Model, self)`.")


def _class_of(interpreter: Interpreter, frame: Frame) -> ast.AST | None:
    """The class in a method of which something stands."""
    above = interpreter.program.parents.get(id(frame.node))
    while above is not None and not isinstance(above, ast.ClassDef):
        above = interpreter.program.parents.get(id(above))
    return above


def _check_owners(planned: Planned, frame: Frame) -> None:
    """What one object's graph reads of the object is not to be had in a function of another one's. Raises `Refused`."""
    for statement in planned.slice.statements:
        if owner(statement.frame) in (None, owner(frame)):
            continue
        for definition in statement.reads:
            if definition.owner is not None and not definition.staged:
                what = "belongs to another object than the one where the run's function would stand"
                raise _refused(definition, what)


def promote(interpreter: Interpreter, definition: Definition, frame: Frame, plan: Plan) -> None:
    """A name of one method that a function in another reads becomes an attribute of the instance. Raises `Refused`."""
    instance = owner(frame)
    mixed = any(definition.site in sites and len(sites) > 1 for sites in interpreter.resolved.values())
    method = definition.statement.frame.node
    given = isinstance(definition.statement.node, ast.Pass) and isinstance(method, ast.FunctionDef)  # a parameter
    assigned = given or isinstance(definition.statement.node, ast.Assign)
    if instance is None or owner(definition.statement.frame) is not instance or mixed or not assigned:
        raise _refused(definition, "belongs to another function than the one where the run's function would stand")
    if definition.site not in plan.renamed:
        attribute = f"self.{free_attribute(interpreter, instance, plan, definition.name)}"
        plan.renamed[definition.site] = attribute
        if isinstance(method, ast.FunctionDef) and given:
            plan.kept.setdefault(method, []).append(f"{attribute} = {definition.name}")


def keep_attribute(interpreter: Interpreter, definition: Definition, plan: Plan) -> None:
    """An attribute that is set anew while the graph is built has another name until then. Raises `Refused`."""
    instance, name = definition.owner, definition.attribute
    if not isinstance(instance, Instance) or name is None or definition.site in plan.renamed:
        return
    frame, order = definition.statement.frame, definition.statement.order
    every = [d for d in instance.attributes.get(name, ()) if d.value is not definition.value]
    later = [d for d in every if d.statement.order > order and not exclusive(definition.statement, d.statement)]
    if not any(d.statement.frame is frame or definition.value.time == Time.MADE for d in later):
        return
    mixed = any(definition in known and len(known) > 1 for known in interpreter.attributes.values())
    if mixed or not isinstance(definition.statement.node, ast.Assign):
        what = f"{name} is read while the graph is built, and is another value by the time of the run"
        raise Refused("TFM903", definition.statement.node, what, "Give the second value a name of its own.")
    plan.renamed[definition.site] = f"self.{free_attribute(interpreter, instance, plan, f'{name}_before')}"


def free_attribute(interpreter: Interpreter, instance: Instance, plan: Plan, wanted: str) -> str:
    """A name for a new attribute of an instance."""
    taken = {n.attr for n in interpreter.program.each(ast.Attribute)} | set(instance.of.methods)
    name = wanted if wanted not in taken | plan.attributes else plan.fresh(wanted)
    plan.attributes.add(name)
    return name


def _refused(definition: Definition, what: str) -> Refused:
    return Refused("TFM902", definition.statement.node, f"{definition.name} {what}", _ADVICE)


def spec(plan: Plan, planned: Planned, value: Value) -> str:
    """The name of a placeholder's specification where a function stands. Raises `Refused`."""
    assert planned.frame is not None
    for definition in plan.bindings[value]:
        if definition.owner in planned.bases:
            return f"{planned.bases[definition.owner]}.{definition.attribute}"
    return named(plan, planned.frame, value)


def named(plan: Plan, frame: Frame, value: Value) -> str:
    """The name of a placeholder's specification in a frame. Raises `Refused`."""
    names = plan.bindings[value]
    given: Frame | None = frame
    while given is not None and not isinstance(given.node, ast.Module):
        for name, definitions in given.env.items():
            if [d.value for d in definitions] == [value] and isinstance(definitions[0].statement.node, ast.Pass):
                return name
        given = given.parent
    for definition in names:
        if definition.owner is None and sees(frame, definition.statement.frame):
            return definition.name
    for definition in names:
        if definition.owner is not None and definition.owner is owner(frame):
            return f"self.{definition.attribute}"
    around: Frame | None = frame
    while around is not None:  # by a name that the object has here
        for definition in names:
            instance = definition.owner
            known = [n for n, ds in around.env.items() if instance and [d.value for d in ds] == [instance]]
            if known:
                return f"{known[0]}.{definition.attribute}"
        around = around.parent
    raise Refused(
        "TFM902",
        names[0].statement.node,
        f"{names[0].name} belongs to another function than the one where the run's function would stand",
        _ADVICE,
    )


def seen_from(interpreter: Interpreter, plan: Plan, planned: Planned, run: Run, value: Value) -> str:
    """The name of a placeholder where a run stands that calls a function with it. Raises `Refused`."""
    for definition in plan.bindings[value]:
        if definition.owner is None and sees(run.frame, definition.statement.frame):
            return definition.name
        if definition.owner is not None and definition.owner is owner(run.frame):
            return f"self.{definition.attribute}"
        called = callee(interpreter, planned, run)
        if definition.owner is not None and "." in called:
            return f"{called.rsplit('.', 1)[0]}.{definition.attribute}"
    raise Refused("TFM905", run.node, f"the run needs {plan.parameter_names[value]}, which it is not fed", _ADVICE)


def callee(interpreter: Interpreter, planned: Planned, run: Run) -> str:
    """How a run's function is named where the run stands: its own name, or an attribute of the instance it belongs to.

    Raises `Refused`.
    """
    assert planned.frame is not None
    if sees(run.frame, planned.frame):
        return planned.name
    instance = owner(planned.frame)
    if instance is not None and owner(run.frame) is instance:
        return f"self.{planned.name}"
    for node in ast.walk(run.node):
        definitions = interpreter.attributes.get(id(node), ())
        if isinstance(node, ast.Attribute) and any(d.owner is instance for d in definitions):
            return f"{ast.unparse(node.value)}.{planned.name}"
    for name, known in run.env.items():
        if instance is not None and [d.value for d in known] == [instance] and is_single(interpreter, instance):
            return f"{name}.{planned.name}"
    raise Refused(
        "TFM902",
        run.node,
        "this run needs a part of the graph that is built in another function",
        "Build and run the graph in one function, or keep the tensors as attributes of an object.",
    )
