"""Functions that the objects of one class are given, each its own: `Layer(3, 5, tf.nn.relu)`, `Layer(5, 1, None)`.

All objects of a class are followed as one. So what a constructor is given stands for any of the functions that the
program gives it: each makes a tensor of one tensor, has no state, and reads nothing that only a run knows.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.lift.functions import Function
from tf2migrate.lift.values import NONE, Symbol, Tensor, Time, Unknown, Value, latest, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Class
    from tf2migrate.lift.interpret import Interpreter

_NAMES = ("relu", "relu6", "elu", "selu", "sigmoid", "tanh", "softmax", "log_softmax", "softplus", "softsign")
_PLAIN = ("abs", "cos", "exp", "identity", "log", "sigmoid", "sin", "sqrt", "square", "stop_gradient", "tanh")

#: Functions of one tensor, which are the same in TensorFlow 2 (`log` by another name).
ACTIVATIONS = frozenset(
    [
        *(f"tf.nn.{name}" for name in (*_NAMES, "leaky_relu", "crelu", "swish")),
        *(f"tf.{name}" for name in _PLAIN),
        *(f"tf.math.{name}" for name in _PLAIN if name not in ("identity", "stop_gradient")),
    ]
)


@dataclass(frozen=True, eq=False)
class Chosen(Value):
    """One of several functions, or none where some object is given None: which one is the object's own."""

    optional: bool

    def takes(self, interpreter: Interpreter, value: Value) -> bool:
        """Whether what an object is given is one of those that this may stand for."""
        if isinstance(value, Symbol):
            return value.path in ACTIVATIONS
        return (value is NONE and self.optional) or (isinstance(value, Function) and _is_plain(interpreter, value))

    def call(self, interpreter: Interpreter, node: ast.Call, hint: str) -> Value:
        """What a call gives: a tensor, of the one that the function is given."""
        values = interpreter.arguments(node)
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            return Unknown("one of several functions is given more than a tensor", node)
        for leaf in leaves(values[0]):
            if isinstance(leaf, Unknown):
                return leaf
        return Tensor(Time.STAGED if latest(values) >= Time.MADE else Time.CONSTANT, node)


def calls_of(interpreter: Interpreter, made: Class) -> list[ast.Call]:
    """The calls of a constructor, by the name of its class."""
    calls = interpreter.program.each(ast.Call)
    return [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == made.node.name]


def told(interpreter: Interpreter, made: Class, name: str) -> list[ast.expr | None]:
    """What each of these calls gives a parameter, or leaves to its default; None where that is not written out."""
    constructor = made.methods["__init__"]
    parameters, default = [a.arg for a in constructor.args.args][1:], _default(constructor, name)
    return [_argument(call, parameters, name) or default for call in calls_of(interpreter, made)]


def differing(interpreter: Interpreter, made: Class, given: dict[str, Value]) -> dict[str, Value]:
    """What stands for the functions that the calls of a constructor give it, where they differ: by its parameters."""
    constructor = made.methods["__init__"]
    found: dict[str, Value] = {}
    for name in [a.arg for a in constructor.args.args][1:]:
        arguments = told(interpreter, made, name)
        words = {ast.unparse(node) for node in arguments if node is not None}
        if len(words) < 2 or not _any_function(interpreter, arguments):
            continue
        chosen = Chosen(any(isinstance(node, ast.Constant) and node.value is None for node in arguments))
        if name not in given and (default := _default(constructor, name)) is not None:
            given = {**given, name: interpreter.evaluate(default)}
        if name in given and chosen.takes(interpreter, given[name]):
            found[name] = chosen
    return found


def _default(constructor: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a parameter is where it is not given."""
    parameters = [a.arg for a in constructor.args.args]
    return dict(zip(reversed(parameters), reversed(constructor.args.defaults), strict=False)).get(name)


def _argument(call: ast.Call, parameters: list[str], name: str) -> ast.expr | None:
    """What a call gives a parameter, where that is written out; further keywords are for what takes any."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    given = dict(zip(parameters, call.args, strict=False)) | {k.arg or "": k.value for k in call.keywords}
    return given.get(name)


def _any_function(interpreter: Interpreter, told: list[ast.expr | None]) -> bool:
    """Whether one of the arguments is a function."""
    for node in told:
        held = interpreter.frame.lookup(node.id) if isinstance(node, ast.Name) else ()
        named = isinstance(node, ast.Name | ast.Attribute) and interpreter.names.symbol(node) in ACTIVATIONS
        if named or isinstance(node, ast.Lambda) or any(isinstance(d.value, Function) for d in held):
            return True
    return False


def _is_plain(interpreter: Interpreter, function: Function) -> bool:
    """Whether a function of the program makes a tensor of a tensor, and nothing else."""
    spec = function.node.args
    if len(spec.posonlyargs + spec.args) - len(spec.defaults) != 1 or spec.vararg or spec.kwonlyargs or spec.kwarg:
        return False
    with interpreter.apart():
        before = len(interpreter.statement.made), len(interpreter.statement.effects)
        value = interpreter.call_helper(function, None)
        after = len(interpreter.statement.made), len(interpreter.statement.effects)
    reads = any(d.staged for d in interpreter.extra.get(function.node, {}))
    return isinstance(value, Tensor) and before == after and not reads and not interpreter.statement.shared
