"""`tf.trainable_variables` and the collection of that name: the variables and layers that were made so far, by name.

A layer has its variables once it has been called, so a list with layers in it is put together inside the functions,
after the layers' calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.facts.tree import walk
from tf2migrate.lift import (
    cell_calls,
    cells,
    keras_layers,
    layers,
    name_patterns,
    name_tests,
    own_graphs,
    own_scopes,
    parts,
    saved_attributes,
    several_members,
    shared_parts,
    slots,
    visibility,
    watched,
)
from tf2migrate.lift.classes import Instance
from tf2migrate.lift.functions import visible
from tf2migrate.lift.homes import homes, homes_of
from tf2migrate.lift.regularization import REGULARIZED
from tf2migrate.lift.render import spread
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement, loops_in
from tf2migrate.lift.values import (
    Effect,
    Held,
    Layer,
    Python,
    Refused,
    Structure,
    Symbol,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan, Planned

#: Whether a variable of a name is asked for; None where that cannot be told.
Asks = Callable[[str], bool | None]

_TRAINING = ("minimize", "compute_gradients", "gradients", "apply_gradients")

_WIDTH = 100  # of a list of variables, in one line


@dataclass(frozen=True, eq=False)
class Collected(Structure):
    """A list of variables, as it was at a point of the program: where it was asked for, and which collection it is."""

    members: tuple[Member, ...] = ()
    collection: str = ""
    statement: Statement | None = None
    hint: str = ""
    asks: Asks | None = None  # which names it was asked for, where not for all
    made: bool = False  # whether it is a list of Python's, although layers have variables in it
    slots: tuple[slots.Slots, ...] = ()  # what optimizers keep and had in it
    loops: tuple[ast.stmt, ...] = ()  # those that it is asked for in


_KEYS = {
    "GLOBAL_VARIABLES": "variables",
    "TRAINABLE_VARIABLES": "trainable_variables",
    "LOCAL_VARIABLES": "local_variables",
    "METRIC_VARIABLES": "metric_variables",
    "UPDATE_OPS": "update_ops",
    "REGULARIZATION_LOSSES": REGULARIZED,
}


def collection_name(value: Value) -> str | None:
    """The name of a collection, where it can be told."""
    if isinstance(value, Symbol) and value.path.startswith("tf.GraphKeys."):
        return _KEYS.get(value.path.removeprefix("tf.GraphKeys."))
    return value.literal if isinstance(value, Python) and isinstance(value.literal, str) else None


#: The attributes of layers that are lists of their variables, and the collections that those are.
OF_LAYERS = {
    "trainable_variables": "trainable_variables",
    "trainable_weights": "trainable_variables",
    "variables": "variables",
    "weights": "variables",
}


def of_layer(interpreter: Interpreter, node: ast.Attribute, layer: Layer) -> Value:
    """The variables of a layer that the program has as an object."""
    member = Member(interpreter.graph, None, layer, True, None)
    return _collected(interpreter, node, [member], OF_LAYERS[node.attr])


def of_all(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.trainable_variables()` and `tf.global_variables()`, of a scope if one is given."""
    name = "trainable_variables" if path == "tf.trainable_variables" else "variables"
    return within(interpreter, node, bind(node, ("scope",)).get("scope"), name, hint)


def prefix_of(interpreter: Interpreter, scope: ast.expr | None) -> str | None:
    """What the names begin with in the scope that a collection is asked for in, if any; None where it is not told."""
    if scope is None:
        return ""
    with interpreter.apart():
        told = interpreter.evaluate(scope)
    if isinstance(told, Python) and told.known and told.literal is None:
        return ""
    return name_tests.text_of(interpreter, scope)


