"""Variables whose shapes follow those of tensors: a part makes them at its first call, which tells the shape.

`W = tf.get_variable("W", [x.get_shape()[1], units])` needs what only the call knows. Static shapes are known while a
function is traced, so the variables are made there, once, outside of the trace: as Keras's layers make theirs.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import grown
from tf2migrate.lift.collections import Added
from tf2migrate.lift.trace import Frame, Made, Statement
from tf2migrate.lift.values import Python, Refused, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.parts import Part

REASON = "what a function's variables are like follows a tensor"
_ADVICE = "Make the variables first, and give them to the function that uses them."
_SIMPLE = (ast.Assign, ast.AnnAssign)
_WHOLE = (*_SIMPLE, ast.Return, ast.Expr)


@dataclass(eq=False)
class Split:
    """The statements of a part by when they happen, and what of the lazy ones goes before which late one."""

    early: list[ast.stmt]
    late: list[ast.stmt]
    lazy: list[ast.stmt] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)  # the variables that late statements make in their middle
    before: dict[int, list[ast.stmt | Made]] = field(default_factory=dict)  # for each late statement: what comes first

    @property
    def values(self) -> Iterator[ast.AST]:
        """The statements and calls that make something at the first call."""
        yield from self.lazy
        yield from (made.node for made in self.made)


def only_shapes(node: ast.AST, names: Collection[str]) -> bool:
    """Whether names are read in an expression for nothing but their shapes."""
    return not any(n.id in names for n in beside_shapes(node) if isinstance(n.ctx, ast.Load))


def beside_shapes(node: ast.AST) -> Iterator[ast.Name]:
    """The names in an expression, but for those whose shape is asked for."""
    if isinstance(node, ast.Attribute) and node.attr in ("shape", "get_shape") and isinstance(node.value, ast.Name):
        return
    if isinstance(node, ast.Name):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from beside_shapes(child)


def is_static(value: Value) -> bool:
    """Whether a value is plain Python, be it known only while a function is traced."""
    return all(isinstance(leaf, Python) for leaf in leaves(value))


def follows(statement: Statement, late: Sequence[object]) -> bool:
    """Whether a statement that makes something can do it at the first call: it reads nothing but shapes.

    `late` are the definitions that it reads and that each call computes anew.
    """
    names = {d.name for d in late if not is_static(d.value)}  # type: ignore[attr-defined]
    if statement.moves:
        return isinstance(statement.node, _WHOLE)
    return isinstance(statement.node, _SIMPLE) and only_shapes(statement.node, names)


def flat(interpreter: Interpreter, body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a function, without the scopes that they stand in."""
    for statement in body:
        if isinstance(statement, ast.With | ast.Try) and interpreter.rewrites.get(id(statement)) == "transparent":
            yield from flat(interpreter, statement.body)
        else:
            yield statement


def note(interpreter: Interpreter, part: Part) -> None:
    """Notes the variables that the part makes at its first call.

    Calls of one form make the same then: all of them are looked at where one is of a form that was not there before.
    """
    frames, objects = part.frames[part.noted :], part.objects[-1:]
    forms = {_form(part, frame) for frame in frames}
    if not forms <= part.forms:
        part.first = _at_first_calls(interpreter, part)
        frames, objects = part.frames, part.objects
    part.forms |= forms
    part.noted = len(part.frames)
    made = [m for frame in frames for s in frame.statements for m in s.made if id(m.node) in part.first]
    interpreter.lazy |= {m.value for m in made}
    if made:
        interpreter.lazy |= {interpreter.objects[id(o.node)] for o in objects}


def _form(part: Part, frame: Frame) -> object:
    """What the calls of a part may differ in: which statements are followed, what they make, what is known of it."""
    statements = tuple(
        (
            (id(s.node), s.moves),
            tuple((id(m.node), isinstance(m.value, Variable)) for m in s.made),
            tuple((d.name, is_static(d.value)) for d in s.writes),
        )
        for s in (*frame.statements, *frame.skipped)
    )
    parameters = [a.arg for a in walk(part.function.args) if isinstance(a, ast.arg)]
    given = tuple(tuple(is_static(d.value) for d in frame.env.get(name, ())) for name in parameters)
    return statements, given, frozenset(part.staged)


def _at_first_calls(interpreter: Interpreter, part: Part) -> set[int]:
    """What stands in the values that first calls make variables of."""
    body = part.function.body
    statements = list(flat(interpreter, body[1:] if ast.get_docstring(part.function) is not None else body))
    every = [s for frame in part.frames for s in (*frame.statements, *frame.skipped)]
    moved = {id(s.node) for s in every if s.moves or isinstance(s.node, ast.Return)}
    try:
        found = split(interpreter, part, statements, moved)
    except Refused:  # which is said once more when the class is written, unless something else stops the program
        return set()
    return {id(n) for value in found.values for n in walk(value)}


