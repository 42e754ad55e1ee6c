"""LSTM cells whose state is one tensor (`state_is_tuple=False`), as cells whose state is a pair; stacks likewise.

What a program gives such a cell is split, and what it takes of it is joined, so that everything else stays as it was.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of, statement_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.cells import HOMES
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Edit, Options, Outcome, Span

_CELLS = tuple(home + name for home in HOMES for name in ("BasicLSTMCell", "LSTMCell"))
_STACKS = tuple(home + "MultiRNNCell" for home in HOMES)
# The cells of which a state is one tensor.
_STACKED = tuple(home + name for home in HOMES for name in ("GRUCell", "BasicRNNCell"))
_WRAPPERS = tuple(home + "DropoutWrapper" for home in HOMES)
_UNROLLED = ("tf.nn.dynamic_rnn", "tf.nn.static_rnn", "tf.contrib.rnn.static_rnn")


def tuple_states(program: Program, options: Options) -> Outcome:
    """The edits that make such states pairs; none for a cell that is used in other ways."""
    if "state_is_tuple" not in program.text:
        return Outcome()
    edits = [edit for node in program.nodes if isinstance(node, ast.Assign) for edit in _edits(program, node)]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _edits(program: Program, made: ast.Assign) -> list[Edit]:
    match made:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute() as function) as call):
            pass
        case _:
            return []
    told = next((k.value for k in call.keywords if k.arg == "state_is_tuple"), None)
    single = isinstance(told, ast.Constant) and told.value is False
    if not single or any(k.arg == "num_proj" for k in call.keywords):
        return []
    symbol = program.names.symbol(function)
    number = _number(program, call) if symbol in _STACKS else None
    if symbol not in _CELLS and number is None:
        return []
    tf = tensorflow_name(program.names)
    assert told is not None
    pair = f"{program.segment(function.value)}.LSTMStateTuple(*{tf}.split({{}}, 2, 1))"
    parts = f"{tf}.split({{}}, {number}, 1)" if number is not None else pair
    edits = [Edit(program.span(told), "True")]
    around = walk(scope_of(program, made))
    for node in [n for n in around if isinstance(n, ast.Name) and n.id == name and n is not made.targets[0]]:
        if _is_zero_state(program, node) or _is_wrapped(program, node):
            continue
        found = list(_unrolled(program, node, tf, parts)) if isinstance(node.ctx, ast.Load) else []
        if not found:
            return []
        edits += found
    return edits if len(edits) > 1 else []


def _is_zero_state(program: Program, cell: ast.Name) -> bool:
    """Whether a cell is asked for its state of zeros, of which nothing is used but that a cell starts from it."""
    function = program.parents[id(cell)]
    call = program.parents[id(function)]
    bound = program.parents.get(id(call))
    match bound:
        case ast.keyword(arg="initial_state"):
            pass
        case ast.Assign(targets=[ast.Name(id=name) as target]):
            reads = [n for n in walk(scope_of(program, bound)) if isinstance(n, ast.Name) and n.id == name]
            others = [n for n in reads if n is not target]
            if not all(getattr(program.parents[id(n)], "arg", "") == "initial_state" for n in others):
                return False
        case _:
            return False
    return isinstance(call, ast.Call) and isinstance(function, ast.Attribute) and function.attr == "zero_state"


def _zeros(program: Program, given: ast.expr) -> bool:
    """Whether a first state is a cell's state of zeros."""
    if isinstance(given, ast.Name):
        bound = [n.value for n in program.each(ast.Assign) if ast.unparse(n.targets[0]) == given.id]
        return len(bound) == 1 and not isinstance(bound[0], ast.Name) and _zeros(program, bound[0])
    return isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr == "zero_state"


def _is_wrapped(program: Program, cell: ast.Name) -> bool:
    """Whether a cell is given dropout under the name that it has."""
    statement = statement_of(program, cell)
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function, args=[ast.Name(id=wrapped), *_])):
            return name == wrapped == cell.id and program.names.symbol(function) in _WRAPPERS
    return False


def _number(program: Program, stack: ast.Call) -> str | None:
    """How many cells of one size are stacked, as it is written; None where that is not seen."""
    cells = stack.args[0] if stack.args else None
    seen: set[str] = set()
    while isinstance(cells, ast.Name) and cells.id not in seen:
        seen.add(cells.id)
        cells = _bound(program, cells)
        match cells:
            case ast.ListComp(elt=ast.Call(func=function, args=[ast.Name(id=each), *_]), generators=[only]) if (
                program.names.symbol(function) in _WRAPPERS and ast.unparse(only.target) == each and not only.ifs
            ):
                cells = only.iter
    match cells:
        case ast.ListComp(elt=made, generators=[ast.comprehension(iter=ast.Call(func=ast.Name("range"), args=[many]))]):
            pass
        case ast.BinOp(left=ast.List(elts=[ast.Name() as one]), op=ast.Mult(), right=many):
            made = _bound(program, one) or one
        case _:
            return None
    if not isinstance(many, ast.Name | ast.Attribute | ast.Constant):
        return None
    plain = isinstance(made, ast.Call) and program.names.symbol(made.func) in _STACKED
    return program.segment(many) if plain and not seen & {n.id for n in walk(made) if isinstance(n, ast.Name)} else None


def _bound(program: Program, name: ast.Name) -> ast.expr | None:
    """What a name is bound to, where that is once."""
    stores = [n for n in program.each(ast.Name) if n.id == name.id and isinstance(n.ctx, ast.Store)]
    bound = program.parents[id(stores[0])] if len(stores) == 1 else None
    return bound.value if isinstance(bound, ast.Assign) and bound.targets == stores else None


def _unrolled(program: Program, cell: ast.Name, tf: str, parts: str) -> Iterator[Edit]:
    """The edits where a cell is unrolled: its first state, and its last one."""
    above = program.parents[id(cell)]
    call = program.parents[id(above)] if isinstance(above, ast.keyword) and above.arg == "cell" else above
    statement = program.parents.get(id(call))
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name() | ast.Attribute() as state])], value=value):
            pass
        case _:
            return
    if value is not call or not isinstance(call, ast.Call) or program.names.symbol(call.func) not in _UNROLLED:
        return
    begin, end = program.span(statement).start, program.span(statement).end
    line = program.lines[statement.lineno - 1][: statement.col_offset]
    rest = program.text[end:].split("\n", 1)[0]
    if line.strip() or rest.lstrip().startswith(";") or len(call.args) > 2 or begin >= end:
        return
    kept = program.segment(state)
    yield Edit(Span(end + len(rest), end + len(rest)), f"\n{program.indent(statement)}{kept} = {tf}.concat({kept}, 1)")
    first = next((k.value for k in call.keywords if k.arg == "initial_state"), None)
    if first is not None and not _zeros(program, first):
        yield Edit(program.span(first), parts.format(program.segment(first)))


__all__ = ["tuple_states"]
