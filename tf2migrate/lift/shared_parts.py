"""What objects of one class share, as attributes: where it is made, and which of it each object makes anew."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import visibility
from tf2migrate.lift.cell_calls import Stepped
from tf2migrate.lift.cells import Cell
from tf2migrate.lift.layers import Shareable
from tf2migrate.lift.shared_instances import ADVICE, names_in
from tf2migrate.lift.values import Effect, Layer, Optimizer, Refused, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Plan
    from tf2migrate.lift.trace import Made, Statement
    from tf2migrate.lift.values import Value


#: What finds a variable in a scope that is reused.
_FOUND = ("tf.get_variable", "tf.train.get_or_create_global_step", "tf.train.get_global_step")
_SIZES = ("num_units", "cell")


def plan_sharing(interpreter: Interpreter, plan: Plan) -> None:
    """What is shared becomes attributes. Raises `Refused` where it is made in another way than one after the other."""
    sharing = interpreter.sharing
    statements = [s for frame in interpreter.frames for s in frame.statements]
    for instance in sharing.first:
        scopes = any(id(n) in sharing.told for n in walk(instance.of.node))
        own = [s for s in statements if visibility.owner(s.frame) is instance]
        inside = {id(n) for n in walk(instance.of.node)}
        if any(id(m.node) in inside for s in statements if s not in own for m in s.made):
            raise _unnamed(instance.of.node)
        for statement in own:
            for made in statement.made:
                _keep(interpreter, plan, instance, statement, made, scopes)
        varied = sharing.varied[instance.of.methods["__init__"]]
        for cell in [v for v in interpreter.rewrites.values() if isinstance(v, Cell) and id(v.node) in inside]:
            if any(names_in(argument) & varied for key, argument in cell.arguments.items() if key not in _SIZES):
                raise _unnamed(cell.node)
        helpers = [function for function in interpreter.parts if id(function) in inside]
        if any(_free(function) & varied for function in helpers):
            raise _unnamed(instance.of.node)
        called = [v for v in interpreter.rewrites.values() if isinstance(v, Stepped) and id(v.node) in inside]
        for stepped in {v.cell: v for v in called}:
            makers = [s for s in own if _binds(s, stepped)]
            if len(makers) != 1 or (scopes and not all(_is_in(interpreter, v.node) for v in called)):
                raise _unnamed(instance.of.node)
            _name(interpreter, plan, instance, makers[0])
        constructor = instance.of.methods["__init__"]
        if any(id(s.node) in sharing.made and s.frame.node is not constructor for s in own):
            plan.kept.setdefault(constructor, []).insert(0, f"self.{sharing.name} = {sharing.name}")
        _check_slots(interpreter, plan, instance, {id(m.node) for s in own for m in s.made})


def _free(function: ast.AST) -> set[str]:
    """The names that a function has of the one around it, and of its object."""
    names = [n for n in walk(function) if isinstance(n, ast.Name)]
    bound = {n.id for n in names if not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in walk(function) if isinstance(n, ast.arg)} - {"self"}
    own = [n for n in walk(function) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"]
    return ({n.id for n in names} - bound) | {n.attr for n in own}


def _is_in(interpreter: Interpreter, node: ast.AST | None) -> bool:
    """Whether something is made inside a scope of its function that shares."""
    around = node
    while around is not None and not isinstance(around, ast.FunctionDef):
        if isinstance(around, ast.With) and any(id(i.context_expr) in interpreter.sharing.told for i in around.items):
            return True
        around = interpreter.program.parents.get(id(around))
    return False


def _check_slots(interpreter: Interpreter, plan: Plan, instance: Instance, made: set[int]) -> None:
    """Raises `Refused` where another object than the first is trained: it would find the slots of the first, too."""
    for planned in plan.functions:
        statements = [*planned.slice.statements, *(leaf.statement for leaf in planned.slice.leaves)]
        effects = [e for s in statements for e in s.effects] + [leaf.value for leaf in planned.slice.leaves]
        by = [e.target for e in effects if isinstance(e, Effect) and isinstance(e.target, Optimizer)]
        if not any(o.has_state and any(id(m.node) in made for m in o.made) for o in by):
            continue
        for run in planned.runs:
            nodes = [n for leaf in run.fetches.leaves() for n in walk(leaf.node) if isinstance(n, ast.Attribute)]
            of = [n for n in nodes if any(d.owner is instance for d in interpreter.attributes.get(id(n), ()))]
            if {ast.unparse(n.value) for n in of} != {interpreter.sharing.first[instance]}:
                what = "another object than the first is trained, by an optimizer that keeps something of each variable"
                raise Refused("TFM901", run.node, what, "Train with one optimizer.")


def _keep(
    interpreter: Interpreter, plan: Plan, instance: Instance, statement: Statement, made: Made, scopes: bool
) -> None:
    """One thing that a class makes: shared, also where scopes of the class say so, or made for each object."""
    value = made.value
    if isinstance(value, Optimizer):
        return
    symbol = interpreter.names.symbol(made.node.func)
    if isinstance(value, Variable) and symbol == "tf.Variable":
        return
    if symbol is None and _makes_own(interpreter):
        raise _unnamed(made.node)
    found = type(value) in (Layer, Shareable) or isinstance(value, Cell) or symbol in _FOUND
    told = [k.value for k in made.node.keywords if k.arg in ("name", "scope")]
    told += made.node.args[:1] if symbol == "tf.get_variable" else []
    named = all(isinstance(t, ast.Constant) for t in told)
    branches = [b for b in statement.blocks if isinstance(b, ast.If | ast.For | ast.While | ast.Try)]
    if not found or not named or branches:
        raise _unnamed(made.node)
    if isinstance(value, Cell):
        return  # what is shared is the layer that unrolls it; or it is called step by step
    if scopes and not _is_in(interpreter, made.node):
        raise _unnamed(made.node)
    if statement.moves:
        plan.kept_things.add(id(value))
        interpreter.sharing.inside.append((statement, made.node))
        interpreter.sharing.note(statement, instance)
        return
    _name(interpreter, plan, instance, statement, made.node)


def _makes_own(interpreter: Interpreter) -> bool:
    """Whether a helper that makes variables makes some that are nobody else's."""
    calls = [n for function in interpreter.parts for n in walk(function) if isinstance(n, ast.Call)]
    return any(interpreter.names.symbol(call.func) == "tf.Variable" for call in calls)


