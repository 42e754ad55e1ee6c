"""Comments that speak of nothing but what is gone: a session, its graph, the first values of variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from tf2migrate.facts.program import Program
from tf2migrate.lift.symbols import SESSIONS

#: At least one of these words must be there.
_ABOUT = re.compile(r"sess(ion)?s?|launch(es|ing)?|(re)?initiali[sz](e|es|ed|er|ers|ing|ation)|init|graphs?")
#: And no word but these and those.
_BESIDE = frozenset(
    re.findall(
        r"\w+",
        """a add all an and are as assign at before begin by clear close closing create creates creating
        declare declared default define defined defining do doing e execute first for global have here i ie in
        instance interactive is it let local make must my need needed new now object of old once one op open
        opening operation operations ops our previous reset run running s set setting setup so stack start
        starting tensorflow tf that the their them then these this to up us use using value values var variable
        variables vars we with you your""",
    )
)


def above(program: Program, node: ast.stmt, taken: Collection[int]) -> list[int]:
    """The lines of the comments right above a statement that is gone, if they speak only of what went with it."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    lines: list[int] = []
    for line in range(first - 1, 0, -1):
        start = program.offset(line, 0)
        end = start + len(program.lines[line - 1])
        if not program.lines[line - 1].strip().startswith("#") or any(start < cut <= end for cut in program.cuts):
            break
        lines.append(line)
    lines = [line for line in lines if line not in taken]
    return lines if is_about_sessions(" ".join(program.lines[line - 1] for line in lines)) else []


def opens_session(program: Program, node: ast.stmt) -> bool:
    """Whether a statement is a block in a session, of which only the body stays."""
    if not isinstance(node, ast.With):
        return False
    opened = [item.context_expr for item in node.items]
    calls = [call.func for call in opened if isinstance(call, ast.Call)]
    return any(program.names.symbol(call) in SESSIONS for call in calls) or any(
        "sess" in ast.unparse(o) for o in opened
    )


def is_about_sessions(comment: str) -> bool:
    """Whether a comment says only that something is launched, opened, closed or given its first values."""
    words = re.findall(r"[^\W\d_]+", comment.lower().replace("'s", ""))
    about = [word for word in words if _ABOUT.fullmatch(word)]
    return bool(about) and all(word in _BESIDE or word in about for word in words)


__all__ = ["above", "is_about_sessions", "opens_session"]
