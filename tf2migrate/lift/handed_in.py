"""Placeholders that a function makes and returns beside what it computes: its caller makes them, and hands them in.

`logits, keep_prob = network(x)` becomes `keep_prob = tf.placeholder(…)` and `logits = network(x, keep_prob)`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.graph_names import SCOPES
from tf2migrate.lift.written_out import file_of, imported
from tf2migrate.model import Edit, Span

_SELF = "self"
_PLACEHOLDERS = ("tf.placeholder", "tf.placeholder_with_default")


@dataclass(frozen=True, slots=True)
class Made:
    """A placeholder of a function: where it is made, its name, and at which place it is returned."""

    statement: ast.Assign
    name: str
    at: int


def handed_in(program: Program) -> tuple[Edit, ...]:
    """The edits that have callers make the placeholders of functions; none where one of the calls cannot be told."""
    if ".placeholder" not in program.text:
        return ()
    edits: list[Edit] = []
    for function in program.each(ast.FunctionDef):
        if not function.decorator_list and isinstance(program.parents[id(function)], ast.Module | ast.ClassDef):
            edits += _edits(program, function)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _edits(program: Program, function: ast.FunctionDef) -> list[Edit]:
    """The edits of one function and its calls; none where they cannot be made."""
    returns = [n for n in walk(function) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    last = function.body[-1]
    if returns != [last] or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
        return []
    spec, values = function.args, last.value.elts
    made = [m for at, value in enumerate(values) if (m := _made(program, function, value, at)) is not None]
    if not made or len(made) == len(values) or spec.vararg or spec.kwarg:
        return []
    named = _named(program, function)
    edits = [edit for node in named for edit in _at_call(program, node, len(values), made, bool(spec.defaults))]
    if len(edits) != len(named) or not named:
        return []
    kept = [program.segment(v) for at, v in enumerate(values) if at not in {m.at for m in made}]
    edits.append(Edit(program.span(last.value), ", ".join(kept)))
    edits += _gone(program, made)
    names = ", ".join(m.name for m in made)
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    if not every:
        at = program.text.index("(", program.span(function).start) + 1
        return [*edits, Edit(Span(at, at), names)]
    if spec.kwonlyargs:
        return []
    end = max(max(program.span(n).end for n in every), max((program.span(d).end for d in spec.defaults), default=0))
    return [*edits, Edit(Span(end, end), f", *, {names}" if spec.defaults else f", {names}")]


def _named(program: Program, function: ast.FunctionDef) -> list[ast.Name | ast.Attribute]:
    """Where a function is read, or a method of objects by themselves; nothing where it may be of other objects."""
    if isinstance(program.parents[id(function)], ast.Module):
        return [n for n in program.each(ast.Name) if n.id == function.name]
    alike = [f for f in program.each(ast.FunctionDef) if f.name == function.name]
    named = [n for n in program.each(ast.Attribute) if n.attr == function.name]
    inside = {id(n) for n in walk(program.parents[id(function)])}
    own = all(isinstance(n.value, ast.Name) and n.value.id == _SELF and id(n) in inside for n in named)
    return [*named] if own and len(alike) == 1 and _is_method(function) else []


def _is_method(function: ast.FunctionDef) -> bool:
    return [a.arg for a in function.args.args[:1]] == [_SELF] and not function.args.posonlyargs


def _made(program: Program, function: ast.FunctionDef, value: ast.expr, at: int) -> Made | None:
    """The placeholder that a function returns at a place: made once, of what the module knows."""
    if not isinstance(value, ast.Name):
        return None
    stores = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == value.id and not _is_read(n)]
    if len(stores) != 1 or value.id in {n.arg for n in walk(function) if isinstance(n, ast.arg)}:
        return None
    statement = program.parents[id(stores[0])]
    if not isinstance(statement, ast.Assign) or statement.targets != [stores[0]]:
        return None
    made = isinstance(statement.value, ast.Call) and program.names.symbol(statement.value.func) in _PLACEHOLDERS
    local = {n.id for n in walk(function) if isinstance(n, ast.Name) and not _is_read(n)}
    local |= {n.arg for n in walk(function) if isinstance(n, ast.arg)}
    local -= {_SELF} if _is_method(function) else set()  # which is the same object where the method is called
    reads = {n.id for n in walk(statement.value) if isinstance(n, ast.Name)}
    above = program.parents[id(statement)]
    while isinstance(above, ast.With) and all(_is_scope(program, item) for item in above.items):
        above = program.parents[id(above)]
    return Made(statement, value.id, at) if made and not reads & local and above is function else None


def _is_scope(program: Program, item: ast.withitem) -> bool:
    """Whether a `with` only gives names to ops."""
    opened = item.context_expr
    return isinstance(opened, ast.Call) and program.names.symbol(opened.func) in SCOPES


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _at_call(
    program: Program, node: ast.Name | ast.Attribute, count: int, made: list[Made], named: bool
) -> list[Edit]:
    """The edit of one call; none where it is no statement that takes apart what the function returns."""
    call = program.parents[id(node)]
    statement = program.parents.get(id(call))
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if value is call and len(targets) == count:
            pass
        case _:
            return []
    assert isinstance(call, ast.Call)
    assert isinstance(statement, ast.Assign)
    if call.func is not node or any(isinstance(t, ast.Starred) for t in [*targets, *call.args]):
        return []
    if not all(_is_plain(targets[m.at]) for m in made) or any(k.arg is None for k in call.keywords):
        return []
    around = scope_of(program, statement)
    free = {n.id for m in made for n in walk(m.statement.value) if isinstance(n, ast.Name)}
    if isinstance(around, ast.FunctionDef):
        local = {n.id for n in walk(around) if isinstance(n, ast.Name) and not _is_read(n)}
        given_here = {n.arg for n in walk(around) if isinstance(n, ast.arg)}
        same = {_SELF} if isinstance(node, ast.Attribute) and _is_method(around) else set()
        if (free - same) & (local | given_here):
            return []
    here, home = file_of(program, statement), file_of(program, made[0].statement)
    if here != home and any(imported(program, n, here) != imported(program, n, home) for n in free):
        return []
    names = [program.segment(targets[m.at]) for m in made]
    inside = {ast.unparse(n) for n in walk(call) if isinstance(n, ast.Name | ast.Attribute)}
    if "_" in names or len(set(names)) < len(names) or inside & set(names):
        return []
    keywords = named or bool(call.keywords)
    given = [f"{m.name}={name}" if keywords else name for m, name in zip(made, names, strict=True)]
    text = program.segment(call)
    inner = text[: text.rindex(")")].rstrip().rstrip(",")
    joined = f"{inner}{', ' if call.args or call.keywords else ''}{', '.join(given)})"
    rest = ", ".join(program.segment(t) for at, t in enumerate(targets) if at not in {m.at for m in made})
    lines = [f"{name} = {program.segment(m.statement.value)}" for m, name in zip(made, names, strict=True)]
    lines.append(f"{rest} = {joined}")
    return [Edit(program.span(statement), f"\n{program.indent(statement)}".join(lines))]


def _is_plain(target: ast.expr) -> bool:
    """Whether a target is a name, or an attribute of an object by itself."""
    held = target.value if isinstance(target, ast.Attribute) else target
    return isinstance(held, ast.Name) and (held is target or held.id == _SELF)


def _gone(program: Program, made: list[Made]) -> list[Edit]:
    """The edits that take out where placeholders were made, and `with` statements that only made them."""
    gone: list[ast.stmt] = [m.statement for m in made]
    grew = True
    while grew:  # ends: each turn takes a statement that stands around others
        grew = False
        for statement in list(gone):
            around, body = program.parents[id(statement)], body_of(program, statement)
            if isinstance(around, ast.With) and all(s in gone for s in body):
                gone = [s for s in gone if s not in body] + [around]
                grew = True
                break
    edits = []
    for statement in gone:
        span = program.span(statement)
        start = program.text.rfind("\n", 0, span.start) + 1
        end = program.text.find("\n", span.end)
        alone = not program.text[start : span.start].strip() and not program.text[span.end : end].strip()
        edits.append(Edit(Span(start, end + 1), "") if alone and end >= 0 else Edit(span, "pass"))
    return edits
