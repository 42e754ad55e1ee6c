"""Whatever a file holds: no defect, no half-written file, and a second run that changes nothing."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tf2migrate.config import Configuration
from tf2migrate.report import Result
from tf2migrate.treat import treat

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
SETTINGS = Configuration({}).of(ROOT)
TF = "import tensorflow as tf\n"
OLD = TF + "x = tf.placeholder(tf.float32)\n"
OFTEN = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def checked(data: bytes, name: str = "a.py") -> Result:
    """What comes of a file, after checks that hold for every file."""
    result = treat(name, data, SETTINGS)
    assert not result.failed, result.found
    if result.after != data:
        if name.endswith(".py"):
            ast.parse(result.after)
        again = treat(name, result.after, SETTINGS)
        assert again.after == result.after
        assert not any(shown.finding.fixable for shown in again.found)
    return result


@OFTEN
@given(hypothesmith.from_node())
def test_any_program(text: str) -> None:
    """Of any syntax, after a line that makes it one of TensorFlow 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes
        checked((OLD + text).encode(errors="surrogatepass"))


TERMS = st.recursive(
    st.sampled_from(["x", "y", "1.0", "tf.float32", "[1, 2]", "None", "'a'", "lambda: x", "x[0]", "-x", "(x)"]),
    lambda inner: st.one_of(
        st.builds("{}({})".format, st.sampled_from(["tf.log", "tf.nn.relu", "f", "tf.to_float", "tf.shape"]), inner),
        st.builds("tf.reduce_sum({}, {}, keep_dims=True)".format, inner, inner),
        st.builds("tf.nn.dropout({}, keep_prob={})".format, inner, inner),
        st.builds("tf.div(\n    {},\n    {})".format, inner, inner),
        st.builds("({}\n if {} else {})".format, inner, inner, inner),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds('f"{{{}!r}} {{x}}"'.format, st.sampled_from(["x", "tf.log(x)", "tf.log (x)"])),
        st.builds("({} + {})".format, inner, inner),
    ),
    max_leaves=6,
)
STATEMENTS = st.lists(
    st.one_of(
        st.builds("y = {}".format, TERMS),
        st.builds("print({}); y = {}  # why".format, TERMS, TERMS),
        st.builds("def f(x, *a, k={}):\n    return {}".format, TERMS, TERMS),
        st.builds("if {}:\n\ty = {}\nelse: pass".format, TERMS, TERMS),
        st.builds("with tf.Session() as sess:\n    y = sess.run({}, {{x: {}}})".format, TERMS, TERMS),
        st.builds("for x in {}:\n    y = {}".format, TERMS, TERMS),
        st.builds("class C:\n    def m(self): return {}".format, TERMS),
        st.just("sess = tf.Session()\nsess.run(tf.global_variables_initializer())\nprint(sess.run(y))"),
        st.just("w = tf.Variable(tf.zeros([2]))\nt = tf.train.AdamOptimizer().minimize(w)"),
    ),
    min_size=1,
    max_size=6,
).map("\n".join)


