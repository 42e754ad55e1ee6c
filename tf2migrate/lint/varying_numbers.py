"""TFM331: numbers of Python's that are others in each round, and are handed to a tf.function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import literal, modules, spelled
from tf2migrate.lint.view import Loop
from tf2migrate.model import Edit

#: How many traces of one function are no matter.
TRACES = 4


def varying(ground: Ground, node: ast.Call, code: str) -> Iterator[Found]:
    """A Python number that is another in each round, handed to a tf.function."""
    if not ground.view.loops(node):
        return
    roots = [
        t for t in ground.view.called(node.func)
        if (c := ground.traced.contexts.get(id(t))) is not None and c.why == "function" and c.root is t
        and "input_signature" not in c.options
    ]  # fmt: skip
    if len(roots) != 1 or ground.traced.of(node) is not None:
        return
    for value in [*node.args, *(k.value for k in node.keywords)]:
        if not _varies(ground, value):
            continue
        program = ground.program
        constant = spelled(program, "tf.constant", modules(program))
        text = program.segment(value)
        edits = (Edit(program.span(value), f"{constant}({text})"),) if constant and "\n" not in text else ()
        yield Found(
            code,
            value,
            f"{text} is another Python number in each round, and the function is traced for each",
            "Hand over a tensor: tf.constant(...), or a loop over tf.range.",
            edits,
            safe=False,
        )


def _varies(ground: Ground, value: ast.expr) -> bool:
    """Whether an argument is a number that a loop around it changes, or is computed from such a one."""
    if isinstance(value, ast.Name):
        return _counts(ground, value)
    if not isinstance(value, ast.BinOp) or ground.kind(value) != "python":
        return False
    return any(isinstance(n, ast.Name) and _counts(ground, n) for n in walk(value))


def _counts(ground: Ground, name: ast.Name) -> bool:
    """Whether a name is the number of a loop around it, of more than a few rounds, or one that each round changes."""
    for loop in ground.view.loops(name):
        stores = [n for part in loop.body for n in walk(part) if isinstance(n, ast.Name) and n.id == name.id]
        bound = [n for n in stores if isinstance(n.ctx, ast.Store)]
        if bound:
            return _is_changed(ground, name, loop, bound)
        if isinstance(loop, ast.While):
            continue
        target: ast.expr = loop.target
        numbered = isinstance(loop.iter, ast.Call) and ground.view.path(loop.iter.func) == "builtins.enumerate"
        if numbered and isinstance(target, ast.Tuple) and target.elts:
            target = target.elts[0]
        if isinstance(target, ast.Name) and target.id == name.id:
            return numbered or _of_numbers(ground, loop.iter)
    return False


def _of_numbers(ground: Ground, node: ast.expr) -> bool:
    """Whether a loop goes through more than a few numbers of Python's."""
    if isinstance(node, ast.List | ast.Tuple):
        return len({literal(e) for e in node.elts if isinstance(literal(e), int | float)}) > TRACES
    rounds = rounds_of(node) if isinstance(node, ast.Call) else None
    path = ground.view.path(node.func) if isinstance(node, ast.Call) else ""
    return path == "builtins.range" and (rounds is None or rounds > TRACES)


def _is_changed(ground: Ground, name: ast.Name, loop: Loop, bound: list[ast.Name]) -> bool:
    """Whether each round adds to a number of Python's, or multiplies it."""
    values = [b.node for b in ground.view.scopes.bindings(name)]
    numbers = [v for v in values if isinstance(literal(v), int | float) and not isinstance(literal(v), bool)]
    steps = [v for v in values if isinstance(v, ast.AugAssign) and isinstance(literal(v.value), int | float)]
    few = (
        isinstance(loop, ast.For) and isinstance(loop.iter, ast.Call) and (rounds_of(loop.iter) or TRACES + 1) <= TRACES
    )
    always = all(ground.view.parents.get(id(step)) is loop for step in steps)
    return bool(numbers and steps) and len(bound) == len(steps) == len(values) - len(numbers) and always and not few


def rounds_of(node: ast.Call) -> int | None:
    """How many rounds `range` with plain numbers makes."""
    values = [literal(a) for a in node.args]
    if values and all(isinstance(v, int) for v in values):
        return len(range(*(v for v in values if isinstance(v, int))))
    return None
