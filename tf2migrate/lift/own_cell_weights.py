"""The variables of a program's own recurrent cell: made in `build`, from the shape of the inputs, and attributes.

A variable that the step asked for by name, each time, was there from the first step on. What its shape and its first
values are computed from goes with it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.tree import own, walk
from tf2migrate.lift import own_cell_inner as inner
from tf2migrate.lift import symbols as S
from tf2migrate.lift.own_cell_forms import RESERVED, Form, attribute_of, blocks_of, refusal
from tf2migrate.lift.own_cell_shapes import Shapes
from tf2migrate.lift.render import WIDTH, spread

_FIRST = {"tf.zeros_initializer": '"zeros"', "tf.ones_initializer": '"ones"'}
_GONE = {"dtype", "use_resource", "caching_device", "validate_shape", "collections", "synchronization", "regularizer"}


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
        return [indent + line.strip() for line in lines[at : statement.lineno - 1]]

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
        bound = _bound(call)
        place = (*path, ast.unparse(bound["name"]))
        if place in self._places:
            raise refusal(call, "a variable of a cell is asked for twice in its step")
        self._places.add(place)
        weight = Weight(call, statement, self._attribute(statement, call, bound["name"]), default)
        self.found.append(weight)
        made = add_weight(self.form, self.shapes, call, default, indent + f"self.{weight.attribute} = ")
        reads = _names(call) | (_names(default) if default is not None else set())
        return _Item([f"{indent}self.{weight.attribute} = {made}"], None, set(), reads, statement)

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
            found, number = f"{wanted}_{number}", number + 1
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
        self._leave_known(kept, [n for n in names if isinstance(n.ctx, ast.Load)])
        self._empty(self.form.step.body)

    def _leave_known(self, kept: set[int], reads: list[ast.Name]) -> None:
        """What was only known for the variables goes with them."""
        grew = True
        while grew:  # ends: `gone` only grows, and is bounded by the statements
            before, body = len(self.gone), own(self.form.step.body)
            away = {id(n) for s in body if id(s) in self.gone for n in walk(s)}
            away |= {id(n) for w in self.found for n in walk(w.call)}
            read = {n.id for n in reads if id(n) not in away}
            for node in body:
                if id(node) in kept and isinstance(node, ast.Assign) and not self._stores(node) & read:
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


def _bound(call: ast.Call) -> Mapping[str, ast.expr]:
    try:
        bound = bind(call, S.GET_VARIABLE)
    except Unbound as problem:
        raise refusal(call, f"a variable of a cell is made in a way that is not known ({problem})") from problem
    if "name" not in bound or "shape" not in bound:
        raise refusal(call, "a variable of a cell is made without a shape")
    return bound


def add_weight(form: Form, shapes: Shapes, call: ast.Call, default: ast.expr | None, line: str) -> str:
    """The call that makes a variable of a layer, which is to stand behind a line's beginning. Raises `Refused`."""
    bound = dict(_bound(call))
    plain = ("name", "shape", "initializer", "trainable")
    more = {name for name, value in bound.items() if name not in plain and not _says_nothing(form, shapes, name, value)}
    if more:
        raise refusal(call, f"a variable of a cell is made with {', '.join(sorted(more))}")
    for name in plain:
        if name in bound and not shapes.is_known(bound[name]):
            raise refusal(call, f"the {name} of a variable of a cell is not known when the cell is built")
    first = bound.get("initializer")
    first = default if first is None or _is_none(first) else first
    if first is not None and not shapes.is_known(first):
        raise refusal(call, "what a variable of a cell starts from is not known when the cell is built")
    parts = [f"shape={shapes.shape_text(bound['shape'])}"]
    if first is not None and not _is_none(first):
        parts.append(f"initializer={_first_text(form, shapes, first)}")
    elif "random" in _modules(form):
        parts.append("initializer=glorot_uniform")
    if "trainable" in bound:
        parts.append(f"trainable={shapes.text(bound['trainable'])}")
    parts.append(f"name={shapes.name_text(bound['name'])}")
    text = f"self.add_weight({', '.join(parts)})"
    if len(line) + len(text) <= WIDTH:
        return text
    return spread("self.add_weight(", parts, ")", line)


def _modules(form: Form) -> set[str]:
    """The modules that a program imports: Keras's own initializers would disturb what it draws with `random`."""
    return {a.name for n in form.program.names.imports if isinstance(n, ast.Import) for a in n.names} | {
        n.module or "" for n in form.program.names.imports if isinstance(n, ast.ImportFrom)
    }


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _says_nothing(form: Form, shapes: Shapes, name: str, value: ast.expr) -> bool:
    """Whether an argument says what is so anyway."""
    if name == "dtype":
        return shapes.is_float(value)
    return name in _GONE and _is_none(value)


def _first_text(form: Form, shapes: Shapes, node: ast.expr) -> str:
    """What a variable starts from: a new object for each, since one of Keras draws the same numbers twice."""
    held = shapes.value_of(node)
    node = held if isinstance(held, ast.Call) else node
    if isinstance(node, ast.Call) and form.symbol(node.func).endswith("_initializer"):
        told = [k for k in node.keywords if k.arg != "dtype" or not shapes.is_float(k.value)]
        if not node.args and not told and form.symbol(node.func) in _FIRST:
            return _FIRST[form.symbol(node.func)]
        if len(told) < len(node.keywords):
            parts = [*map(shapes.text, node.args), *(f"{k.arg}={shapes.text(k.value)}" for k in told)]
            return f"{form.program.segment(node.func)}({', '.join(parts)})"
    return _FIRST.get(form.symbol(node)) or shapes.text(node)
