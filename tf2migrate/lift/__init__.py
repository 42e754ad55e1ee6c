"""Graph programs as functions: a program is lifted whole, or left alone with the reason.

The passes in their order: follow the program, plan the functions of its runs, write them out.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from itertools import pairwise

from tf2migrate.facts.calls import Unbound
from tf2migrate.facts.program import Program
from tf2migrate.lift import (
    cell_classes,
    cell_projections,
    cell_residuals,
    checkpoint_states,
    fed_tensors,
    graph_elements,
    grown,
    normalization,
    noted,
    optimizer_classes,
    siblings,
    summary_images,
)
from tf2migrate.lift.emit import Emitter
from tf2migrate.lift.first_values import AGAIN
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.optimizer_classes import RESTART
from tf2migrate.lift.plan import make_plan
from tf2migrate.lift.values import Refused
from tf2migrate.lift.variables import GLOROT
from tf2migrate.model import Edit, Finding, Options, Outcome, Span, Target


@lru_cache(maxsize=1)  # whether it is lifted is asked before it is
def lift(program: Program, options: Options) -> Outcome:
    """The edits that turn a session program into functions, or the refusal that says why not."""
    return siblings.lifted(program, _alone) if options.target is Target.NATIVE else Outcome()


def _alone(program: Program) -> Outcome:
    """The same of a program of whose classes no two that inherit from one are there."""
    known: dict[ast.FunctionDef, set[str]] = {}
    while True:
        interpreter = Interpreter(program, told_open=known)
        try:
            return _lifted(interpreter)
        except Refused as stop:
            if all(names <= known.get(function, set()) for function, names in interpreter.opened.items()):
                return Outcome((), (_refusal(stop),))
            for function, names in interpreter.opened.items():
                known.setdefault(function, set()).update(names)
        except Unbound as problem:
            return Outcome((), (Finding(1, 1, "TFM901", str(problem), "Write the arguments out."),))


def _lifted(interpreter: Interpreter) -> Outcome:
    """The edits of a program that has not been followed yet. Raises `Refused` and `Unbound`."""
    program = interpreter.program
    interpreter.run()
    if fed := fed_tensors.constants(interpreter):
        interpreter = Interpreter(program, fed, told_open=interpreter.told_open)
        interpreter.run()
    emitter = Emitter(interpreter, make_plan(interpreter))
    edits = emitter.edits()
    given = frozenset((part.function.name, name) for part in interpreter.parts.values() for name in part.staged)
    return Outcome((*edits, *_definitions(program, emitter, edits)), tuple(emitter.findings), given=given)


def _definitions(program: Program, emitter: Emitter, edits: tuple[Edit, ...]) -> list[Edit]:
    """What the written code calls and TensorFlow 2 has no like of, below the imports: optimizers, Glorot's draw."""
    found = []
    for start, end in pairwise([0, *program.borders, len(program.text)]):
        inside = [e for e in edits if start <= e.span.start < end + (end == len(program.text))]
        text = "".join(e.text for e in inside)
        imports = [
            n
            for n in program.tree.body
            if isinstance(n, ast.Import | ast.ImportFrom) and start <= program.span(n).start < end
        ]
        wanted = _wanted(emitter, text)
        if wanted and imports:
            needed = min((e.span.start for e in inside if _wanted(emitter, e.text)), default=end)
            before = [n for n in imports if program.span(n).start < needed] or imports[:1]
            last = before[-1].end_lineno or 1
            at = program.offset(last, 0) + len(program.lines[last - 1])
            found.append(Edit(Span(at, at), "".join(f"\n\n{code}\n\n\n" for code in wanted)))
    return found


def _wanted(emitter: Emitter, text: str) -> list[str]:
    """The definitions that a file's new text needs."""
    tf = emitter.expressions.tf
    classes = emitter.expressions.classes.items()
    rows = emitter.expressions.looks_up
    wanted = [optimizer_classes.definition(kind, name, tf, rows) for kind, name in classes if _named(name, text)]
    if _named("glorot_uniform", text):
        wanted.append(GLOROT.format(tf=tf))
    if _named("start_afresh", text):
        wanted.append(RESTART)
    if _named(checkpoint_states.name(emitter.interpreter), text):
        wanted.append(checkpoint_states.definition(emitter.interpreter, tf))
    if summary_images.NAME in text and _named(summary_images.name(emitter.interpreter), text):
        wanted.append(summary_images.definition(emitter.interpreter, tf))
    wanted += [cell.DEFINITION.format(tf=tf) for cell in (cell_projections, cell_residuals) if _named(cell.NAME, text)]
    if _named(grown.NAME, text):
        wanted.append(grown.DEFINITION.format(tf=tf, name=grown.NAME))
    if _named("draw_weights", text):
        wanted.append(AGAIN)
    if _named(graph_elements.NAME, text):
        wanted.append(graph_elements.DEFINITION.format(tf=tf))
    notes = next(iter(emitter.interpreter.notes.values()), None)  # which all have the same function
    if notes is not None and _named(notes.function, text):
        wanted.append(noted.function_text(notes, tf))
    wanted += cell_classes.classes(text, tf)
    if _named("FusedBatchNormalization", text):
        wanted.append(normalization.fused_class(emitter.interpreter, tf))
    return wanted


def _named(name: str, text: str) -> bool:
    return re.search(rf'(?<![\w."]){name}\b', text) is not None


def _refusal(stop: Refused) -> Finding:
    line, column = getattr(stop.node, "lineno", 1), getattr(stop.node, "col_offset", 0)
    return Finding(line, column + 1, stop.code, stop.message, stop.advice)


__all__ = ["lift"]
