"""Which Keras objects the expressions of a program are: models, layers, optimizers, metrics, symbolic tensors."""

from __future__ import annotations

import ast
from functools import cache, cached_property, lru_cache
from itertools import takewhile

from tf2migrate.facts.names import canonical
from tf2migrate.facts.program import Program
from tf2migrate.lint.keras3_scopes import Binding, Function, Scopes

#: Packages of which each has one kind of class.
_PACKAGES = {
    "tf.keras.layers": "Layer",
    "tf.keras.optimizers": "Optimizer",
    "tf.keras.optimizers.legacy": "Optimizer",
    "tf.keras.optimizers.experimental": "Optimizer",
    "tf.keras.metrics": "Metric",
    "tf.keras.losses": "Loss",
    "tf.keras.callbacks": "Callback",
    "tf.keras.initializers": "Initializer",
    "tf.keras.optimizers.schedules": "Schedule",
    "tf.keras.layers.experimental.preprocessing": "Layer",
}

#: Classes and functions whose result is of a kind that their package does not tell.
_MADE = {
    "tf.keras.Input": "KerasTensor",
    "tf.keras.layers.Input": "KerasTensor",
    "tf.keras.Model": "Model",
    "tf.keras.Sequential": "Sequential",
    "tf.keras.layers.Layer": "Layer",
    "tf.keras.models.load_model": "Model",
    "tf.keras.models.clone_model": "Model",
    "tf.keras.models.model_from_json": "Model",
    "tf.Module": "Module",
    "tf.keras.layers.RNN": "RNN",
    "tf.keras.layers.LSTM": "RNN",
    "tf.keras.layers.GRU": "RNN",
    "tf.keras.layers.SimpleRNN": "RNN",
    "tf.keras.layers.ConvLSTM2D": "RNN",
    "tf.keras.layers.Bidirectional": "RNN",
    "tf.distribute.MirroredStrategy": "Strategy",
    "tf.distribute.OneDeviceStrategy": "Strategy",
    "tf.distribute.TPUStrategy": "Strategy",
    "tf.distribute.MultiWorkerMirroredStrategy": "Strategy",
    "tf.distribute.get_strategy": "Strategy",
    "tf.keras.preprocessing.image.ImageDataGenerator": "ImageDataGenerator",
}

#: What a kind is as well.
_ALSO = {"Sequential": "Model", "Model": "Layer", "RNN": "Layer"}

#: Functions of tf.keras.layers in lower case that are layers applied at once.
_APPLIED = frozenset({"add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract"})

_ALIASES = (
    ("keras.", "tf.keras."),
    ("tf.optimizers.", "tf.keras.optimizers."),
    ("tf.losses.", "tf.keras.losses."),
    ("tf.metrics.", "tf.keras.metrics."),
    ("tf.initializers.", "tf.keras.initializers."),
    ("tf.keras.models.Model", "tf.keras.Model"),
    ("tf.keras.models.Sequential", "tf.keras.Sequential"),
    ("tf.keras.engine.topology.", "tf.keras.layers."),
)

#: Names of attributes that are of one kind wherever they stand.
_ALWAYS = {"optimizer": "Optimizer"}


def usual(symbol: str) -> str:
    """A symbol under `tf.keras`, also where the program says `keras.` or `tf.optimizers.`."""
    for other, name in _ALIASES:
        if symbol == other or (other.endswith(".") and symbol.startswith(other)):
            symbol = name + symbol[len(other) :]
    return symbol


@cache
def kinds(kind: str | None) -> tuple[str, ...]:
    """A kind and those that it is as well, the nearest first."""
    return () if kind is None else (kind, *kinds(_ALSO.get(kind)))


