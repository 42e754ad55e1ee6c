"""Variable scopes: the names that variables and layers have in a graph, and which are made again or shared.

A variable's name in TensorFlow 1 is its scope's path and its own name; under `reuse`, asking for a name that is there
gives what is there. Layers without a name are counted in each scope, anew whenever the scope is entered.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.facts.standing import is_bound_between
from tf2migrate.facts.tree import walk
from tf2migrate.lift import partitions
from tf2migrate.lift.name_patterns import NUMBER, OPEN
from tf2migrate.lift.name_patterns import told as told_pattern
from tf2migrate.lift.taken_names import Taken
from tf2migrate.lift.trace import Frame, loops_in, sees
from tf2migrate.lift.values import Handle, Python, Refused, Symbol, Unknown, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.slots import Slots

_PARAMETERS = (
    *("name_or_scope", "default_name", "values", "initializer", "regularizer", "caching_device", "partitioner"),
    *("custom_getter", "reuse", "dtype", "use_resource", "constraint", "auxiliary_name_scope"),
)
_DECIDES = ("partitioner", "custom_getter", "constraint")
_DEFAULTS = ("initializer", "regularizer")
_ADVICE = "Make the variables or layers once, under names of their own, and use them where they are shared."

#: The collections that every variable is in, and those of what is trained, by the names that TensorFlow 1 gives them.
ALL_VARIABLES = frozenset(("variables",))
TRAINED = frozenset(("trainable_variables",))

#: What `reuse` may be: never, always, where it is there; UNSEEN where the analysis does not know.
NEVER, ALWAYS, AUTO, UNSEEN = "never", "always", "auto", "unseen"


@dataclass(frozen=True)
class Default:
    """What a scope gives to the variables in it that are given none: where it is written."""

    node: ast.expr
    frame: Frame


@dataclass(frozen=True, eq=False)
class Scope(Handle):
    """A variable scope: its path in the graph (None where it is not known), and whether what is in it is reused."""

    path: str | None = None
    reuse: str = NEVER
    defaults: Mapping[str, Default] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, Default]] = field(default_factory=dict)  # for functions, by their symbols
    pattern: str = OPEN  # what is told of the path
    anew: bool = True  # whether names are counted from the beginning in it


@dataclass(frozen=True, eq=False)
class Member:
    """Something with variables: its graph, its name there if that is known, what it is, its collections."""

    graph: object
    name: str | None
    value: Value
    once: bool  # whether it is certain that it is made, and that it is trained, and how often
    collections: frozenset[str] | None  # None where they cannot be told
    told: bool = True  # whether it is certain but for the loops and branches that it is made in
    blocks: tuple[ast.stmt, ...] = ()  # these
    pattern: str = OPEN  # what is told of its name
    part: str = ""  # the attribute of a layer that has those of its variables which are meant, where not all are


@dataclass(eq=False)
class Scopes:
    """Where in the graph's names the walk is, and what has been made under which name."""

    path: str | None = ""
    pattern: str = ""  # what is told of the path
    reuse: str = NEVER
    switched: int | None = None  # the loop in which reuse was switched on, if it was in one
    defaults: Mapping[str, Default] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, Default]] = field(default_factory=dict)
    graph: object = None  # the one that things are made in, each of which counts anew
    counts: dict[tuple[int, str], Counter[str]] = field(default_factory=dict)
    store: dict[tuple[int, str], Value] = field(default_factory=dict)
    made: list[Member] = field(default_factory=list)  # what has variables, in order
    taken: Taken = field(default_factory=Taken)
    slotted: list[Slots] = field(default_factory=list)  # what optimizers made for themselves

    @contextmanager
    def inside(self, scope: Scope) -> Iterator[None]:
        """The walk inside a scope."""
        before = self.path, self.pattern, self.reuse, self.defaults, self.given, self.switched
        self.path, self.reuse, self.defaults, self.given = scope.path, scope.reuse, scope.defaults, scope.given
        self.pattern = scope.pattern if scope.path is None else scope.path
        if scope.path is not None and scope.anew:
            self.counts[id(self.graph), scope.path] = Counter()
        try:
            yield
        finally:
            self.path, self.pattern, self.reuse, self.defaults, self.given, self.switched = before

    def copy(self) -> Scopes:
        """As it is now, to come back to."""
        counts = {path: Counter(counter) for path, counter in self.counts.items()}
        made, slotted, taken = list(self.made), list(self.slotted), replace(self.taken)
        return replace(self, counts=counts, store=dict(self.store), made=made, slotted=slotted, taken=taken)

    def come_back_to(self, before: Scopes) -> None:
        """Takes back all since a copy was made; the scopes that the walk is inside of still end as they should."""
        for each in fields(self):
            setattr(self, each.name, getattr(before, each.name))

    def name(self, own: str | None, kind: str = "") -> str | None:
        """The full name of something made here; what has no name of its own is counted by its kind."""
        if self.path is None or (own is None and not kind):
            return None
        if own is None:
            counter = self.counts.setdefault((id(self.graph), self.path), Counter())
            own = kind if not counter[kind] else f"{kind}_{counter[kind]}"
            counter[kind] += 1
        return f"{self.path}/{own}" if self.path else own

    def within(self, own: str) -> str:
        """The pattern of a name in the scope that the walk is in."""
        return f"{self.pattern}/{own}" if self.pattern else own

    def may_share(self, told: Value | None) -> bool:
        """Whether something made here may be there already; `told` is the call's own word on it."""
        return self._reuse(told) != NEVER

    def _reuse(self, told: Value | None) -> str:
        return self.reuse if told is None or self.reuse != NEVER else reuse_of(told)

    def find(self, graph: object, name: str | None, told: Value | None = None) -> Value | None:
        """What is there under a name and is to be shared; None where it is to be made.

        `told` is the call's own word on it. What cannot be told is an `Unknown`; the caller gives it its place.
        """
        reuse = self._reuse(told)
        if reuse == NEVER:
            return None
        there = self.store.get((id(graph), name)) if name is not None else None
        if reuse == AUTO and name is not None:
            return there
        unseen = "whether a variable is made or shared here cannot be seen: the scope or its reuse is not known"
        return there or Unknown(unseen, ast.Pass(lineno=1, col_offset=0))


