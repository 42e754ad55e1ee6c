"""A notebook as one program with a map of its cells, and the program's later form back in the cells.

Only the JSON text of what changed is written anew: every other byte of the file stays.
"""

from __future__ import annotations

import ast
import bisect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from tf2migrate import jsontext, magics
from tf2migrate.encoding import LineEnds
from tf2migrate.model import Finding, Span

_PIP = re.compile(
    r"""^\s*(?:\w+\s*=\s*)? [!%]? \s* (?:[\w./{}-]+\s+)*? (?:pip\d?|conda)\b
        .* \binstall\b .* \btensorflow(?:[-_](?:gpu|cpu))?["']?\s*
        (?: ={1,3}\s*["']?[01]\. | ~=\s*1\. | <\s*["']?2(?:\.0)*(?![.\d]) | <=\s*1\. )
      | ^\s*%tensorflow_version\s+1""",
    re.VERBOSE,
)


class NotANotebook(ValueError):
    """A file that is no notebook, and why."""


class Misplaced(RuntimeError):
    """A migration that lost a cell boundary or a magic: a defect of a stage, never of the notebook."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell: where its values stand in the JSON text, and what it says."""

    number: int  # from 1, of all cells, as the notebook shows them
    source: Span
    text: str
    cleared: tuple[tuple[Span, str], ...]  # what its outputs are replaced with when it changes


@dataclass(frozen=True, slots=True)
class Part:
    """A cell that takes part in the program."""

    cell: Cell
    lines: LineEnds
    masked: magics.Masked
    converted: str | None = None  # its code in Python 3, where it was Python 2

    @property
    def code(self) -> str:
        code = self.masked.code if self.converted is None else self.converted
        return code + "\n"  # a cell ends a line, so that no edit can reach from one into the next

    @property
    def line(self) -> int:
        """The line of the cell on which its code begins, counted from 0."""
        return self.masked.header.count("\n")

    def restore(self, code: str) -> str:
        """The cell's text for a later form of its code."""
        # Empty lines that set new code apart from what follows in the program are none of the cell's.
        body = code.removesuffix("\n") if self.code.endswith("\n\n") else code.rstrip("\n")
        text = self.masked.restore(body)
        if text is None or not (code.endswith("\n") or not code):
            raise Misplaced(f"a magic of cell {self.cell.number}, or its end, did not come back")
        return self.lines.restore(text)


@dataclass(frozen=True, slots=True)
class Program:
    """The Python cells of a notebook as one program."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.code for part in self.parts)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Where the cells but the first begin."""
        return tuple(accumulate(len(part.code) for part in self.parts[:-1]))

    def converted(self, convert: Callable[[str], str]) -> Program:
        """The program with each cell rewritten by itself, such as from Python 2."""
        return Program(tuple(replace(part, converted=convert(part.code).removesuffix("\n")) for part in self.parts))

    @property
    def original(self) -> Program:
        """The same cells as they were before any conversion."""
        return Program(tuple(replace(part, converted=None) for part in self.parts))

    def pieces(self, after: str, cuts: Sequence[int]) -> Iterator[tuple[Part, str]]:
        """The cells with the code of a later form of the program, cut where `cuts` says."""
        bounds = [0, *cuts, len(after)]
        if len(bounds) != len(self.parts) + 1:
            raise Misplaced("cell boundaries were lost")
        for part, (start, end) in zip(self.parts, pairwise(bounds), strict=True):
            yield part, after[start:end]

    def places(self, after: str, cuts: Sequence[int]) -> Places:
        """Which cell, and which of its lines, a line of a later form of the program stands on."""
        pieces = list(self.pieces(after, cuts))
        starts = accumulate((code.count("\n") for _, code in pieces), initial=1)
        return Places(tuple(starts), tuple((part.cell.number, part.line) for part, _ in pieces))


@dataclass(frozen=True, slots=True)
class Places:
    """The map from a program's lines to those of its cells."""

    starts: tuple[int, ...]  # the line on which each cell's code begins
    cells: tuple[tuple[int, int], ...]  # each cell's number, and the lines above its code

    def __call__(self, line: int) -> tuple[int, int]:
        """The cell and its line (both from 1) for a line of the program."""
        at = bisect.bisect_right(self.starts, line, 0, len(self.cells)) - 1
        number, above = self.cells[at]
        return number, line - self.starts[at] + 1 + above


@dataclass(frozen=True, slots=True)
class Notebook:
    """The JSON text of a notebook, its code cells, and the program that its healthy Python cells make."""

    text: str
    cells: tuple[Cell, ...]
    program: Program

    def changed(self, after: str, cuts: Sequence[int]) -> dict[int, str]:
        """The new text of each cell, by its number, that a later form of the program changes."""
        restored = {part.cell.number: part.restore(code) for part, code in self.program.pieces(after, cuts)}
        texts = {cell.number: cell.text for cell in self.cells}
        return {number: text for number, text in restored.items() if text != texts[number]}

    def write(self, changed: dict[int, str], keep_outputs: bool) -> str:
        """The JSON text with new texts in some cells, whose outputs go unless they are to be kept."""
        edits: list[tuple[Span, str]] = []
        for cell in self.cells:
            if cell.number in changed:
                edits.append((cell.source, _source(self.text, cell.source, changed[cell.number])))
                edits += () if keep_outputs else cell.cleared
        pieces, at = [], 0
        for span, new in sorted(edits):
            pieces += [self.text[at : span.start], new]
            at = span.end
        after = "".join([*pieces, self.text[at:]])
        if [c.text for c in _cells(after)] != [changed.get(cell.number, cell.text) for cell in self.cells]:
            raise Misplaced("the notebook that would be written does not read back as it should")
        return after


