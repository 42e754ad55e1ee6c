"""Loops over tensors that are listed in the text, written out: each round's run is one of its own.

`for name, op in [("sum", s), ("product", p)]: print(name, sess.run(op))` runs two parts of the graph, which become two
functions; what a loop binds to the one or the other could not be called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of, scopes, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.graph_names import GraphNames
from tf2migrate.lift.traced import changed
from tf2migrate.model import Edit

_LINES = 60  # of what is written out at most; a longer loop says more than its rounds
_ATOM = re.compile(r"""[\w.]+(\[[\w'".]+\])*|"[^"\\]*"|'[^'\\]*'""")
_LEAVES = (ast.Break, ast.Continue, ast.Yield, ast.YieldFrom, ast.Lambda, ast.FunctionDef, ast.ClassDef)

#: The text of what a round binds, or the texts of its parts.
Item = str | tuple["Item", ...]


def unrolled(program: Program) -> tuple[Edit, ...]:
    """The edits that write such loops out; none where a round does not stand for itself."""
    if not any(word in program.text for word in (".run(", ".eval(", "tf.summary")):
        return ()
    edits = [edit for loop in program.each(ast.For) if (edit := _loop(program, loop)) is not None]
    edits += [edit for node in program.each(ast.ListComp) if (edit := _comprehension(program, node)) is not None]
    outer = [e for e in edits if not any(o is not e and o.span.start <= e.span.start < o.span.end for o in edits)]
    return tuple(outer) if fits(outer, program.cuts) else ()


def _loop(program: Program, loop: ast.For) -> Edit | None:
    names = {n.id for n in walk(loop.target) if isinstance(n, ast.Name)}
    inside = [n for statement in loop.body for n in walk(statement)]
    kept = any(isinstance(n, _LEAVES) or (isinstance(n, ast.Name) and _binds(n, names)) for n in inside)
    wanted = _runs(inside, names) or _sums_up(program, inside)
    if loop.orelse or kept or not wanted or not _read_only_in(program, loop, names):
        return None
    items = _items(program, loop.iter)
    if not items or any(_binds(n, _mentioned(items)) for n in inside if isinstance(n, ast.Name)):
        return None
    start, end = program.span(loop.body[0]).start, program.span(loop.body[-1]).end
    indent, deeper = program.indent(loop), program.indent(loop.body[0])
    text = program.text[start:end]
    if (text.count("\n") + 1) * len(items) > _LINES or any(_spans_lines(n) for n in inside):
        return None
    rounds = []
    for item in items:
        bound = _bound(loop.target, item)
        written = _written(program, inside, start, end, bound) if bound is not None else None
        if written is None:
            return None
        if "\n" in text:
            written = re.sub(rf"\n{re.escape(deeper)}", f"\n{indent}", written)
        rounds.append(written)
    header = program.text[program.span(loop.iter).end : start]
    said = [f"#{line.partition('#')[2]}" for line in header.split("\n") if "#" in line]
    return Edit(program.span(loop), f"\n{indent}".join([*said, *rounds]))


def _comprehension(program: Program, node: ast.ListComp) -> Edit | None:
    (first, *others) = node.generators
    names = {n.id for n in walk(first.target) if isinstance(n, ast.Name)}
    inside = list(walk(node.elt))
    kept = any(isinstance(n, _LEAVES) or (isinstance(n, ast.Name) and _binds(n, names)) for n in inside)
    if others or first.ifs or kept or not _runs(inside, names):
        return None
    items = _items(program, first.iter)
    if not items:
        return None
    span, parts = program.span(node.elt), []
    for item in items:
        bound = _bound(first.target, item)
        written = _written(program, inside, span.start, span.end, bound) if bound is not None else None
        if written is None:
            return None
        parts.append(written)
    return Edit(program.span(node), f"[{', '.join(parts)}]")


def _binds(node: ast.Name, names: set[str]) -> bool:
    return node.id in names and not isinstance(node.ctx, ast.Load)


def _mentioned(items: Sequence[Item]) -> set[str]:
    """The names that the texts of the rounds read."""
    found: set[str] = set()
    for item in items:
        found |= set(re.findall(r"[A-Za-z_]\w*", item)) if isinstance(item, str) else _mentioned(item)
    return found


def _runs(inside: Sequence[ast.AST], names: set[str]) -> bool:
    """Whether something that the loop binds is run."""
    for node in inside:
        match node:
            case ast.Call(func=ast.Attribute(attr="run"), args=args) if args:
                if any(isinstance(n, ast.Name) and n.id in names for n in walk(args[0])):
                    return True
            case ast.Call(func=ast.Attribute(value=base, attr="eval")):
                if any(isinstance(n, ast.Name) and n.id in names for n in walk(base)):
                    return True
    return False


def _sums_up(program: Program, inside: Sequence[ast.AST]) -> bool:
    """Whether a summary of each tensor is made, called as the tensor."""
    calls = [n for n in inside if isinstance(n, ast.Call)]
    made = any((program.names.symbol(call.func) or "").startswith("tf.summary.") for call in calls)
    return made and any(_named_op(n) for n in inside)


def _named_op(node: ast.AST) -> str:
    """The name whose tensor's op is asked for its name: `value.op.name`."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr="op"), attr="name"):
            return name
    return ""


def _read_only_in(program: Program, loop: ast.For, names: set[str]) -> bool:
    """Whether what the loop binds is not asked for behind it."""
    scope = scope_of(program, loop)
    within = {id(n) for n in walk(loop)}
    bound_by_others = {
        id(n)
        for other in program.each(ast.For)
        if other is not loop and scope_of(program, other) is scope
        if names & {t.id for t in walk(other.target) if isinstance(t, ast.Name)}
        for n in walk(other)
    }
    bound_by_others |= {id(n) for kind in (ast.ListComp, ast.GeneratorExp) for c in program.each(kind) for n in walk(c)}
    reads = [n for n in program.each(ast.Name) if n.id in names and isinstance(n.ctx, ast.Load)]
    return all(id(n) in within or id(n) in bound_by_others for n in reads)


def _spans_lines(node: ast.AST) -> bool:
    text = isinstance(node, ast.Constant | ast.JoinedStr)
    return text and getattr(node, "end_lineno", None) != getattr(node, "lineno", None)


def _items(program: Program, node: ast.expr) -> list[Item]:
    """What a loop goes through, where that is written out; nothing where it is not."""
    match node:
        case ast.List() | ast.Tuple():
            return [item for e in node.elts if (item := _item(program, e)) is not None] if _plain(node) else []
        case ast.Name():
            held = _held(program, node)
            if isinstance(held, ast.Dict):
                return [key for key, _ in _entries(program, node, held)]
            return [_of_held(program, node, str(at), e) for at, e in enumerate(held.elts)] if held is not None else []
        case ast.Call(func=ast.Name("enumerate"), args=[inner], keywords=[]):
            return [(str(at), item) for at, item in enumerate(_items(program, inner))]
        case ast.Call(func=ast.Name("zip"), args=[_, _, *_], keywords=[]):
            parts = [_items(program, part) for part in node.args]
            alike = all(parts) and len({len(part) for part in parts}) == 1
            return list(zip(*parts, strict=True)) if alike else []
        case ast.Call(func=ast.Name("list" | "sorted" as how), args=[inner], keywords=[]):
            items = _items(program, inner)
            return _sorted(items) if how == "sorted" else items
        case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="items" | "values" | "keys" as what), args=[]):
            held = _held(program, name)
            entries = _entries(program, name, held) if isinstance(held, ast.Dict) else []
            return [(k, v) if what == "items" else v if what == "values" else k for k, v in entries]
    return []


def _sorted(items: Sequence[Item]) -> list[Item]:
    """Items in the order of their keys, which are texts that differ; nothing where they are not."""
    try:
        keys = [ast.literal_eval(str(item[0] if isinstance(item, tuple) else item)) for item in items]
    except ValueError:
        return []
    if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        return []
    return [item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: str(pair[0]))]


def _plain(node: ast.List | ast.Tuple) -> bool:
    """Whether nothing in a list calls anything: it would be called in each round that writes it out."""
    return bool(node.elts) and not any(isinstance(n, ast.Call | ast.Starred | ast.NamedExpr) for n in walk(node))


def _item(program: Program, node: ast.expr) -> Item | None:
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(item for e in node.elts if (item := _item(program, e)) is not None)
    return program.segment(node)


def _held(program: Program, name: ast.Name) -> ast.List | ast.Tuple | ast.Dict | None:
    """The list or dict that a name stands for, where it is bound once and never changed."""
    bound = _bindings(program, name, name.id)
    statement = program.parents.get(id(bound[0])) if len(bound) == 1 else None
    reads = [n for n in program.each(ast.Name) if n.id == name.id and isinstance(n.ctx, ast.Load)]
    if not isinstance(statement, ast.Assign) or any(changed(program.tree, name.id)):
        return None
    if not all(_looks(program, read) for read in reads):
        return None
    value = statement.value
    return value if isinstance(value, ast.List | ast.Tuple | ast.Dict) and statement.targets == bound else None


def _bindings(program: Program, node: ast.AST, name: str) -> list[ast.Name]:
    """Where the name that is read at a place is bound; nothing for a parameter, and what functions bind outside."""
    declared: list[ast.Global | ast.Nonlocal] = [*program.each(ast.Global), *program.each(ast.Nonlocal)]
    if any(name in each.names for each in declared):
        return []
    for scope in scopes(program, node):
        given = walk(scope.args) if isinstance(scope, ast.FunctionDef) else []
        if any(isinstance(n, ast.arg) and n.arg == name for n in given):
            return []
        if bound := stores(program, name, scope):
            return bound
    return []


def _looks(program: Program, read: ast.Name) -> bool:
    """Whether what reads a list only looks into it, and hands it to nothing that might change it."""
    match program.parents.get(id(read)):
        case ast.For(iter=inner) | ast.comprehension(iter=inner) | ast.Subscript(value=inner, ctx=ast.Load()):
            return inner is read
        case ast.Attribute(attr="items" | "keys" | "values"):
            return True
        case ast.Call(func=ast.Name("enumerate" | "zip" | "sorted" | "list" | "len" | "print")):
            return True
        case ast.Call(func=ast.Attribute(attr="run")):
            return True
    return False


def _of_held(program: Program, name: ast.Name, at: str, node: ast.expr) -> Item:
    """One of what a list or dict holds: by its own name, or by its place, which is written so."""
    if isinstance(node, ast.Tuple):
        parts = [_of_held(program, ast.Name("_"), at, e) for e in node.elts]
        within = [f"{name.id}[{at}][{i}]" if part == f"_[{at}]" else part for i, part in enumerate(parts)]
        return tuple(within)
    once = isinstance(node, ast.Name) and len(stores(program, node.id, scope_of(program, node))) == 1
    return program.segment(node) if once or isinstance(node, ast.Constant) else f"{name.id}[{at}]"


def _entries(program: Program, name: ast.Name, node: ast.Dict) -> list[tuple[str, Item]]:
    if not all(isinstance(k, ast.Constant) and isinstance(k.value, str) for k in node.keys):
        return []
    keys = [program.segment(k) for k in node.keys if k is not None]
    return [(key, _of_held(program, name, key, value)) for key, value in zip(keys, node.values, strict=True)]


def _bound(target: ast.expr, item: Item) -> dict[str, str] | None:
    """The texts that a round has for the names of the loop."""
    match target:
        case ast.Name(id=name):
            return {name: item} if isinstance(item, str) else None
        case ast.Tuple(elts=parts) if isinstance(item, tuple) and len(item) == len(parts):
            found: dict[str, str] = {}
            for part, each in zip(parts, item, strict=True):
                inner = _bound(part, each)
                if inner is None:
                    return None
                found |= inner
            return found
    return None


def _written(program: Program, inside: Sequence[ast.AST], start: int, end: int, bound: dict[str, str]) -> str | None:
    """A part of the program with the texts in the names' places."""
    reads = [n for n in inside if isinstance(n, ast.Name) and n.id in bound]
    if any(program.segment(n) != n.id for n in reads):
        return None  # in an f-string of Python 3.11, whose parts do not say where they stand
    new = {program.span(n): bound[n.id] for n in reads}
    for node in inside:
        name = _named_op(node)
        called = _op_name(program, node, bound[name]) if name in bound else ""
        if called and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            del new[program.span(node.value.value)]
            new[program.span(node)] = f'"{called}"'
    text, at = "", start
    for span, item in sorted(new.items(), key=lambda pair: pair[0].start):
        text += program.text[at : span.start] + (item if _ATOM.fullmatch(item) else f"({item})")
        at = span.end
    return text + program.text[at:end]


def _op_name(program: Program, node: ast.AST, text: str) -> str:
    """What TensorFlow 1 called the op that a name stands for at a place, where that is told."""
    bound = _bindings(program, node, text)
    statement = program.parents.get(id(bound[0])) if len(bound) == 1 else None
    made = statement.value if isinstance(statement, ast.Assign) else None
    return next((n.name for n in GraphNames(program).named if n.call is made), "")

