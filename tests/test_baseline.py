"""Known findings are not reported; new ones are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stub import Run

OLD = "import tensorflow as tf\nx = tf.log(1.0)\ny = tf.log(1.0)\n"
FILE = ("--baseline", "known.json")


def test_what_is_known_is_not_reported(run: Run) -> None:
    Path("a.py").write_text(OLD)
    ran = run(".", *FILE, "--update-baseline")
    assert (ran.code, ran.out) == (0, "Wrote 2 findings to known.json.\n")
    assert json.loads(Path("known.json").read_text()) == {
        "version": 1,
        "findings": {
            "a.py": [
                {"code": "TFM101", "text": "x = tf.log(1.0)", "count": 1},
                {"code": "TFM101", "text": "y = tf.log(1.0)", "count": 1},
            ]
        },
    }
    ran = run(".", *FILE)
    assert (ran.code, ran.out) == (0, "Nothing to report.\nNot shown: 2 of the baseline.\n")


def test_lines_may_move_and_one_more_of_the_same_is_new(run: Run) -> None:
    Path("a.py").write_text(OLD)
    run(".", *FILE, "--update-baseline")
    Path("a.py").write_text("# moved\n" + OLD.replace("tf.log", "  tf.log") + "x =   tf.log(1.0)\n")
    assert run(".", *FILE).out.count("TFM101") == 3
    Path("a.py").write_text("# moved\n\nif 1:\n    pass\n" + OLD + "x = tf.log(1.0)\n")
    ran = run(".", *FILE, "--output-format", "json")
    assert (ran.code, [f["location"]["row"] for f in json.loads(ran.out)]) == (1, [8])


def test_what_is_gone_is_told_and_taken_out(run: Run) -> None:
    Path("a.py").write_text(OLD)
    Path("b.py").write_text(OLD)
    run(".", *FILE, "--update-baseline")
    Path("a.py").write_text(OLD.replace("x = tf.log", "x = tf.math.log"))
    assert run("a.py", *FILE).out == (
        "Nothing to report.\nNot shown: 1 of the baseline.\n1 of the baseline no longer found: --update-baseline.\n"
    )
    run("a.py", *FILE, "--update-baseline")
    assert sorted(json.loads(Path("known.json").read_text())["findings"]) == ["a.py", "b.py"]
    Path("b.py").unlink()
    assert run("a.py", *FILE, "--update-baseline").out == "Wrote 1 finding to known.json.\n"


def test_paths_count_from_the_folder_of_the_baseline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("src").mkdir()
    Path("src/a.py").write_text(OLD)
    run("src", *FILE, "--update-baseline")
    monkeypatch.chdir("src")
    assert run("a.py", "--baseline", "../known.json").code == 0


def test_cells_may_move(run: Run) -> None:
    def book(*sources: str) -> str:
        cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
        return json.dumps({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells})

    Path("n.ipynb").write_text(book("import tensorflow as tf", "x = tf.log(1.0)"))
    run(".", *FILE, "--update-baseline")
    Path("n.ipynb").write_text(book("import tensorflow as tf", "1", "x = tf.log(1.0)", "y = tf.log(1)"))
    ran = run(".", *FILE)
    assert "cell 4:1:5: TFM101" in ran.out
    assert ran.out.count("TFM101") == 1


def test_a_file_that_cannot_be_parsed_can_be_known(run: Run) -> None:
    Path("a.py").write_text("import tensorflow\nprint 'x'\n")
    run(".", *FILE, "--update-baseline")
    assert run(".", *FILE).code == 0
    Path("a.py").write_bytes(b"import tensorflow  # \xff\n")
    assert run(".", *FILE).code == 1


def test_a_defect_is_never_known(run: Run) -> None:
    Path("a.py").write_text("import tensorflow\nboom\n")
    ran = run(".", *FILE, "--update-baseline")
    assert (ran.code, "TFM009" in ran.out) == (2, True)
    assert run(".", *FILE).code == 2


def test_fix_reports_what_remains_and_is_new(run: Run) -> None:
    hard = "import tensorflow as tf\nx = tf.log(1.0)\ns = tf.Session()\n"
    Path("a.py").write_text(hard)
    run(".", *FILE, "--update-baseline")
    ran = run(".", *FILE, "--fix")
    assert (ran.code, "TFM791" in ran.out) == (0, False)
    Path("b.py").write_text(hard)
    assert "b.py:3:5: TFM791" in run(".", *FILE, "--fix").out


def test_standard_input(run: Run) -> None:
    Path("a.py").write_text(OLD)
    run(".", *FILE, "--update-baseline")
    assert run("-", "--stdin-filename", "a.py", *FILE, stdin=OLD.encode()).code == 0
    assert run("-", "--stdin-filename", "b.py", *FILE, stdin=OLD.encode()).code == 1


@pytest.mark.parametrize(
    ("arguments", "text", "why"),
    [
        (FILE, None, "no such file; write it with --update-baseline"),
        (FILE, "[]", "no baseline of tf2migrate"),
        (FILE, "{", "no baseline of tf2migrate"),
        (FILE, '{"version": 2}', "of another version"),
        (FILE, '{"version": 1, "findings": {"a.py": [{"code": 1}]}}', "no baseline of tf2migrate"),
        (("--baseline", "."), None, "it is a folder, not a file"),
        ((*FILE, "--diff"), "{}", "stands without --diff"),
        ((*FILE, "--update-baseline", "--fix"), "{}", "stands without --fix"),
        (("--update-baseline",), None, "wants --baseline FILE"),
        (("--baseline", "no/known.json", "--update-baseline"), None, "No such file"),
    ],
)
def test_a_baseline_that_is_none_ends_with_2(run: Run, arguments: tuple[str, ...], text: str | None, why: str) -> None:
    Path("a.py").write_text(OLD)
    if text is not None:
        Path("known.json").write_text(text)
    ran = run(".", *arguments)
    assert (ran.code, why in ran.err.replace("\n", " ")) == (2, True)
    assert text is None or Path("known.json").read_text() == text
