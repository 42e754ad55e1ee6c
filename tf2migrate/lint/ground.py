"""What every rule on traced code stands on: the view of a program, its traced functions, and the types in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from tf2migrate.facts.program import Program
from tf2migrate.lint.flow import Flow, flow_of
from tf2migrate.lint.keras3_scopes import Scope
from tf2migrate.lint.traced import Context, Traced, traced_of
from tf2migrate.lint.types import Type
from tf2migrate.lint.view import AnyFunction, View, view_of


@dataclass(frozen=True, slots=True)
class Ground:
    """One program with all that is known of it."""

    program: Program
    view: View
    traced: Traced
    flow: Flow
    declared: dict[tuple[int, str], bool] = field(default_factory=dict, compare=False)  # names in scopes

    def symbol(self, node: ast.AST) -> str:
        """The name of TensorFlow that an expression stands for, or the dotted path of what is imported; else ""."""
        return self.view.symbol(node) or self.view.path(node)

    def kind(self, node: ast.AST | None) -> str:
        """The kind of an expression's type."""
        return self.flow.of(node).kind

    def type(self, node: ast.AST | None) -> Type:
        """The type of an expression."""
        return self.flow.of(node)

    def functions(self) -> Iterator[tuple[AnyFunction, Context]]:
        """The traced functions, each with how it comes to be traced."""
        for key, function in self.traced.functions.items():
            yield function, self.traced.contexts[key]

    def traced_nodes(self) -> Iterator[tuple[ast.AST, AnyFunction, Context]]:
        """Every node of traced code, without what is kept from being traced."""
        for function, context in self.functions():
            for node in self.view.own(function):
                yield node, function, context

    def is_free(self, name: ast.Name, function: AnyFunction) -> bool:
        """Whether a name is bound outside a function, and outside every traced function around it."""
        scope = self.view.scopes.of.get(id(name))
        while scope is not None:
            bindings = [] if isinstance(scope.node, ast.ClassDef) else scope.bindings.get(name.id, [])
            if bindings and not self._is_declared(scope, name.id):
                return id(scope.node) not in self.traced.contexts and self._is_outer(scope.node, function)
            scope = scope.parent
        return False

    def _is_declared(self, scope: Scope, name: str) -> bool:
        """Whether a name of a scope is that of another."""
        key = id(scope), name
        if key not in self.declared:
            bindings = scope.bindings.get(name, ())
            self.declared[key] = any(isinstance(b.node, ast.Global | ast.Nonlocal) for b in bindings)
        return self.declared[key]

    def _is_outer(self, node: ast.AST, function: AnyFunction) -> bool:
        """Whether a scope is a function around another, or the module; a comprehension inside it is not."""
        if isinstance(node, ast.Module):
            return True
        here: ast.AST | None = function
        while here is not None:
            here = self.view.function(here)
            if here is node:
                return True
        return False


@lru_cache(maxsize=1)  # every group of rules asks it of the same program
def ground_of(program: Program, told: tuple[str, ...] = ()) -> Ground:
    """All that is known of a program, with what other files tell of it."""
    return Ground(program, view_of(program), traced_of(program, told), flow_of(program, told))