class Kinds:
    """The kinds of a program's expressions. A name has a kind only where all its bindings agree."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._symbols: dict[int, str] = {}
        self._known: dict[int, str | None] = {}
        self._names: dict[int, str | None] = {}
        self._open: list[tuple[dict[int, str | None], int]] = []
        self._depth = 0
        self._calls: dict[int, list[ast.Call]] | None = None

    @cached_property
    def scopes(self) -> Scopes:
        return Scopes(self.program.tree)

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call of the program."""
        return tuple(self.program.each(ast.Call))

    @cached_property
    def defs(self) -> list[Function]:
        """Every function of the program that has a name."""
        return [*self.program.each(ast.FunctionDef), *self.program.each(ast.AsyncFunctionDef)]

    def symbol(self, node: ast.AST) -> str:
        """The name under `tf.keras` (or `tf`) that an expression stands for; "" where it is no symbol."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return ""
        found = self._symbols.get(id(node))
        if found is None:
            path = self.program.names.raw(node) or ""
            if path.startswith("tensorflow.compat.v2"):
                path = "tensorflow" + path.removeprefix("tensorflow.compat.v2")
            found = "" if path.startswith("tensorflow.compat.v1") else usual(canonical(path)) if path else ""
            self._symbols[id(node)] = found
        return found

    def of(self, node: ast.AST) -> str | None:
        """The kind of an expression; None where it is none of Keras's, or not seen."""
        if id(node) not in self._known:
            self._known[id(node)] = "?"  # what is asked for while it is being found adds nothing
            self._depth += 1
            found = self._found(node)
            self._depth -= 1
            self._known[id(node)] = found
            if found == "?":
                self._open.append((self._known, id(node)))
            if not self._depth:  # what hung on what was being found is found anew when it is asked for
                for table, key in self._open:
                    del table[key]
                self._open.clear()
            return found
        return self._known[id(node)]

    def is_a(self, node: ast.AST, kind: str) -> bool:
        """Whether an expression is of a kind."""
        return kind in kinds(self.of(node))

    def base(self, node: ast.ClassDef, depth: int = 6) -> str | None:
        """The kind of what a class makes."""
        for base in node.bases:
            kind = self._class(self.symbol(base))
            if kind is None and isinstance(base, ast.Name) and depth:
                made = [b.node for b in self.scopes.bindings(base) if isinstance(b.node, ast.ClassDef)]
                kind = self.base(made[0], depth - 1) if len(made) == 1 else None
            if kind is not None:
                return "Model" if kind == "Sequential" else kind
        return None

    def method_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose `self` an expression is."""
        if isinstance(node, ast.Name):
            around = self.scopes.classes.get(id(node))
            for binding in takewhile(lambda b: b.how == "param", self.scopes.bindings(node)):  # which come first
                function = self.scopes.functions.get(id(binding.node))
                if around is not None and function in around.body and isinstance(function, Function):
                    first = [*function.args.posonlyargs, *function.args.args][:1]
                    static = any(isinstance(d, ast.Name) for d in function.decorator_list)
                    if first and first[0] is binding.node and not static:
                        return around
        return None

    def _class(self, symbol: str) -> str | None:
        """The kind of the objects of a class of Keras."""
        if symbol in _MADE:
            return _MADE[symbol]
        package, _, name = symbol.rpartition(".")
        if package.startswith("tf.keras.applications") and name[:1].isupper():
            return "Model"
        return _PACKAGES.get(package) if name[:1].isupper() else None

    def _found(self, node: ast.AST) -> str | None:
        match node:
            case ast.Call():
                return self._made(node)
            case ast.Name():
                cls = self.method_class(node)
                return self.base(cls) if cls else self._named(self.scopes.bindings(node))
            case ast.Attribute(value=owner, attr=name):
                return self._attribute(owner, name)
            case ast.Subscript(value=ast.Attribute(value=owner, attr="layers")) if self.is_a(owner, "Model"):
                return "Layer"
            case ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                return self._symbolic_of([inner])
            case ast.BinOp(left=left, right=right):
                return self._symbolic_of([left, right])
            case ast.AugAssign(value=value):
                return "KerasTensor" if self.of(value) == "KerasTensor" else "?"
            case ast.IfExp(body=one, orelse=other):
                return self._agree([self.of(one), self.of(other)])
        return None

    def _named(self, bindings: list[Binding]) -> str | None:
        """The kind of a name. What it is computed from itself (`x = layer(x)`) adds nothing to that."""
        if not bindings:
            return None
        key = id(bindings)
        if key not in self._names:
            self._names[key] = "?"
            found = self._join(bindings)
            if found == "?":
                self._open.append((self._names, key))
            self._names[key] = found
        return self._names[key]

    def _join(self, bindings: list[Binding]) -> str | None:
        return self._agree([self._bound(binding) for binding in bindings])

    @staticmethod
    def _agree(found: list[str | None]) -> str | None:
        told = [kind for kind in found if kind != "?"]
        if not told:
            return "?" if found else None
        return next((kind for kind in kinds(told[0]) if all(kind in kinds(other) for other in told)), None)

    def _bound(self, binding: Binding) -> str | None:
        match binding:
            case Binding("is", ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef()):
                return None
            case Binding("is", value):
                return self.of(value)
            case Binding("item", ast.Attribute(value=owner, attr="layers")) if self.is_a(owner, "Model"):
                return "Layer"
            case Binding("item", ast.List(elts=parts) | ast.Tuple(elts=parts)):
                return self._agree([self.of(part) for part in parts])
            case Binding("item", value):
                kind = self.of(value)
                return kind if kind == "KerasTensor" else None
            case Binding("param", ast.arg() as argument):
                return self._parameter(argument)
        return None

    def _attribute(self, owner: ast.expr, name: str) -> str | None:
        if name in _ALWAYS and self.is_a(owner, "Model"):
            return _ALWAYS[name]
        cls = self.method_class(owner)
        if cls is not None:
            bindings = self.scopes.attributes.get((id(cls), name), [])
            if bindings:
                return self._join(bindings)
            if self.base(cls) == "Callback" and name == "model":
                return "Model"
        if cls is None and isinstance(owner, ast.Name) and f"{owner.id}.{name}" in self.scopes.dotted:
            return self._join(self.scopes.dotted[f"{owner.id}.{name}"])
        if name in ("input", "output") and self.of(owner) in ("Model", "Sequential", "Layer", "RNN"):
            return "KerasTensor" if cls is None else None
        if name in _ALWAYS and isinstance(owner, ast.Attribute) and owner.attr == "model":
            return _ALWAYS[name]  # a callback's self.model.optimizer
        return None

    def _made(self, node: ast.Call) -> str | None:
        symbol = self.symbol(node.func)
        kind = self._class(symbol)
        if kind is not None:
            return kind
        if symbol.startswith("tf."):
            return self._of_function(node, symbol)
        if isinstance(node.func, ast.Name):
            bindings = self.scopes.bindings(node.func)
            if len(bindings) == 1 and isinstance(bindings[0].node, ast.ClassDef):
                return self.base(bindings[0].node)
            if len(bindings) == 1 and isinstance(bindings[0].node, Function):
                return self._returned(bindings[0].node)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "get_layer" and self.is_a(node.func.value, "Model"):
                return "Layer"
            if node.func.attr in ("fit", "fit_generator") and self.is_a(node.func.value, "Model"):
                return "History"
        if self.is_a(node.func, "Layer") and node.args:
            return self._symbolic_of(node.args[:1])
        return None

    def _symbolic_of(self, values: list[ast.expr]) -> str | None:
        """Whether what is computed from values is symbolic; "?" where that hangs on what is being found."""
        if any(self.symbolic(value) for value in values):
            return "KerasTensor"
        parts = [p for v in values for p in (v.elts if isinstance(v, ast.List | ast.Tuple) else [v])]
        return "?" if any(self.of(part) == "?" for part in parts) else None

    def symbolic(self, node: ast.expr) -> bool:
        """Whether an expression is a symbolic tensor, or a list with one in it."""
        if isinstance(node, ast.List | ast.Tuple):
            return any(self.symbolic(part) for part in node.elts)
        return self.of(node) == "KerasTensor"

    def _of_function(self, node: ast.Call, symbol: str) -> str | None:
        """What a function of TensorFlow makes of symbolic tensors (in Keras 2 it was one again)."""
        package, _, name = symbol.rpartition(".")
        of_keras = package == "tf.keras.layers" and name in _APPLIED
        values = [*node.args, *(k.value for k in node.keywords)]
        if of_keras or not symbol.startswith("tf.keras.") or package in ("tf.keras.backend", "tf.keras.ops"):
            return self._symbolic_of(values)
        return None

    def _returned(self, function: Function) -> str | None:
        if function.decorator_list or isinstance(function, ast.AsyncFunctionDef):
            return None
        returns = [n for n in self.program.each(ast.Return) if self.scopes.functions.get(id(n)) is function]
        values = [n.value for n in returns]
        if not values or any(value is None or isinstance(value, ast.Tuple) for value in values):
            return None
        return self._agree([self.of(value) for value in values if value is not None])

    def _parameter(self, argument: ast.arg) -> str | None:
        """What a parameter's annotation says, or what every call of its function hands over."""
        if argument.annotation is not None:
            kind = self._class(self.symbol(argument.annotation))
            if kind is not None:
                return kind
        function = self.scopes.functions.get(id(argument))
        if not isinstance(function, Function) or function.decorator_list:
            return None
        place = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        if argument.arg not in place or self.scopes.classes.get(id(function)) is not None:
            return None
        handed = [self._handed(call, place.index(argument.arg), argument.arg) for call in self._calls_of(function)]
        return self._agree([self.of(value) if value is not None else None for value in handed])

    def _handed(self, call: ast.Call, index: int, name: str) -> ast.expr | None:
        if any(isinstance(a, ast.Starred) for a in call.args):
            return None
        if index < len(call.args):
            return call.args[index]
        return next((k.value for k in call.keywords if k.arg == name), None)

    def _calls_of(self, function: Function) -> list[ast.Call]:
        if self._calls is None:
            self._calls = {}
            for node in self.calls:
                if isinstance(node.func, ast.Name):
                    for binding in self.scopes.bindings(node.func):
                        self._calls.setdefault(id(binding.node), []).append(node)
        return self._calls.get(id(function), [])


@lru_cache(maxsize=1)  # every group of rules asks it of the same program
def kinds_of(program: Program) -> Kinds:
    """The kinds of a program's expressions."""
    return Kinds(program)
