"""A file as a module of its tree: the names that it has, and those that it takes from other files of the tree."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import is_main
from tf2migrate.model import Edit, Span

#: Which file an import leads to: the importing file, the dotted path, and how many dots stand before it.
Resolve = Callable[[str, str, int], str | None]

LocalImport = ast.Import | ast.ImportFrom


class NotFollowed(ValueError):
    """Why an import cannot be followed, and the place that says so."""

    def __init__(self, module: Module, node: ast.stmt | ast.expr, why: str, target: str = "") -> None:
        super().__init__(why)
        self.module, self.node, self.target = module, node, target


def is_package(path: str) -> bool:
    """Whether a file is what a package is when it is imported."""
    return os.path.basename(path) == "__init__.py"


@dataclass(eq=False)
class Module:
    """One file. Names are those of its own module level, without what it imports."""

    path: str
    program: Program
    number: int
    modules: dict[str, str] = field(default_factory=dict)  # a dotted expression, and the file that it stands for
    members: dict[str, tuple[str, str]] = field(default_factory=dict)  # a name, and of which file it is which name
    stars: list[str] = field(default_factory=list)  # the files all of whose names are taken
    inner: list[tuple[str, LocalImport]] = field(default_factory=list)  # imports that do not stand at module level
    hidden: dict[str, tuple[str, str]] = field(default_factory=dict)  # modules that may be names of their package

    @classmethod
    def of(cls, path: str, program: Program, number: int, resolve: Resolve) -> Module:
        """A module with its imports of other files resolved."""
        module = cls(path, program, number)
        top = {id(statement) for statement in program.tree.body}
        for node in program.names.imports:
            for alias in node.names:
                module._take(node, alias, resolve, id(node) in top)
        return module

    def _take(self, node: LocalImport, alias: ast.alias, resolve: Resolve, at_top: bool) -> None:
        if isinstance(node, ast.Import):
            found = resolve(self.path, alias.name, 0)
            if found is not None and at_top:
                self.modules[alias.asname or alias.name] = found
        else:
            base = node.module or ""
            inside = resolve(self.path, f"{base}.{alias.name}".lstrip("."), node.level) if alias.name != "*" else None
            found = inside or resolve(self.path, base, node.level)
            if found is not None and at_top:
                if inside is not None:
                    self.modules[alias.asname or alias.name] = found
                    if (package := resolve(self.path, base, node.level)) is not None and is_package(package):
                        self.hidden[alias.asname or alias.name] = package, alias.name
                elif alias.name == "*":
                    self.stars.append(found)
                else:
                    self.members[alias.asname or alias.name] = found, alias.name
        if found is not None and not at_top:
            self.inner.append((found, node))

    def settle(self, others: Mapping[str, Module]) -> None:
        """What a package binds to something else than its module of that name is this; nothing was asked before."""
        for name, (package, origin) in self.hidden.items():
            if package in others and (origin in others[package].members or origin in others[package].names):
                del self.modules[name]
                self.members[name] = package, origin

    @cached_property
    def imported(self) -> list[str]:
        """The files that are imported, in the order of the text; to be asked for once the module is whole."""
        members = [path for path, _ in self.members.values()]
        return list(dict.fromkeys([*self.modules.values(), *members, *self.stars, *(p for p, _ in self.inner)]))

    def taken_by(self, node: ast.stmt) -> list[str]:
        """The files that a statement of module level imports."""
        found = []
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            name = alias.asname or alias.name
            if name in self.modules:
                found.append(self.modules[name])
            elif name in self.members:
                found.append(self.members[name][0])
            elif name == "*":
                found += self.stars
        return found

    def acts(self, node: ast.stmt) -> bool:
        """Whether a statement of module level makes something of TensorFlow when it happens."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            return False
        inside = {id(n) for n in ast.walk(node)}
        return not self.is_main(node) and any(id(use) in inside for use, _ in self.program.uses)

    @cached_property
    def foreign(self) -> Mapping[str, str]:
        """The names that are imported at module level from elsewhere, with where they come from (also `a or b`)."""
        own = {id(node) for _, node in self.inner}
        found: dict[str, set[str]] = {}
        for node in _at_module_level(self.program.tree.body):
            for alias in node.names if id(node) not in own else ():
                name = alias.asname or alias.name
                if name in self.modules or name in self.members or name == "*":
                    continue
                if isinstance(node, ast.Import):
                    first = name.split(".")[0]
                    found.setdefault(first, set()).add(alias.name if alias.asname else first)
                else:
                    found.setdefault(name, set()).add(f"{node.module}.{alias.name}")
        return {name: " or ".join(sorted(paths)) for name, paths in found.items()}

    @cached_property
    def nested(self) -> frozenset[str]:
        """The names that are imported in `try` and `if` at module level."""
        top = {id(node) for node in self.program.tree.body}
        inside = [node for node in _at_module_level(self.program.tree.body) if id(node) not in top]
        return frozenset(alias.asname or alias.name.split(".")[0] for node in inside for alias in node.names)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the file itself binds at module level, by anything but an import of the tree or of others."""
        taken = {*self.foreign, *self.members, *self.modules, *(name.split(".")[0] for name in self.modules)}
        return frozenset(self.program.names.module_level - taken - {"*"})

    @cached_property
    def changed(self) -> frozenset[str]:
        """The names that functions bind anew: a copy of what they mean is another thing."""
        return frozenset(name for n in self.program.each(ast.Global) for name in n.names)

    def bindings(self) -> Iterator[str]:
        """The names that module level binds, once for each statement that does."""
        for name in self.program.names.mentions:
            if not isinstance(name.ctx, ast.Load) and self.program.names.is_global(name):
                yield name.id
        for node in self.program.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name

    @cached_property
    def listed(self) -> frozenset[str]:
        """What `__all__` names."""
        for node in self.program.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=named) | ast.Tuple(elts=named)):
                    return frozenset(str(e.value) for e in named if isinstance(e, ast.Constant))
        return frozenset()

    @property
    def exported(self) -> frozenset[str]:
        """What is there for others though the file itself does not read it."""
        return self.public if is_package(self.path) else self.listed

    @cached_property
    def public(self) -> frozenset[str]:
        """What `import *` takes of a file."""
        every = {*self.names, *self.foreign, *self.members, *self.modules}
        return self.listed or frozenset(name for name in every if not name.startswith("_"))

    def defined_at(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
        """Where the name of a definition stands."""
        start = self.program.offset(node.lineno, node.col_offset)
        match = re.compile(r"(?:async\s+)?(?:def|class)\s+").match(self.program.text, start)
        assert match is not None
        return Span(match.end(), match.end() + len(node.name))

    def is_main(self, node: ast.stmt) -> bool:
        """Whether a statement is for when the file itself is run."""
        return is_main(node) and isinstance(node, ast.If) and not node.orelse


def _at_module_level(body: Sequence[ast.stmt]) -> Iterator[LocalImport]:
    """The imports of module level, also those in `try` and `if` there."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for part in (node, *getattr(node, "handlers", ())):
                for block in ("body", "orelse", "finalbody"):
                    yield from _at_module_level(getattr(part, block, ()))


def renamed(module: Module, global_names: Mapping[str, str], without: set[int]) -> list[Edit]:
    """The edits that give names of module level others, wherever they stand but in some top-level statements."""
    program, edits = module.program, []
    hidden = {id(n) for s in program.tree.body if id(s) in without for n in ast.walk(s)}
    for name in program.names.mentions:
        if name.id in global_names and id(name) not in hidden and program.names.is_global(name):
            span = program.span(name)
            if program.text[span.start : span.end] != name.id:
                raise NotFollowed(module, name, "it is read in a string")
            edits.append(Edit(span, global_names[name.id]))
    for node in program.nodes:
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Global):
            span = program.span(node)
            for match in re.finditer(r"\w+", program.text[span.start + len("global") : span.end]):
                if match[0] in global_names:
                    at = span.start + len("global") + match.start()
                    edits.append(Edit(Span(at, at + len(match[0])), global_names[match[0]]))
    for node in program.tree.body:
        if id(node) in without or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name in global_names:
            edits.append(Edit(module.defined_at(node), global_names[node.name]))
    return edits
