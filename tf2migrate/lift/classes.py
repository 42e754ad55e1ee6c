"""Classes that hold a graph: what an instance's attributes are, and when its methods are followed.

All instances of a class are one abstract instance: its constructor is followed once, with what the first call gives
it. So the constructor may be given plain Python and sessions, whatever their values, and nothing else that differs.
A method that builds or runs something of the instance is part of the unit, as a function that runs sessions is; one
that only returns a value is a helper.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import FUNCTIONS, walk
from tf2migrate.lift import (
    builders,
    chosen_functions,
    chosen_optimizers,
    instances,
    own_cell_classes,
    own_sessions,
    training_branches,
)
from tf2migrate.lift.building import builds
from tf2migrate.lift.chosen_functions import Chosen
from tf2migrate.lift.class_variants import PLAIN, asks_above
from tf2migrate.lift.trace import Definition, Frame, exclusive
from tf2migrate.lift.values import (
    NONE,
    PYTHON,
    Handle,
    Placeholder,
    Python,
    Refused,
    Tensor,
    Time,
    Unknown,
    Value,
    join,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Function
    from tf2migrate.lift.interpret import Interpreter

Method = ast.FunctionDef

#: What sets attributes by names that are not written out.
_REFLECTIVE = ("setattr", "__setattr__", "__getattr__", "__getattribute__", "__dict__", "vars", "exec")


@dataclass(frozen=True, eq=False)
class Class(Value):
    """A class of the program in which parts of a graph are built: its methods by name."""

    node: ast.ClassDef
    frame: Frame
    methods: dict[str, Method]  # with those that it inherits
    base: Class | None = None
    plain: dict[str, Method] = field(default_factory=dict)  # properties and static methods in which nothing is built
    static: dict[str, Method] = field(default_factory=dict)  # static methods in which something is


@dataclass(frozen=True, eq=False)
class Instance(Value):
    """The instances of a class, as one: the definitions of their attributes."""

    of: Class
    attributes: dict[str, tuple[Definition, ...]] = field(default_factory=dict)
    #: For each call of its constructor: the call, where in the graph's names it stands, and what is shared there.
    begun: list[tuple[ast.Call, str | None, str]] = field(default_factory=list)
    again: list[ast.Call] = field(default_factory=list)  # further calls of methods, where something may be shared
    chosen: dict[str, Chosen] = field(default_factory=dict)  # the parameters that are given one of several functions

    @property
    def time(self) -> Time:
        return Time.MADE


#: Base classes of other packages that hold no state of their own: https://scikit-learn.org/stable/api/sklearn.base.html
_MIXINS = dict.fromkeys(("BaseEstimator", "TransformerMixin", "ClassifierMixin", "RegressorMixin"), "sklearn.base")


@dataclass(frozen=True, eq=False)
class Bound(Value):
    """A method of an instance, about to be called."""

    instance: Instance
    function: Function
    given: bool = False  # whether the instance is the first argument of the call


def class_value(interpreter: Interpreter, node: ast.ClassDef) -> Value:
    """A class without graph machinery is plain Python; one with it is followed if its form is plain."""
    if (cell := own_cell_classes.class_value(interpreter, node)) is not None:
        return cell
    base = _base(interpreter, node)
    if not any(_is_of_graph(interpreter, each) for each in (node, *(made.node for made in family(base)))):
        return PYTHON
    return _class(interpreter, node, base)


def _is_of_graph(interpreter: Interpreter, node: ast.ClassDef) -> bool:
    """Whether a class builds parts of a graph itself, or runs one."""
    return builds(interpreter.program, node) or any(child in interpreter.driver_nodes for child in node.body)


def _base(interpreter: Interpreter, node: ast.ClassDef) -> Class | None:
    """The class of the program that one inherits from, be it one of plain Python."""
    held = interpreter.evaluate(node.bases[0]) if len(node.bases) == 1 else None
    if isinstance(held, Class) or held is not PYTHON:
        return held if isinstance(held, Class) else None
    named = [n for n in _classes(interpreter.program).get(ast.unparse(node.bases[0]), ()) if n is not node]
    if len(named) != 1:
        return None
    if named[0] not in interpreter.plain_bases:
        interpreter.plain_bases[named[0]] = None  # should it be its own base
        found = _class(interpreter, named[0], _base(interpreter, named[0]))
        interpreter.plain_bases[named[0]] = found if isinstance(found, Class) else None
    return interpreter.plain_bases[named[0]]


@lru_cache(maxsize=4)
def _classes(program: Program) -> dict[str, list[ast.ClassDef]]:
    """The classes of the module, by name."""
    found: dict[str, list[ast.ClassDef]] = {}
    for node in program.tree.body:
        if isinstance(node, ast.ClassDef):
            found.setdefault(node.name, []).append(node)
    return found


def _class(interpreter: Interpreter, node: ast.ClassDef, base: Class | None) -> Value:
    """A class that is followed, where its form is plain."""
    every = [child for child in node.body if isinstance(child, ast.FunctionDef)]
    plain = {child.name: child for child in every if _is_plain(interpreter, child)}
    static = {child.name: child for child in every if child.name not in plain and _is_static(interpreter, child)}
    apart = {*plain.values(), *static.values()}
    methods = {child.name: child for child in every if child not in apart and not _is_abstract(child)}
    rest = [child for child in node.body if not isinstance(child, ast.FunctionDef)]
    others = [child for child in rest if builds(interpreter.program, child)]
    decorated = [m for m in methods.values() if m.decorator_list]
    based = [b for b in node.bases if base is None and not _adds_nothing(interpreter, b)]
    based += [k.value for k in node.keywords if ast.unparse(k) not in ("metaclass=ABCMeta", "metaclass=abc.ABCMeta")]
    if node.decorator_list or based or others or decorated or not all(map(_self, methods.values())):
        return Unknown(f"the class {node.name} builds parts of the graph", node)
    built = {n: m for n, m in (base.methods if base is not None else {}).items() if n not in plain}
    kept = {n: m for n, m in (base.plain if base is not None else {}).items() if n not in methods}
    shared = {n: m for n, m in (base.static if base is not None else {}).items() if n not in {**methods, **plain}}
    return Class(node, interpreter.frame, {**built, **methods}, base, {**kept, **plain}, {**shared, **static})


def _adds_nothing(interpreter: Interpreter, base: ast.expr) -> bool:
    """Whether a base class neither makes nor changes what its subclasses keep: scikit-learn's mixins, for one."""
    name = ast.unparse(base)
    modules = {n.module for n in interpreter.program.each(ast.ImportFrom) for a in n.names if a.name == name}
    return name in PLAIN or (name in _MIXINS and modules == {_MIXINS[name]})


