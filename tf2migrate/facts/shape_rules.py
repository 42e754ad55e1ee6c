"""The shapes of what TensorFlow's functions give, for tensors of known shapes (`facts.static_shapes`)."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind

if TYPE_CHECKING:
    from tf2migrate.facts.static_shapes import Context, StaticShapes

Size = int | None
Shape = tuple[Size, ...]


class UnknownShape(Exception):
    """What a shape is cannot be told from the text."""


def _names(prefix: str, text: str) -> list[str]:
    return [f"{prefix}{name}" for name in text.split()]


#: Functions whose first argument gives the result its shape.
SAME = frozenset(
    _names("tf.nn.", "relu relu6 elu selu sigmoid tanh softmax softplus dropout bias_add lrn l2_normalize")
    + _names("tf.nn.", "local_response_normalization batch_normalization leaky_relu log_softmax softsign")
    + _names("tf.", "identity sigmoid tanh square abs exp log sqrt cast to_float to_int32 stop_gradient clip_by_value")
    + _names("tf.layers.", "batch_normalization dropout")
)
_MADE = ("tf.truncated_normal", "tf.random_normal", "tf.random_uniform", "tf.zeros", "tf.ones")
_BROADCAST = ("tf.add", "tf.subtract", "tf.sub", "tf.multiply", "tf.mul", "tf.div", "tf.divide", "tf.maximum")
_POOLED = ("tf.nn.max_pool", "tf.nn.avg_pool")
_POOL_LAYERS = ("tf.layers.max_pooling2d", "tf.layers.average_pooling2d")

def entries(node: ast.Dict) -> list[tuple[object, ast.expr]]:
    """What a dict holds, by its keys."""
    return [(k.value, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]


def unknown() -> ast.expr:
    return ast.Constant(...)


def first(call: ast.Call) -> ast.expr:
    """A function's first argument."""
    if call.args:
        return call.args[0]
    named = [k.value for k in call.keywords if k.arg in ("features", "x", "input", "inputs", "value", "logits")]
    return named[0] if len(named) == 1 else unknown()


def broadcast(one: Shape, other: Shape) -> Shape:
    """The shape of an operator's result: sizes from the end, where 1 takes the other's."""
    found: list[Size] = []
    for at in range(1, max(len(one), len(other)) + 1):
        a, b = (shape[-at] if at <= len(shape) else 1 for shape in (one, other))
        if a == 1 or b == 1:
            found.append(b if a == 1 else a)
        elif a is None or b is None:
            found.append(a if b is None else b)  # a known size other than 1 is the result's
        elif a == b:
            found.append(a)
        else:
            raise UnknownShape
    return tuple(found[::-1])


def _window(size: Size, window: Size, stride: int, padding: str) -> Size:
    """How many places a window has along one dimension (`GetWindowedOutputSizeVerbose` of common_shape_fns.cc)."""
    if size is None or window is None:
        return None
    return -(-size // stride) if padding == "SAME" else -(-(size - window + 1) // stride)


def _padding(shapes: StaticShapes, node: ast.expr, context: Context, depth: int) -> str:
    text = shapes.text(node, context, depth).upper()
    if text not in ("SAME", "VALID"):
        raise UnknownShape
    return text


def _placeholder(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    return shapes.sizes(bind(call, ("dtype", "shape", "name"))["shape"], context, depth)


def _variable(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "initial_value")]
    return shapes.shape(given[0] if given else unknown(), context, depth)


def _get_variable(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "shape")]
    return shapes.sizes(given[0] if given else unknown(), context, depth)


def _made(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "shape")]
    return shapes.sizes(given[0] if given else unknown(), context, depth)


def _constant(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("value", "dtype", "shape", "name", "verify_shape"))
    if "shape" in given:
        return shapes.sizes(given["shape"], context, depth)
    if isinstance(given["value"], ast.Constant):
        return ()
    raise UnknownShape


