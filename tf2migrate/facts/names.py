"""Which symbol a name stands for: imports, aliases, shadowing.

Names are resolved by Python's scoping rules, not matched by spelling. A name means a TensorFlow symbol only when
every binding of it in its scope does (so that two imports in a try statement do, and a parameter called ``tf`` does
not).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from tf2migrate.facts.tree import children

#: Modules whose members are symbols for us. A path begins with one of these names.
ROOTS = ("tensorflow", "keras", "tf_slim", "input_data")

#: Where programs reach into TensorFlow's own packages for something that has a public TF1 name.
PRIVATE = {
    "tensorflow.python.framework.ops": "tf",
    "tensorflow.python.ops.rnn_cell": "tf.nn.rnn_cell",
    "tensorflow.python.ops.rnn_cell_impl": "tf.nn.rnn_cell",
    "tensorflow.python.ops.rnn": "tf.nn",
    "tensorflow.python.ops.math_ops": "tf",
    "tensorflow.python.ops.array_ops": "tf",
    "tensorflow.python.ops.nn_ops": "tf.nn",
    "tensorflow.python.ops.variable_scope": "tf",
    "tensorflow.python.ops.init_ops": "tf",
    "tensorflow.python.ops.control_flow_ops": "tf",
    "tensorflow.python.ops.random_ops": "tf",
    "tensorflow.python.platform.app": "tf.app",
    "tensorflow.python.platform.flags": "tf.flags",
    "tensorflow.python.platform.gfile": "tf.gfile",
    "tensorflow.python.keras": "tf.keras",
    "tensorflow.python.client.device_lib": "tf.python.client.device_lib",
}


#: What slim has from elsewhere, by the place that it has it from.
SLIM = {
    "tf.contrib.layers": frozenset(
        (
            *("conv2d", "convolution2d", "conv2d_transpose", "convolution2d_transpose", "separable_conv2d", "relu"),
            *("fully_connected", "linear"),
            *("max_pool2d", "avg_pool2d", "batch_norm", "dropout", "flatten", "bias_add", "layer_norm", "softmax"),
            *("repeat", "stack", "unit_norm", "one_hot_encoding", "xavier_initializer", "xavier_initializer_conv2d"),
            *("variance_scaling_initializer", "l1_regularizer", "l2_regularizer", "l1_l2_regularizer"),
        )
    ),
    "tf.contrib.framework": frozenset(("arg_scope", "add_arg_scope", "get_or_create_global_step")),
}


#: TensorFlow's own packages besides those, which its public names say nothing of: they are taken to be as they were.
INTERNAL = tuple(f"tensorflow.{name}." for name in ("core", "compiler", "tools", "_api", "dtensor"))
INTERNAL += tuple(f"tensorflow.lite.{name}." for name in ("profiling", "python", "toco", "tools"))


def is_internal(path: str) -> bool:
    """Whether a path leads into one of TensorFlow's own packages."""
    return f"{path}.".startswith(INTERNAL)


@lru_cache(maxsize=1 << 16)
def canonical(path: str) -> str:
    """The TF1 name of a path: ``tf.log`` for ``tensorflow.log`` and ``tensorflow.compat.v1.log``.

    A path outside TensorFlow is returned as it is.
    """
    if not path.startswith("tensorflow"):
        return path
    for private, public in PRIVATE.items() if path.startswith("tensorflow.python.") else ():
        if path == private or path.startswith(private + "."):
            return public + path[len(private) :]
    for prefix in ("tensorflow.compat.v1", "tensorflow"):
        if path == prefix or path.startswith(prefix + "."):
            return _from_slim("tf" + path[len(prefix) :])
    return path


def _from_slim(path: str) -> str:
    home, name = path.rsplit(".", 1) if "." in path else ("", path)
    if home == "tf.contrib.slim":
        for place, names in SLIM.items():
            if name in names:
                return f"{place}.{name}"
    return path


#: The nodes that bind names, read them, or have a scope of their own; of others, what is below them counts.
_BINDING = frozenset(
    {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp}
    | {ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.Global, ast.Nonlocal, ast.Assign, ast.Name}
    | {ast.ExceptHandler, ast.MatchAs, ast.MatchStar}
)


@dataclass(slots=True)
class _Scope:
    """One Python scope while it is read: what each name is bound to (None where it is no symbol).

    A binding is the path that came first with each canonical name.
    """

    node: ast.AST
    parent: _Scope | None
    bindings: dict[str, dict[str | None, str | None]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)

    def bind(self, name: str, path: str | None) -> None:
        self.bindings.setdefault(name, {}).setdefault(path and canonical(path), path)


