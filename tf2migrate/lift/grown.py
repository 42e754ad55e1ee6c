"""Functions that make variables in loops and branches: what their calls come by is made at the first one.

How often a loop turns and which branch is taken may follow the shapes of tensors, which a call knows. So the loops and
branches stay in the class's `__call__`, and what is made in them is asked for there: `made("conv", lambda: Conv(3))`
makes it where the first call of an object comes by, and finds it, by its place and its turn, in all others.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.tree import walk
from tf2migrate.lift import foreseen
from tf2migrate.lift.layer_kinds import WEIGHTLESS
from tf2migrate.lift.layers import Called, Shareable
from tf2migrate.lift.noted import Noting
from tf2migrate.lift.render import base, shift
from tf2migrate.lift.values import Layer, Python, Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.part_text import PartText
    from tf2migrate.lift.parts import Part
    from tf2migrate.lift.trace import Made, Statement

NAME = "MadeOnce"
DEFINITION = '''class {name}({tf}.Module):
    """What calls come by in loops and branches: made by the first call, and found by the others."""

    def __init__(self):
        super().__init__()
        self.things = {{}}

    def again(self):
        """For one call: the function that makes or finds things, each place from its first one on."""
        turns = {{}}

        def made(place, make):
            turns[place] = turns.get(place, 0) + 1
            key = f"{{place}}_{{turns[place]}}"
            if key not in self.things:
                with {tf}.init_scope():
                    self.things[key] = make()
            return self.things[key]

        return made
'''
_COMPOUND = ast.If | ast.For
_OTHERS = ("RNN", *WEIGHTLESS)
_ONE_BY_ONE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.While, ast.Try)


def is_grown(interpreter: Interpreter, statement: Statement) -> bool:
    """Whether a loop or branch of a part makes things, among tensors, and can do so when it is first called."""
    if not isinstance(statement.node, _COMPOUND) or id(statement.node) in interpreter.loops:
        return False
    if not statement.moves or not statement.made or statement.shared:
        return False
    if any(isinstance(e, Noting) for e in statement.effects):
        return False
    inside = list(walk(statement.node))
    held = {id(n) for each in inside if isinstance(each, _ONE_BY_ONE) for n in walk(each)}
    nodes = {id(n) for n in inside}
    helpers = {id(n) for f, calls in interpreter.helper_calls.items() if nodes & calls.keys() for n in walk(f)}
    here = [m for m in statement.made if id(m.node) in nodes]
    rest = [m for m in statement.made if id(m.node) not in nodes | helpers]
    return bool(here) and not rest and all(_can_wait(interpreter, m) and id(m.node) not in held for m in here)


def _can_wait(interpreter: Interpreter, made: Made) -> bool:
    """Whether something may be made while a function is traced: a variable, a layer, or an object of the program's."""
    value = made.value
    if isinstance(value, Layer) and value.kind == "BatchNormalization":  # which is written twice, for each answer
        called = interpreter.rewrites.get(id(made.node))
        return isinstance(called, Called) and called.layer is value and isinstance(called.training, Python)
    layer = isinstance(value, Layer) and type(value) in (Layer, Shareable) and not value.kind.startswith(_OTHERS)
    return layer or isinstance(value, Variable)


def things(interpreter: Interpreter, part: Part) -> list[Made]:
    """What the first call makes in loops and branches, once for each place in the text."""
    before = foreseen.nodes(interpreter, part.function, part.frames, part.staged)
    statements = [s for frame in part.frames for s in frame.statements if id(s.node) not in before]
    grown = [s for s in statements if is_grown(interpreter, s)]
    here = [(m, {id(n) for n in walk(s.node)}) for s in grown for m in s.made]
    return list({id(m.node): m for m, nodes in here if id(m.node) in nodes}.values())


def note(interpreter: Interpreter, part: Part) -> None:
    """Notes that a part's objects make things at their first call."""
    latest = part.frames[-1].statements
    if not any(isinstance(s.node, _COMPOUND) and s.moves for s in latest):
        return
    if found := things(interpreter, part):
        interpreter.lazy |= {m.value for m in found} | {interpreter.objects[id(o.node)] for o in part.objects}


def check(interpreter: Interpreter) -> None:
    """Nothing but runs may ask for what is made at a first call. Raises `Refused`."""
    for part in interpreter.parts.values():
        found = things(interpreter, part)
        if found and interpreter.uses:
            use = next(iter(interpreter.uses.values()))
            what = "a Saver keeps what a function makes in its loops and branches when it is first called"
            raise Refused("TFM911", use.node, what, "Make it in a list, by a loop of its own.")


def names(text: PartText) -> dict[int, str]:
    """For each call that makes something in a loop or branch: the name of its place."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for made in things(text.expressions.interpreter, text.part):
        name = fresh(made.hint, taken)
        taken.add(name)
        found[id(made.node)] = name
    return found


def write(text: PartText) -> None:
    """What stands where something is made in a loop or branch."""
    expressions = text.expressions
    for made in things(expressions.interpreter, text.part):
        constructor = expressions.made_text(made.node)
        constructor = shift(constructor, base(constructor), "")
        expressions.hoisted[id(made.node)] = f'made("{text.grown[id(made.node)]}", lambda: {constructor})'


__all__ = ["DEFINITION", "NAME", "check", "is_grown", "names", "note", "things", "write"]
