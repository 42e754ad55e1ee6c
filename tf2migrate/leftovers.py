"""What is left of TensorFlow 1 in a program: nothing of it may stay unsaid."""

from __future__ import annotations

import ast

from tf2migrate.facts.names import symbols
from tf2migrate.facts.program import Program
from tf2migrate.model import Finding
from tf2migrate.records import in_tf2


def leftovers(program: Program) -> tuple[Finding, ...]:
    """Every use of a TensorFlow name that TensorFlow 2 lacks, and every import of one, in the order of the text."""
    found = []
    for node in program.names.imports:
        for alias in node.names:
            path = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
            if path.startswith("tensorflow.") and (".v1" in path or not _importable(path)):
                found.append(_finding(node, path))
    for expression, symbol in symbols(program.names, program.tree):
        raw = program.names.raw(expression) or ""
        if raw.startswith("tensorflow.compat.v1.") or symbol.startswith("tf.") and not in_tf2(symbol):
            found.append(_finding(expression, symbol))
    return tuple(sorted(found))


def _importable(path: str) -> bool:
    if path.startswith(("tensorflow.python", "tensorflow.keras")):
        return True
    return in_tf2("tf" + path.removeprefix("tensorflow"))


def _finding(node: ast.expr | ast.stmt, name: str) -> Finding:
    return Finding(
        node.lineno,
        node.col_offset + 1,
        "TFM199",
        f"{name} does not exist in TensorFlow 2",
        "Write what it did with TensorFlow 2's own names; rules/renames/ has no record for it.",
    )
