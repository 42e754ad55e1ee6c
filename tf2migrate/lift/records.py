"""Objects of an empty class that a function fills and returns, as names of their own.

`result = Record(); result.label = …; return result` becomes `label = …; return label`, and what its callers read of it
a name there. The reader of the CIFAR-10 tutorial returns its records so; a data set has tuples of tensors.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, scope_of
from tf2migrate.facts.tree import straight, walk
from tf2migrate.lift.written_apart import alone
from tf2migrate.model import Edit, Options, Outcome, Span


@dataclass(frozen=True, eq=False)
class _Record:
    """An object of an empty class: where it is made and returned, and its attributes in the order they are set."""

    made: ast.Assign
    name: str
    function: ast.FunctionDef
    returned: ast.Return
    parts: dict[str, list[ast.Attribute]]


def records(program: Program, options: Options) -> Outcome:
    """The edits that write such objects out; none of a class that is used in another way."""
    edits: list[Edit] = []
    for node in program.each(ast.ClassDef):
        made = _made(program, node) if _is_empty(node) else []
        found = [_record(program, statement) for statement in made]
        written = [list(_edits(program, record)) for record in found if record is not None]
        if written and len(written) == len(made) and all(written):
            edits += [edit for each in written for edit in each]
            edits.append(_without(program, node))
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _is_empty(node: ast.ClassDef) -> bool:
    """Whether a class has nothing: neither a base nor a body."""
    nothing = all(isinstance(s, ast.Pass) or _is_text(s) for s in node.body)
    plain = all(isinstance(b, ast.Name) and b.id == "object" for b in node.bases)
    return nothing and plain and not node.keywords and not node.decorator_list


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _made(program: Program, node: ast.ClassDef) -> list[ast.Assign]:
    """The statements that make an object of a class each; none where it is used otherwise."""
    found = []
    for use in (n for n in program.each(ast.Name) if n.id == node.name):
        call = program.parents[id(use)]
        statement = program.parents.get(id(call))
        match statement:
            case ast.Assign(targets=[ast.Name()], value=ast.Call(func=func, args=[], keywords=[])) if func is use:
                found.append(statement)
            case _:
                return []
    return found


def _record(program: Program, made: ast.Assign) -> _Record | None:
    """An object whose function sets its attributes one after the other, and returns it at its end."""
    function = scope_of(program, made)
    target = made.targets[0]
    if not isinstance(function, ast.FunctionDef) or not isinstance(target, ast.Name) or made not in function.body:
        return None
    last = function.body[-1]
    returned = last.value if isinstance(last, ast.Return) else None
    parts: dict[str, list[ast.Attribute]] = {}
    in_order = {id(n) for s in straight(function.body) for t in _targets(s) for n in walk(t)}
    for use in (n for n in walk(function) if isinstance(n, ast.Name) and n.id == target.id):
        above = program.parents[id(use)]
        if use is target or use is returned:
            continue
        if not isinstance(above, ast.Attribute) or isinstance(above.ctx, ast.Del):
            return None
        if isinstance(above.ctx, ast.Store) and id(above) not in in_order:
            return None
        parts.setdefault(above.attr, []).append(above)
    if not parts or not isinstance(returned, ast.Name) or returned.id != target.id or not isinstance(last, ast.Return):
        return None
    if any(isinstance(n, ast.Return) and n is not last for n in walk(function)):
        return None
    return _Record(made, target.id, function, last, parts)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else []


def _edits(program: Program, record: _Record) -> Iterator[Edit]:
    """The edits of a function and its callers; none where a caller does more with a record than read its parts."""
    callers = [_caller(program, use) for use in _uses(program, record.function)]
    reads = [caller for caller in callers if caller is not None]
    wanted = [p for p in record.parts if any(p in (n.attr for n in r[1]) for r in reads)]
    if not reads or len(reads) < len(callers) or not wanted or not _known(record, reads):
        return
    own = _names(program, record.function, record.name, list(record.parts))
    yield _without(program, record.made)
    for part, nodes in record.parts.items():
        yield from (Edit(program.span(node), own[part]) for node in nodes)
    assert record.returned.value is not None
    yield Edit(program.span(record.returned.value), ", ".join(own[part] for part in wanted))
    for target, loads in reads:
        names = _names(program, scope_of(program, target), target.id, wanted)
        yield Edit(program.span(target), ", ".join(names.values()))
        yield from (Edit(program.span(load), names[load.attr]) for load in loads)


def _known(record: _Record, reads: list[tuple[ast.Name, list[ast.Attribute]]]) -> bool:
    """Whether all that is read of records was set."""
    stored = {part for part, nodes in record.parts.items() if any(isinstance(n.ctx, ast.Store) for n in nodes)}
    return stored == set(record.parts) and all(n.attr in stored for _, loads in reads for n in loads)


def _uses(program: Program, function: ast.FunctionDef) -> list[ast.expr]:
    """Where a function is named."""
    attributes = [n for n in program.each(ast.Attribute) if n.attr == function.name]
    return [*attributes, *(n for n in program.each(ast.Name) if n.id == function.name)]


def _caller(program: Program, use: ast.expr) -> tuple[ast.Name, list[ast.Attribute]] | None:
    """The name that a caller gives a record, and what it reads of it; None where it does something else."""
    call = program.parents[id(use)]
    statement = program.parents.get(id(call))
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as value) if value is call:
            pass
        case _:
            return None
    if not isinstance(call, ast.Call) or call.func is not use or not alone(program, statement):
        return None
    scope = scope_of(program, statement)
    if isinstance(scope, ast.Module) and statement not in straight(scope.body):
        return None
    loads = []
    for name in (n for n in walk(scope) if isinstance(n, ast.Name) and n.id == target.id and n is not target):
        above = program.parents[id(name)]
        if not isinstance(above, ast.Attribute) or not isinstance(above.ctx, ast.Load):
            return None
        loads.append(above)
    return target, loads


def _names(program: Program, scope: ast.AST, record: str, parts: list[str]) -> dict[str, str]:
    """A name for each part of a record in a function: the part's own where nothing else has it."""
    taken = {*program.reserved, *keyword.kwlist, *dir(builtins), *_words(program, scope)}
    return {part: part if part not in taken else f"{record}_{part}" for part in parts}


def _words(program: Program, scope: ast.AST) -> set[str]:
    """The names that a function reads or binds; all of the program's for its module."""
    if isinstance(scope, ast.Module):
        return set(program.words)
    inside = walk(scope)
    return {n.id for n in inside if isinstance(n, ast.Name)} | {n.arg for n in inside if isinstance(n, ast.arg)}


def _without(program: Program, node: ast.stmt) -> Edit:
    """A statement goes with its lines, and the empty ones below it; a block is not left empty."""
    if body_of(program, node) == [node]:
        return Edit(program.span(node), "pass")
    span = program.span(node)
    start = program.text.rfind("\n", 0, span.start) + 1
    rest = program.text[span.end :]
    end = span.end + len(rest) - len(rest.lstrip(" \t\n"))
    end = program.text.rfind("\n", 0, end) + 1
    return Edit(Span(start, max(end, start)), "")
