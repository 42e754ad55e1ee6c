"""Summaries that a program appends to a list, and merges: as a collection of summaries of the list's name.

`tf.summary.merge(found)` is `tf.summary.merge_all("found")` where the list is made once, and every summary goes into it
right after it is made: into that collection instead of that of all (`python/summary/summary.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, is_conditional, scope_of, statement_of
from tf2migrate.lift.noted import MERGES
from tf2migrate.lift.repeated import is_in_loop
from tf2migrate.lift.summaries import MAKING, MERGE
from tf2migrate.model import Options, Outcome
from tf2migrate.statements import Blocks

_Reference = ast.Name | ast.Attribute


@dataclass(frozen=True)
class _Listed:
    """A list of summaries: where it is made, what is appended to it, the calls that merge it."""

    name: str
    made: ast.Assign
    appended: tuple[tuple[ast.stmt, ast.Call, ast.Assign | None], ...]  # where, the summary, where it had a name first
    merged: tuple[ast.Call, ...]


def listed_summaries(program: Program, options: Options) -> Outcome:
    """The edits that make collections of such lists; none where the program merges all of its summaries, too."""
    if "summar" not in program.text or any(symbol in MERGES for _, symbol in program.uses):
        return Outcome()
    merges = [c for c in program.each(ast.Call) if program.names.symbol(c.func) in MERGE]
    given = [c.args[0] for c in merges if len(c.args) == 1 and not c.keywords]
    names = dict.fromkeys(_name(node) for node in given if isinstance(node, _Reference))
    found = [listed for name in names if name and (listed := _listed(program, name, merges)) is not None]
    texts: dict[int, str | None] = {}
    for listed in found:
        texts |= dict(_texts(program, listed))
    if not texts:
        return Outcome()
    blocks = Blocks(program, lambda s: texts.get(id(s), program.segment(s)))
    edits = tuple(blocks.edits(program.tree.body, sole=False))
    return Outcome(edits if fits(edits, program.cuts) else ())


def _name(node: ast.AST) -> str:
    """What a list is called: a name, or an attribute of the object itself; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return f"self.{name}"
    return ""


def _references(program: Program, name: str) -> list[_Reference]:
    """Every place that may mean a list of this name."""
    if name.startswith("self."):
        return [n for n in program.each(ast.Attribute) if f"self.{n.attr}" == name]
    return [n for n in program.each(ast.Name) if n.id == name]


def _listed(program: Program, name: str, merges: list[ast.Call]) -> _Listed | None:
    """A list of summaries that is one thing in the program, and made once; None for anything else."""
    every = _references(program, name)
    stored = [n for n in every if not isinstance(n.ctx, ast.Load)]
    if len(stored) != 1 or any(_name(n) != name for n in every) or any(a.arg == name for a in program.each(ast.arg)):
        return None
    made = program.parents[id(stored[0])]
    match made:
        case ast.Assign(targets=[_], value=ast.List(elts=[])) if _is_made_once(program, made, name):
            pass
        case _:
            return None
    merged = tuple(c for c in merges if len(c.args) == 1 and not c.keywords and c.args[0] in every)
    read = [n for n in every if n is not stored[0] and all(n is not c.args[0] for c in merged)]
    appended = tuple(each for n in read if (each := _appended(program, n)) is not None)
    if not appended or len(appended) != len(read):
        return None
    return _Listed(name.removeprefix("self."), made, appended, merged)


def _is_made_once(program: Program, made: ast.Assign, name: str) -> bool:
    """Whether a list is made in no loop or branch; by one object where it is an object's: others have their own."""
    if is_conditional(program, made):
        return False
    if not name.startswith("self."):
        return True
    owner = program.parents.get(id(scope_of(program, made)))
    if not isinstance(owner, ast.ClassDef):
        return False
    mentions = [n for n in program.each(ast.Name) if n.id == owner.name]
    call = program.parents.get(id(mentions[0])) if len(mentions) == 1 else None
    return isinstance(call, ast.Call) and call.func is mentions[0] and not is_in_loop(program, call)


def _appended(program: Program, node: _Reference) -> tuple[ast.stmt, ast.Call, ast.Assign | None] | None:
    """What `found.append(…)` appends, where that is a summary that is made there or just before."""
    statement = statement_of(program, node)
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="append"), args=[given], keywords=[])):
            if owner is not node:
                return None
        case _:
            return None
    if isinstance(given, ast.Call):
        return (statement, given, None) if _makes(program, given) else None
    if not isinstance(given, ast.Name):
        return None
    mentions = [n for n in program.each(ast.Name) if n.id == given.id]
    block = body_of(program, statement)
    before = [s for s in block[: block.index(statement)] if isinstance(s, ast.Assign)]
    named = [s for s in before if len(s.targets) == 1 and _name(s.targets[0]) == given.id]
    if len(mentions) != 2 or len(named) != 1:
        return None  # it is something else besides
    call = named[0].value
    return (statement, call, named[0]) if isinstance(call, ast.Call) and _makes(program, call) else None


def _makes(program: Program, call: ast.Call) -> bool:
    """Whether a call makes a summary that is in the collection of all."""
    words = {keyword.arg for keyword in call.keywords}
    made = program.names.symbol(call.func) in MAKING
    commented = "#" in program.segment(call)  # behind which nothing can be added
    return made and len(call.args) <= 2 and not commented and not words & {None, "collections", "family"}


def _texts(program: Program, listed: _Listed) -> Iterator[tuple[int, str | None]]:
    """The new text of each statement, by its id; None for one that goes."""
    yield id(listed.made), None
    for where, call, named in listed.appended:
        inner = program.segment(call)[:-1].rstrip()
        text = f'{inner}{" " if inner.endswith(",") else ", "}collections=["{listed.name}"])'
        yield id(where if named is None else named), text
        if named is not None:
            yield id(where), None
    for call in listed.merged:
        statement = statement_of(program, call)
        whole, first = program.segment(statement), program.span(statement).start
        start, end = program.span(call).start - first, program.span(call).end - first
        function = program.segment(call.func)
        function = f"{function}_all" if function.endswith("merge") else function.replace("summary", "all_summaries")
        yield id(statement), f'{whole[:start]}{function}("{listed.name}"){whole[end:]}'
