"""Static methods that build something, as methods of the object: one that makes variables becomes a class there.

@staticmethod
def dense(x, size): …

becomes `def dense(self, x, size)`, and calls of `Net.dense` in the class are calls of `self.dense`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.lift.building import builds
from tf2migrate.model import Edit, Span


def static_methods(program: Program) -> tuple[Edit, ...]:
    """The edits that make them methods; none where one is called from elsewhere."""
    if "@staticmethod" not in program.text:
        return ()
    edits: list[Edit] = []
    for made in (node for node in program.tree.body if isinstance(node, ast.ClassDef)):
        for method in (m for m in made.body if isinstance(m, ast.FunctionDef)):
            if [ast.unparse(d) for d in method.decorator_list] == ["staticmethod"] and builds(program, method):
                edits += _edits(program, made, method)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _edits(program: Program, made: ast.ClassDef, method: ast.FunctionDef) -> Iterator[Edit]:
    named = [n for n in program.each(ast.Attribute) if n.attr == method.name]
    bases = [n.value for n in named]
    known = [base for base in bases if isinstance(base, ast.Name) and base.id in ("self", made.name)]
    if len(known) != len(named) or any(_home(program, n) is not made for n in named):
        return
    for base in known:
        if base.id != "self":
            yield Edit(program.span(base), "self")
    start = program.text.index("(", program.text.index(f"def {method.name}", program.span(method).start)) + 1
    spec = method.args
    given = any([*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg])
    yield Edit(Span(start, start), "self, " if given else "self")
    decorator = method.decorator_list[0]
    begin = program.text.rfind("\n", 0, program.span(decorator).start) + 1
    yield Edit(Span(begin, program.text.index("\n", begin) + 1), "")


def _home(program: Program, node: ast.AST) -> ast.AST | None:
    """The class in a method of which a node stands; none where the method has no object."""
    method = scope_of(program, node)
    own = isinstance(method, ast.FunctionDef) and [a.arg for a in method.args.args][:1] == ["self"]
    return program.parents.get(id(method)) if own else None


__all__ = ["static_methods"]