def read(text: str) -> Notebook:
    """A notebook from its JSON text, with every Python cell in its program. Raises `NotANotebook`."""
    try:
        cells = tuple(_cells(text))
    except (ValueError, LookupError) as error:
        raise NotANotebook(str(error)) from None
    parts: list[Part] = []
    count = 0
    for cell in cells:
        if magics.is_python(cell.text):
            lines = LineEnds.read(cell.text)
            parts.append(Part(cell, lines, magics.mask(lines.text, count)))
            count += len(parts[-1].masked.magics)
    return Notebook(text, cells, Program(tuple(parts)))


Broken = tuple[int, SyntaxError]  # the line of the cell, and what is wrong there


def without_broken(notebook: Notebook) -> tuple[Notebook, dict[int, Broken]]:
    """The notebook without the cells that do not parse in its program, and what is wrong with those, by number.

    A cell that does not parse never runs: leaving it out does not change what the others do.
    """
    healthy: list[Part] = []
    broken: dict[int, Broken] = {}
    for part in notebook.program.parts:
        try:
            ast.parse(part.code)
        except SyntaxError as error:
            broken[part.cell.number] = ((error.lineno or 1) + part.line, error)
        except ValueError as error:  # a NUL character, before Python 3.12
            broken[part.cell.number] = (1 + part.line, SyntaxError(str(error)))
        else:
            healthy.append(part)
    return replace(notebook, program=Program(tuple(healthy))), broken


def pins(notebook: Notebook) -> Iterator[tuple[int, Finding]]:
    """The lines that install TensorFlow 1, with the number of their cell."""
    for cell in notebook.cells:
        for number, line in enumerate(cell.text.splitlines(), start=1):
            if match := _PIP.search(line.split("#")[0]):
                yield (
                    cell.number,
                    Finding(
                        number,
                        match.start() + 1,
                        "TFM005",
                        "this line asks for TensorFlow 1, which no Python since 3.8 can install",
                        "Ask for `tensorflow>=2.16`, or leave the line out where TensorFlow is there already.",
                    ),
                )


def _cells(text: str) -> Iterator[Cell]:
    """The code cells of a Python notebook in nbformat 4 or, with worksheets, 3."""
    top = jsontext.members(text, jsontext.whole(text))
    if "nbformat" not in top or not ({"cells", "worksheets"} & top.keys()):
        raise ValueError("it is JSON, but no notebook: it has no cells")
    if _language(text, top) != "python":
        return
    sheets = [top]
    if "worksheets" in top:
        sheets = [jsontext.members(text, sheet) for sheet in jsontext.elements(text, top["worksheets"])]
    number = 0
    for array in (sheet["cells"] for sheet in sheets if "cells" in sheet):
        if text[array.start] != "[":
            raise ValueError("its cells are no list")
        for span in jsontext.elements(text, array):
            number += 1
            members = jsontext.members(text, span)
            if "cell_type" not in members:
                raise ValueError(f"cell {number} has no type")
            source = members.get("source", members.get("input"))
            if source is None or jsontext.value(text, members["cell_type"]) != "code":
                continue
            said = jsontext.value(text, source)
            if not all(isinstance(line, str) for line in (said if isinstance(said, list) else [said])):
                raise ValueError(f"the source of cell {number} is no text")
            cleared = {"outputs": "[]", "execution_count": "null", "prompt_number": "null"}
            gone = tuple((members[key], new) for key, new in cleared.items() if key in members)
            yield Cell(number, source, "".join(said) if isinstance(said, list) else str(said), gone)


def python_version(notebook: Notebook) -> str:
    """The version of Python that the notebook says it was written for, or nothing."""
    top = jsontext.members(notebook.text, jsontext.whole(notebook.text))
    match jsontext.value(notebook.text, top["metadata"]) if "metadata" in top else {}:
        case {"language_info": {"version": str(version)}}:
            return version
        case {"kernelspec": {"name": str(name)}}:
            return name.removeprefix("python")
        case _:
            return ""


def _language(text: str, top: dict[str, Span]) -> str:
    match jsontext.value(text, top["metadata"]) if "metadata" in top else {}:
        case {"kernelspec": {"language": str(language)}} | {"language_info": {"name": str(language)}}:
            return "python" if "python" in language.lower() else language
        case _:
            return "python"


def _source(text: str, span: Span, new: str) -> str:
    """The JSON of a cell's new text, in the layout of the old: a string or a list, its indentation, its escapes."""
    ascii_only = text.isascii()
    old = list(jsontext.elements(text, span))
    if text[span.start] != "[":
        return json.dumps(new, ensure_ascii=ascii_only)
    written = {str(jsontext.value(text, item)): text[item.start : item.end] for item in old}
    lines = [written.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in _split(new)]
    if not old or not lines:
        return f"[{', '.join(lines)}]"
    opening, closing = text[span.start : old[0].start], text[old[-1].end : span.end]
    between = text[old[0].end : old[1].start] if len(old) > 1 else "," + opening[1:]
    return opening + between.join(lines) + closing


def _split(text: str) -> list[str]:
    """Lines as notebooks keep them: each but the last with its end."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
