"""Where a dict that runs are fed may come to hold more than where it is seen to be made.

`feed[keep_prob] = 0.5` in another function, or under another name, is not followed; what such statements may add is
asked of the dict when the run happens.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import FUNCTIONS, children, own
from tf2migrate.lift.trace import Run
from tf2migrate.lift.values import Placeholder

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def unseen(interpreter: Interpreter, run: Run) -> frozenset[Placeholder]:
    """The placeholders that the dict of a run may have been given where the analysis does not see it."""
    if not isinstance(run.whole, ast.Name | ast.Attribute | ast.Subscript):
        return frozenset()
    here = run.frame.node
    mine = run.whole.id if isinstance(run.whole, ast.Name) and _is_fresh(here, run.whole.id) else None
    return frozenset(
        key
        for scope in (n for n in [interpreter.program.tree, *interpreter.program.nodes] if isinstance(n, _Scope))
        for owner, keys in _changes(scope)
        if not (isinstance(owner, ast.Name) and _is_fresh(scope, owner.id) and (mine or scope is not here))
        for node in keys
        if isinstance(key := _key(interpreter, node), Placeholder)
    )


def _changes(scope: _Scope) -> list[tuple[ast.expr | None, list[ast.expr]]]:
    """Each dict that a scope's own statements change, or bind elsewhere, with the keys that they name."""
    found: list[tuple[ast.expr | None, list[ast.expr]]] = []
    for node in own(children(scope), FUNCTIONS):
        match node:
            case ast.Subscript(value=owner, slice=key, ctx=ast.Store()):
                found.append((owner, [key]))
            case ast.Call(func=ast.Attribute(value=owner, attr="update"), args=[ast.Dict(keys=keys)]):
                found.append((owner, [key for key in keys if key is not None]))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys)) if name in _elsewhere(scope):
                found.append((None, [key for key in keys if key is not None]))
    return found


def _is_fresh(scope: object, name: str) -> bool:
    """Whether a name of a scope can only be a dict that is made there."""
    if not isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) or name in _elsewhere(scope):
        return False
    if not isinstance(scope, ast.Module):
        spec = scope.args
        if name in {a.arg for a in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg] if a}:
            return False
    inside = own(children(scope), FUNCTIONS)
    stores = [n for n in inside if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    made = [
        n
        for n in inside
        if isinstance(n, ast.Assign)
        and isinstance(n.value, ast.Dict | ast.DictComp | ast.Call)
        and [target.id for target in n.targets if isinstance(target, ast.Name)] == [name]
        and len(n.targets) == 1
    ]
    return bool(stores) and len(stores) == len(made)


def _elsewhere(scope: _Scope) -> set[str]:
    """The names of a scope that are those of another."""
    inside = own(children(scope), FUNCTIONS)
    return {name for n in inside if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}


def _key(interpreter: Interpreter, node: ast.expr) -> object:
    noted = interpreter.rewrites.get(id(node))
    return noted[1] if isinstance(noted, tuple) and noted[0] == "key" else None
