"""The text of an expression with what was decided about its parts written in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children

WIDTH = 120  # of a line


class Renderer:
    """Source text of nodes, with replacements made; a replacement is asked for each node, outermost first."""

    def __init__(self, program: Program, replacement: Callable[[ast.AST], str | None]) -> None:
        self.program = program
        self.replacement = replacement

    def text(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node, replaced where a replacement is known."""
        found = self.replacement(node)
        if found is not None:
            return found
        return self.inside(node)

    def inside(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node whose own replacement is not asked for, only that of its parts."""
        span = self.program.span(node)
        pieces, at = [], span.start
        for start, end, text in sorted(self._parts(node)):
            pieces += [self.program.text[at:start], text]
            at = end
        return "".join([*pieces, self.program.text[at : span.end]])

    def _parts(self, node: ast.AST) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, str]] = []
        for child in children(node):
            text = self.replacement(child) if isinstance(child, ast.expr | ast.stmt | ast.keyword | ast.arg) else None
            if text is not None:
                assert isinstance(child, ast.expr | ast.stmt | ast.keyword | ast.arg)
                span = self.program.span(child)
                gone = isinstance(child, ast.stmt) and not text  # with its line
                found.append((self.program.offset(child.lineno, 0) - 1 if gone else span.start, span.end, text))
            else:
                found += self._parts(child)
        return found


def shift(text: str, old: str, new: str) -> str:
    """A statement's text (first line without indentation) moved from one indentation to another.

    Lines inside a string that spans lines are left as they are.
    """
    if "\n" not in text or old == new:
        return text
    inside = _string_lines(text)
    lines = text.split("\n")
    moved = [lines[0]]
    for number, line in enumerate(lines[1:], 2):
        if number in inside or not line.strip():
            moved.append(line)
        elif line.startswith(old):
            moved.append(new + line[len(old) :])
        else:
            moved.append(new + line.lstrip())
    return "\n".join(moved)


def spread(opened: str, parts: Iterable[str], closed: str, line: str) -> str:
    """A call or display with a line for each of its parts, indented as the line that it begins on."""
    indent = line[: len(line) - len(line.lstrip())]
    return f"{opened}\n" + "".join(f"{indent}    {part},\n" for part in parts) + indent + closed


def folded(line: str, indent: str) -> list[str]:
    """A statement that a run has become, in several lines where it is wider than a line may be."""
    if len(line) <= WIDTH or "\n" in line:
        return [line]
    text = line[len(indent) :]
    match ast.parse(text).body:
        case [ast.Assign(value=ast.GeneratorExp(elt=element, generators=[ast.comprehension(iter=drawn)]) as value)]:
            begin = text.encode()[: value.col_offset].decode()
            each, whole = (ast.get_source_segment(text, part) or "" for part in (element, drawn))
            inner = _folded_call(f"{indent}    for value in ", drawn, whole)
            return [f"{indent}{begin}(", f"{indent}    {each}", *inner, f"{indent})"]
    return [line]


def _folded_call(begin: str, node: ast.expr, text: str) -> list[str]:
    """A call behind the beginning of a line, with a line for each argument where it would be too wide."""
    if len(begin + text) <= WIDTH or not isinstance(node, ast.Call):
        return [begin + text]
    tree = ast.parse(text, mode="eval").body
    assert isinstance(tree, ast.Call)
    called = ast.get_source_segment(text, tree.func) or ""
    stars = [f"*{ast.get_source_segment(text, a.value)}" if isinstance(a, ast.Starred) else "" for a in tree.args]
    parts = [star or ast.get_source_segment(text, a) or "" for star, a in zip(stars, tree.args, strict=True)]
    for keyword in tree.keywords:
        value = ast.get_source_segment(text, keyword.value) or ""
        parts.append(f"{keyword.arg}={value}" if keyword.arg else f"**{value}")
    return spread(f"{begin}{called}(", parts, ")", begin).split("\n")


def base(text: str) -> str:
    """The indentation of the line that a spread call ends on, which is that of the line that it began on."""
    last = text.rsplit("\n", 1)[-1]
    return last[: len(last) - len(last.lstrip())]


def _string_lines(text: str) -> set[int]:
    """The lines of a statement that begin inside a string."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and isinstance(getattr(node, "value", ""), str | bytes):
            assert node.end_lineno is not None
            literal = ast.get_source_segment(text, node) or ""
            if '"""' in literal or "'''" in literal or "\\\n" in literal:
                found.update(range(node.lineno + 1, node.end_lineno + 1))
    return found
