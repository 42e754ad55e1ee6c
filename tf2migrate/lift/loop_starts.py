"""What a loop or branch of the graph starts from: a name bound before it, and bound anew inside.

`total = 0` before `for …: total += …` belongs into the function with the loop, where nothing else reads it. A variable
that a loop starts from stays where it is made, under a name of its own, and the function begins with the shared name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift.symbols import is_random
from tf2migrate.lift.trace import Definition, Statement, loops_in
from tf2migrate.lift.values import Python, Tensor, Time

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan
    from tf2migrate.lift.slices import Slice


def move(interpreter: Interpreter) -> None:
    """Numbers and constant tensors that only graph code reads, and binds anew, are bound where it runs."""
    frames = [frame for frame in interpreter.frames if frame.unit]
    frames += [frame for part in interpreter.parts.values() for frame in part.frames]
    statements = [s for frame in frames for s in frame.statements]
    fetched = [leaf for run in interpreter.runs.values() for leaf in run.fetches.leaves()]
    staged = {d.site for s in statements for d in s.writes if d.staged and d.owner is None}
    mixed = {at for sites in interpreter.resolved.values() if len(sites) > 1 and sites & staged for at in sites}
    reading: dict[Definition, list[Statement]] = {}
    for statement in statements:
        for each in statement.reads:
            reading.setdefault(each, []).append(statement)
    for statement in statements:
        if not _is_start(interpreter, statement):
            continue
        definition = statement.writes[0]
        readers = reading.get(definition, [])
        if definition.site not in mixed and not any(augments(s, definition) for s in readers):
            continue
        told = any(definition in leaf.reads and not leaf.named for leaf in fetched)
        if readers and not told and all(s.moves and _names(s, definition.name) for s in readers):
            now = Python(staged=True) if isinstance(definition.value, Python) else Tensor(Time.STAGED, statement.node)
            definition.value = statement.value = now
            statement.moves = True


def _is_start(interpreter: Interpreter, statement: Statement) -> bool:
    """Whether a statement binds one name to a number, or to a constant tensor that is made anew as well as once."""
    node = statement.node
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return False
    if statement.moves or len(statement.writes) != 1 or loops_in(statement.blocks):
        return False
    if isinstance(statement.value, Python):
        return isinstance(node.value, ast.Constant) and not isinstance(node.value.value, str | bytes)
    calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call)]
    paths = [interpreter.names.symbol(n.func) for n in calls]
    plain = all(path is not None and path.startswith("tf.") and not is_random(path) for path in paths)
    return isinstance(statement.value, Tensor) and statement.value.time == Time.CONSTANT and plain


def augments(statement: Statement, definition: Definition) -> bool:
    """Whether a statement reads a name and binds it anew, as `total += x` does."""
    node = statement.node
    named = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == definition.name
    return named and definition in statement.reads


def _names(statement: Statement, name: str) -> bool:
    """Whether a statement reads a name itself, and not through a function that it calls."""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement.node))


def enter(plan: Plan, found: Slice, definition: Definition, local: set[str]) -> bool:
    """A function that binds a name anew begins with what the name stands for outside; whether that can be written."""
    node = definition.statement.node
    alone = [d for d in found.closed if d.name == definition.name and d.owner is None] == [definition]
    single = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    if definition.name not in local or not alone or not single or loops_in(definition.statement.blocks):
        return False
    if definition.site not in plan.entered:
        plan.entered[definition.site] = plan.fresh(f"first_{definition.name}")
    found.entered[definition.name] = plan.entered[definition.site]
    return True
