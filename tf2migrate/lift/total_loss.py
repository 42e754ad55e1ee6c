"""`tf.losses.get_total_loss()` is the sum of the losses that stand above it, and of what regularizers add.

Only where the text shows which those are: all losses of the program are statements of the body that asks for the sum,
which is followed once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.calls import bind
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, statement_of
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Options, Outcome, Span

_MODULES = ("tf.losses.", "tf.contrib.losses.", "tf.contrib.slim.losses.")
_LOOPS = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda
_ADDED = ("add_to_collection", "GraphKeys.LOSSES", "add_loss")  # ways to add to the collection besides
_NONE_OF_THEM = ("get_", "Reduction")


def total_loss(program: Program, options: Options) -> Outcome:
    """The edits that write sums of all losses out."""
    if "get_total_loss" not in program.text or any(word in program.text for word in _ADDED):
        return Outcome()
    asked = [n for n in program.each(ast.Call) if _loss(program, n) == "get_total_loss"]
    losses = [n for n in program.each(ast.Call) if _is_loss(program, n)]
    used = {*program.words, *program.reserved}
    edits: list[Edit] = []
    names: dict[ast.stmt, str] = {}
    for call in asked:
        above = _above(program, call, losses) if _is_plain(call) else None
        if above is None or not _followed_once(program, call):
            return Outcome()
        terms = []
        for statement in above:
            if isinstance(statement, ast.Assign):
                terms.append(program.segment(statement.targets[0]))
            elif statement in names:
                terms.append(names[statement])
            else:
                name = names[statement] = fresh("loss", used)
                used.add(name)
                terms.append(name)
                start = program.span(statement).start
                edits.append(Edit(Span(start, start), f"{name} = "))
        terms += _regularization(program, call)
        text = " + ".join(terms)
        inside = isinstance(program.parents[id(call)], ast.BinOp | ast.Attribute) and len(terms) > 1
        edits.append(Edit(program.span(call), f"({text})" if inside else text))
    return Outcome(tuple(edits) if edits and fits(edits, program.cuts) else ())


def _is_plain(call: ast.Call) -> bool:
    """Whether a sum is asked for of all scopes."""
    known = all(k.arg in ("add_regularization_losses", "name") for k in call.keywords)
    return known and len(call.args) <= 2 and not any(isinstance(a, ast.Starred) for a in call.args)


def _loss(program: Program, call: ast.Call) -> str:
    """What a call of the losses' module is of; nothing where it is none."""
    path = program.names.symbol(call.func) or ""
    return next((path.removeprefix(module) for module in _MODULES if path.startswith(module)), "")


def _is_loss(program: Program, call: ast.Call) -> bool:
    """Whether a call adds a loss to the collection."""
    name = _loss(program, call)
    kept = next((k.value for k in call.keywords if k.arg == "loss_collection"), None)
    return bool(name) and not name.startswith(_NONE_OF_THEM) and not (isinstance(kept, ast.Constant) and not kept.value)


def _above(program: Program, call: ast.Call, losses: list[ast.Call]) -> list[ast.stmt] | None:
    """The statements that compute the losses above a call, in their order; None where they cannot be told."""
    asking = statement_of(program, call)
    body = list(_flat(program, asking))
    if asking not in body or not losses:
        return None
    before = body[: body.index(asking)]
    found = []
    for loss in losses:
        statement = statement_of(program, loss)
        if statement in body[body.index(asking) :] and statement is not asking:
            continue
        plain = isinstance(statement, ast.Expr) or (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name | ast.Attribute)
        )
        if statement not in before or not plain or statement.value is not loss or _collected(loss):  # type: ignore[attr-defined]
            return None
        found.append(statement)
    found.sort(key=before.index)
    bound = [ast.unparse(s.targets[0]) for s in found if isinstance(s, ast.Assign)]
    stored = [
        ast.unparse(n)
        for s in before
        for n in walk(s)
        if isinstance(n, ast.Name | ast.Attribute) and isinstance(n.ctx, ast.Store)
    ]
    return found if found and all(stored.count(name) == 1 for name in bound) else None


def _collected(call: ast.Call) -> bool:
    return any(k.arg in ("loss_collection", None) for k in call.keywords)


def _flat(program: Program, statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of a function, or of the module, that a statement stands in, with those of its `with` blocks."""
    outer = program.parents[id(statement)]
    while isinstance(outer, ast.With):
        statement, outer = outer, program.parents[id(outer)]
    for each in body_of(program, statement):
        yield from _inside(each)


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(statement, ast.With):
        for inner in statement.body:
            yield from _inside(inner)
    else:
        yield statement


def _followed_once(program: Program, node: ast.AST) -> bool:
    """Whether what a call stands in is called once at most, so that the collection has its own losses only."""
    above: ast.AST | None = program.parents.get(id(node))
    while above is not None:
        if isinstance(above, _LOOPS):
            return False
        if isinstance(above, ast.FunctionDef | ast.ClassDef) and above.name != "__init__":
            read = [
                n
                for n in program.nodes
                if (isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id == above.name)
                or (isinstance(n, ast.Attribute) and n.attr == above.name)
            ]
            if len(read) > 1 or any(_repeats(program, n) for n in read):
                return False
        above = program.parents.get(id(above))
    return True


def _repeats(program: Program, node: ast.AST) -> bool:
    above: ast.AST | None = node
    while above is not None and not isinstance(above, ast.FunctionDef):
        if isinstance(above, _LOOPS):
            return True
        above = program.parents.get(id(above))
    return False


def _regularization(program: Program, call: ast.Call) -> list[str]:
    """The sum of what regularizers add, where the program has any and the call asks for them."""
    bound = bind(call, ("add_regularization_losses", "name", "scope"))
    told = bound.get("add_regularization_losses")
    wanted = told is None or (isinstance(told, ast.Constant) and bool(told.value))
    if not wanted or "regularizer" not in program.text:
        return []
    function = program.segment(call.func)
    return [f"{function.removesuffix('get_total_loss')}get_regularization_loss()"]
