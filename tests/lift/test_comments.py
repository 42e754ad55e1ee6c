"""Comments that speak only of sessions go with them; all others stay."""

from __future__ import annotations

import pytest

from tf2migrate.lift.comments import is_about_sessions
from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

# Input of the graph
x = tf.placeholder(tf.float32)
w = tf.Variable(2.0)
y = w * x

# Initialize the variables (i.e. assign their default value)
init = tf.global_variables_initializer()

# Launch the graph in a session.
# Use the default one.
with tf.Session() as sess:
    # Run the initializer
    sess.run(init)
    # Training: launch it
    print(sess.run(y, {x: 1.0}))
    # Session of three turns
    for _ in range(3):
        print(sess.run(y, {x: 2.0}))
"""


def test_comments_go_with_what_they_speak_of() -> None:
    text = migrate(PROGRAM).after
    kept = [line.strip() for line in text.split("\n") if line.strip().startswith("#")]
    assert kept == ["# Input of the graph", "# Training: launch it", "# Session of three turns"]


def test_a_comment_that_says_more_keeps_its_neighbours() -> None:
    more = PROGRAM.replace("# Use the default one.", "# It takes an hour.")
    assert "# Launch the graph in a session.\n# It takes an hour.\n" in migrate(more).after


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# you need to initialize all variables", True),
        ("## Launch the graph!", True),
        ("# Start training", False),
        ("# Start populating the filename queue in the session", False),
        ("# tf graph input", False),
        ("# 1. initialize", True),
        ("# ------", False),
        ("# 세션을 초기화", False),
    ],
)
def test_what_a_comment_is_about(comment: str, told: bool) -> None:
    assert is_about_sessions(comment) is told
