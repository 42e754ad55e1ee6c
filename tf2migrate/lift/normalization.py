"""Batch normalization: which runs move the moving averages, and which variance they keep.

Keras moves them wherever a layer is called for training. TensorFlow 1 moved them where `UPDATE_OPS` ran: it must be the
same runs. Its fused op, which it took for images, kept the unbiased variance, n / (n - 1) times the one that Keras
keeps (`python/layers/normalization.py`, `contrib/layers/python/layers/layers.py`, TensorFlow 1.15).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import collections, metric_variables, variable_lists
from tf2migrate.lift.layers import Called, called
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Run, Statement, home
from tf2migrate.lift.values import Flag, Handle, Placeholder, Python, Refused, Unknown, Value, leaves
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

FUSED = '''class FusedBatchNormalization({tf}.keras.layers.BatchNormalization):
    """Batch normalization that keeps the unbiased variance{of}, as TensorFlow 1 did."""

    def call(self, inputs, training=None, mask=None):
        kept = self.momentum * self.moving_variance
        outputs = super().call(inputs, training=training, mask=mask)
        if training and len(inputs.shape) {ranks}:
            n = {tf}.cast({tf}.size(inputs) / inputs.shape[self.axis], {tf}.float32)
            self.moving_variance.assign(kept + (self.moving_variance - kept) * n / (n - 1))
        return outputs'''


@dataclass(frozen=True, eq=False)
class Updates(Handle):
    """The collection of the updates of moving averages, as it was at a point of the program."""

    order: int = 0


def collection(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.get_collection` of the updates, or of variables; other collections are not followed."""
    bound = bind(node, ("key", "scope"))
    with interpreter.apart():
        name = variable_lists.collection_name(interpreter.evaluate(bound["key"]))
    if name == "update_ops" and "scope" not in bound:
        return Updates("updates", node, order=interpreter.order)
    if name in metric_variables.COLLECTIONS:
        return metric_variables.within(interpreter, node, bound.get("scope"))
    if name is None or name == "update_ops":
        return Unknown("which collection is asked for cannot be told", node)
    tensors = collections.gather(interpreter, node, name)
    if tensors is not None:
        return tensors if "scope" not in bound else Unknown("a collection of tensors is asked for by its scope", node)
    return variable_lists.within(interpreter, node, bound.get("scope"), name, hint)


# -------------------------------------------------------------------- checks


def check(interpreter: Interpreter, plan: Plan) -> Iterator[Finding]:
    """The moving averages must move in the same runs as before. Raises `Refused` where they would not."""
    for norm in _norms(interpreter):
        every = list(_slices(interpreter, plan, norm))
        moved = [(run, found) for run, found in every if _moves(interpreter, norm, run, found)]
        for run, found in moved:
            if _home(norm) not in found.statements:
                raise Refused(
                    "TFM901",
                    norm.inputs,
                    f"the run of line {run.node.lineno} updates moving averages of a part that it does not compute",
                    "Give each part of the graph its own UPDATE_OPS, or normalize by hand.",
                )
        still = [pair for pair in every if pair not in moved and not _fed_off(norm, pair[0])]
        if moved and still:
            raise Refused(
                "TFM901",
                norm.inputs,
                f"line {still[0][0].node.lineno} normalizes for training without UPDATE_OPS: in TensorFlow 1 the "
                "moving averages stayed, Keras moves them",
                "Run the train op under tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)).",
            )
        if still:
            node = norm.inputs
            message = "the moving averages stand still, here as in TensorFlow 1: no run asks for UPDATE_OPS"
            advice = "If they are meant to move, leave momentum at its default."
            yield Finding(node.lineno, node.col_offset + 1, "TFM717", message, advice, fixable=True)


def besides(interpreter: Interpreter, run: Run, found: Slice) -> tuple[Statement, ...]:
    """The statements whose moving averages a run moves, though it needs nothing else of them.

    Such as those of a discriminator's real images in the training of a generator: the updates that were collected are
    those of all parts, and each computes its part.
    """
    homes = {id(_home(norm)): _home(norm) for norm in _norms(interpreter) if _moves(interpreter, norm, run, found)}
    return tuple(s for s in homes.values() if s.graph is run.graph and s.moves and s not in found.statements)


def never_moves(interpreter: Interpreter, plan: Plan, norm: Called) -> bool:
    """Whether runs compute a normalization for training, and none of them moves its averages."""
    every = [n for n in _norms(interpreter) if n.node is norm.node]
    found = [(r, _moves(interpreter, n, r, part)) for n in every for r, part in _slices(interpreter, plan, n)]
    return not any(moves for _, moves in found) and any(not _fed_off(norm, run) for run, _ in found)


