"""Files that Keras 3 does not write or read under the name that the program gives them: TFM513 to TFM516."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_edits import argument, literal, without
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.model import Edit, Span

SAVE, WEIGHTS, LOAD, CHECKPOINT = "TFM513", "TFM514", "TFM515", "TFM516"

#: What `model.save` writes.
_MODELS = (".keras", ".h5", ".hdf5")


def files(kinds: Kinds) -> Iterator[Found]:
    """What is said of the files of models and weights."""
    places = kinds.calls
    saved, weights = _written(kinds, places)
    for node in places:
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        symbol = kinds.symbol(node.func)
        if symbol in ("tf.keras.models.save_model", "tf.keras.saving.save_model"):
            yield from _save(kinds, node, 1)
        elif symbol in ("tf.keras.models.load_model", "tf.keras.saving.load_model"):
            yield from _load(kinds, node, saved)
        elif symbol == "tf.keras.callbacks.ModelCheckpoint":
            yield from _checkpoint(kinds, node)
        elif method == "save" and isinstance(node.func, ast.Attribute) and _is_model(kinds, node.func):
            yield from _save(kinds, node, 0)
        elif method == "save_weights" and isinstance(node.func, ast.Attribute) and _is_model(kinds, node.func):
            yield from _save_weights(kinds, node)
        elif method == "load_weights" and isinstance(node.func, ast.Attribute) and _is_model(kinds, node.func):
            yield from _load_weights(kinds, node, weights)


def _is_model(kinds: Kinds, function: ast.Attribute) -> bool:
    """Whether a method is a Keras model's; what else has `save_weights` is taken for one in a program of Keras."""
    if kinds.is_a(function.value, "Model"):
        return True
    text = kinds.program.text
    return function.attr == "save_weights" and kinds.of(function.value) is None and "tf_keras" not in text


def _written(kinds: Kinds, places: Sequence[ast.Call]) -> tuple[frozenset[str], frozenset[str]]:
    """The literal paths under which the program saves models, and weights."""
    models, weights = set(), set()
    for node in places:
        if not isinstance(node.func, ast.Attribute):
            continue
        path = literal(argument(node, "filepath", 0))
        if not isinstance(path, str):
            continue
        if node.func.attr == "save" and kinds.is_a(node.func.value, "Model"):
            models.add(path)
        elif node.func.attr == "save_weights":
            weights.add(path)
        elif kinds.symbol(node.func) == "tf.keras.callbacks.ModelCheckpoint":
            only = literal(argument(node, "save_weights_only", 4))
            (weights if only else models).add(path)
    return frozenset(models), frozenset(weights)


def _text(kinds: Kinds, node: ast.expr | None) -> tuple[str, ast.expr] | None:
    """What a path that is plainly text ends in: of a literal, an f-string, or a sum with one at its end."""
    match node:
        case ast.Constant(value=str(text)):
            return text, node
        case ast.JoinedStr(values=[*_, ast.Constant(value=str(text))]):
            return text, node
        case ast.BinOp(op=ast.Add() | ast.Div(), right=right):
            return _text(kinds, right)
        case ast.Call(func=ast.Attribute(attr="join"), args=[_, *rest]) if rest:
            return _text(kinds, rest[-1])
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            return _text(kinds, value)
        case ast.Name():
            values = [b.node for b in kinds.scopes.bindings(node)]
            if len(values) == 1 and isinstance(values[0], ast.Constant | ast.JoinedStr | ast.BinOp | ast.Call):
                return _text(kinds, values[0])
    return None


def _ending(kinds: Kinds, node: ast.expr, old: str, new: str) -> Edit | None:
    """The edit that gives a literal another ending; None where its text is not plain."""
    span = kinds.program.span(node)
    written = kinds.program.text[span.start : span.end]
    quote = written[-1:]
    if quote not in "'\"" or written.endswith(quote * 3) or not written[:-1].endswith(old):
        return None
    return Edit(Span(span.end - 1 - len(old), span.end - 1), new)


def _stem(text: str, endings: tuple[str, ...]) -> str:
    """The ending that is to go: one of the given ones, or none."""
    return next((ending for ending in endings if text.endswith(ending)), "")


