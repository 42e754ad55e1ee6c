"""The collection of local variables, which are those of metrics, and initializers of what is in it.

`tf.variables_initializer(tf.get_collection(tf.GraphKeys.LOCAL_VARIABLES, scope="accuracy"))` sets that metric back.
A metric's variables are named after the name scope that it opens (`tensorflow/python/ops/metrics_impl.py`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.graph_names import GraphNames
from tf2migrate.lift.metrics import KerasMetric
from tf2migrate.lift.values import Handle, Initializer, Unknown, Value, leaves
from tf2migrate.lift.variable_lists import prefix_of

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What an initializer of metrics sets back, as it stands in `Initializer.scopes`.
OF_METRICS = "metrics"
COLLECTIONS = frozenset(("local_variables", "metric_variables"))


@dataclass(frozen=True, eq=False)
class Locals(Handle):
    """The local variables of a graph, or those in a scope: the metrics that they are of."""

    metrics: tuple[KerasMetric, ...] = ()


def listed(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.local_variables()`."""
    return within(interpreter, node, bind(node, ("scope",)).get("scope"))


def within(interpreter: Interpreter, node: ast.Call, scope: ast.expr | None) -> Value:
    """The local variables that there are so far, in a scope if one is given."""
    prefix = prefix_of(interpreter, scope)
    if prefix is None:
        return Unknown("the scope of a collection cannot be told", node)
    others = [m for m in interpreter.scopes.made if m.collections is None or m.collections & COLLECTIONS]
    statements = [s for f in interpreter.frames for s in f.statements if s.graph is interpreter.graph]
    made = [m.value for s in statements for m in s.made if isinstance(m.value, KerasMetric)]
    names = GraphNames(interpreter.program)
    found = [metric for metric in made if _is_in(names, metric, prefix)]
    told_apart = all(_is_in(names, metric, prefix) is not None for metric in made)
    if others or interpreter.pipes or not told_apart or not found:
        return Unknown("which local variables are asked for cannot be told", node)
    return Locals("closed", node, metrics=tuple(found))


def _is_in(names: GraphNames, metric: KerasMetric, prefix: str) -> bool | None:
    """Whether the variables of a metric have names that begin so; None where that cannot be told."""
    if not prefix:
        return True
    path = names.scope_of_metric(metric.node)
    return None if path is None else f"{path}/".startswith(prefix)


def initializer(node: ast.Call, given: list[Value]) -> Initializer | None:
    """`tf.variables_initializer` of local variables; None where it is of others."""
    held = [leaf for value in given for leaf in leaves(value)]
    if not held or not all(isinstance(value, Locals) for value in held):
        return None
    metrics = tuple(m for value in held if isinstance(value, Locals) for m in value.metrics)
    return Initializer("initializer", node, scopes=frozenset((OF_METRICS,)), parts=metrics)


HANDLERS = {"tf.local_variables": listed}
__all__ = ["COLLECTIONS", "HANDLERS", "OF_METRICS", "Locals", "initializer", "within"]
