"""Whether a program is written for TensorFlow 1."""

from __future__ import annotations

import ast

from tf2migrate.facts.names import symbols
from tf2migrate.facts.program import Program
from tf2migrate.records import in_tf2

_V1 = ("tensorflow.compat.v1", "tensorflow.contrib", "tensorflow.examples", "input_data", "tf_slim")


def is_tf1(program: Program) -> bool:
    """Whether the program uses a name that TensorFlow 2 lacks, or one of compat.v1.

    Where it does not, the names that both have mean what they mean in TensorFlow 2, and are nobody's business.
    """
    if "tensorflow" not in program.text:
        return False
    for node in program.names.imports:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{a.name}" for a in node.names]
        if any(name.startswith(_V1) for name in names):
            return True
    for expression, symbol in symbols(program.names, program.tree):
        raw = program.names.raw(expression) or ""
        if raw.startswith("tensorflow.compat.v1") or symbol.startswith("tf") and not in_tf2(symbol):
            return True
    return False
