"""Which runs draw elements of data sets: as parameters of their functions, or as all that they do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import children, own
from tf2migrate.lift import kept_queues, pipe_runs, visibility
from tf2migrate.lift.datasets import Draw, Element, Iterator, Start, binding, starts
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Definition, Fetch, Fetches, Frame, Run, Statement
from tf2migrate.lift.values import Refused, Tensor, Time, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan

_LOOPS = (ast.For, ast.While)


def name(plan: Plan, found: Slice) -> None:
    """Every element that a function is given has a name; those of one draw are given together, in their order."""
    for element in [v for v in found.parameters if isinstance(v, Element)]:
        statement = found.parameters[element].statement
        if element not in plan.parameter_names:
            plan.parameter_names[element] = found.parameters[element].name or plan.fresh("batch")
        if element.draw is not None and not binding(found.parameters[element]):
            _check_inline(statement, element)


def _check_inline(statement: Statement, element: Element) -> None:
    node = statement.node
    inside = any(child is element.node for child in ast.walk(node))
    simple = isinstance(node, ast.expr | ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
    if not inside or not simple:
        raise Refused(
            "TFM901", node, "elements of a data set are drawn in a loop or a branch of graph code", "Draw them before."
        )


def complete(found: Slice, fed: set[Value]) -> None:
    """Where a run draws some of an element's parts, but not one alone, its function is given all of them."""
    for draw in dict.fromkeys(v.draw for v in found.parameters if isinstance(v, Element)):
        elements = [v for v in found.parameters if isinstance(v, Element) and v.draw is draw]
        if len(elements) > 1 and draw is not None and not fed & set(elements):
            for definition in draw.statement.writes:
                if binding(definition):
                    found.parameters.setdefault(definition.value, definition)
    found.parameters = dict(sorted(found.parameters.items(), key=_order))


def _order(item: tuple[Value, Definition]) -> tuple[bool, int, tuple[int, ...]]:
    value, definition = item
    if isinstance(value, Element):
        return False, definition.statement.order, value.path
    return True, definition.statement.order, ()


def only(run: Run) -> tuple[Draw, list[Element]] | None:
    """What a run draws that does nothing else: the draw, and the part of the element that each fetch is."""
    found: list[Element] = []
    fed = {feed.key for feed in run.feeds}
    for leaf in run.fetches.leaves():
        value = leaf.value
        if not isinstance(value, Element) or value in fed or value.draw is None or len(value.path) > 1:
            return None
        direct = leaf.named and all(binding(d) for d in leaf.reads)
        if not direct and leaf.node is not value.draw.node:
            return None
        found.append(value)
    draws = {value.draw for value in found}
    draw = found[0].draw if found else None
    return (draw, found) if draw is not None and len(draws) == 1 else None


def first_run(run: Run, start: Start) -> Run | None:
    """The run that makes a data set of what is fed or drawn: what it gives is the data set, what it needs the slice."""
    if start.dataset is None or start.dataset.time < Time.STAGED or start.source is None or start.statement is None:
        return None
    statement = Statement(start.source, start.statement.frame, start.statement.order, start.statement.blocks)
    statement.reads, statement.value, statement.moves = set(start.reads), start.dataset, True
    value = Tensor(Time.STAGED, start.source)
    leaf = Fetch(start.source, value, start.reads, statement, isinstance(start.source, ast.Name))
    fetches = Fetches("one", (("0", leaf),))
    return Run(
        run.node, fetches, run.feeds, run.statement, run.blocks, run.frame, run.env, run.whole, run.graph, run.session
    )


# -------------------------------------------------------------------- what is refused


def check(interpreter: Interpreter) -> frozenset[Iterator]:
    """What is drawn from; elements must keep number and order, and the end of them be told to the same reader."""
    runs = sorted(interpreter.runs.values(), key=lambda r: r.statement.order)
    drawing = {id(run.node): draws_of(interpreter, run) for run in runs}
    for run in runs:
        for draw in drawing[id(run.node)]:
            _check_end(run)
            _check_session(interpreter, runs, drawing, draw)
        if any(starts(leaf.value) for leaf in run.fetches.leaves()):
            _check_start(run)
    pipe_runs.check(interpreter, drawing)
    kept_queues.check(interpreter)
    if any(drawing.values()):
        _check_builtins(interpreter)
        _check_handlers(interpreter)
    return frozenset(draw.iterator for draws in drawing.values() for draw in draws)


