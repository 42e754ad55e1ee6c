"""The metrics of an estimator: `tf.metrics` of the graph as Keras metrics that take in what each batch gave."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift.metric_kinds import AREA, CLASSES, MEAN, PAIR
from tf2migrate.lift.values import Refused

_CLASSES = {
    "accuracy": "Accuracy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean": "Mean",
    **{kind: CLASSES[kind] for kind in ("precision", "recall", "root_mean_squared_error", "auc")},
}
_PARAMETERS = {**dict.fromkeys(_CLASSES, PAIR), "mean": MEAN, "auc": AREA}
#: The attributes that a model has in any case.
METHODS = frozenset(("train", "evaluate", "predict", "features", "labels", "session", "global_step"))
_ADVICE = "Compute the metric with tf.keras.metrics over the batches, then run the tool again."


@dataclass(frozen=True)
class Measured:
    """A metric: its name in the results, its kind, and what it is computed of, by the attributes that hold it."""

    key: str
    kind: str
    fetched: Mapping[str, ast.expr]
    settings: str = ""

    def made(self, tf: str) -> str:
        """The Keras metric."""
        return f"{tf}.keras.metrics.{_CLASSES[self.kind]}({self.settings})"

    def update(self, tf: str, names: Mapping[str, str]) -> str:
        """What the metric takes in, of the names that hold what was fetched."""
        given = [names[attribute] for attribute in self.fetched]
        if self.kind in ("mean_squared_error", "mean_absolute_error"):  # Keras takes the mean of each row first
            given = [f"{tf}.reshape({name}, [-1, 1])" for name in given]
        if self.kind in ("precision", "recall"):
            given = [f"{tf}.cast({name}, {tf}.bool)" for name in given]
        return ", ".join(given)


def measured(program: Program, key: str, node: ast.expr) -> Measured:
    """A metric of the dict. Raises `Refused`."""
    symbol = program.names.symbol(node.func) if isinstance(node, ast.Call) else None
    kind = (symbol or "").rsplit(".", 1)[-1]
    if not isinstance(node, ast.Call) or symbol != f"tf.metrics.{kind}" or kind not in _PARAMETERS:
        what = symbol or "what is no call of tf.metrics"
        raise Refused("TFM901", node, f"the metric {key} of an estimator is {what}, which is not followed", _ADVICE)
    try:
        bound = bind(node, _PARAMETERS[kind])
    except Unbound as problem:
        raise Refused("TFM901", node, f"the arguments of {symbol} cannot be told: {problem}", _ADVICE) from None
    needed = ("values",) if kind == "mean" else ("labels", "predictions")
    settings = _curve(key, bound) if kind == "auc" else ""
    if set(bound) - {"name"} - ({"curve", "summation_method"} if kind == "auc" else set()) != set(needed):
        raise Refused("TFM901", node, f"{symbol} with other arguments than {' and '.join(needed)}", _ADVICE)
    fetched = {_attribute(key, name, bound[name]): bound[name] for name in needed}
    if len(fetched) < len(needed):  # of one name, and of two things
        fetched = {f"{_plain(key)}_{name}": bound[name] for name in needed}
    return Measured(key, kind, fetched, settings)


def _curve(key: str, bound: Mapping[str, ast.expr]) -> str:
    """How Keras is told of a curve; its way of summing is one of TensorFlow 1's. Raises `Refused` for the others."""
    told = {name: node.value for name, node in bound.items() if isinstance(node, ast.Constant)}
    method = told.get("summation_method", "trapezoidal")
    if "curve" not in bound and method in ("trapezoidal", "careful_interpolation"):
        return ""
    if told.get("curve") == "PR" and method == "careful_interpolation":
        return 'curve="PR"'
    what = f"the metric {key} of an estimator sums its curve otherwise than Keras does"
    raise Refused("TFM901", next(iter(bound.values())), what, _ADVICE)


def _attribute(key: str, parameter: str, node: ast.expr) -> str:
    """A name for what a metric is computed of."""
    if isinstance(node, ast.Name) and node.id not in METHODS:
        return node.id
    part = node.slice.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else None
    if isinstance(part, str) and part.isidentifier() and part not in METHODS:
        return part
    return f"{_plain(key)}_{parameter}"


def _plain(key: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in key)
