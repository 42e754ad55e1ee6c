"""How layers are written: the constructor of the object, and what stands in the place of the old call."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tf2migrate.lift import element_types, normalization
from tf2migrate.lift.layer_kinds import UNLIKE, Kind
from tf2migrate.lift.layers import Called, never_drops, uses_random
from tf2migrate.lift.render import spread
from tf2migrate.lift.values import Python, Refused
from tf2migrate.lift.variables import is_glorot

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

WIDTH = 100  # of a constructor, before the name that it is bound to


def made_text(expressions: Expressions, call: Called) -> str:
    """The constructor of a Keras layer."""
    kind, given = call.kind, dict(call.arguments)
    if _is(given.get("bias_initializer"), None):
        given["use_bias"] = ast.Constant(False)
    keras = kind.keras
    if keras == "BatchNormalization":
        if normalization.never_moves(expressions.interpreter, expressions.plan, call):
            given["momentum"] = ast.Constant(1.0)
        if normalization.is_fused(expressions.interpreter, call):
            keras = ""
    positional = [expressions.text(given.pop(name)) for name in _leading(kind, given)]
    parts = []
    for name, argument in given.items():
        text = expressions.text(argument) if hasattr(argument, "lineno") else ast.unparse(argument)
        if _written(expressions, call, name, argument):
            parts.append(f"{name}={text}")
    for name, default in kind.defaults.items():
        if name not in call.arguments and name not in given:
            parts.append(f"{name}={default.format(tf=expressions.tf)}")
    drawn = kind.keras.startswith(("Dense", "Conv")) and uses_random(expressions.interpreter)
    if drawn and not any(part.startswith("kernel_initializer=") for part in parts):
        parts.append("kernel_initializer=glorot_uniform")
    if call.statement is not None and (dtype := element_types.dtype_text(expressions, call.statement)) is not None:
        parts.append(f"dtype={dtype}")
    begin = f"{expressions.tf}.keras.layers.{keras}(" if keras else "FusedBatchNormalization("
    every = [*positional, *parts]
    text = begin + ", ".join(every) + ")"
    assert call.statement is not None
    line = expressions.program.lines[call.statement.line - 1]
    return text if len(text) + len(line) - len(line.lstrip()) < WIDTH else spread(begin, every, ")", line)


def _leading(kind: Kind, given: Mapping[str, ast.expr]) -> list[str]:
    found = []
    for name in kind.first:
        if name not in given:
            break
        found.append(name)
    return found


def _written(expressions: Expressions, call: Called, name: str, argument: ast.expr) -> bool:
    """Whether an argument says something that Keras does not do without it."""
    if name in ("inputs", "training", "updates_collections", *call.kind.dropped, *UNLIKE):
        return False
    if name == "name":
        return isinstance(argument, ast.Constant) and str(argument.value).isidentifier()
    if name == "activation" and call.kind.keras == "BatchNormalization":
        return False
    if name == "data_format" and _is(argument, "NHWC"):
        return False
    if name == "kernel_initializer" and is_glorot(expressions, argument):
        return False
    return not _is(argument, None)


def _is(node: ast.expr | None, literal: str | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == literal


def call_text(expressions: Expressions, node: ast.Call, call: Called) -> str:
    """What stands in the place of a call that made a layer."""
    if call.kind.keras == "Dropout":
        return _dropout(expressions, node, call)
    assert call.layer is not None
    layer, inputs = expressions.hoisted.get(id(call.layer.node)), expressions.text(call.inputs)
    if layer is None:
        raise Refused("TFM902", node, "a layer is made where it is fetched", "Make it before, under a name.")
    norm = expressions.interpreter.rewrites.get(id(node.func))
    if isinstance(norm, Called) and norm.layer is not None:
        normal = expressions.hoisted[id(norm.layer.node)]
        return _normalized(expressions, node, norm, f"{normal}({layer}({inputs})")
    if call.kind.keras != "BatchNormalization":
        return f"{layer}({inputs})"
    return _normalized(expressions, node, call, f"{layer}({inputs}")


def _normalized(expressions: Expressions, node: ast.Call, call: Called, begin: str) -> str:
    training, activation = call.arguments.get("training"), call.arguments.get("activation")
    activated = activation is not None and not _is(activation, None)
    if training is None:
        assert isinstance(call.training, Python)
        text = f"{begin}, training={call.training.literal})"
    elif isinstance(call.training, Python):
        text = f"{begin}, training={expressions.text(training)})"
    else:
        text = _either(expressions, training, *[f"{begin}, training={on})" for on in (True, False)])
        text = text if activated or _whole(expressions, node) else f"({text})"
    if activation is None or not activated:
        return text
    if not hasattr(activation, "lineno"):  # a default
        return f"{ast.unparse(activation).format(tf=expressions.tf)}({text})"
    return f"{expressions.operand(activation)}({text})"


def _dropout(expressions: Expressions, node: ast.Call, call: Called) -> str:
    bound, training = call.arguments, call.arguments.get("training")
    if "keep_prob" in bound:
        rate = f"1 - {expressions.term(bound['keep_prob'])}"
    else:
        rate = expressions.text(bound["rate"]) if "rate" in bound else "0.5"
    switch = "True" if training is None else expressions.operand(training)
    told = training is None or isinstance(training, ast.Constant) or switch == "True"
    if never_drops(call) or switch == "False":
        return expressions.operand(call.inputs)
    inputs = expressions.text(call.inputs)
    named = isinstance(call.inputs, ast.Name)
    if training is not None and not told and not named:  # what is computed stands in the text once
        rate = f"{rate} if {switch} else 0.0"
    more = "".join(f", {name}={expressions.text(bound[name])}" for name in ("noise_shape", "seed") if name in bound)
    text = f"{expressions.tf}.nn.dropout({inputs}, rate={rate}{more})"
    if training is None or told or not named:
        return text
    text = _either(expressions, training, text, inputs)
    return text if _whole(expressions, node) else f"({text})"


def _either(expressions: Expressions, training: ast.expr, one: str, other: str) -> str:
    """A choice at each run. Only one side is computed, as it was. Raises `Refused` within another choice."""
    switch = expressions.operand(training)
    above: ast.AST | None = training
    while isinstance(above, ast.expr | ast.keyword):
        above = expressions.program.parents.get(id(above))
        if isinstance(above, ast.IfExp) and switch not in ("True", "False"):
            what = "a choice at each run stands within another one, which AutoGraph does not follow"
            raise Refused("TFM902", above, what, "Write the outer one as an if statement.")
    return {"True": one, "False": other}.get(switch, f"{one} if {switch} else {other}")


def _whole(expressions: Expressions, node: ast.Call) -> bool:
    """Whether a call is all of what is assigned or returned."""
    return any(isinstance(n, ast.Assign | ast.Return) and n.value is node for n in expressions.program.nodes)
