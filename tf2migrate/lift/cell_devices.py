"""Recurrent cells on devices, without them: TensorFlow places what functions compute, as elsewhere."""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift.render import Renderer
from tf2migrate.model import Edit, Options, Outcome

_WRAPPERS = ("tf.nn.rnn_cell.DeviceWrapper", "tf.contrib.rnn.DeviceWrapper")


def cell_devices(program: Program, options: Options) -> Outcome:
    """The edits that put the cell in the place of `DeviceWrapper(cell, device)`."""
    texts: dict[int, str] = {}
    renderer = Renderer(program, lambda node: texts.get(id(node)))
    calls = [call for call in program.each(ast.Call) if program.names.symbol(call.func) in _WRAPPERS]
    for call in reversed(calls):  # the inner ones first
        try:
            bound = bind(call, ("cell", "device"))
            cell, device = bound["cell"], bound["device"]
        except Unbound:
            continue
        if not may_act(device):
            texts[id(call)] = renderer.text(cell)
    outer = [c for c in calls if id(c) in texts and not any(c is n for o in calls if o is not c for n in walk(o))]
    edits = [Edit(program.span(call), texts[id(call)]) for call in outer]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


__all__ = ["cell_devices"]
