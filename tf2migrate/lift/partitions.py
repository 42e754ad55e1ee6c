"""Partitioners of variables: `tf.variable_scope("m", partitioner=tf.fixed_size_partitioner(2))`.

TensorFlow 1 laid the parts of such a variable on several servers, and joined them where the variable was read
(`PartitionedVariable.as_tensor`); here it is one variable. What tells the parts apart is refused: lists of variables
and gradients, rows that are looked up by turns, first values that each part takes by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import Handle, Python, Refused, Unknown, Value, Variable
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_ROLE = "partitioner"
_MAKERS = ("tf.fixed_size_partitioner", "tf.min_max_variable_partitioner", "tf.variable_axis_size_partitioner")
_LISTS = (
    *("tf.trainable_variables", "tf.global_variables", "tf.all_variables", "tf.local_variables", "tf.get_collection"),
    *("tf.gradients", "tf.train.ExponentialMovingAverage"),
)
_LOOKUPS = ("tf.nn.embedding_lookup", "tf.nn.embedding_lookup_sparse", "tf.nn.safe_embedding_lookup_sparse")
#: The initializers that give the parts what they give the whole: one number, or draws of one distribution (those that
#: scale with the shape are told the whole one, `partition_info` in `init_ops.py`).
_ALIKE = (
    *("zeros_initializer", "ones_initializer", "random_normal_initializer", "random_uniform_initializer"),
    *("truncated_normal_initializer", "glorot_uniform_initializer", "glorot_normal_initializer"),
    *("variance_scaling_initializer", "xavier_initializer"),
)
_ADVICE = "Leave the partitioner out: it says on which servers a variable lies."


def made(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """A partitioner is made."""
    with interpreter.apart():
        interpreter.arguments(node)
    return Handle(_ROLE, node)


def is_partitioner(value: Value) -> bool:
    """Whether a value is one of TensorFlow's own partitioners, or none at all."""
    nothing = isinstance(value, Python) and value.known and value.literal is None
    return nothing or (isinstance(value, Handle) and value.role == _ROLE)


def given(interpreter: Interpreter, node: ast.expr) -> Unknown | None:
    """What a variable's own partitioner is, where it is not followed."""
    with interpreter.apart():
        value = interpreter.evaluate(node)
    return None if is_partitioner(value) else Unknown("how a variable is partitioned cannot be told", node)


def check(interpreter: Interpreter) -> Iterator[Finding]:
    """What is said of partitioners. Raises `Refused` where the program tells the parts of its variables apart."""
    program = interpreter.program
    makers = [node for node, symbol in program.uses if symbol in _MAKERS]
    if not makers:
        return
    for node, what in _told_apart(program):
        raise Refused("TFM901", node, f"{what} in a program with a partitioner", _ADVICE)
    for _, value, node in interpreter.names_read:
        if isinstance(value, Variable):
            raise Refused("TFM901", node, "the name of a variable in a program with a partitioner", _ADVICE)
    message = "the parts of a variable that a partitioner makes are one variable here, which is drawn at once"
    yield Finding(makers[0].lineno, makers[0].col_offset + 1, "TFM726", message, "Nothing to do.", fixable=True)


def _told_apart(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """What of a program would see, list or fill the parts of a variable one by one."""
    for node, symbol in program.uses:
        if symbol in _LISTS:
            yield node, f"{symbol}, which lists the parts of variables,"
    for call in program.each(ast.Call):
        symbol = program.names.symbol(call.func) or ""
        keywords = {k.arg: k.value for k in call.keywords}
        last = symbol.rpartition(".")[2]
        strategy = keywords.get("partition_strategy")
        if symbol in _LOOKUPS and not (isinstance(strategy, ast.Constant) and strategy.value == "div"):
            yield call, "rows that are looked up by turns"
        if isinstance(call.func, ast.Attribute) and call.func.attr == "compute_gradients":
            yield call, "gradients of the parts of variables"
        if last.endswith("_initializer") and symbol.startswith("tf.") and not symbol.endswith("variables_initializer"):
            number = last == "constant_initializer" and all(_is_number(n) for n in [*call.args[:1], *_value(call)])
            if "seed" in keywords or not (number or last in _ALIKE):
                yield call, "first values that each part of a variable takes by itself"


def _value(call: ast.Call) -> list[ast.expr]:
    return [k.value for k in call.keywords if k.arg == "value"]


def _is_number(node: ast.expr) -> bool:
    return not any(not isinstance(n, ast.Constant | ast.UnaryOp | ast.unaryop) for n in walk(node))


HANDLERS = dict.fromkeys(_MAKERS, made)