def _reshape(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("tensor", "shape", "name"))
    wanted = shapes.sizes(given["shape"], context, depth)
    if None in wanted or wanted.count(-1) > 1:
        raise UnknownShape
    sizes = [size for size in wanted if size is not None]
    if -1 not in sizes:
        return tuple(sizes)
    before = shapes.shape(given["tensor"], context, depth)
    known = math.prod(size for size in sizes if size != -1)
    if None in before or known == 0:
        return tuple(None if size == -1 else size for size in sizes)
    every = math.prod(size for size in before if size is not None)
    return tuple(every // known if size == -1 else size for size in sizes)


def _slid(before: Shape, window: Shape, strides: Shape, padding: str, channels: Size) -> Shape:
    """What a window of rows and columns gives that goes over images by strides."""
    match before, window, strides:
        case (batch, height, width, _), (rows, columns), (int() as down, int() as along):
            return batch, _window(height, rows, down, padding), _window(width, columns, along, padding), channels
    raise UnknownShape


def _inner(sizes: Shape) -> Shape:
    """The sizes for rows and columns, of four."""
    match sizes:
        case (1, rows, columns, 1):
            return rows, columns
    raise UnknownShape


def _conv2d(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    names = ("input", "filter", "strides", "padding", "use_cudnn_on_gpu", "data_format", "name")
    given = bind(call, names)
    filters = shapes.shape(given["filter"], context, depth)
    if "data_format" in given or len(filters) != 4:
        raise UnknownShape
    before, strides = shapes.shape(given["input"], context, depth), shapes.sizes(given["strides"], context, depth)
    return _slid(before, filters[:2], _inner(strides), _padding(shapes, given["padding"], context, depth), filters[3])


def _pool(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("value", "ksize", "strides", "padding", "data_format", "name"))
    if "data_format" in given:
        raise UnknownShape
    before = shapes.shape(given["value"], context, depth)
    window, strides = (_inner(shapes.sizes(given[name], context, depth)) for name in ("ksize", "strides"))
    return _slid(before, window, strides, _padding(shapes, given["padding"], context, depth), before[-1])


def _matmul(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("a", "b", "name"))
    match shapes.shape(given["a"], context, depth), shapes.shape(given["b"], context, depth):
        case ((rows, _), (_, columns)):
            return rows, columns
    raise UnknownShape


def _two(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    if len(call.args) < 2:
        raise UnknownShape
    return broadcast(*(shapes.shape(side, context, depth) for side in call.args[:2]))


def _layer_conv2d(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    known = ("inputs", "filters", "kernel_size", "strides", "padding")
    given = bind(_only(call, known), known)
    strides = shapes.pair(given["strides"], context, depth) if "strides" in given else (1, 1)
    before, window = shapes.shape(given["inputs"], context, depth), shapes.pair(given["kernel_size"], context, depth)
    padding = _padding(shapes, given.get("padding", ast.Constant("valid")), context, depth)
    return _slid(before, window, strides, padding, shapes.size(given["filters"], context, depth))


def _layer_pool(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    known = ("inputs", "pool_size", "strides", "padding")
    given = bind(_only(call, known), known)
    before = shapes.shape(given["inputs"], context, depth)
    window, strides = (shapes.pair(given[name], context, depth) for name in ("pool_size", "strides"))
    padding = _padding(shapes, given.get("padding", ast.Constant("valid")), context, depth)
    return _slid(before, window, strides, padding, before[-1])


def _layer_dense(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(_only(call, ("inputs", "units")), ("inputs", "units"))
    before = shapes.shape(given["inputs"], context, depth)
    return (*before[:-1], shapes.size(given["units"], context, depth))


def _only(call: ast.Call, known: tuple[str, ...]) -> ast.Call:
    """A layer's call without the arguments that its result's shape does not hang on."""
    if any(k.arg in (None, "data_format", "dilation_rate") for k in call.keywords):
        raise UnknownShape
    return ast.Call(call.func, call.args[: len(known)], [k for k in call.keywords if k.arg in known])


def _flatten(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    batch, *rest = shapes.shape(first(call), context, depth)
    if None in rest:
        raise UnknownShape
    return batch, math.prod(size for size in rest if size is not None)



RULES: Mapping[str, Callable[[StaticShapes, ast.Call, Context, int], Shape]] = {
    "tf.placeholder": _placeholder,
    "tf.Variable": _variable,
    "tf.get_variable": _get_variable,
    **dict.fromkeys(_MADE, _made),
    "tf.constant": _constant,
    "tf.reshape": _reshape,
    "tf.nn.conv2d": _conv2d,
    **dict.fromkeys(_POOLED, _pool),
    "tf.matmul": _matmul,
    "tf.nn.xw_plus_b": _matmul,
    **dict.fromkeys(_BROADCAST, _two),
    "tf.layers.conv2d": _layer_conv2d,
    **dict.fromkeys(_POOL_LAYERS, _layer_pool),
    "tf.layers.dense": _layer_dense,
    "tf.layers.flatten": _flatten,
    "tf.contrib.layers.flatten": _flatten,
}

ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Mult: lambda a, b: a * b,
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.FloorDiv: lambda a, b: a // b,
}
