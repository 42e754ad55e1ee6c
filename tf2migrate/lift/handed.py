"""Functions that another function is given: where it was given tensors to run, and cannot see the function of that run.

`train(sess, train_op, loss)` becomes `train(train_step)`.
"""

from __future__ import annotations

import ast
import bisect
from typing import TYPE_CHECKING

from tf2migrate.lift import builders, visibility
from tf2migrate.lift.planned import Planned
from tf2migrate.lift.trace import Fetches, Run, Statement
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.functions import FunctionNode
    from tf2migrate.lift.given_runs import Given
    from tf2migrate.lift.interpret import Interpreter

Handed = dict["FunctionNode", dict["Planned | Given", None]]


def find(expressions: Expressions) -> Handed:
    """For each function that runs what it cannot see: what it is given now. Raises `Refused` where it cannot be.

    So is one that is given different things to run.
    """
    found: Handed = {}
    for planned in expressions.plan.functions:
        for run in planned.runs:
            if (given := expressions.given_runs.get(run)) is None:
                _hand(expressions, found, planned, run)
            else:
                _give(expressions, found, given, run)
    return found


def _give(expressions: Expressions, found: Handed, given: Given, run: Run) -> None:
    """Has the function that a run stands in be given what each of its calls has it run. Raises `Refused`."""
    function = run.frame.node
    if not _takes(expressions, run) or isinstance(function, ast.Module):
        what = "a function that runs sessions is given different parts of the graph, and not all of its calls are seen"
        raise Refused("TFM901", run.node, what, "Call it by its name.")
    found.setdefault(function, {})[given] = None
    for call, _ in expressions.interpreter.given[function]:
        _hand(expressions, found, given.of_call[id(call)], _standing(expressions, call))


def _hand(expressions: Expressions, found: Handed, planned: Planned, run: Run) -> None:
    """Has the function that a run stands in be given what it cannot see, and its callers where they cannot either."""
    try:
        _callee(expressions, planned, run)
        if not _is_of_importer(expressions, planned, run) or not _takes(expressions, run):
            return
    except Refused:
        if not _takes(expressions, run):
            raise
    function = run.frame.node
    assert not isinstance(function, ast.Module)
    if planned in found.setdefault(function, {}):
        return
    found[function][planned] = None
    for call, _ in expressions.interpreter.given.get(function, []):
        _hand(expressions, found, planned, _standing(expressions, call))


def _is_of_importer(expressions: Expressions, planned: Planned, run: Run) -> bool:
    """Whether a function stands in a file that imports the one of the run, which so cannot name it."""
    program = expressions.interpreter.program
    if not program.borders:
        return False
    here, *there = (
        bisect.bisect_right(program.borders, program.offset(node.lineno, 0))
        for node in [run.node, *(s.node for s in planned.slice.statements if s.frame is planned.frame)]
    )
    return max(there, default=here) > here


def _callee(expressions: Expressions, planned: Planned, run: Run) -> str:
    named = builders.callee(expressions, planned, run)
    return named or visibility.callee(expressions.interpreter, planned, run)


def _takes(expressions: Expressions, run: Run) -> bool:
    """Whether all calls of the function that a run stands in are seen, so that it can be given something more."""
    function, interpreter = run.frame.node, expressions.interpreter
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return False
    calls = {id(call.func) for call, _ in interpreter.given.get(function, [])}
    named = [n for n in interpreter.program.nodes if _names(interpreter, n, function.name)]
    return bool(calls) and {id(n) for n in named} == calls


def _names(interpreter: Interpreter, node: ast.AST, name: str) -> bool:
    """Whether a node may mean a function of a name, or a method."""
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id == name
    return isinstance(node, ast.Attribute) and node.attr == name and interpreter.names.symbol(node) is None


def names(expressions: Expressions, function: ast.AST) -> list[str]:
    """The further parameters of a function."""
    return [planned.name for planned in expressions.handed.get(function, {})]  # type: ignore[call-overload]


def texts(expressions: Expressions, function: FunctionNode, call: ast.Call) -> list[str]:
    """What a call gives for them. Raises `Refused` where it cannot see it either."""
    run = _standing(expressions, call)
    given = expressions.handed.get(function, {})
    wanted = [g if isinstance(g, Planned) else g.of_call[id(call)] for g in given]
    return [callee(expressions, planned, run) for planned in wanted]


def _standing(expressions: Expressions, call: ast.Call) -> Run:
    """What sees what can be seen where a call stands."""
    frame, env = expressions.interpreter.called_from[id(call)]
    return Run(call, Fetches("list", ()), (), Statement(call, frame, 0, ()), (), frame, env)


def callee(expressions: Expressions, planned: Planned, run: Run) -> str:
    """How a function is called where a run stands. Raises `Refused` where it cannot be."""
    function = run.frame.node
    if (given := expressions.given_runs.get(run)) is not None:
        return given.name
    if not isinstance(function, ast.Module) and planned in expressions.handed.get(function, {}):
        return planned.name
    return _callee(expressions, planned, run)
