"""Names of tf.contrib that TensorFlow 1 itself had elsewhere: a program is followed under those."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Options, Outcome
from tf2migrate.records import table
from tf2migrate.renames import Upgrader

_DATA = "tf.contrib.data."
#: What `Dataset.map` of tf.contrib.data took, and that of tf.data does not (TensorFlow 1.3, `data/python/ops`).
_FORMER = frozenset(("num_threads", "output_buffer_size"))


def graduated(program: Program, options: Options) -> Outcome:
    """The names that `graduated.toml` knows, under their later ones, where the program has a name for TensorFlow."""
    if "contrib" not in program.text or program.names.at_top(tensorflow_name(program.names)) != "tf":
        return Outcome()
    known = table("graduated")
    if any(_is_former(call) for call in program.each(ast.Call)):
        known = {symbol: record for symbol, record in known.items() if not symbol.startswith(_DATA)}
    walk = Upgrader(program, known)
    for node in program.tree.body:
        walk.visit(node)
    return Outcome(tuple(walk.edits))


def _is_former(call: ast.Call) -> bool:
    """Whether a call of some `map` is given what only a data set of tf.contrib.data took."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "map":
        return False
    return len(call.args) > 1 or any(keyword.arg in _FORMER for keyword in call.keywords)
