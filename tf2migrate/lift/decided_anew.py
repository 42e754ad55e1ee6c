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

from tf2migrate.facts.closure import closure
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
        if not compound:
            continue
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
    found = {name for node in compound for control in _controls(node) for name in _names(control)}
    onward: dict[str, set[str]] = {}
    for node in (n for n in walk(function) if isinstance(n, ast.Assign | ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in {name for target in targets for name in _names(target)}:
            onward.setdefault(name, set()).update(_names(node.value))
    for node in program.each(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Name):
                onward.setdefault(target.id, set()).add(node.value.id)
                onward.setdefault(node.value.id, set()).add(target.id)
    return closure(found, onward)


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}


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
