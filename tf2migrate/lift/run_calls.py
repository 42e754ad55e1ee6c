"""The calls of the functions that runs became: what they are fed, by the names of parameters."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TYPE_CHECKING

from tf2migrate.lift import cells, datasets, defaults, feed_changes, feed_dicts, handed, iterator_text, visibility
from tf2migrate.lift.planned import Planned
from tf2migrate.lift.render import spread
from tf2migrate.lift.trace import Feed, Run
from tf2migrate.lift.values import Placeholder, Refused, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions


def call_text(expressions: Expressions, run: Run, planned: Planned, width: int | None = None) -> str:
    """The call of a run's function, with what it is fed; in several lines where it is wider than it may be.

    A dict that is computed for it, and read more than once, is bound to a name: in a line before, where there may
    be one.
    """
    fed = {feed.key: feed for feed in run.feeds}
    wanted = list(planned.slice.parameters)
    name = handed.callee(expressions, planned, run)
    placed, drawn = iterator_text.arguments(expressions, run, planned)
    signed = iterator_text.signed(planned)
    certain = signed and not any(feed.optional and not _is_required(feed.key) for feed in run.feeds)
    unseen = feed_changes.unseen(expressions.interpreter, run)
    if run.whole is not None and wanted and set(wanted) == set(fed) >= unseen and certain:
        return f"{name}(**{expressions.text(run.whole)})"
    arguments = [*placed, *drawn]
    computed = expressions.text(run.whole) if run.whole is not None and feed_dicts.is_computed(run) else ""
    if computed and certain and set(fed) <= set(wanted):
        return f"{name}({', '.join([*arguments, f'**{computed}', *_defaults(expressions, run, planned, fed, unseen)])})"
    needed = [feed for feed in run.feeds if feed.key in planned.slice.parameters]
    if computed and len(needed) > 1:  # it is computed once
        expressions.feed_name = expressions.feed_name or expressions.plan.fresh("feed")
    inline = (
        bool(computed) and len(needed) > 1 and expressions.before is None and not _in_comprehension(expressions, run)
    )
    for feed in run.feeds:  # in their order: what is computed for them may draw or read
        if feed.key in planned.slice.parameters:
            key = expressions.plan.parameter_names[feed.key]
            held = (
                expressions.feed_name
                if computed and len(needed) > 1
                else expressions.operand(feed.node)
                if feed.held
                else ""
            )
            if feed.optional and not _is_required(feed.key):
                text = f'{held}.get("{key}", {_default(expressions, run, planned, feed.key)})'
            else:
                text = f'{held}["{key}"]' if feed.held else _fed(expressions, feed)
            if inline and feed is needed[0]:
                text = f"({expressions.feed_name} := {computed}){text.removeprefix(expressions.feed_name)}"
            arguments.append(f"{key}={text if signed else iterator_text.converted(expressions, run, feed, text)}")
    arguments += _defaults(expressions, run, planned, fed, unseen)
    text = f"{name}({', '.join(arguments)})"
    if computed and len(needed) > 1 and expressions.before is not None:
        expressions.before[:] = [f"{expressions.feed_name} = {computed}"]
    elif computed and len(needed) > 1 and not inline:
        return f"(lambda {expressions.feed_name}: {text})({computed})"
    return text if width is None or len(text) < width else spread(f"{name}(", arguments, ")", "")


def _fed(expressions: Expressions, feed: Feed) -> str:
    """What is fed; a session takes 0 and 1 for a bool, a function does not."""
    match feed:
        case Feed(key=Placeholder(arguments={"dtype": dtype}), node=ast.Constant(value=int(number))):
            if expressions.text(dtype) in (f"{expressions.tf}.bool", "bool", "'bool'", '"bool"'):
                return str(bool(number))
    return expressions.text(feed.node)


def _in_comprehension(expressions: Expressions, run: Run) -> bool:
    node: ast.AST = run.node
    while not isinstance(node, ast.stmt):
        if isinstance(node, ast.comprehension | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return True
        node = expressions.program.parents[id(node)]
    return False


def _defaults(
    expressions: Expressions, run: Run, planned: Planned, fed: Collection[Value], unseen: Collection[Value]
) -> list[str]:
    """The arguments that a run is not fed. Raises `Refused` where one has no default."""
    missing = [v for v in planned.slice.parameters if v not in fed and not isinstance(v, datasets.Element)]
    texts = []
    for value in missing:
        name, default = expressions.plan.parameter_names[value], _default(expressions, run, planned, value)
        if run.whole is not None and value in unseen:
            default = f'{expressions.operand(run.whole)}.get("{name}", {default})'
        texts.append(f"{name}={default}")
    return texts


def _is_required(key: Value) -> bool:
    """Whether a run fails without a feed, as the function's call does: a placeholder that has no default."""
    return isinstance(key, Placeholder) and not isinstance(key, cells.ZeroState) and key.default is None


def _default(expressions: Expressions, run: Run, planned: Planned, value: Value) -> str:
    """What a placeholder is where it is not fed. Raises `Refused`."""
    if isinstance(value, cells.ZeroState):
        return visibility.seen_from(expressions.interpreter, expressions.plan, planned, run, value)
    if not isinstance(value, Placeholder) or value.default is None:
        key = expressions.plan.parameter_names[value]
        message = f"the run needs {key}, which it is not fed"
        raise Refused("TFM905", run.node, message, "Feed the placeholder in this run.")
    defaults.check(expressions, run, value, value.default)
    return expressions.text(value.default)
