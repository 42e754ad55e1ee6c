"""`tf.metrics`: what is made once and takes in batches, as a metric of Keras. A mean is `tf.keras.metrics.Mean`.

TensorFlow 1 gives a pair: the value so far, and the op that takes a batch in and gives the value after it. The second
is the call of the Keras metric, the first its `result()`. The local variables start afresh with `reset_state()`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.metric_kinds import AREA, CLASSES, MEAN, PAIR
from tf2migrate.lift.values import Effect, Refused, Structure, Tensor, Time, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_PARAMETERS = {
    **dict.fromkeys(("tf.metrics.accuracy", "tf.metrics.mean_squared_error", "tf.metrics.mean_absolute_error"), PAIR),
    **dict.fromkeys((f"tf.metrics.{kind}" for kind in CLASSES), PAIR),
    "tf.metrics.mean": MEAN,
    "tf.metrics.auc": AREA,
}
_SETTINGS = frozenset(("name", "num_thresholds"))
_RESHAPED = ("tf.squeeze", "tf.reshape", "tf.expand_dims")


@dataclass(frozen=True, eq=False)
class KerasMetric(Value):
    """The object that holds a metric's local variables."""

    node: ast.Call

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class SoFar(Tensor):
    """The first of a metric's pair: it reads what was taken in before, and nothing of the graph."""


@dataclass(frozen=True, eq=False)
class Metric(Structure):
    """A metric's pair: the value so far, and the op that updates it."""

    path: str = ""
    arguments: Mapping[str, ast.expr] = field(default_factory=dict)


def _metric(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, _PARAMETERS[path])
    unlike = set(bound) - {"labels", "predictions", "values"} - _SETTINGS
    if unlike or len(set(bound) - _SETTINGS) < (1 if path.endswith(".mean") else 2):
        return Unknown(f"{path} with {', '.join(sorted(unlike)) or 'less than it needs'}", node)
    for argument in bound.values():
        for leaf in leaves(interpreter.evaluate(argument)):
            if isinstance(leaf, Unknown):
                return leaf
    label = path.rsplit(".", 1)[-1]
    interpreter.make(node, KerasMetric(node), free_name(interpreter, f"{label}_metric"), collections=frozenset())
    interpreter.statement.effects.append(Effect("metric", node))
    pair = ((0, SoFar(Time.STAGED, node), None), (1, Tensor(Time.STAGED, node), None))
    return Metric("tuple", pair, node, path=path, arguments=bound)


# -------------------------------------------------------------------- text


def made_text(expressions: Expressions, metric: Metric) -> str:
    """The constructor."""
    kind = CLASSES.get(metric.path.rsplit(".", 1)[-1], "Mean")
    told = metric.arguments.get("num_thresholds")
    settings = f"num_thresholds={expressions.text(told)}" if told is not None else ""
    return f"{expressions.tf}.keras.metrics.{kind}({settings})"


def part(expressions: Expressions, metric: Metric, index: int) -> str:
    """The value so far, or the value after what the call takes in."""
    assert isinstance(metric.node, ast.Call)
    name = expressions.hoisted.get(id(metric.node))
    if name is None:
        raise Refused("TFM902", metric.node, "a metric is made where it is fetched", "Make it before, under a name.")
    return f"{name}({_values(expressions, metric)})" if index else f"{name}.result()"


def _values(expressions: Expressions, metric: Metric) -> str:
    tf, bound = expressions.tf, metric.arguments
    if "values" in bound:
        return expressions.text(bound["values"])
    label = metric.path.rsplit(".", 1)[-1]
    if label == "accuracy" and all(_is_argmax(expressions, bound[name]) for name in ("labels", "predictions")):
        return f"{tf}.equal({expressions.text(bound['labels'])}, {expressions.text(bound['predictions'])})"
    root = _root(expressions, bound["labels"])
    labels = f"{tf}.reshape({expressions.text(root)}, [-1])"  # one of them may have a last dimension of one
    predictions = f"{tf}.reshape({expressions.text(bound['predictions'])}, [-1])"
    match label:
        case "root_mean_squared_error":
            return f"{labels}, {predictions}"
        case "auc":
            return f"{tf}.cast({labels}, {tf}.bool), {predictions}"
        case _ if label in CLASSES:  # TensorFlow 1 took everything but zero for true, also of predictions
            return f"{tf}.cast({labels}, {tf}.bool), {tf}.cast({predictions}, {tf}.bool)"
        case "mean_squared_error":
            return f"{tf}.math.squared_difference({predictions}, {labels})"
        case "mean_absolute_error":
            return f"{tf}.abs({predictions} - {labels})"
    return f"{tf}.equal({labels}, {tf}.cast({predictions}, {expressions.operand(root)}.dtype))"


def _is_argmax(expressions: Expressions, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or expressions.program.names.symbol(node.func) not in ("tf.argmax", "tf.arg_max"):
        return False
    return not any(keyword.arg == "output_type" for keyword in node.keywords) and len(node.args) < 3


def _root(expressions: Expressions, node: ast.expr) -> ast.expr:
    """What labels are made of by squeezing them and the like: the same numbers, in the same order."""
    while isinstance(node, ast.Call) and expressions.program.names.symbol(node.func) in _RESHAPED and node.args:
        node = node.args[0]
    return node


HANDLERS = dict.fromkeys(_PARAMETERS, _metric)
__all__ = ["HANDLERS", "KerasMetric", "Metric", "SoFar", "made_text", "part"]
