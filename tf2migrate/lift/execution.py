"""Statements followed: what each reads and binds, and which of them move into functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import children, is_main, walk
from tf2migrate.lift import (
    builders,
    cells,
    classes,
    feeders,
    holders,
    kept_containers,
    loops,
    name_patterns,
    noted,
    omitted,
    training_branches,
    variable_lists,
)
from tf2migrate.lift.functions import Function
from tf2migrate.lift.monitored import Monitored
from tf2migrate.lift.scopes import Scope
from tf2migrate.lift.trace import Definition, Statement
from tf2migrate.lift.values import (
    NONE,
    PYTHON,
    Handle,
    Placeholder,
    Python,
    Refused,
    Tensor,
    Time,
    Unknown,
    Variable,
    leaves,
)
from tf2migrate.lift.versions import only_tried

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter


def follow(interpreter: Interpreter, statements: Iterable[ast.stmt]) -> None:
    """Follows statements in their order; those that a call does not come by are only looked at."""
    statements = list(statements)
    for index, statement in enumerate(statements):
        if interpreter.frame.left and index:
            _unreached(interpreter, statements[index:])
            return
        execute(interpreter, statement)


def execute(interpreter: Interpreter, node: ast.stmt) -> None:
    """Follows one statement, by its kind."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            with interpreter.within(interpreter.record(node)):
                interpreter.bind(node.name, Function(node, interpreter.frame))
        case ast.ClassDef():
            with interpreter.within(interpreter.record(node)):
                interpreter.bind(node.name, classes.class_value(interpreter, node))
        case ast.Import() | ast.ImportFrom():
            with interpreter.within(interpreter.record(node)):
                for alias in node.names:
                    interpreter.bind(alias.asname or alias.name.split(".")[0], PYTHON)
        case ast.With():
            with_(interpreter, node)
        case ast.For():
            loop(interpreter, node, node.body, node.orelse)
        case ast.While():
            loop(interpreter, node, node.body, node.orelse)
        case ast.If() if (told := omitted.way(interpreter, node)) is not None:
            one_way(interpreter, node, node.body if told else node.orelse, whole=bool(told and not node.orelse))
        case ast.If():
            branch(interpreter, node, [node.body, node.orelse])
        case ast.Try() if cells.for_versions(node, interpreter.names) or only_tried(node, interpreter.names):
            interpreter.rewrites[id(node)] = "transparent"
            with interpreter.within(interpreter.record(node)):
                follow(interpreter, node.body)
        case ast.Try():
            branch(interpreter, node, [[*node.body, *node.orelse], *[h.body for h in node.handlers]], node.finalbody)
        case ast.Match():
            branch(interpreter, node, [case.body for case in node.cases])
        case ast.Global():
            interpreter.frame.globals.update(node.names)
            interpreter.record(node)
        case _:
            simple(interpreter, node)


