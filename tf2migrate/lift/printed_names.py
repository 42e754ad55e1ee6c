"""Names of the graph's that a program prints, and that are others in TensorFlow 2.

A name scope is no part of a variable's name there, a second one without a name is called as the first, Keras names what
its layers have, and a placeholder's name is no tensor's.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Placeholder, Refused, Tensor, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def note(interpreter: Interpreter, base: Value, node: ast.Attribute) -> None:
    """Keeps whose name is read."""
    if node.attr == "name":
        interpreter.names_read.append((interpreter.statement, base, node))


def check(interpreter: Interpreter) -> None:
    """Raises `Refused` where a name is printed that the rewritten program would print otherwise."""
    for statement, base, node in interpreter.names_read:
        if _is_printed(statement, node) and _differs(interpreter, statement, base):
            what = "the name of a variable or placeholder is printed, and it is another one in TensorFlow 2"
            raise Refused("TFM902", node, what, "Take the line out, or print a name of your own.")


def _is_printed(statement: Statement, node: ast.Attribute) -> bool:
    match statement.node:
        case ast.Expr(value=ast.Call(func=ast.Name("print")) as call):
            return any(inner is node for inner in walk(call))
    return False


def _differs(interpreter: Interpreter, statement: Statement, base: Value) -> bool:
    if isinstance(base, Placeholder):
        return True
    if isinstance(base, Variable):
        return any(_is_renamed(member) for member in interpreter.scopes.made if member.value is base)
    if isinstance(base, Tensor) and not any(d.staged for d in statement.reads):  # one of a list of variables
        return any(_is_renamed(member) for member in interpreter.scopes.made)
    return False


def _is_renamed(member: Member) -> bool:
    return not isinstance(member.value, Variable) or member.name != (member.value.name or "Variable")
