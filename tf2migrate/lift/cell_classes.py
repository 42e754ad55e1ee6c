"""TensorFlow 1's recurrent cells as layers: its variables and its arithmetic (`python/ops/rnn_cell_impl.py`, 1.15).

Keras's own cells have two kernels where these have one, which rounds otherwise and starts from other numbers, and they
have no peepholes, projections or bounds.
"""

from __future__ import annotations

import re

_BEGIN = '''\
class Joint{kind}Cell({tf}.keras.layers.Layer):
    """TensorFlow 1's {what}, with one kernel for inputs and state{state}."""
'''
_ONE_STATE = """
    def get_initial_state(self, batch_size=None):
        return {tf}.zeros([batch_size, self.units])

    def call(self, inputs, states):
        several = isinstance(states, (list, tuple))
        state = states[0] if several else states
{step}
        return state, [state] if several else state"""

_RNN = """
    def __init__(self, units, activation=None, kernel_initializer="glorot_uniform"):
        super().__init__()
        self.units = self.state_size = self.output_size = units
        self.activation = {tf}.keras.activations.get(activation or "tanh")
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape):
        shape = [input_shape[-1] + self.units, self.units]
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=shape[1:], initializer="zeros", name="bias")
"""
_RNN_STEP = """\
        joint = {tf}.matmul({tf}.concat([inputs, state], 1), self.kernel)
        state = self.activation({tf}.nn.bias_add(joint, self.bias))"""

_GRU = """
    def __init__(self, units, activation=None, kernel_initializer="glorot_uniform", bias_initializer=None):
        super().__init__()
        self.units = self.state_size = self.output_size = units
        self.activation = {tf}.keras.activations.get(activation or "tanh")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape):
        rows, draw = input_shape[-1] + self.units, self.kernel_initializer
        first = [self.bias_initializer or start for start in ("ones", "zeros")]
        self.gates = self.add_weight(shape=[rows, 2 * self.units], initializer=draw, name="gates")
        self.gates_bias = self.add_weight(shape=[2 * self.units], initializer=first[0], name="gates_bias")
        self.candidate = self.add_weight(shape=[rows, self.units], initializer=draw, name="candidate")
        self.candidate_bias = self.add_weight(shape=[self.units], initializer=first[1], name="candidate_bias")
"""
_GRU_STEP = """\
        joint = {tf}.matmul({tf}.concat([inputs, state], 1), self.gates)
        r, u = {tf}.split({tf}.sigmoid({tf}.nn.bias_add(joint, self.gates_bias)), 2, axis=1)
        joint = {tf}.matmul({tf}.concat([inputs, r * state], 1), self.candidate)
        state = u * state + (1 - u) * self.activation({tf}.nn.bias_add(joint, self.candidate_bias))"""

_LSTM = """
    def __init__(self, units, forget_bias=1.0, activation=None, kernel_initializer="glorot_uniform"):
        super().__init__()
        self.units, self.output_size, self.state_size = units, units, [units, units]
        self.activation = {tf}.keras.activations.get(activation or "tanh")
        self.forget_bias, self.kernel_initializer = forget_bias, kernel_initializer

    def build(self, input_shape):
        shape = [input_shape[-1] + self.units, 4 * self.units]
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=shape[1:], initializer="zeros", name="bias")

    def get_initial_state(self, batch_size=None):
        return [{tf}.zeros([batch_size, self.units])] * 2

    def call(self, inputs, states):
        c, h = states
        gates = {tf}.nn.bias_add({tf}.matmul({tf}.concat([inputs, h], 1), self.kernel), self.bias)
        i, j, f, o = {tf}.split(gates, 4, axis=1)
        c = c * {tf}.sigmoid(f + self.forget_bias) + {tf}.sigmoid(i) * self.activation(j)
        h = self.activation(c) * {tf}.sigmoid(o)
        return h, [c, h]"""

