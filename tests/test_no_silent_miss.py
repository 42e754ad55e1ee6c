"""Nothing of TensorFlow 1 stays unsaid: every name that is gone, in every form of import, and every old call."""

from __future__ import annotations

import keyword
from pathlib import Path

import pytest
from test_programs import PROGRAMS

from tf2migrate.facts.program import Program
from tf2migrate.leftovers import leftovers
from tf2migrate.migrate import migrate
from tf2migrate.model import Options, Target
from tf2migrate.records import in_tf2, tf1_symbols

#: Every public name of 1.15 that is no more, but for those that no program can write.
GONE = sorted(
    name
    for name in (symbol.rstrip(".") for symbol in tf1_symbols())
    if name != "tf" and not in_tf2(name) and not any(map(keyword.iskeyword, name.split(".")))
)

#: How a program can get at TensorFlow, and what stands for `tf` in it. All of it on the first two lines.
FORMS = {
    "as tf": ("import tensorflow as tf\n\n", "tf"),
    "by its name": ("import tensorflow\n\n", "tensorflow"),
    "as something else": ("import tensorflow as T\n\n", "T"),
    "compat.v1": ("import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n", "tf"),
    "from compat": ("from tensorflow.compat import v1 as tf\n\n", "tf"),
    "compat.v1 written out": ("import tensorflow as tf\n\n", "tf.compat.v1"),
    "an alias": ("import tensorflow\ntf = tensorflow\n", "tf"),
    "an alias of compat.v1": ("import tensorflow as tf\ntf1 = tf.compat.v1\n", "tf1"),
}

#: Calls of what TensorFlow 2 has as well, as TensorFlow 1 took them.
OLD_CALLS = [
    "tf.reduce_sum([[1.0]], 1, keep_dims=True)",
    "tf.reduce_max([[1.0]], reduction_indices=[1])",
    "tf.squeeze([[1.0]], squeeze_dims=[0])",
    "tf.nn.dropout([1.0], keep_prob=0.5)",
    "tf.nn.conv2d(x, filter=w, strides=[1, 1, 1, 1], padding='SAME')",
    "tf.nn.softmax([[1.0]], dim=0)",
    "tf.argmax([[1.0]], dimension=1)",
    "tf.expand_dims([1.0], dim=0)",
]

#: What stops a program that holds it.
STOP = "tf.train.SyncReplicasOptimizer(None, 1)\n"


@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("form", FORMS)
def test_every_name_that_is_gone_is_told(form: str, target: Target) -> None:
    """In one program, which cannot be migrated as a whole: the line of each name has its finding."""
    head, tf = FORMS[form]
    names = [name for name in GONE if target is not Target.COMPAT or name.startswith("tf.contrib.")]
    assert len(names) > 1500
    names = names[list(FORMS).index(form) :: len(FORMS)] if form != "as tf" else names
    text = head + "".join(f"x = {tf}{name.removeprefix('tf')}\n" for name in names)
    told = {finding.line for finding in migrate(text, Options(target)).findings}
    assert {name for line, name in enumerate(names, 3) if line not in told} == set()


@pytest.mark.parametrize("call", OLD_CALLS)
def test_an_old_call_is_edited_or_told(call: str) -> None:
    text = f"import tensorflow as tf\n\nx = w = tf.zeros([1, 2, 2, 1])\ny = {call}\n"
    alone, stopped = migrate(text), migrate(text + STOP)
    assert alone.changed == (not alone.remaining)
    assert not stopped.changed
    assert 4 in {finding.line for finding in stopped.findings}
    told = migrate(text, Options(Target.LINT))
    assert not told.changed
    assert alone.changed == (4 in {finding.line for finding in told.findings})


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_lint_alone_tells_of_every_program_what_has_to_change(program: Path) -> None:
    text = (program / "tf1.py").read_text()
    told = migrate(text, Options(Target.LINT))
    assert not told.changed
    assert told.findings == told.remaining
    assert {(f.line, f.column) for f in leftovers(Program(text))} <= {(f.line, f.column) for f in told.findings}
    assert not [f for f in told.findings if f.code.startswith(("TFM7", "TFM9"))]


@pytest.mark.parametrize(
    "line",
    [
        "from tensorflow.contrib import layers",
        "import tensorflow.contrib.layers",
        "from tensorflow import placeholder",
        "from tensorflow.app import flags",
        "from tensorflow.contrib.layers import *",
        "from tensorflow import *; x = placeholder(1)",
    ],
)
@pytest.mark.parametrize("target", Target)
def test_an_import_of_what_is_gone_is_told_though_nobody_uses_it(line: str, target: Target) -> None:
    migration = migrate(f"{line}\n", Options(target))
    assert migration.findings
    assert migration.changed or not any(finding.fixable for finding in migration.findings)


def test_what_nobody_resolves_is_no_name_of_tensorflow() -> None:
    text = "import tensorflow as tf\n\ndef f(tf):\n    return tf.placeholder(1)\n"
    assert leftovers(Program(text)) == ()
    assert migrate(text).findings == ()
