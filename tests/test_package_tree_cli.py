"""Programs of several files on the command line: what is given, what is written, what is remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_package_tree import DRIVER, MODEL

from tf2migrate import cli

CONSTANTS = "import tensorflow as tf\n\nSIZE = 3\n\n\ndef double(x):\n    return tf.add(x, x)\n"
USER = DRIVER.replace("import model", "import constants").replace("model.layer(x, 3)", "constants.double(x)")


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(cli.migrate, arguments, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def write(**texts: str) -> None:
    for name, text in texts.items():
        Path(f"{name}.py").write_text(text, encoding="utf-8")


def test_a_folder_is_fixed_as_a_whole() -> None:
    write(model=MODEL, train=DRIVER, alone="import tensorflow as tf\n\nprint(tf.log(1.0))\n")
    code, said = run(".", "--fix")
    assert code == 0, said
    assert "class Layer" in Path("model.py").read_text()
    assert "model.Layer(3)" in Path("train.py").read_text()
    assert "tf.math.log" in Path("alone.py").read_text()
    assert run(".", "--fix") == (0, "Nothing to report.\n")


def test_a_diff_shows_all_and_writes_nothing() -> None:
    write(model=MODEL, train=DRIVER)
    code, said = run(".", "--diff")
    assert code == 1
    assert "+++ model.py" in said
    assert "+++ train.py" in said
    assert Path("train.py").read_text() == DRIVER


def test_a_list_shows_what_would_be_fixed() -> None:
    write(model=MODEL, train=DRIVER)
    said = run(".", "--output-format", "concise")[1].splitlines()
    assert "model.py:5:9: TFM199 [*] tf.get_variable does not exist in TensorFlow 2" in said
    assert "train.py:6:6: TFM199 [*] tf.Session does not exist in TensorFlow 2" in said


@pytest.mark.parametrize("given", ["model.py", "train.py"])
def test_one_of_the_files_by_itself_stays_and_says_which_other_is_needed(given: str) -> None:
    write(model=MODEL, train=DRIVER)
    code, said = run(given, "--fix")
    other = {"model.py": "train.py", "train.py": "model.py"}[given]
    assert code == 1
    assert f"TFM912 it goes with {other}, which would change as well and was not given" in said
    assert Path("model.py").read_text() == MODEL
    assert Path("train.py").read_text() == DRIVER
    assert run("model.py", "train.py", "--fix")[0] == 0
    assert "model.Layer(3)" in Path("train.py").read_text()


def test_a_file_beside_that_need_not_change_is_only_looked_at() -> None:
    write(constants=CONSTANTS, train=USER)
    assert run("train.py", "--fix")[0] == 0
    assert "return constants.double(x)" in Path("train.py").read_text()
    assert "Session" not in Path("train.py").read_text()
    assert Path("constants.py").read_text() == CONSTANTS


def test_what_is_remembered_is_of_all_the_files() -> None:
    write(model=MODEL, train=DRIVER)
    before = run(".")
    assert run(".") == before
    write(model=MODEL.replace("return tf.matmul(x, w)", "return tf.contrib.no_such(tf.matmul(x, w))"))
    code, said = run(".")
    assert (code, said) != before
    assert "train.py:4:5: TFM912 it goes with model.py" in said
    write(model=MODEL)
    assert run(".") == before


def test_many_processes_do_the_same() -> None:
    for number in range(4):
        folder = Path(f"p{number}")
        folder.mkdir()
        (folder / "model.py").write_text(MODEL)
        (folder / "train.py").write_text(DRIVER)
    assert run(".", "-j", "2", "--no-cache") == run(".", "-j", "1", "--no-cache")
    assert run(".", "-j", "2", "--fix")[0] == 0
    assert all("model.Layer(3)" in Path(f"p{n}/train.py").read_text() for n in range(4))


def test_standard_input_is_alone() -> None:
    write(model=MODEL)
    code, said = run("-", "--fix", "--stdin-filename", "train.py", stdin=DRIVER)
    assert code == 1
    assert DRIVER in said


def test_silence_at_one_place_keeps_all_the_files() -> None:
    quiet = DRIVER.replace("with tf.Session() as sess:", "with tf.Session() as sess:  # noqa: TFM199")
    write(model=MODEL, train=quiet)
    run(".", "--fix")
    assert Path("model.py").read_text() == MODEL
    assert Path("train.py").read_text() == quiet


def test_findings_of_files_that_stay_can_be_silenced() -> None:
    other = DRIVER + "print(tf.contrib.no_such.thing())\n"
    write(model=MODEL, train=other)
    assert run(".")[0] == 1
    run(".", "--add-noqa")
    assert "# noqa: TFM912" in Path("model.py").read_text()
    assert run(".") == (0, "Nothing to report.\n")


def notebook(*cells: str) -> str:
    code = [
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}, indent=1)


def test_a_notebook_goes_with_the_module_that_it_imports() -> None:
    write(model=MODEL)
    head, tail = DRIVER.split("with tf.Session")
    Path("train.ipynb").write_text(notebook("%matplotlib inline\n" + head, f"with tf.Session{tail}", "print(1)"))
    code, said = run(".", "--fix")
    assert code == 0, said
    cells = ["".join(cell["source"]) for cell in json.loads(Path("train.ipynb").read_text())["cells"]]
    assert cells[0].startswith("%matplotlib inline\nimport tensorflow as tf\nimport model\n")
    assert "layer = model.Layer(3)" in cells[0]
    assert "compute_y(x=[[1.0, 2.0]]).numpy()" in cells[1]
    assert cells[2] == "print(1)"
    assert "class Layer" in Path("model.py").read_text()


def test_a_todo_stands_in_each_file_that_stays() -> None:
    other = DRIVER + "print(tf.contrib.no_such.thing())\n"
    write(model=MODEL, train=other)
    run(".", "--todo", "--fix")
    assert "# TODO(tf2migrate TFM912): it goes with train.py" in Path("model.py").read_text()
    assert "# TODO(tf2migrate TFM901)" in Path("train.py").read_text()


def test_sessions_that_stay_do_not_need_the_other_files() -> None:
    write(model=MODEL, train=DRIVER)
    run("train.py", "--fix", "--target", "compat")
    assert "tensorflow.compat.v1" in Path("train.py").read_text()
    assert Path("model.py").read_text() == MODEL
