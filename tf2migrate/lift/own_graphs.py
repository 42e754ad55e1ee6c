"""Objects of one class that are each made in a graph of their own, which has nobody else's variables.

class Network:
    def __init__(self, size):
        tf.reset_default_graph()
        ...
        variables = tf.trainable_variables()

The objects are followed as one. What the default graph is asked for behind `network = Network(3)`, in the same block
and before the program does something else of its own, it is asked of that object.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, statement_of
from tf2migrate.facts.tree import own, straight, walk
from tf2migrate.lift.values import Handle

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter

_RESET = "tf.reset_default_graph"


def is_one(interpreter: Interpreter, instance: Instance, graph: object, asked: ast.AST) -> bool:
    """Whether a graph is begun wherever an object of a class is made, and is asked for something in its constructor."""
    constructor = instance.of.methods.get("__init__")
    if constructor is None or not _begins(interpreter, constructor, graph):
        return False
    return any(asked is child for child in walk(constructor))


def _begins(interpreter: Interpreter, constructor: ast.FunctionDef, graph: object) -> bool:
    """Whether a constructor itself begins a graph, each time that it is called."""
    node = graph.node if isinstance(graph, Handle) else None
    if not isinstance(node, ast.Call) or interpreter.names.symbol(node.func) != _RESET:
        return False
    if any(isinstance(n, ast.Return | ast.Yield | ast.YieldFrom) for n in own(constructor.body)):
        return False
    return any(isinstance(s, ast.Expr) and s.value is node for s in straight(constructor.body))


def made_before(interpreter: Interpreter, instance: Instance, graph: object, node: ast.AST) -> ast.Assign | None:
    """The statement that made the object whose graph is the default one at a place; None where that is not seen."""
    constructor = instance.of.methods.get("__init__")
    if constructor is None or not _begins(interpreter, constructor, graph):
        return None
    program, here = interpreter.program, statement_of(interpreter.program, node)
    block, calls = body_of(program, here), {id(call) for call, _, _ in instance.begun}
    rebound: set[str] = set()
    for statement in reversed(block[: block.index(here)]):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if id(call) in calls:
                return statement if name not in rebound and not _does(program, (*call.args, *call.keywords)) else None
        if _does(program, [statement]):
            return None
        inside = own([statement])
        rebound |= {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return None


def _does(program: Program, parts: Iterable[ast.AST]) -> bool:
    """Whether something names functions or classes of the program, or changes what the default graph is."""
    known = {n.name for n in program.nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for node in own(parts, (ast.FunctionDef,)):
        if isinstance(node, ast.FunctionDef) and (node.decorator_list or node.args.defaults or node.args.kw_defaults):
            return True
        named = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if named in known or (isinstance(node, ast.Call) and program.names.symbol(node.func) in (_RESET, "tf.Graph")):
            return True
    return False
