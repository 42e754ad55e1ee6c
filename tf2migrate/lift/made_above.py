"""Networks that one function makes and another one finds by their names: they are made above both, at module level.

    def train(sess):                               network = Network(SIZE)
        with tf.variable_scope("model"):
            outputs = network(x, SIZE)             def train():
        …                                              …
    def test(sess):                                def test():
        with tf.variable_scope("model", reuse=True):   …
            outputs = network(x, SIZE)
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tf2migrate.facts.standing import is_conditional, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift import parts
from tf2migrate.lift.call_sites import given_to
from tf2migrate.lift.repeated import comes_again

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.trace import Frame, Made, Statement

#: What does not change once it is there.
_FIXED = (ast.Constant, ast.Name, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.unaryop, ast.operator, ast.expr_context)


def home(interpreter: Interpreter, statement: Statement, made: Made, using: Iterable[Frame]) -> ast.FunctionDef | None:
    """The function above which an object is made that others use, too; None where it cannot be made there.

    It is made once, of what is known there: literals, and names of the module that are bound before, and once.
    """
    program = interpreter.program
    function = statement.frame.node
    value = interpreter.rewrites.get(id(made.node))
    functions = [function, *(frame.node for frame in using)]
    if any(f not in program.tree.body and f is not program.tree for f in functions):
        return None
    if not isinstance(function, ast.FunctionDef) or not isinstance(value, parts.Call) or value.function is None:
        return None
    part = value.function
    if part not in program.tree.body or part.lineno > function.lineno or not isinstance(made.node, ast.Call):
        return None
    if is_conditional(program, statement.node) or comes_again(interpreter, statement.node, program.tree):
        return None
    given = given_to(part, made.node)
    if given is None:
        return None
    data = [node for name, node in given.items() if name not in interpreter.parts[part].staged]
    return function if all(_is_known(interpreter, node, function, function.lineno) for node in data) else None


def _is_known(interpreter: Interpreter, node: ast.expr, function: ast.FunctionDef, line: int) -> bool:
    """Whether an expression is of numbers and texts, also by names of the module that are bound once, before a line.

    Flags are not: they have no values before the program is run.
    """
    if any(not isinstance(n, _FIXED) for n in walk(node)):
        return False
    program = interpreter.program
    for name in {n.id for n in walk(node) if isinstance(n, ast.Name)}:
        everywhere = [n for n in program.each(ast.Name) if n.id == name and not isinstance(n.ctx, ast.Load)]
        own = stores(program, name, program.tree)
        made = program.parents[id(own[0])] if own else None
        given = any(n.arg == name for n in walk(function) if isinstance(n, ast.arg))
        if len(everywhere) != 1 or given or not isinstance(made, ast.Assign) or made.lineno >= line:
            return False
        if made.targets != own or not _is_known(interpreter, made.value, function, made.lineno):
            return False
    return True
