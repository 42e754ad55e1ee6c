"""Which files of a tree import each other."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.contents import contents as bytes_of
from tf2migrate.files import SUFFIXES

if TYPE_CHECKING:
    from tf2migrate.packages.modules import Resolve


def resolver(names: Collection[str]) -> Resolve:
    """What finds the file that an import leads to, among some files."""
    known = {
        _module(os.path.normpath(name)): name for name in sorted(names, reverse=True)
    }  # a module hides its package
    above: dict[str, list[str]] = {}

    def resolve(importer: str, dotted: str, level: int) -> str | None:
        folder = os.path.dirname(importer)
        if folder not in above:
            above[folder] = list(_upwards(os.path.normpath(folder) if folder else ""))
        folders = above[folder][level - 1 : level] if level else above[folder]
        inside = dotted.replace(".", os.sep)
        for each in folders:
            found = known.get(f"{each}{inside}" if inside else each.rstrip(os.sep))
            if found is not None and found != importer:
                return found
        return None

    return resolve


def _module(path: str) -> str:
    """A file's path as an import has it: without its suffix, and a package by its folder."""
    stem = path.removesuffix(".py")
    return os.path.dirname(path) if stem.endswith("__init__") else stem


def _upwards(folder: str) -> Iterator[str]:
    """A folder and those above it, each with its separator: where imports look."""
    while folder and folder != os.sep:
        yield folder + os.sep
        folder = os.path.dirname(folder)
    yield folder


#: What only programs that build graphs have; where none of the files that import each other has it, each is by itself.
_GRAPHS = re.compile(
    rb"Session|placeholder|get_variable|variable_scope|\bcontrib\b|compat\.v1|variables_initializer|tf_slim|Supervisor"
    rb"|\btf\.(?:app|layers|log|train\.\w+Optimizer)\b"
)
#: An import in a script, or in the JSON of a notebook: what is imported, and what stands before that in the line.
_IMPORT = re.compile(rb"import\b[ \t(]*([\w \t,.]*)")
_FROM = re.compile(rb"\s*(?:from[ \t]+(\.*[\w.]*)[ \t]+)?")


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
    every = (*contents, *beside)
    resolve = resolver(every)
    stems = _stems(every)
    edges: dict[str, set[str]] = {}
    near, building = set[str](), set[str]()  # those that speak of TensorFlow, and those that build graphs
    for name in every:
        data = contents[name] if name in contents else _read(name)  # each is looked at once, and let go
        edges[name] = _imported(name, data, resolve, stems)
        near |= {name} if b"tensorflow" in data else set()
        building |= {name} if _GRAPHS.search(data) else set()
    todo = list(near)
    importers: dict[str, list[str]] = {}
    for name, imported in edges.items():
        for other in imported:
            importers.setdefault(other, []).append(name)
    for name in todo:  # which grows as it is read
        todo += [other for other in importers.get(name, ()) if other not in near]
        near.update(importers.get(name, ()))
    groups = _joined({name: imported & near for name, imported in edges.items()})
    order = {name: number for number, name in enumerate(contents)}
    apart = {id(g) for g in {id(g): g for g in groups.values()}.values() if len(g) == 1 or g.isdisjoint(building)}
    found, seen = [], set[int]()
    for name in contents:
        group = groups[name]
        if id(group) in apart:
            found.append(Unit((name,)))
            continue
        if id(group) in seen:
            continue
        seen.add(id(group))
        given = sorted((other for other in group if other in order), key=order.__getitem__)
        found.append(Unit(tuple(given), tuple(sorted(group - set(given)))))
    return found


def _joined(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """For each file those that it is joined with, by imports in either direction."""
    groups = {name: {name} for name in edges}
    for name, imported in edges.items():
        for other in imported:
            small, large = sorted((groups[name], groups[other]), key=len)
            if small is not large:
                large |= small
                for member in small:
                    groups[member] = large
    return groups


def _imported(name: str, data: bytes, resolve: Resolve, stems: Set[str]) -> set[str]:
    """The files that one imports, as far as its bytes tell."""
    found: set[str] = set()
    for match in _IMPORT.finditer(data):
        line = data[max(0, match.start() - 200) : match.start()]
        before = _FROM.fullmatch(line, max(line.rfind(b"\n"), line.rfind(b'"'), line.rfind(b";")) + 1)
        if before is None:
            continue
        source, imported = (before[1] or b"").decode(), [_first(each) for each in match[1].decode().split(",")]
        level = len(source) - len(source.lstrip("."))
        base = source[level:]
        for dotted in [base, *(f"{base}.{each}".lstrip(".") for each in imported)] if source else imported:
            parts = dotted.strip(".").split(".")
            if level or not stems.isdisjoint(parts):
                other = resolve(name, ".".join(parts), level)
                found.update(() if other is None else (other,))
    return found


def _stems(names: Collection[str]) -> set[str]:
    """What the files, and the packages that they stand in, are called where they are imported."""
    found = {os.path.splitext(os.path.basename(name))[0] for name in names}
    return found | {os.path.basename(os.path.dirname(name)) for name in names}


def _first(text: str) -> str:
    """The first word: without what an import calls it."""
    return text.split()[0] if text.split() else ""


def _beside(contents: Mapping[str, bytes], named: Collection[str]) -> list[str]:
    """The other files in the folders of those that were named; pipes and devices, which have no end, are none."""
    folders = sorted({os.path.dirname(name) for name in named if name in contents})
    known = {os.path.realpath(name) for name in contents} if folders else set()
    found: list[str] = []
    for folder in folders:
        with suppress(OSError):
            for entry in sorted(os.listdir(folder or ".")):
                path = os.path.join(folder, entry)
                if entry.endswith(SUFFIXES) and os.path.isfile(path) and os.path.realpath(path) not in known:
                    found.append(path)
    return found


def _read(path: str) -> bytes:
    """What a file holds; nothing where it cannot be read."""
    with suppress(OSError):
        return bytes_of(path)
    return b""
