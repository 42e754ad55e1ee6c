"""Tensors that are computed in the call of a function that runs them get a name before it.

`render(layer[..., 0], image)` becomes `t_obj = layer[..., 0]` and `render(t_obj, image)`: what the function runs is
then a statement of the graph that its caller builds, like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import builders
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.units import drivers
from tf2migrate.lift.values import NONE, Refused
from tf2migrate.model import Edit, Options, Outcome, Span

_COMPUTED = ast.BinOp | ast.Call | ast.Subscript | ast.UnaryOp


def named_arguments(program: Program, options: Options) -> Outcome:
    """The edits that give names to tensors in the calls of functions that run sessions."""
    running = {f.name: f for f in drivers(program) if isinstance(f, ast.FunctionDef)}
    calls = {id(call): (call, statement) for call, statement in _calls(program, running)}
    if not calls:
        return Outcome()
    interpreter = Interpreter(program)
    try:
        interpreter.run()
    except (Refused, Unbound):
        return Outcome()
    edits: list[Edit] = []
    for function, given in interpreter.given.items():
        (call, values) = given[0]
        if len(given) > 1 or id(call) not in calls:
            continue
        statement = calls[id(call)][1]
        at, lines = program.span(statement).start, []
        for name, node in _arguments(call, running):
            if builders.is_unnamed(interpreter, values.get(name, NONE)):
                fresh = _fresh(program, function, name)
                lines.append(f"{fresh} = {program.segment(node)}\n{program.indent(statement)}")
                edits.append(Edit(program.span(node), fresh))
        edits += [Edit(Span(at, at), "".join(lines))] if lines else []
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())  # such as calls in the arguments of calls


def _fresh(program: Program, function: ast.AST, name: str) -> str:
    """The parameter's name, where nothing else has it."""
    own = {id(n) for n in walk(function)}
    others = {n.id for n in program.each(ast.Name) if id(n) not in own}
    others |= {n.arg for n in program.each(ast.arg) if id(n) not in own}
    while name in others | program.names.module_level:
        name += "_given"
    return name


def _calls(program: Program, running: Mapping[str, ast.FunctionDef]) -> Iterator[tuple[ast.Call, ast.stmt]]:
    """The calls of such functions that happen once in their statements, and compute what they give."""
    for call in program.nodes:
        if isinstance(call, ast.Call) and _arguments(call, running):
            above: ast.AST = call
            while isinstance(above, ast.Call | ast.BinOp | ast.Subscript | ast.Attribute | ast.Tuple | ast.keyword):
                above = program.parents[id(above)]
            if isinstance(above, ast.Expr | ast.Assign | ast.Return):
                yield call, above


def _arguments(call: ast.Call, running: Mapping[str, ast.FunctionDef]) -> list[tuple[str, ast.expr]]:
    """What is computed in a call, by the names of the parameters."""
    function = running.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if function is None:
        return []
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    given = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords if k.arg)]
    return [(name, value) for name, value in given if isinstance(value, _COMPUTED)]
