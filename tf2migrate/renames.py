"""Symbols under their TensorFlow 2 names: the same numbers, TF1's defaults written out where today's differ."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from tf2migrate.callform import changed_call, fill, places
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.names import Names
from tf2migrate.facts.numbers import Number, number
from tf2migrate.facts.program import Program
from tf2migrate.facts.shapes import spans
from tf2migrate.facts.tree import children, walk
from tf2migrate.flagparse import parsing
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.records import Record, in_tf2, records

#: Arguments that only name things.
_LABELS = frozenset({"name", "scope"})

#: Functions whose result carries no gradient, and those that carry just what they are given.
_STOPS = frozenset({"tf.one_hot", "tf.stop_gradient", "tf.constant", "tf.zeros", "tf.ones"})
_FILLS = frozenset(
    {"tf.ones", "tf.zeros", "tf.ones_like", "tf.zeros_like", "tf.fill", "tf.sequence_mask", "tf.cast", "tf.to_float"}
)  # what gives the same again, for little
_PASSES = frozenset({"tf.cast", "tf.to_float", "tf.reshape", "tf.squeeze", "tf.expand_dims", "tf.transpose"})

_ADVICE = "Rewrite this call by hand, then run the tool again."


def upgrade(program: Program, options: Options) -> Outcome:
    """Edits for the symbols of a TF1 program that have a record; findings for uses that have no form in TF2."""
    upgrader = Upgrader(program)
    for node in program.tree.body:
        upgrader.visit(node)
    return Outcome((*upgrader.edits, *parsing(program)), tuple(sorted(set(upgrader.findings))))


def old_calls(program: Program) -> Iterator[tuple[ast.Call, str]]:
    """The calls, with their symbol, of what TensorFlow 2 has as well and takes other arguments for."""
    upgrader = Upgrader(program)
    for node in program.each(ast.Call):
        record = upgrader.record(node.func)
        if record and not record.plain and in_tf2(record.symbol) and upgrader.is_old(node, record):
            yield node, record.symbol


class Refused(Exception):
    """A use that cannot be rewritten: what is said of it, and what can be done."""

    def __init__(self, message: str, advice: str = _ADVICE) -> None:
        super().__init__(message)
        self.advice = advice


class Upgrader:
    """One walk: the outermost changed expression is one edit, with what is inside it rewritten first."""

    code = "TFM990"  # of what has no form

    def __init__(self, program: Program, table: Mapping[str, Record] | None = None, names: Names | None = None) -> None:
        self.program, self.names = program, names or program.names
        self.table = records() if table is None else table
        self.edits: list[Edit] = []
        self.findings: list[Finding] = []
        self._changes: dict[int, bool] = {}  # by id
        self.tf = tensorflow_name(program.names)
        self.imported = {a.asname or a.name.split(".")[0] for n in self.names.imports for a in n.names}

    @cached_property
    def data(self) -> set[int]:
        """The reads of what a traced function is fed."""
        return _data_parameters(self.program)

    def changes(self, node: ast.AST) -> bool:
        """Whether something below a node, or the node, has a record: what has none stays as it is."""
        known = self._changes.get(id(node))
        if known is None:
            known = isinstance(node, ast.Name | ast.Attribute) and self.record(node) is not None
            known = known or any(self.changes(child) for child in children(node))
            self._changes[id(node)] = known
        return known

    def visit(self, node: ast.AST) -> None:
        """Adds the edits of a statement, or of an expression as a whole."""
        if not self.changes(node):
            return
        if isinstance(node, ast.expr):
            text = self.text(node)
            if text != self.program.segment(node):
                self.edits.append(Edit(self.program.span(node), text))
            return
        for child in children(node):
            self.visit(child)

    def text(self, node: ast.expr) -> str:
        """The TF2 text of an expression."""
        try:
            if isinstance(node, ast.Call) and (record := self.record(node.func)) and not record.plain:
                if record.needs and any(keyword.arg == record.needs for keyword in node.keywords):
                    return self.inside(_Arguments(node), self.program.span(node))
                return self._call(node, record)
            if isinstance(node, ast.Name | ast.Attribute) and (record := self.record(node)):
                return self._value(node, record)
        except Refused as problem:
            self._say(node, str(problem), problem.advice)
            if isinstance(node, ast.Call):
                return self.inside(_Arguments(node), self.program.span(node))
        return self.inside(node)

    def is_old(self, node: ast.Call, record: Record) -> bool:
        """Whether a call itself changes, whatever becomes of its parts."""
        if record.needs and any(keyword.arg == record.needs for keyword in node.keywords):
            return False
        try:
            if record.is_mapped:
                record = _as_written(node, record)
                bound = bind(node, record.params)
                changed = self._stops(record, bound) or not record.keeps(len(node.args), bound)
                return changed or self._named(node.func, record) != self.program.segment(node.func)
            return self._call(node, record) != self.inside(_Arguments(node), self.program.span(node))
        except (Refused, Unbound):
            return True

    def inside(self, node: ast.AST, span: Span | None = None) -> str:
        """A node's text, or that of a span of it, with its parts rewritten."""
        if span is None:
            assert isinstance(node, ast.expr)
            span = self.program.span(node)
        pieces, at = [], span.start
        for part, text in sorted(self._parts(node)):
            pieces += [self.program.text[at : part.start], text]
            at = part.end
        return "".join([*pieces, self.program.text[at : span.end]])

    def _parts(self, node: ast.AST) -> list[tuple[Span, str]]:
        found: list[tuple[Span, str]] = []
        for child in children(node):
            if not self.changes(child):
                continue
            if not isinstance(child, ast.expr) or isinstance(child, ast.JoinedStr | ast.FormattedValue):
                found += self._parts(child)
                continue
            if isinstance(node, ast.FormattedValue) and not self._is_placed(child):
                continue
            text, old = self.text(child), self.program.segment(child)
            if isinstance(node, ast.FormattedValue) and any(text.count(q) > old.count(q) for q in "'\"\n"):
                self._say(child, "an expression inside an f-string would need quotes of its own", "Take it out first.")
            elif text != old:
                found.append((self.program.span(child), text))
        return found

    def _is_placed(self, node: ast.expr) -> bool:
        """Whether an expression inside an f-string stands where its positions say (before 3.12 not all do)."""
        try:
            written = ast.parse(f"({self.program.segment(node)})", mode="eval").body
            if ast.dump(written) == ast.dump(node):
                return True
        except (SyntaxError, IndexError):
            pass
        if any(record for n in walk(node) if isinstance(n, ast.expr) and (record := self.record(n))):
            self._say(node, "a changed expression inside an f-string cannot be located", "Take it out first.")
        return False

    def _say(self, node: ast.expr, message: str, advice: str) -> None:
        line, column = self.program.position(self.program.span(node).start)
        self.findings.append(Finding(line, column, self.code, message, advice))

    def record(self, node: ast.expr) -> Record | None:
        symbol = self.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
        return self.table.get(symbol) if symbol else None

    def _named(self, node: ast.expr, record: Record) -> str:
        """The new name of a symbol; a name that the program gave it by assignment stays, and means the new one."""
        if isinstance(node, ast.Name) and node.id not in self.imported:
            return node.id
        if record.becomes == record.symbol:
            return self.program.segment(node)
        new = record.becomes
        return self.tf + new.removeprefix("tf") if new.startswith("tf.") else new

    def _value(self, node: ast.expr, record: Record) -> str:
        """A symbol that is not called here."""
        aliased = isinstance(node, ast.Name) and (node.id not in self.imported or not isinstance(node.ctx, ast.Load))
        if aliased:
            return self.program.segment(node)
        if not record.is_value:
            if not in_tf2(record.symbol):
                return self.program.segment(node)  # a name that is gone is told of in any case
            raise Refused(
                f"{record.symbol} is handed on, and what it does when called has changed",
                record.advice or "Call it where its arguments can be seen.",
            )
        return self._named(node, record)

    def _call(self, node: ast.Call, record: Record) -> str:
        """A call of a symbol whose arguments changed."""
        symbol = record.symbol
        record = _as_written(node, record)
        if record.advice:
            raise Refused(f"{symbol} has no form in TensorFlow 2 that computes the same", record.advice)
        if symbol == "tf.app.run" and not node.args and not node.keywords:
            return "app.run(main)"
        others = [k.arg for k in node.keywords if k.arg and k.arg not in record.params] if record.others else []
        try:
            bound = bind(node, [*record.params, *others])
        except Unbound as problem:
            raise Refused(f"the arguments of {symbol} cannot be told apart: {problem}") from None
        for key in record.variants:
            name, _, value = key.partition("=")
            if name in bound and self._equal(bound[name], value):
                return self._call(node, record.variant(key))
        if record.whole_numbers:
            return self._call(node, self._by_number(record, bound))
        self._check(record, bound)
        span = Span(self.program.span(node.func).end, self.program.span(node).end)
        arguments = self.inside(_Arguments(node), span)
        arguments = arguments[arguments.index("(") :]  # what stands before it can only be white space
        if record.spans and spans(
            bound[record.spans], [v for n, v in bound.items() if n != record.spans], self.program
        ):
            return self._named(node.func, record) + arguments
        if record.templates:
            return self._filled(record, bound)
        text = self._named(node.func, record) + arguments
        stops = self._stops(record, bound)
        if stops or not record.keeps(len(node.args), bound):
            text = changed_call(self._named(node.func, record), arguments, record, self.tf, stops)
        if record.boxed and self._is_box(bound.get(record.boxed)):
            return f"[{text}]"
        return f"{text}[0]" if record.lone and self._is_lone(record, bound) else text

    def _by_number(self, record: Record, bound: Mapping[str, ast.expr]) -> Record:
        """What a record is for the kind of numbers that its operands are. Raises `Refused` where that is not seen."""
        kinds = [number(bound[name], self.program) for name in record.params[:2] if name in bound]
        if Number.FLOAT in kinds:
            return replace(record, whole_numbers="")
        if Number.WHOLE in kinds or all(kind is Number.LITERAL for kind in kinds):
            return replace(record, whole_numbers="", becomes=record.whole_numbers)
        raise Refused(
            f"{record.symbol} drops the fraction of whole numbers, and its operands' type is not seen",
            "Write tf.math.floordiv for whole numbers, tf.divide for floats.",
        )

    def _check(self, record: Record, bound: Mapping[str, ast.expr]) -> None:
        """Raises `Refused` where an argument's value has no counterpart."""
        symbol = record.symbol
        for name, value in record.only.items():
            if name in bound and not self._equal(bound[name], value):
                raise Refused(f"{symbol} with {name}={self.program.segment(bound[name])} has no form in TensorFlow 2")
        for name, new in record.rename.items():
            if name in bound and new in bound and not _is_none(bound[name]):
                raise Refused(f"{symbol} is given both {name} and {new}")
        for name in record.whole:
            if name in bound and self._may_be_list(bound[name]):
                raise Refused(f"{symbol} was given a list of parts, which TensorFlow 2 counts in another order")

    def _filled(self, record: Record, bound: Mapping[str, ast.expr]) -> str:
        """The template that takes just the arguments which are given."""
        used_ever = {name for template in record.templates for name in places(template)}
        ignored = {*record.drop, *record.only, *_LABELS} - used_ever
        given = {n for n in bound if n not in ignored and not _is_none(bound[n])}
        for template in record.templates:
            used = places(template)
            if set(used) != given:
                continue
            for name in given:
                if used.count(name) > 1 and not self._may_be_repeated(bound[name]):
                    raise Refused(
                        f"{record.symbol} would compute its {name} twice", "Give that argument a name of its own first."
                    )
            texts = {name: self.text(bound[name]) for name in given}
            stopped = record.stop_gradient
            if stopped in given and not self._is_data(bound[stopped]):
                texts[stopped] = f"{self.tf}.stop_gradient({texts[stopped]})"
            return fill(template, self.tf, texts)
        raise Refused(f"{record.symbol} with just these arguments has no form in the tables: {', '.join(bound)}")

    def _may_be_repeated(self, value: ast.expr) -> bool:
        """Whether an argument may be written twice: it only names things, or fills and masks, which draws nothing."""
        calls = [n for n in walk(value) if isinstance(n, ast.Call)]
        plain = isinstance(value, ast.Name | ast.Attribute | ast.Constant)
        return plain or (bool(calls) and all(self.names.symbol(call.func) in _FILLS for call in calls))

    def _stops(self, record: Record, bound: Mapping[str, ast.expr]) -> bool:
        """Whether the gradient through an argument is to be stopped, and may not be nothing in any case."""
        return record.stop_gradient in bound and not self._is_data(bound[record.stop_gradient])

    def _is_data(self, value: ast.expr) -> bool:
        """Whether an argument plainly carries no gradient: a literal, or what a function is fed."""
        if isinstance(value, ast.Name):
            return id(value) in self.data
        if isinstance(value, ast.Call):
            symbol = self.names.symbol(value.func)
            return symbol in _STOPS or (symbol in _PASSES and bool(value.args) and self._is_data(value.args[0]))
        return isinstance(value, ast.Constant | ast.List)

    def _is_lone(self, record: Record, bound: Mapping[str, ast.expr]) -> bool:
        value = bound.get(record.lone)
        if isinstance(value, ast.Lambda):
            return isinstance(value.body, ast.List | ast.Tuple) and len(value.body.elts) == 1
        if record.lone == "true_fn":
            return self._returns_one(value)
        if not isinstance(value, ast.List | ast.Tuple) or any(isinstance(e, ast.Starred) for e in value.elts):
            raise Refused(f"{record.symbol} gives back a lone one of {record.lone} itself, and their number is unseen")
        return len(value.elts) == 1

    def _returns_one(self, value: ast.expr | None) -> bool:
        """Whether a function of the program plainly returns a list of one."""
        made = [n for n in self.program.each(ast.FunctionDef) if ast.unparse(value or n) == n.name]
        results = [r.value for function in made for r in ast.walk(function) if isinstance(r, ast.Return)]
        return any(isinstance(r, ast.List | ast.Tuple) and len(r.elts) == 1 for r in results)

    def _is_box(self, value: ast.expr | None) -> bool:
        """Whether an argument is a list of one."""
        if isinstance(value, ast.Name) and self._may_be_list(value):
            raise Refused(f"{value.id} may be a list of one, and then what comes back is one")
        return isinstance(value, ast.List | ast.Tuple) and len(value.elts) == 1

    def _may_be_list(self, value: ast.expr) -> bool:
        if not isinstance(value, ast.Name):
            return isinstance(value, ast.List | ast.ListComp | ast.Tuple)
        bound = [
            node
            for node in self.program.nodes
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == value.id for target in node.targets)
        ]
        before = [node for node in bound if node.lineno < value.lineno]
        last = [max(before, key=lambda node: node.lineno)] if before else bound
        return any(isinstance(node.value, ast.List | ast.ListComp | ast.Tuple) for node in last)

    def _equal(self, node: ast.expr, value: str) -> bool:
        if value.startswith("tf."):
            return self.names.symbol(node) == value
        try:
            return bool(ast.literal_eval(node) == ast.literal_eval(value))
        except ValueError:
            return False


def _as_written(node: ast.Call, record: Record) -> Record:
    """The record for a call as it was written: one of before TensorFlow 1.0 gives by position what later has a name."""
    if record.formerly and node.args and not _is_none(node.args[0]):
        return replace(record, formerly=(), params=(*record.formerly, "name"), only={})
    return record


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class _Arguments(ast.AST):
    """The arguments of a call without its function, for a walk over them alone."""

    _fields = ("args", "keywords")

    def __init__(self, call: ast.Call) -> None:
        self.args, self.keywords = call.args, call.keywords


def _data_parameters(program: Program) -> set[int]:
    """The reads of parameters that a traced function is fed: no gradient is taken of what they came from."""
    found: set[int] = set()
    for node in program.nodes:
        if isinstance(node, ast.FunctionDef) and any("input_signature" in ast.unparse(d) for d in node.decorator_list):
            names = {a.arg for a in node.args.args}
            bound = {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            found |= {id(n) for n in walk(node) if isinstance(n, ast.Name) and n.id in names - bound}
    return found
