"""What stands in the place of a run: a call of its function, and what the program unpacks, keeps or prints of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import iterator_text, summaries
from tf2migrate.lift.plan import is_shown, is_unread, unpacked, wanted_leaves
from tf2migrate.lift.planned import Planned
from tf2migrate.lift.slices import kind_of
from tf2migrate.lift.trace import Fetch, Fetches, Run
from tf2migrate.lift.values import Refused, Variables

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions


def _numpy(expressions: Expressions, call: str, leaf: Fetch) -> str:
    return _nested(expressions, call) if leaf.nested else f"{call}{summaries.numpy(leaf)}"


def _nested(expressions: Expressions, text: str) -> str:
    return f"{expressions.tf}.nest.map_structure(lambda value: value.numpy(), {text})"


def _outside(expressions: Expressions, leaf: Fetch) -> str:
    """A fetch that needs no function: a variable, a constant tensor."""
    if isinstance(leaf.value, Variables) and leaf.value.flat:
        return f"[value.numpy() for value in {expressions.text(leaf.node)}]"
    if leaf.nested:
        return _nested(expressions, expressions.text(leaf.node))
    text = expressions.operand(leaf.node)
    return f"{text}.numpy()"


def _returned(expressions: Expressions, run: Run, planned: Planned | None) -> dict[Fetch, Fetch]:
    """Which of a run's fetches its function returns, and as which."""
    if planned is None:
        return {}
    found: dict[Fetch, Fetch] = {}
    own = [leaf for leaf in run.fetches.leaves() if kind_of(leaf) in ("tensor", "effect", "assigned")]
    for mine, theirs in zip(own, planned.slice.leaves, strict=True):
        if theirs in planned.returned:
            found[mine] = theirs
    for leaf in run.fetches.leaves():
        for theirs in planned.returned:
            if kind_of(leaf) == "variable" and ast.dump(theirs.node) == ast.dump(leaf.node):
                found[leaf] = theirs
    return found


def statement(expressions: Expressions, run: Run) -> list[str] | None:
    """The lines of a statement that is one run, or None where the run is part of something else."""
    if (drawn := iterator_text.run_lines(expressions, run)) is not None:
        return drawn
    planned = expressions.plan.of_run.get(run)
    if isinstance(run.statement.node, ast.Expr) and is_shown(expressions.interpreter, run):
        return None
    if isinstance(run.statement.node, ast.Expr):
        return [expressions.call_text(run, planned)] if planned is not None else []
    if (pairs := unpacked(run)) is not None:
        return _unpacked_lines(expressions, run, planned, pairs)
    if planned is None:
        return None
    unwanted = run.fetches.kind == "one" and not wanted_leaves(expressions.interpreter, run)
    if unwanted or (not planned.returned and is_unread(expressions.interpreter, run)):
        return [expressions.call_text(run, planned)]
    return None


def _unpacked_lines(
    expressions: Expressions, run: Run, planned: Planned | None, pairs: list[tuple[ast.expr, Fetch]]
) -> list[str]:
    """The lines of `a, b = sess.run([…])`: a call that gives what is read, and what needs no call."""
    wanted = set(wanted_leaves(expressions.interpreter, run))
    returned = _returned(expressions, run, planned)
    inner = [(t, leaf) for t, leaf in pairs if leaf in returned and leaf in wanted]
    outer = [(t, leaf) for t, leaf in pairs if leaf not in returned and leaf in wanted]
    lines = []
    if planned is not None:
        call = expressions.call_text(run, planned)
        if not inner:
            lines.append(call)
        elif len(planned.returned) == 1:
            lines.append(f"{expressions.text(inner[0][0])} = {_numpy(expressions, call, inner[0][1])}")
        elif any(isinstance(theirs.value, summaries.Summary) for theirs in planned.returned):
            targets = {returned[leaf]: expressions.text(t) for t, leaf in inner}
            lines.append(f"{', '.join(targets.get(theirs, '_') for theirs in planned.returned)} = {call}")
            plain = [expressions.text(t) for t, leaf in inner if not isinstance(leaf.value, summaries.Summary)]
            lines += [f"{target} = {target}.numpy()" for target in plain]
        else:
            targets = {returned[leaf]: expressions.text(t) for t, leaf in inner}
            names = ", ".join(targets.get(theirs, "_") for theirs in planned.returned)
            nested = any(theirs.nested for theirs in planned.returned)
            lines.append(
                f"{names} = {_nested(expressions, call) if nested else f'(value.numpy() for value in {call})'}"
            )
    for target, leaf in outer:
        lines.append(f"{expressions.text(target)} = {_outside(expressions, leaf)}")
    return lines


