"""The command, from paths to exit codes and files."""

# ruff: noqa: E501 (text that is read as a whole)
from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from conftest import PROGRAMS

from tf2migrate.verify import cli
from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.sources import programs_below

OLD = "import tensorflow as tf\nx = tf.constant(2.0)\nwith tf.Session() as sess:\n    print('x is', sess.run(tf.div(x, 4.0)))\n"
NEW = "import tensorflow as tf\nx = tf.constant(2.0)\nprint('x is', tf.divide(x, 4.0).numpy())\n"


@pytest.fixture
def run(checker: Checker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command, on the TensorFlows that are already there."""

    class Shared(Checker):
        def server(self, mode: str, device: str):
            return checker.server(mode, device)

        def close(self) -> None:
            """The runners are the session's."""

    monkeypatch.setattr(cli, "Checker", Shared)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli.verify, arguments)

    return call


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.py").write_text(text, encoding="utf8")


@pytest.mark.tensorflow
def test_two_files(run) -> None:
    write(old=OLD, new=NEW)
    result = run("old.py", "new.py")
    assert result.exit_code == 0, result.output
    assert "old.py new.py: equivalent" in result.output
    assert "old: TensorFlow 2." in result.output


@pytest.mark.tensorflow
def test_reports_of_a_difference(run) -> None:
    write(old=OLD, new=NEW.replace("4.0", "5.0"))
    files = ("--json", "o.json", "--junit", "o.xml", "--markdown", "o.md", "--report", "o.html")
    result = run("old.py", "new.py", *files)
    assert result.exit_code == 1
    [found] = json.loads(Path("o.json").read_text(encoding="utf8"))["verdicts"]
    assert found["status"] == "different"
    assert "0.5 became 0.4" in found["reason"]
    suite = ET.fromstring(Path("o.xml").read_text(encoding="utf8"))
    assert suite.get("failures") == "1"
    assert suite.find("testcase/failure") is not None
    assert "| old.py new.py | ❌ different |" in Path("o.md").read_text(encoding="utf8")
    page = Path("o.html").read_text(encoding="utf8")
    assert 'class="gone point"' in page
    assert "http" not in page
    assert "<script" not in page


@pytest.mark.tensorflow
def test_against_a_revision(run) -> None:
    write(program=OLD)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "old"]):
        subprocess.run([*git, *command], check=True)
    write(program=NEW)
    assert run("program.py", "--against", "HEAD").exit_code == 0
    assert "not run" in run("program.py", "--against", "nothing").output


@pytest.mark.tensorflow
def test_notebooks_and_data_beside_them(run) -> None:
    cells = ["%matplotlib inline\nimport tensorflow as tf\nimport numpy as np", "x = np.loadtxt('numbers.txt')"]
    for name, last in (
        ("old", "with tf.Session() as s:\n    print(s.run(tf.reduce_sum(x)))"),
        ("new", "print(tf.reduce_sum(x).numpy())"),
    ):
        book = {"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": c} for c in [*cells, last]],
                "metadata": {}, "nbformat": 4, "nbformat_minor": 5}  # fmt: skip
        Path(f"{name}.ipynb").write_text(json.dumps(book), encoding="utf8")
    Path("numbers.txt").write_text("1 2 3.5\n", encoding="utf8")
    result = run("old.ipynb", "new.ipynb")
    assert result.exit_code == 0, result.output


@pytest.mark.tensorflow
def test_a_program_is_migrated_with_its_neighbours(run) -> None:
    write(
        program="import tensorflow as tf\nfrom helper import half\nprint('half', half(3.0))\ntf.app.run(main=lambda _: None)\n",
        helper="import tensorflow as tf\n\n\ndef half(x):\n    return x / 2 + len(tf.compat.v1.get_default_graph().get_operations())\n",
    )
    result = run("program.py")
    assert "program.py: " in result.output
    assert result.exit_code in (0, 1)


