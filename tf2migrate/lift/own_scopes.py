"""What each object of a class asks for in a scope of its own: its own variables, whichever object it is.

class Network:
    def __init__(self, scope):
        with tf.variable_scope(scope):
            self.q = tf.layers.dense(…)
        self.parameters = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope)

All objects are followed as one, with what the first is given. For what each of the others is given, the program is
followed once more: its names tell whether that object asks for the same of its own variables, and for nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound
from tf2migrate.lift import variable_lists, visibility
from tf2migrate.lift.homes import homes_of
from tf2migrate.lift.repeated import is_in_loop
from tf2migrate.lift.values import Layer, Python, Refused, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.scopes import Member

_TRAINED = ("trainable_variables",)

#: More objects than these are not followed one by one.
_MOST = 12


def is_own_list(interpreter: Interpreter, node: ast.expr, members: Sequence[Member]) -> bool:
    """Whether a list is an attribute that each of several objects has, of layers that an object itself makes."""
    instance, statement = visibility.owner(interpreter.frame), interpreter.statement.node
    if instance is None or not isinstance(statement, ast.Assign) or statement.value is not node:
        return False
    plain = len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Attribute)
    straight = interpreter.frame.unit and not interpreter.blocks and not interpreter.controls
    layers = not any(isinstance(m.value, Layer) and m.value.kind == "RNN" for m in members)
    layers = layers and all(isinstance(m.value, Layer | Variable) for m in members)
    return plain and straight and layers and _makes_several(interpreter, instance)


def _makes_several(interpreter: Interpreter, instance: Instance) -> bool:
    """Whether the program makes, or may make, more than one object of a class."""
    calls = [c for c in interpreter.program.each(ast.Call) if ast.unparse(c.func) == instance.of.node.name]
    return len(calls) > 1 or any(is_in_loop(interpreter.program, call) for call in calls)


def asks_for_itself(interpreter: Interpreter, scope: ast.expr | None) -> Instance | None:
    """The object that a form of the program has ask for what it made itself (`object_lists`)."""
    asked = isinstance(scope, ast.Name) and scope.id == "self"
    return visibility.owner(interpreter.frame) if asked else None


def are_asked_for(interpreter: Interpreter, instance: Instance, node: ast.AST) -> bool:
    """Whether a list, asked for in a class, is for each object one of its own variables, the same as for the first."""
    match node:
        case ast.Call(args=[], keywords=[ast.keyword(arg="scope", value=ast.Name(id="self"))]):
            kept = (m for m in interpreter.scopes.made if "trainable_variables" in (m.collections or _TRAINED))
            makers = homes_of(interpreter, [member.value for member in kept])
            return all(home is not None and visibility.owner(home.frame) is instance for home in makers)
    every = {id(each): each for each in interpreter.instances.values()}.values()
    others = [each for each in every if each is not instance and not visibility.is_one_of_a_run(interpreter, each)]
    views = _views(interpreter, instance, node)
    around = [_views(interpreter, other, None) for other in others]
    if not views or None in around:
        return False
    named = [name for others_views in around for view in others_views or () for name in view.names]
    for one in views:
        strangers = [*named, *one.others, *(name for view in views if view is not one for name in view.names)]
        if one.asks is None or one.chosen != views[0].chosen:
            return False
        if any(name is None or one.asks(name) is not False for name in strangers):
            return False
    return True


@dataclass(frozen=True)
class _View:
    """What one object is, as names say: those of its variables, those of all others, and which of these it asks for."""

    names: tuple[str | None, ...]
    others: tuple[str | None, ...]
    chosen: tuple[int, ...]
    asks: variable_lists.Asks | None


def _views(interpreter: Interpreter, instance: Instance, node: ast.AST | None) -> list[_View] | None:
    """The objects of a class, each as the program says that it is; None where that is not seen."""
    constructor = instance.of.methods.get("__init__")
    given = interpreter.given.get(constructor, []) if constructor is not None else []
    paths = {path for _, path, _ in instance.begun}
    repeated = any(is_in_loop(interpreter.program, call) for call, _, _ in instance.begun)
    if not given or len(given) > _MOST or len(given) != len(instance.begun) or repeated or len(paths) > 1:
        return None
    found = []
    for _, values in given:
        told = {name: value for name, value in values.items() if isinstance(value, Python)}
        view = _view(interpreter, instance, told, node)
        if view is None:
            return None
        found.append(view)
    return found


def _view(
    interpreter: Interpreter, instance: Instance, told: Mapping[str, Value], node: ast.AST | None
) -> _View | None:
    """One object, by following the program with what that object is given in the place of what the first is."""
    again = type(interpreter)(interpreter.program, interpreter.fed, {instance.of.node: told})
    try:
        again.run()
    except (Refused, Unbound):
        return None
    own: list[str | None] = []
    others: list[str | None] = []
    for member, home in zip(again.scopes.made, homes_of(again, [m.value for m in again.scopes.made]), strict=True):
        maker = visibility.owner(home.frame) if home is not None else None
        of_it = maker is not None and maker.of.node is instance.of.node
        (own if of_it else others).extend(variable_lists.names(member))
    if node is None:
        return _View(tuple(own), tuple(others), (), None)
    asked = again.rewrites.get(id(node))
    if not isinstance(asked, variable_lists.Collected):
        return None
    chosen = tuple(at for at, member in enumerate(again.scopes.made) if member in asked.members)
    return _View(tuple(own), tuple(others), chosen, asked.asks)
