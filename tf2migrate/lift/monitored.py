"""The global step of a graph, and `MonitoredTrainingSession` with hooks that stop it at a step.

A monitored session initializes the variables itself. `while not sess.should_stop()` becomes a loop over the step: the
hook looks at the step after each run, and the loop asks before each turn.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift.symbols import COUNT
from tf2migrate.lift.values import NONE, PYTHON, Handle, Python, Structure, Time, Unknown, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_MAKERS = {
    "tf.train.get_or_create_global_step",
    "tf.train.create_global_step",
    "tf.contrib.framework.create_global_step",
}
_MAKERS |= {"tf.contrib.framework.get_or_create_global_step"}
_FINDERS = {"tf.train.get_global_step", "tf.contrib.framework.get_global_step"}
_SESSION = (
    *("master", "is_chief", "checkpoint_dir", "scaffold", "hooks", "chief_only_hooks", "save_checkpoint_secs"),
    *("save_summaries_steps", "save_summaries_secs", "config", "stop_grace_period_secs", "log_step_count_steps"),
)
_DROPPED = {"master", "is_chief", "config", "stop_grace_period_secs", "log_step_count_steps", "hooks"}


@dataclass(frozen=True, eq=False)
class Monitored(Handle):
    """A monitored session: the variable that counts, and the step at which it stops, if any."""

    step: Variable | None = None
    last: ast.expr | None = None


@dataclass(frozen=True, eq=False)
class Stop(Python):
    """`should_stop()` of a monitored session."""

    session: Monitored | None = None


def global_step(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """The variable that counts the steps of a graph: made once, and found again."""
    for argument in bind(node, ("graph",)).values():
        with interpreter.apart():
            interpreter.evaluate(argument)
    key = id(interpreter.graph), "global_step"
    there = interpreter.scopes.store.get(key)
    if isinstance(there, Variable):
        interpreter.statement.shared.append(there)
        return there
    if path in _FINDERS:
        return NONE if there is None else Unknown("the global step is something else than a variable", node)
    variable = Variable(node, "global_step", trainable=False)
    interpreter.scopes.store[key] = variable
    interpreter.make(node, variable, "global_step", "global_step", trained=False)
    return variable


def count(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.global_step(sess, step)`: a run that fetches the step."""
    bound = bind(node, ("sess", "global_step_tensor"))
    session = interpreter.evaluate(bound["sess"])
    if not isinstance(session, Handle) or session.role != "session":
        return Unknown("the session that is asked for its step is not known", node)
    interpreter.session_graph = interpreter.graph_of(session)
    return interpreter.add_run(node, bound["global_step_tensor"], None, session)


def hook(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.StopAtStepHook(last_step=…)`."""
    bound = bind(node, ("num_steps", "last_step"))
    told = bound.get("last_step", bound.get("num_steps"))
    if told is None or len(bound) > 1 or interpreter.evaluate(told).time >= Time.STAGED:
        return Unknown("the step at which a hook stops cannot be told", node)
    return Handle("hook", node, {"last": told})


def session(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.MonitoredTrainingSession`, as far as its hooks only stop it."""
    bound = bind(node, _SESSION)
    with interpreter.apart():
        values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    other = [n for n, v in values.items() if n not in _DROPPED and v is not NONE]
    hooks = leaves(values["hooks"]) if isinstance(values.get("hooks"), Structure) else []
    plain = all(isinstance(h, Handle) and h.role == "hook" for h in hooks)
    if other or not plain or len(hooks) > 1 or ("hooks" in values and not hooks and values["hooks"] is not NONE):
        what = ", ".join(other) or "these hooks"
        return Unknown(f"a MonitoredTrainingSession with {what} has no counterpart that is written yet", node)
    there = interpreter.scopes.store.get((id(interpreter.graph), "global_step"))
    if hooks and not isinstance(there, Variable):
        return Unknown("a hook stops at a step, and the graph has no global step", node)
    last = hooks[0].arguments["last"] if hooks and isinstance(hooks[0], Handle) else None
    step = there if isinstance(there, Variable) else None
    return Monitored("session", node, bound, step=step, last=last)


def should_stop(interpreter: Interpreter, node: ast.Call, base: Monitored) -> Value:
    """Whether the hook has stopped the session."""
    if base.step is None:
        return PYTHON if base.last is None else Unknown("the global step has no name", node)
    interpreter.statement.shared.append(base.step)
    return Stop(session=base)


def stop_text(expressions: Expressions, node: ast.Call, stop: Stop, negated: bool = False) -> str:
    """The comparison in the place of `should_stop()`, or of `not should_stop()`."""
    assert stop.session is not None
    if stop.session.step is None or stop.session.last is None:
        return str(negated)
    step, last = expressions.name_of(node, stop.session.step), expressions.term(stop.session.last)
    return f"{step}.numpy() < {last}" if negated else f"({step}.numpy() >= {last})"


HANDLERS = {
    **dict.fromkeys(_MAKERS | _FINDERS, global_step),
    COUNT: count,
    "tf.train.StopAtStepHook": hook,
    "tf.train.MonitoredTrainingSession": session,
}
