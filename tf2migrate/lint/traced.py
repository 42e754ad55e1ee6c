"""Which functions TensorFlow traces, and which of those AutoGraph converts.

Traced is what `tf.function` is given (as a decorator, with arguments, through a partial, an alias or a wrapper), what a
Dataset calls for its elements, what Keras calls while it trains, and every function of the file that these reach.
`tf.map_fn`, `tf.while_loop` and the like call Python again and again when they run eagerly: what they are given is
traced only where they stand in traced code themselves.

AutoGraph rewrites `if`, `while` and `for` over tensors in what `tf.function` and a Dataset are given and in what it
reaches, but not below `autograph=False` and `do_not_convert`, and not in the methods that Keras 3 calls
(keras/src/backend/tensorflow/trainer.py declares its step functions do_not_convert).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lint.gates import gives
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.keras_given import given_to_keras
from tf2migrate.lint.view import AnyFunction, View, parameters, view_of

Why = Literal["function", "dataset", "vectorized", "keras", "reached", "told"]

#: Methods of a Dataset that trace a function, and the argument it is.
_DATASET = {
    "map": "map_func",
    "filter": "predicate",
    "flat_map": "map_func",
    "interleave": "map_func",
    "reduce": "reduce_func",
    "scan": "scan_func",
    "take_while": "predicate",
    "group_by_window": "reduce_func",
    "bucket_by_sequence_length": "element_length_func",
}

#: Methods that only datasets have.
_CHAIN = frozenset(
    (
        *("prefetch", "shuffle", "batch", "padded_batch", "cache", "interleave", "unbatch", "with_options"),
        *("as_numpy_iterator", "ragged_batch", "flat_map", "take_while", "enumerate"),
    )
)
_NAMED = re.compile(r"(^|_)(dataset|ds)s?(_|$|\d)", re.IGNORECASE)

#: What speaks of datasets that call Python for each element.
_OTHER_DATA = ("grain", "torch", "from datasets", "import datasets", "load_dataset(", "ray.data")

#: Functions of TensorFlow that call their arguments where they stand, in the graph or eagerly as they find it.
CALLERS = frozenset(
    (
        *("tf.map_fn", "tf.scan", "tf.foldl", "tf.foldr", "tf.while_loop", "tf.cond", "tf.case", "tf.switch_case"),
        *(
            "tf.recompute_grad",
            "tf.custom_gradient",
            "tf.stop_gradient",
            "tf.nest.map_structure",
            "tf.grad_pass_through",
        ),
        *("tf.vectorized_map", "tf.autograph.experimental.do_not_convert", "tf.function", "functools.partial"),
        *("builtins.map", "builtins.filter", "tf.init_scope", "tf.distribute.get_replica_context"),
    )
)

#: The name of a function that is not for tensors.
_PYTHONS = re.compile(r"(^|_)(python|numpy|np|eager|eagerly)(_|$)")

#: The name of what asks how the program runs: `tf.executing_eagerly`, `tf.inside_function`, or one's own.
_ASKING = re.compile(r"eager|inside_function|(\b|_)in_\w*function|in_\w*graph|is_\w*(graph|symbolic|tracing)")

#: What has Keras train or run a model.
_FITS = re.compile(r"\.(fit|train_on_batch|test_on_batch|predict_on_batch|evaluate|predict)\(")

#: Where no file of a tree is imported from.
_NOT_OF_A_TREE = ("builtins.", "tensorflow.", "numpy.", "math.", "os.", "functools.", "typing.", "collections.")

#: What runs Python again at each step, outside the graph.
EXITS = frozenset(("tf.py_function", "tf.numpy_function", "tf.compat.v1.py_func", "tf.py_func"))

_TRACER = "tf.function"
_NO_AUTOGRAPH = "tf.autograph.experimental.do_not_convert"
_STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")


#: The methods of each kind of Keras object that are traced while it trains. A metric's are not among them: those that
#: collect arrays are meant to run eagerly.
TRACED_METHODS = {"Layer": ("call",), "Model": ("call", *_STEPS), "RNN": ("call",), "Loss": ("call",)}

#: A layer or model of Keras 2, whose methods AutoGraph converts.
LEGACY = "legacy"
TRACED_METHODS[LEGACY] = TRACED_METHODS["Model"]


@dataclass(frozen=True, slots=True)
class Context:
    """How a function comes to be traced. `root` is the function that tracing begins with; `call` is what hands it
    over (a decorator or a call; None for Keras's methods, and for what another file tells of), `autograph` whether
    AutoGraph converts the function."""

    why: Why
    root: AnyFunction
    call: ast.expr | None
    autograph: bool

    @property
    def options(self) -> dict[str, ast.expr]:
        """The keywords that `tf.function` was given."""
        return {k.arg: k.value for k in self.call.keywords if k.arg} if isinstance(self.call, ast.Call) else {}


@dataclass(frozen=True, slots=True)
class Told:
    """What another file tells: of a function, that its traced code calls it (`converted` where AutoGraph follows it
    there); of a class, the kind of Keras's that it inherits. As text: `name`, `~name`, `Layer=Name`."""

    name: str
    converted: bool = True
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.kind}={self.name}" if self.kind else self.name if self.converted else f"~{self.name}"

    @classmethod
    def of(cls, text: str) -> Told:
        """What a text stands for."""
        kind, _, name = text.rpartition("=")
        return cls(name.removeprefix("~"), not name.startswith("~"), kind)


