"""Functions that run what they are given, and are given something else by each call: they are given its function.

`evaluate(sess, accuracy, data)` and `evaluate(sess, loss, data)` become `evaluate(compute_accuracy, data)` and
`evaluate(compute_loss, data)`; inside, the parameter is called.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.tree import walk
from tf2migrate.lift import passed_variables
from tf2migrate.lift.planned import Plan, Planned
from tf2migrate.lift.slices import Slice, backward_slice, kind_of
from tf2migrate.lift.summaries import Summary
from tf2migrate.lift.trace import Fetch, Fetches, Run
from tf2migrate.lift.values import Placeholder, Refused, Value

if TYPE_CHECKING:
    from tf2migrate.lift.functions import Function, FunctionNode
    from tf2migrate.lift.interpret import Interpreter

_ADVICE = "Have each call give the function what is fetched alike, or write the runs out."


@dataclass(frozen=True, eq=False)
class Given:
    """A function that another one is given: its name there, and which it is at each call."""

    name: str
    of_call: Mapping[int, Planned]


def follow(interpreter: Interpreter, function: Function, call: ast.Call, arguments: dict[str, Value]) -> bool:
    """Follows a function once more for a call that gives it other parts of the graph: what its runs are there.

    False where that is not all that such a call changes.
    """
    node, first = function.node, interpreter.given[function.node][0][1]
    differing = passed_variables.differing(node, first, arguments)
    if not all(passed_variables.only_fetched(node, name, listed=True) for name in differing):
        return False
    inside = {id(n) for n in walk(node)}
    before = {key: run for key, run in interpreter.runs.items() if key in inside}
    frame = interpreter.follow_again(function, arguments)
    if any(s.moves or s.made or s.shared or s.effects for s in frame.statements):
        return False
    after = {key: run for key, run in interpreter.runs.items() if key in inside}
    interpreter.runs.update(before)
    if before.keys() != after.keys() or any(after[key] is run for key, run in before.items()):
        return False
    if any(interpreter.handed[key] for key in before):  # iterators, by their handles
        return False
    for key, run in after.items():
        interpreter.runs[id(run)] = run
        interpreter.other_calls.setdefault(key, []).append((call, run))
    return True


def widen(interpreter: Interpreter, run: Run, found: Slice) -> bool:
    """Has the function of a run take what it takes at other calls, and is fed here: they are called alike.

    Whether it takes something more for that.
    """
    others = [interpreter.runs[id(run.node)]] if id(run.node) in interpreter.other_calls else []
    others += [other for _, other in interpreter.other_calls.get(id(run.node), [])]
    fed, before = {feed.key for feed in run.feeds}, len(found.parameters)
    for other in others:
        for value, definition in backward_slice(other).parameters.items():
            if type(value) is Placeholder and value in fed:
                found.parameters.setdefault(value, definition)
    found.parameters = dict(sorted(found.parameters.items(), key=lambda item: item[1].statement.order))
    return len(found.parameters) > before


def find(interpreter: Interpreter, plan: Plan) -> dict[Run, Given]:
    """For each run that is another one at other calls of its function: what is called there. Raises `Refused`."""
    found: dict[Run, Given] = {}
    for key, others in interpreter.other_calls.items():
        run = interpreter.runs[key]
        mine = plan.of_run.get(run)
        if any(not _is_alike(run, other, mine, plan.of_run.get(other)) for _, other in others):
            what = "a function is given different parts of the graph, with which what its run is fed or gives differs"
            raise Refused("TFM901", run.node, what, _ADVICE)
        if mine is None or all(plan.of_run[other] is mine for _, other in others):
            continue
        function = run.frame.node
        assert not isinstance(function, ast.Module)
        of_call = {id(call): mine for call, _ in interpreter.given[function]}
        of_call |= {id(call): plan.of_run[other] for call, other in others}
        known = [g for r, g in found.items() if r.frame is run.frame and g.of_call == of_call]
        names = {g.name for g in found.values()} | {planned.name for planned in plan.functions}
        given = known[0] if known else Given(fresh(_name(run, mine), names | _words(function)), of_call)
        found |= dict.fromkeys([run, *(other for _, other in others)], given)
    return found


def _words(function: FunctionNode) -> set[str]:
    inside = list(walk(function))
    return {n.id for n in inside if isinstance(n, ast.Name)} | {n.arg for n in inside if isinstance(n, ast.arg)}


def _name(run: Run, planned: Planned) -> str:
    """What the function that another is given is called there: after the parameters that were fetched."""
    effects = [leaf for leaf in planned.slice.leaves if kind_of(leaf) in ("effect", "assigned")]
    if effects:
        return "update"
    asked = run.node.args[0] if run.node.args else run.node.func
    names = [n.id for n in walk(asked) if isinstance(n, ast.Name)]
    return "_".join(["compute", "_and_".join(names[:3])])


def _is_alike(run: Run, other: Run, mine: Planned | None, theirs: Planned | None) -> bool:
    """Whether the text of one run is right for another as well, but for the function that is called."""
    if _shape(run.fetches) != _shape(other.fetches):
        return False
    fed, given = ([(f.key, f.held, f.optional) for f in r.feeds] for r in (run, other))
    if fed != given or (run.whole is None) != (other.whole is None):
        return False
    if mine is None or theirs is None:
        return mine is theirs
    if set(mine.slice.parameters) != set(theirs.slice.parameters) or mine.traced != theirs.traced:
        return False
    return _gives(mine) == _gives(theirs)


def _shape(fetches: Fetches) -> object:
    return fetches.kind, [
        (key, (kind_of(item), item.nested) if isinstance(item, Fetch) else _shape(item)) for key, item in fetches.items
    ]


def _gives(planned: Planned) -> object:
    """What a function returns, as places among what was fetched; nothing is like what is of other kinds."""
    if any(leaf not in planned.slice.leaves or isinstance(leaf.value, Summary) for leaf in planned.returned):
        return object()
    return [planned.slice.leaves.index(leaf) for leaf in planned.returned]
