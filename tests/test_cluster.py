"""A real scheduler with two workers: the results of one machine, also when a worker is lost on the way."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from machines import Machines, machines

from tf2migrate import cli, cluster, process
from tf2migrate.cluster import Cluster, ClusterError, Done, Task, connected

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted((ROOT / "fixtures" / "programs").glob("*/tf1.py"))[:24]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(tmp_path_factory.mktemp("machines"), 2) as found:
        yield found


def tree(folder: Path) -> Path:
    """Programs, a notebook, what is no Python, what is of no concern, and what cannot be read."""
    for path in PROGRAMS:
        target = folder / path.parent.name / "train.py"
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
    source = "import tensorflow as tf\nx = tf.log(1.0)"
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "book.ipynb").write_text(json.dumps(book))
    (folder / "broken.py").write_text("import tensorflow as tf\ndef f(:\n")
    (folder / "other.py").write_text("print('of no concern')\n")
    (folder / "gone.py").symlink_to("nowhere.py")
    return folder


def call(folder: Path, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner().invoke(cli.migrate, [".", *arguments])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", [["--output-format", "json"], ["--diff"], ["--add-noqa"], ["--fix"]], ids=" ".join)
def test_the_result_is_that_of_one_machine(mode: list[str], two: Machines, tmp_path: Path) -> None:
    here, there = tree(tmp_path / "here"), tree(tmp_path / "there")
    local, remote = call(here, *mode, "-j", "1"), call(there, *mode, "--scheduler", two.address)
    assert local.exit_code == 1
    assert (remote.exit_code, remote.output) == (1, local.output)
    assert contents(there) == contents(here)


def test_what_came_back_is_kept_for_later_runs(two: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path / "there")
    first = call(folder, "--scheduler", two.address)
    monkeypatch.setattr(process, "treated", lambda *_: pytest.fail("it was known"))
    (folder / "other.py").unlink()  # such a file is not sent, and nothing has to be known of it
    assert call(folder, "-j", "1").stdout == first.stdout


def test_a_worker_is_lost_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tree(tmp_path / "here"), tree(tmp_path / "there")
    local = call(here, "--fix", "-j", "1")
    with machines(tmp_path, 2) as found:

        def finish(*given: object) -> object:
            if len(found.workers) == 2:
                found.kill()  # with the first result here, and others there
            return FINISH(*given)

        monkeypatch.setattr(process, "finish", finish)
        monkeypatch.setattr(process, "_process_alone", lambda _: pytest.fail("the other worker is there"))
        remote = call(there, "--fix", "--scheduler", found.address)
        assert len(found.workers) == 1
    assert (remote.exit_code, remote.stdout) == (1, local.stdout)
    assert contents(there) == contents(here)


FINISH = process.finish


def test_what_kills_its_workers_is_done_alone_and_the_last_worker_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with machines(tmp_path, 1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as found:
        with connected(found.address) as both:
            deadly = Task(os._exit, (9,), lambda _: pytest.fail("it answered"), lambda: "alone")
            assert list(both.map([Done("at once"), deadly])) == ["at once", "alone"]
            with pytest.raises(ClusterError, match="no worker is left at tcp"):
                list(both.map([Task(abs, (-1,), str, str)]))
        monkeypatch.setattr(cluster, "WAIT", 3.0)
        with pytest.raises(ClusterError, match=r"has no worker, and none came within 3 s"), connected(found.address):
            pass


def test_the_scheduler_is_lost_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path / "there")
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with machines(tmp_path, 1) as found:

        def finish(*given: object) -> object:
            found.scheduler.kill()
            return FINISH(*given)

        monkeypatch.setattr(process, "finish", finish)
        result = call(folder, "--fix", "--scheduler", found.address)
    assert result.exit_code == 2
    assert f"Error: the scheduler at {found.address} was lost" in result.output


@pytest.mark.parametrize("together", [0, 160])
def test_what_is_under_way_is_bounded_and_in_order(two: Machines, together: int) -> None:
    begun = itertools.count()
    ended = Task(len, (b"xyz",), str, str)

    def tasks() -> Iterator[Task[str] | Done[str]]:
        for number in begun:
            yield Done(f"known {number}") if number % 3 else ended

    with connected(two.address) as both:
        found = list(itertools.islice(both.map(tasks(), together), 30))
    assert found == [f"known {number}" if number % 3 else "3" for number in range(30)]
    assert next(begun) <= 30 + (cluster.AHEAD * 2 + 1) * 3 * max(together // (cluster.AHEAD * 2), 1)


def test_bytes_are_bounded_too(two: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = itertools.count()
    monkeypatch.setattr(cluster, "LARGEST", 100)
    with connected(two.address) as both:
        results = both.map(Task(abs, (number,), str, str, size=60) for number in begun)
        assert [next(results), next(results)] == ["0", "1"]
        results.close()
    assert next(begun) == 3


def test_a_defect_in_a_task_is_told(two: Machines) -> None:
    with connected(two.address) as both, pytest.raises(ZeroDivisionError):
        list(both.map([Task(divmod, (1, 0), str, str)]))


def said(*arguments: str, folder: Path) -> str:
    (folder / "a.py").write_text("import tensorflow as tf\n")
    result = call(folder, *arguments)
    assert result.exit_code == 2
    return result.output


def test_dask_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    message = said("--scheduler", "tcp://127.0.0.1:9", folder=tmp_path)
    assert "--scheduler needs dask.distributed: pip install 'tf2migrate[cluster]'" in message


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "x://1", "tcp://no.such.host.invalid:1"])
def test_nothing_answers(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WAIT", 0.5)
    message = said("--scheduler", address, folder=tmp_path)
    assert f"no Dask scheduler answers at {address} within 0.5 s" in message


def test_another_version_is_refused(two: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = cluster.identity()
    monkeypatch.setattr(cluster, "identity", lambda: "tf2migrate 9.9")
    message = said("--scheduler", two.address, folder=tmp_path)
    assert f"cannot be used: it runs {own}, and this is tf2migrate 9.9: the same is needed on all" in message


def test_a_worker_of_another_version_that_comes_late_is_refused(two: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(two.address) as both:
        monkeypatch.setattr(cluster, "identity", lambda: "tf2migrate 9.9")
        with pytest.raises(ClusterError, match=r"it runs tf2migrate 0.*, and this is tf2migrate 9\.9"):
            list(both.map([Task(abs, (1,), str, str)]))


def test_another_python_or_dask_is_refused(two: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter(["Python 3.11, dask 1", "Python 3.12, dask 1"])
    monkeypatch.setattr(cluster, "_versions", lambda _: next(told))
    match = r"the scheduler runs Python 3\.12, dask 1, and this is Python 3\.11, dask 1"
    with pytest.raises(ClusterError, match=match), connected(two.address):
        pass


def test_a_worker_without_this_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped: Callable[[str, bytes], tuple[str, str]] = cluster._shipped()
    monkeypatch.setitem(sys.modules, "tf2migrate", None)
    kind, answer = shipped("", b"")
    assert kind == "missing"
    assert cluster._told(kind, answer).endswith("install tf2migrate there, as it is here")


def test_the_identity_is_of_the_contents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = cluster.identity.__wrapped__()
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    monkeypatch.setattr(cluster, "rules_folder", lambda: tmp_path / "rules")
    assert cluster.identity.__wrapped__() == before
    (tmp_path / "rules" / "renames" / "new.toml").write_text("")
    assert cluster.identity.__wrapped__() != before


@pytest.mark.parametrize("more", [["-j", "2"], ["--watch"]])
def test_what_does_not_go_together(more: list[str], tmp_path: Path) -> None:
    assert "--scheduler" in said("--scheduler", "tcp://127.0.0.1:9", *more, folder=tmp_path)


def test_a_task_for_a_gpu_goes_to_a_worker_that_offers_one(two: Machines) -> None:
    with connected(two.address) as both:
        assert both.has_gpu()
        tasks = [Task(os.getpid, (), int, int, gpu=number < 4) for number in range(8)]
        assert set(list(both.map(tasks))[:4]) == {two.workers[1].pid}


def test_a_cluster_without_a_gpu_is_known() -> None:
    class Client:
        def scheduler_info(self) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
            return {"workers": {"a": {"resources": {}}, "b": {"resources": {"CPU": 1}}}}

    assert not Cluster(Client(), "").has_gpu()
