"""Which expressions are plainly of a float type, and which are whole numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from weakref import WeakKeyDictionary

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk


class Number(Enum):
    """What kind of number an expression is."""

    FLOAT = "a float, or a tensor of floats"
    WHOLE = "a tensor of whole numbers"
    LITERAL = "a whole number of Python's, which takes the type of what it meets"


def _names(prefix: str, text: str) -> frozenset[str]:
    return frozenset(f"{prefix}{name}" for name in text.split())


#: Functions whose result is a float, whatever they are given.
_FLOAT = (
    _names("tf.", "exp log log1p sqrt rsqrt sigmoid tanh sin cos to_float to_double divide truediv random_normal norm")
    | _names("tf.", "truncated_normal erf sinh cosh matrix_inverse cholesky")
    | _names("tf.math.", "exp log log1p sqrt rsqrt sigmoid tanh sin cos erf")
    | _names("tf.random.", "normal truncated_normal")
    | _names(
        "tf.nn.", "softmax log_softmax sigmoid tanh l2_loss softplus elu selu conv2d conv1d conv3d conv2d_transpose"
    )
    | _names(
        "tf.nn.", "softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits l2_normalize dropout"
    )
    | _names(
        "tf.nn.",
        "softmax_cross_entropy_with_logits_v2 sigmoid_cross_entropy_with_logits batch_normalization dropout",
    )
    | _names("tf.layers.", "dense conv1d conv2d conv3d conv2d_transpose dropout batch_normalization")
    | {"tf.losses.mean_squared_error", "tf.losses.softmax_cross_entropy", "tf.losses.sparse_softmax_cross_entropy"}
)

#: Functions whose result is a tensor of whole numbers.
_WHOLE = frozenset(
    {"tf.argmax", "tf.argmin", "tf.arg_max", "tf.arg_min", "tf.to_int32", "tf.to_int64", "tf.count_nonzero"}
    | {"tf.math.argmax", "tf.math.argmin", "tf.shape", "tf.size", "tf.rank"}
)

#: Functions whose result is of the type of their first argument.
_SAME = (
    _names("tf.", "abs square pow negative neg sign floor ceil round reduce_sum reduce_mean reduce_max reduce_min")
    | _names("tf.", "reduce_prod cumsum reshape transpose squeeze expand_dims add subtract sub multiply mul identity")
    | _names(
        "tf.", "matmul stop_gradient maximum minimum div floordiv mod floormod gather tile slice pad clip_by_value"
    )
    | _names(
        "tf.", "stack reverse diag diag_part matrix_diag_part matrix_transpose trace unstack clip_by_value tensordot"
    )
    | _names("tf.nn.", "relu relu6 leaky_relu bias_add max_pool avg_pool embedding_lookup")
)

#: Those of them whose second argument has the type too.
_TWO = _names("tf.", "add subtract sub multiply mul matmul maximum minimum div floordiv mod floormod pow tensordot")

#: Functions of several results: which of them are of the type of the first argument; the others are whole numbers.
_SEVERAL = {"tf.nn.top_k": (0,), "tf.nn.moments": (0, 1), "tf.unique": (0,)}

#: What makes a tensor: where its type stands among the arguments, and where its value does; a shape alone gives floats.
_TYPED: dict[str, tuple[int, int | None]] = {
    "tf.constant": (1, 0),
    "tf.convert_to_tensor": (1, 0),
    "tf.Variable": (5, 0),
    "tf.fill": (9, 1),
    "tf.zeros": (1, None),
    "tf.ones": (1, None),
    "tf.get_variable": (2, None),
    "tf.TensorSpec": (1, None),
    "tf.placeholder": (0, None),
    "tf.random_uniform": (3, None),
    "tf.random.uniform": (3, None),
}

#: Types of whole numbers begin so.
_INTS = ("tf.int", "tf.uint")

#: How many steps of reasoning a question takes at most: one behind the other, and in all.
_DEPTH = 24
_STEPS = 2000


def number(node: ast.expr, program: Program) -> Number | None:
    """What kind of number an expression is, as far as the text of the program says; None where it does not."""
    return _Reader(program).of(node, _DEPTH)


class _Places:
    """Where a program binds its names and attributes, and calls its functions, in the order of its nodes."""

    def __init__(self, program: Program) -> None:
        self.bound: dict[str, list[ast.AST]] = {}
        self.assigned: dict[str, list[tuple[ast.AST, ast.expr, int | None]]] = {}  # where, what, which part of it
        self.given: dict[str, list[tuple[ast.arg, ast.FunctionDef, int]]] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        self.set: dict[str, list[ast.Attribute]] = {}
        self.values: dict[int, ast.expr] = {}  # of attributes that an assignment sets
        for node in program.nodes:
            for name in _bindings(node):
                self.bound.setdefault(name, []).append(node)
            match node:
                case ast.Assign():
                    self._assign(node)
                case ast.FunctionDef(args=ast.arguments(args=arguments)):
                    for position, argument in enumerate(arguments):
                        self.given.setdefault(argument.arg, []).append((argument, node, position))
                case ast.Call(func=ast.Name(id=name)):
                    self.calls.setdefault(name, []).append(node)
                case ast.Attribute(attr=attribute, ctx=ast.Store() | ast.Del()):
                    self.set.setdefault(attribute, []).append(node)

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            match target:
                case ast.Name(id=name):
                    self.assigned.setdefault(name, []).append((target, node.value, None))
                case ast.Attribute():
                    self.values[id(target)] = node.value
                case ast.Tuple(elts=elements) | ast.List(elts=elements):
                    for position, element in enumerate(elements):
                        if isinstance(element, ast.Name):
                            self.assigned.setdefault(element.id, []).append((element, node.value, position))


#: What is known of a program's places lives as long as the program.
_PLACES: WeakKeyDictionary[Program, _Places] = WeakKeyDictionary()


class _Reader:
    """One question, and those that it leads to; a name that is met again on the way says nothing the second time."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._open: set[str] = set()
        self._left = _STEPS
        if program not in _PLACES:
            _PLACES[program] = _Places(program)
        self._places = _PLACES[program]

    def of(self, node: ast.expr, depth: int) -> Number | None:
        self._left -= 1
        if depth == 0 or self._left < 0:
            return None
        go: Callable[[ast.expr], Number | None] = lambda inner: self.of(inner, depth - 1)  # noqa: E731
        match node:
            case ast.Constant(value=value):
                return {float: Number.FLOAT, int: Number.LITERAL}.get(type(value))
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                kinds = [go(element) for element in elements]
                return Number.FLOAT if Number.FLOAT in kinds else _joined(kinds)
            case ast.UnaryOp(operand=inner, op=ast.USub() | ast.UAdd()) | ast.Subscript(value=inner):
                return go(inner)
            case ast.BinOp(left=left, right=right, op=op):
                return _operation(op, go(left), go(right))
            case ast.Call():
                return self._call(node, depth)
            case ast.Name(id=name):
                return self._all(name, lambda: self._bound(name, depth))
            case ast.Attribute(value=ast.Name(), attr=attribute) if self.program.names.symbol(node) is None:
                return self._all(f".{attribute}", lambda: self._set(attribute, depth))
        return None

    def _call(self, node: ast.Call, depth: int) -> Number | None:
        symbol = self.program.names.symbol(node.func) or ""
        if symbol == "tf.cast":
            to = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "dtype")]
            return self._type(to[0]) if to else None
        if symbol in _TYPED:
            return self._made(node, symbol, depth)
        if symbol in _FLOAT:
            return Number.FLOAT
        if symbol in _WHOLE:
            return Number.WHOLE
        if symbol in _SAME:
            given = [self.of(a, depth - 1) for a in node.args[: 2 if symbol in _TWO else 1]]
            kind = Number.FLOAT if Number.FLOAT in given else _joined(given)
            return Number.WHOLE if kind is Number.LITERAL else kind
        match node.func:
            case ast.Name(id="float"):
                return Number.FLOAT
            case ast.Name(id="int" | "len"):
                return Number.LITERAL
            case ast.Attribute(value=tensor, attr="numpy") if not symbol:
                return self.of(tensor, depth - 1)
            case ast.Name(id=name):
                return self._all(f"{name}()", lambda: self._returned(name, depth))
            case ast.Attribute(value=ast.Name(), attr=name) if not symbol and self._is_method(name):
                return self._all(f"{name}()", lambda: self._returned(name, depth))
        return None

    def _is_method(self, name: str) -> bool:
        """Whether an attribute of this name can only be one method, which is called and nothing else."""
        bound = self._places.bound.get(name, ())
        made = [node for node in bound if isinstance(node, ast.FunctionDef)]
        owner = self.program.parents.get(id(made[0])) if len(made) == len(bound) == 1 else None
        plain = isinstance(owner, ast.ClassDef) and name not in self._places.set
        return plain and all(self._traces(decorator) for decorator in made[0].decorator_list)

    def _traces(self, decorator: ast.expr) -> bool:
        """Whether a decorator is `tf.function`, which leaves arguments and results what they are."""
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return self.program.names.symbol(called) == "tf.function"

    def _callers(self, function: ast.FunctionDef) -> list[ast.Call] | None:
        """Every call of a function or method; None where something else may call it."""
        owner = self.program.parents.get(id(function))
        if isinstance(owner, ast.ClassDef) and function.name != "__init__":
            if not self._is_method(function.name):
                return None
            read = [n for n in self.program.each(ast.Attribute) if n.attr == function.name]
            calls = [self.program.parents.get(id(n)) for n in read]
            found = [c for c, n in zip(calls, read, strict=True) if isinstance(c, ast.Call) and c.func is n]
            return found if len(found) == len(read) else None
        name = owner.name if isinstance(owner, ast.ClassDef) else function.name
        found = self._places.calls.get(name, [])
        alone = len(self._places.bound.get(name, ())) == 1 or not isinstance(owner, ast.ClassDef)
        mentions = [n for n in self.program.names.mentions if n.id == name]
        return found if alone and len(mentions) == len(found) else None

    def _made(self, node: ast.Call, symbol: str, depth: int) -> Number | None:
        """The kind of a tensor: by its type if that is given, else by its value."""
        at, value_at = _TYPED[symbol]
        keywords = {k.arg: k.value for k in node.keywords}
        dtype = node.args[at] if len(node.args) > at else keywords.get("dtype")
        if dtype is not None:
            return self._type(dtype)
        if value_at is None:
            return None if symbol == "tf.get_variable" and "initializer" in keywords else Number.FLOAT
        value = (
            node.args[value_at] if len(node.args) > value_at else keywords.get("value", keywords.get("initial_value"))
        )
        kind = None if value is None else self.of(value, depth - 1)
        return Number.WHOLE if kind is Number.LITERAL else kind

    def _type(self, node: ast.expr) -> Number | None:
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        name = f"tf.{ast.literal_eval(node)}" if text else self.program.names.symbol(node) or ""
        if name.startswith("tf.float"):
            return Number.FLOAT
        return Number.WHOLE if name.startswith(_INTS) else None

    def _all(self, key: str, values: Callable[[], Iterator[Number | None]]) -> Number | None:
        """What all values of a name are."""
        if key in self._open:
            return None
        self._open.add(key)
        try:
            kinds = []
            for kind in values():
                if kind is None:
                    return None  # whatever the others are
                kinds.append(kind)
            return _joined(kinds)
        finally:
            self._open.discard(key)

    def _bound(self, name: str, depth: int) -> Iterator[Number | None]:
        """What each binding of a name makes it, wherever it stands in the program."""
        assigned = {id(target): (value, part) for target, value, part in self._places.assigned.get(name, ())}
        given = {id(argument): (function, at) for argument, function, at in self._places.given.get(name, ())}
        for node in self._places.bound.get(name, ()):
            if id(node) in assigned:
                value, part = assigned[id(node)]
                if part is not None:
                    yield self._item(value, part, depth)
                elif ast.unparse(value) != f"{name}.numpy()":  # what the name is elsewhere
                    yield self.of(value, depth - 1)
            elif id(node) in given:
                function, at = given[id(node)]
                if not self._is_passed_on(function, at, name):  # what the name is elsewhere
                    yield self._given(function, at, depth)
            else:
                yield None

    def _item(self, value: ast.expr, position: int, depth: int) -> Number | None:
        """The kind of one of several results."""
        if isinstance(value, ast.Tuple | ast.List) and position < len(value.elts):
            return self.of(value.elts[position], depth - 1)
        if isinstance(value, ast.Call) and value.args:
            same = _SEVERAL.get(self.program.names.symbol(value.func) or "")
            if same is not None:
                return self.of(value.args[0], depth - 1) if position in same else Number.WHOLE
        return None

    def _given(self, function: ast.FunctionDef, position: int, depth: int) -> Number | None:
        """The kind of a parameter: by the signature of a traced function, else by what every call gives."""
        specs = _signature(function)
        if specs is not None:
            spec = _spec(function, position, specs)
            return self.of(spec, depth - 1) if spec is not None else None
        calls = self._callers(function)
        if calls is None:
            return None
        return _joined([self._argument(call, function, position, depth) for call in calls])

    def _is_passed_on(self, function: ast.FunctionDef, position: int, name: str) -> bool:
        """Whether a parameter is given nothing but what has its own name where it is given."""
        specs = _signature(function)
        if specs is not None:
            given = [_spec(function, position, specs)]
        else:
            given = [self._written(call, function, position) for call in self._callers(function) or ()]
        return bool(given) and all(isinstance(node, ast.Name) and node.id == name for node in given)

    def _argument(self, call: ast.Call, function: ast.FunctionDef, position: int, depth: int) -> Number | None:
        """The kind of what a call gives for a parameter."""
        given = self._written(call, function, position)
        return self.of(given, depth - 1) if given is not None else None

    def _written(self, call: ast.Call, function: ast.FunctionDef, position: int) -> ast.expr | None:
        """What a call gives for a parameter, or its default."""
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            return None
        name = function.args.args[position].arg
        at = position - isinstance(self.program.parents.get(id(function)), ast.ClassDef)  # without the object itself
        given = call.args[at : at + 1] if at >= 0 else []
        given = given or [k.value for k in call.keywords if k.arg == name]
        without = position - len(function.args.args) + len(function.args.defaults)
        if not given and without >= 0:
            given = [function.args.defaults[without]]
        return given[0] if given else None

    def _returned(self, name: str, depth: int) -> Iterator[Number | None]:
        """What each return statement of a function gives; nothing is said of a name that is bound to something else."""
        for function in self._places.bound.get(name, ()):
            returns = [n for n in walk(function) if isinstance(n, ast.Return)]
            yield from (self.of(r.value, depth - 1) if r.value else None for r in returns)
            if not isinstance(function, ast.FunctionDef):
                yield None

    def _set(self, attribute: str, depth: int) -> Iterator[Number | None]:
        """What each assignment to an attribute gives, of whatever object."""
        for target in self._places.set.get(attribute, ()):
            value = self._places.values.get(id(target))
            yield None if value is None else self.of(value, depth - 1)


def _signature(function: ast.FunctionDef) -> list[ast.expr] | None:
    """The specs of the arguments of a traced function, where it has such."""
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "input_signature" and isinstance(keyword.value, ast.List):
                return keyword.value.elts
    return None


def _spec(function: ast.FunctionDef, position: int, specs: list[ast.expr]) -> ast.expr | None:
    """The spec of one parameter; none of a method's first."""
    at = position - (function.args.args[0].arg == "self")
    return specs[at] if 0 <= at < len(specs) else None


def _operation(op: ast.operator, left: Number | None, right: Number | None) -> Number | None:
    if Number.FLOAT in (left, right):
        return Number.FLOAT  # the other is one too, becomes one, or there is an error
    if left is None or right is None or isinstance(op, ast.Pow):
        return None
    if isinstance(op, ast.Div):
        return Number.FLOAT
    return _joined([left, right])


def _joined(kinds: Sequence[Number | None]) -> Number | None:
    """One kind for what may be each of these."""
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    return Number.WHOLE if found == {Number.WHOLE, Number.LITERAL} else None


def _bindings(node: ast.AST) -> Sequence[str]:
    """The names that a node binds."""
    match node:
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return (name,)
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
            return (name,)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return names
    return ()
