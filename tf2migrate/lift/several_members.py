"""Lists of variables of which loops and branches make some: how many there are, Python knows where they are asked for.

TensorFlow 1 has them in the order in which they were made, turn by turn. What loops make is in lists, one for each
thing of a turn, and what a branch makes is there where its test holds:

for n in sizes:                                     [*(v for dense in self.denses for v in dense.trainable_variables),
    h = tf.layers.dense(h, n)                        *(self.norm.trainable_variables if self.normed else [])]
if normed:
    h = tf.layers.batch_normalization(h)
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.tree import walk
from tf2migrate.lift import parts, visibility
from tf2migrate.lift.loops import carried
from tf2migrate.lift.regularization import REGULARIZED
from tf2migrate.lift.values import Layer, Refused, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.loops import Loop
    from tf2migrate.lift.part_text import PartText
    from tf2migrate.lift.scopes import Member
    from tf2migrate.lift.trace import Frame

UNCOUNTED = "how many variables are in a collection cannot be told"
_ADVICE = "Make all variables in straight code, without branches."

Tests = tuple[tuple[ast.If, bool], ...]


def may_be_listed(member: Member, collection: str) -> bool:
    """Whether nothing is doubtful of a thing but which turns and branches of Python's make it."""
    plain = isinstance(member.value, Variable) or (isinstance(member.value, Layer) and member.value.kind != "RNN")
    straight = all(isinstance(block, ast.For | ast.If) for block in member.blocks)
    return member.told and plain and straight and collection != REGULARIZED and member.collections is not None


@dataclass(frozen=True)
class _Step:
    """How a thing is reached from what it is in: by an attribute or name, or as what each turn takes from a list."""

    thing: int
    name: str
    loop: ast.For | None = None
    held: str = ""
    aligned: bool = True  # whether each turn has one
    tests: Tests = ()  # of the branches that it is made in, from the outside
    part: PartText | None = None  # whose names the tests are told in
    accounted: frozenset[int] = frozenset()  # the loops and branches in which it is made
    grown: bool = False  # whether it is one of those that the first call makes as it comes by


@dataclass(frozen=True)
class _Item:
    """A part of a list: `element`, for what clauses go through; starred where it is several by itself."""

    element: str
    clauses: str = ""
    starred: bool = False

    @property
    def text(self) -> str:
        return f"*({self.element} {self.clauses})" if self.clauses else f"{'*' * self.starred}{self.element}"


@dataclass(frozen=True)
class _Entry:
    member: Member
    steps: tuple[_Step, ...]

    @property
    def rest(self) -> _Entry:
        return replace(self, steps=self.steps[1:])

    def first(self, step: _Step) -> _Entry:
        return replace(self, steps=(step, *self.steps[1:]))


