"""A plan written out: functions where their statements stood, calls where the runs stood, sessions gone."""

from __future__ import annotations

import ast
import contextlib
import textwrap
from bisect import bisect_right
from dataclasses import replace
from functools import cached_property
from itertools import accumulate

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import (
    averages,
    bidirectional,
    builders,
    cell_helpers,
    cells,
    collected_lazily,
    collections,
    comments,
    displayed,
    element_types,
    grown,
    iterator_text,
    kept_attributes,
    keras_layers,
    layers,
    loops,
    made_above,
    monitored,
    normalization,
    own_cell_classes,
    partitions,
    passages,
    pipeline_text,
    races,
    run_text,
    savers,
    sharing,
    specs,
    summaries,
    traced_ahead,
    uncalled,
    variable_lists,
    visibility,
)
from tf2migrate.lift.body import STEP, BodyWriter
from tf2migrate.lift.datasets import Dataset, Element, Iterator
from tf2migrate.lift.expressions import Expressions
from tf2migrate.lift.feed_dicts import is_first
from tf2migrate.lift.functions import Method
from tf2migrate.lift.headers import elifs, headers
from tf2migrate.lift.holders import Holders
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.plan import unpacked
from tf2migrate.lift.planned import Plan, Planned
from tf2migrate.lift.render import base, folded, shift
from tf2migrate.lift.resets import Resets
from tf2migrate.lift.slices import kind_of
from tf2migrate.lift.trace import Definition, Made, Run, Statement
from tf2migrate.lift.values import (
    GONE,
    Handle,
    Held,
    Layer,
    Placeholder,
    Python,
    Refused,
    Tensor,
    Time,
    Variable,
    leaves,
)
from tf2migrate.model import Edit, Finding, Span

#: What only looks at something.
_LOOKING = ("float", "hasattr", "int", "isinstance", "len", "split", "startswith", "str", "tuple")


