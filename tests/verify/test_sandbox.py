"""Programs that misbehave give a verdict and a reason, and leave nothing behind."""

# ruff: noqa: E501 (text that is read as a whole)
from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tf2migrate.verify import sandbox
from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.verdict import Status, Verdict

GOOD = Case("import tensorflow as tf\nprint('sum', float(tf.add(1.0, 2.0)))\n", "good.py")
OLD = Case("import tensorflow as tf\nwith tf.Session() as s:\n    print('sum', s.run(tf.add(1.0, 2.0)))\n", "old.py")

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def strict() -> Iterator[Checker]:
    with Checker(Settings(timeout=8.0, memory=700)) as found:
        yield found


def verdict(checker: Checker, text: str) -> Verdict:
    return checker.check(OLD, Case(text, "new.py"))


def left(checker: Checker) -> set[str]:
    """The processes that still run in a folder of a run."""
    return {name for server in checker.servers.values() for name in beneath(server.folder, "run-")}


def test_a_good_program(strict: Checker) -> None:
    assert strict.check(OLD, GOOD).status is Status.EQUIVALENT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("while True: pass\n", "it was ended after 8 s"),
        ("import time\ntime.sleep(60)\n", "it was ended after 8 s"),
        ("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)\n", "it was ended after 8 s"),
        ("import time\nx = b'x' * (1 << 30)\ntime.sleep(60)\n", "it used more than 700 MiB of memory"),
        ("x = bytearray(1 << 45)\n", "MemoryError"),
        ("import os, time\nfor _ in range(100):\n    if not os.fork():\n        time.sleep(60)\ntime.sleep(9)\n", "it started more than 64 processes"),
        ("import sys\nsys.exit(3)\n", "it exits with status 3"),
        ("import sys\nsys.exit('no data')\n", "it exits with status 1"),
        ("import os\nos._exit(0)\n", "it left with status 0 before its end could be seen, by os._exit (new.py:2)"),
        ("import os\nos.closerange(3, 50)\nos._exit(4)\n", "it left with status 4 before its end could be seen"),
        ("import os\nos.kill(os.getpid(), 11)\n", "it was ended by signal 11"),
        ("import os\nos.kill(os.getppid(), 9)\n", "PermissionError: the program may only end its own processes (new.py:2)"),
        ("1 / 0\n", "ZeroDivisionError: division by zero (new.py:1)"),
        ("def f(:\n", "SyntaxError"),
        ("raise ValueError('first\\nsecond')\n", "ValueError: first (new.py:1)"),
        ("import urllib.request\nurllib.request.urlopen('http://192.0.2.1/')\n", "the network is off"),
    ],
)  # fmt: skip
def test_a_reason_is_given(strict: Checker, text: str, reason: str) -> None:
    found = verdict(strict, text)
    assert found.status is Status.NEW_FAILED
    assert reason in found.reason
    assert not left(strict)
    assert not [run for server in strict.servers.values() for run in server.folder.glob("run-*")]
    assert strict.check(OLD, GOOD).status is Status.EQUIVALENT


def test_the_old_side_failing_says_nothing_of_the_new(strict: Checker) -> None:
    found = strict.check(Case("raise RuntimeError('no')\n", "old.py"), GOOD)
    assert (found.status, found.reason) == (Status.OLD_FAILED, "RuntimeError: no (old.py:1)")


def test_what_no_tensorflow_2_has_is_not_comparable(strict: Checker) -> None:
    found = strict.check(Case("import tensorflow as tf\ntf.estimator.LinearRegressor([])\n", "old.py"), GOOD)
    assert found.status is Status.NOT_COMPARABLE
    assert "--old-python" in found.reason


def test_daemons_do_not_outlive_their_program(strict: Checker) -> None:
    text = "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n        time.sleep(60)\n    os._exit(0)\nos.wait()\n"
    verdict(strict, text + GOOD.text)
    time.sleep(0.1)
    assert not left(strict)


@pytest.mark.parametrize(
    "write",
    ["open({path!r}, 'w').write('x')", "import os; os.mkdir({path!r})", "import os; os.system('touch {path}')",
     "import tensorflow as tf; tf.io.write_file({path!r}, 'x')"],
)  # fmt: skip
def test_nothing_is_written_outside(strict: Checker, write: str, tmp_path: Path) -> None:
    path = Path.home() / f"tf2migrate-test-{os.getpid()}"
    verdict(strict, write.format(path=str(path)) + "\n")
    assert not path.exists()


