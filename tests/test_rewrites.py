"""The rewrites beyond their pages: import forms, names that are taken, places in a program and in a notebook."""

from __future__ import annotations

import ast
import itertools
import json
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sides

from tf2migrate import migrate as whole
from tf2migrate.config import Configuration
from tf2migrate.model import Migration, Options
from tf2migrate.rewrites import rewrite
from tf2migrate.treat import treat

TUTORIAL = "tensorflow.examples.tutorials.mnist"
READ = 'mnist = {}("MNIST_data/", one_hot=True)\n'
FORMS = [
    (f"from {TUTORIAL} import input_data", "input_data.read_data_sets"),
    (f"from {TUTORIAL} import input_data as data", "data.read_data_sets"),
    (f"from {TUTORIAL}.input_data import read_data_sets", "read_data_sets"),
    (f"from {TUTORIAL}.input_data import read_data_sets as read", "read"),
    (f"import {TUTORIAL}.input_data as input_data", "input_data.read_data_sets"),
    ("from tensorflow.contrib.learn.python.learn.datasets import mnist as data", "data.read_data_sets"),
    ("from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets", "read_data_sets"),
    ("import input_data", "input_data.read_data_sets"),
]


def migrate(text: str, options: Options | None = None, cuts: tuple[int, ...] = ()) -> Migration:
    """The stage of the rewrites alone: what others make of the rest is theirs to test."""
    return whole.migrate(text, options, cuts, stages=(rewrite,))


def rewritten(text: str, code: str = "TFM201") -> str:
    """What one rule makes of a program; it has nothing left to say and nothing left to do."""
    migration = migrate(text, Options(select=(code,)))
    assert migration.remaining == ()
    ast.parse(migration.after)
    assert migrate(migration.after, Options(select=(code,))).after == migration.after
    return migration.after


def reasons(text: str, code: str = "TFM201") -> list[str]:
    """Why a program stays as it is."""
    migration = migrate(text, Options(select=(code,)))
    assert migration.after == text
    return [str(finding) for finding in migration.remaining]


@pytest.mark.parametrize(("line", "call"), FORMS)
def test_every_way_to_import_the_reader_gives_the_same(line: str, call: str) -> None:
    top, read = FORMS[0]
    expected = rewritten(f"import tensorflow as tf\n{top}\n\n{READ.format(read)}")
    assert rewritten(f"import tensorflow as tf\n{line}\n\n{READ.format(call)}") == expected
    assert expected.endswith("\n\n\nmnist = read_data_sets(one_hot=True)\n")


def test_a_parameter_of_the_name_of_the_reader_is_another_thing() -> None:
    function = "\n\ndef network(input_data):\n    return tf.nn.relu(input_data)\n"
    text = f"import tensorflow as tf\n{FORMS[0][0]}\n\n{READ.format(FORMS[0][1])}{function}"
    assert rewritten(text).endswith(f"mnist = read_data_sets(one_hot=True)\n{function}")


def test_without_an_import_of_its_own() -> None:
    after = rewritten(
        f"import tensorflow as tf\n\nmnist = tf.{TUTORIAL.partition('.')[2]}.input_data.read_data_sets('d')\n"
    )
    assert after.startswith("import tensorflow as tf\nimport collections\nimport numpy as np\n\n\nclass DataSet:")


def test_an_import_in_a_function_goes_and_the_code_stands_at_the_top() -> None:
    after = rewritten(
        '"""Doc."""\nimport os\nimport tensorflow as tf\n\n\ndef main():\n'
        f"    from {TUTORIAL} import input_data\n    return input_data.read_data_sets(os.curdir)\n"
    )
    assert after.startswith(
        '"""Doc."""\nimport os\nimport tensorflow as tf\nimport collections\nimport numpy as np\n\n\n'
    )
    assert after.endswith("\n\n\ndef main():\n    return read_data_sets()\n")


