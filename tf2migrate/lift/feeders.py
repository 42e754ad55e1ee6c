"""Functions that build a pipeline and return what comes out of it: here they return the data set.

`images, labels = inputs(path)` becomes `iterator = iter(inputs(path))`. What such a function computes of the elements
before it returns them is mapped over the data set.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Set
from typing import TYPE_CHECKING

from tf2migrate.facts.names import Names
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import pipelines
from tf2migrate.lift.datasets import Dataset, Element, Iterator
from tf2migrate.lift.pipelines import Pipe
from tf2migrate.lift.values import NONE, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Function
    from tf2migrate.lift.interpret import Interpreter

_MAKES = ("tf.train.string_input_producer", "tf.train.slice_input_producer", "tf.train.batch", "tf.train.shuffle_batch")


def feeders(program: Program, drivers: Set[ast.AST]) -> frozenset[ast.AST]:
    """The functions that take elements of data sets or queues and return something, and run nothing themselves."""
    functions = [f for f in program.each(ast.FunctionDef) if f not in drivers]
    known = Counter(f.name for f in functions)
    return frozenset(f for f in functions if known[f.name] == 1 and not f.decorator_list and _feeds(f, program.names))


def _feeds(function: ast.FunctionDef, names: Names) -> bool:
    inside = list(walk(function))
    returns = [n for n in inside if isinstance(n, ast.Return)]
    if len(returns) != 1 or returns[0].value is None or any(isinstance(n, ast.Yield | ast.YieldFrom) for n in inside):
        return False
    calls = [n for n in inside if isinstance(n, ast.Call)]
    drawn = any(isinstance(c.func, ast.Attribute) and c.func.attr == "get_next" for c in calls)
    return drawn or any(names.symbol(c.func) in (*_MAKES, *pipelines.READERS) for c in calls)


def returned(interpreter: Interpreter, node: ast.Return, value: Value) -> Value:
    """What a feeder returns, as the last stage of its pipeline; the value itself where it is no element."""
    assert node.value is not None
    if isinstance(value, Unknown | Dataset | Iterator | Pipe):
        return value
    if isinstance(value, Element) and value.draw is not None and value.draw.node is node.value:
        stage = pipelines.stage(interpreter, value.draw.iterator)
        if stage is None:
            return Unknown("an element is returned of an iterator that is not ready when it is made", node.value)
        return pipelines.last_stage(interpreter, node.value, (), (value,), stage, stage.width)
    listed = isinstance(node.value, ast.List | ast.Tuple)
    parts = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    found = pipelines.made_of(interpreter, parts, node.value)
    if isinstance(found, Unknown):
        return found
    items, given, upstream = found
    whole = not listed and len(items) == 1 and len(given) == 1 and items[0].named and not given[0].path
    width = upstream.width if whole else len(items) if listed else 0
    return pipelines.last_stage(interpreter, node.value, items, given, upstream, width)


def called(interpreter: Interpreter, function: Function, node: ast.Call, value: Value) -> Value:
    """What the caller of a feeder gets: an element of the data set that the feeder returns."""
    if not isinstance(value, Pipe) or value.kind != "returned":
        return value
    if not interpreter.frame.unit or interpreter.comprehensions:
        return Unknown("a pipeline is made in a helper function", node)
    return pipelines.of_feeder(interpreter, node, value)


def again(interpreter: Interpreter, function: Function, node: ast.Call) -> Value:
    """A further call of a feeder: an element of another data set of the same kind."""
    frames = [f for f in interpreter.frames if f.node is function.node]
    value = frames[0].returns[0] if frames and frames[0].returns else NONE
    return called(interpreter, function, node, value)
