"""Shapes of tensors that a program prints: what the graph knew of them, the traced function knows.

`print(logits.get_shape())` asks nothing that a run computes. A `tf.function` that computes the tensor has its static
shape as well, in `get_concrete_function().output_shapes` (`python/eager/polymorphic_function/concrete_function.py`):
tracing goes through the same ops, with placeholders of the same shapes. A size that is not known is written `None`
there, where TensorFlow 1 wrote `?`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import fetching, handed
from tf2migrate.lift.functions import visible
from tf2migrate.lift.slices import backward_slice, kind_of
from tf2migrate.lift.trace import Definition, Fetches, Run, Statement, loops_in
from tf2migrate.lift.traced import changed
from tf2migrate.lift.values import Placeholder, Python, Tensor, Time, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.planned import Planned


#: What may be made of a shape that is printed by a name.
_PLAIN = (
    *(ast.Call, ast.Attribute, ast.Subscript, ast.Slice, ast.Constant),
    *(ast.UnaryOp, ast.USub, ast.BinOp, ast.operator),
)


class Asked(Run):
    """The run that a tensor would have whose shape is read."""


@dataclass(eq=False)
class Shape:
    """One place where the shape of a tensor is read, and what a run of the tensor would be there."""

    node: ast.expr
    run: Run
    several: bool = False  # whether the walk comes to it with different tensors

    def text(self, expressions: Expressions) -> str:
        """What is written in its place."""
        planned = expressions.plan.of_run[self.run]
        (leaf,) = planned.slice.leaves
        at = f"[{planned.returned.index(leaf)}]" if len(planned.returned) > 1 else ""
        return f"{handed.callee(expressions, planned, self.run)}.get_concrete_function().output_shapes{at}"


@dataclass(frozen=True)
class Bound:
    """A name of what is known of a shape, where it is printed: it is written out there."""

    value: ast.expr

    def text(self, expressions: Expressions) -> str:
        """What is written in its place."""
        text = expressions.text(self.value)
        return text if isinstance(self.value, ast.Call | ast.Attribute | ast.Subscript) else f"({text})"


@dataclass(eq=False)
class Shapes:
    """The shapes that a program reads, by the node that reads them; what stands in the place of those it prints."""

    read: dict[int, Shape] = field(default_factory=dict)
    printing: set[Statement] = field(default_factory=set)
    open: dict[Statement, None] = field(default_factory=dict)  # those that print a size which is not known (TFM724)


def note(interpreter: Interpreter, base: Value, owner: ast.expr, node: ast.expr) -> None:
    """Keeps that the shape of a tensor is read, where functions are written: in a helper it is traced."""
    if type(base) is Placeholder and _is_open(base) and _is_shown(interpreter, interpreter.statement, node):
        interpreter.shapes.open[interpreter.statement] = None
    if not isinstance(base, Tensor) or base.time != Time.STAGED or not isinstance(owner, ast.Name | ast.Attribute):
        return
    if not interpreter.frame.unit or interpreter.comprehensions:
        return
    with interpreter.apart():
        found = fetching.fetch(interpreter, owner)
    if (known := interpreter.shapes.read.get(id(node))) is not None:
        known.several = known.several or _reads(known.run.fetches) != _reads(found)
        return
    call = ast.copy_location(ast.Call(owner, [], []), node)
    place = interpreter.frame, visible(interpreter.frame)
    run = Asked(call, found, (), interpreter.statement, interpreter.blocks, *place, graph=interpreter.graph)
    interpreter.shapes.read[id(node)] = Shape(node, run)


def _reads(fetches: Fetches) -> frozenset[Definition]:
    return frozenset(d for leaf in fetches.leaves() for d in leaf.reads)


def runs(interpreter: Interpreter) -> list[Run]:
    """What would be run for the shapes that are printed and that a function of the tensor alone knows."""
    found: list[Run] = []
    for statement in [s for frame in interpreter.frames if frame.unit for s in frame.statements]:
        read, written = _printed(interpreter, statement)
        if not read or not all(_is_known(shape) for shape in read):
            continue
        interpreter.shapes.printing.add(statement)
        shown = [s for s in read if _is_shown(interpreter, statement, s.node) or written]
        if any(type(v) is Placeholder and _is_open(v) for s in shown for v in backward_slice(s.run).parameters):
            interpreter.shapes.open[statement] = None
        interpreter.rewrites |= {id(shape.node): shape for shape in read}
        interpreter.rewrites |= written
        found += [shape.run for shape in read]
    return list(dict.fromkeys(found))


def _is_open(value: Placeholder) -> bool:
    """Whether a placeholder has a size that is known only when it is fed."""
    shape = value.arguments.get("shape")
    return shape is None or any(isinstance(n, ast.Constant) and n.value is None for n in walk(shape))


def _is_shown(interpreter: Interpreter, statement: Statement, node: ast.expr) -> bool:
    """Whether a shape is printed as such, or its first size: `as_list()` gave None in TensorFlow 1, too."""
    above = interpreter.program.parents.get(id(node))
    if isinstance(above, ast.Subscript):
        first = isinstance(above.slice, ast.Slice) or (isinstance(above.slice, ast.Constant) and not above.slice.value)
        above = interpreter.program.parents.get(id(above)) if first else None
    match statement.node:
        case ast.Expr(value=ast.Call(func=ast.Name("print"))):
            return above is not None and not isinstance(above, ast.Attribute)
    return False


def only_for_shapes(planned: Planned) -> bool:
    """Whether a function is never called, as nothing but its shape is asked for."""
    return all(isinstance(run, Asked) for run in planned.runs)


def _printed(interpreter: Interpreter, statement: Statement) -> tuple[list[Shape], dict[int, Bound]]:
    """The shapes that a statement prints, and the names for them; none where it prints other parts of the graph."""
    match statement.node:
        case ast.Expr(value=ast.Call(func=ast.Name("print")) as call):
            bound: dict[int, Bound] = {}
            for name in [n for n in walk(call) if isinstance(n, ast.Name)]:
                value = _value_of(interpreter, statement, name)
                if value is not None:
                    bound[id(name)] = Bound(value)
            inside = [n for held in [call, *(b.value for b in bound.values())] for n in walk(held)]
            read = [interpreter.shapes.read[id(n)] for n in inside if id(n) in interpreter.shapes.read]
            runs = [n for n in walk(call) if id(n) in interpreter.runs]
            names = {id(n) for held in [*runs, *(shape.node for shape in read)] for n in walk(held)} | set(bound)
            staged = {d.name for d in statement.reads if d.staged and not isinstance(d.value, Placeholder)}
            others = [n for n in walk(call) if isinstance(n, ast.Name) and id(n) not in names and n.id in staged]
            compared = any(isinstance(n, ast.Compare) for n in inside)  # two sizes that are not known were not equal
            return ([], {}) if others or compared else (read, bound)
    return [], {}


def _value_of(interpreter: Interpreter, statement: Statement, name: ast.Name) -> ast.expr | None:
    """What a name stands for that is bound once, to something of shapes and constants; None for any other name."""
    definitions = [d for d in statement.reads if d.name == name.id and d.owner is None]
    if len(definitions) != 1 or not _is_of_shapes(definitions[0]):
        return None
    made = definitions[0].statement.node
    if not isinstance(made, ast.Assign) or len(made.targets) != 1 or not isinstance(made.targets[0], ast.Name):
        return None
    read = [n for n in walk(made.value) if id(n) in interpreter.shapes.read]
    under = {id(n) for shape in read for n in walk(shape)}
    plain = all(
        isinstance(n, _PLAIN)
        or id(n) in under
        or (isinstance(n, ast.Name | ast.expr_context) and getattr(n, "id", "int") in ("int", "str", "list", "tuple"))
        for n in walk(made.value)
    )
    stores = [n for n in interpreter.program.each(ast.Name) if n.id == name.id and isinstance(n.ctx, ast.Store)]
    if not read or not plain or len(stores) != 1 or any(changed(interpreter.program.tree, name.id)):
        return None
    return made.value


def _is_of_shapes(definition: Definition) -> bool:
    staged = isinstance(definition.value, Python) and definition.value.time >= Time.STAGED
    return staged and not loops_in(definition.statement.blocks)


def _is_known(shape: Shape) -> bool:
    """Whether a function computes this tensor and nothing else, of placeholders whose types are known."""
    every = list(shape.run.fetches.leaves())
    if shape.several or shape.run.fetches.kind != "one" or len(every) != 1 or kind_of(every[0]) != "tensor":
        return False
    if not every[0].named or any(loops_in(d.statement.blocks) for d in every[0].reads):
        return False
    found = backward_slice(shape.run)
    return all(type(v) is Placeholder and not v.untyped for v in found.parameters)