def test_an_unused_import_goes() -> None:
    assert rewritten(f"import os\nfrom {TUTORIAL} import input_data\nprint(os)\n") == "import os\nprint(os)\n"
    assert rewritten(f"if 1:\n    from {TUTORIAL} import input_data\n") == "if 1:\n    pass\n"


def test_names_that_are_taken_stay_the_program_s() -> None:
    after = rewritten(
        f"import tensorflow.compat.v1 as tf\nfrom {TUTORIAL} import input_data\n\n\nclass DataSet:\n    pass\n\n\n"
        f"def read_data_sets():\n    np = tf.zeros([])\n\n\n{READ.format('input_data.read_data_sets')}"
    )
    assert "class MnistDataSet:" in after
    assert "def read_mnist_data_sets(one_hot=False):" in after
    assert "import numpy\n" in after
    assert "numpy.eye(10)[labels]" in after
    assert "import tensorflow as tf" not in after
    assert after.endswith("mnist = read_mnist_data_sets(one_hot=True)\n")


def test_fake_data_that_a_flag_asks_for_are_an_error() -> None:
    program = "m = input_data.read_data_sets('d', fake_data=fake)\nm.train.next_batch(5, fake, False)\n"
    after = rewritten(f"from {TUTORIAL} import input_data\n\nfake = False\n{program}")
    assert "def next_batch(self, batch_size, fake_data=False, shuffle=True):\n        if fake_data:\n" in after
    assert "def read_data_sets(fake_data=False):" in after
    assert after.count('raise ValueError("there are no fake data in place of MNIST")') == 2
    assert after.endswith("m = read_data_sets(fake_data=fake)\nm.train.next_batch(5, fake, False)\n")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (
            "mnist = input_data.read_data_sets(*where)",
            "2:9 TFM201 {}, and arguments behind a star cannot be told apart",
        ),
        ("f(input_data)", "2:3 TFM201 {}, and it is used other than by calling read_data_sets"),
        ("read = input_data.read_data_sets", "2:1 TFM201 {}, and it is used other than by calling read_data_sets"),
        (
            "m = input_data.read_data_sets('d', seed=3)",
            "2:41 TFM201 {}, and a reader without seed would do something else",
        ),
        ("m = input_data.read_data_sets('d', dtype=tf.uint8)", "dtype would do something else"),
        ("m = input_data.read_data_sets('notMNIST')", "this one reads other data than MNIST"),
        ("m = input_data.read_data_sets('d', fake_data=True)", "this one makes fake data"),
        ("m = input_data.read_data_sets('d')\nm.train._images", "its private attribute _images is used"),
        ("input_data = 3", "input_data does not mean the reader alone"),
    ],
)
def test_all_uses_are_rewritten_or_none(program: str, why: str) -> None:
    what = "the MNIST reader of TensorFlow 1's tutorials is gone"
    [reason] = reasons(f"from {TUTORIAL} import input_data\n{program}\n")
    assert why.format(what) in reason


@pytest.mark.parametrize(
    ("program", "batches"),
    [
        ("print(mnist.train.images, mnist.test.labels.sum(), mnist.test.num_examples)", False),
        ("print(mnist.train.epochs_completed)", True),
        ("train = mnist.train", True),
        ("train, validation, test = mnist", True),
    ],
)
def test_batches_are_written_where_they_may_be_taken(program: str, batches: bool) -> None:
    head = f"from {TUTORIAL} import input_data\n{READ.format('input_data.read_data_sets')}"
    assert ("def next_batch" in rewritten(f"{head}{program}\n")) is batches


def test_mnist_by_its_name() -> None:
    after = rewritten(
        "import tensorflow as tf\nm = tf.contrib.learn.datasets.load_dataset('mnist')\nf(m.train.images)\n"
    )
    assert after.endswith("m = read_data_sets()\nf(m.train.images)\n")
    iris = "import tensorflow as tf\ndata = tf.contrib.learn.datasets.load_dataset('iris')\n"
    assert rewritten(iris) == iris


