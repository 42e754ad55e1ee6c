"""The programs to verify: read from files, notebooks and git, and migrated in memory."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tf2migrate import notebook, py2
from tf2migrate.config import Configuration
from tf2migrate.contents import contents, why
from tf2migrate.encoding import Undecodable, decode
from tf2migrate.files import Search
from tf2migrate.process import Job, Mode, looked_at
from tf2migrate.report import Report
from tf2migrate.treat import LARGEST
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.steps import cap

_MAGIC = re.compile(r"__tf2migrate_magic_\d+__\([\s\\]*\)")
#: What a program has that runs a graph; a file without it is a module, run by those that import it.
RUNS = re.compile(rb"Session\(|\.app\.run\(|\.eval\(|Supervisor\(|estimator")


class NoProgram(ValueError):
    """A program that cannot be run, and why."""


@dataclass(frozen=True, slots=True)
class Program:
    """The two sides of one program."""

    name: str
    old: Case
    new: Case


def text_of(name: str, data: bytes) -> str:
    """A script's text, or a notebook's code cells joined with their magics dropped; Python 2 as Python 3."""
    try:
        if len(data) > LARGEST and not name.endswith(".ipynb"):
            raise NoProgram(f"{name} is too large to be followed: more than {LARGEST / 1e6:.0f} MB")
        text = decode(data).text
        if name.endswith(".ipynb"):
            text = _MAGIC.sub("None", notebook.read(text).program.text)
    except (Undecodable, notebook.NotANotebook) as error:
        raise NoProgram(f"{name} cannot be read: {error}") from None
    try:
        ast.parse(text)
    except (RecursionError, MemoryError):  # the second is what Python's parser says of the same
        raise NoProgram(f"{name} is nested too deeply to be followed") from None
    except (SyntaxError, ValueError) as error:
        if not (py2.is_python2(text) and py2.available()):
            raise NoProgram(f"{name}{_line_of(error)} is no Python 3: {error.args[0]}") from None
        try:
            return py2.convert(text)
        except py2.NotConverted as reason:
            raise NoProgram(f"{name} is no Python 3: {reason}") from None
    return text


def _line_of(error: Exception) -> str:
    return f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""


def data_of(path: Path) -> bytes:
    """What a file holds. Raises `NoProgram`."""
    try:
        return contents(path)
    except OSError as error:
        raise NoProgram(f"{path.name} cannot be read: {why(error)}") from None


def pair(old: Path, new: Path, settings: Settings) -> Program:
    """Two files, each in its own folder."""
    sides = [_case(path, data_of(path), (), settings) for path in (old, new)]
    return Program(f"{old} {new}", sides[0], sides[1])


def migrated(path: Path, settings: Settings) -> Program:
    """A file, and what it becomes together with the modules beside it that it imports."""
    configuration = Configuration({"py2": True} if py2.available() else {})
    jobs = [Job(str(file), configuration.of(file.parent), Mode.DIFF) for file in (path, *neighbours(path))]
    after = {Path(each[0].path): each[2].after for each in looked_at(jobs) if not isinstance(each, Report)}
    return program_of(path, lambda file: after.get(file) or data_of(file), settings)


def program_of(path: Path, rewritten: Callable[[Path], bytes], settings: Settings) -> Program:
    """A file with the modules beside it that it imports, as they are and as they become."""
    beside = tuple(neighbours(path))
    old = _case(path, data_of(path), beside, settings)
    texts = tuple((f.relative_to(path.parent).as_posix(), text_of(f.name, rewritten(f))) for f in beside)
    return Program(str(path), old, _made(path, rewritten(path), texts, settings))


def against(path: Path, revision: str, settings: Settings) -> Program:
    """A file as it is, against what it was at a revision."""
    beside = tuple(neighbours(path))
    past = tuple((f.relative_to(path.parent).as_posix(), f) for f in beside)
    texts = tuple((name, text_of(name, at_revision(f, revision))) for name, f in past)
    old = _made(path, at_revision(path, revision), texts, settings)
    return Program(f"{path} against {revision}", old, _case(path, data_of(path), (), settings))


def at_revision(path: Path, revision: str) -> bytes:
    """A file's bytes in git."""
    return _git(path.parent, revision, "show", f"{revision}:./{path.name}")


def _git(folder: Path, revision: str, *command: str) -> bytes:
    if revision.startswith("-"):
        raise NoProgram(f"{revision} is no revision")
    found = subprocess.run(["git", *command], cwd=folder, capture_output=True, check=False)
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip()
        raise NoProgram(said or f"git knows no revision {revision} in {folder}")
    return found.stdout


def programs_below(folder: Path, revision: str | None = None) -> Iterator[Path]:
    """The programs of a folder: files that run TensorFlow, not the modules that they import.

    With a revision, those that ran it then, and in which something has changed since, in themselves or in a module.
    What cannot be read may be one, and is among them. Raises `NoProgram` where git does not know the revision.
    """
    if revision is not None:
        _git(folder, revision, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    for path in [f.path for f in Search([folder], Configuration({}))]:
        try:
            data = data_of(path)
        except NoProgram:
            yield path
            continue
        if b"tensorflow" not in data or not RUNS.search(data if revision is None else _then(path, revision)):
            continue
        if revision is None or any(_changed(f, revision) for f in (path, *neighbours(path))):
            yield path


def _changed(path: Path, revision: str) -> bool:
    try:
        return _then(path, revision) != data_of(path)
    except NoProgram:
        return True


def _then(path: Path, revision: str) -> bytes:
    """A file's bytes in git; none where it was not there."""
    try:
        return at_revision(path, revision)
    except NoProgram:
        return b""


def neighbours(path: Path) -> Iterator[Path]:
    """The modules beside a program, or in packages beside it, that it imports, directly or not."""
    found, todo = {path}, [path]
    while todo:
        current = todo.pop()
        try:
            tree = ast.parse(text_of(current.name, data_of(current)))
        except NoProgram:
            continue
        for folder, names in _imported(tree, current, path.parent):
            ends = [folder.joinpath(*names[:count]) for count in range(len(names) + 1)]
            for candidate in (file for end in ends for file in (Path(f"{end}.py"), end / "__init__.py")):
                if candidate not in found and candidate.is_relative_to(path.parent) and candidate.is_file():
                    found.add(candidate)
                    todo.append(candidate)
                    yield candidate


def _imported(tree: ast.Module, file: Path, top: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders and names of what a file imports; without dots they count from where the program is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((top, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = file.parents[min(node.level, len(file.parents)) - 1] if node.level else top
            base = node.module.split(".") if node.module else []
            yield from ((folder, [*base, alias.name]) for alias in node.names)


def _case(path: Path, data: bytes, beside: tuple[Path, ...], settings: Settings) -> Case:
    """A file as it is; neighbours are rewritten only where they are Python 2 or have loops to cap."""
    texts = tuple((f.relative_to(path.parent).as_posix(), text_of(f.name, data_of(f))) for f in beside)
    return _made(path, data, texts, settings)


def _made(path: Path, data: bytes, texts: tuple[tuple[str, str], ...], settings: Settings) -> Case:
    def short(text: str) -> str:
        return text if settings.steps is None else cap(text, settings.steps)

    text = short(text_of(path.name, data))
    return Case(text, path.stem + ".py", path.parent, tuple((name, short(t)) for name, t in texts))
