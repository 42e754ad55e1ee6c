"""A program followed in execution order: what every name is, and when it comes to be.

One walk: the module, function bodies at their calls. A function that opens or uses a session is part of the unit, its
statements are statements of the unit. Any other function is a helper: its call is one operation of the statement that
contains it, which reads whatever staged names of outside the body reads.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children
from tf2migrate.lift import (
    builders,
    cell_calls,
    cells,
    classes,
    collections,
    datasets,
    feeders,
    graph_calls,
    keras_layers,
    loops,
    noted,
    parts,
    variable_lists,
)
from tf2migrate.lift.pipelines import Asked, Pipe
from tf2migrate.lift.savers import Use
from tf2migrate.lift.scopes import ALL_VARIABLES, TRAINED, Member, Scope, Scopes
from tf2migrate.lift.summaries import Summary
from tf2migrate.lift.trace import Definition, Fetch, Fetches, Frame, Made, Run, Statement, loops_in
from tf2migrate.lift.units import drivers, has_run
from tf2migrate.lift.values import (
    ASSIGNS,
    EACH,
    NONE,
    PYTHON,
    STATIC,
    Effect,
    FetchedState,
    Handle,
    Layer,
    Optimizer,
    Placeholder,
    Python,
    Refused,
    Regularizer,
    State,
    Structure,
    Symbol,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    join,
    latest,
    leaves,
)


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function of the program, and the frame that it was defined in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    staged: bool = False  # whether it is defined inside the functions that use it, as it reads what only they know

    @property
    def time(self) -> Time:
        return Time.STAGED if self.staged else Time.PYTHON


@dataclass(frozen=True, eq=False)
class Fields(Value):
    """A class of named tuples, and the names."""

    names: tuple[str, ...]

    @staticmethod
    def of(node: ast.Call) -> Fields | None:
        """The class that a call of `namedtuple` makes, where its names are written out."""
        try:
            told = ast.literal_eval(node.args[1])
        except (ValueError, IndexError):
            return None
        names = told.replace(",", " ").split() if isinstance(told, str) else told
        return Fields(tuple(names)) if all(isinstance(name, str) for name in names) else None

    def filled(self, node: ast.Call, arguments: list[Value]) -> Structure:
        """A tuple with its items by name, in the order of the call."""
        written = [*node.args, *(k.value for k in node.keywords)]
        names = [*self.names[: len(node.args)], *(k.arg for k in node.keywords)]
        return Structure("fields", tuple(zip(names, arguments, written, strict=True)), node)


@dataclass(frozen=True, eq=False)
class Method(Value):
    """An attribute of a value, about to be called."""

    base: Value
    name: str
    node: ast.Attribute

    @property
    def time(self) -> Time:
        return self.base.time


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Interpreter:
    """The state of one walk; `runs`, `helpers` and the frames' statements are its result."""

    def __init__(self, program: Program, fed: frozenset[int] = frozenset()) -> None:
        self.program = program
        self.fed = fed  # the constants that runs are fed others in place of, which so are computed at each run
        self.names = program.names
        self.runs: dict[int, Run] = {}
        self.frames: list[Frame] = []
        self.rewrites: dict[int, object] = {}
        self.driver_nodes = set(drivers(program.tree, self.names))
        self.builders = builders.builders(program.tree, self.names, self.driver_nodes)
        self.feeders = feeders.feeders(program.tree, self.names, self.driver_nodes | self.builders)
        self.driver_nodes |= self.builders | self.feeders
        self.unnamed: dict[int, Statement] = {}  # what builders compute in their return statements, by its expression
        self.loops: dict[int, loops.Loop] = {}  # the loops that make something and use it
        self.collected: dict[tuple[int, str], collections.Collection] = {}  # those of tensors
        self.origins: dict[Value, list[Definition]] = {}  # for each staged value: the names that it was given
        self.called_from: dict[int, tuple[Frame, dict[str, tuple[Definition, ...]]]] = {}  # units' calls: what they see
        self.aliases: dict[int, Definition] = {}  # for each read of a parameter that is a tensor: the tensor's own name
        self.instances: dict[ast.ClassDef, classes.Instance] = {}
        self.attributes: dict[int, tuple[Definition, ...]] = {}  # for each attribute of an instance: what it may be
        self.given: dict[FunctionNode, list[tuple[ast.Call, dict[str, Value]]]] = {}  # the calls of units' functions
        self.resolved: dict[int, set[tuple[int, str]]] = {}  # for each name read or bound: the bindings it may mean
        self.printed: dict[int, list[Value]] = {}
        self.summaries: list[tuple[object, Summary]] = []
        self.notes: noted.Notes | None = None  # the dict of summaries, where they are not made in straight code
        self.notes_sought = False
        self.unrolled: dict[Layer, cells.Unrolled] = {}  # what each object that unrolls cells was made for
        self.again: set[Value] = set()  # cells that are made once more for variables that are there
        self.unrolled_cells: set[Value] = set()  # cells whose variables are those of the object that unrolls them
        self.uses: dict[int, Use] = {}
        self.pipes: list[Pipe] = []  # the stages of queues
        self.handed: dict[int, dict[Value, Value]] = {}  # for each run: the iterators whose handles it is fed
        self.frozen: set[tuple[int, str]] = set()  # draws that happen once, as the first value of a variable
        self.extra: dict[FunctionNode, dict[Definition, None]] = {}  # staged names of outside that a helper reads
        self.moved: set[FunctionNode] = set()  # the helpers that are defined inside the functions that use them
        self.helper_calls: dict[FunctionNode, dict[int, ast.Call]] = {}
        self.called: set[int] = set()
        self.order = 0
        self._used = {self.names.symbol(n.func) for n in program.nodes if isinstance(n, ast.Call)}
        self.comprehensions = 0  # how many of them the walk is inside of
        self.graph: object = None
        self.session_graph: object = None
        self.session: object = None
        self.scopes = Scopes()
        self.entered_again: set[int] = set()  # the calls of scopes that are told by other scopes
        self.parts: dict[ast.FunctionDef, parts.Part] = {}  # the functions that make variables and use them
        self.defaults: dict[tuple[int, str], ast.expr | None] = {}  # what scopes give to the variables made by a call
        self.regularizers: dict[Variable, ast.expr] = {}
        self.objects: dict[int, Layer] = {}  # for each call that makes an object of one: the object
        self.blocks: tuple[ast.stmt, ...] = ()
        self.controls: tuple[Statement, ...] = ()
        self.stack: list[FunctionNode] = []
        self.statement: Statement
        self.frame: Frame

    def run(self) -> Frame:
        """Follows the module, then the drivers that it never calls."""
        module = Frame(self.program.tree, None, unit=True)
        self.frames.append(module)
        self.frame = module
        self.statement = self._record(ast.Pass(lineno=1, col_offset=0))
        module.statements.clear()
        self.body(self.program.tree.body)
        for definitions in list(module.env.values()):
            for definition in definitions:
                value = definition.value
                if (
                    isinstance(value, Function)
                    and value.node in self.driver_nodes
                    and id(value.node) not in self.called
                ):
                    self.call_driver(value, {})
                if isinstance(value, classes.Class) and value.node not in self.instances:
                    classes.instantiate(self, value, None)
        classes.follow_the_rest(self)
        return module

    # ---------------------------------------------------------------- statements

    def _record(self, node: ast.stmt | ast.expr) -> Statement:
        self.order += 1
        statement = Statement(node, self.frame, self.order, self.blocks, controls=self.controls, graph=self.graph)
        self.frame.statements.append(statement)
        return statement

    @contextmanager
    def within(self, statement: Statement) -> Iterator[Statement]:
        """What is evaluated inside is read by this statement."""
        before, self.statement = self.statement, statement
        try:
            yield statement
        finally:
            self.statement = before

    def make(
        self,
        node: ast.Call,
        value: Value,
        hint: str,
        name: str | None = None,
        trained: bool | None = True,
        collections: frozenset[str] | None = ALL_VARIABLES,
    ) -> None:
        """Notes that a call makes state, under a name in the graph and in collections of it.

        `trained` and `collections` are None where they cannot be told; `collections` is empty for what is no variable.
        """
        self.statement.made.append(Made(node, value, hint))
        if collections is None or collections:
            held = collections and collections | (TRAINED if trained is not False else frozenset())
            self.add_member(value, name, held, trained is not None)

    def add_member(
        self, value: Value, name: str | None, collections: frozenset[str] | None, certain: bool = True
    ) -> None:
        """Puts something that is made here into collections of the graph; `certain` where that cannot be doubted."""
        apart = [b for b in self.blocks if not (isinstance(b, ast.If) and _is_main(b))]
        once = certain and not apart and not self.comprehensions
        self.scopes.made.append(Member(self.graph, name, value, once, collections))

    @property
    def repeats(self) -> bool:
        """Whether what is made here is made in a loop."""
        return bool(self.comprehensions or loops_in(self.blocks))

    def mentions(self, symbol: str) -> bool:
        """Whether the program calls something anywhere."""
        return symbol in self._used

    @contextmanager
    def apart(self) -> Iterator[set[Definition]]:
        """What is evaluated inside is read, but not by the statement it stands in (a fetch, the key of a feed)."""
        before = self.statement.reads
        self.statement.reads = set()
        try:
            yield self.statement.reads
        finally:
            self.statement.reads = before

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.execute(statement)

    def execute(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                with self.within(self._record(node)):
                    self.bind(node.name, Function(node, self.frame))
            case ast.ClassDef():
                with self.within(self._record(node)):
                    self.bind(node.name, classes.class_value(self, node))
            case ast.Import() | ast.ImportFrom():
                with self.within(self._record(node)):
                    for alias in node.names:
                        self.bind(alias.asname or alias.name.split(".")[0], PYTHON)
            case ast.With():
                self.with_(node)
            case ast.For():
                self.loop(node, node.body, node.orelse)
            case ast.While():
                self.loop(node, node.body, node.orelse)
            case ast.If():
                self.branch(node, [node.body, node.orelse])
            case ast.Try() if cells.for_versions(node, self.names):
                self.rewrites[id(node)] = "transparent"
                with self.within(self._record(node)):
                    self.body(node.body)
            case ast.Try():
                self.branch(node, [[*node.body, *node.orelse], *[h.body for h in node.handlers]], node.finalbody)
            case ast.Match():
                self.branch(node, [case.body for case in node.cases])
            case ast.Global():
                self.frame.globals.update(node.names)
                self._record(node)
            case _:
                self.simple(node)

    def simple(self, node: ast.stmt) -> None:
        """A statement without a body."""
        with self.within(self._record(node)) as statement:
            match node:
                case ast.Assign(targets=targets, value=value):
                    statement.value = self.evaluate(value, hint=_hint(targets[0]))
                    if id(value) in self.fed:
                        statement.value = Tensor(Time.STAGED, value)
                    for target in targets:
                        self.assign(target, statement.value)
                case ast.AnnAssign(target=target, value=value):
                    if value is not None:
                        statement.value = self.evaluate(value, hint=_hint(target))
                        self.assign(target, statement.value)
                case ast.AugAssign(target=target, value=value):
                    load = ast.copy_location(_load(target), target)
                    statement.value = self.operation([self.evaluate(load), self.evaluate(value)], node)
                    self.assign(target, statement.value)
                case ast.Expr(value=value):
                    statement.value = self.evaluate(value)
                case ast.Return(value=value):
                    if value is not None and self.frame.node in self.builders:
                        builders.name_items(self, value)
                    statement.value = NONE if value is None else self.evaluate(value, hint="output")
                    if self.frame.node in self.feeders:
                        statement.value = feeders.returned(self, node, statement.value)
                    self.frame.returns.append(statement.value)
                case _:
                    for child in children(node):
                        if isinstance(child, ast.expr):
                            self.evaluate(child)
            statement.moves = self.moves(statement)

    def moves(self, statement: Statement) -> bool:
        """Whether a statement of a unit happens at each run, and so belongs into functions."""
        if isinstance(statement.node, ast.Assert):  # about the graph, where it reads of it
            return any(d.staged for d in statement.reads)
        if not isinstance(statement.node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return):
            return False
        value = statement.value
        if any(isinstance(e, noted.Noting) for e in statement.effects):
            return True
        if isinstance(value, builders.Graph):
            return False
        if value is None or (isinstance(value, Python) and isinstance(statement.node, ast.Expr)):
            return False
        unit = self.frame.unit  # where a placeholder's name stays, as that of its TensorSpec
        return any(leaf.time >= Time.STAGED and not (unit and isinstance(leaf, Placeholder)) for leaf in leaves(value))

    def with_(self, node: ast.With) -> None:
        """Sessions, graphs, scopes, devices: no block of the program's own; any other `with` is."""
        graph, session_graph, session = self.graph, self.session_graph, self.session
        with self.within(self._record(node)) as statement:
            transparent, controls = True, self.controls
            entered: list[Scope] = []
            for item in node.items:
                value = self.evaluate(item.context_expr)
                if isinstance(value, Scope):
                    entered.append(value)
                held = value.of if isinstance(value, Handle) and value.role == "as_default" else value
                if isinstance(held, Handle) and held.role == "graph":
                    self.graph = self.session_graph = held
                if isinstance(held, Handle) and held.role == "session":
                    self.session_graph, self.session = self.graph_of(held), held
                    if held is value:  # entered as itself, a session makes its graph the default one too
                        self.graph = self.session_graph
                match value:
                    case Handle(role="session" | "graph" | "scope" | "device" | "as_default"):
                        if item.optional_vars is not None:
                            self.assign(
                                item.optional_vars, value.of if value.of and value.role == "as_default" else value
                            )
                    case Handle(role="controls"):
                        controls = (*controls, statement)
                    case _:
                        transparent = False
                        if item.optional_vars is not None:
                            self.assign(item.optional_vars, PYTHON if value.time < Time.STAGED else value)
        scopes = ExitStack()
        for value in entered:
            scopes.enter_context(self.scopes.inside(value))
        if transparent:
            self.rewrites[id(node)] = "transparent"
        before, self.controls = self.controls, controls
        blocks = self.blocks
        if not transparent:
            self.blocks = (*blocks, node)
        with scopes:
            self.body(node.body)
        self.blocks, self.controls = blocks, before
        self.graph, self.session_graph, self.session = graph, session_graph, session

    def graph_of(self, session: Handle) -> object:
        """The graph that a session runs: the one it is given, or the default one."""
        return session.of if session.of is not None else self.graph

    def loop(self, node: ast.For | ast.While, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        def once() -> None:
            with self.within(self._record(node)) as statement:
                if isinstance(node, ast.For):
                    self.assign(node.target, self.element(self.evaluate(node.iter), node))
                else:
                    self.evaluate(node.test)
                statement.value = PYTHON
            self.blocks = (*self.blocks, node)
            self.body(body)
            self.blocks = self.blocks[:-1]

        before, scopes = dict(self.frame.env), self.scopes.copy()
        mark = len(self.frame.statements)
        once()
        carried = _merge([before, self.frame.env])
        if any(len(carried[name]) > 1 for name in carried):
            first = [d for s in self.frame.statements[mark:] for d in s.writes]
            del self.frame.statements[mark:]
            self.frame.env = dict(carried)
            self.scopes.come_back_to(scopes)
            once()
            self._forget(first, mark)
        self.frame.env = _merge([before, self.frame.env])
        self.body(orelse)
        self.settle(node, mark)

    def _forget(self, first: list[Definition], mark: int) -> None:
        """The first walk of a loop was for what it carries: its bindings are those of the second walk."""
        again = {d.site: d for s in self.frame.statements[mark:] for d in s.writes}
        now = {d: again.get(d.site, d) for d in first}
        for statement in self.frame.statements[mark:]:
            statement.reads = {now.get(d, d) for d in statement.reads}
        for name, definitions in self.frame.env.items():
            self.frame.env[name] = tuple(dict.fromkeys(now.get(d, d) for d in definitions))

    def branch(
        self, node: ast.If | ast.Try | ast.Match, bodies: list[list[ast.stmt]], last: list[ast.stmt] | None = None
    ) -> None:
        mark = len(self.frame.statements)
        with self.within(self._record(node)) as statement:
            test = self.evaluate(node.test) if isinstance(node, ast.If) else PYTHON
            if isinstance(node, ast.Match):
                self.evaluate(node.subject)
            statement.value = PYTHON
        main = isinstance(node, ast.If) and _is_main(node)
        self.blocks = (*self.blocks, node)
        before = dict(self.frame.env)
        results: list[dict[str, tuple[Definition, ...]]] = []
        if isinstance(test, Python) and test.known and not self.frame.unit:  # of this call, one side is not reached
            self._unreached(bodies.pop(1 if test.literal else 0))
        for body in bodies:
            self.frame.env = dict(before if not isinstance(node, ast.Try) else (results[0] if results else before))
            self.body(body)
            if not (body and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)):
                results.append(self.frame.env)
        self.frame.env = results[0] if main and results else _merge(results or [before])
        self.blocks = self.blocks[:-1]
        self.body(last or [])
        self.settle(node, mark)

    def _unreached(self, body: list[ast.stmt]) -> None:
        """Statements that do not happen: only what their names mean is of interest."""
        env, mark, scopes = dict(self.frame.env), len(self.frame.statements), self.scopes.copy()
        self.body(body)
        del self.frame.statements[mark:]
        self.frame.env = env
        self.scopes.come_back_to(scopes)

    def settle(self, node: ast.stmt, mark: int) -> None:
        """A loop or branch that only builds the graph is one statement of it, whole."""
        inside = self.frame.statements[mark:]
        if not any(s.moves for s in inside) or has_run(node, self.driver_nodes, self.names):
            return
        if self.frame.unit and all(not isinstance(n, ast.For | ast.While) for n in [node]) and _is_main(node):
            return
        early: list[Statement] = []
        if (loop := loops.split(node, inside)) is not None:
            self.loops[id(node)] = loop
            header = {d for s in inside if s.node is node for d in s.writes}
            early = [s for s in inside if not s.moves]
            inside = loop.late
        whole = Statement(node, self.frame, inside[0].order, self.blocks, controls=self.controls)
        written: dict[Definition, None] = {}
        for statement in inside:
            whole.reads |= statement.reads
            whole.made += statement.made
            whole.shared += statement.shared
            whole.effects += statement.effects
            written.update(dict.fromkeys(statement.writes))
        whole.moves = True
        whole.value = Tensor(Time.STAGED, node)
        whole.writes = list(written)
        whole.reads -= set(written)
        if loop is not None and early:
            whole.reads -= {d for s in early for d in s.writes if d.name in loop.names or d in header}
        for definition in written:
            definition.statement = whole
        self.frame.statements[mark:] = [*early, whole]

    # ---------------------------------------------------------------- bindings

    def bind(self, name: str, value: Value) -> None:
        definition = Definition(name, value, self.statement)
        self.statement.writes.append(definition)
        builders.note(self, definition)
        frame = self.frame
        if name in frame.globals:
            while frame.parent is not None:
                frame = frame.parent
        frame.env[name] = (definition,)

    def assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self.bind(name, value)
                self.resolved.setdefault(id(target), set()).add((id(self.statement.node), name))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for index, element in enumerate(elements):
                    self.assign(element, self.item(value, index, target))
            case ast.Starred(value=inner):
                self.assign(inner, Structure("list", (), target, rest=self.element(value, target)))
            case ast.Subscript(value=base) | ast.Attribute(value=base):
                with self.apart():
                    owner = self.evaluate(base) if isinstance(target, ast.Attribute) else PYTHON
                if isinstance(owner, classes.Instance) and isinstance(target, ast.Attribute):
                    classes.bind(self, owner, target, value)
                else:
                    self.mutate(base, value, target)

    def mutate(self, base: ast.expr, value: Value, target: ast.expr) -> None:
        """A part of something is set: the thing is new, and as late as what it now holds."""
        root = base
        while isinstance(root, ast.Subscript | ast.Attribute):
            root = root.value
        whole = self.evaluate(base)
        if isinstance(target, ast.Subscript):
            self.evaluate(target.slice)
        if not isinstance(root, ast.Name) or root is not base or not isinstance(whole, Structure):
            if value.time >= Time.STAGED and not (isinstance(value, Python)):
                self.statement.value = Unknown(
                    "a tensor is kept in an object that the analysis does not follow", target
                )
            return
        key: object = None
        key_node = target.slice if isinstance(target, ast.Subscript) else None
        if key_node is not None:
            with self.apart():
                held = self.evaluate(key_node)
            key = (
                held
                if isinstance(held, Placeholder | Tensor)
                else held.literal
                if isinstance(held, Python) and held.known
                else None
            )
            if isinstance(held, Placeholder | Tensor):
                self.rewrites[id(key_node)] = ("key", held)
        items = [item for item in whole.items if item[0] is not key and item[0] != key]
        if key is None:
            updated = Structure(
                whole.kind, tuple(items), whole.node, rest=join([v for v in (whole.rest, value) if v], target)
            )
        else:
            optional = whole.optional - {key}
            updated = Structure(whole.kind, (*items, (key, value, None)), whole.node, whole.rest, optional=optional)
        self.rebind(root.id, updated)

    def rebind(self, name: str, value: Value) -> None:
        """A container was changed in place. One that comes to hold staged values is staged from its beginning."""
        if value.time >= Time.STAGED:
            for definition in self.frame.lookup(name):
                if definition.statement.frame is self.frame and not definition.statement.moves:
                    definition.statement.moves = True
                    definition.value = value
        self.bind(name, value)

    def element(self, value: Value, node: ast.AST) -> Value:
        """What iterating over a value gives."""
        if isinstance(value, Structure):
            if value.kind == "dict":
                return PYTHON
            every = [item for _, item, _ in value.items] + ([value.rest] if value.rest else [])
            return join(every, node) if every else PYTHON
        if isinstance(value, Tensor | Placeholder | Unknown):
            return value if isinstance(value, Unknown) else Tensor(value.time, node)
        if isinstance(value, FetchedState) and value.depth:
            return FetchedState(depth=value.depth - 1)
        if isinstance(value, Python) and value.staged:
            return STATIC
        return PYTHON

    def item(self, value: Value, index: int, node: ast.AST) -> Value:
        """What unpacking a value gives at an index."""
        if isinstance(value, datasets.Element):
            return value.at(index)
        if isinstance(value, Structure) and value.kind != "dict":
            found = value.items[index][1] if value.kind == "fields" and index < len(value.items) else value.get(index)
            return found if found is not None else (value.rest or PYTHON)
        return self.element(value, node)

    # ---------------------------------------------------------------- expressions

    def evaluate(self, node: ast.expr, hint: str = "") -> Value:
        if (held := self.unnamed.get(id(node))) is not None and held.value is not None:
            return held.value
        path = self.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if path is not None and path.startswith("tf"):
            return Symbol(path)
        method = getattr(self, "_" + type(node).__name__, None)
        if method is not None:
            return method(node) if type(node) is not ast.Call else self._Call(node, hint)
        values = [self.evaluate(child) for child in children(node) if isinstance(child, ast.expr)]
        return self.operation(values, node)

    def operation(self, operands: list[Value], node: ast.AST) -> Value:
        """Something computed of operands: as late as the latest, and a tensor if one of them is."""
        for operand in operands:
            for leaf in leaves(operand):
                if isinstance(leaf, Unknown):
                    return leaf
        structures = [v for v in operands if isinstance(v, Structure)]
        if (
            structures
            and isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Add)
            and len(structures) == len(operands)
        ):
            items = [v for s in structures for _, v, _ in s.items]
            rests = [s.rest for s in structures if s.rest]
            if rests:
                return Structure(structures[0].kind, (), node, rest=join(items + rests, node))
            return Structure(structures[0].kind, tuple((i, v, None) for i, v in enumerate(items)), node)
        others = [v for v in operands if not isinstance(v, Structure)]
        repeated = (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and all(isinstance(v, Python) for v in others)
        )
        if structures and repeated:
            inner = [leaf for s in structures for leaf in leaves(s)]
            return Structure(structures[0].kind, (), node, rest=join(inner, node) if inner else PYTHON)
        when = latest(operands)
        tensors = any(
            isinstance(leaf, Tensor | Placeholder | Variable | Effect) for v in operands for leaf in leaves(v)
        )
        if tensors:
            return Tensor(Time.CONSTANT if when == Time.CONSTANT else Time.STAGED, node)
        return STATIC if when >= Time.STAGED else PYTHON

    def _Constant(self, node: ast.Constant) -> Value:
        return NONE if node.value is None else Python(node.value, known=True)

    def _Name(self, node: ast.Name) -> Value:
        definitions = self.frame.lookup(node.id)
        if not definitions:
            return PYTHON
        found = tuple(builders.origin(self, definition) for definition in definitions)
        if len(found) == 1 and found != definitions:
            self.aliases[id(node)] = found[0]
        definitions = found
        self.statement.reads.update(definitions)
        self.resolved.setdefault(id(node), set()).update(d.site for d in definitions)
        return join([definition.value for definition in definitions], node)

    def _Attribute(self, node: ast.Attribute) -> Value:
        with self.apart() as reads:
            base = self.evaluate(node.value)
        if isinstance(base, classes.Instance):  # its own name is no part of the graph
            return classes.attribute(self, base, node)
        self.statement.reads |= reads
        if isinstance(base, FetchedState):
            return cells.fetched_part(self, base, node)
        if isinstance(base, Structure) and base.kind == "fields" and (field := base.get(node.attr)) is not None:
            return field
        if isinstance(base, Python | Structure | Function) and not isinstance(base, State):
            return (
                Method(base, node.attr, node)
                if isinstance(base, Structure)
                else (STATIC if base.time >= Time.STAGED else PYTHON)
            )
        return graph_calls.attribute(self, base, node)

    def _Subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        key = self.evaluate(node.slice)
        if isinstance(base, Structure):
            literal = key.literal if isinstance(key, Python) and key.known else None
            if (
                isinstance(node.slice, ast.UnaryOp)
                and isinstance(node.slice.op, ast.USub)
                and isinstance(node.slice.operand, ast.Constant)
            ):
                literal = -node.slice.operand.value  # type: ignore[operator]
            if isinstance(node.slice, ast.Slice):
                return Structure(base.kind, (), node, rest=self.element(base, node))
            if isinstance(literal, int) and literal < 0 and base.rest is None:
                literal += len(base.items)
            found = base.get(literal) if literal is not None else None
            if found is not None:
                return found
            every = [v for _, v, _ in base.items] + ([base.rest] if base.rest else [])
            return join(every, node) if every else PYTHON
        if isinstance(base, FetchedState):
            return self.element(base, node)
        return self.operation([base, key], node)

    def _Tuple(self, node: ast.Tuple) -> Value:
        return self._sequence("tuple", node)

    def _List(self, node: ast.List) -> Value:
        return self._sequence("list", node)

    def _sequence(self, kind: str, node: ast.Tuple | ast.List) -> Value:
        items: list[tuple[object, Value, ast.expr | None]] = []
        for index, element in enumerate(node.elts):
            if isinstance(element, ast.Starred):
                inner = self.evaluate(element.value)
                return Structure(kind, tuple(items), node, rest=self.element(inner, node))
            items.append((index, self.evaluate(element), element))
        return Structure(kind, tuple(items), node)

    def _Dict(self, node: ast.Dict) -> Value:
        items: list[tuple[object, Value, ast.expr | None]] = []
        rest: Value | None = None
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node)
            if key_node is None:
                rest = self.element(value, node)
                continue
            with self.apart() as reads:
                key = self.evaluate(key_node)
            if isinstance(key, Placeholder | Tensor | Variable | Unknown):
                self.rewrites[id(key_node)] = ("key", key)
                items.append((key, value, value_node))
            else:
                self.statement.reads |= reads
                if isinstance(key, Python) and key.known:
                    items.append((key.literal, value, value_node))
                else:
                    rest = join([v for v in (rest, value) if v], node)
        return Structure("dict", tuple(items), node, rest)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        if isinstance(node, ast.ListComp) and (chosen := variable_lists.filtered(self, node)) is not None:
            return chosen

        def produce() -> Value:
            return self.evaluate(node.elt)

        value = self._generators(node.generators, produce)
        return Structure("list", (), node, rest=value)

    _ListComp = _SetComp = _GeneratorExp = _comprehension

    def _DictComp(self, node: ast.DictComp) -> Value:
        def produce() -> Value:
            self.evaluate(node.key)
            return self.evaluate(node.value)

        return Structure("dict", (), node, rest=self._generators(node.generators, produce))

    def _generators(self, generators: list[ast.comprehension], produce: Callable[[], Value]) -> Value:
        before = dict(self.frame.env)
        written = list(self.statement.writes)
        for generator in generators:
            self.assign(generator.target, self.element(self.evaluate(generator.iter), generator.target))
            for test in generator.ifs:
                self.evaluate(test)
        self.comprehensions += 1
        value = produce()
        self.comprehensions -= 1
        local = set(self.statement.writes) - set(written)
        self.statement.reads -= local
        self.statement.writes[:] = written
        self.frame.env = before
        return value

    def _Lambda(self, node: ast.Lambda) -> Value:
        return Function(node, self.frame)

    def _IfExp(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        return join([self.evaluate(node.body), self.evaluate(node.orelse)], node)

    def _Compare(self, node: ast.Compare) -> Value:
        operands = [self.evaluate(node.left), *[self.evaluate(c) for c in node.comparators]]
        identity = len(operands) == 2 and isinstance(node.ops[0], ast.Is | ast.IsNot | ast.Eq | ast.NotEq)
        is_none = identity and operands[1] is NONE
        if is_none and (not isinstance(operands[0], Python | Unknown) or getattr(operands[0], "known", False)):
            return Python((operands[0] is NONE) == isinstance(node.ops[0], ast.Is | ast.Eq), known=True)
        if all(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn | ast.Eq | ast.NotEq) for op in node.ops):
            # TF1 compares tensors by identity: a Python truth, known while the graph is built
            return STATIC if latest(operands) >= Time.STAGED else PYTHON
        return self.operation(operands, node)

    def _NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.assign(node.target, value)
        return value

    def _Starred(self, node: ast.Starred) -> Value:
        return self.evaluate(node.value)

    # ---------------------------------------------------------------- calls

    def _Call(self, node: ast.Call, hint: str) -> Value:
        if (method := classes.inherited(self, node)) is not None:
            return classes.call(self, method, node, hint)
        with self.apart() as reads:
            function = self.evaluate(node.func)
        if isinstance(function, Symbol):
            return graph_calls.symbol_call(self, node, function.path, hint)
        if isinstance(function, Method):
            found = graph_calls.method_call(self, node, function, hint)
            # what is run is not read by the statement that runs it
            if id(node) not in self.runs and not isinstance(found, Asked):
                self.statement.reads |= reads
            if found is not None:
                return found
        self.statement.reads |= reads
        if isinstance(function, Function):
            return self.call_function(function, node, hint)
        if isinstance(function, cells.Cell | cells.Stacked | cells.Wrapped):
            return cell_calls.call(self, function, node)
        if isinstance(function, keras_layers.Object):
            return keras_layers.call(self, function, node)
        if isinstance(function, classes.Class):
            return classes.instantiate(self, function, node)
        if isinstance(function, classes.Bound):
            return classes.call(self, function, node, hint)
        arguments = self.arguments(node)
        arguments += [self.passed(value) for value in arguments if isinstance(value, Function)]
        return self.foreign(node, function, arguments)

    def arguments(self, node: ast.Call) -> list[Value]:
        """The values of a call's arguments, in the order of the text."""
        return [self.evaluate(a) for a in node.args] + [self.evaluate(k.value) for k in node.keywords]

    def foreign(self, node: ast.Call, function: Value, arguments: list[Value]) -> Value:
        """A call of something that is neither TensorFlow's nor the program's own."""
        name = ast.unparse(node.func)
        if name == "dict" and not node.args and all(k.arg for k in node.keywords):
            pairs = zip(node.keywords, arguments, strict=False)  # behind them may be what a function was passed
            return Structure("dict", tuple((k.arg, value, k.value) for k, value in pairs), node)
        if name.endswith("namedtuple") and (fields := Fields.of(node)) is not None:
            return fields
        if isinstance(function, Fields) and len(arguments) == len(function.names):
            return function.filled(node, arguments)
        if isinstance(function, Regularizer):
            return Tensor(Time.STAGED, node)
        if name == "sum" and arguments and latest(arguments) >= Time.STAGED:  # it adds tensors as it adds numbers
            return self.operation([self.element(arguments[0], node), *arguments[1:]], node)
        if name == "print":
            self.printed[id(node)] = arguments
        if function is PYTHON and (iterator := datasets.of_another_module(self, node)) is not None:
            return iterator
        if name in _SEQUENCES and arguments:
            return _SEQUENCES[name](self, node, arguments)
        if function.time >= Time.STAGED or latest(arguments) >= Time.STAGED:
            for value in [function, *arguments]:
                for leaf in leaves(value):
                    if isinstance(leaf, Unknown):
                        return leaf
            if name in _STATIC:
                return STATIC
            if name == "print":
                return NONE
            if all(isinstance(leaf, Python | Function) for v in arguments for leaf in leaves(v)):
                return STATIC
            return Unknown(f"a tensor is passed to {name}, which the analysis cannot look into", node)
        if isinstance(function, Unknown):
            return function
        return PYTHON

    def call_function(self, function: Function, node: ast.Call, hint: str) -> Value:
        if function.node in self.driver_nodes:
            return self.call_driver(function, self.given_to(function.node, node), node)
        arguments = self.bound(function.node, node)
        return self.call_helper(function, node, arguments, hint)

    def function(self, node: FunctionNode, frame: Frame) -> Function:
        return Function(node, frame)

    def call_driver(self, function: Function, arguments: dict[str, Value], node: ast.Call | None = None) -> Value:
        """A function that runs sessions is part of the unit: its body is followed once, at its first call."""
        if node is not None:
            self.given.setdefault(function.node, []).append((node, arguments))
        if any(builders.is_unnamed(self, value) for value in arguments.values()):
            return Unknown("a function that runs sessions is given a tensor that has no name", node or function.node)
        if id(function.node) in self.called:
            if function.node in self.feeders and node is not None:
                return feeders.again(self, function, node)
            first = self.given[function.node][0][1] if node is not None else arguments
            if _differ(first, arguments):
                return Unknown(
                    "a function that runs sessions is given different parts of the graph", node or function.node
                )
            return PYTHON
        self.called.add(id(function.node))
        frame = self.enter(function, arguments, unit=True)
        blocks, controls, statement = self.blocks, self.controls, self.statement
        self.blocks, self.controls = (), ()
        self.frames.append(frame)
        self._walk_function(function, frame)
        self.blocks, self.controls, self.statement = blocks, controls, statement
        value = join(frame.returns, function.node) if frame.returns else NONE
        if function.node in self.feeders and node is not None:
            return feeders.called(self, function, node, value)
        if function.node in self.builders:
            return builders.built(frame, value)
        if value.time >= Time.STAGED:
            return Unknown("a function both runs sessions and returns tensors", function.node)
        return value

    def call_helper(
        self, function: Function, node: ast.Call | None, arguments: dict[str, Value] | None = None, hint: str = ""
    ) -> Value:
        """A helper's call is one operation; it reads what its body reads of staged names of outside."""
        if function.node in self.stack or len(self.stack) > 20:
            return Unknown("a function of the program calls itself", function.node)
        if arguments is None:  # called by TensorFlow, with tensors
            arguments = {name: Tensor(Time.STAGED, function.node) for name in _parameters(function.node)}
        arguments = parts.opened(self, function.node, arguments)
        frame = self.enter(function, arguments, unit=False)
        outer = self.statement
        blocks, controls = self.blocks, self.controls
        self.stack.append(function.node)
        self._walk_function(function, frame)
        self.stack.pop()
        self.blocks, self.controls, self.statement = blocks, controls, outer
        extra = self.extra.setdefault(function.node, {})
        for statement in frame.statements:
            foreign = {d for d in statement.reads if d.statement.frame is not frame}
            outer.reads |= foreign
            if function.frame.unit:  # what a function inside another reads, it finds there
                extra.update(dict.fromkeys(d for d in sorted(foreign, key=lambda d: d.statement.order) if d.staged))
            outer.effects += statement.effects
        if node is not None:
            self.helper_calls.setdefault(function.node, {})[id(node)] = node
        value = join(frame.returns, function.node) if frame.returns else NONE
        for statement in frame.statements:
            if isinstance(statement.node, ast.Expr) and isinstance(statement.value, Unknown):
                return statement.value
        made = [m for s in frame.statements for m in s.made]
        shared = any(s.shared for s in frame.statements)
        staged = value.time >= Time.STAGED or any(s.effects for s in frame.statements)
        if (made or shared) and staged and node is not None:
            return parts.called(self, node, frame, arguments, value, hint)
        if shared or (made and staged):
            return Unknown("a function makes or finds variables in a way that is not followed", function.node)
        outer.made += made
        if made and node is not None and value.time == Time.MADE:  # made once, also where the call is part of a tensor
            outer.made.append(Made(node, value, hint if hint not in ("", "output") else "variable"))
        if isinstance(function.node, ast.Lambda) and node is not None:
            self.inside(function)
        return value

    def passed(self, function: Function) -> Value:
        """A function that TensorFlow is given to call, with tensors; where it reads of the graph, it moves with it."""
        value = self.call_helper(function, None)
        self.inside(function)
        return value

    def reads_graph(self, function: Function) -> bool:
        """Whether a function that is called with arrays reads what is there only while the graph runs."""
        self.call_helper(function, None, dict.fromkeys(_parameters(function.node), PYTHON))
        return any(d.staged for d in self.extra.get(function.node, {}))

    def inside(self, function: Function) -> None:
        """A function that reads staged names of outside, and cannot be given them, is defined where they are known."""
        extra = [d for d in self.extra.get(function.node, {}) if d.staged]
        if not extra or not function.frame.unit or function.staged:
            return
        self.moved.add(function.node)
        staged = Function(function.node, function.frame, staged=True)
        for definition in [d for s in function.frame.statements for d in s.writes if d.value is function]:
            definition.value = definition.statement.value = staged
            definition.statement.moves = True
            definition.statement.reads.update(extra)

    def _walk_function(self, function: Function, frame: Frame) -> None:
        before, self.frame = self.frame, frame
        if isinstance(function.node, ast.Lambda):
            with self.within(self._record(function.node.body)):
                frame.returns.append(self.evaluate(function.node.body))
        else:
            self.body(function.node.body)
        self.frame = before

    def enter(self, function: Function, arguments: dict[str, Value], unit: bool) -> Frame:
        """A frame with the parameters bound."""
        frame = Frame(function.node, function.frame, unit)
        before, self.frame = self.frame, frame
        with self.within(Statement(_at(function.node), frame, self.order, ())):
            spec = function.node.args
            positional = [*spec.posonlyargs, *spec.args]
            defaults = dict(
                zip([a.arg for a in positional][len(positional) - len(spec.defaults) :], spec.defaults, strict=True)
            )
            defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
            for name in _parameters(function.node):
                value: Value = PYTHON
                if name in defaults:  # which may have to be rewritten, whatever is given
                    self.frame = function.frame
                    value = self.evaluate(defaults[name])
                    self.frame = frame
                self.bind(name, arguments.get(name, value))
        self.frame = before
        return frame

    def given_to(self, function: FunctionNode, call: ast.Call, skipped: int = 0) -> dict[str, Value]:
        """The arguments of a call of a unit's function: what of them only runs know is read by it, not by the call."""
        with self.apart() as reads:
            arguments = self.bound(function, call, skipped)
        self.statement.reads |= {d for d in reads if not d.staged or isinstance(d.value, Placeholder)}
        self.called_from[id(call)] = self.frame, visible(self.frame)
        return arguments

    def bound(self, function: FunctionNode, call: ast.Call, skipped: int = 0) -> dict[str, Value]:
        """The values of a call's arguments by the names of the function's parameters (after those skipped)."""
        spec = function.args
        positional = [a.arg for a in [*spec.posonlyargs, *spec.args]][skipped:]
        bound: dict[str, Value] = {}
        for index, node in enumerate(call.args):
            value = self.evaluate(node)
            if isinstance(node, ast.Starred):
                for i, name in enumerate(positional[index:]):
                    bound[name] = self.item(value, i, node)
            elif index < len(positional):
                bound[positional[index]] = value
            elif spec.vararg:
                held = bound.get(spec.vararg.arg)
                items = held.items if isinstance(held, Structure) else ()
                bound[spec.vararg.arg] = Structure("tuple", (*items, (len(items), value, node)), call)
        for keyword in call.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is not None:
                bound[keyword.arg] = value
        return bound

    # ---------------------------------------------------------------- runs

    def add_run(self, node: ast.Call, fetches: ast.expr, feed: ast.expr | None, session: object = None) -> Value:
        """A run site: what it fetches and what it is fed. Its value is plain Python."""
        from tf2migrate.lift.runs import read_feeds

        found = self.fetch(fetches)
        whole, feeds = read_feeds(self, feed)
        if (handles := datasets.handles(found)) is not None:
            return handles
        env, session = visible(self.frame), session or self.session
        self.runs[id(node)] = Run(
            node, found, feeds, self.statement, self.blocks, self.frame, env, whole, self.session_graph, session
        )
        self.handed[id(node)] = datasets.handed(self, self.runs[id(node)])
        return cells.fetched(found)

    def fetch(self, node: ast.expr) -> Fetches:
        """The structure of what a run asks for."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) if not any(
                isinstance(e, ast.Starred) for e in elements
            ):
                kind = "list" if isinstance(node, ast.List) else "tuple"
                return Fetches(kind, tuple((str(i), self._inner(e)) for i, e in enumerate(elements)))
            case ast.Dict(keys=keys, values=values) if all(isinstance(k, ast.Constant) for k in keys):
                names = [str(k.value) for k in keys if isinstance(k, ast.Constant)]
                return Fetches("dict", tuple((k, self._inner(v)) for k, v in zip(names, values, strict=True)))
        return Fetches("one", (("0", self._leaf(node)),))

    def _inner(self, node: ast.expr) -> Fetch | Fetches:
        found = self.fetch(node)
        return found.items[0][1] if found.kind == "one" else found

    def _leaf(self, node: ast.expr) -> Fetch | Fetches:
        """One fetch. What is more than a name becomes a statement of the graph, standing where the run stands."""
        synthetic = Statement(node, self.frame, self.order, self.blocks, controls=())
        with self.within(synthetic):
            value = self.evaluate(node)
        synthetic.value, synthetic.moves = value, value.time >= Time.STAGED
        if (attribute := builders.named_attribute(self, node)) is not None:
            return self.fetch(attribute)
        if (elsewhere := builders.elsewhere(self, node, value)) is not None:
            return elsewhere
        if isinstance(value, Structure):
            definitions = [d for d in synthetic.reads if isinstance(node, ast.Name) and d.name == node.id]
            literal = value.node if isinstance(value.node, ast.List | ast.Tuple) and value.rest is None else None
            if definitions and literal is not None and all(n is not None for _, _, n in value.items):
                with self._seen_from(definitions[0].statement):
                    return self.fetch(literal)
            several = leaves(value)
            if several and all(isinstance(leaf, Effect) for leaf in several):
                each = all(isinstance(leaf, Effect) and leaf.kind in ASSIGNS for leaf in several)
                first = several[0]
                assert isinstance(first, Effect)
                effect = Effect(EACH if each else "group", first.node, parts=tuple(several))
                return Fetch(node, effect, frozenset(synthetic.reads), synthetic, _is_named(self, node))
            if all(isinstance(leaf, Tensor) for leaf in several):
                one = Tensor(value.time, node)
                return Fetch(node, one, frozenset(synthetic.reads), synthetic, _is_named(self, node), nested=True)
            raise Refused(
                "TFM906",
                node,
                "what is fetched is a collection that the analysis cannot take apart",
                "Write the fetched tensors out in the run.",
            )
        deep = isinstance(value, datasets.Element) and bool(datasets.is_deep(value))
        return Fetch(node, value, frozenset(synthetic.reads), synthetic, _is_named(self, node), deep)

    @contextmanager
    def _seen_from(self, statement: Statement) -> Iterator[None]:
        """Names as they were where a collection of fetches was written."""
        before = dict(self.frame.env)
        for definition in statement.reads:
            self.frame.env[definition.name] = (definition,)
        yield
        self.frame.env = before


def _differ(first: dict[str, Value], arguments: dict[str, Value]) -> bool:
    """Whether two calls of a function give it different things of the graph; plain Python and sessions may differ."""
    for name in {*first, *arguments}:
        one, other = ([v for v in leaves(a.get(name, NONE)) if _of_graph(v)] for a in (first, arguments))
        if len(one) != len(other) or any(a is not b for a, b in zip(one, other, strict=True)):
            return True
    return False


def _of_graph(value: Value) -> bool:
    return not isinstance(value, Python | Handle | Function | Symbol)


def _is_named(interpreter: Interpreter, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or id(node) in interpreter.attributes


def visible(frame: Frame) -> dict[str, tuple[Definition, ...]]:
    """Every name that can be read in a frame, with its definitions."""
    outer = visible(frame.parent) if frame.parent is not None else {}
    return {**outer, **frame.env}


def _merge(environments: list[dict[str, tuple[Definition, ...]]]) -> dict[str, tuple[Definition, ...]]:
    merged: dict[str, tuple[Definition, ...]] = {}
    for environment in environments:
        for name, definitions in environment.items():
            seen = merged.get(name, ())
            merged[name] = (*seen, *(d for d in definitions if d not in seen))
    return merged


def _hint(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Tuple | ast.List) and target.elts:
        return _hint(target.elts[0])
    return ""


def _load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(value, attr, ast.Load())
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value, index, ast.Load())
    return target


def _at(node: FunctionNode) -> ast.stmt:
    return ast.Pass(lineno=node.lineno, col_offset=node.col_offset)


def _parameters(node: FunctionNode) -> list[str]:
    spec = node.args
    every = [*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg]
    return [a.arg for a in every if a is not None]


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _as_list(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    first = arguments[0]
    if isinstance(first, Structure) and first.kind != "dict":
        return Structure("tuple" if ast.unparse(node.func) == "tuple" else "list", first.items, node, first.rest)
    return Structure("list", (), node, rest=interpreter.element(first, node))


def _zipped(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    elements = [interpreter.element(a, node) for a in arguments]
    return Structure(
        "list", (), node, rest=Structure("tuple", tuple((i, v, None) for i, v in enumerate(elements)), node)
    )


def _enumerated(interpreter: Interpreter, node: ast.Call, arguments: list[Value]) -> Value:
    element = interpreter.element(arguments[0], node)
    return Structure("list", (), node, rest=Structure("tuple", ((0, PYTHON, None), (1, element, None)), node))


_SEQUENCES: dict[str, Callable[[Interpreter, ast.Call, list[Value]], Value]] = {
    "list": _as_list,
    "tuple": _as_list,
    "reversed": _as_list,
    "sorted": _as_list,
    "zip": _zipped,
    "enumerate": _enumerated,
}
_STATIC = {
    "len",
    "int",
    "float",
    "str",
    "isinstance",
    "type",
    "id",
    "repr",
    "bool",
    "range",
    "hasattr",
    "np.prod",
    "numpy.prod",
}
__all__ = ["Function", "Interpreter", "Method", "Optimizer"]
