"""Notebooks: one program, edits in the right cells, and every other byte as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub import stage

from tf2migrate import jsontext, migrate, notebook
from tf2migrate.config import Configuration, Settings
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome, Span
from tf2migrate.report import Result
from tf2migrate.treat import treat

FIXTURES = Path(__file__).parents[1] / "fixtures" / "notebooks"
IMPORT = "import tensorflow as tf"


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "STAGES", (stage,))


def settings(**flags: object) -> Settings:
    return Configuration(flags).of(Path("/"))


def cell(source: str | list[str], **more: object) -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    return {"cell_type": "code", "execution_count": 7, "metadata": {}, "outputs": [output], "source": source, **more}


def book(*cells: dict[str, Any], metadata: object = None, **layout: Any) -> bytes:
    top = {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(top, **layout).encode()


def fix(data: bytes, **flags: object) -> Result:
    return treat("n.ipynb", data, settings(**flags))


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


def told(result: Result) -> list[str]:
    return [f"{shown.cell}:{shown.finding.line}:{shown.finding.code}" for shown in result.found]


def test_a_cell_of_every_kind() -> None:
    data = (FIXTURES / "every_magic" / "tf1.ipynb").read_bytes()
    result = fix(data)
    assert told(result) == ["2:1:TFM005", "3:3:TFM101", "4:5:TFM101", "8:1:TFM101"]
    expected = json.loads(data)
    for number in (2, 3, 7):
        changed = expected["cells"][number]
        changed |= {"outputs": [], "execution_count": None}
        changed["source"] = [re.sub(r"(?<!# )tf\.log", "tf.math.log", line) for line in changed["source"]]
    assert result.after.decode() == json.dumps(expected, indent=1, ensure_ascii=False) + "\n"
    nbformat.validate(nbformat.reads(result.after.decode(), as_version=nbformat.NO_CONVERT))
    assert fix(result.after).after == result.after


def test_a_kept_output_leaves_only_the_source_changed() -> None:
    data = (FIXTURES / "every_magic" / "tf1.ipynb").read_bytes()
    after = fix(data, **{"keep-outputs": True}).after
    assert after.replace(b"tf.math.log", b"tf.log") == data


def test_a_broken_cell_is_a_finding_and_the_rest_is_treated() -> None:
    data = (FIXTURES / "broken_cell" / "tf1.ipynb").read_bytes()
    result = fix(data, **{"keep-outputs": True})
    assert told(result) == ["2:1:TFM004", "3:1:TFM101"]
    assert [(shown.cell, shown.finding.code) for shown in result.remaining] == [(2, "TFM004")]
    assert result.after == data.replace(b"a = tf.log", b"a = tf.math.log")


def test_nbformat_3() -> None:
    data = (FIXTURES / "nbformat3" / "tf1.ipynb").read_bytes()
    result = fix(data)
    assert told(result) == ["2:2:TFM101"]
    (sheet,) = json.loads(result.after)["worksheets"]
    assert sheet["cells"][1]["input"] == [IMPORT + "\n", "a = tf.math.log(1.0)"]
    assert sheet["cells"][1]["outputs"] == []
    assert sheet["cells"][1]["prompt_number"] is None


@pytest.mark.parametrize(
    "layout", [{}, {"indent": 1}, {"indent": 4, "separators": (" , ", " : ")}, {"sort_keys": True}]
)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_layout_survives(layout: dict[str, Any], bom: bytes, end: bytes, ascii_only: bool) -> None:
    first = [IMPORT + "\n", "s = 'é/'  # tf\n", "x = tf.log(1)"]
    data = book(cell(first), cell("y = tf.log(2)  # é"), cell(["tf.log(3)"]), ensure_ascii=ascii_only, **layout)
    data = bom + data.replace(b"\n", end) + end
    after = fix(data, **{"keep-outputs": True}).after
    assert after.replace(b"tf.math.log", b"tf.log") == data
    assert after.count(b"tf.math.log") == 3


def test_escapes_of_unchanged_lines_survive() -> None:
    data = book(cell([IMPORT + "\n", "s = '/'\n", "tf.log(1)"])).replace(b"'/'", b"'\\/\\u0041'")
    assert b"'\\/\\u0041'" in fix(data).after


def test_line_ends_within_a_cell_survive() -> None:
    data = book(cell(f"{IMPORT}\r\ntf.log(1)\r\n"))
    assert sources(fix(data).after) == [f"{IMPORT}\r\ntf.math.log(1)\r\n"]


def edits_of(make: Any) -> Any:
    def made(program: Program, options: Options) -> Outcome:
        return Outcome(tuple(make(program.text)))

    return made


def test_an_insertion_lands_in_the_cell_where_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def insert(text: str) -> list[Edit]:
        start, end = text.index("b = 2"), text.index("b = 2") + len("b = 2")
        return [Edit(Span(start, start), "above\n"), Edit(Span(end, end), "\nbelow")]

    monkeypatch.setattr(migrate, "STAGES", (edits_of(insert),))
    after = fix(book(cell(IMPORT), cell("%%time\nb = 2"), cell("c = 3"))).after
    assert sources(after) == [IMPORT, "%%time\nabove\nb = 2\nbelow", "c = 3"]


def test_a_cell_may_become_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def delete(text: str) -> list[Edit]:
        start = text.index("b = 2")
        return [Edit(Span(start, start + len("b = 2\n")), "")]

    monkeypatch.setattr(migrate, "STAGES", (edits_of(delete),))
    for source in ("b = 2", ["b = 2"]):
        assert sources(fix(book(cell(IMPORT), cell(source), cell("c = 3"), indent=1)).after) == [IMPORT, "", "c = 3"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: [Edit(Span(0, len(text)), "import tensorflow\n")],  # across cells
        lambda text: [Edit(Span(text.index("__tf"), text.index("\n", text.index("__tf"))), "")],  # a magic
        lambda text: [Edit(Span(text.index("1\n") + 1, text.index("1\n") + 2), "; ")],  # the end of a cell
    ],
)
def test_a_stage_that_loses_a_cell_or_a_magic_is_a_defect(edit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "STAGES", (edits_of(edit),))
    data = book(cell(IMPORT), cell("a = 1"), cell("!ls"))
    result = fix(data)
    assert (result.failed, result.after, told(result)) == (True, data, ["0:1:TFM009"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"tensorflow": 1', "TFM002"),
        (b'{"tensorflow": 1}', "TFM002"),
        (b'["tensorflow"]', "TFM002"),
        (b'{"cells": [{"source": "tensorflow"}], "nbformat": 4}', "TFM002"),
        (b'{"tensorflow": "\xff"}', "TFM001"),
    ],
)
def test_what_is_no_notebook_is_a_finding(data: bytes, code: str) -> None:
    result = fix(data)
    assert (told(result), result.after, result.failed) == ([f"0:1:{code}"], data, False)


@pytest.mark.parametrize(
    "metadata", [{"kernelspec": {"language": "R", "name": "ir"}}, {"language_info": {"name": "julia"}}]
)
def test_another_language_is_left_alone(metadata: dict[str, Any]) -> None:
    data = book(cell("library(tensorflow) ?"), metadata=metadata)
    assert fix(data) == Result(data)


def test_a_notebook_may_have_no_python_cell() -> None:
    data = book(cell("%%bash\necho tensorflow"), {"cell_type": "markdown", "source": "tensorflow", "metadata": {}})
    assert fix(data) == Result(data)


def test_suppression_in_cells() -> None:
    data = book(cell(IMPORT), cell("tf.log(1)  # noqa: TFM101\ntf.Session()"), cell("!pip install tensorflow<2 # noqa"))
    assert told(fix(data)) == ["2:2:TFM791"]
    data = book(cell(IMPORT), cell("# tf2migrate: skip-file\ntf.log(1)"))
    assert fix(data) == Result(data)


@pytest.mark.parametrize(
    ("line", "flagged"),
    [
        ("!pip install tensorflow==1.15", True),
        ("!pip3 -q install 'tensorflow-gpu==1.4.0' keras", True),
        ("%pip install tensorflow~=1.15", True),
        ("pip install tensorflow<2", True),
        ('x = !pip install "tensorflow<=1.15"', True),
        ("!{sys.executable} -m pip install tensorflow<2.0", True),
        ("%%bash\nsudo pip install tensorflow==1.*", True),
        ("!conda install -y tensorflow=1.14", True),
        ("%tensorflow_version 1.x", True),
        ("%tensorflow_version 2.x", False),
        ("!pip install tensorflow==2.15", False),
        ("!pip install tensorflow", False),
        ("!pip install tensorflow==2.1 keras==1.2", False),
        ("!pip install tensorflow<2.16", False),
        ("# !pip install tensorflow==1.15", False),
        ("print('pip install tensorflow==1.15')", False),
    ],
)
def test_a_line_that_installs_tensorflow_1(line: str, flagged: bool) -> None:
    assert ("TFM005" in "".join(told(fix(book(cell(line), cell(IMPORT)))))) is flagged


def test_findings_after_a_fix_stand_in_the_new_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def longer(program: Program, options: Options) -> Outcome:
        outcome = stage(program, options)
        return Outcome(tuple(replace(edit, text="(\n\ntf.math.log)") for edit in outcome.edits), outcome.findings)

    monkeypatch.setattr(migrate, "STAGES", (longer,))
    result = fix(book(cell(IMPORT), cell("tf.log(1)\n\ntf.Session()"), cell("%%time\ntf.Session()")))
    assert told(result) == ["2:1:TFM101", "2:3:TFM791", "3:2:TFM791"]
    assert [(shown.cell, shown.finding.line) for shown in result.remaining] == [(2, 5), (3, 2)]


def test_a_diff_shows_each_changed_cell() -> None:
    result = fix(book(cell(IMPORT), cell("!ls\ntf.log(1)")))
    assert result.changes == ((":cell 2", "!ls\ntf.log(1)", "!ls\ntf.math.log(1)"),)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), values), st.sampled_from([None, 0, 1, 4]), st.booleans())
def test_json_positions(document: dict[str, Any], indent: int | None, ascii_only: bool) -> None:
    text = " \n" + json.dumps(document, indent=indent, ensure_ascii=ascii_only) + "\n"
    members = jsontext.members(text, jsontext.whole(text))
    assert {key: json.loads(text[span.start : span.end]) for key, span in members.items()} == document
    for key, span in members.items():
        if isinstance(document[key], list):
            found = [json.loads(text[item.start : item.end]) for item in jsontext.elements(text, span)]
            assert found == document[key]


LINES = ["x = 1", "!ls \\\n  -l", "for i in y:\n    !echo {i}", "tf.log(1);", "'''é\n%x\n'''", "", "# why?", "f?"]
snippets = st.lists(st.sampled_from([*LINES, "%time tf.log(2)"]), max_size=4).map("\n".join)


@given(
    st.lists(st.tuples(st.sampled_from(["", "%%time\n", "%%bash\n"]), snippets, st.booleans()), max_size=4),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)
def test_any_notebook_comes_back_with_only_its_edits(
    cells: Sequence[tuple[str, str, bool]], indent: int | None, ascii_only: bool
) -> None:
    made = [cell(IMPORT)]
    for header, body, as_list in cells:
        made.append(cell(notebook._split(header + body) if as_list else header + body))
    data = book(*made, indent=indent, ensure_ascii=ascii_only)
    result = fix(data, **{"keep-outputs": True})
    assert not result.failed
    assert "TFM004" not in "".join(told(result))
    assert result.after.replace(b"tf.math.log", b"tf.log") == data
    for (header, body, _), after in zip(cells, sources(result.after)[1:], strict=True):
        assert after == header + (body if header == "%%bash\n" else body.replace("tf.log", "tf.math.log"))
