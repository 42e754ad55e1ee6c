"""TensorFlow's functions on the symbolic tensors of Keras 3, which only Keras's own take (TFM517), and losses that are
added to a finished model (TFM530)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_edits import modules, spelled
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.lint.keras3_tables import read
from tf2migrate.model import Edit, Span
from tf2migrate.records import Record, in_tf2

CODE, LOSS = "TFM517", "TFM530"

#: What takes a symbolic tensor, or does not look at it.
_TAKES = (
    "tf.keras.",
    "tf.function",
    "tf.data.",
    "tf.nest.",
    "tf.is_tensor",
    "tf.print",
    "tf.name_scope",
    "tf.debugging.",
)
_BACKEND_TAKES = frozenset({"int_shape", "is_keras_tensor", "ndim", "dtype", "shape", "count_params"})


@cache
def operations() -> Mapping[str, Record]:
    """What computes the same as a function of TensorFlow, for symbolic tensors as well."""
    return read("keras3_ops")


def symbolic(kinds: Kinds) -> Iterator[Found]:
    """What is said of functions of TensorFlow that are called on a symbolic tensor."""
    if "Input" not in kinds.program.text and ".output" not in kinds.program.text:
        return
    for node in kinds.calls:
        symbol = kinds.symbol(node.func)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "add_loss":
            yield from _loss(kinds, node, node.func)
        backend = symbol.startswith("tf.keras.backend.") and symbol.rpartition(".")[2] not in _BACKEND_TAKES
        if not symbol.startswith("tf.") or (symbol.startswith(_TAKES) and not backend) or not in_tf2(symbol):
            continue
        values = [*node.args, *(k.value for k in node.keywords)]
        tensors = [value for value in values if kinds.symbolic(value)]
        if tensors:
            yield _told(kinds, node, symbol, tensors)


def _loss(kinds: Kinds, node: ast.Call, function: ast.Attribute) -> Iterator[Found]:
    if kinds.of(function.value) in ("Model", "Sequential") and kinds.method_class(function.value) is None:
        yield Found(
            LOSS,
            node,
            "a model of Keras 3 takes no loss once it is made",
            "Call self.add_loss in the call of a layer that the tensors pass through.",
        )


def _told(kinds: Kinds, node: ast.Call, symbol: str, tensors: list[ast.expr]) -> Found:
    program = kinds.program
    record = operations().get(symbol)
    message = f"{symbol} does not take the symbolic tensors of Keras 3"
    if record is not None:
        edits = _renamed(kinds, node, record)
        return Found(CODE, node, message, f"Use {record.becomes}.", edits or ())
    named = modules(program)
    layer = spelled(program, "tf.keras.layers.Lambda", named)
    edits = ()
    if (
        layer is not None
        and len(tensors) == 1
        and isinstance(tensors[0], ast.Name)
        and "\n" not in program.segment(node)
    ):
        text, name = program.segment(node), tensors[0].id
        start, spot = program.span(node).start, program.span(tensors[0])
        body = text[: spot.start - start] + "t" + text[spot.end - start :]
        if not any(isinstance(n, ast.Name) and n.id == "t" for n in ast.walk(node)):
            edits = (Edit(program.span(node), f"{layer}(lambda t: {body})({name})"),)
    return Found(CODE, node, message, "Use keras.ops, or put it in a layer or a Lambda layer.", edits, safe=False)


def _renamed(kinds: Kinds, node: ast.Call, record: Record) -> tuple[Edit, ...] | None:
    """The call under its name in `keras.ops`; None where an argument has no place there."""
    program = kinds.program
    new = spelled(program, record.becomes, modules(program))
    if new is None or any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(record.params):
        return None
    edits: list[Edit] = [Edit(program.span(node.func), new)]
    given = set()
    for index, value in enumerate(node.args):
        name = record.params[index]
        given.add(name)
        if name in record.drop:
            return None
        if index >= record.positional:
            at = program.span(value).start
            edits.append(Edit(Span(at, at), f"{record.rename.get(name, name)}="))
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg not in record.params or keyword.arg in record.drop:
            return None
        given.add(keyword.arg)
        start = program.span(keyword).start
        to = record.rename.get(keyword.arg, keyword.arg)
        if to != keyword.arg:
            edits.append(Edit(Span(start, start + len(keyword.arg)), to))
    missing = [f"{record.rename.get(name, name)}={value}" for name, value in record.add.items() if name not in given]
    if missing:
        last = program.span(node).end - 1
        comma = program.text[:last].rstrip().endswith(",")
        edits.append(Edit(Span(last, last), ("" if comma else ", ") + ", ".join(missing)))
    return tuple(edits)
