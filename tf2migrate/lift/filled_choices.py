"""Loops that choose variables by their names, as comprehensions, which is how they are followed.

    kept = {}                                            kept = {v.op.name: v for v in tf.trainable_variables()
    for v in tf.trainable_variables():                           if "head" not in v.name}
        if "head" not in v.name:
            kept[v.op.name] = v

A loop does nothing else then, and nothing reads its variable afterwards.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift import name_tests
from tf2migrate.lift.written_apart import without
from tf2migrate.model import Edit


class _Filled(NamedTuple):
    """What a loop fills: its name, the key and the conditions for each variable."""

    name: str
    key: ast.expr | None
    tests: tuple[tuple[bool, ast.expr], ...]  # whether the condition must hold, and which


def filled_choices(program: Program) -> tuple[Edit, ...]:
    """The edits that write such loops as comprehensions."""
    edits: list[Edit] = []
    for loop in program.each(ast.For):
        if not isinstance(loop.target, ast.Name) or loop.orelse:
            continue
        filled = _filled(loop.target.id, loop.body, ())
        if filled is None or not _asks(filled) or (made := _made(program, loop, filled)) is None:
            continue
        if _is_own(program, loop, loop.target.id):
            edits += [without(program, made), Edit(program.span(loop), _comprehension(program, loop, filled))]
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _filled(variable: str, body: list[ast.stmt], tests: tuple[tuple[bool, ast.expr], ...]) -> _Filled | None:
    """What the statements of a loop fill with its variable; None where they do anything else."""
    match body:
        case [ast.If(test=test, body=[ast.Continue()], orelse=[]), *rest] if rest:
            return _filled(variable, rest, (*tests, (False, test)))
        case [ast.If(test=test, body=inner, orelse=[])]:
            return _filled(variable, inner, (*tests, (True, test)))
        case [ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), "append"), [ast.Name(id=added)], []))]:
            return _Filled(name, None, tests) if added == variable else None
        case [ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key)], value=ast.Name(id=added))]:
            return _Filled(name, key, tests) if added == variable else None
    return None


def _asks(filled: _Filled) -> bool:
    """Whether names of variables choose, or are the keys."""
    return name_tests.ask([*([filled.key] if filled.key is not None else []), *(test for _, test in filled.tests)])


def _made(program: Program, loop: ast.For, filled: _Filled) -> ast.Assign | None:
    """The statement that makes what is filled, empty; None where something else may be in it, or reads it before."""
    block = body_of(program, loop)
    for before in reversed(block[: block.index(loop)]):
        match before:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == filled.name:
                empty = ("[]", "list()") if filled.key is None else ("{}", "dict()")
                alone = program.lines[before.lineno - 1].split("#")[0].strip() == program.segment(before)
                return before if alone and ast.unparse(value) in empty else None
        if any(isinstance(n, ast.Name) and n.id == filled.name for n in walk(before)):
            return None
    return None


def _is_own(program: Program, loop: ast.For, variable: str) -> bool:
    """Whether only a loop reads its variable: wherever else the name is read, a loop has bound it."""
    scope = scope_of(program, loop)
    binding = [n for n in program.nodes if isinstance(n, ast.For | ast.comprehension) and _binds(n, variable)]
    inside = {id(n) for each in binding for n in walk(_whole(program, each))}
    others = (n for n in program.each(ast.Name) if n.id == variable and id(n) not in inside)
    return not any(isinstance(n.ctx, ast.Load) and scope_of(program, n) is scope for n in others)


def _binds(node: ast.For | ast.comprehension, variable: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == variable for n in walk(node.target))


def _whole(program: Program, node: ast.For | ast.comprehension) -> ast.AST:
    return node if isinstance(node, ast.For) else program.parents[id(node)]


def _comprehension(program: Program, loop: ast.For, filled: _Filled) -> str:
    variable = program.segment(loop.target)
    item = variable if filled.key is None else f"{program.segment(filled.key)}: {variable}"
    tests = [f" if {program.segment(t)}" if holds else f" if not ({program.segment(t)})" for holds, t in filled.tests]
    text = f"{item} for {variable} in {program.segment(loop.iter)}{''.join(tests)}"
    return f"{filled.name} = [{text}]" if filled.key is None else f"{filled.name} = {{{text}}}"
