"""Ops that one statement makes several of: a run that asks for one of them makes the change of that one alone."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

v = tf.Variable(1.0)
w = tf.Variable(10.0)
{ops}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run({fetch})
    print(sess.run([v, w]))
"""
LOOP = "ops = []\nfor each in [v, w]:\n    ops.append(each.assign_add(1.0))"
DICT = "ops = {}\nfor key, each in [('v', v), ('w', w)]:\n    ops[key] = each.assign_add(1.0)"
HELPER = "def up(each):\n    return each.assign_add(1.0)\nops = [up(each) for each in (v, w)]"


@pytest.mark.parametrize(
    ("ops", "fetch", "followed"),
    [
        (LOOP, "ops", True),
        (LOOP, "ops[0]", False),
        (LOOP + "\na, b = ops", "a", False),
        (LOOP + "\nlast = ops[-1]", "last", False),
        (DICT, "ops['v']", False),
        ("a, b = [each.assign_add(1.0) for each in (v, w)]", "a", False),
        ("ops = [each.assign_add(1.0) for each in (v, w)]", "ops", True),
        (HELPER, "ops[1]", False),
        ("for i in range(3):\n    up = v.assign_add(1.0)", "up", False),
        ("ops = [v.assign_add(1.0), w.assign_add(1.0)]", "ops[1]", True),
        ("ops = {'v': v.assign_add(1.0), 'w': w.assign_add(1.0)}", "ops['v']", True),
    ],
)
def test_one_of_several_ops_is_not_all_of_them(ops: str, fetch: str, followed: bool) -> None:
    migration = migrate(PROGRAM.format(ops=ops, fetch=fetch))
    stops = {f.code for f in migration.findings if f.code.startswith("TFM9")}
    assert (migration.changed, stops) == (followed, set() if followed else {"TFM901"})
