"""Functions that make updates, written out where they are called: what stands there, and what is left alone."""

from __future__ import annotations

import pytest

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.lift.written_out import written_out

TRAINING = """
def training(loss, rate=0.1):
    # How it learns
    optimizer = tf.train.AdamOptimizer(rate)
    return optimizer.minimize(loss)
"""


def becomes(text: str) -> str:
    program = Program("import tensorflow as tf\n" + text)
    return apply(program.text, written_out(program))[0].removeprefix("import tensorflow as tf\n")


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (
            "op = training(cost)",
            "# How it learns\noptimizer = tf.train.AdamOptimizer(0.1)\nop = optimizer.minimize(cost)",
        ),
        (
            "op = training(a + b, rate=r)",
            "loss = a + b\n# How it learns\noptimizer = tf.train.AdamOptimizer(r)\nop = optimizer.minimize(loss)",
        ),
        (
            "def f(optimizer, cost):\n    return training(cost, optimizer)",
            "def f(optimizer, cost):\n    # How it learns\n    optimizer_1 = tf.train.AdamOptimizer(optimizer)\n"
            "    return optimizer_1.minimize(cost)",
        ),
        (
            "training(cost)",
            "# How it learns\noptimizer = tf.train.AdamOptimizer(0.1)\noptimizer.minimize(cost)",
        ),
        (
            "for c in costs:\n    ops.op = training(c)",
            "for c in costs:\n    # How it learns\n    optimizer = tf.train.AdamOptimizer(0.1)\n"
            "    ops.op = optimizer.minimize(c)",
        ),
    ],
)
def test_a_function_stands_where_it_was_called(call: str, written: str) -> None:
    assert becomes(f"{TRAINING}\n\n{call}\n") == f"\n{written}\n"


def test_a_second_call_has_names_of_its_own() -> None:
    text = becomes(f"{TRAINING}\na = training(one)\nb = training(two)\n")
    assert "a = optimizer.minimize(one)" in text
    assert "b = optimizer_1.minimize(two)" in text


@pytest.mark.parametrize(
    "text",
    [
        f"{TRAINING}\nops = [training(cost)]\n",  # it is part of something
        f"{TRAINING}\nop = training(*costs)\n",
        f"{TRAINING}\nop = training(cost, momentum=1)\n",
        f"{TRAINING}\nop = training(cost)\nagain = training\n",
        f"{TRAINING}\ndef f(tf, cost):\n    return training(cost)\n",  # `tf` is another thing there
        f"{TRAINING}\nif cost: op = training(cost)\n",
        f"{TRAINING}\ndef f(training):\n    op = training(cost)\n",
        f"@cached{TRAINING}\nop = training(cost)\n",
        "def training(loss, n):\n    if n:\n        return None\n    return opt.minimize(loss)\ntraining(cost, 1)\n",
        "def training(loss):\n    return opt.minimize(loss, name='''a\nb''')\nop = training(cost)\n",
        "def training(loss):\n    def f():\n        return opt.minimize(loss)\n    return f()\ntraining(cost)\n",
        "def training(loss):\n    op = opt.minimize(loss)\n    sess.run(op)\ntraining(cost)\n",
        "def training(loss):\n    global op\n    op = opt.minimize(loss)\ntraining(cost)\n",
        "def training(loss):\n    return opt.minimize(loss), loss\na, b, c = training(cost)\n",
    ],
)
def test_what_would_mean_something_else_stays(text: str) -> None:
    assert becomes(text) == text


def test_a_comment_or_text_that_hides_a_name_does_not_confuse() -> None:
    text = becomes(
        "def training(loss):\n    print('loss', loss)\n    return opt.minimize(loss)\n\nop = training(cost)\n"
    )
    assert text == "print('loss', cost)\nop = opt.minimize(cost)\n"


def test_names_in_formatted_texts_are_followed_or_nothing_is_done() -> None:
    text = (
        "def training(loss, n):\n    print(f'a {n} {n!r:>{n}}')\n    return opt.minimize(loss)\nop = training(a, 12)\n"
    )
    assert becomes(text) in (text, "print(f'a {12} {12!r:>{12}}')\nop = opt.minimize(a)\n")
