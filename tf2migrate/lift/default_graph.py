"""What a program asks the default graph for, as it asks TensorFlow: `tf.get_collection` is that graph's method."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome

#: The functions of TensorFlow 1 that are methods of the default graph (`python/framework/ops.py`).
_ALIKE = ("get_collection", "get_collection_ref", "add_to_collection")


def default_graph(program: Program, options: Options) -> Outcome:
    """The edits that write `tf.get_collection(…)` for `tf.get_default_graph().get_collection(…)`."""
    edits = []
    for node in program.each(ast.Attribute):
        graph = node.value
        if node.attr not in _ALIKE or not isinstance(graph, ast.Call) or not isinstance(graph.func, ast.Attribute):
            continue
        asked = program.names.symbol(graph.func) == "tf.get_default_graph" and not graph.args and not graph.keywords
        if asked and program.names.symbol(graph.func.value) == "tf":
            edits.append(Edit(program.span(node), f"{program.segment(graph.func.value)}.{node.attr}"))
    return Outcome(tuple(edits))
