"""TFM401 to TFM409: what TensorFlow 1 did with graphs, and TensorFlow 2 does not do, or does otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.graphs import left_of_graphs
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import added, argument, literal
from tf2migrate.lint.types import SYMBOLIC
from tf2migrate.model import Edit, Span

RATE, GRAPH, KEY, IDENTITY, VALUE, GRADIENTS, LEFTOVER, TRAINING, LOSSES = (f"TFM{n}" for n in range(401, 410))

_OF_GRAPHS = ("op", "graph", "name")

_SEEDED = ("BatchNormalization", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout")


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
    keys = [key for node in each(ast.Dict) for key in node.keys] + [e for node in each(ast.Set) for e in node.elts]
    targets = [target for node in each(ast.Assign) for target in node.targets]
    keys += [t.slice for t in targets if isinstance(t, ast.Subscript) and ground.kind(t.value) == "dict"]
    for key in keys:
        yield from _key(ground, key)
    for compared in each(ast.Compare):
        yield from _identity(ground, compared)
    for block in each(ast.With):
        yield from _training(ground, block)
    yield from _losses(ground)
    yield from left_of_graphs(ground, GRAPH)


def _rate(ground: Ground, node: ast.Call) -> Iterator[Found]:
    """A learning rate that is computed once."""
    if "ptimizer" not in ground.view.symbol(node.func) or ground.view.kinds.of(node) != "Optimizer":
        return
    rate = argument(node, "learning_rate", 0)
    if rate is None:
        return
    called = isinstance(rate, ast.Call) and ground.view.kinds.of(rate.func) == "Schedule"
    if called or ground.kind(rate) == "tensor":
        edits: tuple[Edit, ...] = ()
        if called and isinstance(rate, ast.Call):
            edits = (Edit(ground.program.span(rate), ground.program.segment(rate.func)),)
        yield Found(
            RATE,
            rate,
            "the learning rate is one tensor, computed here: it would not change, and Keras 3 does not take it",
            "Hand over the schedule itself, or a function of the step.",
            edits,
        )


def _module_level(ground: Ground, node: ast.AST) -> bool:
    return ground.view.function(node) is None


def _attribute(ground: Ground, node: ast.Attribute, graphs: bool) -> Iterator[Found]:
    if node.attr == "value" and isinstance(node.ctx, ast.Load) and not _is_called(ground, node):
        shape = node.value.value if isinstance(node.value, ast.Subscript) else None
        of_tensor = isinstance(shape, ast.Attribute) and shape.attr == "shape"
        got = isinstance(shape, ast.Call) and isinstance(shape.func, ast.Attribute) and shape.func.attr == "get_shape"
        if of_tensor or got:
            end, program = ground.program.span(node.value).end, ground.program
            edits = (Edit(Span(end, program.span(node).end), ""),)
            yield Found(VALUE, node, "a dimension is a number, and has no value", "Leave .value out.", edits)
    elif node.attr in _OF_GRAPHS and not graphs and isinstance(node.ctx, ast.Load) and _module_level(ground, node):
        of_name = isinstance(node.value, ast.Name | ast.Call)
        if of_name and ground.kind(node.value) == "tensor":
            yield Found(
                GRAPH,
                node,
                f"an eager tensor has no {node.attr}",
                "Keep what you look for by a name of Python's.",
            )


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
    if graphs or not _module_level(ground, node):
        return
    if symbol in ("tf.gradients", "tf.keras.backend.gradients", "tf.hessians"):
        yield Found(
            GRADIENTS,
            node,
            f"{symbol} needs a graph: eagerly, TensorFlow stops there",
            "Record the computation with a tf.GradientTape.",
        )
    elif symbol in ("tf.control_dependencies", "tf.group"):
        yield Found(
            LEFTOVER,
            node,
            f"{symbol} does nothing eagerly: everything runs in its order",
            "Leave it out.",
        )


def _key(ground: Ground, node: ast.expr | None) -> Iterator[Found]:
    """A tensor where Python needs a hash."""
    if isinstance(node, ast.Name | ast.Attribute) and ground.kind(node) in SYMBOLIC:
        end = ground.program.span(node).end
        text = ground.program.segment(node)
        yield Found(
            KEY,
            node,
            f"{text} is a {ground.kind(node)}, and no key: TensorFlow stops there",
            f"Write {text}.ref().",
            (Edit(Span(end, end), ".ref()"),),
        )


def _member(ground: Ground, node: ast.Call) -> Iterator[Found]:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="add"), args=[item]) if ground.kind(owner) == "set":
            yield from _key(ground, item)
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


def _training(ground: Ground, node: ast.With) -> Iterator[Found]:
    """A model with BatchNormalization or Dropout that is called in a tape without training=."""
    tapes = [
        i
        for i in node.items
        if isinstance(i.context_expr, ast.Call) and ground.view.symbol(i.context_expr.func) == "tf.GradientTape"
    ]
    if not tapes or "apply_gradients" not in ground.program.text:
        return
    for statement in node.body:
        for call in walk(statement):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or len(call.args) != 1:
                continue
            if any(k.arg == "training" or k.arg is None for k in call.keywords):
                continue
            if _has_modes(ground, call.func):
                edits = (added(ground.program, call, "training=True"),)
                yield Found(
                    TRAINING,
                    call,
                    f"{call.func.id} is called without training=: its BatchNormalization and Dropout are at rest",
                    "Write training=True.",
                    edits,
                    safe=False,
                )


def _has_modes(ground: Ground, name: ast.Name) -> bool:
    """Whether a model has a layer of which training is another thing than inference, as its making shows."""
    bindings = ground.view.scopes.bindings(name)
    made = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(made, ast.Call):
        return False
    if ground.view.symbol(made.func) == "tf.keras.Sequential":
        if not made.args or not isinstance(made.args[0], ast.List):
            return False
        layers = [e for e in made.args[0].elts if isinstance(e, ast.Call)]
    else:
        classes = [t for t in ground.view.called(made.func) if isinstance(t, ast.ClassDef)]
        init = ground.view.method(classes[0], "__init__") if len(classes) == 1 else None
        call = ground.view.method(classes[0], "call") if len(classes) == 1 else None
        if init is None or call is None or ground.view.kinds.base(classes[0]) != "Model":
            return False
        if any(k.arg == "training" for n in ground.view.own(call) if isinstance(n, ast.Call) for k in n.keywords):
            names = {a.arg for a in call.args.args}
            if "training" not in names:
                return False  # it says itself which of the two it is
        layers = [n for n in ground.view.own(init) if isinstance(n, ast.Call)]
    symbols = [ground.view.symbol(layer.func) for layer in layers]
    return any(s.startswith("tf.keras.layers.") and s.rpartition(".")[2] in _SEEDED for s in symbols)


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
            if given and some and ground.view.kinds.of(node) in ("Layer", "RNN"):
                yield Found(
                    LOSSES,
                    keyword,
                    "nothing in this program adds the losses of the regularizers: they have no effect",
                    "Add tf.add_n(model.losses) to the loss.",
                )
                return
