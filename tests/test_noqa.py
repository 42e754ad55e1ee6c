"""`# noqa` comments that are written, and those that are not needed any more."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from stub import Ran, Run, stage

from tf2migrate import migrate
from tf2migrate.config import Configuration
from tf2migrate.model import Options
from tf2migrate.treat import treat

OLD = "import tensorflow as tf\nx = tf.log(1.0)\n"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("x = tf.log(1.0)", "x = tf.log(1.0)  # noqa: TFM101"),
        ("x = tf.log(1.0)  # why", "x = tf.log(1.0)  # why  # noqa: TFM101"),
        ("x = tf.log(1.0)  # noqa: E501 long", "x = tf.log(1.0)  # noqa: E501, TFM101 long"),
        ("x = tf.log(\n    1.0\n)", "x = tf.log(\n    1.0\n)  # noqa: TFM101"),
        ("x = tf.log('''\n''')", "x = tf.log('''\n''')  # noqa: TFM101"),
        ("x = \\\n  tf.log(1)", "x = \\\n  tf.log(1)  # noqa: TFM101"),
        ("if tf.log(1):\n    pass", "if tf.log(1):  # noqa: TFM101\n    pass"),
        ("x = tf.log(tf.Session())", "x = tf.log(tf.Session())  # noqa: TFM101, TFM791"),
        ("x = tf.log(  # noqa: E1\n1)", "x = tf.log(  # noqa: E1, TFM101\n1)"),
        ("x = f'''\n{tf.log(1)}\n'''", "x = f'''\n{tf.log(1)}\n'''  # noqa: TFM101"),
    ],
)
def test_comments_are_added_at_the_end_of_the_statement(run: Run, line: str, after: str) -> None:
    before, wanted = (f"import tensorflow as tf\n{text}\n" for text in (line, after))
    Path("a.py").write_text(before)
    ran = run("a.py", "--add-noqa")
    assert Path("a.py").read_text() == wanted
    assert (ran.code, ran.out[-16:]) == (0, ", 0 remaining).\n")
    assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(wanted))
    assert run("a.py") == Ran(0, "Nothing to report.\n", "")
    assert run("a.py", "--add-noqa").code == 0
    assert Path("a.py").read_text() == wanted


def test_line_ends_and_encoding_stay(run: Run) -> None:
    Path("a.py").write_bytes(b"# coding: latin-1\r\nimport tensorflow as tf\r\nx = tf.log('\xe4')")
    run("a.py", "--add-noqa")
    assert Path("a.py").read_bytes().endswith(b"\r\nx = tf.log('\xe4')  # noqa: TFM101")


def test_what_no_comment_silences_remains(run: Run) -> None:
    Path("a.py").write_text("import tensorflow\nx = (\n")
    ran = run("a.py", "--add-noqa")
    assert (ran.code, "(0 silenced, 1 remaining)" in ran.out) == (1, True)


def test_cells_get_comments_and_keep_their_outputs(run: Run) -> None:
    source = "%%time\nimport tensorflow as tf\n%time tf.log(1)\nx = tf.log(2)"
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [output], "execution_count": 1, "source": source}
    Path("n.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell]}))
    ran = run("n.ipynb", "--add-noqa")
    (after,) = json.loads(Path("n.ipynb").read_text())["cells"]
    assert after == cell | {"source": source + "  # noqa: TFM101"}
    assert ran.code == 1
    assert "n.ipynb:cell 1:3:" in ran.out


def test_standard_input(run: Run) -> None:
    ran = run("-", "--add-noqa", stdin=OLD.encode())
    assert ran.out == OLD.rstrip() + "  # noqa: TFM101\n"


def test_add_noqa_stands_alone(run: Run) -> None:
    assert run(".", "--add-noqa", "--fix").code == 2


def test_per_file_ignores(run: Run) -> None:
    Path("tests").mkdir()
    for name in ("a.py", "tests/b.py"):
        Path(name).write_text(OLD)
    assert "tests/b.py" not in run(".", "--per-file-ignores", "tests/:TFM1").out
    assert run("tests/b.py", "--per-file-ignores", "tests/*:TFM2,TFM101", "--select", "TFM101").code == 0
    assert run(".", "--per-file-ignores", "TFM1").code == 2
    Path("tests/pyproject.toml").write_text('[tool.tf2migrate]\nper-file-ignores = { "b.py" = ["TFM1"] }\n')
    assert run(".").out.count("TFM101") == 1
    assert run("-", "--stdin-filename", "tests/b.py", stdin=OLD.encode()).code == 0


LINES = "import tensorflow as tf\nx = tf.log(1.0){}\ny = 1{}\n"


def unused(text: str, **options: tuple[str, ...]) -> list[tuple[int, str]]:
    asked = Options(extend_select=("TFM010",), **options)
    return [(f.line, f.message) for f in migrate.migrate(text, asked).findings if f.code == "TFM010"]


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub behind the stage that looks at comments."""
    monkeypatch.setattr(migrate, "STAGES", (migrate._noqas, stage))


@pytest.mark.usefixtures("stages")
def test_unused_codes_are_found_when_asked_for() -> None:
    text = LINES.format("  # noqa: TFM101, TFM102", "  # noqa: TFM101, E501")
    assert unused(text) == [
        (2, "# noqa: TFM102 silences nothing here"),
        (3, "# noqa: TFM101 silences nothing here"),
    ]
    assert [f.code for f in migrate.migrate(text).findings] == ["TFM101"]


@pytest.mark.usefixtures("stages")
def test_used_means_that_some_rule_finds_it_whatever_is_selected() -> None:
    text = LINES.format("  # noqa: TFM101", "  # noqa  # noqa: E501")
    assert unused(text) == []
    assert unused(text, ignore=("TFM1",), never=("TFM1",)) == []


@pytest.mark.usefixtures("stages")
def test_codes_of_files_and_a_string_are_not_judged() -> None:
    assert unused("import tensorflow as tf\nx = '# noqa: TFM101'  # noqa: TFM008\n") == []


@pytest.mark.usefixtures("stages")
def test_the_fix_leaves_lines_where_they_are() -> None:
    text = (
        "import tensorflow as tf\n    # noqa: TFM101\nx = f(  # noqa: TFM102 why\n)  # noqa: TFM103, X1  # type: int\n"
    )
    after = migrate.migrate(text, Options(extend_select=("TFM010",))).after
    assert after == "import tensorflow as tf\n\nx = f(\n)  # noqa: X1  # type: int\n"


@pytest.mark.usefixtures("stages")
def test_unused_codes_in_a_notebook() -> None:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": s}
        for s in ("import tensorflow\n", "x = 1  # noqa: TFM101")
    ]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells})
    result = treat("n.ipynb", book.encode(), Configuration({"extend-select": ("TFM010",)}).of(Path("/")))
    assert [(s.cell, s.finding.line, s.finding.code) for s in result.found] == [(2, 1, "TFM010")]
    assert json.loads(result.after)["cells"][1]["source"] == "x = 1"


def test_a_comment_at_a_real_finding_is_used() -> None:
    text = "import tensorflow as tf\na = tf.keras.optimizers.Adam(lr=0.1)  # noqa: TFM504\n"
    assert unused(text) == []
    assert unused(text.replace("lr=", "learning_rate=")) == [(2, "# noqa: TFM504 silences nothing here")]
