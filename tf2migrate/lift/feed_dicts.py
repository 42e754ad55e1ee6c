"""Feeds put together of a list of placeholders and a list of what they are fed: `dict(zip(inputs, values))`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift.classes import Instance, family
from tf2migrate.lift.holders import Holders
from tf2migrate.lift.trace import Feed, Run
from tf2migrate.lift.values import (
    PYTHON,
    Placeholder,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

ADVICE = "Write the feed as a dict display in the call of run, or build it where the analysis can see its keys."

#: By these an object may have attributes that nothing in the text sets.
_DYNAMIC = ("setattr", "__dict__", "__getattr__", "__getattribute__", "__setattr__", "vars")


@dataclass(frozen=True, eq=False)
class Zipped(Structure):
    """A feed of two lists: where its keys are written, and what they are fed."""

    keys: ast.expr | None = None
    values: ast.expr | None = None


@dataclass(frozen=True)
class Keys:
    """A list of placeholders that stands for their names."""

    of: tuple[Value, ...]


@dataclass(frozen=True)
class Whole:
    """A dict of all the placeholders of a list, which is one parameter."""

    key: Holders
    values: ast.expr


def zipped(interpreter: Interpreter, node: ast.expr) -> Zipped | None:
    """The feed that an expression is; None where it is another expression."""
    match node:
        case ast.Call(func=ast.Name("dict"), args=[ast.Call(func=ast.Name("zip"), args=[keys, values], keywords=[])]):
            if node.keywords or interpreter.frame.lookup("dict") or interpreter.frame.lookup("zip"):
                return None
        case ast.DictComp(
            key=ast.Name(id=key),
            value=ast.Name(id=value),
            generators=[
                ast.comprehension(
                    target=ast.Tuple(elts=[ast.Name(id=first), ast.Name(id=second)]),
                    iter=ast.Call(func=ast.Name("zip"), args=[keys, values], keywords=[]),
                    ifs=[],
                    is_async=0,
                )
            ],
        ) if (key, value) == (first, second) != (second, first) and not interpreter.frame.lookup("zip"):
            pass
        case _:
            return None
    if not isinstance(keys, ast.Name | ast.Attribute | ast.List | ast.Tuple):
        return None
    with interpreter.apart():
        held = interpreter.evaluate(keys)
    if isinstance(held, Holders):
        given = interpreter.evaluate(values)
        interpreter.rewrites[id(node)] = Whole(held, values)
        return Zipped("dict", ((held, given, None),), node, keys=keys, values=values)
    listed = isinstance(held, Structure) and held.kind in ("list", "tuple") and held.rest is None
    items = [item for _, item, _ in held.items] if isinstance(held, Structure) and listed else []
    if not items or not all(isinstance(item, Placeholder) for item in items) or len(set(items)) < len(items):
        return None
    given = interpreter.evaluate(values)
    interpreter.rewrites[id(keys)] = Keys(tuple(items))
    known = isinstance(given, Structure) and given.rest is None
    count = len(given.items) if isinstance(given, Structure) and known else len(items)  # the shorter one ends it
    fed = [interpreter.item(given, index, node) for index in range(min(count, len(items)))]
    pairs = tuple((key, value, None) for key, value in zip(items, fed, strict=False))
    return Zipped("dict", pairs, node, keys=keys, values=values)


def inline(node: ast.expr, value: Value) -> tuple[Feed, ...] | None:
    """The feeds of a run whose feed is written in its call, one by one; None where that cannot be."""
    if not isinstance(value, Zipped) or value.node is not node or value.values is None:
        return None
    keys = [key for key, _, _ in value.items if isinstance(key, Value)]
    if len(keys) == 1 and isinstance(keys[0], Holders):
        return (Feed(keys[0], value.values, held=False),)
    written = value.values.elts if isinstance(value.values, ast.List | ast.Tuple) else []
    if len(written) != len(keys) or any(isinstance(each, ast.Starred) for each in written):
        return None
    return tuple(Feed(key, each, held=False) for key, each in zip(keys, written, strict=True))


def is_nowhere(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether a key is an attribute that no object ever has: Python stops where it is read, so that nothing is fed."""
    if not isinstance(node, ast.Attribute):
        return False
    with interpreter.apart():
        held = interpreter.evaluate(node.value)
    if not isinstance(held, Instance) or node.attr in held.of.methods or node.attr in held.of.plain:
        return False
    bodies = [name for made in family(held.of) for child in made.node.body for name in _bound(child)]
    return node.attr not in bodies and not any(_sets(n, node.attr) for n in interpreter.program.nodes)