def test_no_other_process_can_be_ended(strict: Checker) -> None:
    with subprocess.Popen(["sleep", "100"]) as other:
        verdict(strict, f"import os\nos.system('kill -9 {other.pid}')\n" + GOOD.text)
        assert other.poll() is None
        other.kill()
    assert strict.check(OLD, GOOD).status is Status.EQUIVALENT


def test_folders_in_folders_without_end_are_removed(strict: Checker) -> None:
    text = "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n"
    verdict(strict, text + GOOD.text)
    assert not [run for server in strict.servers.values() for run in server.folder.glob("run-*")]


def test_tmp_is_the_programs_own(strict: Checker) -> None:
    name = f"/tmp/tf2migrate-test-{os.getpid()}"
    strict.check(OLD, Case(f"open({name!r}, 'w').write('x')\n{GOOD.text}", "new.py"))
    assert not Path(name).exists()


def test_secrets_are_not_handed_on(strict: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    with Checker(replace(strict.settings, environment=(("GIVEN", "yes"),))) as checker:
        text = "import os\nassert 'SECRET_TOKEN' not in os.environ\nassert os.environ['GIVEN'] == 'yes'\n"
        assert checker.check(OLD, Case(text + GOOD.text, "new.py")).status is Status.EQUIVALENT


def test_nothing_seen_is_not_equivalent(strict: Checker) -> None:
    old = Case(
        "import tensorflow as tf\nwith tf.Session() as s:\n    s.run(tf.add(1.0, 2.0))\nn = 5\nprint('done')\n",
        "old.py",
    )
    found = strict.check(old, Case("import tensorflow as tf\nn = 5\nprint('done')\n", "new.py"))
    assert found.status is Status.NOT_COMPARABLE


def test_numbers_that_the_old_program_does_not_repeat_do_not_count(strict: Checker) -> None:
    text = "import os\nprint('id', int.from_bytes(os.urandom(4), 'big'))\n"
    found = strict.check(Case(text + OLD.text, "old.py"), Case(text + GOOD.text, "new.py"))
    assert found.status is Status.EQUIVALENT


@pytest.mark.parametrize("when", ["while it imports TensorFlow", "while a program runs"])
def test_nothing_stays_when_verify_itself_is_killed(tmp_path: Path, when: str) -> None:
    (tmp_path / "old.py").write_text("open('begun', 'w').write('x')\nimport time\ntime.sleep(600)\n" + OLD.text)
    (tmp_path / "new.py").write_text(GOOD.text)
    (own := tmp_path / "tmp").mkdir()  # beside the programs: what is in it is not the programs'
    command = [sys.executable, "-m", "tf2migrate", "verify", "old.py", "new.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"TMPDIR": str(own), "PYTHONPATH": str(ROOT)}
    ) as process:
        wait(lambda: any(own.rglob("begun")) if when == "while a program runs" else len(beneath(own)) == 2)
        process.kill()
    wait(lambda: not beneath(own))
    assert not list(own.iterdir())


def beneath(folder: Path, start: str = "") -> set[str]:
    """The processes that work below a folder."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/cwd").startswith(f"{folder}/{start}"):
                found.add(name)
    return found


def wait(until: Callable[[], bool]) -> None:
    """A busy machine takes longer to import TensorFlow."""
    end = time.monotonic() + 120
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_folder_that_is_too_large_to_be_copied_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "large").write_bytes(b"x" * 600)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)  # what it leads to is counted once
    with Checker(Settings()) as checker:
        monkeypatch.setattr(sandbox, "MOST_BYTES", 1000)
        assert checker.check(replace(OLD, folder=tmp_path), GOOD).equivalent
    (tmp_path / "larger").write_bytes(b"x" * 600)
    with Checker(Settings()) as checker:
        found = checker.check(replace(OLD, folder=tmp_path), GOOD)
    assert found.status is Status.NOT_RUN
    assert "put the program into a folder of its own" in found.reason


def test_an_interpreter_without_tensorflow(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho nothing here >&2\nexit 1\n")
    fake.chmod(0o755)
    with Checker(Settings(old_python=str(fake))) as checker:
        found = checker.check(OLD, GOOD)
    assert found.status is Status.NOT_RUN
    assert "nothing here" in found.reason
