"""What TensorFlow 1 knew of a tensor's shape while the graph was built, worked out from the text.

Only what its shape functions do (`core/framework/common_shape_fns.cc`, `core/ops/*_ops.cc`) for sizes that are written
out, and only for expressions that are of one shape in the whole program: a function that is called twice with different
tensors has none. What is not known for certain is not said at all.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import Scope, is_conditional, scope_of, statement_of

Size = int | None
Shape = tuple[Size, ...]

_DEPTH = 60  # expressions behind each other; a network is not deeper, and what goes in circles ends


class UnknownShape(Exception):
    """What a shape is cannot be told from the text."""


def _names(prefix: str, text: str) -> list[str]:
    return [f"{prefix}{name}" for name in text.split()]


#: Functions whose first argument gives the result its shape.
_SAME = frozenset(
    _names("tf.nn.", "relu relu6 elu selu sigmoid tanh softmax softplus dropout bias_add lrn l2_normalize")
    + _names("tf.nn.", "local_response_normalization batch_normalization leaky_relu log_softmax softsign")
    + _names("tf.", "identity sigmoid tanh square abs exp log sqrt cast to_float to_int32 stop_gradient clip_by_value")
    + _names("tf.layers.", "batch_normalization dropout")
)
_MADE = ("tf.truncated_normal", "tf.random_normal", "tf.random_uniform", "tf.zeros", "tf.ones")
_BROADCAST = ("tf.add", "tf.subtract", "tf.sub", "tf.multiply", "tf.mul", "tf.div", "tf.divide", "tf.maximum")
_POOLED = ("tf.nn.max_pool", "tf.nn.avg_pool")
_POOL_LAYERS = ("tf.layers.max_pooling2d", "tf.layers.average_pooling2d")

Context = Mapping[ast.AST, ast.Call]  # the call through which a function was come to


class StaticShapes:
    """The shapes of a program's expressions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        for function in program.each(ast.FunctionDef):
            self._functions.setdefault(function.name, []).append(function)
        self._stores: dict[tuple[int, str], list[ast.Name]] = {}
        for name in program.each(ast.Name):
            if not isinstance(name.ctx, ast.Load):
                self._stores.setdefault((id(scope_of(program, name)), name.id), []).append(name)
        self._attributes: dict[str, list[ast.Attribute]] = {}
        self._mentions: dict[str, int] = {}
        for attribute in program.each(ast.Attribute):
            self._mentions[attribute.attr] = self._mentions.get(attribute.attr, 0) + 1
            if not isinstance(attribute.ctx, ast.Load):
                self._attributes.setdefault(attribute.attr, []).append(attribute)
        for name in program.each(ast.Name):
            self._mentions[name.id] = self._mentions.get(name.id, 0) + 1
        declared: list[ast.Global | ast.Nonlocal] = [*program.each(ast.Global), *program.each(ast.Nonlocal)]
        self._elsewhere = {name for node in declared for name in node.names}  # bound in other functions as well

    def of(self, node: ast.expr) -> Shape | None:
        """The shape of a tensor of the graph, a size that TensorFlow 1 did not know as None; None where not told."""
        try:
            return self._shape(node, {}, _DEPTH)
        except (UnknownShape, Unbound):
            return None

    def number(self, node: ast.expr) -> int | None:
        """A whole number that is written out, or that is a size of such a shape; None where not told."""
        try:
            return self._number(node, {}, _DEPTH)
        except (UnknownShape, Unbound):
            return None

    # ---------------------------------------------------------------- values

    def _shape(self, node: ast.expr, context: Context, depth: int) -> Shape:
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.Name() | ast.Attribute(value=ast.Name("self")) | ast.Subscript():
                return self._shape(*self._value(node, context, depth), depth - 1)
            case ast.BinOp(left=left, right=right):
                return _broadcast(self._shape(left, context, depth - 1), self._shape(right, context, depth - 1))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._shape(inner, context, depth - 1)
            case ast.Constant(value=int() | float()):
                return ()
            case ast.Call(func=func):
                symbol = self.program.names.symbol(func) or ""
                if symbol in _SAME and (node.args or node.keywords):
                    return self._shape(_first(node), context, depth - 1)
                if symbol in _RULES:
                    return _RULES[symbol](self, node, context, depth - 1)
                returned, inside = self._returned(node, context)
                return self._shape(returned, inside, depth - 1)
        raise UnknownShape

    def _value(self, node: ast.expr, context: Context, depth: int) -> tuple[ast.expr, Context]:
        """The expression that a name, attribute or entry stands for, and how it was come to."""
        match node:
            case ast.Name():
                return self._of_name(node, context)
            case ast.Attribute(attr=attr):
                return self._of_attribute(node, self._attributes.get(attr, ())), {}
            case ast.Subscript(value=ast.Name() | ast.Attribute() as held, slice=ast.Constant(value=key)):
                found, inside = self._value(held, context, depth - 1)
                if isinstance(found, ast.Dict):
                    return next((v for k, v in _entries(found) if k == key), _unknown()), inside
                if isinstance(found, ast.Tuple | ast.List) and isinstance(key, int) and -1 < key < len(found.elts):
                    return found.elts[key], inside
        raise UnknownShape

    def _of_name(self, node: ast.Name, context: Context) -> tuple[ast.expr, Context]:
        own = scope_of(self.program, node)
        outer: Scope = own
        while not self._stores.get((id(outer), node.id)) and not _is_parameter(outer, node.id):
            if isinstance(outer, ast.Module):
                raise UnknownShape
            outer = scope_of(self.program, outer)
        stores = self._stores.get((id(outer), node.id), [])
        if node.id in self._elsewhere or any(is_conditional(self.program, store) for store in stores):
            raise UnknownShape
        before = [s for s in stores if outer is own and self._ends(s) <= self.program.span(node).start]
        if outer is not own and len(stores) == 1:
            before = stores
        if before:
            return self._bound(before[-1], context)
        if not _is_parameter(outer, node.id) or (stores and outer is not own):
            raise UnknownShape
        assert isinstance(outer, ast.FunctionDef)
        call = context.get(outer) or self._only_call(outer)
        return self._argument(outer, call, node.id), {f: c for f, c in context.items() if f is not outer}

    def _ends(self, store: ast.Name) -> int:
        return self.program.span(statement_of(self.program, store)).end

    def _bound(self, store: ast.Name, context: Context) -> tuple[ast.expr, Context]:
        """What an assignment binds a name to: one of several things that a function gives back among them."""
        statement = statement_of(self.program, store)
        match statement:
            case ast.Assign(targets=[target], value=value) if target is store:
                return value, context
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if store in targets:
                inside = context
                if isinstance(value, ast.Call):
                    value, inside = self._returned(value, context)
                if isinstance(value, ast.Tuple) and len(value.elts) == len(targets):
                    return value.elts[targets.index(store)], inside
        raise UnknownShape

    def _of_attribute(self, node: ast.Attribute, stores: Sequence[ast.Attribute]) -> ast.expr:
        """What an attribute of the object is set to: in one place of the program, for the one object that there is."""
        if len(stores) != 1 or is_conditional(self.program, stores[0]):
            raise UnknownShape
        around = self._class_of(stores[0])
        if around is None or around is not self._class_of(node) or self._mentions.get(around.name, 0) != 1:
            raise UnknownShape
        statement = statement_of(self.program, stores[0])
        if not isinstance(statement, ast.Assign) or statement.targets != [stores[0]]:
            raise UnknownShape
        return statement.value

    def _class_of(self, node: ast.AST) -> ast.ClassDef | None:
        method = scope_of(self.program, node)
        above = self.program.parents.get(id(method))
        return above if isinstance(above, ast.ClassDef) else None

    # ----------------------------------------------------------------- calls

    def _returned(self, call: ast.Call, context: Context) -> tuple[ast.expr, Context]:
        """What a function of the program gives back, at the end of its straight code."""
        function = self._called(call)
        if function is None or function in context or function.decorator_list:
            raise UnknownShape
        returns = [
            n for n in self.program.each(ast.Return) if scope_of(self.program, n) is function and n.value is not None
        ]
        if len(returns) != 1 or is_conditional(self.program, returns[0]) or returns[0].value is None:
            raise UnknownShape
        return returns[0].value, {**context, function: call}

    def _called(self, call: ast.Call) -> ast.FunctionDef | None:
        match call.func:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name("self"), attr=name):
                found = self._functions.get(name, [])
                method = isinstance(call.func, ast.Attribute)
                of_class = len(found) == 1 and isinstance(self.program.parents.get(id(found[0])), ast.ClassDef)
                bound = self._stores.get((id(self.program.tree), name))
                return found[0] if len(found) == 1 and method == of_class and not bound else None
        return None

    def _only_call(self, function: ast.FunctionDef) -> ast.Call:
        """The one call of a function or method, or of the class that it initializes."""
        above = self.program.parents.get(id(function))
        name = function.name
        if name == "__init__" and isinstance(above, ast.ClassDef):
            name = above.name
        calls = [
            c
            for c in self.program.each(ast.Call)
            if (getattr(c.func, "id", None) or getattr(c.func, "attr", None)) == name
        ]
        once = len(calls) == self._mentions.get(name, 0) == 1 and len(self._functions.get(function.name, ())) == 1
        if not once or function.decorator_list:
            raise UnknownShape
        return calls[0]

    def _argument(self, function: ast.FunctionDef, call: ast.Call, name: str) -> ast.expr:
        """What a call gives a parameter, or its default."""
        spec = function.args
        names = [a.arg for a in spec.args]
        if isinstance(self.program.parents.get(id(function)), ast.ClassDef):
            names = names[1:]
        if spec.posonlyargs or spec.kwonlyargs or spec.vararg or spec.kwarg:
            raise UnknownShape
        given = bind(call, names)
        if name in given:
            return given[name]
        defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
        return defaults.get(name, _unknown())

    # --------------------------------------------------------------- numbers

    def _number(self, node: ast.expr, context: Context, depth: int) -> Size:
        """A number that is written out, or a size of a shape."""
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.Constant(value=int() | None as value) if not isinstance(value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                return -value
            case ast.Name():
                return self._number(*self._value(node, context, depth), depth - 1)
            case ast.Call(func=ast.Name("int"), args=[inner]):
                return self._number(inner, context, depth - 1)
            case ast.Attribute(value=ast.Subscript() as inner, attr="value"):
                return self._number(inner, context, depth - 1)
            case ast.BinOp(op=ast.Mult() | ast.Add() | ast.Sub() | ast.FloorDiv() as op, left=left, right=right):
                a, b = (self._number(side, context, depth - 1) for side in (left, right))
                if a is None or b is None or b == 0:
                    raise UnknownShape
                return _ARITHMETIC[type(op)](a, b)
            case ast.Subscript(slice=ast.Constant(value=int() as at)):
                sizes = self._sizes(node.value, context, depth - 1)
                if -len(sizes) <= at < len(sizes):
                    return sizes[at]
            case ast.Call(args=[inner], keywords=[]) if ast.unparse(node.func) in ("np.prod", "numpy.prod"):
                sizes = self._sizes(inner, context, depth - 1)
                if None not in sizes:
                    return math.prod(size for size in sizes if size is not None)
            case ast.Call(func=ast.Attribute(value=inner, attr="num_elements"), args=[], keywords=[]):
                sizes = self._sizes(inner, context, depth - 1)
                if None not in sizes:
                    return math.prod(size for size in sizes if size is not None)
        raise UnknownShape

    def _sizes(self, node: ast.expr, context: Context, depth: int) -> Shape:
        """A list of sizes."""
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return tuple(self._number(part, context, depth - 1) for part in parts)
            case ast.Name():
                return self._sizes(*self._value(node, context, depth), depth - 1)
            case ast.Call(func=ast.Attribute(value=inner, attr="as_list"), args=[]):
                return self._sizes(inner, context, depth - 1)
            case ast.Call(func=ast.Attribute(value=inner, attr="get_shape"), args=[]):
                return self._shape(inner, context, depth - 1)
            case ast.Attribute(value=inner, attr="shape"):
                return self._shape(inner, context, depth - 1)
            case ast.Subscript(value=inner, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = [None if end is None else self._number(end, context, depth - 1) for end in (lower, upper)]
                return self._sizes(inner, context, depth - 1)[slice(*ends)]
        raise UnknownShape

    def _pair(self, node: ast.expr, context: Context, depth: int) -> tuple[int, int]:
        """The two sizes that a layer is given, or one for both."""
        try:
            sizes: Shape = (self._number(node, context, depth),) * 2
        except UnknownShape:
            sizes = self._sizes(node, context, depth)
        match sizes:
            case (int() as height, int() as width):
                return height, width
        raise UnknownShape


def _entries(node: ast.Dict) -> list[tuple[object, ast.expr]]:
    return [(k.value, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]


def _unknown() -> ast.expr:
    return ast.Constant(...)


def _first(call: ast.Call) -> ast.expr:
    """A function's first argument."""
    if call.args:
        return call.args[0]
    named = [k.value for k in call.keywords if k.arg in ("features", "x", "input", "inputs", "value", "logits")]
    return named[0] if len(named) == 1 else _unknown()


def _is_parameter(scope: Scope, name: str) -> bool:
    return isinstance(scope, ast.FunctionDef) and any(a.arg == name for a in scope.args.args)


def _broadcast(one: Shape, other: Shape) -> Shape:
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


def _padding(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str(text)) if text.upper() in ("SAME", "VALID"):
            return text.upper()
    raise UnknownShape


def _placeholder(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    return shapes._sizes(bind(call, ("dtype", "shape", "name"))["shape"], context, depth)


def _variable(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "initial_value")]
    return shapes._shape(given[0] if given else _unknown(), context, depth)


def _get_variable(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "shape")]
    return shapes._sizes(given[0] if given else _unknown(), context, depth)


def _made(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "shape")]
    return shapes._sizes(given[0] if given else _unknown(), context, depth)


def _constant(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("value", "dtype", "shape", "name", "verify_shape"))
    if "shape" in given:
        return shapes._sizes(given["shape"], context, depth)
    if isinstance(given["value"], ast.Constant):
        return ()
    raise UnknownShape


def _reshape(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("tensor", "shape", "name"))
    wanted = shapes._sizes(given["shape"], context, depth)
    if None in wanted or wanted.count(-1) > 1:
        raise UnknownShape
    sizes = [size for size in wanted if size is not None]
    if -1 not in sizes:
        return tuple(sizes)
    before = shapes._shape(given["tensor"], context, depth)
    known = math.prod(size for size in sizes if size != -1)
    if None in before or known == 0:
        return tuple(None if size == -1 else size for size in sizes)
    every = math.prod(size for size in before if size is not None)
    return tuple(every // known if size == -1 else size for size in sizes)


def _conv2d(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    names = ("input", "filter", "strides", "padding", "use_cudnn_on_gpu", "data_format", "name")
    given = bind(call, names)
    if "data_format" in given:
        raise UnknownShape
    match (
        shapes._shape(given["input"], context, depth),
        shapes._shape(given["filter"], context, depth),
        shapes._sizes(given["strides"], context, depth),
    ):
        case ((batch, height, width, _), (rows, columns, _, out), (1, int() as down, int() as along, 1)):
            padding = _padding(given["padding"])
            return batch, _window(height, rows, down, padding), _window(width, columns, along, padding), out
    raise UnknownShape


def _pool(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("value", "ksize", "strides", "padding", "data_format", "name"))
    if "data_format" in given:
        raise UnknownShape
    match (
        shapes._shape(given["value"], context, depth),
        shapes._sizes(given["ksize"], context, depth),
        shapes._sizes(given["strides"], context, depth),
    ):
        case ((batch, height, width, channels), (1, rows, columns, 1), (1, int() as down, int() as along, 1)):
            padding = _padding(given["padding"])
            return batch, _window(height, rows, down, padding), _window(width, columns, along, padding), channels
    raise UnknownShape


def _matmul(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(call, ("a", "b", "name"))
    match shapes._shape(given["a"], context, depth), shapes._shape(given["b"], context, depth):
        case ((rows, _), (_, columns)):
            return rows, columns
    raise UnknownShape


def _two(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    if len(call.args) < 2:
        raise UnknownShape
    return _broadcast(*(shapes._shape(side, context, depth) for side in call.args[:2]))


def _layer_conv2d(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    known = ("inputs", "filters", "kernel_size", "strides", "padding")
    given = bind(_only(call, known), known)
    rows, columns = shapes._pair(given["kernel_size"], context, depth)
    down, along = shapes._pair(given["strides"], context, depth) if "strides" in given else (1, 1)
    padding = _padding(given.get("padding", ast.Constant("valid")))
    match shapes._shape(given["inputs"], context, depth):
        case (batch, height, width, _):
            filters = shapes._number(given["filters"], context, depth)
            return batch, _window(height, rows, down, padding), _window(width, columns, along, padding), filters
    raise UnknownShape


def _layer_pool(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    known = ("inputs", "pool_size", "strides", "padding")
    given = bind(_only(call, known), known)
    rows, columns = shapes._pair(given["pool_size"], context, depth)
    down, along = shapes._pair(given["strides"], context, depth)
    padding = _padding(given.get("padding", ast.Constant("valid")))
    match shapes._shape(given["inputs"], context, depth):
        case (batch, height, width, channels):
            return batch, _window(height, rows, down, padding), _window(width, columns, along, padding), channels
    raise UnknownShape


def _layer_dense(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    given = bind(_only(call, ("inputs", "units")), ("inputs", "units"))
    before = shapes._shape(given["inputs"], context, depth)
    return (*before[:-1], shapes._number(given["units"], context, depth))


def _only(call: ast.Call, known: tuple[str, ...]) -> ast.Call:
    """A layer's call without the arguments that its result's shape does not hang on."""
    if any(k.arg in (None, "data_format", "dilation_rate") for k in call.keywords):
        raise UnknownShape
    return ast.Call(call.func, call.args[: len(known)], [k for k in call.keywords if k.arg in known])


def _flatten(shapes: StaticShapes, call: ast.Call, context: Context, depth: int) -> Shape:
    batch, *rest = shapes._shape(_first(call), context, depth)
    if None in rest:
        raise UnknownShape
    return batch, math.prod(size for size in rest if size is not None)


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Mult: lambda a, b: a * b,
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.FloorDiv: lambda a, b: a // b,
}

_RULES: Mapping[str, Callable[[StaticShapes, ast.Call, Context, int], Shape]] = {
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
