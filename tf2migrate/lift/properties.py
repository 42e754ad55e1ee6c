"""Properties that build a part of the graph when they are first read, as methods that the constructor calls.

`@lazy_property def loss(self): …; return x` becomes `def build_loss(self): …; self.loss = x`, and so does a property
that keeps what it makes in an attribute of its own. The constructor builds in the order of the first reads, and then
whatever nothing in it reads. A property that only gives an attribute becomes that attribute.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.lazy_decorators import Lazy, find, goes
from tf2migrate.lift.render import shift
from tf2migrate.model import Edit, Options, Outcome, Span

_CACHED = ("functools.cached_property", "cached_property")
STEP = "    "


@dataclass(frozen=True)
class Property:
    """One of them: its method, the attribute that it keeps its value in, the statements that build it, the value."""

    method: ast.FunctionDef
    attribute: str = ""  # of its own, where it has one
    body: tuple[ast.stmt, ...] = ()  # nothing, where it only gives the attribute
    value: ast.expr | None = None
    last: ast.stmt | None = None  # the statement that gives or keeps the value
    lazy: Lazy | None = None
    decorator: ast.expr | None = None

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def built(self) -> str:
        return f"build_{self.name.lstrip('_')}"


@dataclass
class _Class:
    node: ast.ClassDef
    constructor: ast.FunctionDef
    properties: dict[str, Property]
    methods: dict[str, ast.FunctionDef]
    done: dict[str, None] = field(default_factory=dict)  # what the constructor has built so far


def properties(program: Program, options: Options) -> Outcome:
    """The edits that make properties attributes; none for a class in which one of them has another form."""
    if "property" not in program.text and "hasattr" not in program.text:
        return Outcome()
    lazy = find(program)
    based = {b.id for n in program.each(ast.ClassDef) for b in n.bases if isinstance(b, ast.Name)}
    edits: list[Edit] = []
    used: list[ast.expr] = []
    for node in program.nodes:
        if isinstance(node, ast.ClassDef) and node.name not in based and (held := _class(program, node, lazy)):
            made = _edits(program, held)
            edits += made or []
            used += [p.decorator for p in held.properties.values() if p.decorator is not None] if made else []
    if edits:
        edits += goes(program, lazy, used)
    return Outcome(tuple(sorted(set(edits))))


def _class(program: Program, node: ast.ClassDef, lazy: dict[str, Lazy]) -> _Class | None:
    """A class with properties of the graph, where all of them have a known form."""
    if node.decorator_list or node.keywords or any(ast.unparse(b) != "object" for b in node.bases):
        return None
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
    decorated = [m for m in methods.values() if [*map(ast.unparse, m.decorator_list)] not in ([], ["staticmethod"])]
    constructor = methods.get("__init__")
    if not decorated or constructor is None or constructor in decorated:
        return None
    inside = set(map(id, walk(node)))
    if not any(path.startswith("tf.") for n, path in program.uses if id(n) in inside):
        return None
    found = {m.name: _property(program, m, lazy) for m in decorated}
    known = {name: p for name, p in found.items() if p is not None}
    if len(known) < len(found) or any(p.built in methods for p in known.values()):
        return None
    plain = {name: m for name, m in methods.items() if name not in known}
    return _Class(node, constructor, known, plain)


def _property(program: Program, method: ast.FunctionDef, lazy: dict[str, Lazy]) -> Property | None:
    """What a decorated method is, where that is known."""
    if len(method.decorator_list) != 1 or [a.arg for a in method.args.args] != ["self"]:
        return None
    if any(
        isinstance(n, ast.Constant | ast.JoinedStr) and n.end_lineno != n.lineno for s in method.body for n in walk(s)
    ):
        return None  # a string of several lines would not be what it was under another indentation
    decorator = method.decorator_list[0]
    body = method.body[1:] if ast.get_docstring(method, clean=False) is not None else method.body
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(named, ast.Name) and named.id in lazy:
        return _returning(method, body, lazy[named.id], decorator)
    if ast.unparse(decorator) in _CACHED:
        return _returning(method, body, None, decorator)
    if ast.unparse(decorator) != "property" or not body:
        return None
    match body:
        case [ast.Return(value=ast.Attribute(value=ast.Name(id="self"), attr=attribute))]:
            return Property(method, attribute, decorator=decorator)
        case [ast.If(orelse=[]) as check, ast.Return(value=ast.Attribute(value=ast.Name(id="self"), attr=attribute))]:
            last = check.body[-1]
            match last:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=kept)], value=value):
                    pass
                case _:
                    return None
            if kept != attribute or not _asks(check.test, attribute) or _returns(check.body):
                return None
            return Property(method, attribute, tuple(check.body), value, last, decorator=decorator)
    return None


def _returning(
    method: ast.FunctionDef, body: list[ast.stmt], lazy: Lazy | None, decorator: ast.expr
) -> Property | None:
    last = body[-1] if body else None
    if not isinstance(last, ast.Return) or last.value is None or _returns(body[:-1]):
        return None
    if lazy is not None and lazy.scope(method, decorator) is None:
        return None
    return Property(method, "", tuple(body), last.value, last, lazy, decorator)


def _returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Return | ast.Yield | ast.YieldFrom) for s in body for n in walk(s))


def _asks(test: ast.expr, attribute: str) -> bool:
    """Whether a condition asks if an attribute is not there yet."""
    own = f"self.{attribute}"
    spellings = (f"{own} is None", f"not {own}", f"{own} == None", f"not hasattr(self, '{attribute}')")
    return ast.unparse(test) in spellings


# -------------------------------------------------------------------- what is written


def _edits(program: Program, held: _Class) -> list[Edit]:
    """The edits of one class; none where its attributes are not its own, or are first read in a branch."""
    every = held.properties.values()
    inside = {id(n) for n in walk(held.node)}
    names = {p.attribute: p.name for p in every if p.attribute}
    for node in program.nodes:
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in names and (id(node) not in inside or ast.unparse(node.value) != "self"):
            return []
        if node.attr in held.properties and not isinstance(node.ctx, ast.Load):
            return []
    edits: list[Edit] = []
    for one in every:
        edits += _building(program, one, names) if one.body else [_gone(program, one.method)]
    built = _constructor(program, held)
    if built is None:
        return []
    replaced = {id(n) for p in every for n in walk(p.method)} | {id(n) for s in _first_values(held) for n in walk(s)}
    for node in walk(held.node):
        if isinstance(node, ast.Attribute) and node.attr in names and id(node) not in replaced:
            end = program.span(node).end
            edits.append(Edit(Span(end - len(node.attr), end), names[node.attr]))
    return [*edits, *built]


def _building(program: Program, one: Property, names: dict[str, str]) -> list[Edit]:
    """A property as a method that sets the attribute."""
    method = one.method
    span, indent = program.span(method), program.indent(method)
    start = program.offset(one.body[0].lineno, 0)
    while program.lines[program.position(start)[0] - 2].strip().startswith("#"):
        start -= len(program.lines[program.position(start)[0] - 2])
    assert one.last is not None
    assert one.value is not None
    kept = f"self.{one.name} = {program.segment(one.value)}"
    text = program.text[start : program.span(one.last).start] + kept
    old, new = program.indent(one.body[0]), indent + STEP
    if one.lazy is not None and (scope := one.lazy.scope(method, one.decorator)):
        first = f"{new}with {scope}:\n"
        text, new = text, new + STEP
    else:
        first = ""
    body = first + new + shift(text.lstrip(), old, new)
    for attribute, name in names.items():
        body = re.sub(rf"\bself\.{attribute}\b", f"self.{name}", body)
    head = program.text[program.offset(method.lineno, method.col_offset) : start]
    header = head.replace(f"def {method.name}", f"def {one.built}", 1)
    if isinstance(one.body[0], ast.stmt) and not isinstance(one.last, ast.Return):
        check = next(s for s in method.body if isinstance(s, ast.If))
        cut = program.span(check).start - program.offset(method.lineno, method.col_offset)
        header = header[: cut + len(header) - len(head)].rstrip(" \t")
    return [Edit(span, header + body)]


def _gone(program: Program, node: ast.stmt) -> Edit:
    """A statement taken out, with its lines and an empty one after them."""
    first = min([node.lineno, *[d.lineno for d in getattr(node, "decorator_list", [])]])
    start = program.offset(first, 0)
    last = node.end_lineno or node.lineno
    if last < len(program.lines) and not program.lines[last].strip():
        last += 1
    end = min(program.offset(last, 0) + len(program.lines[last - 1]), len(program.text))
    return Edit(Span(start, end), "")


def _first_values(held: _Class) -> Iterator[ast.stmt]:
    """The statements of the constructor that say that nothing is built yet."""
    own = {f"self.{p.attribute} = None" for p in held.properties.values() if p.attribute and p.body}
    for statement in held.constructor.body:
        if ast.unparse(statement) in own:
            yield statement


def _constructor(program: Program, held: _Class) -> list[Edit] | None:
    """The constructor with the building in it; None where that cannot be written."""
    edits = [_line(program, statement, "") for statement in _first_values(held)]
    if not _block(program, held, held.constructor.body, edits):
        return None
    rest = [name for name, one in held.properties.items() if one.body]
    rest.sort(key=lambda name: _first_read(program, held, name))
    lines: list[str] = []
    for name in rest:
        if not _build(held, name, lines, ()):
            return None
    if lines:
        last = held.constructor.body[-1]
        indent = program.indent(held.constructor.body[0])
        end = program.span(last).end
        end = program.text.find("\n", end) if "\n" in program.text[end:] else len(program.text)
        removed = any(e.span.start <= program.span(last).start < e.span.end for e in edits)
        at = end + 1 if removed else end
        text = (
            "".join(f"{indent}{line}\n" for line in lines)
            if removed
            else "".join(f"\n{indent}{line}" for line in lines)
        )
        edits.append(Edit(Span(at, at), text))
    return edits


def _first_read(program: Program, held: _Class, name: str) -> tuple[int, int]:
    """Where the program first reads a property outside the class; far behind, where it does not."""
    inside = {id(n) for n in walk(held.node)}
    reads = [n for n in program.each(ast.Attribute) if n.attr == name and id(n) not in inside]
    return min(
        ((n.lineno, n.col_offset) for n in reads), default=(len(program.lines), held.properties[name].method.lineno)
    )


def _block(program: Program, held: _Class, body: list[ast.stmt], edits: list[Edit]) -> bool:
    for statement in body:
        wanted = [n for n in _reads(held, statement, ()) if n not in held.done]
        if isinstance(statement, ast.With) and wanted:
            if not _block(program, held, statement.body, edits):
                return False
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Attribute):
            named = statement.value.attr
            if ast.unparse(statement) == f"self.{named}" and named in held.properties:
                lines: list[str] = []
                if not _build(held, named, lines, ()):
                    return False
                edits.append(_line(program, statement, f"\n{program.indent(statement)}".join(lines)))
                continue
        if wanted and isinstance(statement, ast.If | ast.For | ast.While | ast.Try):
            return False
        before: list[str] = []
        for name in wanted:
            if not _build(held, name, before, ()):
                return False
        if before:
            at = program.span(statement).start
            edits.append(Edit(Span(at, at), "".join(f"{line}\n{program.indent(statement)}" for line in before)))
    return True


def _line(program: Program, statement: ast.stmt, text: str) -> Edit:
    """A statement replaced, or taken out with its line."""
    if text:
        return Edit(program.span(statement), text)
    start = program.offset(statement.lineno, 0)
    return Edit(Span(start, start + len(program.lines[(statement.end_lineno or statement.lineno) - 1])), "")


def _build(held: _Class, name: str, lines: list[str], around: tuple[str, ...]) -> bool:
    """Adds the calls that build a property, after those that build what it reads; False where they read each other."""
    if name in around:
        return False
    one = held.properties[name]
    if name in held.done or not one.body:
        return True
    for statement in one.body:
        for other in _reads(held, statement, ()):
            if other != name and not _build(held, other, lines, (*around, name)):
                return False
    held.done[name] = None
    lines.append(f"self.{one.built}()")
    return True


def _reads(held: _Class, node: ast.AST, through: tuple[str, ...]) -> Iterator[str]:
    """The properties that a statement reads, itself or in the methods that it calls."""
    for inner in walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            if inner.attr in held.properties and isinstance(inner.ctx, ast.Load) and held.properties[inner.attr].body:
                yield inner.attr
            elif inner.attr in held.methods and inner.attr not in through:
                yield from _reads(held, held.methods[inner.attr], (*through, inner.attr))
