"""`--fix --verify`: what is written, what is left, and why."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import PROGRAMS

from tf2migrate import cli
from tf2migrate.process import Job, looked_at
from tf2migrate.report import Result as Treatment
from tf2migrate.verify import gate
from tf2migrate.verify.check import Checker

EXAMPLE = PROGRAMS.parent / "example" / "train.py"
MAIN = """import tensorflow as tf
import lib
with tf.Session() as s:
    print("half", s.run(tf.div(3.0, 2.0)), lib.half(3.0))
"""
LIB = "import tensorflow as tf\n\n\ndef half(x):\n    tf.logging.info('x')\n    return x / 2\n"


@pytest.fixture
def run(checker: Checker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """The command, on the TensorFlows that are already there."""

    class Shared(Checker):
        def server(self, mode, device):
            return checker.server(mode, device)

        def close(self) -> None:
            """The runners are the session's."""

    monkeypatch.setattr(gate, "Checker", Shared)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.migrate, arguments)


@pytest.mark.tensorflow
def test_what_computes_the_same_is_written(run: Callable[..., Result]) -> None:
    shutil.copy(EXAMPLE, "train.py")
    result = run("train.py", "--fix", "--verify")
    assert result.exit_code == 0, result.output
    assert "tf.Session" not in Path("train.py").read_text(encoding="utf8")


@pytest.mark.tensorflow
def test_what_computes_something_else_stays(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(jobs: Sequence[Job]) -> Iterator[tuple[Job, bytes, Treatment]]:
        for job, data, result in looked_at(jobs):
            yield job, data, replace(result, after=result.after.replace(b"SGD(0.1)", b"SGD(0.2)"))

    monkeypatch.setattr(gate, "looked_at", broken)
    shutil.copy(EXAMPLE, "train.py")
    result = run("train.py", "--fix", "--verify")
    assert result.exit_code == 1
    assert "train.py:1:1: TFM006 not written: different: run loss (train.py:17" in result.output
    assert Path("train.py").read_text(encoding="utf8") == EXAMPLE.read_text(encoding="utf8")


@pytest.mark.tensorflow
def test_a_program_in_which_nothing_is_seen_stays(run: Callable[..., Result]) -> None:
    Path("silent.py").write_text("import tensorflow as tf\nx = tf.log(3.0)\n", encoding="utf8")
    result = run("silent.py", "--fix", "--verify")
    assert result.exit_code == 1
    assert "TFM006 not written: not comparable" in result.output
    assert "tf.log" in Path("silent.py").read_text(encoding="utf8")


@pytest.mark.tensorflow
def test_a_module_is_shown_by_the_program_that_imports_it(run: Callable[..., Result]) -> None:
    Path("main.py").write_text(MAIN, encoding="utf8")
    Path("lib.py").write_text(LIB, encoding="utf8")
    result = run(".", "--fix", "--verify")
    assert "TFM006" not in result.output
    assert "tf.Session" not in Path("main.py").read_text(encoding="utf8")
    assert "tf.get_logger().info" in Path("lib.py").read_text(encoding="utf8")


@pytest.mark.tensorflow
def test_a_package_is_shown_by_each_of_its_drivers(run: Callable[..., Result]) -> None:
    package = PROGRAMS.parent / "packages" / "drivers"
    shutil.copytree(package / "tf1", "package")
    result = run("package", "--fix", "--verify")
    assert result.exit_code == 0, result.output
    for name in ("network.py", "train.py", "evaluate.py"):
        assert Path("package", name).read_text(encoding="utf8") == (package / "tf2" / name).read_text(encoding="utf8")


@pytest.mark.tensorflow
def test_a_module_stays_with_the_program_that_stays(run: Callable[..., Result]) -> None:
    Path("main.py").write_text(MAIN + "1 / 0\n", encoding="utf8")
    Path("lib.py").write_text(LIB, encoding="utf8")
    result = run("lib.py", "main.py", "--fix", "--verify")
    assert "lib.py:1:1: TFM006 not written: main.py is old failed: ZeroDivisionError" in result.output
    assert Path("lib.py").read_text(encoding="utf8") == LIB


@pytest.mark.parametrize(
    "arguments", [["--verify", "a.py"], ["--verify", "--fix", "-"], ["--verify", "--diff", "a.py"]]
)
def test_it_goes_with_fix_and_files(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.migrate, arguments).exit_code == 2


@pytest.mark.tensorflow
def test_programs_of_several_files_are_written_together(run: Callable[..., Result]) -> None:
    package = PROGRAMS.parent / "packages" / "drivers"
    shutil.copytree(package / "tf1", ".", dirs_exist_ok=True)
    result = run(".", "--fix", "--verify")
    assert "TFM006" not in result.output
    for path in sorted((package / "tf2").iterdir()):
        assert Path(path.name).read_text(encoding="utf8") == path.read_text(encoding="utf8")
