"""The documentation says what is so: every command in it is executed, every file that it names exists."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from machines import Machines, machines

from tf2migrate import cli
from tf2migrate.config import Configuration
from tf2migrate.records import tf1_symbols
from tf2migrate.rulebook import pages

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "rules").rglob("README.md")])
BLOCK = re.compile(r"^```(?:bash|console)\n(.*?)^```|((?:^    \S[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"^(?:DASK_\w+=\w+ )?"
    r"(?:tf2migrate|pip|dask|python\S*|pre-commit|\.venv/bin/\S+|git|eval|\.ci/\S+|ruff|mypy|mkdocs)(?= |$)(?!.*\.\.\.)"
)

#: What other tests or CI run, and why it is not run here.
ELSEWHERE = {
    "python -m pytest": "it is this run",
    ".ci/": "CI runs it",
    "ruff": "CI runs it",
    "mypy": "CI runs it",
    "python benchmarks/": "it measures this machine",
    "mkdocs": "CI builds the site",
    "python tests/update_index.py": "test_rulebook compares what it writes",
    "tf2migrate server": "test_server speaks with it",
    "python scripts/": "their results are committed, and tested",
}
OLD = (ROOT / "fixtures" / "example" / "train.py").read_text(encoding="utf-8")
#: How the pages call a scheduler.
HOST = "tcp://HOST:8786"
TF2 = "import tensorflow as tf\nopt = tf.keras.optimizers.Adam(lr=0.1)\n"


def commands(page: Path, address: str = HOST) -> list[str]:
    """Every command of a page, without its remark; with the address of a scheduler that is there."""
    text = page.read_text(encoding="utf-8").replace(HOST, address)
    lines = [line for match in BLOCK.finditer(text) for line in match[0].splitlines()]
    told = [re.sub(r"\s+#.*", "", line.strip().removeprefix("$ ")) for line in lines if not line.startswith("```")]
    return [line for line in told if COMMAND.match(line)]


def elsewhere(command: str) -> bool:
    bare = command.replace(".venv/bin/", "").replace("python3.11", "python")
    return any(bare.startswith(start) for start in ELSEWHERE)


EVERY = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if commands(page)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what the pages speak of, and stand-ins for what would be downloaded."""
    for command, text in {
        "tf2migrate": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tf2migrate "$@"',
        "pip": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" "{Path(__file__)}" pip "$@"',
        "python": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"',
        "pre-commit": f'exec "{sys.executable}" -m pre_commit "$@"',
    }.items():
        file = tmp_path / "bin" / command
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
    # A virtual environment is the same commands under another path.
    venv = 'mkdir -p "$3" && ln -sfn "$(dirname "$0")" "$3/bin"'
    python = tmp_path / "bin" / "python3.11"
    python.write_text(f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] && {venv}\n')
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TF2MIGRATE_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "fixtures" / "example", folder / "fixtures" / "example")
    (folder / "src").mkdir()
    for name in ("old.py", "new.py", "train.py", "old_train.py", "graph.py", "src/train.py"):
        (folder / name).write_text(OLD)
    for name in ("model.py", "src/model.py"):
        (folder / name).write_text(TF2)
    (folder / "tf2migrate.json").write_text('{"version": 1, "findings": {}}')
    (folder / "older.py").write_text("import tensorflow as tf\nprint 'x'\n")
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": OLD}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (folder / "notebook.ipynb").write_text(json.dumps(book))
    (folder / "wrappers.toml").write_text('["company.ops.log"]\nbecomes = "tf.math.log"\n')
    hook = "{id: tf2migrate, name: tf2migrate, entry: tf2migrate, language: system, types: [python]}"
    (folder / ".pre-commit-config.yaml").write_text(f"repos:\n- repo: local\n  hooks:\n  - {hook}\n")
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def scheduler(page: Path, tmp_path: Path) -> Iterator[Machines | None]:
    """A cluster, for a page that speaks of one."""
    if HOST not in page.read_text(encoding="utf-8"):
        yield None
        return
    with machines(tmp_path, 1) as found:
        yield found


@pytest.mark.parametrize("page", EVERY)
@pytest.mark.usefixtures("place")
def test_every_command_runs(page: Path, scheduler: Machines | None) -> None:
    """In the order of the page; findings (exit code 1) are no failure, a wrong option or a defect is."""
    failed = {}
    for line in commands(page, scheduler.address if scheduler else HOST):
        pieces = [piece for piece in re.split(r" && ", line) if not elsewhere(piece)]
        if not pieces or not_ended_or_slow(line):
            continue
        code, said = run_line(" && ".join(pieces))
        if code not in (0, 1) or "Traceback" in said:
            failed[line] = (code, said)
    assert failed == {}


def run_line(line: str) -> tuple[int, str]:
    """The exit code of a command, and what it says of errors; one of ours that needs no shell is run here."""
    if line.startswith("tf2migrate ") and not set("|<>$&;") & set(line):
        result = CliRunner().invoke(Main(), shlex.split(line)[1:])
        return result.exit_code, f"{result.stderr}{result.exception if result.exit_code > 1 else ''}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


class Main(click.Command):
    """`main` with the face of a command, for the runner."""

    def __init__(self) -> None:
        super().__init__("tf2migrate")

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> None:
        cli.main(args)


def not_ended_or_slow(line: str) -> bool:
    """Whether a command does not end by itself or runs programs: then its options are read, and no more."""
    words = shlex.split(re.sub(r"^DASK_\w+=\w+ ", "", line))
    if words[0] == "dask":
        module = importlib.import_module(f"distributed.cli.dask_{words[1]}")
        assert not module.main.make_context(line, words[2:]).args
        return True
    if words[0] != "tf2migrate" or not ({"verify", "checkpoint", "--verify", "--watch"} & set(words)):
        return False
    if words[1] in ("verify", "checkpoint"):
        cli._command(words[1]).make_context(f"tf2migrate {words[1]}", words[2:])
    else:
        cli.migrate.make_context("tf2migrate", words[1:])
    return True


