"""The global step of a graph, and monitored sessions with hooks that stop them at a step, log, or save.

A monitored session initializes the variables itself. `while not sess.should_stop()` becomes a loop over the step: the
hook looks at the step after each run, and the loop asks before each turn. What hooks log and save is left out, and
told. At the end of its `with` block, such a session takes the error of the end of the data for itself.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import draws
from tf2migrate.lift.symbols import COUNT
from tf2migrate.lift.values import NONE, PYTHON, Handle, Python, Structure, Time, Unknown, Value, Variable, leaves
from tf2migrate.model import Finding

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
_SAVING = ("checkpoint_dir", "save_checkpoint_secs", "save_summaries_steps", "save_summaries_secs")
_DROPPED = {"master", "is_chief", "config", "stop_grace_period_secs", "log_step_count_steps", "hooks", *_SAVING}
#: Hooks that are left out, and what is said of them.
_LOGGED = "TFM720", "what a hook of a session logs or summarizes is left out"
_LEFT_OUT = {
    "tf.train.LoggingTensorHook": _LOGGED,
    "tf.train.StepCounterHook": _LOGGED,
    "tf.train.SummarySaverHook": _LOGGED,
    "tf.train.NanTensorHook": ("TFM720", "a hook that ends the training when a loss is not a number is left out"),
    "tf.train.CheckpointSaverHook": ("TFM721", "what a hook of a session saves is left out"),
}
NOT_KEPT = "TFM721", "the session starts afresh in each run of the program, and writes no checkpoints"
_ADVICE = {
    "TFM720": "Print what is of interest where it is computed, or write it with tf.summary.",
    "TFM721": "Where the state is to outlast the program, give it a tf.train.CheckpointManager.",
}
#: What a program does that keeps checkpoints itself.
_KEPT = ("tf.train.latest_checkpoint", "tf.train.Saver", "tf.train.load_checkpoint", "tf.train.list_variables")


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
    there = interpreter.scopes.store.get(key) or _by_name(interpreter)
    if isinstance(there, Variable):
        interpreter.statement.shared.append(there)
        return there
    if path in _FINDERS:
        return NONE if there is None else Unknown("the global step is something else than a variable", node)
    variable = Variable(node, "global_step", trainable=False)
    interpreter.scopes.store[key] = variable
    interpreter.make(node, variable, "global_step", "global_step", trained=False)
    return variable


def _by_name(interpreter: Interpreter) -> Value | None:
    """The variable that is called so (`tf.Variable(0, name="global_step")`), which TensorFlow 1 takes for the step."""
    named = [m for m in interpreter.scopes.made if m.graph is interpreter.graph and m.name == "global_step"]
    return named[0].value if named else None


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


def left_out(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """A hook that logs or saves, and changes nothing of what is computed."""
    with interpreter.apart():
        interpreter.arguments(node)
    if path == "tf.train.CheckpointSaverHook" and (used := keeps(interpreter)) is not None:
        return used
    return Handle("hook", node, told=_LEFT_OUT[path])


def keeps(interpreter: Interpreter) -> Unknown | None:
    """The reason that a session's checkpoints cannot be left out: the program uses checkpoints itself."""
    for use, symbol in interpreter.program.uses:
        if symbol in _KEPT:
            return Unknown("a session's checkpoints are used by the program itself", use)
    return None


def session(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.MonitoredTrainingSession`, as far as its hooks only stop it, log or save."""
    bound = bind(node, _SESSION if path.endswith("TrainingSession") else ("session_creator", "hooks"))
    with interpreter.apart():
        values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    other = [n for n, v in values.items() if n not in _DROPPED and v is not NONE]
    given = values.get("hooks", NONE)
    hooks = [h for h in leaves(given) if isinstance(h, Handle) and h.role == "hook"]
    stops = [h for h in hooks if "last" in h.arguments]
    known = given is NONE or (isinstance(given, Structure) and given.rest is None and len(hooks) == len(leaves(given)))
    if other or not known or len(stops) > 1:
        what = ", ".join(other) or "these hooks"
        return Unknown(f"a {path.rpartition('.')[2]} with {what} has no counterpart that is written yet", node)
    saves = values.get("checkpoint_dir", NONE) is not NONE
    if saves and (used := keeps(interpreter)) is not None:
        return used
    there = interpreter.scopes.store.get((id(interpreter.graph), "global_step"))
    if stops and not isinstance(there, Variable):
        return Unknown("a hook stops at a step, and the graph has no global step", node)
    last = stops[0].arguments["last"] if stops else None
    step = there if isinstance(there, Variable) else None
    return Monitored("session", node, bound, told=NOT_KEPT if saves else None, step=step, last=last)


def takes_the_end(interpreter: Interpreter, node: ast.With) -> bool:
    """Whether a monitored session that is entered here ends with the data of one of its runs, and says nothing."""
    session = interpreter.monitored.get(id(node))
    return session is not None and any(
        draws.draws_of(interpreter, run) and not draws.caught(run)
        for run in interpreter.runs.values()
        if run.session is session
    )


def check(interpreter: Interpreter) -> list[Finding]:
    """What sessions and hooks did that is left out."""
    found = {}
    for value in interpreter.rewrites.values():
        made = value[1] if isinstance(value, tuple) and len(value) == 2 else value
        if isinstance(made, Handle) and made.told is not None:
            found[id(made.node)] = made
    return [
        Finding(made.node.lineno, made.node.col_offset + 1, *made.told, _ADVICE[made.told[0]], fixable=True)
        for made in found.values()
        if isinstance(made.node, ast.expr) and made.told is not None
    ]


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
    **dict.fromkeys(_LEFT_OUT, left_out),
    "tf.train.MonitoredTrainingSession": session,
    "tf.train.MonitoredSession": session,
    "tf.train.SingularMonitoredSession": session,
}
