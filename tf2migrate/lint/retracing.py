"""TFM331 to TFM339: functions that are traced more often than they should be, or for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import keyword_name, literal, modules, spelled, without
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.remade import made_in_calls
from tf2migrate.lint.types import SYMBOLIC
from tf2migrate.lint.varying_numbers import TRACES, rounds_of, varying
from tf2migrate.lint.view import AnyFunction, parameters
from tf2migrate.model import Edit, Span

VALUES, CREATED, UNROLLED, ARRAY, WRAPPED, EMPTY, EAGERLY, OLD, SHAPES = (f"TFM{n}" for n in range(331, 340))

#: How many rounds of a loop in the graph are worth a word.
_ROUNDS = 50

_DEBUG = "tf.data.experimental.enable_debug_mode"
_SWITCHES = ("tf.config.run_functions_eagerly", "tf.config.experimental_run_functions_eagerly", _DEBUG)

_RENAMED = {"experimental_compile": "jit_compile", "experimental_relax_shapes": "reduce_retracing"}


def retracing(ground: Ground) -> Iterator[Found]:
    """What is said of how often functions are traced."""
    for node in ground.view.kinds.calls:
        symbol = ground.view.symbol(node.func)
        if ground.traced.tracer(node.func) is not None or _is_partial_of_function(ground, node):
            yield from _old(ground, node)
        if symbol == "tf.function":
            yield from _in_loop(ground, node)
            yield from made_in_calls(ground, node, CREATED)
        if symbol in _SWITCHES:
            asked = any(isinstance(above, ast.If) for above in ground.view.above(node))
            on = literal(node.args[0]) is True if node.args else symbol == _DEBUG
            if on and not asked and not _is_test(ground):
                yield _eagerly(node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "compile":
            for keyword in node.keywords:
                on = keyword.arg == "run_eagerly" and literal(keyword.value) is True and not _is_test(ground)
                if on and ground.view.kinds.is_a(node.func.value, "Model"):
                    yield _eagerly(keyword)
        yield from varying(ground, node, VALUES)
        yield from _shapes(ground, node)
    for assigned in ground.program.each(ast.Assign) if "run_eagerly" in ground.program.text else ():
        match assigned:
            case ast.Assign(targets=[ast.Attribute(value=model, attr="run_eagerly")], value=ast.Constant(value=True)):
                asked = any(isinstance(above, ast.If) for above in ground.view.above(assigned))
                if ground.view.kinds.is_a(model, "Model") and not asked and not _is_test(ground):
                    yield _eagerly(assigned)
    for function, context in ground.functions():
        if context.root is function and context.why == "function" and isinstance(function, Function):
            yield from _decorated_in_loop(ground, function)
            if ground.view.function(function) is not None:
                yield from made_in_calls(ground, function, CREATED)
            yield from _empty(ground, function, context.options)
    for place, function, context in ground.traced_nodes():
        if isinstance(place, ast.For) and context.autograph:
            yield from _loop(ground, place, function)


#: What makes an array or tensor of the shape that is its first argument.
_MAKERS = frozenset(
    (
        *("tf.zeros", "tf.ones", "tf.fill", "tf.random.normal", "tf.random.uniform"),
        *("numpy.zeros", "numpy.ones", "numpy.full", "numpy.empty", "numpy.arange", "tf.range"),
    )
)


def _shapes(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """A tf.function that a loop calls with a tensor of another shape in each round."""
    loops = [loop for loop in ground.view.loops(node)[:1] if isinstance(loop, ast.For)]
    if not loops or not isinstance(node.func, ast.Name | ast.Attribute) or ground.traced.of(node) is not None:
        return
    kind = ground.type(loops[0].iter)
    of_numbers = isinstance(loops[0].iter, ast.List | ast.Tuple) and kind.item is not None and kind.item.dtype == "int"
    if not isinstance(loops[0].target, ast.Name) or not (kind.kind == "range" or of_numbers):
        return
    rounds = (
        rounds_of(loops[0].iter) if isinstance(loops[0].iter, ast.Call) else len(getattr(loops[0].iter, "elts", ()))
    )
    if rounds is not None and rounds <= TRACES:
        return
    name = loops[0].target.id
    for target in ground.view.called(node.func):
        context = ground.traced.contexts.get(id(target))
        if context is None or context.root is not target or context.why != "function" or _is_test(ground):
            continue
        if not {"input_signature", "reduce_retracing", "experimental_relax_shapes"}.isdisjoint(context.options):
            continue
        for value in node.args:
            if _sized_by(ground, _made_here(ground, value, loops[0]), name):
                yield Found(
                    SHAPES,
                    value,
                    f"the shape changes with {name}: the function is traced for each",
                    "Give tf.function reduce_retracing=True, or an input_signature with None in the shape.",
                    _relaxed(ground, context.call),
                    safe=False,
                )
                return


def _made_here(ground: Ground, node: ast.expr, loop: ast.AST) -> ast.expr:
    """What a name is bound to, where that is one call in the same loop."""
    made = [b.node for b in ground.view.scopes.bindings(node)] if isinstance(node, ast.Name) else []
    if len(made) == 1 and isinstance(made[0], ast.Call) and ground.view.loops(made[0])[:1] == [loop]:
        return made[0]
    return node


def _sized_by(ground: Ground, node: ast.expr, name: str) -> bool:
    """Whether a number is a size of what an expression makes."""
    if isinstance(node, ast.Call) and ground.symbol(node.func) in _MAKERS and node.args:
        shape = node.args[0]
        sizes = shape.elts if isinstance(shape, ast.List | ast.Tuple) else [shape]
        return any(isinstance(n, ast.Name) and n.id == name for size in sizes for n in walk(size))
    match node:
        case ast.Subscript(value=owner, slice=ast.Slice(lower=lower, upper=ast.Name(id=upper), step=None)):
            from_start = lower is None or literal(lower) == 0
            return from_start and upper == name and ground.kind(owner) in ("tensor", "array", "variable")
    return False


def _relaxed(ground: Ground, decorator: ast.expr | None) -> tuple[Edit, ...]:
    """The decorator with reduce_retracing=True, where it is `@tf.function` and no more."""
    if decorator is None or isinstance(decorator, ast.Call) or ground.view.symbol(decorator) != "tf.function":
        return ()
    end = ground.program.span(decorator).end
    return (Edit(Span(end, end), "(reduce_retracing=True)"),)


def _is_test(ground: Ground) -> bool:
    return "TestCase" in ground.program.text or "pytest" in ground.program.text


def _is_partial_of_function(ground: Ground, node: ast.Call) -> bool:
    return (
        ground.view.path(node.func) == "functools.partial"
        and bool(node.args)
        and ground.view.symbol(node.args[0]) == "tf.function"
    )


def _old(ground: Ground, node: ast.Call) -> Iterator[Found]:
    given = {k.arg for k in node.keywords}
    for keyword in node.keywords:
        new = _RENAMED.get(keyword.arg or "")
        if new is not None:
            edits: tuple[Edit, ...] = (keyword_name(ground.program, keyword, new),) if new not in given else ()
            yield Found(OLD, keyword, f"{keyword.arg} is deprecated", f"Write {new}=.", edits)
        elif keyword.arg == "experimental_follow_type_hints":
            edits = without(ground.program, node, [keyword])
            yield Found(OLD, keyword, f"{keyword.arg} is deprecated, and not looked at", "Leave it out.", edits)


def _eagerly(node: ast.Call | ast.keyword | ast.Assign) -> Found:
    return Found(
        EAGERLY,
        node,
        "every tf.function runs as Python here, slowly: a switch for debugging that was left on",
        "Remove it.",
    )


def _in_loop(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """tf.function of something, made again for each round of a loop, or called where it is made."""
    parent = ground.view.parents.get(id(node))
    if not node.args or ground.traced.of(node) is not None or (isinstance(parent, ast.FunctionDef)):
        return
    kept = any(
        isinstance(above, ast.Dict | ast.List | ast.ListComp | ast.DictComp) for above in ground.view.above(node)
    )
    statement = ground.view.statement(node)
    called = isinstance(parent, ast.Call) and parent.func is node
    if isinstance(statement, ast.Assign) and not called:
        kept = kept or not all(isinstance(target, ast.Name) for target in statement.targets)
    elif not called:
        kept = True
    varies = {
        n.id
        for loop in ground.view.loops(node)[:1]
        if isinstance(loop, ast.For)
        for n in walk(loop.target)
        if isinstance(n, ast.Name)
    }
    uses = {n.id for n in walk(node) if isinstance(n, ast.Name)}
    if (
        ground.view.loops(node)
        and not kept
        and not _is_test(ground)
        and not (varies & uses and isinstance(node.args[0], ast.Name))
    ):
        yield _created(node)
    elif called and ground.view.function(node) is not None and not _is_test(ground):
        function = ground.view.function(node)
        assert function is not None
        calls = ground.flow.calls_of(function)
        yield _created(node, any(ground.view.loops(c) for c in calls))


def _created(node: ast.expr | ast.stmt, sure: bool = True) -> Found:
    return Found(
        CREATED,
        node,
        "each tf.function begins without traces: made again and again, it traces at each call",
        "Make it once, outside of the loop.",
        sure=sure,
    )


def _decorated_in_loop(ground: Ground, function: Function) -> Iterator[Found]:
    if ground.view.loops(function) and not _is_test(ground) and ground.traced.of(function) is None:
        loop = ground.view.loops(function)[0]
        calls = [
            c
            for part in loop.body
            for c in walk(part)
            if isinstance(c, ast.Call) and isinstance(c.func, ast.Name) and c.func.id == function.name
        ]
        if calls and all(ground.view.loops(c)[:1] == [loop] for c in calls):
            yield _created(function)


def _loop(ground: Ground, node: ast.For, function: AnyFunction) -> Iterator[Found]:
    program, iterable = ground.program, node.iter
    if not _computes(ground, node):
        return
    rows = _rows(ground, iterable)
    if isinstance(iterable, ast.Call) and ground.view.path(iterable.func) == "builtins.range":
        rounds = _unrolled(ground, node, iterable)
        if rounds is not None and not _indexes(node):
            new = spelled(program, "tf.range", modules(program))
            edits = (Edit(program.span(iterable.func), new),) if new else ()
            yield Found(
                UNROLLED,
                iterable,
                f"a Python loop is unrolled: {rounds} copies of its body stand in the graph",
                "Loop over tf.range.",
                edits,
                safe=False,
            )
    elif isinstance(rows, ast.Name) and ground.kind(rows) == "array" and ground.is_free(rows, function):
        yield Found(
            ARRAY,
            iterable,
            "a loop over an array is unrolled: one copy of its body for each row",
            "Loop over a tensor or a Dataset.",
        )
    elif _hides_data(ground, iterable):
        yield Found(
            WRAPPED,
            iterable,
            "a generator hides the Dataset from AutoGraph: the loop is unrolled, and has no end",
            "Loop over the Dataset itself.",
        )


def _computes(ground: Ground, node: ast.For) -> bool:
    """Whether the body of a loop adds operations to the graph."""
    for part in (n for statement in node.body for n in walk(statement)):
        if isinstance(part, ast.Call):
            if ground.view.symbol(part.func).startswith("tf.") or ground.view.kinds.is_a(part.func, "Layer"):
                return True
        elif isinstance(part, ast.BinOp) and ground.kind(part) == "tensor":
            return True
    return False


def _rows(ground: Ground, node: ast.expr) -> ast.expr:
    """What a loop goes through, also behind `enumerate`."""
    behind = isinstance(node, ast.Call) and node.args and ground.view.path(node.func) == "builtins.enumerate"
    return node.args[0] if isinstance(node, ast.Call) and behind else node


def _unrolled(ground: Ground, node: ast.For, iterable: ast.Call) -> int | None:
    """How many copies of its body a loop leaves in the graph, with those of a loop inside it, if they are many."""
    rounds = _known_rounds(ground, iterable)
    if rounds is None or rounds >= _ROUNDS:
        return rounds
    inner = [s.iter for s in node.body if isinstance(s, ast.For) and isinstance(s.iter, ast.Call)]
    ranges = [call for call in inner if ground.view.path(call.func) == "builtins.range"]
    known = [n for call in ranges if (n := _known_rounds(ground, call)) is not None and n < _ROUNDS]
    return rounds * max(known, default=0) if rounds * max(known, default=0) >= 2 * _ROUNDS else None


def _known_rounds(ground: Ground, node: ast.Call) -> int | None:
    """How many rounds `range` makes, also of a name or an attribute that is one number."""
    rounds = rounds_of(node)
    if rounds is not None or len(node.args) != 1:
        return rounds
    values: list[ast.AST] = []
    if isinstance(node.args[0], ast.Name):
        values = [b.node for b in ground.view.scopes.bindings(node.args[0])]
    elif isinstance(node.args[0], ast.Attribute):
        cls = ground.view.kinds.method_class(node.args[0].value)
        values = [b.node for b in ground.view.attribute(cls, node.args[0].attr)] if cls is not None else []
    number = literal(values[0]) if len(values) == 1 else None
    return number if isinstance(number, int) else None


def _hides_data(ground: Ground, node: ast.expr) -> bool:
    """Whether a generator of Python's goes through a Dataset."""
    if isinstance(node, ast.GeneratorExp):
        return ground.kind(node.generators[0].iter) == "dataset"
    if not isinstance(node, ast.Call) or ground.kind(node) != "generator" or ground.view.path(node.func):
        return False
    return any(ground.kind(a) == "dataset" or ground.traced.is_dataset(a) for a in node.args)


