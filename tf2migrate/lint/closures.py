"""TFM379 to TFM382: what AutoGraph does not see of functions inside of others; an index out of reach."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import literal
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.traced import Context
from tf2migrate.lint.types import MAYBE, SYMBOLIC
from tf2migrate.lint.view import AnyFunction, Loop

CONFUSED, OLD_VALUE, HIDDEN, BEYOND = (f"TFM{n}" for n in range(379, 383))

#: A statement that becomes a part of the graph when a tensor decides.
Staged = ast.If | Loop


def closures(ground: Ground) -> Iterator[Found]:
    """What is said of functions inside traced functions."""
    for function, context in ground.functions():
        if not context.autograph:
            continue
        if isinstance(function, ast.Lambda):
            yield from _confused(ground, function)
        lambdas = list(_lambdas(ground, function))
        for node in ground.view.own(function):
            if isinstance(node, Staged) and _is_staged(ground, node):
                yield from _old_values(ground, node, function, lambdas) if lambdas else ()
                yield from _hidden(ground, node, function)
                if isinstance(node, ast.If) and isinstance(function, Function):
                    yield from _beyond(ground, node, function, context)


def _is_tensors(ground: Ground, node: ast.expr) -> bool:
    """Whether a test is a tensor's, or a comparison of what may be one."""
    kind = ground.kind(node)
    return kind == "tensor" or (kind in MAYBE and isinstance(node, ast.Compare))


def _is_staged(ground: Ground, node: Staged) -> bool:
    if isinstance(node, ast.If | ast.While):
        return _is_tensors(ground, node.test)
    found = ground.type(node.iter)
    if found.kind == "range":
        return found.item is not None and found.item.kind == "tensor"
    return found.kind in ("tensor", "dataset")


def _confused(ground: Ground, function: ast.Lambda) -> Iterator[Found]:
    """Two lambdas with the same parameters on one line: AutoGraph cannot tell which it is to convert, and does not."""
    others = [
        node
        for node in ground.program.each(ast.Lambda)
        if node is not function and node.lineno == function.lineno
        and ast.dump(node.args) == ast.dump(function.args)
    ]  # fmt: skip
    if others and _needs_autograph(ground, function):
        yield Found(
            CONFUSED,
            function,
            "AutoGraph cannot tell this lambda from another on its line, and leaves it as it is",
            "Put each on a line of its own, or name the function.",
        )


def _needs_autograph(ground: Ground, function: AnyFunction, depth: int = 2) -> bool:
    """Whether a function asks for the value of a tensor, itself or in one that it calls."""
    for node in ground.view.own(function):
        if isinstance(node, ast.IfExp | ast.If | ast.While) and _is_tensors(ground, node.test):
            return True
        if isinstance(node, ast.BoolOp) and any(_is_tensors(ground, value) for value in node.values):
            return True
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and _is_tensors(ground, node.operand):
            return True
        for target in ground.view.called(node.func) if isinstance(node, ast.Call) and depth else []:
            if not isinstance(target, ast.ClassDef) and _needs_autograph(ground, target, depth - 1):
                return True
    return False


def _stored(node: Staged) -> set[str]:
    """The names that a statement may bind."""
    parts: list[ast.AST] = [*node.body, *node.orelse]
    if isinstance(node, ast.For | ast.AsyncFor):
        parts.append(node.target)
    return {n.id for part in parts for n in walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _later(ground: Ground, node: Staged, function: AnyFunction) -> list[ast.AST]:
    """What of a function runs after a statement, or again with it."""
    end = node.end_lineno or 0
    loops = [node, *ground.view.loops(node)] if isinstance(node, Loop) else ground.view.loops(node)
    again = {id(n) for loop in loops for n in walk(loop)}
    return [n for n in ground.view.own(function) if id(n) in again or getattr(n, "lineno", 0) > end]


def _lambdas(ground: Ground, function: AnyFunction) -> Iterator[tuple[str, ast.Assign, ast.Lambda]]:
    """The lambdas that a function gives a name to."""
    for node in ground.view.own(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                yield name, node, value


def _old_values(
    ground: Ground, node: Staged, function: AnyFunction, lambdas: Sequence[tuple[str, ast.Assign, ast.Lambda]]
) -> Iterator[Found]:
    """A lambda that reads what a branch or loop of the graph changes, where nothing else reads it."""
    stored = _stored(node)
    later = _later(ground, node, function)
    loaded = {n.id for n in later if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    inside = {id(n) for n in walk(node)}
    for name, made, value in lambdas:
        if id(made) in inside or name not in loaded or made.lineno > node.lineno:
            continue
        own = {a.arg for a in [*value.args.args, *value.args.kwonlyargs, *value.args.posonlyargs]}
        reads = {n.id for n in walk(value.body) if isinstance(n, ast.Name)} - own
        for missed in sorted((reads & stored) - loaded - _read_by_functions(ground, function)):
            yield Found(
                OLD_VALUE,
                value,
                f"AutoGraph does not see that this lambda reads {missed}: it has the value from before the "
                + ("loop" if isinstance(node, Loop) else "condition"),
                f"Hand {missed} over as an argument, or write a def.",
            )


def _read_by_functions(ground: Ground, function: AnyFunction) -> set[str]:
    """The names that functions inside of a function read, which AutoGraph does see."""
    inner = [n for n in ground.view.own(function) if isinstance(n, Function)]
    return {n.id for each in inner for n in walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _hidden(ground: Ground, node: Staged, function: AnyFunction) -> Iterator[Found]:
    """A helper that changes, in a branch or loop of the graph, what is read after it."""
    read: set[str] | None = None  # it is seldom asked for, and takes a look at the whole function
    for statement in node.body:
        for call in walk(statement):
            if not isinstance(call, ast.Call) or ground.view.function(call) is not function:
                continue
            given = [*call.args, *(k.value for k in call.keywords)]
            made = any(not isinstance(a, ast.Name) or a.id in _stored(node) for a in given)
            for changed in [*_changes(ground, call, function), *(_appends(ground, call) if made else ())]:
                read = _read_below(ground, node, function) if read is None else read
                if changed in read:
                    yield Found(
                        HIDDEN,
                        call,
                        f"{changed} is changed inside of the call, in a part of the graph, and has no value after it",
                        "Return the new value, and assign it here.",
                    )
                    break


def _read_below(ground: Ground, node: Staged, function: AnyFunction) -> set[str]:
    """The names and attributes that a function reads below a statement."""
    return {
        ast.unparse(n)
        for n in _later(ground, node, function)
        if isinstance(n, ast.Name | ast.Attribute) and isinstance(n.ctx, ast.Load) and n.lineno > (node.end_lineno or 0)
    }


def _changes(ground: Ground, call: ast.Call, function: AnyFunction) -> Iterator[str]:
    """What of a function's own values a call keeps a tensor in, as the function reads it."""
    for target in ground.view.called(call.func):
        if isinstance(target, Function) and ground.view.function(target) is function:
            yield from _of_closure(ground, target)
    if not isinstance(call.func, ast.Attribute):
        return
    owner = call.func.value
    cls = ground.view.kinds.method_class(owner) or ground.view.made(owner)
    method = ground.view.method(cls, call.func.attr) if cls is not None else None
    for node in ground.view.own(method) if method is not None else []:
        match node:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value)
                | ast.AugAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name), value=value)
            ) if ground.kind(value) in SYMBOLIC | MAYBE:
                yield f"{ast.unparse(owner)}.{name}"


