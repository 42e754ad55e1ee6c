"""Places that are come to again by calls: in a function that is called twice, or in a loop."""

from __future__ import annotations

import ast
from collections.abc import Set
from itertools import combinations
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What does again what stands in it.
LOOPS = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def is_in_loop(program: Program, node: ast.AST) -> bool:
    """Whether a node stands in a loop or comprehension, of whatever function."""
    around: ast.AST | None = node
    while around is not None and not isinstance(around, LOOPS):
        around = program.parents.get(id(around))
    return around is not None


def comes_again(interpreter: Interpreter, node: ast.AST, made: ast.AST) -> bool:
    """Whether calls lead to a place more often than to the place where something was made that is used there.

    Calls of a method on objects of other names are of other objects, which have variables of their own.
    """
    around: set[ast.AST] = set()
    _collect(interpreter, made, around)
    return _is_repeated(interpreter, node, around, frozenset())


def _collect(interpreter: Interpreter, node: ast.AST, around: set[ast.AST]) -> None:
    """The loops and functions around a place, and around the calls that lead to it."""
    here: ast.AST | None = node
    while (here := interpreter.program.parents.get(id(here))) is not None and here not in around:
        if isinstance(here, LOOPS):
            around.add(here)
        elif isinstance(here, ast.FunctionDef):
            around.add(here)
            for call in (*_calls(interpreter, here), *interpreter.helper_calls.get(here, {}).values()):
                _collect(interpreter, call, around)


def _calls(interpreter: Interpreter, function: ast.FunctionDef) -> list[ast.Call]:
    return list(dict.fromkeys(call for call, _ in interpreter.given.get(function, [])))


def _is_repeated(interpreter: Interpreter, node: ast.AST, around: Set[ast.AST], through: Set[ast.AST]) -> bool:
    """Whether the function that a place stands in is called again, where what is around is not done again."""
    function = scope_of(interpreter.program, node)
    if isinstance(function, ast.Module) or function in around or function in through:
        return False
    calls = _calls(interpreter, function)
    pairs = combinations(zip(calls, _objects(interpreter.program, calls), strict=True), 2)
    if any((a[1] is None or b[1] in (a[1], None)) and not _exclude(interpreter, a[0], b[0]) for a, b in pairs):
        return True
    return any(_is_called_again(interpreter, call, around, {*through, function}) for call in calls)


def _objects(program: Program, calls: list[ast.Call]) -> list[str | None]:
    """For each call of a method, what tells its object apart from others; None where it may be any of them."""
    known: dict[str, str | None] = {}
    found: list[str | None] = []
    for call in calls:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is None:
            found.append(None)
        elif _makes(program, owner):
            found.append(f"made by {id(owner)}")
        else:
            text = ast.unparse(owner)
            if text not in known:
                known[text] = text if _is_made(program, owner) else None
            found.append(known[text])
    return found


def _makes(program: Program, node: ast.expr) -> bool:
    """Whether an expression makes an object of a class of the program."""
    classes = {definition.name for definition in program.each(ast.ClassDef)}
    name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
    return name in classes


def _is_made(program: Program, owner: ast.expr) -> bool:
    """Whether a name or attribute is bound to nothing but objects that are made there."""
    text = ast.unparse(owner)
    found: list[ast.expr | None] = []
    for node in program.each(ast.Assign):
        if any(ast.unparse(n) == text for target in node.targets for n in walk(target) if isinstance(n, type(owner))):
            found.append(node.value if len(node.targets) == 1 and isinstance(node.targets[0], type(owner)) else None)
    return bool(found) and all(value is not None and _makes(program, value) for value in found)


def _is_called_again(interpreter: Interpreter, call: ast.Call, around: Set[ast.AST], through: Set[ast.AST]) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    here: ast.AST | None = call
    while (here := interpreter.program.parents.get(id(here))) is not None:
        anew = isinstance(owner, ast.Name) and isinstance(here, LOOPS | ast.FunctionDef) and _binds(here, owner.id)
        if anew or here in around:  # with an object of its own each time
            return False
        if isinstance(here, LOOPS):
            return True
        if isinstance(here, ast.FunctionDef):
            break
    return _is_repeated(interpreter, call, around, through)


def _binds(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in walk(node))


def _exclude(interpreter: Interpreter, one: ast.AST, other: ast.AST) -> bool:
    """Whether two places stand in different branches of one condition."""
    branches: dict[int, int] = {}
    for index, node in enumerate((one, other)):
        here: ast.AST | None = node
        while here is not None and (above := interpreter.program.parents.get(id(here))) is not None:
            if isinstance(above, ast.If) and here is not above.test:
                branch = int(here in above.orelse)
                if index and branches.get(id(above), branch) != branch:
                    return True
                if not index:
                    branches[id(above)] = branch
            here = above
    return False