def within(interpreter: Interpreter, node: ast.Call, scope: ast.expr | None, collection: str, hint: str) -> Value:
    """What is in a collection of variables so far, in a scope if one is given."""
    if (instance := own_scopes.asks_for_itself(interpreter, scope)) is not None:
        made = [m for m in interpreter.scopes.made if m.collections is None or collection in m.collections]
        pairs = zip(made, homes_of(interpreter, [m.value for m in made]), strict=True)
        own = [m for m, home in pairs if home is not None and visibility.owner(home.frame) is instance]
        return _collected(interpreter, node, own, collection, hint)
    prefix = prefix_of(interpreter, scope)
    if prefix is None or re.escape(prefix) != prefix.replace("-", r"\-"):  # it is an expression that names match
        return Unknown("the scope of a collection cannot be told", node)
    held = tuple(slots.of(interpreter, prefix)) if collection == "variables" else ()
    found = []
    for member in interpreter.scopes.made:
        if member.graph is interpreter.graph and (member.collections is None or collection in member.collections):
            inside = name_patterns.starts(member.pattern, prefix)
            if member.collections is None:
                return Unknown("which collections a variable is in cannot be told", node)
            if inside is None:
                return Unknown("the name of a variable in a collection cannot be told", node)
            if inside and not (member.once or several_members.may_be_listed(member, collection)):
                return watched.of_all(interpreter, node, prefix, collection)
            if inside:
                found.append(member)
    asks = (lambda name: name_patterns.starts(name, prefix)) if prefix else None
    return _collected(interpreter, node, found, collection, hint, asks, held)


def _collected(
    interpreter: Interpreter,
    node: ast.expr,
    members: list[Member],
    collection: str,
    hint: str = "",
    asks: Asks | None = None,
    held: tuple[slots.Slots, ...] = (),
) -> Value:
    if not members:
        return Unknown("no variable is known that is in this collection", node)
    interpreter.statement.shared += [m.value for m in members if isinstance(m.value, Variable)]
    for member in members if collection == REGULARIZED else ():
        if isinstance(member.value, Variable):
            interpreter.evaluate(interpreter.regularizers[member.value])
    several = not all(member.once for member in members)
    lazily = any(isinstance(m.value, Layer) or m.value in interpreter.lazy for m in members)
    interpreter.statement.lists |= lazily
    if collection == REGULARIZED or lazily or several:
        made = collection != REGULARIZED and own_scopes.is_own_list(interpreter, node, members)
        rest = Variable(node) if made else Tensor(Time.STAGED, node)
        value = Collected("list", (), node, rest, tuple(members), collection, made=made)
    else:
        items = tuple((i, m.value, None) for i, m in enumerate(members))
        value = Collected("list", items, node, None, tuple(members), collection)
    loops = tuple(loops_in(interpreter.blocks))
    value = replace(value, statement=interpreter.statement, hint=hint, asks=asks, slots=held, loops=loops)
    before = interpreter.rewrites.get(id(node))
    if isinstance(before, Collected) and _made_by(before.members) != _made_by(value.members):
        what = "a function asks for a collection, and its calls find different variables"
        raise Refused("TFM901", node, what, "Ask for it where the function is called.")
    interpreter.rewrites[id(node)] = value
    return value


def _made_by(members: tuple[Member, ...]) -> list[int]:
    """The calls that make the things of a list, which is followed again in loops."""
    return [id(getattr(member.value, "node", member.value)) for member in members]


def _check_loops(interpreter: Interpreter, asked: Collected) -> None:
    """Each turn of a loop that makes variables finds more of them. Raises `Refused`."""
    around = {id(loop) for loop in asked.loops}
    if any(id(block) in around for member in interpreter.scopes.made for block in member.blocks):
        assert asked.node is not None
        what = "a loop asks for a collection and makes variables, so that each turn finds others"
        raise Refused("TFM901", asked.node, what, "Ask for it behind the loop.")


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
    interpreter.rewrites.pop(id(generator.iter), None)  # it goes with the comprehension
    kept, tests, variable, before = [], name_tests.written(interpreter, generator.ifs), node.elt.id, source.asks
    if slots.chooses(source.slots, tests, variable):
        return Unknown(slots.HOLDS, node)
    for member in source.members:
        answers = [_answer(tests, variable, each) for each in _spelled(member, source.collection).values()]
        if None in answers:
            return Unknown("which variables a condition on their names chooses cannot be told", node)
        if all(answers):
            kept.append(member)
        elif any(answers):
            part = list(_spelled(member, source.collection))[answers.index(True)]
            kept.append(replace(member, part=part))

    def asks(name: str) -> bool | None:
        out = before is not None and before(name) is False
        return False if out else name_tests.holds(tests, variable, name)

    return _collected(interpreter, node, kept, source.collection, asks=asks if tests else before)


