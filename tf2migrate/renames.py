"""Symbols under their TensorFlow 2 names: the same numbers, TF1's defaults written out where today's differ."""

from __future__ import annotations

import ast

import libcst as cst

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.names import symbols
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.records import Record, in_tf2, records


def upgrade(program: Program, options: Options) -> Outcome:
    """Edits for the symbols of a TF1 program that have a record; findings for calls that cannot be rewritten."""
    upgrader = _Upgrader(program)
    for node in program.tree.body:
        upgrader.visit(node)
    return Outcome(tuple(upgrader.edits), tuple(upgrader.findings))


class _Upgrader:
    """One walk: the outermost changed expression is one edit, with what is inside it rewritten first."""

    def __init__(self, program: Program) -> None:
        self.program, self.names = program, program.names
        self.edits: list[Edit] = []
        self.findings: list[Finding] = []
        self.tf = _module_name(program)
        self.data = _data_parameters(program)
        self.run_main = any(symbol == "tf.app.run" for _, symbol in symbols(program.names, program.tree))

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            text = self.text(node)
            if text != self.program.segment(node):
                self.edits.append(Edit(self.program.span(node), text))
            return
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def text(self, node: ast.expr) -> str:
        """The TF2 text of an expression."""
        if isinstance(node, ast.Call):
            found = self._call(node)
            if found is not None:
                return found
        symbol = self.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if symbol is not None and symbol.startswith("tf"):
            return self._name(node, symbol)
        return self.inside(node)

    def inside(self, node: ast.AST, start: int | None = None, end: int | None = None) -> str:
        """A node's text with its parts rewritten."""
        if start is None or end is None:
            assert isinstance(node, ast.expr)
            span = self.program.span(node)
            start, end = span.start, span.end
        pieces, at = [], start
        for span, text in sorted(self._parts(node), key=lambda part: part[0]):
            pieces += [self.program.text[at : span.start], text]
            at = span.end
        return "".join([*pieces, self.program.text[at:end]])

    def _parts(self, node: ast.AST) -> list[tuple[Span, str]]:
        found: list[tuple[Span, str]] = []
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and hasattr(child, "lineno"):
                text = self.text(child)
                if text != self.program.segment(child):
                    found.append((self.program.span(child), text))
            else:
                found += self._parts(child)
        return found

    def _written(self, becomes: str) -> str:
        return self.tf + becomes.removeprefix("tf") if becomes.startswith("tf.") else becomes

    def _name(self, node: ast.expr, symbol: str) -> str:
        own = self.program.segment(node)
        if self._aliased(node) and (isinstance(node, ast.Name) or symbol not in records()):
            return own  # the alias itself is what changes
        for prefix, new in (("tf.app.flags", "flags"), ("tf.flags", "flags"), ("tf.app", "app")):
            if self.run_main and (symbol == prefix or symbol.startswith(prefix + ".")):
                return new + symbol.removeprefix(prefix)
        record = records().get(symbol)
        if record is not None and record.becomes and (record.plain or not record.params or not in_tf2(symbol)):
            if not record.plain and not self._same_parameters(record):
                return own
            return self._written(record.becomes)
        if (
            (self.names.raw(node) or "").startswith("tensorflow.")
            and in_tf2(symbol)
            and not own.startswith(self.tf + ".")
        ):
            return own
        return own

    @staticmethod
    def _same_parameters(record: Record) -> bool:
        return not (record.convert or record.add or record.only)

    def _aliased(self, node: ast.expr) -> bool:
        """Whether the expression starts at a name that the program itself gave by assignment."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        raw = self.names.raw(root) or ""
        return isinstance(root, ast.Name) and raw.startswith("tensorflow.") and root.id not in self._imported()

    def _imported(self) -> set[str]:
        return {a.asname or a.name.split(".")[0] for n in self.names.imports for a in n.names}

    def _call(self, node: ast.Call) -> str | None:
        symbol = self.names.symbol(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else None
        if symbol == "tf.app.run" and not node.args and not node.keywords:
            return "app.run(main)"
        record = records().get(symbol) if symbol else None
        if record is None or record.plain:
            return None
        try:
            bound = bind(node, record.params)
        except Unbound as problem:
            self._say(node, f"the arguments of {symbol} cannot be told: {problem}")
            return None
        for name, value in record.only.items():
            if name in bound and not _equal(bound[name], value):
                self._say(node, f"{symbol} with {name}={self.program.segment(bound[name])} has no form in the tables")
                return None
        for name in bound:
            if name in ("reduction", "label_smoothing", "loss_collection") and name not in record.only:
                self._say(node, f"{symbol} with {name} has no form in the tables")
                return None
        if record.floats and not any(isinstance(n, ast.Constant) and type(n.value) is float for n in ast.walk(node)):
            self._say(
                node, f"{symbol} divides whole numbers in another way than floats, and its operands' type is not seen"
            )
            return None
        if record.template:
            texts = {name: _operand(self.text(value), value) for name, value in bound.items()}
            try:
                return record.template.format(tf=self.tf, **texts)
            except KeyError as missing:
                self._say(node, f"{symbol} without {missing}")
                return None
        return self._changed(node, record)

    def _changed(self, node: ast.Call, record: Record) -> str:
        """A call with its arguments under their new names, formatting and comments kept."""
        start, end = self.program.span(node.func).end, self.program.span(node).end
        inner = self.inside(_Arguments(node), start, end)
        call = cst.parse_expression("f" + inner)
        assert isinstance(call, cst.Call)
        arguments = []
        for index, argument in enumerate(call.args):
            old = argument.keyword.value if argument.keyword else record.params[index]
            if old in record.drop or old in record.only:
                continue
            value = argument.value
            new = record.rename.get(old, old)
            if old in record.convert:
                operand = cst.Module([]).code_for_node(value)
                wrapped = (
                    operand
                    if isinstance(value, cst.Name | cst.Attribute | cst.Call | cst.Integer | cst.Float | cst.Subscript)
                    else f"({operand})"
                )
                new, _, text = record.convert[old].format(**{old: wrapped}).partition("=")
                value = cst.parse_expression(text)
            if old == record.stop_gradient and not self._is_data(node, old, record):
                value = cst.parse_expression(f"{self.tf}.stop_gradient({cst.Module([]).code_for_node(value)})")
            keep = argument.keyword is None and index < record.positional
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            changed = (
                argument.with_changes(value=value)
                if keep
                else argument.with_changes(
                    keyword=cst.Name(new), value=value, equal=argument.equal if argument.keyword else equal
                )
            )
            arguments.append(changed)
        given = {
            record.params[i] if k is None else k
            for i, k in [(i, a.keyword.value if a.keyword else None) for i, a in enumerate(call.args)]
        }
        for name, default in record.add.items():
            if name not in given:
                if arguments and not isinstance(arguments[-1].comma, cst.Comma):
                    arguments[-1] = arguments[-1].with_changes(
                        comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
                    )
                arguments.append(
                    cst.Arg(
                        cst.parse_expression(default),
                        cst.Name(name),
                        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
                    )
                )
        if arguments and len(arguments) < len(call.args) and isinstance(arguments[-1].comma, cst.Comma):
            arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        code = cst.Module([]).code_for_node(call.with_changes(args=arguments))
        return self._written(record.becomes) + code.removeprefix("f")

    def _is_data(self, node: ast.Call, name: str, record: Record) -> bool:
        """Whether an argument plainly carries no gradient: a literal, or what a function is fed."""
        bound = bind(node, record.params)
        value = bound[name]
        if isinstance(value, ast.Name):
            return id(value) in self.data
        return isinstance(value, ast.Constant | ast.List)

    def _say(self, node: ast.AST, message: str) -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        self.findings.append(
            Finding(line, column + 1, "TFM990", message, "Rewrite this call by hand, then run the tool again.")
        )


class _Arguments(ast.AST):
    """The arguments of a call without its function, for a walk over them alone."""

    _fields = ("args", "keywords")

    def __init__(self, call: ast.Call) -> None:
        self.args, self.keywords = call.args, call.keywords


def _operand(text: str, node: ast.expr) -> str:
    atom = ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Constant | ast.List | ast.Tuple
    return text if isinstance(node, atom) else f"({text})"


def _equal(node: ast.expr, value: str) -> bool:
    try:
        return bool(ast.literal_eval(node) == ast.literal_eval(value))
    except ValueError:
        return False


def _module_name(program: Program) -> str:
    from tf2migrate.lift.expressions import tensorflow_name

    return tensorflow_name(program.names)


def _data_parameters(program: Program) -> set[int]:
    """The reads of parameters that a traced function is fed: no gradient is taken of what they came from."""
    found: set[int] = set()
    for node in program.nodes:
        if isinstance(node, ast.FunctionDef) and any("input_signature" in ast.unparse(d) for d in node.decorator_list):
            names = {a.arg for a in node.args.args}
            bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            found |= {id(n) for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in names - bound}
    return found
