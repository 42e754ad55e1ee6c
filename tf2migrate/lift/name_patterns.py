"""Names that are told in part: `"conv%d" % i` in a loop, layers without a name that are counted, parts of a scope's.

A pattern is such a name as text, with one sign for what is nothing but digits, underscores and hyphens, if
anything (`NUMBER`), and another for what may be any text (`OPEN`). Questions are answered for all names that fit.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Python, Text, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

NUMBER, OPEN = "\0", "\1"
_DIGITS = re.compile("[0-9_\0-]")
_FORM = re.compile(r"%%|%(?:0\d+)?([dis])")
_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)([^{}]*)\}")


def is_whole(name: str) -> bool:
    """Whether all of a name is told."""
    return NUMBER not in name and OPEN not in name


def contains(name: str, part: str) -> bool | None:
    """Whether a part is in all names that fit a pattern (True), in none (False); None where that cannot be told."""
    if any(part in known for known in re.split("[\0\1]", name)):
        return True
    if OPEN in name:
        return None
    if NUMBER not in name or _DIGITS.sub("", part) not in _DIGITS.sub("", name):
        return False
    return None


def starts(name: str, part: str) -> bool | None:
    """Whether all names that fit a pattern begin with a part, or none does; None where that cannot be told."""
    first = re.split("[\0\1]", name)[0]
    if first.startswith(part):
        return True
    if first == name or not part.startswith(first):
        return False
    before, opened, _ = name.partition(OPEN)
    before, part = _DIGITS.sub("", before), _DIGITS.sub("", part)
    fits = part.startswith(before) if opened and len(before) < len(part) else before.startswith(part)
    return None if fits else False


def ends(name: str, part: str) -> bool | None:
    """Whether all names that fit a pattern end with a part, or none does; None where that cannot be told."""
    last = re.split("[\0\1]", name)[-1]
    if last.endswith(part):
        return True
    return False if last == name or not part.endswith(last) else None


def equals(name: str, other: str) -> bool | None:
    """Whether all names that fit a pattern are this one, or none is; None where that cannot be told."""
    if is_whole(name):
        return name == other
    form = "".join({NUMBER: "[0-9_-]*", OPEN: ".*"}.get(sign, re.escape(sign)) for sign in name)
    return None if re.fullmatch(form, other, re.DOTALL) else False


def of_made(interpreter: Interpreter, named: ast.expr | None, kind: str, numbered: str = "") -> str:
    """What is told of the name of something made here; what has none is counted, and `numbered` what has one, too."""
    own = kind + NUMBER if named is None else told(interpreter, named) + numbered
    return interpreter.scopes.within(own)


def of_scope(interpreter: Interpreter, node: ast.Call) -> str:
    """What is told of the name that a call of a scope gives: nothing where it has that from somewhere else."""
    given = {k.arg: k.value for k in node.keywords}
    default = node.args[1] if len(node.args) > 1 else given.get("default_name")
    named = node.args[0] if node.args else given.get("name", given.get("name_or_scope"))
    if any(isinstance(a, ast.Starred) for a in node.args) or None in given or named is None:
        return OPEN
    with interpreter.apart():
        value = interpreter.evaluate(named)
    if isinstance(value, Python) and value.known and value.literal is None:
        return told(interpreter, default) if default is not None else OPEN
    return _pattern(interpreter, named, value)


def told(interpreter: Interpreter, node: ast.expr) -> str:
    """The pattern of the text that an expression is; OPEN where nothing of it is told."""
    with interpreter.apart():
        return _pattern(interpreter, node, interpreter.evaluate(node))


def _pattern(interpreter: Interpreter, node: ast.expr, value: Value) -> str:
    if isinstance(value, Python) and value.known and isinstance(value.literal, str | int):
        return str(value.literal)
    if isinstance(value, Text):
        return value.pattern
    return NUMBER if _is_number(interpreter, node) else OPEN


def of_operation(interpreter: Interpreter, node: ast.BinOp, left: Value, right: Value) -> Text | None:
    """What `+` and `%` make of texts of which some parts are told; None where nothing is."""
    if isinstance(node.op, ast.Add) and (_is_text(left) or _is_text(right)):
        return _text(_pattern(interpreter, node.left, left) + _pattern(interpreter, node.right, right))
    if isinstance(node.op, ast.Mod) and isinstance(left, Python) and isinstance(left.literal, str):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _text(_formatted(interpreter, left.literal, given))
    return None


def _is_text(value: Value) -> bool:
    return isinstance(value, Text) or (isinstance(value, Python) and isinstance(value.literal, str))


def of_parts(interpreter: Interpreter, node: ast.JoinedStr) -> Text | None:
    """What an f-string is of which some parts are told."""
    return _text("".join(_part(interpreter, part) for part in node.values))


def of_call(interpreter: Interpreter, node: ast.Call) -> Text | None:
    """What `str(i)` and `"{}_w".format(i)` are; None for other calls."""
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[given], keywords=[]) if not interpreter.frame.lookup("str"):
            return _text(told(interpreter, given))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(form)), attr="format"), args=given, keywords=[]):
            return _text(_filled(interpreter, form, given))
    return None


def _text(pattern: str) -> Text | None:
    return Text(pattern=pattern) if pattern.strip(OPEN) else None


def _part(interpreter: Interpreter, node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return told(interpreter, value)
    return OPEN


def _formatted(interpreter: Interpreter, form: str, given: list[ast.expr]) -> str:
    """What `%` makes of a text and what it is given."""
    signs = [m for m in _FORM.finditer(form) if m[1]]
    if len(signs) != len(given) or form.count("%") != sum(m[0].count("%") for m in _FORM.finditer(form)):
        return OPEN
    found = iter([NUMBER if m[1] in "di" else told(interpreter, g) for m, g in zip(signs, given, strict=True)])
    return _FORM.sub(lambda m: next(found) if m[1] else "%", form)


def _filled(interpreter: Interpreter, form: str, given: list[ast.expr]) -> str:
    """What `format` makes of a text and what it is given, by place."""
    fields = [m for m in _FIELD.finditer(form) if m[1] is not None]
    if len(fields) != len(given) or any(m[1] or m[2] for m in fields) or form.count("{") != len(_opened(form)):
        return OPEN
    found = iter([told(interpreter, g) for g in given])
    return _FIELD.sub(lambda m: next(found) if m[1] is not None else m[0][0], form)


def _opened(form: str) -> str:
    return "".join(sign for m in _FIELD.finditer(form) for sign in m[0] if sign == "{")


def _is_number(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether a name is that of a whole number: what a loop counts with, or a size of variables made in it."""
    definitions = interpreter.frame.lookup(node.id) if isinstance(node, ast.Name) else ()
    loops = {id(d.statement.node): d.statement.node for d in definitions}
    if len(loops) != 1 or not isinstance(node, ast.Name):
        return False
    match next(iter(loops.values())):
        case ast.For(iter=ast.Call(func=ast.Name(id="range")), target=ast.Name()):
            return not interpreter.frame.lookup("range")
        case ast.For(
            iter=ast.Call(func=ast.Name(id="enumerate"), args=[_], keywords=[]),
            target=ast.Tuple(elts=[ast.Name(id=count), _]),
        ) if count == node.id:
            return not interpreter.frame.lookup("enumerate")
        case ast.For() as loop:
            return any(_is_size(interpreter, n, node.id) for n in walk(loop))
    return False


def _is_size(interpreter: Interpreter, node: ast.AST, name: str) -> bool:
    """Whether a call makes a variable of a shape in which a name is one of the sizes."""
    if not isinstance(node, ast.Call) or interpreter.names.symbol(node.func) != "tf.get_variable":
        return False
    shape = next((k.value for k in node.keywords if k.arg == "shape"), node.args[1] if len(node.args) > 1 else None)
    elements = shape.elts if isinstance(shape, ast.List | ast.Tuple) else []
    return any(isinstance(e, ast.Name) and e.id == name for e in elements)


__all__ = ["NUMBER", "OPEN", "contains", "ends", "equals", "is_whole", "starts", "told"]
