"""Cells unrolled in both directions: two `tf.keras.layers.RNN`, the second of which reads from the end.

`tf.keras.layers.Bidirectional` makes copies of what it is given by way of its configuration, and a cell with functions
for initializers does not survive that; two objects say the same. Under `sequence_length` the masked steps come first
when it is read from the end, and leave the state as it is: the same numbers as `tf.reverse_sequence` gave.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import cell_text, cells
from tf2migrate.lift.cells import Unrolled, Unrolling
from tf2migrate.lift.layer_text import WIDTH
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.render import spread
from tf2migrate.lift.values import Layer, Refused, Structure, Tensor, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_DYNAMIC = (
    *("cell_fw", "cell_bw", "inputs", "sequence_length", "initial_state_fw", "initial_state_bw", "dtype"),
    *("parallel_iterations", "swap_memory", "time_major", "scope"),
)
_STATIC = (
    *("cell_fw", "cell_bw", "inputs", "initial_state_fw", "initial_state_bw", "dtype", "sequence_length", "scope"),
)
_SHARED = ("inputs", "sequence_length", "dtype", "time_major")


@dataclass(frozen=True, eq=False)
class Bidirectional(Unrolling):
    """What the two directions give, taken together: outputs and states, as the function of TensorFlow 1 gave them."""

    path: str = ""
    directions: tuple[Unrolled, ...] = field(default=())

    @property
    def ways(self) -> tuple[Unrolled, ...]:
        return self.directions

    @property
    def cells(self) -> list[ast.expr]:
        """The expressions of the cells."""
        return [cell for direction in self.directions for cell in direction.cells]

    @property
    def static(self) -> bool:
        """Whether lists of steps are taken and given."""
        return self.path.endswith("static_bidirectional_rnn")


def _both(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, _STATIC if "static" in path else _DYNAMIC)
    found: list[Unrolled] = []
    for index, side in enumerate(("fw", "bw")):
        given = {name: bound[name] for name in _SHARED if name in bound} | {"cell": bound[f"cell_{side}"]}
        if f"initial_state_{side}" in bound:
            given["initial_state"] = bound[f"initial_state_{side}"]
        direction = cells.unrolled(interpreter, node, path, given, index)
        if isinstance(direction, Unknown):
            return direction
        if direction.several:
            return Unknown(f"{path} of cells with dropout between them", node)
        found.append(direction)
    forward, backward = found
    if forward.stages[0].cell is backward.stages[0].cell:
        return Unknown("one cell is unrolled in both directions", node)
    states = [direction.items[1][1] for direction in found]
    if "static" in path:
        parts: tuple[Value, ...] = (Structure("list", (), node, rest=Tensor(Time.STAGED, node)), *states)
    else:
        outputs = [direction.items[0][1] for direction in found]
        parts = tuple(Structure("tuple", _items(values), node) for values in (outputs, states))
    alone = all(cells.alone(interpreter, direction) for direction in found)
    interpreter.make(node, Layer(node, "RNN"), free_name(interpreter, "rnns"), trained=True if alone else None)
    return Bidirectional("tuple", _items(parts), node, path=path, directions=(forward, backward))


def _items(values: list[Value] | tuple[Value, ...]) -> tuple[tuple[object, Value, ast.expr | None], ...]:
    return tuple((i, value, None) for i, value in enumerate(values))


# -------------------------------------------------------------------- text


def made_text(expressions: Expressions, value: Bidirectional) -> str:
    """The two objects."""
    texts = [cell_text.made_text(expressions, direction) for direction in value.directions]
    assert value.directions[0].statement is not None
    line = expressions.program.lines[value.directions[0].statement.line - 1]
    text = f"[{', '.join(texts)}]"
    return text if len(text) + len(line) - len(line.lstrip()) < WIDTH else spread("[", texts, "]", line)


def lines(expressions: Expressions, value: Bidirectional, target: ast.expr | None, read: set[str]) -> list[str]:
    """The lines that unroll both and bind their outputs and states as the target does; no target where returned."""
    names = _Names(expressions, read)
    wanted = _targets(value, target)
    outputs, states = (wanted[0], wanted[1:]) if value.static else (wanted[0], _sides(wanted[1]))
    heads = [None, None] if value.static else _sides(outputs)
    found: list[str] = []
    heard = [names.of(head, wish) for head, wish in zip(heads, ("forward", "backward"), strict=True)]
    held = [names.of(state, wish) for state, wish in zip(states, ("forward_state", "backward_state"), strict=True)]
    for direction, output, state in zip(value.directions, heard, held, strict=True):
        found += cell_text.lines(expressions, direction, output, state)
    texts = [", ".join(heard), ", ".join(held)]
    if value.static:
        tf = expressions.tf
        texts = [f"{tf}.unstack({tf}.concat([{texts[0]}], axis=2), axis=1)", *held]
    else:
        texts = [f"({text})" if target is None else text for text in texts]
    return [*found, *_bound(expressions, value, target, wanted, texts, read)]


def _bound(
    expressions: Expressions,
    value: Bidirectional,
    target: ast.expr | None,
    wanted: list[ast.expr | None],
    texts: list[str],
    read: set[str],
) -> list[str]:
    """The lines that put together what the target has whole."""
    if target is None:
        return [f"return {', '.join(texts)}"]
    if not isinstance(target, ast.Tuple | ast.List):
        return [f"{expressions.text(target)} = {', '.join(f'({text})' for text in texts)}"]
    pairs = zip(wanted, texts, strict=True)
    whole = [(t, text) for t, text in pairs if t is not None and not _is_pair(t) and not _unread(t, read)]
    if value.static:
        whole = [(t, text) for t, text in whole if t is wanted[0]]  # the states have their names already
    return [f"{expressions.text(t)} = {text}" for t, text in whole]


def _targets(value: Bidirectional, target: ast.expr | None) -> list[ast.expr | None]:
    """What each of the parts is bound to, where it is taken apart. Raises `Refused` where their number differs."""
    if not isinstance(target, ast.Tuple | ast.List):
        return [None] * len(value.items)
    if len(target.elts) != len(value.items):
        assert value.node is not None
        raise Refused(
            "TFM902", value.node, "what both directions give is taken apart in another way", "Name each part."
        )
    return list(target.elts)


def _is_pair(target: ast.expr | None) -> bool:
    return isinstance(target, ast.Tuple | ast.List) and len(target.elts) == 2


def _unread(target: ast.expr, read: set[str]) -> bool:
    return isinstance(target, ast.Name) and target.id not in read


def _sides(target: ast.expr | None) -> list[ast.expr | None]:
    """The names of the two directions, where a part is taken apart."""
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) and len(target.elts) == 2 else [None, None]


@dataclass(frozen=True)
class _Names:
    """The names of what is bound on the way."""

    expressions: Expressions
    read: set[str]

    def of(self, target: ast.expr | None, wanted: str) -> str:
        if target is not None:
            return self.expressions.text(target)
        return free_name(self.expressions.interpreter, wanted) if wanted in self.read else wanted


def every_unrolled(interpreter: Interpreter) -> Iterator[Unrolled]:
    """All that is unrolled, in one direction or in both."""
    for value in interpreter.rewrites.values():
        if isinstance(value, Unrolled):
            yield value
        elif isinstance(value, Bidirectional):
            yield from value.directions


HANDLERS = {
    "tf.nn.bidirectional_dynamic_rnn": _both,
    "tf.nn.static_bidirectional_rnn": _both,
    "tf.contrib.rnn.static_bidirectional_rnn": _both,
}
