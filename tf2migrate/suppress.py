"""What is not to be reported: codes not selected, `# noqa` lines, and files marked `# tf2migrate: skip-file`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.model import Finding, Options

_NOQA = re.compile(
    r"#\s*noqa\b(?P<codes>\s*:\s*(?P<list>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?(?P<more>\s*:)?", re.IGNORECASE
)
_SKIP = re.compile(r"#\s*tf2migrate:\s*skip-file\b")


def selected(code: str, options: Options) -> bool:
    """Whether a rule is asked for: of the prefixes in select and ignore, the longest that fits decides."""
    wanted = max((len(prefix) for prefix in options.select or ("TFM",) if code.startswith(prefix)), default=-1)
    unwanted = max((len(prefix) for prefix in options.ignore if code.startswith(prefix)), default=-1)
    return wanted > unwanted


@dataclass(frozen=True, slots=True)
class Noqa:
    """One `# noqa` comment: the lines of the statement that it stands at, and its codes (none: every code)."""

    first: int
    last: int
    codes: frozenset[str]

    def covers(self, line: int, code: str) -> bool:
        return self.first <= line <= self.last and (not self.codes or code in self.codes)


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The comments of a program that speak to this tool."""

    noqas: tuple[Noqa, ...] = ()
    skip_file: bool = False

    @classmethod
    def of(cls, text: str) -> Suppressions:
        """Read them from a program; text that is no Python has none."""
        if "noqa" not in text.lower() and "skip-file" not in text:
            return cls()
        noqas, skip = [], False
        for comment, first, last in _comments(text):
            skip = skip or bool(_SKIP.search(comment))
            codes = noqa_codes(comment)
            if codes is not None:
                noqas.append(Noqa(first, last, codes))
        return cls(tuple(noqas), skip)

    def cover(self, line: int, code: str) -> bool:
        """Whether a finding with this code on this line was asked not to be made."""
        return any(noqa.covers(line, code) for noqa in self.noqas)

    def let_pass(self, finding: Finding, options: Options) -> bool:
        """Whether a finding is to be shown."""
        return selected(finding.code, options) and not self.cover(finding.line, finding.code)


def noqa_codes(comment: str) -> frozenset[str] | None:
    """The codes of a `# noqa: A1, B2` comment; an empty set for a bare one; None for another comment."""
    match = _NOQA.search(comment)
    if match is None:
        return None
    if match["codes"]:
        return frozenset(re.findall(r"[A-Z]+\d+", match["list"].upper()))
    return None if match["more"] else frozenset()  # a colon without a code is a slip, not a wish for silence


def _comments(text: str) -> Iterator[tuple[str, int, int]]:
    """Each comment, with the first and the last line of the statement that it stands in or behind."""
    comments: list[str] = []
    first, in_statement = 0, False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.INDENT, tokenize.DEDENT):
                continue
            first = first or token.start[0]
            if token.type == tokenize.COMMENT:
                comments.append(token.string)
            elif token.type == tokenize.NEWLINE or (token.type == tokenize.NL and not in_statement):
                yield from ((comment, first, token.start[0]) for comment in comments)
                comments, first, in_statement = [], 0, False
            elif token.type != tokenize.NL:  # an NL in a statement is a line break within brackets
                in_statement = True
    except (tokenize.TokenError, SyntaxError):
        return
