"""Functions that return the variables of their scope beside what they compute: their callers ask for these.

`q, params = build(s, "eval")` becomes `q = build(s, "eval")` and `params = tf.get_collection(…, scope="eval")`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.written_out import file_of
from tf2migrate.model import Edit, Span

_LISTS = ("tf.trainable_variables", "tf.global_variables", "tf.all_variables", "tf.get_collection")


@dataclass(frozen=True, slots=True)
class Asked:
    """A list of variables that a function returns: where it is asked for, its text, and the place in the result."""

    statement: ast.Assign
    value: ast.expr
    at: int


def returned_lists(program: Program) -> tuple[Edit, ...]:
    """The edits that have callers ask for such lists; none for functions with a call that cannot be told."""
    if not any(f".{name.removeprefix('tf.')}(" in program.text for name in _LISTS):
        return ()
    edits: list[Edit] = []
    for function in program.each(ast.FunctionDef):
        above = program.parents.get(id(function))
        if isinstance(above, ast.Module | ast.ClassDef) and not function.decorator_list:
            edits += _edits(program, function, isinstance(above, ast.ClassDef))
    return tuple(edits)


def _edits(program: Program, function: ast.FunctionDef, method: bool) -> list[Edit]:
    """The edits of one function and its calls; none where they cannot be made."""
    last = function.body[-1]
    returns = [n for n in walk(function) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    if returns != [last] or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
        return []
    values = last.value.elts
    asked = [a for at, value in enumerate(values) if (a := _asked(program, function, value, at)) is not None]
    named = [n for n in (*program.each(ast.Name), *program.each(ast.Attribute)) if _id(n) == function.name]
    same = [n for n in program.each(ast.FunctionDef) if n.name == function.name]
    if not asked or len(asked) == len(values) or not named or len(same) > 1:
        return []
    edits = []
    for node in named:
        edit = _at_call(program, node, function, method, len(values), asked)
        if edit is None:
            return []
        edits.append(edit)
    kept = [program.segment(v) for at, v in enumerate(values) if at not in {a.at for a in asked}]
    edits.append(Edit(program.span(last.value), ", ".join(kept)))
    return [*edits, *(_gone(program, a.statement) for a in asked)]


def _id(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _asked(program: Program, function: ast.FunctionDef, value: ast.expr, at: int) -> Asked | None:
    """The list that a returned name stands for, where it is asked for at the end, and read nowhere else."""
    if not isinstance(value, ast.Name):
        return None
    uses = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == value.id]
    made = [s for s in function.body if isinstance(s, ast.Assign) and len(s.targets) == 1 and s.targets[0] in uses]
    if len(uses) != 2 or len(made) != 1:
        return None
    statement = made[0]
    rest = function.body[function.body.index(statement) + 1 :]
    whole = all(s.lineno > (statement.end_lineno or 0) for s in rest)
    if not whole or not all(isinstance(s, ast.Assign) and _is_list(program, s.value) for s in (statement, *rest[:-1])):
        return None
    bound = {n.id for n in walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    parameters = {n.arg for n in walk(function.args) if isinstance(n, ast.arg)} - bound - {"self"}
    own = {n.id for n in walk(statement.value) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    read = [n for n in walk(statement.value) if isinstance(n, ast.Name) and n.id not in own]
    known = all(n.id in parameters or program.names.symbol(n) is not None for n in read)
    return Asked(statement, statement.value, at) if known and not own & parameters else None


def _is_list(program: Program, value: ast.expr) -> bool:
    """Whether an expression asks for variables, and computes nothing else."""
    calls = [n for n in walk(value) if isinstance(n, ast.Call)]
    lists = [n for n in calls if program.names.symbol(n.func) in _LISTS]
    methods = [n for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr in ("startswith", "endswith")]
    return bool(lists) and len(lists) + len(methods) == len(calls)


def _at_call(
    program: Program, node: ast.expr, function: ast.FunctionDef, method: bool, count: int, asked: list[Asked]
) -> Edit | None:
    """The statement of a call, and those that ask for the lists below it."""
    call = program.parents[id(node)]
    statement = program.parents[id(call)]
    if not isinstance(call, ast.Call) or call.func is not node or not isinstance(statement, ast.Assign):
        return None
    if method != isinstance(node, ast.Attribute) or statement.value is not call or len(statement.targets) != 1:
        return None
    target, given = statement.targets[0], _given(function, call, method)
    if not isinstance(target, ast.Tuple) or len(target.elts) != count or given is None:
        return None
    if file_of(program, function) != file_of(program, statement):
        return None
    span = program.span(statement)
    before, after = program.text[: span.start].rpartition("\n")[2], program.text[span.end :].partition("\n")[0].strip()
    if before.strip() or (after and not after.startswith("#")):
        return None
    bound = {n.id for n in walk(target) if isinstance(n, ast.Name)}
    known = {
        n: v for n, v in given.items() if isinstance(v, ast.Constant) or (isinstance(v, ast.Name) and v.id not in bound)
    }
    targets = [program.segment(t) for t in target.elts]
    lines = [f"{targets[a.at]} = {text}" for a in asked if (text := _text(program, function, a.value, known))]
    if len(lines) != len(asked) or any(isinstance(t, ast.Starred) for t in target.elts):
        return None
    rest = [t for at, t in enumerate(targets) if at not in {a.at for a in asked}]
    indent = f"\n{program.indent(statement)}"
    return Edit(span, indent.join([f"{', '.join(rest)} = {program.segment(call)}", *lines]))


def _given(function: ast.FunctionDef, call: ast.Call, method: bool) -> dict[str, ast.expr] | None:
    """What a call gives to each parameter; None where that cannot be told."""
    spec = function.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)][1 if method else 0 :]
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    found = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=False)) if spec.defaults else {}
    found |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    found |= dict(zip(names, call.args, strict=False))
    return found | {k.arg: k.value for k in call.keywords if k.arg is not None}


def _text(program: Program, function: ast.FunctionDef, value: ast.expr, known: Mapping[str, ast.expr]) -> str:
    """How the caller asks for a list; empty where that is told by more than words and names."""
    span, edits = program.span(value), []
    parameters = {n.arg for n in walk(function.args) if isinstance(n, ast.arg)}
    for node in walk(value):
        if isinstance(node, ast.Name) and node.id in parameters:
            if node.id not in known:
                return ""
            at = program.span(node)
            edits.append(Edit(Span(at.start - span.start, at.end - span.start), program.segment(known[node.id])))
    return apply(program.segment(value), edits)[0]


def _gone(program: Program, statement: ast.stmt) -> Edit:
    """A statement with its lines."""
    assert len(body_of(program, statement)) > 1
    return Edit(Span(program.offset(statement.lineno, 0), program.offset((statement.end_lineno or 0) + 1, 0)), "")
