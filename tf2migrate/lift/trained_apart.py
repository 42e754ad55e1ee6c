"""Functions that make a network and, where what they are given says so, its training: as two functions.

    def model(x, y, training):                     def model(x):
        outputs = …                                    outputs = …
        if not training:                               return outputs
            return outputs, None, None
        loss = …                                   outputs = model(x)
        train = optimizer.minimize(loss)           loss = …
        return outputs, loss, train                train = optimizer.minimize(loss)

The second function is written out where it is called: what is differentiated is computed there.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tf2migrate.apply import composed, fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.call_sites import Site, given_to, site_of
from tf2migrate.lift.written_out import names_around, renamed, written_out
from tf2migrate.model import Edit, Span

_UPDATES = ("minimize", "apply_gradients", "optimize_loss")


@dataclass(frozen=True, slots=True)
class _Split:
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
        bound = _stored(self.before)
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
        return isinstance(value, ast.Name) and value.id in self.carried and value.id not in _stored(self.tail)


def trained_apart(program: Program) -> tuple[Edit, ...]:
    """The edits that make two functions of each such one, and write the second one out; none where one cannot be."""
    if not any(f"{name}(" in program.text for name in _UPDATES):
        return ()
    edits: list[Edit] = []
    for function in program.tree.body:
        split = _split(function) if isinstance(function, ast.FunctionDef) else None
        if split is not None:
            edits += _edits(program, split)
    if not edits or not fits(edits, program.cuts):
        return ()
    then = written_out(program.changed(edits))
    both = composed(program.text, edits, then)
    return tuple(both) if then and fits(both, program.cuts) else ()


def _split(function: ast.FunctionDef) -> _Split | None:
    """A function in its two parts; None where it has none."""
    spec = function.args
    if function.decorator_list or spec.vararg or spec.kwarg or spec.kwonlyargs or spec.posonlyargs:
        return None
    returns = [n for n in walk(function) if isinstance(n, ast.Return)]
    for branch in (s for s in function.body[1:] if isinstance(s, ast.If)):
        found = _parts(function, branch)
        if found is None:
            continue
        ends, short, tail = found
        long = tail[-1]
        if not isinstance(long, ast.Return) or len(returns) != 2 or {short, long} != {*returns}:
            return None
        split = _Split(function, branch, ends, _elements(short), _elements(long), tail[:-1])
        trains = any(_updates(s) for s in tail) and not any(_updates(s) for s in split.before)
        own = {n.id for n in walk(branch.test) if isinstance(n, ast.Name)}
        told = own <= {*split.parameters} and not own & _stored(function.body)
        apart = not _stored(split.before) & {*split.parameters} and _is_plain(split)
        return split if trains and told and apart and split.carried else None
    return None


def _parts(function: ast.FunctionDef, branch: ast.If) -> tuple[bool, ast.Return, list[ast.stmt]] | None:
    """What a branch's test is where the function ends, the return statement of that, and what it does otherwise."""
    behind = function.body[function.body.index(branch) + 1 :]
    match branch.body, branch.orelse, behind:
        case [ast.Return() as short], [], [_, *_]:
            return True, short, behind
        case [ast.Return() as short], [_, *_] as tail, []:
            return True, short, tail
        case [_, *_] as tail, [], [ast.Return() as short]:
            return False, short, tail
        case [_, *_] as tail, [ast.Return() as short], []:
            return False, short, tail
    return None


def _elements(node: ast.Return) -> list[ast.expr | None]:
    """What a function returns, one or several; None for what is nothing."""
    elements = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return [None if isinstance(e, ast.Constant) and e.value is None else e for e in elements]


def _updates(statement: ast.stmt) -> bool:
    called = [n.func for n in walk(statement) if isinstance(n, ast.Call)]
    return any(isinstance(f, ast.Attribute) and f.attr in _UPDATES for f in called)


def _stored(body: list[ast.stmt]) -> set[str]:
    return {n.id for s in body for n in walk(s) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _is_plain(split: _Split) -> bool:
    """Whether what is returned early is known to the caller: of the function's own it reads what is carried alone."""
    own = {*split.parameters, *_stored(split.function.body)} - {*split.carried}
    read = {n.id for e in split.short if e is not None for n in walk(e) if isinstance(n, ast.Name)}
    starred = any(isinstance(e, ast.Starred) for e in [*split.short, *split.long])
    return not read & own and not starred


# -------------------------------------------------------------------- the functions


def _edits(program: Program, split: _Split) -> list[Edit]:
    """The edits of one function and its calls; none where one of the calls cannot be told."""
    function = split.function
    sites = [site_of(program, n) for n in program.each(ast.Name) if n.id == function.name]
    words = {*program.words, *(f.name for f in program.each(ast.FunctionDef)), *program.reserved}
    second = fresh(f"{function.name}_training", words)
    found: list[Edit] = []
    used: set[str] = set()
    lengths = set()
    for site in sites:
        told = _told(split, site) if site is not None else None
        if site is None or told is None:
            return []
        lines = _lines(program, split, site, second, told is split.ends, used)
        if lines is None:
            return []
        lengths.add(told)
        indent = program.indent(site.statement)
        found.append(Edit(program.span(site.statement), f"\n{indent}".join(lines)))
    if len(lengths) < 2:
        return []
    first, last = program.span(split.branch), program.span(function)
    start, end = _start(program, split.tail[0]), program.span(split.tail[-1]).end
    results = [program.segment(e) for e in split.long if e is not None and not split.passes(e)]
    inner = program.indent(split.tail[0])
    given = ", ".join([*split.carried, *split.needed])
    tail = f"def {second}({given}):\n{program.text[start:end]}\n{inner}return {', '.join(results)}"
    returned = f"return {', '.join(split.carried)}\n\n\n{tail}"
    return [*found, *_signature(program, split), Edit(Span(first.start, last.end), returned)]


def _start(program: Program, first: ast.stmt) -> int:
    """Where the second part begins: at its first statement, or at the comments directly above it."""
    line = first.lineno
    while program.lines[line - 2].lstrip().startswith("#"):
        line -= 1
    return program.offset(line, 0)


def _signature(program: Program, split: _Split) -> list[Edit]:
    """The edit that leaves a function the parameters that it still reads."""
    spec = split.function.args
    if split.kept == split.parameters:
        return []
    behind = [None] * (len(spec.args) - len(spec.defaults))
    texts = {
        a.arg: program.segment(a) + (f"={program.segment(d)}" if d is not None else "")
        for a, d in zip(spec.args, [*behind, *spec.defaults], strict=True)
    }
    start = program.span(spec.args[0]).start
    end = max([program.span(spec.args[-1]).end, *(program.span(d).end for d in spec.defaults[-1:])])
    return [Edit(Span(start, end), ", ".join(texts[name] for name in split.kept))]


# -------------------------------------------------------------------- a call


def _told(split: _Split, site: Site) -> bool | None:
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


def _lines(
    program: Program, split: _Split, site: Site, second: str, short: bool, used: set[str]
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


def _moves(split: _Split, given: Mapping[str, ast.expr], short: bool) -> bool:
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
    program: Program, split: _Split, site: Site, values: list[ast.expr | None], targets: list[ast.expr], used: set[str]
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


def _first(program: Program, split: _Split, given: Mapping[str, ast.expr]) -> str:
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
