"""What a rule says of a place, and the edits that would mend it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tf2migrate.model import Edit

#: What a finding may stand at: a node with a position.
Place = ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg | ast.excepthandler


@dataclass(frozen=True, slots=True)
class Found:
    """A place that a rule speaks of. With `edits` it can be fixed; they are safe where `safe` says so.

    A safe fix keeps what the program computes where it ran, an unsafe one may change it and wants a look. What is not
    `sure` is wrong only where a value is a tensor that may be something else, and is said with `--strict` alone.
    """

    code: str
    node: Place
    message: str
    advice: str
    edits: tuple[Edit, ...] = ()
    safe: bool = True
    sure: bool = True
