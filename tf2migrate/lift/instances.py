"""Objects of one class whose scopes share variables: rewritten, each would have variables of its own.

They are refused where it cannot be told what they share (`shared_instances`).

with tf.variable_scope("model"):
    train_model = Model(is_training=True)
with tf.variable_scope("model", reuse=True):
    test_model = Model(is_training=False)
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import own_sessions, shared_instances
from tf2migrate.lift.repeated import is_in_loop
from tf2migrate.lift.scopes import AUTO, NEVER
from tf2migrate.lift.values import Python, Refused, Value

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter


def check(interpreter: Interpreter) -> None:
    """Raises `Refused` where a second object of a class may share variables with the first."""
    for instance in {id(i): i for i in interpreter.instances.values()}.values():
        begun = instance.begun
        looped = any(is_in_loop(interpreter.program, node) for node, _, _ in begun)
        if not begun or (len(begun) == 1 and not looped):
            continue
        own_sessions.check(interpreter, instance)
        _check_runs(interpreter, instance)
        paths = [path for _, path, _ in begun]
        apart = None not in paths and len(set(paths)) == len(paths) and not looped
        later = begun if looped else begun[1:]
        around = any(reuse != NEVER and not (reuse == AUTO and apart) for _, _, reuse in later)
        within = _shares(interpreter, instance, apart)
        told = shared_instances.telling(interpreter, instance) if within and not around else set()
        alone = told and not _shares(interpreter, instance, apart, told)
        shared = not looped and (alone or (around and not within))
        if shared and shared_instances.share(interpreter, instance, told, _varied(interpreter, instance)):
            continue
        if around or instance.again or within:
            what = f"the instances of {instance.of.node.name} share variables, as their scopes say"
            raise Refused("TFM901", later[-1][0], what, "Make the variables once, and give them to both.")


def _check_runs(interpreter: Interpreter, instance: Instance) -> None:
    """Each run is of one of the objects of a class: they are followed as one. Raises `Refused`."""
    for run in interpreter.runs.values():
        asked = [*(leaf.node for leaf in run.fetches.leaves()), run.node]
        named = {
            ast.unparse(node.value)
            for outer in asked
            for node in walk(outer)
            if isinstance(node, ast.Attribute)
            and any(d.owner is instance and d.staged for d in interpreter.attributes.get(id(node), ()))
        }
        if len(named) > 1:
            what = f"a run needs several objects of {instance.of.node.name} ({', '.join(sorted(named))})"
            raise Refused("TFM902", run.node, what, "Run what each of them computes by itself.")


def _shares(interpreter: Interpreter, instance: Instance, apart: bool, told: Collection[int] = ()) -> bool:
    """Whether what the class itself does makes a second object share, where `apart` says that their scopes differ.

    The calls `told` are left out.
    """
    varied = _varied(interpreter, instance)
    functions = {f.name: f for f in interpreter.program.tree.body if isinstance(f, ast.FunctionDef)}
    for node in _nodes(instance):
        if isinstance(node, ast.If) and shared_instances.names_in(node.test) & varied:
            inner = {n.attr for s in [*node.body, *node.orelse] for n in walk(s) if isinstance(n, ast.Attribute)}
            if "reuse_variables" in inner:
                return True
        if not isinstance(node, ast.Call) or id(node) in told:
            continue
        named = node.args[0] if node.args else None
        own = named is not None and bool(shared_instances.names_in(named) & varied)
        for keyword in node.keywords:
            if keyword.arg == "reuse" and _automatic(interpreter, keyword.value) and not (own or apart):
                return True
            if keyword.arg == "reuse" and shared_instances.names_in(keyword.value) & varied:
                return True
        given = [*node.args, *(k.value for k in node.keywords)]
        if any("reuse" in name for argument in given for name in shared_instances.names_in(argument) & varied):
            return True
        helper = functions.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if helper is not None and not apart and _automatic(interpreter, helper):
            return True
    return False


def _automatic(interpreter: Interpreter, node: ast.AST) -> bool:
    """Whether something is shared where it is there already."""
    nodes = [n for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)]
    return any(interpreter.names.symbol(n) == "tf.AUTO_REUSE" for n in nodes)


def _nodes(instance: Instance) -> Iterator[ast.AST]:
    made = instance.of
    while made is not None:
        yield from walk(made.node)
        made = made.base  # type: ignore[assignment]


def _varied(interpreter: Interpreter, instance: Instance) -> set[str]:
    """The names in a class that may mean other things for other objects: parameters, and what follows from them."""
    found: set[str] = set()
    for method in instance.of.methods.values():
        calls = [given for _, given in interpreter.given.get(method, [])]
        names = {name for given in calls for name in given} - {"self"}
        found |= {name for name in names if not _one([given.get(name) for given in calls])}
    nodes = list(_nodes(instance))
    grew = True
    while grew:  # ends: `found` only grows, and is bounded by the names
        before = len(found)
        for node in nodes:
            if isinstance(node, ast.Assign) and shared_instances.names_in(node.value) & found:
                found |= {name for target in node.targets for name in shared_instances.names_in(target)} - {"self"}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found |= _passed(instance, node, found)
        grew = len(found) > before
    return found


def _passed(instance: Instance, node: ast.Call, varied: set[str]) -> set[str]:
    """The parameters of a method that a call gives something that varies."""
    assert isinstance(node.func, ast.Attribute)
    method = instance.of.methods.get(node.func.attr)
    if method is None:
        return set()
    positional = [a.arg for a in method.args.args][1:]
    given = [*zip(positional, node.args, strict=False), *((k.arg or "", k.value) for k in node.keywords)]
    return {name for name, argument in given if shared_instances.names_in(argument) & varied}


def _one(values: list[Value | None]) -> bool:
    """Whether a parameter is the same in all calls."""
    first = values[0]
    if isinstance(first, Python):
        known = [v.literal if isinstance(v, Python) and v.known else ... for v in values]
        return ... not in known and all(literal == known[0] for literal in known)
    return all(value is first for value in values)


__all__ = ["check"]
