"""TFM346: a size that is None while a function is traced, where a number is needed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import argument, literal, modules, spelled
from tf2migrate.lint.traced import Context
from tf2migrate.lint.view import AnyFunction, parameters
from tf2migrate.model import Edit

#: Functions that take a shape, or a number of times, and no None in it.
_SHAPED = frozenset(
    f"tf.{name}"
    for name in (
        *("reshape", "zeros", "ones", "fill", "tile", "broadcast_to", "range", "random.normal", "random.uniform"),
        *("random.truncated_normal", "eye", "one_hot", "constant", "repeat", "slice"),
    )
)


def open_sizes(ground: Ground, call: ast.Call, function: AnyFunction, context: Context, code: str) -> Iterator[Found]:
    """The sizes in a call that takes a shape which are None: `inputs.shape[0]`, also by way of a name."""
    if ground.view.symbol(call.func) not in _SHAPED:
        return
    for part in _parts(call):
        made = _defined(ground, part, function)
        size = _size(ground, made, part)
        if size is None:
            continue
        owner, place = size
        where = _none(ground, owner, place, function, context)
        if where:
            program = ground.program
            new = spelled(program, "tf.shape", modules(program))
            edits: tuple[Edit, ...] = ()
            if new and isinstance(made, ast.Subscript):
                edits = (Edit(program.span(made), f"{new}({owner.id})[{place}]"),)
            yield Found(code, part, where, f"Use tf.shape({owner.id})[{place}].", edits, safe=False)


def _parts(call: ast.Call) -> Iterator[ast.expr]:
    """The names and items in the arguments of a call, without those of other calls and of conditions."""
    pending: list[ast.AST] = [*call.args, *(k.value for k in call.keywords)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name | ast.Subscript):
            yield node
        elif isinstance(node, ast.List | ast.Tuple):
            pending.extend(node.elts)
        elif isinstance(node, ast.BinOp):
            pending.extend((node.left, node.right))


def _defined(ground: Ground, part: ast.expr, function: AnyFunction) -> ast.AST:
    """What a name is bound to, once, in the function, where nothing asks whether it is None."""
    bindings = ground.view.scopes.bindings(part) if isinstance(part, ast.Name) else []
    if not isinstance(part, ast.Name) or len(bindings) != 1 or bindings[0].how not in ("is", "item"):
        return part
    for node in ground.view.own(function):
        test = node.test if isinstance(node, ast.If | ast.IfExp | ast.While) else node
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.BoolOp | ast.Compare) and any(
            isinstance(n, ast.Name) and n.id == part.id for n in walk(test)
        ):
            return part
    return bindings[0].node


def _size(ground: Ground, node: ast.AST, part: ast.expr) -> tuple[ast.Name, int] | None:
    """The tensor of which an expression, or a part of it, is a size, and which of its sizes."""
    match node:
        case ast.Subscript(value=shape, slice=ast.Constant(value=int() as place)):
            owner = _of_shape(ground, shape)
            return (owner, place) if owner is not None else None
    above = ground.view.parents.get(id(node))
    owner = _of_shape(ground, node) if node is not part else None
    if owner is None or not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Tuple | ast.List):
        return None
    names = [e.id if isinstance(e, ast.Name) else "" for e in above.targets[0].elts]
    plain = not any(isinstance(e, ast.Starred) for e in above.targets[0].elts)
    return (owner, names.index(part.id)) if isinstance(part, ast.Name) and part.id in names and plain else None


def _of_shape(ground: Ground, node: ast.AST) -> ast.Name | None:
    """The tensor whose static shape an expression is."""
    match node:
        case ast.Attribute(value=ast.Name() as owner, attr="shape"):
            return owner
        case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr="get_shape"), args=[]):
            return owner
        case ast.Call(func=ast.Attribute(value=shape, attr="as_list"), args=[]):
            return _of_shape(ground, shape)
        case ast.Call(func=called, args=[ast.Name() as owner]) if (
            ground.view.symbol(called) == "tf.keras.backend.int_shape"
        ):
            return owner
    return None


def _none(ground: Ground, owner: ast.Name, place: int, function: AnyFunction, context: Context) -> str:
    """Why a size is None while the function is traced; else \"\"."""
    if context.why == "keras":
        arguments = parameters(function)
        if context.call is not None or len(arguments) < 2 or owner.id != arguments[1].arg or place != 0:
            return ""
        if ground.kind(owner) != "nest":
            return ""
        return f"{owner.id}.shape[0] is None where the size of the batch is not known, as in fit"
    if _is_open(ground, owner, place, function, context):
        return f"{owner.id}.shape[{place}] is None by the input_signature"
    return ""


def _is_open(ground: Ground, owner: ast.Name, place: int, function: AnyFunction, context: Context) -> bool:
    """Whether the input_signature of a tf.function leaves a size of a parameter open."""
    signature = context.options.get("input_signature")
    names = [a.arg for a in parameters(function) if a.arg != "self"]
    if context.root is not function or owner.id not in names or not isinstance(signature, ast.List | ast.Tuple):
        return False
    if [b.how for b in ground.view.scopes.bindings(owner)] != ["param"] or names.index(owner.id) >= len(signature.elts):
        return False
    spec = signature.elts[names.index(owner.id)]
    if not isinstance(spec, ast.Call) or ground.view.symbol(spec.func) != "tf.TensorSpec":
        return False
    shape = argument(spec, "shape", 0)
    sizes = shape.elts if isinstance(shape, ast.List | ast.Tuple) else []
    return place < len(sizes) and isinstance(size := sizes[place], ast.Constant) and literal(size) is None