@pytest.mark.tensorflow
def test_a_program_that_needs_no_migration_is_not_run(run) -> None:
    write(program=NEW)
    result = run("program.py")
    assert result.exit_code == 1
    assert "not run: the migration changes nothing in it" in result.output


def test_wrong_use() -> None:
    runner = CliRunner()
    assert runner.invoke(cli.verify, ["no such file"]).exit_code == 2
    assert runner.invoke(cli.verify, []).exit_code == 2
    assert runner.invoke(cli.verify, [str(PROGRAMS / "walk" / "tf1.py"), "--stub", "imagenet"]).exit_code == 2


def test_the_programs_of_a_folder_are_those_that_run_tensorflow(tmp_path: Path) -> None:
    texts = {"train.py": OLD, "sub/eval.py": OLD, "model.py": "import tensorflow as tf\n", "other.py": "print(1)\n"}
    for name, text in {**texts, "venv/lib.py": OLD}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf8")
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    found = [path.relative_to(tmp_path).as_posix() for path in programs_below(tmp_path)]
    assert sorted(found) == ["sub/eval.py", "train.py"]


@pytest.mark.tensorflow
def test_a_folder(run) -> None:
    write(one=OLD, two=OLD.replace("x is", "y is"), other="print(1)\n")
    result = run(".")
    assert result.exit_code == 0, result.output
    told = [line.partition(": ")[::2] for line in result.output.splitlines() if "equivalent" in line]
    assert [name for name, _ in told] == ["one.py", "two.py", "2 equivalent"]


def test_an_empty_folder_proves_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.verify, [str(tmp_path)])
    assert (result.exit_code, result.output) == (1, "no program to verify\n")


@pytest.mark.tensorflow
def test_a_second_cpu_stands_in_for_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    if shutil.which("nvidia-smi"):
        pytest.skip("there is a GPU")
    with Checker(Settings(devices=("cpu", "gpu"))) as own:
        found = own.check(Case(OLD, "old.py"), Case(NEW, "new.py"))
    assert found.equivalent, found.reason
    assert found.ran == ("cpu", "cpu:1 in the place of a GPU, which is not there")
    assert "(on cpu, cpu:1 in the place of a GPU, which is not there)" in found.reason
    assert found.new.devices == ("CPU 0", "CPU 1")
    assert own.traces["cpu:1"][0].placed == ("CPU 0", "CPU 1")


@pytest.mark.tensorflow
def test_the_json_is_of_the_published_schema(run) -> None:
    write(old=OLD, new=NEW.replace("4.0", "0.0"))
    run("old.py", "new.py", "--json", "o.json")
    schema = json.loads((PROGRAMS.parents[1] / "docs" / "verify.schema.json").read_text(encoding="utf8"))
    found = json.loads(Path("o.json").read_text(encoding="utf8"), parse_constant=pytest.fail)
    assert found.keys() == schema["properties"].keys()
    [verdict] = found["verdicts"]
    forms = schema["$defs"]
    assert verdict.keys() == forms["verdict"]["properties"].keys()
    assert verdict["new"].keys() == forms["side"]["properties"].keys()
    assert verdict["map"] == [[4, 4, 3, 3]]
    assert verdict["status"] in forms["verdict"]["properties"]["status"]["enum"]
    for point in verdict["points"]:
        assert point.keys() == forms["point"]["properties"].keys()
        assert point["kind"] in forms["point"]["properties"]["kind"]["enum"]
        assert point["judgement"] in forms["point"]["properties"]["judgement"]["enum"]


@pytest.mark.tensorflow
def test_a_gpu_that_is_not_there_is_said(tmp_path: Path) -> None:
    if shutil.which("nvidia-smi"):
        pytest.skip("there is a GPU")
    (tmp_path / "old.py").write_text(OLD, encoding="utf8")
    with Checker(Settings(devices=("gpu",))) as own:
        found = own.check(Case(OLD, "old.py"), Case(NEW, "new.py"))
    assert (found.status, found.reason) == ("not run", "no GPU is visible to TensorFlow here")
