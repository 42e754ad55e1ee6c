"""Training steps in branches: `if self.training: self.train = optimizer.minimize(self.loss)`.

The branches stay, in the function of the run: which of them is taken is known when it is traced. What gradients go
through is computed before, in the tape.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.headers import headers
from tf2migrate.lift.trace import Definition, Statement
from tf2migrate.lift.values import ASSIGNS, Effect, Refused

if TYPE_CHECKING:
    from tf2migrate.facts.program import Program
    from tf2migrate.lift.render import Renderer

TRAINING = ("minimize", "apply_gradients")
_STEP = "    "
_ADVICE = "Take the training step out of the branches."


def step(definitions: Sequence[Definition]) -> Effect | None:
    """The change that the branches of one `if` bind a name to, each in its way; None where they bind something else."""
    statements = {d.statement for d in definitions}
    changes = [d.value for d in definitions if isinstance(d.value, Effect)]
    if len(statements) > 1 or not len(changes) == len(definitions) > 1:
        return None
    whole = statements.pop()
    if whole.inside and all(e.kind in TRAINING or _idle(e) for e in changes):
        return next((e for e in changes if e.kind in TRAINING), None)
    alike = isinstance(whole.node, ast.If) and len({_changed(e) for e in changes}) == 1
    return changes[-1] if alike and all(e.kind in ASSIGNS for e in changes) else None


def _changed(effect: Effect) -> str:
    """What an assignment changes, as the text says."""
    function = effect.node.func
    owner = function.value if isinstance(function, ast.Attribute) else function
    return ast.unparse(effect.arguments.get("ref", owner))


def _idle(effect: Effect) -> bool:
    """Whether an op changes nothing: `tf.no_op()`."""
    return effect.kind == "group" and not effect.parts


def trains(statement: Statement) -> bool:
    """Whether a statement with a body makes a training step in it. Raises `Refused` where that is no `if`."""
    steps = [e for e in statement.effects if isinstance(e, Effect) and e.kind in TRAINING]
    if not steps or not isinstance(statement.node, ast.If | ast.Try | ast.Match | ast.While | ast.For):
        return False
    if not isinstance(statement.node, ast.If):
        raise Refused("TFM902", steps[0].node, "a training step is made in a loop, or in one of several cases", _ADVICE)
    inside = set(statement.writes)
    direct = {id(node) for link in (statement.node, *_elifs(statement.node)) for node in (*link.body, *link.orelse)}
    for part in statement.inside:
        if id(part.node) not in direct or part.controls != statement.controls:
            what = "a training step is made in a block of a branch, or waits for something there"
            raise Refused("TFM902", part.node, what, _ADVICE)
        trains(part)
        for effect in part.effects:
            computes = isinstance(effect, Effect) and effect.kind in ("minimize", "compute_gradients", "gradients")
            if computes and part.reads & inside:
                what = "what a training step in a branch computes its gradients of is computed there, too"
                raise Refused("TFM902", part.node, what, _ADVICE)
    return True


def _elifs(node: ast.If) -> list[ast.If]:
    """The branches that the text may call `elif`."""
    found = []
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
        found.append(node)
    return found


def lines(
    program: Program, renderer: Renderer, statement: Statement, written: Callable[[Statement], list[str]]
) -> list[str]:
    """The branches, with the steps in them."""
    parts = {id(part.node): part for part in _parts(statement)}
    found: list[str] = []
    assert isinstance(statement.node, ast.If)
    for header, body, _ in headers(program, renderer, statement.node):
        inner = [line for node in body for line in (written(parts[id(node)]) if id(node) in parts else [])]
        if not inner and body is statement.node.orelse and found:
            continue
        found += [header, *(_STEP + line if line else "" for line in "\n".join(inner or ["pass"]).split("\n"))]
    return found


def _parts(statement: Statement) -> Iterator[Statement]:
    """The statements in the branches, also in those of an `elif`, which the tree has as an `if` in the `else`."""
    for part in statement.inside:
        yield part
        yield from _parts(part)


def kept(statement: Statement, inside: list[Statement]) -> list[Statement]:
    """What is kept of the statements in a branch: those of its bodies, if a training step is among them."""
    steps = [e for s in inside for e in s.effects if isinstance(e, Effect) and e.kind in TRAINING]
    if not steps:
        return []
    nodes = {id(node) for node in walk(statement.node)}
    return [s for s in inside if s.node is not statement.node and id(s.node) in nodes]