def test_an_import_for_other_modules_is_told() -> None:
    [reason] = reasons("from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets\n")
    assert reason.endswith("it is imported here for other modules")


def test_a_rule_that_is_not_selected_does_nothing() -> None:
    text = f"from {TUTORIAL} import input_data\n{READ.format('input_data.read_data_sets')}"
    assert migrate(text, Options(ignore=("TFM201",), select=("TFM2",))).after == text


def test_no_edit_reaches_over_the_end_of_a_notebook_cell() -> None:
    cells = [
        f"from {TUTORIAL} import input_data\n",
        READ.format("input_data.read_data_sets"),
        "import tensorflow as tf\n",
    ]
    cuts = list(itertools.accumulate(map(len, cells)))[:-1]
    migration = migrate("".join(cells), Options(select=("TFM201",)), cuts)
    first, second = migration.cuts
    assert migration.after[:first].startswith(
        "import collections\nimport numpy as np\nimport tensorflow as tf\n\n\nclass"
    )
    assert migration.after[first:second] == "mnist = read_data_sets(one_hot=True)\n"
    assert migration.after[second:] == ""


@pytest.mark.parametrize("shuffle", ["", ", shuffle=False", ", shuffle=True"])
@pytest.mark.parametrize("size", [1, 37, 250, 251, 700])
def test_the_batches_are_those_of_the_old_reader(size: int, shuffle: str) -> None:
    read = "input_data.read_data_sets('d', one_hot=True)"
    after = rewritten(
        f"from {TUTORIAL} import input_data\nmnist = {read}\n"
        f"batches = [mnist.train.next_batch({size}{shuffle}) for _ in range(30)]\n"
    )
    keras = types.SimpleNamespace(datasets=types.SimpleNamespace(mnist=types.SimpleNamespace(load_data=sides.made_up)))
    program: dict[str, Any] = {"tf": types.SimpleNamespace(keras=keras)}
    np.random.seed(5)
    exec(after.replace("import tensorflow as tf\n", ""), program)
    np.random.seed(5)
    old = sides.read_data_sets("d", one_hot=True).train
    for images, labels in program["batches"]:
        old_images, old_labels = old.next_batch(size, shuffle=shuffle != ", shuffle=False")
        assert images.dtype == old_images.dtype
        assert labels.dtype == old_labels.dtype
        assert np.array_equal(images, old_images)
        assert np.array_equal(labels, old_labels)
    assert program["mnist"].train.epochs_completed == old.epochs_completed


HPARAMS = "from tensorflow.contrib.training import HParams\n"


def test_hparams_by_another_name() -> None:
    after = rewritten(f"{HPARAMS}p = HParams(a=1)\np.b = p.a\n", "TFM202")
    assert after == f"{HPARAMS}import types\np = types.SimpleNamespace(a=1)\np.b = p.a\n"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("p = HParams(**given)", "what HParams is given cannot be seen"),
        ("p = HParams(a=1)\nf(p)", "p is used as a whole"),
        ("p = HParams(a=1)\np.values()", "p.values is used"),
        ("f(HParams(a=1))", "where this HParams goes cannot be seen"),
        ("class P(HParams): pass", "HParams is used other than by calling it"),
    ],
)
def test_hparams_that_are_more_than_attributes(program: str, why: str) -> None:
    [reason] = reasons(f"{HPARAMS}{program}\n", "TFM202")
    assert reason.endswith(f"tf.contrib is gone, and {why}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n = x.get_shape()[1].value", "n = x.get_shape()[1]"),
        ("n = x.shape.dims[-1].value * 2", "n = x.shape.dims[-1] * 2"),
        ("s = x.get_shape()\nn = s[1:][0].value", "s = x.get_shape()\nn = s[1:][0]"),
        ("for d in x.shape:\n    n *= d.value", "for d in x.shape:\n    n *= d"),
        ("s = load()\nn = s[0].value", "s = load()\nn = s[0].value"),
        ("s = x.shape\ns = load()\nn = s[0].value", "s = x.shape\ns = load()\nn = s[0].value"),
        ("x.shape[0].value = 3", "x.shape[0].value = 3"),
        ("def f(d):\n    d = x.shape[0]\n    return d.value", "def f(d):\n    d = x.shape[0]\n    return d.value"),
    ],
)
def test_dimension_value(before: str, after: str) -> None:
    assert rewritten(f"import tensorflow as tf\n{before}\n", "TFM203") == f"import tensorflow as tf\n{after}\n"


