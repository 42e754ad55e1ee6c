"""TFM312 of objects: an attribute that the program changes from outside, between two calls of what has traced it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.view import AnyFunction, parameters


def changed_between(ground: Ground, code: str) -> Iterator[Found]:
    """The traced reads of an object's attribute that a statement changes after one call, and before another."""
    places: list[ast.Assign | ast.AugAssign] = [*ground.program.each(ast.Assign), *ground.program.each(ast.AugAssign)]
    for place in places:
        match place.targets if isinstance(place, ast.Assign) else [place.target]:
            case [ast.Attribute(value=ast.Name() as owner, attr=attr)] if ground.kind(place.value) == "python":
                read = _read(ground, place, owner, attr)
                if read is not None:
                    yield Found(
                        code,
                        read,
                        f"{attr} is what it was when the function was traced, and line {place.lineno} changes it",
                        "Make it a tf.Variable and assign to it, or an argument.",
                    )


def _read(ground: Ground, place: ast.Assign | ast.AugAssign, owner: ast.Name, attr: str) -> ast.Attribute | None:
    """The first traced read of the attribute, where traced code has run with the object before and runs after."""
    bindings = ground.view.scopes.bindings(owner)
    made = bindings[0].node if len(bindings) == 1 else None
    classes = ground.view.called(made.func) if isinstance(made, ast.Call) else []
    if len(classes) != 1 or not isinstance(classes[0], ast.ClassDef) or ground.traced.of(place) is not None:
        return None
    cls = classes[0]
    own = ground.view.scopes.attributes.get((id(cls), attr), [])
    if not own or any(ground.kind(b.node) != "python" for b in own):
        return None  # what the class has there is not a number or a text
    where = ground.view.function(place)
    uses = [c for c in ground.view.kinds.calls if ground.view.function(c) is where]
    for function, context in ground.functions():
        if context.why != "function" or context.root is not function:
            continue
        calls = [c.lineno for c in uses if _runs(ground, c, owner.id, cls, function)]
        if not any(line < place.lineno for line in calls) or not any(line > place.lineno for line in calls):
            continue
        names = _names(ground, cls, function, owner.id, uses)
        for node in ground.view.own(function):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=read, ctx=ast.Load()) if read == attr:
                    if name in names:
                        return node
    return None


def _runs(ground: Ground, call: ast.Call, name: str, cls: ast.ClassDef, function: AnyFunction) -> bool:
    """Whether a call runs a traced function as a method of the object, or hands the object to it."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr=method) if owner == name:
            return ground.view.method(cls, method) is function or _is_kept_as(ground, cls, method, function)
        case ast.Name():
            made = [b.node for b in ground.view.scopes.bindings(call.func)]
            if len(made) == 1 and isinstance(made[0], ast.Call) and ground.view.symbol(made[0].func) == "tf.function":
                first = made[0].args[0] if made[0].args else None
                if isinstance(first, ast.Name) and first.id == name:
                    return function in (ground.view.method(cls, "__call__"), ground.view.method(cls, "call"))
    handed = any(isinstance(a, ast.Name) and a.id == name for a in call.args)
    return handed and any(target is function for target in ground.view.called(call.func))


def _is_kept_as(ground: Ground, cls: ast.ClassDef, name: str, function: AnyFunction) -> bool:
    """Whether an attribute of the objects of a class is the tf.function of a method."""
    kept = [b.node for b in ground.view.scopes.attributes.get((id(cls), name), [])]
    return len(kept) == 1 and isinstance(kept[0], ast.Call) and function in ground.view.called(kept[0])


def changed_by_callbacks(ground: Ground, code: str) -> Iterator[Found]:
    """The traced reads of a model's number that a callback sets: `self.model.rate = ...`."""
    if "allback" not in ground.program.text:
        return
    for place in ground.program.each(ast.Assign):
        match place.targets:
            case [ast.Attribute(value=ast.Attribute(value=ast.Name() as owner, attr="model"), attr=attr)]:
                cls = ground.view.kinds.method_class(owner)
                if cls is None or ground.view.kinds.base(cls) != "Callback":
                    continue
                for read in _reads_of_models(ground, attr):
                    yield Found(
                        code,
                        read,
                        f"{attr} is what it was when Keras traced this, and line {place.lineno} changes it",
                        "Make it a tf.Variable and assign to it.",
                    )


def _reads_of_models(ground: Ground, attr: str) -> list[ast.Attribute]:
    """The first traced read of an attribute that one class of models here has as a number of Python's."""
    classes = [c for c in ground.program.each(ast.ClassDef) if ground.view.kinds.base(c) == "Model"]
    owners = [c for c in classes if ground.view.scopes.attributes.get((id(c), attr))]
    if len(owners) != 1:
        return []
    values = [b.node for b in ground.view.scopes.attributes[id(owners[0]), attr]]
    if any(ground.kind(v) != "python" for v in values):
        return []
    reads = [
        node
        for node, _, context in ground.traced_nodes()
        if isinstance(node, ast.Attribute) and node.attr == attr and isinstance(node.ctx, ast.Load)
        and context.why in ("keras", "reached") and ground.view.kinds.method_class(node.value) is owners[0]
    ]  # fmt: skip
    return [*reads[:1]]


def _names(ground: Ground, cls: ast.ClassDef, function: AnyFunction, name: str, uses: list[ast.Call]) -> set[str]:
    """What the object is called inside of the function."""
    taken = [a.arg for a in parameters(function)]
    if isinstance(function, ast.FunctionDef) and ground.view.method(cls, function.name) is function:
        return set(taken[:1])
    found = set()
    for call in uses:
        if any(target is function for target in ground.view.called(call.func)):
            found |= {p for p, a in zip(taken, call.args, strict=False) if isinstance(a, ast.Name) and a.id == name}
    return found
