"""The output formats, each as the programs that read it want it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub import Ran, Run

from tf2migrate.model import Finding
from tf2migrate.report import FORMATS, Report, Shown, concise, github, gitlab, grouped, junit, sarif, statistics
from tf2migrate.report.places import Level, level
from tf2migrate.rulebook import pages

SCHEMA = Path(__file__).with_name("sarif_schema.json")
REPORTS = [
    Report("clean.py"),
    Report(
        "a b.py",
        (
            Shown(0, Finding(2, 5, "TFM504", "50%: lr, not\nthis", "Write it.", True, 2, 9)),
            Shown(0, Finding(30, 1, "TFM504", "again", "", False, 31, 2, unsafe=True)),
            Shown(0, Finding(31, 1, "TFM504", "again", "")),
        ),
    ),
    Report("n.ipynb", (Shown(2, Finding(3, 1, "TFM301", "silent <&\x00>", "Look.")),)),
    Report("bad.py", (Shown(0, Finding(1, 1, "TFM009", "internal error", "")),), failed=True),
]


def test_every_format_is_a_module() -> None:
    modules = {path.stem for path in Path(concise.__file__).parent.glob("*.py")}
    assert set(FORMATS) == modules - {"__init__", "diff", "places", "statistics"}


def test_concise() -> None:
    assert concise.render(REPORTS[2:3]) == "n.ipynb:cell 2:3:1: TFM301 silent <&\x00>\n"
    assert concise.render(REPORTS[1:2]).splitlines()[-1] == "a b.py:31:1: TFM504 again"


def test_grouped() -> None:
    assert grouped.render([REPORTS[0], REPORTS[2], REPORTS[3]]) == (
        "n.ipynb:\n  cell 2:3:1  TFM301 silent <&\x00>\n\nbad.py:\n  1:1  TFM009 internal error\n\n"
    )


def test_statistics() -> None:
    assert statistics.as_text(REPORTS) == (
        "3  TFM504  [-]  renamed-argument-in-keras3\n1  TFM009  [ ]  internal-error\n"
        f"1  TFM301  [ ]  {pages()['TFM301'].slug if 'TFM301' in pages() else ''}".rstrip()
        + "\n"
    )
    assert json.loads(statistics.as_json(REPORTS))[0] == {
        "code": "TFM504",
        "name": "renamed-argument-in-keras3",
        "count": 3,
        "fixable": 1,
    }
    assert statistics.as_text([]) == ""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TFM001", Level.ERROR),
        ("TFM301", Level.WARNING),
        ("TFM401", Level.WARNING),
        ("TFM501", Level.ERROR),
        ("TFM601", Level.NOTE),
        ("TFM711", Level.WARNING),
        ("TFM901", Level.ERROR),
    ],
)
def test_levels(code: str, expected: Level) -> None:
    assert level(code) is expected


def test_github_commands_are_one_line_each_and_escaped() -> None:
    assert github.render(REPORTS).splitlines() == [
        "::error title=tf2migrate (TFM504),file=a b.py,line=2,endLine=2,col=5,endColumn=9"
        "::TFM504 50%25: lr, not%0Athis. Write it.",
        "::error title=tf2migrate (TFM504),file=a b.py,line=30,endLine=31::TFM504 again",
        "::error title=tf2migrate (TFM504),file=a b.py,line=31,endLine=31,col=1,endColumn=1::TFM504 again",
        "::warning title=tf2migrate (TFM301),file=n.ipynb,line=1,endLine=1::TFM301 cell 2:3:1: silent <&\x00>. Look.",
        "::error title=tf2migrate (TFM009),file=bad.py,line=1,endLine=1,col=1,endColumn=1::TFM009 internal error",
    ]
    odd = Report("a,b:c%.py", (Shown(0, Finding(1, 1, "TFM601", "x", "")),))
    assert github.render([odd]).startswith("::notice title=tf2migrate (TFM601),file=a%2Cb%3Ac%25.py,line=1")


def test_gitlab_issues_have_what_gitlab_reads() -> None:
    issues = json.loads(gitlab.render(REPORTS))
    assert issues[0] | {"fingerprint": ""} == {
        "check_name": "TFM504",
        "description": "TFM504: 50%: lr, not\nthis. Write it.",
        "fingerprint": "",
        "severity": "major",
        "location": {"path": "a b.py", "lines": {"begin": 2, "end": 2}},
    }
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert [issue["severity"] for issue in issues[2:]] == ["major", "minor", "major"]


def test_fingerprints_stay_when_lines_move() -> None:
    before = Report("a.py", (Shown(0, Finding(2, 5, "TFM504", "lr", "")),))
    after = Report("a.py", (Shown(0, Finding(9, 1, "TFM504", "lr", "")),))
    prints = [json.loads(gitlab.render([report]))[0]["fingerprint"] for report in (before, after)]
    assert prints[0] == prints[1]


def test_paths_are_told_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = (Shown(0, Finding(1, 1, "TFM504", "lr", "")),)
    inside, outside = Report(str(tmp_path / "a.py"), shown), Report(os.path.join(os.sep, "elsewhere", "b.py"), shown)
    paths = [issue["location"]["path"] for issue in json.loads(gitlab.render([inside, outside]))]
    assert paths == ["a.py", "/elsewhere/b.py"]


def test_junit_counts_and_cleans() -> None:
    root = ElementTree.fromstring(junit.render(REPORTS))
    assert root.attrib == {"name": "tf2migrate", "tests": "6", "failures": "5"}
    clean, scripts, notebook, _ = root
    assert [case.attrib["name"] for case in clean] == ["tf2migrate"]
    assert not list(clean[0])
    assert scripts.attrib == {"name": "a b.py", "tests": "3", "failures": "3", "errors": "0"}
    assert notebook[0].attrib["name"] == "TFM301 cell 2:3:1"
    assert notebook[0][0].attrib == {"message": "TFM301 silent <&\\x00>", "type": "TFM301"}
    assert notebook[0][0].text == "n.ipynb:cell 2:3:1\nLook."


def test_sarif_holds_its_schema_and_the_findings() -> None:
    log = json.loads(sarif.render(REPORTS))
    jsonschema.validate(log, json.loads(SCHEMA.read_text()))
    (run,) = log["runs"]
    assert not run["invocations"][0]["executionSuccessful"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location == {
        "artifactLocation": {"uri": "a%20b.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 9},
    }
    notebook = run["results"][3]
    assert "region" not in notebook["locations"][0]["physicalLocation"]
    assert notebook["message"]["text"].startswith("cell 2:3:1: ")


def test_the_schema_refuses_what_is_no_sarif() -> None:
    log = json.loads(sarif.render(REPORTS))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(jsonschema.ValidationError, match="minimum"):
        jsonschema.validate(log, json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_on_the_command_line(run: Run, form: str) -> None:
    Path("a.py").write_text("import tensorflow as tf\nx = tf.log(1.0)\n")
    ran = run("a.py", "--output-format", form)
    assert ran.code == 1
    assert "TFM101" in ran.out
    assert run("a.py", "--output-format", form, "--fix").code == 0
    assert "TFM101" not in run("a.py", "--output-format", form).out


#: Text that can name a file: a system's own bytes come as other surrogates than those that text may be made of.
PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(deadline=None)
@given(st.text(min_size=1), PATHS, st.text())
def test_whatever_a_finding_says_every_format_can_be_read(message: str, path: str, advice: str) -> None:
    report = Report(path, (Shown(0, Finding(1, 1, "TFM501", message, advice)),))
    assert json.loads(sarif.render([report]))["runs"][0]["results"][0]["ruleId"] == "TFM501"
    jsonschema.validate(json.loads(sarif.render([report])), json.loads(SCHEMA.read_text()))
    assert len(json.loads(gitlab.render([report]))) == 1
    assert ElementTree.fromstring(junit.render([report])).attrib["failures"] == "1"
    assert re.fullmatch(r"::error [^\r\n]*\n", github.render([report]))


def test_statistics_on_the_command_line(run: Run) -> None:
    Path("a.py").write_text("import tensorflow as tf\nx = tf.log(tf.log(1.0))\ny = tf.Session()\n")
    assert run("a.py", "--statistics") == Ran(1, "2  TFM101  [*]\n1  TFM791  [ ]\n", "")
    assert [c["count"] for c in json.loads(run("a.py", "--statistics", "--output-format", "json").out)] == [2, 1]
    assert run("a.py", "--statistics", "--output-format", "sarif").code == 2


def test_exit_zero_hides_findings_and_not_failures(run: Run) -> None:
    Path("a.py").write_text("import tensorflow as tf\nx = tf.log(1.0)\n")
    ran = run("a.py", "--exit-zero")
    assert (ran.code, "TFM101" in ran.out) == (0, True)
    assert run("a.py", "--exit-zero", "--diff").code == 0
    Path("a.py").write_text("import tensorflow as tf\nboom\n")
    assert run("a.py", "--exit-zero").code == 2


def test_the_readme_names_every_format() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `--output-format` \|(.*)\|$", readme, re.MULTILINE)
    assert re.findall(r"`([\w-]+)`", row) == list(FORMATS)
