"""A frozen graph that is read back, written as calls that give elements of it: what is fed into it is a placeholder.

`tf.import_graph_def(graph_def, name="")`, then `graph.get_tensor_by_name("out:0")` and a run that is fed `"in:0"`,
become `tf.graph_util.import_graph_def(graph_def, {"in:0": fed}, ["out:0"])[0]`, an op like any other. A function that
reads the graph returns the `GraphDef`.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import body_of, is_conditional, scope_of, scopes
from tf2migrate.facts.tree import walk
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.lift.frozen_graphs import TENSOR, Access, Import, NotSeen, accesses_of, fed_names, feeds_of, the_import
from tf2migrate.model import Edit, Options, Outcome, Span


def imported_graphs(program: Program, options: Options) -> Outcome:
    """The edits that make elements of an imported graph the results of calls; none where that cannot be seen."""
    if "import_graph_def" not in program.text:
        return Outcome()
    try:
        found = the_import(program)
        accesses = list(accesses_of(found))
        fed = fed_names(program)
        if found.rebound and any(a.statement is not found.statement for a in accesses):
            raise NotSeen
        for access in accesses:
            _read_operations(found, access)
        _map_strings(found)
        _map_named(found, accesses, fed)
        _write(found, accesses)
        _place(found, accesses)
    except (NotSeen, Unbound):
        return Outcome()
    edits = (*found.edits, *_messages(program))
    return Outcome(edits if fits(edits, program.cuts) else ())  # one place may have been two things at once


def _messages(program: Program) -> Iterator[Edit]:
    """`tf.GraphDef`, which TensorFlow 2 has no name for, by the module that has it."""
    uses = [n for n in program.each(ast.Attribute) if program.names.symbol(n) == "tf.GraphDef"]
    imports = [n for n in program.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    near = [n for n in imports if any(alias.name.split(".")[0] == "tensorflow" for alias in n.names)]
    for node in uses:
        yield Edit(program.span(node), "graph_pb2.GraphDef")
    if uses and near and "graph_pb2" not in program.text:
        at = program.span(near[0]).end
        yield Edit(Span(at, at), "\nfrom tensorflow.core.framework import graph_pb2")


# -------------------------------------------------------------------- what becomes of it


def _read_operations(found: Import, access: Access) -> None:
    """Of an operation, its first output is all that is used: it is the element."""
    program = found.program
    if not access.operation:
        return
    if not access.target:
        whole = _output(program, access.node)
        if whole is None:
            raise NotSeen
        return
    for node in program.nodes:
        read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
        if read and isinstance(node, ast.expr) and ast.unparse(node) == access.target:
            output = _output(program, node)
            if output is None:
                raise NotSeen
            found.edits.append(Edit(program.span(output), access.target))


def _output(program: Program, node: ast.expr) -> ast.expr | None:
    """`op.outputs[0]`, where an operation is read so."""
    outputs = program.parents.get(id(node))
    whole = program.parents.get(id(outputs))
    match whole:
        case ast.Subscript(value=ast.Attribute(attr="outputs") as held, slice=ast.Constant(value=0)):
            return whole if held is outputs else None
    return None


def _map_strings(found: Import) -> None:
    """What is fed by the name of a tensor of the graph becomes a placeholder that is mapped to it."""
    program, known = found.program, dict[str, str]()
    for feed in feeds_of(program):
        for key in feed.keys:
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                continue
            if not TENSOR.fullmatch(key.value) or not key.value.startswith(found.prefix):
                raise NotSeen
            inside = key.value.removeprefix(found.prefix)
            if inside not in known:
                known[inside] = _fresh(program, inside, set(known.values()))
                found.entries.append((f'"{inside}"', known[inside]))
                found.at_start.append(found.placeholder(known[inside]))
            found.edits.append(Edit(program.span(key), known[inside]))


def _fresh(program: Program, tensor: str, taken: set[str]) -> str:
    """A name for the placeholder of a tensor."""
    last = re.sub(r"\W+", "_", tensor.split(":")[0].split("/")[-1]).strip("_").lower() or "value"
    name, number = last, 1
    every = program.words | program.names.module_level | taken | set(dir(builtins))
    while name in every or name[0].isdigit():
        name, number = f"fed_{last}" + (f"_{number}" if number > 1 else ""), number + 1
    return name


def _map_named(found: Import, accesses: list[Access], fed: set[str]) -> None:
    """The elements that runs are fed others for are placeholders; each stands before every element that is computed."""
    program = found.program
    given = [a for a in accesses if a.target and a.target in fed]
    rest = [a for a in accesses if a not in given]
    around = {id(scope_of(program, a.statement)) for a in [*given, *rest]}
    for access in given:
        if access.statement is found.statement:
            found.at_start.append(found.placeholder(access.target))
        else:
            found.edits.append(Edit(program.span(access.statement), found.placeholder(access.target)))
            first = min((a.statement.lineno for a in rest), default=access.statement.lineno)
            if len(around) != 1 or is_conditional(program, access.statement):
                raise NotSeen
            if first < access.statement.lineno:
                _move(found, access, rest)
        found.entries.append((access.name, access.target))


def _move(found: Import, access: Access, rest: list[Access]) -> None:
    """A placeholder goes before the first element that is computed of it, where both stand in one block."""
    program = found.program
    first = min((a.statement for a in rest), key=lambda s: s.lineno)
    if program.parents[id(first)] is not program.parents[id(access.statement)]:
        raise NotSeen
    found.edits.pop()
    found.edits.append(Edit(*_gone(program, access.statement, "")))
    at = program.span(first).start
    found.edits.append(Edit(Span(at, at), f"{found.placeholder(access.target)}\n{program.indent(first)}"))


def _write(found: Import, accesses: list[Access]) -> None:
    """The elements that are computed, each by a call; those that stand one after the other by one call."""
    program = found.program
    given = {tensor for _, tensor in found.entries}
    asked = [a for a in accesses if a.target not in given]
    together = [a for a in asked if a.statement is found.statement]
    if together:
        targets = ", ".join(a.target for a in together) + ("," if len(together) == 1 else "")
        found.at_start.append(f"{targets} = {found.element(*(a.name for a in together))}")
    for group in _groups(program, [a for a in asked if a not in together]):
        if len(group) == 1:
            output = _output(program, group[0].node) if group[0].operation and not group[0].target else group[0].node
            assert output is not None
            found.edits.append(Edit(program.span(output), f"{found.element(group[0].name)}[0]"))
            continue
        targets = ", ".join(a.target for a in group)
        whole = f"{targets} = {found.element(*(a.name for a in group))}"
        found.edits.append(Edit(program.span(group[0].statement), whole))
        found.edits += [Edit(*_gone(program, a.statement, "")) for a in group[1:]]


def _groups(program: Program, accesses: list[Access]) -> list[list[Access]]:
    """The accesses, where neighbours that bind names stand together."""
    groups: list[list[Access]] = []
    for access in sorted(accesses, key=lambda a: a.statement.lineno):
        body = body_of(program, access.statement)
        last = groups[-1][-1] if groups else None
        near = last is not None and last.target and access.target and last.statement in body
        if near and last is not None and body.index(access.statement) == body.index(last.statement) + 1:
            start, end = program.span(last.statement).end, program.span(access.statement).start
            if not any(start <= cut <= end for cut in program.cuts):
                groups[-1].append(access)
                continue
        groups.append([access])
    return groups


def _place(found: Import, accesses: list[Access]) -> None:
    """What stands where the graph was imported; a function that only imports it returns the definition of the graph."""
    program, scope = found.program, found.scope
    indent = program.indent(found.statement)
    if all(scope in scopes(program, a.statement) for a in accesses) and (accesses or found.at_start):
        text = f"\n{indent}".join(found.at_start)
        found.edits.append(Edit(*_gone(program, found.statement, text)))
        return
    if not isinstance(scope, ast.FunctionDef) or any(a.statement is found.statement for a in accesses):
        raise NotSeen
    calls = [n for n in program.each(ast.Name) if n.id == scope.name]
    call = program.parents[id(calls[0])] if len(calls) == 1 else None
    statement = program.parents.get(id(call))
    outer = scope_of(program, statement) if isinstance(statement, ast.stmt) else None
    if not isinstance(call, ast.Call) or outer is None or not isinstance(statement, ast.Expr | ast.Assign):
        raise NotSeen
    elsewhere = [n for n in program.each(ast.Name) if n.id == found.graph_def]
    if any(scope_of(program, n) is not scope for n in elsewhere) or is_conditional(program, statement):
        raise NotSeen
    if not all(outer in scopes(program, a.statement) for a in accesses):
        raise NotSeen
    lines = [f"{found.graph_def} = {program.segment(call)}", *found.at_start]
    _return(found, scope, statement, lines)
    found.edits.append(Edit(program.span(statement), f"\n{program.indent(statement)}".join(lines)))


def _return(found: Import, scope: ast.FunctionDef, statement: ast.Expr | ast.Assign, lines: list[str]) -> None:
    """A function that imports a graph into the default one, or into one that it returns, returns what it read."""
    program = found.program
    returns = [n for n in walk(scope) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    if isinstance(statement, ast.Expr):
        if returns:
            raise NotSeen
        returned = f"{program.indent(scope.body[0])}return {found.graph_def}"
        last, (gone, text) = program.span(scope.body[-1]).end, _gone(program, found.statement, "")
        if gone.end < last:
            found.edits += [Edit(gone, text), Edit(Span(last, last), f"\n{returned}")]
        else:  # the import is the last thing that the function does
            ended = "\n" if gone.end > last else ""
            found.edits.append(Edit(gone, f"{text}\n{returned}" if text else f"{returned}{ended}"))
        return
    match returns, statement.targets:
        case [ast.Return(value=ast.Name(id=name)) as last_return], [ast.Name(id=target)]:
            made = [s for s in scope.body if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == name]
        case _:
            raise NotSeen
    graphs = [s for s in made if isinstance(s.value, ast.Call) and program.names.symbol(s.value.func) == "tf.Graph"]
    if last_return is not scope.body[-1] or len(graphs) != 1 or len(made) != 1:
        raise NotSeen
    within = program.parents[id(found.statement)]
    if not isinstance(within, ast.With) or ast.unparse(within.items[0].context_expr) != f"{name}.as_default()":
        raise NotSeen
    if len(within.body) != 1 or len([n for n in walk(scope) if isinstance(n, ast.Name) and n.id == name]) != 3:
        raise NotSeen
    found.edits.append(Edit(*_gone(program, graphs[0], "")))
    found.edits.append(Edit(*_gone(program, within, "")))
    found.edits.append(Edit(program.span(last_return), f"return {found.graph_def}"))
    lines.insert(0, f"{target} = {tensorflow_name(program.names)}.Graph()")


def _gone(program: Program, statement: ast.stmt, text: str) -> tuple[Span, str]:
    """The span and text of a statement that goes: with its line, where others stand beside it in its block."""
    span = program.span(statement)
    if text:
        return span, text
    if len(body_of(program, statement)) == 1:
        return span, "pass"
    start = program.text.rfind("\n", 0, span.start) + 1
    alone = not program.text[start : span.start].strip() and program.text[span.end : span.end + 1] == "\n"
    return (Span(start, span.end + 1), "") if alone else (span, "pass")