def split(interpreter: Interpreter, part: Part, statements: list[ast.stmt], moved: set[int]) -> Split:
    """Tells apart what happens when an object is made, at its first call, and at each call."""
    return _Splitter(interpreter, part, statements, moved).split()


class _Splitter:
    """What of a part reads what of it, and so when each happens."""

    def __init__(self, interpreter: Interpreter, part: Part, statements: list[ast.stmt], moved: set[int]) -> None:
        self.interpreter, self.part, self.statements = interpreter, part, statements
        self.late = {id(s) for s in statements if id(s) in moved}
        self.lazy: set[int] = set()
        self.waiting: set[int] = set()  # what reads a shape itself, or something that does
        self.at = {id(inner): i for i, s in enumerate(statements) for inner in walk(s)}
        every = [s for frame in part.frames for s in frame.statements]
        variables = {
            id(m.node): m for s in every for m in s.made if isinstance(m.value, Variable) and id(m.node) in self.at
        }
        inner = {id(n) for m in variables.values() for n in walk(m.node) if n is not m.node}
        whole = {key for key, m in variables.items() if isinstance(statements[self.at[id(m.node)]], _WHOLE)}
        self.variables = [m for key, m in variables.items() if key in whole - inner]  # loops have ways of their own
        self.making = {self.at[id(m.node)] for m in self.variables}
        self.others = {self.at[id(m.node)] for s in every for m in s.made if id(m.node) in self.at} - self.making
        bound = [d for s in every for d in s.writes]
        bound += [d for frame in part.frames for name in part.staged for d in frame.env.get(name, ())]
        self.static = {d.name for d in bound} - {d.name for d in bound if not is_static(d.value)}
        self.draws = {self.at[site] for site, _ in interpreter.frozen if site in self.at}

    def sources(self, node: ast.AST) -> Iterator[int | None]:
        """Where in the function the names that a node reads are bound; None for a parameter that is a tensor."""
        for name in walk(node):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
                for site, bound in self.interpreter.resolved.get(id(name), ()):
                    if site in self.at:
                        yield self.at[site]
                    elif bound in self.part.staged:
                        yield None

    def is_late(self, source: int | None) -> bool:
        return source is None or id(self.statements[source]) in self.late

    def split(self) -> Split:
        before = set(self.late)
        settled = False
        while not settled:
            moved = [s for i, s in enumerate(self.statements) if self._settle(i, s)]
            settled = not moved
        inside = [m for m in self.variables if id(self.statements[self.at[id(m.node)]]) in self.late]
        following = [m for m in inside if any(map(self._waits, self.sources(m.node)))]
        self.waiting |= self.lazy | {id(m.node) for m in following}
        if self.waiting:
            self._take_variables()
        elif grown.things(self.interpreter, self.part):  # what loops and branches read stays beside them
            inside = []
        else:
            self.late, inside = before | {id(s) for s in self.statements if id(s) in self.late and self._is_data(s)}, []
        early = [s for s in self.statements if id(s) not in self.late | self.lazy]
        late = [s for s in self.statements if id(s) in self.late]
        found = Split(early, late, [s for s in self.statements if id(s) in self.lazy], inside)
        self._check(found)
        self._place(found)
        return found

    def _is_data(self, statement: ast.stmt) -> bool:
        """Whether a statement binds nothing but data of Python."""
        bound = {n.id for n in walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return bool(bound) and bound <= self.static

    def _waits(self, source: int | None) -> bool:
        return self.is_late(source) or (source is not None and id(self.statements[source]) in self.lazy)

    def _settle(self, index: int, statement: ast.stmt) -> bool:
        """Whether a statement that seemed early waits for a call after all."""
        settled = id(statement) in self.late | self.lazy or index in self.others
        if settled or not any(map(self._waits, self.sources(statement))):
            return False
        lazy = index in self.making | self.draws or any(
            source is not None and id(self.statements[source]) in self.lazy for source in self.sources(statement)
        )
        (self.lazy if lazy else self.late).add(id(statement))
        return True

    def _take_variables(self) -> None:
        """Variables that could be made before are made together with the others, and what only they read with them."""
        for made in self.variables:
            statement = self.statements[self.at[id(made.node)]]
            if id(statement) not in self.late and isinstance(statement, _SIMPLE):
                self.lazy.add(id(statement))
        for statement in self.statements:
            read = [self.statements[source] for source in self.sources(statement) if source is not None]
            if id(statement) not in self.late and self._adds(statement) and any(id(s) in self.lazy for s in read):
                self.lazy.add(id(statement))
        taken = True
        while taken:
            taken = False
            for index, statement in enumerate(self.statements):
                if id(statement) in self.late | self.lazy or not self._plain(statement):
                    continue
                readers = {i for i, s in enumerate(self.statements) if index in self.sources(s)}
                if readers and all(id(self.statements[i]) in self.lazy for i in readers):
                    self.lazy.add(id(statement))
                    taken = True

    def _plain(self, statement: ast.stmt) -> bool:
        """Whether it does not matter when a statement happens: nothing but TensorFlow's functions is called."""
        symbol = self.interpreter.names.symbol
        calls = [n for n in walk(statement) if isinstance(n, ast.Call)]
        return isinstance(statement, _SIMPLE) and all((symbol(n.func) or "").startswith("tf.") for n in calls)

    def _check(self, found: Split) -> None:
        """What is made at the first call reads tensors for their shapes only, and draws no numbers of Python's."""
        for node in found.values:
            if isinstance(node, ast.stmt) and not isinstance(node, _SIMPLE) and not self._adds(node):
                raise Refused("TFM901", node, REASON, _ADVICE)
            if not only_shapes(node, self._tensors()):
                raise Refused("TFM901", node, REASON, _ADVICE)
            if len(self.part.frames) > len(self.part.objects) and self._follows_argument(node, set()):
                what = "what is made follows an argument that is another one where it is shared"
                raise Refused("TFM901", node, what, _ADVICE)  # whichever run came first would decide
            if self._draws_numbers(node, set()):
                what = "the first value of a variable is drawn by Python, and its shape follows a tensor"
                raise Refused("TFM901", node, what, "Draw it with TensorFlow.")

    def _follows_argument(self, node: ast.AST, seen: set[int]) -> bool:
        """Whether a node reads an argument of the call that is data of Python, be it by way of other such data."""
        for name in walk(node):
            if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
                continue
            for site, bound in self.interpreter.resolved.get(id(name), ()):
                if site not in self.at:
                    if bound in self.static and bound in self.part.staged:
                        return True
                elif bound in self.static and self.at[site] not in seen:
                    seen.add(self.at[site])
                    if self._follows_argument(self.statements[self.at[site]], seen):
                        return True
        return False

    def _adds(self, node: ast.stmt) -> bool:
        """Whether a statement does nothing but add to a collection, be it on a condition."""
        if isinstance(node, ast.If):
            return not node.orelse and all(map(self._adds, node.body))
        return isinstance(node, ast.Expr) and isinstance(self.interpreter.rewrites.get(id(node.value)), Added)

    def _tensors(self) -> set[str]:
        """The names of parameters that are tensors, and of those that each call computes."""
        frames = self.part.frames
        given = [d for f in frames for name in self.part.staged for d in f.env.get(name, ())]
        computed = [d for f in frames for s in f.statements if s.moves for d in s.writes]
        return {d.name for d in [*given, *computed] if not is_static(d.value)}

    def _draws_numbers(self, node: ast.AST, seen: set[int]) -> bool:
        for call in walk(node):
            if not isinstance(call, ast.Call):
                continue
            path = self.interpreter.names.symbol(call.func) or ""
            if "random" in ast.unparse(call.func) and not path.startswith("tf."):
                return True
            for function, calls in self.interpreter.helper_calls.items():
                if id(call) in calls and id(function) not in seen:
                    seen.add(id(function))
                    if self._draws_numbers(function, seen):
                        return True
        return False

    def _place(self, found: Split) -> None:
        """Things are made together, as soon as the first that waits for a shape can be; those that need more, later."""
        items: list[tuple[int, ast.stmt | Made]] = [(self.at[id(s)], s) for s in found.lazy]
        items += [(self.at[id(m.node)], m) for m in found.made]
        items.sort(key=lambda item: item[0])
        late = [i for i, s in enumerate(self.statements) if id(s) in self.late]
        placed: dict[int, int] = {}  # for each statement or call: before which late statement it happens
        first = 0
        for waiting in (True, False):
            for index, item in items:
                node = item.node if isinstance(item, Made) else item
                if (id(node) in self.waiting) != waiting:
                    continue
                needed = [0]
                for source in self.sources(node):
                    if source is not None and id(statement := self.statements[source]) in self.late:
                        needed.append(source + 1)
                    elif source is not None and id(statement) in placed:
                        needed.append(placed[id(statement)])
                readers = [s for s in self.statements if not isinstance(item, Made) and index in self.sources(s)]
                latest = [placed.get(id(s), self.at[id(s)]) for s in readers] or [index]
                wanted = max(min(first, *latest), *needed)
                placed[id(node)] = next(i for i in late if i >= wanted)
                first = first or placed[id(node)]
        for _, item in items:
            node = item.node if isinstance(item, Made) else item
            found.before.setdefault(id(self.statements[placed[id(node)]]), []).append(item)