@pytest.mark.tensorflow
def test_what_the_readme_says_of_verify_runs(place: Path) -> None:
    told = commands(ROOT / "README.md")
    lines = ["tf2migrate verify train.py", "tf2migrate src/ --fix --verify"]
    assert set(lines) <= set(told)
    one, other = (subprocess.run(shlex.split(line), capture_output=True, text=True, check=False) for line in lines)
    assert (one.returncode, one.stdout.startswith("train.py: equivalent")) == (0, True), one.stdout + one.stderr
    assert (place / "train.py").read_text() == OLD
    assert other.returncode == 1, other.stdout + other.stderr  # what the fix of src/model.py does was not seen
    assert "placeholder" not in (place / "src" / "train.py").read_text()


def test_a_wrong_option_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        not_ended_or_slow("tf2migrate src --watch --no-such-option")


def test_the_pages_have_commands() -> None:
    assert len(EVERY) > 6
    assert sum(len(commands(page)) for page in PAGES) > 50


def test_every_path_that_the_design_names_exists() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tf2migrate|tests|rules|fixtures|scripts)/[\w./]*)`", text)
    assert len(named) > 25
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_name_in_the_design_is_one_of_the_code() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tf2migrate").rglob("*.py"))
    named = set(re.findall(r"`([A-Za-z_]\w{4,})`", text)) - {"train", "tf2migrate"}
    assert len(named) > 20
    assert [name for name in named if not re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    there = [link for link in links if not re.match(r"https?:", link)]
    assert [link for link in there if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_settings_and_yaml_can_be_read(page: Path, tmp_path: Path) -> None:
    for kind, block in re.findall(r"^```(toml|yaml)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        if kind == "yaml":
            assert yaml.safe_load(block) is not None
        elif "[tool.tf2migrate]" in block and "extra-rules" not in tomllib.loads(block)["tool"]["tf2migrate"]:
            (tmp_path / "pyproject.toml").write_text(block)
            Configuration({}).of(tmp_path)


def test_every_rule_that_is_named_exists() -> None:
    for page in PAGES:
        named = set(re.findall(r"\b(TFM\d{3})\b", page.read_text(encoding="utf-8")))
        assert named - pages().keys() <= {"TFM101", "TFM201", "TFM299", "TFM301", "TFM501", "TFM701"}, page


def test_the_chinese_readme_has_the_programs_and_every_option_of_the_english_one() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    programs = [re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) for text in (english, chinese)]
    assert programs[1] == programs[0][:2]
    table = set(re.findall(r"`(--?[\w-]+)", chinese))
    assert {name for parameter in cli.migrate.params for name in parameter.opts if name.startswith("-")} <= table


def test_the_chinese_readme_has_the_commands_the_settings_and_the_rules_of_the_english_one() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]
    assert commands(ROOT / "README.zh-CN.md") == commands(ROOT / "README.md")
    tables = [re.findall(r"^\| (?:`(--?[\w-]+)|(TFM\d+–\d+))", text, re.M) for text in texts]
    assert tables[0] == tables[1]
    assert len(tables[0]) > 30
    first, second = (tomllib.loads(re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)[0]) for text in texts)
    assert first == second


def test_the_picture_is_what_is_printed() -> None:
    """`python scripts/picture.py` draws it anew."""
    done = subprocess.run(
        [sys.executable, "-c", "import picture; print(picture.drawn(), end='')"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "docs" / "report.svg").read_text(encoding="utf-8") == done.stdout


def test_the_pages_of_names_have_every_name_once() -> None:
    spec = importlib.util.spec_from_file_location("symbol_pages", ROOT / "scripts" / "symbol_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = {name: text for name, text in module.pages().items() if name != "README.md"}
    told = Counter(
        n for text in texts.values() for n in re.findall(r"(?:^\| |^|, )`(tf\.[\w.]+)`(?=[ ,\n])", text, re.M)
    )
    assert told == Counter(name for name in tf1_symbols() if not name.endswith("."))
    assert "| `tf.log` | another name | `tf.math.log` |" in texts["tf.md"]
    assert "| `tf.Session` | part of the graph |" in texts["tf.md"]


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Dependencies")[2].partition("\n## ")[0]
    rows = "".join(row.partition(" | ")[0] + "," for row in table.splitlines() if row.startswith("| "))
    assert {each.partition(">=")[0] for each in needed} - set(re.findall(r"[\w-]+", rows)) == set()


def test_the_limits_of_the_readme_are_there_for_the_page_of_limits() -> None:
    assert "\n## Limits\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- README: Limits -->" in (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")


def pip(arguments: list[str]) -> str:
    """What is wrong with a call of pip on these pages, or nothing: it installs this project with extras that exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if arguments[:1] != ["install"]:
        return "pip does not install"
    for word in arguments[1:]:
        match = re.fullmatch(r"(?:-e|(?:\.|tf2migrate)(?:\[([\w,]+)\])?)", word)
        unknown = set((match[1] or "").split(",")) - {""} - project["optional-dependencies"].keys() if match else {word}
        if unknown:
            return f"not in this project: {unknown}"
    return ""


def test_a_wrong_extra_is_noticed() -> None:
    assert pip(["install", "tf2migrate[verify,py2]"]) == ""
    assert pip(["install", "-e", ".[dev]"]) == ""
    assert "nothing" in pip(["install", "tf2migrate[nothing]"])


if __name__ == "__main__":
    problem = pip(sys.argv[2:])
    sys.exit(f"{problem}" and 2)
