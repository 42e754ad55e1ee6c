"""Which lines of the new program stand for each run of the old one: what the migrator knows, computed again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from tf2migrate.migrate import migrate

MARK = "# @tf2migrate:"
_MARKED = re.compile(rf"^\s*{MARK}(\d+)$")
#: A new program that is less like what the migrator writes was written by hand, and is not mapped.
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a program, from 1, the last one included."""

    first: int
    last: int

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self.first <= line <= self.last


def source_map(old: str, new: str) -> Mapping[Lines, Lines]:
    """The lines of each statement that runs a session, and those that replace them; empty where it is not known.

    The old program is migrated once more with a comment above each statement beside a run. Comments go where their
    statements go, and the lines between two of them in the outcome are what the first statement became. The outcome
    without its comments is aligned with the new program, which may have been edited since.
    """
    try:
        statements = dict(_statements(ast.parse(old)))
    except (SyntaxError, ValueError):
        return {}
    if not statements:
        return {}
    migration = migrate(_marked(old, statements))
    if not migration.changed or any(f.code.startswith("TFM9") for f in migration.findings):
        return {}
    texts, owners = _unmarked(migration.after)
    places = _aligned(texts, new)
    found: dict[Lines, Lines] = {}
    for line, statement in statements.items():
        there = sorted(places[i] for i, owner in enumerate(owners) if owner == line and i in places)
        if there and runs(statement):
            found[Lines(line, statement.end_lineno or line)] = Lines(there[0], there[-1])
    return found


def runs(node: ast.AST) -> bool:
    """Whether a simple statement runs a session or evaluates a tensor."""
    if hasattr(node, "body"):
        return False
    calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    return any(isinstance(f, ast.Attribute) and f.attr in ("run", "eval") for f in calls)


def _statements(tree: ast.Module) -> Iterator[tuple[int, ast.stmt]]:
    """The statements of every block in which something runs, by line."""
    for node in ast.walk(tree):
        for part in ("body", "orelse", "finalbody"):
            block = getattr(node, part, None)
            if isinstance(block, list) and any(runs(s) for s in block):
                yield from ((s.lineno, s) for s in block)


def _marked(old: str, statements: Mapping[int, ast.stmt]) -> str:
    lines = []
    for number, line in enumerate(old.split("\n"), 1):
        if number in statements:
            lines.append(f"{' ' * statements[number].col_offset}{MARK}{number}")
        lines.append(line)
    return "\n".join(lines)


def _unmarked(text: str) -> tuple[list[str], list[int]]:
    """The lines that say something, without the marks, and the mark that each of them stands under (0: none)."""
    texts: list[str] = []
    owners: list[int] = []
    mark, indent = 0, 0
    for line in text.split("\n"):
        found = _MARKED.match(line)
        if found:
            mark, indent = int(found[1]), len(line) - len(line.lstrip())
        elif line.strip():
            if len(line) - len(line.lstrip()) < indent:
                mark = 0  # the block has ended
            texts.append(line)
            owners.append(mark)
    return texts, owners


def _aligned(texts: list[str], new: str) -> dict[int, int]:
    """For each line of the outcome its line in the new program, from 1."""
    numbers = [(number, line) for number, line in enumerate(new.split("\n"), 1) if line.strip()]
    matcher = SequenceMatcher(None, texts, [line for _, line in numbers], autojunk=False)
    if matcher.ratio() < ALIKE:
        return {}
    places: dict[int, int] = {}
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        places |= {i + k: numbers[min(j + k, j_end - 1)][0] for k in range(i_end - i) if j < j_end}
    return places
