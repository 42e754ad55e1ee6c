"""Savers as checkpoints: what is kept, under which names, and where a program is left alone."""

from __future__ import annotations

import re

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lift import lift
from tf2migrate.migrate import migrate
from tf2migrate.model import Options

HEAD = """import os
import tensorflow as tf
W = tf.Variable(1.0)
"""
SESSION = """with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
"""


def after(lines: str, head: str = HEAD) -> str:
    migration = migrate(head + lines)
    assert not migration.remaining, migration.remaining
    return migration.after


def stop(lines: str) -> str:
    """The refusal of a program that is left as it was."""
    text = HEAD + lines
    assert migrate(text).after == text
    return next(f"{f.code} {f.message}" for f in lift(Program(text), Options()).findings if not f.fixable)


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        ("saver = tf.train.Saver()", "W=W"),
        ("saver = tf.train.Saver(tf.global_variables())", "W=W"),
        ("b = tf.Variable(2.0)\nsaver = tf.train.Saver([b])", "b=b"),
        ('b = tf.Variable(2.0)\nsaver = tf.train.Saver({"bias": b})', "bias=b"),
        ('ws = {"a": tf.Variable(2.0), "b": tf.Variable(3.0)}\nsaver = tf.train.Saver()', "W=W, ws=ws"),
        ("ws = [tf.Variable(2.0), tf.Variable(3.0)]\nsaver = tf.train.Saver()", "W=W, ws=ws"),
        ("save = tf.Variable(2.0)\nsaver = tf.train.Saver()", "W=W, save_=save"),
        ("saver = tf.train.Saver()\nb = tf.Variable(2.0)", "W=W"),
        ("saver = tf.train.Saver({v.op.name: v for v in tf.trainable_variables()})", "Variable=W"),
        ('saver = tf.train.Saver({"in/" + v.name.split(":")[0]: v for v in tf.all_variables()})', "in_Variable=W"),
        ("n = tf.Variable(0, trainable=False)\nsaver = tf.train.Saver(tf.trainable_variables())", "W=W"),
    ],
)
def test_what_a_checkpoint_keeps(made: str, kept: str) -> None:
    text = after(made + "\n" + SESSION + '    print(saver.save(sess, "/tmp/kept"))\n')
    assert f"saver = tf.train.Checkpoint({kept})\n" in text
    assert text.endswith('print(saver.write("/tmp/kept"))\n')


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [("AdamOptimizer(0.1)", "W=W, optimizer=optimizer"), ("GradientDescentOptimizer(0.1)", "W=W")],
)
def test_an_optimizer_with_slots_is_kept(optimizer: str, kept: str) -> None:
    made = f"train = tf.train.{optimizer}.minimize(tf.square(W))\nsaver = tf.train.Saver()\n"
    text = after(made + SESSION + '    sess.run(train)\n    saver.save(sess, "/tmp/kept")\n')
    assert f"saver = tf.train.Checkpoint({kept})\n" in text


@pytest.mark.parametrize(
    ("path", "directory", "name"),
    [
        ('"logs/model"', '"logs"', "model"),
        ('folder + "/model.ckpt"', "folder", "model.ckpt"),
        ('os.path.join(folder, "model")', "folder", "model"),
    ],
)
def test_saves_with_a_step_have_a_manager(path: str, directory: str, name: str) -> None:
    made = 'folder = "kept"\nsaver = tf.train.Saver(max_to_keep=None)\n'
    text = after(f"{made}{SESSION}    for i in range(3):\n        saver.save(sess, {path}, global_step=i)\n")
    parts = ["tf.train.Checkpoint(W=W)", directory, "max_to_keep=None", f'checkpoint_name="{name}"']
    assert "saver = tf.train.CheckpointManager(\n    " + ",\n    ".join(parts) + ",\n)\n" in text
    assert text.endswith("    saver.save(checkpoint_number=i)\n")


def test_a_path_that_cannot_be_split_is_written_with_its_step() -> None:
    made = 'path = "kept/model"\nn = tf.Variable(3)\nsaver = tf.train.Saver()\n'
    text = after(f"{made}{SESSION}    saver.save(sess, path, n)\n    print(sess.run(W))\n")
    assert 'saver.write(path + "-" + str(n.numpy()))\n' in text


