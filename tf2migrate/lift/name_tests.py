"""Conditions on the names of variables: TensorFlow 1's names have the scopes in them, and TensorFlow 2's have not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import own_cell_classes
from tf2migrate.lift.name_patterns import OPEN, contains, ends, equals, is_whole, starts
from tf2migrate.lift.scopes import Member
from tf2migrate.lift.values import Layer, Python, Structure, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: The names that layers give their variables: those of `tf.layers`, and those of `tf.contrib.layers`.
PARTS = ("kernel", "bias", "weights", "biases")
#: Those of batch normalization: what is trained, and what else is a variable.
NORMAL, MOVING = ("gamma", "beta"), ("moving_mean", "moving_variance")
_OTHERS = {"SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"), "Embedding": ("embeddings",)}
#: What asks for the name of a variable, or of its average.
_NAMES = ("name", "average_name")
_SCOPES = ("tf.name_scope", "tf.variable_scope", "tf.op_scope", "tf.variable_op_scope")
#: What the scopes of unrolled cells are called.
_OF_CELLS = "rnn/bidirectional_rnn/fw/bw/multi_rnn_cell/cell_0/basic_lstm_cell/gru_cell/gates/candidate"


def parts_of(layer: Layer) -> tuple[str, ...] | None:
    """What the variables of a layer that are trained are called, among others; None where that is not known."""
    if layer.kind == "BatchNormalization":
        return NORMAL
    if layer.kind == "Dense" or layer.kind.startswith("Conv"):
        return PARTS
    return _OTHERS.get(layer.kind)


def holds(tests: list[ast.expr], variable: str, name: str | None) -> bool | None:
    """Whether all of some conditions hold for a variable of a name; None where that cannot be told."""
    if name is None:
        return None
    answers = [_holds(test, variable, name) for test in tests]
    return None if None in answers else all(answers)


def written(interpreter: Interpreter, tests: list[ast.expr]) -> list[ast.expr]:
    """Conditions with the strings that their names and attributes stand for in the place of these."""
    return [_written(interpreter, test) for test in tests]


def _written(interpreter: Interpreter, test: ast.expr) -> ast.expr:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()] as ops, comparators=[other]):
            return ast.Compare(left=left, ops=ops, comparators=[_literal(interpreter, other)])
        case ast.Compare(left=left, ops=ops, comparators=held):
            return ast.Compare(left=_literal(interpreter, left), ops=ops, comparators=held)
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith") as function, args=[part], keywords=[]):
            return ast.Call(func=function, args=[_literal(interpreter, part)], keywords=[])
        case ast.UnaryOp(op=ast.Not() as op, operand=inner):
            return ast.UnaryOp(op=op, operand=_written(interpreter, inner))
        case ast.BoolOp(op=op, values=values):
            return ast.BoolOp(op=op, values=written(interpreter, values))
        case ast.Call(func=ast.Name(id="any" | "all" as which), args=[ast.GeneratorExp(elt=inner, generators=[each])]):
            parts = _parts(interpreter, each)
            if parts is not None and isinstance(each.target, ast.Name):
                values = [_written(interpreter, _Put(each.target.id, part).visit(deepcopy(inner))) for part in parts]
                return ast.BoolOp(op=ast.Or() if which == "any" else ast.And(), values=values)
    return test


class _Put(ast.NodeTransformer):
    """Puts a string in the place of a name."""

    def __init__(self, name: str, part: str) -> None:
        self.name, self.part = name, part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(value=self.part) if node.id == self.name else node


def _parts(interpreter: Interpreter, each: ast.comprehension) -> list[str] | None:
    """The strings that a generator goes through; None where they are not told."""
    with interpreter.apart():
        listed = interpreter.evaluate(each.iter)
    if each.ifs or not isinstance(listed, Structure) or listed.kind == "dict" or listed.rest is not None:
        return None
    told = [value.literal for value in leaves(listed) if isinstance(value, Python) and isinstance(value.literal, str)]
    return told if told and len(told) == len(leaves(listed)) else None


def _literal(interpreter: Interpreter, node: ast.expr) -> ast.expr:
    told = text_of(interpreter, node)
    return ast.Constant(value=told) if told is not None else node


def text_of(interpreter: Interpreter, node: ast.expr) -> str | None:
    """The text that an expression stands for, also one put together (`self.name + "/"`); None where it is not told."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(interpreter, node.left), text_of(interpreter, node.right)
        return left + right if left is not None and right is not None else None
    with interpreter.apart():
        value = interpreter.evaluate(node)
    return value.literal if isinstance(value, Python) and isinstance(value.literal, str) else None


