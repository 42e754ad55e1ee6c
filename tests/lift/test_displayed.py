"""What notebooks show and time: the value of a cell's last line, lines that end with a semicolon, `%time`."""

from __future__ import annotations

import json
from pathlib import Path

from tf2migrate.config import Configuration
from tf2migrate.treat import treat

GRAPH = """import tensorflow as tf
x = tf.placeholder(tf.float32)
w = tf.Variable(1.0)
y = tf.log(x)
init = tf.global_variables_initializer()
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.square(w - x))
sess = tf.Session()"""
#: A cell, and what it becomes.
CELLS = {
    "sess.run(init)\nw.eval(session=sess)": "w.numpy()",
    "sess.run(y, {x: 1.0})  # shown\n# and more": "compute_y(x=1.0).numpy()  # shown\n# and more",
    "sess.run([y, w], {x: 2.0})": "[compute_y(x=2.0).numpy(), w.numpy()]",
    "y.eval({x: 2.0}, session=sess)": "compute_y(x=2.0).numpy()",
    # Nothing is shown.
    "sess.run(y, {x: 1.0});": "compute_y(x=1.0);",
    "sess.run(y, {x: 1.0});  # quiet": "compute_y(x=1.0);  # quiet",
    "sess.run(y, {x: 1.0})\nz = 1": "compute_y(x=1.0)\nz = 1",
    "if True:\n    sess.run(y, {x: 1.0})": "if True:\n    compute_y(x=1.0)",
    "sess.run(train, {x: 1.0})": "train(x=1.0)",
    "print(sess.run(y, {x: 2.0})); print(2);": "print(compute_y(x=2.0).numpy())\nprint(2);",
    # Magics stay before what they time.
    "%time sess.run(train, {x: 1.0})": "%time train(x=1.0)",
    "%timeit -n 3 sess.run(y, {x: 1.0})\nz = 2": "%timeit -n 3 compute_y(x=1.0)\nz = 2",
    "for i in range(3):\n    %time r = sess.run(y, {x: i})\n    print(r)": (
        "for i in range(3):\n    %time r = compute_y(x=i).numpy()\n    print(r)"
    ),
    "with sess.as_default():\n    %time print(y.eval({x: 3.0}))": "%time print(compute_y(x=3.0).numpy())",
}


def test_what_is_shown_and_timed_stays_so() -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in (GRAPH, *CELLS)]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    result = treat("a.ipynb", json.dumps(book).encode(), Configuration({}).of(Path("/")))
    after = [cell["source"] for cell in json.loads(result.after)["cells"]]
    assert dict(zip(CELLS, after[1:], strict=True)) == CELLS
    assert treat("a.ipynb", result.after, Configuration({}).of(Path("/"))).after == result.after


def test_a_script_shows_nothing() -> None:
    after = treat(
        "a.py", f"{GRAPH}\nsess.run(init)\nsess.run(y, {{x: 1.0}})\n".encode(), Configuration({}).of(Path("/"))
    ).after
    assert after.decode().endswith("\ncompute_y(x=1.0)\n")
