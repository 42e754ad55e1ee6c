"""[tool.tf2migrate] in the nearest pyproject.toml, and the flags above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tf2migrate import cli
from tf2migrate.config import ConfigError, Configuration
from tf2migrate.model import Target


def test_the_nearest_table_counts_and_a_file_without_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "near" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.tf2migrate]\nselect = ["TFM1"]\ntarget = "compat"\n')
    (tmp_path / "near" / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "near" / "deep" / "pyproject.toml").write_text("[tool.tf2migrate]\ntodo = true\npy2 = true\n")
    configuration = Configuration({})
    assert configuration.of(tmp_path / "near").options.select == ("TFM1",)
    assert configuration.of(tmp_path / "near").options.target is Target.COMPAT
    deep = configuration.of(tmp_path / "near" / "deep")
    assert (deep.options.todo, deep.options.select, deep.py2) == (True, (), True)


def test_flags_stand_above_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tf2migrate]\nselect = ["TFM1"]\nignore = ["TFM2"]\ntodo = true\n')
    settings = Configuration({"select": ("tfm7,TFM101",), "todo": False, "target": "compat"}).of(tmp_path)
    assert settings.options.select == ("TFM7", "TFM101")
    assert settings.options.ignore == ("TFM2",)
    assert settings.options.todo is False
    assert settings.options.target is Target.COMPAT


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("selekt = []", "unknown key 'selekt'; known are exclude, "),
        ("todo = 1", "todo wants true or false"),
        ('select = "TFM1"', "select wants a list of strings"),
        ("ignore = [1]", "ignore wants a list of strings"),
        ('ignore = ["E501"]', "ignore 'E501' is no rule code"),
        ('target = "jax"', "target wants one of native, compat, lint"),
        ("per-file-ignores = []", "per-file-ignores wants a table of patterns"),
        ('per-file-ignores = {"a.py" = ["E1"]}', "per-file-ignores 'E1' is no rule code"),
        ('per-file-ignores = {"a.py" = "TFM5"}', "per-file-ignores wants a list of strings"),
        ("todo = ", "Invalid value"),
    ],
)
def test_a_setting_that_cannot_be_meant_ends_with_2_and_says_where(
    table: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.tf2migrate]\n{table}\n")
    (tmp_path / "a.py").write_text("")
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        Configuration({}).of(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main([str(tmp_path)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.replace("\n", " ")


def test_a_table_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\ntf2migrate = 3\n")
    with pytest.raises(ConfigError, match="is not a table"):
        Configuration({}).of(tmp_path)
