"""IPython's lines as Python and back."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tf2migrate.magics import is_python, mask


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("x = 1\n", "x = 1\n"),
        ("%matplotlib inline\nx = 1", "M0()\nx = 1"),
        ("!pip install \\\n  foo\nx = 1", "M0(\n)\nx = 1"),
        ("x = !ls -l 'it\ny = %env HOME", "x = M0()\ny = M1()"),
        ("a, b['k'] = %magic", "a, b['k'] = M0()"),
        ("for i in x:\n    !echo {i}\n    %cd ..", "for i in x:\n    M0()\n    M1()"),
        ("tf.nn.relu?\n?tf.log\nx.y??  # why", "M0()\nM1()\nM2()"),
        ("%time x = f()\n%timeit -n 10 -r3 f(x)", "M0(); x = f()\nM1(); f(x)"),
        ("%timeit -n 10", "M0(); 10"),
        ("%time not python", "M0(); not python"),
        ("%time !ls\n%time\n%prun -s cumulative f(x)", "M0()\nM1()\nM2(); f(x)"),
        ("%time --no-raise-error f(x)", "M0(); f(x)"),
        ("pip install x", "M0()"),
        (",f a b\n/f 1", "M0()\nM1()"),
        ("%%time\nx = 1", "x = 1"),
        ("\n%%capture out --no-stderr\nx = 1", "x = 1"),
        # What only looks like a magic.
        ("print('a %s'\n      % 3)", "print('a %s'\n      % 3)"),
        ("a = 5 \\\n   % 3", "a = 5 \\\n   % 3"),
        ("'''\n%foo\n!bar?\n'''", "'''\n%foo\n!bar?\n'''"),
        ("x != 1  # eh?\ny = 'a?'", "x != 1  # eh?\ny = 'a?'"),
        ('f"{x!r:>{width}}"', 'f"{x!r:>{width}}"'),
        ("# %matplotlib inline", "# %matplotlib inline"),
        ("f(a=\n  1)", "f(a=\n  1)"),
    ],
)
def test_mask(cell: str, code: str) -> None:
    masked = mask(cell, 0)
    assert masked.code.replace("__tf2migrate_magic_", "M").replace("__(", "(") == code
    ast.parse(masked.code)
    assert masked.code.count("\n") + masked.header.count("\n") == cell.count("\n")
    assert masked.restore(masked.code) == cell


def test_the_body_of_another_language_is_no_python() -> None:
    assert not is_python("%%bash\nls")
    assert not is_python("\n %%javascript\n")
    assert is_python("%%time\nx = 1")
    assert is_python("x = 1\n%%bash")


def test_timed_code_that_does_not_parse_stays_in_sight() -> None:
    assert mask("%time print 'x', tf.log(1)", 0).code.endswith("(); print 'x', tf.log(1)")


def test_a_magic_that_was_lost_doubled_or_moved_does_not_come_back() -> None:
    masked = mask("!a\n!b", 5)
    one, two = masked.code.split("\n")
    assert masked.restore(f"{one}\nx = 1\n{two}") == "!a\nx = 1\n!b"
    for after in (one, f"{one}\n{one}\n{two}", f"{two}\n{one}"):
        assert masked.restore(after) is None


PIECES = ["x = 1", "!ls", "%time f(x)", "y = !ls", "%env", "'''", '"', "(", ")", "a?", "#", "\\", "\n"]
PIECES += ["\n    ", "%%time\n", "é"]


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.integers(0, 20))
@example("(\n!a)", 0)
def test_any_cell_comes_back(cell: str, first: int) -> None:
    if is_python(cell):
        masked = mask(cell, first)
        assert masked.restore(masked.code) == cell
        assert masked.code.count("\n") + masked.header.count("\n") == cell.count("\n")
