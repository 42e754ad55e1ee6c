"""Dicts of a graph's parts that are filled one by one, or have updates written into them: each part by its own name.

    ops = {"loss": loss}                               train = optimizer.minimize(loss)
    ops["train"] = optimizer.minimize(loss)            norm = tf.norm(w)
    ops["norm"] = tf.norm(w)                           ops = {"loss": loss, "train": train, "norm": norm}
"""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Mapping
from keyword import iskeyword

from tf2migrate.apply import apply, fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import Scope, body_of, scope_of, scopes, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.held_effects import changes
from tf2migrate.lift.written_apart import alone, without
from tf2migrate.model import Edit, Span


def dict_entries(program: Program) -> tuple[Edit, ...]:
    """The edits that bind what such dicts hold, and make the dicts once all of it is there."""
    edits: list[Edit] = []
    taken = {*dir(builtins), *program.reserved}
    for statement in program.each(ast.Assign):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() | ast.Call() as value):
                entries = _entries(value)
                if entries is not None and alone(program, statement):
                    edits += _of_dict(program, statement, name, entries, taken)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _entries(value: ast.expr) -> dict[str, ast.expr] | None:
    """What a dict holds where it is made, by its keys; None where they are not plain names."""
    if isinstance(value, ast.Call):
        empty = isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args and not value.keywords
        return {} if empty else None
    assert isinstance(value, ast.Dict)
    keys = [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    plain = len(keys) == len(value.keys) == len(set(keys))
    return dict(zip(keys, value.values, strict=True)) if plain else None


def _of_dict(
    program: Program, made: ast.Assign, name: str, entries: Mapping[str, ast.expr], taken: set[str]
) -> list[Edit]:
    """The edits of one dict; none where it is read otherwise than by its keys before it is whole."""
    scope, block = scope_of(program, made), body_of(program, made)
    fills = {s: key for s in block if isinstance(s, ast.Assign) and (key := _filled(s, name)) is not None}
    every = {**entries, **{key: statement.value for statement, key in fills.items()}}
    declared = any(name in n.names for n in program.nodes if isinstance(n, ast.Global | ast.Nonlocal))
    several = len(every) < len(entries) + len(fills) or len(stores(program, name, scope)) != 1 or declared
    acts = bool(fills) or any(changes(program, value) for value in every.values())
    if several or not acts or not all(alone(program, s) for s in fills):
        return []
    named = (n for n in program.each(ast.Name) if n.id == name and n is not made.targets[0])
    uses = [n for n in named if _is_of(program, n, scope)]
    reads = {n: read for n in uses if (read := _read(program, n)) is not None and read[1] in every}
    if not all(_is_known(program, read, made, fills) for read in reads.values()):
        return []
    end = program.span([made, *fills][-1]).end
    targets = [s.targets[0].value for s in fills if isinstance(s.targets[0], ast.Subscript)]
    others = [n for n in uses if n not in reads and n not in targets]
    if any(program.span(n).start < end for n in others):
        return []
    names = _names(program, made, every, taken)
    display = f"{{{', '.join(f'{json.dumps(key, ensure_ascii=False)}: {names[key]}' for key in every)}}}"
    returned = len(others) == 1 and isinstance(program.parents[id(others[0])], ast.Return)
    last = [f"{name} = {display}"] if others and not returned else []
    edits = [Edit(program.span(read), names[key]) for read, key in reads.values()]
    edits += [Edit(program.span(others[0]), display)] if returned else []
    return _written(program, made, entries, fills, names, edits, last)


def _is_of(program: Program, node: ast.Name, scope: Scope) -> bool:
    """Whether a name is one that the module or function binds."""
    return program.names.is_global(node) if isinstance(scope, ast.Module) else scope in scopes(program, node)


def _written(
    program: Program,
    made: ast.Assign,
    entries: Mapping[str, ast.expr],
    fills: Mapping[ast.Assign, str],
    names: Mapping[str, str],
    reads: list[Edit],
    last: list[str],
) -> list[Edit]:
    """The edits of the statements that make and fill a dict, and of what reads it; `last` stands behind them."""
    found: list[Edit] = []
    for statement, held in [(made, dict(entries)), *((s, {key: s.value}) for s, key in fills.items())]:
        texts = {key: _with(program, value, reads) for key, value in held.items()}
        lines = [f"{names[key]} = {text}" for key, text in texts.items() if text != names[key]]
        lines += last if statement is [made, *fills][-1] else []
        text = f"\n{program.indent(statement)}".join(lines)
        found.append(Edit(program.span(statement), text) if lines else without(program, statement))
    spans = [edit.span for edit in found]
    return found + [e for e in reads if not any(s.start <= e.span.start and e.span.end <= s.end for s in spans)]


def _with(program: Program, node: ast.expr, edits: list[Edit]) -> str:
    """The text of an expression, with these edits of the program."""
    span = program.span(node)
    inner = [e for e in edits if span.start <= e.span.start and e.span.end <= span.end]
    return apply(program.segment(node), [Edit(_moved(e.span, -span.start), e.text) for e in inner])[0]


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _is_known(
    program: Program, read: tuple[ast.Subscript, str], made: ast.Assign, fills: Mapping[ast.Assign, str]
) -> bool:
    """Whether an entry is there where it is read, and that is when it stands there in the text."""
    node, key = read
    by = next((statement for statement, filled in fills.items() if filled == key), made)
    behind = program.span(by).end <= program.span(node).start
    late = program.span([made, *fills][-1]).end <= program.span(node).start
    return behind and (late or scope_of(program, node) is scope_of(program, made))


def _filled(statement: ast.stmt, name: str) -> str | None:
    """The key at which a statement puts something into a dict; None where it does something else."""
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=held), slice=ast.Constant(value=str(key)))]):
            return key if held == name else None
    return None


def _names(program: Program, made: ast.Assign, every: Mapping[str, ast.expr], taken: set[str]) -> dict[str, str]:
    """What stands for each entry: a name or literal that it is, or a name of its own."""
    scope = scope_of(program, made)
    taken |= {*program.names.module_level, *(n.id for n in walk(scope) if isinstance(n, ast.Name))}
    taken |= {n.arg for n in walk(scope) if isinstance(n, ast.arg)}
    found: dict[str, str] = {}
    for key, value in every.items():
        if isinstance(value, ast.Constant):
            found[key] = program.segment(value)
        elif isinstance(value, ast.Name) and len(stores(program, value.id, scope)) <= 1:
            found[key] = value.id
        else:
            found[key] = fresh(key if key.isidentifier() and not iskeyword(key) else "entry", taken)
            taken.add(found[key])
    return found


def _read(program: Program, node: ast.AST) -> tuple[ast.Subscript, str] | None:
    """The entry of a dict that is read, with its key; None where the dict is used otherwise."""
    match program.parents[id(node)]:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key)), ctx=ast.Load()) as read if value is node:
            return read, key
    return None
