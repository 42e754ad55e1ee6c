"""TFM331 to TFM339: functions that are traced more often than they should be, or for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import keyword_name, literal, modules, spelled
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.remade import made_in_calls
from tf2migrate.lint.types import SYMBOLIC
from tf2migrate.lint.view import AnyFunction, parameters
from tf2migrate.model import Edit, Span

VALUES, CREATED, UNROLLED, ARRAY, WRAPPED, EMPTY, EAGERLY, OLD, SHAPES = (f"TFM{n}" for n in range(331, 340))

#: How many rounds of a loop are worth a word.
_ROUNDS, _TRACES = 50, 4

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
        if symbol in ("tf.config.run_functions_eagerly", "tf.config.experimental_run_functions_eagerly"):
            asked = any(isinstance(above, ast.If) for above in ground.view.above(node))
            if node.args and literal(node.args[0]) is True and not asked and not _is_test(ground):
                yield _eagerly(node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "compile":
            for keyword in node.keywords:
                on = keyword.arg == "run_eagerly" and literal(keyword.value) is True and not _is_test(ground)
                if on and ground.view.kinds.is_a(node.func.value, "Model"):
                    yield _eagerly(keyword)
        yield from _values(ground, node)
        yield from _shapes(ground, node)
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
    rounds = _rounds(loops[0].iter) if isinstance(loops[0].iter, ast.Call) else len(getattr(loops[0].iter, "elts", ()))
    if rounds is not None and rounds <= _TRACES:
        return
    name = loops[0].target.id
    for target in ground.view.called(node.func):
        context = ground.traced.contexts.get(id(target))
        if context is None or context.root is not target or context.why != "function" or _is_test(ground):
            continue
        if not {"input_signature", "reduce_retracing", "experimental_relax_shapes"}.isdisjoint(context.options):
            continue
        for value in node.args:
            if _sized_by(ground, value, name):
                yield Found(
                    SHAPES,
                    value,
                    f"the shape changes with {name}: the function is traced for each",
                    "Give tf.function reduce_retracing=True, or an input_signature with None in the shape.",
                    _relaxed(ground, context.call),
                    safe=False,
                )
                return


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
            edits = (keyword_name(ground.program, keyword, new),) if new not in given else ()
            yield Found(OLD, keyword, f"{keyword.arg} is deprecated", f"Write {new}=.", edits)


def _eagerly(node: ast.Call | ast.keyword) -> Found:
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
        calls = [c for c in ground.view.kinds.calls if any(t is function for t in ground.view.called(c.func))]
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


def _values(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """A Python number that is another in each round, handed to a tf.function."""
    roots = [
        t for t in ground.view.called(node.func)
        if (c := ground.traced.contexts.get(id(t))) is not None and c.why == "function" and c.root is t
        and "input_signature" not in c.options
    ]  # fmt: skip
    if len(roots) != 1 or ground.traced.of(node) is not None:
        return
    for value in [*node.args, *(k.value for k in node.keywords)]:
        if isinstance(value, ast.Name) and _counts(ground, value):
            program = ground.program
            constant = spelled(program, "tf.constant", modules(program))
            edits = (Edit(program.span(value), f"{constant}({value.id})"),) if constant else ()
            yield Found(
                VALUES,
                value,
                f"{value.id} is another Python number in each round, and the function is traced for each",
                "Hand over a tensor: tf.constant(...), or a loop over tf.range.",
                edits,
                safe=False,
            )


def _counts(ground: Ground, name: ast.Name) -> bool:
    """Whether a name is the number of a loop around it, of more than a few rounds."""
    for loop in ground.view.loops(name):
        if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Call):
            continue
        path = ground.view.path(loop.iter.func)
        target = loop.target
        if path == "builtins.enumerate" and isinstance(target, ast.Tuple) and target.elts:
            target = target.elts[0]
        elif path != "builtins.range":
            continue
        if isinstance(target, ast.Name) and target.id == name.id:
            stores = [n for part in loop.body for n in walk(part) if isinstance(n, ast.Name) and n.id == name.id]
            bound = [n for n in stores if isinstance(n.ctx, ast.Store)]
            few = path == "builtins.range" and _rounds(loop.iter) is not None and (_rounds(loop.iter) or 0) <= _TRACES
            return not bound and not few
    return False


def _rounds(node: ast.Call) -> int | None:
    """How many rounds `range` with plain numbers makes."""
    values = [literal(a) for a in node.args]
    if values and all(isinstance(v, int) for v in values):
        return len(range(*(v for v in values if isinstance(v, int))))
    return None


def _loop(ground: Ground, node: ast.For, function: AnyFunction) -> Iterator[Found]:
    program, iterable = ground.program, node.iter
    computes = any(
        isinstance(n, ast.Call) and ground.view.symbol(n.func).startswith("tf.") for s in node.body for n in walk(s)
    )
    if isinstance(iterable, ast.Call) and ground.view.path(iterable.func) == "builtins.range" and computes:
        rounds = _rounds(iterable)
        if rounds is None and len(iterable.args) == 1 and isinstance(iterable.args[0], ast.Name):
            values = [b.node for b in ground.view.scopes.bindings(iterable.args[0])]
            number = literal(values[0]) if len(values) == 1 else None
            rounds = number if isinstance(number, int) else None
        if rounds is not None and rounds >= _ROUNDS and not _indexes(node):
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
    elif (
        ground.kind(iterable) == "array"
        and isinstance(iterable, ast.Name)
        and ground.is_free(iterable, function)
        and computes
    ):
        yield Found(
            ARRAY,
            iterable,
            "a loop over an array is unrolled: one copy of its body for each row",
            "Loop over a tensor or a Dataset.",
        )
    elif (
        isinstance(iterable, ast.Call) and ground.kind(iterable) == "generator" and not ground.view.path(iterable.func)
    ):
        handed = [a for a in iterable.args if ground.kind(a) == "dataset" or ground.traced.is_dataset(a)]
        if handed:
            yield Found(
                WRAPPED,
                iterable,
                "a generator hides the Dataset from AutoGraph: the loop is unrolled, and has no end",
                "Loop over the Dataset itself.",
            )


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
