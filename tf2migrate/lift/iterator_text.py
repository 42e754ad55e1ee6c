"""The text of data sets' iterators: `iter(dataset)`, `next(iterator)`, and what a run is given of an element."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.lift import draws, fed_tensors, feed_dicts, visibility
from tf2migrate.lift.datasets import Draw, Element, Iterator, Start, count, is_deep, starts
from tf2migrate.lift.holders import Holders
from tf2migrate.lift.trace import Feed, Frame, Run, Statement
from tf2migrate.lift.values import Placeholder, Refused, Time, Value, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.planned import Planned

WIDTH = 90  # of the call that makes a data set, in one line


def made_text(expressions: Expressions, iterator: Iterator) -> str | None:
    """An iterator that is there as soon as it is made."""
    if iterator.kind != "ready" or iterator.source is None:
        return None
    return f"iter({expressions.text(iterator.source)})"


def drawn_text(expressions: Expressions, element: Element) -> str | None:
    """The parameter that stands for a draw inside a larger expression."""
    return expressions.plan.parameter_names.get(element) if expressions.inside else None


def _next(expressions: Expressions, run: Run, draw: Draw) -> str:
    iterator = draws.iterator_of(expressions.interpreter, run, draw)
    return f"next({_name(expressions, run, iterator)})"


def _name(expressions: Expressions, run: Run, iterator: Iterator) -> str:
    frame: Frame | None = run.frame
    while frame is not None:
        if (given := expressions.dropped.name_in(frame, iterator)) is not None:
            return given
        frame = frame.parent
    if (own := expressions.own.get(iterator)) is not None and not visibility.sees(run.frame, own[1]):
        return own[0]
    found = draws.iterator_name(expressions.interpreter, run, iterator) or expressions.hoisted.get(id(iterator.node))
    if found is None:
        raise Refused("TFM907", iterator.node, "an iterator has no name", "Bind the iterator to a name.")
    return found


# -------------------------------------------------------------------- what a function is given


def arguments(expressions: Expressions, run: Run, planned: Planned) -> tuple[list[str], list[str]]:
    """What a run's call gives of drawn elements: by position, and by name. Raises `Refused`."""
    fed = {feed.key for feed in run.feeds}
    wanted = [v for v in planned.slice.parameters if isinstance(v, Element) and v.draw is not None]
    if set(wanted) - fed and any(may_act(feed.node) for feed in run.feeds):
        raise Refused(
            "TFM905",
            run.node,
            "computing what is fed may draw or read something, and the run draws an element beside it",
            "Compute it before, under a name.",
        )
    if any(feed.optional and isinstance(feed.key, Element) for feed in run.feeds):
        raise Refused("TFM905", run.node, "an element is fed on some paths only", "Feed it on all of them, or on none.")
    placed: list[str] = []
    named: list[str] = []
    for draw in dict.fromkeys(v.draw for v in wanted if v.draw is not None):
        elements = [v for v in wanted if v.draw is draw]
        unfed = [v for v in elements if v not in fed]
        if not unfed:
            continue
        text = _next(expressions, run, draw)
        whole = not elements[0].path
        every = len(elements) == count(draw) and len(unfed) == len(elements)
        first = not named and all(v in unfed for v in elements) and wanted.index(elements[0]) < _given(wanted, fed)
        if (whole or every) and first:
            placed.append(text if whole else f"*{text}")
        elif len(unfed) == 1:
            part = text if whole else f"{text}[{unfed[0].path[0]}]"
            named.append(f"{expressions.plan.parameter_names[unfed[0]]}={part}")
        else:
            raise Refused(
                "TFM905", run.node, "some parts of an element are fed, and others are not", "Feed all of them."
            )
    return placed, named


def _given(wanted: list[Element], fed: set[Value]) -> int:
    """How many of the drawn parameters come before the first that is fed."""
    return next((i for i, v in enumerate(wanted) if v in fed), len(wanted))


def parameter(planned: Planned, value: Value, name: str) -> str:
    """A parameter of a function; of one that is mapped over tuples, one that is the tuple takes all its parts."""
    whole = isinstance(value, Element) and not value.path and value.draw is not None and bool(count(value.draw))
    return f"*{name}" if whole and not planned.traced else name


def signed(planned: Planned) -> bool:
    """Whether a function says the types of what it is given: one that is given elements or tensors takes theirs."""
    return planned.traced and all(isinstance(v, Placeholder) and not v.untyped for v in planned.slice.parameters)


