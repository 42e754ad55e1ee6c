"""What each name of a program is bound to, scope by scope: the def-use that the Keras rules reason on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tf2migrate.facts.tree import children

How = Literal["is", "item", "part", "param", "other"]

#: What the parts of a target that is taken apart stand for.
_INSIDE: Mapping[How, How] = {"is": "item", "item": "part", "part": "part"}

Function = ast.FunctionDef | ast.AsyncFunctionDef

#: The nodes that bind names, or have a scope of their own.
_BINDING = frozenset(
    {ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.GeneratorExp}
    | {ast.DictComp, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.comprehension, ast.With}
    | {ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.Global, ast.Nonlocal}
)
_LEAVES = frozenset({ast.Name, ast.Constant})


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding of a name: it is a value, an item of one or a part of an item, a parameter, or is not followed."""

    how: How
    node: ast.AST


@dataclass(slots=True, eq=False)
class Scope:
    """One Python scope."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, how: How, node: ast.AST) -> None:
        self.bindings.setdefault(name, []).append(Binding(how, node))


class Scopes:
    """The scopes of a program, the one that each name stands in, and each class's own attributes."""

    def __init__(self, tree: ast.Module) -> None:
        self.of: dict[int, Scope] = {}
        self.classes: dict[int, ast.ClassDef] = {}  # the class around each node inside one, by the node's id
        self.functions: dict[int, Function | ast.Lambda] = {}  # the innermost function around each node
        self.attributes: dict[tuple[int, str], list[Binding]] = {}  # what a class assigns to `self.name`
        self.dotted: dict[str, list[Binding]] = {}  # what is assigned to an attribute of anything else
        self._self: list[tuple[ast.ClassDef, str]] = []
        self._function: list[Function | ast.Lambda] = []
        self._walk(tree, Scope(tree, None))

    def bindings(self, node: ast.Name) -> list[Binding]:
        """Every binding of the name that an expression reads; none for one that the program does not bind."""
        scope = self.of.get(id(node))
        here = scope
        while here is not None:
            if node.id in here.bindings and not (isinstance(here.node, ast.ClassDef) and here is not scope):
                return here.bindings[node.id]
            here = here.parent
        return []

    def _walk(self, node: ast.AST, scope: Scope) -> None:
        self._visit_all(children(node), scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        self._visit_all([node], scope)

    def _visit_all(self, nodes: list[ast.AST], scope: Scope) -> None:
        cls = self._self[-1][0] if self._self else None
        function = self._function[-1] if self._function else None
        for node in nodes:
            key = id(node)
            self.of[key] = scope
            if cls is not None:
                self.classes[key] = cls
            if function is not None:
                self.functions[key] = function
            kind = type(node)
            if kind in _BINDING:
                self._bind(node, scope)
            elif kind not in _LEAVES:
                self._visit_all(children(node), scope)

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._enter(node, scope)
                return
            case ast.ClassDef():
                scope.bind(node.name, "is", node)
                self._self.append((node, ""))
                self._walk(node, Scope(node, scope))
                self._self.pop()
                return
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._walk(node, Scope(node, scope))
                return
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._target(target, "is", value, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._target(target, "is", value, scope)
            case ast.AugAssign(target=target):
                self._target(target, "is", node, scope)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._target(target, "item", value, scope)
            case ast.With(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._target(item.optional_vars, "other", item, scope)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    scope.bind(alias.asname or alias.name.split(".")[0], "other", node)
            case ast.ExceptHandler(name=str(name)):
                scope.bind(name, "other", node)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    scope.bind(name, "other", node)
        self._walk(node, scope)

    def _target(self, target: ast.expr, how: How, value: ast.AST, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.bind(name, how, value)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if self._self and owner == self._self[-1][1]:
                self.attributes.setdefault((id(self._self[-1][0]), name), []).append(Binding(how, value))
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                self.dotted.setdefault(f"{owner}.{name}", []).append(Binding(how, value))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                values = value.elts if isinstance(value, ast.Tuple | ast.List) and how == "is" else None
                for index, part in enumerate(parts):
                    if values is not None and len(values) == len(parts):
                        self._target(part, "is", values[index], scope)
                    else:
                        self._target(part, _INSIDE.get(how, "other"), value, scope)
            case ast.Starred(value=inner):
                self._target(inner, "other", value, scope)

    def _enter(self, node: Function | ast.Lambda, scope: Scope) -> None:
        inner = Scope(node, scope)
        arguments = node.args
        method = isinstance(scope.node, ast.ClassDef)
        if not isinstance(node, ast.Lambda):
            scope.bind(node.name, "is", node)
            for decorator in node.decorator_list:
                self._visit(decorator, scope)
        for default in [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]:
            self._visit(default, scope)
        for argument in _parameters(arguments):
            inner.bind(argument.arg, "param", argument)
            self.functions[id(argument)] = node
            if argument.annotation:
                self._visit(argument.annotation, scope)
        first = [*arguments.posonlyargs, *arguments.args][:1]
        if self._self and method:
            self._self.append((self._self[-1][0], first[0].arg if first else ""))
        self._function.append(node)
        for statement in [node.body] if isinstance(node, ast.Lambda) else node.body:
            self._visit(statement, inner)
        self._function.pop()
        if self._self and method:
            self._self.pop()


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    yield from [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