def _is_static(interpreter: Interpreter, method: Method) -> bool:
    """Whether a method is a function that has its place in a class, and runs nothing."""
    kinds = [ast.unparse(decorator) for decorator in method.decorator_list]
    return kinds == ["staticmethod"] and method not in interpreter.driver_nodes


def _is_abstract(method: Method) -> bool:
    """Whether other methods must stand in the place of one."""
    return [ast.unparse(d) for d in method.decorator_list] in (["abstractmethod"], ["abc.abstractmethod"])


def family(made: Class | None) -> list[Class]:
    """A class and those that it inherits from."""
    return [made, *family(made.base)] if made is not None else []


def inherited(interpreter: Interpreter, node: ast.Call) -> Bound | None:
    """The method of a base class that `super().method(…)` or `Base.method(self, …)` calls."""
    function = node.func
    if not isinstance(function, ast.Attribute):
        return None
    held = interpreter.frame.lookup("self")
    instance = held[0].value if held else None
    if not isinstance(instance, Instance):
        return None
    if isinstance(function.value, ast.Call) and ast.unparse(function.value.func) == "super":
        for made in family(instance.of):
            own = interpreter.frame.node in made.node.body
            if own and made.base is not None and function.attr in made.base.methods:
                return Bound(instance, interpreter.function(made.base.methods[function.attr], made.frame))
        return None
    for made in family(instance.of)[1:]:
        named = isinstance(function.value, ast.Name) and function.value.id == made.node.name
        first = node.args[0] if node.args else None
        if named and function.attr in made.methods and isinstance(first, ast.Name) and first.id == "self":
            return Bound(instance, interpreter.function(made.methods[function.attr], made.frame), given=True)
    return None


def _is_plain(interpreter: Interpreter, method: Method) -> bool:
    """Whether a method is a property or static, and builds and runs nothing."""
    kinds = {ast.unparse(decorator) for decorator in method.decorator_list}
    known = len(kinds) == 1 and kinds <= {"property", "staticmethod"}
    return known and not builds(interpreter.program, method) and method not in interpreter.driver_nodes


def _property(interpreter: Interpreter, instance: Instance, method: Method, node: ast.AST) -> Value:
    """What a property gives, which is nothing of the graph."""
    with interpreter.apart() as reads:
        function = interpreter.function(method, instance.of.frame)
        value = interpreter.call_helper(function, None, {"self": instance})
    held = [leaf for d in reads for leaf in leaves(d.value)]
    if isinstance(value, Unknown):
        return value
    if any(d.staged for d in reads) or any(isinstance(leaf, Handle | Placeholder) for leaf in held):
        return Unknown(f"the property {method.name} gives something of the graph", node)
    return PYTHON


