"""The variables that an op of an optimizer is told to change, or gradients are asked of."""

from __future__ import annotations

from tf2migrate.lift.values import Effect, Structure, Value


def asked(effect: Effect) -> Value | None:
    """What `var_list` is, or what gradients are taken by; None where nothing is told."""
    return effect.target if effect.kind == "gradients" else effect.given("var_list")


def members(listed: Value) -> list[Value]:
    """The variables of a list, as far as they are told; one that stands alone is a list of itself."""
    if told := getattr(listed, "members", ()):
        return [member.value for member in told]
    if isinstance(listed, Structure):
        return [] if listed.rest is not None else [value for _, value, _ in listed.items]
    return [listed]
