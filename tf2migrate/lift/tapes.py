"""Which of a function's gradients are differentiated again, and what the tape of those has to see.

The penalty of a Wasserstein GAN is made of gradients, and its loss is differentiated: one tape stands in another.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.plan import needed_for
from tf2migrate.lift.planned import Planned
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Effect, Placeholder, Refused, Tensor, Value, Variable, leaves
from tf2migrate.lift.variable_lists import Collected
from tf2migrate.lift.watched import Watched

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

TAPED = ("minimize", "compute_gradients", "gradients")
Taped = tuple[Statement, Effect]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a `tf.gradients` call asks which tape for: the name of the tape, and of what was differentiated."""

    effect: Effect
    tape: str
    ys: str

    @property
    def of_several(self) -> bool:
        """Whether gradients are taken of several things, or of one in a list."""
        return not isinstance(self.effect.target, Variable | Tensor | Placeholder)


def differentiated(planned: Planned, taped: list[Taped]) -> list[Taped]:
    """The gradients that others go through. Raises `Refused` where the nesting is deeper, or not by `tf.gradients`."""
    behind = {id(s): needed_for(s.reads, planned.slice) for s, _ in taped}
    found = [(s, e) for s, e in taped if any(s in behind[id(other)] for other, _ in taped)]
    twice = [e for s, e in found if e.kind != "gradients" or any(other in behind[id(s)] for other, _ in found)]
    inside = [
        e
        for s, e in taped
        if any(e.node is n for o, other in taped if o is s and other is not e for n in walk(other.node))
    ]
    for effect in (*twice, *inside):
        raise Refused("TFM902", effect.node, "a gradient is taken of a gradient", "Write the nested tapes by hand.")
    return found


def inner(interpreter: Interpreter, planned: Planned, differentiated: list[Taped]) -> set[Statement]:
    """The statements that such gradients go through: from the tensors that they are taken of, or from variables."""
    needed = {s for statement, _ in differentiated for s in needed_for(statement.reads, planned.slice)}
    sources = [leaf for _, e in differentiated if e.target is not None for leaf in leaves(e.target)]
    variables = of_lists(interpreter) if sources else set()
    if not all(isinstance(leaf, Tensor | Placeholder) and leaf not in variables for leaf in sources):
        return needed
    found: set[Statement] = set()
    for statement in planned.slice.statements:
        through = (d.statement in found or any(v in sources for v in leaves(d.value)) for d in statement.reads)
        if statement in needed and any(through):
            found.add(statement)
    return found


def of_lists(interpreter: Interpreter) -> set[Value]:
    """What stands for each of the variables in a list that layers, loops or branches have a part in: no tensors."""
    lists = [v for v in interpreter.rewrites.values() if isinstance(v, Collected | Watched)]
    return {value.rest for value in lists if value.rest is not None}


def is_named(text: str) -> bool:
    """Whether a text only names what was computed before: nothing that the tape would miss."""
    node = ast.parse(text, mode="eval").body
    each = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return all(isinstance(part, ast.Name | ast.Attribute) for part in each)
