"""Parameters that every call of a unit's function leaves out, or that its one call gives: tests of them for None.

`if W is None: W = tf.Variable(…)` in a constructor goes one way only, in the program that is there. The other way is
not followed: what it would build is not in the graph. Where something stands there, it is left out.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift.values import NONE, Python, Time

if TYPE_CHECKING:
    from tf2migrate.lift.functions import FunctionNode
    from tf2migrate.lift.interpret import Interpreter


def way(interpreter: Interpreter, node: ast.If) -> bool | None:
    """Which way a test for None of a parameter goes in a unit's function; None where it is another or may go both."""
    test, frame = node.test, interpreter.frame
    if not frame.unit or frame.parent is None or not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    tested = test.left
    if not isinstance(tested, ast.Name) or not isinstance(test.ops[0], ast.Is | ast.IsNot):
        return None
    found = frame.lookup(tested.id)
    entered = len(found) == 1 and isinstance(found[0].statement.node, ast.Pass) and found[0].statement.frame is frame
    if not entered or frame.node in interpreter.feeders or not _is_alike(interpreter, frame.node, tested.id):
        return None
    with interpreter.apart():
        value = interpreter.evaluate(test)
    if not isinstance(value, Python) or not value.known:
        return None
    other = node.orelse if value.literal else node.body
    taken = node.body if value.literal else node.orelse
    chained = any(isinstance(s, ast.If) and interpreter.program.segment(s).startswith("elif") for s in node.orelse)
    if other and (chained or not any(_of_graph(interpreter, s) for s in [*other, *taken])):
        return None
    return bool(value.literal)


def _is_alike(interpreter: Interpreter, function: ast.AST, name: str) -> bool:
    """Whether a function has one call in the text, or several that all leave a parameter out."""
    if not isinstance(function, ast.FunctionDef):
        return False
    known, skipped = function.name, 0
    around = interpreter.program.parents.get(id(function))
    if isinstance(around, ast.ClassDef):
        skipped = 1
        if known == "__init__":
            known = around.name
    nodes = interpreter.program.nodes
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    named = [c for c in calls if _last(c.func) == known]
    called = {id(c.func) for c in named}
    if any(isinstance(n, ast.Name | ast.Attribute) and _last(n) == known and id(n) not in called for n in nodes):
        return False  # is a base, say, or has another name
    if function.name == "__init__" and any(_last(c.func) == "__init__" for c in calls):
        return False
    given = [_gives(function, call, name, skipped) for call in named]
    return len(given) == 1 or (bool(given) and all(found is False for found in given))


def _last(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _gives(function: FunctionNode, call: ast.Call, name: str, skipped: int) -> bool | None:
    """Whether a call gives a parameter a value; None where that cannot be seen."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    spec = function.args
    positional = [a.arg for a in (*spec.posonlyargs, *spec.args)][skipped:]
    return name in (*positional[: len(call.args)], *(k.arg for k in call.keywords))


def _of_graph(interpreter: Interpreter, statement: ast.stmt) -> bool:
    """Whether a statement names something of TensorFlow, or reads what is there only in a graph."""
    for node in ast.walk(statement):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        if (interpreter.names.symbol(node) or "").startswith("tf"):
            return True
        own = isinstance(node, ast.Name) or (isinstance(node.value, ast.Name) and node.value.id == "self")
        if own:
            with interpreter.apart():
                value = interpreter.evaluate(node)
            if value is not NONE and value.time >= Time.MADE:
                return True
    return False
