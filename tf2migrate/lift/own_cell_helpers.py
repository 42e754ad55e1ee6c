"""Functions that make variables for the step of a program's own recurrent cell, written out where they are called.

def linear(x, size, scope):                              w = tf.get_variable("w", [x.get_shape()[1], size])
    with tf.variable_scope(scope):
        w = tf.get_variable("w", …)              z = linear(inputs, 4, "z")   →   z = tf.matmul(inputs, w)
        return tf.matmul(x, w)

Each call makes variables of its own, which `build` is to make one by one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import own, walk
from tf2migrate.lift.own_cell_checks import makers, makes
from tf2migrate.lift.own_cell_forms import attribute_of, step_of
from tf2migrate.lift.render import Renderer
from tf2migrate.model import Edit, Span

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)
_ATOMS = (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Tuple)
_LAZY = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp)


def written_out(program: Program, node: ast.ClassDef) -> list[Edit]:
    """The edits that write one call out, the innermost first; none where there is none that can be."""
    step = step_of(node)
    if step is None:
        return []
    functions = _functions(program, node)
    for statement in sorted((n for n in own(step.body) if isinstance(n, _SIMPLE)), key=lambda n: n.lineno):
        calls = [n for n in walk(statement) if isinstance(n, ast.Call) and _called(n) in functions]
        inner = [c for c in calls if not any(o is not c and any(o is n for n in walk(c)) for o in calls)]
        for call in inner[:1]:
            found = _Call(program, step, statement, call, functions[str(_called(call))])
            return found.edits() if not _is_lazy(program, call, statement) else []
    return []


def unused(program: Program, before: Program) -> list[ast.FunctionDef]:
    """The functions that made variables for cells, where nothing calls them any more."""
    known, read, was = makers(program), program.read, before.read
    every = [f for f in program.tree.body if isinstance(f, ast.FunctionDef) and f.name in known]
    return [f for f in every if f.name not in read and f.name in was]


def unused_methods(program: Program, node: ast.ClassDef) -> list[ast.FunctionDef]:
    """The methods of a cell that make variables, where nothing calls them any more."""
    read = {n.attr for n in program.each(ast.Attribute)}
    named = [(name.removeprefix("self."), f) for name, f in _functions(program, node).items() if f in node.body]
    return [method for name, method in named if name not in read]


def _functions(program: Program, node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """The functions and methods that make variables, by how they are called."""
    known = makers(program)
    found = {f.name: f for f in program.tree.body if isinstance(f, ast.FunctionDef) and f.name in known}
    step = step_of(node)
    for method in [m for m in node.body if isinstance(m, ast.FunctionDef) and m is not step]:
        named = method.name not in ("__init__", "build") and not method.decorator_list
        if named and any(makes(program, n) or _called(n) in found for n in walk(method)):
            found[f"self.{method.name}"] = method
    return found


def _called(node: ast.AST) -> str | None:
    """What a call calls: a function by its name, or a method."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id
    name = attribute_of(function) if function is not None else None
    return f"self.{name}" if name is not None else None


def _is_lazy(program: Program, call: ast.Call, statement: ast.stmt) -> bool:
    """Whether a call happens only sometimes, or more than once, where its statement does."""
    above = program.parents.get(id(call))
    while above is not None and above is not statement:
        if isinstance(above, _LAZY):
            return True
        above = program.parents.get(id(above))
    return False


