"""What is left of TensorFlow 1 in a program: nothing of it may stay unsaid."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from tf2migrate.facts.era import GONE_METHODS
from tf2migrate.facts.names import canonical, is_internal
from tf2migrate.facts.program import Program
from tf2migrate.model import Finding
from tf2migrate.records import in_tf2
from tf2migrate.symbols import Verdict, advice, verdict


def leftovers(program: Program) -> tuple[Finding, ...]:
    """Every use of a TensorFlow name that TensorFlow 2 lacks, and every import of one, in the order of the text."""
    found = []
    for node in program.names.imports:
        for alias in node.names:
            path = imported(node, alias)
            if alias.name == "*" and path.startswith("tensorflow."):
                found.append(_star(program, node, path))
            elif not importable(path):
                found.append(_finding(program, node, path, path))
    for expression, symbol in program.uses:
        raw = program.names.raw(expression) or ""
        if not exists(symbol, raw) and not isinstance(getattr(expression, "ctx", None), ast.Store):
            found.append(_finding(program, expression, symbol, raw))
    for method in (n for n in program.each(ast.Attribute) if n.attr in GONE_METHODS):
        if program.names.symbol(method) is None:
            found.append(_finding(program, method, f"the method {method.attr}"))
    return tuple(sorted(found))


def uncalled(program: Program, findings: Sequence[Finding]) -> list[Finding]:
    """Findings that stop a program; those in a function that nothing mentions say so, and what can be done."""
    if not findings:
        return []
    mentioned = {n.id for n in program.each(ast.Name)} | {n.attr for n in program.each(ast.Attribute)}
    mentioned |= {alias.name for node in program.names.imports for alias in node.names}
    found = []
    for finding in findings:
        function = within(program, finding.line)
        if function and function not in mentioned:
            told = f"Nothing calls {function}, so what it is given is not known: take it out, or call it."
            finding = replace(finding, advice=told)
        found.append(finding)
    return found


def within(program: Program, line: int) -> str:
    """The function of the module that a line stands in; nothing for any other line."""
    functions = [f for f in program.tree.body if isinstance(f, ast.FunctionDef)]
    return next((f.name for f in functions if f.lineno <= line <= (f.end_lineno or 0)), "")


def exists(symbol: str, raw: str) -> bool:
    """Whether a symbol, by its canonical name and the path it was imported by, is one that TensorFlow 2 has."""
    if is_internal(raw):
        return True
    if not symbol.startswith("tf."):
        return not raw.startswith(("tensorflow.compat.v1", "tf_slim"))
    return not raw.startswith("tensorflow.compat.v1.") and in_tf2(symbol)


def imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The path of what an import binds: a module, or a module's member."""
    if isinstance(node, ast.Import):
        return alias.name
    return f"{'.' * node.level}{node.module or ''}.{alias.name}"


def importable(path: str) -> bool:
    """Whether TensorFlow 2 can import a path without falling back on TF1; what is not TensorFlow's always can be.

    TensorFlow's private modules are taken to be there: what they hold is told by its use.
    """
    if path.startswith("tensorflow.compat.v1"):
        return False
    if not path.startswith("tensorflow.") or path.startswith("tensorflow.python") or is_internal(path):
        return True
    return in_tf2("tf" + path.removeprefix("tensorflow"))


def _finding(program: Program, node: ast.expr | ast.stmt, name: str, raw: str = "") -> Finding:
    line, column = program.position(program.span(node).start)
    return Finding(line, column, "TFM199", _message(name, raw), _advice(canonical(name)))


def _message(name: str, raw: str) -> str:
    """What is wrong with a name; what TensorFlow 2 has without wanting it to be used is not said to be missing."""
    symbol = canonical(raw)
    if raw.startswith("tensorflow.compat.v1") and (name == raw or in_tf2(symbol)):
        written = raw if raw == name else raw.replace("tensorflow", "tf", 1)
        there = symbol != "tf" and in_tf2(symbol)
        return f"{written} is TensorFlow 1's" + (f": TensorFlow 2 has {symbol}" if there else "")
    if raw.startswith("tensorflow.python.") and name.startswith("tf.python."):
        return f"{raw} is TensorFlow's own, and none of the names of TensorFlow 2"
    return f"{name} does not exist in TensorFlow 2"


def _advice(symbol: str) -> str:
    if verdict(symbol) is Verdict.LIFTING:
        return "It goes with the session that runs it; by itself it cannot be rewritten."
    return advice(symbol) or "Write what it did with TensorFlow 2's own names."


def _star(program: Program, node: ast.stmt, path: str) -> Finding:
    line, column = program.position(program.span(node).start)
    return Finding(
        line,
        column,
        "TFM199",
        f"{path} leaves open which names of the program are TensorFlow's",
        "Import what the program uses by name, or write `import tensorflow as tf`; then run the tool again.",
    )
