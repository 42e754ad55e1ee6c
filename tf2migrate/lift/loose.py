"""Where variables go that the analysis does not follow them to: objects of other classes, containers in containers.

What is taken out of such a thing may be a variable. It was read at each run, so that what is computed of it is, too.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.trace import Definition, Frame
from tf2migrate.lift.values import LOOSE, Loose, Python, Structure, Symbol, Unknown, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What says something about what it is given, and keeps or gives nothing of it.
_TELLING = frozenset(
    ("len", "print", "type", "id", "repr", "str", "isinstance", "hasattr", "callable", "bool", "hash", "format")
)


def has_variables(value: Value) -> bool:
    """Whether something is, holds or may hold a variable."""
    return any(isinstance(leaf, Variable | Loose) for leaf in leaves(value))


def spoil(interpreter: Interpreter, holder: ast.expr) -> bool:
    """Has all that is taken out of something be what may be a variable; false where it has no name."""
    definitions = _definitions(interpreter, holder)
    for definition in definitions:
        if isinstance(definition.value, Python | Structure | Loose):
            definition.value = LOOSE
    return bool(definitions)


def _definitions(interpreter: Interpreter, node: ast.expr) -> tuple[Definition, ...]:
    """What the name or attribute of an object may be that an expression is a part of."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and (known := interpreter.attributes.get(id(node))):
            return known
        node = node.value
    return interpreter.frame.lookup(node.id) if isinstance(node, ast.Name) else ()


def hand_back(interpreter: Interpreter, node: ast.Call, frame: Frame, given: dict[str, Value]) -> None:
    """What a function has put variables into is the caller's, where it was given by the caller."""
    names = [name for name in given if name != "self"]
    spoilt = [n for n in names if any(d.value is LOOSE for d in frame.env.get(n, ())) and given[n] is not LOOSE]
    arguments = dict(zip(names, node.args, strict=False)) | {k.arg or "": k.value for k in node.keywords}
    for name in spoilt:
        if name in arguments and not isinstance(arguments[name], ast.Starred):
            spoil(interpreter, arguments[name])


def called(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value | None:
    """What a call gives that is given variables, and is none of TensorFlow's or the program's; None for any other."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _TELLING or not any(has_variables(value) for value in arguments):
        return None
    if any(isinstance(leaf, Symbol) for value in arguments for leaf in leaves(value)):
        return Unknown(f"{ast.unparse(node.func)} is given variables, and what is computed of them", node)
    holder = node.args[0] if name == "setattr" else node.func.value if isinstance(node.func, ast.Attribute) else None
    if holder is not None and not _is_module(interpreter, holder):
        spoil(interpreter, holder)
    return LOOSE


def _is_module(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether an expression is a module, or a part of one."""
    return any(
        isinstance(d.statement.node, ast.Import | ast.ImportFrom)
        for inner in walk(node)
        if isinstance(inner, ast.Name)
        for d in interpreter.frame.lookup(inner.id)
    )
