"""TFM401 to TFM409: what TensorFlow 1 did with graphs, and TensorFlow 2 does not do, or does otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.at_rest import at_rest
from tf2migrate.lint.eager_places import is_eager
from tf2migrate.lint.found import Found
from tf2migrate.lint.graphs import left_of_graphs
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import argument, literal
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.keys import keys
from tf2migrate.lint.types import SYMBOLIC
from tf2migrate.model import Edit, Span

RATE, GRAPH, KEY, IDENTITY, VALUE, GRADIENTS, LEFTOVER, TRAINING, LOSSES = (f"TFM{n}" for n in range(401, 410))

_OF_GRAPHS = ("op", "graph", "name")


_GRADIENTS = ("tf.gradients", "tf.keras.backend.gradients", "tf.hessians")
_ORDERS = ("tf.control_dependencies", "tf.group")


def old_idioms(ground: Ground) -> Iterator[Found]:
    """What is said of idioms of graphs."""
    graphs = "Graph(" in ground.program.text
    each = ground.program.each
    for attribute in each(ast.Attribute):
        yield from _attribute(ground, attribute, graphs)
    for call in ground.view.kinds.calls:
        yield from _rate(ground, call)
        yield from _session(ground, call, graphs)
        yield from _eager(ground, call, graphs)
        yield from _member(ground, call)
    yield from keys(ground, KEY)
    for compared in each(ast.Compare):
        yield from _identity(ground, compared)
    yield from at_rest(ground, TRAINING)
    yield from _losses(ground)
    yield from left_of_graphs(ground, GRAPH)


def _rate(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """A learning rate that is computed once."""
    if "ptimizer" not in ground.view.symbol(node.func) or ground.view.kinds.of(node) != "Optimizer":
        return
    rate = argument(node, "learning_rate", 0)
    if rate is None or (isinstance(rate, ast.Call) and getattr(rate.func, "id", "") == "float"):
        return
    called = _is_called_schedule(ground, rate)
    if called or ground.kind(rate) == "tensor":
        edits: tuple[Edit, ...] = ()
        if isinstance(rate, ast.Call) and ground.view.kinds.of(rate.func) == "Schedule":
            edits = (Edit(ground.program.span(rate), ground.program.segment(rate.func)),)
        yield Found(
            RATE,
            rate,
            "the learning rate is one tensor, computed here: it would not change, and Keras 3 does not take it",
            "Hand over the schedule itself, or a function of the step.",
            edits,
        )


def _is_called_schedule(ground: Ground, rate: ast.expr) -> bool:
    """Whether a rate is what a schedule gives for one step, also by way of a name that is bound once."""
    bindings = ground.view.scopes.bindings(rate) if isinstance(rate, ast.Name) else []
    made = bindings[0].node if len(bindings) == 1 and bindings[0].how == "is" else rate
    return isinstance(made, ast.Call) and ground.view.kinds.of(made.func) == "Schedule"


def _attribute(ground: Ground, node: ast.Attribute, graphs: bool) -> Iterator[Found]:
    if node.attr == "value" and isinstance(node.ctx, ast.Load) and not _is_called(ground, node):
        shape = node.value.value if isinstance(node.value, ast.Subscript) else None
        of_tensor = isinstance(shape, ast.Attribute) and shape.attr == "shape"
        got = isinstance(shape, ast.Call) and isinstance(shape.func, ast.Attribute) and shape.func.attr == "get_shape"
        known = ground.kind(node.value) == "dimension" and not _is_asked(ground, node)
        if of_tensor or got or known or (shape is not None and _is_of_build(ground, shape)):
            end, program = ground.program.span(node.value).end, ground.program
            edits = (Edit(Span(end, program.span(node).end), ""),)
            yield Found(VALUE, node, "a dimension is a number, and has no value", "Leave .value out.", edits)
    elif node.attr in _OF_GRAPHS and not graphs and isinstance(node.ctx, ast.Load) and is_eager(ground, node):
        of_name = isinstance(node.value, ast.Name | ast.Call)
        if of_name and ground.kind(node.value) == "tensor":
            yield Found(
                GRAPH,
                node,
                f"an eager tensor has no {node.attr}",
                "Keep what you look for by a name of Python's.",
            )


def _is_asked(ground: Ground, node: ast.AST) -> bool:
    """Whether a test around a place asks whether the dimension is a number."""
    tests = [a.test for a in ground.view.above(node) if isinstance(a, ast.If | ast.IfExp)]
    asks = {getattr(n, "id", getattr(n, "attr", "")) for test in tests for n in walk(test)}
    return bool(asks & {"hasattr", "isinstance", "Dimension"})


def _is_of_build(ground: Ground, shape: ast.expr) -> bool:
    """Whether an expression is the shape that Keras hands to a layer's `build`."""
    function = ground.view.function(shape)
    if not isinstance(shape, ast.Name) or not isinstance(function, Function) or function.name != "build":
        return False
    cls = ground.view.scopes.classes.get(id(shape))
    named = [b.how for b in ground.view.scopes.bindings(shape)] == ["param"]
    layer = cls is not None and ground.view.kinds.base(cls) in ("Layer", "Model", "RNN")
    return named and layer and not _is_asked(ground, shape)


