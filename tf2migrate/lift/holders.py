"""Lists of placeholders of which only the program knows how many: one parameter of a function, which is a list.

The buffers that gradients are gathered in are fed like that, one for each variable.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.facts.tree import walk
from tf2migrate.lift.trace import Definition, loops_in
from tf2migrate.lift.values import Placeholder, Structure, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_LISTS = ("tf.trainable_variables", "tf.global_variables")


@dataclass(frozen=True, eq=False)
class Holders(Placeholder):
    """A list of placeholders; `node` is the call that makes each of them."""

    @property
    def untyped(self) -> bool:
        """How many there are is not known where the function is defined, so that it has no signature."""
        return True


def of(interpreter: Interpreter, value: Value) -> Holders | None:
    """The list of as many placeholders as one call makes; None where each has a value or a type of its own."""
    if type(value) is not Placeholder or value.default is not None:
        return None
    dtype = value.arguments.get("dtype")
    written = isinstance(dtype, ast.Constant) and isinstance(dtype.value, str)
    named = isinstance(dtype, ast.Attribute) and (interpreter.names.symbol(dtype) or "").startswith("tf.")
    return Holders(value.node, value.arguments) if written or named else None


def of_comprehension(interpreter: Interpreter, node: ast.expr, value: Value) -> Holders | None:
    """`[tf.placeholder(…) for _ in …]`, where statements of a unit make it."""
    plain = isinstance(node, ast.ListComp) and not any(g.ifs for g in node.generators)
    alone = isinstance(interpreter.statement.node, ast.Assign) and interpreter.statement.node.value is node
    if not plain or not alone or not interpreter.frame.unit or loops_in(interpreter.blocks):
        return None
    found = of(interpreter, value)
    return found if isinstance(node, ast.ListComp) and found is not None and found.node is node.elt else None


def follow(interpreter: Interpreter, node: ast.For | ast.While) -> bool:
    """Follows a loop that does nothing but fill an empty list with placeholders; false where it is another loop."""
    made = _made(node)
    if made is None or not interpreter.frame.unit or loops_in(interpreter.blocks):
        return False
    call, held = made
    assert isinstance(node, ast.For)
    known = _empty(interpreter, held)
    if known is None or _acts(interpreter, node.iter) or not _only_there(interpreter, node, known):
        return False
    with interpreter.within(interpreter.record(node)) as statement, interpreter.apart():
        found = of(interpreter, interpreter.evaluate(call))
    if found is None:
        interpreter.frame.statements.pop()
        return False
    for each in (statement, known.statement):
        each.moves, each.value = True, found
    known.value = found
    return True


def _acts(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether what a loop goes through does more than give its items."""
    if isinstance(node, ast.Call) and interpreter.names.symbol(node.func) in _LISTS:
        return False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("enumerate", "zip"):
        return any(_acts(interpreter, each) for each in node.args)
    return may_act(node)


def _made(node: ast.For | ast.While) -> tuple[ast.Call, ast.expr] | None:
    """The call that makes a placeholder, and the list that it is appended to, in a loop of nothing else."""
    if not isinstance(node, ast.For) or node.orelse:
        return None
    match node.body:
        case [
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call),
            ast.Expr(ast.Call(func=ast.Attribute(value=held, attr="append"), args=[ast.Name(id=given)], keywords=[])),
        ] if name == given:
            return call, held
        case [
            ast.Expr(ast.Call(func=ast.Attribute(value=held, attr="append"), args=[ast.Call() as call], keywords=[]))
        ]:
            return call, held
    return None


def _empty(interpreter: Interpreter, held: ast.expr) -> Definition | None:
    """What binds a name or attribute to a list without items, in the function that is followed and in no loop of it."""
    with interpreter.apart():
        value = interpreter.evaluate(held)
    known = (
        interpreter.frame.lookup(held.id) if isinstance(held, ast.Name) else interpreter.attributes.get(id(held), ())
    )
    empty = isinstance(value, Structure) and isinstance(value.node, ast.List) and not value.items and value.rest is None
    if not empty or len(known) != 1 or known[0].statement.frame is not interpreter.frame:
        return None
    node = known[0].statement.node
    alone = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.List)
    return known[0] if alone and known[0].statement.blocks == interpreter.blocks else None


def _only_there(interpreter: Interpreter, loop: ast.For, known: Definition) -> bool:
    """Whether all that the loop binds is used nowhere else, and the list not before it is full."""
    inside = set(walk(loop))
    bound = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    others = [n for n in walk(interpreter.frame.node) if isinstance(n, ast.For | ast.comprehension) and n is not loop]
    rebound = {
        (id(child), target.id)
        for other in others
        for target in walk(other.target)
        if isinstance(target, ast.Name)
        for child in [*walk(other), *_element(interpreter, other)]
    }
    for node in walk(interpreter.frame.node):
        if (
            isinstance(node, ast.Name)
            and node not in inside
            and node.id in bound
            and (id(node), node.id) not in rebound
        ):
            return False
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None
        if name == known.name and known.statement.line < getattr(node, "lineno", 0) < loop.lineno:
            return False
    return True


def _element(interpreter: Interpreter, node: ast.For | ast.comprehension) -> list[ast.AST]:
    """Where the names that a comprehension binds are read, besides in its conditions."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    every = [n for n in walk(interpreter.frame.node) if isinstance(n, kinds) and node in n.generators]
    return [child for n in every for child in walk(n)]
