"""`h = batch_normalization(h) if bn else h` in a helper function, as the `if` statement that it stands for.

A branch makes its layers and variables where it is taken, and then only; of an expression's two sides both would be
made. What a function returns, or binds to a name, is looked at; in functions that begin a session, or keep what they
build as attributes, the graph stands for itself.
"""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.layer_kinds import KINDS
from tf2migrate.lift.makers import makes
from tf2migrate.model import Edit, Options, Outcome

_MAKING = frozenset((*KINDS, "tf.Variable", "tf.get_variable"))
_STEP = "    "


def chosen_layers(program: Program, options: Options) -> Outcome:
    """The edits that make statements of such expressions."""
    chosen = [n for n in program.each(ast.IfExp) if isinstance(program.parents.get(id(n)), ast.Assign | ast.Return)]
    edits = []
    for node in chosen:
        statement = program.parents[id(node)]
        assert isinstance(statement, ast.Assign | ast.Return)
        made = any(makes(program, arm, _is_made) for arm in (node.body, node.orelse))
        if made and _is_helper(program, statement) and (text := _text(program, statement, node)):
            edits.append(Edit(program.span(statement), text))
    return Outcome(tuple(edits) if edits and fits(edits, program.cuts) else ())


def _is_made(symbol: str) -> bool:
    return symbol in _MAKING


def _is_helper(program: Program, statement: ast.stmt) -> bool:
    """Whether a statement stands in a function that computes something of what it is given."""
    scope = scope_of(program, statement)
    if not isinstance(scope, ast.FunctionDef) or scope.name.startswith("__") or not scope.args.args:
        return False
    inside = list(walk(scope))
    if any(isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load) for n in inside):
        return False
    if any(isinstance(n, ast.Attribute) and (program.names.symbol(n) or "").endswith("Session") for n in inside):
        return False
    return any(isinstance(n, ast.Return) and n.value is not None for n in inside)


def _text(program: Program, statement: ast.Assign | ast.Return, node: ast.IfExp) -> str:
    """The statement that is written; nothing where a side stands on several lines, or the statement not on its own."""
    lines = [program.segment(part) for part in (node.test, node.body, node.orelse)]
    line = program.lines[statement.lineno - 1]
    alone = line[: statement.col_offset].isspace() and statement.lineno == statement.end_lineno and ";" not in line
    if not alone or any("\n" in text for text in lines):
        return ""
    test, body, other = lines
    indent = line[: statement.col_offset]
    match statement:
        case ast.Return():
            return f"if {test}:\n{indent}{_STEP}return {body}\n{indent}return {other}"
        case ast.Assign(targets=[ast.Name(id=name)]):
            whole = f"if {test}:\n{indent}{_STEP}{name} = {body}"
            return whole if other == name else f"{whole}\n{indent}else:\n{indent}{_STEP}{name} = {other}"
    return ""


__all__ = ["chosen_layers"]
