"""`# noqa` comments: those that silence nothing any more, and those that a user wants at what there is today."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from tf2migrate import notebook as nb
from tf2migrate.encoding import decode, decode_utf8
from tf2migrate.facts.program import Program
from tf2migrate.magics import MARK
from tf2migrate.model import Edit, Finding, Outcome, Span
from tf2migrate.report import Shown
from tf2migrate.suppress import NOQA, comments, noqa_codes, statements

#: Findings about a file rather than a line of it, which no comment silences.
_OF_FILES = "TFM0"


def mentions(text: str) -> bool:
    """Whether a program names a rule of this tool in a `# noqa` comment."""
    return "noqa" in text.lower() and "TFM" in text.upper()


def deafened(text: str) -> str:
    """The program with its `# noqa` comments out of force, every character at its place."""
    lines = text.split("\n")
    for comment in comments(text):
        line = lines[comment.line - 1]
        silent = re.sub("noqa", "----", comment.text, flags=re.IGNORECASE)
        lines[comment.line - 1] = line[: comment.column] + silent + line[comment.column + len(comment.text) :]
    return "\n".join(lines)


def unused(program: Program, said: Collection[Finding]) -> Outcome:
    """The codes in `# noqa` comments at which nothing is said; a comment that is left without codes goes.

    Lines stay lines, so that what later stages find stands where it stood.
    """
    edits, findings = [], []
    for comment in comments(program.text):
        codes = {code for code in noqa_codes(comment.text) or () if code.startswith("TFM")}
        used = {finding.code for finding in said if comment.first <= finding.line <= comment.last}
        gone = sorted(code for code in codes - used if not code.startswith(_OF_FILES))
        if gone:
            start = sum(map(len, program.lines[: comment.line - 1])) + comment.column
            text = _without(comment.text, gone)
            first = start if text else len(program.text[:start].rstrip(" \t"))
            edits.append(Edit(Span(first, start + len(comment.text)), text))
            message = f"# noqa: {', '.join(gone)} silences nothing here"
            column = comment.column + 1
            end = column + len(comment.text)
            findings.append(Finding(comment.line, column, "TFM010", message, "Take it out.", True, comment.line, end))
    return Outcome(tuple(edits), tuple(findings))


def _without(comment: str, gone: Collection[str]) -> str:
    """A comment without some of its codes; the reason for a silence goes with the last, another tool's comment not."""
    match = NOQA.search(comment)
    assert match is not None  # it has codes
    kept = [code for code in re.findall(r"[A-Z]+\d+", match["list"], re.IGNORECASE) if code.upper() not in gone]
    if kept:
        return comment[: match.start("list")] + ", ".join(kept) + comment[match.end("list") :]
    _, mark, other = comment[match.end() :].partition("#")
    return (comment[: match.start()] + mark + other).rstrip()


def silence(name: str, data: bytes, shown: Sequence[Shown]) -> bytes:
    """A file's bytes with a `# noqa` comment at every finding that such a comment can silence."""
    wanted: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in shown:
        if not each.finding.code.startswith(_OF_FILES):
            wanted[each.cell][each.finding.line].add(each.finding.code)
    if not wanted:
        return data
    if not name.endswith(".ipynb"):
        decoded = decode(data)
        return decoded.encode(commented(decoded.text, wanted[0]))
    text, encoding = decode_utf8(data)
    book = nb.read(text)
    changed = {part.cell.number: _cell(part, wanted[part.cell.number]) for part in book.program.parts}
    texts = {cell.number: cell.text for cell in book.cells}
    return book.write({n: t for n, t in changed.items() if t != texts[n]}, keep_outputs=True).encode(encoding)


def _cell(part: nb.Part, wanted: Mapping[int, Collection[str]]) -> str:
    """A cell's text with its comments; a line that holds a magic is not Python's, and takes none."""
    before = part.code.split("\n")
    after = commented(part.code, {line - part.line: codes for line, codes in wanted.items()}).split("\n")
    return part.restore("\n".join(a if MARK in a else b for a, b in zip(before, after, strict=True)))


def commented(text: str, wanted: Mapping[int, Collection[str]]) -> str:
    """A program with the codes in a comment at the last line of the statement in which each finding stands."""
    lines = text.split("\n")
    there = {c.first: c for c in comments(text) if noqa_codes(c.text)}
    for tokens in statements(text):
        first, last = tokens[0].start[0], tokens[-1].start[0]
        codes = sorted({code for line in range(first, last + 1) for code in wanted.get(line, ())})
        if codes and first in there:
            line = there[first].line - 1
            lines[line] = _extended(lines[line], there[first].column, codes)
        elif codes:
            lines[last - 1] = f"{lines[last - 1].rstrip()}  # noqa: {', '.join(codes)}"
    return "\n".join(lines)


def _extended(line: str, comment: int, codes: Sequence[str]) -> str:
    """A line with more codes in the comment that names some already."""
    match = NOQA.search(line, comment)
    assert match is not None  # the comment has codes
    return line[: match.end("list")] + "".join(f", {code}" for code in codes) + line[match.end("list") :]
