"""A program with one class of a family in the place of another, and what becomes of its parts then."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tf2migrate.apply import apply
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.closure import closure
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Finding, Outcome, Span

#: A class and those that it inherits from.
Chain = tuple[ast.ClassDef, ...]

Home = ast.ClassDef | ast.FunctionDef

#: Bases that add nothing to a class.
PLAIN = ("object", "ABC", "abc.ABC")


@dataclass(frozen=True)
class Variant:
    """What becomes of a program with one class of a family in the place of the one that is used."""

    chain: Chain
    texts: dict[Home, str]  # of the classes of the chain, and of the functions that are named then
    edits: tuple[Edit, ...]  # to all that stands elsewhere
    findings: tuple[Finding, ...]
    taken: tuple[str, ...] = ()  # the methods that are taken out, so that those which are inherited are followed

    def follows(self, home: ast.ClassDef, name: str) -> bool:
        """Whether a method of a class is followed, and no other stands in its place."""
        below = self.chain[: self.chain.index(home)]
        over = any(name in methods(node) for node in below) and name not in self.taken
        return not over or any(asks_above(node, name) for node in below)


def methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """The methods of a class itself by their names."""
    return {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}


def is_left_open(method: ast.FunctionDef) -> bool:
    """Whether a method does nothing: others are to stand in its place."""
    return all(
        isinstance(s, ast.Raise | ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in method.body
    )


def asks_above(node: ast.ClassDef, name: str) -> bool:
    """Whether a class calls a method that it may override: `super().method(…)`, `Base.method(self, …)`."""
    asked = [n.value for n in walk(node) if isinstance(n, ast.Attribute) and n.attr == name]
    return any(isinstance(held, ast.Call) or (isinstance(held, ast.Name) and held.id != "self") for held in asked)


# ------------------------------------------------------------------- variants


@dataclass(frozen=True)
class Family:
    """Classes that inherit from one, each with what it inherits from: those that a program uses, then the others."""

    chains: tuple[Chain, ...]
    used: tuple[ast.ClassDef, ...]

    @property
    def nodes(self) -> frozenset[int]:
        """What stands in all the classes."""
        return frozenset(id(n) for node in {node for chain in self.chains for node in chain} for n in walk(node))


def variant(
    program: Program,
    alone: Callable[[Program], Outcome],
    chain: Chain,
    family: Family,
    taken: Sequence[ast.FunctionDef] = (),
) -> Variant:
    """What `alone` makes of a program with one of several classes in the place of those used, and without the rest.

    The methods `taken` are left out of it.
    """
    leaf = chain[0]
    name = fresh(leaf.name, set(re.findall(r"\w+", program.text)))
    gone: list[tuple[ast.stmt, str]] = [(each[0], "") for each in family.chains if each[0] not in chain]
    gone += [(method, "pass") for method in taken]
    changes = [Edit(program.span(n), left + "\n" * ((n.end_lineno or 0) - n.lineno)) for n, left in gone]
    swapped = sorted(_swapped(program, family, chain, name)) if family.used != (leaf,) else []
    changes += [*swapped, *_own_names(program, chain, family, name)] if family.used != (leaf,) else ()
    changed = program.changed(changes)
    outcome = alone(changed)
    homes: list[Home] = [*chain, *_named(program, changed)]
    inside: dict[Home, list[Edit]] = {home: [] for home in homes}
    elsewhere: list[Edit] = []
    for edit in sorted(outcome.edits):
        at = Span(_before(edit.span.start, changes), _before(edit.span.end, changes))
        home = next((node for node in homes if _holds(span(program, node), Edit(at, edit.text))), None)
        told = _swapped_back(program, [e for e in swapped if at.start <= e.span.start < at.end], edit.text)
        if home in chain or len(family.used) == 1:
            told = re.sub(rf"\b{name}\b", leaf.name if home in chain else family.used[0].name, told)
        (elsewhere if home is None else inside[home]).append(Edit(at, told))
    texts = {home: text_of(program, home, edits) for home, edits in inside.items()}
    said = [replace(f, message=re.sub(rf"\b{name}\b", leaf.name, f.message)) for f in outcome.findings]
    return Variant(chain, texts, tuple(elsewhere), tuple(said), tuple(method.name for method in taken))


def _swapped(program: Program, family: Family, chain: Chain, name: str) -> Iterator[Edit]:
    """The edits that name one class where those used are named, and give it what it takes of what they are given."""
    chains = {each[0].name: each for each in family.chains if each[0] in family.used}
    own, inside = _constructor(chain), family.nodes
    for each in (n for n in program.each(ast.Name) if n.id in chains and id(n) not in inside):
        call, theirs = program.parents[id(each)], _constructor(chains[each.id])
        bound = None
        if isinstance(call, ast.Call) and call.func is each and own is not theirs and own and theirs:
            with suppress(Unbound):
                bound = bind(call, [a.arg for a in theirs.args.args[1:]])
        if bound is None or own is None or not isinstance(call, ast.Call):
            yield Edit(program.span(each), name)
            continue
        given = [f"{k}={program.segment(v)}" for k, v in bound.items() if k in {a.arg for a in own.args.args}]
        at, text = program.span(call), f"{name}({', '.join(given)})"
        lines = program.text.count("\n", at.start, at.end) - text.count("\n")
        yield Edit(at, f"{text[:-1]}{max(lines, 0) * chr(10)})")


def _swapped_back(program: Program, swapped: Sequence[Edit], text: str) -> str:
    """A text with what stood there in the place of what was named instead, one after the other."""
    at = 0
    for edit in swapped:
        start = text.find(edit.text, at)
        if start >= 0:
            before = program.text[edit.span.start : edit.span.end]
            text, at = text[:start] + before + text[start + len(edit.text) :], start + len(before)
    return text


def _constructor(chain: Chain) -> ast.FunctionDef | None:
    return next((methods(node)["__init__"] for node in chain if "__init__" in methods(node)), None)


def _own_names(program: Program, chain: Chain, family: Family, name: str) -> Iterator[Edit]:
    """The edits that call a class by a name that nothing has, where it is defined and in what is left of its family."""
    leaf = chain[0]
    start = program.text.index(leaf.name, program.span(leaf).start + len("class"))
    yield Edit(Span(start, start + len(leaf.name)), name)
    named = (n for node in chain for n in walk(node) if isinstance(n, ast.Name) and n.id == leaf.name)
    outside = () if leaf in family.used else (n for n in program.each(ast.Name) if n.id == leaf.name)
    for each in {id(n): n for n in (*named, *outside) if _stays(program, n, chain, family)}.values():
        yield Edit(program.span(each), name)


def _stays(program: Program, node: ast.AST, chain: Chain, family: Family) -> bool:
    """Whether a node is in none of the classes that are taken out."""
    return not any(id(node) in {id(n) for n in walk(each[0])} for each in family.chains if each[0] not in chain)


def _named(program: Program, changed: Program) -> list[ast.FunctionDef]:
    """The functions of a module that something of the changed program names, itself or through others."""
    functions = {node.name: node for node in changed.tree.body if isinstance(node, ast.FunctionDef)}
    read = {node.name: {n.id for n in walk(node) if isinstance(n, ast.Name)} for node in functions.values()}
    apart = {id(n) for node in functions.values() for n in walk(node)}
    outside = (n.id for n in changed.each(ast.Name) if id(n) not in apart and n.id in functions)
    found = closure(outside, {name: names & functions.keys() for name, names in read.items()})
    return [node for node in program.tree.body if isinstance(node, ast.FunctionDef) and node.name in found]


def _before(offset: int, changes: Sequence[Edit]) -> int:
    """Where an offset in the changed text is in the text before; where a change stands, its start."""
    delta = 0
    for change in sorted(changes):
        start = change.span.start + delta
        if offset <= start:
            break
        if offset < start + len(change.text):
            return change.span.start
        delta += len(change.text) - (change.span.end - change.span.start)
    return offset - delta


def span(program: Program, node: Home) -> Span:
    """The span of a class or function, with the end of its last line."""
    own = program.span(node)
    return Span(own.start, own.end + program.text.startswith("\n", own.end))


def _holds(home: Span, edit: Edit) -> bool:
    """Whether an edit is of a class; what is written at its very borders is so where it is indented."""
    if edit.span in (Span(home.start, home.start), Span(home.end, home.end)):
        return edit.text.lstrip("\n").startswith((" ", "\t"))
    return home.start <= edit.span.start and edit.span.end <= home.end


def text_of(program: Program, node: Home, edits: Iterable[Edit]) -> str:
    """A class or function with edits made."""
    own = span(program, node)
    shifted = [Edit(Span(e.span.start - own.start, e.span.end - own.start), e.text) for e in edits]
    return apply(program.text[own.start : own.end], shifted)[0]
