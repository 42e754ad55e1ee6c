"""The variables of a program's own recurrent cell: made in `build`, from the shape of the inputs, and attributes.

A variable that the step asked for by name, each time, was there from the first step on. What its shape and its first
values are computed from goes with it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tf2migrate.facts.tree import own, walk
from tf2migrate.lift import own_cell_inner as inner
from tf2migrate.lift.own_cell_added import add_weight, settings
from tf2migrate.lift.own_cell_forms import RESERVED, Form, attribute_of, blocks_of, refusal
from tf2migrate.lift.own_cell_shapes import Shapes

_NUMBER = r"_\d+$"
#: What a variable of TensorFlow has and one of Keras has not, or has otherwise.
_UNLIKE = ("get_shape", "op", "eval", "value", "name", "graph", "device", "initializer", "dtype")

@dataclass(frozen=True)
class Weight:
    """A variable that is asked for: the call, the statement it stands in, and the attribute that it becomes."""

    call: ast.Call
    statement: ast.stmt
    attribute: str
    default: ast.expr | None  # the initializer of the scope around it

    @property
    def alone(self) -> bool:
        """Whether the statement does nothing but ask for it."""
        match self.statement:
            case ast.Assign(targets=[ast.Name() | ast.Attribute()], value=value):
                return value is self.call
        return False


@dataclass
class Weights:
    """The variables of a cell's step, in the order in which they are made."""

    form: Form
    shapes: Shapes
    found: list[Weight] = field(default_factory=list)
    inner_calls: list[ast.Call] = field(default_factory=list)  # those of cells inside
    gone: set[int] = field(default_factory=set)  # the statements of the step that nothing is left of
    comments: dict[int, int] = field(default_factory=dict)  # how many lines of them go with those
    replaced: dict[int, str] = field(default_factory=dict)  # the text of other nodes of the step
    _taken: set[str] = field(default_factory=set)
    _places: set[tuple[str, ...]] = field(default_factory=set)

    def lines(self, indent: str) -> list[str]:
        """The statements of `build`. Raises `Refused` where what a variable is made from is not known by then."""
        form = self.form
        self._taken = set(form.attributes)
        names = [n for n in own(form.step.body) if isinstance(n, ast.Name)]
        self._bound = Counter(n.id for n in names if not isinstance(n.ctx, ast.Load))
        self._blocks = set(map(id, blocks_of(form, form.step)))
        self._inner = inner.inner_cells(form)
        self._built: set[int] = set()  # the calls of cells inside
        body = list(self._body(form.step.body, indent, (), None))
        asked = [n for n in walk(form.step) if form.symbol(n) == "tf.get_variable"]
        self.inner_calls = inner.calls(form, self._inner)
        if {id(c) for c in self.inner_calls} != self._built:
            raise refusal(form.step, "a cell inside of a cell is called in a loop or a function inside of its step")
        seen = {id(w.call.func) for w in self.found}
        if missed := [n for n in asked if id(n) not in seen]:
            raise refusal(missed[0], "a variable of a cell is made in a loop or a function inside of its step")
        if not self.found and not self._built:
            return []
        kept = self._needed(body)
        self._leave(kept)
        wanted = [item for item in body if item.node is None or id(item.node) in kept]
        return [line for item in wanted for line in [*self._comments(item.source, indent), *item.lines]]

    def _comments(self, statement: ast.stmt | None, indent: str) -> list[str]:
        """The comments above a statement that is no more in the step: they go with it."""
        if statement is None or id(statement) not in self.gone:
            return []
        lines, at = self.form.program.lines, statement.lineno - 1
        while lines[at - 1].strip().startswith("#"):
            at -= 1
        self.comments[id(statement)] = statement.lineno - 1 - at
        above = [line.strip() for line in lines[at : statement.lineno - 1]]
        span, after = self.form.program.span(statement), self.form.program.offset((statement.end_lineno or 0) + 1, 0)
        beside = self.form.program.text[span.end : after].strip()
        return [indent + line for line in [*above, *([beside] if beside else [])]]

    # ---------------------------------------------------------------- what is made, in its order

    def _body(
        self, body: Sequence[ast.stmt], indent: str, path: tuple[str, ...], default: ast.expr | None
    ) -> Iterator[_Item]:
        """The items of a block: what is known when the cell is built, and the variables."""
        for node in body:
            if id(node) in self._blocks and isinstance(node, ast.With):
                deeper, first = self._entered(node, path, default)
                yield from self._body(node.body, indent, deeper, first)
            elif isinstance(node, ast.If) and self._asks(node):
                yield from self._branch(node, indent, path, default)
            elif isinstance(node, ast.Assign | ast.Expr | ast.Return | ast.AugAssign | ast.AnnAssign):
                for call in [n for n in own([node]) if isinstance(n, ast.Call) and self._is_variable(n)]:
                    yield self._weight(call, node, indent, path, default)
                for call in inner.in_steps(self.form, node, self._inner):
                    self._built.add(id(call))
                    reads = {n for argument in call.args for n in _names(argument)}
                    yield _Item(inner.build_lines(self.form, self.shapes, call, indent), None, set(), reads)
                if isinstance(node, ast.Assign) and (names := self.shapes.known(node, self._bound)):
                    text = f"{self.program_text(node.targets[0])} = {self.shapes.text(node.value)}"
                    yield _Item([f"{indent}{line}" for line in text.split("\n")], node, names, _names(node.value), node)

    def program_text(self, node: ast.expr) -> str:
        return self.form.program.segment(node)

    def _is_variable(self, node: ast.Call) -> bool:
        return self.form.symbol(node.func) == "tf.get_variable"

    def _asks(self, node: ast.AST) -> bool:
        built = any(True for _ in inner.in_steps(self.form, node, self._inner)) if isinstance(node, ast.stmt) else False
        return built or any(isinstance(n, ast.Call) and self._is_variable(n) for n in walk(node))

    def _entered(
        self, node: ast.With, path: tuple[str, ...], default: ast.expr | None
    ) -> tuple[tuple[str, ...], ast.expr | None]:
        """Where in the graph's names the variables in a block are, and what they start from if not told."""
        for item in node.items:
            call = item.context_expr
            assert isinstance(call, ast.Call)
            if self.form.symbol(call.func) != "tf.variable_scope":
                continue
            path = (*path, ast.unparse(call))
            default = next((k.value for k in call.keywords if k.arg == "initializer"), default)
        return path, default

    def _branch(
        self, node: ast.If, indent: str, path: tuple[str, ...], default: ast.expr | None
    ) -> Iterator[_Item]:
        """A branch with variables, where the cell's settings decide."""
        if not self.shapes.is_known(node.test):
            raise refusal(node, "a variable of a cell is made under a condition that is not known when the cell is")
        before = len(self.found) + len(self._built)
        sides = [list(self._body(side, indent + "    ", path, default)) for side in (node.body, node.orelse)]
        items = [item for side in sides for item in side]
        if any(item.node is not None for item in items):
            sides = [[item for item in side if item.node is None] for side in sides]
        lines = [f"{indent}if {self.shapes.text(node.test)}:", *(line for item in sides[0] for line in item.lines)]
        lines += [] if sides[0] else [f"{indent}    pass"]
        if sides[1]:
            lines += [f"{indent}else:", *(line for item in sides[1] for line in item.lines)]
        reads = set().union(*(item.reads for side in sides for item in side), _names(node.test))
        if len(self.found) + len(self._built) > before:
            yield _Item(lines, None, set(), reads)

    def _weight(
        self, call: ast.Call, statement: ast.stmt, indent: str, path: tuple[str, ...], default: ast.expr | None
    ) -> _Item:
        bound = settings(call)
        place = (*path, ast.unparse(bound["name"]))
        if place in self._places:
            raise refusal(call, "a variable of a cell is asked for twice in its step")
        self._places.add(place)
        weight = Weight(call, statement, self._attribute(statement, call, bound["name"]), default)
        self.found.append(weight)
        made = add_weight(self.form, self.shapes, call, default, indent + f"self.{weight.attribute} = ")
        return _Item([f"{indent}self.{weight.attribute} = {made}"], None, set(), _names(ast.parse(made)), statement)

    def _attribute(self, statement: ast.stmt, call: ast.Call, name: ast.expr) -> str:
        """What a variable is called: as the step called it, or else as the graph did."""
        wanted, own_name = "weight", False
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            wanted = re.sub(r"\W", "_", name.value) or wanted
        match statement:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if value is call:
                wanted = bound
            case ast.Assign(targets=[target], value=value) if value is call and attribute_of(target) is not None:
                wanted, own_name = attribute_of(target) or wanted, True
        wanted = wanted if wanted.isidentifier() else f"weight_{wanted}"
        found, number = wanted, 1
        while not own_name and (found in self._taken or found in RESERVED):
            found, number = f"{re.sub(_NUMBER, '', wanted)}_{number}", number + 1
        self._taken.add(found)
        return found

    # ---------------------------------------------------------------- what is left of the step

    def _needed(self, items: Iterable[_Item]) -> set[int]:
        """The statements whose values the variables are made from."""
        every = list(items)
        wanted = set().union(*(item.reads for item in every if item.node is None))
        kept: set[int] = set()
        for item in reversed(every):
            if item.node is not None and item.names & wanted:
                kept.add(id(item.node))
                wanted |= item.reads
        return kept

    def _leave(self, kept: set[int]) -> None:
        """Notes what is left of the step: attributes in the place of variables, and what else is still read."""
        names = [n for n in walk(self.form.step) if isinstance(n, ast.Name)]
        for weight in self.found:
            target = weight.statement.targets[0] if isinstance(weight.statement, ast.Assign) else ast.Constant(None)
            once = isinstance(target, ast.Name) and self._bound[target.id] == 1 and not self._hidden(target.id)
            self.replaced[id(weight.call)] = f"self.{weight.attribute}"
            if weight.alone and (once or attribute_of(target) is not None):
                self.gone.add(id(weight.statement))
                same = [n for n in names if isinstance(target, ast.Name) and n.id == target.id]
                self.replaced |= {id(n): f"self.{weight.attribute}" for n in same}
        for name in [n for n in walk(self.form.node) if self._is_weight(n)]:
            above = self.form.program.parents.get(id(name))
            over = self.form.program.parents.get(id(above))
            if isinstance(above, ast.Attribute) and above.attr in _UNLIKE:
                raise refusal(above, f"the {above.attr} of a variable of a cell is asked for")
            called = over.func if isinstance(above, ast.List | ast.Tuple) and isinstance(over, ast.Call) else name
            if self.form.symbol(called) == "tf.stack":  # which fails for Keras's
                raise refusal(name, "variables of a cell are stacked")
        self._leave_known(kept, [n for n in names if isinstance(n.ctx, ast.Load)])
        self._empty(self.form.step.body)

    def _is_weight(self, node: ast.AST) -> bool:
        """Whether an expression is a variable, as the step calls it or as an attribute."""
        own_one = attribute_of(node) in {weight.attribute for weight in self.found}
        return own_one or self.replaced.get(id(node), "").startswith("self.")

    def _leave_known(self, kept: set[int], reads: list[ast.Name]) -> None:
        """What was only known for the variables goes with them."""
        grew = True
        while grew:  # ends: `gone` only grows, and is bounded by the statements
            before, body = len(self.gone), own(self.form.step.body)
            away = {id(n) for s in body if id(s) in self.gone for n in walk(s)}
            away |= {id(n) for w in self.found for n in walk(w.call)}
            read = {n.id for n in reads if id(n) not in away}
            for node in body:
                known = id(node) in kept or (isinstance(node, ast.stmt) and self.shapes.is_shape(node))
                if known and isinstance(node, ast.Assign) and not self._stores(node) & read:
                    self.gone.add(id(node))
            grew = len(self.gone) > before

    def _hidden(self, name: str) -> bool:
        """Whether a function inside of the step has a parameter of a name."""
        return any(isinstance(n, ast.arg) and n.arg == name for n in walk(self.form.step))

    @staticmethod
    def _stores(node: ast.Assign) -> set[str]:
        return {n.id for t in node.targets for n in walk(t) if isinstance(n, ast.Name)} - {"_"}

    def _empty(self, body: Sequence[ast.stmt]) -> None:
        """Blocks in which nothing is left go as well."""
        for node in body:
            if isinstance(node, ast.With | ast.If):
                self._empty(node.body)
                self._empty(getattr(node, "orelse", []))
                rest = [*node.body, *getattr(node, "orelse", [])]
                if rest and all(id(s) in self.gone for s in rest):
                    self.gone.add(id(node))


@dataclass(frozen=True)
class _Item:
    """Lines of `build`: of a statement that binds names (kept where they are needed), or of variables."""

    lines: list[str]
    node: ast.stmt | None
    names: set[str]
    reads: set[str]
    source: ast.stmt | None = None  # what they are written for, where it stands by itself


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}
