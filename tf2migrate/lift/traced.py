"""What Python computes while the graph is built, and functions would compute when they are traced.

TensorFlow 1 reads and draws it once, where it is written. A function reads it at its first call, and each function that
needs it anew: what is drawn, taken from somewhere or changed until then would be another thing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import used_up
from tf2migrate.lift.functions import FunctionNode
from tf2migrate.lift.slices import Slice
from tf2migrate.lift.trace import Definition, Statement
from tf2migrate.lift.values import Python, Refused, Structure, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: The modules whose functions give something else at each call.
_DRAWS = ("np.random.", "numpy.random.", "random.", "time.", "uuid.", "secrets.")
#: Functions and methods that take something from somewhere.
_TAKES = frozenset(("next", "input", "open", "pop", "popitem", "popleft", "next_batch", "readline", "read"))
#: What is said of a print that is traced (TFM722).
PRINTED = "each function that calls this one prints this when it is traced; the graph was built once"
#: Methods that change what they are called on.
CHANGES = frozenset(
    (
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem"),
        *("add", "discard", "fill", "resize", "put", "itemset"),
    )
)
_ADVICE = "Compute it in a statement of its own before the graph is built, and use its name."


Changes = dict[Definition, list[tuple[int, ast.AST]]]


def changes(interpreter: Interpreter) -> Changes:
    """Where what Python's names stand for is changed in place, in the program's order; by functions, too."""
    found: Changes = {}
    changing = _changing(interpreter)
    pairs: list[tuple[Definition, Definition]] = []
    for statement in (s for frame in interpreter.frames for s in frame.statements if not s.moves):
        if isinstance(statement.node, ast.Assign | ast.AugAssign | ast.Expr | ast.Delete):
            names = {d.name for d in statement.reads}
            by_name = {n: (*changed(statement.node, n), *_handed(statement, n, changing)) for n in names}
            for definition in statement.reads:
                for node in by_name[definition.name]:
                    found.setdefault(definition, []).append((statement.order, node))
            pairs += _aliases(statement)
    given = dict.fromkeys(_given(interpreter))
    for one, other in [*((b, a) for a, b in reversed(pairs)), *given, *pairs]:
        shared = [(order, node) for order, node in found.get(one, ()) if not isinstance(node, ast.AugAssign)]
        if (one, other) in given:  # attributes are looked at by their names, whatever the object is called
            shared = [(order, node) for order, node in shared if not isinstance(node, ast.Attribute)]
        if shared:
            found[other] = [*found.get(other, []), *shared]
    return found


def _given(interpreter: Interpreter) -> Iterator[tuple[Definition, Definition]]:
    """What a name stands for where a unit's function is called, and its parameter, which stands for the same thing."""
    reads = {d for frame in interpreter.frames for s in frame.statements for d in s.reads}
    parameters = {(id(d.statement.frame.node), d.name): d for d in reads if isinstance(d.statement.node, ast.Pass)}
    for function, calls in interpreter.given.items():
        names = [a.arg for a in function.args.args]
        for call, values in calls:
            named = any(isinstance(a, ast.Name) and a.id == "self" for a in call.args[:1])  # `Base.__init__(self, …)`
            skipped = int(names[:1] == ["self"] and "self" in values and not named)
            arguments = [*zip(names[skipped:], call.args, strict=False), *((k.arg, k.value) for k in call.keywords)]
            _, env = interpreter.called_from.get(id(call), (None, {}))
            for name, argument in arguments:
                known = env.get(argument.id, ()) if isinstance(argument, ast.Name) else ()
                if (parameter := parameters.get((id(function), name or ""))) is not None:
                    yield from ((d, parameter) for d in known if _is_data(d))


def _changing(interpreter: Interpreter) -> dict[str, set[int]]:
    """The functions that change what they are given, and at which places."""
    found: dict[str, set[int]] = {}
    for function in interpreter.program.each(ast.FunctionDef):
        for at, parameter in enumerate(a.arg for a in function.args.args if a.arg != "self"):
            if any(not isinstance(n, ast.AugAssign) for s in function.body for n in changed(s, parameter)):
                found.setdefault(function.name, set()).add(at)
    return found


