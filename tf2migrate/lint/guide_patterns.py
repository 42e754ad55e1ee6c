"""TFM410 to TFM412: idioms of sessions, which computed anew at each run what they fetched, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.types import MAYBE, SYMBOLIC

FROZEN, KEPT, TOGETHER = "TFM410", "TFM411", "TFM412"

_DRAWS = ("tf.random.normal", "tf.random.uniform", "tf.random.truncated_normal")

#: Names of what is to be drawn anew, and of what is fixed on purpose.
_FRESH = re.compile(r"noise|jitter|perturb|(^|_)eps(ilon)?$", re.IGNORECASE)
_FIXED = re.compile(r"fix|const|static|test|eval|sample|seed|init|base|prior|template", re.IGNORECASE)

_CALLS = ("call", "__call__", "forward")
_SUMS = ("tf.add_n", "builtins.sum", "tf.reduce_sum", "tf.reduce_mean", "tf.stack")


def guide_patterns(ground: Ground) -> Iterator[Found]:
    """What is said of idioms of sessions."""
    for node in ground.program.each(ast.Assign):
        match node:
            case ast.Assign(targets=[target], value=ast.Call(func=called)) if ground.view.symbol(called) in _DRAWS:
                yield from _frozen(ground, node, target)
    for call in ground.view.kinds.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            yield from _kept(ground, call, call.func.value)
            yield from _summed(ground, call, call.func.value)
    if ground.program.text.count("apply_gradients") > 1:
        yield from _together(ground)


def _frozen(ground: Ground, node: ast.Assign, target: ast.expr) -> Iterator[Found]:
    """Random numbers that are drawn once and used at each step."""
    name = target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
    if not _FRESH.search(name) or _FIXED.search(name):
        return
    if isinstance(target, ast.Attribute):
        found = _in_constructor(ground, node, target)
    else:
        found = (
            not ground.view.loops(node) and ground.view.function(node) is None and _is_trained_with(ground, node, name)
        )
    if found:
        yield Found(
            FROZEN,
            node.value,
            f"{name} is drawn once: every call has the same numbers",
            "Draw it where it is used.",
        )


def _in_constructor(ground: Ground, node: ast.Assign, target: ast.Attribute) -> bool:
    function = ground.view.function(node)
    cls = ground.view.kinds.method_class(target.value)
    if cls is None or not isinstance(function, Function) or function.name not in ("__init__", "build"):
        return False
    if len(ground.view.scopes.attributes.get((id(cls), target.attr), [])) != 1:
        return False
    return any(
        n.attr == target.attr
        and isinstance(n.ctx, ast.Load)
        and isinstance(around := ground.view.function(n), Function)
        and (around.name in _CALLS or id(around) in ground.traced.contexts)
        and around in cls.body
        for n in ground.program.each(ast.Attribute)
    )


def _is_trained_with(ground: Ground, node: ast.Assign, name: str) -> bool:
    """Whether a name of the module is bound once, and read inside of a tape that runs again and again."""
    for each in ground.program.each(ast.Name):
        if each.id != name or not isinstance(each.ctx, ast.Load):
            continue
        if [b.node for b in ground.view.scopes.bindings(each)] != [node.value]:
            return False
        taped = any(
            isinstance(above, ast.With) and "GradientTape" in ground.program.segment(above.items[0].context_expr)
            for above in ground.view.above(each)
        )
        if taped and (ground.view.function(each) is not None or ground.view.loops(each)):
            return True
    return False


def _kept(ground: Ground, call: ast.Call, owner: ast.expr) -> Iterator[Found]:
    """`self.losses.append(...)` in each call, summed outside, where nothing empties the list."""
    function = ground.view.function(call)
    cls = ground.view.kinds.method_class(owner.value) if isinstance(owner, ast.Attribute) else None
    if cls is None or not isinstance(owner, ast.Attribute) or not isinstance(function, Function):
        return
    if function.name not in _CALLS or id(function) in ground.traced.contexts or len(call.args) != 1:
        return
    bindings = ground.view.scopes.attributes.get((id(cls), owner.attr), [])
    made = [b.node for b in bindings]
    if len(made) != 1 or not isinstance(made[0], ast.List) or made[0].elts:
        return
    maker = ground.view.function(made[0])
    if not isinstance(maker, Function) or maker.name != "__init__":
        return
    if ground.kind(call.args[0]) not in SYMBOLIC | MAYBE or _is_emptied(ground, owner.attr):
        return
    if any(_sums(ground, each, owner.attr) for each in ground.view.kinds.calls):
        yield Found(
            KEPT,
            call,
            f"{owner.attr} keeps what every call before has put there: it grows, and its sum with it",
            "Make a new list in each call, or return the value.",
        )


def _summed(ground: Ground, call: ast.Call, owner: ast.expr) -> Iterator[Found]:
    """`losses.append(loss)` and the sum of `losses` in each round of a loop that does not empty the list."""
    loops, function = ground.view.loops(call), ground.view.function(call)
    if not isinstance(owner, ast.Name) or len(loops) != 1 or (function is not None and ground.traced.of(call)):
        return
    made = [b.node for b in ground.view.scopes.bindings(owner)]
    if len(made) != 1 or not isinstance(made[0], ast.List) or made[0].elts or ground.view.loops(made[0]):
        return
    if ground.kind(call.args[0] if len(call.args) == 1 else None) != "tensor" or _is_emptied(ground, owner.id):
        return
    for each in ground.view.kinds.calls:
        summed = each.args[0] if each.args and ground.symbol(each.func) == "tf.add_n" else None
        if isinstance(summed, ast.Name) and summed.id == owner.id and ground.view.loops(each) == loops:
            yield Found(
                KEPT,
                call,
                f"{owner.id} keeps what every round before has put there: it grows, and its sum with it",
                "Make a new list in each round.",
            )
            return


def _is_emptied(ground: Ground, name: str) -> bool:
    """Whether something may empty the list of this name: a `clear`, a `del`, an assignment from outside."""
    emptied = any(key.endswith(f".{name}") for key in ground.view.scopes.dotted)
    return emptied or f"{name}.clear(" in ground.program.text or f"del {name}" in ground.program.text


def _sums(ground: Ground, call: ast.Call, name: str) -> bool:
    value = call.args[0] if call.args else None
    return isinstance(value, ast.Attribute) and value.attr == name and ground.symbol(call.func) in _SUMS


def _together(ground: Ground) -> Iterator[Found]:
    """One function that makes two updates, called where only one of them is wanted."""
    for function in ground.view.kinds.defs:
        optimizers = {
            ast.unparse(n.func.value)
            for n in ground.view.own(function)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "apply_gradients"
        }
        if len(optimizers) < 2:
            continue
        dropped: dict[frozenset[int], ast.Call] = {}
        for call in ground.view.kinds.calls:
            statement = ground.view.statement(call)
            if (
                isinstance(statement, ast.Assign)
                and statement.value is call
                and function in ground.view.called(call.func)
            ):
                unused = _unused(statement.targets[0])
                if unused:
                    dropped.setdefault(unused, call)
        if len(dropped) > 1 and not frozenset.intersection(*dropped):
            call = max(dropped.values(), key=lambda each: each.lineno)
            yield Found(
                TOGETHER,
                call,
                f"{function.name} makes every update at each call, also those whose results are dropped here",
                "Make one function for each update: a session ran only what was fetched.",
            )


def _unused(target: ast.expr) -> frozenset[int]:
    """The places of a tuple that are thrown away."""
    parts = target.elts if isinstance(target, ast.Tuple) else []
    return frozenset(i for i, part in enumerate(parts) if isinstance(part, ast.Name) and set(part.id) == {"_"})
