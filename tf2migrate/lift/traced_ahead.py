"""Functions that are traced where they are defined, since they make variables that are asked for before any run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tf2migrate.lift import iterator_text, variable_lists
from tf2migrate.lift.slices import kind_of
from tf2migrate.lift.values import Placeholder, Refused, Value

if TYPE_CHECKING:
    from tf2migrate.lift.body import BodyWriter
    from tf2migrate.lift.planned import Plan, Planned

_WHY = "makes the variables that it needs"


def lines(plan: Plan, writer: BodyWriter, planned: Planned) -> list[str]:
    """The statement that traces a function. Raises `Refused` where it cannot be told what to trace it for."""
    if planned.slice.parameters and not iterator_text.signed(planned):
        names = plan.parameter_names
        given = ", ".join(f"{names[v]}={_like(plan, writer, planned, v)}" for v in planned.slice.parameters)
        return [f"# {_WHY}", f"{planned.name}.get_concrete_function({given})"]
    return [f"{planned.name}.get_concrete_function()  # {_WHY}"]


def _like(plan: Plan, writer: BodyWriter, planned: Planned, value: Value) -> str:
    """What a parameter is like: its placeholder's type, or what the function gives that computes the fed tensor."""
    if isinstance(value, Placeholder) and not value.untyped:
        return writer.spec(planned, value)
    for other in plan.functions:
        alone = len(other.returned) == len(other.slice.leaves) == 1 and other.returned[0].value is value
        there = other.frame is planned.frame and variable_lists.defined(other) < variable_lists.defined(planned)
        if alone and there and kind_of(other.returned[0]) == "tensor" and iterator_text.signed(other):
            return f"{other.name}.get_concrete_function().structured_outputs"
    what = "variables are asked for that a run makes, and what it is fed has no type before"
    raise Refused("TFM902", planned.runs[0].node, what, "Ask for the variables after the first run.")
