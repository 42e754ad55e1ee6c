"""What is checked of rewritten programs: values that a trace would keep, whoever changes them."""

from __future__ import annotations

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lint.postcondition import fresh
from tf2migrate.model import Options

MODEL = """\
import tensorflow as tf


class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.rate = 0.5

    @tf.function
    def step(self, x):
        return x * self.rate


model = Model()
print(model.step(tf.constant(1.0)))
{between}
print(model.step(tf.constant(1.0)))
"""

LOOP = """\
import tensorflow as tf


@tf.function
def scaled(x):
    return x * {factor}


for rate in [0.5, 0.1]:
    print(scaled(tf.constant(1.0)))
"""


@pytest.mark.parametrize("program", [MODEL.format(between="model.rate = 0.1"), LOOP.format(factor="rate")])
def test_what_is_changed_between_two_calls_stops_a_program(program: str) -> None:
    outcome = fresh(Program(program, first=Program("import tensorflow as tf\n")), Options())
    assert [f.code for f in outcome.findings] == ["TFM919"]


@pytest.mark.parametrize("program", [MODEL.format(between="print(model.rate)"), LOOP.format(factor="0.5")])
def test_what_stays_as_it_was_stops_none(program: str) -> None:
    outcome = fresh(Program(program, first=Program("import tensorflow as tf\n")), Options())
    assert (outcome.findings, outcome.edits) == ((), ())
