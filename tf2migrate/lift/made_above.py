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
    names = {n.id for node in data for n in walk(node) if isinstance(n, ast.Name)}
    return function if all(_is_known(interpreter, name, function) for name in names) else None


def _is_known(interpreter: Interpreter, name: str, function: ast.FunctionDef) -> bool:
    """Whether a name is the module's in a function, and bound once and before it."""
    program = interpreter.program
    everywhere = [n for n in program.each(ast.Name) if n.id == name and not isinstance(n.ctx, ast.Load)]
    everywhere_else = any(n.arg == name for n in walk(function) if isinstance(n, ast.arg))
    own = stores(program, name, program.tree)
    return len(everywhere) == 1 == len(own) and own[0].lineno < function.lineno and not everywhere_else