def _handed(statement: Statement, name: str, changing: dict[str, set[int]]) -> Iterator[ast.AST]:
    """Where a statement gives what a name stands for to a function that changes it."""
    for node in walk(statement.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            places = changing.get(node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, ())
            given = [a for at, a in enumerate(node.args) if at in places]
            if any(isinstance(a, ast.Name) and a.id == name for a in given):
                yield node


def _aliases(statement: Statement) -> Iterator[tuple[Definition, Definition]]:
    """The bindings of one thing under two names, of an array beside a part of it, and before and after a change."""
    node = statement.node
    for write in statement.writes:
        same = [d for d in statement.reads if d.name == write.name and d is not write]
        yield from ((d, write) for d in (same if same and any(changed(node, write.name)) else ()))
    if not isinstance(node, ast.Assign) or len(statement.writes) != 1:
        return
    held = node.value
    if isinstance(held, ast.Subscript) and isinstance(held.slice, ast.Slice):
        held = held.value
    for definition in statement.reads:
        if isinstance(held, ast.Name) and held.id == definition.name and _is_data(definition):
            yield definition, statement.writes[0]


def _is_data(definition: Definition) -> bool:
    """Whether a name stands for something of Python's, or a list or dict of nothing else."""
    return all(isinstance(leaf, Python) for leaf in leaves(definition.value))


def bound(definition: Definition) -> Definition:
    """The binding of a name that stands for the same thing, which has only been changed since."""
    while any(changed(definition.statement.node, definition.name)):
        before = [d for d in definition.statement.reads if d.name == definition.name and d is not definition]
        if len(before) != 1 or isinstance(definition.statement.node, ast.AugAssign):
            break
        definition = before[0]
    return definition


def check(interpreter: Interpreter, found: Slice, changed: Changes) -> None:
    """Raises `Refused` where a function would compute with something else than the graph did."""
    reached: list[ast.AST] = list(helpers(interpreter, found))
    _check_loops(found, reached)
    used_up.check(interpreter, [s.node for s in found.statements], helpers(interpreter, found))
    for statement in found.statements:
        made = {id(inner) for m in statement.made for inner in walk(m.node)}
        for node in walk(statement.node):
            if isinstance(node, ast.Call) and id(node) not in made:
                check_drawn(interpreter, node)
        reading = [statement.node, *reached]
        for definition in statement.reads:
            if isinstance(definition.value, Python | Structure) and not definition.staged:
                later = [node for order, node in changed.get(definition, []) if order > statement.order]
                later = [node for node in later if not _is_another_item(reading, definition.name, node)]
                if later:
                    what = f"{definition.name} is read while the graph is built, and changes before the run"
                    raise Refused("TFM903", later[0], what, "Give what the graph reads a name of its own, and a copy.")
    for function in _kept_helpers(interpreter, found):
        _check_helper(interpreter, function)


def prints(interpreter: Interpreter, found: Slice) -> list[ast.Call]:
    """The prints of the helpers that a function calls, and of its loops: TensorFlow 1 printed as it built the graph."""
    inside = [*_kept_helpers(interpreter, found), *(s.node for s in found.statements)]
    calls = (node for traced in inside for node in walk(traced) if isinstance(node, ast.Call))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


def helpers(interpreter: Interpreter, found: Slice) -> dict[FunctionNode, Statement]:
    """The helpers that a function calls, or that these call, with the first statement of its that does."""
    of_call, order = interpreter.called_helpers
    reached: dict[FunctionNode, Statement] = {}
    todo: list[tuple[ast.AST, Statement]] = [(s.node, s) for s in reversed(found.statements)]  # the earliest first
    while todo:
        node, statement = todo.pop()
        called = {
            function for child in walk(node) for function in of_call.get(id(child), ()) if function not in reached
        }
        for function in sorted(called, key=order.__getitem__):
            reached[function] = statement
            todo.append((function, statement))
    return {f: reached[f] for f in sorted(reached, key=order.__getitem__)}


def _kept_helpers(interpreter: Interpreter, found: Slice) -> list[ast.FunctionDef]:
    """The helpers that are called as they are: of those that become classes, objects print when they are made."""
    return [f for f in helpers(interpreter, found) if isinstance(f, ast.FunctionDef) and f not in interpreter.parts]


def check_drawn(interpreter: Interpreter, node: ast.Call) -> None:
    """Raises `Refused` for a call that draws or takes something, which each trace would do once more."""
    text = ast.unparse(node.func)
    takes = text.rsplit(".", 1)[-1] in _TAKES and id(node) not in interpreter.rewrites
    known = interpreter.names.symbol(node.func) is not None or id(node) in interpreter.runs
    if known or not (takes or text.startswith(_DRAWS)):
        return
    what = f"{text} is called while the graph is built, and would be called again by each function that needs it"
    raise Refused("TFM903", node, what, _ADVICE)


def changed(node: ast.AST, name: str) -> Iterator[ast.AST]:
    """Where a statement changes what a name stands for."""
    for child in walk(node):
        match child:
            case ast.Subscript(value=ast.Name(id=known), ctx=ast.Store() | ast.Del()) if known == name:
                yield child
            case ast.Attribute(value=ast.Name(id=known), ctx=ast.Store() | ast.Del()) if known == name:
                yield child
            case ast.AugAssign(target=ast.Name(id=known)) if known == name:
                yield child
            case ast.Call(func=ast.Attribute(value=ast.Name(id=known), attr=method)) if known == name:
                if method in CHANGES:
                    yield child
            case ast.Call(func=ast.Attribute(attr="shuffle"), args=[ast.Name(id=known), *_]) if known == name:
                yield child


def _is_another_item(reading: list[ast.AST], name: str, change: ast.AST) -> bool:
    """Whether a change sets one item of a dict, and a statement and the helpers that it calls only read others."""
    if not isinstance(change, ast.Subscript) or not isinstance(change.slice, ast.Constant):
        return False
    nodes = [n for node in reading for n in walk(node)]
    reads = [n for n in nodes if _named(n) == name]
    others = [
        n
        for n in nodes
        if isinstance(n, ast.Subscript) and _named(n.value) == name
        if isinstance(n.slice, ast.Constant) and n.slice.value != change.slice.value
    ]
    return bool(reads) and len(reads) == len(others)


def _named(node: ast.AST) -> str:
    """The name, or the attribute's, that a node is."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _check_loops(found: Slice, reached: list[ast.AST]) -> None:
    """That no helper reads what a loop counts by: the loop moves into a function, and its names are that function's."""
    loops = [n for s in found.statements for n in walk(s.node) if isinstance(n, ast.For)]
    counts = {n.id: loop for loop in loops for n in walk(loop.target) if isinstance(n, ast.Name)}
    for function in reached:
        names = [n for n in walk(function) if isinstance(n, ast.Name)]
        own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        own |= {n.arg for n in walk(function) if isinstance(n, ast.arg)}
        for name in sorted({n.id for n in names} - own):
            if name in counts:
                what = f"a helper reads {name}, which a loop of the graph binds, from outside"
                raise Refused("TFM903", counts[name], what, "Give it to the helper as an argument.")


def _check_helper(interpreter: Interpreter, function: ast.FunctionDef) -> None:
    """That a helper draws nothing and changes nothing of outside: it is called again by each function."""
    inside = list(walk(function))
    own = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in inside if isinstance(n, ast.arg)}
    own |= {(a.asname or a.name).split(".")[0] for node in interpreter.names.imports for a in node.names}
    for node in inside:
        if isinstance(node, ast.Call):
            check_drawn(interpreter, node)
        if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign):
            for name in sorted({n.id for n in walk(node) if isinstance(n, ast.Name)} - own):
                for change in changed(node, name):
                    what = f"{function.name} changes {name} while the graph is built, and would do so at each trace"
                    raise Refused("TFM903", change, what, "Change it where the function is called.")
