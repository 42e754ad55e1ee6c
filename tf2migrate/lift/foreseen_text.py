"""How what loops and branches make with an object is written: in its constructor, and in each call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.tree import walk
from tf2migrate.lift.foreseen import Foreseen, Place, bound_by, control_of, find, loads_of, pure, settings
from tf2migrate.lift.render import base, shift

if TYPE_CHECKING:
    from tf2migrate.lift.part_text import PartText

_STEP = "    "


class Writer:
    """Writes the loops and branches of one class that make things with its object."""

    def __init__(self, text: PartText) -> None:
        self.text, self.expressions = text, text.expressions
        interpreter, part = self.expressions.interpreter, text.part
        found = find(interpreter, part.function, part.frames, part.staged)
        self.found = {id(f.node): f for f in found if any(f.node is s for s in text.late)}
        self.places = {id(p.made.node): p for f in self.found.values() for p in f.places}
        self.inside = {id(n) for f in self.found.values() for n in walk(f.node)}
        loops = [n for f in self.found.values() for n in walk(f.node) if isinstance(n, ast.For)]
        self.turned = {id(n) for loop in loops for n in walk(loop)}  # what stands in loops
        self.last = False  # whether what is written is the last that `__init__` does

    def name(self, taken: set[str]) -> None:
        """What is made gets its names: attributes, and in loops one for each turn."""
        used = {n.id for n in walk(self.text.function) if isinstance(n, ast.Name | ast.arg) and hasattr(n, "id")}
        used |= {a.arg for a in self.text.parameters} | self.expressions.program.words
        for place in self.places.values():
            hint = place.made.hint or "variable"
            if place.loops:
                place.name = fresh(hint if hint not in used else f"{hint}_object", used)
                used.add(place.name)
                several = f"{place.name}_list" if place.name.endswith("s") else f"{place.name}s"
                place.held = fresh(several, {*taken, *used})
                taken.add(place.held)
            else:
                place.name = f"self.{fresh(hint, taken)}"
                taken.add(place.name.removeprefix("self."))
            self.expressions.hoisted[id(place.made.node)] = place.name

    def settings(self) -> Iterator[ast.Name]:
        """The names that are read when things are made, though they stand in statements of each call."""
        for place in self.places.values():
            for node in settings(self.expressions.interpreter, place.made):
                yield from (n for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))

    def read(self, node: ast.stmt) -> Iterator[ast.AST]:
        """What a statement reads when it makes its things."""
        if (foreseen := self.found.get(id(node))) is None:
            return
        for inner in walk(node):
            if isinstance(inner, ast.If):
                yield inner.test
            elif isinstance(inner, ast.For):
                yield inner.iter
        for place in foreseen.places:
            yield from settings(self.expressions.interpreter, place.made)
        yield from self._pure(foreseen)

    def _pure(self, foreseen: Foreseen) -> list[ast.stmt]:
        wanted = {n for p in foreseen.places for n in loads_of(settings(self.expressions.interpreter, p.made))}
        wanted |= {name for n in walk(foreseen.node) for name in control_of(n)}
        return pure(foreseen.node, wanted, [p.made for p in foreseen.places])

    def making(self, node: ast.stmt, last: bool = False) -> list[str]:
        """The loop or branch of `__init__`; what leaves a function need not do so where it is the last there."""
        foreseen, self.last = self.found[id(node)], last
        with self.expressions.making():
            lines = [f"self.{place.held} = []" for place in foreseen.places if place.held]
            return [*lines, *self._made(node, {id(s) for s in self._pure(foreseen)})]

    def _made(self, node: ast.stmt, wanted: set[int]) -> list[str]:
        expressions = self.expressions
        match node:
            case ast.If():
                body = self._block(node.body, wanted)
                other = self._block(node.orelse, wanted)
                test = expressions.text(node.test)
                if not body and not other:
                    return []
                if not body:
                    negated = test if isinstance(node.test, ast.Name | ast.Attribute | ast.Call) else f"({test})"
                    return [f"if not {negated}:", *_indented(other)]
                if other and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If) and other[0][:3] == "if ":
                    return [f"if {test}:", *_indented(body), f"el{other[0]}", *other[1:]]
                return [f"if {test}:", *_indented(body), *(["else:", *_indented(other)] if other else [])]
            case ast.For():
                body = self._block(node.body, wanted)
                head = f"for {expressions.text(node.target)} in {expressions.text(node.iter)}:"
                return [head, *_indented(body)] if body else []
            case ast.With():
                return self._block(node.body, wanted)
            case ast.Break() | ast.Continue():
                return [type(node).__name__.lower()]
            case _:
                lines = self._things(node)
                if id(node) in wanted:
                    text = expressions.renderer.inside(node)
                    lines += shift(text, expressions.program.indent(node), "").split("\n")
                leaves = isinstance(node, ast.Return) and not (self.last and id(node) not in self.turned)
                return [*lines, "return"] if leaves else lines

    def _block(self, body: list[ast.stmt], wanted: set[int]) -> list[str]:
        return [line for statement in body for line in self._made(statement, wanted)]

    def _things(self, node: ast.stmt) -> list[str]:
        lines: list[str] = []
        for place in self.places.values():
            if place.statement is node:
                text = self.expressions.made_text(place.made.node)
                text = shift(text, base(text), "")
                line = f"self.{place.held}.append({text})" if place.held else f"{place.name} = {text}"
                lines += line.split("\n")
        return lines

    # ---------------------------------------------------------------- of each call

    def ahead(self, node: ast.stmt) -> list[str]:
        """What stands before the loop of each call; what its turns take is noted where they take it."""
        if (foreseen := self.found.get(id(node))) is None:
            return []
        self.expressions.gone |= self._unread(foreseen)
        drawn = [p for p in foreseen.places if p.loops and not p.aligned]
        for place in drawn:
            self.expressions.ahead.setdefault(id(place.statement), []).append(f"{place.name} = next({place.held})")
        for loop in {id(p.loops[0]): p.loops[0] for p in foreseen.places if p.aligned}.values():
            self._align(loop, [p for p in foreseen.places if p.aligned and p.loops[0] is loop])
        return [f"{p.held} = iter(self.{p.held})" for p in drawn]

    def _unread(self, foreseen: Foreseen) -> set[int]:
        """The statements of Python's that bind nothing but what making things reads."""
        unread = self._pure(foreseen)
        given = [n for p in foreseen.places for n in settings(self.expressions.interpreter, p.made)]
        hidden = {id(n) for node in [*given, *unread] for n in walk(node)}
        found: list[ast.stmt] = []
        for block in [s.body for s in walk(foreseen.node) if isinstance(s, ast.For | ast.With)]:
            mine = [s for s in unread if any(s is each for each in block)]
            found += mine if len(mine) < len(block) else []
        late = [n for s in self.text.late for n in walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        read = {n.id for n in late if id(n) not in hidden}
        while kept := [s for s in unread if id(s) not in map(id, found) or bound_by(s) & read]:
            unread = [s for s in unread if s not in kept]
            found = [s for s in found if s not in kept]
            read |= {name for s in kept for name in loads_of([s])}
        return {id(s) for s in found}

    def _align(self, loop: ast.For, places: list[Place]) -> None:
        """The header of a loop that turns over what it made, beside what it turned over before."""
        expressions = self.expressions
        body = "\n".join(expressions.renderer.text(s) for s in loop.body)
        bound = {n.id for n in walk(loop.target) if isinstance(n, ast.Name)}
        read = {name for name in bound if re.search(rf"(?<![\w.]){name}\b", body)}
        target, source = expressions.text(loop.target), expressions.text(loop.iter)
        counter, counted = _counted(loop)
        if counted is not None and counter not in read:  # nobody counts any more
            target, source = expressions.text(counted[0]), expressions.text(counted[1])
        several = "," in target and not target.startswith("(")
        names, lists = [p.name for p in places], [f"self.{p.held}" for p in places]
        numbered = counter in read and read == {counter}
        if read and not numbered:
            names.insert(0, f"({target})" if several else target)
            lists.insert(0, source)
        named, each = ", ".join(names), lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
        if numbered:
            named = f"{counter}, {named}" if len(names) == 1 else f"{counter}, ({named})"
            each = f"enumerate({each})"
        expressions.names[id(loop.target)], expressions.names[id(loop.iter)] = named, each


def _counted(loop: ast.For) -> tuple[str, tuple[ast.expr, ast.expr] | None]:
    """The name that counts the turns of a loop from 0 on, or nothing; what is counted, and over what, if anything."""
    match loop.iter:
        case ast.Call(func=ast.Name(id="enumerate"), args=[over], keywords=[]):
            if isinstance(loop.target, ast.Tuple) and isinstance(loop.target.elts[0], ast.Name):
                return loop.target.elts[0].id, (loop.target.elts[1], over)
        case ast.Call(func=ast.Name(id="range"), args=[_], keywords=[]) if isinstance(loop.target, ast.Name):
            return loop.target.id, None
    return "", None


def _indented(lines: list[str]) -> list[str]:
    return [_STEP + line if line else "" for line in lines]


__all__ = ["Writer"]
