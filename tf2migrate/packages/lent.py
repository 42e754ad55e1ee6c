"""What of TensorFlow a file has only through the `import *` of another: it gets an import of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tf2migrate.apply import apply
from tf2migrate.facts.names import ROOTS
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Span
from tf2migrate.packages.modules import Module
from tf2migrate.selfcheck import unbound


def is_ours(path: str) -> bool:
    """Whether an import leads to TensorFlow."""
    return path.split(".")[0] in ROOTS


def lent(module: Module, by_path: Mapping[str, Module]) -> dict[str, str]:
    """The names of TensorFlow that a file reads and that an `import *` brings, each with the import that binds it."""
    brought: dict[str, str] = {}
    for other in _sources(module, by_path, set()):
        brought |= {name: path for name, path in other.foreign.items() if is_ours(path) and name in other.public}
    if not brought:
        return {}
    return {name: _import(name, brought[name]) for name in sorted(unbound(module.program) & brought.keys())}


def _sources(module: Module, by_path: Mapping[str, Module], seen: set[str]) -> Iterator[Module]:
    """The files whose names `import *` takes, also through others."""
    for path in module.stars:
        if path in by_path and path not in seen:
            seen.add(path)
            yield by_path[path]
            yield from _sources(by_path[path], by_path, seen)


def _import(name: str, path: str) -> str:
    """The statement that binds a name; empty where one of several may be meant."""
    if " or " in path:
        return ""
    parent, _, last = path.rpartition(".")
    renamed = f" as {name}" if name != last else ""
    return f"from {parent} import {last}{renamed}" if parent else f"import {last}{renamed}"


def edits(module: Module, names: Mapping[str, str]) -> list[Edit]:
    """The imports, after the last `import *` of other files."""
    if not names:
        return []
    program = module.program
    stars = [n for n in program.tree.body if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
    end = program.span(stars[-1]).end
    return [Edit(Span(end, end), "".join(f"\n{text}" for text in names.values()))]


def alone(module: Module, by_path: Mapping[str, Module]) -> str:
    """The text of a file in which nothing changes but that these imports are there."""
    return apply(module.program.text, edits(module, lent(module, by_path)))[0]


def with_imports(module: Module, by_path: Mapping[str, Module]) -> Program:
    """A file as it would be with these imports."""
    wanted = lent(module, by_path)
    return Program("\n".join([*wanted.values(), module.program.text])) if any(wanted.values()) else module.program
