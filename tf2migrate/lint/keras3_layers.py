"""Layers, models and metrics that Keras 3 builds otherwise: TFM518, TFM523 to TFM529, TFM531."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_edits import argument, literal, made_keyword, modules, spelled, without
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.model import Edit, Span

BATCH, VARIABLE, MODULE, RESET, OPTIMIZER, TRAINING, SLASH, SHAPE, REDUCTION = (
    "TFM518",
    "TFM523",
    "TFM524",
    "TFM525",
    "TFM526",
    "TFM527",
    "TFM528",
    "TFM529",
    "TFM531",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def layers(kinds: Kinds) -> Iterator[Found]:
    """What is said of how a program makes its layers and models."""
    for cls in kinds.program.each(ast.ClassDef):
        yield from _class(kinds, cls)
    for node in kinds.calls:
        if len(node.args) > 1:
            yield from _training(kinds, node)
        if node.keywords:
            yield from _batch_input_shape(kinds, node)
            yield from _name(kinds, node)
            yield from _reduction(kinds, node)
        yield from _shape(kinds, node)


def _class(kinds: Kinds, node: ast.ClassDef) -> Iterator[Found]:
    kind = kinds.base(node)
    methods = {n.name: n for n in node.body if isinstance(n, Function)}
    if kind in ("Layer", "Model", "RNN", "Metric"):
        yield from _variables(kinds, node, kind)
    if kind == "Module":
        yield from _module(kinds, node)
    if kind == "Metric" and "reset_states" in methods and "reset_state" not in methods:
        yield _reset_states(kinds, methods["reset_states"])
    if kind == "Optimizer" and "update_step" not in methods:
        for name in ("_resource_apply_dense", "_apply_dense", "_create_slots"):
            if name in methods:
                yield Found(
                    OPTIMIZER,
                    methods[name],
                    f"an optimizer of Keras 3 never calls {name}",
                    "Make the slots in build(variables), and update in update_step(gradient, variable, learning_rate).",
                )
                break


def _variables(kinds: Kinds, cls: ast.ClassDef, kind: str) -> Iterator[Found]:
    """`self.w = tf.Variable(...)`: a layer of Keras 3 does not see it. A metric may reset its variables by itself."""
    resets = ("reset_state", "reset_states")
    if kind == "Metric" and any(isinstance(n, ast.FunctionDef) and n.name in resets for n in cls.body):
        return
    for node in ast.walk(cls):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name() as owner)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name() as owner), value=ast.Call() as call):
                pass
            case _:
                continue
        if kinds.program.names.symbol(call.func) != "tf.Variable" or kinds.method_class(owner) is not cls:
            continue
        if literal(argument(call, "trainable", 1)) is False and kind != "Metric":
            continue
        what = "reset_state leaves it as it is" if kind == "Metric" else "it is in no list of weights, and not trained"
        yield Found(
            VARIABLE,
            call,
            f"a {kind.lower()} of Keras 3 does not track a tf.Variable: {what}",
            "Make it with self.add_weight(...), or a sublayer.",
        )


def _module(kinds: Kinds, cls: ast.ClassDef) -> Iterator[Found]:
    """A tf.Module that holds layers of Keras: its `trainable_variables` are empty."""
    read = {"trainable_variables", "variables", "non_trainable_variables"}
    own = {
        name
        for (_, name), bindings in kinds.scopes.attributes.items()
        if any(kinds.of(b.node) in ("Layer", "RNN") for b in bindings)
    }
    lists = [n.value for n in kinds.program.each(ast.Attribute) if n.attr in read]
    turns = {n.id for c in kinds.program.each(ast.comprehension) for n in ast.walk(c.target) if isinstance(n, ast.Name)}
    of_layers = [
        n
        for n in lists
        if kinds.is_a(n, "Layer")
        or (isinstance(n, ast.Attribute) and n.attr in own)
        or (isinstance(n, ast.Name) and n.id in turns)
    ]  # of one layer, by its name, or of each in a list of some
    if len(lists) == len(of_layers):
        return
    for (owner, _), bindings in kinds.scopes.attributes.items():
        for binding in bindings:
            if owner == id(cls) and binding.how == "is" and kinds.of(binding.node) in ("Layer", "RNN"):
                yield Found(
                    MODULE,
                    cls,
                    "a tf.Module does not see the variables of the Keras 3 layers that it holds",
                    "Derive from tf.keras.layers.Layer or tf.keras.Model.",
                )
                return


def _reset_states(kinds: Kinds, method: Function) -> Found:
    program = kinds.program
    start = program.text.index("reset_states", program.offset(method.lineno, method.col_offset))
    edits = [Edit(Span(start, start + len("reset_states")), "reset_state")]
    for node in ast.walk(method):
        match node:
            case ast.Attribute(attr="reset_states", value=ast.Call(func=ast.Name(id="super"))):
                end = program.span(node).end
                edits.append(Edit(Span(end - len("reset_states"), end), "reset_state"))
    return Found(
        RESET,
        method,
        "Keras 3 resets a metric with reset_state, and never calls reset_states",
        "Rename the method.",
        tuple(edits),
    )


def _batch_input_shape(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`batch_input_shape=` of a layer: an Input before it."""
    shape = next((k for k in node.keywords if k.arg == "batch_input_shape"), None)
    if shape is None or kinds.of(node) not in ("Layer", "RNN"):
        return
    if kinds.symbol(node.func) in ("tf.keras.layers.InputLayer", "tf.keras.layers.Input"):
        return
    program = kinds.program
    value = program.segment(shape.value)
    made = spelled(program, "tf.keras.Input", modules(program)) or spelled(program, "keras.Input", modules(program))
    edits: tuple[Edit, ...] = ()
    before = _first_place(kinds, node)
    if made is not None and before is not None:
        at, head, tail = before
        new = Edit(Span(at, at), f"{head}{made}(batch_shape={value}){tail}")
        edits = (new, *without(program, node, [shape]))
    yield Found(
        BATCH,
        shape,
        "a layer of Keras 3 takes no batch_input_shape",
        "Put tf.keras.Input(batch_shape=...) before it.",
        edits,
    )


