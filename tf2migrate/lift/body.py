"""The body of one function: tensors, then updates, then what is returned."""

from __future__ import annotations

import ast

from tf2migrate.facts.naming import fresh
from tf2migrate.lift import (
    cell_text,
    iterator_text,
    loops,
    noted,
    pairs,
    passages,
    shape_chains,
    tapes,
    training_branches,
    untrained,
    visibility,
)
from tf2migrate.lift.cells import ZeroState
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.expressions import Expressions
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.kept_queues import ENQUEUE
from tf2migrate.lift.plan import late_statements, needed_for
from tf2migrate.lift.planned import Plan, Planned, Shared
from tf2migrate.lift.render import shift
from tf2migrate.lift.sharing import call_position, callee, find_shared
from tf2migrate.lift.slices import STATE, kind_of
from tf2migrate.lift.tapes import TAPED, Taped
from tf2migrate.lift.trace import Definition, Fetch, Statement
from tf2migrate.lift.values import (
    ASSIGNS,
    EACH,
    Effect,
    Layer,
    Optimizer,
    Placeholder,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Value,
    Variable,
    leaves,
)
from tf2migrate.lift.watched import Watched

STEP = "    "


class BodyWriter:
    """Writes functions; `function` is its one entry."""

    def __init__(self, interpreter: Interpreter, plan: Plan, expressions: Expressions) -> None:
        self.interpreter, self.plan, self.expressions = interpreter, plan, expressions
        self.program = interpreter.program
        self.commented: set[int] = set()
        shape_chains.join(plan)
        self.shared = find_shared(plan)
        self.calls: dict[Statement, list[str]] = {}
        self.training: dict[Value, list[Planned]] = {}  # for each optimizer: the functions that it trains in
        for planned in plan.functions:
            effects = [e for s in planned.slice.statements for e in s.effects if isinstance(e, Effect)]
            for optimizer in dict.fromkeys(e.target for e in effects if isinstance(e.target, Optimizer)):
                self.training.setdefault(optimizer, []).append(planned)

    def function(self, planned: Planned) -> tuple[list[str], set[int]]:
        """The lines of a function, and the lines of the comments that moved into it."""
        self.comments: set[int] = set()
        self.expressions.inside = True
        found = planned.slice
        self.planned = planned
        self.local = self._names(planned)
        self.definitions_read = {d for s in found.statements for d in s.reads}
        self.read = {d.name for d in self.definitions_read} | {d.name for f in found.leaves for d in f.reads}
        self.inline = {leaf.statement: leaf for leaf in found.leaves if not leaf.named}
        late = late_statements(found)
        early = [s for s in found.statements if s not in late]
        taped = self._taped(planned)
        self.calls = {}
        differentiated = tapes.differentiated(planned, taped)
        outer = [pair for pair in taped if pair not in differentiated]
        self.in_tape = self._needed_in_tape(planned, outer)
        self.inner = tapes.inner(self.interpreter, planned, differentiated)
        by = [e.target for _, e in taped if e.kind == "gradients" and e.target is not None]
        self.watched = {leaf for target in by for leaf in leaves(target) if isinstance(leaf, Tensor)}
        self._plan_calls(planned, early, [self.in_tape, self.inner])
        lines = [f"{name} = {first}" for name, first in found.entered.items()]
        lines += self._tape(planned, outer, differentiated)
        for statement in early:
            if statement not in self.in_tape:
                written = self._statement(statement)
                lines += ["# for its moving averages"] * bool(statement in found.besides and written) + written
        for statement in found.statements:
            if statement in late:
                lines += self._statement(statement)
        lines += self._return(planned, lines)
        names = self.plan.parameter_names
        parameters = [iterator_text.parameter(planned, v, names[v]) for v in found.parameters]
        tf = self.expressions.tf
        signed = iterator_text.signed(planned)
        specs = [self.spec(planned, v) for v in found.parameters] if signed else []
        told = f"(input_signature=[{', '.join(specs)}])" if specs else ""
        if any(isinstance(v, Placeholder) and v.any_tensor for v in found.parameters):
            told = "(reduce_retracing=True)"
        decorator = f"@{tf}.function{told}"
        head = [*([decorator] if planned.traced else []), f"def {planned.name}({', '.join(parameters)}):"]
        body = [*lines, *["pass"] * all(line.lstrip().startswith("#") for line in lines if line)]
        self.expressions.inside = False
        return [*head, *[STEP + line if line else "" for line in "\n".join(body).split("\n")]], self.comments

    def spec(self, planned: Planned, value: Value) -> str:
        """How a function is told the type of a parameter."""
        name = visibility.spec(self.plan, planned, value)
        return cell_text.spec_text(self.expressions.tf, value, name) if isinstance(value, ZeroState) else name

    def shared_function(self, shared: Shared) -> tuple[list[str], set[int]]:
        """The lines of a part that several functions call, and of the comments that moved into it."""
        self.comments, self.calls, self.inline = set(), {}, {}
        self.read = {d.name for s in shared.statements for d in s.reads} | {d.name for d in shared.results}
        self.expressions.inside = True
        lines: list[str] = []
        for statement in shared.statements:
            lines += self._statement(statement)
        self.expressions.inside = False
        names = [d.name for d in shared.results]
        start = f"{names[0]} = "
        if len(names) == 1 and "\n" not in lines[-1] and lines[-1].startswith(start) and "#" not in lines[-1]:
            lines.append(f"return {lines.pop().removeprefix(start)}")
        else:
            lines.append(f"return {', '.join(names)}")
        parameters = ", ".join(self._given(v, d) for v, d in shared.parameters)
        body = [STEP + line if line else "" for line in "\n".join(lines).split("\n")]
        return [f"def {shared.name}({parameters}):", *body], self.comments

    def _given(self, value: Value, definition: Definition) -> str:
        return self.plan.parameter_names.get(value, definition.name)

    def _plan_calls(self, planned: Planned, early: list[Statement], taped: list[set[Statement]]) -> None:
        """Where this function calls the shared parts instead of repeating them: wholly in a tape, or out of it."""
        for shared in [*self.shared, *planned.passed]:
            inside = set(shared.statements)
            if shared.planned is planned or any(inside & tape and not inside <= tape for tape in taped):
                continue
            if any(d.value in self.watched for s in shared.statements for d in s.writes):
                if shared in planned.passed:  # the tape has to be told before something is made of it
                    raise passages.refused_order(shared)
                continue
            beside = [s for s in early if all((s in tape) == (shared.statements[0] in tape) for tape in taped)]
            at = call_position(shared, beside)
            if at is None and shared in planned.passed:
                raise passages.refused_order(shared)
            if at is None:
                continue
            names = ", ".join(d.name for d in shared.results)
            arguments = ", ".join(self._given(v, d) for v, d in shared.parameters)
            for statement in shared.statements:
                self.calls[statement] = [f"{names} = {callee(shared, planned)}({arguments})"] if statement is at else []

    def _needed_in_tape(self, planned: Planned, taped: list[Taped]) -> set[Statement]:
        """The statements that the gradients go through."""
        needed: set[Statement] = set()
        for statement, _ in taped:
            needed |= needed_for(statement.reads, planned.slice)
        late = late_statements(planned.slice)
        grads = {s for s, _ in taped}
        after = self._after(planned, grads)
        after |= {s for s in needed if isinstance(s.value, Watched)}
        inside = {s for s in needed if s not in late and s not in grads and s not in after}
        whole = (set(part.statements) for part in planned.passed)
        return inside.union(*(statements for statements in whole if statements & inside))

    # ------------------------------------------------------------ tape

    def _taped(self, planned: Planned) -> list[Taped]:
        found = []
        for statement in planned.slice.statements:
            for effect in statement.effects:
                if isinstance(effect, Effect) and effect.kind in TAPED:
                    if not any(child is effect.node for child in ast.walk(statement.node)):
                        if effect.kind == "gradients" and planned.traced:  # left to the helper
                            continue
                        raise Refused(
                            "TFM902",
                            effect.node,
                            "gradients are taken inside a helper function",
                            "Take the gradients where the loss is computed.",
                        )
                    found.append((statement, effect))
        return found

    def _tape(self, planned: Planned, taped: list[Taped], differentiated: list[Taped]) -> list[str]:
        """The tape around what gradients go through, and around it another where those are differentiated again."""
        self.losses: dict[int, str] = {}
        if not taped:
            return []
        self.tape = self.expressions.tape = self._fresh("tape")
        self.variables = self._fresh("variables")
        inside = [s for s in planned.slice.statements if s in self.in_tape]
        lines = self._watch_parameters(taped, self.tape)
        if differentiated:
            lines += self._inner_tape(planned, inside, differentiated, taped)
            inside = [s for s in inside if s not in self.written]
        lines += self._recorded(inside, taped, self.tape)
        for _, effect in taped:
            if effect.kind == "gradients":
                lines += self._differentiated(effect, self.tape)
                continue
            loss = effect.arguments["loss"]
            if self.expressions.text(loss).isidentifier():
                self.losses[id(effect.node)] = self.expressions.text(loss)
            else:
                name = self._fresh("loss")
                self.losses[id(effect.node)] = name
                lines.append(f"{name} = {self.expressions.text(loss)}")
        return self._around(lines, self.tape, taped)

    def _inner_tape(
        self, planned: Planned, inside: list[Statement], differentiated: list[Taped], taped: list[Taped]
    ) -> list[str]:
        """What stands before the gradients that are differentiated again, with a tape around what they go through."""
        needed = {s for statement, _ in differentiated for s in needed_for(statement.reads, planned.slice)}
        first = min(s.order for s in self.inner or {statement for statement, _ in differentiated})
        before = [s for s in inside if s not in self.inner and (s in needed or s.order < first)]
        tape = self._fresh("gradient_tape")
        lines = self._recorded(before, taped, self.tape)
        block = self._watch_parameters(differentiated, tape)
        for statement in before:
            block += self._watch_defined(statement, differentiated, tape)
        block += self._recorded([s for s in inside if s in self.inner], differentiated, tape)
        for _, effect in differentiated:
            block += self._differentiated(effect, tape)
        self.written = {*before, *self.inner}
        return [*lines, *self._around(block, tape, differentiated)]

    def _recorded(self, statements: list[Statement], taped: list[Taped], tape: str) -> list[str]:
        lines: list[str] = []
        for statement in statements:
            lines += [*self._statement(statement), *self._watch_defined(statement, taped, tape)]
        return lines

    def _differentiated(self, effect: Effect, tape: str) -> list[str]:
        """What `tf.gradients` differentiates: computed inside of the tape, and named."""
        text = self.expressions.text(effect.arguments["ys"])
        named = tapes.is_named(text)
        name = text if named else self._fresh("target")
        self.expressions.tapes[id(effect.node)] = tapes.Asked(effect, tape, name)
        return [] if named else [f"{name} = {text}"]

    def _around(self, lines: list[str], tape: str, taped: list[Taped]) -> list[str]:
        inner = [STEP + line if line else "" for line in "\n".join(lines or ["pass"]).split("\n")]
        persistent = "persistent=True" if len(taped) > 1 else ""
        return [f"with {self.expressions.tf}.GradientTape({persistent}) as {tape}:", *inner]

    @staticmethod
    def _after(planned: Planned, grads: set[Statement]) -> set[Statement]:
        found: set[Statement] = set()
        for statement in planned.slice.statements:
            if any(d.statement in grads or d.statement in found for d in statement.reads):
                found.add(statement)
        return found

    def _names(self, planned: Planned) -> set[str]:
        """All that is named in a function by what is moved into it."""
        found = planned.slice
        nodes = [*(s.node for s in found.statements), *(leaf.node for leaf in found.leaves)]
        written = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}
        bound = {d.name for s in found.statements for d in [*s.writes, *s.reads]} | set(found.entered)
        return written | bound | {self.plan.parameter_names[v] for v in found.parameters}

    def _fresh(self, wanted: str) -> str:
        """A name for what the function computes besides; another than all that is named in it."""
        names = self.local | set(self.plan.renamed.values())
        name = fresh(wanted, names)
        self.local.add(name)
        return name

    def _watch_parameters(self, taped: list[Taped], tape: str) -> list[str]:
        wanted = [leaf for _, e in taped if e.kind == "gradients" and e.target is not None for leaf in leaves(e.target)]
        names = [self.plan.parameter_names[leaf] for leaf in wanted if isinstance(leaf, Placeholder | Element)]
        return [f"{tape}.watch({name})" for name in dict.fromkeys(names)]

    def _watch_defined(self, statement: Statement, taped: list[Taped], tape: str) -> list[str]:
        given = [e.target for _, e in taped if e.kind == "gradients" and e.target is not None]
        wanted = {leaf for target in given for leaf in leaves(target)}
        wanted -= tapes.of_lists(self.interpreter) if wanted else set()
        return [
            f"{tape}.watch({d.name})" for d in statement.writes if isinstance(d.value, Tensor) and d.value in wanted
        ]

    # ------------------------------------------------------------ statements

    def _statement(self, statement: Statement) -> list[str]:
        if statement in self.calls:
            return self.calls[statement]
        for notes in self.interpreter.notes.values():
            if statement is notes.definition.statement:
                return [notes.text()]
        return noted.inside(self.interpreter, statement, self._written(statement), self.expressions.tf)

    def _written(self, statement: Statement) -> list[str]:
        node = statement.node
        states = [e for e in statement.effects if isinstance(e, Effect)]
        if statement in self.inline:
            return self._inline(statement, states)
        assert isinstance(node, ast.stmt)
        comments = self._comments(node)
        if isinstance(node, ast.With):
            return [*comments, *self._effect_lines(statement, states)]
        if (loop := self.interpreter.loops.get(id(node))) is not None:
            return [*comments, *loops.lines(self.expressions, loop, STEP, self.read)]
        if training_branches.trains(statement):
            written = training_branches.lines(self.program, self.expressions.renderer, statement, self._statement)
            return [*comments, *written]
        kinds = {e.kind for e in states}
        value = statement.value
        if isinstance(value, Effect) or kinds & {"minimize", "apply_gradients"}:
            return [*comments, *self._effect_lines(statement, states)]
        if "compute_gradients" in kinds:
            return [*comments, *self._computed(statement, states)]
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.ListComp) and self._only_assigns(statement):
            return [*comments, *self._loop(node.value)]
        if (taken := pairs.lines(self.expressions, node, self.read)) is not None:
            return [*comments, *taken]
        if isinstance(node, ast.Pass):  # the parameters of a function, of which one is no name of the graph's
            what = "a function that runs sessions is given a placeholder that has no name"
            raise Refused("TFM901", node, what, "Bind it to a name first.")
        indent = self.program.indent(node)
        text = shift(self.expressions.renderer.text(node), indent, "")
        text = text.rstrip().rstrip(";")
        sides = text.split(" = ")
        if len(sides) == 2 and sides[0] == sides[1]:  # a dropout that never drops, another name
            return comments
        return [*comments, text + self._trailing(node)]

    def _only_assigns(self, statement: Statement) -> bool:
        """Whether a list is made only for the assignments in it."""
        held = leaves(statement.value) if statement.value else []
        if not held or not all(isinstance(leaf, Effect) and leaf.kind in ASSIGNS for leaf in held):
            return False
        return self.definitions_read.isdisjoint(statement.writes)

    def _loop(self, node: ast.ListComp) -> list[str]:
        """A list of assignments as the loop that it is."""
        lines: list[str] = []
        for generator in node.generators:
            target, source = self.expressions.text(generator.target), self.expressions.text(generator.iter)
            lines.append(STEP * len(lines) + f"for {target.strip('()')} in {source}:")
            for test in generator.ifs:
                lines.append(STEP * len(lines) + f"if {self.expressions.text(test)}:")
        return [*lines, STEP * len(lines) + self.expressions.text(node.elt)]

    def _inline(self, statement: Statement, states: list[Effect]) -> list[str]:
        if self.inline[statement].value.time == Time.EFFECT and isinstance(statement.node, ast.ListComp):
            return self._loop(statement.node)
        return self._effect_lines(statement, states) if any(e.kind in STATE for e in states) else []

    def _computed(self, statement: Statement, states: list[Effect]) -> list[str]:
        node = statement.node
        effect = next(e for e in states if e.kind == "compute_gradients")
        apart = pairs.apart(node, effect.node)
        if apart is None and (not isinstance(node, ast.Assign) or node.value is not effect.node):
            raise Refused("TFM902", node, "compute_gradients is part of an expression", "Bind its result to a name.")
        loss = self.losses[id(effect.node)]
        if apart is not None:
            gradients, name = (self.expressions.text(target) for target in apart)
            variables, lines = self._variables(effect, name)
            kept = [f"{name} = {variables}"] if name != variables else []
            return [*lines, f"{gradients} = {self.tape}.gradient({loss}, {variables})", *kept]
        assert isinstance(node, ast.Assign)
        target = self.expressions.text(node.targets[0])
        variables, lines = self._variables(effect, self.variables)
        return [*lines, f"{target} = list(zip({self.tape}.gradient({loss}, {variables}), {variables}))"]

    def _is_variable(self, given: ast.expr) -> bool:
        """Whether what is trained is one variable, which TensorFlow 1 took for a list of one."""
        named = [d for d in self.planned.slice.closed if isinstance(d.value, Variable)]
        name = given.attr if isinstance(given, ast.Attribute) else given.id if isinstance(given, ast.Name) else ""
        return any(name == (d.attribute if d.owner is not None else d.name) for d in named)

    def _variables(self, effect: Effect, name: str) -> tuple[str, list[str]]:
        """The variables that gradients are taken of, and the line that binds them to a name if there is none."""
        given = effect.arguments.get("var_list")
        if given is None or (isinstance(given, ast.Constant) and given.value is None):
            untrained.check(self.interpreter, self.planned.slice, effect.node)
            return name, [f"{name} = {self.tape}.watched_variables()"]
        text = self.expressions.text(given)
        if self._is_variable(given):
            return name, [f"{name} = [{text}]"]
        if isinstance(given, ast.Name):
            return text, []
        return name, [f"{name} = {text}"]

    def _effect_lines(self, statement: Statement, effects: list[Effect]) -> list[str]:
        lines: list[str] = []
        for effect in effects:
            if effect.kind == "minimize":
                lines += self._minimize(effect)
            elif effect.kind == "apply_gradients":
                lines += self._apply(effect)
            elif effect.kind in ("average", ENQUEUE):
                lines.append(self.expressions.renderer.text(effect.node))
            elif effect.kind.startswith("assign"):
                lines.append(self._assign(statement, effect))
        return lines

    def _assign(self, statement: Statement, effect: Effect) -> str:
        text = self.expressions.renderer.text(effect.node)
        node = statement.node
        bound = isinstance(node, ast.Assign) and node.value is effect.node and isinstance(node.targets[0], ast.Name)
        if bound and not self.definitions_read.isdisjoint(statement.writes):
            return f"{statement.writes[0].name} = {text}"
        return text

    def _optimizer(self, effect: Effect) -> tuple[str, list[str]]:
        optimizer = effect.target
        assert isinstance(optimizer, Optimizer)
        function = effect.node.func
        assert isinstance(function, ast.Attribute)
        text = self.expressions.text(function.value)
        built = self._built(optimizer, effect)
        if built:
            return text, [*self._rate(optimizer, text), f"{text}.build([{built}])"]
        return text, self._rate(optimizer, text)

    def _rate(self, optimizer: Optimizer, text: str) -> list[str]:
        if optimizer.rate.time < Time.MADE:
            return []
        rate = self.expressions.text(optimizer.arguments["learning_rate"])
        return [f"{text}.learning_rate.assign({rate})"]

    def _built(self, optimizer: Optimizer, effect: Effect) -> str:
        """All that one optimizer trains in several functions, where they train different things.

        Keras makes an optimizer's state at its first use, for the variables that it is then given. Raises `Refused`.
        """
        trained: list[list[Definition]] = []
        for planned in self.training.get(optimizer, ()):
            closed = sorted(planned.slice.closed, key=lambda d: d.statement.order)
            trained.append([d for d in closed if any(isinstance(v, Variable | Layer) for v in leaves(d.value))])
        if all(set(one) == set(trained[0]) for one in trained):
            return ""
        every = {d: None for one in trained for d in one if d.statement.made}
        if any(isinstance(leaf, Layer) or not leaf.time == Time.MADE for d in every for leaf in leaves(d.value)):
            raise Refused(
                "TFM907",
                effect.node,
                "one optimizer trains different things in several runs, and what they are cannot be listed",
                "Make an optimizer for each of them.",
            )
        texts = []
        for definition in every:
            name = f"self.{definition.attribute}" if definition.owner is not None else definition.name
            if isinstance(definition.value, Structure):
                name = f"*{name}.values()" if definition.value.kind == "dict" else f"*{name}"
            texts.append(name)
        return ", ".join(texts)

    def _minimize(self, effect: Effect) -> list[str]:
        optimizer, lines = self._optimizer(effect)
        variables, more = self._variables(effect, self.variables)
        loss = self.losses[id(effect.node)]
        gradient = f"{self.tape}.gradient({loss}, {variables})"
        lines += [*more, f"{optimizer}.apply_gradients(zip({gradient}, {variables}))"]
        return [*lines, *self._count(effect)]

    def _apply(self, effect: Effect) -> list[str]:
        optimizer, lines = self._optimizer(effect)
        lines.append(f"{optimizer}.apply_gradients({self.expressions.text(effect.arguments['grads_and_vars'])})")
        return [*lines, *self._count(effect)]

    def _count(self, effect: Effect) -> list[str]:
        step = effect.arguments.get("global_step")
        value = effect.given("global_step")
        if step is None or (isinstance(value, Python) and value.known and value.literal is None):
            return []
        return [f"{self.expressions.text(step)}.assign_add(1)"]

    # ------------------------------------------------------------ return, comments

    def _return(self, planned: Planned, lines: list[str]) -> list[str]:
        texts = [self._leaf(leaf, planned) for leaf in planned.returned]
        if not texts:
            return []
        if len(texts) == 1 and lines and "\n" not in lines[-1]:
            name = texts[0]
            start = f"{name} = "
            if name.isidentifier() and lines[-1].startswith(start) and "#" not in lines[-1]:
                return [f"return {lines.pop().removeprefix(start)}"]
        return [f"return {', '.join(texts)}"]

    def _leaf(self, leaf: Fetch, planned: Planned) -> str:
        text = self.expressions.renderer.text(leaf.node)
        kind = kind_of(leaf)
        if kind == "variable":
            return f"{text}.read_value()"
        if kind == "assigned":
            if isinstance(leaf.value, Effect) and leaf.value.kind == EACH:
                advice = "Fetch the variables after the run that assigns."
                raise Refused("TFM906", leaf.node, "the values of a list of assignments are fetched", advice)
            target = leaf.value.arguments.get("ref") if isinstance(leaf.value, Effect) else None
            if target is not None:
                return f"{self.expressions.text(target)}.read_value()"
            function = leaf.value.node.func if isinstance(leaf.value, Effect) else None
            assert isinstance(function, ast.Attribute)
            return f"{self.expressions.text(function.value)}.read_value()"
        return text

    def _comments(self, node: ast.stmt) -> list[str]:
        """The comment lines right above a statement move with it, the first time that it is written."""
        if id(node) in self.commented:
            return []
        self.commented.add(id(node))
        found: list[str] = []
        line = node.lineno - 1
        while line > 0 and self.program.lines[line - 1].strip().startswith("#"):
            if self.program.lines[line - 1].startswith(("#!", "# -*-", "# coding")):
                break
            found.insert(0, self.program.lines[line - 1].strip())
            self.comments.add(line)
            line -= 1
        return found

    def _trailing(self, node: ast.stmt) -> str:
        end = self.program.span(node).end
        rest = self.program.text[end:].split("\n", 1)[0]
        return rest.rstrip() if rest.strip().startswith("#") else ""


__all__ = ["BodyWriter", "Structure", "Variable"]
