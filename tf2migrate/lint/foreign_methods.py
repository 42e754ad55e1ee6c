"""TFM341 of methods that texts and arrays have, and tensors have not, and of those of models that want values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground

_OF_TEXTS = {
    "lower": "tf.strings.lower", "upper": "tf.strings.upper", "strip": "tf.strings.strip", "split": "tf.strings.split",
    "replace": "tf.strings.regex_replace", "startswith": "tf.strings.regex_full_match", "decode": "tf.strings",
    "endswith": "tf.strings.regex_full_match", "encode": "tf.strings", "splitlines": "tf.strings.split",
}  # fmt: skip
_OF_ARRAYS = {
    "astype": "tf.cast", "reshape": "tf.reshape", "sum": "tf.reduce_sum", "mean": "tf.reduce_mean",
    "max": "tf.reduce_max", "min": "tf.reduce_min", "std": "tf.math.reduce_std", "flatten": "tf.reshape",
    "ravel": "tf.reshape", "squeeze": "tf.squeeze", "transpose": "tf.transpose", "clip": "tf.clip_by_value",
    "dot": "tf.tensordot", "argmax": "tf.argmax", "argmin": "tf.argmin", "swapaxes": "tf.transpose",
    "repeat": "tf.repeat", "prod": "tf.reduce_prod", "cumsum": "tf.cumsum", "any": "tf.reduce_any",
    "all": "tf.reduce_all",
}  # fmt: skip


_OF_MODELS = ("fit", "evaluate", "predict", "predict_on_batch")


def foreign_method(ground: Ground, node: ast.Call, code: str) -> Iterator[Found]:
    """`line.split(",")`, `image.astype("float32")` of a tensor."""
    if not isinstance(node.func, ast.Attribute):
        return
    name, owner = node.func.attr, node.func.value
    if name in _OF_MODELS and ground.view.kinds.is_a(owner, "Model") and not _is_own(ground, owner, name):
        yield Found(
            code,
            node,
            f"{name}() runs functions of its own and wants their values: TensorFlow stops there",
            "Call the model, or call this outside of the traced function.",
        )
        return
    advice = _OF_TEXTS.get(name) or _OF_ARRAYS.get(name)
    if advice is None or "enable_numpy_behavior" in ground.program.text or ground.view.path(owner):
        return
    kind = ground.kind(owner)
    if kind == "tensor" or (kind == "nest" and _is_element(ground, owner)):
        yield Found(code, node, f"a tensor has no {name}()", f"Use {advice}.")


def _is_own(ground: Ground, owner: ast.expr, name: str) -> bool:
    """Whether a method is one that the program has written itself."""
    cls = ground.view.kinds.method_class(owner) or ground.view.made(owner)
    return cls is not None and ground.view.method(cls, name) is not None


def _is_element(ground: Ground, owner: ast.expr) -> bool:
    """Whether an expression is a parameter that a Dataset hands over; a layer's inputs may be an object of any kind."""
    context = ground.traced.of(owner)
    return isinstance(owner, ast.Name) and context is not None and context.why == "dataset"
