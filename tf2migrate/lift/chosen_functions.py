"""Functions that the objects of one class are given, each its own: `Layer(3, 5, tf.nn.relu)`, `Layer(5, 1, None)`.

All objects of a class are followed as one. So what a constructor is given stands for any of the functions that the
program gives it: each makes a tensor of one tensor, has no state, and reads nothing that only a run knows.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound, bind
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


def differing(interpreter: Interpreter, made: Class, given: dict[str, Value]) -> dict[str, Value]:
    """What stands for the functions that the calls of a constructor give it, where they differ: by its parameters."""
    constructor = made.methods["__init__"]
    calls = [c for c in interpreter.program.each(ast.Call) if _names(c.func, made.node.name)]
    if len(calls) < 2:
        return {}
    parameters = [a.arg for a in constructor.args.args][1:]
    defaults = dict(zip(reversed(parameters), reversed(constructor.args.defaults), strict=False))
    found: dict[str, Value] = {}
    for name in parameters:
        told = [_argument(call, parameters, name) or defaults.get(name) for call in calls]
        words = {ast.unparse(node) for node in told if node is not None}
        chosen = Chosen(any(isinstance(node, ast.Constant) and node.value is None for node in told))
        first = given.get(name, interpreter.evaluate(defaults[name]) if name in defaults else None)
        if len(words) > 1 and _any_function(interpreter, told) and first and chosen.takes(interpreter, first):
            found[name] = chosen
    return found


def _names(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _argument(call: ast.Call, parameters: list[str], name: str) -> ast.expr | None:
    """What a call gives a parameter, where that is written out."""
    try:
        return bind(call, parameters).get(name)
    except Unbound:
        return None


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


def call(interpreter: Interpreter, node: ast.Call) -> Value:
    """What a call of one of them gives: a tensor, of the one that it is given."""
    values = interpreter.arguments(node)
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        return Unknown("one of several functions is given more than a tensor", node)
    for leaf in leaves(values[0]):
        if isinstance(leaf, Unknown):
            return leaf
    return Tensor(Time.STAGED if latest(values) >= Time.MADE else Time.CONSTANT, node)
