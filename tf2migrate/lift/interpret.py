"""A program followed in execution order: what every name is, and when it comes to be.

One walk: the module, function bodies at their calls. A function that opens or uses a session is part of the unit, its
statements are statements of the unit. Any other function is a helper: its call is one operation of the statement that
contains it, which reads whatever staged names of outside the body reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from functools import cached_property

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children, is_main, walk
from tf2migrate.lift import (
    builders,
    cell_paths,
    cells,
    classes,
    collections,
    datasets,
    evaluation,
    execution,
    feed_dicts,
    feeders,
    fetching,
    found_variables,
    given_runs,
    kept_containers,
    kept_fetches,
    known_text,
    loops,
    loose,
    name_patterns,
    noted,
    own_cell_classes,
    parts,
    passed_variables,
    printed_shapes,
    recursive,
    shared_calls,
    shared_instances,
    symbols,
    unreached,
    used_up,
)
from tf2migrate.lift.functions import Function, FunctionNode, Method, visible
from tf2migrate.lift.layers import Called
from tf2migrate.lift.origins import Origins
from tf2migrate.lift.own_cell_forms import refusal
from tf2migrate.lift.pipelines import Pipe
from tf2migrate.lift.savers import Use
from tf2migrate.lift.scopes import ALL_VARIABLES, TRAINED, Member, Scopes
from tf2migrate.lift.summaries import Summary
from tf2migrate.lift.trace import Definition, Frame, Made, Run, Statement, loops_in
from tf2migrate.lift.units import Running, drivers
from tf2migrate.lift.values import (
    LOOSE,
    NONE,
    PYTHON,
    STATIC,
    Effect,
    FetchedState,
    FetchedSummary,
    Handle,
    Held,
    Layer,
    Loose,
    Optimizer,
    Placeholder,
    Python,
    Schedule,
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


class Interpreter:
    """The state of one walk; `runs`, `helpers` and the frames' statements are its result."""

    def __init__(
        self,
        program: Program,
        fed: frozenset[int] = frozenset(),
        told: Mapping[ast.ClassDef, Mapping[str, Value]] | None = None,
        told_open: Mapping[ast.FunctionDef, Set[str]] | None = None,
    ) -> None:
        self.program = program
        self.told = told or {}  # what the first object of a class is taken to be given
        self.told_open = told_open or {}  # the parameters of functions that only a call is taken to know
        self.opened: dict[ast.FunctionDef, set[str]] = {}  # those that are found to be such
        self.fed = fed  # what runs are fed others in place of: constants, which are computed at each run, and variables
        self.names = program.names
        self.runs: dict[int, Run] = {}
        self.other_calls: dict[int, list[tuple[ast.Call, Run]]] = {}  # by the node of a run: what it is at other calls
        self.frames: list[Frame] = []
        self.rewrites: dict[int, object] = {}
        self.driver_nodes = set(drivers(program))
        self.running = Running(program)
        self.builders = builders.builders(program, self.driver_nodes)
        self.asked_of_graphs: set[tuple[ast.AST, str]] = set()  # builder, and what others read of its dict besides ops
        self.feeders = feeders.feeders(program, self.driver_nodes | self.builders)
        self.driver_nodes |= self.builders | self.feeders
        self.unnamed: dict[int, Statement] = {}  # what builders compute in their return statements, by its expression
        self.loops: dict[int, loops.Loop] = {}  # the loops that make something and use it
        self.collected: dict[tuple[int, str], collections.Collection] = {}  # those of tensors
        self.items_written: dict[Value, list[tuple[ast.expr, Statement]]] = {}  # where what lists hold is written
        self.origins: dict[Value, list[Definition]] = {}  # for each staged value: the names that it was given
        self.called_from: dict[int, tuple[Frame, dict[str, tuple[Definition, ...]]]] = {}  # units' calls: what they see
        self.aliases: dict[int, Definition] = {}  # for each read of a parameter that is a tensor: the tensor's own name
        self.instances: dict[ast.ClassDef, classes.Instance] = {}
        self.sharing = shared_instances.Sharing()
        self.attributes: dict[int, tuple[Definition, ...]] = {}  # for each attribute of an instance: what it may be
        self.given: dict[FunctionNode, list[tuple[ast.Call, dict[str, Value]]]] = {}  # the calls of units' functions
        self.given_at: dict[int, list[int]] = {}  # for each of these calls: when it is come to
        self.resolved: dict[int, set[tuple[int, str]]] = {}  # for each name read or bound: the bindings it may mean
        self.printed: dict[int, list[Value]] = {}
        self.tested_for_none: dict[int, set[tuple[bool, bool]]] = {}  # what comparisons gave, and whether of a handle
        self.names_read: list[tuple[Statement, Value, ast.Attribute]] = []  # whose names are read, and where
        self.named_anew: dict[int, str] = {}  # for calls that make variables without names: those of TensorFlow 1
        self.shapes = printed_shapes.Shapes()  # of tensors, where they are read
        self.summaries: list[tuple[object, Summary, frozenset[str]]] = []  # with graph and collections
        self.tags: set[str] = set()  # of those
        self.fetching: dict[FunctionNode, Value] = {}  # what functions return that fetch summaries
        self.notes: dict[str, noted.Notes] = {}  # by collection: the dicts of those not made in straight code
        self.notes_sought: set[str] = set()
        self.naming = False  # whether what is evaluated is the name of such a summary, which may follow a variable's
        self.shadowed: dict[Definition, None] = {}  # what is summarised under names that mean something else later
        self.unrolled: dict[Layer, cells.Unrolled] = {}  # what each object that unrolls cells was made for
        self.again: set[Value] = set()  # cells that are made once more for variables that are there
        self.lazy: set[Value] = set()  # variables that a part makes at its first call, as their shapes follow tensors
        self.own_places: dict[Value, tuple[int, str | None]] = {}  # where each cell of a class of its own stands
        self.unrolled_cells: set[Value] = set()  # cells whose variables are those of the object that unrolls them
        self.uses: dict[int, Use] = {}
        self.element_origins: Origins | None = None  # once it is asked which elements of data sets are computed from
        self.pipes: list[Pipe] = []  # the stages of queues
        self.handed: dict[int, dict[Value, Value]] = {}  # for each run: the iterators whose handles it is fed
        self.frozen: set[tuple[int, str]] = set()  # draws that happen once, as the first value of a variable
        self.extra: dict[FunctionNode, dict[Definition, None]] = {}  # staged names of outside that a helper reads
        self.moved: set[FunctionNode] = set()  # the helpers that are defined inside the functions that use them
        self.recursive: set[FunctionNode] = set()  # the helpers that call themselves
        self.finders: dict[FunctionNode, list[Value]] = {}  # the variables that helpers find by their names
        self.helper_calls: dict[FunctionNode, dict[int, ast.Call]] = {}
        self.called: set[int] = set()
        self.order = 0
        self._used = {self.names.symbol(n.func) for n in program.each(ast.Call)}
        self.comprehensions = 0  # how many of them the walk is inside of
        self.session_graph: object = None
        self.session: object = None
        self.scopes = Scopes()
        self.entered: dict[int, set[str]] = {}  # for the calls of scopes that are entered: what is told of their names
        self.entered_again: set[int] = set()  # the calls of scopes that are told by other scopes
        self.parts: dict[ast.FunctionDef, parts.Part] = {}  # the functions that make variables and use them
        self.defaults: dict[tuple[int, str], ast.expr | None] = {}  # what scopes give to the variables made by a call
        self.regularizers: dict[Variable, ast.expr] = {}
        self.layer_calls: dict[tuple[int, int], Called] = {}  # by the call, and the frame that it is followed in
        self.untrained: set[int] = set()  # the calls that make layers which are not trained, or may not be
        self.plain_bases: dict[ast.ClassDef, classes.Class | None] = {}  # of those that build nothing
        self.objects: dict[int, Layer] = {}  # for each call that makes an object of one: the object
        self.monitored: dict[int, Value] = {}  # the monitored session that a `with` enters
        self.blocks: tuple[ast.stmt, ...] = ()
        self.decided: tuple[ast.stmt, ...] = ()  # those among them of which it is known which way they go
        self.controls: tuple[Statement, ...] = ()
        self.stack: list[FunctionNode] = []
        self.statement: Statement
        self.frame: Frame

    def run(self) -> Frame:
        """Follows the module, then the drivers that it never calls."""
        module = Frame(self.program.tree, None, unit=True)
        self.frames.append(module)
        self.frame = module
        self.statement = self.record(ast.Pass(lineno=1, col_offset=0))
        module.statements.clear()
        execution.follow(self, self.program.tree.body)
        values = [d.value for definitions in module.env.values() for d in definitions]
        uncalled = [v for v in values if isinstance(v, Function) and v.node in self.driver_nodes]
        read = {n.id for v in uncalled for n in walk(v.node) if isinstance(n, ast.Name)}
        uncalled.sort(key=lambda v: getattr(v.node, "name", "") in read)  # what calls others gives them what they get
        for driver in uncalled:  # what nothing calls, such as the `main` of `tf.app.run()`
            if id(driver.node) not in self.called:
                self.call_driver(driver, {})
        for value in values:  # what no function makes an object of, either
            if isinstance(value, classes.Class) and value.node not in self.instances:
                classes.instantiate(self, value, None)
        classes.follow_the_rest(self)
        return module

    @cached_property
    def named_iterators(self) -> tuple[set[tuple[int, str]], set[str]]:
        """Once all is followed: the names that stand for iterators, and the attributes."""
        return used_up.named_iterators(self)

    @cached_property
    def called_helpers(self) -> tuple[dict[int, list[FunctionNode]], dict[FunctionNode, int]]:
        """Once all is followed: for each call its helpers, by the call's id, and the order of the helpers."""
        found: dict[int, list[FunctionNode]] = {}
        for function, calls in self.helper_calls.items():
            for call in calls:
                found.setdefault(call, []).append(function)
        return found, {function: place for place, function in enumerate(self.helper_calls)}

    @property
    def graph(self) -> object:
        """The default graph, in which things are made."""
        return self.scopes.graph

    @graph.setter
    def graph(self, graph: object) -> None:
        self.scopes.graph = graph

    # ---------------------------------------------------------------- what is recorded

    def record(self, node: ast.stmt | ast.expr) -> Statement:
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
        pattern: str | None = None,
    ) -> None:
        """Notes that a call makes state, under a name in the graph and in collections of it.

        `pattern` is what is told of its name where that is not known, or is counted (`name_patterns`). `trained` and
        `collections` are None where they cannot be told; `collections` is empty for what is no variable.
        """
        self.statement.made.append(Made(node, value, hint))
        if collections is None or collections:
            held = collections and collections | (TRAINED if trained is not False else frozenset())
            self.add_member(value, name, held, trained is not None, pattern)

    def add_member(
        self,
        value: Value,
        name: str | None,
        collections: frozenset[str] | None,
        certain: bool = True,
        pattern: str | None = None,
    ) -> None:
        """Puts something that is made here into collections of the graph; `certain` where that cannot be doubted."""
        apart = tuple(b for b in self.blocks if not is_main(b) and b not in self.decided)
        told = certain and not self.comprehensions and not self._is_doubtful()
        once, counted = told and not apart, pattern is not None and pattern != name
        if counted and pattern is not None:
            if not once:
                self.scopes.taken.doubt(self.graph, pattern)
            counted = self.scopes.taken.is_counted(self.graph, pattern)
            name = name if counted and name and not self.scopes.taken.is_taken(self.graph, name) else None
        pattern = name or pattern or self.scopes.within(name_patterns.OPEN)
        self.scopes.taken.add(self.graph, name, pattern)
        self.scopes.made.append(Member(self.graph, name, value, once, collections, told, apart, pattern))

    def _is_doubtful(self) -> bool:
        """Whether a call may have returned before."""
        frame: Frame | None = self.frame
        while frame is not None and not frame.doubtful:
            frame = frame.caller.frame if frame.caller is not None else None
        return frame is not None

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

    def graph_of(self, session: Handle) -> object:
        """The graph that a session runs: the one it is given, or the default one."""
        return session.of if session.of is not None else self.graph

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
                self.bind(name, builders.single(value))
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
                elif isinstance(owner, own_cell_classes.Own):
                    raise refusal(target, "an attribute of a cell of the program's own is set from outside")
                else:
                    self.mutate(base, value, target)

    def mutate(self, base: ast.expr, value: Value, target: ast.expr) -> None:
        """A part of something is set: the thing is new, and as late as what it now holds."""
        root = base
        while isinstance(root, ast.Subscript | ast.Attribute):
            root = root.value
        whole = self.evaluate(base)
        if isinstance(self.statement.node, ast.Assign):
            kept_fetches.note(self, value, self.statement.node.value)
        if isinstance(target, ast.Subscript):
            with self.apart() as reads:
                at = self.evaluate(target.slice)
            if not isinstance(at, Placeholder | Tensor | Variable):  # the key of a feed becomes its name
                self.statement.reads |= reads
            else:
                feed_dicts.note(self, target, whole, at)
        if not isinstance(root, ast.Name) or root is not base or not isinstance(whole, Structure):
            if value.time >= Time.STAGED and not (isinstance(value, Python)):
                self.statement.value = Unknown(
                    "a tensor is kept in an object that the analysis does not follow", target
                )
            elif loose.has_variables(value) and not (
                kept_containers.note_item(self, target, value) or loose.spoil(self, base)
            ):
                what = "a variable is kept in an object that the analysis does not follow"
                self.statement.value = Unknown(what, target)
            return
        key: object = None
        key_node = target.slice if isinstance(target, ast.Subscript) else None
        if key_node is not None and feed_dicts.is_nowhere(self, key_node):
            self.rebind(root.id, NONE)  # nothing on this path is reached
            return
        if key_node is not None:
            with self.apart():
                held = self.evaluate(key_node)
            key = (
                held
                if isinstance(held, Placeholder | Tensor | Variable | Unknown)
                else held.literal
                if isinstance(held, Python) and held.known
                else None
            )
        items = [item for item in whole.items if item[0] is not key and item[0] != key]
        if key is None:
            updated = Structure(
                whole.kind, tuple(items), whole.node, rest=join([v for v in (whole.rest, value) if v], target)
            )
        else:
            optional = whole.optional - {key}
            updated = Structure(whole.kind, (*items, (key, value, None)), whole.node, whole.rest, optional=optional)
        self.rebind(root.id, updated)
        kept_containers.note_elsewhere(self, whole, [value], base)

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
            if feed_dicts.by_name(value):
                return Unknown("the keys of a dict are tensors, and Python reads them", node)
            if value.kind == "dict":
                return PYTHON
            every = [item for _, item, _ in value.items] + ([value.rest] if value.rest else [])
            return join(every, node) if every else PYTHON
        if isinstance(value, Tensor | Placeholder | Unknown):
            return value if isinstance(value, Unknown) else Tensor(value.time, node)
        if isinstance(value, FetchedState) and value.depth:
            return FetchedState(depth=value.depth - 1)
        if value is LOOSE:
            return LOOSE
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
        if path is not None and path.startswith(symbols.FLAGS):
            return PYTHON
        if path is not None and path.startswith("tf"):
            return Symbol(path)
        if isinstance(node, ast.Call):
            value = evaluation.call(self, node, hint)
            if value is not PYTHON:
                return value
            return known_text.of_call(self, node) or name_patterns.of_call(self, node) or value
        if (kind := evaluation.KINDS.get(type(node))) is not None:
            return kind(self, node)
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
            and isinstance(node, ast.BinOp | ast.AugAssign)
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
        tensors = Tensor | Placeholder | Variable | Loose | Effect | Schedule
        if any(isinstance(leaf, tensors) for v in operands for leaf in leaves(v)):
            return Tensor(Time.CONSTANT if when == Time.CONSTANT else Time.STAGED, node)
        return STATIC if when >= Time.STAGED else PYTHON

    # ---------------------------------------------------------------- calls

    def arguments(self, node: ast.Call) -> list[Value]:
        """The values of a call's arguments, in the order of the text."""
        return [self.evaluate(a) for a in node.args] + [self.evaluate(k.value) for k in node.keywords]

    def call_function(self, function: Function, node: ast.Call, hint: str) -> Value:
        if function.node in self.driver_nodes:
            return self.call_driver(function, self.given_to(function.node, node), node)
        arguments = self.bound(function.node, node)
        return self.call_helper(function, node, arguments, hint)

    def function(self, node: FunctionNode, frame: Frame) -> Function:
        return Function(node, frame)

    def call_driver(self, function: Function, arguments: dict[str, Value], node: ast.Call | None = None) -> Value:
        """A function that runs sessions is part of the unit: its body is followed once, at its first call."""
        arguments = {name: (v.variable or v) if isinstance(v, Held) else v for name, v in arguments.items()}
        if node is not None:
            self.given.setdefault(function.node, []).append((node, arguments))
            self.given_at.setdefault(id(node), []).append(self.order)
        if any(builders.is_unnamed(self, value) for value in arguments.values()):
            return Unknown("a function that runs sessions is given a tensor that has no name", node or function.node)
        if id(function.node) in self.called:
            if function.node in self.feeders and node is not None:
                return feeders.again(self, function, node)
            first = self.given[function.node][0][1] if node is not None else arguments
            alike = not passed_variables.differing(function.node, first, arguments)
            if not alike and (node is None or not given_runs.follow(self, function, node, arguments)):
                return Unknown(
                    "a function that runs sessions is given different parts of the graph", node or function.node
                )
            return self.fetching.get(function.node, PYTHON)
        self.called.add(id(function.node))
        frame = self.enter(function, arguments, unit=True)
        self.frames.append(frame)
        self._follow_unit(function, frame)
        value = join(frame.returns, function.node) if frame.returns else NONE
        if function.node in self.feeders and node is not None:
            return feeders.called(self, function, node, value)
        if function.node in self.builders:
            return builders.built(frame, value)
        if value.time >= Time.STAGED:
            return Unknown("a function both runs sessions and returns tensors", function.node)
        if any(isinstance(leaf, FetchedSummary) for leaf in leaves(value)):
            self.fetching[function.node] = value
        return value

    def _follow_unit(self, function: Function, frame: Frame) -> None:
        blocks, controls, statement = self.blocks, self.controls, self.statement
        self.blocks, self.controls = (), ()
        self._walk_function(function, frame)
        self.blocks, self.controls, self.statement = blocks, controls, statement

    def follow_again(self, function: Function, arguments: dict[str, Value]) -> Frame:
        """A unit's function as another call of it goes: what is known of its text stays what it was."""
        aliases, printed = dict(self.aliases), dict(self.printed)
        frame = self.enter(function, arguments, unit=True)
        self._follow_unit(function, frame)
        self.aliases, self.printed = aliases, printed
        return frame

    def call_helper(
        self, function: Function, node: ast.Call | None, arguments: dict[str, Value] | None = None, hint: str = ""
    ) -> Value:
        """A helper's call is one operation; it reads what its body reads of staged names of outside."""
        if len(self.stack) > 20:
            return Unknown("functions of the program call each other without end", function.node)
        if arguments is not None and self.stack[-1:] == [function.node]:
            return recursive.again(self, function, node, arguments)
        if function.node in self.stack:
            return Unknown("a function of the program calls itself by way of others", function.node)
        if arguments is None:  # called by TensorFlow, with tensors
            arguments = {name: Tensor(Time.STAGED, function.node) for name in _parameters(function.node)}
        arguments = shared_calls.opened(self, function.node, arguments)
        frame = self.enter(function, arguments, unit=False)
        outer = self.statement
        blocks, controls = self.blocks, self.controls
        self.stack.append(function.node)
        self._walk_function(function, frame)
        self.stack.pop()
        self.blocks, self.controls, self.statement = blocks, controls, outer
        unreached.check(frame)
        if node is not None:
            loose.hand_back(self, node, frame, arguments)
        extra = self.extra.setdefault(function.node, {})
        for statement in frame.statements:
            foreign = {d for d in statement.reads if d.statement.frame is not frame}
            outer.reads |= foreign
            if function.frame.unit:  # what a function inside another reads, it finds there
                extra.update(dict.fromkeys(d for d in sorted(foreign, key=lambda d: d.statement.order) if d.staged))
            outer.effects += statement.effects
            outer.lists |= statement.lists
        if node is not None:
            self.helper_calls.setdefault(function.node, {})[id(node)] = node
        value = join(frame.returns, function.node) if frame.returns else NONE
        value = recursive.checked(self, function, frame, value)
        value = cell_paths.handed_out(self, frame, node, value)
        for statement in frame.statements:
            if isinstance(statement.node, ast.Expr) and isinstance(statement.value, Unknown):
                return statement.value
        if feed_dicts.is_fed_inside(self, function.node, value):
            return Unknown("a function makes a placeholder, and computes with it", function.node)
        made = [m for s in frame.statements for m in s.made]
        shared = any(s.shared for s in frame.statements)
        given = latest(leaf for leaf in leaves(value) if not isinstance(leaf, cells.ZeroState))
        staged = given >= Time.STAGED or any(s.effects for s in frame.statements)
        if found_variables.note(self, function, frame):
            outer.shared += [v for s in frame.statements for v in s.shared]
        elif (made or shared) and staged and node is not None:
            return parts.called(self, node, frame, arguments, value, hint)
        elif shared or (made and staged):
            return Unknown("a function makes or finds variables in a way that is not followed", function.node)
        outer.made += made
        if made and node is not None and given == Time.MADE:  # made once, also where the call is part of a tensor
            outer.made.append(Made(node, value, hint if hint not in ("", "output") else "variable"))
        if isinstance(function.node, ast.Lambda) and node is not None:
            self.inside(function)
        return value

    def passed(self, function: Function) -> Value:
        """A function that TensorFlow is given to call, with tensors; where it reads of the graph, it moves with it."""
        value = self.call_helper(function, None)
        self.inside(function)
        return value

    def called_with_data(self, function: Function) -> Value:
        """What a function gives that plain Python calls."""
        return self.call_helper(function, None, dict.fromkeys(_parameters(function.node), PYTHON))

    def reads_graph(self, function: Function) -> bool:
        """Whether a function that is called with arrays reads what is there only while the graph runs."""
        self.called_with_data(function)
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
            with self.within(self.record(function.node.body)):
                frame.returns.append(self.evaluate(function.node.body))
        else:
            execution.follow(self, function.node.body)
        self.frame = before

    def enter(self, function: Function, arguments: dict[str, Value], unit: bool) -> Frame:
        """A frame with the parameters bound."""
        frame = Frame(function.node, function.frame, unit, caller=None if unit else self.statement)
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
            given = self.evaluate(keyword.value)
            if keyword.arg is not None:
                bound[keyword.arg] = given
            else:  # any of the others may be given by it
                taken = {*bound, *(k.arg for k in call.keywords)}
                names = [name for name in _parameters(function)[skipped:] if name not in taken]
                known = isinstance(given, Structure) and given.rest is None
                there = {str(key): item for key, item, _ in given.items} if isinstance(given, Structure) else {}
                bound |= {name: there.get(name, PYTHON) for name in names if name in there or not known}
        return bound

    # ---------------------------------------------------------------- runs

    def add_run(self, node: ast.Call, fetches: ast.expr, feed: ast.expr | None, session: object = None) -> Value:
        """A run site: what it fetches and what it is fed. Its value is plain Python."""
        from tf2migrate.lift.runs import read_feeds

        found = fetching.fetch(self, fetches)
        whole, feeds = read_feeds(self, feed)
        if (handles := datasets.handles(found)) is not None:
            return handles
        env, session = visible(self.frame), session or self.session
        self.runs[id(node)] = Run(
            node, found, feeds, self.statement, self.blocks, self.frame, env, whole, self.session_graph, session
        )
        self.handed[id(node)] = datasets.handed(self, self.runs[id(node)])
        return cells.fetched(found)


def _at(node: FunctionNode) -> ast.stmt:
    return ast.Pass(lineno=node.lineno, col_offset=node.col_offset)


def _parameters(node: FunctionNode) -> list[str]:
    spec = node.args
    every = [*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg]
    return [a.arg for a in every if a is not None]


__all__ = ["Function", "Interpreter", "Method", "Optimizer"]
