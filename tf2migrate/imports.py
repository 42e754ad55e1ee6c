"""Imports after a rewrite: those left behind go, those of compat.v1 become plain ones, those that are needed come."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import groupby

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.leftovers import importable, imported
from tf2migrate.model import Edit, Outcome, Span
from tf2migrate.records import in_tf2
from tf2migrate.selfcheck import unbound
from tf2migrate.statements import Blocks

#: The names that a rewrite may introduce, in the order in which their imports stand.
_NEEDED = {
    "functools": "import functools",
    "os": "import os",
    "sys": "import sys",
    "types": "import types",
    "app": "from absl import app",
    "flags": "from absl import flags",
    "absl_flags": "from absl import flags as absl_flags",
    "projector": "from tensorboard.plugins import projector",
    "np": "import numpy as np",
    "tf": "import tensorflow as tf",
}

#: Calls that choose between TF1's behaviour and today's; as statements of their own they go.
_SWITCHES = {
    f"tf.{verb}_{what}"
    for verb in ("disable", "enable")
    for what in ("v2_behavior", "eager_execution", "resource_variables", "v2_tensorshape")
}

#: Where a module is imported from today.
_MOVED = {
    "tensorflow.compat.v1": "tensorflow",
    "tensorflow.python.keras": "tensorflow.keras",
    "tensorflow.contrib.tensorboard.plugins": "tensorboard.plugins",
}


def tidy(program: Program, before: Program) -> Outcome:
    """Edits of the imports, and of the aliases given by assignment, that a rewrite of `before` left behind.

    What was unused from the start stays, unless TensorFlow 2 cannot import it.
    """
    statements = _Statements(program, before)
    edits = [*Blocks(program, statements.text).edits(program.tree.body, sole=False)]
    taken = [edit.span for edit in edits]
    edits += [e for e in statements.paths() if not any(t.start <= e.span.start < t.end for t in taken)]
    bound = {alias.asname or alias.name for node in program.names.imports for alias in node.names}
    missing = set(unbound(program) - unbound(before)) | (statements.unbound - bound)
    return Outcome(tuple(sorted(_with_additions(program, edits, missing))))


def _reads(program: Program, without: Iterable[ast.AST] = ()) -> set[str]:
    """The names that a program reads outside of some of its statements; those in `__all__` are read by others."""
    gone = {id(inner) for node in without for inner in walk(node)}
    names = program.each(ast.Name)
    found = {n.id for n in names if not isinstance(n.ctx, ast.Store) and id(n) not in gone}
    for node in program.each(ast.Assign) if "__all__" in program.text else ():
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            found |= {str(n.value) for n in walk(node.value) if isinstance(n, ast.Constant)}
    return found


class _Statements:
    """What becomes of each statement that an import, an alias or a switch of behaviour is."""

    def __init__(self, program: Program, before: Program) -> None:
        self.program = program
        self.unbound: set[str] = set()  # names that an alias of theirs bound, and nothing binds without it
        self.was_used = _reads(before)
        self.needs_v1 = any(
            (program.names.raw(node) or "").startswith("tensorflow.compat.v1.") and not in_tf2(symbol)
            for node, symbol in program.uses
            if symbol not in _SWITCHES
        )
        self._gone: dict[int, ast.stmt] = {}
        self.used = _reads(program)
        while found := [s for s in self._candidates() if id(s) not in self._gone and self._dispensable(s)]:
            self._gone |= {id(statement): statement for statement in found}
            self.used = _reads(program, self._gone.values())

    def paths(self) -> Iterator[Edit]:
        """Edits of `tf.compat.v1` where it is written out: what follows it is in `tf` as well."""
        for node in () if self.needs_v1 else self.program.nodes:
            match node:
                case ast.Attribute(value=ast.Attribute(value=module)):
                    if self.program.names.raw(node) == "tensorflow.compat.v1":
                        yield Edit(self.program.span(node), self.program.segment(module))

    def text(self, node: ast.stmt) -> str | None:
        """The text that stands for a statement; None where nothing does."""
        if id(node) in self._gone:
            return None
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._import(node)
        if isinstance(node, ast.Try) and (collapsed := self._collapsed(node)) is not None:
            return "\n".join(collapsed).replace("\n", "\n" + self.program.indent(node)) or None
        return self.program.segment(node)

    def _candidates(self) -> Iterator[ast.stmt]:
        members = {id(s) for n in self.program.each(ast.ClassDef) for s in n.body}
        for node in (*self.program.each(ast.Assign), *self.program.each(ast.Expr)):
            if id(node) not in members:
                yield node

    def _dispensable(self, node: ast.stmt) -> bool:
        """Whether a statement is a switch of behaviour, or an alias of a symbol that nobody reads any more."""
        names = self.program.names
        match node:
            case ast.Expr(value=ast.Call(func=function)):
                return names.symbol(function) in _SWITCHES
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name(id=value)) if target == value:
                if target in _NEEDED:
                    self.unbound.add(target)
                return target in _NEEDED
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name() | ast.Attribute() as value):
                symbol = names.symbol(value) or ""
                known = (symbol + ".").startswith("tf.") and target not in self.used
                return known and (target in self.was_used or not in_tf2(symbol))
            case _:
                return False

    def _import(self, node: ast.Import | ast.ImportFrom) -> str | None:
        kept = [index for index, alias in enumerate(node.names) if self._stays(node, alias)]
        if not kept:
            return None
        aliases = [node.names[index] for index in kept]
        if isinstance(node, ast.ImportFrom):
            if node.module == "tensorflow.compat" and [a.name for a in aliases] == ["v1"] and not self.needs_v1:
                return f"import tensorflow as {aliases[0].asname or 'v1'}"
            module = self._moved(node.module or "", [imported(node, alias) for alias in aliases])
            if len(kept) == len(node.names) and module == (node.module or ""):
                return self.program.segment(node)
            return rewritten(self.program.segment(node), dict.fromkeys(kept, ""), module)
        paths = {index: self._path(node.names[index]) for index in kept}
        if len(kept) == len(node.names) and all(paths[index] == node.names[index].name for index in kept):
            return self.program.segment(node)
        return rewritten(self.program.segment(node), paths, "")

    def _stays(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
        if alias.name == "*" or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            return True
        name, path = alias.asname or alias.name.split(".")[0], imported(node, alias)
        return name in self.used or (name not in self.was_used and importable(path) and not _private(path))

    def _path(self, alias: ast.alias) -> str:
        """Where a module is imported from; `tensorflow` itself where only that name of the path is bound."""
        if alias.asname is None and not importable(alias.name) and not self.needs_v1:
            return "tensorflow"
        return self._moved(alias.name, [alias.name])

    def _moved(self, module: str, paths: list[str]) -> str:
        for old, new in _MOVED.items():
            if (module + ".").startswith(old + ".") and not (self.needs_v1 and old.endswith("v1")):
                there = [new + path.removeprefix(old) for path in paths]
                return new + module.removeprefix(old) if all(importable(p) for p in there) else module
        return module

    def _collapsed(self, node: ast.Try) -> list[str] | None:
        """The imports that a try statement comes down to which held variants of one import and nothing else."""
        branches = [[*node.body, *node.orelse], *(handler.body for handler in node.handlers)]
        inside = [statement for branch in branches for statement in branch]
        if node.finalbody or not all(map(self._variant, inside)):
            return None
        if all(self.text(s) == self.program.segment(s) for s in inside):
            return None
        for branch in branches:
            imports = [s for s in branch if isinstance(s, ast.Import | ast.ImportFrom)]
            texts = [text for s in imports if (text := self.text(s)) is not None]
            if texts and all(_importable_text(text) for text in texts):
                return texts
        return None if any(self._import_kept(s) for s in inside) else []

    def _import_kept(self, node: ast.stmt) -> bool:
        return isinstance(node, ast.Import | ast.ImportFrom) and self.text(node) is not None

    def _variant(self, node: ast.stmt) -> bool:
        match node:
            case ast.Import() | ast.ImportFrom():
                return all(imported(node, a).split(".")[0] in ("tensorflow", "input_data") for a in node.names)
            case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=None)) | ast.Pass():
                return True
            case _:
                return id(node) in self._gone


def _private(path: str) -> bool:
    """Whether a path leads into TensorFlow's own packages, which each version arranges anew."""
    return path.startswith("tensorflow.python")


