"""Bindings that a rewrite left without a reader, and that TensorFlow 2 could not compute any more."""

from __future__ import annotations

import ast

from tf2migrate.commas import cuts
from tf2migrate.facts.program import Program
from tf2migrate.facts.purity import may_act
from tf2migrate.leftovers import exists
from tf2migrate.model import Edit, Options, Outcome
from tf2migrate.statements import Blocks


def unread(program: Program, options: Options) -> Outcome:
    """Edits that take away `names = ["mine", tf.GraphKeys.GLOBAL_VARIABLES]` and the like, where nobody reads it."""
    gone = {id(e) for e, s in program.uses if not exists(s, program.names.raw(e) or "")}
    if not gone:
        return Outcome()
    read = {n.id for n in program.each(ast.Name) if not isinstance(n.ctx, ast.Store)}

    def is_dead(target: ast.expr, value: ast.expr) -> bool:
        mentions = any(id(child) in gone for child in ast.walk(value))
        return isinstance(target, ast.Name) and target.id not in read and mentions and not may_act(value)

    def text(node: ast.stmt) -> str | None:
        match node:
            case ast.Assign(targets=[target], value=value) if is_dead(target, value):
                return None
        return program.segment(node)

    edits = [*Blocks(program, text).edits(program.tree.body, sole=False)]
    for node in program.nodes:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                if len(targets) == len(values) and not any(isinstance(e, ast.Starred) for e in [*targets, *values]):
                    dead = [i for i, pair in enumerate(zip(targets, values, strict=True)) if is_dead(*pair)]
                    if dead and len(targets) - len(dead) > 1:
                        for elements in (targets, values):
                            edits += [Edit(span, "") for span in cuts([program.span(e) for e in elements], dead)]
    return Outcome(tuple(sorted(edits)))


__all__ = ["unread"]
