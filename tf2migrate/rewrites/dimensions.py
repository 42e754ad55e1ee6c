"""TFM203: the sizes of a shape are numbers, where TensorFlow 1 had `Dimension` objects with a value."""

from __future__ import annotations

import ast
from collections import defaultdict

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome, Span
from tf2migrate.rewrites.places import finding

CODE = "TFM203"

#: While one of these is in force, shapes are made of `Dimension` objects still.
KEEPS_DIMENSIONS = frozenset({"tf.disable_v2_behavior", "tf.disable_v2_tensorshape"})


def dimension_value(program: Program, options: Options) -> Outcome:
    """`x.get_shape()[1].value` is `x.get_shape()[1]`."""
    if ".value" not in program.text or "shape" not in program.text:
        return Outcome()
    values = [
        node
        for node in program.nodes
        if isinstance(node, ast.Attribute) and node.attr == "value" and isinstance(node.ctx, ast.Load)
    ]
    shapes, sizes = _names(program)
    values = [node for node in values if _is_size(node.value, shapes, sizes)]
    if not values or any(path in KEEPS_DIMENSIONS for _, path in program.uses):
        return Outcome()
    return Outcome(
        tuple(Edit(Span(program.span(n.value).end, program.span(n).end), "") for n in values),
        tuple(
            finding(program, n, CODE, "the sizes of a shape are numbers", "Leave out .value.", fixable=True)
            for n in values
        ),
    )


def _is_shape(node: ast.expr, shapes: frozenset[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="get_shape"), args=[], keywords=[]):
            return True
        case ast.Attribute(attr="shape" | "output_shapes"):
            return True
        case ast.Attribute(attr="dims", value=shape):
            return _is_shape(shape, shapes)
        case ast.Subscript(value=shape, slice=ast.Slice()):
            return _is_shape(shape, shapes)
        case ast.Name(id=name):
            return name in shapes
    return False


def _is_size(node: ast.expr, shapes: frozenset[str], sizes: frozenset[str]) -> bool:
    match node:
        case ast.Subscript(value=shape, slice=ast.Slice()):
            return False
        case ast.Subscript(value=shape):
            return _is_shape(shape, shapes)
        case ast.Name(id=name):
            return name in sizes
    return False


def _names(program: Program) -> tuple[frozenset[str], frozenset[str]]:
    """The names that are shapes, and those that are sizes, wherever the program binds them."""
    bound: dict[str, list[tuple[str, ast.expr | None]]] = defaultdict(list)
    known: set[int] = set()
    for node in program.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                known.add(id(target))
                bound[name].append(("is", value))
            case ast.comprehension(target=ast.Name(id=name) as target, iter=shape):
                known.add(id(target))
                bound[name].append(("of", shape))
            case ast.For(target=ast.Name(id=name) as target, iter=shape):
                known.add(id(target))
                bound[name].append(("of", shape))
            case ast.arg(arg=name):
                bound[name].append(("", None))
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in known:
                bound[name].append(("", None))
    none: frozenset[str] = frozenset()
    shapes = frozenset(
        name
        for name, places in bound.items()
        if all(how == "is" and value is not None and _is_shape(value, none) for how, value in places)
    )
    sizes = frozenset(
        name
        for name, places in bound.items()
        if all(
            value is not None and (_is_shape(value, shapes) if how == "of" else _is_size(value, shapes, none))
            for how, value in places
        )
    )
    return shapes, sizes
