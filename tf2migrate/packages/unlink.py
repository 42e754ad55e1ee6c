"""A later form of a linked program, back in its files, in each file's own words."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tf2migrate.apply import apply
from tf2migrate.facts.marks import MARKED, plain
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Span
from tf2migrate.packages.link import Linked, Part, origins
from tf2migrate.packages.modules import Module, NotFollowed, is_package


@dataclass(slots=True)
class Rewritten:
    """What a module becomes: its live segments by number, and the names that it must import from others now."""

    segments: dict[int, str]
    wanted: dict[str, set[str]] = field(default_factory=dict)


def unlink(linked: Linked, after: str, cuts: Sequence[int]) -> dict[str, Rewritten]:
    """What each module becomes. Raises `NotFollowed` where its file could not say it."""
    modules = {part.module.number: part.module for part in linked.parts}
    bounds = [0, *cuts, len(after)]
    forms: list[tuple[Part, Program, list[int]]] = []
    first = 0
    for part in linked.parts:
        own = bounds[first : first + len(part.starts) + 1]
        first += len(part.starts)
        forms.append((part, Program(after[own[0] : own[-1]]), [cut - own[0] for cut in own]))
    homes = {name: part.module for part, program, _ in forms for name in _bound(program)}
    results = {part.module.path: Rewritten({}) for part in linked.parts}
    for part, program, own in forms:
        _module(linked, part, program, own, modules, homes, results)
    return results


def _bound(program: Program) -> Iterator[str]:
    """The names without a mark that a file binds at module level, by anything but an import."""
    for name in program.names.mentions:
        if isinstance(name.ctx, ast.Store) and program.names.is_global(name):
            yield name.id
    for node in program.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _module(
    linked: Linked,
    part: Part,
    program: Program,
    bounds: Sequence[int],
    modules: Mapping[int, Module],
    homes: Mapping[str, Module],
    results: Mapping[str, Rewritten],
) -> None:
    module = part.module
    by_path = {m.path: m for m in modules.values()}
    here = program.names.module_level
    known = {target: name for name, target in origins(module, by_path).items()}
    edits = []
    for name in program.names.mentions:
        match = MARKED.fullmatch(name.id)
        home = modules[int(match[2])] if match is not None else homes.get(name.id, module)
        if home is module or not program.names.is_global(name) or (match is None and name.id in here):
            continue
        if not isinstance(name.ctx, ast.Load):
            raise NotFollowed(module, module.program.tree.body[0], f"{plain(name.id)} would be bound in another file")
        spelled = known.get(name.id) or _spelled(module, home, plain(name.id), by_path, results)
        edits.append(Edit(program.span(name), spelled))
    changed, moved = apply(program.text, edits, bounds[1:-1])
    _check_scopes(module, program, Program(plain(changed)))
    pieces = [changed[start:end] for start, end in pairwise([0, *moved, len(changed)])]
    results[module.path].segments = {index: linked.unmasked(plain(pieces[index])) for index in part.live}


def _spelled(
    module: Module, home: Module, name: str, by_path: Mapping[str, Module], results: Mapping[str, Rewritten]
) -> str:
    """How a module reads a name of another that it has not read before; packages on the way hand it on."""
    read = [*((path, f"{dotted}.") for dotted, path in module.modules.items())]
    read += [(path, "") for path, _ in module.members.values()]
    for path, prefix in read:
        way = _way(path, home, name, by_path)
        if way is not None:
            for importer, imported in pairwise([*([module] if not prefix else []), *way]):
                if imported.path not in importer.stars:
                    results[importer.path].wanted.setdefault(imported.path, set()).add(name)
            return f"{prefix}{name}"
    if home.path in module.stars and not name.startswith("_"):
        return name
    why = f"it would have to import {name}"
    raise NotFollowed(module, module.program.tree.body[0], why, home.path)


def _way(path: str, home: Module, name: str, by_path: Mapping[str, Module]) -> list[Module] | None:
    """The files from one that is imported to the one that has a name, each of which takes names of the next."""
    if path == home.path:
        return [home]
    package = by_path.get(path)
    if package is None or not is_package(path):
        return None
    handed = [origin for origin, _ in package.members.values()]
    for onward in dict.fromkeys([*handed, *(() if name.startswith("_") else package.stars)]):
        if (way := _way(onward, home, name, by_path)) is not None:
            return [package, *way]
    return None


def _check_scopes(module: Module, before: Program, after: Program) -> None:
    """Without its marks, every name still belongs to the scope that it belonged to."""
    pairs = list(zip(before.names.mentions, after.names.mentions, strict=True))
    marked = {id(old) for old, new in pairs if MARKED.fullmatch(old.id) or new.id != old.id}
    others = {dotted.split(".")[0] for dotted in module.modules}
    ours: dict[str, str] = {}
    for old, new in pairs:
        is_global = before.names.is_global(old)
        mixed = after.names.is_global(new) != is_global
        if is_global and id(old) in marked and new.id not in others:
            mixed = mixed or ours.setdefault(new.id, old.id) != old.id
        elif is_global and new.id in others:
            mixed = mixed or not isinstance(new.ctx, ast.Load)
        if mixed:
            raise NotFollowed(module, module.program.tree.body[0], f"{plain(old.id)} would get a second meaning")
    if twice := sorted(n.id for n, _ in pairs if id(n) not in marked and before.names.is_global(n) and n.id in ours):
        raise NotFollowed(module, module.program.tree.body[0], f"{twice[0]} would get a second meaning")


def with_imports(
    module: Module, text: str, cuts: Sequence[int], wanted: Mapping[str, set[str]], bound: Mapping[str, set[str]]
) -> tuple[str, tuple[int, ...]]:
    """A module's later form with its imports of other files as they must be; `bound` are the names that those have."""
    program = Program(text)
    read = {name.id for name in program.names.mentions if isinstance(name.ctx, ast.Load)}
    read -= {name.id for name in program.names.mentions if isinstance(name.ctx, ast.Store)}
    read |= module.members.keys() & module.exported
    if lost := sorted(module.listed - program.names.module_level):
        raise NotFollowed(
            module, module.program.tree.body[0], f"{lost[0]}, which `__all__` names, becomes something else"
        )
    edits = []
    left = {path: set(names) for path, names in wanted.items()}
    for node in program.tree.body:
        if not isinstance(node, ast.ImportFrom) or any(a.name == "*" for a in node.names):
            continue
        paths = {module.members[a.asname or a.name][0] for a in node.names if (a.asname or a.name) in module.members}
        if len(paths) != 1 or next(iter(paths)) not in bound:
            continue
        path = paths.pop()
        kept = [alias for alias in node.names if alias.name in bound[path] or (alias.asname or alias.name) in read]
        replaced = is_package(module.path) and path in left  # by what those read that import it from the package
        gone = [alias for alias in kept if alias.name not in bound[path]]
        if replaced:
            kept = [alias for alias in kept if alias not in gone]
            gone = [alias for alias in gone if (alias.asname or alias.name) in module.listed]
        if gone:
            raise NotFollowed(module, node, f"{gone[0].name} becomes something else in the file that has it", path)
        added = sorted(left.pop(path, set()) - {alias.name for alias in kept if alias.asname is None})
        if added or len(kept) != len(node.names):
            edits.append(_edit(program, node, kept, added))
    if missing := [name for names in left.values() for name in names]:
        raise NotFollowed(module, module.program.tree.body[0], f"it would have to import {missing[0]}")
    return apply(text, edits, cuts)


def _edit(program: Program, node: ast.ImportFrom, kept: Sequence[ast.alias], added: Sequence[str]) -> Edit:
    """The names of an import anew; one that is left without names goes, with its line."""
    names = [program.segment(alias) for alias in kept] + list(added)
    if names:
        first, last = program.span(node.names[0]), program.span(node.names[-1])
        if len(kept) == len(node.names):
            return Edit(Span(last.end, last.end), "".join(f", {name}" for name in added))
        return Edit(Span(first.start, last.end), ", ".join(names))
    span = program.span(node)
    alone = program.text[span.end : span.end + 1] == "\n" and program.text[: span.start].endswith(("\n", ""))
    return Edit(Span(span.start, span.end + alone), "" if alone else "pass")
