"""What a call of a method of something of the graph means."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.lift import (
    averages,
    cell_calls,
    cells,
    datasets,
    feed_dicts,
    fifo,
    holders,
    kept_containers,
    kept_fetches,
    kept_queues,
    keras_layers,
    monitored,
    pipelines,
    printed_shapes,
    savers,
    scopes,
    slots,
    summaries,
    supervisors,
    written_summaries,
)
from tf2migrate.lift import symbols as S
from tf2migrate.lift.values import (
    NONE,
    PYTHON,
    STATIC,
    Effect,
    Handle,
    Optimizer,
    Placeholder,
    Python,
    Refused,
    Schedule,
    Structure,
    Tensor,
    Time,
    Trained,
    Unknown,
    Value,
    Variable,
    join,
    latest,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Method
    from tf2migrate.lift.interpret import Interpreter

#: Methods that change a variable, besides those that assign.
_CHANGING = ("load", "count_up_to", "scatter_", "batch_scatter_")


def effect(interpreter: Interpreter, changes: Effect) -> Value:
    """Notes that a statement changes something, when it is run."""
    interpreter.statement.effects.append(changes)
    return changes


def method_call(interpreter: Interpreter, node: ast.Call, method: Method, hint: str) -> Value | None:
    """The value of a method call, or None where the method is none of the graph's."""
    if isinstance(method.base, holders.Holders):
        return Unknown("a list of placeholders that a loop or comprehension fills changes", node)
    try:
        value = _method(interpreter, node, method, hint)
    except Unbound as problem:
        return Unknown(f"the arguments of {method.name} cannot be told: {problem}", node)
    if value is not None and not isinstance(method.base, Structure):
        interpreter.rewrites[id(node)] = (method, value)
    return value


def _run(interpreter: Interpreter, node: ast.Call, fetched: ast.expr, base: Value) -> Value:
    """`eval` of a tensor or `run` of an op: in the session that it is given, or in the default one."""
    bound = bind(node, ("session",) if isinstance(base, Variable) else S.EVAL)
    if "session" in bound:
        with interpreter.apart():
            session = interpreter.evaluate(bound["session"])
        if isinstance(session, Handle) and session.role == "session":
            interpreter.session_graph = interpreter.graph_of(session)
            return interpreter.add_run(node, fetched, bound.get("feed_dict"), session)
    return interpreter.add_run(node, fetched, bound.get("feed_dict"))


def _method(interpreter: Interpreter, node: ast.Call, method: Method, hint: str) -> Value | None:
    base, name = method.base, method.name
    if isinstance(base, Unknown):
        interpreter.arguments(node)
        return base
    if name == "eval" and isinstance(base, Tensor | Placeholder | Variable | Effect | Schedule | summaries.Summary):
        return _run(interpreter, node, method.node.value, base)
    if (
        name == "run"
        and isinstance(base, Effect | Handle)
        and not (isinstance(base, Handle) and base.role == "session")
    ):
        return _run(interpreter, node, method.node.value, base)
    match base:
        case averages.Averages():
            return averages.method(interpreter, node, base, name)
        case written_summaries.Filled():
            return written_summaries.method(interpreter, node, name)
        case savers.Saver():
            return savers.saver_method(interpreter, node, method, base)
        case cells.Cell() | cells.Wrapped() | cells.Stacked():
            stepped = not isinstance(base, cells.Wrapped) and cell_calls.steps(interpreter, method.node.value)
            return cells.cell_method(interpreter, node, base, name, stepped)
        case fifo.Queue():
            return fifo.queue_method(interpreter, node, base, name)
        case keras_layers.Object():
            return keras_layers.add(interpreter, node, base, name)
        case kept_queues.Kept():
            return kept_queues.method(interpreter, node, base, name)
        case Handle(role="runner"):
            return fifo.runner_method(interpreter, node, name)
        case pipelines.Reader():
            return pipelines.read(interpreter, node, base, name)
        case Handle(role="coordinator"):
            return pipelines.coordinator_method(interpreter, node, base, name)
        case Handle(role="supervisor"):
            return supervisors.method(interpreter, node, base, name)
        case datasets.Dataset():
            return datasets.dataset_method(interpreter, node, base, method)
        case datasets.Iterator():
            return datasets.iterator_method(interpreter, node, base, name)
        case Handle(role="writer"):
            return summaries.writer_method(interpreter, node, method)
        case Handle():
            return _handle_method(interpreter, node, base, name)
        case Optimizer():
            return _optimizer_method(interpreter, node, base, name, hint)
        case Variable():
            return _variable_method(interpreter, node, base, name)
        case Structure():
            return _structure_method(interpreter, node, base, name, method.node.value)
        case Tensor() if name in ("assign", "assign_add", "assign_sub"):  # a variable out of a list of them
            return _variable_assigned(interpreter, node, base, name)
        case Tensor() | Placeholder() | Effect() | Schedule():
            values = interpreter.arguments(node)
            owner = method.node.value
            if name == "get_shape" and type(base) is Placeholder and not node.args and not node.keywords:
                printed_shapes.note(interpreter, base, owner, node)
                return PYTHON
            if name == "set_shape" and isinstance(base, Tensor) and isinstance(owner, ast.Name):
                interpreter.rebind(owner.id, base)  # what reads it from now on comes after this
                return interpreter.operation([base, *values], node)
            if name == "get_shape":
                printed_shapes.note(interpreter, base, owner, node)
            if name in ("get_shape", "set_shape"):
                return STATIC if base.time >= Time.STAGED else PYTHON
            return interpreter.operation([base, *values], node)
    if base is PYTHON and name == "add_summary":  # in a function that nothing calls, for one
        return summaries.writer_method(interpreter, node, method)
    if isinstance(base, (type(method), Python)):
        values = interpreter.arguments(node)
        return STATIC if latest([base, *values]) >= Time.STAGED else None
    return None


