"""Statements that do several things at once, as several: what one run needs of them is then told apart from the rest.

`left, right = embed(a), embed(b)` is two statements; `try: init.run()` with a handler for older TensorFlow is one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.closure import closure
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Options, Outcome, Span

_QUEUES = ("tf.train.string_input_producer", "tf.train.slice_input_producer")
_INITIALIZERS = ("tf.global_variables_initializer", "tf.initialize_all_variables")


def written_apart(program: Program, options: Options) -> Outcome:
    """The edits that write such statements apart."""
    own = _building(program)
    edits = [*_tuples(program, own), *_queues(program, own), *_tried(program)]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _building(program: Program) -> set[str]:
    """The names of the functions that call something of TensorFlow's, also by others of the program."""
    functions = [n for n in program.nodes if isinstance(n, ast.FunctionDef)]
    calls = {f: [n for n in walk(f) if isinstance(n, ast.Call)] for f in functions}
    of_graph = [f for f in functions if any((program.names.symbol(c.func) or "").startswith("tf.") for c in calls[f])]
    callers: dict[str, set[str]] = {}
    for function in functions:
        for call in calls[function]:
            callers.setdefault(_called(call), set()).add(function.name)
    return closure((f.name for f in of_graph), callers)


def _tuples(program: Program, own: set[str]) -> Iterator[Edit]:
    """Assignments of several calls of the program's functions to as many names."""
    for node in program.nodes:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                calls = [v for v in values if isinstance(v, ast.Call) and _called(v) in own]
                if len(targets) == len(values) == len(calls) and independent(targets, values):
                    lines = [
                        f"{program.segment(target)} = {program.segment(value)}"
                        for target, value in zip(targets, values, strict=True)
                    ]
                    if alone(program, node):
                        yield Edit(program.span(node), f"\n{program.indent(node)}".join(lines))


def _queues(program: Program, own: set[str]) -> Iterator[Edit]:
    """Queues made in arguments of the program's functions, `read(string_input_producer(names))`."""
    taken = {*program.words, *program.reserved}
    for node in program.each(ast.Assign):
        call = node.value
        if not isinstance(call, ast.Call) or _called(call) not in own or not alone(program, node):
            continue
        given = [*call.args, *(k.value for k in call.keywords)]
        calls = [argument for argument in given if any(isinstance(n, ast.Call) for n in walk(argument))]
        if calls and isinstance(calls[0], ast.Call) and program.names.symbol(calls[0].func) in _QUEUES:
            name = fresh("queue", taken)
            taken.add(name)
            start = program.span(node).start
            made = f"{name} = {program.segment(calls[0])}\n{program.indent(node)}"
            yield from (Edit(Span(start, start), made), Edit(program.span(calls[0]), name))


def _called(call: ast.Call) -> str:
    """The name of what is called: of a function, or of a method of the object itself."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""


def independent(targets: list[ast.expr], values: list[ast.expr]) -> bool:
    """Whether what is bound first is read by none of the values."""
    bound = {ast.unparse(t) for t in targets if isinstance(t, ast.Name | ast.Attribute)}
    read = {ast.unparse(n) for v in values for n in walk(v) if isinstance(n, ast.Name | ast.Attribute)}
    return len(bound) == len(targets) and not bound & read


def alone(program: Program, node: ast.stmt) -> bool:
    """Whether a statement has its lines for itself."""
    before = program.lines[node.lineno - 1][: node.col_offset]
    after = program.text[program.span(node).end :].split("\n", 1)[0]
    return not before.strip() and not after.strip()


def without(program: Program, statement: ast.stmt) -> Edit:
    """The edit that takes a statement out with its line."""
    span = program.span(statement)
    end = program.text.find("\n", span.end) + 1 or len(program.text)
    start = program.text.rfind("\n", 0, span.start) + 1
    return Edit(Span(start, end), "")


def _tried(program: Program) -> Iterator[Edit]:
    """Initializers with a handler that runs another one: what TensorFlow calls the first says which version it is."""
    for node in program.nodes:
        if isinstance(node, ast.Try) and not node.orelse and not node.finalbody and len(node.handlers) == 1:
            handled = node.handlers[0].body
            both = [*node.body, *handled]
            if len(node.body) == len(handled) and all(_initializes(program, statement) for statement in both):
                text = f"\n{program.indent(node)}".join(program.segment(statement) for statement in node.body)
                yield Edit(program.span(node), text)


def _initializes(program: Program, node: ast.stmt) -> bool:
    """Whether a statement makes or runs an initializer of all variables, and does nothing else."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    calls = [n for n in walk(value) if isinstance(n, ast.Call)] if value is not None else []
    made = [c for c in calls if program.names.symbol(c.func) in _INITIALIZERS and not c.args and not c.keywords]
    runs = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "run"]
    single = isinstance(value, ast.Call) and value.end_lineno == value.lineno
    return single and len(made) == 1 and len(calls) == len(made) + len(runs)
