"""Compound statements that are written anew keep their parts where they stood."""

from __future__ import annotations

import pytest

from tf2migrate.migrate import migrate

PROGRAM = """import tensorflow as tf

x = tf.placeholder(tf.float32)
y = tf.square(x)
n = 3
with tf.Session() as sess:
"""
RUN, CALL = "sess.run(y, {x: 1.0})", "compute_y(x=1.0).numpy()"
PARTS = {
    "match": """\
match n:
    case 3:
        print(RUN)
    case {'a': 4, **rest}:
        pass
    # the rest
    case _ if n > 2:
        print("x", RUN)
""",
    "match on lines": """\
match n:
    case 3: print(RUN)
    case (4 |
          5): pass
    case _: print(0)
""",
    "a header of two lines": """\
if (n > 2 and
        n < 5): print(RUN)
else: pass
""",
}
#: What has a line of its own then.
LINES = {
    "match on lines": """\
match n:
    case 3:
        print(RUN)
    case (4 |
          5):
        pass
    case _:
        print(0)
""",
    "a header of two lines": """\
if (n > 2 and
        n < 5):
    print(RUN)
else:
    pass
""",
}


@pytest.mark.parametrize("kind", PARTS)
def test_parts_stay_where_they_stood(kind: str) -> None:
    indented = "".join(f"    {line}" if line.strip() else line for line in PARTS[kind].splitlines(keepends=True))
    after = migrate(PROGRAM + indented.replace("RUN", RUN)).after
    assert after.partition("n = 3\n")[2] == LINES.get(kind, PARTS[kind]).replace("RUN", CALL)