def test_a_restore_asserts_that_it_found_everything() -> None:
    migration = migrate(
        HEAD + 'saver = tf.train.Saver()\nsess = tf.Session()\nsaver.restore(sess, "/tmp/kept")\nprint(sess.run(W))\n'
    )
    assert 'saver.read("/tmp/kept").assert_existing_objects_matched()\n' in migration.after
    assert [f.line for f in migration.findings if f.code == "TFM713"] == [6]


def test_an_initializer_whose_values_are_all_restored_goes() -> None:
    again = SESSION + '    saver.restore(sess, "/tmp/kept")\n    print(sess.run(W))\n'
    text = after("saver = tf.train.Saver()\n" + SESSION + '    saver.save(sess, "/tmp/kept")\n' + again)
    assert "assign" not in text.replace("assert", "")
    assert re.search(r'write\("/tmp/kept"\)\nsaver\.read\(', text)


def test_an_initializer_stays_where_a_restore_covers_a_part() -> None:
    again = SESSION + '    saver.restore(sess, "/tmp/kept")\n    print(sess.run([W, b]))\n'
    made = "b = tf.Variable(2.0)\nsaver = tf.train.Saver([W])\n"
    text = after(made + SESSION + '    saver.save(sess, "/tmp/kept")\n' + again)
    assert "W.assign(1.0)\nb.assign(2.0)\nsaver.read(" in text


def test_an_initializer_after_a_restore_sets_back_what_that_brought() -> None:
    again = 'sess = tf.Session()\nsaver.restore(sess, "a")\nsess.run(tf.global_variables_initializer())\n'
    text = after(f'saver = tf.train.Saver()\n{SESSION}    saver.save(sess, "a")\n{again}print(sess.run(W))\n')
    assert text.index("saver.read(") < text.index("W.assign(1.0)") < text.index("print(W.numpy())")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            "def pair():\n    a = tf.Variable(1.0)\n    return tf.Variable(2.0)\n"
            f'b = pair()\nsaver = tf.train.Saver()\n{SESSION}    saver.save(sess, "a")\n',
            "TFM911 what a Saver keeps of line 5 has no name of its own here",
        ),
        (
            f'saver = tf.train.Saver()\n{SESSION}    saver.save(sess, "a")\n'
            'print(tf.train.get_checkpoint_state(".").all_model_checkpoint_paths)\n',
            "TFM911 the program asks for its earlier checkpoints, and where this save puts them cannot be told",
        ),
        (
            f'saver = tf.train.Saver()\nother = tf.train.Saver({{"w": W}})\n{SESSION}    saver.save(sess, "a")\n'
            '    other.restore(sess, "a")\n',
            "TFM911 a file of one Saver may be restored by another, which names its variables differently",
        ),
        (
            'saver = tf.train.Saver()\ndef keep(s):\n    saver.save(s, "a")\n' + SESSION + "    print(sess.run(W))\n",
            "TFM902 save stands in a function that is never called, or is not followed",
        ),
        (
            f"by_name = {{v.op.name: v for v in tf.trainable_variables()}}\nsaver = tf.train.Saver(by_name)\n{SESSION}"
            '    saver.save(sess, "a")\nprint(sorted(by_name))\n',
            "TFM902 by_name exists only while the graph runs, and is used in plain Python here",
        ),
        (
            "h = tf.layers.batch_normalization(tf.zeros([2, 3]), training=True)\n"
            f'saver = tf.train.Saver(tf.trainable_variables())\n{SESSION}    saver.save(sess, "a")\n    sess.run(h)\n',
            "TFM901 a Saver of some of the variables of a layer has no counterpart that is written yet",
        ),
        (
            'b = tf.Variable(2.0, name="V")\n'
            "saver = tf.train.Saver({v.op.name[:1]: v for v in tf.trainable_variables()})\n"
            f'{SESSION}    saver.save(sess, "a")\n',
            "TFM901 two variables of a Saver have one name",
        ),
        (
            f'saver = tf.train.Saver(sharded=True)\n{SESSION}    saver.save(sess, "a")\n',
            "TFM901 a Saver with sharded",
        ),
    ],
)
def test_what_is_not_clear_is_left_alone(lines: str, reason: str) -> None:
    assert stop(lines) == reason
