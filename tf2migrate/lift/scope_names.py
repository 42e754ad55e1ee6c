"""Ops that are called after the scope they stand in: `tf.nn.relu(x, name=scope)` under `with ... as scope`.

What an op is called matters to those who ask the graph for it by its name. Where nobody does, the argument is left out
before a program is followed, and the name that the scope was bound to is read no more: TensorFlow 2 has no scopes
that the functions of the runs could take it from.
"""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of, statement_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Options, Outcome, Span

_SCOPES = ("tf.name_scope", "tf.variable_scope", "tf.op_scope", "tf.variable_op_scope")
#: What is called so there is found by that name later, or names variables.
_NAMED = (
    *("tf.Variable", "tf.get_variable", "tf.get_local_variable", "tf.placeholder", "tf.sparse_placeholder"),
    *("tf.layers.", "tf.contrib.", "tf.keras.", "tf.summary.", "tf.train.", "tf.metrics.", "tf.estimator."),
    *("tf.nn.rnn_cell.", "tf.data.", "tf.make_template", *_SCOPES),
)
#: A program that says one of these may ask for ops by their names.
_ASKS = ("get_tensor_by_name", "get_operation", "output_node_names", "convert_variables_to_constants", "as_graph_def")


def scope_names(program: Program, options: Options) -> Outcome:
    """The edits that leave such names out; none where the program may ask for an op by its name."""
    if "scope" not in program.text or any(word in program.text for word in _ASKS):
        return Outcome()
    found = [(call, k) for call in program.each(ast.Call) for k in call.keywords if _is_after_scope(program, call, k)]
    if not found or _reads_names(program):
        return Outcome()
    edits = [edit for call, keyword in found if (edit := _without(program, call, keyword)) is not None]
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _is_after_scope(program: Program, call: ast.Call, keyword: ast.keyword) -> bool:
    """Whether an op is named by the scope that a `with` has bound, or by that and more text."""
    symbol = program.names.symbol(call.func) or ""
    if keyword.arg != "name" or not symbol.startswith("tf.") or symbol.startswith(_NAMED):
        return False
    terms = list(_terms(keyword.value))
    return any(_is_scope(program, term) for term in terms) and all(
        isinstance(term, ast.Constant) or _is_scope(program, term) for term in terms
    )


def _terms(node: ast.expr) -> list[ast.expr]:
    """What a text is put together of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_terms(node.left), *_terms(node.right)]
    return [node]


def _is_scope(program: Program, node: ast.expr) -> bool:
    """Whether this is the name that a `with` binds to a scope and nothing binds otherwise, or that scope's name."""
    if isinstance(node, ast.Attribute) and node.attr in ("name", "original_name_scope"):
        node = node.value
    if not isinstance(node, ast.Name):
        return False
    own = scope_of(program, statement_of(program, node))
    bound = stores(program, node.id, own)
    return bool(bound) and all(_is_bound_by_scope(program, store) for store in bound)


def _is_bound_by_scope(program: Program, store: ast.Name) -> bool:
    item = program.parents.get(id(store))
    opened = item.context_expr if isinstance(item, ast.withitem) else None
    return isinstance(opened, ast.Call) and program.names.symbol(opened.func) in _SCOPES


def _reads_names(program: Program) -> bool:
    """Whether the program reads a name that may be an op's: of anything but a scope, or a variable in a loop."""
    loops = [n for n in program.nodes if isinstance(n, ast.comprehension | ast.For)]
    looped = {n.id for loop in loops for n in walk(loop.target) if isinstance(n, ast.Name)}
    return any(
        node.attr == "name"
        and not _is_scope(program, node)
        and not (isinstance(node.value, ast.Name) and node.value.id in looped)
        for node in program.each(ast.Attribute)
    )


def _without(program: Program, call: ast.Call, keyword: ast.keyword) -> Edit | None:
    """The edit that takes an argument away, with the comma before it."""
    given = [*map(program.span, call.args), *map(program.span, call.keywords)]
    own = program.span(keyword)
    before = max((span.end for span in given if span.end <= own.start), default=None)
    if before is None:
        return None
    between = program.text[before : own.start]
    if "#" in between or "," not in between:
        return None
    return Edit(Span(before + between.rindex(","), own.end), "")
