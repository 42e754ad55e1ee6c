"""TFM326: a variable that arithmetic makes a tensor of, or that is told to change itself as a number does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import argument
from tf2migrate.model import Edit


def rebinding(ground: Ground, code: str) -> Iterator[Found]:
    """`w -= x`, at which TensorFlow stops, and `w = w - x`, after which w is a tensor that no tape watches."""
    for added in ground.program.each(ast.AugAssign):
        if _is_variable(ground, added.target):
            yield _augmented(ground, added, code)
    for node in ground.program.each(ast.Assign):
        for target, value in _pairs(node):
            if not _is_computed(ground, value) or not _is_variable(ground, target):
                continue
            text = ast.unparse(target)
            read = any(isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == text for n in walk(value))
            if read and (_taped(ground, text) or _assigned(ground, text)) and _again(ground, node, target):
                yield Found(
                    code,
                    node,
                    f"{text} is a tensor from here on, and no variable: no tape watches it",
                    f"Write {text}.assign(...).",
                    _assign(ground, node, target) if target is node.targets[0] else (),
                    safe=False,
                )


def _pairs(node: ast.Assign) -> list[tuple[ast.Name | ast.Attribute, ast.expr]]:
    """The names of an assignment, each with what it is given; of `a, b = c, d`, two."""
    target, value = node.targets[0], node.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = [*zip(target.elts, value.elts, strict=True)]
    return [(t, v) for t, v in pairs if isinstance(t, ast.Name | ast.Attribute)] if len(node.targets) == 1 else []


#: Functions that are the operators + - and *.
_OPERATORS = ("tf.subtract", "tf.add", "tf.multiply", "tf.math.subtract", "tf.math.add", "tf.math.multiply")


def _is_computed(ground: Ground, node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ground.view.symbol(node.func) in _OPERATORS
    return isinstance(node, ast.BinOp)


def _is_variable(ground: Ground, node: ast.expr) -> bool:
    """Whether what a name is bound to, apart from what it is computed from itself, is a tf.Variable."""
    if isinstance(node, ast.Name):
        bindings = ground.view.scopes.bindings(node)
    elif isinstance(node, ast.Attribute):
        cls = ground.view.kinds.method_class(node.value)
        bindings = ground.view.scopes.attributes.get((id(cls), node.attr), []) if cls is not None else []
    else:
        return False
    values = [b.node for b in bindings if b.how == "is"]
    own = [v for v in values if isinstance(v, ast.Call) and ground.view.symbol(v.func) == "tf.Variable"]
    if not own or len(values) != len(bindings):
        return False
    text = ast.unparse(node)
    return all(_computed_from(ground, v, text) for v in values if v not in own)


def _computed_from(ground: Ground, node: ast.AST, text: str) -> bool:
    if isinstance(node, ast.AugAssign):
        return ast.unparse(node.target) == text
    return _is_computed(ground, node) and any(
        isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == text for n in walk(node)
    )


def _augmented(ground: Ground, node: ast.AugAssign, code: str) -> Found:
    program = ground.program
    method = {ast.Add: "assign_add", ast.Sub: "assign_sub"}.get(type(node.op))
    edits: tuple[Edit, ...] = ()
    if method is not None and "\n" not in program.segment(node):
        edits = (Edit(program.span(node), f"{program.segment(node.target)}.{method}({program.segment(node.value)})"),)
    return Found(
        code,
        node,
        "a tf.Variable takes no augmented assignment: TensorFlow stops there",
        f"Write {method}." if method else "Write assign.",
        edits,
    )


def _taped(ground: Ground, text: str) -> bool:
    """Whether a tape is asked for the gradient with respect to a name."""
    for node in ground.view.kinds.calls:
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("gradient", "jacobian"):
            sources = argument(node, "sources", 1)
            if sources is not None and any(
                isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == text for n in walk(sources)
            ):
                return True
    return False


def _assigned(ground: Ground, text: str) -> bool:
    return any(
        isinstance(n, ast.Attribute)
        and n.attr in ("assign", "assign_add", "assign_sub")
        and ast.unparse(n.value) == text
        for n in ground.program.nodes
    )


def _again(ground: Ground, node: ast.stmt, target: ast.expr) -> bool:
    """Whether what comes of the assignment is met by the tape, or by assign, again: in a loop, or in a later call."""
    return isinstance(target, ast.Attribute) or bool(ground.view.loops(node))


def _assign(ground: Ground, node: ast.Assign, target: ast.expr) -> tuple[Edit, ...]:
    program = ground.program
    if "\n" in program.segment(node):
        return ()
    return (Edit(program.span(node), f"{program.segment(target)}.assign({program.segment(node.value)})"),)