def _norms(interpreter: Interpreter) -> list[Called]:
    """Those whose updates are in the collection, one for each call of the helper that it stands in."""
    found = [
        call
        for call in interpreter.layer_calls.values()
        if call.kind.keras == "BatchNormalization"
        and not _off(call.training)
        and not (isinstance(call.training, Flag) and not call.training.given)
        and "updates_collections" not in call.arguments
    ]
    if not found:
        return []
    done = {id(statement) for frame in interpreter.frames for statement in frame.statements}
    return [call for call in found if id(_home(call)) in done]  # loops are followed twice


def _home(norm: Called) -> Statement:
    assert norm.statement is not None
    return home(norm.statement)


def _off(training: Value) -> bool:
    """Whether it never trains; a flag that differs between calls is on in one of them."""
    return isinstance(training, Python) and training.known and not training.literal


def _slices(interpreter: Interpreter, plan: Plan, norm: Called) -> Iterator[tuple[Run, Slice]]:
    """The runs of the graph that compute a normalization, or run updates that were collected after it."""
    for run in interpreter.runs.values():
        planned = plan.of_run.get(run)
        if planned is None or _home(norm).graph is not run.graph:
            continue
        if _home(norm) in planned.slice.statements or _moves(interpreter, norm, run, planned.slice):
            yield run, planned.slice


def _moves(interpreter: Interpreter, norm: Called, run: Run, found: Slice) -> bool:
    """Whether a run asks for updates that were collected after a normalization was made."""
    assert norm.statement is not None
    order = norm.statement.order
    return any(updates.order > order for updates in _updates(interpreter, run, found))


def _updates(interpreter: Interpreter, run: Run, found: Slice) -> Iterator[Updates]:
    held = [leaf for definition in found.closed for leaf in leaves(definition.value)]
    held += [leaf.value for leaf in run.fetches.leaves()]
    for statement in found.statements:
        node = statement.node
        parts: list[ast.AST] = [i.context_expr for i in node.items] if isinstance(node, ast.With) else [node]
        held += [
            value
            for part in parts
            for child in ast.walk(part)
            if isinstance(value := interpreter.rewrites.get(id(child)), Updates)
        ]
    yield from (leaf for leaf in held if isinstance(leaf, Updates))


def _fed_off(norm: Called, run: Run) -> bool:
    """Whether a run is plainly told not to train."""
    fed = [feed for feed in run.feeds if feed.key is norm.training]
    if fed:
        node: ast.expr | None = None if fed[0].held else fed[0].node
    else:
        node = norm.training.default if isinstance(norm.training, Placeholder) else None
    return isinstance(node, ast.Constant) and not node.value


# -------------------------------------------------------------------- text


def is_fused(interpreter: Interpreter, norm: Called) -> bool:
    """Whether TensorFlow 1 may have taken its fused op."""
    fused = norm.arguments.get("fused")
    every = [n for n in interpreter.layer_calls.values() if n.node is norm.node] or [norm]  # one for each call
    if all(_off(n.training) for n in every) or (isinstance(fused, ast.Constant) and fused.value is False):
        return False
    return _is_contrib(norm) or _has_images(interpreter)


def fused_class(interpreter: Interpreter, tf: str) -> str:
    """The class that keeps the unbiased variance. Raises `Refused` where it is not the same for all of a program."""
    norms = [n for n in called(interpreter) if n.kind.keras == "BatchNormalization"]
    contrib = [n for n in norms if _is_contrib(n)]
    if contrib and len(contrib) < len(norms):
        message = "the two batch normalizations of TensorFlow 1 keep different variances, and both are used"
        raise Refused("TFM907", contrib[0].inputs, message, "Use one of them.")
    ranks, of = ("in (2, 4)", "") if contrib else ("== 4", " of images")
    return FUSED.replace("{ranks}", ranks).replace("{of}", of).format(tf=tf)


def _is_contrib(norm: Called) -> bool:
    return "decay" in norm.kind.parameters


def _has_images(interpreter: Interpreter) -> bool:
    """Whether the program computes with tensors of four dimensions, as far as its calls tell."""
    calls = interpreter.program.each(ast.Call)
    symbols = {interpreter.names.symbol(n.func) or "" for n in calls}
    if any(word in symbol for symbol in symbols for word in ("2d", "_pool", "tf.image.")):
        return True
    lists = [n for n in interpreter.program.nodes if isinstance(n, ast.List | ast.Tuple)]
    return any(len(n.elts) == 4 for n in lists)


HANDLERS = {"tf.get_collection": collection}
__all__ = ["HANDLERS", "Updates", "check", "fused_class", "is_fused", "never_moves"]