def _indexes(node: ast.For) -> bool:
    """Whether the number of the round picks something of Python's: a list's item, an attribute's name."""
    inside = [n for statement in node.body for n in walk(statement)]
    calls = [n for n in inside if isinstance(n, ast.Call)]
    return any(isinstance(n, ast.JoinedStr) for n in inside) or any(
        isinstance(n.func, ast.Name) and n.func.id == "getattr" for n in calls
    )


def _empty(ground: Ground, function: Function, options: dict[str, ast.expr]) -> Iterator[Found]:
    """A function without any computation of TensorFlow's."""
    if "input_signature" in options or not function.args.args:
        return
    own = ground.view.own(function)
    body = [s for s in function.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if not body or any(isinstance(s, ast.Raise | ast.Pass) for s in body):
        return
    for node in own:
        inert = ast.BinOp | ast.UnaryOp | ast.Compare | ast.Subscript | ast.Attribute | ast.For | ast.While | ast.With
        if isinstance(node, inert) or (isinstance(node, ast.Call) and ground.view.path(node.func) != "builtins.print"):
            return
        if isinstance(node, ast.Return | ast.FunctionDef) and (isinstance(node, ast.FunctionDef) or node.value is None):
            return
    names = {a.arg for a in parameters(function)}
    if any(ground.kind(n) in SYMBOLIC for n in own) or any(isinstance(n, ast.Name) and n.id in names for n in own):
        return
    yield Found(
        EMPTY,
        function,
        f"{function.name} computes nothing with TensorFlow: tf.function only costs",
        "Leave tf.function out.",
    )
