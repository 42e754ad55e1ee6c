"""Cells that have dropout around them on some paths only, or as the caller of a helper says.

    if is_training:
        cell = DropoutWrapper(cell, output_keep_prob=keep_prob)

What is dropped is dropped under the same conditions, where the cell is unrolled.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import is_main, walk
from tf2migrate.lift.cells import Cell, Stacked, Wrapped
from tf2migrate.lift.trace import Definition, Frame, Statement, loops_in
from tf2migrate.lift.values import Structure, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

Tests = tuple[tuple[ast.expr, bool], ...]

# -------------------------------------------------------------------- on some paths


def merged(interpreter: Interpreter, definitions: Collection[Definition]) -> Wrapped | None:
    """A cell that some of the bindings of a name wrap: with all wrappers, each under its conditions.

    None where it is something else, or which path wraps it cannot be told.
    """
    if not all(isinstance(d.value, Cell | Stacked | Wrapped) for d in definitions):
        return None
    ordered = sorted(definitions, key=lambda d: d.statement.order)
    if len(ordered) < 2:
        return None
    loops = [loops_in(d.statement.blocks) for d in ordered]
    if any(around != loops[0] for around in loops):
        return None
    found: Value | None = None
    for definition in sorted(ordered, key=lambda d: _depth(d.value)):
        value = definition.value
        if found is None or _same(value, found):
            found = found or value
            continue
        told = _tests(interpreter, definition, [d for d in ordered if _depth(d.value) < _depth(value)])
        if not isinstance(value, Wrapped) or not _same(value.cell, found) or told is None:
            return None
        tests, reads = told
        found = replace(value, cell=found, tests=(*value.tests, *tests), reads=value.reads | reads)
    return found if isinstance(found, Wrapped) else None


def _depth(value: Value) -> int:
    return 1 + _depth(value.cell) if isinstance(value, Wrapped) else 0


def _same(one: Value, other: Value) -> bool:
    """Whether two values are made by the same calls, whatever conditions are known of them."""
    if isinstance(one, Wrapped) and isinstance(other, Wrapped):
        return one.node is other.node and _same(one.cell, other.cell)
    return isinstance(one, Cell | Stacked) and isinstance(other, Cell | Stacked) and one.node is other.node


def _tests(
    interpreter: Interpreter, definition: Definition, others: list[Definition]
) -> tuple[Tests, frozenset[Definition]] | None:
    """What must hold for a binding to be reached, where the others of its name come before it or instead of it."""
    statement = definition.statement
    around = set(statement.blocks)
    for other in others:
        instead = any(
            isinstance(b, ast.If) and b in around and _side(b, other.statement.node) is not _side(b, statement.node)
            for b in other.statement.blocks
        )
        if not instead and other.statement.order > statement.order:
            return None
    shared = [b for b in statement.blocks if all(b in o.statement.blocks for o in others)]
    own = [b for b in statement.blocks if b not in shared or _parts(b, statement, others)]
    tests: list[tuple[ast.expr, bool]] = []
    reads: set[Definition] = set()
    for block in own:
        if not isinstance(block, ast.If) or is_main(block):
            return None
        header = _header(statement.frame, block)
        side = _side(block, statement.node)
        if header is None or side is None:
            return None
        tests.append((block.test, side))
        reads |= header.reads
    return (tuple(tests), frozenset(reads)) if tests else None


def _parts(block: ast.stmt, statement: Statement, others: list[Definition]) -> bool:
    """Whether a branch has a binding on one side and another of the name on the other."""
    mine = _side(block, statement.node) if isinstance(block, ast.If) else None
    return mine is not None and any(_side(block, o.statement.node) is not mine for o in others)  # type: ignore[arg-type]


def _side(block: ast.If, node: ast.AST) -> bool | None:
    """The side of a branch that something stands on."""
    for side, body in ((True, block.body), (False, block.orelse)):
        if any(inner is node for statement in body for inner in walk(statement)):
            return side
    return None


def _header(frame: Frame, block: ast.If) -> Statement | None:
    return next((s for s in reversed(frame.statements) if s.node is block), None)


# -------------------------------------------------------------------- as a caller says


def handed_out(interpreter: Interpreter, frame: Frame, node: ast.Call | None, value: Value) -> Value:
    """What a helper returns, where its parameters tell the dropout of a cell: what the caller gave tells it."""
    if node is None or not any(_told_by(frame, wrapped) for wrapped in _wrapped(value)):
        return value
    given = _given(frame, node)
    reads: dict[str, frozenset[Definition]] = {}
    for name, argument in given.items():
        if not any(isinstance(n, ast.Call | ast.NamedExpr | ast.Starred) for n in walk(argument)):
            with interpreter.apart() as read:
                interpreter.evaluate(argument)
            if not read & set(interpreter.statement.writes):  # what a comprehension binds is known only inside of it
                reads[name] = frozenset(read)
    memo: dict[int, Value] = {}
    return _replaced(value, frame, {name: given[name] for name in reads}, reads, memo)


def _wrapped(value: Value) -> Iterator[Wrapped]:
    inner: list[Value] = []
    if isinstance(value, Wrapped):
        yield value
        inner = [value.cell]
    elif isinstance(value, Stacked):
        inner = list(value.cells or (value.each,))
    elif isinstance(value, Structure):
        inner = [item for _, item, _ in value.items] + ([value.rest] if value.rest else [])
    for part in inner:
        yield from _wrapped(part)


def _told_by(frame: Frame, wrapped: Wrapped) -> bool:
    return any(d.statement.frame is frame for d in wrapped.reads)


def _given(frame: Frame, node: ast.Call) -> dict[str, ast.expr]:
    """What a call gives for each parameter, written out; a default that is a constant counts."""
    assert not isinstance(frame.node, ast.Module)
    spec = frame.node.args
    positional = [a.arg for a in [*spec.posonlyargs, *spec.args]]
    skipped = 1 if positional[:1] == ["self"] and isinstance(node.func, ast.Attribute) else 0
    defaults = dict(zip(reversed(positional), reversed(spec.defaults), strict=False))
    defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    found: dict[str, ast.expr] = {name: d for name, d in defaults.items() if isinstance(d, ast.Constant)}
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(k.arg is None for k in node.keywords):
        return {}
    found |= dict(zip(positional[skipped:], node.args, strict=False))
    return found | {k.arg: k.value for k in node.keywords if k.arg is not None}


def _replaced(
    value: Value,
    frame: Frame,
    given: Mapping[str, ast.expr],
    reads: Mapping[str, frozenset[Definition]],
    memo: dict[int, Value],
) -> Value:
    """A value with what parameters tell told by the arguments that were given for them."""

    def inner(part: Value) -> Value:
        return _replaced(part, frame, given, reads, memo)

    if id(value) in memo:
        return memo[id(value)]
    found = value
    if not any(_told_by(frame, wrapped) for wrapped in _wrapped(value)):
        pass
    elif isinstance(value, Wrapped):
        found = _retold(replace(value, cell=inner(value.cell)), frame, given, reads)
    elif isinstance(value, Stacked):
        cells = value.cells and tuple(inner(cell) for cell in value.cells)
        found = replace(value, cells=cells, each=cells[0] if cells else inner(value.each))
    elif isinstance(value, Structure):
        items = tuple((key, inner(item), at) for key, item, at in value.items)
        found = replace(value, items=items, rest=value.rest and inner(value.rest))
    memo[id(value)] = found
    return found


def _retold(
    wrapped: Wrapped, frame: Frame, given: Mapping[str, ast.expr], reads: Mapping[str, frozenset[Definition]]
) -> Wrapped:
    """One wrapper, told by arguments; as it was where it follows more of the helper than names of parameters."""
    told = {name: argument for name, argument in wrapped.arguments.items() if name != "cell"}
    local = {d for d in wrapped.reads if d.statement.frame is frame}
    names = {d.name for d in local}
    if not all(isinstance(d.statement.node, ast.Pass) for d in local) or not names <= set(given):
        return wrapped

    def settled(argument: ast.expr) -> ast.expr | None:
        if isinstance(argument, ast.Name) and argument.id in names:
            return given[argument.id]
        inside = any(isinstance(n, ast.Name) and n.id in names for n in walk(argument))
        return None if inside else argument

    arguments = {name: settled(argument) for name, argument in told.items()}
    tests = [(settled(test), side) for test, side in wrapped.tests]
    if None in arguments.values() or any(test is None for test, _ in tests):
        return wrapped
    kept = frozenset(wrapped.reads - local).union(*[reads[name] for name in names])
    cell = {"cell": wrapped.arguments["cell"]}
    return replace(wrapped, arguments=cell | arguments, tests=tuple(tests), reads=kept)  # type: ignore[arg-type]


__all__ = ["handed_out", "merged"]
