"""Initializers that run again: a session owned its variables, a new one started fresh."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.lift import first_values, own_graphs, visibility
from tf2migrate.lift.entries import MODULE, entries
from tf2migrate.lift.homes import homes
from tf2migrate.lift.layers import WEIGHTLESS
from tf2migrate.lift.metrics import KerasMetric
from tf2migrate.lift.repeated import comes_again
from tf2migrate.lift.savers import restored, restored_before
from tf2migrate.lift.trace import Fetch, Made, Run, Statement, loops_in, sees
from tf2migrate.lift.values import (
    Effect,
    Handle,
    Initializer,
    Layer,
    Optimizer,
    Refused,
    Structure,
    Value,
    Variable,
    leaves,
)
from tf2migrate.lift.visibility import item_text, owner

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter


class Resets:
    """Which variables an initializer's run must set back, and how."""

    def __init__(self, interpreter: Interpreter, expressions: Expressions) -> None:
        self.interpreter, self.expressions = interpreter, expressions
        self.statements = [s for frame in interpreter.frames for s in frame.statements]
        self.homes = homes(interpreter)
        self.entries: frozenset[int] = frozenset()
        # for each way to run the program: what has been started, of which object where each has a graph of its own
        self.started: dict[int, dict[tuple[int, int], list[ast.AST]]] = {}

    def lines(self, run: Run) -> list[str]:
        """Nothing the first time; assignments of the initial values when it runs again."""
        self.entries = entries(self.interpreter, run.node)
        for use in restored_before(self.interpreter, run):
            for entry in entries(self.interpreter, use.node):
                things = (*use.saver.variables, *use.saver.layers, *use.saver.optimizers)
                marks = {self._mark(value, use.saver.graph, use.saver.node) for value in things}
                self._note(entry, marks, use.node)
        run_of = [leaf.value for leaf in run.fetches.leaves() if isinstance(leaf.value, Initializer)]
        scopes = {scope for initializer in run_of for scope in initializer.scopes}
        if "some" in scopes and "global" not in scopes:
            return self._start_some(run)
        kinds = (*((Variable, Layer) if "global" in scopes else ()), *((KerasMetric,) if "local" in scopes else ()))
        parts = {id(part) for initializer in run_of for part in initializer.parts}
        self.starting: list[Value] = []  # what a method makes, its caller's statement makes as well
        again = [made for statement in self.statements for made in self._again(statement, run, kinds, parts)]
        self._start(run, *self.starting)
        held = [made.value for _, made in again if not isinstance(made.value, KerasMetric)]
        moot = bool(held) and restored(self.interpreter, run, held)
        if moot:
            again = [pair for pair in again if isinstance(pair[1].value, KerasMetric)]
        needed = self._needed(run)
        again = [pair for pair in again if needed is None or id(pair[1].value) in needed]
        lines = [self._line(statement, made, run) for statement, made in again]
        if "global" in scopes:
            restarted = self._restarted(run, set() if moot else needed)
            lines += restarted if any(not isinstance(made.value, KerasMetric) for _, made in again) else []
        return list(dict.fromkeys(lines))

    def _needed(self, run: Run) -> set[int] | None:
        """What later runs read or change; None where it is not seen which are later, or where all is saved."""
        hidden = self.interpreter.loops or self.interpreter.parts or self.interpreter.collected
        if run.frame.parent is not None or loops_in(run.blocks) or self.interpreter.uses or hidden:
            return None
        plan = self.expressions.plan
        found: set[int] = set()
        for other in self.interpreter.runs.values():
            if other.frame is run.frame and other.statement.order < run.statement.order:
                continue
            planned = plan.of_run.get(other)
            statements = planned.slice.statements if planned is not None else []
            read = [d for leaf in other.fetches.leaves() for d in leaf.reads] + [d for s in statements for d in s.reads]
            found |= {id(leaf) for d in read for leaf in leaves(d.value)} | {id(d.value) for d in read}
            found |= {id(leaf.value) for leaf in other.fetches.leaves()}
            for statement in [*statements, *(leaf.statement for leaf in other.fetches.leaves())]:
                found |= {id(made.value) for made in statement.made} | {id(value) for value in statement.shared}
                changed = [e.target for e in statement.effects if isinstance(e, Effect)]
                found |= {id(o) for t in changed for o in (t.made if isinstance(t, Optimizer) else (t,))}
        return found

    def _again(
        self, statement: Statement, run: Run, kinds: tuple[type[Value], ...], parts: set[int]
    ) -> list[tuple[Statement, Made]]:
        """What a statement makes and an earlier run of an initializer, or an earlier turn of a loop, has started."""
        if statement.order >= run.statement.order or self._graphs_differ(statement, run):
            return []
        chosen = [made for made in statement.made if isinstance(made.value, kinds) or id(made.value) in parts]
        found = [made for made in chosen if not _empty(made.value)]
        turns = bool(found) and self._comes_again(run, statement)
        self.starting += [made.value for made in found]
        return [(statement, made) for made in found if turns or self._is_started(statement, made.value, run)]

    def _comes_again(self, run: Run, statement: Statement) -> bool:
        """Whether an initializer runs several times for what a statement makes once."""
        turns = loops_in(run.blocks, statement.blocks)
        return bool(turns) or comes_again(self.interpreter, run.node, statement.node)

    def _is_started(self, statement: Statement, value: Value, run: Run) -> bool:
        """Whether an initializer has run for something; what each way to run the program makes anew, in that one."""
        anew = entries(self.interpreter, statement.node) & self.entries
        done = [marks for e, marks in self.started.items() if not anew or e in {MODULE, *self.entries}]
        of, made = self._mark(value, run.graph, _session(run))
        marks = [mark for each in done for mark in each if mark[0] == of]
        meant = [mark for mark in marks if not made or not mark[1] or made == mark[1]]
        nodes = [node for each in done for mark in meant for node in each.get(mark, ())]
        return any(not visibility.are_apart(self.interpreter, node, run.node) for node in nodes)

    def _start(self, run: Run, *values: Value) -> None:
        marks = {self._mark(value, run.graph, _session(run)) for value in values}
        for entry in self.entries:
            self._note(entry, marks, run.node)

    def _note(self, entry: int, marks: set[tuple[int, int]], node: ast.AST) -> None:
        """Keeps what is started, and where."""
        started = self.started.setdefault(entry, {})
        for mark in marks:
            started.setdefault(mark, []).append(node)

    def _mark(self, value: Value, graph: object, place: ast.AST | None) -> tuple[int, int]:
        """A thing, and the statement that made its object where a place shows which of several it is of; else 0."""
        home = self.homes.get(id(value)) if place is not None else None
        instance = owner(home.frame) if home is not None else None
        made = None
        if instance is not None and place is not None:
            made = own_graphs.made_before(self.interpreter, instance, graph, place)
        return id(value), id(made) if made is not None else 0

    def _start_some(self, run: Run) -> list[str]:
        """Some of the variables are initialized: that is nothing new where only initializers have run since they were
        made. Raises `Refused` for others whose names or first values are not seen there."""
        ops = [leaf.value for leaf in run.fetches.leaves() if isinstance(leaf.value, Initializer)]
        told, chosen = all(op.chosen for op in ops), {id(value) for op in ops for value in op.chosen}
        above = [(s, m) for s in self.statements for m in s.made if s.order < run.statement.order]
        mine = [(s, m) for s, m in above if not told or id(m.value) in chosen]
        since = min((s.order for s, _ in mine), default=0) if told else 0
        runs = (r for r in self.interpreter.runs.values() if not all(map(_starts, r.fetches.leaves())))
        used = any(since < other.statement.order < run.statement.order for other in runs)
        again = used or bool(loops_in(run.blocks)) or any(self._comes_again(run, s) for s, _ in mine)
        if again and not told:
            what = "some variables are initialized after others were used"
            raise Refused("TFM908", run.node, what, "Assign them their first values there.")
        self._start(run, *(made.value for _, made in mine))
        return [self._line(statement, made, run) for statement, made in mine] if again else []

    def _graphs_differ(self, statement: Statement, run: Run) -> bool:
        return statement.graph is not run.graph

    def is_restarted_elsewhere(self, statement: Statement, value: Value) -> bool:
        """Whether another method of the object than the one that makes an optimizer sets back what that keeps."""
        instance = owner(statement.frame)
        if instance is None or not isinstance(value, Optimizer) or not value.has_state:
            return False
        starting = [
            run
            for run in self.interpreter.runs.values()
            if run.graph is statement.graph
            and any(isinstance(f.value, Initializer) and "global" in f.value.scopes for f in run.fetches.leaves())
        ]
        away = [run for run in starting if owner(run.frame) is instance and not sees(run.frame, statement.frame)]
        return any(len(starting) > 1 or self._comes_again(run, statement) for run in away)

    def _restarted(self, run: Run, needed: set[int] | None) -> list[str]:
        """The lines that set back what optimizers keep of the variables. Raises `Refused` where one has no name."""
        lines, seen = [], set[int]()
        for statement in self.statements:
            for made in statement.made:
                value = made.value
                before = statement.order < run.statement.order and statement.graph is run.graph
                if not before or not isinstance(value, Optimizer) or not value.has_state or id(value) in seen:
                    continue
                seen.add(id(value))
                again = self._comes_again(run, statement) or self._is_started(statement, value, run)
                self._start(run, value)
                if not again or (needed is not None and id(value) not in needed):
                    continue
                name = self.expressions.made_name(value)
                own = name is not None and name.startswith("self.")
                there = owner(run.frame) is owner(statement.frame) if own else sees(run.frame, statement.frame)
                if name is None or not there or loops_in(statement.blocks, run.blocks):
                    what = "the variables are initialized again, and the optimizer has state that would be too"
                    advice = "Build the graph anew where the variables start afresh, or initialize them once."
                    raise Refused("TFM908", run.node, what, advice)
                lines.append(f"start_afresh({name})")
        return lines

    def _line(self, statement: Statement, made: Made, run: Run) -> str:
        value = made.value
        if isinstance(value, KerasMetric):
            return f"{self.expressions.hoisted[id(value.node)]}.reset_state()"
        reason, advice = "", "Build the graph anew where it starts afresh, or initialize it once."
        if isinstance(value, Layer):
            line = first_values.layer_line(self.expressions, statement, value, run)
            if line is not None and not loops_in(statement.blocks, run.blocks):
                return line
            reason = f"the layer of line {statement.line} would start afresh too"
        elif loops_in(statement.blocks, run.blocks):
            reason = f"the variables of line {statement.line} are made in a loop"
        elif (held := self._held(statement, value, run)) is None:
            reason = f"the variables of line {statement.line} have no names of their own"
            advice = "Bind each variable to a name, or make the variables where they start afresh."
        else:
            assert isinstance(value, Variable)
            text = first_values.variable_text(self.expressions, statement, value, run, held)
            if text is not None:
                return f"{held}.assign({text})"
            reason = f"how the variable of line {statement.line} starts is not seen"
            advice = "Make the variable with tf.Variable where its name is bound, of values that do not change."
        raise Refused("TFM908", run.node, f"the initializer runs again, and {reason}", advice)

    def _held(self, statement: Statement, value: Value, run: Run) -> str | None:
        """What a variable is called where an initializer runs; None where that is something else, or nothing."""
        node = statement.node
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if target is not None and statement.value is value and self._is_named(statement, target, run):
            return self.expressions.text(target)
        if isinstance(statement.value, Structure) and isinstance(target, ast.Name):
            seen = self._is_named(statement, target, run)
            return item_text(self.interpreter, value) if seen and target.id not in run.frame.globals else None
        return None

    def _is_named(self, statement: Statement, target: ast.expr | None, run: Run) -> bool:
        """Whether what a statement binds its variable to means that variable where an initializer runs."""
        if isinstance(target, ast.Attribute):
            instance = owner(run.frame)
            return instance is not None and owner(statement.frame) is instance and ast.unparse(target.value) == "self"
        if not isinstance(target, ast.Name) or not sees(run.frame, statement.frame):
            return False
        definition = statement.writes[0]
        now = {d.site for d in run.env.get(definition.name, ())}
        return definition.site in self.expressions.plan.renamed or now == {definition.site}


def _empty(value: Value) -> bool:
    """Whether a layer has no weights."""
    return isinstance(value, Layer) and value.kind.startswith(WEIGHTLESS)


def _session(run: Run) -> ast.AST | None:
    """Where a run's session takes the graph that is the default one; None where it is given one."""
    made = run.session.node if isinstance(run.session, Handle) else None
    if not isinstance(made, ast.Call) or made.args or any(k.arg in ("graph", None) for k in made.keywords):
        return None
    return made


def _starts(leaf: Fetch) -> bool:
    return isinstance(leaf.value, Initializer)
