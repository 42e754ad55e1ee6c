"""Files that import each other, lifted together: each one that is run, with all that it imports, is one program."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tf2migrate.apply import apply
from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.marks import plain
from tf2migrate.facts.program import Program
from tf2migrate.lift import lift
from tf2migrate.lift.other_forms import other_forms
from tf2migrate.lines import moved
from tf2migrate.model import Edit, Finding, Options, Outcome, Span, Target
from tf2migrate.packages import lent
from tf2migrate.packages.link import Linked, Part, link
from tf2migrate.packages.modules import Module, NotFollowed, Resolve
from tf2migrate.packages.segments import joined
from tf2migrate.packages.unlink import Rewritten, unlink, with_imports

#: The lines of the largest program of several files that is followed.
LARGEST = 20_000


@dataclass(frozen=True, slots=True)
class View:
    """A file that is run, and the lines of each file that take part in it; None where that is not known."""

    root: str
    lines: Mapping[str, frozenset[int] | None]
    stopped: str = ""  # the file in which stands what keeps it from being lifted


@dataclass(slots=True)
class Together:
    """What comes of files that import each other: what lifting does in each, and who takes part in what."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    old: set[str] = field(default_factory=set)  # the files that are parts of programs of TensorFlow 1
    views: list[View] = field(default_factory=list)
    given: set[tuple[str, str]] = field(default_factory=set)  # the parameters of functions that runs give
    apart: bool = False  # whether programs need different forms of what they share


@dataclass(slots=True)
class _Merged:
    """What the programs that a file takes part in make of it."""

    segments: dict[int, str] = field(default_factory=dict)
    wanted: dict[str, set[str]] = field(default_factory=dict)
    starts: tuple[int, ...] = ()


class _Apart(NotFollowed):
    """Programs that need different forms of what they share."""


def lift_together(
    programs: Mapping[str, Program], options: Mapping[str, Options], resolve: Resolve, unread: Collection[str] = ()
) -> Together:
    """Every program that several of the files are, lifted; `unread` are those among them that are not looked into."""
    modules = {path: Module.of(path, program, n, resolve) for n, (path, program) in enumerate(programs.items(), 1)}
    for module in modules.values():
        module.settle(modules)
    old = {path for path, module in modules.items() if is_tf1(lent.with_imports(module, modules))}
    found, merged = _each(modules, options, unread, old, frozenset())
    if found.apart:  # what one program computes beforehand may be what another one's runs give
        found, merged = _each(modules, options, unread, old, frozenset(found.given))
    _finish(modules, merged, found)
    for path, module in modules.items():
        borrowed = lent.lent(module, modules)
        if borrowed and path in old and not found.outcomes.get(path, Outcome()).edits:
            why = f"{min(borrowed)} comes from an `import *`"
            _add(found, path, _finding(NotFollowed(module, module.program.tree.body[0], why)))
    return found


def _each(
    modules: Mapping[str, Module],
    options: Mapping[str, Options],
    unread: Collection[str],
    old: Set[str],
    given: frozenset[tuple[str, str]],
) -> tuple[Together, dict[str, _Merged]]:
    """What comes of each program; `given` are the parameters of functions that some program's runs give."""
    found, merged = Together(), dict[str, _Merged]()
    for root, members in _views(modules):
        wanted = options[root.path].target is Target.NATIVE
        if wanted and any(module.path in old for module in members):
            found.old |= {m.path for m in members if "tensorflow" in m.program.text or lent.lent(m, modules)}
            _follow(root, members, options[root.path], unread, found, merged, given)
    return found, merged


def _follow(
    root: Module,
    members: Sequence[Module],
    options: Options,
    unread: Collection[str],
    found: Together,
    merged: dict[str, _Merged],
    given: frozenset[tuple[str, str]],
) -> None:
    """Lifts one program, without the files that cannot be followed and have nothing of TensorFlow 1."""
    while True:  # ends: each turn has fewer files
        try:
            _check_size(root, members)
            _check_read(members, unread)
            _lift(root, members, options, found, merged, given)
            return
        except NotFollowed as stop:
            spared = [m for m in members if m.path == stop.target and m is not root and not is_tf1(m.program)]
            if not spared:
                found.views.append(View(root.path, dict.fromkeys(m.path for m in members), stop.module.path))
                found.apart |= isinstance(stop, _Apart)
                _add(found, stop.module.path, _finding(stop))
                return
            members = [m for m in members if m not in spared]


