"""Arguments that are written apart from a call of TensorFlow's: they are written into the call.

`dense = partial(tf.layers.dense, activation=tf.nn.elu)` and `dense(x, 10)`, or `tf.layers.dense(x, 10, **settings)`
after `settings = {"activation": tf.nn.elu}`, become `tf.layers.dense(x, 10, activation=tf.nn.elu)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import FUNCTIONS, own, straight, walk
from tf2migrate.model import Edit, Options, Outcome, Span

_PLAIN = (ast.Tuple, ast.List, ast.UnaryOp, ast.BinOp, ast.Starred, ast.operator, ast.unaryop, ast.expr_context)


@dataclass(frozen=True, eq=False)
class _Bound:
    """A name that stands for arguments: where it is bound, the function if it is bound too, and the arguments."""

    statement: ast.Assign
    name: str
    function: ast.expr | None
    arguments: tuple[ast.expr, ...]
    keywords: tuple[tuple[str, ast.expr], ...]


def bound_arguments(program: Program, options: Options) -> Outcome:
    """The edits that write such arguments into the calls, where they mean the same there."""
    if "partial(" not in program.text and "**" not in program.text:
        return Outcome()
    edits: list[Edit] = []
    gone: set[ast.stmt] = set()
    functions = program.each(ast.FunctionDef)
    scopes: list[ast.Module | ast.FunctionDef] = [program.tree, *functions]
    for scope in scopes:
        edits += _of_scope(program, scope, gone)
    edits += [_deletion(program, statement) for statement in gone]
    edits += _imports(program, gone)
    return Outcome(tuple(edits))


def _of_scope(program: Program, scope: ast.Module | ast.FunctionDef, gone: set[ast.stmt]) -> list[Edit]:
    inside = own(scope.body)
    found: dict[str, list[_Bound]] = {}
    for statement in straight(scope.body):
        if (held := _bound(program, statement)) is not None:
            found.setdefault(held.name, []).append(held)
    edits: list[Edit] = []
    for name, bindings in found.items():
        stored = [n for n in inside if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
        within = isinstance(scope, ast.Module) and len(bindings) == 1 and not _local(program, {name})
        if len(stored) != len(bindings) or (not within and _elsewhere(program, scope, name)):
            continue
        nodes = program.nodes if within else inside
        uses = [_use(program, n, nodes) for n in nodes if _reads(n, name)]
        calls = [call for call in uses if call is not None]
        reached = [(call, _reaching(bindings, call)) for call in calls]
        every = all(b is not None and _stands(program, b, call) for call, b in reached)
        if not calls or len(calls) != len(uses) or not every:
            continue
        edits += [edit for call, b in reached if b is not None for edit in _written(program, call, b)]
        gone |= {b.statement for b in bindings}
    return edits


def _bound(program: Program, statement: ast.stmt) -> _Bound | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=made, args=[function, *rest], keywords=given)):
            symbol = program.names.symbol(function) or ""
            if not _is_partial(program, made) or not symbol.startswith("tf."):
                return None
            if any(k.arg is None for k in given):
                return None
            keywords = tuple((k.arg, k.value) for k in given if k.arg is not None)
            return _Bound(statement, name, function, tuple(rest), keywords)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys, values=values)):
            texts = [k.value if isinstance(k, ast.Constant) else None for k in keys]
            if not keys or not all(isinstance(text, str) and text.isidentifier() for text in texts):
                return None
            return _Bound(statement, name, None, (), tuple(zip(map(str, texts), values, strict=True)))
    return None


def _is_partial(program: Program, node: ast.expr) -> bool:
    if ast.unparse(node) == "functools.partial":
        return any(a.name == "functools" and not a.asname for n in program.each(ast.Import) for a in n.names)
    imports = [n for n in program.each(ast.ImportFrom) if any((a.asname or a.name) == "partial" for a in n.names)]
    return ast.unparse(node) == "partial" and bool(imports) and all(n.module == "functools" for n in imports)


def _reads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load | ast.Del)


def _elsewhere(program: Program, scope: ast.Module | ast.FunctionDef, name: str) -> bool:
    """Whether a name is spoken of in the functions inside of a scope, or made global there."""
    here = {id(n) for n in own(scope.body)}
    names = [n for n in walk(scope) if isinstance(n, ast.Name) and n.id == name and id(n) not in here]
    told = [n for n in program.nodes if isinstance(n, ast.Global | ast.Nonlocal) and name in n.names]
    return bool(names or told)


def _local(program: Program, names: Set[str]) -> bool:
    """Whether a function or class binds one of these names for itself, or is to bind the module's."""
    scopes = [n for n in program.nodes if isinstance(n, (*FUNCTIONS, ast.ClassDef))]
    inside = [n for scope in scopes for n in walk(scope)]
    stored = {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    told = {name for n in program.nodes if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
    return bool(names & (stored | told | {n.arg for n in inside if isinstance(n, ast.arg)}))


def _use(program: Program, node: ast.AST, inside: Sequence[ast.AST]) -> ast.Call | None:
    """The call that a name stands in as its function or behind a double star; None for any other use."""
    for call in inside:
        if isinstance(call, ast.Call):
            if call.func is node:
                return call
            starred = [k for k in call.keywords if k.arg is None]
            symbol = program.names.symbol(call.func) or ""
            if len(starred) == 1 and starred[0].value is node and symbol.startswith("tf."):
                return call
    return None


def _reaching(bindings: list[_Bound], call: ast.Call) -> _Bound | None:
    before = [b for b in bindings if (b.statement.end_lineno or 0) < call.lineno]
    found = before[-1] if before else None
    if found is None or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    starred = any(k.arg is None for k in call.keywords)
    return found if starred == (found.function is None) else None


def _stands(program: Program, bound: _Bound, call: ast.Call) -> bool:
    """Whether the arguments mean the same in the call as where they are written."""
    first, last = bound.statement.lineno, call.end_lineno or 0
    arguments = [*bound.arguments, *(value for _, value in bound.keywords)]
    if scope_of(program, call) is not scope_of(program, bound.statement):  # called whenever the function is
        last = len(program.lines)
        if _local(program, {n.id for argument in arguments for n in walk(argument) if isinstance(n, ast.Name)}):
            return False
    stored = {
        n.id
        for n in program.nodes
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load) and first < n.lineno <= last
    }
    for argument in arguments:
        for node in walk(argument):
            symbol = program.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
            if symbol is not None and symbol.startswith("tf"):
                continue
            if isinstance(node, ast.Call) and (program.names.symbol(node.func) or "").startswith("tf."):
                continue
            if isinstance(node, ast.Name) and node.id not in stored:
                continue
            if not isinstance(node, (ast.Constant, ast.keyword, *_PLAIN)):
                return False
    return True


def _written(program: Program, call: ast.Call, bound: _Bound) -> Iterator[Edit]:
    """The edits of one call."""
    own = {k.arg for k in call.keywords}
    added = [f"{name}={program.segment(value)}" for name, value in bound.keywords if name not in own]
    if bound.function is None:
        starred = next(k for k in call.keywords if k.arg is None)
        yield Edit(program.span(starred), ", ".join(added))
        return
    yield Edit(program.span(call.func), program.segment(bound.function))
    leading = "".join(f"{program.segment(a)}, " for a in bound.arguments)
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    first = min([program.span(n).start for n in given], default=program.span(call).end - 1)
    if leading:
        yield Edit(Span(first, first), leading)
    if added:
        end = max([program.span(n).end for n in given], default=first)
        yield Edit(Span(end, end), ("" if end == first else ", ") + ", ".join(added))


def _deletion(program: Program, statement: ast.stmt) -> Edit:
    """The statement goes with its line, where it has that for itself."""
    span = program.span(statement)
    start = program.text.rfind("\n", 0, span.start) + 1
    end = program.text.find("\n", span.end)
    alone = not program.text[start : span.start].strip() and not program.text[span.end : end].strip() and end >= 0
    if not alone:
        return Edit(span, "pass")
    while not program.text[:start].strip() and program.text[end + 1 : end + 2] == "\n":  # the first line of all
        end += 1
    return Edit(Span(start, end + 1), "")


def _imports(program: Program, gone: set[ast.stmt]) -> list[Edit]:
    """The imports of `partial`, once nothing calls it."""
    dropped = {id(n) for statement in gone for n in walk(statement)}
    left = [n for n in program.each(ast.Name) if n.id == "partial" and id(n) not in dropped]
    plain = [
        n
        for n in program.each(ast.ImportFrom)
        if n.module == "functools" and [(a.name, a.asname) for a in n.names] == [("partial", None)]
    ]
    return [_deletion(program, n) for n in plain] if gone and not left else []
