"""Initializers that run again: a session owned its variables, a new one started fresh."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import symbols as S
from tf2migrate.lift.savers import restored
from tf2migrate.lift.trace import Definition, Run, Statement
from tf2migrate.lift.values import Optimizer, Refused, Structure, Variable, leaves

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
        again: list[Statement] = []
        for statement in self.statements:
            if statement.order >= run.statement.order or not any(isinstance(m.value, Variable) for m in statement.made):
                continue
            if self._graphs_differ(statement, run):
                continue
            loops = [b for b in run.blocks if isinstance(b, ast.For | ast.While) and b not in statement.blocks]
            if loops or id(statement) in self.done:
                again.append(statement)
            self.done.add(id(statement))
        made = [m.value for s in again for m in s.made if isinstance(m.value, Variable)]
        if not again or restored(self.interpreter, run, made):
            return []
        self._refuse_slots(run)
        return [self._line(statement, run) for statement in again]

    def _graphs_differ(self, statement: Statement, run: Run) -> bool:
        return statement.graph is not run.graph

    def _refuse_slots(self, run: Run) -> None:
        for statement in self.statements:
            for made in statement.made:
                plain = isinstance(made.value, Optimizer) and made.value.symbol.endswith("GradientDescentOptimizer")
                if isinstance(made.value, Optimizer) and not plain and statement.graph is run.graph:
                    loops = [b for b in run.blocks if isinstance(b, ast.For | ast.While) and b not in statement.blocks]
                    if loops or statement.order < run.statement.order:
                        raise Refused(
                            "TFM908",
                            run.node,
                            "the variables are initialized again, and the optimizer has state that would be too",
                            "Build the graph anew where the variables start afresh, or initialize them once.",
                        )

    def _line(self, statement: Statement, run: Run) -> str:
        node = statement.node
        value = statement.value
        named = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if not named or not isinstance(value, Variable) or not isinstance(node, ast.Assign):
            raise Refused(
                "TFM908",
                run.node,
                f"the initializer runs again, and the variables of line {statement.line} have no names of their own",
                "Bind each variable to a name, or make the variables where they start afresh.",
            )
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


__all__ = ["Definition", "Resets", "Structure", "leaves"]