def _holds(test: ast.expr, variable: str, name: str) -> bool | None:
    """Whether one holds; the name may be told in part (`name_patterns`)."""
    match test:
        case ast.Compare(left=ast.Constant(value=str(part)), ops=[ast.In() | ast.NotIn() as op], comparators=[held]):
            told = _name(held, variable, name)
            found = contains(told, part) if told is not None else None
            return found if isinstance(op, ast.In) else _other(found)
        case ast.Compare(left=held, ops=[ast.Eq() | ast.NotEq() as op], comparators=[ast.Constant(value=str(part))]):
            asked = _component(held, variable, name)
            found = equals(asked, part) if asked is not None else None
            return found if isinstance(op, ast.Eq) else _other(found)
        case ast.Call(func=ast.Attribute(value=held, attr="startswith"), args=[ast.Constant(value=str(part))]):
            return starts(told, part) if (told := _name(held, variable, name)) is not None else None
        case ast.Call(func=ast.Attribute(value=held, attr="endswith"), args=[ast.Constant(value=str(part))]):
            return ends(told, part) if (told := _name(held, variable, name)) is not None else None
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _other(_holds(inner, variable, name))
        case ast.BoolOp(op=ast.And() | ast.Or() as op, values=values):
            answers = [_holds(value, variable, name) for value in values]
            return None if None in answers else all(answers) if isinstance(op, ast.And) else any(answers)
    return None


def _other(found: bool | None) -> bool | None:
    return None if found is None else not found


def _component(node: ast.expr, variable: str, name: str) -> str | None:
    """What `v.name` is, or `v.name.split("/")[0]`; None where that cannot be told."""
    match node:
        case ast.Subscript(
            value=ast.Call(func=ast.Attribute(value=held, attr="split"), args=[ast.Constant(value="/")], keywords=[]),
            slice=ast.Constant(value=int(at)),
        ) if (told := _name(held, variable, name)) is not None:
            parts = told.split("/")[: at + 1]
            return parts[at] if 0 <= at < len(parts) and not any(OPEN in part for part in parts) else None
    return _name(node, variable, name)


def _name(node: ast.expr, variable: str, name: str) -> str | None:
    """What asks for the name of a variable, or of its op, which has no number of an output; None for anything else."""
    asked = ast.unparse(node)
    return name if asked == f"{variable}.name" else name.removesuffix(":0") if asked == f"{variable}.op.name" else None


def spelled(interpreter: Interpreter, node: ast.expr, variable: str, name: str) -> str | None:
    """The text that an expression makes of the name of a variable's op; None where it is not told."""
    told = _made(interpreter, node, variable, name) if is_whole(name) else None
    return told if isinstance(told, str) else None


def _made(interpreter: Interpreter, node: ast.expr, variable: str, name: str) -> object:
    def made(inner: ast.expr) -> object:
        return _made(interpreter, inner, variable, name)

    match node:
        case ast.Attribute() if (told := _name(node, variable, f"{name}:0")) is not None:
            return told
        case ast.Constant(value=str() | int() as literal):
            return literal
        case ast.UnaryOp(op=ast.USub(), operand=operand) if isinstance(number := made(operand), int):
            return -number
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = made(left), made(right)
            return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None
        case ast.Call(func=ast.Name(id="len"), args=[inner], keywords=[]) if isinstance(text := made(inner), str):
            return len(text)
        case ast.Call(func=ast.Attribute(value=held, attr="replace" | "split" as method), args=args, keywords=[]):
            text, given = made(held), [made(a) for a in args]
            kinds = (str, int) if method == "split" else (str, str)
            known = isinstance(text, str) and len(given) <= 2 and all(map(isinstance, given, kinds))
            return getattr(text, method)(*given) if known and "" not in given else None
        case ast.Subscript(value=held, slice=ast.Slice(lower=lower, upper=upper, step=None)):
            text, ends = made(held), [(end, made(end) if end is not None else None) for end in (lower, upper)]
            first, last = (told if isinstance(told, int) else None for _, told in ends)
            known = all(end is None or isinstance(told, int) for end, told in ends)
            return text[first:last] if isinstance(text, str) and known else None
        case ast.Subscript(value=held, slice=index):
            split, at = made(held), made(index)
            known = isinstance(split, list) and isinstance(at, int) and -len(split) <= at < len(split)
            return split[at] if known and isinstance(split, list) and isinstance(at, int) else None
        case ast.Name() | ast.Attribute():
            return text_of(interpreter, node)
    return None


