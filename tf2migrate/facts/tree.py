"""`ast.walk` and `ast.iter_child_nodes` in a third of their time: looking at trees is most of what a run does.

What is below a node is kept with the node: trees are looked at many times here, and never changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

#: What has names of its own, comprehensions aside.
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
#: Those of them that run when they are called.
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: Fields that hold no node, or one that says nothing of its own: whether a name is read or written, say.
_PLAIN = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "module", "rest"}
    | {"simple", "type_comment", "type_ignores"}
)
#: Fields that hold no node in these kinds, and do in others.
_PLAIN_HERE = {"names": ("Global", "Nonlocal"), "value": ("Constant", "MatchSingleton")}
#: Lists with None among the nodes.
_HOLES = frozenset({"keys", "kw_defaults"})
#: Half of all nodes, with none below them.
_LEAVES = frozenset({ast.Name, ast.Constant})
#: Where a node keeps what is below it.
_KEPT = "_below"
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node in which nodes stand."""
    found = (name for name in kind._fields if name not in _PLAIN and kind.__name__ not in _PLAIN_HERE.get(name, ()))
    _FIELDS[kind] = tuple(name for name in found if name != "name" or kind.__name__ == "TypeAlias")
    return _FIELDS[kind]


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below a node, in the order of its fields; contexts (`ast.Load` and the like) are left out."""
    known: list[ast.AST] | None = node.__dict__.get(_KEPT)
    if known is not None:
        return known
    found: list[ast.AST] = []
    kind = type(node)
    fields = _FIELDS.get(kind)
    for name in _fields(kind) if fields is None else fields:
        value = getattr(node, name, None)
        if not value:
            continue
        if type(value) is not list:
            found.append(value)
        elif name in _HOLES:
            found += [each for each in value if each is not None]
        else:
            found += value
    node.__dict__[_KEPT] = found
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """A node and all below it, parents first; contexts are left out."""
    found = [node]
    for each in found:  # which grows as it is read
        if type(each) not in _LEAVES:
            found += children(each)
    return found


def own(nodes: Iterable[ast.AST], apart: tuple[type[ast.AST], ...] = SCOPES) -> list[ast.AST]:
    """Nodes and what is below them, without what is inside of the functions and classes among these."""
    found = list(nodes)
    for each in found:  # which grows as it is read
        if not isinstance(each, apart):
            found += children(each)
    return found


def straight(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that happen once, in their order: those of a body, and of its `with` blocks."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With):
            yield from straight(statement.body)


def is_main(node: ast.AST) -> bool:
    """Whether a statement is the `if` for when the file itself is run."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