def _check_size(root: Module, members: Sequence[Module]) -> None:
    """One file of a large repository imports most of it, and each of its programs would be followed anew."""
    lines = sum(module.program.text.count("\n") + 1 for module in members)
    if lines > LARGEST:
        raise NotFollowed(root, root.program.tree.body[0], f"with all that it imports it has {lines} lines")


def _check_read(members: Sequence[Module], unread: Collection[str]) -> None:
    for module in members:
        for node in module.program.tree.body:
            if missing := [path for path in module.taken_by(node) if path in unread]:
                raise NotFollowed(module, node, f"{missing[0]} is not looked into")


def _views(modules: Mapping[str, Module]) -> Iterator[tuple[Module, list[Module]]]:
    """The files that are run, each with the files that it needs, in the order in which they are imported."""
    imported = {path for module in modules.values() for path in module.imported}
    wanted = _reaching(modules)
    reached: set[str] = set()
    for path, module in modules.items():
        runs = path not in imported or any(module.is_main(node) for node in module.program.tree.body)
        if runs:
            members = _ordered(module, modules, wanted)
            reached |= {m.path for m in members}
            if len(members) > 1 or path in imported or not modules.keys() >= set(module.imported):
                yield module, members
    for path, module in modules.items():  # those that import each other in a circle
        if path not in reached:
            members = _ordered(module, modules, wanted)
            reached |= {m.path for m in members}
            yield module, members


def _ordered(root: Module, modules: Mapping[str, Module], wanted: Collection[str]) -> list[Module]:
    """A file and those wanted that it imports, directly or not; each stands behind what it imports itself."""
    seen, found = {root.path}, list[Module]()
    pending = [(root, iter(root.imported))]
    while pending:
        module, imports = pending[-1]
        path = next((each for each in imports if each in wanted and each not in seen), None)
        if path is None:
            found.append(module)
            pending.pop()
        else:
            seen.add(path)
            pending.append((modules[path], iter(modules[path].imported)))
    return found


def _reaching(modules: Mapping[str, Module]) -> set[str]:
    """The files that have to do with TensorFlow, or import one that has, directly or not."""
    importers: dict[str, list[str]] = {}
    for path, module in modules.items():
        for other in module.imported:
            importers.setdefault(other, []).append(path)
    found = {path for path, module in modules.items() if "tensorflow" in module.program.text}
    todo = list(found)
    while todo:
        new = [path for path in importers.get(todo.pop(), ()) if path not in found]
        found.update(new)
        todo += new
    return found


def _lift(
    root: Module,
    members: Sequence[Module],
    options: Options,
    found: Together,
    merged: dict[str, _Merged],
    given: frozenset[tuple[str, str]],
) -> None:
    """Lifts one program, and notes what becomes of its files. Raises `NotFollowed`."""
    linked = link(members, given)
    program, outcome = _lifted(linked.program, options)
    found.given |= outcome.given
    stopped = ""
    for finding in moved(outcome.findings, program.text, linked.program.text):
        part, placed = _placed(linked, finding)
        _add(found, part.module.path, placed)
        stopped = part.module.path if finding.code.startswith("TFM9") else stopped
    if not stopped:
        after, cuts = apply(program.text, outcome.edits, program.cuts)
        for path, rewritten in unlink(linked, after, cuts).items():
            part = next(p for p in linked.parts if p.module.path == path)
            _merge(merged.setdefault(path, _Merged(starts=part.starts)), part, rewritten)
    named = {each for module in members for each in module.members.values()}
    lines = {part.module.path: _lines(part) | _defined(part.module, named) for part in linked.parts}
    found.views.append(View(root.path, lines, stopped))


def _lifted(program: Program, options: Options) -> tuple[Program, Outcome]:
    """A program, and what lifting makes of it: as it is, or in another form where that helps."""
    edits = other_forms(program, options).edits
    program = program.changed(edits) if edits else program
    return program, lift(program, options)