def item(expressions: Expressions, node: ast.Subscript) -> str | None:
    """`sess.run([train, loss])[1]` and `sess.run([loss, train])[:1]`, where the function returns just that."""
    run = expressions.interpreter.runs.get(id(node.value))
    planned = expressions.plan.of_run.get(run) if run is not None else None
    if run is None or planned is None or run.fetches.kind not in ("list", "tuple"):
        return None
    items = [item for _, item in run.fetches.items]
    match node.slice:
        case ast.Constant(value=int(at)):
            leaf = items[at] if 0 <= at < len(items) else None
            returned = _returned(expressions, run, planned)
            if not isinstance(leaf, Fetch) or leaf not in returned:
                return None
            if len(planned.returned) == 1:
                return _numpy(expressions, expressions.call_text(run, planned), leaf)
            if not leaf.nested:
                text = f"{expressions.call_text(run, planned)}[{planned.returned.index(returned[leaf])}]"
                return f"{text}{summaries.numpy(leaf)}"
        case ast.Slice(
            lower=None | ast.Constant(value=int()) as lower, upper=None | ast.Constant(value=int()) as upper, step=None
        ) if run.fetches.kind == "list":
            taken = items[_end(lower) : _end(upper)]
            chosen = [item for item in taken if isinstance(item, Fetch) and not item.nested]
            whole = len(chosen) == len(taken) and _as_returned(expressions, run, planned, chosen)
            if whole and 1 < len(chosen) < len(items) and iterator_text.run_text(expressions, run) is None:
                return f"[value.numpy() for value in {expressions.call_text(run, planned)}]"
    return None


def _end(node: ast.Constant | None) -> int | None:
    return int(node.value) if node is not None and isinstance(node.value, int) else None


def expression(expressions: Expressions, run: Run) -> str:
    """The text of a run that is part of an expression."""
    if (drawn := iterator_text.run_text(expressions, run)) is not None:
        return drawn
    planned = expressions.plan.of_run.get(run)
    returned = _returned(expressions, run, planned)
    call = expressions.call_text(run, planned) if planned is not None else ""
    every = list(run.fetches.leaves())
    if run.fetches.kind == "one":
        leaf = every[0]
        if kind_of(leaf) == "init":
            raise Refused("TFM908", run.node, "an initializer runs inside an expression", "Run it as a statement.")
        if leaf not in returned:
            return _outside(expressions, leaf) if planned is None else call
        assert planned is not None
        if len(planned.returned) == 1:
            return _numpy(expressions, call, leaf)
        return f"{call}[{planned.returned.index(returned[leaf])}]{summaries.numpy(leaf)}"
    if planned is None:
        return run.fetches.display({leaf: _outside(expressions, leaf) for leaf in every})
    inside = [leaf for leaf in every if leaf in returned]
    if any(leaf.nested for leaf in every):
        raise Refused(
            "TFM906",
            run.node,
            "one of several fetches of this run is a list of tensors",
            "Unpack the run's result into names first: a, b = sess.run([...]).",
        )
    if len(inside) == 1 and len(planned.returned) == 1:
        texts = {leaf: (f"{call}.numpy()" if leaf in returned else _else(expressions, leaf)) for leaf in every}
        return run.fetches.display(texts)
    flat = all(isinstance(item, Fetch) for _, item in run.fetches.items)
    if (
        flat
        and inside == every
        and [returned[leaf] for leaf in inside] == planned.returned
        and run.fetches.kind in ("list", "tuple")
    ):
        inner = f"value.numpy() for value in {call}"
        return f"[{inner}]" if run.fetches.kind == "list" else f"tuple({inner})"
    if not planned.returned:
        raise Refused(
            "TFM906",
            run.node,
            "ops that return nothing are fetched inside an expression",
            "Run them as a statement.",
        )
    if (
        flat
        and (text := _spread(expressions, run.fetches, inside, call))
        and _as_returned(expressions, run, planned, inside)
    ):
        return text
    name = "value"
    if expressions.before is not None:
        expressions.values_name = name = expressions.values_name or expressions.plan.fresh("values")
    texts = {
        leaf: f"{name}[{planned.returned.index(returned[leaf])}]" if leaf in returned else _else(expressions, leaf)
        for leaf in every
    }
    values = f"[{call}.numpy()]" if len(planned.returned) == 1 else f"[value.numpy() for value in {call}]"
    if expressions.before is not None:
        expressions.before.append(f"{name} = {values}")
        return run.fetches.display(texts)
    return f"(lambda value: {run.fetches.display(texts)})({values})"


def _as_returned(expressions: Expressions, run: Run, planned: Planned, leaves: list[Fetch]) -> bool:
    """Whether some fetches are all that the function of a run returns, in its order."""
    returned = _returned(expressions, run, planned)
    return [returned.get(leaf) for leaf in leaves] == planned.returned


def _spread(expressions: Expressions, fetches: Fetches, inside: list[Fetch], call: str) -> str:
    """A list whose values stand side by side, with what else was asked for around them; empty if they do not."""
    every = [item for _, item in fetches.items if isinstance(item, Fetch)]
    first = every.index(inside[0])
    if fetches.kind not in ("list", "tuple") or every[first : first + len(inside)] != inside:
        return ""
    before, after = every[:first], every[first + len(inside) :]
    texts = [
        *(_else(expressions, leaf) for leaf in before),
        f"*(value.numpy() for value in {call})",
        *(_else(expressions, leaf) for leaf in after),
    ]
    text = ", ".join(texts)
    return f"[{text}]" if fetches.kind == "list" else f"({text}{',' if len(texts) == 1 else ''})"


def _else(expressions: Expressions, leaf: Fetch) -> str:
    return "None" if kind_of(leaf) in ("effect", "assigned", "init") else _outside(expressions, leaf)