def simple(interpreter: Interpreter, node: ast.stmt) -> None:
    """A statement without a body."""
    with interpreter.within(interpreter.record(node)) as statement:
        match node:
            case ast.Assign(targets=targets, value=value):
                statement.value = interpreter.evaluate(value, hint=_hint(targets[0]))
                if id(value) in interpreter.fed and not isinstance(statement.value, Variable):
                    statement.value = Tensor(Time.STAGED, value)
                for target in targets:
                    interpreter.assign(target, statement.value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    statement.value = interpreter.evaluate(value, hint=_hint(target))
                    interpreter.assign(target, statement.value)
            case ast.AugAssign(target=target, value=value):
                load = ast.copy_location(_load(target), target)
                before, more = interpreter.evaluate(load), interpreter.evaluate(value)
                if kept_containers.is_extended(interpreter, load, before, more):
                    statement.value = NONE
                else:
                    statement.value = interpreter.operation([before, more], node)
                    interpreter.assign(target, statement.value)
            case ast.Expr(value=value):
                statement.value = interpreter.evaluate(value)
            case ast.Return(value=value):
                if value is not None and interpreter.frame.node in interpreter.builders:
                    builders.name_items(interpreter, value)
                statement.value = NONE if value is None else interpreter.evaluate(value, hint="output")
                if interpreter.frame.node in interpreter.feeders:
                    statement.value = feeders.returned(interpreter, node, statement.value)
                interpreter.frame.returns.append(statement.value)
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        interpreter.evaluate(child)
        statement.moves = moves(interpreter, statement)


def moves(interpreter: Interpreter, statement: Statement) -> bool:
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
    unit = interpreter.frame.unit  # where a placeholder's name stays, as that of its TensorSpec
    return any(leaf.time >= Time.STAGED and not (unit and isinstance(leaf, Placeholder)) for leaf in leaves(value))


def with_(interpreter: Interpreter, node: ast.With) -> None:
    """Sessions, graphs, scopes, devices: no block of the program's own; any other `with` is."""
    graph, session_graph, session = interpreter.graph, interpreter.session_graph, interpreter.session
    with interpreter.within(interpreter.record(node)) as statement:
        kept: list[ast.withitem] = []
        controls = interpreter.controls
        entered: list[Scope] = []
        for item in node.items:
            value = interpreter.evaluate(item.context_expr)
            if isinstance(value, Handle) and value.role == "scope" and isinstance(item.context_expr, ast.Call):
                named = name_patterns.of_scope(interpreter, item.context_expr)
                interpreter.entered.setdefault(id(item.context_expr), set()).add(named)
            if isinstance(value, Scope):
                entered.append(value)
            held = value.of if isinstance(value, Handle) and value.role == "as_default" else value
            if isinstance(held, Handle) and held.role == "graph":
                interpreter.graph = interpreter.session_graph = held
            if isinstance(held, Handle) and held.role == "session":
                interpreter.session_graph, interpreter.session = interpreter.graph_of(held), held
                if isinstance(held, Monitored) and held is value:
                    interpreter.monitored[id(node)] = held
                if held is value:  # entered as itself, a session makes its graph the default one too
                    interpreter.graph = interpreter.session_graph
            match value:
                case Handle(role="session" | "graph" | "scope" | "device" | "as_default"):
                    if item.optional_vars is not None:
                        interpreter.assign(
                            item.optional_vars, value.of if value.of and value.role == "as_default" else value
                        )
                case Handle(role="controls"):
                    controls = (*controls, statement)
                case _:
                    kept.append(item)
                    if item.optional_vars is not None:
                        interpreter.assign(item.optional_vars, PYTHON if value.time < Time.STAGED else value)
    scopes = ExitStack()
    for value in entered:
        if value.anew:
            path = value.path if value.path is not None else value.pattern
            interpreter.scopes.taken.open(interpreter.graph, path, interpreter.repeats)
        scopes.enter_context(interpreter.scopes.inside(value))
    if len(kept) < len(node.items):
        interpreter.rewrites[id(node)] = "transparent" if not kept else ("items", kept)
    before, interpreter.controls = interpreter.controls, controls
    blocks = interpreter.blocks
    if kept:
        interpreter.blocks = (*blocks, node)
    with scopes:
        follow(interpreter, node.body)
    interpreter.blocks, interpreter.controls = blocks, before
    interpreter.graph, interpreter.session_graph, interpreter.session = graph, session_graph, session


def loop(interpreter: Interpreter, node: ast.For | ast.While, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
    if holders.follow(interpreter, node):
        return

    def once() -> None:
        with interpreter.within(interpreter.record(node)) as statement:
            if isinstance(node, ast.For):
                source = interpreter.evaluate(node.iter)
                if (misnamed := variable_lists.misnamed_loop(interpreter, node, source)) is not None:
                    raise Refused("TFM901", node, misnamed.reason, "Name the variables that are meant.")
                interpreter.assign(node.target, interpreter.element(source, node))
            else:
                interpreter.evaluate(node.test)
            statement.value = PYTHON
        interpreter.blocks = (*interpreter.blocks, node)
        follow(interpreter, body)
        interpreter.blocks = interpreter.blocks[:-1]

    before, scopes = dict(interpreter.frame.env), interpreter.scopes.copy()
    mark = len(interpreter.frame.statements)
    once()
    carried = _merge([before, interpreter.frame.env])
    if any(len(definitions) > 1 for definitions in carried.values()):
        first = [d for s in interpreter.frame.statements[mark:] for d in s.writes]
        del interpreter.frame.statements[mark:]
        interpreter.frame.env = dict(carried)
        interpreter.scopes.come_back_to(scopes)
        once()
        _forget(interpreter, first, mark)
    interpreter.frame.env = _merge([before, interpreter.frame.env])
    follow(interpreter, orelse)
    settle(interpreter, node, mark)


def _forget(interpreter: Interpreter, first: list[Definition], mark: int) -> None:
    """The first walk of a loop was for what it carries: its bindings are those of the second walk."""
    again = {d.site: d for s in interpreter.frame.statements[mark:] for d in s.writes}
    now = {d: again.get(d.site, d) for d in first}
    for statement in interpreter.frame.statements[mark:]:
        statement.reads = {now.get(d, d) for d in statement.reads}
    for name, definitions in interpreter.frame.env.items():
        if not now.keys().isdisjoint(definitions):
            interpreter.frame.env[name] = tuple(dict.fromkeys(now.get(d, d) for d in definitions))


def branch(
    interpreter: Interpreter,
    node: ast.If | ast.Try | ast.Match,
    bodies: list[list[ast.stmt]],
    last: list[ast.stmt] | None = None,
) -> None:
    mark = len(interpreter.frame.statements)
    with interpreter.within(interpreter.record(node)) as statement:
        test = interpreter.evaluate(node.test) if isinstance(node, ast.If) else PYTHON
        if isinstance(node, ast.Match):
            interpreter.evaluate(node.subject)
        statement.value = PYTHON
    main = is_main(node)
    interpreter.blocks = (*interpreter.blocks, node)
    before, waits = dict(interpreter.frame.env), False
    results: list[dict[str, tuple[Definition, ...]]] = []
    decided = interpreter.decided
    if isinstance(test, Python) and test.known and not interpreter.frame.unit:  # of this call, one side is not reached
        interpreter.decided = (*decided, node)
        waits = _unreached(interpreter, bodies.pop(1 if test.literal else 0))
    for body in bodies:
        interpreter.frame.env = dict(before if not isinstance(node, ast.Try) else (results[0] if results else before))
        follow(interpreter, body)
        if not (body and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)):
            results.append(interpreter.frame.env)
    interpreter.frame.env = results[0] if main and results else _merge(results or [before])
    _note_leaving(interpreter, node, bodies)
    interpreter.blocks, interpreter.decided = interpreter.blocks[:-1], decided
    follow(interpreter, last or [])
    settle(interpreter, node, mark, waits)


def _note_leaving(interpreter: Interpreter, node: ast.If | ast.Try | ast.Match, bodies: list[list[ast.stmt]]) -> None:
    """Notes that a call returns in a branch, or may do so."""
    frame = interpreter.frame
    if frame.unit or not isinstance(node, ast.If):
        return
    above: ast.AST | None = node
    while above is not None and not isinstance(above, ast.FunctionDef | ast.For | ast.While):
        above = interpreter.program.parents.get(id(above))
    ends = bool(bodies[0]) and isinstance(bodies[0][-1], ast.Return)
    if interpreter.decided[-1:] == (node,) and isinstance(above, ast.FunctionDef):
        frame.left = frame.left or ends
    elif any(id(s) in _returning(interpreter.program) for body in bodies for s in body):
        frame.doubtful = True


@lru_cache(maxsize=4)
def _returning(program: Program) -> frozenset[int]:
    """The returns of a program, and all that they stand in."""
    found: set[int] = set()
    for node in program.each(ast.Return):
        above: ast.AST | None = node
        while above is not None and id(above) not in found:
            found.add(id(above))
            above = program.parents.get(id(above))
    return frozenset(found)


def one_way(interpreter: Interpreter, node: ast.If, body: list[ast.stmt], whole: bool) -> None:
    """A branch that goes one way only; `whole` where there is no other, and so the test may stay."""
    if not whole:
        interpreter.rewrites[id(node)] = "body" if body is node.body else "orelse"
        with interpreter.within(interpreter.record(node)):
            follow(interpreter, body)
        return
    mark = len(interpreter.frame.statements)
    with interpreter.within(interpreter.record(node)) as statement:
        interpreter.evaluate(node.test)
        statement.value = PYTHON
    interpreter.blocks = (*interpreter.blocks, node)
    follow(interpreter, body)
    interpreter.blocks = interpreter.blocks[:-1]
    settle(interpreter, node, mark)


def _unreached(interpreter: Interpreter, body: list[ast.stmt]) -> bool:
    """Statements that do not happen: what their names mean is of interest, and whether they would belong into calls."""
    left, interpreter.frame.left = interpreter.frame.left, False
    env, mark, scopes = dict(interpreter.frame.env), len(interpreter.frame.statements), interpreter.scopes.copy()
    returns, rewrites = len(interpreter.frame.returns), interpreter.rewrites
    known = {id(n): rewrites[id(n)] for s in body for n in walk(s) if id(n) in rewrites}
    follow(interpreter, body)
    rewrites |= known  # what other calls came by there holds
    skipped = interpreter.frame.statements[mark:]
    interpreter.frame.skipped += skipped
    del interpreter.frame.statements[mark:]
    del interpreter.frame.returns[returns:]
    interpreter.frame.env, interpreter.frame.left = env, left
    interpreter.scopes.come_back_to(scopes)
    return any(statement.moves for statement in skipped)


def settle(interpreter: Interpreter, node: ast.stmt, mark: int, waits: bool = False) -> None:
    """A loop or branch that only builds the graph is one statement of it, whole; `waits` where its other way does."""
    inside = interpreter.frame.statements[mark:]
    if not (waits or any(s.moves for s in inside)) or interpreter.running.inside(node, interpreter.driver_nodes):
        return
    if interpreter.frame.unit and is_main(node):
        return
    early: list[Statement] = []
    if (loop := loops.split(node, inside, interpreter.rewrites)) is not None:
        interpreter.loops[id(node)] = loop
        header = {d for s in inside if s.node is node for d in s.writes}
        early = [s for s in inside if not s.moves]
        inside = loop.late
    whole = Statement(node, interpreter.frame, inside[0].order, interpreter.blocks, controls=interpreter.controls)
    written: dict[Definition, None] = {}
    for statement in inside:
        whole.reads |= statement.reads
        whole.made += statement.made
        whole.shared += statement.shared
        whole.lists |= statement.lists
        whole.effects += statement.effects
        written.update(dict.fromkeys(statement.writes))
    whole.moves, whole.inside = True, training_branches.kept(whole, inside)
    done = (s for s in inside if not isinstance(s.node, ast.Assign | ast.AnnAssign | ast.AugAssign))
    said = (s.value for s in done if isinstance(s.value, Unknown))
    whole.value = next(said, Tensor(Time.STAGED, node))  # what is done with something unknown must not just go
    whole.writes = list(written)
    whole.reads -= set(written)
    if loop is not None and early:
        whole.reads -= {d for s in early for d in s.writes if d.name in (*loop.names, *loop.unread) or d in header}
    for definition in written:
        definition.statement = whole
    interpreter.frame.statements[mark:] = [*early, whole]


def _merge(environments: list[dict[str, tuple[Definition, ...]]]) -> dict[str, tuple[Definition, ...]]:
    merged = dict(environments[0])
    for environment in environments[1:]:
        for name, definitions in environment.items():
            if (seen := merged.setdefault(name, definitions)) is not definitions:  # most are what they were
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
