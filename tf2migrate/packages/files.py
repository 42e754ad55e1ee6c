"""Which files of a tree import each other."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.files import SUFFIXES

if TYPE_CHECKING:
    from tf2migrate.packages.modules import Resolve


def resolver(names: Collection[str]) -> Resolve:
    """What finds the file that an import leads to, among some files."""
    known = {os.path.normpath(name): name for name in names}

    def resolve(importer: str, dotted: str, level: int) -> str | None:
        for folder in _folders(os.path.dirname(os.path.normpath(importer)), level):
            for candidate in candidates(folder, dotted):
                if candidate in known and known[candidate] != importer:
                    return known[candidate]
        return None

    return resolve


def candidates(folder: str, dotted: str) -> Iterator[str]:
    """The files that a dotted path may mean in a folder."""
    path = os.path.join(folder, *dotted.split(".")) if dotted else folder
    if dotted:
        yield f"{path}.py"
    yield os.path.join(path, "__init__.py")


def _folders(folder: str, level: int) -> Iterator[str]:
    """Where an import looks: in the package it names by its dots, or beside the file and in the folders above."""
    if level:
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        yield folder
        return
    yield folder
    while folder and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        yield folder


#: What only programs that build graphs have; where none of the files that import each other has it, each is by itself.
_GRAPHS = re.compile(
    rb"Session|placeholder|get_variable|variable_scope|\bcontrib\b|compat\.v1|variables_initializer|tf_slim|Supervisor"
    rb"|\btf\.(?:app|layers|log|train\.\w+Optimizer)\b"
)
#: An import, in a script or in the JSON of a notebook.
_IMPORT = re.compile(rb"\bfrom[ \t]+(\.*[\w.]*)[ \t]+import\b[ \t(]*([\w \t,.]*)|\bimport[ \t]+([\w \t,.]+)")


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that import each other, and those beside them that are not to be written but belong to them."""

    names: tuple[str, ...]
    beside: tuple[str, ...] = ()


def units(contents: Mapping[str, bytes], named: Collection[str] = ()) -> list[Unit]:
    """The files, where those that build graphs and import each other stand together, in their order.

    `named` are those that were given by themselves: for them the files of their folders count as well.
    """
    beside = _beside(contents, named)
    known = {**contents, **beside}
    resolve = resolver(known)
    edges = {name: _imported(name, data, resolve) for name, data in known.items()}
    near = {name for name, data in known.items() if b"tensorflow" in data}
    todo = list(near)
    importers: dict[str, list[str]] = {}
    for name, imported in edges.items():
        for other in imported:
            importers.setdefault(other, []).append(name)
    for name in todo:  # which grows as it is read
        todo += [other for other in importers.get(name, ()) if other not in near]
        near.update(importers.get(name, ()))
    groups = {name: {name} for name in known}
    for name, imported in edges.items():
        for other in imported & near:
            if groups[other] is not groups[name]:
                groups[name] |= groups[other]
                groups |= dict.fromkeys(groups[name], groups[name])
    found, seen = [], set[int]()
    for name in contents:
        group = groups[name]
        if len(group) == 1 or not any(_GRAPHS.search(known[member]) for member in group):
            found.append(Unit((name,)))
        elif id(group) not in seen:
            seen.add(id(group))
            given = tuple(other for other in contents if other in group)
            found.append(Unit(given, tuple(sorted(group - set(given)))))
    return found


def _imported(name: str, data: bytes, resolve: Resolve) -> set[str]:
    """The files that one imports, as far as its bytes tell."""
    found = set()
    for match in _IMPORT.finditer(data):
        source, members, modules = (group.decode() if group else "" for group in match.groups())
        level = len(source) - len(source.lstrip("."))
        base = source[level:]
        names = [base, *(f"{base}.{_first(m)}".lstrip(".") for m in members.split(","))] if source else []
        for dotted in names or [_first(module) for module in modules.split(",")]:
            if (dotted or level) and (other := resolve(name, dotted.strip("."), level)) is not None:
                found.add(other)
    return found


def _first(text: str) -> str:
    """The first word: without what an import calls it."""
    return text.split()[0] if text.split() else ""


def _beside(contents: Mapping[str, bytes], named: Collection[str]) -> dict[str, bytes]:
    """The other files in the folders of those that were named."""
    known = {os.path.realpath(name) for name in contents}
    found: dict[str, bytes] = {}
    for folder in sorted({os.path.dirname(name) for name in named if name in contents}):
        with suppress(OSError):
            for entry in sorted(os.listdir(folder or ".")):
                path = os.path.join(folder, entry)
                if entry.endswith(SUFFIXES) and os.path.realpath(path) not in known:
                    with suppress(OSError), open(path, "rb") as file:
                        found[path] = file.read()
    return found
