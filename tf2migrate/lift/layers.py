"""`tf.layers` and `tf.contrib.layers`: an object made once where the call stood, called where the tensor is computed.

Dropout has no weights and is told at each run whether to drop: it is an op. What batch normalization needs besides is
in `normalization`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.facts.tree import walk
from tf2migrate.lift import arg_scopes, element_types, name_patterns, normalizers, regularization, scopes
from tf2migrate.lift.layer_kinds import DENSE, KINDS, UNLIKE, WEIGHTLESS, Kind
from tf2migrate.lift.scopes import ALL_VARIABLES
from tf2migrate.lift.trace import Definition, Statement
from tf2migrate.lift.values import NONE, PYTHON, Layer, Python, Refused, Tensor, Time, Unknown, Value, leaves
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_SEEDS = ("tf.set_random_seed", "tf.random.set_random_seed")
_OTHER = ("float64", "double", "float16", "half", "bfloat16")


@dataclass(frozen=True, eq=False)
class Shareable(Layer):
    """A layer, and the settings with which it may be called again."""

    settings: str = ""


@dataclass(frozen=True, eq=False)
class Called(Tensor):
    """What a function that makes a layer gives: its arguments by Keras's names, the statement that it is part of."""

    kind: Kind = DENSE
    arguments: Mapping[str, ast.expr] = field(default_factory=dict)
    training: Value = PYTHON
    statement: Statement | None = None
    layer: Layer | None = None

    @property
    def settings(self) -> list[ast.expr]:
        """The arguments that only making the layer reads."""
        late = ["inputs", "training"] + (["activation"] if self.kind.keras == "BatchNormalization" else [])
        return [] if self.kind.keras == "Dropout" else [a for name, a in self.arguments.items() if name not in late]

    @property
    def inputs(self) -> ast.expr:
        return self.arguments["inputs"]


# -------------------------------------------------------------------- what the calls mean


