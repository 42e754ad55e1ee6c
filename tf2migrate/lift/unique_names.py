"""The numbers that TensorFlow 1 added to names that were taken: a scope entered again is `a_1`, a second `v` is `v_1`.

Names are told apart without regard to case, and scopes take them as ops do (`Graph.unique_name` of
`python/framework/ops.py`). Both kinds of scope number themselves for what is computed or made by `tf.Variable`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.standing import is_conditional, scope_of
from tf2migrate.lift import scopes
from tf2migrate.lift.graph_names import SCOPES

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def scope_name(interpreter: Interpreter, context: ast.expr) -> ast.expr | None:
    """What a scope is told to be called; None where it is told nothing, or is no scope."""
    symbol = interpreter.names.symbol(context.func) if isinstance(context, ast.Call) else None
    if not isinstance(context, ast.Call) or symbol not in SCOPES:
        return None
    if symbol == "tf.variable_scope":
        return scopes.told_name(context)
    return context.args[0] if context.args else next((k.value for k in context.keywords if k.arg == "name"), None)


def number(interpreter: Interpreter, context: ast.Call) -> str | None:
    """What TensorFlow 1 put behind the name of a scope: nothing, or `_1` and so on; None where that cannot be told.

    `context` is the call that makes the scope, of a statement that is executed once, with a name that is written out.
    """
    name = _plain(scope_name(interpreter, context))
    if name is None or _is_an_op(interpreter, context, name):
        return None
    alike, within = [], around(interpreter, context)
    for other in interpreter.program.each(ast.Call):
        if interpreter.names.symbol(other.func) in SCOPES:
            told = scope_name(interpreter, other)
            if _may_be(told, name) and around(interpreter, other) == within:
                alike.append(other)
    return _rank(interpreter, context, alike)


def number_of_variable(
    interpreter: Interpreter, call: ast.Call, path: str, alike: list[tuple[str, ast.Call]]
) -> str | None:
    """What stands behind the name of a variable that `tf.Variable` makes, among those with their names and scopes."""
    same = [other for name, other in alike if name.lower() == path.lower()]
    own = all(interpreter.names.symbol(other.func) == "tf.Variable" for other in same)
    return _rank(interpreter, call, same) if own or len(same) == 1 else None


def _rank(interpreter: Interpreter, call: ast.Call, alike: list[ast.Call]) -> str | None:
    if len(alike) <= 1:
        return ""
    program = interpreter.program
    functions = {id(scope_of(program, other)) for other in alike}
    if len(functions) > 1 or any(is_conditional(program, other) for other in alike):  # which comes first is not known
        return None
    alike.sort(key=lambda other: (other.lineno, other.col_offset))
    place = alike.index(call)
    return f"_{place}" if place else ""


def around(interpreter: Interpreter, node: ast.AST) -> list[ast.Call]:
    """The calls that make the scopes around a node in its function, but for itself, from the inside out."""
    found = []
    above = interpreter.program.parents.get(id(node))
    while above is not None and not isinstance(above, ast.FunctionDef | ast.Module):
        inside = [i.context_expr for i in above.items] if isinstance(above, ast.With) else []
        calls = [c for c in inside if isinstance(c, ast.Call) and c is not node]
        found += [call for call in calls if interpreter.names.symbol(call.func) in SCOPES]
        above = interpreter.program.parents.get(id(above))
    return found


def _plain(name: ast.expr | None) -> str | None:
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _may_be(told: ast.expr | None, name: str) -> bool:
    """Whether a scope may have been called so."""
    if (plain := _plain(told)) is not None:
        return plain.lower() == name.lower()
    if isinstance(told, ast.BinOp) and (start := _plain(told.left)) is not None:
        return name.lower().startswith(start.split("%")[0].split("{")[0].lower())
    return told is not None


def _is_an_op(interpreter: Interpreter, context: ast.Call, name: str) -> bool:
    """Whether an op beside a scope may have taken its name: as it says, or as TensorFlow calls it."""
    program, within = interpreter.program, around(interpreter, context)
    function, at = scope_of(program, context), (context.lineno, context.col_offset)
    nodes: list[ast.Call | ast.BinOp] = [*program.each(ast.Call), *program.each(ast.BinOp)]
    taking = [node for node in nodes if _may_take(interpreter, node, name) and around(interpreter, node) == within]
    return any(scope_of(program, node) is not function or (node.lineno, node.col_offset) < at for node in taking)


def _may_take(interpreter: Interpreter, node: ast.Call | ast.BinOp, name: str) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op).__name__.lower() in (name.lower(), name.lower() + "t")
    symbol = interpreter.names.symbol(node.func) or ""
    if symbol in SCOPES or not (symbol.startswith("tf.") or isinstance(node.func, ast.Attribute)):
        return False
    named = [k.value for k in node.keywords if k.arg == "name"]
    own = symbol.rpartition(".")[2].lower() == name.lower() and not named
    return own or any(_may_be(told, name) for told in named if not isinstance(told, ast.Name))