def _self(method: Method) -> bool:
    """Whether a method calls its instance `self`: in all methods it must have one name."""
    parameters = [*method.args.posonlyargs, *method.args.args]
    return bool(parameters) and parameters[0].arg == "self"


def _units(interpreter: Interpreter, made: Class) -> set[Method]:
    """The methods whose statements are the unit's own: they set attributes, run something, or call one that does."""
    every = {*made.methods.values(), *_asked_above(made)}
    found = {m for m in every if m in interpreter.driver_nodes or _sets(m)}
    grew = True
    while grew:  # ends: `found` only grows, and is bounded by the methods
        names = {m.name for m in found}
        more = {m for m in every if m not in found and _calls(m, names)}
        found |= more
        grew = bool(more)
    return found


def _asked_above(made: Class) -> set[Method]:
    """The methods that a class overrides and calls: `super().method(…)`, `Base.method(self, …)`."""
    return {
        method
        for relative in family(made.base)
        for name, method in relative.methods.items()
        if any(asks_above(below.node, name) for below in family(made)[: family(made).index(relative)])
    }


def _sets(method: Method) -> bool:
    sets = any(
        isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and ast.unparse(n.value) == "self"
        for n in walk(method)
    )
    return sets or not any(isinstance(n, ast.Return) and n.value is not None for n in walk(method))


def _calls(method: Method, names: set[str]) -> bool:
    called = {n.func for n in walk(method) if isinstance(n, ast.Call)}
    return any(isinstance(f, ast.Attribute) and ast.unparse(f.value) == "self" and f.attr in names for f in called)


def instantiate(interpreter: Interpreter, made: Class, node: ast.Call | None) -> Value:
    """An instance; without a call, one of a class that the program only defines.

    Raises `Refused` where two calls of the constructor could build two different graphs.
    """
    instance = interpreter.instances.get(made.node)
    constructor = made.methods.get("__init__")
    known = constructor is not None and node is not None
    arguments = interpreter.given_to(constructor, node, skipped=1) if known else {}  # type: ignore[arg-type]
    for leaf in [leaf for value in arguments.values() for leaf in leaves(value)]:
        if isinstance(leaf, Unknown):
            return leaf
    if instance is not None and not _may_be_one(interpreter, instance, arguments):
        return Unknown(f"the instances of {made.node.name} are made of different things", node or made.node)
    if instance is None:
        if known:
            arguments |= chosen_functions.differing(interpreter, made, arguments)
            arguments |= chosen_optimizers.differing(interpreter, made)
        arguments |= interpreter.told.get(made.node, {})
        instance = Instance(made, chosen={n: v for n, v in arguments.items() if isinstance(v, Chosen)})
        for relative in family(made):
            if interpreter.instances.setdefault(relative.node, instance) is not instance:
                what = f"{made.node.name} and another class that is used build parts of the graph, and inherit from one"
                return Unknown(what, node or made.node)
        interpreter.driver_nodes |= _units(interpreter, made)
    elif own_sessions.runs_another(interpreter, instance, arguments):
        raise Refused(
            "TFM908",
            node or made.node,
            f"each new {made.node.name} runs something of the graph while it is made",
            "Initialize the variables once, after all instances are made.",
        )
    if node is not None:
        instance.begun.append((node, interpreter.scopes.path, interpreter.scopes.reuse))
    if constructor is not None:
        function = interpreter.function(constructor, made.frame)
        found = interpreter.call_driver(function, {"self": instance, **arguments}, node)
        if isinstance(found, Unknown):
            return Unknown(f"the instances of {made.node.name} are made of different things", node or made.node)
    interpreter.sharing.counts[id(node)] = len(interpreter.scopes.made)
    return instance


def _may_be_one(interpreter: Interpreter, instance: Instance, arguments: dict[str, Value]) -> bool:
    """Whether an object that is given this can be followed as one with the others of its class."""
    for name, value in arguments.items():
        chosen = instance.chosen.get(name)
        known = chosen is not None and chosen.takes(interpreter, value)
        plain = all(isinstance(v, Python | Handle | Instance | Tensor | Placeholder) for v in leaves(value))
        if not known and not plain:
            return False
    return True


