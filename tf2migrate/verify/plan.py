"""verify.toml: what the programs of a folder need in order to run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tf2migrate.contents import contents, why
from tf2migrate.verify.settings import Settings

NAME = "verify.toml"
_TUPLES = {"stubs", "arguments", "devices"}
_TABLES = {"environment", "tolerances", "functions"}
_KINDS: dict[str, type | tuple[type, ...]] = {
    "salts": int, "steps": int, "timeout": (int, float), "memory": int, "network": bool, "shared_randomness": bool,
    "rtol": (int, float), "atol": (int, float), "stdin": str, "data": str, "old_python": str, "new_python": str,
}  # fmt: skip


class PlanError(ValueError):
    """A verify.toml that says something we do not understand."""


def plan(path: Path, settings: Settings) -> Settings:
    """The settings of one program: verify.toml beside it, its table for the program, and what is given above both."""
    file = path.parent / NAME
    try:
        document = tomllib.loads(contents(file).decode())
    except FileNotFoundError:
        return settings
    except OSError as error:
        raise PlanError(f"{file}: {why(error)}") from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{file}: {error}") from None
    programs = document.pop("programs", {})
    own = programs.get(path.name, {}) if isinstance(programs, dict) else {}
    given = {f.name: getattr(settings, f.name) for f in fields(settings) if getattr(settings, f.name) != f.default}
    return replace(settings, **{**read({**document, **own}, file), **given})


def read(table: Mapping[str, object], file: Path) -> dict[str, Any]:
    """A table's keys as settings."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in _TUPLES and isinstance(value, list) and all(isinstance(v, str) for v in value):
            found[name] = tuple(value)
        elif name in _TABLES and isinstance(value, dict):
            found[name] = tuple(value.items())
        elif isinstance(value, _KINDS.get(name, ())):
            found[name] = file.parent / str(value) if name == "data" else value
        else:
            raise PlanError(f"{file}: {key} = {value!r} is not understood")
    return found
