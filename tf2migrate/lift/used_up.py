"""Iterators that have names: what goes through one uses it up, and a function goes through it at each trace.

`pairs = zip(sizes, rates)` and a loop over `pairs` built the graph once. The function that the loop becomes would find
nothing left where another one, or the loop that makes the layers, came first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.functions import FunctionNode
    from tf2migrate.lift.interpret import Interpreter

_ITERATORS = frozenset(("zip", "map", "filter", "reversed", "enumerate", "iter"))
_THROUGH = frozenset((*_ITERATORS, "list", "tuple", "sorted", "sum", "max", "min", "set", "dict", "any", "all"))
_ADVICE = "Make a list of it: `list(…)`."


def check(interpreter: Interpreter, statements: Iterable[ast.AST], helpers: Iterable[FunctionNode]) -> None:
    """Raises `Refused` where functions would go through an iterator that stands under a name."""
    found = interpreter.named_iterators
    if not any(found):
        return
    traced = list(statements)
    for function in helpers:
        part = interpreter.parts.get(function) if isinstance(function, ast.FunctionDef) else None
        traced += [s.node for f in part.frames for s in f.statements if s.moves] if part is not None else [function]
    names, attributes = found
    for node in (gone for each in traced for gone in _gone_through(each)):
        named = isinstance(node, ast.Name) and any(site in names for site in interpreter.resolved.get(id(node), ()))
        given = isinstance(node, ast.Name) and (_function(interpreter, node), node.id) in names
        if named or given or (isinstance(node, ast.Attribute) and node.attr in attributes):
            what = f"{ast.unparse(node)} is an iterator, which is used up when it has been gone through once"
            raise Refused("TFM903", node, what, _ADVICE)


def named_iterators(interpreter: Interpreter) -> tuple[set[tuple[int, str]], set[str]]:
    """The names that stand for iterators, by where they are bound or whose parameters they are; and the attributes."""
    program = interpreter.program
    functions = {f.name: f for f in program.each(ast.FunctionDef)}
    classes = {c.name: c for c in program.each(ast.ClassDef)}
    names: set[tuple[int, str]] = set()
    attributes: set[str] = set()
    before = -1
    while before < len(names) + len(attributes):
        before = len(names) + len(attributes)
        for assign in program.each(ast.Assign):
            if _is_iterator(interpreter, assign.value, functions, names, attributes):
                for target in assign.targets:
                    if isinstance(target, ast.Name):
                        names.add((id(assign), target.id))
                    elif isinstance(target, ast.Attribute):
                        attributes.add(target.attr)
        for call in program.each(ast.Call):
            if (function := _called(call, functions, classes)) is None:
                continue
            parameters = [a.arg for a in function.args.args]
            parameters = parameters[1:] if parameters[:1] == ["self"] else parameters
            given = [*zip(parameters, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
            names |= {
                (id(function), name)
                for name, value in given
                if _is_iterator(interpreter, value, functions, names, attributes)
            }
    return names, attributes


def _called(
    call: ast.Call, functions: dict[str, ast.FunctionDef], classes: dict[str, ast.ClassDef]
) -> ast.FunctionDef | None:
    """The function of the program that a call is of, by its name."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in classes:
        found = (f for f in classes[name].body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
        return next(found, None)
    return functions.get(name)


def _is_iterator(
    interpreter: Interpreter,
    node: ast.expr,
    functions: dict[str, ast.FunctionDef],
    names: set[tuple[int, str]],
    attributes: set[str],
) -> bool:
    match node:
        case ast.GeneratorExp():
            return True
        case ast.Call(func=ast.Name(id=name)) if name in _ITERATORS and name not in functions:
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in functions:
            return any(isinstance(n, ast.Yield | ast.YieldFrom) for n in walk(functions[name]))
        case ast.Name(id=name):
            known = {*interpreter.resolved.get(id(node), ()), (_function(interpreter, node), name)}
            return bool(known & names)
        case ast.Attribute(attr=name, value=ast.Name(id="self")):
            return name in attributes
    return False


def _function(interpreter: Interpreter, node: ast.AST) -> int:
    """The function that a name stands in."""
    above: ast.AST | None = node
    while above is not None and not isinstance(above, ast.FunctionDef | ast.Lambda):
        above = interpreter.program.parents.get(id(above))
    return id(above)


def _gone_through(node: ast.AST) -> Iterator[ast.expr]:
    """The names and attributes that something goes through from the first item to the last."""
    for inner in walk(node):
        match inner:
            case ast.For(iter=source) | ast.comprehension(iter=source) | ast.Starred(value=source):
                yield from _sources(source)
            case ast.Call(func=ast.Name(id=name), args=args) if name in _THROUGH:
                yield from args


def _sources(node: ast.expr) -> Iterator[ast.expr]:
    yield node
    if isinstance(node, ast.Call):
        yield from (argument for argument in node.args)


__all__ = ["check", "named_iterators"]
