"""Imports after a rewrite: those left behind go, those that are needed now come."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Outcome, Span

_NEEDED = {
    "tf": "import tensorflow as tf",
    "np": "import numpy as np",
    "os": "import os",
    "types": "import types",
}
_GONE_CALLS = {"tf.disable_v2_behavior", "tf.disable_eager_execution", "tf.enable_eager_execution"}


def tidy(program: Program, before: Program) -> Outcome:
    """Imports of TensorFlow 1 modules go; so does one whose name the program read and does not read any more."""
    used, was_used = _read(program), _read(before)
    edits: list[Edit] = []
    bound: set[str] = set()
    for node in program.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [a for a in node.names if _stays(node, a, used, was_used)]
            bound |= {a.asname or a.name.split(".")[0] for a in kept}
            text = _import_text(node, kept)
            if len(kept) < len(node.names) or text is not None:
                edits.append(_edit(program, node, text, kept))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if program.names.symbol(node.value.func) in _GONE_CALLS:
                edits.append(_removal(program, node))
        elif isinstance(node, ast.Name | ast.arg) and not isinstance(getattr(node, "ctx", None), ast.Load):
            bound.add(node.id if isinstance(node, ast.Name) else node.arg)
    missing = [name for name in (*_NEEDED, "app", "flags") if name in used - bound - _builtin(before, name)]
    return Outcome((*edits, *_additions(program, missing)))


def _builtin(before: Program, name: str) -> set[str]:
    """A name that the program read unbound before is not the tool's to bind."""
    bound = {a.asname or a.name.split(".")[0] for n in before.names.imports for a in n.names}
    return {name} if name in _read(before) and name not in bound and name not in ("app", "flags") else set()


def _read(program: Program) -> set[str]:
    return {n.id for n in program.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _stays(node: ast.Import | ast.ImportFrom, alias: ast.alias, used: set[str], was_used: set[str]) -> bool:
    name = alias.asname or alias.name.split(".")[0]
    path = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
    if name in used or alias.name == "*":
        return True
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return True
    gone = path.startswith(("tensorflow.contrib", "tensorflow.examples", "tensorflow.python"))
    return not (name in was_used and path.startswith(("tensorflow", "input_data")) or gone)


def _import_text(node: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str | None:
    """The text of an import of compat.v1 as one of TensorFlow; None for any other."""
    if isinstance(node, ast.Import) and [a.name for a in kept] == ["tensorflow.compat.v1"] and kept[0].asname:
        return f"import tensorflow as {kept[0].asname}"
    if isinstance(node, ast.ImportFrom) and node.module == "tensorflow.compat" and [a.name for a in kept] == ["v1"]:
        return f"import tensorflow as {kept[0].asname or 'v1'}"
    return None


def _edit(program: Program, node: ast.Import | ast.ImportFrom, text: str | None, kept: list[ast.alias]) -> Edit:
    if text is not None:
        return Edit(program.span(node), text)
    if not kept:
        return _removal(program, node)
    names = ", ".join(f"{a.name} as {a.asname}" if a.asname else a.name for a in kept)
    head = "import " if isinstance(node, ast.Import) else f"from {'.' * node.level}{node.module or ''} import "
    return Edit(program.span(node), head + names)


def _removal(program: Program, node: ast.stmt) -> Edit:
    """The statement with its line; `pass` where the block would be empty."""
    span = program.span(node)
    line = program.position(span.start)[0]
    start = program.offset(line, 0)
    end = program.text.find("\n", span.end) + 1 or len(program.text)
    alone = not program.text[start : span.start].strip() and not program.text[span.end : end].strip()
    for parent in program.nodes:
        for body in (getattr(parent, "body", None), getattr(parent, "orelse", None), getattr(parent, "handlers", None)):
            if isinstance(body, list) and body == [node] and not isinstance(parent, ast.Module):
                return Edit(span, "pass")
    return Edit(Span(start, end), "") if alone else Edit(span, "pass")


def _additions(program: Program, missing: list[str]) -> list[Edit]:
    lines = [_NEEDED[name] for name in missing if name in _NEEDED]
    absl = [name for name in missing if name not in _NEEDED]
    if absl:
        lines.insert(0, f"from absl import {', '.join(absl)}")
    if not lines:
        return []
    imports = [n for n in program.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    body = program.tree.body
    first = next((n for n in imports if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")), None)
    if first is None:
        skip = [n for n in body if n in imports or isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)][:1]
        line = (skip[-1].end_lineno or 0) + 1 if skip else 1
    else:
        line = first.lineno
    at = program.offset(line, 0)
    return [Edit(Span(at, at), "".join(text + "\n" for text in lines))]
