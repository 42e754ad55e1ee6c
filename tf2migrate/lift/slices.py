"""What each run needs: the statements of the graph behind its fetches, cut where it is fed."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from tf2migrate.facts.tree import walk
from tf2migrate.lift import builders
from tf2migrate.lift.cells import ZeroState
from tf2migrate.lift.datasets import Element, binding
from tf2migrate.lift.holders import Holders
from tf2migrate.lift.kept_queues import ENQUEUE
from tf2migrate.lift.metrics import SoFar
from tf2migrate.lift.pipelines import Key
from tf2migrate.lift.trace import Definition, Fetch, Run, Statement
from tf2migrate.lift.values import (
    ASSIGNS,
    Effect,
    Handle,
    Held,
    Placeholder,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Value,
    Variable,
    leaves,
)

STATE = ("minimize", "apply_gradients", *ASSIGNS, "average", ENQUEUE)


def changes(statement: Statement) -> bool:
    """Whether a statement changes state after all that is computed: what a helper changes is changed in its call."""
    held = leaves(statement.value) if statement.value is not None else []
    computes = bool(held) and all(isinstance(leaf, Tensor) for leaf in held)
    own = {id(node) for node in walk(statement.node)} if computes else None
    effects = (e for e in statement.effects if isinstance(e, Effect) and e.kind in STATE)
    return any(own is None or id(e.node) in own for e in effects)


@dataclass(eq=False)
class Slice:
    """One function to be: statements in the program's order, the tensors it is given, what it closes over."""

    leaves: tuple[Fetch, ...]
    statements: list[Statement] = field(default_factory=list)
    parameters: dict[Value, Definition] = field(default_factory=dict)
    closed: set[Definition] = field(default_factory=set)
    entered: dict[str, str] = field(default_factory=dict)  # names that it binds anew: what they are when it begins
    besides: tuple[Statement, ...] = ()  # those that are wanted for what they change alone

    def __str__(self) -> str:
        lines = sorted({s.line for s in self.statements})
        names = ", ".join(d.name for d in self.parameters.values())
        return f"{', '.join(ast.unparse(leaf.node) for leaf in self.leaves)} <- {names}: lines {lines}"


def kind_of(fetch: Fetch) -> str:
    """What a fetch is for the emission: init, effect, assigned, variable, constant, tensor or python."""
    value = fetch.value
    if isinstance(value, Handle):
        return {"initializer": "init", "updates": "effect"}.get(value.role, "handle")
    if isinstance(value, Effect):
        return "assigned" if value.kind.startswith("assign") else "effect"
    if isinstance(value, Variable) or any(is_held(d, fetch.reads) for d in fetch.reads if fetch.named):
        return "variable"
    if isinstance(value, ZeroState):
        return "constant"
    if isinstance(value, Python | Structure):
        return "python"
    return "constant" if value.time == Time.CONSTANT else "tensor"


def is_held(definition: Definition, reads: Collection[Definition]) -> bool:
    """Whether a name that is read means a variable of an object, and nothing else: it is read of the object."""
    if not isinstance(definition.value, Held):
        return False
    key = definition.owner, definition.attribute or definition.name
    return [d for d in reads if (d.owner, d.attribute or d.name) == key] == [definition]


def _makes(definition: Definition) -> bool:
    """Whether a definition is the placeholder's own, and not another name for it."""
    value = definition.value
    assert isinstance(value, Placeholder)
    if isinstance(value, Holders):  # where it is a loop that fills it, what it is made in does not call anything
        node = definition.statement.node
        return not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute))
    made = definition.statement.node
    if isinstance(value, ZeroState) and isinstance(made, ast.Assign) and isinstance(made.value, ast.Call):
        return True  # by the call of a helper that returns it
    return any(child is value.node for child in walk(definition.statement.node))


def _is_moved(definition: Definition) -> bool:
    """Whether plain data is bound in a branch that moves: `rate = 0.1`, where the other branch computes the rate."""
    return definition.statement.moves and isinstance(definition.statement.node, ast.If)


def backward_slice(run: Run, besides: tuple[Statement, ...] = ()) -> Slice:
    """The statements that a run's fetches need, and what runs besides. A fed tensor is where the walk stops.

    Raises `Refused` when a fetch cannot be followed.
    """
    leaves = tuple(leaf for leaf in run.fetches.leaves() if kind_of(leaf) in ("tensor", "effect", "assigned"))
    found = Slice(leaves, besides=besides)
    fed = {feed.key for feed in run.feeds}
    seen: set[Statement] = set()
    taken: set[Statement] = set()
    reached: set[Definition] = set()
    # The next one last: a program may be longer than Python's stack is deep.
    todo: list[Definition | Statement | tuple[Element, Statement]] = []

    def visit(statement: Statement) -> None:
        if statement in seen:
            return
        seen.add(statement)
        put(statement)
        ahead = sorted(statement.reads - reached, key=lambda d: d.statement.order)
        drawn = [e for e in statement.effects if isinstance(e, Element)]
        todo.extend((element, statement) for element in reversed(drawn))  # drawn inside an expression
        todo.extend(reversed(statement.controls))
        todo.extend(d for d in reversed(ahead) if not is_held(d, statement.reads))

    def put(statement: Statement) -> None:
        if statement not in taken:
            taken.add(statement)
            found.statements.append(statement)

    def reach(definition: Definition) -> None:
        if definition in reached:
            return
        reached.add(definition)
        if definition.value in fed or isinstance(definition.value, Placeholder):
            found.parameters.setdefault(definition.value, definition)
            if isinstance(definition.value, Placeholder) and not _makes(definition):
                visit(definition.statement)  # another name for the placeholder: bound in the function too
        elif isinstance(definition.value, Key):
            what = "the name that a reader gives to a record is used, which data sets do not have"
            raise Refused("TFM901", definition.statement.node, what, "Keep the names beside the records.")
        elif binding(definition):
            found.parameters.setdefault(definition.value, definition)
        elif isinstance(definition.value, SoFar):
            put(definition.statement)
        elif definition.staged or _is_moved(definition):
            visit(definition.statement)
        elif builders.is_unseen(definition):
            what = f"{definition.name} is computed by another function, and is a part of what is computed here"
            raise Refused("TFM902", definition.statement.node, what, builders.ADVICE)
        else:
            found.closed.add(definition)

    for leaf in leaves:
        todo.extend(leaf.reads if leaf.named else (leaf.statement,))
    todo.extend(besides)
    todo.reverse()
    while todo:
        each = todo.pop()
        if isinstance(each, Statement):
            visit(each)
        elif isinstance(each, Definition):
            reach(each)
        else:
            found.parameters.setdefault(each[0], Definition("", *each))
    found.statements.sort(key=lambda s: s.order)
    found.parameters = dict(sorted(found.parameters.items(), key=lambda item: item[1].statement.order))
    return found
