"""Python 2 programs: told apart from broken ones, and turned into Python 3 by fissix where a user asks for it."""

from __future__ import annotations

import ast
import io
import re
from functools import cache
from importlib.util import find_spec
from typing import Any

from tf2migrate.facts.source import Source
from tf2migrate.model import Finding

INSTALL = "pip install 'tf2migrate[py2]'"

# Looked for only in text that is no Python 3.
_SIGNS = re.compile(
    r"""(?:^|;)\s*print\s+(?!=)["'\w(`-]      # print "loss", loss
      | ^\s*print\s*$
      | ^\s*print\s*>>
      | ^\s*except\b[^:#"']*,\s*\w+\s*: # except ValueError, error:
      | ^\s*raise\s+[\w.]+\s*,          # raise ValueError, "why"
      | ^\s*exec\s+["'\w]
      | (?<![\w.])0[0-7]+L?\b(?!\.)     # 0755
      | (?<![\w.])\d+[lL]\b             # 10L
      | [\w)\]]\s*<>\s*[\w("'[-]        # a <> b
      | \bur["']
      | `[^`\n]+`                       # `value`
    """,
    re.MULTILINE | re.VERBOSE,
)


class NotConverted(ValueError):
    """A program that fissix cannot turn into Python 3, and why."""


def is_python2(text: str) -> bool:
    """Whether text that does not parse as Python 3 looks like Python 2."""
    return bool(_SIGNS.search(text)) or bool(re.search(r"^ *\t", text, re.MULTILINE) and _mixes_tabs(text))


def _mixes_tabs(text: str) -> bool:
    """Python 2 took a tab for eight columns; Python 3 refuses to compare it with blanks."""
    try:
        ast.parse(text)
    except TabError:
        return True
    except (SyntaxError, ValueError):
        return False
    return False


def available() -> bool:
    """Whether the optional extra is installed."""
    return find_spec("fissix") is not None


@cache
def _tool() -> Any:
    from fissix.refactor import RefactoringTool, get_fixers_from_package

    return RefactoringTool(get_fixers_from_package("fissix.fixes"))


def convert(text: str) -> str:
    """A Python 2 program as Python 3. Raises `NotConverted`."""
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    ended = text if text.endswith("\n") else text + "\n"
    try:
        after = str(_tool().refactor_string(ended, "<program>"))
        if _mixes_tabs(after):
            after = _without_tabs(after)
        ast.parse(after)
    except (ParseError, TokenError, SyntaxError, ValueError) as error:
        raise NotConverted(str(error)) from None
    return after if text.endswith("\n") else after.removesuffix("\n")


def _without_tabs(text: str) -> str:
    """The text indented by blanks alone, as Python 2 counted; what stands in strings stays."""
    from fissix.pgen2 import token, tokenize

    in_strings: set[int] = set()
    for kind, _, (first, _), (last, _), _ in tokenize.generate_tokens(io.StringIO(text).readline):
        if kind == token.STRING:
            in_strings.update(range(first + 1, last + 1))
    return "\n".join(
        line if number in in_strings else re.sub(r"^[ \t]+", lambda blank: blank[0].expandtabs(8), line)
        for number, line in enumerate(text.split("\n"), start=1)
    )


def divisions(text: str, python2: str) -> list[Finding]:
    """The divisions of a converted program that dropped the fraction when both sides were whole numbers."""
    if re.search(r"^from __future__ import .*\bdivision\b", python2, re.MULTILINE):
        return []
    source = Source(text)
    return [
        Finding(
            *source.position(source.span(node).start),
            code="TFM008",
            message="`/` between whole numbers dropped the fraction in Python 2, and keeps it in Python 3",
            advice="Write `//` where both sides are whole numbers.",
        )
        for node in ast.walk(source.tree)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and not _is_real(node)
    ]


def _is_real(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether a side of a division is a float as it stands: a literal, `float(...)`, or an expression with one."""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    return any(_is_float(side) for side in sides)


def _is_float(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=float()) | ast.Call(func=ast.Name(id="float")):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_float(left) or _is_float(right)
        case ast.UnaryOp(operand=operand):
            return _is_float(operand)
        case _:
            return False
