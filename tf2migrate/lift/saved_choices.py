"""What a Saver is given where names of the graph choose it: lists of variables, and dicts by such names.

    saver = tf.train.Saver([v for v in tf.trainable_variables() if v.name.startswith("base")])
    saver = tf.train.Saver({v.op.name[len("net/"):]: v for v in tf.trainable_variables("net")})
    saver = tf.train.Saver({average.average_name(w): w})

A dict is nothing but what the Saver keeps: no name in TensorFlow 2 is what it goes by, so that it is not written.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.lift import name_tests, own_cell_classes, slots, variable_lists
from tf2migrate.lift.averages import SUFFIX, Averages
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.values import Handle, Layer, Structure, Unknown, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_UNSEEN = "which variables a Saver keeps cannot be seen"


@dataclass(frozen=True, eq=False)
class Chosen(Handle):
    """Variables and layers by the names under which they are kept; of a layer, what these begin with."""

    members: tuple[Member, ...] = ()
    keys: tuple[str, ...] = ()
    collection: str = ""


def by_names(interpreter: Interpreter, node: ast.DictComp) -> Value | None:
    """`{v.op.name: v for v in variables if …}`, or None where a comprehension is something else."""
    match node:
        case ast.DictComp(value=ast.Name(id=variable), generators=[each]):
            pass
        case _:
            return None
    listed = ast.ListComp(elt=node.value, generators=node.generators)
    if not name_tests.ask([node.key]):
        return None
    found = variable_lists.filtered(interpreter, listed)
    interpreter.rewrites.pop(id(listed), None)
    if not isinstance(found, variable_lists.Collected):
        return found
    if found.slots and not each.ifs:
        return Unknown(slots.HOLDS, node)
    key = _Averaged(interpreter, variable).visit(deepcopy(node.key))
    keys = [_key(interpreter, key, variable, member) for member in found.members]
    known = tuple(key for key in keys if key is not None)
    if len(known) < len(keys):
        return Unknown("under which names a Saver keeps its variables cannot be told", node)
    return Chosen("closed", node, members=found.members, keys=known, collection=found.collection)


class _Averaged(ast.NodeTransformer):
    """Writes out what the average of a variable is called: `v.op.name + "/ExponentialMovingAverage"`."""

    def __init__(self, interpreter: Interpreter, variable: str) -> None:
        self.interpreter, self.variable = interpreter, variable

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="average_name"), args=[ast.Name(id=asked)], keywords=[]):
                with self.interpreter.apart():
                    averages = self.interpreter.evaluate(owner)
                if asked == self.variable and isinstance(averages, Averages) and averages.suffix is not None:
                    named = ast.Attribute(ast.Attribute(ast.Name(asked), "op"), "name")
                    return ast.BinOp(named, ast.Add(), ast.Constant(averages.suffix))
        self.generic_visit(node)
        return node


def _key(interpreter: Interpreter, key: ast.expr, variable: str, member: Member) -> str | None:
    """The name of a variable in a file, or what those of a layer begin with; None where that cannot be told."""
    if member.name is None or not member.once:
        return None
    if isinstance(member.value, Variable):
        return name_tests.spelled(interpreter, key, variable, member.name)
    parts = name_tests.parts_of(member.value) if isinstance(member.value, Layer) else None
    keys = {part: name_tests.spelled(interpreter, key, variable, f"{member.name}/{part}") for part in parts or ()}
    if not all(key is not None and key.endswith(f"/{part}") for part, key in keys.items()):
        return None
    begin = {str(key).removesuffix(f"/{part}") for part, key in keys.items()}
    return begin.pop() if len(begin) == 1 else None


def of_averages(interpreter: Interpreter, node: ast.Dict) -> Value | None:
    """`{averages.average_name(v): v}`, or None where a dict is something else."""
    members, keys = [], []
    known = {id(m.value): m for m in interpreter.scopes.made if m.graph is interpreter.graph}
    for key, held in zip(node.keys, node.values, strict=True):
        match key:
            case ast.Call(func=ast.Attribute(value=owner, attr="average_name"), args=[asked], keywords=[]):
                pass
            case _:
                return None
        with interpreter.apart():
            averages, named = interpreter.evaluate(owner), interpreter.evaluate(asked)
        value = interpreter.evaluate(held)
        if not isinstance(averages, Averages):
            return None
        member = known.get(id(value))
        if not isinstance(value, Variable) or value is not named or member is None or not member.once:
            return Unknown("whose average is asked for by its name cannot be told", node)
        if member.name is None or averages.suffix is None:
            return Unknown("the name of an averaged variable cannot be told", node)
        members.append(member)
        keys.append(member.name + averages.suffix)
    return Chosen("closed", node, members=tuple(members), keys=tuple(keys)) if members else None


@dataclass(frozen=True, eq=False)
class Choice:
    """Variables and layers, by keys of their own where they have such."""

    variables: tuple[Variable, ...]
    layers: tuple[Layer, ...]
    keys: dict[int, str]
    averaged: dict[str, Variable]  # what is restored from averages, by the names of their variables


def of(interpreter: Interpreter, found: Value, node: ast.Call) -> Choice | Unknown:
    """What a Saver is given, thing by thing."""
    if isinstance(found, Chosen | variable_lists.Collected):
        values = [m.value for m in found.members]
        if not all(member.once for member in found.members):
            return Unknown("a Saver of a list in which loops or branches have a part is not followed", node)
        if not all(_is_whole(interpreter, member, found.collection) for member in found.members):
            return Unknown("a Saver of some of the variables of a layer has no counterpart that is written yet", node)
        named = dict(zip(found.keys, values, strict=True)) if isinstance(found, Chosen) else {}
        if named and len(named) < len(values):
            return Unknown("two variables of a Saver have one name", node)
    elif isinstance(found, Structure) and not found.rest and all(isinstance(v, Variable) for v in leaves(found)):
        values = leaves(found)
        named = {str(key): value for key, value, _ in found.items} if found.kind == "dict" else {}
    else:
        return found if isinstance(found, Unknown) else Unknown(_UNSEEN, node)
    averaged = {k.removesuffix(SUFFIX): v for k, v in named.items() if k.endswith(SUFFIX) and isinstance(v, Variable)}
    if any(k.endswith(SUFFIX) and not isinstance(v, Variable) for k, v in named.items()):
        return Unknown("the averages of a layer's variables have no counterpart that is written yet", node)
    own = {id(v) for v in averaged.values()}
    return Choice(
        tuple(v for v in values if isinstance(v, Variable) and id(v) not in own),
        tuple(v for v in values if isinstance(v, Layer)),
        {id(v): key for key, v in named.items()},
        averaged,
    )


def _is_whole(interpreter: Interpreter, member: Member, collection: str) -> bool:
    """Whether all that a layer keeps is in a collection."""
    layer = member.value
    if not isinstance(layer, Layer) or own_cell_classes.holds_own(interpreter, layer):
        return isinstance(layer, Variable) and layer not in interpreter.lazy
    trained = layer.kind != "BatchNormalization" and (layer.kind == "RNN" or name_tests.parts_of(layer) is not None)
    return not member.part and (collection == "variables" or trained)
