"""TFM341 to TFM350: what needs a value, in traced code, where a tensor has none yet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.foreign_methods import foreign_method
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import literal, modules, spelled, without
from tf2migrate.lint.open_sizes import open_sizes
from tf2migrate.lint.traced import Context
from tf2migrate.lint.types import MAYBE, SYMBOLIC, Type
from tf2migrate.lint.view import AnyFunction
from tf2migrate.model import Edit

METHOD, NUMPY, MATH, BUILTIN, LENGTH, DIMENSION, ITEM, INSTANCE, NAME, SYMBOLIC_CALL = (
    f"TFM{n}" for n in range(341, 351)
)

_NUMPY_TAKES = frozenset(
    f"numpy.{name}"
    for name in (
        *("shape", "ndim", "size", "dtype", "isscalar", "iterable", "result_type", "issubdtype", "broadcast_shapes"),
        *(
            "random.seed",
            "errstate",
            "finfo",
            "iinfo",
            "load",
            "save",
            "testing.assert_allclose",
        ),
    )
)

#: What a function of NumPy is in TensorFlow, where its arguments mean the same.
_TF = {
    **{name: f"tf.reduce_{name}" for name in ("sum", "mean", "max", "min", "prod", "any", "all")},
    **{
        name: f"tf.{name}"
        for name in ("sqrt", "exp", "abs", "square", "sin", "cos", "tanh", "maximum", "minimum", "sign")
    },
    **{
        name: f"tf.{name}"
        for name in ("reshape", "zeros_like", "ones_like", "expand_dims", "squeeze", "where", "argmax")
    },
    "log": "tf.math.log",
    "power": "tf.pow",
    "array": "tf.convert_to_tensor",
    "asarray": "tf.convert_to_tensor",
    "clip": "tf.clip_by_value",
    "add": "tf.add",
    "multiply": "tf.multiply",
    "matmul": "tf.matmul",
    "amax": "tf.reduce_max",
    "floor": "tf.floor",
    "ceil": "tf.math.ceil",
    "isnan": "tf.math.is_nan",
    "transpose": "tf.transpose",
}
_MATH = {name: f"tf.{name}" for name in ("sqrt", "exp", "sin", "cos", "tan", "tanh", "floor", "pow")} | {
    "log": "tf.math.log",
    "ceil": "tf.math.ceil",
    "fabs": "tf.abs",
    "isnan": "tf.math.is_nan",
    "erf": "tf.math.erf",
    "atan2": "tf.atan2",
    "log1p": "tf.math.log1p",
    "sigmoid": "tf.sigmoid",
}
#: Packages whose functions compute with NumPy's arrays, and the keywords that take them in NumPy.
_OF_ARRAYS = ("scipy", "cv2", "skimage", "sklearn", "librosa")
_FIRST = ("a", "x", "arr", "array", "src")

_BUILTINS = {
    "sum": "tf.reduce_sum",
    "any": "tf.reduce_any",
    "all": "tf.reduce_all",
    "max": "tf.reduce_max",
    "min": "tf.reduce_min",
}

#: Names of parameters that are numbers or texts of Python's as a rule.
_PYTHON_NAMES = re.compile(
    r"(n|k|m|d|i|num|size|dim|depth|length|shape|rank|axis|name|mode|training|units|count|steps?|epochs?|epsilon|eps"
    r"|alpha|beta|gamma|sigma|scale|rate|dtype|config|params|seed)s?|(n|d|num|max|min|is|use)_\w+|\w+_(dim|size|name|axis)"
)


def eager_only(ground: Ground) -> Iterator[Found]:
    """What is said of places that need a value in traced code."""
    for node, function, context in ground.traced_nodes():
        if isinstance(node, ast.Call) and not _asks_first(ground, node):
            yield from _method(ground, node, function)
            yield from foreign_method(ground, node, METHOD)
            yield from open_sizes(ground, node, function, context, DIMENSION)
            yield from _numpy(ground, node, function, context)
            yield from _builtin(ground, node, context)
        elif isinstance(node, ast.Subscript) and ground.kind(node.slice) == "tensor":
            yield from _indexed(ground, node)
        elif isinstance(node, ast.Compare) and not _asks_first(ground, node):
            yield from _contains(ground, node)
    for place in ground.program.each(ast.Assign):
        yield from _item(ground, place)
    for added in ground.program.each(ast.AugAssign):
        yield from _item(ground, added)
    for removed in ground.program.each(ast.Delete):
        yield from _item(ground, removed)
    for call in ground.view.kinds.calls:
        yield from _name(ground, call)
        yield from _symbolic(ground, call)


def _asks_first(ground: Ground, node: ast.AST) -> bool:
    """Whether a test around a place asks what the value is, or whether anything is traced."""
    if ground.traced.runs_eagerly(node):
        return True
    child = node
    for above in ground.view.above(node):
        if isinstance(above, ast.If | ast.IfExp) and child is not above.test:
            for part in walk(above.test):
                name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
                if name in ("EagerTensor", "hasattr", "isinstance", "is_tensor", "is_tf_type", "callable"):
                    return True
        if isinstance(above, ast.Try):
            return True
        child = above
    return False


def _is_tensor(ground: Ground, node: ast.expr, function: AnyFunction | None = None) -> bool:
    """Whether an expression is a tensor of the graph; a parameter of which nothing is known, by its name."""
    kind = ground.kind(node)
    if kind in SYMBOLIC:
        return not (isinstance(node, ast.Name) and function is not None and ground.is_free(node, function))
    if kind not in MAYBE:
        return False
    names = [n.id for n in walk(node) if isinstance(n, ast.Name)]
    return not any(_PYTHON_NAMES.fullmatch(name) for name in names)


def _method(ground: Ground, node: ast.Call, function: AnyFunction) -> Iterator[Found]:
    match node:
        case ast.Call(
            func=ast.Attribute(value=owner, attr="numpy" | "item" | "tolist" | "eval" as name), args=[], keywords=[]
        ):
            pass
        case _:
            return
    kind = ground.kind(owner)
    outer = isinstance(owner, ast.Name) and ground.is_free(owner, function) and kind != "variable"
    if outer or kind not in SYMBOLIC | MAYBE | ({"unknown"} if name == "numpy" else set()):
        return
    program = ground.program
    end = program.span(owner).end
    edits = (Edit(type(program.span(node))(end, program.span(node).end), ""),) if name == "numpy" else ()
    yield Found(
        METHOD,
        node,
        f"a tensor has no {name}() in traced code",
        "Leave it out, and compute with the tensor." if name == "numpy" else "Compute with the tensor.",
        edits,
        safe=False,
        sure=kind != "unknown" or isinstance(owner, ast.Name),
    )


def _numpy(ground: Ground, node: ast.Call, function: AnyFunction, context: Context) -> Iterator[Found]:
    path = ground.view.path(node.func)
    package, _, name = path.rpartition(".")
    of_numpy = package in ("numpy", "numpy.linalg", "math")
    reads = name in ("imread", "imwrite", "load")  # of which another rule speaks
    if (not of_numpy and (path.partition(".")[0] not in _OF_ARRAYS or reads)) or path in _NUMPY_TAKES:
        return
    given = [*node.args, *(k.value for k in node.keywords if k.arg in _FIRST)]
    parts = [p for a in given for p in (a.elts if isinstance(a, ast.List | ast.Tuple) else [a])]
    if not any(_is_tensor(ground, part, function) for part in parts):
        return
    table = _MATH if package == "math" else _TF if package == "numpy" else {}
    program = ground.program
    new = spelled(program, table.get(name, ""), modules(program)) if name in table else None
    plain = bool(node.args) and {k.arg for k in node.keywords} <= {"axis", "keepdims"}
    edits = (Edit(program.span(node.func), new),) if new and plain else ()
    code, module = (MATH, "math") if package == "math" else (NUMPY, package)
    yield Found(
        code,
        node,
        f"{module}.{name} needs a value, and a traced tensor has none",
        f"Use {table[name]}." if name in table else "Use the function of TensorFlow.",
        edits,
        safe=False,
    )


def _builtin(ground: Ground, node: ast.Call, context: Context) -> Iterator[Found]:
    path = ground.view.path(node.func)
    name = path.removeprefix("builtins.")
    if not path.startswith("builtins.") or node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
        return
    program = ground.program
    kinds = [ground.kind(a) for a in node.args]
    if name == "round" and kinds[:1] == ["tensor"]:
        new = spelled(program, "tf.round", modules(program))
        edits = (Edit(program.span(node.func), new),) if new and len(node.args) == 1 else ()
        yield Found(MATH, node, "round() does not take a tensor", "Use tf.round.", edits, safe=False)
    elif name == "len" and kinds == ["tensor"] and not context.autograph:
        new = spelled(program, "tf.shape", modules(program))
        edits = (Edit(program.span(node), f"{new}({program.segment(node.args[0])})[0]"),) if new else ()
        advice = "Use tf.shape(x)[0], or x.shape[0] where it is known."
        yield Found(LENGTH, node, "a tensor of the graph has no len() here", advice, edits, safe=False)
    elif name in ("max", "min") and ((len(kinds) > 2 and "tensor" in kinds) or _is_listed(ground, node)):
        yield _needs(node, name, f"tf.reduce_{name}(tf.stack(values), 0)", ())
    elif name in ("max", "min") and len(kinds) == 2 and "tensor" in kinds:
        new = spelled(program, f"tf.{name}imum", modules(program))
        edits = (Edit(program.span(node.func), new),) if new else ()
        yield _needs(node, name, f"tf.{name}imum", edits)
    elif name in _BUILTINS and kinds == ["tensor"]:
        new = spelled(program, _BUILTINS[name], modules(program))
        edits = (Edit(program.span(node.func), new),) if new else ()
        yield _needs(node, name, _BUILTINS[name], edits)
    elif name in ("enumerate", "zip") and "tensor" in kinds:
        yield _needs(node, name, "tf.range and an index, or a tf.data.Dataset", ())
    elif name in ("int", "float", "range") and "tensor" in kinds and not context.autograph:
        yield _needs(node, name, "tf.while_loop, or put it in a tf.function" if name == "range" else "tf.cast", ())
    elif name in ("any", "all") and len(node.args) == 1 and _of_tensors(ground.type(node.args[0])):
        yield _needs(node, name, "tf.logical_or and tf.logical_and", ())
    elif name in ("bool", "divmod") and "tensor" in kinds:
        yield _needs(node, name, "tf.cast" if name == "bool" else "// and %", ())
    elif name == "isinstance" and len(node.args) == 2 and kinds[0] == "tensor":
        classes = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        numbers = ("builtins.int", "builtins.float", "builtins.str", "builtins.list", "numpy.ndarray")
        if all(ground.view.path(c) in numbers for c in classes) and context.why not in ("reached", "told"):
            yield Found(
                INSTANCE,
                node,
                "a traced tensor is never a number, list or array of Python's: this is always False",
                "Ask for its dtype.",
            )


def _is_listed(ground: Ground, node: ast.Call) -> bool:
    """Whether a call compares the tensors of a list."""
    parts = node.args[0].elts if len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple) else []
    return len(parts) > 1 and any(ground.kind(part) == "tensor" for part in parts)


def _of_tensors(found: Type) -> bool:
    return found.item is not None and found.item.kind == "tensor"


def _needs(node: ast.expr, name: str, new: str, edits: tuple[Edit, ...]) -> Found:
    return Found(BUILTIN, node, f"{name} needs a value, and a traced tensor has none", f"Use {new}.", edits, safe=False)


def _indexed(ground: Ground, node: ast.Subscript) -> Iterator[Found]:
    """`names[i]` of a list or tuple of Python's, with a tensor for a number."""
    numbered = ground.kind(node.value) in ("list", "tuple") and isinstance(node.ctx, ast.Load)
    if numbered and not isinstance(node.slice, ast.Slice) and not _asks_first(ground, node):
        yield Found(
            METHOD,
            node,
            "a list or tuple takes no tensor for an index",
            "Use tf.gather, or make it a tensor.",
        )


