"""`tf.contrib.layers.optimize_loss` as what it does: an optimizer made, its gradients bounded, updates run before them.

What it gives is the loss. A program that looks at that value gets the loss after the step, one that only runs it gets
the step. What it does is read from TensorFlow 1.15's `contrib/layers/python/layers/optimizers.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.estimator_models import OPTIMIZERS
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Edit, Options, Outcome

_SYMBOLS = ("tf.contrib.layers.optimize_loss", "tf.contrib.slim.optimize_loss")
_PARAMETERS = (
    *("loss", "global_step", "learning_rate", "optimizer", "gradient_noise_scale", "gradient_multipliers"),
    *("clip_gradients", "learning_rate_decay_fn", "update_ops", "variables", "name", "summaries"),
    *("colocate_gradients_with_ops", "increment_global_step"),
)
_FOLLOWED = {*("loss", "global_step", "learning_rate", "optimizer", "clip_gradients", "variables", "name", "summaries")}


def optimize_loss(program: Program, options: Options) -> Outcome:
    """The edits that write such calls out, where all that they do is followed."""
    if "optimize_loss" not in program.text:
        return Outcome()
    edits = []
    for node in program.nodes:
        match node:
            case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=ast.Call() as call):
                name: str | None = program.segment(target)
            case ast.Return(value=ast.Call() as call):
                name = None
            case _:
                continue
        if program.names.symbol(call.func) in _SYMBOLS and (lines := _lines(program, node, call, name)):
            edits.append(Edit(program.span(node), f"\n{program.indent(node)}".join(lines)))
    return Outcome(tuple(edits))


def _lines(program: Program, statement: ast.stmt, call: ast.Call, target: str | None) -> list[str]:
    """The statements in the place of one; none where the call does something else as well."""
    try:
        bound = bind(call, _PARAMETERS)
    except Unbound:
        return []
    tf = tensorflow_name(program.names)
    optimizer = _optimizer(program, bound, tf)
    noted = "merge_all" in program.text and not _is_empty(bound.get("summaries"))
    if not optimizer or noted or set(bound) - _FOLLOWED or "loss" not in bound:
        return []
    given = {name: program.segment(node) for name, node in bound.items()}
    step = "" if _is_none(bound.get("global_step")) else f", global_step={given['global_step']}"
    if not step and "global_step" in program.text.replace("global_step=", ""):
        return []  # the step of the graph, where it has one
    chosen = "" if _is_none(bound.get("variables")) else f", var_list={given['variables']}"
    used = _is_used(program, statement)
    end = fresh("train", program.words) if used else target
    start = f"{end} = " if end is not None else "return "
    if _is_none(bound.get("clip_gradients")):
        lines, last = [], f"{start}{optimizer}.minimize({given['loss']}{step}{chosen})"
    else:
        made, gradients, variables = (fresh(n, program.words) for n in ("optimizer", "gradients", "variables"))
        lines = [
            f"{made} = {optimizer}",
            f"{gradients}, {variables} = zip(*{made}.compute_gradients({given['loss']}{chosen}))",
            f"{gradients}, _ = {tf}.clip_by_global_norm({gradients}, {given['clip_gradients']})",
        ]
        last = f"{start}{made}.apply_gradients(zip({gradients}, {variables}){step})"
    if "batch_norm" in program.text or "UPDATE_OPS" in program.text:
        lines.append(f"with {tf}.control_dependencies({tf}.get_collection({tf}.GraphKeys.UPDATE_OPS)):")
        last = f"    {last}"
    lines.append(last)
    if used:
        lines.append(f"with {tf}.control_dependencies([{end}]):")
        lines.append(f"    {'return' if target is None else f'{target} ='} {tf}.identity({given['loss']})")
    return lines


def _optimizer(program: Program, bound: Mapping[str, ast.expr], tf: str) -> str:
    """The optimizer, made; nothing where it cannot be told."""
    optimizer, rate = bound.get("optimizer"), bound.get("learning_rate")
    if optimizer is None or rate is None or _is_none(rate):
        return ""
    if isinstance(optimizer, ast.Constant) and optimizer.value in OPTIMIZERS:
        return OPTIMIZERS[optimizer.value].format(tf=tf, rate=program.segment(rate))
    symbol = program.names.symbol(optimizer) or ""
    known = symbol.startswith("tf.train.") and symbol.endswith("Optimizer")
    return f"{program.segment(optimizer)}({program.segment(rate)})" if known else ""


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_empty(node: ast.expr | None) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _is_used(program: Program, statement: ast.stmt) -> bool:
    """Whether the value of the step may be looked at: it is mentioned but in a list that is run, under the name `_`."""
    names = _names(program, statement)
    discarded = {id(node) for run in program.each(ast.Assign) for node in _discarded(run)}
    discarded |= {id(node) for s in program.each(ast.Expr) for node in _only_run(s)}
    for node in program.nodes:
        called = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        loaded = called in names and isinstance(getattr(node, "ctx", None), ast.Load)
        if loaded and id(node) not in discarded and not _is_passed_on(program, node, names):
            return True
    return False


def _names(program: Program, statement: ast.stmt) -> set[str]:
    """The names and attributes that the step goes by: its own, and those of the functions that return it."""
    names: set[str] = set()
    functions = [f for f in program.each(ast.FunctionDef) if any(n is statement for n in walk(f))]
    if isinstance(statement, ast.Assign):
        names.add(_last(statement.targets[0]))
    grew = True
    while grew:  # ends: the names are bounded by the program's
        before = len(names)
        returning = {f.name for f in functions} if isinstance(statement, ast.Return) else set()
        for function in program.each(ast.FunctionDef):
            returned = [n.value for n in walk(function) if isinstance(n, ast.Return) and n.value is not None]
            if any(_last(value) in names for value in returned):
                returning.add(function.name)
        for assigned in program.each(ast.Assign):
            value = assigned.value
            if (isinstance(value, ast.Call) and _last(value.func) in returning) or _last(value) in names - {""}:
                names |= {_last(target) for target in assigned.targets}
        grew = len(names) > before
    return names - {""}


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _discarded(run: ast.Assign) -> list[ast.AST]:
    """What a run fetches under the name `_`, or a name like it."""
    match run:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call(args=[ast.List(elts=fetched), *_])):
            pairs = zip(targets, fetched, strict=False) if len(targets) == len(fetched) else ()
            unread = [node for target, node in pairs if isinstance(target, ast.Name) and target.id == "_"]
            return [inner for node in unread for inner in walk(node)]
        case ast.Assign(targets=[ast.Name(id="_")], value=value):
            return walk(value)
    return []


def _only_run(statement: ast.Expr) -> list[ast.AST]:
    """What a statement runs without a look at the results."""
    match statement.value:
        case ast.Call(func=ast.Attribute(attr="run"), args=[fetched, *_]):
            return walk(fetched)
        case ast.Call(func=ast.Attribute(value=step, attr="run"), args=[]):
            return walk(step)
    return []


def _is_passed_on(program: Program, node: ast.AST, names: set[str]) -> bool:
    """Whether a mention only gives the step another of its names, or returns it."""
    for statement in program.nodes:
        if isinstance(statement, ast.Return) and statement.value is node:
            return True
        if isinstance(statement, ast.Assign) and statement.value is node:
            return all(_last(target) in names for target in statement.targets)
    return False
