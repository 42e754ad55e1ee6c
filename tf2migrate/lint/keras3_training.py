"""Training code that Keras 3 runs otherwise, or not at all: TFM510 to TFM512, TFM519 to TFM522, and metrics that
`compile` takes at another place (TFM506)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise

from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_calls import MOVED, NO_MEMBER
from tf2migrate.lint.keras3_edits import (
    argument,
    keyword_name,
    literal,
    made_keyword,
    modules,
    replaced,
    spelled,
    without,
)
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.model import Edit, Span

DECAY, MINIMIZE, CLASSES, WEIGHTS, HISTORY, NAMES, SET, LISTS = (
    "TFM510",
    "TFM511",
    "TFM512",
    "TFM519",
    "TFM520",
    "TFM521",
    "TFM522",
    "TFM532",
)

_OPTIMIZERS = ("Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD")

#: The default learning rates of the optimizers.
_RATES = {"SGD": "0.01"}


def training(kinds: Kinds) -> Iterator[Found]:
    """What is said of how a program trains and reads results."""
    text = kinds.program.text
    checks = [check for words, check in _CHECKS if any(word in text for word in words)]
    for call in kinds.calls if checks else ():
        for check in checks:
            yield from check(kinds, call)
    for node in kinds.program.each(ast.Attribute) if "metrics_names" in text else ():
        if node.attr == "metrics_names" and kinds.is_a(node.value, "Model"):
            yield Found(
                NAMES,
                node,
                "metrics_names is ['loss', 'compile_metrics'] in Keras 3, whatever the metrics are",
                "Call evaluate(..., return_dict=True), and read the names there.",
            )
    if "compile" in text:
        yield from _history(kinds)


def _decay(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`decay=` is ignored with a warning: the rate stays what it was."""
    symbol = kinds.symbol(node.func)
    package, _, name = symbol.rpartition(".")
    if not package.startswith("tf.keras.optimizers") or name not in _OPTIMIZERS:
        return
    keyword = next((k for k in node.keywords if k.arg == "decay"), None)
    if keyword is None:
        return
    program = kinds.program
    if literal(keyword.value) in (0, 0.0):
        gone = without(program, node, [keyword])
        yield Found("TFM505", keyword, f"{name} takes no decay any more", "Leave it out.", gone)
        return
    schedule = spelled(program, "tf.keras.optimizers.schedules.InverseTimeDecay", modules(program))
    if schedule is None and "keras" in modules(program):
        schedule = "keras.optimizers.schedules.InverseTimeDecay"
    rate = next((k for k in node.keywords if k.arg in ("lr", "learning_rate")), None)
    first = node.args[0] if node.args else rate.value if rate is not None else None
    text = program.segment(first) if first is not None else _RATES.get(name, "0.001")
    decay = program.segment(keyword.value)
    edits: tuple[Edit, ...] = ()
    if schedule is not None and not any(isinstance(a, ast.Starred) for a in node.args):
        made = f"{schedule}({text}, decay_steps=1, decay_rate={decay})"
        if first is not None:
            edits = (replaced(program, first, made), *without(program, node, [keyword]))
        else:
            edits = (replaced(program, keyword.value, made), keyword_name(program, keyword, "learning_rate"))
    # A schedule cannot be assigned to: a program that sets the rate by hand as well would stop.
    safe = not any(w in program.text for w in (".lr", "learning_rate =", "ReduceLROnPlateau", "LearningRateScheduler"))
    yield Found(
        DECAY,
        keyword,
        f"{name} ignores decay: the learning rate stays as it is",
        "Use tf.keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay).",
        edits if not _both(edits) else (),
        safe,
    )


def _both(edits: tuple[Edit, ...]) -> bool:
    """Whether two edits touch each other."""
    return any(a.span.end > b.span.start for a, b in pairwise(sorted(edits)))


