"""Functions that are only asked for a shape: each calls the one before it, so that a network is not written out again.

A program that prints the shape of every layer needs a function for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tf2migrate.lift.plan import late_statements
from tf2migrate.lift.planned import Shared
from tf2migrate.lift.printed_shapes import only_for_shapes
from tf2migrate.lift.sharing import call_position
from tf2migrate.lift.slices import kind_of
from tf2migrate.lift.values import Placeholder

if TYPE_CHECKING:
    from tf2migrate.lift.planned import Plan, Planned
    from tf2migrate.lift.trace import Definition


def join(plan: Plan) -> None:
    """Has the functions that are only asked for shapes call others for what these compute, the largest first."""
    by_size = sorted(plan.functions, key=lambda p: -len(p.slice.statements))
    for planned in plan.functions:
        if not only_for_shapes(planned):
            continue
        free = set(planned.slice.statements)
        for other in by_size:
            inside = set(other.slice.statements)
            if not inside or not inside <= free or inside == set(planned.slice.statements):
                continue
            result = _result(other, planned)
            if result is None:
                continue
            given = tuple(other.slice.parameters.items())
            shared = Shared(other.name, tuple(other.slice.statements), given, (result,), other)
            if call_position(shared, planned.slice.statements) is not None:
                planned.passed.append(shared)
                free -= inside


def _result(other: Planned, planned: Planned) -> Definition | None:
    """What a function gives that is all another needs of its statements; None where it cannot be called there."""
    inside, leaves = set(other.slice.statements), other.slice.leaves
    alone = len(leaves) == 1 and other.returned == list(leaves) and leaves[0].named and kind_of(leaves[0]) == "tensor"
    standing = not other.before and other.frame is planned.frame and other.anchor is other.slice.statements[-1].node
    given = all(type(value) is Placeholder for value in other.slice.parameters)
    if not (alone and standing and given and other.traced) or late_statements(other.slice):
        return None
    read = {d for s in planned.slice.statements if s not in inside for d in s.reads}
    read |= {d for leaf in planned.slice.leaves for d in leaf.reads}
    wanted = {d for d in read if d.statement in inside}
    results = {d for d in leaves[0].reads if d.statement in inside}
    return next(iter(results)) if len(results) == 1 and wanted <= results else None
