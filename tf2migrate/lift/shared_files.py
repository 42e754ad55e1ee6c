"""Files that one Saver writes and another restores: what is in them goes by its name in the graph, as in TensorFlow 1.

Where both call everything alike, the names of the program do.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tf2migrate.lift.saved_averages import KEY
from tf2migrate.lift.values import Layer, Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.savers import Saver, Use

_ADVICE = "Use one tf.train.Checkpoint for both."


def name(interpreter: Interpreter, savers: list[Saver], uses: list[Use]) -> None:
    """Gives the things of several Savers the keys that they have in their files. Raises `Refused`."""
    alike = len({_signature(saver) for saver in savers}) == 1
    one = len({_things(saver) for saver in savers}) == 1  # the same of each object of a class
    if alike and (one or not any(saver.layers for saver in savers)):
        return
    keys = [_keys(interpreter, saver) for saver in savers]
    kinds: dict[str, str] = {}
    same = all(kinds.setdefault(key, kind) == kind for each in keys for key, kind in (each or {}).values())
    trained = {_optimizers(saver) for saver in savers if saver.optimizers}
    if None in keys or not same or len(trained) > 1 or not _is_there(savers, keys, uses):
        restores = next(use for use in uses if use.restores)
        what = "which names its variables differently" if not alike else "and which layer is which cannot be told"
        message = f"a file of one Saver may be restored by another, {what}"
        raise Refused("TFM911", restores.node, message, _ADVICE)
    for saver, each in zip(savers, keys, strict=True):
        saver.shared.update({thing: key for thing, (key, _) in (each or {}).items()})


def _is_there(savers: list[Saver], keys: list[dict[int, tuple[str, str]] | None], uses: list[Use]) -> bool:
    """Whether the files that the program writes have all that it restores; what others wrote is not seen."""
    of = {id(saver): {key for key, _ in (each or {}).values()} for saver, each in zip(savers, keys, strict=True)}
    for saver in savers:  # averages go by the names of their variables in any case
        of[id(saver)] |= {f"{KEY}/{kept.name}" for kept in saver.averages}
    saved = [of[id(use.saver)] for use in uses if not use.restores and id(use.saver) in of]
    restored = [of[id(use.saver)] for use in uses if use.restores and id(use.saver) in of]
    return not saved or all(any(wanted <= each for each in saved) for wanted in restored)


def _signature(made: Saver) -> object:
    """What a Saver keeps, by the names of the program."""
    names = {id(d[0].value): name for name, d in made.env.items() if len(d) == 1}
    return (
        tuple((names.get(id(v)), v.name, made.keys.get(id(v))) for v in made.variables),
        _optimizers(made),
        tuple((k.name, k.of is None) for k in made.averages),
    )


def _things(made: Saver) -> tuple[int, ...]:
    """What a Saver keeps, thing by thing."""
    return tuple(id(thing) for thing in (*made.variables, *made.layers, *made.optimizers))


def _optimizers(made: Saver) -> tuple[tuple[str, ...], ...]:
    return tuple((o.symbol, *(ast.unparse(a) for a in o.arguments.values())) for o in made.optimizers)


def _keys(interpreter: Interpreter, made: Saver) -> dict[int, tuple[str, str]] | None:
    """The key of each thing that a Saver keeps, and what kind of thing it is; None where a name cannot be told."""
    members = {id(m.value): m for m in interpreter.scopes.made if m.graph is made.graph and m.once and m.name}
    found: dict[int, tuple[str, str]] = {}
    for thing in (*made.variables, *made.layers):
        named = made.keys.get(id(thing)) or (members[id(thing)].name if id(thing) in members else None)
        if named is None or not isinstance(thing, Variable | Layer):
            return None
        kind = thing.kind if isinstance(thing, Layer) else "variable"
        found[id(thing)] = re.sub(r"\W", "_", named), kind
    for index, optimizer in enumerate(made.optimizers):
        found[id(optimizer)] = f"optimizer_{index}" if index else "optimizer", optimizer.symbol
    return found if len({key for key, _ in found.values()}) == len(found) else None