def misnamed(interpreter: Interpreter, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Unknown | None:
    """What a comprehension is that goes by names of variables which are others now."""
    inside = name_tests.of_branches([node.elt])
    for generator in node.generators:
        if name_tests.ask([*generator.ifs, *inside]):
            with interpreter.apart():
                source = interpreter.evaluate(generator.iter)
            if (found := _misnamed(interpreter, generator.target, source, [*generator.ifs, *inside], node)) is not None:
                return found
    return None


def misnamed_loop(interpreter: Interpreter, node: ast.For, source: Value) -> Unknown | None:
    """What a loop is that goes by names of variables which are others now."""
    return _misnamed(interpreter, node.target, source, name_tests.of_branches(node.body), node)


def _misnamed(
    interpreter: Interpreter, target: ast.expr, source: Value, tests: list[ast.expr], node: ast.AST
) -> Unknown | None:
    asking = [test for test in tests if name_tests.ask([test])]
    if isinstance(source, watched.Watched) and asking:
        return Unknown(several_members.UNCOUNTED, node)
    if isinstance(source, Collected):
        for test in asking:
            if not name_tests.alike(interpreter, target, [test], source.members):
                return Unknown("which variables a condition on their names chooses cannot be told", node)
    return None


def _answer(tests: list[ast.expr], variable: str, spelled: list[str | None]) -> bool | None:
    """Whether conditions hold for all of some names, or for none; None where that cannot be told."""
    answers = {name_tests.holds(tests, variable, name) for name in spelled}
    return answers.pop() if len(answers) == 1 else None


def names(member: Member) -> list[str | None]:
    """The names that its variables may have."""
    return [name for spelled in _spelled(member, "variables").values() for name in spelled]


def _spelled(member: Member, collection: str) -> dict[str, list[str | None]]:
    """The names that its variables in a collection may have, by the attribute of a layer that has these alone."""
    if isinstance(member.value, Variable):
        return {"": [f"{member.pattern}:0"]}
    parts = name_tests.parts_of(member.value) if isinstance(member.value, Layer) else None
    if parts is None:
        return {"": [None]}
    found: dict[str, list[str | None]] = {"": [f"{member.pattern}/{part}:0" for part in parts]}
    if parts == name_tests.NORMAL and collection == "variables" and not member.part:
        found = {"trainable_variables": found[""]}
        found["non_trainable_variables"] = [f"{member.pattern}/{part}:0" for part in name_tests.MOVING]
    elif member.part == "non_trainable_variables":
        found = {"": [f"{member.pattern}/{part}:0" for part in name_tests.MOVING]}
    return found


# -------------------------------------------------------------------- checks and text


def check(interpreter: Interpreter, plan: Plan) -> set[Planned]:
    """The functions to trace as soon as they are defined: they make the layers whose variables another function lists.

    Raises `Refused` where nothing makes them before the list is read.
    """
    for key, value in list(interpreter.rewrites.items()):
        if isinstance(value, Collected):
            _check_loops(interpreter, value)
        if not isinstance(value, Collected) or all(member.once for member in value.members):
            continue
        seen, asked = watched.instead(interpreter, plan, value), value.statement
        if seen is not None and asked is not None:
            interpreter.rewrites[key] = seen
            asked.value = seen if asked.value is value else asked.value
    watched.check(interpreter, plan)
    slots.check(interpreter, [v for v in interpreter.rewrites.values() if isinstance(v, Collected)])
    _check_single(interpreter)
    for value in interpreter.rewrites.values():
        if isinstance(value, Collected) and value.statement is not None and not all(m.once for m in value.members):
            saved_attributes.keep_loops(interpreter, plan, value.statement.frame, value.members)
        if not isinstance(value, Collected) or value.rest is not None or not isinstance(value.node, ast.expr):
            continue
        if any(member.value in interpreter.lazy for member in value.members):
            what = "a collection holds variables that a later call shows to follow the shape of a tensor"
            raise Refused("TFM901", value.node, what, "Ask for the collection after all calls.")
    calling = {planned: _calling(interpreter, planned) for planned in plan.functions}
    traced = set()
    for planned in plan.functions:
        first = min(run.statement.order for run in planned.runs)
        for statement, layer in _uncalled(interpreter, planned):
            makers = [p for p in plan.functions if _ids(layer) & calling[p] and defined(p) < first]
            if not makers:
                what = "the variables of a layer are asked for where the layer has not been called"
                raise Refused("TFM902", statement.node, what, "Ask for them after the layer's call.")
            traced.add(min(makers, key=lambda p: (trains(p), plan.functions.index(p))))
    return traced | set(_before_lists(interpreter, plan, calling)) | set(_before_reads(interpreter, plan, calling))


def _before_reads(interpreter: Interpreter, plan: Plan, calling: dict[Planned, set[int]]) -> Iterator[Planned]:
    """The functions that make, when they are traced, what others read of objects. Raises `Refused`."""
    for run in interpreter.runs.values():
        planned = plan.of_run.get(run)
        statements = planned.slice.statements if planned is not None else []
        read = [d for s in statements for d in s.reads]
        for definition in [*read, *(d for leaf in run.fetches.leaves() for d in leaf.reads)]:
            held = definition.value.variable if isinstance(definition.value, Held) else None
            ids = _ids(held) if held is not None and held in interpreter.lazy else set()
            if not ids or (planned is not None and ids & calling[planned]):
                continue
            makers = [p for p in plan.functions if ids & calling[p] and defined(p) < run.statement.order]
            if not makers:
                what = f"{definition.name} is made when a function is first called, and none is before it is read"
                raise Refused("TFM902", definition.statement.node, what, "Return it from the function that makes it.")
            yield min(makers, key=lambda p: (trains(p), plan.functions.index(p)))


def _before_lists(interpreter: Interpreter, plan: Plan, calling: dict[Planned, set[int]]) -> Iterator[Planned]:
    """The functions that call the layers in lists which Python makes or reads. Raises `Refused`."""
    for value in interpreter.rewrites.values():
        if not isinstance(value, Collected) or value.statement is None or not _is_read_by_python(interpreter, value):
            continue
        called = {thing for p in plan.functions if _has_run(p, value.statement) for thing in calling[p]}
        for member in (m for m in value.members if isinstance(m.value, Layer) or m.value in interpreter.lazy):
            assert isinstance(member.value, Layer | Variable)
            ids = _ids(member.value)
            if ids & called:
                continue
            makers = [p for p in plan.functions if ids & calling[p] and defined(p) < value.statement.order]
            if not makers:
                what = "the variables of a layer are asked for, and no run before calls the layer"
                raise Refused("TFM902", value.statement.node, what, "Run what the layer computes by itself, too.")
            made = min(makers, key=lambda p: (trains(p), plan.functions.index(p)))
            called |= calling[made]
            yield made


def _is_read_by_python(interpreter: Interpreter, collected: Collected) -> bool:
    """Whether a list of variables is made or read while the program runs, and not while a function is traced."""
    asked = collected.statement
    assert asked is not None
    if collected.made:
        return True
    runs = {id(run.statement) for run in interpreter.runs.values()}
    whole = asked in asked.frame.statements  # or it is of a loop or branch that moves
    return whole and not asked.moves and id(asked) not in runs


def _has_run(planned: Planned, statement: Statement) -> bool:
    """Whether a function has been called for certain when a statement is come to."""
    earlier = (run.statement for run in planned.runs if run.statement.order < statement.order)
    return any(s.frame is statement.frame and s.blocks == statement.blocks[: len(s.blocks)] for s in earlier)


def _check_single(interpreter: Interpreter) -> None:
    """What is collected is not made by several objects of a class, of which all but one would be left out.

    Raises `Refused`.
    """
    collected = [value for value in interpreter.rewrites.values() if isinstance(value, Collected)]
    known = homes(interpreter) if collected else {}
    for value in collected:
        for member in value.members:
            home = known.get(id(member.value))
            instance = visibility.owner(home.frame) if home is not None else None
            if instance is not None and not visibility.is_one_of_a_run(interpreter, instance):
                asking = value.statement is not None and visibility.owner(value.statement.frame) is instance
                assert value.node is not None
                if asking and instance in interpreter.sharing.alone:
                    if shared_parts.is_shared(interpreter, instance, member.value):
                        continue
                elif asking and (
                    own_graphs.is_one(interpreter, instance, member.graph, value.node)
                    or own_scopes.are_asked_for(interpreter, instance, value.node)
                ):
                    break
                what = f"each {instance.of.node.name} makes variables, and the variables of all are asked for"
                raise Refused("TFM902", value.node, what, "Ask each object for its own.")


def calls(interpreter: Interpreter, planned: Planned, layer: Layer) -> bool:
    """Whether a function calls a layer, itself or in an object."""
    inside = {id(thing) for thing in parts.things(interpreter, layer.node)}
    return bool((_ids(layer) | inside) & _calling(interpreter, planned))


def defined(planned: Planned) -> float:
    """When a function is there, in the order of the walk; never, where it stands before a run of its own."""
    orders = [s.order for s in planned.slice.statements if s.frame is planned.frame]
    return float("inf") if planned.before or not orders else max(orders)


def trains(planned: Planned) -> bool:
    """Whether a function trains something."""
    return any(_trains(statement) for statement in planned.slice.statements)


def _trains(statement: Statement) -> bool:
    return any(isinstance(e, Effect) and e.kind in _TRAINING for e in statement.effects)


def _rewritten(interpreter: Interpreter, statement: Statement) -> list[object]:
    return [v for n in walk(statement.node) if (v := interpreter.rewrites.get(id(n))) is not None]


def _calling(interpreter: Interpreter, planned: Planned) -> set[int]:
    """The layers that a function calls."""
    values = [v for s in planned.slice.statements for v in _rewritten(interpreter, s)]
    return {thing for value in values for thing in _called(interpreter, value)}


def _uncalled(interpreter: Interpreter, planned: Planned) -> Iterator[tuple[Statement, Layer | Variable]]:
    """The layers in the lists of a function that it has not called by then."""
    called: set[int] = set()
    lists: list[tuple[Statement, Collected]] = []
    for statement in planned.slice.statements:
        found = _rewritten(interpreter, statement)
        if not _trains(statement):
            yield from _missing(interpreter, lists, called)
        lists += [(statement, v) for v in found if isinstance(v, Collected) and v.rest is not None]
        called |= {thing for v in found for thing in _called(interpreter, v)}
    yield from _missing(interpreter, lists, called)


def _missing(
    interpreter: Interpreter, lists: list[tuple[Statement, Collected]], called: set[int]
) -> Iterator[tuple[Statement, Layer | Variable]]:
    for statement, collected in lists:
        for member in collected.members:
            value = member.value
            if not isinstance(value, Layer) and not (isinstance(value, Variable) and value in interpreter.lazy):
                continue
            if not _ids(value) & called:
                yield statement, value


def _ids(layer: Layer | Variable) -> set[int]:
    return {id(layer), id(layer.node)}


def _called(interpreter: Interpreter, value: object) -> Iterator[int]:
    """The layers that are called where this stands."""
    if (isinstance(value, layers.Called) and value.layer is not None) or (
        isinstance(value, keras_layers.Used) and value.layer is not None
    ):
        yield id(value.layer)
    elif isinstance(value, cell_calls.Stepped) and value.cell is not None:
        yield id(value.cell)
    elif isinstance(value, cells.Unrolling):
        yield id(value.node)
        for unrolled in value.ways:
            yield from (id(stage.cell) for stage in unrolled.stages)
            yield from map(id, cells.cells_of(unrolled.stages))
    elif isinstance(value, parts.Call) and value.made is not None:
        for thing in parts.things(interpreter, value.made):
            yield id(thing)


@dataclass(frozen=True)
class Kept:
    """A list that is asked for elsewhere than it is filled: an attribute, the statement it is set after, its text."""

    owner: str  # the object, where it is asked for
    attribute: str
    after: ast.AST
    text: str
    called: bool = False  # whether it is a function that gives the list
    layers: bool = False  # whether it is one of layers


def keep(expressions: Expressions, collected: Collected) -> Kept | None:
    """The attribute that a list becomes where its things cannot be named; None where they can. Raises `Refused`."""
    node, asked = collected.node, collected.statement
    assert isinstance(node, ast.expr)
    assert asked is not None
    makers = homes_of(expressions.interpreter, [member.value for member in collected.members])
    pairs = list(zip(collected.members, makers, strict=True))
    apart = [home for m, home in pairs if not _is_attribute(expressions, node, collected, m, home)]
    hidden = [home for home in apart if home is not None and not visibility.sees(asked.frame, home.frame)]
    if not hidden or not asked.frame.unit:
        return None
    last = max(hidden, key=lambda s: s.order)
    instance = visibility.owner(last.frame)
    owner = _named(expressions.interpreter, asked, instance) if instance is not None else None
    layers_only = all(isinstance(m.value, Layer) and not m.part for m in collected.members)
    several = not all(member.once for member in collected.members)
    alike = (layers_only or collected.rest is None) and not several
    others = [home for home in makers if home is not None and home not in hidden]
    one = None not in makers and all(home.frame is last.frame for home in hidden)
    one = one and all(home.frame is last.frame or home.order < last.order for home in others)
    if not (one and instance is not None and owner is not None):
        what = "the variables of a collection are made where they cannot be named from here"
        raise Refused("TFM902", node, what, "Ask for them in the function that makes them.")
    wanted = collected.hint or collected.collection
    attribute = visibility.free_attribute(expressions.interpreter, instance, expressions.plan, wanted)
    if not alike:  # layers have their variables once they have been called
        after = last.blocks[0] if several and last.blocks else last.node
        text, called = _listed(expressions, node, collected), _has_layers(expressions.interpreter, collected)
        return Kept(owner, attribute, after, f"lambda: {text}" if called else text, called)
    paths = [expressions.path(node, member.value) for member in collected.members]
    stars = ["*" if _several(expressions, member.value) else "" for member in collected.members]
    text = f"[{', '.join(map(''.join, zip(stars, paths, strict=True)))}]"
    return Kept(owner, attribute, last.node, text, layers=collected.rest is not None)


def _has_layers(interpreter: Interpreter, collected: Collected) -> bool:
    """Whether something in a list has its variables once it has been called."""
    return any(isinstance(m.value, Layer) or m.value in interpreter.lazy for m in collected.members)


def _is_attribute(
    expressions: Expressions, node: ast.expr, collected: Collected, member: Member, home: Statement | None
) -> bool:
    """Whether something is an attribute of the object whose method asks for it."""
    instance = visibility.owner(home.frame) if home is not None else None
    asked = collected.statement
    if instance is None or asked is None or visibility.owner(asked.frame) is not instance:
        return False
    try:
        return _listing(expressions, node, collected).root(member).startswith("self.")
    except Refused:
        return False


def _named(interpreter: Interpreter, asked: Statement, instance: Instance) -> str | None:
    """How a statement names an object: `self` in its own methods, and elsewhere the one name of the only one."""
    if visibility.owner(asked.frame) is instance:
        return "self"
    known = [name for name, each in visible(asked.frame).items() if [d.value for d in each] == [instance]]
    asking = visibility.owner(asked.frame)
    held = asking.attributes.items() if asking is not None else ()
    known = known or [f"self.{name}" for name, each in held if [d.value for d in each] == [instance]]
    return known[0] if len(known) == 1 and visibility.is_single(interpreter, instance) else None


def list_text(expressions: Expressions, node: ast.expr, collected: Collected) -> str:
    """The list, by the names of what is in it."""
    kept = expressions.kept.get(id(node))
    if kept is not None and not kept.layers:
        return f"{kept.owner}.{kept.attribute}" + ("()" if kept.called else "")
    if kept is not None:
        return f"[v for layer in {kept.owner}.{kept.attribute} for v in layer.{_held(collected)}]"
    return _listed(expressions, node, collected)


def _listed(expressions: Expressions, node: ast.expr, collected: Collected) -> str:
    """The list where all that is in it can be named."""
    if not all(member.once for member in collected.members):
        return _spread(expressions, node, _listing(expressions, node, collected).text(collected.members))
    found = []
    for member in collected.members:
        path = expressions.path(node, member.value)
        if isinstance(member.value, Variable) and collected.collection == REGULARIZED:
            regularizer = expressions.interpreter.regularizers[member.value]
            found.append(f"{expressions.operand(regularizer)}({path})")
        else:
            found.append(
                path if isinstance(member.value, Variable) else _of_layer(expressions, member, path, collected)
            )
    if len(found) == 1 and found[0].startswith("*"):
        return f"[{found[0][2:-1]}]" if found[0].startswith("*(") else found[0][1:]
    return _spread(expressions, node, found)


def _spread(expressions: Expressions, node: ast.expr, found: list[str]) -> str:
    """A list in one line, or in several where it is long and a name is given it."""
    text = f"[{', '.join(found)}]"
    program = expressions.program
    if len(text) <= _WIDTH or not isinstance(program.parents[id(node)], ast.Assign):
        return text
    return spread("[", found, "]", program.lines[node.lineno - 1])


def _listing(expressions: Expressions, node: ast.expr, collected: Collected) -> several_members.Listing:
    """The writer of a list of which loops or branches make a part."""
    assert collected.statement is not None
    frame = collected.statement.frame

    def of_layer(member: Member, path: str) -> str:
        return _of_layer(expressions, member, path, collected)

    return several_members.Listing(expressions, node, frame, of_layer)


def _of_layer(expressions: Expressions, member: Member, path: str, collected: Collected) -> str:
    """The variables of a layer among others; cells that are unrolled one after the other have several layers."""
    if _several(expressions, member.value):
        each = "rnn" if "rnn" not in expressions.plan.taken else "layer"
        return f"*(v for {each} in {path} for v in {each}.{_held(collected)})"
    return f"*{path}.{member.part or _held(collected)}"


def _several(expressions: Expressions, value: Value) -> bool:
    """Whether something is a list of layers: of cells unrolled one after the other, or in both directions."""
    if not isinstance(value, Layer) or value.kind != "RNN":
        return False
    unrolled = expressions.interpreter.rewrites.get(id(value.node))
    if not isinstance(unrolled, cells.Unrolling):
        return False
    return len(unrolled.ways) > 1 or any(way.several for way in unrolled.ways)


def _held(collected: Collected) -> str:
    """The attribute of a layer that holds its part of a collection."""
    attributes = {"trainable_variables": "trainable_variables", REGULARIZED: "losses"}
    return attributes.get(collected.collection, "weights")


HANDLERS = dict.fromkeys(("tf.trainable_variables", "tf.global_variables", "tf.all_variables"), of_all)
__all__ = ["HANDLERS", "Collected", "check", "collection_name", "filtered", "list_text", "within"]
