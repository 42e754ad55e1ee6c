"""What the lints have to say of a program that was just rewritten, before it is written: TFM311 and TFM312.

A function that has taken the place of a run may read what a loop around the run binds. Traced, it would keep the value
of its first call: silently, and nothing else in the program tells.
"""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground, ground_of
from tf2migrate.lint.state import ATTRIBUTE, STALE, captured
from tf2migrate.model import Edit, Finding, Options, Outcome, Span


def fresh(program: Program, options: Options) -> Outcome:
    """Functions that read what is bound anew between their calls run untraced where that is the same, or stop it all.

    Untraced is the same for a function without parameters: it has no signature that would turn what it is given into
    tensors of other types.
    """
    del options  # a program is not written wrong, whatever is selected
    graphs = _of_graphs(program)
    if graphs:
        return Outcome((), graphs)
    if "tf.function" not in program.text or "tf.function" in program.first.text:
        return Outcome()
    ground = ground_of(program)
    edits: dict[int, Edit] = {}
    findings: list[Finding] = []
    for found in captured(ground):
        if found.code in (STALE, ATTRIBUTE):
            edit = _untraced(ground, found)
            if edit is None:
                findings.append(_stopped(program, found))
            else:
                edits.setdefault(edit.span.start, edit)
    return Outcome(tuple(edits.values()), tuple(findings))


def _of_graphs(program: Program) -> tuple[Finding, ...]:
    """What stops a program in which something would still be asked for the value that a session gives it."""
    if ".eval(" not in program.text:
        return ()
    own = {node.name for node in program.each(ast.FunctionDef)}
    advice = "Fetch it with a session that can be seen from there, or write .numpy() for it."
    return tuple(
        Finding(*program.position(program.span(call).start), "TFM910", "eval() needs a session", advice)
        for call in program.each(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "eval" and "eval" not in own and not call.args
    )


def _untraced(ground: Ground, found: Found) -> Edit | None:
    """The edit that takes the decorator from a function without parameters; None where that is not all there is."""
    context = ground.traced.of(found.node)
    match context.root if context is not None else None:
        case (
            ast.FunctionDef(
                decorator_list=[ast.Attribute() as decorator],
                args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], vararg=None, kwarg=None),
            ) as root
        ) if ground.view.symbol(decorator) == "tf.function":
            start = ground.program.span(root).start
            return Edit(Span(start, ground.program.offset(root.lineno, root.col_offset)), "")
    return None


def _stopped(program: Program, found: Found) -> Finding:
    line, column = program.position(program.span(found.node).start)
    name = program.segment(found.node) if isinstance(found.node, ast.expr) else "a name"
    return Finding(
        line,
        column,
        "TFM919",
        f"{name} would be what it was at the first call: the run reads it in a loop that binds it anew",
        "Hand it over with the feeds, as a placeholder, or write the run out for each value.",
    )