def _contains(ground: Ground, node: ast.Compare) -> Iterator[Found]:
    if isinstance(node.ops[0], ast.In | ast.NotIn):
        left, right = node.left, node.comparators[0]
        of_numbers = isinstance(right, ast.List | ast.Tuple | ast.Set) and bool(right.elts)
        if ground.kind(right) == "tensor" or (ground.kind(left) == "tensor" and of_numbers):
            yield _needs(node, "in", "tf.reduce_any(x == values)", ())


def _item(ground: Ground, node: ast.Assign | ast.AugAssign | ast.Delete) -> Iterator[Found]:
    targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
    for target in targets:
        owner = target.value if isinstance(target, ast.Subscript) else None
        if not isinstance(owner, ast.Name) or not _computed(ground, owner):
            continue
        summed = ground.kind(owner) in MAYBE and ground.traced.of(node) is not None
        if ground.kind(owner) not in SYMBOLIC and not summed:
            continue
        what = "variable" if ground.kind(owner) == "variable" else "tensor"
        advice = "Use tf.tensor_scatter_nd_update." if what == "tensor" else "Write v[i].assign(...)."
        yield Found(ITEM, node, f"a {what} takes no item assignment", advice)


def _computed(ground: Ground, name: ast.Name) -> bool:
    """Whether a name is bound to what TensorFlow computes, as far as a look tells."""
    values = [b.node for b in ground.view.scopes.bindings(name)]
    if ground.kind(name) in MAYBE:
        return len(values) == 1 and isinstance(values[0], ast.BinOp)
    return any(
        isinstance(v, ast.BinOp)
        or (isinstance(v, ast.arg) and v.annotation is not None)
        or (isinstance(v, ast.Call) and ground.view.symbol(v.func).startswith("tf."))
        for v in values
    )