def draws_of(interpreter: Interpreter, run: Run) -> list[Draw]:
    """The draws that a run makes."""
    from tf2migrate.lift.slices import backward_slice

    fed = {feed.key for feed in run.feeds}
    found = backward_slice(run)
    elements = [v for v in found.parameters if isinstance(v, Element) and v not in fed]
    elements += [
        leaf.value for leaf in run.fetches.leaves() if isinstance(leaf.value, Element) and leaf.value not in fed
    ]
    return list(dict.fromkeys(v.draw for v in elements if v.draw is not None))


def _check_start(run: Run) -> None:
    leaves = list(run.fetches.leaves())
    alone = all(hasattr(leaf.value, "scopes") for leaf in leaves)
    if not alone or not isinstance(run.statement.node, ast.Expr):
        raise Refused(
            "TFM902",
            run.node,
            "an iterator is set to its beginning beside other fetches, or in an expression",
            "Run its initializer in a statement of its own.",
        )


def _check_end(run: Run) -> None:
    """`next` says the end with StopIteration, which generators and `__next__` would give another meaning."""
    node = run.frame.node
    generator = not isinstance(node, ast.Module) and any(_yields(n) for n in own(children(node)))
    inside = [n for n in ast.walk(run.statement.node) if isinstance(n, ast.GeneratorExp | ast.Lambda)]
    hidden = any(any(child is run.node for child in ast.walk(n)) for n in inside)
    iterates = getattr(node, "name", "") in ("__next__", "next", "__iter__")
    if hidden or isinstance(node, ast.Lambda) or ((generator or iterates) and not caught(run)):
        raise Refused(
            "TFM902",
            run.node,
            "the end of the data is told through a generator, to which StopIteration means something else",
            "Catch tf.errors.OutOfRangeError inside the generator.",
        )


def caught(run: Run) -> bool:
    """Whether the function that a run stands in has a handler for the end of the data."""
    return any(isinstance(b, ast.Try) and any(_takes(h) for h in b.handlers) for b in run.blocks)


