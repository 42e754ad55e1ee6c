"""Training steps that the branches of an `if` make, as one that stands behind it.

    if clip > 0:                                           grads_and_vars = optimizer.compute_gradients(loss)
        grads, tvars = zip(*optimizer.compute_gradients(   if clip > 0:
            loss))                                             grads, tvars = zip(*grads_and_vars)
        grads, _ = tf.clip_by_global_norm(grads, clip)         grads, _ = tf.clip_by_global_norm(grads, clip)
        train = optimizer.apply_gradients(                     grads_and_vars = zip(grads, tvars)
            zip(grads, tvars))                             train = optimizer.apply_gradients(grads_and_vars)
    else:
        train = optimizer.minimize(loss)

What differs between the branches stays in them: which optimizer there is, and what becomes of the gradients. `minimize`
is `compute_gradients` and `apply_gradients` with the same arguments (TensorFlow's documentation of `Optimizer`). Where
only some branches train, their optimizers are made in branches of their own, before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.headers import elifs
from tf2migrate.lift.symbols import OPTIMIZERS
from tf2migrate.model import Edit, Span

_ENDS = ("minimize", "apply_gradients")
_MADE = (*OPTIMIZERS, "tf.Variable", "tf.get_variable", "tf.train.get_or_create_global_step")


@dataclass(frozen=True, slots=True)
class Step:
    """The last statement of a branch, which makes its training step: `target = receiver.attr(first, **others)`."""

    body: list[ast.stmt]
    node: ast.Assign
    call: ast.Call
    receiver: ast.expr
    attr: str

    def others(self, *without: str) -> str:
        """The arguments but for the first, and for some."""
        given = [*map(ast.unparse, self.call.args[1:])]
        return ", ".join([*given, *(ast.unparse(k) for k in self.call.keywords if k.arg not in without)])


def branch_training(program: Program) -> tuple[Edit, ...]:
    """The edits that take training steps out of branches."""
    edits: list[Edit] = []
    for node in program.each(ast.If):
        if not _is_elif(program, node):
            edits += _Branches(program, node).edits()
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _is_elif(program: Program, node: ast.If) -> bool:
    above = program.parents[id(node)]
    return isinstance(above, ast.If) and node in elifs(program, above)


class _Branches:
    """The branches of one `if`."""

    def __init__(self, program: Program, node: ast.If) -> None:
        self.program, self.node = program, node
        links = [node, *elifs(program, node)]
        self.bodies = [*(link.body for link in links), *([links[-1].orelse] if links[-1].orelse else [])]
        self.closed = bool(links[-1].orelse)
        self.taken = set(program.words)

    def edits(self) -> list[Edit]:
        """What is to be done; nothing where the branches are not such."""
        steps = [self._step(body) for body in self.bodies if not isinstance(body[-1], ast.Raise)]
        found = [step for step in steps if step is not None]
        if any(any(k.arg is None for k in s.call.keywords) or not s.call.args for s in found):
            return []
        edits: list[Edit] = []
        if len(found) == len(steps) > 1 and len({ast.unparse(s.node.targets[0]) for s in found}) == 1:
            alike = len({s.attr for s in found}) == 1 and not any(self._computes(s) for s in found)
            edits = self._alike(found) if alike else self._computed(found)
        return edits or self._made_before(found)

    @staticmethod
    def _step(body: list[ast.stmt]) -> Step | None:
        match body[-1]:
            case ast.Assign(
                targets=[ast.Name() | ast.Attribute(value=ast.Name())],
                value=ast.Call(func=ast.Attribute(value=receiver, attr=attr)) as call,
            ) as node if attr in _ENDS:
                return Step(body, node, call, receiver, attr)
        return None

    def _alike(self, steps: list[Step]) -> list[Edit]:
        """Steps by one method, whose optimizers or gradients differ."""
        if len({s.others() for s in steps}) > 1:
            return []
        lines: list[list[str]] = [[] for _ in steps]
        receiver = self.program.segment(steps[0].receiver)
        if len({ast.unparse(s.receiver) for s in steps}) > 1 or isinstance(steps[0].receiver, ast.Call):
            receiver = self._fresh("optimizer")
            for step, kept in zip(steps, lines, strict=True):
                kept.append(f"{receiver} = {self.program.segment(step.receiver)}")
        first = self.program.segment(steps[0].call.args[0])
        if len({ast.unparse(s.call.args[0]) for s in steps}) > 1:
            first = self._fresh("loss" if steps[0].attr == "minimize" else "grads_and_vars")
            for step, kept in zip(steps, lines, strict=True):
                kept.append(f"{first} = {self.program.segment(step.call.args[0])}")
        return [*self._left(steps, lines), self._behind(steps[0], receiver, steps[0].attr, first, steps[0].others())]

    def _computed(self, steps: list[Step]) -> list[Edit]:
        """Steps of which some change the gradients that one optimizer computes of one loss."""
        receivers = {ast.unparse(s.receiver) for s in steps}
        asked = [self._asked(step) for step in steps]
        told = {(ast.unparse(call.args[0]), _listed(call)) for call in asked if call is not None and call.args}
        rest = {s.others("var_list") for s in steps}
        if None in asked or len(receivers) > 1 or len(told) != 1 or len(rest) > 1 or not self._is_there(asked):
            return []
        name = self._fresh("grads_and_vars")
        loss, listed = told.pop()
        receiver = self.program.segment(steps[0].receiver)
        computed = f"{name} = {receiver}.compute_gradients({loss}{f', {listed}' if listed else ''})"
        edits = [Edit(Span(*[self.program.span(self.node).start] * 2), f"{computed}\n{self._indent()}")]
        lines: list[list[str]] = []
        for step, call in zip(steps, asked, strict=True):
            if step.attr == "minimize" or call is None:
                lines.append([])
                continue
            given = step.call.args[0]
            inside = any(node is call for node in walk(given))
            text = self.program.segment(given)
            if inside:
                text = text.replace(self.program.segment(call), name)
            else:
                edits.append(Edit(self.program.span(call), name))
            lines.append([] if text == name else [f"{name} = {text}"])
        behind = self._behind(steps[0], receiver, "apply_gradients", name, rest.pop())
        return [*edits, *self._left(steps, lines), behind]

    def _asked(self, step: Step) -> ast.Call | None:
        """The one call of a branch that computes gradients, by the optimizer that its step is of."""
        found = [step.call] if step.attr == "minimize" else self._computes(step)
        plain = isinstance(step.receiver, ast.Name | ast.Attribute)
        several = any(isinstance(s, ast.For | ast.While) and found and found[0] in walk(s) for s in step.body)
        told = {"var_list", *(("global_step", "name") if step.attr == "minimize" else ())}
        if len(found) != 1 or not plain or several or len(found[0].args) != 1:
            return None
        same = ast.unparse(found[0].func.value) == ast.unparse(step.receiver)  # type: ignore[attr-defined]
        return found[0] if same and all(k.arg in told for k in found[0].keywords) else None

    @staticmethod
    def _computes(step: Step) -> list[ast.Call]:
        calls = [n for s in step.body for n in walk(s) if isinstance(n, ast.Call)]
        return [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "compute_gradients"]

    def _is_there(self, asked: list[ast.Call | None]) -> bool:
        """Whether what gradients are computed of is there before the branches: none of them binds a name of it."""
        return not _stored(self.node) & {name for c in asked if c is not None for name in _names(c)}

    def _made_before(self, steps: list[Step]) -> list[Edit]:
        """Optimizers and variables of branches that train, made in branches before, which do not run at each step."""
        edits: list[Edit] = []
        moved: dict[int, list[str]] = {}
        for step in steps:
            bound: set[str] = set()
            for statement in step.body:
                made = statement.value if isinstance(statement, ast.Assign) else None
                if isinstance(made, ast.Call) and self.program.names.symbol(made.func) in _MADE:
                    if bound & _names(made):
                        return []
                    line = self._line(statement)
                    if line is None:
                        return []
                    moved.setdefault(id(step.body), []).append(self.program.text[line.start : line.end])
                    edits.append(self._without(line))
                else:
                    bound |= _stored(statement)
            receiver = step.receiver
            if isinstance(receiver, ast.Call) and self.program.names.symbol(receiver.func) in OPTIMIZERS:
                if bound & _names(receiver):
                    return []
                name = self._fresh("optimizer")
                moved.setdefault(id(step.body), []).append(f"{name} = {self.program.segment(receiver)}")
                edits.append(Edit(self.program.span(receiver), name))
        tests = [link.test for link in [self.node, *elifs(self.program, self.node)]]
        if not moved or any(isinstance(n, ast.Call | ast.NamedExpr | ast.Await) for t in tests for n in walk(t)):
            return []
        last = max(at for at, body in enumerate(self.bodies) if id(body) in moved)
        indent, lines = self._indent(), []
        for at, body in enumerate(self.bodies[: last + 1]):
            word = "if" if at == 0 else "elif" if at < len(tests) else "else"
            lines.append(f"{word} {self.program.segment(tests[at])}:" if at < len(tests) else "else:")
            lines += [f"    {line}" for line in moved.get(id(body), ["pass"])]
        start = self.program.span(self.node).start
        return [Edit(Span(start, start), "".join(f"{line}\n{indent}" for line in lines)), *edits]

    def _line(self, statement: ast.stmt) -> Span | None:
        """A statement with the comment behind it; None where another statement stands on its line."""
        span = self.program.span(statement)
        end = self.program.text.find("\n", span.end)
        rest = self.program.text[span.end : end].strip()
        return Span(span.start, end) if end >= 0 and (not rest or rest.startswith("#")) else None

    def _without(self, line: Span) -> Edit:
        """A line goes: another stands after it."""
        rest = self.program.text[line.end :]
        return Edit(Span(line.start, line.end + len(rest) - len(rest.lstrip())), "")

    def _left(self, steps: list[Step], lines: list[list[str]]) -> Iterator[Edit]:
        """What stays of the last statements of the branches."""
        for step, kept in zip(steps, lines, strict=True):
            span = self.program.span(step.node)
            if kept:
                yield Edit(span, f"\n{self.program.indent(step.node)}".join(kept))
            elif len(step.body) > 1:  # the comments above it stay
                before = max(self.program.span(step.body[-2]).end, self.program.text.rfind("\n", 0, span.start))
                yield Edit(Span(before, span.end), "")
            elif step.body is self.bodies[-1] and self.closed and (start := self._before_else()) is not None:
                yield Edit(Span(start, span.end), "")
            else:
                yield Edit(span, "pass")

    def _before_else(self) -> int | None:
        """Where the branch above the last one ends; None where comments stand below it."""
        start = self.program.span(self.bodies[-2][-1]).end
        between = self.program.text[start : self.program.span(self.bodies[-1][0]).start]
        return start if "#" not in between else None

    def _behind(self, step: Step, receiver: str, attr: str, first: str, others: str) -> Edit:
        """The one step, below the branches."""
        end = self.program.text.find("\n", self.program.span(self.node).end)
        end = len(self.program.text) if end < 0 else end
        target = self.program.segment(step.node.targets[0])
        call = f"{target} = {receiver}.{attr}({first}{f', {others}' if others else ''})"
        return Edit(Span(end, end), f"\n{self._indent()}{call}")

    def _indent(self) -> str:
        return self.program.indent(self.node)

    def _fresh(self, wanted: str) -> str:
        name = fresh(wanted, self.taken)
        self.taken.add(name)
        return name


def _stored(statement: ast.stmt) -> set[str]:
    """The names and attributes that a statement binds."""
    stores = (n for n in walk(statement) if isinstance(n, ast.Name | ast.Attribute))
    return {ast.unparse(n) for n in stores if not isinstance(n.ctx, ast.Load)}


def _listed(call: ast.Call) -> str:
    return next((ast.unparse(k) for k in call.keywords if k.arg == "var_list"), "")


def _names(node: ast.expr) -> set[str]:
    """The names and attributes that an expression reads."""
    return {ast.unparse(n) for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)}
