"""IPython's lines in a cell (`%magic`, `!shell`, `help?`) as calls that Python can parse, and back again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: A cell magic whose body is ordinary Python; the body of any other is another language.
PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "debug"})

#: What the name of a call that stands for a magic begins with.
MARK = "__tf2migrate_magic_"

_MARK = re.compile(MARK + r"(\d+)__\([\s\\]*\)(?:; )?")
_HEADER = re.compile(r"\s*%%(\w+)[^\n]*(?:\n|\Z)")
_LINE = re.compile(r"[%!?,;/]|(?:pip|conda)\d?[ \t]+(?:un)?install\b")  # a statement that begins so is no Python
# Python follows the options of these, unless it is a magic itself.
_TIMED = re.compile(
    r"%(?:time|timeit|prun)[ \t]+(?:-[lsTDv][ \t]+\S+[ \t]+|--?[a-zA-Z][-\w]*[ \t]*\d*[ \t]+)*(?P<code>[^-\s!%?])"
)
_REST = re.compile(r"(?:\\\n|[^\n])*")  # to the end of the line, and of those that a backslash adds
_CANDIDATE = re.compile(r"[%!?]|^[ \t]*[,;/]|^[ \t]*(?:pip|conda)\d?[ \t]", re.MULTILINE)
_TOKEN = re.compile(
    r'''(?P<string>"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'(?:\\.|[^\\])*?(?:\'\'\'|\Z)
      |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)
      |(?P<comment>\#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<joined>\\\n)|(?P<end>\n)
      |(?P<assign>(?<![=!<>])=[ \t]*(?=[!%]))|(?P<help>\?)|(?P<word>\w+|[ \t]+|.)''',
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A cell as Python: a magic is a call of a name that no one has; `header` is a `%%time` line put aside."""

    code: str
    header: str
    magics: tuple[str, ...]  # what the calls stand for, in order
    first: int  # the number of the first

    def restore(self, after: str) -> str | None:
        """A later form of the code with its magics back, or None when one was lost, doubled or moved."""
        marks = [int(match[1]) for match in _MARK.finditer(after)]
        if marks != list(range(self.first, self.first + len(self.magics))):
            return None
        return self.header + _MARK.sub(lambda match: self.magics[int(match[1]) - self.first], after)


def is_python(cell: str) -> bool:
    """Whether a code cell holds Python, not the body of another `%%` language."""
    match = _HEADER.match(cell)
    return match is None or match[1] in PYTHON_CELLS


def mask(cell: str, first: int) -> Masked:
    """A cell of Python as text that parses; its magics are numbered from `first` on. Lines stay lines."""
    match = _HEADER.match(cell)
    header = match[0] if match else ""
    body = cell[len(header) :]
    if not _CANDIDATE.search(body):
        return Masked(body, header, (), first)
    pieces: list[str] = []
    magics: list[str] = []
    at = 0
    for start, end, kept in _magics(body):
        name = f"{MARK}{first + len(magics)}__"
        breaks = "\n" * body.count("\n", start, end)  # within the brackets of the call
        pieces += [body[at:start], f"{name}({breaks})" + ("; " if kept else "")]
        magics.append(body[start:end])
        at = end
    return Masked("".join([*pieces, body[at:]]), header, tuple(magics), first)


def _magics(body: str) -> Iterator[tuple[int, int, bool]]:
    """Where the magics stand, and whether Python follows on the same line (`%time f(x)`)."""
    at = depth = 0
    begins = True  # a statement may begin here
    statement = 0
    while at < len(body):
        token = _TOKEN.match(body, at)
        assert token is not None  # the last alternative takes any character
        kind, end = token.lastgroup, token.end()
        if begins and kind not in ("end", "comment") and not token[0].isspace():
            begins, statement = False, at
            if _LINE.match(body, at):
                start, at, code = _line_magic(body, at)
                yield start, at, code
                continue
        if kind == "assign" and depth == 0:
            at = _to_end(body, end)
            yield end, at, False
            continue
        if kind == "help" and depth == 0:
            at = _to_end(body, end)
            yield statement, at, False
            continue
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        begins = begins or (kind == "end" and depth == 0)
        at = end


def _to_end(body: str, at: int) -> int:
    match = _REST.match(body, at)
    assert match is not None  # the pattern matches the empty string
    return match.end()


def _line_magic(body: str, start: int) -> tuple[int, int, bool]:
    end = _to_end(body, start)
    timed = _TIMED.match(body, start, end)
    asks = "?" in body[start:end]  # for help: such a line is no Python after its magic either
    return (start, timed.start("code"), True) if timed and not asks else (start, end, False)
