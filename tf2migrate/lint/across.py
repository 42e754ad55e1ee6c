"""What the files of a tree tell of each other: which functions of one the traced code of another calls.

A file is looked at by itself (`summary_of`), and what all say is put together here (`Tree.told`): what comes of it for
a file is a part of its options, so that its findings depend on nothing but its text and them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import commonpath, dirname, join, normpath

from tf2migrate.facts.program import Program
from tf2migrate.lint import gates
from tf2migrate.lint.traced import TRACED_METHODS, Told, Traced, traced_of
from tf2migrate.lint.view import AnyFunction

_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+(\.*)(\w*)[\w.]*[ \t]+import|import[ \t]+([\w., \t]+))", re.MULTILINE)

#: What no program of TensorFlow 2 says: its lints are silent, and so is it.
_OF_TF1 = re.compile(r"\bSession\(|\.placeholder\(|compat\.v1 as tf\b|disable_v2_behavior|tf\.contrib")

#: How far a name is followed from file to file.
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """What one file says of itself to the others. Names of other files are dotted, as it imports them.

    `traced` is what its traced code calls in other files; `calls` the same of each function and method, whether or not
    anything traces it; a name behind `~` is reached past what AutoGraph converts. `imports` are the names that it has
    from other files, `bases` what each of its classes inherits from, `kinds` what they are of Keras.
    """

    traced: Sequence[str] = ()
    calls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


def may_tell(text: str, names: frozenset[str]) -> bool:
    """Whether a file may trace something and import one of a tree, which has modules and folders of these names."""
    if "tensorflow" not in text and "keras" not in text:
        return False
    imported = (m for m in _IMPORTS.finditer(text))
    local = any(m[1] or m[2] in names or (m[3] and not names.isdisjoint(re.split(r"\W+", m[3]))) for m in imported)
    return local and gates.traces(text) and _OF_TF1.search(text) is None


def summary_of(text: str) -> Summary:
    """What a file says of itself. Raises `SyntaxError` when its text is not Python 3."""
    program = Program(text)
    traced = traced_of(program)
    view = traced.view
    classes = [node for node in program.tree.body if isinstance(node, ast.ClassDef)]
    return Summary(
        tuple(sorted(path if converted else f"~{path}" for path, converted in traced.elsewhere.items())),
        {name: tuple(sorted(_reached(traced, function))) for name, function in view.top.items()},
        dict(_imports(program)),
        {cls.name: tuple(view.path(b) or ast.unparse(b) for b in cls.bases) for cls in classes},
        {cls.name: kind for cls in classes if (kind := traced.keras_kind(cls))},
    )


def _reached(traced: Traced, function: AnyFunction) -> set[str]:
    """What a function calls in other files, itself or through functions of its own file."""
    found: set[str] = set()
    pending, seen = [(function, True)], {id(function)}
    while pending:
        here, converted = pending.pop()
        converted = converted and not traced.unconverted(here)
        for node in traced.view.own(here):
            if isinstance(node, ast.Call) and not traced.runs_eagerly(node):
                found.update(path if converted else f"~{path}" for path in traced.reached_elsewhere(node))
                for target in traced.targets(node):
                    if id(target) not in seen:
                        seen.add(id(target))
                        pending.append((target, converted))
    return found


def _imports(program: Program) -> Iterator[tuple[str, str]]:
    for node in program.names.imports:
        for alias in node.names:
            if isinstance(node, ast.Import):
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
            else:
                module = f"{'.' * node.level}{node.module + '.' if node.module else ''}"
                yield alias.asname or alias.name, f"{module}{alias.name}"


class Tree:
    """Files that import each other, by their paths. `look` gives the summary of one; None where it has none."""

    def __init__(self, paths: Iterable[str], look: Callable[[str], Summary | None]) -> None:
        self._files = {normpath(path): path for path in paths}
        self._top = commonpath([dirname(path) for path in self._files]) if self._files else ""
        self._look = look
        self._summaries: dict[str, Summary] = {}
        self._modules: dict[tuple[str, str], tuple[str, tuple[str, ...]] | None] = {}

    def told(self, tellers: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """What the others tell of each file, beginning with what the tellers trace."""
        found: dict[str, dict[str, Told]] = {}
        pending: list[tuple[str, str]] = []
        for path in tellers:
            summary = self._summary(path)
            pending += [(path, dotted) for dotted in summary.traced]
            for name in summary.bases:
                kind = "" if name in summary.kinds else self._kind(path, name)
                if kind in TRACED_METHODS:
                    found.setdefault(path, {})[f"{kind}={name}"] = Told(name, True, kind)
                    for method in TRACED_METHODS[kind]:
                        own = summary.calls.get(f"{name}.{method}", ())
                        pending += [(path, f"~{dotted.removeprefix('~')}") for dotted in own]
        while pending:
            path, dotted = pending.pop()
            told = Told.of(dotted)
            place = self._place(path, told.name)
            if place is None:
                continue
            file, name = place
            known = found.setdefault(file, {}).get(name)
            if known is None or (told.converted and not known.converted):
                found[file][name] = Told(name, told.converted)
                inner = self._summary(file).calls[name]
                pending += [(file, each if told.converted else f"~{each.removeprefix('~')}") for each in inner]
        return {self._files[path]: tuple(sorted(map(str, each.values()))) for path, each in found.items()}

    def _summary(self, path: str) -> Summary:
        path = normpath(path)
        if path not in self._summaries:
            self._summaries[path] = self._look(self._files[path]) or Summary()
        return self._summaries[path]

    def _place(self, path: str, dotted: str, depth: int = _DEPTH) -> tuple[str, str] | None:
        """The file and the name in it of a function that a file calls by a dotted name."""
        found = self._module(path, dotted)
        if found is None or not depth:
            return None
        file, rest = found
        summary = self._summary(file)
        name = ".".join(rest)
        if name in summary.calls:
            return file, name
        if rest and rest[0] in summary.bases:  # a method that the class inherits
            for base in summary.bases[rest[0]] if len(rest) == 2 else ():
                place = self._place(file, f"{base}.{rest[1]}", depth - 1) or self._local(file, base, rest[1], depth - 1)
                if place is not None:
                    return place
        elif rest and rest[0] in summary.imports:
            return self._place(file, ".".join([summary.imports[rest[0]], *rest[1:]]), depth - 1)
        return None

    def _local(self, file: str, cls: str, method: str, depth: int) -> tuple[str, str] | None:
        summary = self._summary(file)
        if f"{cls}.{method}" in summary.calls:
            return file, f"{cls}.{method}"
        for base in summary.bases.get(cls, ()) if depth else ():
            place = self._place(file, f"{base}.{method}", depth - 1) or self._local(file, base, method, depth - 1)
            if place is not None:
                return place
        return None

    def _kind(self, file: str, cls: str, depth: int = _DEPTH) -> str:
        """What a class is of Keras by what it inherits from other files."""
        summary = self._summary(file)
        if cls in summary.kinds or not depth:
            return summary.kinds.get(cls, "")
        for base in summary.bases.get(cls, ()):
            place = self._class(file, base, depth - 1)
            kind = self._kind(*place, depth - 1) if place is not None else ""
            if kind:
                return kind
        return ""

    def _class(self, path: str, dotted: str, depth: int) -> tuple[str, str] | None:
        if dotted in self._summary(path).bases:
            return path, dotted
        found = self._module(path, dotted)
        if found is None or not depth or not found[1]:
            return None
        file, (first, *rest) = found
        summary = self._summary(file)
        if first in summary.bases and not rest:
            return file, first
        into = summary.imports.get(first)
        return self._class(file, ".".join([into, *rest]), depth - 1) if into is not None else None

    def _module(self, path: str, dotted: str) -> tuple[str, tuple[str, ...]] | None:
        """The file that a dotted name of a file leads to, and what is left of the name."""
        folder = dirname(path)
        key = (folder, dotted)
        if key not in self._modules:
            name = dotted.lstrip(".")
            level = len(dotted) - len(name)
            parts = tuple(name.split("."))
            if level:
                for _ in range(level - 1):
                    folder = dirname(folder)
                self._modules[key] = self._below(folder, parts)
            else:
                places = (self._below(root, parts) for root in self._roots(folder))
                self._modules[key] = next(filter(None, places), None)
        return self._modules[key]

    def _below(self, root: str, parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        for count in range(len(parts), 0, -1):
            stem = join(root, *parts[:count])
            for file in (f"{stem}.py", join(stem, "__init__.py")):
                if file in self._files:
                    return file, parts[count:]
        return None

    def _roots(self, folder: str) -> Iterator[str]:
        """Where a name that is imported may begin: above the package of a file, beside it, and further up."""
        above = folder
        while join(above, "__init__.py") in self._files:
            above = dirname(above)
        yield above
        if above != folder:
            yield folder
        while above not in (self._top, dirname(above)):
            above = dirname(above)
            yield above