def _compile(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """The third argument of `compile` was the metrics, and is the weights of the losses."""
    match node:
        case ast.Call(func=ast.Attribute(attr="compile", value=owner), args=[_, _, metrics, *rest]):
            pass
        case _:
            return
    if not kinds.is_a(owner, "Model") or any(isinstance(a, ast.Starred) for a in node.args):
        return
    parts = metrics.elts if isinstance(metrics, ast.List | ast.Tuple) else [metrics]
    if not any(isinstance(literal(part), str) or kinds.of(part) == "Metric" for part in parts):
        return
    names = ["metrics", "loss_weights", "weighted_metrics", "run_eagerly"]
    edits = tuple(made_keyword(kinds.program, v, n) for v, n in zip([metrics, *rest], names, strict=False))
    yield Found(MOVED, metrics, "the third argument of compile is loss_weights in Keras 3", "Write metrics=.", edits)


def _classes(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    match node:
        case ast.Call(func=ast.Attribute(attr="predict_classes" | "predict_proba" as name, value=owner)):
            pass
        case _:
            return
    kind = kinds.of(owner)
    if kind not in ("Model", "Sequential") and (name == "predict_proba" or kind is not None):
        return
    program = kinds.program
    span = program.span(owner)
    if name == "predict_proba":
        edits = (Edit(Span(span.end, span.end + len(".predict_proba")), ".predict"),)
        yield Found(CLASSES, node, "predict_proba is gone from Keras 3", "Call predict.", edits)
        return
    units = _last_units(kinds, owner)
    changes: tuple[Edit, ...]
    start = program.text.index("predict_classes", span.end)
    renamed = Edit(Span(start, start + len("predict_classes")), "predict")
    end = Span(program.span(node).end, program.span(node).end)
    if units == 1:
        changes = (Edit(Span(span.start, span.start), "("), renamed, Edit(end, ' > 0.5).astype("int32")'))
    else:
        changes = (renamed, Edit(end, ".argmax(axis=-1)"))
    yield Found(
        CLASSES,
        node,
        "predict_classes is gone from Keras 3",
        "Write model.predict(x).argmax(axis=-1), or (model.predict(x) > 0.5).astype('int32') for one output.",
        changes,
        safe=units is not None,
    )


def _last_units(kinds: Kinds, model: ast.expr) -> object:
    """How many units the last layer of a Sequential model has, where the program says so plainly."""
    if isinstance(model, ast.Name):
        values = [b.node for b in kinds.scopes.bindings(model)]
    else:
        values = [b.node for b in kinds.scopes.dotted.get(ast.unparse(model), [])]
    text = ast.unparse(model)
    if len(values) != 1 or not isinstance(values[0], ast.Call):
        return None
    layers = list(values[0].args[0].elts) if values[0].args and isinstance(values[0].args[0], ast.List) else []
    for node in kinds.calls:
        match node:
            case ast.Call(func=ast.Attribute(attr="add", value=owner), args=[layer]) if ast.unparse(owner) == text:
                layers.append(layer)
    dense = [n for n in layers if isinstance(n, ast.Call) and kinds.symbol(n.func) == "tf.keras.layers.Dense"]
    if not dense:
        return None
    softmax = literal(argument(dense[-1], "activation", 1)) == "softmax"
    return "several" if softmax else literal(argument(dense[-1], "units", 0))


def _weights(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`weights=` of a layer, which only Embedding takes."""
    symbol = kinds.symbol(node.func)
    if not symbol.startswith("tf.keras.layers.") or symbol == "tf.keras.layers.Embedding":
        return
    for keyword in node.keywords:
        if keyword.arg == "weights" and kinds.of(node) in ("Layer", "RNN"):
            yield Found(
                WEIGHTS,
                keyword,
                "layers other than Embedding take no weights in Keras 3",
                "Call layer.set_weights(...) once the layer is built, or give it initializers.",
            )


def _set_value(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`K.set_value` fails for the variables of Keras 3."""
    if kinds.symbol(node.func) != "tf.keras.backend.set_value" or len(node.args) != 2 or node.keywords:
        return
    target, value = node.args
    if kinds.symbol(target):
        return
    match target:
        case ast.Attribute(attr="lr" | "learning_rate", value=owner) if kinds.of(owner) == "Optimizer":
            pass
        case ast.Attribute(attr="lr" | "learning_rate", value=ast.Attribute(attr="optimizer")):
            pass
        case _:
            return
    program = kinds.program
    head = Edit(Span(program.span(node).start, program.span(target).start), "")
    middle = Edit(Span(program.span(target).end, program.span(value).start), ".assign(")  # TFM509 renames lr
    edits = (head, middle)
    yield Found(
        SET,
        node,
        "set_value does not take the variables of Keras 3",
        "Write optimizer.learning_rate.assign(value).",
        edits,
    )


def _minimize_call(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`optimizer.minimize(loss, variables)` as a tape, where it is a statement of its own."""
    match node:
        case ast.Call(func=ast.Attribute(attr="minimize", value=owner)) if kinds.of(owner) == "Optimizer":
            pass
        case _:
            return
    program = kinds.program
    loss, variables = argument(node, "loss", 0), argument(node, "var_list", 1)
    tape = argument(node, "tape")
    gradient = spelled(program, "tf.GradientTape", modules(program))
    edits: tuple[Edit, ...] = ()
    statement = next((n for n in program.each(ast.Expr) if n.value is node), None)
    taken = {_id(n) for n in program.nodes if isinstance(n, ast.Name | ast.arg)}
    given = loss is not None and variables is not None and _is_plain(variables)
    if statement is not None and loss is not None and variables is not None and given:
        many, step = program.segment(variables), program.segment(owner)
        if tape is not None:
            gradients = f"{program.segment(tape)}.gradient({program.segment(loss)}, {many})"
            edits = (replaced(program, statement, f"{step}.apply_gradients(zip({gradients}, {many}))"),)
        elif gradient is not None and "tape" not in taken and "loss_value" not in taken:
            value = program.segment(loss.body) if isinstance(loss, ast.Lambda) else f"{program.segment(loss)}()"
            indent = program.indent(statement)
            lines = [f"with {gradient}() as tape:", f"    loss_value = {value}"]
            lines.append(f"{step}.apply_gradients(zip(tape.gradient(loss_value, {many}), {many}))")
            edits = (replaced(program, statement, f"\n{indent}".join(lines)),) if "\n" not in value else ()
    yield Found(
        MINIMIZE,
        node,
        "an optimizer of Keras 3 has no minimize",
        "Compute the loss below a tf.GradientTape, and call apply_gradients(zip(gradients, variables)).",
        edits,
    )


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression may stand twice: it is a name, an attribute of one, or a list of such."""
    match node:
        case ast.Name():
            return True
        case ast.Attribute(value=inner):
            return _is_plain(inner)
        case ast.List(elts=parts):
            return all(_is_plain(part) for part in parts)
    return False


def _reset_states(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """`model.reset_states()`: a loop over its layers, where it is a statement of its own."""
    match node:
        case ast.Call(func=ast.Attribute(attr="reset_states", value=model)) if kinds.of(model) in (
            "Model",
            "Sequential",
        ):
            pass
        case _:
            return
    program = kinds.program
    statement = next((n for n in program.each(ast.Expr) if n.value is node), None)
    taken = any(isinstance(n, ast.Name | ast.arg) and _id(n) == "layer" for n in program.nodes)
    edits: tuple[Edit, ...] = ()
    if statement is not None and not taken and not node.args and not node.keywords and _is_plain(model):
        indent = program.indent(statement)
        lines = [f"for layer in {program.segment(model)}.layers:", '    if hasattr(layer, "reset_state"):']
        text = f"\n{indent}".join([*lines, "        layer.reset_state()"])
        edits = (replaced(program, statement, text),)
    yield Found(
        NO_MEMBER,
        node,
        "a model of Keras 3 has no reset_states",
        "Call reset_state() of each layer that has one.",
        edits,
    )


#: The methods of a model that take data, and how many of their first arguments it is.
_TAKES_DATA = {"fit": 2, "evaluate": 2, "predict": 1, "train_on_batch": 2, "test_on_batch": 2}
_TAKES_DATA |= {"predict_on_batch": 1, "predict_classes": 1, "predict_proba": 1}


def _lists(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    """Data as lists of numbers: Keras 3 takes each number for an input of its own."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _TAKES_DATA:
        return
    if not kinds.is_a(node.func.value, "Model"):
        return
    program = kinds.program
    values = [argument(node, name, index) for index, name in enumerate("xy"[: _TAKES_DATA[node.func.attr]])]
    for value in values:
        shown = value
        if isinstance(value, ast.Name):
            bound = [binding.node for binding in kinds.scopes.bindings(value)]
            shown = bound[0] if len(bound) == 1 and isinstance(bound[0], ast.expr) else None
        if value is None or shown is None or not isinstance(shown, ast.List | ast.Tuple) or not _numbers(shown):
            continue
        array = _array(kinds)
        span = program.span(value)
        ends = (Edit(Span(span.start, span.start), f"{array}("), Edit(Span(span.end, span.end), ")"))
        yield Found(
            LISTS,
            value,
            f"{node.func.attr} takes no lists of numbers in Keras 3",
            "Make an array of it: np.array(...).",
            ends if array else (),
        )


def _numbers(node: ast.expr) -> bool:
    """Whether an expression is a number, or a list of such."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return bool(parts) and all(_numbers(part) for part in parts)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _numbers(inner)
    return isinstance(literal(node), int | float)


def _array(kinds: Kinds) -> str:
    """What makes an array, as the program can write it."""
    for statement in kinds.program.tree.body:
        for alias in statement.names if isinstance(statement, ast.Import) else ():
            if alias.name == "numpy":
                return f"{alias.asname or alias.name}.array"
    return spelled(kinds.program, "tf.constant", modules(kinds.program)) or ""


def _id(node: ast.Name | ast.arg) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg


def _history(kinds: Kinds) -> Iterator[Found]:
    """Keys of a history that are called otherwise: `acc` where the metric is `accuracy`, `lr` always."""
    metrics = _compiled(kinds)
    if metrics is None:
        return
    wrong = {"lr": "learning_rate"}
    if "accuracy" in metrics and "acc" not in metrics:
        wrong |= {"acc": "accuracy", "val_acc": "val_accuracy"}
    if "acc" in metrics and "accuracy" not in metrics:
        wrong |= {"accuracy": "acc", "val_accuracy": "val_acc"}
    for node in [*kinds.program.each(ast.Subscript), *kinds.program.each(ast.keyword)]:
        match node:
            case ast.Subscript(
                value=ast.Attribute(attr="history", value=owner), slice=ast.Constant(value=str()) as key
            ):
                if kinds.of(owner) != "History":
                    continue
            case ast.Subscript(value=ast.Name() as owner, slice=ast.Constant(value=str()) as key):
                if not _is_history(kinds, owner):
                    continue
            case ast.keyword(arg="monitor", value=ast.Constant(value=str()) as key):
                if key.value == "lr":
                    continue
            case _:
                continue
        if isinstance(key.value, str) and key.value in wrong:
            quote = kinds.program.segment(key)[0]
            edits = (replaced(kinds.program, key, f"{quote}{wrong[key.value]}{quote}"),) if quote in "'\"" else ()
            message = f"the history has no {key.value!r}: it is called {wrong[key.value]!r}"
            yield Found(HISTORY, key, message, f"Write {wrong[key.value]!r}.", edits)


def _is_history(kinds: Kinds, name: ast.Name) -> bool:
    """Whether a name is the dictionary `model.fit(...).history`."""
    values = [binding.node for binding in kinds.scopes.bindings(name)]
    return bool(values) and all(
        isinstance(v, ast.Attribute) and v.attr == "history" and kinds.of(v.value) == "History" for v in values
    )


def _compiled(kinds: Kinds) -> set[str] | None:
    """The names of the metrics that the models of a program are compiled with; None where some are not seen."""
    found: set[str] = set()
    compiles = [
        n for n in kinds.calls if isinstance(n.func, ast.Attribute) and n.func.attr == "compile" and n.args + n.keywords
    ]
    if not compiles:
        return None
    for call in compiles:
        metrics = argument(call, "metrics", 2)
        if any(k.arg is None for k in call.keywords):
            return None
        parts = metrics.elts if isinstance(metrics, ast.List | ast.Tuple) else [metrics] if metrics else []
        for part in parts:
            name = literal(part)
            if not isinstance(name, str):
                return None
            found.add(name)
    return found


#: The checks of calls, each with what a program says somewhere that has one of them.
_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Kinds, ast.Call], Iterator[Found]]], ...] = (
    (("decay",), _decay),
    (("compile",), _compile),
    (("predict_classes", "predict_proba"), _classes),
    (("weights",), _weights),
    (("set_value",), _set_value),
    (("minimize",), _minimize_call),
    (("reset_states",), _reset_states),
    (tuple(_TAKES_DATA), _lists),
)
