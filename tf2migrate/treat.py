"""A file's bytes as they should be, and what there is to say of them. Nothing here touches the disk."""

from __future__ import annotations

import ast
import symtable
import sys
import warnings
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tf2migrate import migrate as core
from tf2migrate import notebook as nb
from tf2migrate import py2
from tf2migrate.config import Settings
from tf2migrate.encoding import Undecodable, decode, decode_utf8
from tf2migrate.lines import moved
from tf2migrate.model import Finding, Migration, Options
from tf2migrate.records import extra_roots
from tf2migrate.report import Result, Shown
from tf2migrate.suppress import Suppressions, noqa_codes, selected

#: What a program (its text, the options, its cuts) becomes.
Migrate = Callable[[str, Options, Sequence[int]], Migration]

#: How deep this tool follows the levels of a program; each takes some of Python's.
_DEPTH = 8000

ADVICE = {
    "TFM001": "Check that it is there, that it may be read, and its encoding (`# -*- coding: latin-1 -*-`).",
    "TFM002": "Mend it so that Python 3 can read it, then run again.",
    "TFM003": f"Run again with --py2, which turns it into Python 3 on the way; it needs {py2.INSTALL}.",
    "TFM004": "Mend the cell so that Python 3 can read it, then run again; the other cells are treated.",
    "TFM006": "The file is as it was, and so are the files that belong to it. `tf2migrate verify` tells more.",
    "TFM007": "The file is as it was.",
    "TFM009": "The file is as it was. This is a defect of tf2migrate: please report it with the program.",
}


#: What else there is to do with a file that is not followed.
_LEAVE_OUT = "or leave it out (`extend-exclude` in pyproject.toml): it stays as it is."


#: A program of more bytes is not followed: its tree would take some hundred times as much memory.
LARGEST = 4_000_000


class TooLarge(ValueError):
    """A program that is not followed for its size."""


@dataclass(frozen=True, slots=True)
class Treated:
    """A program's later form; `found` stands in the text given, `remaining` in `after`."""

    after: str
    cuts: tuple[int, ...]
    found: tuple[Finding, ...]
    remaining: tuple[Finding, ...]


def treat(name: str, data: bytes, settings: Settings, migrate: Migrate | None = None) -> Result:
    """A file's bytes as they should be. Anything that goes wrong is a finding, and the bytes stay.

    `migrate` is what migrates its program, where that is not one of its own alone.
    """
    if migrate is None and not concerns(data, settings):
        return Result(data)
    migrate = migrate or core.migrate
    try:
        with warnings.catch_warnings(), deep():
            warnings.simplefilter("ignore")  # what Python's parser thinks of the program is not ours to say
            return (_notebook if name.endswith(".ipynb") else _script)(data, settings, migrate)
    except Undecodable as error:
        return _stopped(data, settings, problem("TFM001", f"cannot be read: {error}"))
    except nb.NotANotebook as error:
        return _stopped(data, settings, problem("TFM002", f"no notebook that can be read: {error}"))
    except TooLarge as error:
        return _stopped(data, settings, replace(problem("TFM002", str(error)), advice=f"Split it, {_LEAVE_OUT}"))
    except (RecursionError, MemoryError):  # the second is what Python's parser says of the same
        deeply = problem("TFM002", "it is nested too deeply to be read")
        return _stopped(data, settings, replace(deeply, advice=f"Write it in fewer levels, {_LEAVE_OUT}"))
    except UnicodeEncodeError as error:
        return _stopped(data, settings, problem("TFM007", f"cannot be written: {error}"))
    except Exception as error:  # whatever it is, the other files go on
        why = problem("TFM009", f"internal error: {type(error).__name__}: {error}")
        return replace(_stopped(data, settings, why), failed=True)