def _handle_method(interpreter: Interpreter, node: ast.Call, base: Handle, name: str) -> Value:
    if base.role == "session":
        if isinstance(base, monitored.Monitored) and name == "should_stop":
            return monitored.should_stop(interpreter, node, base)
        if name == "run":
            interpreter.session_graph = interpreter.graph_of(base)
            bound = bind(node, S.RUN)
            with interpreter.apart():
                for key in ("options", "run_metadata"):
                    if key in bound:
                        interpreter.evaluate(bound[key])
            return interpreter.add_run(node, bound["fetches"], bound.get("feed_dict"), base)
        if name == "as_default":
            return Handle("as_default", node, of=base)
        if name == "close":
            return Handle("closed", node)
    if isinstance(base, scopes.Scope) and name == "reuse_variables":
        return scopes.reuse_variables(interpreter, node, base)
    if base.role == "graph":
        if name == "as_default":
            return Handle("as_default", node, of=base)
        if name == "finalize":
            return Handle("closed", node)
        if name in ("device", "name_scope"):
            return Handle("scope", node)
    with interpreter.apart():
        interpreter.arguments(node)
    return Unknown(f"{name} of a {base.role} is not followed", node)


def _optimizer_method(interpreter: Interpreter, node: ast.Call, base: Optimizer, name: str, hint: str) -> Value:
    parameters: Mapping[str, tuple[str, ...]] = {
        "minimize": S.MINIMIZE,
        "compute_gradients": S.COMPUTE_GRADIENTS,
        "apply_gradients": S.APPLY_GRADIENTS,
    }
    if name not in parameters:
        return Unknown(f"{name} of an optimizer is not followed", node)
    bound = bind(node, parameters[name])
    if "grad_loss" in bound:
        return Unknown("grad_loss is given", node)
    values = {key: interpreter.evaluate(argument) for key, argument in bound.items()}
    for value in values.values():
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
    if name != "compute_gradients" and base.rate.time >= Time.MADE:
        interpreter.evaluate(base.arguments["learning_rate"])
    if name != "compute_gradients" and base.has_state:
        slots.note(interpreter, base, PYTHON if name == "apply_gradients" else values.get("var_list"))
    effect = Effect(name, node, bound, base, tuple(values.values()))
    interpreter.statement.effects.append(effect)
    if name == "compute_gradients":
        pair = Structure("tuple", ((0, Tensor(Time.STAGED, node), None), (1, Trained(Time.STAGED, node), None)), node)
        return Structure("list", (), node, rest=pair)
    return effect


