"""Graph programs as functions: a program is lifted whole, or left alone with the reason.

The passes in their order: follow the program, plan the functions of its runs, write them out.
"""

from __future__ import annotations

import ast

from tf2migrate.facts.calls import Unbound
from tf2migrate.facts.program import Program
from tf2migrate.lift.emit import Emitter
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.optimizers import RMSPROP
from tf2migrate.lift.plan import make_plan
from tf2migrate.lift.values import Optimizer, Refused
from tf2migrate.model import Edit, Finding, Options, Outcome, Span, Target


def lift(program: Program, options: Options) -> Outcome:
    """The edits that turn a session program into functions, or the refusal that says why not."""
    if options.target is not Target.NATIVE:
        return Outcome()
    interpreter = Interpreter(program)
    try:
        interpreter.run()
        plan = make_plan(interpreter)
        emitter = Emitter(interpreter, plan)
        edits = [*emitter.edits(), *_rmsprop(program, emitter)]
    except Refused as stop:
        return Outcome((), (_refusal(stop),))
    except Unbound as problem:
        return Outcome((), (Finding(1, 1, "TFM901", str(problem), "Write the arguments out."),))
    return Outcome(tuple(edits), tuple(emitter.findings))


def _rmsprop(program: Program, emitter: Emitter) -> list[Edit]:
    """TF1's RMSProp is a class of the program's own: it goes below the imports."""
    used = any(
        isinstance(m.value, Optimizer) and m.value.symbol == "tf.train.RMSPropOptimizer"
        for frame in emitter.interpreter.frames
        for statement in frame.statements
        for m in statement.made
    )
    imports = [n for n in program.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if not used or not imports:
        return []
    end = program.offset((imports[-1].end_lineno or 1) + 1, 0)
    return [Edit(Span(end, end), "\n\n" + RMSPROP.format(tf=emitter.expressions.tf) + "\n\n")]


def _refusal(stop: Refused) -> Finding:
    line, column = getattr(stop.node, "lineno", 1), getattr(stop.node, "col_offset", 0)
    return Finding(line, column + 1, stop.code, stop.message, stop.advice)


__all__ = ["lift"]
