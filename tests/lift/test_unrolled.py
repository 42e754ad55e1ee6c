"""Loops over listed tensors: which list a name stands for."""

from __future__ import annotations

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lift.unrolled import unrolled

BEGIN = "import tensorflow as tf\na = tf.Variable(1.0)\nops = [a, a]\n"
LOOP = "for op in ops:\n    print(sess.run(op))\n"
INSIDE = "    for op in ops:\n        print(sess.run(op))\n"


@pytest.mark.parametrize("rest", [LOOP, f"def show():\n{INSIDE}", f"def show():\n    ops = [a]\n{INSIDE}"])
def test_a_list_that_is_written_out_is_gone_through(rest: str) -> None:
    assert unrolled(Program(BEGIN + rest))


@pytest.mark.parametrize(
    "rest",
    [
        f"def show(ops):\n{INSIDE}",
        "def outer(ops):\n    def show():\n        for op in ops:\n            print(sess.run(op))\n",
        f"def change():\n    global ops\n    ops = [a]\n{LOOP}",
        f"ops.append(a)\n{LOOP}",
        f"change(ops)\n{LOOP}",
    ],
)
def test_what_may_be_another_list_is_not(rest: str) -> None:
    assert not unrolled(Program(BEGIN + rest))
