"""What estimators are fed: functions of TensorFlow's and of the program's own, as data sets."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Span

_SIZES = ("batch_size", "num_epochs", "shuffle", "queue_capacity", "num_threads")
_PARAMETERS = {
    "tf.estimator.inputs.numpy_input_fn": ("x", "y", *_SIZES),
    "tf.contrib.learn.io.numpy_input_fn": ("x", "y", *_SIZES),
    "tf.estimator.inputs.pandas_input_fn": ("x", "y", *_SIZES, "target_column"),
    "tf.contrib.learn.io.pandas_input_fn": ("x", "y", *_SIZES, "target_column"),
}
_ADVICE = "Write the input as a function that returns a tf.data.Dataset of (features, labels)."
#: What makes layers, whose weights are in single precision; and what says of data that it is no double precision.
_LAYERS = ("tf.layers", "contrib.layers", "slim.", "tf.keras.layers")
_TYPES = ("float32", "astype", "mnist", "int32", "int64", "uint8", "randint", "argmax")
_CONSTANTS = {"tf.constant", "tf.convert_to_tensor", "tf.cast", "tf.reshape", "tf.expand_dims"}
_DRAWN = "get_next"
_ITERATORS = ("make_one_shot_iterator", "make_initializable_iterator")


@dataclass(frozen=True)
class Data:
    """A data set where the program had an input function: its text, and whether its elements have labels, if known."""

    text: str
    labeled: bool | None


class Inputs:
    """The input functions of a program."""

    def __init__(self, program: Program, tf: str) -> None:
        self.program, self.names = program, program.names
        every = [n for n in walk(program.tree) if isinstance(n, ast.FunctionDef)]
        self.functions = {f.name: f for f in every if sum(f.name == other.name for other in every) == 1}
        self.assigned: dict[str, list[ast.expr]] = {}
        self.unpacked: dict[str, list[ast.expr]] = {}
        for node in program.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.assigned.setdefault(target.id, []).append(node.value)
                    elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        for inner, value in zip(target.elts, node.value.elts, strict=False):
                            self.unpacked.setdefault(ast.unparse(inner), []).append(value)
        self.parameters = {n.arg for n in program.each(ast.arg)}
        self.used: set[ast.FunctionDef] = set()  # the program's own that give the elements
        self.edits: list[Edit] = []
        self.shuffled: list[ast.Call] = []
        self.placed: set[int] = set()  # those that are written where they are used
        self.tf = tf

    def made(self, node: ast.expr) -> bool:
        """Whether an expression is a call of one of TensorFlow's makers of input functions."""
        return isinstance(node, ast.Call) and self.names.symbol(node.func) in _PARAMETERS

    def rewrite(self) -> None:
        """Every such call becomes a data set. Raises `Refused`."""
        for node in self.program.nodes:
            if isinstance(node, ast.Call) and self.made(node) and id(node) not in self.placed:
                self.edits.append(Edit(self.program.span(node), self._dataset(node)))

    @staticmethod
    def _arguments(node: ast.Call, symbol: str) -> Mapping[str, ast.expr]:
        """What a function that makes such data is given, by the names of its parameters. Raises `Refused`."""
        try:
            return bind(node, _PARAMETERS[symbol])
        except Unbound as problem:
            raise Refused("TFM901", node, f"the arguments of {symbol} cannot be told: {problem}", _ADVICE) from None

    def _dataset(self, node: ast.Call) -> str:
        symbol = self.names.symbol(node.func) or ""
        bound = self._arguments(node, symbol)
        if "x" not in bound:
            raise Refused("TFM901", node, f"{symbol} without features", _ADVICE)
        self._check_unchanged(node)
        segment = self.program.segment
        x, y = segment(bound["x"]), segment(bound["y"]) if _given(bound.get("y")) else ""
        if "pandas" in symbol:
            x = f"dict({x})"
        steps = [f"{self.tf}.data.Dataset.from_tensor_slices({f'({x}, {y})' if y else x})"]
        shuffle = bound.get("shuffle", ast.Constant("contrib" in symbol))
        if not (isinstance(shuffle, ast.Constant) and not shuffle.value):
            self.shuffled.append(node)
            size = f"len({self._counted(node, bound)})"
            always = isinstance(shuffle, ast.Constant)
            steps.append(f".shuffle({size if always else f'{size} if {segment(shuffle)} else 1'})")
        epochs = bound.get("num_epochs", ast.Constant(1))
        if not (isinstance(epochs, ast.Constant) and epochs.value == 1):
            endless = isinstance(epochs, ast.Constant) and epochs.value is None
            steps.append(f".repeat({'' if endless else segment(epochs)})")
        size = segment(bound["batch_size"]) if "batch_size" in bound else "128"
        steps.append(f".batch({size})")
        if not self._single(bound):
            steps.append(f".map({self.tf}.estimator.single)")
        line = self.program.lines[node.lineno - 1]
        if len(line[: node.col_offset]) + len("".join(steps)) <= 110 and "\n" not in "".join(steps):
            return "".join(steps)
        indent = line[: len(line) - len(line.lstrip())]
        return "(\n" + "".join(f"{indent}    {step}\n" for step in steps) + f"{indent})"

    def _check_unchanged(self, made: ast.Call) -> None:
        """A data set has the arrays as they are when it is made; TensorFlow 1 read them later. Raises `Refused`."""
        names = {n.id for n in ast.walk(made) if isinstance(n, ast.Name)}
        for node in self.program.nodes:
            targets: list[ast.expr] = []
            match node:
                case ast.Assign(targets=given):
                    targets = [t for t in given if isinstance(t, ast.Subscript)]
                case ast.AugAssign(target=target):
                    targets = [target]
                case ast.Call(func=ast.Attribute(value=value, attr="sort" | "fill" | "shuffle"), args=args):
                    targets = [value, *args]
            changed = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            if changed & names and getattr(node, "lineno", 0) > made.lineno:
                what = "an array is changed after an input function was made of it, which reads it only when it is used"
                raise Refused("TFM901", node, what, "Make the data after the change, or change a copy.")

    def _single(self, bound: Mapping[str, ast.expr]) -> bool:
        """Whether data is seen to have no numbers of double precision, or no layers to compute with them."""
        text = self.program.text
        if not any(word in text for word in _LAYERS) or "float64" in text or ".estimator.columns(" in text:
            return True  # what is not cast is what the program says itself, or is cast by the columns
        todo = [bound[name] for name in ("x", "y") if _given(bound.get(name))]
        parts = [value for held in todo for value in (held.values if isinstance(held, ast.Dict) else [held])]
        return all(self._typed(part, 0) for part in parts)

    def _typed(self, node: ast.expr, depth: int) -> bool:
        """Whether the text of data, or of what its names are bound to, tells a type."""
        if any(word in self.program.segment(node) for word in _TYPES):
            return True
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        held = [value for name in names for value in [*self.assigned.get(name, []), *self.unpacked.get(name, [])]]
        values = [v for value in held for v in (value.values if isinstance(value, ast.Dict) else [value])]
        return depth < 4 and bool(values) and all(self._typed(value, depth + 1) for value in values)

    def _counted(self, node: ast.Call, bound: Mapping[str, ast.expr]) -> str:
        """What has as many elements as the data set. Raises `Refused`."""
        counted = bound["y"] if _given(bound.get("y")) else bound["x"]
        if isinstance(counted, ast.Dict) and counted.values:
            counted = counted.values[0]
        while (
            isinstance(counted, ast.Call) and isinstance(counted.func, ast.Attribute) and counted.func.attr == "astype"
        ):
            counted = counted.func.value
        held = self.assigned.get(counted.id, []) if isinstance(counted, ast.Name) else []
        if any(isinstance(value, ast.Dict) for value in held):
            raise Refused("TFM901", node, "how many elements are shuffled is not seen", _ADVICE)
        return self.program.segment(counted)

    def _called(self, node: ast.expr) -> ast.FunctionDef | None:
        """The function of the program that a call calls."""
        function = node.func if isinstance(node, ast.Call) else None
        return self.functions.get(function.id) if isinstance(function, ast.Name) else None

    # -------------------------------------------------------------------- what a call of an estimator is given

    def data(self, node: ast.expr) -> Data:
        """The data set in the place of an input function. Raises `Refused`."""
        segment = self.program.segment
        match node:
            case ast.Call() if self.made(node):
                self.placed.add(id(node))
                return Data(self._dataset(node), self._bound_to(node).labeled)
            case ast.Lambda(args=args, body=body) if not args.args:
                return self.returned(body)
            case ast.Call(func=func, args=[first, *rest], keywords=keywords) if _is_partial(func):
                given = ", ".join([*map(segment, rest), *map(segment, keywords)])
                return Data(f"{segment(first)}({given})", self._of_function(first).labeled)
            case ast.Name(id=name) if name in self.assigned and name not in self.functions:
                kinds = [self._bound_to(value) for value in self.assigned[name]]
                if len({kind.text for kind in kinds}) == 1:
                    labels = {kind.labeled for kind in kinds}
                    text = name if kinds[0].text == "data" else f"{name}()"
                    return Data(text, labels.pop() if len(labels) == 1 else None)
            case ast.Name():
                self._check_parameters(node, self.functions.get(node.id))
                return Data(f"{node.id}()", self._of_function(node).labeled)
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                kind = self._bound_to(node)
                text = segment(node)
                return Data(text if kind.text == "data" else f"{text}()", kind.labeled)
        raise Refused("TFM901", node, "what an estimator is fed is not followed", _ADVICE)

    def _bound_to(self, node: ast.expr) -> Data:
        """What a value is: "data", or a "function" that gives data. Raises `Refused`."""
        if isinstance(node, ast.Call) and self.made(node):
            symbol = self.names.symbol(node.func) or ""
            y = self._arguments(node, symbol).get("y")
            return Data("data", None if isinstance(y, ast.Name) and y.id in self.parameters else _given(y))
        if isinstance(node, ast.Lambda):
            return Data("function", self.returned(node.body).labeled)
        if isinstance(node, ast.Call) and _is_partial(node.func) and node.args:
            return Data("function", self._of_function(node.args[0]).labeled)
        function = self._called(node)
        if function is not None:
            results = [n.value for n in walk(function) if isinstance(n, ast.Return) and n.value is not None]
            inner = {n.name: n for n in function.body if isinstance(n, ast.FunctionDef)}
            names = [r.id for r in results if isinstance(r, ast.Name)]
            closures = [inner[name] for name in names if name in inner]
            if closures:
                self._check_parameters(node, closures[0])
                return Data("function", self._elements(closures[0]))
            own = [r for r in results if not any(r in set(ast.walk(f)) for f in inner.values())]
            kinds = [self._bound_to(result) for result in own]
            if len({kind.text for kind in kinds}) == 1:
                labeled = {kind.labeled for kind in kinds}
                return Data(kinds[0].text, labeled.pop() if len(labeled) == 1 else None)
        raise Refused("TFM901", node, "what an estimator is fed is not followed", _ADVICE)

    @staticmethod
    def _check_parameters(node: ast.expr, function: ast.FunctionDef | None) -> None:
        """An input function must need nothing; an estimator gave it what it asked for by name. Raises `Refused`."""
        spec = function.args if function is not None else None
        if spec is None:
            return
        names = [a.arg for a in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]
        needed = len(spec.posonlyargs) + len(spec.args) > len(spec.defaults) or None in spec.kw_defaults
        if needed or {"mode", "params", "config"} & set(names):
            raise Refused("TFM901", node, "an input function that the estimator gives its settings", _ADVICE)

    def _of_function(self, node: ast.expr) -> Data:
        function = self.functions.get(node.id) if isinstance(node, ast.Name) else None
        if function is None:
            raise Refused("TFM901", node, "what an estimator is fed is not followed", _ADVICE)
        return Data(function.name, self._elements(function))

    def returned(self, node: ast.expr) -> Data:
        """The data set that an expression gives in an input function. Raises `Refused`."""
        function = self._called(node)
        if function is not None:
            return Data(self.program.segment(node), self._elements(function))
        if self._is_dataset(node, None):
            return Data(self.program.segment(node), None)
        raise Refused("TFM901", node, "what an estimator is fed is not followed", _ADVICE)

    def _elements(self, function: ast.FunctionDef) -> bool | None:
        """A function of the program that gives elements is made one that returns their data set. Raises `Refused`."""
        if function in self.used:
            return None
        self.used.add(function)
        nested = {
            n
            for f in walk(function)
            if isinstance(f, ast.FunctionDef | ast.Lambda) and f is not function
            for n in ast.walk(f)
        }
        results = [n for n in walk(function) if isinstance(n, ast.Return) and n not in nested]
        if not results:
            raise Refused("TFM901", function, f"{function.name} returns no data", _ADVICE)
        for result in results:
            if result.value is None:
                raise Refused("TFM901", result, f"{function.name} returns no data", _ADVICE)
            if not self._is_dataset(result.value, function):
                self._drawn(function, result, result.value)
        return None

    def _is_dataset(self, node: ast.expr, function: ast.FunctionDef | None) -> bool:
        """Whether an expression is a data set: one of `tf.data`, of its methods, or of a function of the program."""
        match node:
            case ast.Call(func=func) if (self.names.symbol(func) or "").startswith(("tf.data.", "tf.contrib.data.")):
                return "terator" not in (self.names.symbol(func) or "")
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr not in (_DRAWN, *_ITERATORS):
                return self._is_dataset(value, function)
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                self._elements(self.functions[name])
                return True
            case ast.IfExp(body=one, orelse=other):
                return self._is_dataset(one, function) and self._is_dataset(other, function)
            case ast.Name(id=name) if function is not None:
                bound = [
                    n.value
                    for n in walk(function)
                    if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in n.targets)
                ]
                begins = [v for v in bound if not _mentions(v, name)]
                return bool(begins) and all(self._is_dataset(v, function) for v in begins)
        return False

    def _fixed(self, function: ast.FunctionDef) -> bool:
        """Whether a function gives the same constants each time: all that TensorFlow does in it is to make them."""
        used = {self.names.symbol(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
        return {symbol for symbol in used if symbol is not None} <= _CONSTANTS

    def _drawn(self, function: ast.FunctionDef, result: ast.Return, node: ast.expr) -> None:
        """`return data.make_one_shot_iterator().get_next()`, in one statement or in several. Raises `Refused`."""
        gone: list[ast.stmt] = []
        span = self.program.span

        def follow(value: ast.expr) -> ast.expr | None:
            """The data set whose element a value is."""
            match value:
                case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr == _DRAWN or attr in _ITERATORS:
                    return follow(inner) if attr == _DRAWN else inner
                case ast.Call(func=func, args=[inner]) if (self.names.symbol(func) or "").endswith(_ITERATORS):
                    return inner
                case ast.Name(id=name):
                    return bound_to(name)
                case ast.Tuple(elts=elements) if all(isinstance(e, ast.Name) for e in elements):
                    names = [e.id for e in elements if isinstance(e, ast.Name)]
                    for statement in function.body:
                        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                        if isinstance(target, ast.Tuple) and [ast.unparse(t) for t in target.elts] == names:
                            assert isinstance(statement, ast.Assign)
                            gone.append(statement)
                            return follow(statement.value)
            return None

        def bound_to(name: str) -> ast.expr | None:
            bound = [s for s in walk(function) if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == name]
            if len(bound) != 1 or bound[0] not in function.body:
                return None
            if isinstance(bound[0].value, ast.Call) and follow(bound[0].value) is not None:
                gone.append(bound[0])
                return follow(bound[0].value)
            return None

        data = follow(node)
        if data is None and isinstance(node, ast.Tuple) and len(node.elts) == 2 and self._fixed(function):
            features, labels = (self.program.segment(e) for e in node.elts)
            text = f"{self.tf}.data.Dataset.from_tensors(({features}, {labels})).repeat()"
            if not self._single({"x": node.elts[0], "y": node.elts[1]}):
                text += f".map({self.tf}.estimator.single)"
            self.edits.append(Edit(span(node), text))
            return
        if data is None or not self._is_dataset(data, function):
            what = f"{function.name} returns something else than a data set or its elements"
            raise Refused("TFM901", result, what, _ADVICE)
        for statement in gone:
            first = self.program.offset(statement.lineno, 0)
            last = self.program.offset((statement.end_lineno or statement.lineno) + 1, 0)
            self.edits.append(Edit(Span(first, last), ""))
        self.edits.append(Edit(span(node), self.program.segment(data)))


def _mentions(node: ast.expr, name: str) -> bool:
    """Whether an expression is a chain of methods that begins at a name."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id == name


def _is_partial(func: ast.expr) -> bool:
    return ast.unparse(func) in ("functools.partial", "partial")


def _given(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and node.value is None)
