"""What kind of number an expression is, as far as a program says."""

from __future__ import annotations

import ast

import pytest

from tf2migrate.facts.numbers import Number, number
from tf2migrate.facts.program import Program

FLOAT, WHOLE, LITERAL = Number.FLOAT, Number.WHOLE, Number.LITERAL

#: A program, and the kind of the expression that is its last statement.
CASES = [
    ("1.5", FLOAT),
    ("3", LITERAL),
    ("True", None),
    ("unknown", None),
    ("unknown * 2", None),
    ("unknown * 2.0", FLOAT),
    ("3 / 2", FLOAT),
    ("3 // 2", LITERAL),
    ("3.0 // 2", FLOAT),
    ("len(unknown)", LITERAL),
    ("float(unknown)", FLOAT),
    ("[1, 2.0]", FLOAT),
    ("[1, unknown]", None),
    ("tf.constant(3)", WHOLE),
    ("tf.constant(3, tf.float32)", FLOAT),
    ("tf.constant(3.0, dtype='int32')", WHOLE),
    ("tf.add(3, 4)", WHOLE),
    ("tf.add(unknown, 4)", None),
    ("tf.argmax(unknown, 0)", WHOLE),
    ("tf.reduce_sum(tf.square(tf.subtract(unknown, 2.0)))", FLOAT),
    ("tf.cast(unknown, tf.int32)", WHOLE),
    ("tf.cast(unknown, kind)", None),
    ("tf.get_variable('w', [2])", FLOAT),
    ("tf.get_variable('w', initializer=unknown)", None),
    ("x = tf.placeholder(tf.float32)\nx[0] - 1", FLOAT),
    ("x = tf.placeholder(tf.int32)\nx + 1", WHOLE),
    ("x = 1.0\nx = 2\nx", None),
    ("x = 1.0\nx += unknown\nx", None),
    ("for x in unknown:\n    pass\nx", None),
    ("import x\nx", None),
    ("x = x + 1.0\nx", FLOAT),
    ("x = x\nx", None),
    ("values, indices = tf.nn.top_k(tf.zeros([3]), k=2)\nvalues", FLOAT),
    ("values, indices = tf.nn.top_k(tf.zeros([3]), k=2)\nindices", WHOLE),
    ("a, b = 1.0, 2\na", FLOAT),
    ("x = tf.ones([2])\nx = x.numpy()\nx", FLOAT),
    ("x = tf.constant(2)\ny = (x + 1).numpy()\ny", WHOLE),
    ("x = unknown.numpy()\nx", None),
    (
        "spec = tf.TensorSpec([2], tf.float32)\n@tf.function(input_signature=[spec])\ndef f(x):\n    return x\nf(y)",
        FLOAT,
    ),
    ("spec = tf.TensorSpec([2], tf.int64)\n@tf.function(input_signature=[spec])\ndef f(x):\n    return x\nf(y)", WHOLE),
    ("x = tf.TensorSpec([2], tf.float32)\n@tf.function(input_signature=[x])\ndef f(x):\n    return x\nf(y)", FLOAT),
    ("def f(x, y=1.0):\n    return y\nf(2)", FLOAT),
    ("def f(x, y=1.0):\n    return y\nf(2, 3.0)\nf(2)", FLOAT),
    ("def f(x, y=1.0):\n    return y\nf(2, 3)\nf(2)", None),
    ("def f(x):\n    return x\ntf.map_fn(f, unknown)\nf(1.0)", None),
    ("def f(x):\n    return x\nf(*unknown)\nf(1.0)", None),
    ("class C:\n    def f(self, x):\n        return x\nc = C()\nc.f(2.0)", FLOAT),
    ("class C:\n    def f(self, x):\n        return x\nc = C()\nc.f(x=2.0)", FLOAT),
    ("def f(x):\n    return x\nx = 1.0\nf(x)", FLOAT),
    ("def f(x):\n    return x\nx = 1.0\nf(x)\nf(2)", None),
    ("def f(x):\n    return x\nf(x)", None),
    ("class C:\n    def f(self, x):\n        return x\nc = C()\nc.f(2)\nc.f(2.0)", None),
    ("class C:\n    def f(self, x):\n        return x\nc = C()\nmap(c.f, unknown)\nc.f(2.0)", None),
    ("class C:\n    def f(self, x):\n        return x\nc = C()\nc.f = unknown\nc.f(2.0)", None),
    ("class C:\n    @decorated\n    def f(self, x):\n        return x\nc = C()\nc.f(2.0)", None),
    ("class C:\n    @tf.function\n    def f(self, x):\n        return x\nc = C()\nc.f(2.0)", FLOAT),
    ("class C:\n    def f(self):\n        return 1.0\nclass D:\n    def f(self):\n        return 1\nc.f()", None),
    ("class C:\n    def __init__(self, x):\n        self.x = x\nc = C(2.0)\nc.x", FLOAT),
    ("class C:\n    def __init__(self, x):\n        self.x = x\nclass D(C):\n    pass\nc = C(2.0)\nc.x", None),
    ("def f(x):\n    if x:\n        return 1.0\n    return 2\nf(1)", None),
    ("def f():\n    return 1.0\nf = unknown\nf()", None),
    ("self.rate = 1.0\nself.rate", FLOAT),
    ("self.rate = 1.0\nother.rate = 1\nself.rate", None),
    ("self.rate, self.step = unknown\nself.rate", None),
    ("lambda x: x\nx = 1.0\nx", None),
]


@pytest.mark.parametrize(("text", "kind"), CASES, ids=[text for text, _ in CASES])
def test_number(text: str, kind: Number | None) -> None:
    program = Program(f"import tensorflow as tf\n{text}\n")
    last = program.tree.body[-1]
    assert isinstance(last, ast.Expr)
    assert number(last.value, program) is kind