def _layer(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    kind = KINDS[path]
    bound = arg_scopes.given(interpreter, node, path, bind(node, kind.parameters), kind.parameters)
    normalizer = normalizers.taken(interpreter, node, kind, bound)
    if isinstance(normalizer, Unknown):
        return normalizer
    missing = set(kind.required) - set(bound)
    refused = "less than it needs" if missing else unlike(kind, bound)
    if refused:
        return Unknown(f"{path} with {refused}", node)
    arguments = {kind.renamed.get(name, name): argument for name, argument in bound.items()}
    if not kind.keras.startswith(WEIGHTLESS) and (refused := _of_scope(interpreter, node, kind, arguments)):
        return Unknown(refused, node)
    values = [interpreter.evaluate(arguments["inputs"], hint=hint)]
    training: Value = Python("training" in kind.renamed.values(), known=True)
    for name, argument in arguments.items():
        if name == "training":
            training = interpreter.evaluate(argument)
            values.append(training)
        elif name not in ("inputs", "name", "scope"):
            values.append(setting(interpreter, name, argument, kind))
    for value in values:
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
    made = _made(interpreter, node, kind, arguments, hint)
    if isinstance(made, Unknown):
        return made
    if normalizer is not None and isinstance(norm := _normalization(interpreter, normalizer), Unknown):
        return norm
    return _noted(interpreter, Called(Time.STAGED, node, kind, arguments, training, interpreter.statement, made))


def _noted(interpreter: Interpreter, called: Called) -> Called:
    interpreter.layer_calls[id(called.node), id(interpreter.frame)] = called
    return called


def _normalization(interpreter: Interpreter, normalizer: normalizers.Normalizer) -> Called | Unknown:
    """The normalization of what a layer gives; it is found again under the function that the layer's call names."""
    kind, bound = normalizer.kind, normalizer.arguments
    if refused := unlike(kind, bound):
        return Unknown(f"a normalizer with {refused}", normalizer.node)
    arguments = {"activation" if n == "activation_fn" else kind.renamed.get(n, n): a for n, a in bound.items()}
    training: Value = Python(True, known=True)
    for name, argument in arguments.items():
        if name == "training":
            training = interpreter.evaluate(argument)
        elif name not in ("inputs", "scope", "activation"):
            setting(interpreter, name, argument, kind)
    made = _made(interpreter, normalizer.node, kind, arguments, "")
    if isinstance(made, Unknown):
        return made
    node = normalizer.node
    called = _noted(interpreter, Called(Time.STAGED, node, kind, arguments, training, interpreter.statement, made))
    interpreter.rewrites[id(node)] = called
    return called


def _of_scope(interpreter: Interpreter, node: ast.Call, kind: Kind, arguments: dict[str, ast.expr]) -> str:
    """Adds what the variable scope gives to the weights of a layer; says why where that is not written."""
    if scopes.default_for(interpreter, node, "regularizer") is not None:
        return "a layer is made in a variable scope with a regularizer"
    embedding = ["embeddings_initializer"] if kind.keras == "Embedding" else []
    names = [
        n for n in ("kernel_initializer", "depthwise_initializer", "pointwise_initializer") if n in kind.parameters
    ]
    for name in [*names, *embedding]:
        if scopes.is_missing(arguments.get(name)):
            default = scopes.default_for(interpreter, node, "initializer")
            if default is not None:
                arguments[name] = default
    return ""


def _made(
    interpreter: Interpreter, node: ast.Call, kind: Kind, arguments: Mapping[str, ast.expr], hint: str
) -> Shareable | Unknown:
    """The layer that is called: made here, or the one that is there under its name in the graph."""
    named = arguments.get("name", arguments.get("scope"))
    with interpreter.apart():
        value = interpreter.evaluate(named) if named is not None else NONE
        told = interpreter.evaluate(arguments["reuse"]) if "reuse" in arguments else None
        trained = trained_of(interpreter, arguments.get("trainable"))
    literal = value.literal if isinstance(value, Python) and value.known else ...
    own = literal if isinstance(literal, str) else None
    full = None if literal is ... else interpreter.scopes.name(own, kind.scope)
    there = interpreter.scopes.find(interpreter.graph, full, told)
    if kind.keras.startswith(WEIGHTLESS):
        there = None
    if isinstance(there, Unknown):
        return Unknown(there.reason, node)
    settings = _settings(arguments)
    if there is not None:
        if not isinstance(there, Shareable) or (there.kind, there.settings) != (kind.keras, settings):
            return Unknown("a layer is called again with other settings", node)
        interpreter.statement.shared.append(there)
        return there
    if full is not None and interpreter.repeats and interpreter.scopes.may_share(told):
        return Unknown("a loop makes a layer in its first turn, and shares it in the others", node)
    made = Shareable(node, kind.keras, settings)
    if trained is not True and not kind.keras.startswith(WEIGHTLESS):
        interpreter.untrained.add(id(node))
    if full is not None:
        interpreter.scopes.store[id(interpreter.graph), full] = made
    if kind.keras != "Dropout":
        held = frozenset() if kind.keras.startswith(WEIGHTLESS) else ALL_VARIABLES
        pattern = name_patterns.of_made(interpreter, named if value is not NONE else None, kind.scope)
        interpreter.make(node, made, layer_name(interpreter, hint, kind.keras), full, trained, held, pattern)
        regularization.of_layer(interpreter, made, full, arguments)
    return made


def trained_of(interpreter: Interpreter, node: ast.expr | None) -> bool | None:
    """What the argument `trainable` says; None where that cannot be told."""
    if node is None:
        return True
    with interpreter.apart():
        value = interpreter.evaluate(node)
    return bool(value.literal) if isinstance(value, Python) and value.known else None


def _settings(arguments: Mapping[str, ast.expr]) -> str:
    """What makes a layer what it is, as text."""
    apart = ("inputs", "training", "name", "scope", "reuse")
    return ", ".join(sorted(f"{k}={ast.unparse(v)}" for k, v in arguments.items() if k not in apart))


def unlike(kind: Kind, bound: Mapping[str, ast.expr]) -> str:
    """The name of an argument that has no counterpart, or nothing."""
    for name, argument in bound.items():
        literal = argument.value if isinstance(argument, ast.Constant) else ...
        if name in UNLIKE:
            if literal is not None and literal is not False:
                return name
        elif name == "data_format":
            known = ("channels_last", "channels_first") if kind.keras != "Flatten" else ("channels_last",)
            if literal not in (None, "NHWC", *known):
                return name
        elif name == "trainable" and kind.keras == "BatchNormalization" and literal is not True:
            return name  # Keras would not use the batch's averages any more
        elif name == "updates_collections" and literal is not None:
            return name
    return ""


def setting(interpreter: Interpreter, name: str, argument: ast.expr, kind: Kind) -> Value:
    """An argument of the constructor: it stays where it stands, so it must be there by then."""
    from tf2migrate.lift.functions import Function

    if kind.keras == "Dropout":
        return interpreter.evaluate(argument)
    with interpreter.apart() as reads:
        value = interpreter.evaluate(argument)
        if isinstance(value, Function):
            found = interpreter.call_helper(value, None)
            if isinstance(found, Unknown):
                return found
    if value.time >= Time.STAGED or any(d.staged for d in reads):
        return Unknown(f"{name} of a layer is known only while the graph runs", argument)
    return value


def layer_name(interpreter: Interpreter, hint: str, keras: str) -> str:
    """A name for a layer after what it computes, that no function binds for itself."""
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", keras.replace("BatchNormalization", "norm")).lower()
    if hint in ("", "output"):
        wanted = label
    else:
        told = any(word[:4] in hint.lower() for word in label.split("_"))
        wanted = f"{hint}_layer" if told else f"{hint}_{label}"
    return free_name(interpreter, wanted)


def free_name(interpreter: Interpreter, wanted: str) -> str:
    """A name that nothing in the program has: what is made under it can be read in every function."""
    while wanted in interpreter.program.named:
        wanted += "_object"
    return wanted


# -------------------------------------------------------------------- checks


def check(interpreter: Interpreter) -> list[Finding]:
    """What the program must be told of its layers. Raises `Refused` where Keras would compute in another precision."""
    found, seen = called(interpreter), set[Statement]()
    for call in found:
        assert call.statement is not None
        check_precision(call.statement, call.inputs, seen)
        element_types.check(interpreter, call.statement, call.inputs, told=True)
    made = [c for c in found if c.kind.keras != "Dropout"]
    return [*_dropping_nothing(found), *(seeds(interpreter) if made else ())]


def called(interpreter: Interpreter) -> list[Called]:
    """The calls of the program that make layers, in the order of the text."""
    return [value for value in interpreter.rewrites.values() if isinstance(value, Called)]


def check_precision(called: Statement, at: ast.expr, seen: set[Statement]) -> None:
    """Keras computes in float32 unless it is told; TensorFlow 1 in what it was given. Raises `Refused`.

    What is `seen` was found to be float32 for other layers.
    """
    todo = [called]
    while todo:
        statement = todo.pop()
        if statement in seen:
            continue
        seen.add(statement)
        todo += [d.statement for d in statement.reads if _graph(d)]
        for node in walk(statement.node):
            named = getattr(node, "attr", getattr(node, "value", ""))
            if (
                isinstance(named, str)
                and named in _OTHER
                and not isinstance(statement.node, ast.FunctionDef | ast.ClassDef)
            ):
                raise Refused(
                    "TFM907",
                    at,
                    f"a layer computes in {named}, where Keras takes float32",
                    "Feed it float32, or make the layers by hand with their dtype.",
                )


def _graph(definition: Definition) -> bool:
    return definition.value.time > Time.PYTHON and definition.value.time != Time.MADE


def _dropping_nothing(found: list[Called]) -> Iterator[Finding]:
    for call in found:
        if call.kind.keras == "Dropout" and never_drops(call):
            node = call.inputs
            message = "this dropout drops nothing, here as in TensorFlow 1: it is not told that it is training"
            advice = "Give it training=True, or a placeholder that tells."
            yield Finding(node.lineno, node.col_offset + 1, "TFM716", message, advice, fixable=True)


def never_drops(call: Called) -> bool:
    """Whether a dropout is not told that it is training."""
    told = "training" not in call.arguments or isinstance(call.arguments["training"], ast.Constant)
    return told and isinstance(call.training, Python) and not call.training.literal


def seeds(interpreter: Interpreter) -> Iterator[Finding]:
    """Keras takes the seeds of its initializers from Python's `random`."""
    if uses_random(interpreter):
        return
    for node in interpreter.program.nodes:
        if isinstance(node, ast.Call) and interpreter.names.symbol(node.func) in _SEEDS:
            message = "the first weights of Keras layers follow the seed of Python's random, not TensorFlow's"
            advice = "For the same weights in every run, call tf.keras.utils.set_random_seed, which sets both."
            yield Finding(node.lineno, node.col_offset + 1, "TFM715", message, advice, fixable=True)
            return


def uses_random(interpreter: Interpreter) -> bool:
    """Whether the program draws from Python's `random`, which Keras's initializers would disturb."""
    program = interpreter.program
    return any(n.module == "random" for n in program.each(ast.ImportFrom)) or any(
        alias.name == "random" for n in program.each(ast.Import) for alias in n.names
    )


HANDLERS = dict.fromkeys(KINDS, _layer)
__all__ = [
    "HANDLERS",
    "WEIGHTLESS",
    "Called",
    "called",
    "check",
    "check_precision",
    "free_name",
    "layer_name",
    "never_drops",
    "seeds",
    "setting",
    "unlike",
    "uses_random",
]
