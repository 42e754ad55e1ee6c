"""Edits of calls and names that leave everything else on the page as it is."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Span


def replaced(program: Program, node: ast.expr | ast.stmt, text: str) -> Edit:
    """A node's text for another."""
    return Edit(program.span(node), text)


def keyword_name(program: Program, keyword: ast.keyword, name: str) -> Edit:
    """A keyword under another name."""
    start = program.span(keyword).start
    return Edit(Span(start, start + len(keyword.arg or "")), name)


def made_keyword(program: Program, value: ast.expr, name: str) -> Edit:
    """A positional argument as a keyword."""
    start = program.span(value).start
    return Edit(Span(start, start), f"{name}=")


def attribute_name(program: Program, node: ast.Attribute, name: str) -> Edit:
    """An attribute under another name."""
    end = program.span(node).end
    return Edit(Span(end - len(node.attr), end), name)


def without(program: Program, call: ast.Call, gone: Collection[ast.AST]) -> tuple[Edit, ...]:
    """A call without some of its arguments, and without their commas."""
    arguments: list[ast.expr | ast.keyword] = sorted([*call.args, *call.keywords], key=lambda a: program.span(a).start)
    dropped = [argument in gone for argument in arguments]
    edits: list[Edit] = []
    last_kept = max((i for i, d in enumerate(dropped) if not d), default=-1)
    for index, argument in enumerate(arguments[: last_kept + 1]):
        if dropped[index]:
            edits.append(Edit(Span(program.span(argument).start, program.span(arguments[index + 1]).start), ""))
    rest = arguments[last_kept + 1 :]
    if rest and last_kept >= 0:
        edits.append(Edit(Span(program.span(arguments[last_kept]).end, program.span(rest[-1]).end), ""))
    elif rest:
        start = program.text.index("(", program.span(call.func).end)
        edits.append(Edit(Span(start + 1, program.span(call).end - 1), ""))
    return tuple(edits)


def added(program: Program, call: ast.Call, text: str) -> Edit:
    """A call with one more argument at its end."""
    arguments: list[ast.expr | ast.keyword] = sorted([*call.args, *call.keywords], key=lambda a: program.span(a).start)
    if not arguments:
        at = program.span(call).end - 1
        return Edit(Span(at, at), text)
    at = program.span(arguments[-1]).end
    return Edit(Span(at, at), f", {text}")


def equal(program: Program, node: ast.expr, value: str) -> bool:
    """Whether an argument plainly is a value, given as a literal or as a symbol of TensorFlow."""
    if value.startswith("tf."):
        short = {"tf.float32": "float32"}.get(value)
        return program.names.symbol(node) == value or (isinstance(node, ast.Constant) and node.value == short)
    try:
        return bool(ast.literal_eval(node) == ast.literal_eval(value))
    except (ValueError, TypeError):
        return False


def literal(node: ast.AST | None) -> object:
    """The value of a constant; None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None


def argument(call: ast.Call, name: str, place: int | None = None) -> ast.expr | None:
    """An argument by its name, or by its place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if place is not None and place < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args):
        return call.args[place]
    return None


def spelled(program: Program, symbol: str, modules: Mapping[str, str]) -> str | None:
    """A symbol as the program can write it, by the longest module path that a name of it stands for."""
    fits = [(path, name) for path, name in modules.items() if symbol.startswith(path + ".")]
    if not fits:
        return None
    path, name = max(fits, key=lambda fit: len(fit[0]))
    return name + symbol[len(path) :]


def modules(program: Program) -> dict[str, str]:
    """The modules of TensorFlow and Keras that the program imports at its top, with the names that it gives them."""
    found: dict[str, str] = {}
    for statement in program.tree.body:
        match statement:
            case ast.Import(names=aliases):
                for alias in aliases:
                    path = alias.name if alias.asname else alias.name.split(".")[0]
                    found.setdefault(path, alias.asname or path)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                for alias in aliases:
                    found.setdefault(f"{module}.{alias.name}", alias.asname or alias.name)
    known = {p: n for p, n in found.items() if p.split(".")[0] in ("tensorflow", "keras")}
    short = {"tf" + p.removeprefix("tensorflow") if p.startswith("tensorflow") else p: n for p, n in known.items()}
    return {
        path: name for path, name in short.items() if path in ("tf", "keras") or not path.split(".")[-1][:1].isupper()
    }