def call(interpreter: Interpreter, bound: Bound, node: ast.Call, hint: str) -> Value:
    """A method called, with `self` bound."""
    function = bound.function
    skipped = 0 if bound.given else 1
    if function.node in interpreter.driver_nodes:
        given = interpreter.given_to(function.node, node, skipped)
        if id(function.node) in interpreter.called and interpreter.scopes.may_share(None):
            bound.instance.again.append(node)
        return interpreter.call_driver(function, {"self": bound.instance, **given}, node)
    arguments = {"self": bound.instance, **interpreter.bound(function.node, node, skipped=skipped)}
    return interpreter.call_helper(function, node, arguments, hint)


def called(interpreter: Interpreter, instance: Instance) -> Bound | None:
    """The method that a call of an instance itself is of, where the class has one."""
    method = instance.of.methods.get("__call__")
    return Bound(instance, interpreter.function(method, instance.of.frame)) if method is not None else None


def follow_the_rest(interpreter: Interpreter) -> None:
    """The methods that the program never calls, as somebody else may."""
    for instance in list(interpreter.instances.values()):
        for method in instance.of.methods.values():
            if method in interpreter.driver_nodes and id(method) not in interpreter.called:
                interpreter.call_driver(interpreter.function(method, instance.of.frame), {"self": instance})
        _check_properties(interpreter, instance)
    instances.check(interpreter)


def _check_properties(interpreter: Interpreter, instance: Instance) -> None:
    """The properties that nothing reads are of Python as well. Raises `Refused`."""
    for method in instance.of.plain.values():
        if ast.unparse(method.decorator_list[0]) == "property":
            value = _property(interpreter, instance, method, method)
            if isinstance(value, Unknown):
                raise Refused("TFM901", value.node, value.reason, "Make it a method.")


def attribute(interpreter: Interpreter, instance: Instance, node: ast.Attribute) -> Value:
    """What an attribute of an instance is here."""
    method = instance.of.methods.get(node.attr)
    if (plain := instance.of.plain.get(node.attr)) is not None:
        is_property = ast.unparse(plain.decorator_list[0]) == "property"
        return _property(interpreter, instance, plain, node) if is_property else PYTHON
    definitions = instance.attributes.get(node.attr, ())
    if node.attr in instance.of.static and not definitions:
        return interpreter.function(instance.of.static[node.attr], instance.of.frame)
    if method is not None and not definitions:
        return Bound(instance, interpreter.function(method, instance.of.frame))
    made = [d for d in definitions if d.value is not NONE] or list(definitions)
    if len({(id(d.statement.frame), d.statement.blocks) for d in made}) == 1:  # set anew, one after the other
        last = made[-1]
        made = [d for d in made if d.statement is last.statement or exclusive(d.statement, last.statement)]
    branches = all(a.statement is b.statement or exclusive(a.statement, b.statement) for a, b in pairwise(made))
    if len(made) > 1 and not branches and any(d.value.time > Time.PYTHON for d in made):
        return Unknown(f"the attribute {node.attr} is set in several places", node)
    interpreter.statement.reads.update(made)
    interpreter.attributes[id(node)] = tuple(made)
    if (step := training_branches.step(made)) is not None:
        return step
    return join([d.value for d in made], node) if made else PYTHON


def is_never_set(interpreter: Interpreter, node: ast.Attribute) -> bool:
    """Whether no object of a class can have an attribute: nothing in the program sets one of that name.

    Reading it stops the program, in TensorFlow 1 as in TensorFlow 2: it is a mistake in a method that nothing calls.
    """
    with interpreter.apart():
        owner = interpreter.evaluate(node.value)
    if not isinstance(owner, Instance) or interpreter.attributes.get(id(node)):
        return False
    for made in interpreter.program.each(ast.ClassDef):
        plain = [inner for child in made.body for inner in ([child] if isinstance(child, FUNCTIONS) else walk(child))]
        if any(node.attr in (getattr(n, "name", None), getattr(n, "id", None)) for n in plain):
            return False
    for other in interpreter.program.nodes:
        name = other.attr if isinstance(other, ast.Attribute) else other.id if isinstance(other, ast.Name) else None
        stored = isinstance(other, ast.Attribute) and not isinstance(other.ctx, ast.Load)
        if name in _REFLECTIVE or (stored and name == node.attr):
            return False
    return True


def bind(interpreter: Interpreter, instance: Instance, target: ast.Attribute, value: Value) -> None:
    """An attribute is set: the definitions of one name are kept together, since methods come in any order."""
    definition = Definition(target.attr, value, interpreter.statement, instance, target.attr)
    interpreter.statement.writes.append(definition)
    builders.note(interpreter, definition)
    before = [d for d in instance.attributes.get(target.attr, ()) if d.site != definition.site]
    instance.attributes[target.attr] = (*before, definition)
    interpreter.attributes[id(target)] = (definition,)
