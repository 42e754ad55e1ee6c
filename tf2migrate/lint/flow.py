"""What each expression of a function is, statement by statement: a small inference over definitions and uses.

Branches are joined, the body of a loop is read twice, and what a name of an outer scope is, is the join of all that is
bound to it there. A function's parameter is what its annotation says, what the traced context hands over, or what every
call of the function in this file does.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children
from tf2migrate.lint.keras3_edits import literal
from tf2migrate.lint.keras3_scopes import Binding, Function
from tf2migrate.lint.traced import Context, Traced, traced_of
from tf2migrate.lint.type_rules import arithmetic, compared, dtype_of_value, item_of, subscript
from tf2migrate.lint.types import (
    ANNOTATIONS,
    ARRAY,
    BOOL,
    CALLABLE,
    CONTAINERS,
    DIMENSION,
    DTYPE,
    DTYPE_ARGUMENT,
    FLOAT,
    GENERATOR,
    INT,
    LAYER,
    LIKELY,
    MAYBE,
    NEST,
    NONE,
    OPTIMIZER,
    PYTHON,
    SAME_DTYPE,
    SHAPE,
    STRING,
    SYMBOLIC,
    TENSOR,
    TENSOR_ARRAY,
    UNKNOWN,
    VARIABLE,
    Type,
    join,
    result_of,
    tensor,
)
from tf2migrate.lint.view import AnyFunction, View, default_of, is_static, parameters, view_of

Env = dict[str, Type]

_BUILTINS = {
    "len": INT, "int": INT, "float": FLOAT, "str": STRING, "bool": BOOL, "isinstance": BOOL,
    "hasattr": BOOL, "repr": STRING, "open": PYTHON, "type": CALLABLE, "print": NONE, "id": INT,
    "callable": BOOL, "issubclass": BOOL, "input": STRING, "format": STRING, "ord": INT, "chr": STRING, "hash": INT,
}  # fmt: skip

#: What the classes of Python's library make.
_OF_LIBRARY = {
    "collections.deque": Type("list"), "collections.defaultdict": Type("dict"), "collections.Counter": Type("dict"),
    "collections.OrderedDict": Type("dict"),
}  # fmt: skip

_CONSTANTS: dict[type, Type] = {int: INT, float: FLOAT, str: STRING, bool: BOOL, type(None): NONE, bytes: STRING}


class Flow:
    """The types of a program's expressions. `of` is the one question it answers."""

    def __init__(self, view: View, traced: Traced) -> None:
        self.view, self.traced = view, traced
        self._types: dict[int, Type] = {}
        self._done: set[int] = set()
        self._outer: dict[tuple[int, str], Type] = {}
        self._params: dict[int, Type] = {}
        self._returns: dict[int, Type] = {}
        self._asked: set[object] = set()
        self._calls: dict[int, list[ast.Call]] | None = None

    def of(self, node: ast.AST | None) -> Type:
        """What an expression is."""
        if node is None:
            return UNKNOWN
        function: ast.AST = self.view.function(node) or self.view.program.tree
        self._analyse(function)
        return self._types.get(id(node), UNKNOWN)

    def is_tensor(self, node: ast.AST | None) -> bool:
        """Whether an expression is a tensor or a variable for certain."""
        return self.of(node).kind in SYMBOLIC

    def may_be_tensor(self, node: ast.AST | None) -> bool:
        """Whether an expression is a tensor, or one as far as can be told from where it comes."""
        return self.of(node).kind in SYMBOLIC | MAYBE

    def _analyse(self, function: ast.AST) -> None:
        if id(function) in self._done:
            return
        self._done.add(id(function))
        env: Env = {}
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for argument in parameters(function):
                env[argument.arg] = self.parameter(function, argument)
            if function.args.vararg:
                env[function.args.vararg.arg] = Type("tuple", self._star(function))
            if function.args.kwarg:
                env[function.args.kwarg.arg] = Type("dict")
        if isinstance(function, ast.Lambda):
            self._expr(function.body, env)
        elif isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            self._block(function.body, env)

    def _star(self, function: AnyFunction) -> Type | None:
        context = self.traced.contexts.get(id(function))
        return NEST if context and context.why == "dataset" else None

    # parameters

    def parameter(self, function: AnyFunction, argument: ast.arg) -> Type:
        """What a parameter is."""
        if id(argument) not in self._params:
            for call in self.calls_of(function):  # first, since what calls the function may ask what it returns
                self._analyse(self.view.function(call) or self.view.program.tree)
        if id(argument) not in self._params:
            self._params[id(argument)] = UNKNOWN
            self._params[id(argument)] = self._parameter(function, argument)
        return self._params[id(argument)]

    def _parameter(self, function: AnyFunction, argument: ast.arg) -> Type:
        note = argument.annotation
        if note is not None:
            name = self.view.symbol(note) or self.view.path(note)
            return ANNOTATIONS.get(name, UNKNOWN)
        every = parameters(function)
        method = isinstance(function, Function) and isinstance(self.view.parents.get(id(function)), ast.ClassDef)
        if method and argument is every[0] and not is_static(function, "staticmethod"):
            return Type("self")
        context = self.traced.contexts.get(id(function))
        default = default_of(function, argument)
        told = self._handed(function, argument, context) if context is not None else None
        if told is not None:
            return told
        seen = self._from_calls(function, argument)
        if context is not None and context.why == "function" and context.root is function:
            if seen is None:
                return LIKELY if default is None else UNKNOWN
            return TENSOR if seen.kind in ("array", "variable") else seen
        if default is not None and seen is None:
            return UNKNOWN
        return (join(seen, self.of(default)) if default is not None else seen) if seen is not None else UNKNOWN

    def _handed(self, function: AnyFunction, argument: ast.arg, context: Context) -> Type | None:
        """What the traced context hands over for a parameter; None where it does not tell."""
        index = parameters(function).index(argument)
        if context.root is not function:
            return None
        if context.why in ("dataset", "vectorized"):
            return NEST
        if context.why == "keras" and context.call is not None:
            lossy = isinstance(context.call, ast.Call) and len(parameters(function)) > 1
            return (TENSOR if lossy else NEST) if index < 2 and default_of(function, argument) is None else UNKNOWN
        if context.why == "keras":
            tensors = ("inputs", "input", "x", "y_true", "y_pred", "data", "features", "input_tensor", "inputs_tensor")
            first = index == 1 or argument.arg in tensors
            return NEST if first and default_of(function, argument) is None else UNKNOWN
        signature = context.options.get("input_signature")
        if signature is not None:
            offset = 1 if parameters(function)[0].arg == "self" else 0
            if isinstance(signature, ast.List | ast.Tuple) and 0 <= index - offset < len(signature.elts):
                return self._of_spec(signature.elts[index - offset])
            return NEST
        return None

    def _of_spec(self, spec: ast.expr) -> Type:
        if isinstance(spec, ast.Call) and self.view.symbol(spec.func) == "tf.TensorSpec":
            where = next(
                (k.value for k in spec.keywords if k.arg == "dtype"), spec.args[1] if len(spec.args) > 1 else None
            )
            return tensor(self._dtype(where) if where is not None else "float32")
        return NEST

    def _from_calls(self, function: AnyFunction, argument: ast.arg) -> Type | None:
        """The join of what every call in this file hands over; None where there is no call."""
        calls = [call for call in self.calls_of(function) if self.view.function(call) is not function]
        if isinstance(function, ast.Lambda) or not calls:
            return None
        places = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        method = isinstance(self.view.parents.get(id(function)), ast.ClassDef)
        offset = 1 if method and places[:1] in (["self"], ["cls"]) else 0
        found: Type | None = None
        for call in calls:
            if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
                return UNKNOWN
            index = places.index(argument.arg) - offset if argument.arg in places else -1
            value = next((k.value for k in call.keywords if k.arg == argument.arg), None)
            if value is None and 0 <= index < len(call.args):
                value = call.args[index]
            value = default_of(function, argument) if value is None else value
            this = self.of(value) if value is not None else UNKNOWN
            found = this if found is None else join(found, this)
        return found

    def calls_of(self, function: AnyFunction) -> list[ast.Call]:
        """The calls in the file that run a function; of a constructor, those that make an object."""
        if self._calls is None:
            self._calls = {}
            for node in self.view.kinds.calls:
                for target in self.view.called(node.func):
                    made = self.view.method(target, "__init__") if isinstance(target, ast.ClassDef) else None
                    self._calls.setdefault(id(made or target), []).append(node)
        return self._calls.get(id(function), [])

    # names

    def _name(self, node: ast.Name, env: Env) -> Type:
        if node.id in env:
            return env[node.id]
        scope = self.view.scopes.of.get(id(node))
        bindings = self.view.scopes.bindings(node)
        if not bindings:
            return UNKNOWN
        key = (id(bindings[0].node), node.id)
        if key not in self._outer:
            self._outer[key] = UNKNOWN
            found = [self._bound(b) for b in bindings]
            joined = found[0]
            for other in found[1:]:
                joined = join(joined, other)
            self._outer[key] = joined
        assert scope is not None
        return self._outer[key]

    def _bound(self, binding: Binding) -> Type:
        match binding:
            case Binding("is", ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef()):
                return CALLABLE
            case Binding("is", ast.AugAssign(target=target)):
                return self.of(target)
            case Binding("is", value):
                return self.of(value)
            case Binding("item", value):
                return item_of(self.of(value))
            case Binding("param", ast.arg() as argument):
                function = self.view.scopes.functions.get(id(argument))
                if function is not None and argument in parameters(function):
                    return self.parameter(function, argument)
            case Binding("other", ast.withitem() as item):
                return self.of(item.context_expr)
        return UNKNOWN

    # statements

    def _block(self, body: list[ast.stmt], env: Env) -> bool:
        """Read statements in their order; whether the end of them is reached."""
        reached = True
        for statement in body:
            reached = self._statement(statement, env) and reached
        return reached

    def _statement(self, node: ast.stmt, env: Env) -> bool:
        match node:
            case ast.Assign(targets=targets, value=value):
                found = self._expr(value, env)
                for target in targets:
                    self._store(target, value, found, env)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._store(target, value, self._expr(value, env), env)
            case ast.AugAssign(target=target, value=value, op=op):
                before, found = self._expr(target, env), self._expr(value, env)
                after = arithmetic(before, found, op)
                if before.kind == "variable":
                    after = tensor(before.dtype)
                self._types[id(target)] = after
                self._store(target, value, after, env)
            case ast.If(test=test, body=body, orelse=orelse):
                self._expr(test, env)
                return self._branches([body, orelse], env, self._narrowed(test, env))
            case (
                ast.For(target=target, iter=iterable, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=iterable, body=body, orelse=orelse)
            ):
                found = self._expr(iterable, env)
                for _ in range(2):
                    inner = dict(env)
                    self._store(target, iterable, self._item_of(iterable, found), inner, item=True)
                    self._block(body, inner)
                    _merge(env, inner)
                self._block(orelse, env)
            case ast.While(test=test, body=body, orelse=orelse):
                for _ in range(2):
                    self._expr(test, env)
                    inner = dict(env)
                    self._block(body, inner)
                    _merge(env, inner)
                self._block(orelse, env)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    found = self._expr(item.context_expr, env)
                    if item.optional_vars is not None:
                        self._store(item.optional_vars, item.context_expr, found, env)
                return self._block(body, env)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                untried = dict(env)
                self._block([*body, *orelse], env)
                _merge(env, untried)  # what fails may not have been done
                self._branches([*(handler.body for handler in handlers), []], env)
                return self._block(final, env)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for part in [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
                    self._expr(part, env)
                env[node.name] = CALLABLE
            case ast.ClassDef():
                for part in [*node.decorator_list, *node.bases]:
                    self._expr(part, env)
                self._block(node.body, dict(env))
                env[node.name] = CALLABLE
            case ast.Return(value=value):
                if value is not None:
                    self._expr(value, env)
                return False
            case ast.Raise() | ast.Continue() | ast.Break():
                self._children(node, env)
                return False
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    env.pop(name, None)
            case ast.Import() | ast.ImportFrom():
                pass
            case _:
                self._children(node, env)
        return True

    def _children(self, node: ast.AST, env: Env) -> None:
        for child in children(node):
            if isinstance(child, ast.expr):
                self._expr(child, env)
            elif isinstance(child, ast.match_case):
                self._block(child.body, env)

    def _narrowed(self, test: ast.expr, env: Env) -> Env:
        """What `isinstance(name, list)` tells of a name where it holds."""
        match test:
            case ast.BoolOp(op=ast.And(), values=[first, *_]):
                return self._narrowed(first, env)
            case ast.Call(func=function, args=[ast.Name(id=name), kinds]) if name in env:
                if self.view.path(function) != "builtins.isinstance" or env[name].kind not in {"tensor", *MAYBE}:
                    return {}
                classes = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
                paths = {self.view.path(each).removeprefix("builtins.") for each in classes}
                if paths <= CONTAINERS:
                    return {name: Type("list", env[name])}
                if env[name].kind == "tensor":
                    return {}
                if paths <= {"int", "float", "bool", "str"}:
                    return {name: PYTHON}
                return {name: UNKNOWN} if not any(path.startswith(("tensorflow", "keras")) for path in paths) else {}
        return {}

    def _branches(self, blocks: list[list[ast.stmt]], env: Env, first: Env | None = None) -> bool:
        """Read alternatives, and join what they leave where their end is reached."""
        ends: list[Env] = []
        for block in blocks:
            inner = {**env, **(first or {})} if block is blocks[0] else dict(env)
            if self._block(block, inner):
                ends.append(inner)
        if ends:
            joined, *rest = ends
            for other in rest:
                _merge(joined, other)
            env.clear()
            env.update(joined)
        return bool(ends)

    def _store(self, target: ast.expr, value: ast.expr, found: Type, env: Env, item: bool = False) -> None:
        match target:
            case ast.Name(id=name):
                env[name] = found
                self._types[id(target)] = join(self._types[id(target)], found) if id(target) in self._types else found
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                values = value.elts if isinstance(value, ast.Tuple | ast.List) and not item else []
                each = found.item if item and found.kind == "pair" else None
                for index, part in enumerate(parts):
                    if len(values) == len(parts) and not any(isinstance(v, ast.Starred) for v in values):
                        self._store(part, values[index], self._types.get(id(values[index]), UNKNOWN), env)
                    elif each is not None:  # enumerate: a number, and the item
                        self._store(part, value, INT if index == 0 else each, env)
                    else:
                        self._store(part, value, item_of(found), env)
            case ast.Starred(value=inner):
                self._store(inner, value, Type("list", item_of(found)), env)
            case ast.Attribute(value=owner):
                self._expr(owner, env)
            case ast.Subscript(value=owner, slice=index):
                self._expr(owner, env)
                self._expr(index, env)

    def _item_of(self, iterable: ast.expr, found: Type) -> Type:
        """What a loop over an expression takes from it."""
        if isinstance(iterable, ast.Call) and self.view.path(iterable.func) == "builtins.enumerate" and iterable.args:
            return Type("pair", item_of(self._types.get(id(iterable.args[0]), UNKNOWN)))
        return item_of(found)

    # expressions

    def _expr(self, node: ast.expr, env: Env) -> Type:
        found = self._eval(node, env)
        known = self._types.get(id(node))
        self._types[id(node)] = found if known is None else join(known, found)
        return found

    def _eval(self, node: ast.expr, env: Env) -> Type:
        match node:
            case ast.Constant(value=value):
                return _CONSTANTS.get(type(value), PYTHON)
            case ast.Name():
                return self._name(node, env)
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self._expr(left, env), self._expr(right, env)
                return arithmetic(one, other, op)
            case ast.UnaryOp(operand=operand, op=op):
                found = self._expr(operand, env)
                if found.kind == "variable":
                    return tensor(found.dtype)
                return BOOL if isinstance(op, ast.Not) and found.kind not in SYMBOLIC | MAYBE else found
            case ast.BoolOp(values=values):
                parts = [self._expr(value, env) for value in values]
                return (
                    TENSOR if any(p.kind in SYMBOLIC for p in parts) else UNKNOWN if len(set(parts)) > 1 else parts[0]
                )
            case ast.Compare(left=left, ops=ops, comparators=others):
                parts = [self._expr(part, env) for part in [left, *others]]
                return compared(parts, ops)
            case ast.Call():
                return self._call(node, env)
            case ast.Attribute(value=owner, attr=name):
                return self._attribute(node, self._expr(owner, env), name)
            case ast.Subscript(value=owner, slice=index):
                inside, at = self._expr(owner, env), self._expr(index, env)
                return subscript(inside, at, isinstance(index, ast.Slice))
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return Type(type(node).__name__.lower(), self._joined([self._expr(part, env) for part in parts]))
            case ast.Dict(keys=keys, values=values):
                for key in keys:
                    if key is not None:
                        self._expr(key, env)
                return Type("dict", self._joined([self._expr(value, env) for value in values]))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, env)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._expr(test, env)
                return join(self._expr(body, env), self._expr(orelse, env))
            case ast.NamedExpr(target=target, value=value):
                found = self._expr(value, env)
                self._store(target, value, found, env)
                return found
            case ast.JoinedStr():
                self._children(node, env)
                return STRING
            case ast.Lambda():
                for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
                    self._expr(default, env)
                return CALLABLE
            case ast.Starred(value=inner):
                return self._expr(inner, env)
        self._children(node, env)
        return UNKNOWN

    @staticmethod
    def _joined(parts: list[Type]) -> Type | None:
        if not parts:
            return None
        found = parts[0]
        for part in parts[1:]:
            found = join(found, part)
        return found

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, env: Env) -> Type:
        inner = dict(env)
        for part in node.generators:
            found = self._expr(part.iter, inner)
            self._store(part.target, part.iter, self._item_of(part.iter, found), inner, item=True)
            for test in part.ifs:
                self._expr(test, inner)
        if isinstance(node, ast.DictComp):
            self._expr(node.key, inner)
            return Type("dict", self._expr(node.value, inner))
        item = self._expr(node.elt, inner)
        kind = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator"}[type(node)]
        return Type(kind, item)

    def _call(self, node: ast.Call, env: Env) -> Type:
        function = self._expr(node.func, env)
        values = [self._expr(a, env) for a in node.args]
        for keyword in node.keywords:
            self._expr(keyword.value, env)
        symbol = self.view.symbol(node.func)
        if symbol.startswith("tf."):
            return self._of_tensorflow(node, symbol, values)
        path = self.view.path(node.func)
        if path.startswith("builtins."):
            return self._of_builtin(path.removeprefix("builtins."), values)
        if path.startswith("numpy."):
            return ARRAY
        if path.startswith(("math.", "os.", "random.", "time.")):
            return PYTHON
        if path.startswith(("itertools.", "collections.")):
            return _OF_LIBRARY.get(path, GENERATOR if path.startswith("itertools.") else UNKNOWN)
        if isinstance(node.func, ast.Attribute):
            method = self._method(self._types.get(id(node.func.value), UNKNOWN), node.func.attr, node)
            if method is not None:
                return method
        if function == LAYER or self._is_layer(node.func):
            return TENSOR if values and values[0].kind in SYMBOLIC else NEST
        if path:
            return UNKNOWN
        targets = [t for t in self.view.called(node.func) if isinstance(t, Function)]
        return self._returned(targets[0]) if len(targets) == 1 else UNKNOWN

    def _is_layer(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Attribute | ast.Name | ast.Call) and self.view.kinds.is_a(node, "Layer")

    def _returned(self, function: Function) -> Type:
        """What a function of this file returns."""
        if id(function) not in self._returns:
            self._returns[id(function)] = UNKNOWN
            own = self.view.own(function)
            if not any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own):
                values = [n.value for n in own if isinstance(n, ast.Return)]
                found = self._joined([self.of(v) if v is not None else NONE for v in values]) or NONE
                context = self.traced.contexts.get(id(function))
                if context is not None and context.root is function and context.why == "function":
                    found = TENSOR if found.kind in ("python", "variable", "likely") and found != NONE else found
                self._returns[id(function)] = found
            else:
                self._returns[id(function)] = GENERATOR
        return self._returns[id(function)]

    def _of_tensorflow(self, node: ast.Call, symbol: str, values: list[Type]) -> Type:
        kind = self.view.kinds.of(node)
        if kind in ("Layer", "Model", "Sequential", "RNN"):
            return LAYER
        if kind == "Optimizer":
            return OPTIMIZER
        if kind == "KerasTensor" or (values and values[0].kind == "symbolic"):
            return Type("symbolic")
        found = result_of(symbol)
        if symbol in DTYPE_ARGUMENT and found.kind in SYMBOLIC:
            place, usual = DTYPE_ARGUMENT[symbol]
            where = next((k.value for k in node.keywords if k.arg == "dtype"), None)
            if where is None and place < len(node.args):
                where = node.args[place]
            dtype = self._dtype(where) if where is not None else usual
            if where is None and not usual and node.args:
                dtype = dtype_of_value(node.args[0], values[0])
            return Type(found.kind, None, dtype.strip("?"))
        if symbol in SAME_DTYPE and values:
            return tensor(values[0].dtype if values[0].kind in SYMBOLIC else "")
        return found

    def _dtype(self, node: ast.expr) -> str:
        """A dtype by its name; "" where the program does not say it plainly."""
        text = literal(node)
        if isinstance(text, str):
            return text
        symbol = self.view.symbol(node) or self.view.path(node)
        name = symbol.rpartition(".")[2]
        known = name[-1:].isdigit() or name in ("bool", "string")
        return name if known and symbol.startswith(("tf.", "numpy.")) else ""

    def _of_builtin(self, name: str, values: list[Type]) -> Type:
        first = values[0] if values else UNKNOWN
        if name in ("int", "float", "len", "abs", "round", "pow", "sum", "max", "min") and any(
            value.kind in SYMBOLIC | MAYBE for value in values
        ):
            return first if first.kind in SYMBOLIC | MAYBE else TENSOR
        if name in ("max", "min", "sum", "abs", "round", "pow"):
            kinds = {value.kind for value in values}
            if name == "sum" and first.item is not None and first.item.kind in SYMBOLIC | MAYBE:
                return first.item
            return PYTHON if kinds <= {"python"} else UNKNOWN
        if name == "range":
            return Type("range", TENSOR if any(v.kind in SYMBOLIC for v in values) else INT)
        if name in ("list", "tuple", "set", "sorted", "reversed"):
            return Type("list" if name in ("sorted", "reversed") else name, first.item)
        if name == "iter":
            return (
                Type("generator", first.item) if first.kind in ("array", "range", "generator", *CONTAINERS) else UNKNOWN
            )
        if name == "dict":
            return Type("dict", first.item)
        if name in ("zip", "map", "filter", "enumerate"):
            return Type("zip")
        return _BUILTINS.get(name, UNKNOWN)

    def _attribute(self, node: ast.Attribute, owner: Type, name: str) -> Type:
        symbol = self.view.symbol(node)
        if symbol.startswith("tf."):
            last = symbol.rpartition(".")[2]
            return DTYPE if last[-1:].isdigit() or last in ("bool", "string") else UNKNOWN
        kind = owner.kind
        if kind in SYMBOLIC | MAYBE | {"array", "symbolic"}:
            if name == "shape":
                return SHAPE
            if name == "dtype":
                return DTYPE
            if name == "T":
                return owner
            return UNKNOWN
        cls = self.view.kinds.method_class(node.value) if kind == "self" else None
        if kind == "unknown" and isinstance(node.value, ast.Name) and not self.view.path(node.value):
            cls = self.view.made(node.value)
        return self._own_attribute(node, cls, name) if cls is not None else UNKNOWN

    def _own_attribute(self, node: ast.Attribute, cls: ast.ClassDef, name: str) -> Type:
        key = (id(cls), "." + name)
        if key not in self._outer:
            self._outer[key] = UNKNOWN
            bindings = self.view.attribute(cls, name)
            if self.view.kinds.is_a(node, "Layer"):
                self._outer[key] = LAYER
            elif bindings:
                self._outer[key] = self._joined([self._bound(b) for b in bindings]) or UNKNOWN
        return self._outer[key]

    def _method(self, owner: Type, name: str, node: ast.Call) -> Type | None:
        """What a method of a known kind of object returns."""
        kind = owner.kind
        if kind in SYMBOLIC | MAYBE:
            if name in ("numpy", "item", "tolist"):
                return ARRAY
            if name in ("get_shape", "shape"):
                return SHAPE
            if name in ("read_value", "value", "assign", "assign_add", "assign_sub") and kind == "variable":
                return tensor(owner.dtype)
            return UNKNOWN if kind != "tensor" else None
        if kind == "array":
            return ARRAY
        if kind == "tensorarray":
            return TENSOR_ARRAY if name in ("write", "scatter", "unstack", "split") else TENSOR
        if kind == "dataset":
            return owner
        if kind == "shape":
            return Type("list", DIMENSION) if name == "as_list" else SHAPE
        if kind == "tape" and name in ("gradient", "jacobian", "batch_jacobian"):
            return Type("gradients")
        if kind == "self" and name == "add_weight":
            return VARIABLE
        if kind in CONTAINERS and name in ("pop", "get", "popleft"):
            return owner.item or UNKNOWN
        if kind == "python" and owner.dtype == "string":
            return STRING
        return None


def _merge(env: Env, other: Env) -> None:
    """Join what another way through the program leaves into an environment."""
    for name, found in other.items():
        env[name] = join(env[name], found) if name in env else found


@lru_cache(maxsize=1)  # every group of rules asks it of the same program
def flow_of(program: Program, told: tuple[str, ...] = ()) -> Flow:
    """The types of a program's expressions."""
    return Flow(view_of(program), traced_of(program, told))
