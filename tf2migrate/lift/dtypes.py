"""The type of a tensor's elements, as far as it can be read off the program: what its operands' types say."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tf2migrate.lift.layer_kinds import KINDS
from tf2migrate.lift.values import Symbol

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: Ops whose operands are all of the type that they give.
_ALIKE = frozenset(
    f"tf.{name}"
    for name in (
        *("add", "subtract", "sub", "multiply", "mul", "maximum", "minimum", "pow", "matmul", "add_n", "concat"),
        *("stack", "divide", "div", "truediv", "clip_by_value", "nn.bias_add", "nn.xw_plus_b", "squared_difference"),
    )
)
#: Ops that give the type of their first operand.
_FIRST = frozenset(
    f"tf.{name}"
    for name in (
        *("identity", "stop_gradient", "reshape", "transpose", "expand_dims", "squeeze", "tile", "pad", "reverse"),
        *("zeros_like", "ones_like", "gather", "slice", "square", "sqrt", "rsqrt", "exp", "log", "abs", "negative"),
        *("sign", "tanh", "sigmoid", "sin", "cos", "reduce_mean", "reduce_sum", "reduce_max", "reduce_min"),
        *("reduce_prod", "layers.flatten", "contrib.layers.flatten", "nn.relu", "nn.relu6", "nn.elu", "nn.selu"),
        *("nn.softplus", "nn.softmax", "nn.log_softmax", "nn.tanh", "nn.sigmoid", "nn.leaky_relu", "nn.dropout"),
        *("nn.conv2d", "nn.max_pool", "nn.avg_pool", "nn.conv2d_transpose", "nn.l2_normalize", "nn.lrn"),
        *("nn.embedding_lookup", "nn.depthwise_conv2d", "round", "floor", "ceil"),
    )
)
#: Ops that give float32 unless they are told otherwise, and at which place they are told.
_SINGLE = {
    **dict.fromkeys(("tf.random_normal", "tf.truncated_normal", "tf.random_uniform"), 3),
    **dict.fromkeys(("tf.random.normal", "tf.random.uniform", "tf.random.truncated_normal"), 3),
    **dict.fromkeys(("tf.zeros", "tf.ones"), 1),
}
#: Ops that give one type, whatever they are given, unless they are told otherwise.
_ALWAYS = {
    **dict.fromkeys(("tf.argmax", "tf.argmin", "tf.arg_max", "tf.arg_min", "tf.multinomial"), "int64"),
    **dict.fromkeys(("tf.shape", "tf.size", "tf.rank"), "int32"),
    **dict.fromkeys(("tf.equal", "tf.not_equal", "tf.greater", "tf.less", "tf.logical_not", "tf.logical_and"), "bool"),
}
_FLOATS = ("float16", "float32", "float64", "bfloat16")
_DEEP = 200  # no chain of names in a program is longer


class Dtypes:
    """Answers for expressions; every answer is looked up in the text anew, so that nothing is remembered."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.symbol = interpreter.names.symbol
        self._statements = {id(n): n for n in interpreter.program.nodes if isinstance(n, ast.stmt)}
        self._calls = {id(c): f for f, calls in interpreter.helper_calls.items() for c in calls.values()}

    def of(self, node: ast.AST | None, depth: int = 0) -> str | None:
        """The name of the type of an expression's elements; None where that cannot be told."""
        if depth > _DEEP:
            return None
        match node:
            case ast.BinOp(left=left, right=right):
                found = self._alike([left, right], depth)
                return found if found in _FLOATS or not isinstance(node.op, ast.Div) else None
            case ast.UnaryOp(operand=inner) | ast.Subscript(value=inner):
                return self.of(inner, depth + 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self._same([body, orelse], depth)
            case ast.Name():
                return self._name(node, depth)
            case ast.Attribute():
                definitions = self.interpreter.attributes.get(id(node), ())
                return self._same([_bound(d.statement.node) for d in definitions], depth)
            case ast.Call():
                return self._call(node, depth)
        return None

    def _same(self, nodes: Iterable[ast.AST | None], depth: int) -> str | None:
        found = {self.of(node, depth + 1) for node in nodes}
        return found.pop() if len(found) == 1 else None

    def _alike(self, nodes: Iterable[ast.expr], depth: int) -> str | None:
        """The type of the operands, which are of one: that of the first that tells."""
        every = [each for n in nodes for each in (n.elts if isinstance(n, ast.List | ast.Tuple) else [n])]
        for each in every:
            if (found := self.of(each, depth + 1)) is not None:
                return found
        return _numbers(every)

    def _name(self, node: ast.Name, depth: int) -> str | None:
        found: set[str | None] = set()
        for at, name in self.interpreter.resolved.get(id(node), ()):
            statement = self._statements.get(at)
            found.add(self._given(node, depth) if statement is None else self.of(_bound(statement, name), depth + 1))
        return found.pop() if len(found) == 1 else None

    def _given(self, node: ast.Name, depth: int) -> str | None:
        """The type of a parameter: that of what all calls of its function give it."""
        called = {f: list(calls.values()) for f, calls in self.interpreter.helper_calls.items()}
        called |= {f: [call for call, _ in calls] for f, calls in self.interpreter.given.items()}
        for function, calls in called.items():
            names = [a.arg for a in function.args.args]
            if node.id not in names or not any(inner is node for inner in ast.walk(function)):
                continue
            at = names.index(node.id) - (names[:1] == ["self"])
            given = [
                next((k.value for k in c.keywords if k.arg == node.id), c.args[at] if at < len(c.args) else None)
                for c in calls
            ]
            return self._same(given, depth) if all(g is not None for g in given) else None
        return None

    def _call(self, node: ast.Call, depth: int) -> str | None:
        path = self.symbol(node.func) or self._stored(node.func)
        if path is None:
            function = self._calls.get(id(node))
            if not isinstance(function, ast.FunctionDef):
                return None
            returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
            return self._same(returns, depth) if returns else None
        told = next((k.value for k in node.keywords if k.arg == "dtype"), None)
        if path == "tf.cast":
            told = told or (node.args[1] if len(node.args) > 1 else None)
            return self._type(told)
        if path in ("tf.placeholder", "tf.get_variable"):
            at = 0 if path == "tf.placeholder" else 2
            told = told or (node.args[at] if len(node.args) > at else None)
            return self._type(told) if told is not None else "float32"
        if path == "tf.Variable" and node.args:
            return self._type(told) if told is not None else self.of(node.args[0], depth + 1)
        if path in _SINGLE:
            told = told or (node.args[_SINGLE[path]] if len(node.args) > _SINGLE[path] else None)
            return self._type(told) if told is not None else "float32"
        if path in ("tf.constant", "tf.to_float", "tf.one_hot"):
            return self._constant(node, told, path)
        if told is not None or any(k.arg in ("output_type", "out_type", "output_dtype") for k in node.keywords):
            return None
        if path in _ALWAYS:
            return _ALWAYS[path]
        if path in _ALIKE:
            found = self._alike([*node.args, *(k.value for k in node.keywords)], depth)
            return found if found in _FLOATS or not path.endswith(("divide", "div")) else None
        if path in _FIRST and node.args:
            return self.of(node.args[0], depth + 1)
        if path in KINDS:  # which Keras computes in float32, and refuses other types elsewhere
            return "float32"
        return None

    def _stored(self, node: ast.expr) -> str | None:
        """The function of TensorFlow that an attribute holds."""
        values = [d.value for d in self.interpreter.attributes.get(id(node), ())]
        paths = {value.path if isinstance(value, Symbol) else None for value in values}
        return paths.pop() if len(paths) == 1 else None

    def _constant(self, node: ast.Call, told: ast.expr | None, path: str) -> str | None:
        if path != "tf.constant":
            return "float32" if len(node.args) < 5 and told is None else None
        told = told or (node.args[1] if len(node.args) > 1 else None)
        if told is not None:
            return self._type(told)
        return _numbers(node.args[:1])

    def _type(self, node: ast.expr | None) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            path = node.value
        else:
            path = (self.symbol(node) or "").removeprefix("tf.") if node is not None else ""
        known = {"float": "float32", "double": "float64", "int": "int32"}
        path = known.get(path, path)
        return path if path in (*_FLOATS, "int8", "int16", "int32", "int64", "uint8", "bool", "string") else None


def _numbers(nodes: list[ast.expr]) -> str | None:
    """The type that TensorFlow gives to plain numbers."""
    plain = (ast.Constant, ast.List, ast.Tuple, ast.UnaryOp, ast.unaryop, ast.Load)
    inside = [n for node in nodes for n in ast.walk(node)]
    numbers = [n.value for n in inside if isinstance(n, ast.Constant)]
    if (
        not numbers
        or not all(isinstance(n, plain) for n in inside)
        or not all(type(n) in (int, float) for n in numbers)
    ):
        return None
    return "float32" if any(isinstance(n, float) for n in numbers) else "int32"


def _bound(node: ast.AST, name: str = "") -> ast.expr | None:
    """What a statement binds a name, or an attribute, to; None where it is not written as one expression."""
    match node:
        case ast.Assign(targets=[ast.Name() | ast.Attribute()], value=value):
            return value
        case ast.AnnAssign(value=value):
            return value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(values):
            pairs = zip(targets, values, strict=True)
            return next((v for t, v in pairs if isinstance(t, ast.Name) and t.id == name), None)
    return None
