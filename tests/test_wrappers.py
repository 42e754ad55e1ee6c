"""A user's own rules, in the format of the tables."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from stub import Run

from tf2migrate.config import ConfigError, Configuration
from tf2migrate.migrate import migrate
from tf2migrate.model import Options
from tf2migrate.rulebook import pages

RULES = """
["company.nn.dropout_layer"]
params = ["x", "keep_prob"]
positional = 1
becomes = "company.nn.dropout"
convert = { keep_prob = "rate=1 - {keep_prob}" }

["company.old.norm"]
becomes = "company.layers.norm"

["company.ops.log"]
becomes = "tf.math.log"

["company.ops.scale"]
params = ["x", "factor"]
templates = ["{tf}.multiply({x}, {factor})"]

["company.ops.gone"]
advice = "Talk to the platform team."

["company.ops.pad"]
params = ["x", "padding"]
positional = 1
rename = { padding = "paddings" }
becomes = "company.ops.pad"
"""


def migrated(text: str) -> tuple[str, list[tuple[int, str, bool]]]:
    """A program and what is said of it; a second run changes and says nothing of what was rewritten."""
    migration = migrate(text, Options(extra_rules=(RULES,)))
    again = migrate(migration.after, Options(extra_rules=(RULES,)))
    assert again.after == migration.after
    assert [f for f in again.findings if f.fixable] == []
    own = [f for f in migration.findings if f.code == "TFM150"]
    return migration.after, [(f.line, f.message, f.fixable) for f in own]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import company.nn as nn\ny = nn.dropout_layer(x, 0.5)",
            "import company.nn as nn\ny = nn.dropout(x, rate=1 - 0.5)",
        ),
        ("import company.nn\ncompany.nn.dropout_layer(x)", "import company.nn\ncompany.nn.dropout(x)"),
        ("from company import nn\nnn.dropout_layer(x)  # c", "from company import nn\nnn.dropout(x)  # c"),
        ("from company.old import norm\nnorm(norm(x))", "from company.layers import norm\nnorm(norm(x))"),
        (
            "from company.old import norm as n, b\nn(b)",
            "from company.old import b\nfrom company.layers import norm\nnorm(b)",
        ),
        (
            "from company import old\nold.norm(old.x)",
            "from company.layers import norm\nfrom company import old\nnorm(old.x)",
        ),
        (
            "import company.ops as o\no.log(o.log(x))",
            "import tensorflow as tf\nimport company.ops as o\ntf.math.log(tf.math.log(x))",
        ),
        (
            "import tensorflow\nimport company.ops as o\no.log(1)",
            "import tensorflow\nimport company.ops as o\ntensorflow.math.log(1)",
        ),
        ("from company.ops import log\nf = map(log, x)", "import tensorflow as tf\nf = map(tf.math.log, x)"),
        ("from company.ops import scale\nscale(x, factor=2)", "import tensorflow as tf\ntf.multiply(x, 2)"),
        (
            "try:\n  from company.old import norm\nexcept E:\n  pass\nnorm(1)",
            "try:\n  from company.layers import norm\nexcept E:\n  pass\nnorm(1)",
        ),
        (
            "def f():\n  from company.old import norm\n  norm(1)",
            "def f():\n  from company.layers import norm\n  norm(1)",
        ),
        (
            "import company.old\ncompany.old.norm(1)\ndef f():\n  from company.old import norm\n  norm(1)",
            "from company.layers import norm\nimport company.old\nnorm(1)\n"
            "def f():\n  from company.layers import norm\n  norm(1)",
        ),
        ("from company.ops import pad\npad(x, padding=1)", "from company.ops import pad\npad(x, paddings=1)"),
        ("from company.ops import pad\npad(x, paddings=1)\nmap(pad, x)", None),
        ("from .ops import log\nlog(1)", None),
        ("from other.ops import log\nlog(1)", None),
        ("def norm():\n    from company.ops import gone", None),
    ],
)
def test_every_use_is_rewritten(before: str, after: str | None) -> None:
    text, found = migrated(before + "\n")
    if after is None:
        assert text == before + "\n"
    else:
        assert text == after + "\n"
        assert all(fixable for _, _, fixable in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "import company.ops\ncompany.ops.gone(1)\n",
            [(2, "company.ops.gone is not to be used any more", False)],
        ),
        (
            "import company.nn as nn\nnn.dropout_layer(x)\nf = nn.dropout_layer\n",
            [
                (2, "company.nn.dropout_layer is company.nn.dropout now", False),
                (3, "company.nn.dropout_layer is handed on, and what it takes has changed", False),
            ],
        ),
        (
            "import company.nn as nn\nnn.dropout_layer(*x)\n",
            [
                (
                    2,
                    "the arguments of company.nn.dropout_layer cannot be told apart: "
                    "arguments behind a star cannot be told apart",
                    False,
                )
            ],
        ),
        (
            "from company import old\nnorm = 1\nold.norm(norm)\n",
            [(3, "company.layers.norm cannot be imported: norm is something else here", False)],
        ),
        (
            "import company.old as o\no.norm(1)\no.norm(2)  # noqa: TFM150\n",
            [(2, "company.old.norm is company.layers.norm now", False)],
        ),
    ],
)
def test_a_name_that_cannot_go_everywhere_stays_everywhere(text: str, found: list[tuple[int, str, bool]]) -> None:
    assert migrated(text) == (text, found)


def test_own_rules_come_before_those_of_tensorflow() -> None:
    rules = '["company.ops.adam"]\nbecomes = "tf.keras.optimizers.Adam"\n'
    text = "import tensorflow as tf\nfrom company.ops import adam\nadam(lr=0.1)\n"
    after = "import tensorflow as tf\ntf.keras.optimizers.Adam(learning_rate=0.1)\n"
    assert migrate(text, Options(extra_rules=(rules,))).after == after


def test_what_is_not_selected_is_left() -> None:
    text = "import company.old as o\no.norm(1)\n"
    assert migrate(text, Options(extra_rules=(RULES,), ignore=("TFM150",))).findings == ()


def test_the_command_line_and_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tf2migrate.migrate.STAGES", (__import__("tf2migrate.wrappers").wrappers.wrapped,))
    Path("own.toml").write_text(RULES)
    Path("src").mkdir()
    Path("src/a.py").write_text("import company.old as o\no.norm(1)\n")
    assert run("src").code == 0
    assert "a.py:2:1: TFM150 [*]" in run("src", "--extra-rules", "own.toml").out
    Path("pyproject.toml").write_text('[tool.tf2migrate]\nextra-rules = ["own.toml"]\n')
    monkeypatch.chdir("src")
    assert run(".", "--fix").code == 0
    assert "from company.layers import norm" in Path("a.py").read_text()


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("[", "own.toml: "),
        ('["a.b"]\nbecomes = "c.d"\nbecame = 1\n', "a.b: got an unexpected keyword argument 'became'"),
        ('["a.b"]\nparams = []\n', "a.b: says neither what it becomes nor what to do"),
        ('[b]\nbecomes = "c.d"\n', "b: is no path such as package.module.name"),
        (None, "own.toml: No such file or directory"),
    ],
)
def test_a_slip_in_the_rules_is_told_with_its_file(tmp_path: Path, rules: str | None, why: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tf2migrate]\nextra-rules = ["own.toml"]\n')
    if rules is not None:
        (tmp_path / "own.toml").write_text(rules)
    with pytest.raises(ConfigError, match=re.escape(why)):
        Configuration({}).of(tmp_path)


def test_the_example_of_the_page_does_what_the_page_says() -> None:
    page = pages()["TFM150"].text
    blocks = re.findall(r"^```(toml|text)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    rules = next(text for kind, text in blocks if kind == "toml" and "company" in text)
    assert set(tomllib.loads(rules)) == {"company.nn.dropout_layer", "company.ops.log", "company.session.make"}
    (drawn,) = (text for kind, text in blocks if kind == "text")
    columns = [re.split(r"\s{3,}(?:becomes\s+)?", line) for line in drawn.splitlines()]
    before, after = ("".join(column + "\n" for column in side) for side in zip(*columns, strict=True))
    assert migrate(before, Options(extra_rules=(rules,))).after == after
