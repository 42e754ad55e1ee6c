"""TFM601 to TFM606: matters of style and care, said only when they are selected."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import added, without
from tf2migrate.model import Edit

AXIS, INDICES, SHAPE, CLEAR, PRIVATE, COVERED = (f"TFM{n}" for n in range(601, 607))

_REDUCTIONS = frozenset(
    f"tf.{module}reduce_{name}"
    for module in ("", "math.")
    for name in ("sum", "mean", "max", "min", "prod", "any", "all", "std", "variance", "logsumexp", "euclidean_norm")
)


def hygiene(ground: Ground) -> Iterator[Found]:
    """What is said of style."""
    program = ground.program
    for node in ground.view.kinds.calls:
        symbol = ground.view.symbol(node.func)
        given = {k.arg for k in node.keywords}
        if symbol in _REDUCTIONS and len(node.args) == 1 and not given & {"axis", None}:
            edits = (added(program, node, "axis=None"),)
            yield Found(AXIS, node, "a reduction over all axes that does not say so", "Write axis=.", edits)
        elif symbol == "tf.gather":
            for keyword in node.keywords:
                if keyword.arg == "validate_indices":
                    yield _no_effect(keyword, without(program, node, [keyword]))
            for value in node.args[2:3]:
                yield _no_effect(value, ())
        elif (
            symbol in ("tf.keras.Sequential", "tf.keras.Model")
            and len(ground.view.loops(node))
            and "clear_session" not in program.text
        ):
            yield Found(CLEAR, node, "each model of the loop stays in memory", "Call tf.keras.backend.clear_session().")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            cls = ground.view.kinds.scopes.classes.get(id(node))
            if cls is not None and ground.view.kinds.base(cls) == "Model":
                yield from _shape(node)
        elif any(
            isinstance(t, ast.ClassDef) and ground.view.kinds.base(t) == "Model" for t in ground.view.called(node.func)
        ):
            yield from _shape(node)
    for statement in program.names.imports:
        names = [a.name for a in statement.names] if isinstance(statement, ast.Import) else [statement.module or ""]
        if any(name.startswith(("tensorflow.python", "tensorflow_core")) for name in names):
            yield Found(
                PRIVATE,
                statement,
                "a module of TensorFlow's inside, of which nothing is promised",
                "Use its public name.",
            )
    yield from _covered(ground)


def _no_effect(node: ast.expr | ast.keyword, edits: tuple[Edit, ...]) -> Found:
    return Found(INDICES, node, "validate_indices has no effect", "Leave it out.", edits)


def _shape(node: ast.Call) -> Iterator[Found]:
    for keyword in node.keywords:
        if keyword.arg == "input_shape":
            yield Found(
                SHAPE,
                keyword,
                "a subclass of Model does not look at input_shape",
                "Call build(shape), or leave it out.",
            )


def _covered(ground: Ground) -> Iterator[Found]:
    """A tf.function that only others call: its decorator does nothing but cost."""
    for function, context in ground.functions():
        if context.root is not function or context.why != "function" or not isinstance(function, ast.FunctionDef):
            continue
        calls = ground.flow.calls_of(function)
        if any(ground.view.function(call) is function for call in calls):
            continue  # it calls itself
        names = [
            n
            for n in ground.program.nodes
            if isinstance(n, ast.Name) and n.id == function.name and isinstance(n.ctx, ast.Load)
        ]
        if calls and len(names) == len(calls) and all(
            (c := ground.traced.of(call)) is not None and c.why in ("function", "reached", "told") for call in calls
        ):  # fmt: skip
            yield Found(
                COVERED,
                function,
                f"{function.name} is only called where it is traced already",
                "Leave tf.function out.",
            )