class Traced:
    """The traced functions of a program."""

    def __init__(self, view: View, told: Sequence[str] = ()) -> None:
        self.view = view
        self.contexts: dict[int, Context] = {}
        self.functions: dict[int, AnyFunction] = {}
        self.elsewhere: dict[str, bool] = {}  # what traced code reaches in other files, and whether as AutoGraph's
        text = view.program.text
        self._asked = "init_scope" in text or _ASKING.search(text) is not None
        self._wrappers = self._tracing_wrappers()
        self._kinds = {each.name: each.kind for each in map(Told.of, told) if each.kind}
        for function, context in self._roots():
            self._add(function, context)
        for entry in told:
            self._tell(Told.of(entry))
        for function in list(self.functions.values()):
            self._reach(function, self.contexts[id(function)])

    def of(self, node: ast.AST) -> Context | None:
        """The context of the function that a node stands in; None for code that runs eagerly, or in no function."""
        function = self.view.function(node)
        return self.contexts.get(id(function)) if function is not None else None

    def _add(self, function: AnyFunction, context: Context) -> None:
        known = self.contexts.get(id(function))
        if known is None or (known.why == "keras" and context.why == "function"):
            self.contexts[id(function)] = context
            self.functions[id(function)] = function

    def tracer(self, node: ast.expr, depth: int = 4) -> dict[str, ast.expr] | None:
        """The keywords with which an expression, called with a function, traces it; None where it does not."""
        view = self.view
        if view.symbol(node) == _TRACER:
            return {}
        match node:
            case ast.Call(func=function, keywords=keywords):
                given = {k.arg: k.value for k in keywords if k.arg}
                if view.symbol(function) == _TRACER and not node.args and "func" not in given:
                    return given
                if view.path(function) == "functools.partial" and node.args and depth:
                    inner = self.tracer(node.args[0], depth - 1)
                    return None if inner is None else {**inner, **given}
                if self._is_wrapper(function):
                    return given
            case ast.Name() if depth:
                bindings = view.scopes.bindings(node)
                if len(bindings) == 1 and bindings[0].how == "is" and isinstance(bindings[0].node, ast.expr):
                    return self.tracer(bindings[0].node, depth - 1)
                return {} if self._is_wrapper(node) else None
        return None

    def _is_wrapper(self, node: ast.expr) -> bool:
        return any(id(f) in self._wrappers for f in self.view.called(node)) if self._wrappers else False

    def _tracing_wrappers(self) -> set[int]:
        """Functions of the file that return `tf.function` of a parameter, or `tf.function` with arguments."""
        found: set[int] = set()
        for node in self.view.kinds.calls:
            if self.view.symbol(node.func) != _TRACER:
                continue
            around = self.view.function(node)
            returns = isinstance(self.view.parents.get(id(node)), ast.Return)
            if not isinstance(around, Function) or not returns:
                continue
            names = {argument.arg for argument in parameters(around)}
            first = node.args[0] if node.args else None
            if first is None or (isinstance(first, ast.Name) and first.id in names):
                found.add(id(around))
        return found

    def _roots(self) -> Iterator[tuple[AnyFunction, Context]]:
        program = self.view.program
        for function in self.view.kinds.defs:
            yield from self._decorated(function)
        for call in self.view.kinds.calls:
            yield from self._handed(call)
        for cls in program.each(ast.ClassDef):
            yield from self._keras(cls)
        if gives(program.text):
            for call in self.view.kinds.calls:
                for given in given_to_keras(self.view, call):
                    if not self._is_exit(given):
                        yield given, Context("keras", given, call, autograph=False)

    def _decorated(self, function: Function) -> Iterator[tuple[AnyFunction, Context]]:
        for decorator in function.decorator_list:
            given = self.tracer(decorator)
            if given is not None:
                yield function, Context("function", function, decorator, self._converts(function, given))

    def _converts(self, function: AnyFunction, given: dict[str, ast.expr]) -> bool:
        off = given.get("autograph")
        return not (isinstance(off, ast.Constant) and off.value is False) and not self.unconverted(function)

    def unconverted(self, function: AnyFunction) -> bool:
        """Whether a function asks AutoGraph to leave it alone."""
        return any(self.view.symbol(head) == _NO_AUTOGRAPH for head in _heads(function))

    def _is_exit(self, function: AnyFunction) -> bool:
        """Whether a decorator, or one of this file's that hands its function on, makes Python run at each step."""
        for head in _heads(function):
            if self.symbol_or_path(head) in EXITS:
                return True
            for wrapper in self.view.called(head):
                named = {a.arg for a in parameters(wrapper)} if isinstance(wrapper, Function) else set()
                calls = [n for n in ast.walk(wrapper) if isinstance(n, ast.Call)] if named else []
                out = [c.args[0] for c in calls if c.args and self.symbol_or_path(c.func) in EXITS]
                if any(isinstance(first, ast.Name) and first.id in named for first in out):
                    return True
        return False

    def _handed(self, node: ast.Call) -> Iterator[tuple[AnyFunction, Context]]:
        view = self.view
        symbol = view.symbol(node.func)
        if symbol == _TRACER or (isinstance(node.func, ast.Name | ast.Call) and self._traces_argument(node)):
            given = {k.arg: k.value for k in node.keywords if k.arg}
            for function in self._functions(node.args[0] if node.args else given.get("func")):
                yield function, Context("function", function, node, self._converts(function, given))
        elif symbol == "tf.vectorized_map" and node.args:
            for function in self._functions(node.args[0], converted=False):
                yield function, Context("vectorized", function, node, autograph=False)
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in _DATASET
            and self.is_dataset(node.func.value, node)
        ):
            name = _DATASET[node.func.attr]
            place = 1 if node.func.attr in ("reduce", "scan", "group_by_window") else 0
            first = next((k.value for k in node.keywords if k.arg == name), None)
            if first is None and place < len(node.args):
                first = node.args[place]
            for function in self._functions(first):
                yield function, Context("dataset", function, node, not self.unconverted(function))

    def _functions(self, node: ast.expr | None, converted: bool = True) -> Iterator[AnyFunction]:
        """The functions of this file that something to be traced is; one of another file is noted."""
        for function in self._stands_for(node):
            if not isinstance(function, ast.ClassDef) and not self._is_exit(function):
                yield function
        for path in self.paths(node) if node is not None else []:
            self._note(path, converted)

    def _stands_for(self, node: ast.expr | None) -> Iterator[AnyFunction | ast.ClassDef]:
        """What an expression is: one function, or each of a tuple or list that a loop goes through."""
        found = self.view.called(node) if node is not None else []
        yield from found
        owner = self.view.made(node) if node is not None else None
        methods = [self.view.method(owner, name) for name in ("call", "__call__")] if owner is not None else []
        yield from [method for method in methods if method is not None][:1]
        for binding in self.view.scopes.bindings(node) if isinstance(node, ast.Name) and not found else []:
            if binding.how == "item" and isinstance(binding.node, ast.List | ast.Tuple):
                for part in binding.node.elts:
                    yield from self.view.called(part)

    def _note(self, path: str, converted: bool) -> None:
        self.elsewhere[path] = self.elsewhere.get(path, False) or converted

    def _traces_argument(self, node: ast.Call) -> bool:
        return bool(node.args) and not isinstance(node.args[0], ast.Constant) and self.tracer(node.func) is not None

    def is_dataset(self, node: ast.expr, call: ast.Call | None = None, depth: int = 6) -> bool:
        """Whether an expression is a tf.data.Dataset, as far as its text tells."""
        if call is not None and any(k.arg in ("num_parallel_calls", "deterministic") for k in call.keywords):
            return True
        if self.view.symbol(node).startswith("tf.data."):
            return True
        match node:
            case ast.Call(func=function) if depth > 0:
                symbol = self.view.symbol(function)
                if symbol:
                    return symbol.startswith(("tf.data.Dataset", "tf.data.TFRecord", "tf.data.Text", "tf.data.Fixed"))
                if isinstance(function, ast.Attribute):
                    return (function.attr in _CHAIN and self._of_data(function.value)) or self.is_dataset(
                        function.value, None, depth - 1
                    )
            case ast.Name(id=name) if depth > 0:
                values = [b.node for b in self.view.scopes.bindings(node) if b.how == "is"]
                calls = [v for v in values if isinstance(v, ast.Call) and v is not call]
                return self._named(name) or any(self.is_dataset(v, None, depth - 3) for v in calls[:2])
            case ast.Attribute(attr=name):
                return self._named(name)
        return False

    def _named(self, name: str) -> bool:
        """Whether a name says that it is a dataset, in a program where there are no others than TensorFlow's."""
        text = self.view.program.text
        return bool(_NAMED.search(name)) and "tf.data" in text and not any(word in text for word in _OTHER_DATA)

    def _of_data(self, node: ast.expr) -> bool:
        """Whether what `.batch()` or `.shuffle()` is called on may be a dataset: it is no module, nor of others."""
        return not self.view.path(node) and not any(word in self.view.program.text for word in _OTHER_DATA)

    def _keras(self, cls: ast.ClassDef) -> Iterator[tuple[AnyFunction, Context]]:
        kind = self.keras_kind(cls) or self._kinds.get(cls.name, "")
        if kind == "Model" and self._steps_by_hand:
            return
        for statement in cls.body:
            named = isinstance(statement, ast.FunctionDef) and statement.name in TRACED_METHODS.get(kind, ())
            if isinstance(statement, ast.FunctionDef) and named and statement.decorator_list == []:
                yield statement, Context("keras", statement, None, autograph=kind == LEGACY)

    @cached_property
    def _steps_by_hand(self) -> bool:
        """Whether a program calls the training step of a model itself, and never has Keras train, which traces it."""
        text = self.view.program.text
        return _FITS.search(text) is None and any(
            isinstance(call.func, ast.Attribute) and call.func.attr == "train_step"
            and isinstance(call.func.value, ast.Name | ast.Attribute) and _last(call.func.value) != "self"
            for call in self.view.kinds.calls
        )  # fmt: skip

    def keras_kind(self, cls: ast.ClassDef) -> str:
        """What a class is of Keras, as far as this file tells; "" where it is nothing."""
        base = self.view.kinds.base(cls)
        return base or (LEGACY if cls.bases and self._legacy(cls) else "")

    def _legacy(self, cls: ast.ClassDef, depth: int = 4) -> bool:
        """Whether a class is a layer or model of Keras 2, whose methods AutoGraph converts."""
        for base in cls.bases:
            path = self.view.path(base)
            if path.startswith("tf_keras.") and path.rpartition(".")[2] in ("Layer", "Model"):
                return True
            targets = self.view.called(base) if depth and isinstance(base, ast.Name) else []
            if any(isinstance(t, ast.ClassDef) and self._legacy(t, depth - 1) for t in targets):
                return True
        return False

    def _reach(self, function: AnyFunction, context: Context) -> None:
        """Follow what a traced function calls, as far as this file goes."""
        pending = [(function, context)]
        while pending:
            here, inside = pending.pop()
            for node in self.view.own(here):
                if not isinstance(node, ast.Call) or self.runs_eagerly(node):
                    continue
                for target in self.targets(node):
                    if id(target) not in self.contexts:
                        converted = inside.autograph and not self.unconverted(target)
                        converted = converted and getattr(target, "name", "") != "__init__"  # no constructor is
                        why: Why = "told" if inside.why == "told" else "reached"
                        found = Context(why, inside.root, inside.call, converted)
                        self._add(target, found)
                        pending.append((target, found))
                for path in self.reached_elsewhere(node):
                    self._note(path, inside.autograph)

    def targets(self, node: ast.Call) -> Iterator[AnyFunction]:
        """The functions that a call runs: what it calls, and what it hands to one that calls its arguments."""
        view = self.view
        if self.symbol_or_path(node.func) in EXITS:
            return
        for part in self._run_by(node):
            for target in view.called(part):
                made = view.method(target, "__init__") if isinstance(target, ast.ClassDef) else target
                if made is not None and not self._is_exit(made):
                    yield made
        owner = view.made(node.func)
        if owner is not None:
            for name in ("call", "__call__"):
                method = view.method(owner, name)
                if method is not None:
                    yield method

    @staticmethod
    def _is_for_python(node: ast.expr) -> bool:
        """Whether a name says that a function is the one for values of Python's, beside one for tensors."""
        return _PYTHONS.search(_last(node)) is not None

    def _run_by(self, node: ast.Call) -> Iterator[ast.expr]:
        """What a call runs: what it calls, and what it hands to one that calls its arguments."""
        if not self._is_for_python(node.func):
            yield node.func
        passes = isinstance(node.func, ast.Attribute) and node.func.attr in ("run", "experimental_run_v2", "map")
        if self.symbol_or_path(node.func) in CALLERS or passes:
            for handed in [*node.args, *(k.value for k in node.keywords)]:
                yield from handed.elts if isinstance(handed, ast.List | ast.Tuple) else [handed]

    def reached_elsewhere(self, node: ast.Call) -> Iterator[str]:
        """The dotted names of what a call runs that no function of this file is."""
        if self.symbol_or_path(node.func) not in EXITS:
            for part in self._run_by(node):
                yield from self.paths(part)
            made = self.view.made_elsewhere(node.func)
            if made:
                yield from (f"{made}.call", f"{made}.__call__")

    def paths(self, node: ast.expr) -> Iterator[str]:
        """The dotted names that a function of another file may have: imported, inherited, or of an object."""
        view = self.view
        path = view.path(node)
        if path:
            if not path.startswith(_NOT_OF_A_TREE):
                yield path
        elif isinstance(node, ast.Attribute):
            owner = node.value
            cls = view.kinds.method_class(owner)
            if isinstance(owner, ast.Call) and view.path(owner.func) == "builtins.super":
                cls = view.scopes.classes.get(id(node))
            if cls is not None:
                yield from view.inherited(cls, node.attr) if view.method(cls, node.attr) is None else ()
            else:
                made = view.made_elsewhere(owner)
                yield from [f"{made}.{node.attr}"] if made else []

    def _tell(self, told: Told) -> None:
        """A function that traced code of another file calls."""
        function = self.view.top.get(told.name)
        if function is not None and not told.kind:
            converted = told.converted and not self.unconverted(function)
            self._add(function, Context("told", function, None, converted))

    def symbol_or_path(self, node: ast.expr) -> str:
        """What a call calls: a name of TensorFlow, or a path of another module."""
        return self.view.symbol(node) or self.view.path(node)

    def runs_eagerly(self, node: ast.AST) -> bool:
        """Whether a place in a traced function is kept from being traced: by `tf.init_scope`, below a test that asks,
        or behind one that has returned."""
        if not self._asked:
            return False
        child = node
        for above in self.view.above(node):
            if isinstance(above, ast.With):
                for item in above.items:
                    call = item.context_expr
                    if isinstance(call, ast.Call) and self.view.symbol(call.func) == "tf.init_scope":
                        return True
            if isinstance(above, ast.If | ast.IfExp) and child is not above.test and self._asks(above.test):
                return True
            if isinstance(child, ast.stmt) and self._is_behind(child, getattr(above, "body", None)):
                return True
            child = above
        function = self.view.function(node)
        return isinstance(child, ast.stmt) and self._is_behind(child, getattr(function, "body", None))

    def _is_behind(self, statement: ast.stmt, body: object) -> bool:
        """Whether a statement comes after one of its block that returns when a test asks."""
        if not isinstance(body, list) or statement not in body:
            return False
        return any(
            isinstance(s, ast.If) and isinstance(s.body[-1], ast.Return | ast.Raise) and self._asks(s.test)
            for s in body[: body.index(statement)]
        )

    def _asks(self, test: ast.expr) -> bool:
        return any(isinstance(n, ast.Call) and _ASKING.search(_last(n.func)) is not None for n in walk(test))


def _heads(function: AnyFunction) -> list[ast.expr]:
    """A function's decorators, without what they are called with."""
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    return [d.func if isinstance(d, ast.Call) else d for d in decorators]


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@lru_cache(maxsize=1)  # every group of rules asks it of the same program
def traced_of(program: Program, told: tuple[str, ...] = ()) -> Traced:
    """The traced functions of a program, with those that other files tell of."""
    return Traced(view_of(program), told)
