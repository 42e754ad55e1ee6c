"""Environments for the old side: how one is made, and what is said when there can be none."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tf2migrate.verify import setup_old
from tf2migrate.verify.check import Checker
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.setup_old import SetupError
from tf2migrate.verify.verdict import Status

pytestmark = pytest.mark.once


def test_an_unknown_version() -> None:
    with pytest.raises(SetupError, match=r"knows 1\.15, 2\.15"):
        setup_old.setup_old("1.4")


def test_no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"needs Python 3\.7, and none is found"):
        setup_old.setup_old("1.15")


def test_one_made_before_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "tf2migrate" / "tensorflow-1.15"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "ready").touch()
    assert setup_old.setup_old("1.15") == str(folder / "bin" / "python")


def test_an_environment_is_made_with_the_old_python_and_used_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a stand-in for TensorFlow, that is there without the network."""
    if next(setup_old.interpreters("3.7"), None) is None:
        pytest.skip("TensorFlow 1.15 needs Python 3.7, and none is found")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    metadata = "Metadata-Version: 2.1\nName: tensorflow\nVersion: 1.15.0\n"
    with zipfile.ZipFile(tmp_path / "tensorflow-1.15.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tensorflow/__init__.py", "__version__ = '1.15.0'\n")
        wheel.writestr("tensorflow-1.15.0.dist-info/METADATA", metadata)
        wheel.writestr("tensorflow-1.15.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tensorflow-1.15.0.dist-info/RECORD", "")
    options = ("--no-index", "--disable-pip-version-check", f"--find-links={tmp_path}", "tensorflow==1.15.0")
    monkeypatch.setattr(setup_old, "KNOWN", {"1.15": ("3.7", options)})
    python = setup_old.setup_old("1.15")
    told = "import sys, tensorflow; print(sys.version_info[:2], tensorflow.__version__)"
    assert subprocess.run([python, "-c", told], capture_output=True, text=True, check=True).stdout == "(3, 7) 1.15.0\n"
    before = Path(python).parents[1].stat().st_mtime_ns
    assert setup_old.setup_old("1.15") == python
    assert Path(python).parents[1].stat().st_mtime_ns == before
    (Path(python).parents[1] / "ready").unlink()  # as when it was interrupted
    monkeypatch.setattr(setup_old, "KNOWN", {"1.15": ("3.7", (*options[:-1], "tensorflow==1.16"))})
    with pytest.raises(SetupError, match=r"-m pip install failed: .*tensorflow==1\.16"):
        setup_old.setup_old("1.15")


OLD = """import tensorflow as tf
from tensorflow.contrib import slim
x = tf.placeholder(tf.float32, [None, 3])
y = slim.fully_connected(x, 2, activation_fn=None)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("y", sess.run(y, {x: [[1, 2, 3]]}))
"""
NEW = """import tensorflow as tf
dense = tf.keras.layers.Dense(2)
print("y", dense(tf.constant([[1.0, 2.0, 3.0]])).numpy())
"""


@pytest.mark.tensorflow
def test_the_old_side_is_tensorflow_1_where_it_has_been_set_up() -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not (cache / "tf2migrate" / "tensorflow-1.15" / "ready").exists():
        pytest.skip("there is no TensorFlow 1.15: `tf2migrate verify --setup-old 1.15` makes one")
    settings = Settings(old_python=setup_old.setup_old("1.15"), salts=3)
    with Checker(settings) as checker:
        found = checker.check(Case(OLD, "old.py"), Case(NEW, "new.py"))
        assert found.equivalent, found.reason
        assert (found.old.tensorflow, found.old.python[:4]) == ("1.15.0", "3.7.")
        wrong = checker.check(Case(OLD, "old.py"), Case(NEW.replace("3.0", "4.0"), "new.py"))
    assert wrong.status is Status.DIFFERENT
