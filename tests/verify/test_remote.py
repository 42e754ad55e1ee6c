"""Verification on a cluster of two workers, of which one is lost while both run a program."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from click.testing import CliRunner
from machines import Machines, machines

from tf2migrate import cli as main
from tf2migrate.cluster import Cluster, Done, Task
from tf2migrate.verify import cli, remote
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.sources import Program
from tf2migrate.verify.verdict import Status, Verdict

pytest.importorskip("distributed")

OLD = """import numpy as np
import tensorflow as tf
x = np.loadtxt("numbers.txt")
with tf.Session() as sess:
    print("sum", sess.run(tf.log(tf.reduce_sum(x))))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    with machines(folder, 2, TMPDIR=str(folder)) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs with a file that they read; one whose migration is not shown to be right."""
    (tmp_path / "numbers.txt").write_text("1 2 3.5\n")
    (tmp_path / "a.py").write_text(OLD)
    (tmp_path / "b.py").write_text(OLD.replace('"sum"', '"all"'))
    (tmp_path / "c.py").write_text(OLD + "raise ValueError('no end')\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.tensorflow
@pytest.mark.usefixtures("folder")
def test_a_worker_is_lost_while_it_runs_a_program(two: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[float] = []

    def same(verdict: Verdict) -> Verdict:
        ended.append(time.monotonic())
        return verdict

    def submit(*given: object) -> object:
        if len(two.workers) == 2 and not begun:
            begun.append(time.monotonic() + 2)  # no TensorFlow is imported and has run two programs by then
            Timer(2, two.kill).start()
        return SUBMIT(*given)

    begun: list[float] = []
    monkeypatch.setattr(remote, "_same", same)
    monkeypatch.setattr(Cluster, "_submit", submit)
    result = CliRunner().invoke(cli.verify, [".", "--scheduler", two.address, "--json", "o.json"])
    assert begun, result.output
    assert begun[0] < ended[0]
    assert len(two.workers) == 1
    found = [(v["name"], v["status"]) for v in json.loads(Path("o.json").read_text())["verdicts"]]
    assert found == [("a.py", "equivalent"), ("b.py", "equivalent"), ("c.py", "old failed")], result.output
    assert result.exit_code == 1


SUBMIT = Cluster._submit


@pytest.mark.tensorflow
def test_what_computes_the_same_is_written_here(two: Machines, folder: Path) -> None:
    result = CliRunner().invoke(main.migrate, ["a.py", "c.py", "--fix", "--verify", "--scheduler", two.address])
    assert result.exit_code == 1, result.output
    assert "c.py:1:1: TFM006 not written: old failed: ValueError: no end" in result.output
    assert "tf.math.log" in (folder / "a.py").read_text()
    assert "tf.Session" in (folder / "c.py").read_text()


def case(folder: Path | None, text: str = OLD) -> Case:
    return Case(text, "a.py", folder)


def test_files_travel_with_the_program(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    (data / "more").mkdir(parents=True)
    (data / "more" / "x.csv").write_text("1,2\n")
    (data / ".hidden").write_text("secret")
    settings = Settings(data=data, old_python="/there/python")
    parcel = remote.packed(Program("a.py", case(folder), case(folder, "new")), settings)
    seen: list[object] = []
    (own := tmp_path / "own").mkdir()

    class Fake:
        settings = replace(Settings(), old_python="/there/python")

        def folder(self) -> Path:
            return own

        def check(self, old: Case, new: Case, name: str) -> Verdict:
            assert old.folder is not None
            files = sorted(str(p.relative_to(old.folder)) for p in old.folder.rglob("*") if p.is_file())
            seen.extend([files, old.text, new.text, (old.folder / "more" / "x.csv").read_text()])
            return Verdict.not_run(name, "seen")

        def close(self) -> None:
            seen.append("closed")

    monkeypatch.setattr(
        remote, "Checker", lambda settings: Fake() if settings == Fake.settings else pytest.fail("other")
    )
    monkeypatch.setattr(remote, "_warm", remote._Warm())
    assert remote.check_there(parcel).reason == "seen"
    files = ["a.py", "b.py", "c.py", "data/more/x.csv", "more/x.csv", "numbers.txt"]
    assert seen == [files, OLD, "new", "1,2\n"]
    assert not list(own.iterdir())
    remote.check_there(parcel)
    assert len(remote._warm.idle) == 1  # the same once more
    remote._warm.close_old(0.0)
    assert (seen[-1], remote._warm.idle) == ("closed", [])


def test_too_much_to_travel_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LARGEST", 3)
    task = remote._task(Program("a.py", case(folder), case(folder)), Settings(), gpu=False)
    assert isinstance(task, Done)
    assert (task.result.status, task.result.reason.partition(":")[0]) == (
        Status.NOT_RUN,
        "the files beside it cannot be sent",
    )


@pytest.mark.parametrize(("devices", "offered", "wants"), [
    (("cpu",), True, False), (("gpu",), True, True), (("cpu", "gpu"), True, True), (("gpu",), False, False),
])  # fmt: skip
def test_a_case_for_a_gpu_takes_a_worker_that_has_one(devices: tuple[str, ...], offered: bool, wants: bool) -> None:
    task = remote._task(Program("a.py", case(None), case(None)), Settings(devices=devices), offered)
    assert isinstance(task, Task)
    assert task.gpu is wants
    assert task.alone() == Verdict.not_run("a.py", "the workers of the cluster that ran it died")


@pytest.mark.parametrize("more", [["-j", "2"], ["--setup-old", "1.15"]])
@pytest.mark.usefixtures("folder")
def test_what_does_not_go_together(more: list[str]) -> None:
    result = CliRunner().invoke(cli.verify, ["a.py", "--scheduler", "tcp://127.0.0.1:9", *more])
    assert (result.exit_code, "--scheduler stands without --jobs and --setup-old" in result.output) == (2, True)


@pytest.mark.usefixtures("folder")
def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.cluster.WAIT", 0.5)
    result = CliRunner().invoke(cli.verify, ["a.py", "--scheduler", "tcp://127.0.0.1:9"])
    assert (result.exit_code, "no Dask scheduler answers" in result.output) == (2, True)