def test_dimensions_that_are_kept() -> None:
    text = "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\nn = x.shape[0].value\n"
    assert rewritten(text, "TFM203") == text


CONFIG = "import tensorflow as tf\nimport os\nx = 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("c = tf.ConfigProto()\nc.gpu_options.allow_growth = False\n", ""),
        ("g = tf.GPUOptions(allow_growth=False)\nc = tf.ConfigProto(gpu_options=g)\n", ""),
        ("c = tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=False))\n", ""),
        ("c = tf.ConfigProto(log_device_placement=True)\n", "tf.debugging.set_log_device_placement(True)"),
        ("c = tf.ConfigProto(device_count={'GPU': 0})\n", 'tf.config.set_visible_devices([], "GPU")'),
        (
            "c = tf.ConfigProto(inter_op_parallelism_threads=2)\n",
            "tf.config.threading.set_inter_op_parallelism_threads(2)",
        ),
        ("c = tf.ConfigProto(allow_soft_placement=False)\n", "tf.config.set_soft_device_placement(False)"),
    ],
)
def test_a_session_s_configuration(before: str, after: str) -> None:
    moved = f"\n\n{after}" if after else ""
    assert rewritten(CONFIG + before, "TFM204") == f"import tensorflow as tf\nimport os{moved}\nx = 1\n"


@pytest.mark.parametrize(
    "program",
    [
        "c = tf.ConfigProto()\nrun(c)\n",
        "c = tf.ConfigProto(**settings)\n",
        "run(tf.ConfigProto())\n",
        "c = tf.ConfigProto(log_device_placement=wanted())\n",
        "c = tf.ConfigProto()\nc.graph_options.infer_shapes = True\n",
        "c = tf.ConfigProto()\nprint(c.gpu_options.allow_growth)\n",
        "c = tf.ConfigProto()\nc.gpu_options.visible_device_list = '0'\n",
    ],
)
def test_a_configuration_that_is_read_stays(program: str) -> None:
    assert rewritten(CONFIG + program, "TFM204") == CONFIG + program


def test_a_share_of_the_memory_is_reported() -> None:
    migration = migrate(
        f"{CONFIG}g = tf.GPUOptions(per_process_gpu_memory_fraction=0.3)\nc = tf.ConfigProto(gpu_options=g)\n"
    )
    assert "GPUOptions" not in migration.after
    assert [finding.code for finding in migration.remaining] == ["TFM204"]


def test_what_a_flag_decides_is_set_where_it_stood() -> None:
    text = f"{CONFIG}c = tf.ConfigProto(\n  allow_soft_placement=FLAGS.soft,\n  log_device_placement=FLAGS.log)\n"
    migration = migrate(text)
    assert migration.after == f"{CONFIG}tf.config.set_soft_device_placement(FLAGS.soft)\n"
    assert [finding.message for finding in migration.remaining] == [
        "devices are logged from the start of a program, or not at all"
    ]


def test_a_notebook_cell_gets_no_empty_lines_at_its_end() -> None:
    cells = [f"from {TUTORIAL} import input_data", READ.format("input_data.read_data_sets")]
    book = {"cells": [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in cells]}
    data = json.dumps(book | {"metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
    after = json.loads(treat("a.ipynb", data, Configuration({}).of(Path())).after)
    assert after["cells"][0]["source"].endswith("        test=data_set(*test),\n    )")
