"""Several files as one program, and its later form back in the files.

The modules stand before what imports them. Names of a module's own are marked with its number, so that those of
different files stay apart; what is read of another module (`model.inference`, or `inference` after `from model import
inference`) is the marked name itself. What does not happen when a file is imported, and what no other file asks for, is
a string of as many lines: the rest of the program is as it would be in one file.
"""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tf2migrate.apply import apply
from tf2migrate.facts.marks import MARK, marked, plain
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.symbols import SESSIONS
from tf2migrate.model import Edit, Span
from tf2migrate.packages import lent
from tf2migrate.packages.modules import Module, NotFollowed, renamed
from tf2migrate.selfcheck import unbound

_MASK = re.compile(rf'"""{MARK}(\d+)\n*"""')


@dataclass(frozen=True, slots=True)
class Part:
    """A module in the linked program: where it stands there, the edits that made it so, and its segments."""

    module: Module
    start: int
    end: int
    edits: tuple[Edit, ...]
    starts: tuple[int, ...]  # in the module: where its segments begin, the first at 0
    live: frozenset[int]  # the segments that have something of the program

    def original(self, offset: int) -> int:
        """The offset in the module's own text for one in the linked program."""
        at = offset - self.start
        delta = 0
        for edit in self.edits:
            if edit.span.start + delta >= at:
                break
            if at < edit.span.start + delta + len(edit.text):
                return edit.span.start
            delta += len(edit.text) - (edit.span.end - edit.span.start)
        return min(at - delta, len(self.module.program.text))


@dataclass(frozen=True, slots=True)
class Linked:
    """The one program, and the modules that it is made of."""

    program: Program
    parts: tuple[Part, ...]
    masks: tuple[str, ...]

    def place(self, line: int, column: int) -> tuple[Part, int, int]:
        """The module, line and column that a line and column of the linked program stand for."""
        offset = self.program.offset(line, 0) + column - 1
        part = self.parts[max(0, bisect.bisect_right([p.start for p in self.parts], offset) - 1)]
        return (part, *part.module.program.position(part.original(offset)))

    def unmasked(self, text: str) -> str:
        """A text with what was masked back in its place."""
        return _MASK.sub(lambda match: self.masks[int(match[1])], text)


def link(modules: Sequence[Module], given: frozenset[tuple[str, str]] = frozenset()) -> Linked:
    """The modules as one program; the last is the one that is run. Raises `NotFollowed`.

    `given` are the parameters of their functions that other programs give tensors of runs.
    """
    by_path = {module.path: module for module in modules}
    _check_order(modules)
    targets = {module.path: origins(module, by_path) for module in modules}
    _check_foreign(modules, by_path)
    live = _live(modules, targets)
    _check_inner(modules, live)
    clashing = _clashing(modules)
    texts: list[str] = []
    parts: list[Part] = []
    masks: list[str] = []
    at, all_cuts = 0, list[int]()
    for module in modules:
        edits, gone = _edits(module, modules, targets[module.path], clashing[module.path], live[module.path], masks)
        starts = _starts(module.program, module.program.cuts)
        text, moved = apply(module.program.text, edits, starts[1:])
        if not text.endswith("\n"):
            text += "\n"
        parts.append(Part(module, at, at + len(text), tuple(sorted(edits)), starts, _segments(starts, gone)))
        all_cuts += [at, *(at + cut for cut in moved)]
        texts.append(text)
        at += len(text)
    try:
        borders = tuple(part.start for part in parts[1:])
        program = Program("".join(texts), tuple(all_cuts[1:]), None, borders, _reserved(modules, targets), given)
    except SyntaxError as error:
        raise NotFollowed(modules[-1], ast.Pass(lineno=1, col_offset=0), f"it cannot be joined: {error.msg}") from None
    _check_bound(program, modules)
    return Linked(program, tuple(parts), tuple(masks))