def ask(tests: list[ast.expr]) -> bool:
    """Whether some conditions ask for names."""
    return any(isinstance(n, ast.Attribute) and n.attr in _NAMES for test in tests for n in walk(test))


def _asks_op(test: ast.expr) -> bool:
    """Whether a condition asks for a variable's op, which is not there outside of graphs."""
    return any(isinstance(n, ast.Attribute) and n.attr == "op" for n in walk(test))


def of_branches(nodes: Sequence[ast.AST]) -> list[ast.expr]:
    """The conditions of the branches in some nodes."""
    return [n.test for node in nodes for n in walk(node) if isinstance(n, ast.If | ast.IfExp)]


def alike(interpreter: Interpreter, target: ast.expr, tests: list[ast.expr], members: tuple[Member, ...]) -> bool:
    """Whether conditions on the variable of a loop choose the same by their new names as by their old ones."""
    if not isinstance(target, ast.Name) or any(_asks_op(test) for test in tests):
        return False
    if any(_told(member) is None for member in members) and _may_be_of_scopes(interpreter, tests):
        return False
    if any(own_cell_classes.holds_own(interpreter, member.value) for member in members):
        return False  # whose variables are called as the program says, in scopes that it says
    for member in members:
        for names in _spellings(interpreter, member):
            answers = {holds(tests, target.id, name) for name in names}
            if len(answers) != 1 or None in answers:
                return False
    return True


def _told(member: Member) -> str | None:
    """What is told of the name of something, where it is more than a part."""
    return member.pattern if OPEN not in member.pattern else None


def _may_be_of_scopes(interpreter: Interpreter, tests: list[ast.expr]) -> bool:
    """Whether what conditions look for may be part of a scope's name."""
    parts = [n.value for t in tests for n in walk(t) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    for call in interpreter.program.each(ast.Call):
        if interpreter.names.symbol(call.func) in _SCOPES:
            entered = interpreter.entered.get(id(call), set())
            if any(contains(name, part) is not False for name in entered for part in parts):
                return True
            if isinstance(interpreter.program.parents[id(call)], ast.withitem):  # or it is not entered by now
                continue
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Call) and interpreter.names.symbol(first.func) == "tf.get_variable_scope":
                continue  # the scope that is there
            told = [c.value for c in [*call.args, *(k.value for k in call.keywords)] if isinstance(c, ast.Constant)]
            names = [name for name in told if isinstance(name, str)]
            if not names or any(part in name for part in parts for name in names):
                return True
    return any("/" in part for part in parts)


def _spellings(interpreter: Interpreter, member: Member) -> Iterator[list[str]]:
    """For each variable of a member: the names that it has or may have had."""
    value, told = member.value, _told(member)
    if isinstance(value, Variable):
        known = [name for name in (told, value.name) if name is not None] or ["Variable"]
        short = [name.rsplit("/", 1)[-1] for name in known]
        yield [f"{name}:0" for name in [*known, *short, *(re.sub(r"_\d+$", "", name) for name in short)]]
        return
    assert isinstance(value, Layer)
    scope = f"{told}/" if told is not None else ""
    scopes = ["", scope, *([f"{scope}{_OF_CELLS}/"] if value.kind == "RNN" else [])]
    contrib = (interpreter.names.symbol(value.node.func) or "").startswith("tf.contrib.layers.")
    weights, biases = (["kernel", "weights"], ["bias", "biases"]) if contrib else (["kernel"], ["bias"])
    others = (*NORMAL, *MOVING) if value.kind == "BatchNormalization" else _OTHERS.get(value.kind)
    for parts in [[part] for part in others] if others is not None else [weights, biases]:
        yield [f"{around}{part}{end}" for part in parts for around in scopes for end in ("", ":0")]


__all__ = ["MOVING", "NORMAL", "PARTS", "alike", "ask", "holds", "parts_of", "spelled", "text_of"]
