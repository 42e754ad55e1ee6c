"""Functions that build a graph and return it as a named tuple of their own, as classes whose objects have its parts.

def build(size):                                 class Graph:
    x = tf.placeholder(…)                            def __init__(self, size):
    …                                                    x = tf.placeholder(…)
    Graph = namedtuple("Graph", ["x", "loss"])           …
    return Graph(x, loss)                                self.x = x
                                                         self.loss = loss

The names may be taken from `locals()`: `Graph(*[local_dict[each] for each in names])`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import SCOPES, own, walk
from tf2migrate.lift.functions import Fields
from tf2migrate.model import Edit

_OTHER = (ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class _Built:
    """What a function returns: the name of the tuples, their parts, and the statements at its end that make one."""

    name: str
    parts: dict[str, str]  # the text of each
    last: list[ast.stmt]


def tuple_builders(program: Program) -> tuple[Edit, ...]:
    """The edits that make such functions classes; none where one of them, or what it gives, is used otherwise."""
    if "namedtuple" not in program.text:
        return ()
    edits: list[Edit] = []
    for function in (f for f in program.tree.body if isinstance(f, ast.FunctionDef)):
        built = _built(program, function) if _is_plain(program, function) else None
        if built is not None:
            edits += _edits(program, function, built)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _is_plain(program: Program, function: ast.FunctionDef) -> bool:
    """Whether a function makes placeholders, returns once, at its end, and may stand in a class."""
    inside = walk(function)
    named = {n.id for n in inside if isinstance(n, ast.Name)} | {n.arg for n in inside if isinstance(n, ast.arg)}
    returns = [n for n in own(function.body) if isinstance(n, ast.Return)]
    mangled = any(name.startswith("__") and not name.endswith("__") for name in named)
    if function.decorator_list or returns != function.body[-1:] or "self" in named or mangled:
        return False
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    texts = [n for s in body for n in walk(s) if isinstance(n, ast.Constant | ast.JoinedStr)]
    long = [n for n in texts if n.lineno != n.end_lineno]
    made = any(isinstance(n, ast.Call) and program.names.symbol(n.func) == "tf.placeholder" for n in inside)
    return made and not long and not any(isinstance(n, _OTHER) for n in inside)


def _built(program: Program, function: ast.FunctionDef) -> _Built | None:
    """What a function returns, where its last statements make a named tuple of a class that is theirs alone."""
    bound: dict[str, ast.expr] = {}
    returned = function.body[-1]
    value = returned.value if isinstance(returned, ast.Return) else None
    kept = value.id if isinstance(value, ast.Name) else None
    last = [returned]
    for statement in reversed(function.body[:-1]):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=made) if name not in bound and (
                (name == kept and last == [returned]) or _ends(made)
            ):
                bound[name] = made
                last.insert(0, statement)
            case _:
                break
    value = bound.get(kept) if kept is not None else value
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name) or value.func.id not in bound:
        return None
    fields = _fields(bound[value.func.id], bound)
    local = {n.id for n in own(function.body) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    local |= {a.arg for a in walk(function.args) if isinstance(a, ast.arg)}
    parts = _parts(program, value, fields, bound) if fields is not None else None
    apart = [n for s in function.body if s not in last for n in walk(s)]
    if parts is None or any(isinstance(n, ast.Name) and n.id in (*bound, "locals") for n in apart):
        return None
    from_locals = bool(value.args) and isinstance(value.args[0], ast.Starred)
    if from_locals and not set(parts) <= local - bound.keys():
        return None
    return _Built(value.func.id, parts, last)


def _ends(value: ast.expr) -> bool:
    """Whether a value is one that only puts together what a function returns."""
    called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    names = isinstance(value, ast.List | ast.Tuple) and all(isinstance(e, ast.Constant) for e in value.elts)
    return names or called == "locals" or called.split(".")[-1] == "namedtuple"


def _fields(made: ast.expr, bound: dict[str, ast.expr]) -> tuple[str, ...] | None:
    """The names in a class of named tuples, where they are written out."""
    if not isinstance(made, ast.Call) or ast.unparse(made.func).split(".")[-1] != "namedtuple" or len(made.args) != 2:
        return None
    names = made.args[1]
    written = bound.get(names.id) if isinstance(names, ast.Name) else names
    if written is None or made.keywords:
        return None
    fields = Fields.of(ast.Call(made.func, [made.args[0], written], []))
    return fields.names if fields is not None and len(set(fields.names)) == len(fields.names) else None


def _parts(
    program: Program, made: ast.Call, fields: tuple[str, ...], bound: dict[str, ast.expr]
) -> dict[str, str] | None:
    """The text of each part of a tuple."""
    match made:
        case ast.Call(
            args=[
                ast.Starred(
                    value=ast.ListComp(
                        elt=ast.Subscript(value=ast.Name(id=held), slice=ast.Name(id=key)),
                        generators=[ast.comprehension(target=ast.Name(id=each), iter=ast.Name(id=names), ifs=[])],
                    )
                )
            ],
            keywords=[],
        ) if key == each:
            taken = bound.get(held)
            told = Fields.of(ast.Call(made.func, [made.func, bound[names]], [])) if names in bound else None
            same = told is not None and told.names == fields
            return {f: f for f in fields} if taken is not None and ast.unparse(taken) == "locals()" and same else None
    if any(isinstance(a, ast.Starred) for a in made.args) or any(k.arg is None for k in made.keywords):
        return None
    given = dict(zip(fields, made.args, strict=False)) | {str(k.arg): k.value for k in made.keywords}
    count = len(made.args) + len(made.keywords)
    if given.keys() != set(fields) or count != len(fields):
        return None
    read = {n.id for value in given.values() for n in walk(value) if isinstance(n, ast.Name)}
    return {f: program.segment(given[f]) for f in fields} if not read & bound.keys() else None


def _edits(program: Program, function: ast.FunctionDef, built: _Built) -> list[Edit]:
    """The edits for a function and its calls; none where a call, or what it gives, is used otherwise."""
    uses = [n for n in program.each(ast.Name) if n.id == function.name]
    named = [n for n in program.nodes if isinstance(n, (*SCOPES[:2], ast.ClassDef)) and n.name == function.name]
    if len(named) != 1 or not uses or not all(_is_read_by_name(program, use, built) for use in uses):
        return []
    inside = {id(n) for n in walk(function)}
    taken = {n.id for n in program.each(ast.Name) if id(n) not in inside} | set(program.reserved)
    taken |= {n.name for n in program.nodes if isinstance(n, (*SCOPES[:2], ast.ClassDef))}
    name = built.name if built.name not in taken else fresh(built.name, taken)
    text = "\n".join(_lines(program, function, built, name))
    return [Edit(program.span(function), text), *(Edit(program.span(use), name) for use in uses)]


def _is_read_by_name(program: Program, use: ast.Name, built: _Built) -> bool:
    """Whether a use of a function binds what it gives to a name, of which nothing but parts are read."""
    call = program.parents[id(use)]
    match program.parents.get(id(call)):
        case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
            pass
        case _:
            return False
    if value is not call or not isinstance(call, ast.Call) or call.func is not use:
        return False
    scope = scope_of(program, target)
    everywhere = program.nodes if isinstance(scope, ast.Module) else walk(scope)
    for node in everywhere:
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            above = program.parents[id(node)]
            if not isinstance(above, ast.Attribute) or above.attr not in built.parts:
                return False
            if not isinstance(above.ctx, ast.Load):
                return False
    return True


def _lines(program: Program, function: ast.FunctionDef, built: _Built, name: str) -> Iterator[str]:
    """The text of the class."""
    indent = program.indent(function.body[0])
    span, end = program.span(function), program.span(built.last[0]).start
    text = program.text[span.start : end].rstrip(" \t")
    begin = program.text.index("(", span.start + len("def ") + len(function.name) - 1) - span.start
    given = text[begin + 1 :]
    first = f"def __init__(self{', ' if walk(function.args)[1:] else ''}{given.lstrip()}"
    yield f"class {name}:"
    for line in first.rstrip().split("\n"):
        yield indent + line if line.strip() else ""
    yield from (f"{indent * 2}self.{part} = {text}" for part, text in built.parts.items())


__all__ = ["tuple_builders"]
