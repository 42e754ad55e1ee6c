"""TFM205: images resized as TensorFlow 1 did, which took its samples at other places than `tf.image.resize`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tf2migrate.commas import cuts
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome, Span
from tf2migrate.rewrites import places
from tf2migrate.rewrites.places import finding

CODE = "TFM205"
SYMBOLS = ("tf.image.resize_images", "tf.image.resize")
PARAMETERS = ("images", "size", "method", "align_corners", "preserve_aspect_ratio", "name")
METHODS = {"BILINEAR": 0, "NEAREST_NEIGHBOR": 1, "BICUBIC": 2, "AREA": 3}
WHAT = "tf.image.resize takes its samples at other places than TensorFlow 1 did"
FUNCTION = '''def {name}(images, size, method=0, align_corners=False):
    """Images resized as TensorFlow 1 did; the methods are bilinear, nearest neighbor, bicubic and area."""
    kernels = [
        {tf}.raw_ops.ResizeBilinear,
        {tf}.raw_ops.ResizeNearestNeighbor,
        {tf}.raw_ops.ResizeBicubic,
        {tf}.raw_ops.ResizeArea,
    ]
    images = {tf}.convert_to_tensor(images)
    batch = images if images.shape.rank == 4 else {tf}.expand_dims(images, 0)
    resized = kernels[method](images=batch, size=size, align_corners=align_corners)
    return resized if images.shape.rank == 4 else {tf}.squeeze(resized, 0)'''


def resize_images(program: Program, options: Options) -> Outcome:
    """Calls of `tf.image.resize_images`, where all can be followed, go to a function with TensorFlow 1's kernels."""
    uses = [node for node, path in program.uses if path in SYMBOLS] if "resize" in program.text else []
    calls = [call for node in uses if isinstance(call := program.parents[id(node)], ast.Call) and call.func is node]
    last = places.anchor(program)
    lines = Span(0, 0) if last is None else places.line_of(program, last)
    if not uses or len(calls) != len(uses) or lines is None:
        return Outcome()
    taken = places.words(program)
    name = next(name for name in ("resize_images", "resize_images_tf1", "_resize_images_tf1") if name not in taken)
    edits: list[Edit] = []
    for call in calls:
        try:
            bound = bind(call, PARAMETERS)
        except Unbound:
            return Outcome()
        if not _is_known(program, bound):
            return Outcome()
        edits += _edits(program, call, bound, name)
    tf = places.module(program, ("tensorflow",), "tf", lines.end)
    code = FUNCTION.format(name=name, tf=tf.name)
    edits.append(places.block(program.text, Span(lines.end, lines.end), [tf.missing] if tf.missing else [], code))
    found = (finding(program, call, CODE, WHAT, "Use the kernels that it used.", fixable=True) for call in calls)
    return Outcome(tuple(sorted(edits)), tuple(found))


def _is_known(program: Program, bound: Mapping[str, ast.expr]) -> bool:
    """Whether the function with TensorFlow 1's kernels can be given these arguments."""
    method, kept = bound.get("method"), bound.get("preserve_aspect_ratio")
    if "images" not in bound or "size" not in bound:
        return False
    if kept is not None and not (isinstance(kept, ast.Constant) and kept.value is False):
        return False
    if method is None or _number(program, method) is not None:
        return True
    inside = [program.names.symbol(node) or "" for node in ast.walk(method)]
    return not any("ResizeMethod" in symbol for symbol in inside)


def _number(program: Program, method: ast.expr) -> int | None:
    """The number of a method that is given by its name."""
    symbol = program.names.symbol(method) or ""
    return METHODS.get(symbol.rpartition(".")[2]) if symbol.startswith("tf.image.ResizeMethod.") else None


def _edits(program: Program, call: ast.Call, bound: Mapping[str, ast.expr], name: str) -> Iterator[Edit]:
    yield Edit(program.span(call.func), name)
    method = bound.get("method")
    number = None if method is None else _number(program, method)
    if method is not None and number is not None:
        yield Edit(program.span(method), str(number))
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    gone = [bound.get("preserve_aspect_ratio"), bound.get("name")]
    dead = [i for i, a in enumerate(arguments) if (a.value if isinstance(a, ast.keyword) else a) in gone]
    yield from (Edit(span, "") for span in cuts([program.span(argument) for argument in arguments], dead))
