"""What placeholders are where they are not fed: written where the run stands, it must be what it was in the graph.

TensorFlow 1 computed `tf.placeholder_with_default(2 * rate, [])` where it stands, once; the tensors in it, at each run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift.classes import Instance
from tf2migrate.lift.trace import Definition, Frame, Run
from tf2migrate.lift.values import Placeholder, Refused

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_ADVICE = "Feed the placeholder in this run, or bind its default to a name of the module."


def check(expressions: Expressions, run: Run, value: Placeholder, default: ast.expr) -> None:
    """What a default reads must be the same where a run stands, and computing it again the same. Raises `Refused`."""
    interpreter = expressions.interpreter
    label = expressions.plan.parameter_names[value]
    calls = [n for n in walk(default) if isinstance(n, ast.Call)]
    if any(interpreter.names.symbol(call.func) is None and may_act(call) for call in calls):
        what = f"what {label} is where it is not fed is computed once, and may be something else when computed again"
        raise Refused("TFM905", run.node, what, _ADVICE)
    home = expressions.plan.bindings[value][0].statement.frame
    for node in walk(default):
        if isinstance(node, ast.Name) and not _means_the_same(interpreter, home, run, node, default):
            what = f"{node.id}, of which {label} is made where it is not fed, is not the same where the run stands"
            raise Refused("TFM905", run.node, what, _ADVICE)


def _means_the_same(interpreter: Interpreter, home: Frame, run: Run, node: ast.Name, default: ast.expr) -> bool:
    """Whether a name of a default is bound once, and seen where a run stands; of an object, what is read of it."""
    now, then = run.env.get(node.id, ()), home.lookup(node.id)
    if not now and not then:  # Python's own
        return True
    if then and isinstance(owner := then[0].value, Instance):
        read = [n for n in walk(default) if isinstance(n, ast.Attribute) and n.value is node]
        once = all(len({d.site for d in owner.attributes.get(n.attr, ())}) == 1 for n in read)
        return [d.value for d in now] == [owner] and once and bool(read)
    sites = {d.site for d in _bindings(interpreter, node.id, home)}
    return {d.site for d in now} == sites == {d.site for d in then} and len(sites) == 1


def _bindings(interpreter: Interpreter, name: str, home: Frame) -> list[Definition]:
    """Every binding of a name as a frame sees it, in that frame or around it."""
    frame: Frame | None = home
    while frame is not None and name not in frame.env:
        frame = frame.parent
    written = [d for f in interpreter.frames for s in f.statements for d in s.writes if d.name == name]
    given = [d for d in frame.env[name] if isinstance(d.statement.node, ast.Pass)] if frame is not None else []
    others = [d for d in written if d.statement.frame is frame or name in d.statement.frame.globals]
    return [*given, *others]
