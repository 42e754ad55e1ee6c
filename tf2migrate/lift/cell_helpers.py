"""Helpers that put dropout around a cell: without it, they lose what only told it.

def lstm_cell(size, keep_prob):                     def lstm_cell(size):
    cell = BasicLSTMCell(size)                          cell = JointLSTMCell(size)
    return DropoutWrapper(cell, output_keep_prob=…)     return cell
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.commas import cuts
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scopes
from tf2migrate.facts.tree import walk
from tf2migrate.lift.cells import Wrapped
from tf2migrate.lift.functions import FunctionNode
from tf2migrate.model import Edit, Span

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def wraps_only(interpreter: Interpreter, node: ast.stmt) -> bool:
    """Whether a statement does nothing but put dropout around a cell of the same name."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
            cell = _cell(interpreter, call)
            return isinstance(cell, ast.Name) and cell.id == name
        case ast.If(orelse=[]):
            calls = any(isinstance(n, ast.Call | ast.NamedExpr) for n in walk(node.test))
            return not calls and all(wraps_only(interpreter, statement) for statement in node.body)
    return False


def _cell(interpreter: Interpreter, call: ast.expr | None) -> ast.expr | None:
    """What a call wraps, if it wraps a cell."""
    value = interpreter.rewrites.get(id(call))
    return value.arguments["cell"] if isinstance(value, Wrapped) else None


def unneeded(interpreter: Interpreter) -> dict[FunctionNode, set[str]]:
    """The parameters of helpers that told nothing but dropout, where all calls of them are known."""
    found: dict[FunctionNode, set[str]] = {}
    program = interpreter.program
    places: dict[str, list[ast.AST]] = {}
    for each in [*program.each(ast.Name), *program.each(ast.Attribute)]:
        places.setdefault(_id(each), []).append(each)
    for function, calls in interpreter.helper_calls.items():
        if not isinstance(function, ast.FunctionDef) or function in interpreter.parts or _inner(interpreter, function):
            continue
        if interpreter.extra.get(function) or any(map(_starred, calls.values())):
            continue
        called = {id(call.func) for call in calls.values()}
        told = _told(interpreter, function)
        spec = function.args
        parameters = {a.arg for a in [*spec.args, *spec.kwonlyargs]}
        names = [n for n in walk(function) if isinstance(n, ast.Name)]
        gone = {n.id for n in names if id(n) in told} & parameters
        gone -= {n.id for n in names if id(n) not in told}
        gone -= {name for name in gone if any(_computes(function, call, name) for call in calls.values())}
        if gone and all(id(n) in called for n in places.get(function.name, ())):
            found[function] = gone
    return found


def _inner(interpreter: Interpreter, function: ast.FunctionDef) -> bool:
    """Whether a helper is defined in another one."""
    around = scopes(interpreter.program, function)
    return any(isinstance(scope, ast.FunctionDef) and scope not in interpreter.driver_nodes for scope in around)


def _id(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _starred(call: ast.Call) -> bool:
    return any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)


def _computes(function: ast.FunctionDef, call: ast.Call, name: str) -> bool:
    """Whether something is called for what a parameter is given."""
    positional = [a.arg for a in function.args.args]
    skipped = 1 if positional[:1] == ["self"] else 0
    given = dict(zip(positional[skipped:], call.args, strict=False)) | {k.arg or "": k.value for k in call.keywords}
    return name in given and any(isinstance(n, ast.Call | ast.NamedExpr) for n in walk(given[name]))


def _told(interpreter: Interpreter, function: ast.FunctionDef) -> set[int]:
    """The nodes of a helper that only tell dropout."""
    found: set[int] = set()
    for node in walk(function):
        value = interpreter.rewrites.get(id(node))
        if isinstance(value, Wrapped) and value.node is node:
            told = [argument for name, argument in value.arguments.items() if name != "cell"]
            found |= {id(inner) for argument in told for inner in walk(argument)}
    for statement in function.body:
        if isinstance(statement, ast.If) and wraps_only(interpreter, statement):
            found |= {id(inner) for inner in walk(statement)}
    return found


def edits(interpreter: Interpreter, function: FunctionNode, gone: set[str]) -> list[Edit]:
    """A helper without the parameters that go, and without statements that only put dropout around a cell."""
    program = interpreter.program
    found: list[Edit] = []
    if not isinstance(function, ast.FunctionDef) or _inner(interpreter, function):
        return found
    spans = _parameters(program, function)
    going = [index for index, (name, _) in enumerate(spans) if name in gone]
    found += [Edit(span, "") for span in cuts([span for _, span in spans], going)] if going else []
    for index, statement in enumerate(function.body):
        after = function.body[index + 1] if index + 1 < len(function.body) else None
        named = _named_to_return(interpreter, function, statement, after)
        if named is not None:
            assert isinstance(after, ast.Return)
            assert after.value is not None
            found.append(Edit(program.span(after.value), named))
        if named is not None or wraps_only(interpreter, statement):
            start, end = program.offset(statement.lineno, 0), program.offset((statement.end_lineno or 0) + 1, 0)
            found.append(Edit(Span(start, end), ""))
    return found


def _named_to_return(
    interpreter: Interpreter, function: ast.FunctionDef, statement: ast.stmt, after: ast.stmt | None
) -> str | None:
    """The name of a cell that a statement wraps under another name, to return it."""
    match statement, after:
        case ast.Assign(targets=[ast.Name(id=name)], value=call), ast.Return(value=ast.Name(id=returned)):
            cell = _cell(interpreter, call)
            uses = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == name]
            return cell.id if name == returned and len(uses) == 2 and isinstance(cell, ast.Name) else None
    return None


def _parameters(program: Program, function: ast.FunctionDef) -> list[tuple[str, Span]]:
    """The parameters, each with its default."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(spec.defaults))
    found = []
    defaults += [*spec.defaults, *spec.kw_defaults]
    for parameter, default in zip([*positional, *spec.kwonlyargs], defaults, strict=True):
        span = program.span(parameter)
        found.append((parameter.arg, span if default is None else Span(span.start, program.span(default).end)))
    return found


__all__ = ["edits", "unneeded", "wraps_only"]
