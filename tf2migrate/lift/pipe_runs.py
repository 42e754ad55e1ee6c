"""The ops between a reader and a batch, as the slice of a function that is mapped over the records."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tf2migrate.lift import fifo
from tf2migrate.lift.datasets import Draw, Element, Iterator, binding
from tf2migrate.lift.pipelines import Pipe, Piped
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Definition, Fetches, Run
from tf2migrate.lift.values import Refused, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan


def needed(drawn: Iterable[Iterator], returned: Iterable[Pipe] = ()) -> list[Pipe]:
    """The stages that runs draw from or functions return, and those before them, in the order of the program."""
    found: dict[Pipe, None] = {}
    for end in [*(iterator.pipe for iterator in drawn if isinstance(iterator, Piped)), *returned]:
        pipe = end
        while pipe is not None and pipe not in found:
            found[pipe] = None
            pipe = pipe.upstream
    return sorted(found, key=lambda p: p.statement.order)


def all_needed(interpreter: Interpreter, plan: Plan) -> list[Pipe]:
    """The stages of a program, also of functions that it never calls."""
    return needed(plan.drawn, [pipe for pipe in interpreter.pipes if pipe.kind == "returned"])


def mapping(pipe: Pipe) -> Run | None:
    """A batch's tensors, as what a run of its own would fetch."""
    if pipe.kind not in ("batch", "returned") or not pipe.items:
        return None
    fetches = Fetches("tuple", tuple((str(i), item) for i, item in enumerate(pipe.items)))
    statement = pipe.statement
    node = ast.copy_location(ast.Call(pipe.node, [], []), pipe.node)
    return Run(node, fetches, (), statement, statement.blocks, statement.frame, dict(pipe.env))


def is_plain(pipe: Pipe) -> bool:
    """Whether a batch is made of the parts of the element before, as they are."""
    if not all(item.named and len(item.reads) == 1 for item in pipe.items):
        return False
    values = [next(iter(item.reads)).value for item in pipe.items]
    if not all(isinstance(v, Element) for v in values):
        return False
    paths = [v.path for v in values if isinstance(v, Element)]
    if paths == [()] and pipe.kind == "returned":
        return True
    width = pipe.upstream.width if pipe.upstream is not None else None
    return pipe.width == width and paths == ([(i,) for i in range(width)] if width else [()])


def parameters(pipe: Pipe, found: Slice) -> dict[Value, Definition]:
    """All parts of the element before, in their order. Raises `Refused`."""
    given: dict[Value, Definition] = {v: d for v, d in found.parameters.items() if isinstance(v, Element)}
    if set(given) != set(found.parameters):
        raise Refused(
            "TFM901", pipe.node, "ops between a reader and a batch read what is fed", "Make the batch of the data."
        )
    whole = any(isinstance(v, Element) and not v.path for v in given)
    if whole and pipe.upstream is not None and pipe.upstream.width is None:
        raise Refused(
            "TFM901", pipe.node, "how many parts an element has is not seen where a function takes it", "Unpack it."
        )
    if any(isinstance(v, Element) and v.path for v in given):
        draw = next(v.draw for v in given if isinstance(v, Element) and v.path)
        assert draw is not None
        given = {d.value: d for d in draw.statement.writes if binding(d)}
    return given


def check(interpreter: Interpreter, drawing: Mapping[int, list[Draw]]) -> None:
    """What one stage gives, one other takes: two would take turns as their threads happen to come. Raises `Refused`."""
    for pipe in interpreter.pipes:
        if pipe.kind == "returned":
            continue  # each call makes one of its own
        if any(_from(d, pipe) for drawn in drawing.values() for d in drawn):
            fifo.check(pipe)
        takers = [p for p in interpreter.pipes if p.upstream is pipe]
        runs = [r for r in interpreter.runs.values() if any(_from(d, pipe) for d in drawing[id(r.node)])]
        later = [r for t in takers for r in runs if r.statement.order > t.statement.order]
        theirs = {id(r.session) for r in runs}
        shared = [r for t in takers for r in _ending(interpreter, drawing, t) if id(r.session) in theirs]
        if len(takers) > 1 or later or shared:
            raise Refused(
                "TFM901",
                takers[-1].node,
                "two ends of one queue take its elements by turns that are not certain",
                "Make a data set for each of them.",
            )


def _ending(interpreter: Interpreter, drawing: Mapping[int, list[Draw]], pipe: Pipe) -> list[Run]:
    """The runs that draw from a stage, or from one after it."""
    after = [p for p in interpreter.pipes if p.upstream is pipe]
    own = [r for r in interpreter.runs.values() if any(_from(d, pipe) for d in drawing[id(r.node)])]
    return own + [r for p in after for r in _ending(interpreter, drawing, p)]


def _from(draw: Draw, pipe: Pipe) -> bool:
    return isinstance(draw.iterator, Piped) and draw.iterator.pipe is pipe
