"""Moving averages of tensors, as the batch normalization that programs write by hand keeps: variables of their own.

`tf.train.ExponentialMovingAverage` of TensorFlow 2 averages variables only. In TensorFlow 1 the average of a tensor
starts at zero and moves by `average -= (1 - decay) * (average - value)` (`tensorflow/python/training/
moving_averages.py`, `apply` and `assign_moving_average`), and so it is written here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of, statement_of
from tf2migrate.facts.tree import straight, walk
from tf2migrate.lift.render import spread
from tf2migrate.lift.written_apart import alone
from tf2migrate.model import Edit, Options, Outcome

_AVERAGES = "tf.train.ExponentialMovingAverage"
#: What makes tensors that are no variables, from which averages are seen to be of tensors.
_STATISTICS = ("tf.nn.moments", "tf.reduce_mean")


@dataclass(frozen=True, eq=False)
class _Averages:
    """An object that keeps averages of tensors: where it is made, its decay, and its uses."""

    made: ast.Assign
    decay: str
    applied: list[tuple[ast.Call, list[str]]]
    asked: list[tuple[ast.Call, str]]


def averaged_tensors(program: Program, options: Options) -> Outcome:
    """The edits that write such averages out; none where they may be saved, since a file would have other names."""
    if "ExponentialMovingAverage" not in program.text or "Saver" in program.text:
        return Outcome()
    found = [_averages(program, node) for node in program.each(ast.Assign)]
    taken = {*program.words, *program.reserved}
    edits = [edit for one in found if one is not None for edit in _edits(program, one, taken)]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _averages(program: Program, node: ast.Assign) -> _Averages | None:
    """What is known of an object of averages, where all that it averages is statistics of a batch."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) as target], value=ast.Call() as call):
            pass
        case _:
            return None
    if program.names.symbol(call.func) != _AVERAGES or not alone(program, node):
        return None
    try:
        bound = bind(call, ("decay", "num_updates", "zero_debias", "name"))
        decay = bound["decay"]
    except Unbound:
        return None
    if set(bound) - {"decay", "name"} or any(isinstance(n, ast.Call) for n in walk(decay)):
        return None
    scope = scope_of(program, node)
    if isinstance(scope, ast.Module):  # where the shapes of tensors are not known before they are computed
        return None
    tensors = _tensors(program, node)
    applied: list[tuple[ast.Call, list[str]]] = []
    asked: list[tuple[ast.Call, str]] = []
    for use in (n for n in walk(scope) if isinstance(n, ast.Name) and n.id == name and n is not target):
        method = program.parents[id(use)]
        called = program.parents.get(id(method))
        match called:
            case ast.Call(func=ast.Attribute(attr="apply"), args=[ast.List(elts=each)], keywords=[]):
                applied.append((called, [ast.unparse(e) for e in each]))
            case ast.Call(func=ast.Attribute(attr="average"), args=[ast.Name(id=averaged)], keywords=[]):
                asked.append((called, averaged))
            case _:
                return None
    given = [each for _, names in applied for each in names]
    known = set(given) <= tensors and {each for _, each in asked} <= set(given) and len(applied) == 1
    return _Averages(node, program.segment(decay), applied, asked) if known else None


def _tensors(program: Program, made: ast.Assign) -> set[str]:
    """The names of statistics that are computed above a statement, and bound once in its function."""
    scope = scope_of(program, made)
    block = list(straight(scope.body))
    stored = [n.id for n in walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    found: set[str] = set()
    for statement in block[: block.index(made)] if made in block else []:
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Call) and program.names.symbol(value.func) in _STATISTICS:
            assert isinstance(statement, ast.Assign)
            bound = [n.id for t in statement.targets for n in walk(t) if isinstance(n, ast.Name)]
            found.update(name for name in bound if stored.count(name) == 1)
    return found


def _edits(program: Program, averages: _Averages, taken: set[str]) -> Iterator[Edit]:
    call = averages.made.value
    assert isinstance(call, ast.Call)
    tf = program.segment(call.func).split(".")[0]
    ((applied, tensors),) = averages.applied
    names = {}
    for tensor in tensors:
        names[tensor] = fresh(f"{tensor}_average", taken)
        taken.add(names[tensor])
    started = f"{tf}.Variable({tf}.zeros({{of}}.get_shape()), trainable=False, name='{{of}}/ExponentialMovingAverage')"
    made = [f"{name} = {started.format(of=of)}" for of, name in names.items()]
    yield Edit(program.span(averages.made), f"\n{program.indent(averages.made)}".join(made))
    moved = [f"{tf}.assign_sub({name}, ({name} - {of}) * (1 - {averages.decay}))" for of, name in names.items()]
    indent = program.indent(statement_of(program, applied))
    yield Edit(program.span(applied), spread(f"{tf}.group(", moved, ")", indent))
    for asked, tensor in averages.asked:
        yield Edit(program.span(asked), names[tensor])
