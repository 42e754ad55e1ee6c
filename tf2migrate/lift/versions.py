"""What programs do for versions of TensorFlow before 1.0: a way that fails in 1.15 as well is not gone."""

from __future__ import annotations

import ast

from tf2migrate.facts.names import Names
from tf2migrate.facts.tree import walk
from tf2migrate.records import tf1_symbols


def only_tried(node: ast.Try, names: Names) -> bool:
    """Whether a `try` is its body: where that fails, the handler asks for what TensorFlow 1.15 does not have either."""
    if len(node.handlers) != 1 or node.orelse or node.finalbody:
        return False
    handler = node.handlers[0]
    caught = isinstance(handler.type, ast.Name) and handler.type.id == "AttributeError" and handler.name is None
    simple = len(handler.body) == 1 and isinstance(handler.body[0], ast.Assign | ast.Return | ast.Expr)
    return caught and simple and any(_is_older(names.symbol(n)) for n in walk(handler.body[0]))


def _is_older(symbol: str | None) -> bool:
    """Whether a name is none that TensorFlow 1.15 has, in a package that it has."""
    if symbol is None or not symbol.startswith("tf.") or symbol.startswith("tf.contrib"):
        return False
    package = symbol.rsplit(".", 1)[0] + "."
    return package in tf1_symbols() and not {symbol, f"{symbol}."} & tf1_symbols()