class Names:
    """The symbols of one program. `symbol` is the one question it answers.

    `roots` are the packages whose members are symbols.
    """

    def __init__(self, tree: ast.Module, roots: Collection[str] = ROOTS) -> None:
        self._roots = roots
        self._scopes: dict[int, _Scope] = {}
        self.mentions: list[ast.Name] = []  # of any name
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self._declared: set[str] = set()  # by `global` statements
        self._symbolic: set[str] = set()  # the names that are bound to a symbol somewhere
        self._top = _Scope(tree, None)
        self._paths: dict[int, str] | None = None  # once all is read
        self._attributes: list[ast.Attribute] = []
        self._collect(tree, self._top)
        self._paths = self._every_path()

    def raw(self, node: ast.AST) -> str | None:
        """The path as imported (``tensorflow.compat.v1.placeholder``) that an expression stands for, or None."""
        if self._paths is not None:
            return self._paths.get(id(node))
        if isinstance(node, ast.Attribute):
            base = self.raw(node.value)
            return None if base is None else f"{base}.{node.attr}"
        if isinstance(node, ast.Name):
            scope = self._scopes.get(id(node))
            return None if scope is None else self._lookup(node.id, scope)
        return None

    def _every_path(self) -> dict[int, str]:
        """The path of each expression of the tree that has one, by its id."""
        found = {}
        for name in self.mentions:
            if name.id in self._symbolic:
                path = self._lookup(name.id, self._scopes[id(name)])
                if path is not None:
                    found[id(name)] = path
        for node in reversed(self._attributes):  # the inner ones come last
            base = found.get(id(node.value))
            if base is not None:
                found[id(node)] = f"{base}.{node.attr}"
        return found

    @property
    def module_level(self) -> set[str]:
        """The names that are bound at module level, by functions that declare them global as well."""
        return set(self._top.bindings) | self._declared

    def is_global(self, name: ast.Name) -> bool:
        """Whether a name is one of module level (or a builtin), by Python's scoping rules."""
        own = self._scopes[id(name)]
        here: _Scope | None = own
        while here is not None:
            skip = isinstance(here.node, ast.ClassDef) and here is not own
            if not skip and name.id in here.bindings:
                return here is self._top
            here = here.parent
        return True

    def at_top(self, name: str) -> str | None:
        """The canonical name that a name stands for at module level, or None when it is no symbol there."""
        path = self._lookup(name, self._top)
        return None if path is None else canonical(path)

    def symbol(self, node: ast.AST) -> str | None:
        """The canonical name (``tf.nn.relu``) that an expression stands for, or None when it is no symbol."""
        path = self.raw(node)
        return None if path is None else canonical(path)

    def _lookup(self, name: str, scope: _Scope) -> str | None:
        here: _Scope | None = scope
        while here is not None:
            skip = isinstance(here.node, ast.ClassDef) and here is not scope
            if not skip and name in here.bindings:
                found = here.bindings[name]
                return next(iter(found.values())) if len(found) == 1 else None
            here = here.parent
        return None

    def _collect(self, node: ast.AST, scope: _Scope) -> None:
        """Looks at what is below a node; names, which are half of it, without asking for their kind twice."""
        if type(node) is ast.Attribute:
            self._attributes.append(node)
        for child in children(node):
            kind = type(child)
            if kind is ast.Name:
                self._name(child, scope)  # type: ignore[arg-type]
            elif kind in _BINDING:
                self._visit(child, scope)
            elif kind is not ast.Constant:
                self._collect(child, scope)

    def _bind(self, scope: _Scope, name: str, path: str | None) -> None:
        if path is not None:
            self._symbolic.add(name)
        scope.bind(name, path)

    def _name(self, node: ast.Name, scope: _Scope) -> None:
        self._scopes[id(node)] = scope
        self.mentions.append(node)
        if type(node.ctx) is not ast.Load:
            scope.bind(node.id, None)

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        if type(node) not in _BINDING:
            self._collect(node, scope)
            return
        match node:
            case ast.Import():
                self.imports.append(node)
                for alias in node.names:
                    top = alias.name.split(".")[0]
                    known = top in self._roots
                    self._bind(scope, alias.asname or top, (alias.name if alias.asname else top) if known else None)
            case ast.ImportFrom():
                self.imports.append(node)
                known = node.level == 0 and (node.module or "").split(".")[0] in self._roots
                for alias in node.names:
                    self._bind(scope, alias.asname or alias.name, f"{node.module}.{alias.name}" if known else None)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scope)
            case ast.ClassDef():
                scope.bind(node.name, None)
                for part in [*node.decorator_list, *node.bases, *node.keywords]:
                    self._visit(part, scope)
                inner = _Scope(node, scope)
                for statement in node.body:
                    self._visit(statement, inner)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                inner = _Scope(node, scope)
                for child in children(node):
                    self._visit(child, inner)
            case ast.Global() | ast.Nonlocal():
                scope.outer.update(node.names)
                self._declared.update(node.names if isinstance(node, ast.Global) else ())
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                self._visit(value, scope)
                self._scopes[id(target)] = scope
                self.mentions.append(target)
                self._bind(scope, name, self.raw(value))
            case ast.Name():
                self._name(node, scope)
            case ast.ExceptHandler():
                if node.name:
                    scope.bind(node.name, None)
                for child in children(node):
                    if not _stands_in(child, scope):
                        self._visit(child, scope)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                scope.bind(name, None)
                self._collect(node, scope)
            case _:
                self._collect(node, scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: _Scope) -> None:
        inner = _Scope(node, scope)
        if not isinstance(node, ast.Lambda):
            scope.bind(node.name, None)
            for decorator in node.decorator_list:
                self._visit(decorator, scope)
            if node.returns:
                self._visit(node.returns, scope)
        arguments = node.args
        for default in [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]:
            self._visit(default, scope)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in every:
            if argument is not None:
                inner.bind(argument.arg, None)
                if argument.annotation:
                    self._visit(argument.annotation, scope)
        for statement in [node.body] if isinstance(node, ast.Lambda) else node.body:
            self._visit(statement, inner)
        for name in inner.outer:
            inner.bindings.pop(name, None)


def _stands_in(node: ast.AST, scope: _Scope) -> bool:
    """Whether a statement binds None to a name where its import failed: what reads the name then has the import."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=None)):
            return any(path is not None for path in scope.bindings.get(name, ()))
        case _:
            return False


def symbols(names: Names, tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Each longest expression of a tree that is a symbol, with its canonical name, in the order of the text."""
    for child in children(tree):
        path = names.symbol(child) if isinstance(child, ast.Name | ast.Attribute) else None
        if path is not None:
            assert isinstance(child, ast.expr)
            yield child, path
        else:
            yield from symbols(names, child)
