"""Layers made with `trainable=False`: Keras leaves their variables out of its lists, a tape records them all the same.

TensorFlow 1 kept them out of the collection that optimizers trained (`python/layers/base.py`, TensorFlow 1.15); what a
tape has watched would train them, so that what is trained has to be listed.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import home
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Span

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_TRAINING = {"minimize": 3, "compute_gradients": 2}  # with so many arguments, the variables are given
_SAID = re.compile(r"\btrainable\s*=")


def check(interpreter: Interpreter, found: Slice, node: ast.expr) -> None:
    """What a tape watches must be what was trained. Raises `Refused` where it has seen a layer that was not."""
    functional = {id(call.node): call for call in interpreter.layer_calls.values()}
    objects = interpreter.untrained - functional.keys()  # of those, it is not asked which function calls them
    calls = [call for call in interpreter.layer_calls.values() if id(call.node) in interpreter.untrained]
    if objects or any(c.statement is not None and home(c.statement) in found.statements for c in calls):
        what = "a layer that is not trained is part of this: a tape would train it, unless variables are listed"
        raise Refused("TFM907", node, what, "Give the optimizer its var_list.")


def listed(program: Program) -> tuple[Edit, ...]:
    """The edits that have optimizers say what they train by default, in programs with layers that are not trained."""
    if not _SAID.search(program.text) or not any(_of_a_layer(program, call) for call in program.each(ast.Call)):
        return ()
    tf = next((n.asname or n.name for i in program.each(ast.Import) for n in i.names if n.name == "tensorflow"), None)
    edits = []
    for call in program.each(ast.Call):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        given = any(isinstance(a, ast.Starred) for a in call.args) or any(
            k.arg in (None, "var_list") for k in call.keywords
        )
        if method not in _TRAINING or given or len(call.args) >= _TRAINING[method] or tf is None:
            continue
        end = program.span(call).end - 1
        last = program.text[:end].rstrip()
        edits.append(
            Edit(Span(len(last), end), f"{'' if last.endswith(',') else ','} var_list={tf}.trainable_variables()")
        )
    return tuple(edits)


def _of_a_layer(program: Program, call: ast.Call) -> bool:
    """Whether a call says what is trained, and is none that makes a variable, which a tape asks itself."""
    said = any(keyword.arg == "trainable" for keyword in call.keywords)
    return said and program.names.symbol(call.func) not in ("tf.Variable", "tf.get_variable")
