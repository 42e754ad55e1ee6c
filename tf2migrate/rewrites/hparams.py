"""TFM202: contrib's HParams, where it is no more than a bag of attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.rewrites import places
from tf2migrate.rewrites.places import finding

CODE = "TFM202"
SYMBOL = "tf.contrib.training.HParams"
METHODS = frozenset(
    [
        "add_hparam",
        "del_hparam",
        "get",
        "get_model_structure",
        "override_from_dict",
        "parse",
        "parse_json",
        "set_from_map",
        "set_hparam",
        "set_model_structure",
        "to_json",
        "to_proto",
        "values",
    ]
)
ADVICE = "Use types.SimpleNamespace, a dataclass or argparse in its place."


def hparams(program: Program, options: Options) -> Outcome:
    """`HParams(a=1)` whose attributes are all that is used is a `types.SimpleNamespace`."""
    if "HParams" not in program.text:
        return Outcome()
    uses = [node for node, path in program.uses if path == SYMBOL]
    if not uses:
        return Outcome()
    parents = program.parents
    for node in uses:
        why = _obstacle(program, node, parents)
        if why:
            return Outcome((), (finding(program, node, CODE, f"tf.contrib is gone, and {why}", ADVICE),))
    last = places.anchor(program)
    lines = Span(0, 0) if last is None else places.line_of(program, last)
    if lines is None:
        return Outcome((), (finding(program, uses[0], CODE, "tf.contrib is gone", ADVICE),))
    types = places.module(program, ("types",), "types", lines.end)
    return Outcome(
        (*_import(lines, types), *(Edit(program.span(node), f"{types.name}.SimpleNamespace") for node in uses)),
        tuple(_findings(program, uses)),
    )


def _import(lines: Span, module: places.Module) -> Iterator[Edit]:
    if module.missing:
        text = f"\n{module.missing}" if lines.end else f"{module.missing}\n"
        yield Edit(Span(lines.end, lines.end), text)


def _findings(program: Program, uses: list[ast.expr]) -> Iterator[Finding]:
    for node in uses:
        yield finding(program, node, CODE, "tf.contrib is gone", "Use types.SimpleNamespace.", fixable=True)


def _obstacle(program: Program, node: ast.expr, parents: dict[int, ast.AST]) -> str:
    """Why a use of HParams needs more than attributes; empty when it does not."""
    call = parents[id(node)]
    if not isinstance(call, ast.Call) or call.func is not node:
        return "HParams is used other than by calling it"
    if call.args or any(keyword.arg is None or keyword.arg in METHODS for keyword in call.keywords):
        return "what HParams is given cannot be seen"
    statement = parents[id(call)]
    if not isinstance(statement, ast.Assign) or [type(target) for target in statement.targets] != [ast.Name]:
        return "where this HParams goes cannot be seen"
    target = statement.targets[0]
    assert isinstance(target, ast.Name)
    for other in program.nodes:
        if isinstance(other, ast.Name) and other.id == target.id and isinstance(other.ctx, ast.Load):
            use = parents[id(other)]
            if not isinstance(use, ast.Attribute):
                return f"{target.id} is used as a whole"
            if use.attr in METHODS:
                return f"{target.id}.{use.attr} is used"
    return ""
