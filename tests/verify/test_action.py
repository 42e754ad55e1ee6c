"""The GitHub action: its form, and its commands in a shell of this machine."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tf2migrate.verify import cli

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
OLD = "import tensorflow as tf\nwith tf.Session() as sess:\n    print('x is', sess.run(tf.div(2.0, 4.0)))\n"


def expressions(text: object) -> set[str]:
    return set(re.findall(r"\$\{\{\s*(.*?)\s*\}\}", str(text)))


def test_it_has_the_form_of_a_composite_action() -> None:
    """As GitHub documents it: what is there, what each step must say, and nothing misspelt."""
    assert ACTION.keys() == {"name", "description", "branding", "inputs", "runs"}
    assert ACTION["runs"].keys() == {"using", "steps"}
    assert ACTION["runs"]["using"] == "composite"
    assert ACTION["branding"].keys() == {"icon", "color"}
    for given in ACTION["inputs"].values():
        assert given.keys() == {"description", "default"}
        assert isinstance(given["default"], str)
    for step in STEPS:
        assert step.keys() <= {"uses", "with", "run", "shell", "env", "if"}
        assert ("uses" in step) is not ("run" in step)
        assert ("shell" in step) is ("run" in step)
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/checkout@v4"))
        assert step.get("if", "always()") == "always()"


def test_every_input_is_used_and_none_stands_in_a_script() -> None:
    """An input that is pasted into a script is run by the shell: they come as variables."""
    known = {f"inputs.{name}" for name in ACTION["inputs"]} | {"github.action_path"}
    used = {each for step in STEPS for part in ("with", "env") for each in expressions(step.get(part, {}))}
    assert used == known
    for step in (step for step in STEPS if "run" in step):
        assert expressions(step["run"]) == set()
        variables = set(re.findall(r"\$(\w+)", step["run"]))
        assert variables == {*step.get("env", {}), *(variables & {"GITHUB_STEP_SUMMARY"})}


def act(folder: Path, inputs: dict[str, str]) -> tuple[list[int], Path]:
    """What GitHub does with the steps that are commands: their exit codes, and the summary of the job."""
    values = {f"inputs.{name}": inputs.get(name, given["default"]) for name, given in ACTION["inputs"].items()}
    values["github.action_path"] = str(ROOT)
    env = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    codes: list[int] = []
    for step in (step for step in STEPS if "run" in step):
        if any(codes) and "if" not in step:
            continue
        own = {
            name: re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda match: values[match[1]], text)
            for name, text in step.get("env", {}).items()
        }
        # what GitHub calls for `shell: bash`
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=folder / "work", env={**os.environ, **env, **own}, check=False)
        codes.append(done.returncode)
    return codes, folder / "summary"


def stand_in(folder: Path, name: str, script: str) -> None:
    file = folder / "bin" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository, and a `python` that notes what would be installed."""
    (tmp_path / "work" / "my src").mkdir(parents=True)
    (tmp_path / "work" / "train.py").write_text(OLD)
    stand_in(tmp_path, "python", f'echo "$@" >> "{tmp_path}/installed"')
    return tmp_path


@pytest.mark.parametrize("code", [0, 1])
def test_its_commands(folder: Path, code: int) -> None:
    write = 'for a in "$@"; do echo "$a" >> "{0}/given"; case "$a" in */verify.md) echo table > "$a";; esac; done'
    stand_in(folder, "tf2migrate", f"{write.format(folder)}\nexit {code}")
    codes, summary = act(folder, {"paths": "train.py", "arguments": "--steps 20 --salts 3"})
    assert codes == [0, code, 0]  # the last one always
    assert summary.read_text() == "table\n"
    _, *options = (folder / "given").read_text().splitlines()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "work")
        found = cli.verify.make_context("tf2migrate verify", options)
    assert (found.params["paths"], found.params["steps"], found.params["salts"]) == ((Path("train.py"),), 20, 3)
    kept = STEPS[-1]["with"]["path"]
    files = [found.params[name] for name in ("html_file", "junit_file", "json_file", "markdown_file")]
    assert {str(Path(file).parent) for file in files} == {kept}


def test_what_it_installs_is_there(folder: Path) -> None:
    stand_in(folder, "tf2migrate", "exit 0")
    act(folder, {})
    command = shlex.split((folder / "installed").read_text())
    match = re.fullmatch(rf"{re.escape(str(ROOT))}\[([\w,]+)\]", command.pop())
    assert command == ["-m", "pip", "install"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert match is not None
    assert set(match[1].split(",")) <= extras.keys()


@pytest.mark.tensorflow
def test_it_verifies_and_leaves_its_reports(folder: Path) -> None:
    stand_in(folder, "tf2migrate", f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tf2migrate "$@"')
    codes, summary = act(folder, {})
    assert codes == [0, 0, 0]
    assert "| train.py | ✅ equivalent |" in summary.read_text(encoding="utf8")
    kept = folder / "work" / STEPS[-1]["with"]["path"]
    assert {path.name for path in kept.iterdir()} == {"report.html", "junit.xml", "verify.json", "verify.md"}
