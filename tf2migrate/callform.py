"""A call with its arguments under their new names, formatting and comments kept.

libcst takes longer to import than most files take to lint: it is imported once a call is to be changed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.records import Record

if TYPE_CHECKING:
    import libcst as cst


def code(node: cst.BaseExpression) -> str:
    """The text of an expression."""
    import libcst as cst

    return cst.Module([]).code_for_node(node)


#: What needs no parentheses wherever it stands.
_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Tuple, ast.GeneratorExp)
#: What needs parentheses even as the only argument.
_LOOSE = (ast.NamedExpr, ast.Lambda, ast.Yield, ast.YieldFrom)


def operand(text: str, before: str = "", after: str = "") -> str:
    """A text that can stand as an operand between two others: in parentheses where it has to."""
    alone = before.rstrip().endswith(("(", ",", "=")) and after.lstrip().startswith((")", ","))
    if _is_atom(text.strip()) or (alone and not isinstance(_inside(text), _LOOSE)):
        return text
    return f"({text})"


def _inside(text: str) -> ast.expr:
    """An expression as it is read in parentheses, where it may have lines of its own."""
    return ast.parse(f"({text}\n)", mode="eval").body


def _is_atom(text: str) -> bool:
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:  # it needs parentheses: `x := 1`, or lines without any
        return False
    number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return number or isinstance(node, _ATOMS) or (text.startswith("(") and node.col_offset > 0)


def fill(template: str, tf: str, texts: Mapping[str, str]) -> str:
    """A template with its places filled: ``{tf}`` is the module, the others are arguments."""
    pieces = re.split(r"\{(\w+)\}", template)
    for index in range(1, len(pieces), 2):
        name = pieces[index]
        pieces[index] = tf if name == "tf" else operand(texts[name], pieces[index - 1], pieces[index + 1])
    return "".join(pieces)


def places(template: str) -> list[str]:
    """The names of the arguments that a template uses, in order, each as often as it does."""
    return [name for name in re.findall(r"\{(\w+)\}", template) if name != "tf"]


def changed_call(function: str, arguments: str, record: Record, tf: str, stops: bool) -> str:
    """The call of `function` with a call's arguments (their text, in parentheses) as a record says.

    `stops` tells whether the gradient through the argument that the record names is to be stopped.
    """
    import libcst as cst

    call = cst.ensure_type(cst.parse_expression("f" + arguments), cst.Call)
    changed, given = [], set()
    for index, argument in enumerate(call.args):
        old = argument.keyword.value if argument.keyword else record.params[index]
        given.add(record.rename.get(old, old))
        if old in record.drop or old in record.only:
            continue
        if old in record.rename and isinstance(argument.value, cst.Name) and argument.value.value == "None":
            continue  # TF1's old name beside its new one
        new, value = record.rename.get(old, old), argument.value
        if old in record.convert:
            new, _, template = record.convert[old].partition("=")
            value = cst.parse_expression(fill(template, tf, {old: code(value)}))
        if stops and old == record.stop_gradient:
            value = cst.parse_expression(f"{tf}.stop_gradient({code(value)})")
        if argument.keyword is None and index < record.positional:
            changed.append(argument.with_changes(value=value))
        else:
            equal = argument.equal if argument.keyword else _tight()
            changed.append(argument.with_changes(keyword=cst.Name(new), value=value, equal=equal))
    changed += [_added(name, value) for name, value in record.add.items() if name not in given]
    return function + code(call.with_changes(args=_separated(call, changed))).removeprefix("f")


def _added(name: str, value: str) -> cst.Arg:
    import libcst as cst

    return cst.Arg(cst.parse_expression(value), cst.Name(name), equal=_tight())


def _tight() -> cst.AssignEqual:
    import libcst as cst

    return cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _separated(call: cst.Call, arguments: list[cst.Arg]) -> list[cst.Arg]:
    """The arguments with a comma between each two; behind the last only where the call had one."""
    import libcst as cst

    if not arguments:
        return arguments
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    between = [a if isinstance(a.comma, cst.Comma) else a.with_changes(comma=comma) for a in arguments[:-1]]
    end = call.args[-1].comma if call.args else cst.MaybeSentinel.DEFAULT
    return [*between, arguments[-1].with_changes(comma=end)]
