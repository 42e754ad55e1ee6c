"""`tf.train.Supervisor`: its sessions initialize the variables themselves, and end with the data.

What it saved in threads of its own is left out, and told. Nothing asks it to stop but the program, at the end: it is
asked as a coordinator is.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import monitored, pipelines
from tf2migrate.lift.values import NONE, Handle, Initializer, Python, Unknown, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_SUPERVISOR = (
    *("graph", "ready_op", "ready_for_local_init_op", "is_chief", "init_op", "init_feed_dict", "local_init_op"),
    *("logdir", "summary_op", "saver", "global_step", "save_summaries_secs", "save_model_secs", "recovery_wait_secs"),
    *("stop_grace_secs", "checkpoint_basename", "session_manager", "summary_writer", "init_fn"),
)
_DROPPED = {
    *("logdir", "save_summaries_secs", "save_model_secs", "recovery_wait_secs", "stop_grace_secs"),
    *("checkpoint_basename", "is_chief"),
}
_SESSIONS = ("managed_session", "prepare_or_wait_for_session", "PrepareSession")
_ASKED = {"should_stop": "should_stop", "stop": "request_stop", "request_stop": "request_stop"}


def _supervisor(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, _SUPERVISOR)
    with interpreter.apart():
        values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    for name, value in values.items():
        if name not in _DROPPED and value is not NONE and not _follows(name, value):
            return Unknown(f"a Supervisor with {name} has no counterpart that is written yet", node)
    logs = values.get("logdir", NONE) is not NONE
    saves = logs and values.get("saver") is not NONE
    if saves and (used := monitored.keeps(interpreter)) is not None:
        return used
    summarizes = any(symbol.startswith("tf.summary.") for _, symbol in interpreter.program.uses)
    if logs and summarizes and values.get("summary_op") is not NONE:
        return Unknown("a Supervisor that writes summaries has no counterpart that is written yet", node)
    graph = interpreter.graph if isinstance(interpreter.graph, Value) else None
    return Handle("supervisor", node, bound, of=graph, told=monitored.NOT_KEPT if saves else None)


def _follows(name: str, value: Value) -> bool:
    """Whether an argument says what is so without a Supervisor."""
    if name in ("init_op", "local_init_op"):
        return isinstance(value, Initializer)
    if name == "global_step":
        return isinstance(value, Variable)
    return name == "is_chief" and isinstance(value, Python) and value.literal is True


def method(interpreter: Interpreter, node: ast.Call, base: Handle, name: str) -> Value:
    """A session of a Supervisor, or whether it is to stop."""
    if name in _SESSIONS:
        with interpreter.apart():
            interpreter.arguments(node)
        return monitored.Monitored("session", node, of=base.of)
    if name in _ASKED:
        return pipelines.coordinator_method(interpreter, node, base, _ASKED[name])
    if name == "start_queue_runners":
        with interpreter.apart():
            interpreter.arguments(node)
        return Handle("threads", node)
    return Unknown(f"{name} of a Supervisor is not followed", node)


HANDLERS = {"tf.train.Supervisor": _supervisor}