def _reserved(modules: Sequence[Module], targets: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """The names that other files have in a module, unless they are those that they have at home."""
    renamed_here = {n for module in modules for n, t in targets[module.path].items() if plain(t) != n}
    return frozenset({dotted.split(".")[0] for module in modules for dotted in module.modules} | renamed_here)


def _check_order(modules: Sequence[Module]) -> None:
    """What a module imports stands before it, and nothing of TensorFlow happens before the import does."""
    before: set[str] = set()
    paths = {module.path for module in modules}
    acting = {module.path for module in modules if any(module.acts(node) for node in module.program.tree.body)}
    for module in modules:
        if MARK in module.program.text:
            raise NotFollowed(module, module.program.tree.body[0], f"it has the letter {MARK} in it")
        if late := [path for path in module.imported if path in paths - before]:
            raise NotFollowed(
                module, module.program.tree.body[0], f"it imports {late[0]}, and is imported by it", late[0]
            )
        before.add(module.path)
        acted = False
        for node in module.program.tree.body:
            if acted and (found := [path for path in module.taken_by(node) if path in acting]):
                why = f"{found[0]} is imported after something of TensorFlow has happened, and does something itself"
                raise NotFollowed(module, node, why, found[0])
            acted = acted or module.acts(node)


def _check_inner(modules: Sequence[Module], live: Mapping[str, set[int]]) -> None:
    """Imports that take part stand at module level."""
    paths = {module.path for module in modules}
    for module in modules:
        alive = {id(n) for s in module.program.tree.body if id(s) in live[module.path] for n in ast.walk(s)}
        for path, node in module.inner:
            if path in paths and id(node) in alive:
                raise NotFollowed(module, node, "it is imported inside of something", path)


def _starts(program: Program, cuts: Sequence[int]) -> tuple[int, ...]:
    """Where a module can be cut: before each line that a statement of module level begins, and at its cells."""
    found = {0, *cuts}
    for before, statement in pairwise(program.tree.body):
        line = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        if (before.end_lineno or 0) < line:
            found.add(program.offset(line, 0))
    return tuple(sorted(found))


def _segments(starts: Sequence[int], gone: Sequence[Span]) -> frozenset[int]:
    """The segments in which not everything is gone."""
    dead = {bisect.bisect_right(starts, span.start) - 1 for span in gone}
    return frozenset(set(range(len(starts))) - dead)


def origins(module: Module, by_path: Mapping[str, Module]) -> dict[str, str]:
    """What the names that a module takes from others are called in the linked program."""
    found = {}
    mentioned = {name.id for name in module.program.names.mentions} | module.exported
    for name, (path, origin) in module.members.items():
        if path in by_path and (name in mentioned or origin in by_path[path].names):
            found[name] = _origin(module, by_path, path, origin)
    for path in module.stars:
        if path in by_path:
            for name in by_path[path].public & _held(by_path[path]):
                target = _origin(module, by_path, path, name)
                if name in module.names or name in module.foreign or found.get(name, target) != target:
                    node = module.program.tree.body[0]
                    raise NotFollowed(
                        module, node, f"an `import *` brings {name}, which is bound otherwise as well", path
                    )
                found[name] = target
    return {name: target for name, target in found.items() if target}


def _held(module: Module) -> set[str]:
    return {*module.names, *module.members}


def _origin(module: Module, by_path: Mapping[str, Module], path: str, name: str, copied: bool = True) -> str:
    """The marked name of what a module has under a name, itself or from another. Empty where that is foreign.

    `copied` where the name is bound to what it means when it is imported.
    """
    home, depth = by_path[path], 0
    while name not in home.names:
        if name in home.members and home.members[name][0] in by_path and depth < len(by_path):
            path, name = home.members[name]
            home, depth = by_path[path], depth + 1
            continue
        star = next((by_path[p] for p in home.stars if p in by_path and name in by_path[p].public), None)
        if star is not None and depth < len(by_path):
            home, depth = star, depth + 1
            continue
        if name in home.foreign:
            return ""
        raise NotFollowed(module, module.program.tree.body[0], f"it takes {name} from {path}, which has no such name")
    if copied and name in home.changed:
        node = module.program.tree.body[0]
        raise NotFollowed(module, node, f"{name} of {path} is bound anew by a function", path)
    return marked(name, home.number)


def _check_foreign(modules: Sequence[Module], by_path: Mapping[str, Module]) -> None:
    """Every module sees the same things under the names that it imports from outside of the tree."""
    root = modules[-1]
    for module in modules:
        taken_over = set(module.bindings()) & {*module.members, *(dotted.split(".")[0] for dotted in module.modules)}
        if taken_over:
            why = f"{min(taken_over)} is imported, and bound to something else as well"
            raise NotFollowed(module, module.program.tree.body[0], why)
        free = unbound(module.program)
        if untold := [name for name, text in lent.lent(module, by_path).items() if not text]:
            raise NotFollowed(module, module.program.tree.body[0], f"{untold[0]} comes from an `import *`")
        if module is not root and (taken := sorted(free & root.names)):
            raise NotFollowed(root, root.program.tree.body[0], f"{taken[0]} has another meaning in {module.path}")


def _clashing(modules: Sequence[Module]) -> dict[str, set[str]]:
    """For each module but the last: what it imports from elsewhere under a name that means another thing elsewhere."""
    root = modules[-1]
    meanings: dict[str, set[str]] = {name: {""} for name in root.names}
    for module in modules:
        for name, path in module.foreign.items():
            meanings.setdefault(name, set()).add(path)
    found: dict[str, set[str]] = {}
    for module in modules:
        mine = {name for name in module.foreign if len(meanings[name]) > 1}
        if bad := sorted(name for name in mine if lent.is_ours(module.foreign[name])):
            why = f"{bad[0]} is {module.foreign[bad[0]]} here, and something else in another file"
            raise NotFollowed(module, module.program.tree.body[0], why)
        found[module.path] = set() if module is root else mine
    return found


def _check_bound(program: Program, modules: Sequence[Module]) -> None:
    """What no module left unbound is bound in the linked program as well."""
    missing = {plain(name) for name in unbound(program)} - {name for m in modules for name in unbound(m.program)}
    if missing:
        raise NotFollowed(modules[-1], modules[-1].program.tree.body[0], f"what {min(missing)} is cannot be told")


def _uses(
    module: Module, nodes: Sequence[ast.AST], targets: Mapping[str, str], by_path: Mapping[str, Module]
) -> set[str]:
    """The marked names that some statements of a module read."""
    found: set[str] = set()
    inside = {id(n) for node in nodes for n in ast.walk(node)}
    for name in module.program.names.mentions:
        if id(name) in inside and module.program.names.is_global(name):
            if name.id in module.names:
                found.add(marked(name.id, module.number))
            elif name.id in targets:
                found.add(targets[name.id])
    for attribute, target in _attributes(module, by_path):
        if id(attribute) in inside:
            found.add(target)
    return found


def _attributes(module: Module, by_path: Mapping[str, Module]) -> Iterator[tuple[ast.Attribute, str]]:
    """What is read of other modules by their names (`model.inference`). Raises `NotFollowed`."""
    program = module.program
    for name in program.names.mentions:
        if not any(name.id == dotted.split(".")[0] for dotted in module.modules) or not program.names.is_global(name):
            continue
        node: ast.expr = name
        while (path := module.modules.get(ast.unparse(node))) is None:
            above = program.parents[id(node)]
            if not isinstance(above, ast.Attribute):
                break
            node = above
        if path is None:
            continue  # another module of the same package
        above = program.parents[id(node)]
        if path not in by_path:
            continue
        if not isinstance(above, ast.Attribute) or not isinstance(above.ctx, ast.Load):
            raise NotFollowed(module, name, "a module of the tree is handed on or changed as a whole", path)
        target = _origin(module, by_path, path, above.attr, False) if _has(by_path[path], above.attr, by_path) else ""
        if not target:
            raise NotFollowed(module, name, f"{ast.unparse(above)} is not bound by that file", path)
        yield above, target


def _has(module: Module, name: str, by_path: Mapping[str, Module]) -> bool:
    return name in _held(module) or any(p in by_path and name in by_path[p].public for p in module.stars)


def _live(modules: Sequence[Module], targets: Mapping[str, Mapping[str, str]]) -> dict[str, set[int]]:
    """The statements of module level that take part: all of the last module, and of the others what it asks for.

    So do functions of those that run sessions and that nothing calls, such as the trial of a model: they would stay of
    TensorFlow 1 where nobody looks at them.
    """
    by_path = {module.path: module for module in modules}
    live: dict[str, set[int]] = {}
    asked: set[str] = set()
    waiting: list[tuple[Module, ast.stmt]] = []
    for module in modules:
        live[module.path] = set()
        for node in module.program.tree.body:
            definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if module is not modules[-1] and (definition or module.is_main(node)):
                if definition:
                    waiting.append((module, node))
                if isinstance(node, ast.FunctionDef) and _is_trial(module.program, node):
                    asked.add(marked(node.name, module.number))
                continue
            live[module.path].add(id(node))
        nodes = [n for n in module.program.tree.body if id(n) in live[module.path]]
        asked |= _uses(module, nodes, targets[module.path], by_path)
    grew = True
    while grew:  # ends: each turn takes something from those that wait
        grew = False
        for module, node in list(waiting):
            if marked(getattr(node, "name", ""), module.number) in asked:
                waiting.remove((module, node))
                live[module.path].add(id(node))
                asked |= _uses(module, [node], targets[module.path], by_path)
                grew = True
    return live


def _is_trial(program: Program, node: ast.FunctionDef) -> bool:
    """Whether a function opens a session, and its file does not name it elsewhere."""
    called = (program.names.symbol(n.func) for n in walk(node) if isinstance(n, ast.Call))
    return any(s in SESSIONS for s in called) and all(n.id != node.name for n in program.names.mentions)


def _aliases(module: Module, clashing: set[str]) -> Iterator[Edit]:
    """The edits that give other names to what a module imports from elsewhere. Raises `NotFollowed`."""
    if several := sorted(clashing & (module.nested | set(module.bindings()))):
        raise NotFollowed(module, module.program.tree.body[0], f"{several[0]} has another meaning in another file")
    for node in module.program.tree.body:
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if (name := alias.asname or alias.name) in clashing:
                span = module.program.span(alias)
                yield Edit(span, f"{alias.name} as {marked(name, module.number)}")
            elif isinstance(node, ast.Import) and not alias.asname and name.split(".")[0] in clashing:
                raise NotFollowed(module, node, f"{name} has another meaning in another file")


def _edits(
    module: Module,
    modules: Sequence[Module],
    targets: Mapping[str, str],
    clashing: set[str],
    live: set[int],
    masks: list[str],
) -> tuple[list[Edit], list[Span]]:
    """The edits that make a module a part of the linked program, and where nothing of it is left."""
    by_path = {m.path: m for m in modules}
    program, last = module.program, module is modules[-1]
    without = {id(n) for n in program.tree.body if id(n) not in live}
    own = clashing if last else {*module.names, *clashing}
    edits = renamed(module, dict(targets) | {name: marked(name, module.number) for name in own}, without)
    edits += [*_aliases(module, clashing), *lent.edits(module, lent.lent(module, by_path))]
    hidden = {id(n) for s in program.tree.body if id(s) in without for n in ast.walk(s)}
    for attribute, target in _attributes(module, by_path):
        if id(attribute) not in hidden:
            span = program.span(attribute)
            if program.text[span.start : span.end] != ast.unparse(attribute):
                raise NotFollowed(module, attribute, "a module's name is written in an unusual way")
            edits.append(Edit(span, target))
    gone = [program.span(node) for node in program.tree.body if id(node) in without]
    future = [
        program.span(n)
        for n in program.tree.body
        if isinstance(n, ast.ImportFrom) and n.module == "__future__" and module is not modules[0]
    ]
    for span in [*gone, *future]:
        text = program.text[span.start : span.end]
        edits.append(Edit(span, f'"""{MARK}{len(masks)}' + "\n" * text.count("\n") + '"""'))
        masks.append(text)
    return edits, gone