@OFTEN
@given(STATEMENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_program_of_tensorflow_1(text: str, line_end: str, ended: bool) -> None:
    whole = OLD + text + "\n" * ended
    checked(whole.replace("\n", line_end).encode())


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from([OLD, "code", "%%bash"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "input", "worksheets", "nbformat", "outputs", "metadata"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)
CELLS = st.lists(
    st.fixed_dictionaries(
        {"cell_type": st.sampled_from(["code", "markdown"]), "source": st.one_of(JSON, STATEMENTS, st.just(OLD))}
    ),
    max_size=4,
)


@OFTEN
@given(st.one_of(JSON, CELLS.map(lambda cells: {"cells": cells, "nbformat": 4})), st.sampled_from([None, 1, "\t"]))
def test_any_notebook(book: object, indent: int | str | None) -> None:
    text = json.dumps({"metadata": "tensorflow", **book} if isinstance(book, dict) else book, indent=indent)
    result = checked(text.encode(), "a.ipynb")
    json.loads(result.after)


@OFTEN
@given(st.binary(max_size=200), st.integers(0, len(OLD)))
def test_any_bytes(noise: bytes, at: int) -> None:
    checked(OLD.encode()[:at] + noise + OLD.encode()[at:])
    checked(json.dumps({"cells": [{"cell_type": "code", "source": OLD}]}).encode() + noise, "a.ipynb")


#: What is too much, too deep or too strange, and what is said of it; nothing where it is only much.
HOSTILE = {
    "a long sum": (OLD + "y = x" + " + 1" * 800 + "\n", ""),
    "a sum without end": (OLD + "y = x" + " + 1" * 20000 + "\n", "nested too deeply"),
    "brackets": (OLD + "y = " + "[" * 5000 + "]" * 5000 + "\n", "too many nested parentheses"),
    "signs": (OLD + "y = " + "-" * 20000 + "x\n", "nested too deeply"),
    "attributes": (OLD + "y = x" + ".a" * 20000 + "\n", "nested too deeply"),
    "calls in calls": (OLD + "y = " + "tf.log(" * 80 + "x" + ")" * 80 + "\n", ""),
    "a long function": (TF + "def f(x):\n" + "    x = tf.log(x)\n" * 2000 + "    return x\n", ""),
    "a long function of TensorFlow 2": (
        f"{TF}@tf.function\ndef f(x):\n" + "    if x > 0:\n        x = tf.math.log(x)\n" * 1000 + "    return x\n",
        "",
    ),
    "a long line": (OLD + "y = [" + "1, " * 20000 + "]\n", ""),
    "functions that call each other": (
        OLD
        + "".join(
            f"def f{i}(x, y):\n    f{i + 1}(x, y)\n    f{i + 1}(y, x)\n    return tf.div(x, y)\n" for i in range(40)
        ),
        "",
    ),
    "a NUL": (OLD + "y = '\0'\n", "null bytes"),
    "form feeds": (OLD + "\f\ny = tf.log(1.0)\n\f", ""),
    "mixed line ends": (OLD + "y = tf.log(1.0)\r\nz = 1\r", ""),
    "another encoding": ("# -*- coding: nonesuch -*-\n" + OLD, "cannot be read"),
    "deep JSON": ("[" * 100000 + "tensorflow", "nested too deeply"),
    "no cells": ('{"tensorflow": 1}', "no cells"),
    "half a notebook": ('{"cells": [{"cell_type": "code", "source": "import tensorflow', "no notebook"),
    "no lines": ('{"cells": [{"cell_type": "code", "source": ["tensorflow", 1]}], "nbformat": 4}', "no text"),
    "a cell without a type": ('{"cells": [{"source": "import tensorflow"}], "nbformat": 4}', "cell 1 has no type"),
    "a cell that is none": ('{"cells": ["import tensorflow"], "nbformat": 4}', "cell 1 has no type"),
    "cells of another kind": ('{"cells": {"tensorflow": 1}, "nbformat": 4}', "its cells are no list"),
    "a number for a text": ('{"cells": [{"cell_type": "code", "source": 1}, "tensorflow"], "nbformat": 4}', "no text"),
    "a name that nothing binds": (OLD + "def f():\n    def g():\n        nonlocal q\n", "no binding for nonlocal"),
    "such a cell": (
        json.dumps(
            {"cells": [{"cell_type": "code", "source": OLD + "def f():\n def g():\n  nonlocal q\n"}], "nbformat": 4}
        ),
        "no binding for nonlocal",
    ),
    "a long number": ('{"cells": [], "tensorflow": ' + "9" * 5000 + "}", "no notebook"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_is_told_or_done(text: str, said: str) -> None:
    result = checked(text.encode(), "a.ipynb" if text[0] in "[{" else "a.py")
    told = [shown.finding.message for shown in result.found if shown.finding.code < "TFM009"]
    assert len(told) == bool(said)
    assert said in "".join(told)


def test_folders_that_go_round_and_files_that_go_away(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "a.py").write_text(TF + "x = tf.log(1.0)\n")
    (tree / "deep" / "round").symlink_to(tree)
    (tree / "self.py").symlink_to(tree / "self.py")
    (tree / "gone.py").symlink_to(tree / "nowhere.py")
    outside = tmp_path / "outside.py"
    outside.write_text(TF + "x = tf.log(1.0)\n")
    (tree / "link.py").symlink_to(outside)
    ran = subprocess.run(
        [sys.executable, "-m", "tf2migrate", "--fix", str(tree)], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert "outside of the given paths" in ran.stdout
    assert "self.py:1:1: TFM001 cannot be read: Too many levels of symbolic links" in ran.stdout
    assert "tf.math.log" in (tree / "a.py").read_text()
    assert "tf.log" in outside.read_text()


def test_what_has_no_end_beside_a_file_is_not_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to, and a device: neither is a program, of a folder or beside a file."""
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "a.py").write_text(TF + "import pipe, zero\nx = tf.log(1.0)\n")
    for path in (tmp_path, tmp_path / "a.py"):
        command = [sys.executable, "-m", "tf2migrate", "--no-cache", "--diff", str(path)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1
        assert "+x = tf.math.log(1.0)" in ran.stdout


def test_what_is_no_file_is_told_where_it_is_given_by_name(tmp_path: Path) -> None:
    """Nor are settings read from such a thing."""
    for name in ("pipe.py", ".gitignore"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "a.py").write_text(TF + "x = tf.log(1.0)\n")
    paths = [str(tmp_path), *(str(tmp_path / name) for name in ("pipe.py", "zero.py"))]
    code, found = listed("--fix", *paths)
    assert code == 1
    assert found["pipe.py"] == ["cannot be read: it is a named pipe, not a file"]
    assert found["zero.py"] == ["cannot be read: it is a device, not a file"]
    assert "tf.math.log" in (tmp_path / "a.py").read_text()


@pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="there is no setpriv, which takes a superuser's rights away"
)
def test_what_may_not_be_read_or_written_is_told_and_the_rest_treated(tmp_path: Path) -> None:
    """A folder that may not be entered, and files that may not be read or written."""
    text = TF + "x = tf.log(1.0)\n"
    (tmp_path / "closed").mkdir()
    for name in ("closed/a.py", "unread.py", "kept.py", "z.py"):
        (tmp_path / name).write_text(text)
    (tmp_path / "unread.py").chmod(0)
    (tmp_path / "kept.py").chmod(0o444)
    (tmp_path / "closed").chmod(0)
    rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    command = [*rights, sys.executable, "-m", "tf2migrate", "--no-cache", "--fix", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    (tmp_path / "closed").chmod(0o755)
    assert ran.returncode == 1, ran.stderr
    assert "closed:1:1: TFM001 cannot be read: Permission denied" in ran.stdout
    assert "unread.py:1:1: TFM001 cannot be read: Permission denied" in ran.stdout
    assert "kept.py:1:1: TFM007 cannot be written: it is read-only" in ran.stdout
    assert [(tmp_path / n).read_text() == text for n in ("closed/a.py", "kept.py", "z.py")] == [True, True, False]


def test_a_run_that_is_killed_leaves_whole_files(tmp_path: Path) -> None:
    """Eight times; `python benchmarks/killed.py` does it two hundred times."""
    spec = importlib.util.spec_from_file_location("killed", ROOT / "benchmarks" / "killed.py")
    assert spec is not None
    killed = importlib.util.module_from_spec(spec)
    sys.modules["killed"] = killed  # its dataclass looks there
    spec.loader.exec_module(killed)  # type: ignore[union-attr]
    tree, draw = killed.Tree(tmp_path, files=30), random.Random(2)
    left = [tree.killed(draw) for _ in range(8)]
    assert [one.torn for one in left] == [0] * 8
    assert sum(one.new for one in left) > 8
    assert tree.again()


#: What a tree may hold, and what is said of it; the rest of the tree is treated all the same.
STRANGE = {
    "nul.py": (OLD.encode() + b"y = '\0'\n", "null bytes"),
    "latin.py": (OLD.encode() + "y = 'é'\n".encode("latin-1"), "cannot be read"),
    "other.py": (b"# coding: nonesuch\n" + OLD.encode(), "cannot be read"),
    "utf16.py": ("import tensorflow\n".encode("utf-16") + b"tensorflow", "cannot be read"),
    "wide.py": (OLD.encode("utf-16"), "cannot be read"),
    "wide_other_way.ipynb": (b"\xfe\xff" + OLD.encode("utf-16-be"), "cannot be read"),
    "deep.py": ((OLD + "y = " + "[" * 5000 + "]" * 5000 + "\n").encode(), "too many nested parentheses"),
    "large.py": ((OLD + "y = tf.log(1.0)\n" * 300_000).encode(), "too large to be followed"),
    "large.ipynb": (
        json.dumps(
            {"nbformat": 4, "cells": [{"cell_type": "code", "source": TF + "tf.log(1.0)\n" * 400_000}]}
        ).encode(),
        "too large to be followed",
    ),
    "half.ipynb": (b'{"cells": [{"cell_type": "code", "source": "import tensorflow', "no notebook"),
    "two.py": (OLD.encode() + b"print 'x'\n", "Python 2"),
}


def listed(*arguments: str, limit: int | None = None) -> tuple[int, dict[str, list[str]]]:
    """The exit code, and what is said of each file."""

    def confine() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = subprocess.run(
        [sys.executable, "-m", "tf2migrate", "--output-format", "json", "--no-cache", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=confine,
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for finding in json.loads(ran.stdout):
        found.setdefault(Path(finding["filename"]).name, []).append(finding["message"])
    return ran.returncode, found


def test_what_is_strange_in_a_tree_is_told_and_the_rest_treated(tmp_path: Path) -> None:
    for name, (data, _) in STRANGE.items():
        (tmp_path / name).write_bytes(data)
    for name in ("a.py", "z.py"):
        (tmp_path / name).write_text(TF + "x = tf.log(1.0)\n")
    code, found = listed("--fix", str(tmp_path))
    assert code == 1
    for name, (data, said) in STRANGE.items():
        assert (tmp_path / name).read_bytes() == data
        assert said in " ".join(found[name]), name
    assert all("tf.math.log" in (tmp_path / name).read_text() for name in ("a.py", "z.py"))


def test_a_disk_that_is_full_leaves_every_file_whole(tmp_path: Path) -> None:
    """No file may grow beyond 20 kB: the large ones stay as they were, and the small ones are rewritten."""
    large, small = TF + "x = tf.log(1.0)\n" * 2000, TF + "x = tf.log(1.0)\n" * 20
    for number in range(4):
        (tmp_path / f"large{number}.py").write_text(large)
        (tmp_path / f"small{number}.py").write_text(small)
    code, found = listed("--fix", str(tmp_path), limit=20_000)
    assert code == 1
    for number in range(4):
        assert (tmp_path / f"large{number}.py").read_text() == large
        assert "cannot be written: File too large" in found[f"large{number}.py"][0]
        assert "tf.math.log" in (tmp_path / f"small{number}.py").read_text()
    assert len(list(tmp_path.iterdir())) == 8


@pytest.mark.parametrize(
    ("arguments", "around", "said"),
    [
        ("a.py", "> /dev/full", "No space left on device"),
        ("a.py --diff", "> /dev/full", "No space left on device"),
        ("- --fix", "< a.py > /dev/full", "No space left on device"),
        ("rule", "> /dev/full", "No space left on device"),
        ("- --fix", "< a.py >&-", "standard output is closed"),
        ("-", "<&-", "standard input is closed"),
        ("'' a.py", "", "a PATH is empty"),
    ],
)
def test_what_cannot_be_told_or_asked_is_an_error_and_no_finding(
    arguments: str, around: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(TF + "x = tf.log(1.0)\n")
    line = f"{sys.executable} -m tf2migrate {arguments} {around}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "tf.log" in (tmp_path / "a.py").read_text()


def test_a_name_that_is_too_long_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TF + "x = tf.log(1.0)\n")
    code, found = listed(str(tmp_path / f"{'a' * 300}.py"), "--fix", str(tmp_path / "a.py"))
    assert code == 1
    assert found == {f"{'a' * 300}.py": ["cannot be read: File name too long"]}
    assert "tf.math.log" in (tmp_path / "a.py").read_text()


#: Calls that TensorFlow 1 would not take either: something that must be given is not.
LACKING = """
tf.assign() | tf.assign(w) | w.assign() | tf.assign_add(w) | tf.Variable() | tf.get_variable() | tf.placeholder()
tf.gradients() | tf.summary.scalar() | tf.summary.histogram("a") | tf.layers.dense() | tf.layers.conv2d(x)
tf.nn.dynamic_rnn() | tf.contrib.rnn.BasicLSTMCell() | tf.contrib.rnn.MultiRNNCell() | tf.add_to_collection("a")
tf.get_collection() | tf.train.batch() | tf.train.Saver().save() | tf.summary.FileWriter() | tf.cond() | tf.group()
tf.while_loop() | tf.identity() | tf.train.exponential_decay() | tf.variable_scope() | tf.control_dependencies()
tf.train.AdamOptimizer().minimize() | tf.train.AdamOptimizer().apply_gradients() | tf.estimator.Estimator()
tf.train.string_input_producer() | tf.metrics.accuracy() | tf.placeholder_with_default() | tf.FIFOQueue() | s.run()
tf.import_graph_def() | tf.one_hot() | tf.div() | tf.image.resize_images() | tf.train.latest_checkpoint()
"""


@pytest.mark.parametrize("call", re.split(r" \| |\n", LACKING.strip()))
def test_an_argument_that_is_not_given_is_no_defect(call: str) -> None:
    program = (
        f"w = tf.Variable(1.0)\ny = x * w\na = {call}\nwith tf.Session() as s:\n    print(s.run([y, a], {{x: 1}}))\n"
    )
    checked((OLD + program + f"    {call}\n").encode())
