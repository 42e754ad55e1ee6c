"""What came of a file, kept for the next run: by its content, the settings, and this very tool."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path

import click

from tf2migrate.config import Settings
from tf2migrate.model import Finding, Options
from tf2migrate.report import Result, Shown

#: The environment variable that names another folder.
VARIABLE = "TF2MIGRATE_CACHE_DIR"

_DIGEST = 16
_MONTH = 30 * 24 * 3600
_OURS = re.compile(rf"[0-9a-f]{{{2 * _DIGEST}}}")


def folder() -> Path:
    """Where the platform keeps what can be made anew."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "tf2migrate"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "tf2migrate" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "tf2migrate"


@cache
def fingerprint() -> str:
    """What this tool is: the name, size and time of each of its files and rules, and the Python that it runs in."""
    here = Path(__file__).parent
    rules = here / "rules"
    roots = [here] if rules.is_dir() else [here, here.parent / "rules"]
    told = [repr((sys.version_info, sys.platform))]
    told += [f"{name}:{size}:{changed}" for root in roots for name, size, changed in _files(root)]
    return _digest("\n".join(told).encode(errors="surrogateescape")).hex()


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    todo = [os.fspath(root)]
    for place in todo:
        for entry in sorted(os.scandir(place), key=lambda entry: entry.name):
            if entry.is_dir():
                todo += [entry.path] * (entry.name != "__pycache__")
            else:
                about = entry.stat()
                yield entry.path, about.st_size, about.st_mtime_ns


class Cache:
    """Results in files of their own, written whole or not at all; one that is damaged counts as none.

    Two runs may share the folder: they write the same. What cannot be read or written is done without.
    """

    def __init__(self, place: Path) -> None:
        self.place = place / fingerprint()

    def get(self, name: str, data: bytes, settings: Settings, whole: bool, among: bytes = b"") -> Result | None:
        """What is known of a file (`among` which others); without `whole`, only what was found in it."""
        body = self._read(self._file(name, data, settings, among))
        if body is None:
            return None
        try:
            size = int.from_bytes(body[:4], "big")
            found = _shown(json.loads(body[4 : 4 + size]))
            if not whole:
                return Result(data, found)
            rest = json.loads(zlib.decompress(body[4 + size :]))
            changes = tuple((suffix, before, after) for suffix, before, after in rest["changes"])
            after = data if rest["after"] is None else b64decode(rest["after"])
            return Result(after, found, _shown(rest["remaining"]), changes)
        except (ValueError, TypeError, KeyError, zlib.error):
            return None

    def note(self, about: bytes) -> str | None:
        """A text that was kept about something."""
        body = self._read(self._place(_digest(about)))
        return None if body is None else body.decode()

    def keep_note(self, about: bytes, text: str) -> None:
        """Keep a text about something."""
        self._write(self._place(_digest(about)), text.encode())

    def put(self, name: str, data: bytes, settings: Settings, result: Result, among: bytes = b"") -> None:
        """Keep a result, unless it is a defect of this tool."""
        if result.failed:
            return
        after = None if result.after == data else b64encode(result.after).decode()
        rest = {"after": after, "remaining": _told(result.remaining), "changes": result.changes}
        found = json.dumps(_told(result.found)).encode()
        body = len(found).to_bytes(4, "big") + found + zlib.compress(json.dumps(rest).encode(), 1)
        self._write(self._file(name, data, settings, among), body)

    def _read(self, path: str) -> bytes | None:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            return None
        digest, body = content[:_DIGEST], content[_DIGEST:]
        return body if digest == _digest(body) else None

    def _write(self, path: str, body: bytes) -> None:
        file = Path(path)
        with suppress(OSError):
            if not self.place.exists():
                self._forget()
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as written:
                    written.write(_digest(body) + body)
                os.replace(temporary, file)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise

    def _forget(self) -> None:
        """Remove what other versions of this tool have kept and not added to for a month."""
        for entry in kept(self.place.parent):
            if time.time() - entry.stat().st_mtime > _MONTH:
                shutil.rmtree(entry, ignore_errors=True)

    def _file(self, name: str, data: bytes, settings: Settings, among: bytes) -> str:
        asked = _asked(name.endswith(".ipynb"), settings.options, settings.keep_outputs, settings.py2)
        return self._place(_digest(asked + among + data))

    def _place(self, digest: bytes) -> str:
        key = digest.hex()
        return f"{self.place}{os.sep}{key[:2]}{os.sep}{key[2:]}"


def digest_of(files: Iterable[tuple[str, bytes, Settings]]) -> bytes:
    """What stands for files that belong together: their names, what they hold, and how they are treated."""
    told = [(name, _digest(data), s.options, s.keep_outputs, s.py2) for name, data, s in files]
    return _digest(repr(told).encode(errors="surrogateescape"))


def kept(place: Path) -> list[Path]:
    """The folders that this tool has made, one for each version of it."""
    return [entry for entry in place.iterdir() if _OURS.fullmatch(entry.name)] if place.is_dir() else []


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


@lru_cache
def _asked(notebook: bool, options: Options, keep_outputs: bool, py2: bool) -> bytes:
    """What a result depends on besides the file."""
    told = repr((notebook, options, keep_outputs, _fissix() if py2 else ""))
    return _digest(told.encode(errors="surrogateescape"))


def _fissix() -> str:
    """What converts Python 2."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fissix")
    except PackageNotFoundError:
        return "missing"


def _told(shown: tuple[Shown, ...]) -> list[object]:
    return [[each.cell, *astuple(each.finding)] for each in shown]


def _shown(told: list[list[object]]) -> tuple[Shown, ...]:
    return tuple(Shown(int(str(cell)), Finding(*finding)) for cell, *finding in told)  # type: ignore[arg-type]


@click.command()
def clean() -> None:
    """Remove what earlier runs have kept."""
    place = folder()
    found = kept(place)
    for entry in found:
        shutil.rmtree(entry, ignore_errors=True)
    click.echo(f"Removed what was kept in {place}." if found else f"Nothing is kept in {place}.")