def _sets(node: ast.AST, attribute: str) -> bool:
    """Whether something gives objects an attribute, or any attribute."""
    match node:
        case ast.Attribute(attr=name):
            return name in _DYNAMIC or (name == attribute and isinstance(node.ctx, ast.Store))
        case ast.Name(id=name) | ast.FunctionDef(name=name):
            return name in _DYNAMIC
    return False


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement in a class binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return [n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def unseen(interpreter: Interpreter, node: ast.expr, value: Value) -> str:
    """What keeps a feed from being seen: the first key of its display that is unknown, where there is one."""
    display = node if isinstance(node, ast.Dict) else value.node if isinstance(value, Structure) else None
    for key in display.keys if isinstance(display, ast.Dict) else []:
        if key is not None and id(key) not in interpreter.rewrites:
            return f"{ast.unparse(key)} is no placeholder that the analysis knows"
    return "the keys of the dict are not known"


def by_name(value: Value) -> bool:
    """Whether a dict has tensors for keys, which the rewritten program has the names of instead."""
    return (
        isinstance(value, Structure)
        and value.kind == "dict"
        and any(isinstance(key, Value) for key, _, _ in value.items)
    )


def read(interpreter: Interpreter, whole: Structure, key: Value, node: ast.expr) -> Value:
    """What Python reads of such a dict, by a key of the graph that is rewritten as it is where the dict is made."""
    held = [value for known, value, _ in whole.items if known is key]
    if not held or whole.rest is not None:
        return Unknown("a dict is read by a tensor that is not known to be its key", node)
    interpreter.rewrites[id(node)] = ("key", key)
    return held[0]


def note(interpreter: Interpreter, target: ast.Subscript, whole: Value, key: Value) -> None:
    """What is set under a key of the graph is set under its name. Raises `Refused` where that may be no dict."""
    if isinstance(whole, Structure) and whole.kind == "dict":
        interpreter.rewrites[id(target.slice)] = ("key", key)
    elif not isinstance(key, Tensor):
        message = "a placeholder or variable is the key of something that is not known to be a dict"
        raise Refused("TFM904", target, message, ADVICE)


def sought(interpreter: Interpreter, node: ast.Compare, operands: list[Value]) -> Value | None:
    """`x in feed`, where the keys are tensors; None where that is not asked."""
    if len(operands) != 2 or not isinstance(node.ops[0], ast.In | ast.NotIn) or not by_name(operands[1]):
        return None
    assert isinstance(operands[1], Structure)
    found = read(interpreter, operands[1], operands[0], node.left)
    return found if isinstance(found, Unknown) else PYTHON


def copied(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value | None:
    """What a function that is not the program's makes of a dict with tensors for keys; None where it has none."""
    if not any(by_name(value) for value in arguments):
        return None
    name = ast.unparse(node.func)
    if name in ("dict", "copy.copy") and len(arguments) == 1 and not node.keywords:
        return arguments[0]
    if name in ("len", "bool", "print"):
        return None
    return Unknown(f"a dict whose keys are tensors is given to {name}", node)


def is_first(statement: ast.stmt, run: ast.Call) -> bool:
    """Whether nothing of a statement is computed before the run in it, so that a line before may compute its feed."""
    node = statement.value if isinstance(statement, ast.Assign | ast.Return | ast.Expr) else None
    while node is not None and node is not run:
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Call(func=ast.Name(), args=[ast.expr() as inner, *_]):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner)):
                node = inner
            case ast.BinOp(left=left, right=right):
                node = right if isinstance(left, ast.Constant) else left
            case _:
                return False
    return node is run


def is_computed(run: Run) -> bool:
    """Whether the dict that a run is fed is computed in its call, and not read from a name."""
    plain = isinstance(run.whole, ast.Name | ast.Attribute | ast.Subscript)
    return run.whole is not None and not (plain and not may_act(run.whole))


def text(expressions: Expressions, node: ast.AST, value: Keys | Whole) -> str:
    """What stands for the list of keys, or for the whole dict."""
    if isinstance(value, Keys):
        return f"[{', '.join(expressions.key(key, node) for key in value.of)}]"
    return f"{{{expressions.key(value.key, node)}: {expressions.text(value.values)}}}"


def converted(expressions: Expressions, value: Holders, text: str) -> str:
    """What is fed for a list of placeholders: tensors of their type."""
    tf = expressions.tf
    return f"[{tf}.convert_to_tensor(value, {expressions.dtype(value.arguments['dtype'])}) for value in {text}]"


def is_fed_inside(interpreter: Interpreter, function: ast.AST, value: Value) -> bool:
    """Whether a function makes placeholders and gives something else that only runs know: no run can feed them."""
    given = [leaf for leaf in leaves(value) if leaf.time >= Time.STAGED and not isinstance(leaf, Placeholder | Python)]
    return bool(given) and any(isinstance(interpreter.rewrites.get(id(n)), Placeholder) for n in walk(function))
