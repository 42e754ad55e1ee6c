"""All variables that are trained, of a program whose variables are those of several objects of one class.

main = Network(4)
target = Network(4)
variables = tf.trainable_variables()

becomes `variables = main.trainable_variables + target.trainable_variables`: each object lists what its constructor
made, in the order in which the objects were made. What the constructor asks for, `tf.trainable_variables(scope=self)`,
is not TensorFlow's: the walk that follows this form knows it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import is_conditional, scope_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.lift.scoped_objects import makes, reached
from tf2migrate.model import Edit, Span

_ASKS = "tf.trainable_variables"


def object_lists(program: Program) -> tuple[Edit, ...]:
    """The edits that have each object list its variables; none where others have some, or may share them."""
    asks = [c for c in program.each(ast.Call) if program.names.symbol(c.func) == _ASKS and not (c.args or c.keywords)]
    if not asks or "reuse" in program.text.lower():
        return ()
    edits: list[Edit] = []
    for made in (n for n in program.tree.body if isinstance(n, ast.ClassDef) and not n.bases[1:]):
        edits += _edits(program, made, asks)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _edits(program: Program, made: ast.ClassDef, asks: list[ast.Call]) -> Iterator[Edit]:
    methods = {m.name: m for m in made.body if isinstance(m, ast.FunctionDef)}
    first = methods.get("__init__")
    inside = {id(n) for name in (reached(first, methods) if first else ()) for n in walk(methods[name])}
    making = [n for n in program.nodes if makes(program, n)]
    objects = _objects(program, made)
    if first is None or len(objects) < 2 or not making or any(id(n) not in inside for n in making):
        return
    outside = [ask for ask in asks if id(ask) not in {id(n) for n in walk(made)}]
    homes = {scope_of(program, each) for each in objects}
    last = max(program.span(each).end for each in objects)
    if len(outside) != len(asks) or len(homes) != 1:
        return
    if any(scope_of(program, ask) not in homes or program.span(ask).start < last for ask in outside):
        return
    name = fresh("trainable_variables", {n.attr for n in program.each(ast.Attribute) if not program.names.symbol(n)})
    listed = " + ".join(f"{ast.unparse(each.targets[0])}.{name}" for each in objects)
    yield from (Edit(program.span(ask), _whole(program, ask, listed)) for ask in outside)
    end, indent = program.span(first.body[-1]).end, program.indent(first.body[-1])
    asked = f"{tensorflow_name(program.names)}.trainable_variables(scope=self)"
    yield Edit(Span(end, end), f"\n{indent}self.{name} = {asked}")


def _whole(program: Program, ask: ast.Call, text: str) -> str:
    """A sum where a call stood, which needs brackets where something is done with it."""
    above = program.parents[id(ask)]
    plain = isinstance(above, ast.Assign | ast.keyword) or (isinstance(above, ast.Call) and above.func is not ask)
    return text if plain else f"({text})"


def _objects(program: Program, made: ast.ClassDef) -> list[ast.Assign]:
    """The statements that make the objects of a class, each bound to a name for good; none where some is not."""
    found = []
    for name in (n for n in program.each(ast.Name) if n.id == made.name):
        call = program.parents[id(name)]
        statement = program.parents.get(id(call))
        if not isinstance(call, ast.Call) or call.func is not name or not isinstance(statement, ast.Assign):
            return []
        match statement.targets:
            case [ast.Name(id=bound)] if len(stores(program, bound, scope_of(program, statement))) == 1:
                found.append(statement)
            case _:
                return []
        if is_conditional(program, statement):
            return []
    return sorted(found, key=lambda each: program.span(each).start)


__all__ = ["object_lists"]