def _merge(into: _Merged, part: Part, rewritten: Rewritten) -> None:
    """Adds what one program makes of a file. Raises `_Apart` where another makes something else of it."""
    before = dict(into.segments)
    for index, text in rewritten.segments.items():
        if before.get(index, text) == text:
            into.segments[index] = text
        elif (both := joined(index, before, rewritten.segments)) is not None:
            into.segments[index] = both
        else:
            statement = _first(part, index)
            what = getattr(statement, "name", "") or "this"
            raise _Apart(part.module, statement, f"the files that use {what} need different forms of it")
    for path, names in rewritten.wanted.items():
        into.wanted.setdefault(path, set()).update(names)


def _first(part: Part, index: int) -> ast.stmt:
    """The first statement of a segment."""
    program = part.module.program
    start = part.starts[index]
    below = [s for s in program.tree.body if program.span(s).start >= start]
    return below[0] if below else program.tree.body[-1]


def _lines(part: Part) -> frozenset[int]:
    """The lines of a file that take part in a program."""
    program = part.module.program
    ends = [*part.starts[1:], len(program.text)]
    found: set[int] = set()
    for index in part.live:
        first, last = program.position(part.starts[index])[0], program.position(max(0, ends[index] - 1))[0]
        found.update(range(first, last + 1))
    return frozenset(found)


def _defined(module: Module, named: set[tuple[str, str]]) -> frozenset[int]:
    """The lines of what is imported from a file by its name, whether it takes part or not."""
    found: set[int] = set()
    for node in module.program.tree.body:
        if (module.path, getattr(node, "name", "")) in named:
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(found)


def _finish(modules: Mapping[str, Module], merged: Mapping[str, _Merged], found: Together) -> None:
    """What lifting makes of each file, once all programs have had their say."""
    texts: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path, each in merged.items():
        text = modules[path].program.text
        old = [Span(start, end) for start, end in pairwise([*each.starts, len(text)])]
        edits = [Edit(old[i], new) for i, new in each.segments.items() if text[old[i].start : old[i].end] != new]
        texts[path] = apply(text, edits, each.starts[1:])
    bound = {path: Program(text).names.module_level for path, (text, _) in texts.items()}
    for path, each in merged.items():
        module = modules[path]
        try:
            text, cuts = with_imports(module, *texts[path], each.wanted, bound)
        except NotFollowed as stop:
            found.views.append(View(path, dict.fromkeys([path, *module.imported]), path))
            _add(found, path, _finding(stop))
            continue
        bound[path] = Program(text).names.module_level
        pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
        bounds = [*each.starts, len(module.program.text)]
        edits = []
        for (start, end), piece in zip(pairwise(bounds), pieces, strict=True):
            if module.program.text[start:end] != piece:
                last = end == bounds[-1] and piece.strip() != ""
                edits.append(Edit(Span(start, end), piece.rstrip("\n") + "\n" if last else piece))
        if text == lent.alone(module, modules):
            edits = []
        before = found.outcomes.get(path, Outcome())
        found.outcomes[path] = replace(before, edits=tuple(edits))
    for path in found.outcomes.keys() & merged.keys():
        found.outcomes[path] = replace(found.outcomes[path], brought=_brought(path, modules, bound))


def _brought(path: str, modules: Mapping[str, Module], bound: Mapping[str, Set[str]]) -> frozenset[str]:
    """The names that the `import *` of a file brings, also through others."""
    pending, seen = list(modules[path].stars), set[str]()
    while pending:
        star = pending.pop()
        if star not in seen:
            seen.add(star)
            pending += modules[star].stars if star in modules else []
    return frozenset().union(*(bound.get(star, set()) for star in seen))


def _placed(linked: Linked, finding: Finding) -> tuple[Part, Finding]:
    """A finding about the program, as one about a file of it."""
    part, line, column = linked.place(finding.line, finding.column)
    message, advice = plain(finding.message), plain(finding.advice)
    return part, replace(finding, line=line, column=column, message=message, advice=advice)


def _finding(stop: NotFollowed) -> Finding:
    line, column = getattr(stop.node, "lineno", 1), getattr(stop.node, "col_offset", 0)
    return Finding(
        line, column + 1, "TFM912", f"the files that import each other are not followed as one program: {stop}", _ADVICE
    )


_ADVICE = "Rewrite this by hand, then run the tool again."


def _add(found: Together, path: str, finding: Finding) -> None:
    before = found.outcomes.get(path, Outcome())
    found.outcomes[path] = replace(before, findings=tuple(dict.fromkeys((*before.findings, finding))))
