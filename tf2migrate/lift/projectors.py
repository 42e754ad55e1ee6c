"""TensorBoard's projector: it takes a folder in the place of a writer, and calls a tensor as the checkpoint does.

`tensorboard/plugins/projector/__init__.py` and `projector_plugin.py` of TensorBoard 2: `visualize_embeddings(logdir,
config)`; a tensor's name is looked for among the keys of the latest checkpoint in the folder, which for a variable of a
`tf.train.Checkpoint` end in `/.ATTRIBUTES/VARIABLE_VALUE`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift import savers
from tf2migrate.lift.values import PYTHON, Handle, Python, Unknown, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_PLUGIN = "tf.contrib.tensorboard.plugins.projector."
#: What asks for the latest checkpoint of a folder, when TensorBoard is started.
VISUALIZES = f"{_PLUGIN}visualize_embeddings"


@dataclass(frozen=True, eq=False)
class Visualized(Python):
    """A call of `visualize_embeddings`: the folder of the writer that it is given, and the settings."""

    folder: ast.expr = field(default_factory=lambda: ast.Constant(""))
    config: ast.expr = field(default_factory=lambda: ast.Constant(None))


@dataclass(frozen=True)
class Named:
    """The name of a variable, by which the projector is to find it in a checkpoint."""

    variable: Variable


def _settings(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    interpreter.arguments(node)
    return PYTHON


def _visualize(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`visualize_embeddings`, of a writer whose folder can be said again."""
    bound = bind(node, ("summary_writer", "config"))
    with interpreter.apart():
        writer = interpreter.evaluate(bound["summary_writer"])
    if not isinstance(writer, Handle) or writer.role != "writer":
        return Unknown("which folder the projector's settings are for cannot be seen", node)
    folder = writer.arguments["logdir"]
    if may_act(folder) and not _joins(folder):
        return Unknown("the folder of a summary writer is computed in its call", node)
    for name in (n for n in walk(folder) if isinstance(n, ast.Name)):
        if {d.site for d in interpreter.frame.lookup(name.id)} != interpreter.resolved.get(id(name), set()):
            return Unknown(f"{name.id} is another folder by now", node)
    interpreter.evaluate(folder)
    interpreter.evaluate(bound["config"])
    return Visualized(folder=folder, config=bound["config"])


def _joins(node: ast.expr) -> bool:
    """Whether nothing is called in an expression but `os.path.join`."""
    calls = [n for n in walk(node) if isinstance(n, ast.Call)]
    return all(ast.unparse(call.func) == "os.path.join" for call in calls)


def note(interpreter: Interpreter, base: Value, node: ast.Attribute) -> None:
    """Keeps which variable's name the projector is told (`embedding.tensor_name = variable.name`)."""
    statement = interpreter.statement.node
    if node.attr != "name" or not isinstance(base, Variable) or not isinstance(statement, ast.Assign):
        return
    targets = [target for target in statement.targets if isinstance(target, ast.Attribute)]
    if statement.value is node and any(target.attr == "tensor_name" for target in targets):
        interpreter.rewrites[id(node)] = Named(base)


def text(expressions: Expressions, node: ast.expr, value: Visualized | Named) -> str:
    """The call, or the name, in the place of what was there."""
    if isinstance(value, Visualized):
        assert isinstance(node, ast.Call)
        given = f"{expressions.text(value.folder)}, {expressions.text(value.config)}"
        return f"{expressions.program.segment(node.func)}({given})"
    saved = [use.saver for use in expressions.interpreter.uses.values() if not use.restores]
    keys = {savers.key_of(expressions, saver, value.variable) for saver in saved} - {None}
    if len(keys) != 1:
        assert isinstance(node, ast.Attribute)
        return f"{expressions.operand(node.value)}.name"
    return f'"{keys.pop()}/.ATTRIBUTES/VARIABLE_VALUE"'


HANDLERS = {f"{_PLUGIN}ProjectorConfig": _settings, VISUALIZES: _visualize}
