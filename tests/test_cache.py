"""What earlier runs have kept: used, not trusted, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stub import Run

from tf2migrate import cache, treat
from tf2migrate.cache import Cache
from tf2migrate.config import Configuration
from tf2migrate.model import Finding, Options
from tf2migrate.process import Job, Mode, Work, process, process_all, remembered
from tf2migrate.report import Result, Shown

ROOT = Path(__file__).parents[1]
OLD = "import tensorflow as tf\nx = tf.log(1.0)\ny = tf.Session()\n"
SETTINGS = Configuration({}).of(Path())
RESULT = Result(
    b"after\xff",
    (Shown(0, Finding(1, 2, "TFM101", "old", "do", True, 1, 9, True)), Shown(3, Finding(4, 5, "TFM102", "é", ""))),
    (Shown(3, Finding(4, 5, "TFM102", "é", "")),),
    (("", "before\n", "after\n"),),
)


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


def files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_what_is_kept_is_what_comes_back(kept: Cache) -> None:
    kept.put("a.py", b"data", SETTINGS, RESULT)
    assert kept.get("a.py", b"data", SETTINGS, whole=True) == RESULT
    assert kept.get("b.py", b"data", SETTINGS, whole=True) == RESULT
    assert kept.get("a.py", b"data", SETTINGS, whole=False) == Result(b"data", RESULT.found)


def test_another_content_or_setting_is_not_known(kept: Cache) -> None:
    kept.put("a.py", b"data", SETTINGS, RESULT)
    assert kept.get("a.py", b"data ", SETTINGS, whole=True) is None
    assert kept.get("a.ipynb", b"data", SETTINGS, whole=True) is None
    for other in (
        replace(SETTINGS, options=Options(ignore=("TFM1",))),
        replace(SETTINGS, keep_outputs=True),
        replace(SETTINGS, py2=True),
    ):
        assert kept.get("a.py", b"data", other, whole=True) is None


def test_another_tool_does_not_know(kept: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.put("a.py", b"data", SETTINGS, RESULT)
    monkeypatch.setattr(cache, "fingerprint", lambda: "0" * 32)
    assert Cache(kept.place.parent).get("a.py", b"data", SETTINGS, whole=True) is None


def test_the_tool_is_known_by_its_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "tf2migrate"
    (package / "rules").mkdir(parents=True)
    (package / "cache.py").write_text("")
    monkeypatch.setattr(cache, "__file__", str(package / "cache.py"))
    told = set()
    for name in ("a.py", "rules/TFM000-a.md"):
        (package / name).write_text("a")
        told.add(cache.fingerprint.__wrapped__())
    assert len(told) == 2


def test_a_defect_is_not_kept(kept: Cache) -> None:
    kept.put("a.py", b"data", SETTINGS, replace(RESULT, failed=True))
    assert files(kept.place) == []


def damages(content: bytes) -> Iterator[bytes]:
    yield b""
    yield content[:10]
    yield content[:-1]
    yield content + b" "
    yield content[:30] + bytes([content[30] ^ 1]) + content[31:]
    yield b"\0" * len(content)
    body = (2).to_bytes(4, "big") + b"{}" + b"no deflate"
    yield cache._digest(body) + body  # whole, and still not what it should be


def test_what_is_damaged_is_not_used_and_is_replaced(kept: Cache) -> None:
    kept.put("a.py", b"data", SETTINGS, RESULT)
    (file,) = files(kept.place)
    for damaged in damages(file.read_bytes()):
        file.write_bytes(damaged)
        assert kept.get("a.py", b"data", SETTINGS, whole=True) is None
        kept.put("a.py", b"data", SETTINGS, RESULT)
        assert kept.get("a.py", b"data", SETTINGS, whole=True) == RESULT
    file.unlink()
    file.mkdir()
    assert kept.get("a.py", b"data", SETTINGS, whole=True) is None
    kept.put("a.py", b"data", SETTINGS, RESULT)
    assert files(kept.place) == []  # not even a temporary one


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "a.py"
    path.write_text(OLD)
    job = Job(str(path), SETTINGS, Mode.LIST, cache=str(tmp_path / "file"))
    assert process(job).shown == process(replace(job, cache="")).shown != ()


def test_a_second_run_treats_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = []
    for number in range(12):
        path = tmp_path / f"{number}.py"
        path.write_text(OLD + f"z = {number}\n")
        jobs.append(Job(str(path), SETTINGS, Mode.LIST, (str(tmp_path),), cache=str(tmp_path / "kept")))
    first = list(process_all(jobs, 2))
    diffs = [replace(job, mode=Mode.DIFF) for job in jobs]
    shown = list(process_all([replace(job, cache="") for job in diffs], 1))
    monkeypatch.setattr(treat, "treat", None)
    assert list(process_all(jobs, 2)) == list(process_all(jobs, 1)) == first
    assert list(process_all(diffs, 1)) == shown
    Path(jobs[0].path).write_text("import tensorflow\n")
    assert remembered(Work((jobs[0],))) is None


def test_runs_on_the_command_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.py").write_text(OLD)
    first = run("a.py")
    with monkeypatch.context() as patched:
        patched.setattr(treat, "treat", None)
        assert run("a.py") == first
    assert run("a.py", "--no-cache") == first
    diff = run("a.py", "--diff")
    with monkeypatch.context() as patched:
        patched.setattr(treat, "treat", None)
        assert run("a.py", "--diff") == diff
        assert run("a.py", "--fix").out.endswith("(1 fixed, 1 remaining).\n")
    assert "tf.math.log" in Path("a.py").read_text()
    assert run("clean").out.startswith("Removed")
    assert run("clean").out.startswith("Nothing")


def test_without_a_cache_nothing_is_written(run: Run) -> None:
    Path("a.py").write_text(OLD)
    run("a.py", "--no-cache")
    assert not cache.folder().exists()


def test_what_other_versions_kept_goes_after_a_month(tmp_path: Path) -> None:
    old, young, foreign = (tmp_path / name for name in ("0" * 32, "1" * 32, "mine"))
    for place in (old, young, foreign):
        place.mkdir()
    for place in (old, foreign):
        os.utime(place, (0, 0))
    Cache(tmp_path).put("a.py", b"data", SETTINGS, RESULT)
    assert (old.exists(), young.exists(), foreign.exists()) == (False, True, True)


def test_runs_at_the_same_time_agree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(10):
        (tree / f"{number}.py").write_text(OLD + f"z = {number}\n")
    environment = {**os.environ, "TF2MIGRATE_CACHE_DIR": str(tmp_path / "kept")}
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tf2migrate", str(tree)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    told = [each.communicate()[0] for each in runs]
    assert told[0] == told[1] == told[2] != b""
    assert len(files(tmp_path / "kept")) == 11  # one for each, and what all tell each other