def is_shared(interpreter: Interpreter, instance: Instance, value: Value) -> bool:
    """Whether something that an object of a class makes is what all of them have."""
    own = isinstance(value, Variable) and isinstance(value.node, ast.Call)
    own = own and interpreter.names.symbol(value.node.func) == "tf.Variable"  # type: ignore[attr-defined]
    return instance in interpreter.sharing.first and not own


def _sets(node: ast.Attribute, name: str) -> bool:
    return node.attr == name and not isinstance(node.ctx, ast.Load)


def _binds(statement: Statement, cell: object) -> bool:
    """Whether a statement makes a cell that is called step by step."""
    made = statement.node.value if isinstance(statement.node, ast.Assign) else None
    return isinstance(made, ast.Call) and any(d.value is cell for d in statement.writes)


def _name(
    interpreter: Interpreter, plan: Plan, instance: Instance, statement: Statement, made: ast.Call | None = None
) -> None:
    """The attribute that something is bound to, or becomes. Raises `Refused`."""
    node = statement.node
    if not isinstance(node, ast.Assign) or len(statement.writes) != 1 or (made is not None and node.value is not made):
        raise _unnamed(node)
    definition = statement.writes[0]
    if definition.owner is None:
        if not plan.renamed.get(definition.site, "").startswith("self."):
            plan.renamed.pop(definition.site, None)  # which was a name of the method's own
        visibility.promote(interpreter, definition, statement.frame, plan)
    name = plan.renamed.get(definition.site, f"self.{definition.attribute}")
    stored = [n for n in walk(node.targets[0]) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    if stored and len([n for n in interpreter.program.each(ast.Attribute) if _sets(n, stored[0].attr)]) > 1:
        raise _unnamed(node)
    interpreter.sharing.note(statement, instance).names.add(name)


def _unnamed(node: ast.AST) -> Refused:
    where = "in a branch or loop, outside of the scope, or without a name"
    what = f"objects of one class share variables that are made {where}"
    return Refused("TFM901", node, what, ADVICE)


__all__ = ["is_shared", "plan_sharing"]
