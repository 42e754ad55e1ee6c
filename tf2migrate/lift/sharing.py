"""What several functions compute alike, as a function of its own.

Statements that the same functions need belong together. More than two of them become a function that the others
call; one or two are repeated. A function that cannot call it without changing the order of things repeats them too.
"""

from __future__ import annotations

import ast

from tf2migrate.lift import visibility
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.noted import Noting
from tf2migrate.lift.plan import late_statements
from tf2migrate.lift.planned import Plan, Planned, Shared
from tf2migrate.lift.printed_shapes import only_for_shapes
from tf2migrate.lift.slices import is_held, kind_of
from tf2migrate.lift.trace import Definition, Frame, Statement
from tf2migrate.lift.values import Effect, Placeholder, Value

FEW = 2


def find_shared(plan: Plan) -> tuple[Shared, ...]:
    """The parts that are worth a function, in the order of the program."""
    users: dict[Statement, list[Planned]] = {}
    for planned in [p for p in plan.functions if not only_for_shapes(p)]:
        inline = {leaf.statement for leaf in planned.slice.leaves}
        late = late_statements(planned.slice)
        passed = {s for part in planned.passed for s in part.statements}
        for statement in planned.slice.statements:
            if statement not in inline and statement not in late | passed and _plain(statement):
                users.setdefault(statement, []).append(planned)
    groups: dict[tuple[Planned, ...], list[Statement]] = {}
    for statement, using in users.items():
        if len(using) > 1:
            groups.setdefault(tuple(using), []).append(statement)
    found = []
    for key, statements in groups.items():
        statements.sort(key=lambda s: s.order)
        functions = list(key)
        together = len({(s.frame, s.blocks) for s in statements}) == 1 and _is_reached(statements[0].frame, functions)
        if len(statements) > FEW and together:
            shared = _shared(plan, statements, functions)
            if shared is not None:
                found.append(shared)
    return tuple(sorted(found, key=lambda s: s.statements[0].order))


def _is_reached(home: Frame, functions: list[Planned]) -> bool:
    """Whether functions can call one that stands in a frame: they see it, or are of the same object."""
    instance = visibility.owner(home)
    apart = [f.frame for f in functions if f.frame is not None and not visibility.sees(f.frame, home)]
    return not apart or (instance is not None and all(visibility.owner(frame) is instance for frame in apart))


def is_attribute(plan: Plan, shared: Shared) -> bool:
    """Whether functions in other methods of the object call the one of a part."""
    inside, home = set(shared.statements), shared.statements[0].frame
    users = [p for p in plan.functions if p is not shared.planned and inside <= set(p.slice.statements)]
    return any(p.frame is not None and not visibility.sees(p.frame, home) for p in users)


def callee(shared: Shared, planned: Planned) -> str:
    """How a function calls the one of a part."""
    assert planned.frame is not None
    home = shared.statements[0].frame
    named = shared in planned.passed or visibility.sees(planned.frame, home)
    return shared.name if named else f"self.{shared.name}"


def _plain(statement: Statement) -> bool:
    """Whether a statement is an assignment of tensors, and nothing of gradients or order."""
    if statement.controls or not isinstance(statement.node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return False
    return not any(isinstance(e, Effect | Element | Noting) for e in statement.effects)


def _shared(plan: Plan, statements: list[Statement], functions: list[Planned]) -> Shared | None:
    inside = set(statements)
    wanted: dict[Definition, None] = {}
    for function in functions:
        for statement in function.slice.statements:
            if statement not in inside:
                wanted.update(dict.fromkeys(d for d in statement.reads if d.statement in inside))
        for leaf in function.slice.leaves:
            if leaf.named:
                wanted.update(dict.fromkeys(d for d in leaf.reads if d.statement in inside))
    last = {d.name: d for s in statements for d in s.writes}
    results = sorted(wanted, key=lambda d: (d.statement.order, d.statement.writes.index(d)))
    if not results or any(last[d.name] is not d for d in results) or len(results) > 3:
        return None
    parameters: dict[Value, Definition] = {}
    for statement in statements:
        for definition in sorted(statement.reads, key=lambda d: d.statement.order):
            if definition.statement not in inside and definition.staged and not is_held(definition, statement.reads):
                parameters[definition.value] = definition
    ordered = tuple(sorted(parameters.items(), key=lambda item: item[1].statement.order))
    same = next((f for f in functions if _is_just(f, inside, results, ordered)), None)
    name = same.name if same is not None else plan.fresh("compute_" + "_and_".join(d.name for d in results))
    shared = Shared(name, tuple(statements), ordered, tuple(results), same)
    return shared if all(call_position(shared, f.slice.statements) for f in functions) else None


def _is_just(
    function: Planned,
    inside: set[Statement],
    results: list[Definition],
    parameters: tuple[tuple[Value, Definition], ...],
) -> bool:
    leaves = function.slice.leaves
    return (
        set(function.slice.statements) == inside
        and len(leaves) == len(results) == len(function.returned) == 1
        and kind_of(leaves[0]) == "tensor"
        and results[0] in leaves[0].reads
        and leaves[0].named
        and all(isinstance(v, Placeholder | Element) for v, _ in parameters)
    )


def call_position(shared: Shared, statements: list[Statement]) -> Statement | None:
    """At which of the part's statements a function may call it, or None where it must repeat them.

    What lists the variables of layers between them comes after the call, which makes those.
    """
    inside = set(shared.statements)
    order = {s: i for i, s in enumerate(statements)}
    if not inside <= set(order):
        return None
    first, last = min(inside, key=lambda s: order[s]), max(inside, key=lambda s: order[s])
    between = [s for s in statements if s not in inside and order[first] < order[s] < order[last]]
    if not any(s.lists or any(d.statement in inside for d in s.reads) for s in between):
        return last
    given = {d.statement for _, d in shared.parameters}
    return None if given & set(between) else first
