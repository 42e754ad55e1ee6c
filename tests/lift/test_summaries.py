"""Summaries: a fetched summary is a dict of tensors, and add_summary the block that writes it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.lift import lift
from tf2migrate.migrate import migrate
from tf2migrate.model import Options

FIXTURES = [
    Path(__file__).parents[2] / "fixtures" / name
    for name in (
        "summaries",
        "summaries_bound_again",
        "summaries_filled",
        "summaries_in_functions",
        "summaries_in_scopes",
        "summaries_listed",
    )
]
HEAD = """import tensorflow as tf
x = tf.placeholder(tf.float32)
W = tf.Variable(1.0)
loss = tf.square(W * x)
writer = tf.summary.FileWriter("logs")
"""
RUN = """with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    writer.add_graph(sess.graph)
    found = sess.run(merged, {x: 1.0})
    writer.add_summary(found, 7)
"""


def after(lines: str) -> str:
    migration = migrate(HEAD + lines)
    assert not migration.remaining, migration.remaining
    return migration.after


def stop(lines: str) -> str:
    """The refusal of a program that is left as it was."""
    assert migrate(HEAD + lines).after == HEAD + lines
    return next(f"{f.code} {f.message}" for f in lift(Program(HEAD + lines), Options()).findings if not f.fixable)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda folder: folder.name)
def test_a_program_becomes_what_is_written_beside_it(fixture: Path) -> None:
    migration = migrate((fixture / "tf1.py").read_text(encoding="utf-8"))
    new = (fixture / "tf2.py").read_text(encoding="utf-8")
    assert migration.after == new
    assert migrate(new).after == new
    assert [f.code for f in migration.findings].count("TFM714") == 1


@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tf.summary needs tensorboard")
def test_both_sides_print_the_same() -> None:
    from test_rules import differences, outputs

    old, new = (
        outputs(side, [(fixture / name).read_text(encoding="utf-8") for fixture in FIXTURES])
        for side, name in (("old", "tf1.py"), ("new", "tf2.py"))
    )
    for one, other in zip(old, new, strict=True):
        assert one
        assert not differences(one, other)


def test_names_before_1_0() -> None:
    made = 'tf.scalar_summary("my loss", loss)\ntf.histogram_summary(tag="w", values=W)\n'
    run = RUN.replace(
        "writer.add_graph(sess.graph)", 'writer = tf.train.SummaryWriter("logs", graph_def=sess.graph_def)'
    )
    text = after(made + "merged = tf.merge_all_summaries()\n" + run)
    assert '    return {"my loss": loss}\n' in text
    assert 'writer = tf.summary.create_file_writer("logs")' in text


def test_loops_over_summaries_take_free_names() -> None:
    text = after('for tag in "ab":\n    tf.summary.scalar(tag, loss)\nmerged = tf.summary.merge_all()\n' + RUN)
    assert '    for tag in "ab":\n        note_summary(summaries, "scalar", tag, loss)\n' in text
    assert 'for tag_object, noted in found["scalar"].items():\n' in text


def test_variables_are_read_where_they_are_written() -> None:
    text = after(
        'tf.summary.scalar("loss", loss)\ntf.summary.histogram("w", W)\nmerged = tf.summary.merge_all()\n' + RUN
    )
    assert '    return {"loss": loss}\n' in text
    assert text.endswith(
        "found = compute_merged(x=1.0)\n"
        "with writer.as_default():\n"
        '    tf.summary.scalar("loss", found["loss"], step=7)\n'
        '    tf.summary.histogram("w", W, step=7)\n'
    )


def test_tags_have_their_scopes_and_are_unique() -> None:
    made = (
        'with tf.name_scope("a"):\n    tf.summary.scalar("my loss", loss)\n    tf.summary.scalar("my loss", loss + 1)\n'
    )
    assert '{"a/my_loss": loss, "a/my_loss_1": loss + 1}' in after(made + "merged = tf.summary.merge_all()\n" + RUN)


def test_summaries_that_are_merged_by_name() -> None:
    made = 'one = tf.summary.scalar("one", loss)\ntwo = tf.summary.scalar("two", loss + 1)\n'
    text = after(made + "merged = tf.summary.merge([one, two])\n" + RUN)
    assert '    one = {"one": loss}\n    two = {"two": loss + 1}\n    return {**one, **two}\n' in text


def test_a_list_that_is_only_merged() -> None:
    made = 'one = tf.summary.scalar("one", loss)\nlisted = [one]\n'
    assert "    return {**one}\n" in after(made + "merged = tf.summary.merge(listed)\n" + RUN)
    stopped = stop(made + "other = listed\nother.append(one)\nmerged = tf.summary.merge(listed)\n" + RUN)
    assert stopped == "TFM901 which summaries are merged cannot be seen"


def test_collections_of_summaries() -> None:
    made = 'tf.summary.scalar("one", loss, collections=["train"])\ntf.summary.scalar("two", loss + 1)\n'
    text = after(made + 'merged = tf.summary.merge_all("train")\n' + RUN)
    assert '    return {"one": loss}\n' in text
    text = after(made + "merged = tf.summary.merge_all()\n" + RUN)
    assert '"two": loss + 1}' in text
    assert '"one"' not in text


def test_lists_of_two_objects_are_two() -> None:
    text = (
        "import tensorflow as tf\nclass Net(object):\n    def __init__(self, x):\n        self.kept = []\n"
        '        self.kept.append(tf.summary.scalar("loss", x))\n        self.merged = tf.summary.merge(self.kept)\n'
        "nets = [Net(tf.constant(i)) for i in (1.0, 2.0)]\nwith tf.Session() as sess:\n"
        "    print(sess.run(nets[0].merged))\n"
    )
    assert migrate(text).after == text


def test_what_is_fetched_beside_is_still_an_array() -> None:
    made = 'tf.summary.scalar("loss", loss)\nmerged = tf.summary.merge_all()\n'
    text = after(
        made + RUN.replace("found = sess.run(merged,", "found, value = sess.run([merged, loss],") + "    print(value)\n"
    )
    assert "found, value = compute_merged_and_loss(x=1.0)\nvalue = value.numpy()\n" in text


def test_a_step_that_is_computed_is_computed_once() -> None:
    made = 'tf.summary.scalar("loss", loss)\nmerged = tf.summary.merge_all()\n'
    text = after(made + RUN.replace("found, 7", "sess.run(merged, {x: 2.0}), sess.run(W)"))
    assert "summary = compute_merged(x=2.0)\nstep = W.numpy()\nwith writer.as_default():\n" in text


def test_a_function_summarises_the_variable_that_it_returns() -> None:
    made = 'def made():\n    v = tf.Variable(1.0)\n    tf.summary.scalar("v", v)\n    return v\nother = made()\n'
    text = after(made + "merged = tf.summary.merge_all()\n" + RUN)
    assert "        self.v = tf.Variable(1.0)\n" in text
    assert '        note_summary(summaries, "scalar", "v", self.v)\n        return self.v\n' in text


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            'def noted(v):\n    return tf.summary.scalar("v", v)\nmerged = tf.summary.merge([noted(loss)])\n' + RUN,
            "TFM901 a summary is made in a helper function, a loop or a branch",
        ),
        (
            'for i in range(2):\n    one = tf.summary.scalar("v", loss)\nmerged = tf.summary.merge_all()\n'
            "kept = [one]\n" + RUN,
            "TFM901 a summary of a helper function, a loop or a branch is bound to a name",
        ),
        (
            "for v in [loss]:\n    tf.summary.scalar(v.op.name, v)\nmerged = tf.summary.merge_all()\n" + RUN,
            "TFM901 a summary is named after a tensor, and those have other names now",
        ),
        (
            "def more():\n    return tf.Variable(1.0)\none, other = more(), more()\n"
            "for v in tf.trainable_variables():\n    tf.summary.scalar(v.name, v)\nmerged = tf.summary.merge_all()\n"
            + RUN,
            "TFM901 summaries are named after variables that have other names now",
        ),
        (
            'for n in (1, 2):\n    tf.summary.image("v", tf.zeros([1, 2, 2, 1]) + loss, n)\n'
            'tf.summary.image("w", tf.zeros([1, 2, 2, 1]) + loss, 5)\nmerged = tf.summary.merge_all()\n' + RUN,
            "TFM901 summaries of one kind have different options",
        ),
        (
            'for loss in (loss, loss * 2):\n    pass\ntf.summary.scalar("loss", loss)\nloss = 0.0\n'
            "merged = tf.summary.merge_all()\n" + RUN,
            "TFM903 loss is read while the graph is built, and is another value by the time of the run",
        ),
        (
            'tf.summary.scalar("loss", loss)\nmerged = tf.summary.merge_all()\n' + RUN + "    print(len(found))\n",
            "TFM906 a fetched summary is used for something else than add_summary",
        ),
        (
            'tf.summary.scalar("loss", loss)\nmerged = tf.summary.merge_all()\n'
            + RUN.replace("sess.run(merged,", "sess.run([merged],").replace("(found,", "(found[0],"),
            "TFM906 a fetched summary is used for something else than add_summary",
        ),
        (
            'merged = tf.summary.scalar("l", loss)\nown = tf.Summary()\nown.value.add(tag="a", simple_value=1)\n'
            "print(own)\n" + RUN,
            "TFM906 a tf.Summary is used for something else than add_summary",
        ),
        (
            'merged = tf.summary.scalar("l", loss)\nown = tf.Summary()\nown.value.add(tag="a", image=None)\n' + RUN,
            "TFM901 add of a tf.Summary is followed for numbers only",
        ),
        ("merged = tf.summary.merge_all()\n" + RUN, "TFM901 which summaries are merged cannot be seen"),
    ],
)
def test_what_is_not_clear_is_left_alone(lines: str, reason: str) -> None:
    assert stop(lines) == reason
