"""Calls that give a pair and make an object: metrics and unrolled cells. The pair is taken apart where it is made."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import bidirectional, cell_text, metrics
from tf2migrate.lift.bidirectional import Bidirectional
from tf2migrate.lift.cells import Unrolled
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.metrics import Metric
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

Pair = Metric | Unrolled | Bidirectional


def pair_of(interpreter: Interpreter, node: ast.AST | None) -> Pair | None:
    """The pair that a call gives, if it gives one."""
    found = interpreter.rewrites.get(id(node))
    return found if isinstance(found, Pair) else None


def made_text(expressions: Expressions, pair: Pair) -> str:
    """The constructor of the object."""
    if isinstance(pair, Bidirectional):
        return bidirectional.made_text(expressions, pair)
    if isinstance(pair, Unrolled):
        return cell_text.made_text(expressions, pair)
    return metrics.made_text(expressions, pair)


def item_text(expressions: Expressions, pair: Pair, index: ast.expr) -> str:
    """What stands for one of the pair, taken by its index."""
    literal = index.value if isinstance(index, ast.Constant) else None
    text = None
    if isinstance(pair, Metric) and isinstance(literal, int) and literal in (0, 1):
        text = metrics.part(expressions, pair, literal)
    elif isinstance(pair, Unrolled) and literal == 0:
        text = cell_text.outputs_text(expressions, pair)
    if text is None:
        raise whole(pair)
    return text


def lines(expressions: Expressions, node: ast.stmt, read: set[str]) -> list[str] | None:
    """The lines of a statement that binds or returns a pair, or None; of a metric, only what a function reads."""
    if not isinstance(node, ast.Assign | ast.Return):
        return None
    pair = pair_of(expressions.interpreter, node.value)
    if pair is None:
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(pair, Bidirectional):
        return bidirectional.lines(expressions, pair, target, read)
    taken_apart = isinstance(target, ast.Tuple | ast.List) and len(target.elts) == 2
    if not taken_apart or not isinstance(target, ast.Tuple | ast.List):
        return _whole(expressions, node, pair, read)
    first, second = target.elts
    if isinstance(pair, Unrolled):
        return cell_text.lines(expressions, pair, expressions.text(first), second)
    texts = [expressions.text(element) for element in (first, second)]
    return [f"{name} = {metrics.part(expressions, pair, i)}" for i, name in enumerate(texts) if name in read]


def _whole(expressions: Expressions, node: ast.Assign | ast.Return, pair: Pair, read: set[str]) -> list[str]:
    """The lines of a statement that keeps an unrolled cell's outputs and state as one pair, or returns them."""
    if not isinstance(pair, Unrolled):
        raise whole(pair)
    begin = f"{expressions.text(node.targets[0])} = " if isinstance(node, ast.Assign) else "return "
    names = [free_name(expressions.interpreter, n) if n in read else n for n in ("outputs", "state")]
    found = cell_text.lines(expressions, pair, names[0], names[1])
    return [*found, f"{begin}{', '.join(names)}"]


def whole(pair: Pair) -> Refused:
    """The refusal of a pair that is not taken apart where it is made."""
    assert pair.node is not None
    message = "the pair that a metric or dynamic_rnn gives is kept whole"
    return Refused("TFM902", pair.node, message, "Bind its two parts to names: a, b = …")


__all__ = ["Pair", "item_text", "lines", "made_text", "pair_of", "whole"]


def apart(node: ast.stmt | ast.expr, call: ast.expr) -> tuple[ast.Name, ast.Name] | None:
    """The names of `gradients, variables = zip(*compute_gradients(…))`."""
    match node:
        case ast.Assign(
            targets=[ast.Tuple(elts=[ast.Name() as gradients, ast.Name() as variables])],
            value=ast.Call(func=ast.Name(id="zip"), args=[ast.Starred(value=held)], keywords=[]),
        ) if held is call:
            return gradients, variables
    return None
