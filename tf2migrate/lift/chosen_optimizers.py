"""Classes of optimizers that the objects of a class are given: `Net(tf.train.MomentumOptimizer, momentum=0.9)`.

The object makes its optimizer of a rate, and of what its constructor is given besides (`opt(rate, **settings)`). So the
class's Keras counterpart takes its place, and where the two have other defaults, TensorFlow 1's are given besides.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import symbols as S
from tf2migrate.lift.chosen_functions import Chosen, calls_of, told
from tf2migrate.lift.optimizers import KERAS
from tf2migrate.lift.values import Optimizer, Python, Symbol, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Class
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

#: The settings that TensorFlow 1 and Keras call by one name.
_SAME = frozenset(("momentum", "epsilon", "centered", "initial_accumulator_value", "learning_rate_power"))


@dataclass(frozen=True, eq=False)
class ChosenClass(Chosen):
    """One of several classes of optimizers; `settings` is the name of what the constructor hands on to it, if any."""

    settings: str = ""

    def takes(self, interpreter: Interpreter, value: Value) -> bool:
        return isinstance(value, Symbol) and value.path in S.OPTIMIZERS

    def call(self, interpreter: Interpreter, node: ast.Call, hint: str) -> Value:
        """The optimizer that a call makes of its rate."""
        handed = [k.value for k in node.keywords if k.arg is None]
        rates = [*node.args, *(k.value for k in node.keywords if k.arg == "learning_rate")]
        known = [isinstance(value, ast.Name) and value.id == self.settings for value in handed]
        plain = len(rates) == 1 and not isinstance(rates[0], ast.Starred)
        if not plain or not all(known) or len(node.args) + len(node.keywords) != 1 + len(handed):
            return Unknown("one of several optimizers is given more than its rate", node)
        rate = interpreter.evaluate(rates[0])
        whole = isinstance(rate, Python) and type(rate.literal) is int  # Keras takes no whole number
        if isinstance(rate, Unknown) or rate.time >= Time.MADE or whole:
            return Unknown("the rate of one of several optimizers is no number of Python's", node)
        made = ChosenOptimizer(node, "tf.train.Optimizer", {"learning_rate": rates[0]}, rate)
        interpreter.make(node, made, "optimizer", collections=frozenset())
        interpreter.rewrites[id(node)] = made
        return made


@dataclass(frozen=True, eq=False)
class ChosenOptimizer(Optimizer):
    """An optimizer of one of several classes: its call stays."""


@dataclass(frozen=True, eq=False)
class Named:
    """A class of optimizers that a call of a constructor names: what it is given there, and what it is to be given."""

    kind: str
    handed: bool
    given: frozenset[str]

    def text(self, expressions: Expressions) -> str:
        """What is written in its place."""
        keras, _, defaults = KERAS[self.kind]
        made = expressions.optimizer_class(self.kind, keras)
        settings = "".join(f", {name}={value}" for name, value in defaults.items() if name not in self.given)
        if not settings or self.handed:
            return f"{made}{settings}"
        return f"lambda learning_rate: {made}(learning_rate{settings})"


def differing(interpreter: Interpreter, made: Class) -> dict[str, Value]:
    """What stands for the classes of optimizers that the calls of a constructor give it: by its parameters."""
    constructor = made.methods["__init__"]
    found: dict[str, Value] = {}
    for parameter in constructor.args.args[1:]:
        arguments = told(interpreter, made, parameter.arg)
        paths = [interpreter.names.symbol(a) if isinstance(a, ast.Name | ast.Attribute) else None for a in arguments]
        if not paths or not all(path in S.OPTIMIZERS for path in paths):
            continue
        settings = _handed_on(constructor, parameter.arg)
        if constructor.args.kwarg is not None and not settings:
            continue
        found[parameter.arg] = ChosenClass(optional=False, settings=settings)
        _name(interpreter, made, constructor, parameter.arg, settings)
    return found


def _handed_on(constructor: ast.FunctionDef, name: str) -> str:
    """What a constructor takes besides (`**settings`), where it goes to the class of a parameter and nowhere else."""
    kwarg = constructor.args.kwarg.arg if constructor.args.kwarg is not None else ""
    uses = [n for n in walk(constructor) if isinstance(n, ast.Name) and n.id == kwarg]
    calls = [n for n in walk(constructor) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    handed = [k.value for c in calls if c.func.id == name for k in c.keywords if k.arg is None]  # type: ignore[attr-defined]
    return kwarg if len(uses) == 1 and uses == handed else ""


def _name(interpreter: Interpreter, made: Class, constructor: ast.FunctionDef, name: str, settings: str) -> None:
    """Notes what is to be written where the calls name a class, and where it is the default."""
    parameters = [a.arg for a in constructor.args.args]
    for call in calls_of(interpreter, made):
        besides = frozenset(k.arg for k in call.keywords if k.arg not in parameters and k.arg)
        at = parameters.index(name) - 1
        node = next((k.value for k in call.keywords if k.arg == name), call.args[at] if at < len(call.args) else None)
        last = at >= len(call.args) - 1
        path = interpreter.names.symbol(node) if node is not None else None
        if node is not None and path is not None and besides <= _SAME:
            kind = path.rsplit(".", 1)[-1]
            interpreter.rewrites[id(node)] = Named(kind, bool(settings) and last, besides)
    for default in constructor.args.defaults:
        path = interpreter.names.symbol(default) if isinstance(default, ast.Name | ast.Attribute) else None
        if path in S.OPTIMIZERS and not settings:
            interpreter.rewrites[id(default)] = Named(path.rsplit(".", 1)[-1], False, frozenset())
