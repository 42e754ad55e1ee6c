"""TFM408: layers that train otherwise than they predict, in a training step that does not say which it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import added
from tf2migrate.lint.keras3_scopes import Function

_SEEDED = (
    *("BatchNormalization", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise"),
    *("GaussianDropout", "AlphaDropout"),
)

#: Models of tf.keras.applications without BatchNormalization and Dropout in what they compute without their top.
_PLAIN = ("VGG16", "VGG19")


def at_rest(ground: Ground, code: str) -> Iterator[Found]:
    """Models with BatchNormalization or Dropout that are called in a tape without `training=`."""
    if "apply_gradients" not in ground.program.text:
        return
    for block in ground.program.each(ast.With):
        calls = [item.context_expr for item in block.items]
        if not any(isinstance(c, ast.Call) and ground.view.symbol(c.func) == "tf.GradientTape" for c in calls):
            continue
        for statement in block.body:
            for call in walk(statement):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                    yield from _called(ground, call, call.func, code)


def _called(ground: Ground, call: ast.Call, model: ast.Name | ast.Attribute, code: str) -> Iterator[Found]:
    if len(call.args) != 1 or any(k.arg == "training" or k.arg is None for k in call.keywords):
        return
    if _has_modes(ground, model):
        edits = (added(ground.program, call, "training=True"),)
        text = ground.program.segment(model)
        yield Found(
            code,
            call,
            f"{text} is called without training=: its BatchNormalization and Dropout are at rest",
            "Write training=True.",
            edits,
            safe=False,
        )


def _has_modes(ground: Ground, model: ast.Name | ast.Attribute) -> bool:
    """Whether a model has a layer of which training is another thing than inference, as its making shows."""
    if isinstance(model, ast.Attribute):
        cls = ground.view.kinds.method_class(model.value)
        bindings = ground.view.scopes.attributes.get((id(cls), model.attr), []) if cls is not None else []
    else:
        bindings = ground.view.scopes.bindings(model)
    made = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(made, ast.Call):
        return False
    symbol = ground.view.symbol(made.func)
    if symbol.startswith("tf.keras.applications.") and symbol.rpartition(".")[2][:1].isupper():
        return symbol.rpartition(".")[2] not in _PLAIN
    if symbol == "tf.keras.Sequential":
        return _any_modes(ground, _layers_of(ground, made, model))
    makers = ground.view.called(made.func)
    if len(makers) != 1:
        return False
    if isinstance(makers[0], Function):
        return _makes_modes(ground, makers[0])
    return isinstance(makers[0], ast.ClassDef) and _is_model_with_modes(ground, makers[0])


def _layers_of(ground: Ground, made: ast.Call, model: ast.Name | ast.Attribute) -> list[ast.expr]:
    """The layers of a Sequential: those of its list, or what `add` is given."""
    if made.args:
        return made.args[0].elts if isinstance(made.args[0], ast.List) else []
    text = ast.unparse(model)
    return [
        call.args[0]
        for call in ground.view.kinds.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add" and call.args
        and ast.unparse(call.func.value) == text
    ]  # fmt: skip


def _any_modes(ground: Ground, layers: list[ast.expr]) -> bool:
    symbols = [ground.view.symbol(layer.func) for layer in layers if isinstance(layer, ast.Call)]
    return any(s.startswith("tf.keras.layers.") and s.rpartition(".")[2] in _SEEDED for s in symbols)


def _makes_modes(ground: Ground, function: Function) -> bool:
    """Whether a function makes a model out of such layers, and none of its calls says whether it trains."""
    own = ground.view.own(function)
    calls = [n for n in own if isinstance(n, ast.Call)]
    if any(k.arg == "training" for call in calls for k in call.keywords):
        return False
    made = [ground.view.kinds.of(n.value) for n in own if isinstance(n, ast.Return) and n.value is not None]
    return made in (["Model"], ["Sequential"]) and _any_modes(ground, [*calls])


def _is_model_with_modes(ground: Ground, cls: ast.ClassDef) -> bool:
    init, call = ground.view.method(cls, "__init__"), ground.view.method(cls, "call")
    if init is None or call is None or ground.view.kinds.base(cls) != "Model":
        return False
    given = [k.arg for n in ground.view.own(call) if isinstance(n, ast.Call) for k in n.keywords]
    if "training" in given and "training" not in {a.arg for a in call.args.args}:
        return False  # it says itself which of the two it is
    return _any_modes(ground, [n for n in ground.view.own(init) if isinstance(n, ast.Call)])
