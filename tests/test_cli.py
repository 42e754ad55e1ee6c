"""The command line from arguments to exit codes, over a stage that stands for all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stub import Ran, Run, stage

from tf2migrate import migrate
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome
from tf2migrate.rulebook import pages

CLEAN = "import tensorflow as tf\nx = tf.math.log(1.0)\n"
OLD = "import tensorflow as tf\nx = tf.log(1.0)\n"
NEW = CLEAN
HARD = "import tensorflow as tf\ns = tf.Session()\nx = tf.log(1.0)\n"


def test_findings_are_listed_and_nothing_changes(run: Run) -> None:
    Path("a.py").write_text(HARD)
    assert run("a.py") == Ran(
        1,
        "a.py:2:5: TFM791 `tf.Session` is gone\n    help: Look elsewhere.\n"
        "a.py:3:5: TFM101 [*] `tf.log` is gone\n    help: Look elsewhere.\n"
        "Found 2 findings.\n[*] 1 fixable with `--fix`.\n",
        "",
    )
    assert Path("a.py").read_text() == HARD


def test_a_clean_file_exits_0(run: Run) -> None:
    Path("a.py").write_text(CLEAN)
    assert run("a.py") == Ran(0, "Nothing to report.\n", "")


def test_fix_writes_and_tells_what_remains(run: Run) -> None:
    Path("easy.py").write_text(OLD)
    Path("hard.py").write_text(HARD)
    assert run("easy.py", "--fix") == Ran(0, "Found 1 finding (1 fixed, 0 remaining).\n", "")
    assert Path("easy.py").read_text() == NEW
    ran = run(".", "--fix")
    assert ran.code == 1
    assert ran.out.endswith("Found 2 findings (1 fixed, 1 remaining).\n")
    assert "hard.py:2:5: TFM791" in ran.out


def test_diff_writes_nothing_and_applies_with_patch(run: Run) -> None:
    Path("a.py").write_text(OLD.removesuffix("\n"))
    ran = run("a.py", "--diff")
    assert ran.code == 1
    assert ran.err == "Would fix 1 finding in 1 file.\n"
    assert "\\ No newline at end of file" in ran.out
    assert Path("a.py").read_text() == OLD.removesuffix("\n")
    subprocess.run(["git", "apply", "-p0"], input=ran.out.encode(), check=True)
    assert Path("a.py").read_text() == NEW.removesuffix("\n")
    assert run("a.py", "--diff") == Ran(0, "", "Nothing would change.\n")


def test_diff_exits_0_when_what_remains_cannot_be_fixed(run: Run) -> None:
    Path("a.py").write_text("import tensorflow as tf\ns = tf.Session()\n")
    assert run("a.py", "--diff").code == 0


def test_diff_wins_over_fix(run: Run) -> None:
    Path("a.py").write_text(OLD)
    assert run("a.py", "--fix", "--diff").code == 1
    assert Path("a.py").read_text() == OLD


def test_findings_and_diffs_of_notebooks_name_the_cell(run: Run) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "tensorflow"},
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": OLD},
    ]
    Path("n.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells}))
    assert run(".").out.startswith("n.ipynb:cell 2:2:5: TFM101 [*] ")
    assert json.loads(run(".", "--output-format", "json").out)[0]["cell"] == 2
    assert run(".", "--diff").out == (
        "--- n.ipynb:cell 2\n+++ n.ipynb:cell 2\n@@ -1,2 +1,2 @@\n"
        " import tensorflow as tf\n-x = tf.log(1.0)\n+x = tf.math.log(1.0)\n"
    )


def test_positions_after_a_fix_are_those_of_the_new_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def longer(program: Program, options: Options) -> Outcome:
        outcome = stage(program, options)
        return Outcome(tuple(Edit(edit.span, "(\n    tf.math.log\n)") for edit in outcome.edits), outcome.findings)

    monkeypatch.setattr(migrate, "STAGES", (longer,))
    Path("a.py").write_text("import tensorflow as tf\nx = tf.log(1.0)\ns = tf.Session()\n")
    assert "a.py:3:5: TFM791" in run("a.py").out
    assert "a.py:5:5: TFM791" in run("a.py", "--fix").out


def test_standard_input(run: Run) -> None:
    ran = run("-", "--fix", stdin=HARD.encode())
    assert (ran.code, ran.out) == (1, HARD.replace("tf.log", "tf.math.log"))
    assert "-:2:5: TFM791" in ran.err
    assert run("-", "--stdin-filename", "b.py", stdin=OLD.encode()).out.startswith("b.py:2:5: TFM101")
    assert run("-", "--diff", stdin=OLD.encode()).out.startswith("--- -\n+++ -\n")
    assert run("-", "a.py").code == 2


def test_standard_input_that_cannot_be_treated_comes_back_whole(run: Run) -> None:
    for program in (b"import tensorflow\nx = (\n", b"import tensorflow\nboom\n", b"import tensorflow # \xff\n", b""):
        assert run("-", "--fix", stdin=program).out.encode(errors="surrogateescape") == program


def test_standard_input_may_be_a_notebook(run: Run) -> None:
    cell = {"cell_type": "code", "source": "import tensorflow as tf\ntf.log(1)", "outputs": [], "execution_count": 1}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell]})
    ran = run("-", "--fix", "--stdin-filename", "n.ipynb", stdin=text.encode())
    assert json.loads(ran.out)["cells"][0]["source"] == "import tensorflow as tf\ntf.math.log(1)"


def test_excluded_standard_input_passes_through(run: Run) -> None:
    ran = run("-", "--fix", "--stdin-filename", "venv/a.py", "--force-exclude", stdin=OLD.encode())
    assert ran == Ran(0, OLD, "Nothing to report.\n")


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"import tensorflow\nx = (\n", "TFM002", "2:5"),
        (b"import tensorflow\n\0\n", "TFM002", ""),
        (b"import tensorflow  # \xff\n", "TFM001", "1:1"),
        (b"# coding: no-such\nimport tensorflow\n", "TFM001", "1:1"),
        (b"# coding: rot13\nimport tensorflow\n", "TFM001", "1:1"),
        (b"import tensorflow\nprint 'x'\n", "TFM003", "2:1"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding_and_the_others_go_on(
    run: Run, data: bytes, code: str, place: str
) -> None:
    Path("a.py").write_bytes(data)
    Path("b.py").write_text(OLD)
    ran = run("a.py", "b.py", "--fix")
    assert ran.code == 1
    assert ran.out.startswith(f"a.py:{place}")
    assert f": {code} " in ran.out
    assert ran.out.endswith("(1 fixed, 1 remaining).\n")
    assert Path("a.py").read_bytes() == data
    assert Path("b.py").read_text() == NEW


def test_a_path_that_does_not_exist_is_a_finding(run: Run) -> None:
    ran = run("nowhere.py")
    assert ran.code == 1
    assert "nowhere.py:1:1: TFM001 cannot be read: No such file or directory" in ran.out
    assert "TFM001" in run("nowhere.py", "--diff").err


def test_a_defect_in_one_file_is_a_finding_and_exit_2(run: Run) -> None:
    Path("a.py").write_text("import tensorflow\nboom\n")
    Path("b.py").write_text(OLD)
    for ignored, after in (("TFM", OLD), ("TFM0", NEW)):
        ran = run(".", "--fix", "--ignore", ignored)
        assert ran.code == 2
        assert "a.py:1:1: TFM009 internal error: RuntimeError: it went off\n" in ran.out
        assert "please report" in ran.out
        assert Path("b.py").read_text() == after


def test_a_stage_that_writes_broken_text_is_a_defect(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(program: Program, options: Options) -> Outcome:
        raise SyntaxError("of its own making")

    monkeypatch.setattr(migrate, "STAGES", (breaks,))
    Path("a.py").write_text(OLD)
    ran = run("a.py")
    assert (ran.code, "TFM009" in ran.out) == (2, True)


def test_a_worker_that_dies_is_a_finding_for_its_file_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def deadly(program: Program, options: Options) -> Outcome:
        if "die" in program.text:
            os._exit(3)
        return stage(program, options)

    monkeypatch.setattr(migrate, "STAGES", (deadly,))
    for name in "abcd":
        Path(f"{name}.py").write_text(OLD + "die\n" * (name == "b"))
    ran = run(".", "-j", "2", "--fix")
    assert ran.code == 2
    assert "b.py:1:1: TFM009 internal error: the process that treated this file died" in ran.out
    assert [name for name in "abcd" if Path(f"{name}.py").read_text() == NEW] == ["a", "c", "d"]


def test_files_without_tensorflow_are_not_parsed(run: Run) -> None:
    Path("a.py").write_text("import numpy\nx = (\n")
    assert run("a.py").code == 0


def test_json(run: Run) -> None:
    Path("a.py").write_text(OLD)
    ran = run("a.py", "--output-format", "json")
    assert ran.code == 1
    assert json.loads(ran.out) == [
        {
            "filename": "a.py",
            "cell": None,
            "location": {"row": 2, "column": 5},
            "end_location": None,
            "code": "TFM101",
            "message": "`tf.log` is gone",
            "advice": "Look elsewhere.",
            "fixable": True,
            "unsafe": False,
        }
    ]
    Path("a.py").write_text(CLEAN)
    assert run("a.py", "--output-format", "json").out == "[]\n"


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        ((), ["TFM791", "TFM101"]),
        (("--select", "TFM79"), ["TFM791"]),
        (("--ignore", "TFM79"), ["TFM101"]),
        (("--select", "tfm1,TFM79", "--ignore", "TFM101"), ["TFM791"]),
        (("--select", "TFM101", "--ignore", "TFM"), ["TFM101"]),
        (("--select", "ALL", "--ignore", "TFM79", "--ignore", "TFM1"), []),
    ],
)
def test_the_longest_prefix_decides(run: Run, flags: tuple[str, ...], codes: list[str]) -> None:
    Path("a.py").write_text(HARD)
    ran = run("a.py", "--output-format", "json", *flags)
    assert [finding["code"] for finding in json.loads(ran.out)] == codes


def test_a_code_that_is_none_is_a_usage_error(run: Run) -> None:
    ran = run(".", "--select", "TMF1")
    assert (ran.code, "'TMF1' is no rule code" in ran.err) == (2, True)


def test_suppression_comments(run: Run) -> None:
    lines = ["import tensorflow as tf", "s = tf.Session()  # noqa: TFM791", "t = tf.Session()  # noqa: E501", ""]
    Path("a.py").write_text("\n".join(lines))
    Path("b.py").write_text("# tf2migrate: skip-file\n" + HARD)
    ran = run(".")
    assert ran.out.count("TFM791") == 1
    assert "a.py:3:5" in ran.out
    run("b.py", "--fix")
    assert Path("b.py").read_text() == "# tf2migrate: skip-file\n" + HARD


def test_many_processes_give_the_same_report_in_the_same_order(run: Run) -> None:
    for number in range(12):
        Path(f"f{number:02}.py").write_text(HARD if number % 3 else OLD)
    alone = run(".", "-j", "1")
    assert run(".", "-j", "3") == alone
    assert run(".", "-j", "3", "--fix").code == 1
    assert all("tf.log" not in path.read_text() for path in Path().glob("*.py"))


def test_no_progress_bar_without_a_terminal(run: Run) -> None:
    Path("a.py").write_text(OLD)
    assert run("a.py").err == ""


def test_a_progress_bar_for_long_work_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        Path(f"f{number}.py").write_text(OLD)
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True, raising=False)
    ran = run(".", "-j", "1")
    assert "Files" in ran.err
    assert ran.out.count("TFM101") == 3


def test_rule_prints_its_page(run: Run) -> None:
    assert run("rule", "tfm003").out.startswith("# TFM003 python2\n")
    listed = run("rule")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == list(pages())
    assert run("rule", "TFM000").code == 2


def test_version_and_usage(run: Run) -> None:
    assert run("--version").out == "tf2migrate, version 0.1.0\n"
    assert run().code == 2
    assert run("--no-such-option", ".").code == 2


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, tf2migrate.cli\n"
        "try: tf2migrate.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'libcst', 'tensorflow', 'pathspec'} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: tf2migrate [OPTIONS] PATH...")
    assert done.stderr == "[]\n"
