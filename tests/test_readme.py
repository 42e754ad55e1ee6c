"""README.md says what is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tf2migrate import cli
from tf2migrate.config import KEYS, Configuration
from tf2migrate.migrate import STAGES, migrate

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^(\w+):\n\n```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))


def test_the_program_before_is_the_bundled_example() -> None:
    assert BLOCKS["Before"] == (ROOT / "fixtures" / "example" / "train.py").read_text()


@pytest.mark.skipif(not STAGES, reason="no stage is installed")
def test_the_program_after_is_what_the_tool_writes() -> None:
    assert migrate(BLOCKS["Before"]).after == BLOCKS["After"]


def test_every_option_is_in_the_table() -> None:
    table = set(re.findall(r"`(--?[\w-]+)", README))
    options = {name for parameter in cli.migrate.params for name in parameter.opts if name.startswith("-")}
    assert options <= table


def test_every_setting_is_told_and_the_example_can_be_read(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(block)
    assert Configuration({}).of(tmp_path).options.todo
    told = set(re.findall(r"[\w-]+", block.partition("# also:")[2])) | tomllib.loads(block)["tool"]["tf2migrate"].keys()
    assert told == KEYS.keys()