def _yields(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _takes(handler: ast.ExceptHandler) -> bool:
    text = ast.unparse(handler.type) if handler.type is not None else "Exception"
    return any(word in text for word in ("OutOfRangeError", "Exception"))


def _check_session(interpreter: Interpreter, runs: list[Run], drawing: dict[int, list[Draw]], draw: Draw) -> None:
    """Each session has its own place in a one-shot iterator: a second one would begin anew."""
    if draw.iterator.kind != "ready":
        return
    sessions = {id(r.session): r for r in runs if any(d.iterator is draw.iterator for d in drawing[id(r.node)])}
    repeated = any(_opened_again(interpreter, run, draw) for run in sessions.values())
    if len(sessions) > 1 or repeated:
        raise Refused(
            "TFM908",
            draw.node,
            "several sessions draw from one iterator, and each has its own place in it",
            "Make the iterator where each session begins.",
        )


def _opened_again(interpreter: Interpreter, run: Run, draw: Draw) -> bool:
    node = getattr(run.session, "node", None)
    holding = [s for f in interpreter.frames for s in f.statements if node is not None and _holds(s.node, node)]
    if not holding:
        return False
    opened = min(holding, key=lambda s: (s.node.end_lineno or 0) - s.node.lineno)
    made = draw.iterator.statement
    assert made is not None
    if opened.frame is made.frame:
        return any(isinstance(b, _LOOPS) and b not in made.blocks for b in opened.blocks)
    function = opened.frame.node
    calls = interpreter.given.get(function, []) if not isinstance(function, ast.Module) else []
    in_loop = any(
        isinstance(n, (*_LOOPS, ast.ListComp)) and any(c is call for c in ast.walk(n))
        for call, _ in calls
        for n in interpreter.program.nodes
    )
    return len(calls) > 1 or in_loop or any(isinstance(b, _LOOPS) for b in opened.blocks)


def _holds(statement: ast.AST, node: ast.AST) -> bool:
    if isinstance(statement, ast.With):
        return any(child is node for item in statement.items for child in ast.walk(item))
    if isinstance(statement, ast.stmt) and hasattr(statement, "body"):
        return False
    return any(child is node for child in ast.walk(statement))


def _check_builtins(interpreter: Interpreter) -> None:
    """What is written calls `iter` and `next`: in the program they must still be Python's. Raises `Refused`."""
    for node in interpreter.program.nodes:
        name = node.arg if isinstance(node, ast.arg) else getattr(node, "id", getattr(node, "name", ""))
        bound = isinstance(node, ast.arg | ast.FunctionDef | ast.ClassDef) or (
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
        if bound and name in ("iter", "next") and not _is_method(interpreter, node):
            raise Refused(
                "TFM903", node, f"{name} is bound, and what is written would call Python's own", "Give it another name."
            )


def _is_method(interpreter: Interpreter, node: ast.AST) -> bool:
    classes = interpreter.program.each(ast.ClassDef)
    return any(node in c.body for c in classes)


def _check_handlers(interpreter: Interpreter) -> None:
    """A handler that looks into the error, or takes a family of TensorFlow's errors, would find another one."""
    names = interpreter.names
    for node in interpreter.program.nodes:
        if not isinstance(node, ast.ExceptHandler) or node.type is None:
            continue
        paths = {names.symbol(n) for n in ast.walk(node.type) if isinstance(n, ast.Name | ast.Attribute)}
        looks = any(
            isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == node.name
            for n in ast.walk(node)
        )
        if "tf.errors.OpError" in paths or (looks and "tf.errors.OutOfRangeError" in paths):
            raise Refused(
                "TFM902",
                node,
                "this handler needs TensorFlow's own error at the end of the data, which is StopIteration now",
                "Catch tf.errors.OutOfRangeError, and do not look into it.",
            )


# -------------------------------------------------------------------- names


def iterator_of(interpreter: Interpreter, run: Run, draw: Draw) -> Iterator:
    """The iterator that a run draws from: for one that is fed, that whose handle the run is fed. Raises `Refused`."""
    if draw.iterator.kind != "fed":
        return draw.iterator
    found = interpreter.handed.get(id(run.node), {}).get(draw.iterator.handle) if draw.iterator.handle else None
    if not isinstance(found, Iterator):
        raise Refused(
            "TFM905", run.node, "which iterator's handle is fed cannot be seen", "Feed the handle by its own name."
        )
    return found


def iterator_name(interpreter: Interpreter, run: Run, iterator: Iterator) -> str | None:
    """How an iterator is called where a run stands; None where it has no name yet. Raises `Refused`."""
    frames = [run.frame] if run.frame.unit else []
    for found, definitions in run.env.items():
        if any(d.value is iterator for d in definitions):
            if len({d.site for d in definitions}) > 1:
                break
            _check_place(interpreter, run, iterator, definitions[0].statement.frame)
            return found
    instance = visibility.owner(run.frame)
    if instance is not None:
        for attribute, definitions in instance.attributes.items():
            if any(d.value is iterator for d in definitions):
                return f"self.{attribute}"
    if iterator.statement is not None and not visibility.sees(run.frame, iterator.statement.frame):
        raise Refused(
            "TFM902",
            run.node,
            "this run draws from an iterator that is made in another function",
            "Keep the iterator as an attribute, or give it to the function.",
        )
    bound = [d for f in interpreter.frames for s in f.statements for d in s.writes if d.value is iterator]
    if bound or not frames:
        raise Refused(
            "TFM903",
            run.node,
            "the name of an iterator is that of something else by the time of this run",
            "Give each iterator a name of its own.",
        )
    return None


def _check_place(interpreter: Interpreter, run: Run, iterator: Iterator, home: Frame) -> None:
    """An iterator that starts in one function is bound there: no other one would see it."""
    if iterator.kind != "started":
        return
    begun = {
        r.frame
        for r in interpreter.runs.values()
        for leaf in r.fetches.leaves()
        for s in starts(leaf.value)
        if s.iterator is iterator
    }
    if begun - {home} and begun != {run.frame}:
        raise Refused(
            "TFM902",
            run.node,
            "an iterator is initialized in another function than the one that draws from it",
            "Initialize it where it is used, or keep it as an attribute.",
        )


__all__ = ["check", "complete", "first_run", "iterator_name", "iterator_of", "name", "only"]