def converted(expressions: Expressions, run: Run, feed: Feed, text: str) -> str:
    """What is fed to a function without a signature: of the type that the feed made it."""
    value, tf = feed.key, expressions.tf
    if isinstance(value, Element) and value.draw is not None:
        iterator = draws.iterator_of(expressions.interpreter, run, value.draw)
        path = "".join(f"[{i}]" for i in value.path)
        return f"{tf}.convert_to_tensor({text}, {_name(expressions, run, iterator)}.element_spec{path}.dtype)"
    if isinstance(value, Holders):
        return feed_dicts.converted(expressions, value, text)
    if isinstance(value, Placeholder) and value.untyped:
        return f"{tf}.convert_to_tensor({text})" if value.any_tensor else text
    if isinstance(value, Placeholder):
        dtype = value.arguments.get("dtype")
        if isinstance(dtype, ast.Attribute) and dtype.attr == "dtype" and ast.unparse(dtype.value) == text:
            return text
        return f"{tf}.convert_to_tensor({text}, {visibility.named(expressions.plan, run.frame, value)}.dtype)"
    return fed_tensors.converted(expressions, run, feed, text)


# -------------------------------------------------------------------- runs that only draw


def run_lines(expressions: Expressions, run: Run) -> list[str] | None:
    """The lines of a statement that is a run that only draws."""
    from tf2migrate.lift.plan import unpacked

    found = draws.only(run)
    if found is None:
        return None
    draw, elements = found
    text, statement = _next(expressions, run, draw), run.statement.node
    if isinstance(statement, ast.Expr):
        return [text]
    pairs = unpacked(run)
    if pairs is None:
        return None
    targets = [expressions.text(target) for target, _ in pairs]
    if len(targets) == 1:
        return [f"{targets[0]} = {_value(expressions, text, draw, elements[0])}"]
    if _in_order(draw, elements) and any(is_deep(e) for e in elements):
        return [f"{', '.join(targets)} = {_all_numpy(expressions, text)}"]
    if _in_order(draw, elements):
        return [f"{', '.join(targets)} = (value.numpy() for value in {text})"]
    batch = expressions.plan.fresh("batch")
    values = [f"{t} = {_value(expressions, batch, draw, e)}" for t, e in zip(targets, elements, strict=True)]
    return [f"{batch} = {text}", *values]


def run_text(expressions: Expressions, run: Run) -> str | None:
    """The text of a run that only draws, inside an expression."""
    found = draws.only(run)
    if found is None:
        return None
    draw, elements = found
    text = _next(expressions, run, draw)
    if run.fetches.kind == "one":
        return _value(expressions, text, draw, elements[0])
    flat = len(run.fetches.items) == len(elements)
    plain = _in_order(draw, elements) and not any(is_deep(e) for e in elements)
    if flat and plain and run.fetches.kind in ("list", "tuple"):
        inner = f"value.numpy() for value in {text}"
        return f"[{inner}]" if run.fetches.kind == "list" else f"tuple({inner})"
    every = list(run.fetches.leaves())
    texts = {leaf: _value(expressions, "element", draw, e) for leaf, e in zip(every, elements, strict=True)}
    return f"(lambda element: {run.fetches.display(texts)})({text})"


def _in_order(draw: Draw, elements: list[Element]) -> bool:
    return [e.path for e in elements] == [(i,) for i in range(count(draw) or 0)]


def _value(expressions: Expressions, text: str, draw: Draw, element: Element) -> str:
    if element.path and is_deep(element):
        return _all_numpy(expressions, f"{text}[{element.path[0]}]")
    if element.path:
        return f"{text}[{element.path[0]}].numpy()"
    if count(draw) == 0:
        return f"{text}.numpy()"
    return _all_numpy(expressions, text)


def _all_numpy(expressions: Expressions, text: str) -> str:
    return f"{expressions.tf}.nest.map_structure(lambda value: value.numpy(), {text})"


# -------------------------------------------------------------------- beginnings


def start_lines(expressions: Expressions, run: Run) -> list[str]:
    """What an iterator's initializer becomes: a new iterator under the same name."""
    lines = []
    for leaf in run.fetches.leaves():
        for start in starts(leaf.value):
            assert start.iterator is not None
            name = _name(expressions, run, start.iterator)
            text = f"{name} = iter({_dataset(expressions, run, start)})"
            lines += text.split("\n")
    return lines


def _dataset(expressions: Expressions, run: Run, start: Start) -> str:
    made = expressions.plan.begun.get((id(run.node), start))
    if made is not None:
        return expressions.call_text(*made, WIDTH)
    assert start.source is not None
    kept = expressions.data.get(id(start.source))
    return kept if kept is not None else expressions.text(start.source)