@contextmanager
def deep() -> Iterator[None]:
    """Room for trees of some thousand levels: a sum of as many terms is one, and so is a chain of elif."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def concerns(data: bytes, settings: Settings) -> bool:
    """Whether a file can hold anything that this tool speaks of."""
    spoken = b"tensorflow" in data or b"keras" in data or bool(settings.options.told)
    return spoken or _wide(data) or any(root.encode() in data for root in extra_roots(settings.options.extra_rules))


def _wide(data: bytes) -> bool:
    """Whether a text in UTF-16, which Python cannot read, speaks of TensorFlow: what comes of it is said."""
    return data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) and b"t\0e\0n\0s\0o\0r\0f\0l\0o\0w" in data


def problem(code: str, message: str, line: int = 1, column: int = 1) -> Finding:
    """A finding about a file rather than about TensorFlow."""
    return Finding(line, column, code, " ".join(message.split()), ADVICE[code])


def _stopped(data: bytes, settings: Settings, *findings: Finding) -> Result:
    shown = tuple(Shown(0, f) for f in findings if f.code == "TFM009" or _is_wanted(f, settings))
    return Result(data, shown, shown)


def _is_wanted(finding: Finding, settings: Settings) -> bool:
    """Problems with a file are told whatever is selected, unless they are ignored."""
    return selected(finding.code, replace(settings.options, select=()))


def _check_size(size: int) -> None:
    if size > LARGEST:
        megabytes = f"{size / 1e6:.0f} MB of Python, more than {LARGEST / 1e6:.0f}"
        raise TooLarge(f"it is too large to be followed: {megabytes}")


def _script(data: bytes, settings: Settings, migrate: Migrate) -> Result:
    _check_size(len(data))
    decoded = decode(data)
    text, said = decoded.text, Suppressions.of(decoded.text)
    if said.skip_file:
        return Result(data)
    try:
        treated = _treat_program(text, text, (), said, settings, migrate)
    except (SyntaxError, ValueError):
        error = _syntax_error(text)
        if error is None:
            raise  # the program was sound: the migration broke it
        where = (error.lineno or 1, max(1, error.offset or 1))
        if not py2.is_python2(text):
            return _stopped(data, settings, problem("TFM002", f"cannot be parsed: {error.msg}", *where))
        if not _converts(settings):
            return _stopped(data, settings, _python2_alone(settings, *where))
        try:
            treated = _treat_program(text, py2.convert(text), (), said, settings, migrate)
        except py2.NotConverted as failure:
            return _stopped(data, settings, problem("TFM002", f"Python 2 that fissix cannot read: {failure}", *where))
        treated = replace(treated, found=(_CONVERTED, *treated.found))
    after = treated.after if text.endswith("\n") else treated.after.rstrip("\n")
    return Result(
        decoded.encode(after) if after != text else data,
        tuple(Shown(0, finding) for finding in treated.found),
        tuple(Shown(0, finding) for finding in treated.remaining),
        (("", decoded.lines.restore(text), decoded.lines.restore(after)),) if after != text else (),
    )


def _notebook(data: bytes, settings: Settings, migrate: Migrate) -> Result:
    text, encoding = decode_utf8(data)
    whole = nb.read(text)
    _check_size(len(whole.program.text))
    if any(Suppressions.of(part.code).skip_file for part in whole.program.parts):
        return Result(data)
    book, broken = nb.without_broken(whole)
    python2 = [part for part in whole.program.parts if part.cell.number in broken and py2.is_python2(part.code)]
    said = list(_pins(whole, settings))
    converted: tuple[Shown, ...] = ()
    if python2 and _converts(settings):
        whole = replace(whole, program=whole.program.converted(_converted_or_same))
        book, broken = nb.without_broken(whole)
        converted = (Shown(python2[0].cell.number, _CONVERTED),)
    elif python2 and not nb.python_version(whole).startswith("3"):  # its cells run, though not in Python 3
        said.append(Shown(python2[0].cell.number, _python2_alone(settings)))
        return Result(data, tuple(sorted(said)), tuple(sorted(said)))
    said += _broken(book, broken, settings)
    if not book.program.parts:
        return Result(data, tuple(sorted(said)), tuple(sorted(said)))
    return _treat_notebook(data, encoding, book, converted, said, settings, migrate)


def _treat_notebook(
    data: bytes,
    encoding: str,
    book: nb.Notebook,
    converted: tuple[Shown, ...],
    said: list[Shown],
    settings: Settings,
    migrate: Migrate,
) -> Result:
    program = book.program
    before = program.original
    suppressed = Suppressions.of(before.text)
    try:
        treated = _treat_program(before.text, program.text, program.cuts, suppressed, settings, migrate)
    except SyntaxError:
        error = _syntax_error(before.text)
        if error is None:
            raise
        cell, line = before.places(before.text, before.cuts)(error.lineno or 1)
        said.append(Shown(cell, problem("TFM002", f"cannot be parsed: {error.msg}", line)))
        return Result(data, tuple(sorted(said)), tuple(sorted(said)))
    changed = book.changed(treated.after, treated.cuts)
    old, new = before.places(before.text, before.cuts), program.places(treated.after, treated.cuts)
    found = [Shown(cell, replace(f, line=line)) for f in treated.found for cell, line in [old(f.line)]]
    remaining = [Shown(cell, replace(f, line=line)) for f in treated.remaining for cell, line in [new(f.line)]]
    texts = {cell.number: cell.text for cell in book.cells}
    return Result(
        book.write(changed, settings.keep_outputs).encode(encoding) if changed else data,
        tuple(sorted([*converted, *said, *found])),
        tuple(sorted([*said, *remaining])),
        tuple((f":cell {number}", texts[number], after) for number, after in changed.items()),
    )


def _pins(book: nb.Notebook, settings: Settings) -> Iterator[Shown]:
    lines = {cell.number: cell.text.splitlines() for cell in book.cells}
    for number, finding in nb.pins(book):
        codes = noqa_codes(lines[number][finding.line - 1])
        if selected(finding.code, settings.options) and (codes is None or (codes and finding.code not in codes)):
            yield Shown(number, finding)


def _broken(book: nb.Notebook, broken: dict[int, nb.Broken], settings: Settings) -> Iterator[Shown]:
    for number, (line, error) in broken.items():
        finding = problem("TFM004", f"the cell cannot be parsed: {error.msg}", line, max(1, error.offset or 1))
        if _is_wanted(finding, settings):
            yield Shown(number, finding)


def _converted_or_same(code: str) -> str:
    try:
        return py2.convert(code)
    except py2.NotConverted:
        return code  # the cell stays broken, and is told of as such


_CONVERTED = Finding(1, 1, "TFM003", "Python 2 program, turned into Python 3", "", fixable=True)


def _converts(settings: Settings) -> bool:
    return settings.py2 and py2.available()


def _python2_alone(settings: Settings, line: int = 1, column: int = 1) -> Finding:
    missing = f" fissix is missing: {py2.INSTALL}" if settings.py2 else ""
    return problem("TFM003", f"Python 2 program, left alone.{missing}", line, column)


def _treat_program(
    before: str, text: str, cuts: Sequence[int], said: Suppressions, settings: Settings, migrate: Migrate
) -> Treated:
    """Migrate a text; `before` is what the user sees, from which `text` may already differ."""
    migration = migrate(text, settings.options, cuts)
    here = [*migration.findings, *(py2.divisions(text, before) if text != before else ())]
    pairs = [
        (finding, there)
        for finding, there in zip(here, moved(here, text, before), strict=True)
        if said.let_pass(there, settings.options)
    ]
    left = [finding for finding, _ in pairs if not finding.fixable]
    return Treated(
        migration.after,
        migration.cuts,
        tuple(sorted(there for _, there in pairs)),
        tuple(sorted(moved(left, text, migration.after))),
    )


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        ast.parse(text)
        symtable.symtable(text, "program", "exec")  # which knows of names that nothing binds
    except SyntaxError as error:
        return error
    except ValueError as error:  # a NUL character, before Python 3.12
        return SyntaxError(str(error))
    return None
