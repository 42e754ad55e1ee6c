"""What is left of a placeholder is a `tf.TensorSpec`: Python may ask for its shape, and cannot compute with it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from tf2migrate.facts.tree import walk


def headers(node: ast.AST) -> Iterable[ast.AST]:
    """What a statement computes itself, without its body."""
    match node:
        case ast.For(iter=one) | ast.While(test=one) | ast.If(test=one) | ast.Match(subject=one):
            return (one,)
        case ast.With(items=items):
            return (item.context_expr for item in items)
        case ast.Try():
            return ()
    return (node,)


def computed_with(nodes: Iterable[ast.AST], specs: Collection[str], tf: Collection[str]) -> set[str]:
    """The names of specifications that are operands, or handed to a function of TensorFlow, under its names `tf`."""
    found: set[str] = set()
    for node in (inner for each in nodes for inner in walk(each)):
        match node:
            case ast.Call(func=ast.Attribute() as function) if _root(function) in tf:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
            case ast.BinOp(left=left, right=right):
                given = [left, right]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                given = [operand]
            case ast.Subscript(value=value):
                given = [value]
            case _:
                continue
        found |= {each.id for each in given if isinstance(each, ast.Name) and each.id in specs}
    return found


def aliases(imports: Iterable[ast.Import | ast.ImportFrom]) -> frozenset[str]:
    """What the files of a program call TensorFlow, or a module of it."""
    return frozenset(
        alias.asname or alias.name.partition(".")[0]
        for node in imports
        for alias in node.names
        if (alias.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0] == "tensorflow"
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
