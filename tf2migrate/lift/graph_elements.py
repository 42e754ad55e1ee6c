"""Elements of a frozen graph: an op of the names that it gives, and of the tensors that it is given for others.

Each call imports the graph into a function of its own. A tape records such a call, and none of the ops inside one by
one: gradients would not go through them otherwise.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.values import Structure, Tensor, Time, Unknown, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What the op is called where it is written out.
NAME = "graph_elements"
#: What is given is of the type of what it replaces, as what a run of TensorFlow 1 was fed.
DEFINITION = '''def graph_elements(graph_def, inputs, names):
    """The tensors of these names in a frozen graph, with others in the place of some of its own."""
    inputs = {{name if ":" in name else name + ":0": value for name, value in inputs.items()}}
    names = [name if ":" in name else name + ":0" for name in names]

    @{tf}.function
    def compute(inputs):
        own = {tf}.graph_util.import_graph_def(graph_def, return_elements=list(inputs))
        inputs = {{name: {tf}.cast(inputs[name], tensor.dtype) for name, tensor in zip(inputs, own)}}
        return {tf}.graph_util.import_graph_def(graph_def, inputs, names)

    return compute(inputs)'''

_PARAMETERS = ("graph_def", "input_map", "return_elements")


def elements(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.graph_util.import_graph_def` of a graph, a map and a list of names."""
    if len(node.args) != len(_PARAMETERS) or not isinstance(node.args[2], ast.List):
        return Unknown(f"{path} has no counterpart that is written yet", node)
    values = [interpreter.evaluate(argument) for argument in bind(node, _PARAMETERS).values()]
    for leaf in [leaf for value in values for leaf in leaves(value)]:
        if isinstance(leaf, Unknown):
            return leaf
    interpreter.rewrites[id(node.func)] = ("name", NAME)
    names = node.args[2].elts
    return Structure("list", tuple((i, Tensor(Time.STAGED, name), None) for i, name in enumerate(names)), node)


HANDLERS = {"tf.graph_util.import_graph_def": elements}
