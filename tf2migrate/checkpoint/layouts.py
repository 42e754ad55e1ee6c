"""How values of TensorFlow 1 lie in Keras 3's variables.

The recurrent cells of TensorFlow 1 have one kernel for inputs and state together; Keras has two. An LSTM's gates are
i, j, f, o there and i, f, c, o here, and its forget bias is added at each step there and is part of the bias here. A
GRU's are r, u and the candidate there, in two kernels, and z (which is u), r, h here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Rows = slice | None


@dataclass(frozen=True, slots=True)
class Layout:
    """How one new array is made of old ones: whose gates in which order, which rows, what is added to a gate."""

    gates: tuple[int, ...] = ()  # the old gates in the new order; none where the array stays as it is
    widths: tuple[int, ...] = (1,)  # how many gates each of the old arrays has
    rows: tuple[int, int] | None = None
    forget: float = 0.0  # added to the second of the new gates

    def __call__(self, old: Sequence[Array]) -> Array:
        """The new array."""
        if not self.gates:
            found = old[0]
        else:
            pieces = [p for a, n in zip(old, self.widths, strict=True) for p in np.split(a, n, axis=-1)]
            ordered = [pieces[gate] for gate in self.gates]
            if self.forget:
                ordered[1] = ordered[1] + ordered[1].dtype.type(self.forget)
            found = np.concatenate(ordered, axis=-1)
        return found if self.rows is None else found[self.rows[0] : self.rows[1]]

    def of_slot(self) -> Layout:
        """The layout of what an optimizer keeps for the variable: nothing is added to that."""
        return replace(self, forget=0.0) if self.forget else self


same = Layout()
Maker = Callable[[Sequence[int], float], Layout]


def _kernel(gates: tuple[int, ...], widths: tuple[int, ...]) -> Maker:
    return lambda shape, forget: Layout(gates, widths, (0, shape[0]))


def _recurrent(gates: tuple[int, ...], widths: tuple[int, ...]) -> Maker:
    return lambda shape, forget: Layout(gates, widths, (-shape[0], 1 << 62))


def _bias(gates: tuple[int, ...], widths: tuple[int, ...]) -> Maker:
    return lambda shape, forget: Layout(gates, widths, None, forget)


def _cell(gates: tuple[int, ...], widths: tuple[int, ...], *scopes: str) -> Mapping[str, tuple[Maker, tuple[str, ...]]]:
    kernels, biases = tuple(f"{s}kernel" for s in scopes), tuple(f"{s}bias" for s in scopes)
    return {
        "kernel": (_kernel(gates, widths), kernels),
        "recurrent_kernel": (_recurrent(gates, widths), kernels),
        "bias": (_bias(gates, widths), biases),
    }


#: Keras's cells: for each of their variables, how it is made, and the ends of the names of what it is made of.
CELLS = {
    "LSTMCell": _cell((0, 2, 1, 3), (4,), "/"),
    "GRUCell": _cell((1, 0, 2), (2, 1), "/gates/", "/candidate/"),
    "SimpleRNNCell": _cell((0,), (1,), "/"),
}