def variable_scope(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.variable_scope`. Raises `Refused` where it decides how variables are made."""
    bound = bind(node, _PARAMETERS)
    with interpreter.apart():
        values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    for name in [*_DECIDES, *(["dtype"] if not _is_float32(values.get("dtype")) else [])]:
        told = name in values and not _is_none(values[name])
        if told and not (name == "partitioner" and partitions.is_partitioner(values[name])):
            raise Refused("TFM901", node, f"a variable scope with {name} decides what is made inside", _ADVICE)
    given = values.get("name_or_scope")
    scopes = interpreter.scopes
    full: str | None = None
    pattern = scopes.within(_pattern(interpreter, bound, values))
    own = {n: Default(bound[n], interpreter.frame) for n in _DEFAULTS if n in bound and not _is_none(values[n])}
    if isinstance(given, Scope):
        full, pattern = given.path, given.pattern
        own = {**given.defaults, **own}
    elif isinstance(given, Python) and isinstance(given.literal, str) and scopes.path is not None:
        full = f"{scopes.path}/{given.literal}" if scopes.path else given.literal
    if given is not None and not isinstance(given, Python):
        interpreter.entered_again.add(id(node))
    reuse = reuse_of(values["reuse"]) if "reuse" in values else NEVER
    reuse = reuse if reuse != NEVER else scopes.reuse
    return Scope("scope", node, {}, None, full, reuse, {**scopes.defaults, **own}, scopes.given, pattern)


def _pattern(interpreter: Interpreter, bound: Mapping[str, ast.expr], values: Mapping[str, Value]) -> str:
    """What is told of a scope's own name; one by default is numbered where it is there already."""
    given, default = values.get("name_or_scope"), bound.get("default_name")
    if given is None or _is_none(given):
        return told_pattern(interpreter, default) + NUMBER if default is not None else OPEN
    return told_pattern(interpreter, bound["name_or_scope"]) if isinstance(given, Python) else OPEN


def _is_none(value: Value) -> bool:
    return isinstance(value, Python) and value.known and value.literal is None


def _is_float32(value: Value | None) -> bool:
    return isinstance(value, Symbol) and value.path == "tf.float32"


def is_missing(argument: ast.expr | None) -> bool:
    """Whether an argument is left to the scope: not given, or None."""
    return argument is None or (isinstance(argument, ast.Constant) and argument.value is None)


def default_for(interpreter: Interpreter, node: ast.Call, name: str) -> ast.expr | None:
    """What the scope gives to a variable or layer made here, by the name of the argument. Raises `Refused`."""
    default = interpreter.scopes.defaults.get(name)
    given = interpreter.defaults.setdefault((id(node), name), default.node if default is not None else None)
    if given is not (default.node if default is not None else None):
        raise Refused("TFM901", node, f"a variable is made in two scopes, each with its own {name}", _ADVICE)
    if default is None:
        return None
    with interpreter.apart() as reads:
        interpreter.evaluate(default.node)
    if not all(is_named(interpreter, definition.statement.frame) for definition in reads):
        raise Refused(
            "TFM901", node, f"the {name} of a variable scope cannot be named where a variable is made", _ADVICE
        )
    if is_bound_between(interpreter.program, default.node, node):
        what = f"the {name} of a variable scope reads a name that is bound anew before this variable is made"
        raise Refused("TFM901", node, what, _ADVICE)
    return default.node


def is_named(interpreter: Interpreter, frame: Frame) -> bool:
    """Whether what is bound in a frame has a name here: in the same call of a function, or around it for good."""
    return frame is interpreter.frame or (frame.unit and sees(interpreter.frame, frame))


def reuse_of(value: Value) -> str:
    """What the value of a `reuse` argument says."""
    if isinstance(value, Symbol) and value.path == "tf.AUTO_REUSE":
        return AUTO
    if isinstance(value, Python) and value.known:
        return ALWAYS if value.literal else NEVER
    return UNSEEN


def get_variable_scope(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.get_variable_scope()`: the scope that the walk is in."""
    scopes = interpreter.scopes
    pattern = scopes.pattern
    return Scope("scope", node, {}, None, scopes.path, scopes.reuse, scopes.defaults, scopes.given, pattern)


def reuse_variables(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Value:
    """From here to the end of the scope, what is there is shared."""
    if scope.path != interpreter.scopes.path:
        return Unknown("the reuse of a scope that is not the current one is switched on", node)
    interpreter.scopes.reuse = ALWAYS
    loops = loops_in(interpreter.blocks)
    interpreter.scopes.switched = id(loops[-1]) if loops else None
    return Handle("switch", node)


def only_switches(interpreter: Interpreter, node: ast.stmt) -> bool:
    """Whether a statement only switches on the reuse of variables, be it from the second turn of a loop on."""
    if isinstance(node, ast.If) and not node.orelse and not any(isinstance(n, ast.Call) for n in ast.walk(node.test)):
        return all(only_switches(interpreter, inner) for inner in node.body)
    found = interpreter.rewrites.get(id(node.value)) if isinstance(node, ast.Expr) else None
    return isinstance(found, tuple) and isinstance(found[-1], Handle) and found[-1].role == "switch"


def told_name(node: ast.Call) -> ast.expr | None:
    """What a variable scope is told to be called, be it by another scope."""
    bound = bind(node, _PARAMETERS)
    name = bound.get("name_or_scope")
    return bound.get("default_name") if is_missing(name) else name


def path_of(interpreter: Interpreter, scope: Scope, node: ast.Attribute) -> Value | None:
    """`scope.name`: the path of a variable scope, which is written in its place.

    None where the function that is part of the unit is called several times, of which one is followed.
    """
    from tf2migrate.lift.scoped_names import is_once

    frame = interpreter.frame
    while not frame.unit and frame.caller is not None:
        frame = frame.caller.frame
    if scope.path is None or not (isinstance(frame.node, ast.FunctionDef | ast.Module) and frame.unit):
        return None
    if not is_once(interpreter, frame.node.body[0]):
        return None
    written = "name", f'"{scope.path}"'
    if interpreter.rewrites.setdefault(id(node), written) != written:
        return Unknown("the name of a variable scope is another one at each call", node)
    return Python(scope.path, known=True)


def told(interpreter: Interpreter, node: ast.expr) -> str | None:
    """The text that an expression is at each call: put together of strings, names of scopes, and the module's strings.

    What a function is given, or an object has, is another text at another call.
    """
    with interpreter.apart():
        value = interpreter.evaluate(node)
    paths = [n for n in walk(node) if isinstance(n, ast.Attribute) and id(n) in interpreter.rewrites]
    inside = {id(n) for path in paths for n in walk(path)}
    for part in walk(node):
        if id(part) in inside:
            continue
        if isinstance(part, ast.Name) and part.id != "str":
            held = interpreter.frame.lookup(part.id)
            if len(held) != 1 or held[0].statement.frame.parent is not None:
                return None
        elif isinstance(part, ast.Attribute) and part.attr != "format":
            return None
    return value.literal if isinstance(value, Python) and isinstance(value.literal, str) and value.known else None


def name_text(expressions: Expressions, node: ast.Call) -> str | None:
    """In a function that stays one, a variable scope goes on naming what is made and computed in it.

    None where it is told by another scope, or is asked for itself.
    """
    program = expressions.program
    if program.names.symbol(node.func) != "tf.variable_scope":
        return None
    name = told_name(node)
    if name is None or id(node) in expressions.interpreter.entered_again:
        return None
    items = [i for n in program.each(ast.With) for i in n.items if i.context_expr is node]
    kept = {
        n.id for i in items if i.optional_vars is not None for n in walk(i.optional_vars) if isinstance(n, ast.Name)
    }
    reads = [n for n in program.each(ast.Name) if n.id in kept and isinstance(n.ctx, ast.Load)]
    read = any(id(program.parents[id(n)]) not in expressions.interpreter.rewrites for n in reads)
    return f"{expressions.tf}.name_scope({expressions.text(name)})" if items and not read else None


HANDLERS = {"tf.variable_scope": variable_scope, "tf.get_variable_scope": get_variable_scope}
