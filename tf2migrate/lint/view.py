"""What the rules on traced code see of a program: what names mean, what stands around a node, what a call reaches."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cached_property, lru_cache

from tf2migrate.facts.program import Program
from tf2migrate.lint.keras3_kinds import Kinds, kinds_of
from tf2migrate.lint.keras3_scopes import Binding, Function

#: Every form of a function.
AnyFunction = Function | ast.Lambda

_BUILTINS = frozenset(dir(builtins))

#: The loops, with the comprehensions that are loops as well.
Loop = ast.For | ast.AsyncFor | ast.While


class View:
    """A program, its names, and the way from a node to what is around it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kinds: Kinds = kinds_of(program)
        self.scopes = self.kinds.scopes
        self.symbol = self.kinds.symbol
        self._paths: dict[int, str] = {}
        self._places: dict[int, dict[tuple[str, type[ast.expr_context]], list[ast.Name]]] = {}
        self._asked: set[int] = set()

    @property
    def parents(self) -> dict[int, ast.AST]:
        """What each node stands in, by the node's id."""
        return self.program.parents

    @cached_property
    def _own(self) -> dict[int, list[ast.AST]]:
        found: dict[int, list[ast.AST]] = {}
        functions = self.scopes.functions
        for node in self.program.nodes:
            function = functions.get(id(node))
            if function is not None:
                found.setdefault(id(function), []).append(node)
        return found

    def own(self, function: ast.AST) -> list[ast.AST]:
        """The nodes of a function's body, without those of functions inside it."""
        return self._own.get(id(function), [])

    def places(self, function: ast.AST, name: str, kind: type[ast.expr_context]) -> list[ast.Name]:
        """Where a function itself reads or binds a name, from the top to the bottom."""
        if id(function) not in self._places:
            found = self._places[id(function)] = {}
            names = [node for node in self.own(function) if isinstance(node, ast.Name)]
            for node in sorted(names, key=lambda node: node.lineno):
                found.setdefault((node.id, type(node.ctx)), []).append(node)
        return self._places[id(function)].get((name, kind), [])

    @cached_property
    def top(self) -> dict[str, Function]:
        """The functions that other files can name: those of the module, and the methods of its classes."""
        found: dict[str, Function] = {}
        for node in self.kinds.defs:
            scope = self.scopes.of[id(node)]
            if isinstance(scope.node, ast.Module):
                found[node.name] = node
            elif isinstance(scope.node, ast.ClassDef) and scope.parent is not None and scope.parent.parent is None:
                found[f"{scope.node.name}.{node.name}"] = node
        return found

    def function(self, node: ast.AST) -> AnyFunction | None:
        """The innermost function around a node."""
        return self.scopes.functions.get(id(node))

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node stands in."""
        here = node
        while not isinstance(here, ast.stmt):
            here = self.parents[id(here)]
        return here

    def above(self, node: ast.AST) -> list[ast.AST]:
        """What is around a node, the nearest first, up to the function (or the module) that it stands in."""
        found: list[ast.AST] = []
        here = self.parents.get(id(node))
        while here is not None and not isinstance(here, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found.append(here)
            here = self.parents.get(id(here))
        return found

    def loops(self, node: ast.AST) -> list[Loop]:
        """The loops whose body a node stands in, the innermost first, within its function."""
        found: list[Loop] = []
        child = node
        for here in self.above(node):
            if isinstance(here, Loop) and child not in here.orelse and child is not getattr(here, "iter", None):
                found.append(here)
            child = here
        return found

    def path(self, node: ast.AST) -> str:
        """The dotted name of what was imported, `builtins.` and the name of a builtin, or "" for anything else."""
        found = self._paths.get(id(node))
        if found is None:
            self._paths[id(node)] = found = self._path(node)
        return found

    def _path(self, node: ast.AST) -> str:
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return f"{base}.{node.attr}" if base and not base.startswith("builtins.") else ""
        if not isinstance(node, ast.Name):
            return ""
        bindings = self.scopes.bindings(node)
        if not bindings:
            return f"builtins.{node.id}" if node.id in _BUILTINS else ""
        paths = {_imported(binding, node.id) for binding in bindings}
        found = paths.pop()
        return found if not paths else ""

    def called(self, node: ast.expr) -> list[AnyFunction | ast.ClassDef]:
        """The functions and classes of this file that an expression stands for, where that is one for certain."""
        match node:
            case ast.Lambda():
                return [node]
            case ast.Call(func=function, args=[first, *_]) if self.path(function) == "functools.partial":
                return self.called(first)
            case ast.Call(func=function, args=[first, *_]) if self.symbol(function) in _SAME:
                return self.called(first)
            case ast.Name():
                bindings = self.scopes.bindings(node)
                values = [b.node for b in bindings if b.how == "is"]
                if len(bindings) != len(values) or len(values) != 1:
                    functions = [v for v in values if isinstance(v, Function)] if len(bindings) == len(values) else []
                    return self._last_above(node, functions)
                value = values[0]
                if isinstance(value, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    return [value]
                return self.called(value) if isinstance(value, ast.Lambda | ast.Call | ast.Attribute) else []
            case ast.Attribute(value=owner, attr=name):
                cls = self.kinds.method_class(owner) or self.made(owner)
                method = self.method(cls, name) if cls is not None else self._of_class(owner, name)
                return [method] if method is not None else []
        return []

    def _of_class(self, owner: ast.expr, name: str) -> Function | None:
        """A static or class method that is called on its class."""
        values = [b.node for b in self.scopes.bindings(owner)] if isinstance(owner, ast.Name) else []
        cls = values[0] if len(values) == 1 else None
        method = self.method(cls, name) if isinstance(cls, ast.ClassDef) else None
        return method if method is not None and is_static(method, "staticmethod", "classmethod") else None

    def _last_above(self, name: ast.Name, functions: list[Function]) -> list[AnyFunction | ast.ClassDef]:
        """Of functions of one name, such as those of a notebook, the one that a name means where it stands."""
        blocks = {id(self.parents.get(id(f))) for f in functions}
        here = self.function(name)
        if len(blocks) != 1 or any(self.function(f) is not here for f in functions) or self.loops(functions[0]):
            return [*functions]
        above = [f for f in functions if f.lineno < name.lineno]
        return [max(above, key=lambda f: f.lineno)] if above else [*functions]

    def inherited(self, cls: ast.ClassDef, name: str, depth: int = 4) -> Iterator[str]:
        """The dotted names that a method has where a class, or one of its bases here, inherits from another file."""
        for base in cls.bases if depth else []:
            path = self.path(base)
            if path and not path.startswith("builtins."):
                yield f"{path}.{name}"
            for found in self.called(base) if not path else []:
                if isinstance(found, ast.ClassDef):
                    yield from self.inherited(found, name, depth - 1)

    def method(self, cls: ast.ClassDef, name: str, depth: int = 4) -> Function | None:
        """A method of a class, or of those of its bases that are in this file."""
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                return statement
        for base in cls.bases if depth else []:
            for found in self.called(base):
                if isinstance(found, ast.ClassDef):
                    method = self.method(found, name, depth - 1)
                    if method is not None:
                        return method
        return None

    def made(self, owner: ast.expr) -> ast.ClassDef | None:
        """The class of this file whose object `self.name`, or a name, is."""
        made = self._making(owner)
        if made is None or id(made) in self._asked:  # what is made of what it makes
            return None
        self._asked.add(id(made))
        found = [target for target in self.called(made.func) if isinstance(target, ast.ClassDef)]
        self._asked.remove(id(made))
        return found[0] if len(found) == 1 else None

    def attribute(self, cls: ast.ClassDef, name: str) -> list[Binding]:
        """What an attribute of a class's objects is bound to: by its methods, or else in the class itself."""
        found = self.scopes.attributes.get((id(cls), name), [])
        if found:
            return found
        scope = self.scopes.of.get(id(cls.body[0]))
        own = scope.bindings.get(name, []) if scope is not None else []
        return [b for b in own if b.how == "is" and not isinstance(b.node, Function | ast.ClassDef)]

    def made_elsewhere(self, owner: ast.expr) -> str:
        """The dotted name of what another file has, a class, whose object `self.name`, or a name, is; else ""."""
        made = self._making(owner)
        path = self.path(made.func) if made else ""
        return path if path.rpartition(".")[2][:1].isupper() else ""

    def _making(self, owner: ast.expr) -> ast.Call | None:
        """The one call that makes what `self.name`, or a name, is."""
        cls = self.kinds.method_class(owner.value) if isinstance(owner, ast.Attribute) else None
        bindings: list[Binding] = []
        if cls is not None and isinstance(owner, ast.Attribute):
            bindings = self.scopes.attributes.get((id(cls), owner.attr), [])
        elif isinstance(owner, ast.Name):
            bindings = self.scopes.bindings(owner)
        made = bindings[0].node if len(bindings) == 1 else None
        return made if isinstance(made, ast.Call) else None


