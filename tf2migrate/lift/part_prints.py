"""What a function prints that becomes a class, where only a call knows it, such as the shape of what it computes.

TensorFlow 1 printed it once for each call of the function, while the graph was built. An object is called in each trace
of each function, and a `tf.function` is traced a second time where its first trace made variables
(`python/eager/polymorphic_function`): the object so prints at its first call only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.parts import Part

#: What is said of such a print (TFM722).
SAID = "this is printed when the first function that calls it is traced, and was when the graph was built"
_STEP = "    "


def waiting(part: Part, statements: Sequence[ast.stmt], late: set[str]) -> dict[int, ast.Call]:
    """The prints of a function, in their order, where one of them prints what is late. Raises `Refused`."""
    prints = {id(s): s.value for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)}
    prints = {key: call for key, call in prints.items() if isinstance(call.func, ast.Name) and call.func.id == "print"}
    late_ones = [call for call in prints.values() if late & set(_names(call))]
    if not late_ones:
        return {}
    if len(part.frames) > len(part.objects):
        what = "what is printed here was printed at each call, and its variables are shared by several"
        raise Refused("TFM903", late_ones[0], what, "Take the line out, or print it where the function is called.")
    return prints


def _names(call: ast.Call) -> Iterator[str]:
    return (n.id for n in walk(call) if isinstance(n, ast.Name))


def guarded(flag: str, lines: list[str], last: bool) -> list[str]:
    """The lines of a print, which happen once."""
    inner = "\n".join(lines).split("\n")
    told = [f"self.{flag} = True"] if last else []
    return [f"if not self.{flag}:", *(_STEP + line if line else "" for line in [*inner, *told])]
