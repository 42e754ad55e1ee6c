"""Summaries of images: TensorFlow 1 scaled the floats of each, and TensorFlow 2 takes them to be between 0 and 1.

The largest number of an image was white; where some are negative, zero was gray (`core/kernels/summary_image_op.cc`,
`NormalizeFloatImage`, TensorFlow 1.15).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift.dtypes import Dtypes
from tf2migrate.lift.layers import free_name

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

NAME = "scaled_images"
_DEFINITION = '''def {name}(images):
    """Images as TensorFlow 1 wrote them: the brightest is white, and where some numbers are negative, zero is gray."""
    images = {tf}.convert_to_tensor(images)
    if images.dtype == {tf}.uint8:
        return images
    images = {tf}.cast(images, {tf}.float32)
    most = {tf}.reduce_max({tf}.abs(images), axis=[1, 2, 3], keepdims=True)
    negative = {tf}.cast({tf}.reduce_min(images, axis=[1, 2, 3], keepdims=True) < 0, {tf}.float32)
    scale = {tf}.math.divide_no_nan(255.0 - 128.0 * negative, most * {tf}.cast(most >= 1e-6, {tf}.float32))
    return {tf}.cast(images * scale + 128.0 * negative, {tf}.uint8)'''


def name(interpreter: Interpreter) -> str:
    """What the function is called, which nothing else in the program is."""
    program = interpreter.program
    defined = {f.name for f in program.each(ast.FunctionDef)} | {c.name for c in program.each(ast.ClassDef)}
    found = free_name(interpreter, NAME)
    while found in defined:
        found += "_"
    return found


def definition(interpreter: Interpreter, tf: str) -> str:
    """The function that scales images."""
    return _DEFINITION.format(tf=tf, name=name(interpreter))


def scaled(expressions: Expressions, kind: str, value: str, node: ast.expr | None = None) -> str:
    """The text of what is written: images that are not known to be whole numbers already are scaled."""
    if kind != "image" or (node is not None and Dtypes(expressions.interpreter).of(node) == "uint8"):
        return value
    return f"{name(expressions.interpreter)}({value})"
