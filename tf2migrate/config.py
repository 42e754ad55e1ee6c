"""What a user asks for: `[tool.tf2migrate]` in the nearest pyproject.toml, and the flags that win over it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tf2migrate.contents import contents, why
from tf2migrate.model import Options, Target

#: Folders that no one wants rewritten.
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)


class ConfigError(ValueError):
    """A setting that cannot be meant: an unknown key, a wrong type, a code that is none."""


@dataclass(frozen=True, slots=True)
class Globs:
    """Patterns in the manner of gitignore, and the folder that they count from: where they were written."""

    base: Path
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PerFile:
    """Patterns, and the codes that are not wanted in the files that fit."""

    codes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what happens to one file."""

    exclude: Globs
    extend_exclude: Globs
    per_file_ignores: tuple[tuple[Globs, tuple[str, ...]], ...] = ()
    options: Options = field(default_factory=Options)
    force_exclude: bool = False
    keep_outputs: bool = False
    py2: bool = False


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError("wants true or false")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError("wants a list of strings")
    return tuple(part.strip() for item in value for part in item.split(",") if part.strip())


def _codes(value: object) -> tuple[str, ...]:
    codes = tuple(code.upper() for code in _strings(value))
    for code in codes:
        if not re.fullmatch(r"TFM\d{0,3}|ALL", code):
            raise ConfigError(f"{code!r} is no rule code; write TFM, the first digits of a code, or a whole one")
    return tuple("TFM" if code == "ALL" else code for code in codes)


def _per_file(value: object) -> PerFile:
    """A table of patterns and the codes that do not count there, or ``PATTERN:CODE,CODE`` from the command line."""
    if isinstance(value, tuple):
        pairs = [text.rpartition(":") for text in value]
        if not all(pattern and codes for pattern, _, codes in pairs):
            raise ConfigError("wants GLOB:CODES, such as tests/*:TFM5,TFM301")
        value = {pattern: [codes] for pattern, _, codes in pairs}
    if not isinstance(value, dict):
        raise ConfigError("wants a table of patterns and lists of codes")
    return PerFile(tuple((str(pattern), _codes(codes)) for pattern, codes in value.items()))


def _target(value: object) -> Target:
    try:
        return Target(str(value))
    except ValueError:
        raise ConfigError(f"wants one of {', '.join(Target)}") from None


#: The keys that may be set, and how each value is read.
OPTIONS: Mapping[str, Callable[[object], object]] = {
    "select": _codes,
    "ignore": _codes,
    "extend-select": _codes,
    "extra-rules": _strings,
    "target": _target,
    "todo": _flag,
    "unsafe-fixes": _flag,
    "strict": _flag,
}
KEYS: Mapping[str, Callable[[object], object]] = {
    **OPTIONS,
    "exclude": _strings,
    "extend-exclude": _strings,
    "per-file-ignores": _per_file,
    "force-exclude": _flag,
    "keep-outputs": _flag,
    "py2": _flag,
}


def read(table: Mapping[str, object], settings: Settings, base: Path, where: str) -> Settings:
    """The settings with those of a table in their place; `where` names the table in errors."""
    fields: dict[str, object] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(KEYS))}")
        try:
            fields[key.replace("-", "_")] = KEYS[key](value)
        except ConfigError as error:
            raise ConfigError(f"{where}: {key} {error}") from None
    if "extra_rules" in fields:
        fields["extra_rules"] = _texts(table["extra-rules"], base, where)
    options: dict[str, Any] = {name: fields.pop(name) for key in OPTIONS if (name := key.replace("-", "_")) in fields}
    placed = {key: _placed(value, base) for key, value in fields.items()}
    changed: dict[str, Any] = {**placed, "options": replace(settings.options, **options)}
    return replace(settings, **changed)


def _texts(names: object, base: Path, where: str) -> tuple[str, ...]:
    """The texts of tables of records, read at once so that a slip is told before any file is treated."""
    from tf2migrate.records import extra_records

    texts: tuple[str, ...] = ()
    for name in _strings(names):
        try:
            texts += (contents(base / name).decode(),)
            extra_records(texts)
        except OSError as error:
            raise ConfigError(f"{where}: extra-rules: {base / name}: {why(error)}") from None
        except ValueError as error:
            raise ConfigError(f"{where}: extra-rules: {base / name}: {error}") from None
    return texts


def _placed(value: object, base: Path) -> object:
    """A value whose patterns count from a folder."""
    match value:
        case PerFile(codes):
            return tuple((Globs(base, (pattern,)), unwanted) for pattern, unwanted in codes)
        case tuple():
            return Globs(base, value)
        case _:
            return value


@dataclass(frozen=True)
class Configuration:
    """The flags of one call, and through them the settings of each folder."""

    flags: Mapping[str, object]
    _nearest: dict[Path, Settings] = field(default_factory=dict)
    _known: dict[Path, Settings] = field(default_factory=dict)

    def of(self, folder: Path) -> Settings:
        """The settings for the files of a folder: the nearest table above it, with the flags on top."""
        folder = Path(os.path.abspath(folder))
        if folder not in self._known:
            self._known[folder] = read(self.flags, self._above(folder), Path.cwd(), "the command line")
        return self._known[folder]

    def _above(self, folder: Path) -> Settings:
        if folder not in self._nearest:
            file = folder / "pyproject.toml"
            table = _table(file)
            if table is not None:
                self._nearest[folder] = read(table, _defaults(folder), folder, f"{file} [tool.tf2migrate]")
            else:
                at_top = folder == folder.parent
                self._nearest[folder] = _defaults(Path.cwd()) if at_top else self._above(folder.parent)
        return self._nearest[folder]


def _defaults(base: Path) -> Settings:
    return Settings(Globs(base, DEFAULT_EXCLUDE), Globs(base))


def _table(file: Path) -> Mapping[str, object] | None:
    try:
        document = tomllib.loads(contents(file).decode())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if not os.access(file.parent, os.X_OK):
            return None  # nothing in the folder can be read: what is told is that, where it is searched
        raise ConfigError(f"{file}: {why(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: {error}") from None
    table = document.get("tool", {}).get("tf2migrate")
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.tf2migrate] is not a table")
    return table
