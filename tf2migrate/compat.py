"""`--target compat`: sessions stay, and TensorFlow 1's names are those of `tf.compat.v1`."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tf2migrate.facts.names import canonical, is_internal
from tf2migrate.facts.program import Program
from tf2migrate.imports import rewritten
from tf2migrate.leftovers import importable, imported
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.records import in_tf2, tf1_symbols
from tf2migrate.rewrites.hparams import hparams
from tf2migrate.rewrites.mnist import mnist_input_data
from tf2migrate.rewrites.places import finding, line_of, words
from tf2migrate.rulebook import rules_folder
from tf2migrate.selfcheck import unbound
from tf2migrate.statements import Blocks
from tf2migrate.symbols import advice

Import = ast.Import | ast.ImportFrom

V1 = "tensorflow.compat.v1"
_OFF = "disable_v2_behavior()"
#: What cannot be imported by its path below tensorflow.compat.v1, though it is a name there.
_NO_PATH = ("tensorflow.compat", "tensorflow.keras", "tensorflow.flags", "tensorflow.app.flags")
_MOVED = "--fix writes that."
_KERAS2 = (
    "It needs Keras 2: `pip install tf-keras`, and set TF_USE_LEGACY_KERAS=1 in the environment before TensorFlow is "
    "imported."
)


def needed(program: Program, options: Options) -> Outcome:
    """The rewrites that a program with sessions needs as well: what they replace is nowhere in TensorFlow 2."""
    outcomes = [rule(program, options) for rule in (mnist_input_data, hparams)]
    return Outcome(tuple(e for o in outcomes for e in o.edits), tuple(f for o in outcomes for f in o.findings))


def compat(program: Program, options: Options) -> Outcome:
    """Edits that put `tensorflow.compat.v1` in the place of `tensorflow`; findings for what it lacks."""
    ours = _Compat(program)
    return Outcome(tuple(sorted(ours.edits())), tuple(sorted(set(ours.findings()))))


def in_compat(symbol: str) -> bool:
    """Whether TensorFlow 2 has a symbol of TensorFlow 1 under `tf.compat.v1`, with Keras 3.

    TensorFlow's private modules are taken to be there.
    """
    parts = symbol.split(".")
    prefixes = [".".join(parts[:end]) for end in range(len(parts), 1, -1)]
    if parts[1:2] in (["contrib"], ["examples"]) or any({p, p + "."} & _gone() for p in prefixes):
        return False
    if in_tf2(symbol) or parts[1:2] in (["python"], ["compat"]):
        return True
    known = tf1_symbols()
    for prefix in prefixes:
        if prefix + "." in known:
            return prefix == symbol
        if prefix in known:
            return True
    return False


@cache
def _gone() -> frozenset[str]:
    return frozenset((rules_folder() / "renames" / "compat_gone.txt").read_text(encoding="utf-8").split())


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((rules_folder() / "renames" / "compat.toml").read_text(encoding="utf-8"))


class _Compat:
    """What becomes of each import and of each name.

    A program that has `tf.compat.v1` already was ported by somebody: its `tensorflow` means TensorFlow 2, and only
    single names of it move.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.names = program, program.names
        self.uses = program.uses
        self.ported = any(imported(n, a).startswith(V1) for n in self.names.imports for a in n.names) or any(
            (self.names.raw(node) or "").startswith(V1) for node, _ in self.uses
        )
        self.tf = self._tensorflow()
        self.renamed = {id(node): new for node in program.nodes if (new := self._new_name(node))}
        inside = {id(n) for node in program.nodes if id(node) in self.renamed for n in ast.walk(node)}
        self.read = {n.id for n in program.each(ast.Name) if id(n) not in inside}
        self.imports = {id(node): self._import(node) for node in self.names.imports}

    def edits(self) -> Iterator[Edit]:
        """The edits of the names, of the imports, and the line that switches TensorFlow 2's behaviour off."""
        for node in self.program.nodes:
            if id(node) in self.renamed and isinstance(node, ast.expr):
                yield Edit(self.program.span(node), self.renamed[id(node)])
        yield from self._switch()
        yield from Blocks(self.program, self._text).edits(self.program.tree.body, sole=False)

    def findings(self) -> Iterator[Finding]:
        """What is said: the imports that change, and each use of what is not there."""
        for node in self.names.imports:
            text = self.imports[id(node)]
            if text != self.program.segment(node) and text is not None:
                message = "tensorflow has no sessions any more; tensorflow.compat.v1 has"
                yield finding(self.program, node, "TFM111", message, _MOVED, fixable=True)
            for alias in node.names if text is not None else ():
                path = imported(node, alias).removesuffix(".*")
                if not self._importable(node, path):
                    yield self._missing(node, canonical(path))
        whole = {id(n.func) for n in self.program.each(ast.Call) if id(n) in self.renamed}
        for expression, symbol in self.uses:
            if id(expression) in self.renamed or id(expression) in whole:
                message = f"{symbol} has another name in tf.compat.v1"
                yield finding(self.program, expression, "TFM113", message, _MOVED, fixable=True)
                new = _table()["becomes"].get(symbol, symbol)
                if new != symbol and not in_compat(new):
                    yield self._missing(expression, new)
            elif self._lacks(expression, symbol):
                yield self._missing(expression, symbol)
        yield from self._unseen()

    def _importable(self, node: Import, path: str) -> bool:
        """Whether an import finds a path where the import stands after the rewrite."""
        if path == "tensorflow" or path.startswith(V1) or V1 in (self.imports[id(node)] or ""):
            return not path.startswith("tensorflow") or in_compat(canonical(path))
        return importable(path)

    def _lacks(self, expression: ast.expr, symbol: str) -> bool:
        """Whether a use is of a name that is not where the program will look for it."""
        if not symbol.startswith("tf.") or isinstance(getattr(expression, "ctx", None), ast.Store):
            return False
        raw = self.names.raw(expression) or ""
        if is_internal(raw):
            return False
        return not (in_tf2(symbol) if self.ported and not raw.startswith(V1) else in_compat(symbol))

    def _unseen(self) -> Iterator[Finding]:
        """Names that `from tensorflow import *` brought and `tf.compat.v1` lacks, such as `contrib`."""
        stars = {node.module for node in self.names.imports if isinstance(node, ast.ImportFrom) and _is_star(node)}
        names = unbound(self.program) if stars & {"tensorflow", V1} else frozenset()
        for node in self.program.nodes:
            if isinstance(node, ast.Name) and node.id in names:
                symbol = f"tf.{node.id}"
                if {symbol, symbol + "."} & tf1_symbols() and not in_compat(symbol):
                    yield self._missing(node, symbol)

    def _missing(self, node: ast.expr | ast.stmt, symbol: str) -> Finding:
        if symbol.startswith(("tf.layers", "tf.nn.rnn_cell", "tf.keras")):
            return finding(self.program, node, "TFM112", f"{symbol} is not available with Keras 3", _KERAS2)
        what = advice(symbol) or "Write what it did with names that TensorFlow 2 has."
        return finding(self.program, node, "TFM112", f"{symbol} is not in tf.compat.v1 either", what)

    def _tensorflow(self) -> str:
        """How the program calls TensorFlow 1's names everywhere; "" where it has no name for the module."""
        roots = ("tensorflow", V1) if not self.ported else (V1,)
        for node in self.names.imports:
            for alias in node.names if isinstance(node, ast.Import) else ():
                if alias.name in roots and (alias.asname or alias.name == "tensorflow"):
                    return alias.asname or alias.name
        return ""

    def _new_name(self, node: ast.AST) -> str:
        """What stands for a symbol that has another place in `tf.compat.v1`; nothing for any other."""
        if isinstance(node, ast.Call):
            entry = _table()["called"].get(self.names.symbol(node.func))
            known = entry is not None and {k.arg for k in node.keywords} <= set(entry["keywords"])
            if not known or node.args or not self.tf:
                return ""
            tail = self.program.text[self.program.span(node.func).end : self.program.span(node).end]
            return str(self.tf + entry["becomes"].removeprefix("tf") + tail)
        if not isinstance(node, ast.Attribute | ast.Name) or not isinstance(node.ctx, ast.Load):
            return ""
        symbol = self.names.symbol(node) or ""
        new = _table()["becomes"].get(symbol)
        if new and self.tf:
            return str(self.tf + new.removeprefix("tf"))
        return self._ported_name(node) if self.ported and symbol in tf1_symbols() and in_compat(symbol) else ""

    def _ported_name(self, node: ast.Attribute | ast.Name) -> str:
        """`tf.compat.v1.placeholder` for a `tf.placeholder` that was forgotten when the program was ported."""
        raw = self.names.raw(node) or ""
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if raw.startswith(V1) or self.names.raw(root) != "tensorflow" or in_tf2(canonical(raw)):
            return ""
        end = self.program.span(root).end
        return f"{self.program.segment(root)}.compat.v1{self.program.text[end : self.program.span(node).end]}"

    def _switch(self) -> Iterator[Edit]:
        """The call of `disable_v2_behavior` behind the first import that changes, on a line of its own."""
        node = self._first()
        if node is None or line_of(self.program, node) is None:
            return
        end = self.program.text.find("\n", self.program.span(node).end)
        end = len(self.program.text) if end < 0 else end
        yield Edit(Span(end, end), "".join(f"\n{self.program.indent(node)}{line}" for line in self._lines(node)))

    def _first(self) -> Import | None:
        """The import behind which TensorFlow 2's behaviour is switched off: the first whose names move."""
        moved = [n for n in self.names.imports if V1 in (self.imports[id(n)] or "") and V1 not in _path(n)]
        tops = [n for n in moved if n in self.program.tree.body]
        return next(iter(tops or moved), None) if not self.ported else None

    def _lines(self, node: Import) -> list[str]:
        """The call, by the name that an import binds the module to; one that binds none comes with another import."""
        for alias in node.names if isinstance(node, ast.Import) else ():
            if alias.name == "tensorflow":
                return [f"{alias.asname or alias.name}.{_OFF}"]
        name = "tf" if "tf" not in words(self.program) else "tensorflow_v1"
        return [f"import {V1} as {name}", f"{name}.{_OFF}"]

    def _text(self, statement: ast.stmt) -> str | None:
        """The text that stands for a statement; None where nothing does."""
        if not isinstance(statement, Import):
            return self.program.segment(statement)
        text = self.imports[id(statement)]
        if text is not None and statement is self._first() and line_of(self.program, statement) is None:
            return "; ".join([text, *self._lines(statement)])
        return text

    def _import(self, node: Import) -> str | None:
        """The text that stands for an import; None where nothing does."""
        kept = [i for i, alias in enumerate(node.names) if not self._replaced(node, alias)]
        if not kept:
            return None
        segment = self.program.segment(node)
        if isinstance(node, ast.ImportFrom):
            module = self._source(node)
            if _is_star(node):
                return segment.replace(node.module or "", module, 1)
            if module == node.module and len(kept) == len(node.names):
                return segment
            return rewritten(segment, dict.fromkeys(kept, ""), module if module != node.module else "")
        if self.ported or not any(alias.name == "tensorflow" for alias in node.names):
            return segment
        return "import " + ", ".join(_module(alias) for alias in node.names)

    def _source(self, node: ast.ImportFrom) -> str:
        """Where the names of an import come from now."""
        module = node.module or ""
        if node.level or module.split(".")[0] != "tensorflow" or module.startswith((V1, "tensorflow.python")):
            return module
        there = V1 + module.removeprefix("tensorflow")
        if _is_star(node):
            return there if module == "tensorflow" and not self.ported else module
        paths = [canonical(imported(node, alias)) for alias in node.names]
        old = not self.ported or not all(map(in_tf2, paths))
        return there if old and not module.startswith(_NO_PATH) and all(map(in_compat, paths)) else module

    def _replaced(self, node: Import, alias: ast.alias) -> bool:
        """Whether an import of contrib binds a name that only renamed symbols began with."""
        name = alias.asname or alias.name
        contrib = canonical(imported(node, alias)).startswith("tf.contrib")
        return contrib and "." not in name and name not in self.read and bool(self.renamed)


def _is_star(node: ast.ImportFrom) -> bool:
    return node.names[0].name == "*"


def _path(node: Import) -> str:
    return node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name


def _module(alias: ast.alias) -> str:
    """A part of an import statement, with TensorFlow taken from compat.v1."""
    if alias.name == "tensorflow":
        return f"{V1} as {alias.asname or alias.name}"
    return alias.name + (f" as {alias.asname}" if alias.asname else "")
