"""One stage that stands for all: `tf.log` is renamed, `tf.Session` is only reported, and `boom` is a defect."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NamedTuple

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Finding, Options, Outcome


class Ran(NamedTuple):
    """What a call of the command line left behind."""

    code: int
    out: str
    err: str


#: The fixture `run`: a call of the command line with these arguments.
Run = Callable[..., Ran]


def stage(program: Program, options: Options) -> Outcome:
    edits, findings = [], []
    for node in ast.walk(program.tree):
        if isinstance(node, ast.Name) and node.id == "boom":
            raise RuntimeError("it went\noff")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("tf.log", "tf.Session"):
            span = program.span(node)
            line, column = program.position(span.start)
            fixable = node.attr == "log"
            code = "TFM101" if fixable else "TFM791"
            findings.append(Finding(line, column, code, f"`tf.{node.attr}` is gone", "Look elsewhere.", fixable))
            if fixable:
                edits.append(Edit(span, "tf.math.log"))
    return Outcome(tuple(edits), tuple(findings))
