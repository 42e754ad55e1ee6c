"""Python 2 programs: told apart, and converted where that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stub import stage

from tf2migrate import migrate, py2
from tf2migrate.config import Configuration
from tf2migrate.report import Result
from tf2migrate.treat import treat

PROGRAM = b"import tensorflow as tf\n\nprint 'log', tf.log(7 / 2)\ns = tf.Session()  # noqa: TFM101\n"


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "STAGES", (stage,))


def run(data: bytes, name: str = "a.py", **flags: object) -> Result:
    return treat(name, data, Configuration(flags).of(Path("/")))


def codes(result: Result) -> list[str]:
    return [f"{shown.finding.line}:{shown.finding.code}" for shown in result.found]


@pytest.mark.parametrize(
    "text",
    ["print 'x'", "print x, y", "print", "print >>f, x\nprint 1", "try: pass\nexcept E, e: pass", "raise E, 'x'",
     "exec 'x'", "x = 0755", "x = 10L", "x <> y", "ur'x'", "`x`", "if x:\n\ta\n        b\n"],
)  # fmt: skip
def test_signs_of_python_2(text: str) -> None:
    assert py2.is_python2(text)


@pytest.mark.parametrize("text", ["x = (", "def f(:", "print(", "class", "x = 1.0L_", "import"])
def test_broken_text_is_not_taken_for_python_2(text: str) -> None:
    assert not py2.is_python2(text)


def test_python_2_is_left_alone_unless_asked() -> None:
    result = run(PROGRAM)
    assert (codes(result), result.after) == (["3:TFM003"], PROGRAM)
    assert "--py2" in result.found[0].finding.advice


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(py2, "find_spec", lambda name: None)
    result = run(PROGRAM, py2=True)
    assert (codes(result), result.after) == (["3:TFM003"], PROGRAM)
    assert "pip install 'tf2migrate[py2]'" in result.found[0].finding.message


def test_python_2_is_converted_and_migrated() -> None:
    result = run(PROGRAM, py2=True)
    assert result.after == PROGRAM.replace(b"print 'log', tf.log(7 / 2)", b"print('log', tf.math.log(7 / 2))")
    assert codes(result) == ["1:TFM003", "3:TFM101", "3:TFM008", "4:TFM791"]
    assert run(result.after, py2=True).after == result.after


def test_python_3_is_never_converted() -> None:
    program = b"import tensorflow\nprint(list(d.keys()), raw_input())\n"
    assert run(program, py2=True) == Result(program)


def test_tabs_mixed_with_blanks_are_counted_as_python_2_did() -> None:
    program = "if x:\n\tprint 1\n        s = '''\n\ttab'''\n\tif y:\n\t    print(s,\n\t\ty)\n"
    assert py2.convert(program) == (
        "if x:\n        print(1)\n        s = '''\n\ttab'''\n"
        "        if y:\n            print((s,\n                y))\n"
    )


def test_what_fissix_cannot_read_is_a_finding() -> None:
    program = b"import tensorflow\nprint 'x'\nx = (\n"
    result = run(program, py2=True)
    assert (codes(result), result.after) == (["2:TFM002"], program)


@pytest.mark.parametrize(
    ("python2", "divisions"),
    [
        ("x = a / b", 1),
        ("x /= 2", 1),
        ("x = a / 2.0", 0),
        ("x = (a * 1.0) / b", 0),
        ("x = float(a) / b", 0),
        ("x = a // b", 0),
        ("from __future__ import print_function, division\nx = a / b", 0),
    ],
)
def test_divisions_that_mean_something_else_now(python2: str, divisions: int) -> None:
    assert len(py2.divisions(py2.convert(python2), python2)) == divisions


def book(metadata: dict[str, object], *sources: str) -> bytes:
    cells = [
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": source}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0}).encode()


SOURCES = ("import tensorflow as tf", "%time print 'x', tf.log(1)", "for i in xrange(3):\n    !ls\n    tf.Session()")


def test_a_python_2_notebook() -> None:
    data = book({}, *SOURCES)
    result = run(data, "n.ipynb")
    assert (codes(result), result.after) == (["1:TFM003"], data)
    after = run(data, "n.ipynb", py2=True).after
    assert [cell["source"] for cell in json.loads(after)["cells"]] == [
        "import tensorflow as tf",
        "%time print('x', tf.math.log(1))",
        "for i in range(3):\n    !ls\n    tf.Session()",
    ]
    assert run(after, "n.ipynb", py2=True).after == after


def test_a_python_2_cell_in_a_python_3_notebook_is_a_broken_cell() -> None:
    data = book({"language_info": {"name": "python", "version": "3.7.1"}}, SOURCES[0], "print 'x'", "tf.log(1)")
    result = run(data, "n.ipynb")
    assert codes(result) == ["1:TFM004", "1:TFM101"]
    assert b"tf.math.log" in result.after