def _first_place(kinds: Kinds, layer: ast.Call) -> tuple[int, str, str] | None:
    """Where an Input goes that stands before a layer, and what is around it; None where that is not seen."""
    program = kinds.program
    for node in program.nodes:
        match node:
            case ast.Call(args=[ast.List(elts=[first, *_])]) if first is layer and kinds.of(node) == "Sequential":
                return program.span(layer).start, "", ", "
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add", value=model), args=[only])) if only is layer:
                head = f"{program.segment(model)}.add("
                return program.span(node).start, head, f")\n{program.indent(node)}"
    return None


def _training(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`model(x, True)`: a call of Keras 3 takes tensors by place and everything else by name."""
    if not any(isinstance(literal(value), bool | int | float | str) for value in node.args[1:]):
        return
    if isinstance(node.func, ast.Call) or not kinds.is_a(node.func, "Layer"):
        return
    names = _call_parameters(kinds, node.func)
    for index, value in enumerate(node.args[1:], 1):
        plain = literal(value)
        if not isinstance(plain, bool | int | float | str):
            continue
        name = names[index] if names is not None and index < len(names) else ""
        if not name and isinstance(plain, bool) and names is None and index == 1:
            name = "training"
        rest = node.args[index:]
        named = name and not any(isinstance(a, ast.Starred) for a in node.args)
        edits = tuple(
            made_keyword(kinds.program, v, n)
            for v, n in zip(rest, [name, *(names or [])[index + 1 :]], strict=False)
            if named
        )
        yield Found(
            TRAINING,
            value,
            "a call of a Keras 3 layer takes only tensors by place",
            f"Write {name or 'training'}=.",
            edits if len(edits) == len(rest) else (),
            safe=names is not None,
        )
        return


def _call_parameters(kinds: Kinds, function: ast.expr) -> list[str] | None:
    """The parameters of the `call` of an object's class, where the program defines it."""
    if not isinstance(function, ast.Name):
        return None
    values = [binding.node for binding in kinds.scopes.bindings(function)]
    if len(values) != 1 or not isinstance(values[0], ast.Call) or not isinstance(values[0].func, ast.Name):
        return None
    for binding in kinds.scopes.bindings(values[0].func):
        if isinstance(binding.node, ast.ClassDef):
            for method in binding.node.body:
                if isinstance(method, Function) and method.name == "call":
                    return [a.arg for a in method.args.args][1:]
    return None


def _name(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """A layer's name with a slash in it."""
    value = argument(node, "name")
    name = literal(value)
    if value is None or not isinstance(name, str) or "/" not in name:
        return
    if kinds.of(node) not in ("Layer", "RNN", "Model", "Sequential", "KerasTensor"):
        return
    if not kinds.symbol(node.func).startswith("tf.keras."):
        return
    span = kinds.program.span(value)
    written = kinds.program.text[span.start : span.end]
    yield Found(
        SLASH,
        value,
        "a name in Keras 3 has no slash",
        "Write another character for it.",
        (Edit(span, written.replace("/", "_")),),
        safe=False,
    )


def _shape(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`Input(shape=4)`: a shape is a tuple."""
    if kinds.symbol(node.func) not in ("tf.keras.Input", "tf.keras.layers.Input"):
        return
    value = argument(node, "shape", 0)
    size = literal(value)
    if value is None or isinstance(size, bool) or not isinstance(size, int):
        return
    span = kinds.program.span(value)
    before = kinds.program.text[: span.start]
    if before.endswith(("((", "=(")):  # what was meant for a tuple
        edits: tuple[Edit, ...] = (Edit(Span(span.end, span.end), ","),)
    else:
        edits = (Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), ",)"))
    yield Found(SHAPE, value, "Keras 3 takes no number for a shape", f"Write ({size},).", edits)


def _reduction(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`reduction=tf.keras.losses.Reduction.AUTO`, which is the default of Keras 2."""
    for keyword in node.keywords:
        if keyword.arg != "reduction" or kinds.of(node) != "Loss":
            continue
        symbol = kinds.symbol(keyword.value)
        if symbol == "tf.keras.losses.Reduction.AUTO" or literal(keyword.value) == "auto":
            edits = without(kinds.program, node, [keyword])
            yield Found(REDUCTION, keyword, "a loss of Keras 3 has no reduction AUTO", "Leave it out.", edits)
