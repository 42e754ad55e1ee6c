"""A user's own rules (`extra-rules`): what a company's wrappers became, in the format of rules/renames/."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tf2migrate.facts.names import ROOTS, Names, symbols
from tf2migrate.facts.program import Program
from tf2migrate.imports import first_import, rewritten
from tf2migrate.leftovers import imported
from tf2migrate.lines import moved
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.records import Record, extra_records, extra_roots
from tf2migrate.renames import Refused, Upgrader
from tf2migrate.statements import Blocks
from tf2migrate.suppress import Suppressions, selected

CODE = "TFM150"


def wrapped(program: Program, options: Options) -> Outcome:
    """Edits for the symbols that the user has a record of: every use of a symbol in the program, or none."""
    if not options.extra_rules or not selected(CODE, options):
        return Outcome()
    table = extra_records(options.extra_rules)
    names = Names(program.tree, {*ROOTS, *extra_roots(options.extra_rules)})
    uses = list(_uses(program, names, table))
    said = Suppressions.of(program.first.text)
    stay = {symbol: f"line {node.lineno} is not to be fixed" for node, symbol in uses if said.cover(node.lineno, CODE)}
    findings: set[Finding] = set()
    while True:
        walk = _Walk(program, {s: r for s, r in table.items() if s not in stay}, names)
        for statement in program.tree.body:
            walk.visit(statement)
        if not walk.refused:
            break
        stay |= walk.refused
        findings |= set(walk.findings)
    told = {(f.line, f.column) for f in findings}
    for node, symbol in uses:
        finding = _finding(program, node, table[symbol], stay.get(symbol))
        if (finding.line, finding.column) not in told:
            findings.add(finding)
    edits = (*walk.edits, *_imports(program, walk, names))
    shown = [f for f in sorted(findings) if not said.cover(f.line, CODE)]
    return Outcome(tuple(sorted(edits)), tuple(moved(shown, program.text, program.first.text)))


def _uses(program: Program, names: Names, table: Mapping[str, Record]) -> Iterator[tuple[ast.expr, str]]:
    """Where the program has a symbol by its own name, in a form that a record is about."""
    calls = {id(node.func): node for node in program.each(ast.Call)}
    own = {alias.asname or alias.name.split(".")[0] for node in names.imports for alias in node.names}
    for node, symbol in symbols(names, program.tree):
        by_name = not isinstance(node, ast.Name) or (isinstance(node.ctx, ast.Load) and node.id in own)
        if symbol in table and by_name and _is_old(calls.get(id(node)), table[symbol]):
            yield node, symbol


def _is_old(call: ast.Call | None, record: Record) -> bool:
    """Whether a use is of the old form: always, unless only arguments changed; then, where one of those is given."""
    if record.becomes != record.symbol:
        return True
    if call is None:
        return not record.is_value
    changed = {*record.rename, *record.drop, *record.only, *record.convert}
    behind = record.params[record.positional : len(call.args)]
    return any(keyword.arg in changed for keyword in call.keywords) or bool(behind)


def _finding(program: Program, node: ast.expr, record: Record, stays: str | None) -> Finding:
    span = program.span(node)
    (line, column), (end_line, end_column) = program.position(span.start), program.position(span.end)
    new = record.becomes or "another expression"
    advice = f"It stays: {stays}." if stays else f"Write {new}."
    return Finding(line, column, CODE, f"{record.symbol} is {new} now", advice, not stays, end_line, end_column)


class _Walk(Upgrader):
    """The walk of the renames over the user's records, with a name for each symbol that the program can reach."""

    code = CODE

    def __init__(self, program: Program, table: Mapping[str, Record], names: Names) -> None:
        super().__init__(program, table, names)
        self.needs: dict[str, str] = {}  # imports, by the name that each binds
        self.lines: dict[str, str] = {}  # the import that takes the place of a symbol's
        self.outside: set[str] = set()  # imports for symbols that had none of their own
        self.refused: dict[str, str] = {}
        self.bound = _bound(program)
        self.modules = {a.name for n in names.imports if isinstance(n, ast.Import) for a in n.names}

    def text(self, node: ast.expr) -> str:
        """The new text of an expression; a refused one keeps its symbol everywhere."""
        before = len(self.findings)
        function = node.func if isinstance(node, ast.Call) else node
        symbol = self.names.symbol(function) or ""
        if isinstance(node, ast.Call) and symbol in self.table and not _is_old(node, self.table[symbol]):
            return self.inside(node)
        text = super().text(node)
        if symbol in self.table and any(self._is_at(f, node) for f in self.findings[before:]):
            self.refused[symbol] = f"line {node.lineno} cannot be rewritten"
        return text

    def _is_at(self, finding: Finding, node: ast.expr) -> bool:
        return (finding.line, finding.column) == self.program.position(self.program.span(node).start)

    def _call(self, node: ast.Call, record: Record) -> str:
        if record.advice:
            raise Refused(f"{record.symbol} is not to be used any more", record.advice)
        if any("{tf}" in template for template in (*record.templates, *record.convert.values())):
            self.tf = self._reachable("tf", node)
        return super()._call(node, record)

    def _value(self, node: ast.expr, record: Record) -> str:
        if isinstance(node, ast.Name) and node.id not in self.imported:
            return node.id
        if not record.is_value:
            advice = record.advice or "Call it where its arguments can be seen."
            raise Refused(f"{record.symbol} is handed on, and what it takes has changed", advice)
        return self._named(node, record)

    def _named(self, node: ast.expr, record: Record) -> str:
        if isinstance(node, ast.Name) and node.id not in self.imported:
            return node.id  # a name that the program gave it by assignment means the new one
        text = self._reachable(record.becomes, node)
        if text in self.needs and isinstance(node, ast.Name):
            self.lines[record.symbol] = self.needs[text]
        elif text in self.needs:
            self.outside.add(self.needs[text])
        return text

    def _reachable(self, symbol: str, node: ast.expr) -> str:
        """How the program can call a symbol: by what it imports already, or by an import that it gets."""
        root = node.func if isinstance(node, ast.Call) else node
        while isinstance(root, ast.Attribute):
            root = root.value
        path = self.names.raw(root) or ""
        module, _, name = symbol.rpartition(".")
        imported_so = path in self.modules or "." in path or module in self.modules
        if isinstance(root, ast.Name) and path and symbol.startswith(path + ".") and imported_so:
            return root.id + symbol.removeprefix(path)
        if symbol == "tf" or symbol.startswith("tf."):
            module, name, line = "", "tf", "import tensorflow as tf"
            if self.tf in self.bound:
                return self.tf + symbol.removeprefix("tf")
        else:
            line = f"from {module} import {name}" if module else f"import {name}"
        leaving = {alias for alias, old in self._aliases() if old in self.table}
        if name in self.bound - leaving and self.needs.get(name) != line:
            raise Refused(f"{symbol} cannot be imported: {name} is something else here", "Rename one of the two first.")
        self.needs[name] = line
        return name if symbol != "tf" and line.startswith("from") else symbol

    def _aliases(self) -> Iterator[tuple[str, str]]:
        for node in self.names.imports:
            for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                yield alias.asname or alias.name, imported(node, alias)