def _importable_text(text: str) -> bool:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.Import | ast.ImportFrom)
    return all(importable(imported(node, alias)) for alias in node.names)


def rewritten(segment: str, kept: dict[int, str], module: str) -> str:
    """An import with some of its names only, under the paths given for them, or from a module; its layout stays."""
    import libcst as cst

    line = cst.ensure_type(cst.parse_statement(segment), cst.SimpleStatementLine)
    statement = line.body[0]
    assert isinstance(statement, cst.Import | cst.ImportFrom)
    assert not isinstance(statement.names, cst.ImportStar)
    names = [statement.names[index] for index in kept]
    last, old = names[-1].comma, statement.names[-1].comma
    names[-1] = names[-1].with_changes(comma=old)
    if isinstance(statement, cst.Import):
        names = [n.with_changes(name=cst.parse_expression(kept[i])) for i, n in zip(kept, names, strict=True)]
        return cst.Module([]).code_for_node(statement.with_changes(names=names))
    brace = statement.rpar
    beside = last.whitespace_after if isinstance(last, cst.Comma) and last is not old else None
    if brace and isinstance(beside, cst.ParenthesizedWhitespace):
        # The comment beside the name that is last now stays with it; the one beside the old last name goes.
        after = old.whitespace_after if isinstance(old, cst.Comma) else cst.SimpleWhitespace("")
        if isinstance(old, cst.Comma) and isinstance(after, cst.ParenthesizedWhitespace):
            comma = old.with_changes(whitespace_after=after.with_changes(first_line=beside.first_line))
            names[-1] = names[-1].with_changes(comma=comma)
        elif isinstance(brace.whitespace_before, cst.ParenthesizedWhitespace):
            space = brace.whitespace_before.with_changes(first_line=beside.first_line)
            brace = brace.with_changes(whitespace_before=space)
        elif beside.first_line.comment:
            brace = brace.with_changes(whitespace_before=beside)
    source = cst.parse_expression(module) if module else None
    return cst.Module([]).code_for_node(statement.with_changes(names=names, module=source, rpar=brace))