def _is_called(ground: Ground, node: ast.Attribute) -> bool:
    above = ground.view.parents.get(id(node))
    return isinstance(above, ast.Call) and above.func is node


def _session(ground: Ground, node: ast.Call, graphs: bool) -> Iterator[Found]:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=("eval" | "initialized_value" | "consumers") as name)):
            pass
        case _:
            return
    if graphs or ground.kind(owner) not in SYMBOLIC or ground.traced.of(node) is not None:
        return
    program = ground.program
    span = Span(program.span(owner).end, program.span(node).end)
    edits = (Edit(span, ".numpy()"),) if name == "eval" and not node.args and not node.keywords else ()
    yield Found(GRAPH, node, f"{name}() needs a session: TensorFlow stops there", "Use .numpy(), or the value.", edits)


def _eager(ground: Ground, node: ast.Call, graphs: bool) -> Iterator[Found]:
    symbol = ground.view.symbol(node.func)
    if graphs or not symbol.startswith("tf.") or symbol not in (*_GRADIENTS, *_ORDERS) or not is_eager(ground, node):
        return
    if symbol in _GRADIENTS:
        yield Found(
            GRADIENTS,
            node,
            f"{symbol} needs a graph: eagerly, TensorFlow stops there",
            "Record the computation with a tf.GradientTape.",
        )
    else:
        yield Found(
            LEFTOVER,
            node,
            f"{symbol} does nothing eagerly: everything runs in its order",
            "Leave it out.",
        )


def _member(ground: Ground, node: ast.Call) -> Iterator[Found]:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=("index" | "remove" | "count") as name), args=[item]):
            if ground.kind(owner) == "list" and ground.kind(item) in SYMBOLIC and isinstance(owner, ast.Name):
                yield _equal(node, f"{name}() compares tensors element by element, and stops")


def _equal(node: ast.expr, message: str, edits: tuple[Edit, ...] = ()) -> Found:
    return Found(IDENTITY, node, message, "Compare with is: any(x is y for y in values).", edits, safe=False)


def _identity(ground: Ground, node: ast.Compare) -> Iterator[Found]:
    """`v in variables`, which compares values."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.In | ast.NotIn) or ground.traced.of(node) is not None:
        return
    left, right = node.left, node.comparators[0]
    lists = isinstance(right, ast.Attribute) and right.attr in (
        "trainable_variables",
        "variables",
        "trainable_weights",
        "weights",
    )
    if isinstance(left, ast.Name) and (
        (lists and ground.kind(left) not in ("python",))
        or (ground.kind(left) == "variable" and ground.kind(right) == "list")
    ):
        program = ground.program
        test = f"any({left.id} is each for each in {program.segment(right)})"
        edits = (Edit(program.span(node), test if isinstance(node.ops[0], ast.In) else f"not {test}"),)
        named = any(isinstance(n, ast.Name) and n.id == "each" for n in ground.program.nodes)
        yield _equal(
            node, "in compares variables by their values, element by element, and stops", () if named else edits
        )


def _losses(ground: Ground) -> Iterator[Found]:
    """Regularizers whose losses a training loop of its own does not add."""
    text = ground.program.text
    if "regularizer=" not in text or "apply_gradients" not in text or any(
        word in text for word in (".losses", "compute_loss", "compiled_loss", ".fit(", "train_on_batch", "add_loss")
    ):  # fmt: skip
        return
    for node in ground.view.kinds.calls:
        for keyword in node.keywords:
            given = keyword.arg in ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
            some = isinstance(keyword.value, ast.Call) or isinstance(literal(keyword.value), str)
            some = some or (isinstance(keyword.value, ast.Name) and _is_regularizer(ground, keyword.value))
            if given and some and ground.view.kinds.of(node) in ("Layer", "RNN"):
                yield Found(
                    LOSSES,
                    keyword,
                    "nothing in this program adds the losses of the regularizers: they have no effect",
                    "Add tf.add_n(model.losses) to the loss.",
                )
                return


def _is_regularizer(ground: Ground, name: ast.Name) -> bool:
    made = [b.node for b in ground.view.scopes.bindings(name)]
    calls = [ground.view.symbol(m.func) for m in made if isinstance(m, ast.Call)]
    return bool(made) and len(calls) == len(made) and all(s.startswith("tf.keras.regularizers.") for s in calls)