def _name(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """`name=` with a number."""
    for keyword in node.keywords:
        if keyword.arg == "name" and not isinstance(keyword.value, ast.JoinedStr):
            value = literal(keyword.value)
            symbol = ground.view.symbol(node.func)
            traced = ground.traced.of(node) is not None and ground.kind(keyword.value) == "tensor"
            if (
                (traced or isinstance(value, int | float))
                and symbol.startswith("tf.")
                and not symbol.startswith("tf.keras.")
            ):
                edits = without(ground.program, node, [keyword])
                yield Found(
                    NAME,
                    keyword,
                    "a name that is no text: TensorFlow stops once it traces this",
                    "Leave it out.",
                    edits,
                )


def _symbolic(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """A symbolic tensor of Keras, handed to a tf.function."""
    if not node.args or not isinstance(node.func, ast.Name | ast.Attribute):
        return
    for target in ground.view.called(node.func):
        context = ground.traced.contexts.get(id(target))
        direct = context is not None and context.why == "function" and context.root is target
        if direct and any(ground.view.kinds.of(a) == "KerasTensor" for a in node.args):
            yield Found(
                SYMBOLIC_CALL,
                node,
                "a tf.function does not take the symbolic tensors of Keras 3",
                "Call it in a layer, or in a Lambda layer.",
            )
