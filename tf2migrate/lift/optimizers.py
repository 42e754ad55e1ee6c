"""TF1's optimizers and schedules as Keras 3's: the same update, TF1's defaults written out where they differ.

The correspondence was measured with TensorFlow 2.21 and Keras 3.15: see `optimizer_classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tf2migrate.lift.values import Optimizer, Python, Refused, Schedule, Tensor, Time, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

#: symbol: (Keras class, {TF1 argument: Keras argument}, {Keras argument: TF1's default})
KERAS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "GradientDescentOptimizer": ("SGD", {}, {}),
    "MomentumOptimizer": ("SGD", {"momentum": "momentum", "use_nesterov": "nesterov"}, {}),
    "AdamOptimizer": (
        "Adam",
        {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon"},
        {"epsilon": "1e-8"},
    ),
    "AdagradOptimizer": ("Adagrad", {"initial_accumulator_value": "initial_accumulator_value"}, {"epsilon": "0.0"}),
    "AdadeltaOptimizer": ("Adadelta", {"rho": "rho", "epsilon": "epsilon"}, {"epsilon": "1e-8"}),
    "RMSPropOptimizer": (
        "RMSprop",
        {"decay": "rho", "momentum": "momentum", "epsilon": "epsilon", "centered": "centered"},
        {"rho": "0.9", "epsilon": "1e-10"},
    ),
    "FtrlOptimizer": (
        "Ftrl",
        {
            "learning_rate_power": "learning_rate_power",
            "initial_accumulator_value": "initial_accumulator_value",
            "l1_regularization_strength": "l1_regularization_strength",
            "l2_regularization_strength": "l2_regularization_strength",
            "l2_shrinkage_regularization_strength": "l2_shrinkage_regularization_strength",
        },
        {},
    ),
}
_DEFAULT_RATE = {"AdamOptimizer": "0.001", "AdadeltaOptimizer": "0.001"}
_IGNORED = {"learning_rate", "use_locking", "name", "accum_name", "linear_name"}


def optimizer_text(expressions: Expressions, optimizer: Optimizer) -> str:
    """The Keras optimizer in a TF1 optimizer's place."""
    kind = optimizer.symbol.rsplit(".", 1)[-1]
    keras, renamed, defaults = KERAS[kind]
    unknown = set(optimizer.arguments) - set(renamed) - _IGNORED
    if unknown:
        raise Refused("TFM907", optimizer.node, f"{kind} with {', '.join(sorted(unknown))}", "Leave the argument out.")
    parts = []
    if optimizer.rate.time < Time.MADE:  # what a variable holds is told at each run
        rate = optimizer.arguments.get("learning_rate")
        text = expressions.text(rate) if rate is not None else _DEFAULT_RATE.get(kind, "0.001")
        if isinstance(optimizer.rate, Python) and type(optimizer.rate.literal) is int:  # Keras takes no whole number
            text = f"{text}.0" if text.isdigit() else f"float({text})"
        elif isinstance(optimizer.rate, Tensor):  # nor a tensor
            text = f"float({text})"
        parts.append(
            f"learning_rate={text}" if any(k.arg == "learning_rate" for k in optimizer.node.keywords) else text
        )
    given = set()
    for name, argument in optimizer.arguments.items():
        if name in renamed:
            given.add(renamed[name])
            parts.append(f"{renamed[name]}={expressions.text(argument)}")
    parts += [f"{name}={value}" for name, value in defaults.items() if name not in given]
    return f"{expressions.optimizer_class(kind, keras)}({', '.join(parts)})"


_SCHEDULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "exponential_decay": ("ExponentialDecay", ("learning_rate", "decay_steps", "decay_rate", "staircase")),
    "inverse_time_decay": ("InverseTimeDecay", ("learning_rate", "decay_steps", "decay_rate", "staircase")),
    "polynomial_decay": (
        "PolynomialDecay",
        ("learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
    ),
    "piecewise_constant": ("PiecewiseConstantDecay", ("boundaries", "values")),
    "natural_exp_decay": ("ExponentialDecay", ("learning_rate", "decay_steps", "decay_rate", "staircase")),
    "cosine_decay_restarts": (
        "CosineDecayRestarts",
        ("learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"),
    ),
    "cosine_decay": ("CosineDecay", ("learning_rate", "decay_steps", "alpha")),
}


_KEYWORDS = ("staircase", "cycle", "power", "end_learning_rate", "alpha", "t_mul", "m_mul")


def schedule_text(expressions: Expressions, schedule: Schedule) -> str:
    """A Keras schedule, called on the step: the rate of this run."""
    keras, names = _SCHEDULES[schedule.symbol.rsplit(".", 1)[-1]]
    arguments = schedule.arguments
    parts = []
    for name in names:
        if name in arguments:
            text = expressions.text(arguments[name])
            if name == "decay_rate" and schedule.symbol.endswith("natural_exp_decay"):
                text = f"{expressions.tf}.exp(-{expressions.term(arguments[name])})"
            keyword = name if name in _KEYWORDS else ""
            parts.append(f"{keyword}={text}" if keyword else text)
    step = arguments.get("global_step") or arguments["x"]
    made = f"{expressions.tf}.keras.optimizers.schedules.{keras}({', '.join(parts)})"
    return f"{made}({expressions.text(step)})"


def numbers(interpreter: Interpreter) -> frozenset[Value]:
    """The learning rates of optimizers and the steps of schedules: a placeholder among them is one number.

    Keras's schedules cannot be called on a step of unknown rank (measured with Keras 3.15).
    """
    made = (m.value for frame in interpreter.frames for s in frame.statements for m in s.made)
    rates = [value.rate for value in made if isinstance(value, Optimizer)]
    return frozenset((*rates, *(v.step for v in interpreter.rewrites.values() if isinstance(v, Schedule))))
