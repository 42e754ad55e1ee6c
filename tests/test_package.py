"""What is built: a wheel that works by itself, and a source distribution from which the same wheel is built."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
OLD = "import tensorflow as tf\nx = tf.constant(1.0)\nwith tf.Session() as sess:\n    print(sess.run(x))\n"


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a distribution with the backend that is installed here: nothing is downloaded."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_every_module_and_every_rule_and_nothing_else(wheel: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tf2migrate").rglob("*.py")}
    rules = {f"tf2migrate/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "rules").rglob("*.*")}
    held = {name for name in names(wheel) if ".dist-info/" not in name}
    assert held == modules | rules | {"tf2migrate/py.typed"}


def test_the_metadata_says_what_users_and_indexes_need(wheel: Path) -> None:
    (name,) = (name for name in names(wheel) if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(zipfile.ZipFile(wheel).read(name).decode())
    assert metadata["Name"] == "tf2migrate"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Requires-Python"] == ">=3.11"
    needed = {line.split(">=")[0] for line in metadata.get_all("Requires-Dist", ()) if "extra" not in line}
    assert needed == {"click", "libcst", "pathspec"}
    assert any(name.endswith("licenses/LICENSE") for name in names(wheel))


def test_the_installed_wheel_works_outside_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(place)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(place)}
    (tmp_path / "old.py").write_text(OLD)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tf2migrate", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "TFM199" in run("old.py").stdout
    assert run("old.py", "--fix").returncode == 0
    assert (tmp_path / "old.py").read_text() == "import tensorflow as tf\nx = tf.constant(1.0)\nprint(x.numpy())\n"
    assert run("rule", "TFM010").stdout.startswith("# TFM010")
    where = [sys.executable, "-c", "import tf2migrate; print(tf2migrate.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(place)
    assert (place / "bin" / "tf2migrate").exists()


def test_the_source_distribution_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    again = build("wheel", source, tmp_path / "again")
    one, other = (zipfile.ZipFile(path) for path in (wheel, again))
    assert {i.filename: i.CRC for i in one.infolist()} == {i.filename: i.CRC for i in other.infolist()}
    assert (source / "tests" / "test_package.py").exists()
    assert (source / "docs").is_dir()
