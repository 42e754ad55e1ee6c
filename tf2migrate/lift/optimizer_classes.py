"""Keras optimizers that compute TensorFlow 1's updates to the last bit, where Keras's own do not.

Compared over 200 steps on TensorFlow 2.21: SGD, Adagrad, Adadelta and Ftrl are equal as Keras has them, for gradients
that are tensors. What is not:

- Adam: TF1 multiplied the powers of the decays step by step, and held the decays in single precision. Keras computes
  them by pow from exact decays. One rounding of 0.999 ** t is 1e-5 of the step where t is small, which a sensitive
  network turns into another course of training.
- RMSProp: TF1's mean square starts at one. Keras sums in another order.
- Momentum: TF1 scaled the sum of gradients by the rate of each step, Keras each gradient by the rate of its own step.
  (Nesterov's is equal but for the last bit: TensorFlow 2 factors the rate out when it compiles a function.)

Tables whose rows are looked up have gradients of those rows (`tf.IndexedSlices`). TF1 changed no other row, and summed
what is looked up twice (`_apply_sparse_duplicate_indices` of `python/training/optimizer.py`); Keras's optimizers treat
each of the two by itself, or change every row. For SGD and Adam it is the same.
"""

from __future__ import annotations

ADAM = '''class {name}({tf}.keras.optimizers.Adam):
    """Adam with TensorFlow 1's rounding: the powers of its decays are products, taken step by step."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            first = [{tf}.keras.initializers.Constant(decay) for decay in (self.beta_1, self.beta_2)]
            self.powers = [self.add_variable((), decay, variables[0].dtype, name="power") for decay in first]

    def apply(self, grads, trainable_variables=None):
        iterations = super().apply(grads, trainable_variables)
        for power, decay in zip(self.powers, (self.beta_1, self.beta_2)):
            power.assign(power * decay)
        return iterations

    def update_step(self, gradient, variable, learning_rate):
        index, g = self._get_variable_index(variable), {tf}.convert_to_tensor(gradient)
        m, v = self._momentums[index], self._velocities[index]
        power_1, power_2 = ({tf}.cast(power, g.dtype) for power in self.powers)
        rate = {tf}.cast(learning_rate, g.dtype) * {tf}.sqrt(1 - power_2) / (1 - power_1)
        m.assign_add((g - m) * (1 - {tf}.cast(self.beta_1, g.dtype)))
        v.assign_add(({tf}.square(g) - v) * (1 - {tf}.cast(self.beta_2, g.dtype)))
        variable.assign_sub(m * rate / ({tf}.sqrt(v) + self.epsilon))'''

RMSPROP = '''class {name}({tf}.keras.optimizers.RMSprop):
    """RMSProp as TensorFlow 1 had it: the mean square starts at one."""

    def add_optimizer_variables(self, variables, name, initializer="zeros"):
        return super().add_optimizer_variables(variables, name, "ones" if name == "velocity" else initializer)

    def update_step(self, gradient, variable, learning_rate):
        index, g = self._get_variable_index(variable), {tf}.convert_to_tensor(gradient)
        rest = 1 - {tf}.cast(self.rho, g.dtype)
        v = self._velocities[index]
        v.assign_add(({tf}.square(g) - v) * rest)
        spread = v + self.epsilon
        if self.centered:
            mean = self._average_gradients[index]
            mean.assign_add((g - mean) * rest)
            spread = v - {tf}.square(mean) + self.epsilon
        root = {tf}.maximum({tf}.sqrt(spread), 0)  # keeps the division from becoming a product, which rounds otherwise
        step = g * {tf}.cast(learning_rate, g.dtype) / root
        if self.momentum > 0:
            step = self._momentums[index].assign(self._momentums[index] * self.momentum + step)
        variable.assign_sub(step)'''

MOMENTUM = '''class {name}({tf}.keras.optimizers.SGD):
    """Momentum as TensorFlow 1 had it: a sum of gradients, scaled by the rate of each step."""

    def update_step(self, gradient, variable, learning_rate):
        g, total = {tf}.convert_to_tensor(gradient), self.momentums[self._get_variable_index(variable)]
        rate = {tf}.cast(learning_rate, g.dtype)
        total.assign(total * self.momentum + g)
        variable.assign_sub(g * rate + total * self.momentum * rate if self.nesterov else total * rate)'''

#: TF1's optimizer: the name of the class, and its text.
CLASSES = {
    "AdamOptimizer": ("Adam", ADAM),
    "RMSPropOptimizer": ("RMSProp", RMSPROP),
    "MomentumOptimizer": ("Momentum", MOMENTUM),
}

#: Those that Keras has alike, but for tables.
_ALIKE = ("AdagradOptimizer", "AdadeltaOptimizer", "FtrlOptimizer")

ROWS = '''
    def update_step(self, gradient, variable, learning_rate):
        if not isinstance(gradient, {tf}.IndexedSlices):
            return {update}(gradient, variable, learning_rate)
        # of a table: the rows that were looked up change, each by the sum of its gradients
        kept = [v for v in (variable, *self.variables) if v.shape == variable.shape]
        before = [{tf}.convert_to_tensor(v) for v in kept]
        {update}({tf}.convert_to_tensor(gradient), variable, learning_rate)
        found = {tf}.ones_like(gradient.indices)
        rows = {tf}.scatter_nd(gradient.indices[:, {tf}.newaxis], found, variable.shape[:1]) > 0
        rows = {tf}.reshape(rows, [-1] + [1] * (len(variable.shape) - 1))
        for value, old in zip(kept, before):
            value.assign({tf}.keras.ops.where(rows, value, old))'''

#: What looks up rows of a table, and so has such a gradient where the table is a variable.
LOOKUPS = (
    *("tf.nn.embedding_lookup", "tf.nn.embedding_lookup_sparse", "tf.nn.safe_embedding_lookup_sparse"),
    *("tf.gather", "tf.gather_nd", "tf.boolean_mask", "tf.nn.nce_loss", "tf.nn.sampled_softmax_loss"),
    *("tf.contrib.layers.embed_sequence", "tf.contrib.layers.embedding_lookup_unique", "tf.keras.layers.Embedding"),
)


def name_of(kind: str, looks_up: bool) -> str:
    """What the class is called that stands for an optimizer; empty where Keras's own does."""
    if kind in CLASSES:
        return CLASSES[kind][0]
    return kind.removesuffix("Optimizer") if looks_up and kind in _ALIKE else ""


def definition(kind: str, name: str, tf: str, looks_up: bool) -> str:
    """The class that stands for an optimizer, under a name: of tables it changes the rows that are looked up."""
    if not looks_up or kind == "AdamOptimizer":
        return CLASSES[kind][1].format(tf=tf, name=name)
    if kind in CLASSES:
        own = CLASSES[kind][1].replace("def update_step(", "def _update(")
        return (own + "\n" + ROWS).format(tf=tf, name=name, update="self._update")
    keras = kind.removesuffix("Optimizer")
    head = f'class {name}({tf}.keras.optimizers.{keras}):\n    """{keras} for tables, whose rows are looked up."""\n'
    return head + ROWS.format(tf=tf, update="super().update_step")


#: What sets an optimizer back, where the variables are initialized again.
RESTART = '''def start_afresh(optimizer):
    """Sets what an optimizer keeps of the variables to what it was at first."""
    if optimizer.built:
        first = type(optimizer).from_config(optimizer.get_config())
        first.build(optimizer._trainable_variables)
        for variable, value in zip(optimizer.variables, first.variables):
            variable.assign(value)'''
