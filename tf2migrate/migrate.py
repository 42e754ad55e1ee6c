"""The path of one program, one line per stage: read this first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tf2migrate.apply import apply
from tf2migrate.blanklines import squeeze
from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.program import Program
from tf2migrate.imports import tidy
from tf2migrate.leftovers import leftovers
from tf2migrate.lift import lift
from tf2migrate.model import Finding, Migration, Options, Outcome, Target
from tf2migrate.renames import upgrade
from tf2migrate.rewrites import rewrite
from tf2migrate.selfcheck import undefined

Stage = Callable[[Program, Options], Outcome]

#: The stages in their order. Facts are computed anew between them, which is what keeps them true. Lifting comes first:
#: it needs the graph as it was written. Renames come after, on whatever text is then there; empty lines last.
STAGES: tuple[Stage, ...] = (lift, rewrite, upgrade)


def migrate(text: str, options: Options | None = None, cuts: Sequence[int] = ()) -> Migration:
    """A TF1 program (line ends ``\\n``) as TF2. Cuts are offsets, such as cell boundaries, to follow through the edits.

    The program comes back as it was, with the reason among the findings, where a part of it cannot be migrated: half
    a migration computes something else. Raises `SyntaxError` when the text is not Python 3.
    """
    options = options or Options()
    before = Program(text)
    before.cuts = tuple(cuts)
    if options.target is not Target.NATIVE or not is_tf1(before):
        return Migration(text, text, (), tuple(cuts))
    after, moved = before, tuple(cuts)
    findings: list[Finding] = []
    for stage in (*STAGES, lambda p, _: tidy(p, before), squeeze):
        outcome = stage(after, options)
        findings += outcome.findings
        if any(f.code.startswith("TFM9") for f in outcome.findings):
            return Migration(text, text, _refused(before, findings), tuple(cuts))
        changed, moved = apply(after.text, outcome.edits, moved)
        after = Program(changed)
        after.cuts = moved
    missed = {f.message.split()[0] for f in leftovers(after)}
    left = [*(f for f in leftovers(before) if f.message.split()[0] in missed), *undefined(after, before)]
    if left or missed:
        return Migration(text, text, _refused(before, [*findings, *left]), tuple(cuts))
    uses = [replace(f, advice="It is rewritten by --fix.", fixable=True) for f in leftovers(before)]
    return Migration(text, after.text, tuple(sorted({*findings, *uses})), moved)


def _refused(before: Program, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What stops a program, and every use in it of a name that is gone; nothing of it is fixed."""
    stops = [f for f in findings if not f.fixable]
    because = f" (line {stops[0].line}, {stops[0].code})" if stops else ""
    advice = f"It stays until what stops the program{because} is resolved."
    told = {(f.line, f.column) for f in stops}
    names = [replace(f, advice=advice) for f in leftovers(before) if (f.line, f.column) not in told]
    return tuple(sorted({*stops, *names}))