def _save(kinds: Kinds, node: ast.Call, place: int) -> Iterator[Found]:
    path = argument(node, "filepath", place)
    format_ = next((k for k in node.keywords if k.arg == "save_format"), None)
    told = _text(kinds, path)
    as_saved_model = format_ is not None and literal(format_.value) == "tf"
    if not as_saved_model and (told is None or told[0].endswith(_MODELS)):
        return
    edits: tuple[Edit, ...] = ()
    if told is not None:
        ending = ".h5" if format_ is not None and literal(format_.value) == "h5" else ".keras"
        old = _stem(told[0], (".tf", ".ckpt", ".pb", *_MODELS))
        edit = _ending(kinds, told[1], old + ("/" if told[0].endswith("/") else ""), ending)
        if edit is not None and not told[0].endswith("."):
            edits = (edit, *(without(kinds.program, node, [format_]) if format_ is not None else ()))
    yield Found(
        SAVE,
        node,
        "Keras 3 saves models as .keras or .h5 files only",
        "Give the file the ending .keras; call model.export(path) for a SavedModel.",
        edits,
        safe=False,
    )


def _load(kinds: Kinds, node: ast.Call, saved: frozenset[str]) -> Iterator[Found]:
    path = argument(node, "filepath", 0)
    if not isinstance(path, ast.Constant) or not isinstance(path.value, str) or path.value.endswith(_MODELS):
        return
    edits: tuple[Edit, ...] = ()
    if path.value in saved:
        old = _stem(path.value, (".tf", ".ckpt", ".pb")) + ("/" if path.value.endswith("/") else "")
        edit = _ending(kinds, path, old, ".keras")
        edits = (edit,) if edit is not None else ()
    yield Found(
        LOAD,
        node,
        "Keras 3 loads .keras and .h5 files only",
        "Load a SavedModel with tf.saved_model.load, or as a tf.keras.layers.TFSMLayer.",
        edits,
        safe=False,
    )


def _weights_ending(text: str) -> str:
    return _stem(text, (".weights.hdf5", ".hdf5", ".h5", ".tf", ".ckpt"))


def _save_weights(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    path = argument(node, "filepath", 0)
    format_ = [k for k in node.keywords if k.arg in ("save_format", "options")]
    told = _text(kinds, path)
    gone = without(kinds.program, node, format_) if format_ else ()
    if told is not None and told[0].endswith(".json") and any(k.arg == "max_shard_size" for k in node.keywords):
        return  # the index of a sharded file
    if told is None or told[0].endswith(".weights.h5"):
        for keyword in format_:
            yield Found("TFM505", keyword, f"save_weights takes no {keyword.arg} any more", "Leave it out.", gone)
        return
    edit = _ending(kinds, told[1], _weights_ending(told[0]), ".weights.h5")
    yield Found(
        WEIGHTS,
        node,
        "Keras 3 saves weights to files that end in .weights.h5 only",
        "Give the file that ending, here and where it is loaded.",
        (edit, *gone) if edit is not None and not told[0].endswith("/") else (),
    )


def _load_weights(kinds: Kinds, node: ast.Call, written: frozenset[str]) -> Iterator[Found]:
    path = argument(node, "filepath", 0)
    told = _text(kinds, path)
    if told is None or not isinstance(path, ast.Constant | ast.JoinedStr):
        return
    text = told[0]
    if text.endswith((".weights.h5", ".keras")) or (text.endswith((".h5", ".hdf5")) and text not in written):
        return  # .h5 files of Keras 2 are still read
    edits: tuple[Edit, ...] = ()
    if isinstance(path, ast.Constant) and text in written:
        edit = _ending(kinds, path, _weights_ending(text), ".weights.h5")
        edits = (edit,) if edit is not None else ()
    yield Found(
        WEIGHTS,
        node,
        "Keras 3 reads weights from .weights.h5, .h5 and .keras files only",
        "Read the checkpoint under the old version, and save it anew.",
        edits,
    )


def _checkpoint(kinds: Kinds, node: ast.Call) -> Iterator[Found]:
    told = _text(kinds, argument(node, "filepath", 0))
    only = argument(node, "save_weights_only", 4)
    if told is None or (only is not None and not isinstance(only, ast.Constant)):
        return
    text, holder = told
    if only is not None and literal(only):
        if text.endswith(".weights.h5"):
            return
        old, new = _weights_ending(text), ".weights.h5"
    else:
        if text.endswith((".keras", ".h5")):
            return
        old, new = _stem(text, (".hdf5", ".tf", ".ckpt")), ".keras"
    edit = _ending(kinds, holder, old, new)
    yield Found(
        CHECKPOINT,
        node,
        f"ModelCheckpoint of Keras 3 writes {new} files here",
        f"Give the file the ending {new}, here and where it is loaded.",
        (edit,) if edit is not None and not text.endswith("/") else (),
    )