def _variable_method(interpreter: Interpreter, node: ast.Call, base: Variable, name: str) -> Value | None:
    if name in ("assign", "assign_add", "assign_sub"):
        return _variable_assigned(interpreter, node, base, name)
    values = interpreter.arguments(node)
    if name in ("value", "read_value"):
        return Tensor(Time.STAGED, node)
    if name == "initialized_value":
        return Tensor(Time.CONSTANT, node)
    if name == "get_shape":
        return PYTHON
    if name.startswith(_CHANGING):
        changed = ast.unparse(node.func)
        raise Refused("TFM902", node, f"{changed} changes a variable, and is not followed", "Use assign in a run.")
    return interpreter.operation([base, *values], node)


def _variable_assigned(interpreter: Interpreter, node: ast.Call, base: Value, name: str) -> Value:
    bound = bind(node, ("value", "use_locking", "name", "read_value"))
    interpreter.evaluate(bound["value"])
    return effect(interpreter, Effect(name, node, bound, base))


def _structure_method(
    interpreter: Interpreter, node: ast.Call, base: Structure, name: str, owner: ast.expr
) -> Value | None:
    if name in ("append", "insert", "add", "extend", "update"):
        values = interpreter.arguments(node)
        last = values[-1] if values else PYTHON
        if name == "append" and node.args:
            kept_fetches.note(interpreter, last, node.args[0])
        if isinstance(owner, ast.Name):
            if base.kind != "dict" and name == "append" and base.rest is None:
                updated = Structure(base.kind, (*base.items, (len(base.items), last, None)), base.node)
            elif base.kind == "dict" and name == "update" and isinstance(last, Structure):
                fresh = {id(k) if isinstance(k, Value) else k for k, _, _ in last.items}
                kept = [i for i in base.items if (id(i[0]) if isinstance(i[0], Value) else i[0]) not in fresh]
                optional = (base.optional - {k for k, _, _ in last.items}) | last.optional
                items = (*kept, *last.items)
                updated = Structure("dict", items, base.node, last.rest or base.rest, optional=optional)
            else:
                item = interpreter.element(last, node) if name == "extend" else last
                every = [v for _, v, _ in base.items] + [v for v in (base.rest, item) if v]
                updated = Structure(base.kind, (), base.node, rest=join(every, node))
            interpreter.rebind(owner.id, updated)
            kept_containers.note_elsewhere(interpreter, base, [v for each in values for v in leaves(each)], node)
            return Tensor(Time.STAGED, node) if last.time >= Time.STAGED else NONE
        if last.time >= Time.STAGED:
            return Unknown("a collection inside an object changes", node)
        kept_containers.note_more(interpreter, owner, name, last)
        return NONE
    if name == "reverse" and isinstance(owner, ast.Name) and base.kind == "list" and not node.args:
        backwards = tuple((i, v, n) for i, (_, v, n) in enumerate(reversed(base.items)))
        interpreter.rebind(owner.id, Structure("list", backwards, base.node, base.rest))
        return Tensor(Time.STAGED, node) if base.time >= Time.STAGED else NONE
    if node.args and feed_dicts.by_name(base) and name in ("get", "pop", "setdefault"):
        with interpreter.apart():
            key = interpreter.evaluate(node.args[0])
        found = feed_dicts.read(interpreter, base, key, node.args[0])
        return found if name == "get" or isinstance(found, Unknown) else Unknown("a dict of feeds loses a key", node)
    values = interpreter.arguments(node)
    if feed_dicts.by_name(base) and name == "copy" and not values:
        return base
    if feed_dicts.by_name(base) and name in ("keys", "items", "popitem"):
        return Unknown("the keys of a dict are tensors, and Python reads them", node)
    every = [v for _, v, _ in base.items] + ([base.rest] if base.rest else [])
    element = join(every, node) if every else PYTHON
    match name:
        case "values":
            items = tuple((index, value, None) for index, (_, value, _) in enumerate(base.items))
            return Structure("list", items if base.rest is None else (), node, rest=base.rest and element)
        case "items":
            return Structure("list", (), node, rest=Structure("tuple", ((0, PYTHON, None), (1, element, None)), node))
        case "get" | "pop":
            return element
        case "keys" | "index" | "count":
            return PYTHON
    return None
