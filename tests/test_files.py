"""Which files are found, and how one is written: whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub import stage

from tf2migrate import files, migrate
from tf2migrate.config import Configuration
from tf2migrate.encoding import LineEnds, Undecodable, decode
from tf2migrate.files import Search, replace_file
from tf2migrate.process import Job, Mode, process


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("import tensorflow\n")


def found(*paths: str, **flags: object) -> list[str]:
    given_flags = {key.replace("_", "-"): value for key, value in flags.items()}
    return [str(entry.path) for entry in Search([Path(path) for path in paths], Configuration(given_flags))]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(migrate, "STAGES", (stage,))


def test_a_tree_is_searched_in_order_for_scripts_and_notebooks() -> None:
    make("b.py", "a/x.py", "a/n.ipynb", "a/notes.txt", "a/x.pyc", "c.PY")
    assert found(".") == ["a/n.ipynb", "a/x.py", "b.py"]
    assert found("a/notes.txt", "b.py") == ["a/notes.txt", "b.py"]


def test_folders_that_no_one_wants_rewritten_are_left_out() -> None:
    make("a.py", "venv/x.py", ".git/x.py", "deep/node_modules/x.py", "environment/x.py")
    assert found(".") == ["a.py", "environment/x.py"]


def test_what_is_asked_for_by_name_is_searched_unless_forced() -> None:
    make("venv/x.py", "venv/lib/site-packages/y.py", "venv/lib/z.py")
    assert found("venv") == ["venv/lib/z.py", "venv/x.py"]
    assert found("venv/x.py") == ["venv/x.py"]
    assert found("venv", "venv/x.py", force_exclude=True) == []


def test_a_tree_that_does_not_lie_below_this_folder_has_no_unwanted_folders_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("tree/a.py", "tree/deep/venv/x.py", "tree/gen/x.py", "here/b.py")
    monkeypatch.chdir("here")
    assert found(str(tmp_path / "tree"), extend_exclude=("gen",)) == [str(tmp_path / "tree" / "a.py")]
    assert found("..", extend_exclude=("gen",)) == ["../here/b.py", "../tree/a.py"]


def test_exclude_takes_the_place_of_the_usual_and_extend_exclude_adds() -> None:
    make("a.py", "venv/x.py", "gen/x.py", "gen/keep/x.py", "lib/gen.py")
    assert found(".", exclude=("gen/",)) == ["a.py", "lib/gen.py", "venv/x.py"]
    assert found(".", extend_exclude=("gen/*.py", "lib")) == ["a.py", "gen/keep/x.py"]


def test_patterns_count_from_where_they_are_written() -> None:
    make("pkg/gen/x.py", "pkg/src/gen/x.py", "gen/x.py")
    Path("pkg/pyproject.toml").write_text('[tool.tf2migrate]\nextend-exclude = ["/gen"]\n')
    assert found(".") == ["gen/x.py", "pkg/src/gen/x.py"]


def test_gitignore_is_respected() -> None:
    make("a.py", "out/x.py", "sub/b.py", "sub/c.py", "sub/keep.py", "sub/deep/gen_1.py")
    Path(".git").mkdir()
    Path(".gitignore").write_text("# a comment\nout/\n/sub/c.py\ngen_*\n")
    Path("sub/.gitignore").write_text("*.py\n!keep.py\n!b.py\n")
    assert found(".") == ["a.py", "sub/b.py", "sub/keep.py"]
    assert found("sub") == ["sub/b.py", "sub/keep.py"]
    assert found("out") == ["out/x.py"]
    assert found("sub/c.py") == ["sub/c.py"]


def test_a_file_is_found_once() -> None:
    make("a.py", "d/b.py")
    Path("link.py").symlink_to("a.py")
    Path("loop").symlink_to(".")
    assert found("a.py", ".", "d", "./a.py") == ["a.py", "d/b.py"]


def test_a_folder_that_cannot_be_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    make("a.py", "secret/b.py")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(files.os, "scandir", refuse)
    entries = list(Search([Path()], Configuration({})))
    assert [(str(entry.path), entry.problem) for entry in entries] == [("a.py", ""), ("secret", "Permission denied")]


def test_dangling_links_and_pipes_in_a_tree_are_no_files() -> None:
    make("a.py")
    Path("gone.py").symlink_to("nowhere")
    os.mkfifo("pipe.py")
    assert found(".") == ["a.py"]


def test_a_write_keeps_the_mode_and_leaves_nothing_beside() -> None:
    path = Path("a.py")
    path.write_text("old")
    path.chmod(0o754)
    replace_file(path, b"new", [os.path.realpath(".")])
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert os.listdir() == ["a.py"]


@pytest.mark.parametrize("broken", ["fsync", "replace", "chmod"])
def test_a_write_that_fails_leaves_the_file_as_it_was(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = Path("a.py")
    path.write_text("import tensorflow as tf\ntf.log(1)\n")
    monkeypatch.setattr(files.os, broken, fail)
    report = process(Job("a.py", Configuration({}).of(Path()), Mode.FIX, (os.path.realpath("."),)))
    assert [shown.finding.code for shown in report.shown] == ["TFM007", "TFM101"]
    assert "No space left" in report.shown[0].finding.message
    assert path.read_text() == "import tensorflow as tf\ntf.log(1)\n"
    assert os.listdir() == ["a.py"]


def test_a_read_only_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.py").write_text("old")
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)
    with pytest.raises(OSError, match="read-only"):
        replace_file(Path("a.py"), b"new", [os.path.realpath(".")])
    assert Path("a.py").read_text() == "old"


def test_a_link_stays_a_link_and_its_target_is_written_only_below_the_given_paths() -> None:
    make("inside/real.py", "outside/real.py")
    Path("inside/link.py").symlink_to("real.py")
    Path("inside/out.py").symlink_to("../outside/real.py")
    replace_file(Path("inside/link.py"), b"new", [os.path.realpath("inside")])
    assert Path("inside/link.py").is_symlink()
    assert Path("inside/real.py").read_bytes() == b"new"
    with pytest.raises(OSError, match="outside of the given paths"):
        replace_file(Path("inside/out.py"), b"new", [os.path.realpath("inside")])
    assert Path("outside/real.py").read_text() == "import tensorflow\n"
    replace_file(Path("inside/out.py"), b"new", [os.path.realpath("inside/out.py")])
    assert Path("outside/real.py").read_bytes() == b"new"


PROGRAM = "import tensorflow as tf\n\x0cdef f(x):\n\treturn tf.log(x)  # é\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize(
    ("encoding", "declaration"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("latin-1", "# -*- coding: latin-1 -*-\n"),
        ("cp1252", "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n"),
    ],
)
def test_encoding_and_line_ends_survive_a_fix(encoding: str, declaration: str, final: bool, end: str) -> None:
    program = declaration + (PROGRAM if final else PROGRAM.removesuffix("\n"))
    before = program.replace("\n", end).encode(encoding)
    Path("a.py").write_bytes(before)
    process(Job("a.py", Configuration({}).of(Path()), Mode.FIX, (os.path.realpath("."),)))
    assert Path("a.py").read_bytes() == before.replace(b"tf.log", b"tf.math.log")


def test_a_character_that_the_encoding_lacks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    before = b"# coding: ascii\nimport tensorflow as tf\n"
    Path("a.py").write_bytes(before)
    monkeypatch.setattr(migrate, "migrate", lambda text, options, cuts: migrate.Migration(text, text + "# é\n", ()))
    report = process(Job("a.py", Configuration({}).of(Path()), Mode.FIX, (os.path.realpath("."),)))
    assert [shown.finding.code for shown in report.shown] == ["TFM007"]
    assert Path("a.py").read_bytes() == before


@given(st.text(st.sampled_from("ab\r\n\x0c\x1c\u2028é")))
def test_line_ends_come_back(text: str) -> None:
    lines = LineEnds.read(text)
    assert "\r" not in lines.text
    assert lines.restore(lines.text) == text


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["\n", "\r\n", "\r"])), min_size=1), st.data())
def test_unchanged_lines_keep_their_ends_and_a_new_one_takes_the_commonest(
    lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    # Lines that are told apart, with a letter each so that "\r" + "\n" of neighbours cannot fuse.
    text = "".join(f"{letter}{number}{end}" for number, (letter, end) in enumerate(lines))
    read = LineEnds.read(text)
    at = data.draw(st.integers(0, len(lines)))
    old = read.text.split("\n")
    after = read.restore("\n".join([*old[:at], "new", *old[at:]]))
    ends = [end for _, end in lines]
    position = after.index("new") + 3
    end = after[position:][:2] if after[position:].startswith("\r\n") else after[position:][:1]
    assert ends.count(end) == max(map(ends.count, ends))
    assert after[: position - 3] + after[position + len(end) :] == text


@given(st.binary(max_size=60))
def test_bytes_come_back_or_are_refused(data: bytes) -> None:
    try:
        decoded = decode(data)
    except Undecodable:
        return
    assert decoded.encode(decoded.text) == data
