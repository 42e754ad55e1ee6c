"""Initializers that run again: a session owned its variables, a new one started fresh."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.layers import WEIGHTLESS
from tf2migrate.lift.metrics import Mean
from tf2migrate.lift.savers import restored
from tf2migrate.lift.trace import Definition, Fetch, Made, Run, Statement, loops_in
from tf2migrate.lift.values import Initializer, Layer, Optimizer, Refused, Structure, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter


class Resets:
    """Which variables an initializer's run must set back, and how."""

    def __init__(self, interpreter: Interpreter, expressions: Expressions) -> None:
        self.interpreter, self.expressions = interpreter, expressions
        self.statements = [s for frame in interpreter.frames for s in frame.statements]
        self.done: set[int] = set()

    def lines(self, run: Run) -> list[str]:
        """Nothing the first time; assignments of the initial values when it runs again."""
        scopes = {s for leaf in run.fetches.leaves() if isinstance(leaf.value, Initializer) for s in leaf.value.scopes}
        if "some" in scopes and "global" not in scopes:
            self._refuse_some(run)
        kinds = (*((Variable, Layer) if "global" in scopes else ()), *((Mean,) if "local" in scopes else ()))
        again = [made for statement in self.statements for made in self._again(statement, run, kinds)]
        variables = [made.value for _, made in again if isinstance(made.value, Variable)]
        if variables and restored(self.interpreter, run, variables):
            again = [pair for pair in again if isinstance(pair[1].value, Mean)]
        if any(not isinstance(made.value, Mean) for _, made in again):
            self._refuse_slots(run)
        return list(dict.fromkeys(self._line(statement, made, run) for statement, made in again))

    def _again(self, statement: Statement, run: Run, kinds: tuple[type[Value], ...]) -> list[tuple[Statement, Made]]:
        """What a statement makes and an earlier run of an initializer, or an earlier turn of a loop, has started."""
        if statement.order >= run.statement.order or self._graphs_differ(statement, run):
            return []
        found = [made for made in statement.made if isinstance(made.value, kinds) and not _empty(made.value)]
        turns = loops_in(run.blocks, statement.blocks)
        again = [(statement, made) for made in found if turns or id(made.value) in self.done]
        self.done |= {id(made.value) for made in found}
        return again

    def _refuse_some(self, run: Run) -> None:
        """Some of the variables are initialized: that is nothing new only before anything else has run."""
        others = [r for r in self.interpreter.runs.values() if any(not _starts(leaf) for leaf in r.fetches.leaves())]
        if loops_in(run.blocks) or any(other.statement.order < run.statement.order for other in others):
            raise Refused(
                "TFM908",
                run.node,
                "some variables are initialized after others were used",
                "Assign them their first values there.",
            )

    def _graphs_differ(self, statement: Statement, run: Run) -> bool:
        return statement.graph is not run.graph

    def _refuse_slots(self, run: Run) -> None:
        for statement in self.statements:
            for made in statement.made:
                plain = isinstance(made.value, Optimizer) and made.value.symbol.endswith("GradientDescentOptimizer")
                again = loops_in(run.blocks, statement.blocks) or statement.order < run.statement.order
                if isinstance(made.value, Optimizer) and not plain and statement.graph is run.graph and again:
                    raise Refused(
                        "TFM908",
                        run.node,
                        "the variables are initialized again, and the optimizer has state that would be too",
                        "Build the graph anew where the variables start afresh, or initialize them once.",
                    )

    def _line(self, statement: Statement, made: Made, run: Run) -> str:
        node, value = statement.node, made.value
        if isinstance(value, Mean):
            return f"{self.expressions.hoisted[id(value.node)]}.reset_state()"
        if isinstance(value, Layer):
            raise Refused(
                "TFM908",
                run.node,
                f"the initializer runs again, and the layer of line {statement.line} would start afresh too",
                "Build the graph anew where it starts afresh, or initialize it once.",
            )
        if loops_in(statement.blocks, run.blocks):
            raise Refused(
                "TFM908",
                run.node,
                f"the initializer runs again, and the variables of line {statement.line} are made in a loop",
                "Build the graph anew where it starts afresh, or initialize it once.",
            )
        named = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if not named or not isinstance(statement.value, Variable) or not isinstance(node, ast.Assign):
            raise Refused(
                "TFM908",
                run.node,
                f"the initializer runs again, and the variables of line {statement.line} have no names of their own",
                "Bind each variable to a name, or make the variables where they start afresh.",
            )
        value = statement.value
        call = value.node
        assert isinstance(call, ast.Call)
        if call is not node.value or self.expressions.program.names.symbol(call.func) != "tf.Variable":
            raise Refused(
                "TFM908",
                run.node,
                f"the initializer runs again, and how the variable of line {statement.line} starts is not seen",
                "Make the variable with tf.Variable where its name is bound.",
            )
        initial = self.expressions.text(bind(call, S.VARIABLE)["initial_value"])
        target = node.targets[0]
        assert isinstance(target, ast.Name)
        return f"{target.id}.assign({initial})"


def _empty(value: Value) -> bool:
    """Whether a layer has no weights."""
    return isinstance(value, Layer) and value.kind.startswith(WEIGHTLESS)


def _starts(leaf: Fetch) -> bool:
    return isinstance(leaf.value, Initializer)


__all__ = ["Definition", "Resets", "Structure", "leaves"]
