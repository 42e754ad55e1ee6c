"""What the files of a tree tell each other, and what the cache makes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tf2migrate import cli
from tf2migrate.config import Configuration
from tf2migrate.process import Job, Mode
from tf2migrate.told import with_told

SETTINGS = Configuration({}).of(Path())

#: Traced code, and its helpers in another file of the same package.
TRACED = "import tensorflow as tf\nfrom .helpers import shout\n@tf.function\ndef f(x):\n    return shout(x)\n"
HELPERS = "def shout(x):\n    print('step')\n    return x\n\n\ndef quiet(x):\n    print('step')\n    return x\n"


def write(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def told(place: Path, files: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """What each file is told, by its name."""
    write(place, files)
    jobs = [Job(str(path), SETTINGS, Mode.LIST) for path in sorted(place.rglob("*.py"))]
    after = with_told(jobs)
    assert [job.path for job in after] == [job.path for job in jobs]
    names = {job.path: os.path.relpath(job.path, place).replace(os.sep, "/") for job in jobs}
    return {names[job.path]: job.settings.options.told for job in after if job.settings.options.told}


HEAD = "import tensorflow as tf\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"p/__init__.py": "", "p/a.py": TRACED, "p/helpers.py": HELPERS},
            {"p/helpers.py": ("shout",)},
            id="relative",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}import helpers as h\n@tf.function\ndef f(x):\n    return h.shout(x)\n",
                "helpers.py": HELPERS,
            },
            {"helpers.py": ("shout",)},
            id="beside a script",
        ),
        pytest.param(
            {
                "p/__init__.py": "from .helpers import shout as loud\n",
                "p/helpers.py": HELPERS,
                "run/a.py": f"{HEAD}from p import loud\n@tf.function\ndef f(x):\n    return loud(x)\n",
            },
            {"p/helpers.py": ("shout",)},
            id="exported again",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import one\nds = tf.data.Dataset.range(3).map(one)\n",
                "b.py": "from c import two\ndef one(x):\n    return inner(x)\ndef inner(x):\n    return two(x)\n",
                "c.py": "def two(x):\n    return x\n",
            },
            {"b.py": ("one",), "c.py": ("two",)},
            id="on to a third",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import Tool\ntool = Tool()\n@tf.function\ndef f(x):\n    return tool.run(x)\n",
                "b.py": "from c import Base\nclass Tool(Base):\n    def other(self, x):\n        return x\n",
                "c.py": "class Base:\n    def run(self, x):\n        return x\n",
            },
            {"c.py": ("Base.run",)},
            id="a method that is inherited",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import Base\nclass Net(Base):\n    def call(self, x):\n        return x\n",
                "b.py": f"{HEAD}class Base(tf.keras.layers.Layer):\n    pass\n",
            },
            {"a.py": ("Layer=Net",)},
            id="a layer by its base",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import g\nclass M(tf.keras.Model):\n    def call(self, x):\n        g(x)\n",
                "b.py": "def g(x):\n    return x\n",
            },
            {"b.py": ("~g",)},
            id="past AutoGraph",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import g\n@tf.function\ndef f(x):\n    tf.py_function(g, [x], tf.int32)\n",
                "b.py": "def g(x):\n    return x\n",
            },
            {},
            id="not through py_function",
        ),
        pytest.param(
            {
                "a.py": f"{HEAD}from b import g\ndef f(x):\n    return g(tf.function(x))\n",
                "b.py": "def g(x):\n    return x\n",
            },
            {},
            id="not what runs eagerly",
        ),
        pytest.param({"p/a.py": TRACED, "helpers.py": HELPERS}, {}, id="not another's module"),
        pytest.param({"p/a.py": TRACED, "p/helpers.py": "def shout(x:\n"}, {}, id="not what does not parse"),
    ],
)
def test_what_files_tell(tmp_path: Path, files: dict[str, str], expected: dict[str, tuple[str, ...]]) -> None:
    assert told(tmp_path, files) == expected


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command line prints, a line for each finding."""

    def call(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            cli.main((*arguments, "--output-format", "concise"))
        return capsys.readouterr().out

    return call


def test_a_helper_of_another_file_is_linted_and_no_finding_is_out_of_date(
    tmp_path: Path, report: Callable[..., str]
) -> None:
    write(tmp_path, {"p/__init__.py": "", "p/a.py": TRACED, "p/helpers.py": HELPERS})
    place = str(tmp_path / "p")
    helpers = os.path.join(place, "helpers.py")
    for _ in range(2):  # the second time from the cache
        out = report(place)
        assert f"{helpers}:2:5: TFM301" in out
        assert out.count("TFM301") == 1
    assert report(helpers) == "Nothing to report.\n"
    write(tmp_path, {"p/a.py": TRACED.replace("@tf.function\n", "")})
    assert report(place) == "Nothing to report.\n"
    write(tmp_path, {"p/a.py": TRACED.replace("shout", "quiet")})
    assert f"{helpers}:7:5: TFM301" in report(place)


def test_many_files_are_looked_at_by_several_processes(tmp_path: Path, report: Callable[..., str]) -> None:
    files = {f"a{n}.py": TRACED.replace(".helpers", "helpers") for n in range(30)}
    write(tmp_path, {**files, "helpers.py": HELPERS})
    assert "helpers.py:2:5: TFM301" in report(str(tmp_path), "-j", "2")
