"""What decides the branches and loops of a function that makes variables, when they are decided again.

The function becomes a class: `__init__` decides what is made, and each trace of `__call__` decides anew what is used.
Both must find the same, as the one call did that built the graph: nothing is drawn or taken from somewhere there, and
the function does not change what its branches and loops read (`if len(made) < 2: …`, then `made.append(h)`), unless
each call begins with a list of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.traced import changed, check_drawn
from tf2migrate.lift.values import Refused

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_LISTS = ast.List | ast.ListComp | ast.Tuple
_ADVICE = "Decide it where the function is called, and hand it in."


def check(interpreter: Interpreter) -> None:
    """Raises `Refused` where a function's calls could decide otherwise than its first one did."""
    for part in interpreter.parts.values():
        statements = [s for frame in part.frames for s in frame.statements if s.moves]
        compound = {id(s.node): s.node for s in statements if isinstance(s.node, ast.If | ast.For | ast.While)}
        made = {id(n) for s in statements for m in s.made for n in walk(m.node)}
        for node in (n for each in compound.values() for n in walk(each)):
            if isinstance(node, ast.Call) and id(node) not in made:
                check_drawn(interpreter, node)
        read = _read(interpreter.program, part.function, list(compound.values())) - _own(part.function)
        for inner in walk(part.function) if read else ():
            for name in sorted(read):
                for change in changed(inner, name) if isinstance(inner, ast.Expr | ast.Assign | ast.AugAssign) else ():
                    if not _binds_anew(change, name):
                        what = f"{part.function.name} changes {name}, which decides what the function makes"
                        raise Refused("TFM903", change, what, _ADVICE)


def _binds_anew(change: ast.AST, name: str) -> bool:
    """Whether a change is none of what a name stands for: `n -= 1`, of a number."""
    plain = isinstance(change, ast.AugAssign) and isinstance(change.target, ast.Name) and change.target.id == name
    return plain and not isinstance(change.value, _LISTS)  # type: ignore[attr-defined]


def _read(program: Program, function: ast.FunctionDef, compound: list[ast.stmt]) -> set[str]:
    """The names that decide the branches and loops, those that they are computed of, and other names of the same."""
    found = {n.id for node in compound for control in _controls(node) for n in walk(control) if isinstance(n, ast.Name)}
    own = [n for n in walk(function) if isinstance(n, ast.Assign | ast.AugAssign)]
    pairs = [
        (target.id, n.value.id)
        for n in program.each(ast.Assign)
        if isinstance(n.value, ast.Name)
        for target in n.targets
        if isinstance(target, ast.Name)
    ]
    before = -1
    while before < len(found):  # ends: it grows, and the names of a program are so many
        before = len(found)
        for statement in own:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if {n.id for t in targets for n in walk(t) if isinstance(n, ast.Name)} & found:
                found |= {n.id for n in walk(statement.value) if isinstance(n, ast.Name)}
        for one, other in pairs:
            if {one, other} & found:
                found |= {one, other}
    return found


def _own(function: ast.FunctionDef) -> set[str]:
    """The names of lists and dicts that each call makes for itself."""
    bound: dict[str, list[ast.expr]] = {}
    for node in (n for n in walk(function) if isinstance(n, ast.Assign)):
        for target in node.targets:
            for name in (n.id for n in walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)):
                bound.setdefault(name, []).append(node.value if isinstance(target, ast.Name) else target)
    made = ast.List | ast.ListComp | ast.Dict | ast.DictComp
    return {name for name, values in bound.items() if all(isinstance(v, made) for v in values)} - {
        a.arg for a in walk(function) if isinstance(a, ast.arg)
    }


def _controls(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that decide what happens in a statement."""
    for inner in walk(node):
        match inner:
            case ast.If(test=control) | ast.While(test=control) | ast.IfExp(test=control) | ast.For(iter=control):
                yield control
