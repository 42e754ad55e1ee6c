"""What an editor is told of one text: findings, and the edits of each fix. The protocol is in server.py."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from tf2migrate.config import Configuration, Settings
from tf2migrate.encoding import LineEnds, decode
from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.program import Program
from tf2migrate.files import is_excluded, of_file
from tf2migrate.lint import check
from tf2migrate.model import Edit, Finding, Span
from tf2migrate.noqa import commented
from tf2migrate.treat import treat


@dataclass(frozen=True, slots=True)
class Fix:
    """Something that an editor can do about a finding, or (without one) about the whole text."""

    title: str
    edits: tuple[Edit, ...]
    finding: Finding | None = None
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """A text (line ends ``\\n``), what is said of it, and what can be done."""

    text: str
    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    whole: Fix | None = None  # what --fix would do


def checked(path: Path, source: str) -> Checked:
    """What `tf2migrate` says of a text that an editor holds. Raises `ConfigError`."""
    text = LineEnds.read(source).text
    settings = of_file(path, Configuration({}).of(path.parent))
    if is_excluded(path, settings):
        return Checked(text)
    result = treat(str(path), _encoded(text), settings)
    findings = tuple(shown.finding for shown in result.found)
    if not findings or any(finding.code.startswith("TFM00") for finding in findings):
        return Checked(text, findings)  # nothing to fix, or a file that cannot be treated
    after = decode(result.after).text if result.changes else text
    tf1, fixes = _fixes(text, settings)
    title = "Migrate this program to TensorFlow 2" if tf1 else "Fix all that tf2migrate can fix"
    whole = Fix(title, difference(text, after)) if after != text else None
    return Checked(text, findings, (*fixes, *_silences(text, findings)), whole)


def _encoded(text: str) -> bytes:
    """The bytes that the editor would write: in the encoding that the program declares."""
    lines = io.BytesIO(text.encode("ascii", errors="replace"))
    try:
        return text.encode(tokenize.detect_encoding(lines.readline)[0])
    except (SyntaxError, UnicodeEncodeError):
        return text.encode()


def _fixes(text: str, settings: Settings) -> tuple[bool, list[Fix]]:
    """Whether a text is of TensorFlow 1, which is migrated whole, and the single fixes of one that is not."""
    try:
        program = Program(text)
    except (SyntaxError, ValueError):
        return False, []
    if is_tf1(program):
        return True, []
    fixes = []
    for found in check(program, settings.options):
        if found.edits:
            line, column = program.position(program.span(found.node).start)
            finding = Finding(line, column, found.code, found.message, found.advice)
            title = f"{found.code}: {found.advice or found.message}{'' if found.safe else ' (unsafe)'}"
            fixes.append(Fix(title, tuple(sorted(found.edits)), finding, found.safe))
    return False, fixes


def _silences(text: str, findings: Sequence[Finding]) -> Iterator[Fix]:
    for finding in findings:
        after = commented(text, {finding.line: {finding.code}})
        if after != text and not finding.code.startswith("TFM0"):
            yield Fix(f"Silence {finding.code} here", difference(text, after), finding, safe=False)


def difference(before: str, after: str) -> tuple[Edit, ...]:
    """The lines that differ, as edits: what stays is not touched, and an editor's cursor stays where it is."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    return tuple(
        Edit(Span(starts[i], starts[j]), "".join(new[k:m]))
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag != "equal"
    )
