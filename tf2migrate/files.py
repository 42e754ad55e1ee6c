"""Which files, and how one is written: with encoding.py, all that touches the disk."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from tf2migrate.config import Configuration, Globs, Settings
from tf2migrate.contents import contents

SUFFIXES = (".py", ".ipynb")


@dataclass(frozen=True, slots=True)
class Input:
    """One file to look at: its name as the user wrote it, and its settings; or the reason why it cannot be found."""

    path: Path
    settings: Settings
    problem: str = ""


@cache
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


def _verdict(globs: Globs, path: Path, is_folder: bool) -> bool | None:
    """Whether patterns leave a path out (True), take it back in (False), or do not speak of it (None)."""
    if not globs.patterns or not path.is_relative_to(globs.base) or path == globs.base:
        return None
    name = path.relative_to(globs.base).as_posix() + ("/" if is_folder else "")
    return _spec(globs.patterns).check_file(name).include


def _gitignore(folder: Path) -> tuple[Globs, ...]:
    found = []
    for name in (".git/info/exclude", ".gitignore"):
        with suppress(OSError):
            lines = contents(folder / name).decode("utf-8", "replace").splitlines()
            found.append(Globs(folder, tuple(lines)))
    return tuple(found)


def _ignores_above(folder: Path) -> tuple[Globs, ...]:
    """The ignore files of the folders above one, up to the root of its repository."""
    found: tuple[Globs, ...] = ()
    for parent in folder.parents if not (folder / ".git").exists() else ():
        found = _gitignore(parent) + found
        if (parent / ".git").exists():
            return found
    return ()  # in no repository


@dataclass(frozen=True)
class Search:
    """The files below the paths that a user gave, each once, in a fixed order."""

    paths: Sequence[Path]
    configuration: Configuration

    def __iter__(self) -> Iterator[Input]:
        seen: set[str] = set()
        for root in self.paths:
            for found in self._below(root):
                real = os.path.realpath(found.path)
                if real not in seen:
                    seen.add(real)
                    yield found

    def _below(self, root: Path) -> Iterator[Input]:
        whole = Path(os.path.abspath(root))
        if not os.path.isdir(root):  # which is also not there, or has a name that is too long
            settings = self.configuration.of(root.parent)
            if not (settings.force_exclude and is_excluded(root, settings)):
                yield Input(root, of_file(whole, settings))
            return
        settings = self.configuration.of(root)
        if settings.force_exclude and is_excluded(root, settings):
            return
        # What was asked for by name is searched even where a pattern leaves it out: such a pattern says nothing here.
        # Patterns of a place that a tree does not lie below count from the tree: its venv is left out wherever it is.
        ignores = tuple(globs for globs in _ignores_above(whole) if not _verdict(globs, whole, True))
        lifted = frozenset(
            globs
            for globs in (settings.exclude, settings.extend_exclude)
            if _verdict(globs, whole, True) or not whole.is_relative_to(globs.base)
        )
        yield from self._walk(root, whole, ignores, lifted)

    def _walk(self, folder: Path, whole: Path, ignores: tuple[Globs, ...], lifted: frozenset[Globs]) -> Iterator[Input]:
        settings = self.configuration.of(whole)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Input(folder, settings, error.strerror or str(error))
            return
        ignores += _gitignore(whole)
        for entry in entries:
            path, is_folder = whole / entry.name, entry.is_dir(follow_symlinks=False)
            excludes = tuple(
                Globs(whole, globs.patterns) if globs in lifted else globs
                for globs in (settings.exclude, settings.extend_exclude)
            )
            if any(_verdict(globs, path, is_folder) for globs in excludes) or _is_ignored(ignores, path, is_folder):
                continue
            if is_folder:
                yield from self._walk(folder / entry.name, path, ignores, lifted)
            elif entry.name.endswith(SUFFIXES) and (problem := _trouble(entry)) is not None:
                yield Input(folder / entry.name, of_file(path, settings), problem)


def _trouble(entry: os.DirEntry[str]) -> str | None:
    """Why a file cannot be looked at, such as a link to itself; empty where it can, None where it is no file."""
    try:
        return "" if entry.is_file() else None
    except OSError as error:
        return error.strerror or str(error)


def is_excluded(path: Path, settings: Settings) -> bool:
    """Whether the settings leave out what was given by name."""
    whole = Path(os.path.abspath(path))
    return any(_verdict(globs, whole, os.path.isdir(path)) for globs in (settings.exclude, settings.extend_exclude))


def of_file(path: Path, settings: Settings) -> Settings:
    """The settings of a folder as they are for one file in it."""
    if not settings.per_file_ignores:
        return settings
    whole = Path(os.path.abspath(path))
    never = tuple(code for globs, codes in settings.per_file_ignores if _verdict(globs, whole, False) for code in codes)
    return replace(settings, options=replace(settings.options, never=never)) if never else settings


def _is_ignored(ignores: tuple[Globs, ...], path: Path, is_folder: bool) -> bool:
    """The nearest ignore file that speaks of a path decides."""
    verdicts = (_verdict(globs, path, is_folder) for globs in reversed(ignores))
    return next((verdict for verdict in verdicts if verdict is not None), False)


class Unwritable(OSError):
    """A file that is left as it was, and why."""


def replace_file(path: Path, data: bytes, roots: Sequence[str]) -> None:
    """Put bytes in a file's place, all or nothing; its mode stays, and a link stays a link.

    A link's target is only written when it lies below one of the roots (real paths). Raises `OSError`.
    """
    target = os.path.realpath(path)
    if not any(target == root or target.startswith(root.rstrip(os.sep) + os.sep) for root in roots):
        raise Unwritable(f"it is a link to {target}, outside of the given paths")
    if not os.access(target, os.W_OK):
        raise Unwritable("it is read-only")
    before = os.stat(target)
    folder = os.path.dirname(target)
    handle, temporary = tempfile.mkstemp(prefix=".tf2migrate-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, stat.S_IMODE(before.st_mode))
        if hasattr(os, "chown"):
            with suppress(PermissionError):  # only the superuser may give a file away, and only he need
                os.chown(temporary, before.st_uid, before.st_gid)
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