class Listing:
    """Writes one list where it is asked for."""

    def __init__(self, expressions: Expressions, node: ast.expr, frame: Frame, of_layer: Callable[[Member, str], str]):
        self.expressions, self.node, self.frame, self.of_layer = expressions, node, frame, of_layer
        self.taken: set[str] = set()  # the names of what clauses go through

    def text(self, members: Sequence[Member]) -> list[str]:
        """What stands in the brackets. Raises `Refused` where a thing is not to be had, or not in its order."""
        items = self._items("", [_Entry(m, self._steps(m)) for m in members])
        if len(items) == 1 and items[0].clauses:
            return [f"{items[0].element} {items[0].clauses}"]
        return [item.text for item in items]

    def root(self, member: Member) -> str:
        """What a thing is reached by. Raises `Refused`."""
        first = self._steps(member)[0]
        return first.held or first.name

    # ---------------------------------------------------------------- where things are

    def _steps(self, member: Member) -> tuple[_Step, ...]:
        steps = tuple(self._chain(member.value))
        accounted = {node for step in steps for node in step.accounted}
        blocks = {id(block) for block in member.blocks}
        if not blocks <= accounted:
            raise self._refused()
        return tuple(replace(s, tests=tuple(t for t in s.tests if id(t[0]) in blocks)) for s in steps)

    def _chain(self, value: Value) -> Iterator[_Step]:
        interpreter = self.expressions.interpreter
        if (held := parts.holder_of(interpreter, value)) is not None:
            part, made = held
            yield from self._chain(interpreter.objects[id(made.node)])
            yield self._in_part(self.expressions.parts[part.function], value)
            return
        assert isinstance(value, Layer | Variable)
        for loop in interpreter.loops.values():
            if loop.late[0].frame.unit and (name := self._name_in(loop, value, interpreter.frames)) is not None:
                yield _of_loop(loop, id(value), name)
                return
        yield _Step(id(value), self.expressions.path(self.node, value))

    def _in_part(self, text: PartText, value: Value) -> _Step:
        assert isinstance(value, Layer | Variable)
        place = text.foreseen.places.get(id(value.node))
        if place is not None:
            around = list(_around(text, place.statement))
            inside = frozenset(id(node) for node, _ in around)
            if place.loops:
                aligned = place.aligned
                return _Step(id(value), place.name, place.loops[0], place.held, aligned, accounted=inside)
            tests = tuple((node, way) for node, way in around if isinstance(node, ast.If))
            name = place.name.removeprefix("self.")
            return _Step(id(value), name, tests=tests, part=text, accounted=inside)
        if id(value.node) in text.grown:
            inside = frozenset(id(node) for node, _ in _around(text, value.node))
            return _Step(id(value), "", part=text, accounted=inside, grown=True)
        for loop in text.loops.values():
            if (name_in := self._name_in(loop, value, text.part.frames)) is not None:
                step = _of_loop(loop, id(value), name_in)
                return replace(step, held=step.held.removeprefix("self."))
        return _Step(id(value), text.attribute(self.node, value))

    def _name_in(self, loop: Loop, value: Layer | Variable, frames: Sequence[Frame]) -> str | None:
        """The name that a turn of a split loop has for a thing which is carried over; None where it makes no such."""
        for made in loop.made:
            if made.value is value or made.node is value.node:  # a loop of a part is that of its last call
                return self.expressions.hoisted[id(made.node)]
        found = carried(frames, loop, value)
        return found if found in loop.lists else None

    def _refused(self) -> Refused:
        return Refused("TFM901", self.node, UNCOUNTED, _ADVICE)

    # ---------------------------------------------------------------- text

    def _items(self, prefix: str, entries: list[_Entry]) -> list[_Item]:
        """What is in a thing, or in a turn of a loop, in its order."""
        found: list[_Item] = []
        for key, group in groupby(entries, _key):
            together = list(group)
            step = together[0].steps[0] if together[0].steps else None
            if step is None:
                found += [self._leaf(entry.member, prefix) for entry in together]
            elif step.grown:
                found.append(self._grown(prefix, step, together))
            elif step.tests:
                found.append(self._chosen(prefix, step, together))
            elif step.loop is not None:
                if key in {_key(e) for e in entries if e not in together}:
                    raise self._refused()
                found.append(self._turns(prefix, step.loop, together))
            else:
                found += self._items(_joined(prefix, step.name), [entry.rest for entry in together])
        return found

    def _leaf(self, member: Member, path: str) -> _Item:
        if isinstance(member.value, Variable):
            return _Item(path)
        return _Item(self.of_layer(member, path).removeprefix("*"), starred=True)

    def _grown(self, prefix: str, step: _Step, entries: list[_Entry]) -> _Item:
        """What the first call of an object makes in its loops and branches: all of it, as it came by."""
        assert step.part is not None
        values = [entry.member.value for entry in entries if len(entry.steps) == 1]
        nodes = {id(value.node) for value in values if isinstance(value, Layer | Variable)}
        kinds = {isinstance(value, Variable) for value in values}
        if len(values) < len(entries) or nodes != set(step.part.grown) or len(kinds) > 1:
            raise self._refused()
        held = f"{prefix}.made.things.values()"
        if kinds == {True}:
            return _Item(held, starred=True)
        of_layer = self.of_layer(entries[0].member, "made").removeprefix("*")
        return _Item("v", f"for made in {held} for v in {of_layer}")

    def _chosen(self, prefix: str, step: _Step, entries: list[_Entry]) -> _Item:
        """What one branch makes, or the other."""
        test, ways = step.tests[0][0], []
        for way in (True, False):
            inner = [e for e in entries if e.steps[0].tests[0][1] is way]
            inner = [e.first(replace(e.steps[0], tests=e.steps[0].tests[1:])) for e in inner]
            items = self._items(prefix, inner)
            alone = len(items) == 1 and items[0].starred and not items[0].clauses
            ways.append(items[0].element if alone else f"[{', '.join(item.text for item in items)}]")
        assert step.part is not None
        return _Item(f"({ways[0]} if {self._test(prefix, step.part, test)} else {ways[1]})", starred=True)

    def _test(self, prefix: str, part: PartText, node: ast.If) -> str:
        """The test of a branch of an object, where the list is asked for. Raises `Refused`."""
        names, self.expressions.names = self.expressions.names, {**self.expressions.names, **part.names}
        tree = ast.parse(self.expressions.text(node.test), mode="eval")
        self.expressions.names = names
        named = [n for n in walk(tree) if isinstance(n, ast.Name)]
        for name in named:
            if name.id == "self" and prefix:
                name.id = prefix
            elif name.id == "owner" and self._is_owner(part):
                name.id = "self"
            elif not self._is_global(name.id) or name.id in self.taken:
                raise self._refused()
        text = ast.unparse(tree)
        return f"({text})" if isinstance(tree.body, ast.IfExp | ast.Lambda) else text

    def _is_owner(self, part: PartText) -> bool:
        """Whether the list is asked for in a method of the object in a method of which the part is called."""
        instance = visibility.owner(self.frame)
        return instance is not None and any(node is part.function for node in walk(instance.of.node))

    def _is_global(self, name: str) -> bool:
        """Whether a name is the module's, where it is bound once."""
        known = self.frame.lookup(name)
        once = len(known) == 1 and known[0].statement.frame.parent is None and not known[0].statement.blocks
        if not known:
            return name in dir(builtins)
        every = self.expressions.program.each(ast.Name)
        return once and sum(n.id == name and isinstance(n.ctx, ast.Store) for n in every) <= 1

    def _turns(self, prefix: str, loop: ast.For, entries: list[_Entry]) -> _Item:
        """What the turns of a loop make, one after the other."""
        steps = {entry.steps[0].thing: entry.steps[0] for entry in entries}
        if len(steps) > 1 and not all(step.aligned for step in steps.values()):
            raise self._refused()
        names = {}
        for thing, step in steps.items():
            names[thing] = fresh(step.name, self.taken)
            self.taken.add(names[thing])
        lists = [_joined(prefix, step.held) for step in steps.values()]
        source = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
        named = [e.first(_Step(e.steps[0].thing, names[e.steps[0].thing])) for e in entries]
        items, target = self._items("", named), ", ".join(names.values())
        clause = f"for {target} in {source}"
        if len(items) == 1:
            return self._single(items[0], clause, source, target)
        texts = ", ".join(item.text for item in items)
        inside = f"[{texts}]" if "*" in texts else f"({texts})"
        return _Item(*self._each(f"{clause} for {{}} in {inside}"))

    def _single(self, item: _Item, clause: str, source: str, target: str) -> _Item:
        if item.clauses:
            return _Item(item.element, f"{clause} {item.clauses}")
        if item.starred:
            return _Item(*self._each(f"{clause} for {{}} in {item.element}"))
        return _Item(source, starred=True) if item.element == target else _Item(item.element, clause)

    def _each(self, clauses: str) -> tuple[str, str]:
        """What stands for one variable, and the clauses with it."""
        named = fresh("v", set(re.findall(r"\w+", clauses)))
        return named, clauses.format(named)


def _key(entry: _Entry) -> tuple[str, int]:
    """What entries have in common that are written together."""
    if not entry.steps:
        return "leaf", id(entry.member)
    step = entry.steps[0]
    if step.grown:
        return "grown", id(step.part)
    if step.tests:
        return "test", id(step.tests[0][0])
    return ("thing", step.thing) if step.loop is None else ("loop", id(step.loop))


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _of_loop(loop: Loop, thing: int, name: str) -> _Step:
    return _Step(thing, name, loop.node, loop.lists[name], accounted=frozenset((id(loop.node),)))


def _around(text: PartText, node: ast.AST) -> Iterator[tuple[ast.stmt, bool]]:
    """The loops and branches of a function that a statement stands in, from the outside, and in which way of a test."""
    found: list[tuple[ast.stmt, bool]] = []
    inner = node
    while inner is not text.function:
        above = text.program.parents[id(inner)]
        if isinstance(above, ast.If | ast.For):
            found.insert(0, (above, any(inner is s for s in above.body)))
        inner = above
    yield from found


__all__ = ["UNCOUNTED", "Listing", "may_be_listed"]
