"""Which files belong to a program, and what they become together."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAMS

from tf2migrate.verify.settings import Settings
from tf2migrate.verify.sources import NoProgram, at_revision, migrated, neighbours, programs_below, text_of

PACKAGES = PROGRAMS.parent / "packages"


def test_modules_are_found_as_python_finds_them(tmp_path: Path) -> None:
    for name, text in {
        "main.py": "import net.dense\nfrom net import conv as c\nimport numpy, broken\nfrom . import side\n",
        "net/__init__.py": "from .base import *\n",
        "net/base.py": "from ..data import read\n",
        "net/dense.py": "from .deep.er import x\n",
        "net/deep/er.py": "import data\n",
        "net/conv.py": "",
        "net/unused.py": "",
        "data.py": "",
        "side.py": "import main\n",
        "broken.py": "def f(:\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {path.relative_to(tmp_path).as_posix() for path in neighbours(tmp_path / "main.py")}
    assert found == {
        *("net/__init__.py", "net/base.py", "net/dense.py", "net/deep/er.py", "net/conv.py"),
        *("data.py", "side.py", "broken.py"),
    }


def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    """Alone, and in a folder, where what cannot be read may be a program as well."""
    texts = {
        "broken.py": "import tensorflow as tf\ny = tf.log(\n",
        "deep.py": "y = " + "-" * 20000 + "1\n",
        "sum.py": "y = 1" + " + 1" * 20000 + "\n",
        "large.py": "y = 1\n" * 800_000,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "main.py").write_text("import broken, deep, large, pipe, loop\n")
    said = {
        "broken.py": "broken.py:2 is no Python 3: '(' was never closed",
        "deep.py": "nested too deeply",
        "sum.py": "nested too deeply",
        "large.py": "too large to be followed",
        "pipe.py": "it is a named pipe, not a file",
        "folder.py": "it is a folder, not a file",
        "gone.py": "No such file",
    }
    for name, reason in said.items():
        with pytest.raises(NoProgram, match=re.escape(reason)):
            migrated(tmp_path / name, Settings())
    assert {path.name for path in neighbours(tmp_path / "main.py")} == {"broken.py", "deep.py", "large.py"}
    assert [path.name for path in programs_below(tmp_path)] == ["loop.py"]


@pytest.mark.parametrize(("package", "main"), [("helpers", "train.py"), ("classes", "run.py"), ("drivers", "train.py")])
def test_a_program_of_several_files_becomes_what_fix_makes_of_them(package: str, main: str) -> None:
    found = migrated(PACKAGES / package / "tf1" / main, Settings())
    after = PACKAGES / package / "tf2"
    assert found.new.text == (after / main).read_text()
    assert found.new.neighbours
    assert dict(found.new.neighbours) == {name: (after / name).read_text() for name, _ in found.new.neighbours}
    assert found.old.text == (PACKAGES / package / "tf1" / main).read_text()


@pytest.mark.parametrize(("name", "data"), [("a.py", b"def f(:\n"), ("a.py", b"\xff\xfe"), ("a.ipynb", b"{}")])
def test_what_cannot_be_read_is_no_program(name: str, data: bytes) -> None:
    with pytest.raises(NoProgram):
        text_of(name, data)


def test_against_a_revision_the_programs_of_then_are_those_that_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old, new = "import tensorflow as tf\nimport lib\ntf.Session()\n", "import tensorflow as tf\nimport lib\n"
    for name in ("changed.py", "same.py", "sub/other.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(old)
    Path("lib.py").write_text("import tensorflow as tf\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "old"]):
        subprocess.run([*git, *command], check=True)
    assert list(programs_below(Path(), "HEAD")) == []
    Path("changed.py").write_text(new)
    Path("added.py").write_text(new)
    assert list(programs_below(Path(), "HEAD")) == [Path("changed.py")]
    Path("lib.py").write_text("import tensorflow as tf\nx = 1\n")
    assert list(programs_below(Path(), "HEAD")) == [Path("changed.py"), Path("same.py")]
    with pytest.raises(NoProgram, match=r"git knows no revision elsewhere in \."):
        list(programs_below(Path(), "elsewhere"))


def test_a_revision_is_no_option(tmp_path: Path) -> None:
    with pytest.raises(NoProgram, match="is no revision"):
        at_revision(tmp_path / "a.py", "--output=x")
