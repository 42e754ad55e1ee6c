"""The calls of a function that ends early for some of them, once what it does besides is a function of its own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.call_sites import Site, given_to
from tf2migrate.lift.written_out import names_around, renamed


@dataclass(frozen=True, slots=True)
class Split:
    """Where a function ends for some calls, and what it does besides for others."""

    function: ast.FunctionDef
    branch: ast.If
    ends: bool  # what the test of the branch is where the function ends there
    short: list[ast.expr | None]  # what it returns then,
    long: list[ast.expr | None]  # and otherwise: each of these, None where that is nothing
    tail: list[ast.stmt]

    @property
    def before(self) -> list[ast.stmt]:
        return self.function.body[: self.function.body.index(self.branch)]

    @property
    def parameters(self) -> list[str]:
        return [a.arg for a in self.function.args.args]

    @property
    def carried(self) -> list[str]:
        """What is computed before the branch, and read behind it, in the order of what is returned."""
        bound = stored(self.before)
        after = [e for e in [*self.short, *self.long] if e is not None]
        read = [n.id for each in [*after, *self.tail] for n in walk(each) if isinstance(n, ast.Name)]
        return [name for name in dict.fromkeys(read) if name in bound]

    @property
    def needed(self) -> list[str]:
        """The parameters that are read behind the branch alone, or there too."""
        inside = [*self.tail, *(e for e in self.long if e is not None)]
        read = [n.id for each in inside for n in walk(each) if isinstance(n, ast.Name)]
        return [name for name in self.parameters if name in read]

    @property
    def kept(self) -> list[str]:
        """The parameters that are read before the branch."""
        read = {n.id for s in self.before for n in walk(s) if isinstance(n, ast.Name)}
        return [name for name in self.parameters if name in read]

    def passes(self, value: ast.expr | None) -> bool:
        """Whether what is returned is something of before the branch, as it was there."""
        return isinstance(value, ast.Name) and value.id in self.carried and value.id not in stored(self.tail)


def stored(body: list[ast.stmt]) -> set[str]:
    """The names that statements bind."""
    return {n.id for s in body for n in walk(s) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def told_by(split: Split, site: Site) -> bool | None:
    """What the test of the branch is in a call; None where that cannot be told."""
    given = given_to(split.function, site.call)
    if given is None:
        return None
    match split.branch.test:
        case ast.Name(id=name):
            return _literal(given.get(name))
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            told = _literal(given.get(name))
            return None if told is None else not told
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=wanted)]):
            value = given.get(name)
            if isinstance(value, ast.Constant) and isinstance(op, ast.Eq | ast.Is | ast.NotEq | ast.IsNot):
                same = type(value.value) is type(wanted) and value.value == wanted
                return same if isinstance(op, ast.Eq | ast.Is) else not same
    return None


def _literal(node: ast.expr | None) -> bool | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def lines_of(
    program: Program, split: Split, site: Site, second: str, short: bool, used: set[str]
) -> list[str] | None:
    """The statements in the place of a call; None where that cannot be told. `used` are the names of calls before."""
    given = given_to(split.function, site.call)
    values = split.short if short else split.long
    targets = _targets(site, len(values))
    if given is None or targets is None or not _moves(split, given, short):
        return None
    names = _names(program, split, site, values, targets, used)
    lines = [f"{', '.join(names[v] for v in split.carried)} = {_first(program, split, given)}"]
    results: list[str] = []
    for target, value in zip(targets, values, strict=True):
        text = program.segment(target)
        if value is None:
            lines += [] if text == "_" else [f"{text} = None"]
        elif not short and not split.passes(value):
            results.append(text)
        elif (told := renamed(program, value, names)) != text:
            lines += [] if text == "_" else [f"{text} = {told}"]
    if short or not results:
        return lines if short else None
    arguments = [*(names[v] for v in split.carried), *(program.segment(given[p]) for p in split.needed)]
    return [*lines[:1], f"{', '.join(results)} = {second}({', '.join(arguments)})", *lines[1:]]


def _targets(site: Site, count: int) -> list[ast.expr] | None:
    """What a call's results are bound to, each by itself; None where they are kept together."""
    if not isinstance(site.statement, ast.Assign):
        return None
    target = site.statement.targets[0]
    found = target.elts if isinstance(target, ast.Tuple) else [target]
    plain = all(isinstance(t, ast.Name | ast.Attribute) for t in found)
    return found if plain and len(found) == count and (count > 1) == isinstance(target, ast.Tuple) else None


def _moves(split: Split, given: Mapping[str, ast.expr], short: bool) -> bool:
    """Whether arguments that are not handed on, or are to both functions, may be left out or stand twice."""
    for name, value in given.items():
        times = (name in split.kept) + (name in split.needed and not short)
        if times == 0 and any(isinstance(n, ast.Call | ast.NamedExpr | ast.Yield | ast.Await) for n in walk(value)):
            return False
        root = value
        while isinstance(root, ast.Attribute):
            root = root.value
        if times == 2 and not isinstance(root, ast.Name | ast.Constant):
            return False
    return True


def _names(
    program: Program, split: Split, site: Site, values: list[ast.expr | None], targets: list[ast.expr], used: set[str]
) -> dict[str, str]:
    """What the carried values are called where the function is called: as what they are bound to there, if that is."""
    around = scope_of(program, site.statement)
    taken = names_around(program, around, split.function) | used
    read = {n.id for n in walk(site.call) if isinstance(n, ast.Name)}
    bound = [t.id for t in targets if isinstance(t, ast.Name)]
    found: dict[str, str] = {}
    for name in split.carried:
        direct = [
            t.id
            for t, v in zip(targets, values, strict=True)
            if isinstance(t, ast.Name) and isinstance(v, ast.Name) and v.id == name and split.passes(v)
        ]
        usable = [t for t in direct if t not in read and t != "_" and bound.count(t) == 1]
        found[name] = usable[0] if usable else fresh(name, taken | set(found.values()))
    used.update(found.values())
    return found


def _first(program: Program, split: Split, given: Mapping[str, ast.expr]) -> str:
    """The call of the function that is left, with the arguments that it still takes."""
    written: list[str] = []
    defaults = {id(d) for d in split.function.args.defaults}
    skipped = False
    for name in split.kept:
        if id(given[name]) in defaults:
            skipped = True
        else:
            text = program.segment(given[name])
            written.append(f"{name}={text}" if skipped else text)
    return f"{split.function.name}({', '.join(written)})"