_WHOLE = """
    def __init__(
        self,
        units,
        use_peepholes=False,
        cell_clip=None,
        num_proj=None,
        proj_clip=None,
        forget_bias=1.0,
        activation=None,
        kernel_initializer="glorot_uniform",
    ):
        super().__init__()
        self.units, self.output_size, self.state_size = units, num_proj or units, [units, num_proj or units]
        self.use_peepholes, self.num_proj = use_peepholes, num_proj
        self.cell_clip, self.proj_clip = cell_clip, proj_clip
        self.activation = {tf}.keras.activations.get(activation or "tanh")
        self.forget_bias, self.kernel_initializer = forget_bias, kernel_initializer

    def build(self, input_shape):
        def made(name, *shape):
            return self.add_weight(shape=shape, initializer=self.kernel_initializer, name=name)

        self.kernel = made("kernel", input_shape[-1] + self.output_size, 4 * self.units)
        self.bias = self.add_weight(shape=[4 * self.units], initializer="zeros", name="bias")
        if self.use_peepholes:
            self.w_f, self.w_i, self.w_o = (made(f"w_{{gate}}_diag", self.units) for gate in "fio")
        if self.num_proj:
            self.projection = made("projection", self.units, self.num_proj)

    def get_initial_state(self, batch_size=None):
        return [{tf}.zeros([batch_size, size]) for size in self.state_size]

    def call(self, inputs, states):
        c, h = states
        gates = {tf}.nn.bias_add({tf}.matmul({tf}.concat([inputs, h], 1), self.kernel), self.bias)
        i, j, f, o = {tf}.split(gates, 4, axis=1)
        f = f + self.forget_bias
        if self.use_peepholes:
            f, i = f + self.w_f * c, i + self.w_i * c
        c = {tf}.sigmoid(f) * c + {tf}.sigmoid(i) * self.activation(j)
        if self.cell_clip is not None:
            c = {tf}.clip_by_value(c, -self.cell_clip, self.cell_clip)
        h = {tf}.sigmoid(o + self.w_o * c if self.use_peepholes else o) * self.activation(c)
        if self.num_proj:
            h = {tf}.matmul(h, self.projection)
            if self.proj_clip is not None:
                h = {tf}.clip_by_value(h, -self.proj_clip, self.proj_clip)
        return h, [c, h]"""

_ONE = '''\
class OneState{kind}LSTMCell(Joint{kind}LSTMCell):
    """The cell with one tensor for its state: what is remembered, beside the output."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sizes, self.state_size = self.state_size, sum(self.state_size)

    def get_initial_state(self, batch_size=None):
        return {tf}.zeros([batch_size, self.state_size])

    def call(self, inputs, states):
        several = isinstance(states, (list, tuple))
        outputs, parts = super().call(inputs, {tf}.split(states[0] if several else states, self.sizes, 1))
        state = {tf}.concat(parts, 1)
        return outputs, [state] if several else state'''

# Keras's `StackedRNNCells` has a list for the states, and its cells in a list that `tf.train.Checkpoint` passes over.
_CELLS = '''\
class OneStateCells({tf}.keras.layers.Layer):
    """Cells on top of each other with one tensor for their states, side by side."""

    def __init__(self, cells):
        super().__init__()
        for index, cell in enumerate(cells):
            setattr(self, f"cell_{{index}}", cell)
        self.cells, self.sizes = cells, [cell.state_size for cell in cells]
        self.state_size, self.output_size = sum(self.sizes), cells[-1].output_size

    def build(self, input_shape):
        for cell in self.cells:
            if not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = [*input_shape[:-1], cell.output_size]

    def get_initial_state(self, batch_size=None):
        return {tf}.zeros([batch_size, self.state_size])

    def call(self, inputs, states):
        several = isinstance(states, (list, tuple))
        parts = {tf}.split(states[0] if several else states, self.sizes, 1)
        for index, cell in enumerate(self.cells):
            inputs, parts[index] = cell(inputs, parts[index])
        state = {tf}.concat(parts, 1)
        return inputs, [state] if several else state'''

_STATES = "; the state is what is remembered, then the output"
#: By the name of the class that is written: what it says, and its methods.
_CLASSES = {
    "RNN": ("simplest cell", "", _RNN + _ONE_STATE.replace("{step}", _RNN_STEP)),
    "GRU": ("gated recurrent unit", "", _GRU + _ONE_STATE.replace("{step}", _GRU_STEP)),
    "LSTM": ("LSTM cell", _STATES, _LSTM),
    "WholeLSTM": ("LSTM cell", _STATES, _WHOLE),
}

# Keras 3 has the cells of a stack in a list of its own (`TrackedList`), which `tf.train.Checkpoint` passes over.
_TRACKED = """\
class TrackedCells({tf}.keras.layers.StackedRNNCells):
    \"\"\"Cells on top of each other, each of which a checkpoint keeps.\"\"\"

    def __init__(self, cells):
        super().__init__(cells)
        for index, cell in enumerate(cells):
            setattr(self, f"cell_{{index}}", cell)"""


def classes(text: str, tf: str) -> list[str]:
    """The classes of the cells that a text makes."""
    one = [kind for kind in ("", "Whole") if re.search(rf"\bOneState{kind}LSTMCell\b", text)]
    below = [f"{kind}LSTM" for kind in one]
    found = [
        _BEGIN.format(kind=kind, what=what, state=state, tf=tf) + body.format(tf=tf)
        for kind, (what, state, body) in _CLASSES.items()
        if re.search(rf"\bJoint{kind}Cell\b", text) or kind in below
    ]
    found += [_ONE.format(kind=kind, tf=tf) for kind in one]
    stacks = {"TrackedCells": _TRACKED, "OneStateCells": _CELLS}
    return [*found, *(text_of.format(tf=tf) for name, text_of in stacks.items() if re.search(rf"\b{name}\b", text))]


__all__ = ["classes"]
