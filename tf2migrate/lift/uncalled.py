"""Methods that nothing calls and that build on a graph which is no longer there, such as a loss that was tried once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter


def methods(interpreter: Interpreter) -> set[ast.FunctionDef]:
    """Those of classes that the program makes objects of: what they read is of the graph, and no name leads there."""
    found: set[ast.FunctionDef] = set()
    if any(_asks_by_name(call) for call in interpreter.program.each(ast.Call)):
        return found
    for instance in {id(i): i for i in interpreter.instances.values()}.values():
        for name, method in instance.of.methods.items() if instance.begun else ():
            followed = method in interpreter.driver_nodes or method in interpreter.helper_calls
            if followed or name.startswith("__") or not _reads_graph(instance, method):
                continue
            if not _is_mentioned(interpreter, name, method):
                found.add(method)
    return found


def _asks_by_name(call: ast.Call) -> bool:
    """Whether a method may be asked for by a name that is computed."""
    named = isinstance(call.func, ast.Name) and call.func.id in ("getattr", "methodcaller", "vars", "dir")
    return named and not (len(call.args) > 1 and isinstance(call.args[1], ast.Constant))


def _reads_graph(instance: Instance, method: ast.FunctionDef) -> bool:
    """Whether a method reads an attribute that is a tensor of each run."""
    attributes = [n for n in walk(method) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
    own = [n.attr for n in attributes if isinstance(n.value, ast.Name) and n.value.id == "self"]
    return any(definition.staged for name in own for definition in instance.attributes.get(name, ()))


def _is_mentioned(interpreter: Interpreter, name: str, method: ast.FunctionDef) -> bool:
    own = {id(node) for node in walk(method)}
    for node in interpreter.program.nodes:
        said = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
        if said == name and id(node) not in own:
            return True
    return False
