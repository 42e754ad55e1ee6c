"""The functions and classes of a program that build parts of a graph, themselves or through others that they name."""

from __future__ import annotations

import ast
from functools import lru_cache

from tf2migrate.facts.closure import closure
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import symbols as S

_DTYPES = frozenset(
    [
        *("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool", "string"),
        "complex64",
    ]
)


def harmless(path: str) -> bool:
    """Whether a symbol used in a class says nothing about graphs: types, errors, plain Python."""
    return S.is_python(path) or (path.count(".") == 1 and path.removeprefix("tf.") in _DTYPES)


def builds(program: Program, node: ast.AST) -> bool:
    """Whether something of TensorFlow's is used in a node, or one of the program's functions and classes that does."""
    named = names(program)
    for child in walk(node):
        if isinstance(child, ast.Name) and child.id in named and isinstance(child.ctx, ast.Load):
            return True
        if _builds(program, child):
            return True
    return False


@lru_cache(maxsize=4)
def names(program: Program) -> frozenset[str]:
    """The names of the functions and classes that build something."""
    every: list[ast.FunctionDef | ast.ClassDef] = [*program.each(ast.FunctionDef), *program.each(ast.ClassDef)]
    defined = [n for n in every if not isinstance(program.parents.get(id(n)), ast.ClassDef)]
    readers: dict[str, set[str]] = {}
    for node in defined:
        for name in {c.id for c in walk(node) if isinstance(c, ast.Name)}:
            readers.setdefault(name, set()).add(node.name)
    found = {n.name for n in defined if any(_builds(program, child) for child in walk(n))}
    return frozenset(closure(found, readers))


def _builds(program: Program, node: ast.AST) -> bool:
    path = program.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
    return bool(path and path.startswith("tf.") and not harmless(path))