def _with_additions(program: Program, edits: list[Edit], missing: set[str]) -> list[Edit]:
    """The edits with imports of the missing names: where one of TensorFlow went, or above the first import."""
    lines = [line for name, line in _NEEDED.items() if name in missing]
    if {"app", "flags"} <= missing:
        lines = ["from absl import app, flags" if line.endswith("absl import app") else line for line in lines]
        lines.remove("from absl import flags")
    body = program.tree.body
    freed = {
        program.offset(node.lineno, 0)
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom) and "tensorflow" in program.segment(node)
    }
    places = sorted(edit.span.start for edit in edits if not edit.text and edit.span.start in freed)
    for line in lines:
        at = places[0] if places and line == _NEEDED["tf"] else first_import(program)
        edits.append(Edit(Span(at, at), line + "\n"))
    return _joined(edits)


def _joined(edits: list[Edit]) -> list[Edit]:
    """The edits with the insertions at one place made one, in their order."""
    order = sorted(range(len(edits)), key=lambda i: (edits[i].span, i))
    groups = groupby((edits[i] for i in order), key=lambda edit: edit.span)
    return [Edit(span, "".join(edit.text for edit in group)) for span, group in groups]


def first_import(program: Program) -> int:
    """Where a new import goes: above the first import, or below what must stand above all statements."""
    above = 0
    for node in program.tree.body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if isinstance(node, ast.Import | ast.ImportFrom) and not future and node.lineno > above:
            return program.offset(node.lineno, 0)
        above = node.end_lineno or 0
    head = 0
    for node in program.tree.body:
        doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not doc and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        head = node.end_lineno or 0
    while head < len(program.lines) - 1 and program.lines[head].startswith("#"):
        head += 1
    return program.offset(head + 1, 0) if head < len(program.lines) else len(program.text)
