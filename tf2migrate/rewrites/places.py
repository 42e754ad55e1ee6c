"""Where new code goes in a program, and which names it may use there."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Finding, Span


def finding(
    program: Program, node: ast.expr | ast.stmt, code: str, message: str, advice: str, fixable: bool = False
) -> Finding:
    """Something to say about a node; fixable when the edits of the same outcome deal with it."""
    span = program.span(node)
    return Finding(*program.position(span.start), code, message, advice, fixable, *program.position(span.end))


def words(program: Program, without: Collection[ast.AST] = ()) -> frozenset[str]:
    """Every name that a program binds or reads anywhere, but for the given nodes."""
    found: set[str] = set()
    skipped = {id(node) for node in without}
    for node in program.nodes:
        if id(node) in skipped:
            continue
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=path, asname=other):
                found.add(other or path.partition(".")[0])
    return frozenset(found)


def is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def anchor(program: Program, start: ast.stmt | None = None) -> ast.stmt | None:
    """The last of the module's imports in a row: those from `start` on, or the first there are.

    Without imports it is the docstring, and None when there is none.
    """
    body = program.tree.body
    first = next((i for i, s in enumerate(body) if (s is start if start else is_import(s))), None)
    if first is None:
        return body[0] if ast.get_docstring(program.tree, clean=False) is not None else None
    last = first
    while last + 1 < len(body) and is_import(body[last + 1]):
        last += 1
    return body[last]


@dataclass(frozen=True, slots=True)
class Module:
    """How a program can name a module at a place: `missing` is the import to add there, `late` one that it replaces."""

    name: str
    missing: str = ""
    late: ast.stmt | None = None


def module(program: Program, paths: tuple[str, ...], usual: str, before: int) -> Module:
    """The name of a module (its paths are equivalent) before an offset, or the import that has to be added."""
    known = _tensorflow(program, usual, before) if paths[0] == "tensorflow" else ""
    if known:
        return Module(known)
    late: list[ast.stmt] = []
    for statement in (s for s in program.tree.body if isinstance(s, ast.Import)):
        for alias in statement.names:
            name = alias.asname or alias.name
            if alias.name not in paths or "." in name:
                continue
            if program.span(statement).start < before and is_bound_once(program, name, paths):
                return Module(name)
            if alias.name == paths[0] and alias.asname == usual and len(statement.names) == 1:
                late.append(statement)
    new = f"import {paths[0]}" if usual == paths[0] else f"import {paths[0]} as {usual}"
    if usual not in words(program):
        return Module(usual, new)
    if late and is_bound_once(program, usual, paths):
        return Module(usual, new, late[0])
    return Module(paths[0], f"import {paths[0]}")


def _tensorflow(program: Program, usual: str, before: int) -> str:
    """A name of TensorFlow before an offset, however it was bound: imported, in a try, or by `tf = tensorflow`."""
    names = [usual, *sorted({alias.asname or alias.name for node in program.names.imports for alias in node.names})]
    for name in names:
        first = binder(program, name)
        if first and program.span(first).start < before and program.names.at_top(name) == "tf":
            return name
    return ""


def binder(program: Program, name: str) -> ast.stmt | None:
    """The first statement at module level in which a name is imported, or set by an assignment."""
    for statement in program.tree.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for node in ast.walk(statement):
                match node:
                    case ast.alias(name=path, asname=other) if (other or path.partition(".")[0]) == name:
                        return statement
                    case ast.Assign(targets=[ast.Name(id=bound)]) if bound == name:
                        return statement
    return None


def is_bound_once(program: Program, name: str, paths: tuple[str, ...]) -> bool:
    """Whether a name means one of the modules wherever it is bound."""
    for node in program.nodes:
        match node:
            case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) | ast.arg(arg=bound):
                pass
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) | ast.ClassDef(name=bound):
                pass
            case ast.alias(name=path, asname=other):
                bound = "" if path in paths and (other or path) == name else other or path.partition(".")[0]
            case _:
                continue
        if bound == name:
            return False
    return True


def line_of(program: Program, statement: ast.stmt) -> Span | None:
    """The whole line or lines of a statement, without the last line end; None when it shares them with another."""
    span = program.span(statement)
    start = program.text.rfind("\n", 0, span.start) + 1
    end = program.text.find("\n", span.end)
    end = len(program.text) if end < 0 else end
    rest = program.text[span.end : end].strip()
    if program.text[start : span.start].strip() or (rest and not rest.startswith("#")):
        return None
    return Span(start, end)


def removal(program: Program, statement: ast.stmt) -> Edit | None:
    """The edit that takes a statement out together with its line; None when others stand on the line."""
    lines = line_of(program, statement)
    if lines is None:
        return None
    if is_alone(program, statement):
        return Edit(program.span(statement), "pass")
    return Edit(Span(lines.start, min(lines.end + 1, len(program.text))), "")


def is_alone(program: Program, statement: ast.stmt) -> bool:
    """Whether a block consists of this statement only."""
    return any(
        statement in block and len(block) == 1
        for node in program.nodes
        if not isinstance(node, ast.Module)
        for block in _blocks(node)
    )


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def block(text: str, place: Span, imports: list[str], code: str) -> Edit:
    """Imports and definitions for a place at the end of a line, with two empty lines around the definitions."""
    above, below = text[: place.start], text[place.end :]
    on_new_line = not above or above.endswith("\n")
    if imports:
        lead = ("" if on_new_line else "\n") + "\n".join(imports) + "\n\n\n"
    else:
        lead = "\n" * max(0, 3 - (len(above) - len(above.rstrip("\n")))) if above.strip() else ""
    trail = "\n" * max(0, 3 - (len(below) - len(below.lstrip("\n")))) if below.strip() else ""
    return Edit(place, lead + code + trail)
