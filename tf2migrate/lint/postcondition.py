"""What the lints have to say of a program that was just rewritten, before it is written: TFM311 and TFM312.

A function that has taken the place of a run may read what a loop around the run binds. Traced, it would keep the value
of its first call: silently, and nothing else in the program tells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import FUNCTIONS, children, own, walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground, ground_of
from tf2migrate.lint.state import ATTRIBUTE, MAKING, STALE, captured, rebound
from tf2migrate.lint.view import AnyFunction
from tf2migrate.model import Edit, Finding, Options, Outcome, Span


def fresh(program: Program, options: Options) -> Outcome:
    """Functions that read what is bound anew between their calls run untraced where that is the same, or stop it all.

    Untraced is the same for a function without parameters: it has no signature that would turn what it is given into
    tensors of other types.
    """
    del options  # a program is not written wrong, whatever is selected
    graphs = _of_graphs(program)
    if graphs:
        return Outcome((), graphs)
    if "tf.function" not in program.text or "tf.function" in program.first.text or not _may_capture(program):
        return Outcome()
    ground = ground_of(program)
    edits: dict[int, Edit] = {}
    findings: dict[str, Finding] = {}
    for found in (*captured(ground), *_bound_anew(ground)):
        if found.code in (STALE, ATTRIBUTE):
            edit = _untraced(ground, found)
            if edit is None:
                stopped = _stopped(program, found)
                findings.setdefault(stopped.message, stopped)
            else:
                edits.setdefault(edit.span.start, edit)
    return Outcome(tuple(edits.values()), tuple(findings.values()))


def _bound_anew(ground: Ground) -> Iterator[Found]:
    """The names of outside that a traced function reads and that are bound anew between its calls, whatever they are.

    The lint says it only of what is plainly a value of Python's: here a miss would be a wrong result.
    """
    again = _again(ground.program)
    seen: set[tuple[int, str]] = set()
    for node, function, context in ground.traced_nodes():
        if not isinstance(node, ast.Name) or node.id not in again or (id(function), node.id) in seen:
            continue
        outside = isinstance(node.ctx, ast.Load) and ground.is_free(node, function)
        if outside and context.why != "told" and not ground.traced.runs_eagerly(node):
            seen.add((id(function), node.id))
            if rebound(ground, node, context):
                yield Found(STALE, node, "", "")


def _may_capture(program: Program) -> bool:
    """Whether a function reads what is bound more than once outside of it: most programs need no closer look."""
    if any(program.each(kind) for kind in (ast.Global, ast.Nonlocal)):
        return True
    again = _again(program)
    functions = [node for node in program.nodes if isinstance(node, FUNCTIONS)]
    bodies: dict[AnyFunction, list[ast.AST]] = {function: own(children(function), FUNCTIONS) for function in functions}
    for function, body in bodies.items():
        within = {id(n) for n in _of_comprehensions(body)}
        its_own = {n.arg for n in walk(function.args) if isinstance(n, ast.arg)}
        its_own |= {n.id for n in _stored(body) if isinstance(n, ast.Name) and id(n) not in within}
        if any(isinstance(n, ast.Name) and n.id in again and n.id not in its_own and id(n) not in within for n in body):
            return True
    return _reads_changed(program, bodies)


def _again(program: Program) -> set[str]:
    """The names that are bound more than once, or in a loop."""
    of_loops = {id(n) for kind in (ast.For, ast.While) for loop in program.each(kind) for n in walk(loop)}
    bound: set[str] = set()
    again: set[str] = set()
    for name in program.each(ast.Name):
        if not isinstance(name.ctx, ast.Load):
            (again if name.id in bound or id(name) in of_loops else bound).add(name.id)
    return again


def _of_comprehensions(body: Iterable[ast.AST]) -> Iterator[ast.Name]:
    """The names that comprehensions bind for themselves, wherever these read or bind them."""
    for node in body:
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            bound = {n.id for g in node.generators for n in walk(g.target) if isinstance(n, ast.Name)}
            outer = {id(n) for n in walk(node.generators[0].iter)}
            yield from (n for n in walk(node) if isinstance(n, ast.Name) and n.id in bound and id(n) not in outer)


def _reads_changed(program: Program, bodies: Mapping[AnyFunction, list[ast.AST]]) -> bool:
    """Whether what may be traced reads an attribute that is set elsewhere than where objects are made."""
    said = {f: {_name(n) for n in body} for f, body in bodies.items()}
    traced = {f for f in bodies if _may_be_traced(f)}
    reached: set[AnyFunction] = set()
    while traced - reached:  # ends: there are so many functions
        reached |= traced
        spoken = set().union(*(said[f] for f in reached))
        traced = {f for f in bodies if getattr(f, "name", None) in spoken}
    making = {id(n) for f, body in bodies.items() if getattr(f, "name", None) in MAKING for n in body}
    changed = {
        n.attr for n in _stored(program.each(ast.Attribute)) if isinstance(n, ast.Attribute) and id(n) not in making
    }
    return any(n.attr in changed for f in reached for n in bodies[f] if isinstance(n, ast.Attribute))


def _may_be_traced(function: AnyFunction) -> bool:
    if isinstance(function, ast.Lambda) or function.name in ("__call__", "call"):
        return True
    return any(_name(n) == "function" for d in function.decorator_list for n in walk(d))


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _stored(nodes: Iterable[ast.AST]) -> list[ast.AST]:
    return [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store | ast.Del)]


def _of_graphs(program: Program) -> tuple[Finding, ...]:
    """What stops a program in which something would still be asked for the value that a session gives it."""
    if ".eval(" not in program.text:
        return ()
    own = {node.name for node in program.each(ast.FunctionDef)}
    advice = "Fetch it with a session that can be seen from there, or write .numpy() for it."
    return tuple(
        Finding(*program.position(program.span(call).start), "TFM910", "eval() needs a session", advice)
        for call in program.each(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "eval" and "eval" not in own and not call.args
    )


def _untraced(ground: Ground, found: Found) -> Edit | None:
    """The edit that takes the decorator from a function without parameters; None where that is not all there is.

    `tf.gradients` asks for a graph: a program that keeps it in a helper keeps its functions traced.
    """
    if any(isinstance(c.func, ast.Attribute) and c.func.attr == "gradients" for c in ground.program.each(ast.Call)):
        return None
    context = ground.traced.of(found.node)
    match context.root if context is not None else None:
        case (
            ast.FunctionDef(
                decorator_list=[ast.Attribute() as decorator],
                args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], vararg=None, kwarg=None),
            ) as root
        ) if ground.view.symbol(decorator) == "tf.function":
            start = ground.program.span(root).start
            return Edit(Span(start, ground.program.offset(root.lineno, root.col_offset)), "")
    return None


def _stopped(program: Program, found: Found) -> Finding:
    line, column = program.position(program.span(found.node).start)
    name = program.segment(found.node) if isinstance(found.node, ast.expr) else "a name"
    return Finding(
        line,
        column,
        "TFM919",
        f"{name} would be what it was at the first call: the run reads it in a loop that binds it anew",
        "Hand it over with the feeds, as a placeholder, or write the run out for each value.",
    )
