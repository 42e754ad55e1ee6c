"""Summaries of numbers that are filled statement by statement, as one call that says all of them.

`summary = tf.Summary()`, `summary.value.add(tag=…, simple_value=…)` and `writer.add_summary(summary, step)`, one after
the other, are `writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag=…, simple_value=…)]), step)`, and so is a list
of values that has a name first: what becomes of that is a block of `tf.summary.scalar`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.purity import may_act
from tf2migrate.facts.standing import body_of, scope_of, scopes, statement_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.repeated import is_in_loop
from tf2migrate.lift.written_summaries import MADE, VALUE, is_number
from tf2migrate.model import Options, Outcome
from tf2migrate.statements import Blocks


@dataclass(frozen=True)
class _Filled:
    """A summary: the statements that make and fill it, the one that writes it, and what that is then."""

    gone: tuple[ast.stmt, ...]
    written: ast.stmt
    text: str


def filled_summaries(program: Program, options: Options) -> Outcome:
    """The edits that put summaries of numbers where they are written."""
    made = [c for c in program.each(ast.Call) if program.names.symbol(c.func) == MADE]
    found = [filled for call in made if (filled := _filled(program, call)) is not None]
    texts: dict[int, str | None] = {}
    for filled in found:
        own: dict[int, str | None] = {**{id(s): None for s in filled.gone}, id(filled.written): filled.text}
        if not own.keys() & texts.keys():
            texts |= own
    blocks = Blocks(program, lambda s: texts.get(id(s), program.segment(s)))
    edits = tuple(blocks.edits(program.tree.body, sole=False)) if texts else ()
    return Outcome(edits if fits(edits, program.cuts) else ())


def _filled(program: Program, call: ast.Call) -> _Filled | None:
    """What a `tf.Summary` that has a name first is, where it is filled and written right after."""
    made = statement_of(program, call)
    name, given = _bound(made), call.args[:1] or [k.value for k in call.keywords if k.arg == "value"]
    if not name or made.value is not call or len(call.args) + len(call.keywords) > 1:  # type: ignore[attr-defined]
        return None
    block = body_of(program, made)
    at, gone = block.index(made), [made]
    if given and isinstance(given[0], ast.Name):
        if not at or _bound(block[at - 1]) != given[0].id:
            return None
        listed = block[at - 1]
        if not _is_read_by(program, listed, given[0].id, [made]):
            return None
        gone.insert(0, listed)
        given = [listed.value]  # type: ignore[attr-defined]
    if given and not isinstance(given[0], ast.List):
        return None
    values = [_value(program, v) for v in getattr(given[0], "elts", ())] if given else []
    for statement in block[at + 1 :]:
        if (added := _added(program, statement, name)) is not None:
            values.append(added)
            gone.append(statement)
        elif (place := _written(statement, name)) is not None:
            if not values or None in values or not _is_read_by(program, made, name, [*gone[1:], statement]):
                return None
            return _joined(program, call, gone, statement, place, [v for v in values if v is not None])
        else:
            return None
    return None


def _bound(statement: ast.stmt) -> str:
    """The one name that a statement binds a value to; empty where it does something else."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _value(program: Program, node: ast.expr) -> ast.Call | None:
    """The `tf.Summary.Value` of a number."""
    made = isinstance(node, ast.Call) and program.names.symbol(node.func) == VALUE
    return node if made and isinstance(node, ast.Call) and is_number(node) else None


def _added(program: Program, statement: ast.stmt, name: str) -> ast.Call | None:
    """What a statement adds to a summary of a name: a number."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute(value=held, attr="value"), attr="add"))):
            call = statement.value
            mine = isinstance(held, ast.Name) and held.id == name
            return call if mine and isinstance(call, ast.Call) and is_number(call) else None
    return None


def _written(statement: ast.stmt, name: str) -> ast.Name | None:
    """Where a statement gives a summary of a name to `add_summary`."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=writer, attr="add_summary"), args=args, keywords=words)):
            first = [*args, *(k.value for k in words if k.arg == "summary")]
            held = first[0] if first and not may_act(writer) else None
            return held if isinstance(held, ast.Name) and held.id == name else None
    return None


def _is_read_by(program: Program, made: ast.stmt, name: str, readers: list[ast.stmt]) -> bool:
    """Whether what a statement binds to a name is read by these statements, which follow it, and by nothing else."""
    scope = scope_of(program, made)
    told = {each for n in program.each(ast.Global) for each in n.names}
    told |= {each for n in program.each(ast.Nonlocal) for each in n.names}
    reads = [n for n in program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    inside = {id(n) for reader in readers for n in walk(reader)}
    others = [n for n in reads if id(n) not in inside and scope in scopes(program, n)]
    return name not in told and all(_is_of_another(program, made, read) for read in others)


def _is_of_another(program: Program, made: ast.stmt, read: ast.Name) -> bool:
    """Whether a name means something else where it is read than what a statement binds it to."""
    own, at = scope_of(program, read), (made.lineno, made.col_offset)
    if own is not scope_of(program, made):
        arguments = {n.arg for n in program.each(ast.arg) if scope_of(program, n) is own}
        return read.id in arguments or bool(stores(program, read.id, own))
    here = (read.lineno, read.col_offset)
    if (here < at or statement_of(program, read) is made) and not is_in_loop(program, made):
        return True
    before = ((s.lineno, s.col_offset) for s in _before(program, statement_of(program, read)) if _binds(s, read.id))
    last = max(before, default=None)
    return last is not None and last != at and not last < at < here


def _binds(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(n, ast.Name) and n.id == name for t in targets for n in walk(t))


def _before(program: Program, statement: ast.stmt) -> Iterator[ast.stmt]:
    """What has happened whenever a statement is come to, since its blocks began."""
    node: ast.AST = statement
    while not isinstance(node, ast.FunctionDef | ast.Module):
        if isinstance(node, ast.stmt):
            block = body_of(program, node)
            yield from block[: block.index(node)]
        node = program.parents[id(node)]


def _joined(
    program: Program, call: ast.Call, gone: list[ast.stmt], written: ast.stmt, place: ast.Name, values: list[ast.Call]
) -> _Filled | None:
    """The statement that writes a summary of some numbers; None where comments stand among what it takes in."""
    start, end = program.span(gone[0]).start, program.span(written).end
    if "#" in program.text[start:end] or program.text[end:].split("\n", 1)[0].strip():
        return None
    kind = program.segment(call.func)
    parts = []
    for value in values:
        told = {k.arg: program.segment(k.value) for k in value.keywords}
        parts.append(f"{kind}.Value(tag={told['tag']}, simple_value={told['simple_value']})")
    whole, first = program.segment(written), program.span(written).start
    here = program.span(place)
    text = f"{whole[: here.start - first]}{kind}(value=[{', '.join(parts)}]){whole[here.end - first :]}"
    return _Filled(tuple(gone), written, text)
