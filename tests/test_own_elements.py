"""Elements asked for by name: which of them are found, and where a name may mean something else."""

from __future__ import annotations

import pytest

from tf2migrate.apply import apply
from tf2migrate.facts.program import Program
from tf2migrate.lift.own_elements import own_elements
from tf2migrate.model import Options

START = "import tensorflow as tf\nx = tf.placeholder(tf.float32, name='x')\n"


def becomes(text: str) -> str:
    program = Program(START + text)
    return apply(program.text, own_elements(program, Options()).edits)[0].removeprefix(START)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y = tf.square(x, name='y')\nsess.run('y:0', {'x:0': 1})", "sess.run(y, {x: 1})"),
        ("y = tf.square(x, name='y')\nsess.run(['y:0', y], {x: 1})", "sess.run([y, y], {x: 1})"),
        ("y = [tf.square(x, name='y')]\nsess.run('y:0')", "y = [tf.square(x, name='y')]\nsess.run('y:0')"),
        ("z = 1 + tf.square(x, name='y')\nsess.run('y:0')", "y = tf.square(x, name='y')\nz = 1 + y\nsess.run(y)"),
        ("tf.square(x, name='y')\nsess.run({'a': 'y:0'})", "y = tf.square(x, name='y')\nsess.run({'a': y})"),
        ("op = graph.get_operation_by_name('x').outputs[0]", "op = x"),
        ("a, b = tf.split(x, 2, name='ab')\nsess.run('ab:1')", "sess.run(b)"),
        ("train = opt.minimize(x, name='train')\nsess.run('train')", "sess.run(train)"),
        ("def f(x):\n    return sess.run('x:0')", "def f(x):\n    return sess.run('x:0')"),
    ],
)
def test_an_element_is_called_as_the_program_calls_it(old: str, new: str) -> None:
    assert becomes(old).endswith(new)


@pytest.mark.parametrize(
    "text",
    [
        "y = tf.square(x, name='y')\nsess.run('y', {x: 1})",  # of an operation, a run gives None
        "y = tf.square(x, name='add')\nsess.run('add:0', {x: 1})",  # which may be a `+` of before
        "y = tf.square(x, name='y')\nz = tf.sqrt(x, name='y')\nsess.run('y:0', {x: 1})",
        "y = tf.square(x, name='y')\ny = y + 1\nsess.run('y:0', {x: 1})",
        "y = tf.square(x, name='y')\nfor i in range(2):\n    sess.run('y:0')\n    y = y + 1",
        "for i in range(2):\n    y = tf.square(x, name='y')\nsess.run('y:0', {x: 1})",
        "def f():\n    return tf.square(x, name='y')\na, b = f(), f()\nsess.run('y:0', {x: 1})",
        "with tf.name_scope('s'):\n    a = x + 1\nwith tf.name_scope('s'):\n    y = tf.square(x, name='y')\n"
        "sess.run('s/y:0', {x: 1})",
        "with tf.name_scope(scope):\n    y = tf.square(x, name='y')\nsess.run('y:0', {x: 1})",
        "y = tf.square(x, name='y')\nz = tf.sqrt(x, name='%s' % name)\nsess.run('y:0', {x: 1})",
        "a, b = tf.split(x, 2, name='ab')\nsess.run('ab:2', {x: 1})",
        "both = tf.split(x, 2, name='ab')\nsess.run('ab:0', {x: 1})",
        "tf.import_graph_def(graph_def)\ny = tf.square(x, name='y')\nsess.run('y:0', {x: 1})",
        "def f(n):\n    return tf.square(x, name=n)\ny = f('y')\nz = tf.sqrt(x, name='y')\nsess.run('y:0', {x: 1})",
        "def train():\n    pass\ntrain = opt.minimize(x, name='train')\nsess.run('train')",
        "y = tf.square(x, name='y')\ndef f():\n    global y\n    y = tf.sqrt(x)\nsess.run('y:0', {x: 1})",
        "tf.placeholder(tf.float32, name='tf')\nsess.run('tf:0', {x: 1})",
        "import subprocess\ntrain = opt.minimize(x, name='train')\nsubprocess.run(['train'])",
        "y = lambda: tf.square(x, name='y')\nsess.run('y:0', {x: 1})",
    ],
)
def test_what_cannot_be_told_stays(text: str) -> None:
    assert becomes(text) == text