class Emitter:
    """Writes a plan. One pass over the statements of the units; everything else is asked of the plan."""

    def __init__(self, interpreter: Interpreter, plan: Plan) -> None:
        self.interpreter, self.plan = interpreter, plan
        self.program = interpreter.program
        collected_lazily.check(interpreter, plan)
        own_cell_classes.check(interpreter)
        grown.check(interpreter)
        self.findings: list[Finding] = [
            *savers.check(interpreter),
            *summaries.check(interpreter),
            *cells.check(bidirectional.every_unrolled(interpreter)),
            *layers.check(interpreter),
            *keras_layers.check(interpreter),
            *normalization.check(interpreter, plan),
            *kept_attributes.findings(plan, interpreter),
            *monitored.check(interpreter),
            *races.findings(interpreter, plan),
            *partitions.check(interpreter),
        ]
        for unrolled in bidirectional.every_unrolled(interpreter):
            if unrolled.statement is not None and not element_types.is_told(interpreter, unrolled.arguments):
                element_types.check(interpreter, unrolled.statement, unrolled.arguments["cell"])
        self.traced = variable_lists.check(interpreter, plan) | averages.moving(plan) | savers.traced(interpreter, plan)
        self.records: dict[int, list[Statement]] = {}
        for frame in interpreter.frames:
            for statement in frame.statements:
                self.records.setdefault(id(statement.node), []).append(statement)
        self.runs: dict[int, list[Run]] = {}  # by the statement in which they stand
        for run in interpreter.runs.values():
            self.runs.setdefault(id(run.statement), []).append(run)
        self.expressions = Expressions(interpreter, plan)
        self.dropped = self.expressions.dropped
        self.resets = Resets(interpreter, self.expressions)
        self.body_writer = BodyWriter(interpreter, plan, self.expressions)
        self.users: dict[Statement, list[Planned]] = {}  # the functions that a statement moves into
        for planned in plan.functions:
            for statement in planned.slice.statements:
                self.users.setdefault(statement, []).append(planned)
        self.consumed: set[int] = set()  # lines of comments that moved with their statements
        self.written: dict[int, list[str]] = {}
        self.shared_after: dict[int, list[list[str]]] = {}
        self.after: dict[int, list[Planned]] = {}
        self.ahead: dict[int, list[Planned]] = {}
        for planned in plan.functions:
            side = self.ahead if planned.before else self.after
            side.setdefault(id(planned.anchor), []).append(planned)
        self.uncalled = uncalled.methods(interpreter)
        loops.check(list(interpreter.loops.values()))
        self.made_above: dict[ast.FunctionDef, list[Made]] = {}
        self._hoist()
        self.sharing_objects = interpreter.sharing
        self.sharing_objects.hoisted(self.expressions.hoisted)
        self.first_lines = collections.first_lines(self.expressions)
        for method, lines in plan.kept.items():
            first = method.body[1 if ast.get_docstring(method) is not None and len(method.body) > 1 else 0]
            self.first_lines.setdefault(id(first), []).extend(lines)
        self.kept_after: dict[int, list[str]] = {}
        own = [loop for loop in interpreter.loops.values() if loop.late[0].frame.unit]
        self.in_loops = {id(s.node): s for loop in own for s in loop.late}
        for loop in own:
            of_object = loop in plan.kept_loops or self._used_elsewhere(loop)
            named = (lambda name: f"self.{plan.fresh(name)}") if of_object else plan.fresh
            loops.name_lists(loop, named, self.expressions.hoisted)
            self.kept_after.setdefault(id(loop.node.body[-1]), []).extend(loops.end(loop))
        same: dict[tuple[int, str], str] = {}
        for value in list(interpreter.rewrites.values()):
            if isinstance(value, variable_lists.Collected) and (kept := variable_lists.keep(self.expressions, value)):
                known = same.setdefault((id(kept.after), kept.text), kept.attribute)
                self.expressions.kept[id(value.node)] = replace(kept, attribute=known)
                if known != kept.attribute:  # it is asked for several times
                    continue
                self.kept_after.setdefault(id(kept.after), []).append(f"self.{kept.attribute} = {kept.text}")
        iterator_text.keep(self.expressions)
        pipeline_text.name(self.expressions)
        iterator_text.name_own(self.expressions)
        iterator_text.name_passed(self.expressions)
        self.findings += pipeline_text.check(plan.drawn)

    def _hoist(self) -> None:
        """What a moving statement makes stays at its place, under a name."""
        for statements in self.records.values():
            for statement in statements:
                if not statement.moves:
                    continue
                split = self.interpreter.loops.get(id(statement.node))
                for made in statement.made:
                    if not self._within(statement.node, made.node) or self._replaced(made.value):
                        continue
                    if split is not None:
                        self.expressions.hoist(made)
                        continue
                    self._check_seen(statement, made)
                    if isinstance(statement.node, ast.For | ast.While | ast.If | ast.Try) or self._nested(
                        statement.node, made.node
                    ):
                        raise Refused(
                            "TFM902",
                            made.node,
                            "something with state is made in a loop, a branch or a comprehension of graph code",
                            "Make it before, and use it there.",
                        )
                    self.expressions.hoist(made)

    @cached_property
    def sharing(self) -> dict[int, list[Planned]]:
        """The functions that call an object once more that another call has made, by the object's id."""
        found: dict[int, list[Planned]] = {}
        for planned in self.plan.functions:
            statements = [*planned.slice.statements, *(leaf.statement for leaf in planned.slice.leaves)]
            own = [s for s in statements if not passages.is_passed(planned, s)]
            for value in dict.fromkeys(v for s in own for v in s.shared if isinstance(v, Layer)):
                found.setdefault(id(value), []).append(planned)
        return found

    def _used_elsewhere(self, loop: loops.Loop) -> bool:
        """Whether functions of other methods go through what a loop of this method makes."""
        frame = loop.late[0].frame
        using = [p.frame for p in self.plan.functions if any(s.node is loop.node for s in p.slice.statements)]
        hidden = [f for f in using if f is not None and not visibility.sees(f, frame)]
        instance = visibility.owner(frame)
        return bool(hidden) and instance is not None and all(visibility.owner(f) is instance for f in hidden)

    def _replaced(self, value: object) -> bool:
        """Whether an iterator is not needed, as its data set goes on."""
        return isinstance(value, Iterator) and value not in self.plan.drawn

    def _check_seen(self, statement: Statement, made: Made) -> None:
        """What one method makes and a function in another uses is an attribute. Raises `Refused`."""
        users = [p for p in self.users.get(statement, ()) if not passages.is_passed(p, statement)]
        users += self.sharing.get(id(made.value), ())
        using = [p.frame for p in users if p.frame is not None]
        kept = id(made.value) in self.plan.kept_things or self.resets.is_restarted_elsewhere(statement, made.value)
        kept = kept or any(isinstance(d.value, Held) and d.owner is not None for d in statement.writes)
        if not kept and all(visibility.sees(frame, statement.frame) for frame in using):
            return
        instance = visibility.owner(statement.frame)
        if instance is None and not kept and (home := made_above.home(self.interpreter, statement, made, using)):
            self.made_above.setdefault(home, []).append(made)
            return
        if instance is None or any(visibility.owner(frame) is not instance for frame in using):
            what = "what is made here belongs to another function than the one where the run's function would stand"
            raise Refused("TFM902", made.node, what, "Build and run this part of the graph in one function.")
        self.expressions.hoist(made)
        name = self.expressions.hoisted[id(made.node)]
        self.expressions.hoisted[id(made.node)] = f"self.{name.removeprefix('self.')}"

    @staticmethod
    def _within(node: ast.AST, inner: ast.AST) -> bool:
        return any(child is inner for child in walk(node))

    @staticmethod
    def _nested(node: ast.AST, inner: ast.AST) -> bool:
        scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        return any(isinstance(n, scopes) and any(c is inner for c in walk(n)) for n in walk(node))

    # ------------------------------------------------------------ statements

    def edits(self) -> tuple[Edit, ...]:
        """The edits of the whole program."""
        for shared in self.body_writer.shared:
            if shared.planned is None:
                lines, comments = self.body_writer.shared_function(shared)
                self.consumed |= comments
                kept = ["", f"self.{shared.name} = {shared.name}"] if sharing.is_attribute(self.plan, shared) else []
                self.shared_after.setdefault(id(shared.anchor), []).append(lines + kept)
        for planned in self.plan.functions:  # first: the comments that move into them must be known
            lines, comments = self.body_writer.function(planned)
            self.written[id(planned)] = lines
            self.consumed |= comments
        for printing, what in self.plan.printing.items():
            self._say(printing, "TFM722", what, "Print it where the helper is called.")
        for statement in self.interpreter.shapes.open:
            what = "a size that is not known is printed as None, for which TensorFlow 1 printed a question mark"
            self._say(statement.node, "TFM724", what, "There is nothing to do, unless something compares this text.")
        edits = self._block_edits(self.program.tree.body)
        edits = [e for e in edits if self.program.text[e.span.start : e.span.end] != e.text]
        starts = sorted(e.span.start for e in edits)
        ends = list(accumulate((e.span.end for e in sorted(edits, key=lambda e: e.span.start)), max))
        for line in self.consumed:
            start = self.program.offset(line, 0)
            before = bisect_right(starts, start)
            if not before or ends[before - 1] <= start:
                edits.append(Edit(Span(start, start + len(self.program.lines[line - 1])), ""))
        return tuple(sorted(set(edits)))

    def _helper_edits(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Edit]:
        """Inside a helper only expressions change: what it makes, what it calls, what it is given besides."""
        extra = self.expressions.extra_parameters(node)
        outside, self.expressions.inside = self.expressions.inside, bool(extra)  # what it is given has plain names
        inner = [self.expressions.renderer.text(s) for s in node.body]
        self.expressions.inside = outside
        edits = [
            Edit(self.program.span(s), text)
            for s, text in zip(node.body, inner, strict=True)
            if text != self.program.segment(s)
        ]
        if extra:
            edits.append(self._parameters_edit(node, extra))
        told = cell_helpers.edits(self.interpreter, node, self.dropped.told.get(node, set()))
        return [
            e for e in edits if not any(t.span.start <= e.span.start and e.span.end <= t.span.end for t in told)
        ] + told

    def _parameters_edit(self, node: ast.FunctionDef | ast.AsyncFunctionDef, extra: list[str]) -> Edit:
        spec = node.args
        added = ", ".join(extra)
        every: list[ast.arg | ast.expr] = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *spec.defaults]
        every += [spec.vararg] if spec.vararg else []
        every += [d for d in spec.kw_defaults if d is not None]
        if spec.kwarg is not None:
            start = self.program.offset(spec.kwarg.lineno, spec.kwarg.col_offset)
            start = self.program.text.rindex("**", 0, start)
            star = "" if spec.kwonlyargs or spec.vararg else "*, "
            return Edit(Span(start, start), f"{star}{added}, ")
        if not every:
            at = self.program.text.index("(", self.program.offset(node.lineno, node.col_offset)) + 1
            return Edit(Span(at, at), added)
        at = max(self.program.offset(e.end_lineno or 0, e.end_col_offset or 0) for e in every)
        star = "*, " if spec.defaults and not spec.kwonlyargs and not spec.vararg else ""
        return Edit(Span(at, at), f", {star}{added}")

    def _block_edits(self, body: list[ast.stmt]) -> list[Edit]:
        edits: list[Edit] = []
        for group in self._lines_together(body):
            indent = self.program.indent(group[0])
            new: list[str] = []
            for node, last in zip(group, [None, *group], strict=False):
                lines = self.statement(node, indent)
                self._drop_comments(node, lines)
                new += [] if displayed.joined(lines, node, last, new) else lines
            start = (
                self.program.offset(group[0].lineno, 0)
                if not _decorated(group[0])
                else self.program.offset(_first_line(group[0]), 0)
            )
            bottom = group[-1].end_lineno or group[-1].lineno
            end = self.program.offset(bottom, 0) + len(self.program.lines[bottom - 1])
            if not self.program.text[start:end].endswith("\n"):
                end = len(self.program.text)
            old = self.program.text[start:end]
            text = "".join(line + "\n" for line in new)
            if not old.endswith("\n"):
                text = text.removesuffix("\n")
            if not new:
                end, start = self._swallow(start, end)
            if text != old:
                edits.append(Edit(Span(start, end), text))
        return edits

    def _swallow(self, start: int, end: int) -> tuple[int, int]:
        """With a statement goes one of the empty lines around it."""
        text = self.program.text
        empty = (start == 0 or text[max(0, start - 2) : start] == "\n\n") and text[end : end + 1] == "\n"
        if empty and end not in self.program.cuts:
            return end + 1, start
        return end, start

    def _lines_together(self, body: list[ast.stmt]) -> list[list[ast.stmt]]:
        groups: list[list[ast.stmt]] = []
        for node in body:
            if groups and (groups[-1][-1].end_lineno or 0) >= _first_line(node):
                groups[-1].append(node)
            else:
                groups.append([node])
        return groups

    def block(self, body: list[ast.stmt], indent: str, after_line: int) -> list[str]:
        """The lines of a block at an indentation, with what stands between its statements."""
        out: list[str] = []
        at, last = after_line, None
        for node in body:
            lines = self.statement(node, indent)
            self._drop_comments(node, lines)
            if not displayed.joined(lines, node, last, out):
                out += [*self._between(at, _first_line(node), indent), *lines]
            at, last = max(at, node.end_lineno or node.lineno), node
        return out

    def _drop_comments(self, node: ast.stmt, lines: list[str]) -> None:
        """With a statement of sessions go the comments that speak only of them."""
        if not lines or comments.opens_session(self.program, node):
            self.consumed |= set(comments.above(self.program, node, self.consumed))

    def _between(self, after: int, before: int, indent: str) -> list[str]:
        lines = []
        for number in range(after + 1, before):
            text = self.program.lines[number - 1].rstrip("\n")
            if number not in self.consumed:
                lines.append(indent + text.strip() if text.strip() else "")
        return lines

    def statement(self, node: ast.stmt, indent: str) -> list[str]:
        """The lines that stand in a statement's place."""
        out = [indent + line for line in self.first_lines.get(id(node), [])]
        if isinstance(node, ast.FunctionDef) and node in self.made_above:
            out += [*self._makings(self.made_above[node], indent), "", ""]
        if isinstance(node, ast.Return):
            out += [line for s in self.records.get(id(node), []) for line in self._hoisted(s, indent)]
        for planned in self.ahead.get(id(node), []):
            out += self._function(planned, indent)
        out += self.sharing_objects.lines(node, self._own(node, indent), indent)
        out += [indent + line for line in self.kept_after.get(id(node), [])]
        for lines in self.shared_after.get(id(node), []):
            out += self._spaced(lines, indent)
        for planned in self.after.get(id(node), []):
            out += self._function(planned, indent)
        return out

    def _function(self, planned: Planned, indent: str) -> list[str]:
        assert planned.frame is not None
        lines = self._spaced(self.written[id(planned)], indent)
        owned = visibility.owner(planned.frame) is not None
        called = [s for s in self.body_writer.shared if s.planned is planned and sharing.is_attribute(self.plan, s)]
        if owned and (called or any(not visibility.sees(run.frame, planned.frame) for run in planned.runs)):
            lines[-1:] = ["", f"{indent}self.{planned.name} = {planned.name}", ""]
        if planned in self.traced:
            ahead = traced_ahead.lines(self.plan, self.body_writer, planned)
            lines[-1:] = ["", *(indent + line for line in ahead), ""]
        return lines

    @staticmethod
    def _spaced(lines: list[str], indent: str) -> list[str]:
        blank = [""] if indent else ["", ""]
        return [*blank, *[indent + line if line else "" for line in lines], *blank]

    def _own(self, node: ast.stmt, indent: str) -> list[str]:
        records = self.records.get(id(node), [])
        if id(node) in self.in_loops:
            return self._hoisted(self.in_loops[id(node)], indent)
        if (loop := self.interpreter.loops.get(id(node))) is not None:
            return [*(indent + line for line in loops.begin(loop)), *self._compound(node, indent)]
        match node:
            case ast.With() if monitored.takes_the_end(self.interpreter, node):
                body = self.block(node.body, indent + STEP, _header_end(node))
                ends = [f"{indent}except StopIteration:", f"{indent}{STEP}pass  # the end of the data"]
                return [f"{indent}try:", *body, *ends]
            case ast.With() | ast.Try() if self.interpreter.rewrites.get(id(node)) == "transparent":
                return self.block(node.body, indent, _header_end(node))
            case ast.FunctionDef() if node in self.uncalled:
                what = "nothing calls this method, which builds on the graph: it is left out"
                self._say(node, "TFM712", what, "Nothing to do.")
                return []
            case ast.If() if (way := self.interpreter.rewrites.get(id(node))) in ("body", "orelse"):
                return self._one_way(node, node.body if way == "body" else node.orelse, indent)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return [] if node in self.interpreter.moved else self._definition(node, indent)
        if not records:
            return self._text(node, indent)
        if isinstance(node, ast.If) and cell_helpers.wraps_only(self.interpreter, node):
            return []
        if (stage := pipeline_text.lines(self.expressions, records[-1])) is not None:
            return [indent + line if line else "" for line in stage]
        if pipeline_text.never(self.expressions, node):
            return []
        if (graph := self._graph(records[-1])) is not None:
            return [indent + line for line in graph]
        if any(r.moves for r in records):
            return self._moved(records[-1], indent)
        if isinstance(node, ast.With | ast.For | ast.While | ast.If | ast.Try | ast.Match):
            for link in [node, *(elifs(self.program, node) if isinstance(node, ast.If) else [])]:
                for record in self.records.get(id(link), [])[-1:]:
                    test = self.expressions.text(link.test) if isinstance(link, ast.If | ast.While) else None
                    self._check(record, link, test)
            return self._compound(node, indent)
        return self._simple(records[-1], indent)

    def _one_way(self, node: ast.If, taken: list[ast.stmt], indent: str) -> list[str]:
        """The way that a branch goes, without the other."""
        self._say(node, "TFM712", "no call comes to one side of this: it is left out", "Nothing to do.")
        return self.block(taken, indent, _header_line(self.program, node, taken)) if taken else []

    def _graph(self, statement: Statement) -> list[str] | None:
        """The lines of a statement that returns a graph from its builder, or calls the builder."""
        if isinstance(statement.node, ast.Return) and statement.frame.node in self.expressions.graphs:
            return builders.return_lines(self.expressions, statement)
        if isinstance(statement.value, builders.Graph) and isinstance(statement.node, ast.Assign):
            return builders.call_lines(self.expressions, statement, statement.value)
        return None

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, indent: str) -> list[str]:
        """A driver's body is written like the module's; a helper's keeps its text but for expressions."""
        if node in self.interpreter.driver_nodes or node in self.interpreter.instances:
            return self._compound(node, indent)
        if isinstance(node, ast.FunctionDef) and node in self.expressions.parts:
            return [indent + line if line else "" for line in self.expressions.parts[node].lines()]
        return self._text(node, indent)

    def _hoisted(self, statement: Statement, indent: str) -> list[str]:
        """The making of what a statement that moves makes."""
        names = self.expressions.hoisted
        above = [made for each in self.made_above.values() for made in each]
        own = [made for made in statement.made if id(made.node) in names and made not in above]
        return self._makings(own, indent)

    def _makings(self, things: list[Made], indent: str) -> list[str]:
        texts = [(self.expressions.hoisted[id(made.node)], self.expressions.made_text(made.node)) for made in things]
        return [f"{indent}{name} = {shift(text, base(text), indent)}" for name, text in texts]

    def _moved(self, statement: Statement, indent: str) -> list[str]:
        stages = pipeline_text.stages(self.expressions, statement)
        lines = [indent + line if line else "" for line in stages]
        lines += self._hoisted(statement, indent)
        kinds = (summaries.Summary, variable_lists.Collected, Element, Dataset, Holders, Held)
        used = isinstance(statement.value, kinds) or statement in self.users
        if not used and not lines:
            self._say(statement.node, "TFM712", "no run needs this part of the graph: it is left out", "Nothing to do.")
        return lines

    def _simple(self, statement: Statement, indent: str) -> list[str]:
        node = statement.node
        assert isinstance(node, ast.stmt)
        value = statement.value
        if isinstance(value, summaries.Recorded) and isinstance(node, ast.Expr):
            block = summaries.recorded_lines(self.expressions, value)
            return [indent + line + (self._trailing(node) if i == 0 else "") for i, line in enumerate(block)]
        if iterator_text.vanishes(self.expressions, statement) or averages.is_unused(self.interpreter, statement):
            return []
        if (kept := iterator_text.kept_lines(self.expressions, statement)) is not None:
            return [indent + line for line in kept]
        runs = self.runs.get(id(statement), [])
        if isinstance(node, ast.Assign | ast.Expr) and value is not None and not runs:
            held = list(leaves(value))
            if held and all(isinstance(v, Handle) and v.role in GONE for v in held):
                return []
        if (
            isinstance(node, ast.Expr)
            and runs
            and all(kind_of(leaf) == "init" for r in runs for leaf in r.fetches.leaves())
        ):
            begun = [line for r in runs for line in iterator_text.start_lines(self.expressions, r)]
            return [indent + line for r in runs for line in [*self.resets.lines(r), *begun]]
        if self._prints_tensor(statement):
            self._say(
                node,
                "TFM711",
                "a symbolic tensor is printed: there is none any more, the print is left out",
                "Print the value where it is computed, if it is of interest.",
            )
            return []
        printed = self.interpreter.printed.get(id(node.value), []) if isinstance(node, ast.Expr) else []
        if any(isinstance(leaf, Variable | Tensor) for held in printed for leaf in leaves(held)):
            self._say(node, "TFM711", "the value is printed where TensorFlow 1 printed a symbol", "Nothing to do.")
        ahead: list[str] = []
        if len(runs) == 1 and is_first(node, runs[0].node):
            self.expressions.before = ahead
        lines = self._run_assignment(statement, runs, indent)
        if lines is None:
            lines = self._text(node, indent)
        self.expressions.before = None
        lines = [*(indent + line for line in ahead), *lines]
        if lines in [[f"{indent}{d.name} = {d.name}"] for d in statement.writes]:  # such as a cell wrapped in dropout
            return []
        self._check(statement, node, "\n".join(lines))
        own = iterator_text.own_line(self.expressions, statement)
        return [*lines, *([indent + own] if own is not None else [])]

    def _run_assignment(self, statement: Statement, runs: list[Run], indent: str) -> list[str] | None:
        """A statement that is a run and nothing else."""
        node = statement.node
        if len(runs) != 1 or not isinstance(node, ast.Assign | ast.Expr):
            return None
        if (node.value is not runs[0].node and unpacked(runs[0]) is None) or runs[0].counts(self.program.names):
            return None
        text = run_text.statement(self.expressions, runs[0])
        if text is None:
            return None
        trailing = self._trailing(node)
        lines = [folded(indent + shift(line, self.program.indent(node), indent), indent) for line in text]
        every = [part for line in lines for part in line]
        if every:
            every[-1 if trailing.startswith(";") else 0] += trailing
        return every

    def _prints_tensor(self, statement: Statement) -> bool:
        node = statement.node
        if statement in self.interpreter.shapes.printing or not (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "print"
        ):
            return False
        printed = self.interpreter.printed.get(id(node.value), [])
        shown = [leaf for value in printed for leaf in leaves(value) if not isinstance(leaf, Placeholder)]
        reads = [d for d in statement.reads if d.staged]
        if any(isinstance(leaf, Iterator) and leaf.kind != "ready" for leaf in shown):  # there is none yet
            return True
        computed = any(isinstance(leaf, Tensor | Python) and leaf.time >= Time.STAGED for leaf in shown)
        if not any(not isinstance(d.value, Placeholder) for d in reads) and not (reads and computed):
            return False
        if not any(leaf.time >= Time.STAGED for leaf in shown):  # but data that stands beside tensors in a named tuple
            return False
        if any(
            isinstance(leaf, Python | Method) and leaf.time >= Time.STAGED
            for value in printed
            for leaf in leaves(value)
        ):
            raise Refused(
                "TFM902",
                node,
                "what is known of a tensor only while the graph is built, such as its shape, is printed here",
                "Print it where the tensor is computed, or take the line out.",
            )
        return True

    def _text(self, node: ast.stmt, indent: str) -> list[str]:
        text = (
            self.expressions.renderer.text(node)
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else self._raw(node)
        )
        lines = (indent + shift(text, self.program.indent(node), indent)).split("\n")
        lines[-1] += self._trailing(node)
        return lines

    def _raw(self, node: ast.stmt) -> str:
        """A definition's text; the helpers inside are edited apart, by their own edits."""
        span = self.program.span(node)
        edits = [
            e
            for n in walk(node)
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n not in self.interpreter.driver_nodes
            for e in self._helper_edits(n)
        ]
        if isinstance(node, ast.ClassDef):
            edits += own_cell_classes.base_edits(self.expressions, node)
        text, at = [], span.start
        for edit in sorted(set(edits)):
            if edit.span.start < at:
                continue
            text += [self.program.text[at : edit.span.start], edit.text]
            at = edit.span.end
        return "".join([*text, self.program.text[at : span.end]])

    def _compound(self, node: ast.stmt, indent: str) -> list[str]:
        """Header, body; the same for each further part. A body that lost all its statements passes."""
        out: list[str] = []
        empty = isinstance(node, ast.If) and _only_decides(node.test)
        case = self._case(node)
        for header, body, first in headers(self.program, self.expressions.renderer, node):
            apart = _begins_a_line(self.program, body[0])
            inner_old = self.program.indent(body[0]) if apart else f"{self.program.indent(node)}{case}    "
            step = inner_old.removeprefix(self.program.indent(node)) or "    "
            lines = self.block(body, indent + step, max(first, _header_line(self.program, node, body)))
            while lines and not lines[-1].strip():
                lines.pop()
            bare = not any(line.strip() and not line.strip().startswith("#") for line in lines)
            empty = empty and not any(lines) and not any(isinstance(s, ast.Pass) for s in body)
            if header == "finally:" and bare and isinstance(node, ast.Try) and node.handlers:
                continue  # such as one that only stopped the threads of queues
            if header == "else:" and not any(lines):
                continue  # such as one that only initialized the variables
            header = self._items(node) or self.sharing_objects.header(node, self.dropped.header(node, header))
            deeper = case if out else ""  # the first stands below the `match`, which is a part of its header
            out += (indent + deeper + shift(header, self.program.indent(node), indent)).split("\n")
            if not any(line.strip() and not line.strip().startswith("#") for line in lines):
                lines.append(indent + step + "pass")
            out += lines
        return [] if empty else out  # such as one that chose an initializer by the version

    def _case(self, node: ast.stmt) -> str:
        """How much further in the cases of a `match` stand; nothing for any other statement."""
        if not isinstance(node, ast.Match):
            return ""
        line = self.program.lines[node.cases[0].pattern.lineno - 1]
        return line[: len(line) - len(line.lstrip())].removeprefix(self.program.indent(node))

    def _items(self, node: ast.stmt) -> str | None:
        """The header of a `with` that enters sessions or graphs besides, without those; None for any other."""
        found = self.interpreter.rewrites.get(id(node))
        if not isinstance(node, ast.With) or not isinstance(found, tuple) or found[0] != "items":
            return None
        text = self.expressions.text
        parts = [
            text(item.context_expr) + (f" as {text(item.optional_vars)}" if item.optional_vars is not None else "")
            for item in found[1]
        ]
        return f"with {', '.join(parts)}:"

    def _trailing(self, node: ast.stmt) -> str:
        line = self.program.lines[(node.end_lineno or 1) - 1].rstrip("\n")
        end = self.program.span(node).end - self.program.offset(node.end_lineno or 1, 0)
        rest = line[end:]
        said = rest.strip().startswith("#") or displayed.ends_with_semicolon(self.program, node)
        return rest.rstrip() if said else ""

    # ------------------------------------------------------------ checks

    def gone(self, definition: Definition) -> bool:
        """Whether a name that a statement reads is no longer there."""
        value = definition.value
        if isinstance(value, Placeholder):
            return value.untyped
        if isinstance(value, builders.Graph):
            return False
        return definition.staged or any(isinstance(leaf, Handle) and leaf.role in GONE for leaf in leaves(value))

    def _check(self, statement: Statement, node: ast.stmt, text: str | None = None) -> None:
        """A statement that stays must not read what has gone."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            return
        gone = {d.name for d in statement.reads if self.gone(d)}
        left = {d.name for d in statement.reads if isinstance(d.value, Placeholder)} - gone
        graphs = {d.name for d in statement.reads if isinstance(d.value, builders.Graph)}
        if not gone and not left and not graphs:
            return
        tree: ast.AST = node
        if text is not None:
            with contextlib.suppress(SyntaxError):
                tree = ast.parse(textwrap.dedent(text))
            gone &= {n.id for n in walk(tree) if isinstance(n, ast.Name)}
            attributes = {d.attribute for d in statement.reads if d.owner is not None and self.gone(d)}
            gone |= attributes & {n.attr for n in walk(tree) if isinstance(n, ast.Attribute)}
        gone |= builders.taken_apart(self.program, tree, graphs)
        if left:
            gone |= specs.computed_with(specs.headers(tree), left, specs.aliases(self.program.names.imports))
        if gone:
            name = sorted(gone)[0]
            raise Refused(
                "TFM902",
                node,
                f"{name} exists only while the graph runs, and is used in plain Python here",
                "Use a value that a run returned, or move this line into the graph code.",
            )

    def _say(self, node: ast.AST, code: str, message: str, advice: str) -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        self.findings.append(Finding(line, column + 1, code, message, advice, fixable=True))


def _decorated(node: ast.stmt) -> bool:
    return bool(getattr(node, "decorator_list", None))


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", None)
    return min([node.lineno, *[int(d.lineno) for d in decorators or []]])


def _header_end(node: ast.With | ast.Try) -> int:
    """The line on which the header of a statement ends."""
    if isinstance(node, ast.Try):
        return node.lineno
    return max([node.lineno, *[(i.optional_vars or i.context_expr).end_lineno or node.lineno for i in node.items]])


def _only_decides(test: ast.expr) -> bool:
    """Whether a test does nothing besides: of functions, it calls those that look at something of Python's."""
    inside = list(walk(test))
    called = [n.func for n in inside if isinstance(n, ast.Call)]
    known = all((f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "")) in _LOOKING for f in called)
    return known and not any(isinstance(n, ast.NamedExpr | ast.Await) for n in inside)


def _begins_a_line(program: Program, node: ast.stmt) -> bool:
    """Whether nothing stands before a statement on its line, as in `if x: y`."""
    start = program.span(node).start
    return not program.text[program.text.rfind("\n", 0, start) + 1 : start].strip()


def _header_line(program: Program, node: ast.stmt, body: list[ast.stmt]) -> int:
    """The last line before a body that is not blank and no comment: where its header ends."""
    lines = program.lines
    line = _first_line(body[0]) - 1
    while line > node.lineno and (not lines[line - 1].strip() or lines[line - 1].lstrip().startswith("#")):
        line -= 1
    return line
