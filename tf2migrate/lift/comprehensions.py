"""Comprehensions that make variables, as loops: each round makes its own, which are kept in a list.

    heads = [dense(x, n) for n in sizes]            heads = []
                                                    for n in sizes:
                                                        heads.append(dense(x, n))

A name that a comprehension binds is its own; where the function knows another of that name, the loop's gets a new one.
"""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import SCOPES, own, walk
from tf2migrate.lift.makers import makes
from tf2migrate.model import Edit

_STATE = ("tf.Variable", "tf.get_variable", "tf.layers.", "tf.contrib.layers.", "tf.contrib.slim.")
_INDENT = "    "


def comprehensions(program: Program) -> tuple[Edit, ...]:
    """The edits that write such comprehensions as loops, where one is all that a statement binds to a name."""
    edits = []
    for statement in program.each(ast.Assign):
        value = statement.value
        if len(statement.targets) > 1 or not isinstance(value, ast.ListComp | ast.DictComp):
            continue
        if makes(program, value, _is_state) and (lines := _loop(program, statement.targets[0], value)) is not None:
            edits.append(Edit(program.span(statement), f"\n{program.indent(statement)}".join(lines)))
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _loop(program: Program, target: ast.expr, made: ast.ListComp | ast.DictComp) -> list[str] | None:
    """The lines of the loop, without the indentation of the first; None where it would mean something else."""
    text = program.segment(target)
    bound = {n.id for g in made.generators for n in walk(g.target) if isinstance(n, ast.Name)}
    read = {n.id for n in walk(made) if isinstance(n, ast.Name)}
    plain = isinstance(target, ast.Name) or (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name))
    inner = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
    kept = any(isinstance(n, inner) for n in walk(made) if n is not made)
    itself = (target.id if isinstance(target, ast.Name) else text) in {*read, *map(ast.unparse, _attributes(made))}
    if not plain or kept or itself or "#" in program.segment(made) or any(g.is_async for g in made.generators):
        return None
    known = _known(scope_of(program, made), {id(n) for n in walk(made)})
    names = {name: fresh(name, known | (read - {name})) for name in sorted(bound)}
    if names != {name: name for name in names} and any(isinstance(n, ast.JoinedStr) for n in walk(made)):
        return None  # before Python 3.12, what stands in an f-string has no place
    lines = [f"{text} = {'[]' if isinstance(made, ast.ListComp) else '{}'}"]
    depth = 0
    for generator in made.generators:
        over = f"for {_renamed(program, generator.target, names)} in {_renamed(program, generator.iter, names)}:"
        lines.append(_INDENT * depth + over)
        depth += 1
        for test in generator.ifs:
            lines.append(f"{_INDENT * depth}if {_renamed(program, test, names)}:")
            depth += 1
    if isinstance(made, ast.ListComp):
        last = f"{text}.append({_renamed(program, made.elt, names)})"
    else:
        last = f"{text}[{_renamed(program, made.key, names)}] = {_renamed(program, made.value, names)}"
    return [*lines, _INDENT * depth + last]


def _known(scope: ast.Module | ast.FunctionDef, apart: set[int]) -> set[str]:
    """The names of a function or module: its own, and those of it that functions in it read."""
    here = own(scope.body)
    found = {n.id for n in here if isinstance(n, ast.Name) and id(n) not in apart}
    if isinstance(scope, ast.FunctionDef):
        found |= {a.arg for a in walk(scope.args) if isinstance(a, ast.arg)}
    for inner in (n for n in here if isinstance(n, SCOPES)):
        named = [n for n in walk(inner) if isinstance(n, ast.Name)]
        theirs = {a.arg for a in walk(inner) if isinstance(a, ast.arg)}
        theirs |= {n.id for n in named if isinstance(n.ctx, ast.Store)}
        said = {name for n in walk(inner) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        found |= {n.id for n in named} - (theirs - said)
    return found


def _attributes(made: ast.AST) -> list[ast.Attribute]:
    return [n for n in walk(made) if isinstance(n, ast.Attribute)]


def _renamed(program: Program, node: ast.expr, names: dict[str, str]) -> str:
    """The text of an expression with other names in it."""
    start = program.span(node).start
    text = program.segment(node)
    found = [n for n in walk(node) if isinstance(n, ast.Name) and names.get(n.id, n.id) != n.id]
    for name in sorted(found, key=lambda n: -program.span(n).start):
        span = program.span(name)
        text = text[: span.start - start] + names[name.id] + text[span.end - start :]
    return text


def _is_state(symbol: str) -> bool:
    return symbol.startswith(_STATE)