def _bound(program: Program) -> set[str]:
    """Every name that the program binds anywhere."""
    found = {n.id for n in program.each(ast.Name) if not isinstance(n.ctx, ast.Load)}
    found |= {n.arg for n in program.each(ast.arg)}
    found |= {n.name for n in program.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return found | {a.asname or a.name.split(".")[0] for n in program.names.imports for a in n.names}


def _imports(program: Program, walk: _Walk, names: Names) -> list[Edit]:
    """The imports of what is used now take the places of those of what is not used any more."""
    reads: dict[str, set[str | None]] = {}
    for node in program.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            reads.setdefault(node.id, set()).add(names.symbol(node))
    gone: dict[int, list[str]] = {}  # what comes for each name of an import that goes
    for node in names.imports:
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            symbol = imported(node, alias)
            if symbol in walk.table and reads.get(alias.asname or alias.name) == {symbol}:
                gone[id(alias)] = [walk.lines[symbol]] if symbol in walk.lines else []

    def text(node: ast.stmt) -> str | None:
        if not isinstance(node, ast.ImportFrom) or not any(id(alias) in gone for alias in node.names):
            return program.segment(node)
        kept = [index for index, alias in enumerate(node.names) if id(alias) not in gone]
        old = [rewritten(program.segment(node), dict.fromkeys(kept, ""), node.module or "")] if kept else []
        new = dict.fromkeys(line for alias in node.names for line in gone.get(id(alias), ()))
        return f"\n{program.indent(node)}".join([*old, *new]) or None

    edits = list(Blocks(program, text).edits(program.tree.body, sole=False))
    placed = {line for lines in gone.values() for line in lines} - walk.outside
    placed |= {line for n in program.tree.body for a in getattr(n, "names", ()) for line in gone.get(id(a), ())}
    lines = [line for line in dict.fromkeys(walk.needs.values()) if line not in placed]
    if lines:
        at = first_import(program)
        there = next((edit for edit in edits if edit.span.start == at), None)
        edits = [edit for edit in edits if edit is not there]
        span, rest = (there.span, there.text) if there else (Span(at, at), "")
        edits.append(Edit(span, "".join(line + "\n" for line in lines) + rest))
    return edits
