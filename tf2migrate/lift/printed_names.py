"""Names of the graph's that a program prints, and that are others in TensorFlow 2.

A name scope is no part of a variable's name there, a second one without a name is called as the first, Keras names what
its layers have, and a placeholder's name is no tensor's. Variables whose names are written out are given them with
their scopes. `v.op` does not exist outside of graphs: `v.op.name` is the variable's name without its output.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import scoped_names
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Held, Placeholder, Refused, Tensor, Trained, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

#: What `v.op.name` is rewritten as.
OF_OP = "name of an op"
_SHOWS = frozenset(("debug", "info", "warning", "warn", "error", "log", "write", "writelines", "writerow"))


def note(interpreter: Interpreter, base: Value, node: ast.Attribute) -> None:
    """Keeps whose name is read."""
    from tf2migrate.lift.functions import Method

    if node.attr != "name":
        return
    if isinstance(base, Method) and base.name == "op":
        if not isinstance(base.base, Variable | Trained | Held):
            return
        base = base.base
        interpreter.rewrites[id(node)] = OF_OP
    interpreter.names_read.append((interpreter.statement, base, node))


def op_text(expressions: Expressions, node: ast.Attribute) -> str:
    """The name of a variable's op."""
    assert isinstance(node.value, ast.Attribute)
    return f'{expressions.text(node.value.value)}.name.split(":")[0]'


def check(interpreter: Interpreter) -> None:
    """Raises `Refused` where a name is printed that the rewritten program would print otherwise.

    Variables whose names are known get them, scopes included.
    """
    shown = _shown(interpreter)
    for statement, base, node in interpreter.names_read:
        if _is_printed(statement, node, shown) and _differs(interpreter, statement, base):
            made = [m.value for m in interpreter.scopes.made if m.collections != frozenset()]
            variables = [v for v in made if isinstance(v, Variable)]
            of_variable = not isinstance(base, Placeholder) and len(variables) == len(made)
            of_variable = of_variable and not _are_of_ops(interpreter, variables)
            if of_variable and scoped_names.are_told(interpreter, variables):
                continue
            what = "the name of a variable or placeholder is printed, and it is another one in TensorFlow 2"
            raise Refused("TFM902", node, what, "Take the line out, or print a name of your own.")


def _are_of_ops(interpreter: Interpreter, variables: list[Variable]) -> bool:
    """Whether an op of the program has the name of a variable: the later of the two got a number."""
    made = {id(variable.node) for variable in variables}
    calls = [call for call in interpreter.program.each(ast.Call) if id(call) not in made]
    calls = [call for call in calls if interpreter.names.symbol(call.func) != "tf.get_variable"]  # which finds one
    given = [k.value for call in calls for k in call.keywords if k.arg == "name"]
    ops = {str(value.value).lower() for value in given if isinstance(value, ast.Constant)}
    return any((variable.name or "").lower() in ops for variable in variables)


def _shown(interpreter: Interpreter) -> set[str]:
    """The names that are read in what the program prints."""
    calls = [call for call in interpreter.program.each(ast.Call) if _shows(call)]
    return {n.id for call in calls for n in walk(call) if isinstance(n, ast.Name)}


def _shows(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            return name == "print"
        case ast.Attribute(attr=name):
            return name in _SHOWS
    return False


def _is_printed(statement: Statement, node: ast.Attribute, shown: set[str]) -> bool:
    match statement.node:
        case ast.Expr(value=ast.Call() as call) if _shows(call):
            return any(inner is node for inner in walk(call))
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in shown
    return False


def _differs(interpreter: Interpreter, statement: Statement, base: Value) -> bool:
    if isinstance(base, Placeholder):
        return True
    own = [member for member in interpreter.scopes.made if member.value is base]
    one_of_them = isinstance(base, Variable) or not any(d.staged for d in statement.reads)  # of a list of variables
    if not isinstance(base, Variable | Tensor) or not (own or one_of_them):
        return False
    return any(_is_renamed(member) or _is_taken(interpreter, member) for member in own or interpreter.scopes.made)


def _is_taken(interpreter: Interpreter, member: Member) -> bool:
    """Whether another variable of the graph has the name as well: TensorFlow 1 added a number to the later one."""
    others = [m for m in interpreter.scopes.made if m.graph is member.graph and m.value is not member.value]
    return member.name is not None and any((m.name or "").lower() == member.name.lower() for m in others)


def _is_renamed(member: Member) -> bool:
    return not isinstance(member.value, Variable) or member.name != (member.value.name or "Variable")
