"""TF1 parsed the command line when a flag was first read; absl does in app.run, or when it is told to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.names import symbols
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Span

_FLAGS = ("tf.app.flags.", "tf.flags.")


def parsing(program: Program) -> tuple[Edit, ...]:
    """The statement that parses the flags, below the last that defines one, where nothing else would in time."""
    defining = [s for s in program.tree.body if any(_is_flag(path, "DEFINE_") for path in _at_import(program, s))]
    if not defining:
        return ()
    runs = any(path == "tf.app.run" for _, path in program.uses)
    early = any(_is_flag(path, "FLAGS.") for s in program.tree.body for path in _at_import(program, s))
    if runs and not early:
        return ()
    end = program.span(defining[-1]).end
    at = program.text.find("\n", end) + 1
    call = "flags.FLAGS(sys.argv, known_only=True)"
    return (Edit(Span(at, at), call + "\n") if at else Edit(Span(end, end), "\n" + call),)


def _is_flag(path: str, start: str) -> bool:
    return any(path.startswith(prefix + start) for prefix in _FLAGS)


def _at_import(program: Program, statement: ast.stmt) -> Iterator[str]:
    """The symbols that a statement of the module reads before any function is called or the program runs."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    if isinstance(statement, ast.If) and "__name__" in program.segment(statement.test):
        return
    for _, path in symbols(program.names, statement):
        yield path
