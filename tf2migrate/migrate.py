"""The path of one program, one line per stage: read this first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.model import Finding, Migration, Options, Outcome
from tf2migrate.rewrites import rewrite

Stage = Callable[[Program, Options], Outcome]

#: The stages in their order. Facts are computed anew between them, which is what keeps them true.
STAGES: tuple[Stage, ...] = (rewrite,)


def migrate(text: str, options: Options | None = None, cuts: Sequence[int] = ()) -> Migration:
    """A TF1 program (line ends ``\\n``) as TF2. Cuts are offsets, such as cell boundaries, to follow through the edits.

    Raises `SyntaxError` when the text is not Python 3.
    """
    options = options or Options()
    after, moved = text, tuple(cuts)
    findings: list[Finding] = []
    for stage in STAGES:
        outcome = stage(Program(after), options)
        findings += outcome.findings
        after, moved = apply(after, outcome.edits, moved)
    return Migration(text, after, tuple(sorted(findings)), moved)
