"""The path of one program, one line per stage: read this first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace

from tf2migrate.apply import apply
from tf2migrate.blanklines import squeeze
from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.program import Program
from tf2migrate.imports import tidy
from tf2migrate.leftovers import leftovers
from tf2migrate.lift import lift
from tf2migrate.lint import lint
from tf2migrate.model import Edit, Finding, Migration, Options, Outcome, Span, Target
from tf2migrate.renames import upgrade
from tf2migrate.rewrites import rewrite
from tf2migrate.selfcheck import undefined
from tf2migrate.unread import unread

Stage = Callable[[Program, Options], Outcome]


def _tf1(stage: Stage) -> Stage:
    """A stage for programs that were written for TensorFlow 1, and are to become native; others pass through."""

    def run(program: Program, options: Options) -> Outcome:
        if options.target is not Target.NATIVE or not is_tf1(program.first):
            return Outcome()
        return stage(program, options)

    return run


def _tf2(stage: Stage) -> Stage:
    """A stage for programs that are of TensorFlow 2 already."""

    def run(program: Program, options: Options) -> Outcome:
        return Outcome() if is_tf1(program.first) else stage(program, options)

    return run


def _imports(program: Program, options: Options) -> Outcome:
    return tidy(program, program.first)


def _checked(program: Program, options: Options) -> Outcome:
    """What is left of TensorFlow 1, or bound by nothing, keeps a program from being written; else all its uses went."""
    missed = {finding.message for finding in leftovers(program)}
    before = leftovers(program.first)
    stops = [f for f in before if f.message in missed]
    if missed and not stops:
        stops = list(leftovers(program))
    stops += undefined(program, program.first)
    if stops:
        return Outcome((), tuple(replace(f, code="TFM909" if f.code == "TFM909" else "TFM910") for f in stops))
    return Outcome((), tuple(replace(f, advice="It is rewritten by --fix.", fixable=True) for f in before))


#: The stages in their order. Facts are computed anew between them, which is what keeps them true. Lifting comes first:
#: it needs the graph as it was written. Renames come after, on whatever text is then there; the check comes last. A
#: program that was of TensorFlow 2 when it came is only linted.
STAGES: tuple[Stage, ...] = (
    _tf1(lift),
    _tf1(rewrite),
    _tf1(upgrade),
    _tf1(unread),
    _tf1(_imports),
    _tf1(squeeze),
    _tf1(_checked),
    _tf2(lint),
)


def migrate(
    text: str, options: Options | None = None, cuts: Sequence[int] = (), stages: Sequence[Stage] | None = None
) -> Migration:
    """A TF1 program (line ends ``\\n``) as TF2. Cuts are offsets, such as cell boundaries, to follow through the edits.

    A finding of the family TFM9 stops a program: it comes back as it was, with the reason, since half a migration
    computes something else. Raises `SyntaxError` when the text is not Python 3.
    """
    options = options or Options()
    program = Program(text, tuple(cuts))
    before = program
    findings: list[Finding] = []
    for stage in STAGES if stages is None else stages:
        outcome = stage(program, options)
        findings += outcome.findings
        if any(f.code.startswith("TFM9") for f in outcome.findings):
            stopped = _stopped(before, findings)
            marked, moved = apply(text, _todo(before, stopped) if options.todo else (), cuts)
            return Migration(text, marked, stopped, moved)
        if outcome.edits:
            changed, moved = apply(program.text, outcome.edits, program.cuts)
            try:
                program = Program(changed, moved, before)
            except SyntaxError as problem:
                return Migration(text, text, (*_stopped(before, [_broken(program, problem)]),), tuple(cuts))
    return Migration(text, program.text, tuple(sorted(set(findings))), program.cuts)


def _broken(program: Program, problem: SyntaxError) -> Finding:
    """A rule wrote what does not parse: its own defect, which must not reach the file."""
    line = min(problem.lineno or 1, len(program.lines) or 1)
    message = f"the rewritten program would not parse: {problem.msg} (its line {line})"
    return Finding(1, 1, "TFM909", message, "The program was left as it was. Please report it.")


def _todo(before: Program, findings: Sequence[Finding]) -> list[Edit]:
    """One comment above each place that stops the program, unless it stands there already."""
    edits: dict[int, Edit] = {}
    statements = [node for node in before.nodes if isinstance(node, ast.stmt)]
    for finding in findings:
        if not finding.code.startswith("TFM9"):
            continue
        around = [s for s in statements if s.lineno <= finding.line]
        line = max((s.lineno for s in around), default=1)
        mark = f"# TODO(tf2migrate {finding.code}): "
        above = before.lines[line - 2] if line > 1 else ""
        indent = before.lines[line - 1][: len(before.lines[line - 1]) - len(before.lines[line - 1].lstrip())]
        if not above.strip().startswith(mark):
            at = before.offset(line, 0)
            edits.setdefault(at, Edit(Span(at, at), f"{indent}{mark}{finding.message}\n"))
    return list(edits.values())


def _stopped(before: Program, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What stops a program, and every use in it of a name that is gone; nothing of it is fixed."""
    stops = [f for f in findings if not f.fixable]
    told = {(f.line, f.column) for f in stops}
    advice = f"It stays until what stops the program (line {stops[0].line}, {stops[0].code}) is resolved."
    names = [replace(f, advice=advice) for f in leftovers(before) if (f.line, f.column) not in told]
    return tuple(sorted({*stops, *names}))
