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

from tf2migrate.apply import composed, fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.call_sites import site_of
from tf2migrate.lift.split_calls import Split, lines_of, stored, told_by
from tf2migrate.lift.written_out import written_out
from tf2migrate.lift.written_text import first_line
from tf2migrate.model import Edit, Span

_UPDATES = ("minimize", "apply_gradients", "optimize_loss")


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


def _split(function: ast.FunctionDef) -> Split | None:
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
        split = Split(function, branch, ends, _elements(short), _elements(long), tail[:-1])
        trains = any(_updates(s) for s in tail) and not any(_updates(s) for s in split.before)
        own = {n.id for n in walk(branch.test) if isinstance(n, ast.Name)}
        told = own <= {*split.parameters} and not own & stored(function.body)
        apart = not stored(split.before) & {*split.parameters} and _is_plain(split)
        return split if trains and told and apart and split.carried and split.tail else None
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


def _is_plain(split: Split) -> bool:
    """Whether what is returned early is known to the caller: of the function's own it reads what is carried alone."""
    own = {*split.parameters, *stored(split.function.body)} - {*split.carried}
    read = {n.id for e in split.short if e is not None for n in walk(e) if isinstance(n, ast.Name)}
    starred = any(isinstance(e, ast.Starred) for e in [*split.short, *split.long])
    return not read & own and not starred


# -------------------------------------------------------------------- the functions


def _edits(program: Program, split: Split) -> list[Edit]:
    """The edits of one function and its calls; none where one of the calls cannot be told."""
    function = split.function
    sites = [site_of(program, n) for n in program.each(ast.Name) if n.id == function.name]
    words = {*program.words, *(f.name for f in program.each(ast.FunctionDef)), *program.reserved}
    second = fresh(f"{function.name}_training", words)
    found: list[Edit] = []
    used: set[str] = set()
    lengths = set()
    for site in sites:
        told = told_by(split, site) if site is not None else None
        if site is None or told is None:
            return []
        lines = lines_of(program, split, site, second, told is split.ends, used)
        if lines is None:
            return []
        lengths.add(told)
        indent = program.indent(site.statement)
        found.append(Edit(program.span(site.statement), f"\n{indent}".join(lines)))
    begins = program.offset(split.tail[0].lineno, 0)
    if len(lengths) < 2 or program.text[begins : program.span(split.tail[0]).start].strip():  # behind a header
        return []
    first, last = program.span(split.branch), program.span(function)
    start = program.offset(first_line(program, split.tail[0], split.branch.lineno), 0)
    end = program.span(split.tail[-1]).end
    results = [program.segment(e) for e in split.long if e is not None and not split.passes(e)]
    inner = program.indent(split.tail[0])
    given = ", ".join([*split.carried, *split.needed])
    tail = f"def {second}({given}):\n{program.text[start:end]}\n{inner}return {', '.join(results)}"
    returned = f"return {', '.join(split.carried)}\n\n\n{tail}"
    return [*found, *_signature(program, split), Edit(Span(first.start, last.end), returned)]


def _signature(program: Program, split: Split) -> list[Edit]:
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