def name_own(expressions: Expressions) -> None:
    """The iterators that one method makes and another draws from are kept as attributes."""
    interpreter = expressions.interpreter
    for run in interpreter.runs.values():
        for draw in draws.draws_of(interpreter, run):
            iterator, home = draw.iterator, draw.iterator.statement
            instance = visibility.owner(run.frame)
            if iterator.kind != "ready" or home is None or instance is None or visibility.sees(run.frame, home.frame):
                continue
            held = any(d.value is iterator for ds in instance.attributes.values() for d in ds)
            if held or visibility.owner(home.frame) is not instance or iterator in expressions.own:
                continue
            expressions.own[iterator] = f"self.{expressions.plan.fresh('iterator')}", home.frame
            if id(iterator.node) in expressions.hoisted:
                expressions.hoisted[id(iterator.node)] = expressions.own[iterator][0]


def own_line(expressions: Expressions, statement: Statement) -> str | None:
    """The line that keeps an iterator as an attribute, after the one that makes it."""
    value, node = statement.value, statement.node
    if not isinstance(value, Iterator) or value not in expressions.own or not isinstance(node, ast.Assign):
        return None
    return f"{expressions.own[value][0]} = {expressions.text(node.targets[0])}"


def name_passed(expressions: Expressions) -> None:
    """The names of the iterators that functions are given, where they are made."""
    interpreter = expressions.interpreter
    written = [d for f in interpreter.frames for s in f.statements for d in s.writes]
    for _, _, iterator in expressions.dropped.passed.values():
        named = [d.name for d in written if d.value is iterator and d.owner is None]
        name = expressions.hoisted.get(id(iterator.node)) or (named[0] if named else None)
        if name is None:
            raise Refused("TFM907", iterator.node, "an iterator has no name", "Bind the iterator to a name.")
        expressions.dropped.made[iterator] = name


def keep(expressions: Expressions) -> None:
    """Names for the data sets whose own names are those of something else when their iterators begin."""
    interpreter = expressions.interpreter
    for run in interpreter.runs.values():
        for leaf in run.fetches.leaves():
            for start in starts(leaf.value):
                source, statement = start.source, start.statement
                if source is None or start.dataset is None or start.dataset.time >= Time.STAGED or statement is None:
                    continue
                stable = isinstance(source, ast.Name | ast.Attribute) and all(
                    d.owner is not None or {x.site for x in run.env.get(d.name, ())} == {d.site} for d in start.reads
                )
                if stable or id(source) in expressions.data:
                    continue
                instance = visibility.owner(run.frame)
                if not visibility.sees(run.frame, statement.frame):
                    if instance is not None and visibility.owner(statement.frame) is instance:
                        label = source.id if isinstance(source, ast.Name) else "dataset"
                        told = "data" in label
                        kept = expressions.plan.fresh(label if told else f"{label}_data")
                        expressions.data[id(source)] = f"self.{kept}"
                        continue
                    raise Refused(
                        "TFM902",
                        run.node,
                        "an iterator is initialized where the name of its data set cannot be read",
                        "Initialize it where the data set is made, or keep the data set as an attribute.",
                    )
                expressions.data[id(source)] = expressions.plan.fresh("dataset")


def kept_lines(expressions: Expressions, statement: Statement) -> list[str] | None:
    """What stays of a statement that makes an iterator, or its initializer: the data set under a name."""
    held = list(leaves(statement.value)) if statement.value is not None else []
    if not held or not isinstance(statement.node, ast.Assign | ast.Expr):
        return None
    goes_on = {p.of for p in expressions.interpreter.pipes if p.of is not None} - expressions.plan.drawn
    if not all(isinstance(v, Start) or (isinstance(v, Iterator) and (v.kind != "ready" or v in goes_on)) for v in held):
        return None
    lines = []
    for value in held:
        source = value.source if isinstance(value, Start | Iterator) else None
        here = source is not None and any(child is source for child in ast.walk(statement.node))
        if source is not None and here and id(source) in expressions.data:
            lines.append(f"{expressions.data[id(source)]} = {expressions.text(source)}")
    return lines


def vanishes(expressions: Expressions, statement: Statement) -> bool:
    """Whether a statement makes a placeholder that only told iterators apart, or one of any type."""
    value = statement.value
    if not isinstance(value, Placeholder):
        return False
    if value.untyped:
        return True
    return id(value) in expressions.handles