@dataclass
class _Call:
    """One call that is written out."""

    program: Program
    step: ast.FunctionDef
    statement: ast.stmt
    call: ast.Call
    function: ast.FunctionDef
    texts: dict[str, str] = field(default_factory=dict)  # of the names of the function, in the step

    def edits(self) -> list[Edit]:
        given = self._given()
        if given is None:
            return []
        path = _path(self.function.body, given)
        if path is None or not isinstance(path[-1], ast.Return) or path[-1].value is None:
            return []
        lines = self._named(given, path)
        free = {n.id for s in path for n in walk(s) if isinstance(n, ast.Name)} - self.texts.keys()
        if free & {n.id for n in walk(self.step) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}:
            return []
        renderer = Renderer(self.program, self._text)
        indent = self.program.indent(self.statement)
        lines += [line for s in path[:-1] for line in _lines(self.program, renderer, s, given, "")]
        value = renderer.text(path[-1].value)
        at = self.program.offset(self.statement.lineno, 0)
        above = self.program.parents.get(id(self.call))
        alone = isinstance(above, ast.Assign | ast.Return | ast.Call | ast.keyword | ast.List | ast.Tuple)
        value = value if alone or isinstance(path[-1].value, _ATOMS) else f"({value})"
        text = "".join(f"{indent}{line}\n" for line in lines)
        return [Edit(Span(at, at), text), Edit(self.program.span(self.call), value)]

    def _given(self) -> Mapping[str, ast.expr] | None:
        """What the call gives for each parameter, defaults included."""
        spec = self.function.args
        if spec.vararg or spec.kwarg or spec.posonlyargs or self.function.decorator_list:
            return None
        names = [a.arg for a in spec.args]
        defaults = dict(zip(names[::-1], spec.defaults[::-1], strict=False))
        defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
        if names[:1] == ["self"]:
            names = names[1:]
        names += [a.arg for a in spec.kwonlyargs]
        try:
            bound = dict(bind(self.call, names))
        except Unbound:
            return None
        found = {name: bound.get(name, defaults.get(name)) for name in names}
        if any(n is None or (name not in bound and not isinstance(n, ast.Constant)) for name, n in found.items()):
            return None
        return {name: n for name, n in found.items() if n is not None}

    def _named(self, given: Mapping[str, ast.expr], path: list[ast.stmt]) -> list[str]:
        """Gives each name of the function its text in the step; the lines that bind what is given and read twice."""
        nodes = [n for s in path for n in walk(s) if isinstance(n, ast.Name)]
        stored = {n.id for n in nodes if not isinstance(n.ctx, ast.Load)}
        taken = {n.id for n in walk(self.step) if isinstance(n, ast.Name)} | {a.arg for a in self.step.args.args}
        lines = []
        for name in dict.fromkeys([*given, *(n.id for n in nodes if n.id in stored)]):
            plain = name in given and name not in stored
            argument = given.get(name)
            reads = sum(n.id == name for n in nodes)
            again = reads < 2 or isinstance(argument, ast.Name | ast.Constant | ast.Attribute)
            if plain and argument is not None and again:
                text = self.program.segment(argument)
                self.texts[name] = text if isinstance(argument, _ATOMS) else f"({text})"
                continue
            self.texts[name] = fresh(name, taken)
            taken.add(self.texts[name])
            if argument is not None and reads:
                lines.append(f"{self.texts[name]} = {self.program.segment(argument)}")
        return lines

    def _text(self, node: ast.AST) -> str | None:
        return self.texts.get(node.id) if isinstance(node, ast.Name) else None


def _path(body: list[ast.stmt], given: Mapping[str, ast.expr]) -> list[ast.stmt] | None:
    """The statements of a function that a call comes to, up to what it returns; None where that is not known.

    A block that only names keeps its statements, and is left where it returns.
    """
    found: list[ast.stmt] = []
    for node in body:
        inner = any(isinstance(n, ast.Return) for n in walk(node))
        if isinstance(node, ast.If) and (told := _holds(node.test, given)) is not None:
            taken = _path(node.body if told else node.orelse, given)
            if taken is None:
                return None
            found += taken
        elif isinstance(node, ast.With) and inner:
            taken = _path(node.body, given)
            if taken is None:
                return None
            ends = bool(taken) and isinstance(taken[-1], ast.Return)
            block = ast.copy_location(ast.With(items=node.items, body=taken[:-1] if ends else taken), node)
            found += [block] if block.body else []
            found += taken[-1:] if ends else []
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        elif isinstance(node, ast.Assign | ast.With | ast.Return | ast.AugAssign):
            found.append(node)
        else:
            return None
        if found and isinstance(found[-1], ast.Return):
            return found
    return found


def _holds(test: ast.expr, given: Mapping[str, ast.expr]) -> bool | None:
    """Whether a condition on a parameter holds, as a call tells it."""
    match test:
        case ast.Name(id=name):
            value = given.get(name)
            return bool(value.value) if isinstance(value, ast.Constant) else None
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            told = _holds(inner, given)
            return None if told is None else not told
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(None)]):
            value = given.get(name)
            if not isinstance(value, ast.Constant):
                return None
            return (value.value is None) == isinstance(op, ast.Is)
    return None


def _lines(
    program: Program, renderer: Renderer, node: ast.stmt, given: Mapping[str, ast.expr], indent: str
) -> Iterator[str]:
    """A statement of the function as it stands in the step."""
    if not isinstance(node, ast.With):
        text = renderer.text(node)
        yield from (indent + line if i == 0 else indent + line.strip() for i, line in enumerate(text.split("\n")))
        return
    items = [
        renderer.text(i.context_expr) + (f" as {renderer.text(i.optional_vars)}" if i.optional_vars is not None else "")
        for i in node.items
    ]
    yield f"{indent}with {', '.join(items)}:"
    for inner in node.body:
        yield from _lines(program, renderer, inner, given, indent + "    ")


__all__ = ["unused", "unused_methods", "written_out"]
