"""What is not to be reported: codes not selected, `# noqa` lines, and files marked `# tf2migrate: skip-file`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.model import Finding, Options

#: A comment that asks for silence, and the codes it names.
NOQA = re.compile(r"#\s*noqa\b(?P<codes>\s*:\s*(?P<list>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?(?P<more>\s*:)?", re.IGNORECASE)
_SKIP = re.compile(r"#\s*tf2migrate:\s*skip-file\b")


#: Rules that speak only when they are selected by name.
ASKED_FOR = ("TFM010", "TFM6")


def selected(code: str, options: Options) -> bool:
    """Whether a rule is asked for: of the prefixes in select and ignore, the longest that fits decides."""
    if code.startswith(options.never):
        return False
    usual = () if code.startswith(ASKED_FOR) else ("TFM",)
    wanted = _longest(code, (*(options.select or usual), *options.extend_select))
    return wanted > _longest(code, options.ignore)


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)


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
        for comment in comments(text):
            skip = skip or bool(_SKIP.search(comment.text))
            codes = noqa_codes(comment.text)
            if codes is not None:
                noqas.append(Noqa(comment.first, comment.last, codes))
        return cls(tuple(noqas), skip)

    def cover(self, line: int, code: str) -> bool:
        """Whether a finding with this code on this line was asked not to be made."""
        return any(noqa.covers(line, code) for noqa in self.noqas)

    def let_pass(self, finding: Finding, options: Options) -> bool:
        """Whether a finding is to be shown."""
        return selected(finding.code, options) and not self.cover(finding.line, finding.code)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, its place (line from 1, column from 0), and the lines of the statement it stands in or behind."""

    text: str
    line: int
    column: int
    first: int
    last: int


def noqa_codes(comment: str) -> frozenset[str] | None:
    """The codes of a `# noqa: A1, B2` comment; an empty set for a bare one; None for another comment."""
    match = NOQA.search(comment)
    if match is None:
        return None
    if match["codes"]:
        return frozenset(re.findall(r"[A-Z]+\d+", match["list"].upper()))
    return None if match["more"] else frozenset()  # a colon without a code is a slip, not a wish for silence


def comments(text: str) -> Iterator[Comment]:
    """Each comment of a program."""
    for statement in statements(text):
        for token in statement:
            if token.type == tokenize.COMMENT:
                yield Comment(token.string, *token.start, statement[0].start[0], statement[-1].start[0])


def statements(text: str) -> Iterator[list[tokenize.TokenInfo]]:
    """The tokens of each statement (of a compound one, its header), of each comment and each empty line.

    They end where the text is no Python any more.
    """
    tokens: list[tokenize.TokenInfo] = []
    in_statement = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.INDENT, tokenize.DEDENT):
                continue
            tokens.append(token)
            if token.type == tokenize.NEWLINE or (token.type == tokenize.NL and not in_statement):
                yield tokens
                tokens, in_statement = [], False
            elif token.type not in (tokenize.COMMENT, tokenize.NL):  # an NL in a statement is a break within brackets
                in_statement = True
    except (tokenize.TokenError, SyntaxError):
        return
