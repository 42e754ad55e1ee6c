"""`tf.trainable_variables()` of a model whose variables cannot be counted: for gradients, it is what the tape has seen.

The tape knows no variable that the loss does not need, and has its own order. Neither matters where the list is for
`tf.gradients` and `apply_gradients` alone, which give nothing for such a variable and go by pairs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import untrained
from tf2migrate.lift.several_members import UNCOUNTED
from tf2migrate.lift.values import Refused, Structure, Tensor, Time, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan, Planned
    from tf2migrate.lift.scopes import Member
    from tf2migrate.lift.variable_lists import Collected

TRAINED = "trainable_variables"
_NORMS = ("tf.global_norm", "tf.linalg.global_norm")


@dataclass(frozen=True, eq=False)
class Watched(Structure):
    """The trained variables of a graph, as far as it had been built: what could have variables by then."""

    graph: object = None
    members: tuple[Member, ...] = ()


def of_all(interpreter: Interpreter, node: ast.Call, prefix: str, collection: str) -> Value:
    """The collection, where it is that of all trained variables, asked for where functions are written from."""
    if collection != TRAINED or prefix or not interpreter.frame.unit:
        return Unknown(UNCOUNTED, node)
    rest, graph = Tensor(Time.STAGED, node), interpreter.graph
    value = Watched("list", (), node, rest, graph=graph, members=tuple(_members(interpreter, graph)))
    interpreter.rewrites[id(node)] = value
    return value


def _members(interpreter: Interpreter, graph: object) -> Iterator[Member]:
    for member in interpreter.scopes.made:
        if member.graph is graph and (member.collections is None or TRAINED in member.collections):
            yield member


def instead(interpreter: Interpreter, plan: Plan, asked: Collected) -> Watched | None:
    """What the tape has seen, in the place of a list of all trained variables in which loops or branches have a part.

    None where its order could be seen, or the tape sees others.
    """
    if asked.statement is None or not isinstance(asked.node, ast.Call):
        return None
    graph = asked.statement.graph
    every = tuple(_members(interpreter, graph))
    whole = asked.collection == TRAINED and asked.asks is None and asked.statement.frame.unit
    if not whole or every != asked.members:
        return None
    uses = _Uses(interpreter)
    if not uses.are_known(asked.node) or not all(_has(p, uses, asked.node) for p in plan.functions):
        return None
    try:
        for planned in plan.functions:
            if id(asked.node) in _inside(planned):
                untrained.check(interpreter, planned.slice, asked.node)
    except Refused:
        return None
    return Watched("list", (), asked.node, asked.rest, graph=graph, members=every)


def check(interpreter: Interpreter, plan: Plan) -> None:
    """Nothing is trained that is made later, and the list is for gradients alone. Raises `Refused`."""
    for value in list(interpreter.rewrites.values()):
        if isinstance(value, Watched):
            assert isinstance(value.node, ast.Call)
            uses = _Uses(interpreter)
            late = tuple(_members(interpreter, value.graph)) != value.members
            if late or not uses.are_known(value.node) or not all(_has(p, uses, value.node) for p in plan.functions):
                raise Refused("TFM901", value.node, UNCOUNTED, "Make all variables in straight code, without branches.")
            for planned in plan.functions:
                if id(value.node) in _inside(planned):
                    untrained.check(interpreter, planned.slice, value.node)


def _has(planned: Planned, uses: _Uses, node: ast.Call) -> bool:
    """Whether a function that asks for the list takes the gradients of it."""
    inside = _inside(planned)
    return id(node) not in inside or bool(uses.gradients & inside)


def _inside(planned: Planned) -> set[int]:
    return {id(n) for statement in planned.slice.statements for n in walk(statement.node)}


class _Uses:
    """Where a list in the order of the variables goes; `gradients` are the calls that take gradients of them."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter, self.program = interpreter, interpreter.program
        self.gradients: set[int] = set()

    def are_known(self, node: ast.expr) -> bool:
        """Whether nothing is done with a list that its order could be seen in."""
        parent = self.program.parents.get(id(node))
        match parent:
            case ast.Expr():
                return True
            case ast.Assign(targets=[target]):
                return self._bound(target, parent, node)
            case ast.Subscript(slice=ast.Constant(value=0)):
                return self._is(node, "tf.clip_by_global_norm") and self.are_known(parent)
            case ast.comprehension():
                return self._gone_through(parent, node)
            case ast.keyword():
                above = self.program.parents.get(id(parent))
                return isinstance(above, ast.Call) and self._given(above, node)
            case ast.Call():
                return self._given(parent, node)
        return False

    def _is(self, node: ast.expr, *symbols: str) -> bool:
        return isinstance(node, ast.Call) and self.interpreter.names.symbol(node.func) in symbols

    def _given(self, call: ast.Call, node: ast.expr) -> bool:
        symbol = self.interpreter.names.symbol(call.func)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else None
        first = bool(call.args) and call.args[0] is node
        if symbol == "tf.gradients" or (symbol is None and method in ("minimize", "compute_gradients")):
            self.gradients.add(id(call))
            return method == "minimize" or self.are_known(call)
        if symbol in _NORMS or (symbol is None and method == "apply_gradients"):
            return first
        if symbol == "tf.clip_by_global_norm":
            return first and self.are_known(call)
        plain = symbol is None and isinstance(call.func, ast.Name) and call.func.id in ("zip", "list")
        return plain and self.are_known(call)

    def _bound(self, target: ast.expr, statement: ast.Assign, value: ast.expr) -> bool:
        """Whether all is known of the uses of a name that is given the list, or the clipped one and its norm."""
        if self._is(value, "tf.clip_by_global_norm"):
            if not (isinstance(target, ast.Tuple) and len(target.elts) == 2):
                return False
            target = target.elts[0]
        if not isinstance(target, ast.Name | ast.Attribute):
            return False
        named = [n for n in self.program.nodes if isinstance(n, ast.Name | ast.Attribute)]
        return all(self.are_known(n) for n in named if self._reads(n, target, statement))

    def _reads(self, node: ast.Name | ast.Attribute, target: ast.expr, statement: ast.Assign) -> bool:
        if not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(target, ast.Name):
            return (id(statement), target.id) in self.interpreter.resolved.get(id(node), ())
        meant = self.interpreter.attributes.get(id(node), ())
        return any(definition.statement.node is statement for definition in meant)

    def _gone_through(self, clause: ast.comprehension, node: ast.expr) -> bool:
        """`[f(g) for g in gradients]`, `[(f(g), v) for g, v in zip(gradients, variables)]`: by pairs, not by places."""
        made = self.program.parents.get(id(clause))
        if not isinstance(made, ast.ListComp | ast.GeneratorExp) or len(made.generators) != 1:
            return False
        element, about = made.elt, clause.target
        if isinstance(about, ast.Tuple):
            match about.elts, element:
                case [ast.Name() as gradient, ast.Name(id=name)], ast.Tuple(elts=[changed, ast.Name(id=same)]):
                    about, element = gradient, changed
                    if name != same or any(isinstance(n, ast.Name) and n.id == name for n in walk(changed)):
                        return False
                case _:
                    return False
        elif not self._is_of_gradients(node):
            return False
        if not isinstance(about, ast.Name):
            return False
        tested = [ast.unparse(test) for test in clause.ifs]
        return all(test == f"{about.id} is not None" for test in tested) and self.are_known(made)

    def _is_of_gradients(self, node: ast.expr) -> bool:
        """Whether a list is one of gradients for certain, and none of variables, which have names."""
        if self._is(node, "tf.gradients"):
            return True
        bound = self.interpreter.resolved.get(id(node), set()) if isinstance(node, ast.Name) else set()
        values = [n.value for n in self.program.each(ast.Assign) if id(n) in {site for site, _ in bound}]
        return bool(values) and all(self._is(v, "tf.gradients", "tf.clip_by_global_norm") for v in values)