#: Functions that give back the function that they are handed.
_SAME = frozenset(
    (
        *("tf.function", "tf.autograph.experimental.do_not_convert", "tf.autograph.to_graph", "tf.recompute_grad"),
        *("tf.custom_gradient", "tf.autograph.tf_convert", "tf.no_gradient"),
    )
)


def _imported(binding: Binding, name: str) -> str:
    match binding.node:
        case ast.Import(names=aliases):
            for alias in aliases:
                if alias.asname == name:
                    return alias.name
                if alias.asname is None and alias.name.split(".")[0] == name:
                    return name
        case ast.ImportFrom(module=module, names=aliases, level=level):
            for alias in aliases:
                if (alias.asname or alias.name) == name:
                    return f"{'.' * level}{module + '.' if module else ''}{alias.name}"
    return ""


def is_static(function: AnyFunction, *decorators: str) -> bool:
    """Whether a function has one of these decorators of Python's own."""
    given = [] if isinstance(function, ast.Lambda) else function.decorator_list
    return any(isinstance(d, ast.Name) and d.id in decorators for d in given)


def parameters(function: AnyFunction) -> list[ast.arg]:
    """A function's parameters, without those behind stars, in their order."""
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def default_of(function: AnyFunction, argument: ast.arg) -> ast.expr | None:
    """The default of a parameter."""
    arguments = function.args
    places = [*arguments.posonlyargs, *arguments.args]
    if argument in places:
        index = places.index(argument) - (len(places) - len(arguments.defaults))
        return arguments.defaults[index] if index >= 0 else None
    if argument in arguments.kwonlyargs:
        return arguments.kw_defaults[arguments.kwonlyargs.index(argument)]
    return None


@lru_cache(maxsize=1)  # every group of rules asks it of the same program
def view_of(program: Program) -> View:
    """The view of a program."""
    return View(program)