def _appends(ground: Ground, call: ast.Call) -> Iterator[str]:
    """The list of an object that a method puts a tensor into."""
    for method in ground.view.called(call.func) if isinstance(call.func, ast.Attribute) else []:
        for node in ground.view.own(method):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=name), attr="append"),
                    args=[value],
                ) if ground.kind(value) in SYMBOLIC | MAYBE and isinstance(call.func, ast.Attribute):
                    yield f"{ast.unparse(call.func.value)}.{name}"


def _of_closure(ground: Ground, target: Function) -> Iterator[str]:
    own = ground.view.own(target)
    outer = {name for n in own if isinstance(n, ast.Nonlocal) for name in n.names}
    for node in own:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AugAssign(target=ast.Name(id=name), value=value)
            ) if name in outer and ground.kind(value) in SYMBOLIC | MAYBE:
                yield name
            case (
                ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name) as owner)], value=value)
                | ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name) as owner), value=value)
            ) if ground.is_free(owner, target) or _of_around(ground, owner, target):
                if ground.kind(owner) in ("list", "dict") and ground.kind(value) in SYMBOLIC | MAYBE:
                    yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name) as owner, attr="append" | "extend"), args=[value]):
                kept = ground.kind(value) in SYMBOLIC | MAYBE and ground.kind(owner) == "list"
                if kept and _of_around(ground, owner, target):
                    yield name


def _of_around(ground: Ground, name: ast.Name, target: Function) -> bool:
    """Whether a name belongs to the function around another."""
    scope = ground.view.scopes.of.get(id(name))
    while scope is not None and name.id not in scope.bindings:
        scope = scope.parent
    return scope is not None and scope.node is not target and scope.node is ground.view.function(target)


def _sized(ground: Ground, node: ast.expr) -> str:
    """The name of the tensor whose first size, as a tensor, an expression is; else \"\"."""
    match node:
        case ast.Subscript(value=ast.Call(func=called, args=[ast.Name(id=name)]), slice=ast.Constant(value=0)):
            return name if ground.view.symbol(called) == "tf.shape" else ""
        case ast.Call(func=called, args=[ast.Name(id=name)]) if ground.view.symbol(called) == "tf.size":
            return name
    return ""


def _beyond(ground: Ground, node: ast.If, function: Function, context: Context) -> Iterator[Found]:
    """`x[5]` below `if tf.shape(x)[0] > 5`: the branch is traced all the same, with the shape that x has."""
    if context.why != "function" or context.root is not function or "input_signature" in context.options:
        return
    match node.test:
        case ast.Compare(left=size, ops=[ast.Gt() | ast.GtE()], comparators=[ast.Constant(value=int() as least)]):
            name = _sized(ground, size)
        case ast.Compare(left=ast.Constant(value=int() as least), ops=[ast.Lt() | ast.LtE()], comparators=[size]):
            name = _sized(ground, size)
        case _:
            return
    for statement in node.body:
        for place in walk(statement):
            match place:
                case ast.Subscript(value=ast.Name(id=owner), slice=ast.Constant(value=int() as index)) if (
                    owner == name and 0 < index <= least and literal(place.slice) is not True
                ):
                    if ground.kind(place.value) in SYMBOLIC | MAYBE:
                        yield Found(
                            BEYOND,
                            place,
                            f"traced also where {name} is shorter, whatever the condition: TensorFlow stops there",
                            f"Ask for {name}.shape[0], which is known while tracing.",
                        )
                        return
