"""Expressions followed: what each is, by its kind."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from tf2migrate.lift import (
    builders,
    cell_calls,
    cell_kinds,
    cell_paths,
    cells,
    chosen_functions,
    chosen_optimizers,
    classes,
    datasets,
    feed_dicts,
    graph_calls,
    holders,
    kept_fetches,
    keras_layers,
    known_text,
    loose,
    method_calls,
    name_patterns,
    own_cell_classes,
    saved_choices,
    training_branches,
    variable_lists,
)
from tf2migrate.lift.functions import Fields, Function, Method
from tf2migrate.lift.pipelines import Asked
from tf2migrate.lift.values import (
    LOOSE,
    NONE,
    PYTHON,
    STATIC,
    FetchedState,
    Handle,
    Placeholder,
    Python,
    Refused,
    Regularizer,
    State,
    Structure,
    Symbol,
    Symbols,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    join,
    latest,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def _Constant(interpreter: Interpreter, node: ast.Constant) -> Value:
    return NONE if node.value is None else Python(node.value, known=True)


def _Name(interpreter: Interpreter, node: ast.Name) -> Value:
    definitions = interpreter.frame.lookup(node.id)
    if not definitions:
        return PYTHON
    found = tuple(builders.origin(interpreter, definition) for definition in definitions)
    if len(found) == 1 and found != definitions:
        interpreter.aliases[id(node)] = found[0]
    definitions = found
    interpreter.statement.reads.update(definitions)
    interpreter.resolved.setdefault(id(node), set()).update(d.site for d in definitions)
    if (wrapped := cell_paths.merged(interpreter, definitions)) is not None:
        return wrapped
    if (step := training_branches.step(definitions)) is not None:
        return step
    return join([definition.value for definition in definitions], node)


def _Attribute(interpreter: Interpreter, node: ast.Attribute) -> Value:
    with interpreter.apart() as reads:
        base = interpreter.evaluate(node.value)
    if isinstance(base, classes.Instance):  # its own name is no part of the graph
        return classes.attribute(interpreter, base, node)
    interpreter.statement.reads |= reads
    if isinstance(base, classes.Class) and (static := base.static.get(node.attr)) is not None:
        return interpreter.function(static, base.frame)
    if base is LOOSE:
        return LOOSE
    if isinstance(base, chosen_optimizers.ChosenClass):
        return Unknown(f"{node.attr} of a class of optimizers is not followed", node)
    if isinstance(base, FetchedState):
        return cells.fetched_part(interpreter, base, node)
    if isinstance(base, Structure) and base.kind == "fields" and (field := base.get(node.attr)) is not None:
        return field
    if isinstance(base, Python | Structure | Function) and not isinstance(base, State):
        return (
            Method(base, node.attr, node)
            if isinstance(base, Structure) or (base is PYTHON and node.attr == "add_summary")
            else (STATIC if base.time >= Time.STAGED else PYTHON)
        )
    return graph_calls.attribute(interpreter, base, node)


def _Subscript(interpreter: Interpreter, node: ast.Subscript) -> Value:
    base = interpreter.evaluate(node.value)
    if isinstance(base, Structure) and base.kind == "dict":
        with interpreter.apart():
            key = interpreter.evaluate(node.slice)
        if isinstance(node.ctx, ast.Del) and feed_dicts.by_name(base):
            raise Refused("TFM904", node, "a dict of feeds loses a key", feed_dicts.ADVICE)
        if isinstance(key, Placeholder | Tensor | Variable):
            return feed_dicts.read(interpreter, base, key, node.slice)
    key = interpreter.evaluate(node.slice)
    if isinstance(base, Structure):
        literal = key.literal if isinstance(key, Python) and key.known else None
        if (
            isinstance(node.slice, ast.UnaryOp)
            and isinstance(node.slice.op, ast.USub)
            and isinstance(node.slice.operand, ast.Constant)
        ):
            literal = -node.slice.operand.value  # type: ignore[operator]
        if isinstance(node.slice, ast.Slice):
            return Structure(base.kind, (), node, rest=interpreter.element(base, node))
        if isinstance(literal, int) and literal < 0 and base.rest is None:
            literal += len(base.items)
        found = base.get(literal) if literal is not None else None
        if found is not None:
            if isinstance(base, builders.Graph):
                builders.ask(interpreter, node, base, literal, found)
            return found
        every = [v for _, v, _ in base.items] + ([base.rest] if base.rest else [])
        return join(every, node) if every else PYTHON
    if isinstance(base, FetchedState):
        return interpreter.element(base, node)
    return LOOSE if base is LOOSE else interpreter.operation([base, key], node)


def _Tuple(interpreter: Interpreter, node: ast.Tuple) -> Value:
    return _sequence(interpreter, "tuple", node)


def _List(interpreter: Interpreter, node: ast.List) -> Value:
    return _sequence(interpreter, "list", node)


def _sequence(interpreter: Interpreter, kind: str, node: ast.Tuple | ast.List) -> Value:
    items: list[tuple[object, Value, ast.expr | None]] = []
    for index, element in enumerate(node.elts):
        if isinstance(element, ast.Starred):
            inner = interpreter.evaluate(element.value)
            return Structure(kind, tuple(items), node, rest=interpreter.element(inner, node))
        items.append((index, interpreter.evaluate(element), element))
        kept_fetches.note(interpreter, items[-1][1], element)
    return Structure(kind, tuple(items), node)


def _Dict(interpreter: Interpreter, node: ast.Dict) -> Value:
    if (averaged := saved_choices.of_averages(interpreter, node)) is not None:
        return averaged
    items: list[tuple[object, Value, ast.expr | None]] = []
    rest: Value | None = None
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = interpreter.evaluate(value_node)
        kept_fetches.note(interpreter, value, value_node)
        if key_node is None:
            if isinstance(value, Structure) and value.kind == "dict" and value.rest is None and not value.optional:
                again = {key for key, _, _ in value.items}
                items = [*(i for i in items if i[0] not in again), *((key, held, None) for key, held, _ in value.items)]
            else:
                rest = interpreter.element(value, node)
            continue
        with interpreter.apart() as reads:
            key = interpreter.evaluate(key_node)
        if isinstance(key, Placeholder | Tensor | Variable | Unknown):
            before = interpreter.rewrites.get(id(key_node))
            if isinstance(before, tuple) and isinstance(key, Placeholder) and before != ("key", key):
                key = Unknown("a function puts a dict together for different placeholders", key_node)
            interpreter.rewrites[id(key_node)] = ("key", key)
            items.append((key, value, value_node))
        else:
            interpreter.statement.reads |= reads
            if isinstance(key, Python) and key.known:
                items.append((key.literal, value, value_node))
            else:
                rest = join([v for v in (rest, value) if v], node)
    return Structure("dict", tuple(items), node, rest)


def _comprehension(interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    if isinstance(node, ast.ListComp) and (chosen := variable_lists.filtered(interpreter, node)) is not None:
        return chosen
    if (misnamed := variable_lists.misnamed(interpreter, node)) is not None:
        return misnamed

    def produce() -> Value:
        return interpreter.evaluate(node.elt)

    value = _generators(interpreter, node.generators, produce)
    if (made := holders.of_comprehension(interpreter, node, value)) is not None:
        return made
    return Structure("list", (), node, rest=value)


def _DictComp(interpreter: Interpreter, node: ast.DictComp) -> Value:
    if (fed := feed_dicts.zipped(interpreter, node)) is not None:
        return fed
    if (chosen := saved_choices.by_names(interpreter, node)) is not None:
        return chosen

    def produce() -> Value:
        interpreter.evaluate(node.key)
        return interpreter.evaluate(node.value)

    return Structure("dict", (), node, rest=_generators(interpreter, node.generators, produce))


def _generators(interpreter: Interpreter, generators: list[ast.comprehension], produce: Callable[[], Value]) -> Value:
    before = dict(interpreter.frame.env)
    written = list(interpreter.statement.writes)
    for generator in generators:
        interpreter.assign(
            generator.target, interpreter.element(interpreter.evaluate(generator.iter), generator.target)
        )
        for test in generator.ifs:
            interpreter.evaluate(test)
    interpreter.comprehensions += 1
    value = produce()
    interpreter.comprehensions -= 1
    local = set(interpreter.statement.writes) - set(written)
    interpreter.statement.reads -= local
    interpreter.statement.writes[:] = written
    interpreter.frame.env = before
    return value


def _Lambda(interpreter: Interpreter, node: ast.Lambda) -> Value:
    return Function(node, interpreter.frame)


def _IfExp(interpreter: Interpreter, node: ast.IfExp) -> Value:
    test = interpreter.evaluate(node.test)
    before = len(interpreter.statement.made)
    values = [interpreter.evaluate(node.body), interpreter.evaluate(node.orelse)]
    makes = len(interpreter.statement.made) > before
    if isinstance(test, Python) and test.known and not interpreter.frame.unit and not makes:
        return values[0 if test.literal else 1]  # of this call, one side is not reached
    return join(values, node)


def _BoolOp(interpreter: Interpreter, node: ast.BoolOp) -> Value:
    values = [interpreter.evaluate(operand) for operand in node.values]
    for value in values[:-1]:
        if not isinstance(value, Python) or not value.known:
            break
        if bool(value.literal) == isinstance(node.op, ast.Or):  # the rest is not looked at
            return value
    else:
        if isinstance(values[-1], Python):
            return values[-1]
    sessions = [value for value in values if isinstance(value, Handle) and value.role == "session"]
    if sessions and isinstance(node.op, ast.Or) and all(v is NONE or v in sessions for v in values):
        return sessions[-1]  # the one that is given, or that of the `with` around
    return interpreter.operation(values, node)


def _BinOp(interpreter: Interpreter, node: ast.BinOp) -> Value:
    left, right = interpreter.evaluate(node.left), interpreter.evaluate(node.right)
    if (known := known_text.of_operation(node, left, right)) is not None:
        return known
    value = interpreter.operation([left, right], node)
    return (name_patterns.of_operation(interpreter, node, left, right) if value is PYTHON else None) or value


def _JoinedStr(interpreter: Interpreter, node: ast.JoinedStr) -> Value:
    whole = interpreter.operation([interpreter.evaluate(part) for part in node.values], node)
    if whole is not PYTHON:
        return whole
    return known_text.of_parts(interpreter, node) or name_patterns.of_parts(interpreter, node) or whole


def _UnaryOp(interpreter: Interpreter, node: ast.UnaryOp) -> Value:
    value = interpreter.evaluate(node.operand)
    if isinstance(node.op, ast.Not) and isinstance(value, Python) and value.known:
        return Python(not value.literal, known=True)
    return interpreter.operation([value], node)


def _Compare(interpreter: Interpreter, node: ast.Compare) -> Value:
    with interpreter.apart() as reads:
        first = interpreter.evaluate(node.left)
    operands = [first, *[interpreter.evaluate(c) for c in node.comparators]]
    if (sought := feed_dicts.sought(interpreter, node, operands)) is not None:
        return sought
    interpreter.statement.reads |= reads
    identity = len(operands) == 2 and isinstance(node.ops[0], ast.Is | ast.IsNot | ast.Eq | ast.NotEq)
    is_none = identity and operands[1] is NONE
    if is_none and (not isinstance(operands[0], Python | Unknown) or getattr(operands[0], "known", False)):
        holds = (operands[0] is NONE) == isinstance(node.ops[0], ast.Is | ast.Eq)
        interpreter.tested_for_none.setdefault(id(node), set()).add((holds, isinstance(operands[0], Handle)))
        return Python(holds, known=True)
    if all(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn | ast.Eq | ast.NotEq) for op in node.ops):
        # TF1 compares tensors by identity: a Python truth, known while the graph is built
        return STATIC if latest(operands) >= Time.STAGED else PYTHON
    return interpreter.operation(operands, node)


def _NamedExpr(interpreter: Interpreter, node: ast.NamedExpr) -> Value:
    value = interpreter.evaluate(node.value)
    interpreter.assign(node.target, value)
    return value


def _Starred(interpreter: Interpreter, node: ast.Starred) -> Value:
    return interpreter.evaluate(node.value)


def call(interpreter: Interpreter, node: ast.Call, hint: str) -> Value:
    if (method := classes.inherited(interpreter, node)) is not None:
        return classes.call(interpreter, method, node, hint)
    if (fed := feed_dicts.zipped(interpreter, node)) is not None:
        return fed
    with interpreter.apart() as reads:
        function = interpreter.evaluate(node.func)
    if isinstance(function, Symbol) and cell_kinds.by_value(interpreter, node, function):
        function = Symbols((function.path,))
    if isinstance(function, Symbol):
        return graph_calls.symbol_call(interpreter, node, function.path, hint)
    if isinstance(function, Method):
        found = method_calls.method_call(interpreter, node, function, hint)
        # what is run is not read by the statement that runs it
        if id(node) not in interpreter.runs and not isinstance(found, Asked):
            interpreter.statement.reads |= reads
        if found is not None:
            return found
    interpreter.statement.reads |= reads
    if isinstance(function, Function):
        return interpreter.call_function(function, node, hint)
    if isinstance(function, chosen_functions.Chosen):
        return function.call(interpreter, node, hint)
    if isinstance(function, Symbols):
        return cell_kinds.call(interpreter, node, function, hint)
    if isinstance(function, cells.Cell | cells.Stacked | cells.Wrapped):
        return cell_calls.call(interpreter, function, node)
    if isinstance(function, keras_layers.Object):
        return keras_layers.call(interpreter, function, node)
    if isinstance(function, own_cell_classes.CellClass):
        return own_cell_classes.instantiate(interpreter, function, node, hint)
    if isinstance(function, classes.Class):
        return classes.instantiate(interpreter, function, node)
    if isinstance(function, classes.Instance) and (method := classes.called(interpreter, function)) is not None:
        return classes.call(interpreter, method, node, hint)
    if isinstance(function, classes.Bound):
        return classes.call(interpreter, function, node, hint)
    arguments = interpreter.arguments(node)
    arguments += [_called_back(interpreter, f, function, arguments) for f in arguments if isinstance(f, Function)]
    return _foreign(interpreter, node, function, arguments)


def _called_back(interpreter: Interpreter, given: Function, caller: Value, arguments: list[Value]) -> Value:
    """What a function gives when another calls it, such as `map`: with data where that has nothing but data."""
    symbols = (interpreter.names.symbol(n) for n in ast.walk(given.node) if isinstance(n, ast.Name | ast.Attribute))
    of_tensorflow = any(symbol is not None and symbol.startswith("tf") for symbol in symbols)
    data = all(isinstance(leaf, Python | Function) for value in [caller, *arguments] for leaf in leaves(value))
    if of_tensorflow or not data or latest([caller, *arguments]) >= Time.STAGED:
        return interpreter.passed(given)
    return interpreter.called_with_data(given)


def _foreign(interpreter: Interpreter, node: ast.Call, function: Value, arguments: list[Value]) -> Value:
    """A call of something that is neither TensorFlow's nor the program's own."""
    name = ast.unparse(node.func)
    if name == "dict" and not node.args and all(k.arg for k in node.keywords):
        pairs = zip(node.keywords, arguments, strict=False)  # behind them may be what a function was passed
        return Structure("dict", tuple((k.arg, value, k.value) for k, value in pairs), node)
    if name.endswith("namedtuple") and (fields := Fields.of(node)) is not None:
        return fields
    if isinstance(function, Fields) and len(arguments) == len(function.names):
        return function.filled(node, arguments)
    if (fed := feed_dicts.copied(interpreter, node, arguments)) is not None:
        return fed
    if isinstance(function, Regularizer):
        return Tensor(Time.STAGED, node)
    if function is NONE and latest(arguments) >= Time.MADE:  # on a path that is not reached without a regularizer, say
        return Tensor(Time.STAGED, node)
    of_graph = latest(arguments) >= Time.STAGED or any(map(loose.has_variables, arguments[:1]))
    if name == "sum" and arguments and of_graph:  # it adds tensors as it adds numbers
        return interpreter.operation([interpreter.element(arguments[0], node), *arguments[1:]], node)
    if name == "print":
        interpreter.printed[id(node)] = arguments
    if function is PYTHON and (iterator := datasets.of_another_module(interpreter, node)) is not None:
        return iterator
    if name in _SEQUENCES and arguments:
        return _SEQUENCES[name](interpreter, node, arguments)
    if name == "isinstance" and len(arguments) == 2 and type(arguments[0]) is Structure:
        asked = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        if arguments[0].kind in [ast.unparse(kind) for kind in asked]:  # a list of the program's own, or of outputs
            return Python(True, known=True)
    if function.time >= Time.STAGED or latest(arguments) >= Time.STAGED:
        for value in [function, *arguments]:
            for leaf in leaves(value):
                if isinstance(leaf, Unknown):
                    return leaf
        if name in _STATIC:
            return STATIC
        if name == "print":
            return NONE
        if all(isinstance(leaf, Python | Function) for v in arguments for leaf in leaves(v)):
            return STATIC
        return Unknown(f"a tensor is passed to {name}, which the analysis cannot look into", node)
    if isinstance(function, Unknown):
        return function
    return loose.called(interpreter, node, arguments) or (LOOSE if function is LOOSE else PYTHON)


def _as_list(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    first = arguments[0]
    if isinstance(first, Structure) and first.kind != "dict":
        return Structure("tuple" if ast.unparse(node.func) == "tuple" else "list", first.items, node, first.rest)
    return Structure("list", (), node, rest=interpreter.element(first, node))


def _copied(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    first = arguments[0]
    if isinstance(first, Structure) and first.kind in ("list", "tuple"):
        return Structure(first.kind, first.items, node, first.rest)
    return Unknown("something of the graph is copied", node) if first.time >= Time.STAGED else PYTHON


def _zipped(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    elements = [interpreter.element(a, node) for a in arguments]
    return Structure(
        "list", (), node, rest=Structure("tuple", tuple((i, v, None) for i, v in enumerate(elements)), node)
    )


def _enumerated(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    element = interpreter.element(arguments[0], node)
    return Structure("list", (), node, rest=Structure("tuple", ((0, PYTHON, None), (1, element, None)), node))


_SEQUENCES: dict[str, Callable[[Interpreter, ast.Call, list[Value]], Value]] = {
    "list": _as_list,
    "tuple": _as_list,
    "reversed": _as_list,
    "sorted": _as_list,
    "copy.copy": _copied,
    "zip": _zipped,
    "enumerate": _enumerated,
}


_STATIC = {
    "len",
    "int",
    "float",
    "str",
    "isinstance",
    "type",
    "id",
    "repr",
    "bool",
    "range",
    "hasattr",
    "np.prod",
    "numpy.prod",
}


#: What follows an expression of each kind.
KINDS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _Constant,
    ast.Name: _Name,
    ast.Attribute: _Attribute,
    ast.Subscript: _Subscript,
    ast.Tuple: _Tuple,
    ast.List: _List,
    ast.Dict: _Dict,
    ast.DictComp: _DictComp,
    ast.Lambda: _Lambda,
    ast.IfExp: _IfExp,
    ast.BoolOp: _BoolOp,
    ast.BinOp: _BinOp,
    ast.JoinedStr: _JoinedStr,
    ast.UnaryOp: _UnaryOp,
    ast.Compare: _Compare,
    ast.NamedExpr: _NamedExpr,
    ast.Starred: _Starred,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), _comprehension),
}
