"""Long loops made short, the same way in every program: `--steps N`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_LONG = re.compile(r"epoch|step|iter|loop|episode", re.I)
_SHOWN = re.compile(r"display|print|log|show|every|save", re.I)


def cap(text: str, most: int) -> str:
    """The program with its counts of epochs and steps, and literal ranges, no larger than `most`.

    What decides how often something is shown is capped, too, so that a short run still shows something.
    """
    lines = text.encode().split(b"\n")
    for line, start, end in sorted(set(_large(ast.parse(text), most)), reverse=True):
        whole = lines[line - 1]
        lines[line - 1] = whole[:start] + str(most).encode() + whole[end:]
    return b"\n".join(lines).decode()


def _large(tree: ast.Module, most: int) -> Iterator[tuple[int, int, int]]:
    for node in ast.walk(tree):
        for name, value in _named(node):
            if (_LONG.search(name) or _SHOWN.search(name)) and _is_large(value, most):
                yield _place(value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("range", "xrange"):
            # of range(start, stop, step) only the stop counts
            yield from (_place(v) for v in node.args[len(node.args) > 1 :][:1] if _is_large(v, most))
        elif (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Mod)
            and isinstance(node.left, ast.Name)
            and _is_large(node.right, most)
        ):
            yield _place(node.right)


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a node binds, with the expressions they are bound to."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
            yield name, value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.FunctionDef(args=arguments):
            named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
            yield from ((a.arg, d) for a, d in zip(named, arguments.defaults, strict=True))


def _is_large(node: ast.expr, most: int) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > most


def _place(node: ast.expr) -> tuple[int, int, int]:
    assert node.end_col_offset is not None
    return node.lineno, node.col_offset, node.end_col_offset
