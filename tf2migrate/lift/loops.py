"""Loops that make variables or layers and use them: split into a loop that makes them, once, and one of each run.

What the first loop binds and the second one reads is carried over in lists, one item for each pass.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.lift.render import shift
from tf2migrate.lift.trace import Frame, Made, Statement
from tf2migrate.lift.values import Effect, Optimizer, Refused, Time, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

_ADVICE = "Make it before the loop, in a list, and use the list here."


@dataclass(eq=False)
class Loop:
    """A loop that is split: its statements of each run, and the names that the others bind for them."""

    node: ast.For
    late: list[Statement]
    names: list[str]
    made: list[Made]
    unread: list[str]  # the names of cells that are read to make what unrolls them, and not at each run
    lists: dict[str, str] = field(default_factory=dict)  # for each name that is carried: the list that carries it

    @property
    def bound(self) -> set[str]:
        """The names that the loop of each run binds."""
        return {*self.names, *(n.id for n in ast.walk(self.node.target) if isinstance(n, ast.Name))}

    def holds(self, statement: Statement) -> bool:
        """Whether a statement is the loop, or stands in it."""
        return statement.node is self.node or any(s is statement.node for s in flat(self.node.body))

    @property
    def early(self) -> list[ast.stmt]:
        """The statements that happen once."""
        late = {id(s.node) for s in self.late}
        return [s for s in flat(self.node.body) if id(s) not in late and not isinstance(s, ast.With)]


def split(node: ast.stmt, inside: list[Statement], rewrites: Mapping[int, object]) -> Loop | None:
    """The loop, where it makes something and can be split; None for any other statement."""
    if not isinstance(node, ast.For) or node.orelse or not any(s.made for s in inside):
        return None
    own = {id(statement) for statement in flat(node.body)}
    if any(id(s.node) not in own for s in inside if s.node is not node):
        return None
    late = [s for s in inside if s.moves]
    early = {id(s) for s in inside if not s.moves and s.node is not node}
    if not all(_is_simple(s) for s in late):
        return None
    read = sorted({d.name: d for s in late for d in s.reads if id(d.statement) in early}.items())
    if any(d.value.time > Time.MADE for _, d in read):
        return None
    if any(_is_bound_anew(s, d.name, inside) for s in late for d in s.reads if id(d.statement) in early):
        return None
    of_turns = {id(s) for s in late}
    if any(id(d.statement) in of_turns and d.staged for s in inside if id(s) in early for d in s.reads):
        return None
    unread = _unread([name for name, _ in read], late, rewrites)
    return Loop(node, late, [n for n, _ in read if n not in unread], [m for s in late for m in s.made], unread)


def _is_bound_anew(reading: Statement, name: str, inside: list[Statement]) -> bool:
    """Whether a turn ends with another value of a name than a statement of each run reads: lists carry the last."""
    after = [s for s in inside if s.order > reading.order and not s.moves]
    return any(d.name == name for s in after for d in s.writes)


def carried(frames: Sequence[Frame], loop: Loop, value: Value) -> str | None:
    """The name that carries a thing from the first part of a loop to the second: no other statement there binds it."""
    own = {id(node) for node in loop.early}
    statements = [s for frame in frames for s in frame.statements if id(s.node) in own]
    written = [d for s in statements for d in s.writes if d.owner is None and d.name in loop.names]
    found = next((d.name for d in written if d.value is value), None)
    return found if len({d.site for d in written if d.name == found}) == 1 else None


def _is_simple(statement: Statement) -> bool:
    """Whether a statement of each run is one by itself, or branches that make nothing and go on with the turn.

    Those of other functions make something where another call comes by: `foreseen` looks at them.
    """
    if isinstance(statement.node, ast.If):
        leaves = any(isinstance(n, ast.Break | ast.Continue | ast.Return) for n in ast.walk(statement.node))
        return statement.frame.unit and not (statement.made or statement.shared or leaves)
    return isinstance(statement.node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr)


def _unread(names: list[str], late: list[Statement], rewrites: Mapping[int, object]) -> list[str]:
    """The names that stand for nothing but cells that are unrolled."""
    from tf2migrate.lift.cells import Unrolling

    nodes = [n for s in late for n in ast.walk(s.node)]
    unrolled = [value for n in nodes if isinstance(value := rewrites.get(id(n)), Unrolling)]
    cells = {id(cell) for value in unrolled for cell in value.cells}
    return [name for name in names if all(id(n) in cells for n in nodes if isinstance(n, ast.Name) and n.id == name)]


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, and those of the `with` blocks in it."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With):
            yield from flat(statement.body)


def check(loops: list[Loop]) -> None:
    """What a loop may make and do. Raises `Refused`."""
    for loop in loops:
        for statement in loop.late:
            if any(isinstance(e, Effect) for e in statement.effects):
                raise Refused("TFM902", statement.node, "a loop that makes variables changes some, too", _ADVICE)
        for made in loop.made:
            if isinstance(made.value, Optimizer | Variable) or not _directly(loop, made.node):
                what = "something with state is made in a loop, a branch or a comprehension of graph code"
                raise Refused("TFM902", made.node, what, _ADVICE)


def _directly(loop: Loop, node: ast.AST) -> bool:
    scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for statement in loop.late:
        for child in ast.walk(statement.node):
            if isinstance(child, scopes) and any(inner is node for inner in ast.walk(child)):
                return False
    return True


def name_lists(loop: Loop, fresh: Callable[[str], str], hoisted: dict[int, str]) -> None:
    """Gives each list a name."""
    for name in [*loop.names, *(hoisted[id(made.node)] for made in loop.made)]:
        loop.lists[name] = fresh(f"{name}_list" if name.endswith("s") else f"{name}s")


def begin(loop: Loop) -> list[str]:
    """What stands before the loop that makes things."""
    return [f"{name} = []" for name in loop.lists.values()]


def end(loop: Loop) -> list[str]:
    """What stands at its end."""
    return [f"{held}.append({name})" for name, held in loop.lists.items()]


def lines(expressions: Expressions, loop: Loop, step: str, wanted: set[str]) -> Iterator[str]:
    """The loop of each run; `wanted` are the names that the function reads."""
    from tf2migrate.lift import pairs

    body: list[str] = []
    for statement in loop.late:
        assert isinstance(statement.node, ast.stmt)
        if (taken := pairs.lines(expressions, statement.node, wanted)) is not None:
            body += [step + line for line in taken]
            continue
        text = expressions.renderer.text(statement.node)
        body.append(step + shift(text, expressions.program.indent(statement.node), step).rstrip().rstrip(";"))
    whole = textwrap.dedent("\n".join(body))
    read = {n.id for n in ast.walk(ast.parse(whole)) if isinstance(n, ast.Name)}
    target, source = expressions.text(loop.node.target), expressions.text(loop.node.iter)
    names, lists = [name for name in loop.lists if name in read], [h for n, h in loop.lists.items() if n in read]
    if read & {n.id for n in ast.walk(loop.node.target) if isinstance(n, ast.Name)} or not names:
        several = isinstance(loop.node.target, ast.Tuple) and bool(names) and not target.startswith("(")
        names.insert(0, f"({target})" if several else target)
        lists.insert(0, source)
    each = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
    yield f"for {', '.join(names)} in {each}:"
    yield from body
