"""Objects of one class that each open a session while they are made, and initialize the variables in it.

A session has variables of its own: what the next object initializes, in its session, is no other object's. That holds
as long as no object's session runs what is not its own, which would have another value there.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import visibility
from tf2migrate.lift.values import Handle, Python, Refused, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.trace import Run


def runs_another(interpreter: Interpreter, instance: Instance, arguments: dict[str, Value]) -> bool:
    """Whether a further object runs something while it is made that may reach what others have."""
    constructor = instance.of.methods.get("__init__")
    runs = [run for run in interpreter.runs.values() if run.frame.node is constructor]
    plain = all(isinstance(leaf, Python | Handle) for value in arguments.values() for leaf in leaves(value))
    return bool(runs) and not (plain and all(_is_own(interpreter, instance, run) for run in runs))


def _is_own(interpreter: Interpreter, instance: Instance, run: Run) -> bool:
    """Whether a run is of a session that the constructor itself opens."""
    constructor, session = instance.of.methods["__init__"], run.session
    opened = isinstance(session, Handle) and any(child is session.node for child in walk(constructor))
    call = session.node if isinstance(session, Handle) else None
    return opened and isinstance(call, ast.Call) and interpreter.names.symbol(call.func) == "tf.Session"


def check(interpreter: Interpreter, instance: Instance) -> None:
    """Of several objects, each runs nothing but what it has made. Raises `Refused`."""
    constructor = instance.of.methods.get("__init__")
    own = [run for run in interpreter.runs.values() if run.frame.node is constructor]
    sessions = [run.session for run in own]
    outside = [r for r in interpreter.runs.values() if r.session in sessions and visibility.owner(r.frame) != instance]
    homes = [home for frame in interpreter.frames for home in frame.statements if home.made]
    others = [s for s in homes if visibility.owner(s.frame) is None]
    if own and (outside or others):
        what = f"each new {instance.of.node.name} runs something of the graph while it is made"
        node = outside[0].node if outside else others[0].node
        raise Refused("TFM908", node, what, "Initialize the variables once, after all instances are made.")
