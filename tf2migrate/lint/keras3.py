"""TFM501 to TFM531: code of TensorFlow 2.0 to 2.15 that today's TensorFlow, with Keras 3, does not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.program import Program
from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_calls import changed_calls
from tf2migrate.lint.keras3_kinds import kinds_of
from tf2migrate.lint.keras3_layers import layers
from tf2migrate.lint.keras3_names import gone_names
from tf2migrate.lint.keras3_saving import files
from tf2migrate.lint.keras3_symbolic import symbolic
from tf2migrate.lint.keras3_training import training

#: The checks that look at objects of Keras, each of several rules that look at the same places.
CHECKS = (changed_calls, training, files, symbolic, layers)

#: What a program of Keras says somewhere.
_KERAS = ("keras", "tf.optimizers", "tf.losses", "tf.metrics", "tf.initializers", "experimental_run_v2")


#: TensorFlow's own copy of Keras 2, whose layers, optimizers and models are as they were.
_PRIVATE = "tensorflow.python.keras"


def _is_of_private_keras(program: Program) -> bool:
    """Whether all that a program has of Keras is of TensorFlow's own copy of Keras 2, or is that copy."""
    if _PRIVATE not in program.text:
        return False
    imported = [m for s in program.names.imports for m in _modules(s) if "keras" in m]
    used = [program.names.raw(expression) or "" for expression, symbol in program.uses if "keras" in symbol]
    return bool(imported) and all(path.startswith(_PRIVATE) for path in [*imported, *used])


def _modules(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that an import names, and the names that it takes from one."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    return [f"{statement.module or ''}.{alias.name}" for alias in statement.names] if not statement.level else []


def modernise(program: Program) -> Iterator[Found]:
    """Every place of a program that Keras 3 treats otherwise than Keras 2, in the order of the checks."""
    if ("tensorflow" not in program.text and "keras" not in program.text) or "TF_USE_LEGACY_KERAS" in program.text:
        return  # with that variable set, tf.keras is Keras 2
    kinds = kinds_of(program)
    yield from gone_names(kinds)
    if any(word in program.text for word in _KERAS) and not _is_of_private_keras(program):
        for check in CHECKS:
            yield from check(kinds)
