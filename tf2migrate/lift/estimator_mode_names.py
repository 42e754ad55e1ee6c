"""`tf.estimator.ModeKeys` outside of model functions: input functions and their callers name modes by strings."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.model import Edit, Options, Outcome, Target

#: The strings that they are in TensorFlow 1.
_STRINGS = {"TRAIN": "train", "EVAL": "eval", "PREDICT": "infer"}


def mode_names(program: Program, options: Options) -> Outcome:
    """The edits that put the strings there; model functions, and what these name, are followed as they are."""
    uses = [(node, symbol) for node, symbol in program.uses if symbol.startswith("tf.estimator.ModeKeys.")]
    if not uses or options.target is not Target.NATIVE:
        return Outcome()
    kept = {id(n) for function in _of_models(program) for n in walk(function)}
    quote = '"' if program.text.count('"') > program.text.count("'") else "'"
    strings = [
        (node, _STRINGS.get(symbol.rpartition(".")[2]))
        for node, symbol in uses
        if id(node) not in kept and program.segment(node) == ast.unparse(node)  # not so in an f-string of Python 3.11
    ]
    return Outcome(tuple(Edit(program.span(node), f"{quote}{text}{quote}") for node, text in strings if text))


def _of_models(program: Program) -> list[ast.FunctionDef]:
    """The functions that return specs, and those that they name."""
    functions = {f.name: f for f in program.each(ast.FunctionDef)}
    specs = [node for node, symbol in program.uses if symbol.endswith("EstimatorSpec")]
    inside = {f.name for f in functions.values() if any(n is spec for n in walk(f) for spec in specs)}
    todo = list(inside)
    for name in todo:  # which grows as it is read
        named = {n.id for n in walk(functions[name]) if isinstance(n, ast.Name)} & functions.keys()
        todo += sorted(named - inside)
        inside |= named
    return [functions[name] for name in sorted(inside)]
