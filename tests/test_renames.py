"""What the tables of rules/renames/ make of a program, and that TensorFlow agrees with them."""

from __future__ import annotations

import inspect
import operator
import tomllib
from typing import Any

import pytest

from tf2migrate.apply import apply
from tf2migrate.callform import places
from tf2migrate.facts.program import Program
from tf2migrate.model import Options, Outcome
from tf2migrate.records import Record, in_tf2, records, tf1_symbols
from tf2migrate.renames import upgrade
from tf2migrate.rulebook import rules_folder

HEAD = "import tensorflow as tf\n"


def outcome(code: str) -> tuple[str, Outcome]:
    program = Program(HEAD + code)
    found = upgrade(program, Options())
    return apply(program.text, found.edits)[0].removeprefix(HEAD), found


REWRITTEN = [
    ("tf.log(x)", "tf.math.log(x)"),
    ("tf.log(tf.log(x))", "tf.math.log(tf.math.log(x))"),
    ("map(tf.log, xs)", "map(tf.math.log, xs)"),
    ("tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)", "tf.reduce_sum(x, axis=[1], keepdims=True)"),
    ("tf.reduce_sum(x, 1, True, 'n', None)", "tf.reduce_sum(x, 1, True, 'n')"),
    ("tf.argmax(x, dimension=1)", "tf.argmax(x, axis=1)"),
    ("tf.argmax(x, 1, 'best')", "tf.argmax(x, 1, name='best')"),
    ("tf.to_float(x > 1)", "tf.cast(x > 1, tf.float32)"),
    ("tf.nn.dropout(x, 0.8)", "tf.nn.dropout(x, rate=1 - 0.8)"),
    ("tf.nn.dropout(x, 1 - p, seed=3)", "tf.nn.dropout(x, rate=1 - (1 - p), seed=3)"),
    ("tf.nn.dropout(tf.nn.dropout(x, a), keep_prob=b)", "tf.nn.dropout(tf.nn.dropout(x, rate=1 - a), rate=1 - b)"),
    ("tf.nn.dropout(x, rate=0.2)", "tf.nn.dropout(x, rate=0.2)"),
    ("tf.random_normal_initializer()", "tf.random_normal_initializer(stddev=1.0)"),
    ("tf.initializers.random_normal(seed=1)", "tf.random_normal_initializer(seed=1, stddev=1.0)"),
    ("tf.random_uniform_initializer(-1)", "tf.random_uniform_initializer(-1, maxval=1)"),
    ("tf.zeros_initializer(dtype=tf.float32)", "tf.zeros_initializer()"),
    (
        "tf.contrib.losses.mean_squared_error(a, b, scope='s')",
        "tf.reduce_mean(tf.math.squared_difference(a, b))",
    ),
    (
        "tf.contrib.slim.losses.sparse_softmax_cross_entropy(a, labels, weights=1.0)",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(labels, [-1]), logits=a))",
    ),
    ("tf.contrib.layers.xavier_initializer(uniform=True)", "tf.keras.initializers.GlorotUniform()"),
    ("tf.contrib.layers.xavier_initializer(uniform=False)", "tf.keras.initializers.GlorotNormal()"),
    (
        "tf.uniform_unit_scaling_initializer(a + b)",
        "tf.keras.initializers.VarianceScaling(scale=(a + b)**2, distribution='uniform')",
    ),
    ("tf.cond(p, lambda: [a], lambda: [b])", "tf.cond(p, lambda: [a], lambda: [b])[0]"),
    ("tf.cond(p, lambda: (a, b), lambda: (b, a))", "tf.cond(p, lambda: (a, b), lambda: (b, a))"),
    ("def f():\n    return [a]\ntf.cond(p, f, g)", "def f():\n    return [a]\ntf.cond(p, f, g)[0]"),
    ("tf.py_func(f, [x], [tf.float32])", "[tf.numpy_function(f, [x], [tf.float32])]"),
    ("tf.py_func(f, [x], tf.float32)", "tf.numpy_function(f, [x], tf.float32)"),
    ("tf.where(x > 0, x, tf.zeros_like(x))", "tf.where(x > 0, x, tf.zeros_like(x))"),
    ("mask = tf.log(x) > y\ntf.where(mask, x, -x)", "mask = tf.math.log(x) > y\ntf.where(mask, x, -x)"),
    ("tf.where(mask, x, -x)", "tf.raw_ops.Select(condition=mask, x=x, y=-x)"),
    ("tf.where(a > 0, a + m, m)", "tf.raw_ops.Select(condition=a > 0, x=a + m, y=m)"),
    ("tf.where(tf.log(x) > 0)", "tf.where(tf.math.log(x) > 0)"),
    ("tf.batch_matmul(x, y, adj_y=True)", "tf.linalg.matmul(x, y, adjoint_b=True)"),
    ("tf.select(m, x, e=y)", "tf.raw_ops.Select(condition=m, x=x, y=y)"),
    ("tf.split_v(x, [1, 2], split_dim=1)", "tf.split(x, [1, 2], axis=1)"),
    ("tf.image.per_image_whitening(x)", "tf.image.per_image_standardization(x)"),
    ("tf.concat_v2([x, y], 0)", "tf.concat([x, y], 0)"),
    ("tf.nn.top_k(x, 2, True, 'n')", "tf.nn.top_k(x, 2, True, name='n')"),
    ("tf.assert_near(x, y, 0.1, 0.1, [x])", "tf.debugging.assert_near(x, y, 0.1, 0.1)"),
    (
        "tf.losses.softmax_cross_entropy(y, x)",
        "tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=tf.stop_gradient(y), logits=x))",
    ),
    ("tf.contrib.layers.l2_regularizer(a + b)", "tf.keras.regularizers.L2(0.5 * (a + b))"),
    ("tf.while_loop(c, b, [i])", "tf.while_loop(c, b, [i])[0]"),
    ("tf.while_loop(c, b, [i, j])", "tf.while_loop(c, b, [i, j])"),
    ("tf.nn.embedding_lookup(w, ids, partition_strategy='div')", "tf.nn.embedding_lookup(w, ids)"),
    (
        "w = [1, 2]\nw = tf.stack(w)\ntf.nn.embedding_lookup(w, ids, 'mod')",
        "w = [1, 2]\nw = tf.stack(w)\ntf.nn.embedding_lookup(w, ids)",
    ),
    ("tf.div(x, tf.constant([1.0, 2]))", "tf.divide(x, tf.constant([1.0, 2]))"),
    ("tf.div(tf.zeros([2]), x)", "tf.divide(tf.zeros([2]), x)"),
    ("tf.div(tf.add(n, tf.ones([2], tf.float64)), x)", "tf.divide(tf.add(n, tf.ones([2], tf.float64)), x)"),
    ("tf.div(x, 2.0)", "tf.divide(x, 2.0)"),
    ("tf.div(tf.constant([1, 2]), n)", "tf.math.floordiv(tf.constant([1, 2]), n)"),
    ("tf.div(tf.zeros([2], tf.int32), n)", "tf.math.floordiv(tf.zeros([2], tf.int32), n)"),
    ("tf.div(tf.to_int32(x * 2.0), n)", "tf.math.floordiv(tf.cast(x * 2.0, tf.int32), n)"),
    ("tf.div(7, 2)", "tf.math.floordiv(7, 2)"),
    (
        "tf.nn.softmax_cross_entropy_with_logits(x, y)",
        "tf.nn.softmax_cross_entropy_with_logits(logits=x, labels=tf.stop_gradient(y))",
    ),
    (
        "tf.nn.sparse_softmax_cross_entropy_with_logits(x, y, name='loss')",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(logits=x, labels=y, name='loss')",
    ),
    (
        "tf.nn.sigmoid_cross_entropy_with_logits(x, targets=y)",
        "tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=y)",
    ),
    ("tf.name_scope(None, 'a', [x])", "tf.name_scope('a')"),
    ("tf.logging.set_verbosity(tf.logging.INFO)", 'tf.get_logger().setLevel("INFO")'),
    ('f"{tf.log(x)} {tf.log(y):{w}}"', 'f"{tf.math.log(x)} {tf.math.log(y):{w}}"'),
    ("nn = tf.nn\nnn.dropout(x, 0.3)", "nn = tf.nn\nnn.dropout(x, rate=1 - 0.3)"),
    ("log = tf.log\nlog(x)", "log = tf.math.log\nlog(x)"),
    ("tf.summary.scalar('a', x, step=1)", "tf.summary.scalar('a', x, step=1)"),
    (
        "tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=tf.log(x))",
        "tf.nn.softmax_cross_entropy_with_logits(labels=tf.stop_gradient(y), logits=tf.math.log(x))",
    ),
    (
        "tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)",
        "tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)",
    ),
    (
        "tf.reduce_sum(  # all of it\n    x,  # the batch\n    keep_dims=True,\n)",
        "tf.reduce_sum(  # all of it\n    x,  # the batch\n    keepdims=True,\n)",
    ),
]


@pytest.mark.parametrize(("old", "new"), REWRITTEN, ids=[old.partition("\n")[0] for old, _ in REWRITTEN])
def test_rewritten(old: str, new: str) -> None:
    text, found = outcome(old)
    assert text == new
    assert found.findings == ()


def test_what_a_function_is_fed_has_no_gradient() -> None:
    code = """@tf.function(input_signature=[y])
def cost(y):
    return tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=y_)
"""
    assert outcome(code)[0] == code
    rebound = code.replace("    return", "    y = y * w\n    return")
    assert "tf.stop_gradient(y)" in outcome(rebound)[0]


REFUSED = [
    "tf.argmax(*args)",
    "tf.nn.dropout(x, **options)",
    "drop = tf.nn.dropout",
    "init = tf.random_normal_initializer",
    "tf.zeros_initializer(dtype=tf.float64)",
    "tf.losses.mean_squared_error(y, x, weights=w)",
    "tf.losses.mean_squared_error(y, x, reduction=tf.losses.Reduction.SUM)",
    "tf.losses.log_loss(f(y), x)",
    "tf.image.resize_images(x, [2, 2])",
    "tf.image.resize(x, [2, 2])",
    "tf.div(tf.get_variable('w', initializer=start), n)",
    "tf.div(a, b)",
    "tf.nn.embedding_lookup([a, b], ids)",
    "parts = [a, b]\ntf.nn.nce_loss(parts, c, y, x, 5, 10)",
    "tf.while_loop(c, b, loop)",
    "tf.cond(p, f, g, strict=True)",
    "tf.summary.scalar('a', x)",
    "tf.nn.fractional_max_pool(x, r, deterministic=True)",
]


@pytest.mark.parametrize("code", REFUSED)
def test_refused_and_left_alone(code: str) -> None:
    text, found = outcome(code)
    line = text.rpartition("\n")[2]
    assert [f.code for f in found.findings] == ["TFM990"]
    assert line == code.rpartition("\n")[2].replace("tf.to_int32(x * 2.0)", "tf.cast(x * 2.0, tf.int32)")


def test_flags_are_parsed_where_no_run_of_the_app_does() -> None:
    code = "tf.app.flags.DEFINE_integer('n', default_value=3, docstring='d')  # how many\nFLAGS = tf.app.flags.FLAGS\n"
    defined = "flags.DEFINE_integer('n', default=3, help='d')  # how many\n"
    parse = "flags.FLAGS(sys.argv, known_only=True)\n"
    assert outcome(code + "print(FLAGS.n)")[0] == defined + parse + "FLAGS = flags.FLAGS\nprint(FLAGS.n)"
    main = "def main(_):\n    print(FLAGS.n)\n"
    assert outcome(code + main + "tf.app.run()")[0] == defined + "FLAGS = flags.FLAGS\n" + main + "app.run(main)"


def test_a_symbol_that_is_shadowed_is_none() -> None:
    code = "def f(tf):\n    return tf.log(tf.argmax(x, dimension=1))\n"
    assert outcome(code) == (code, Outcome())


RECORDS = sorted(records().values(), key=lambda record: record.symbol)


@pytest.mark.parametrize("record", RECORDS, ids=[record.symbol for record in RECORDS])
def test_a_record_is_whole(record: Record) -> None:
    gone = {*record.drop, *record.only}
    assert {*record.rename, *gone, *record.convert, *record.whole} <= {*record.params}
    assert not gone & set(record.params[: record.positional]), "what goes cannot stay in place"
    assert all({*places(template)} <= {*record.params} for template in record.templates)
    assert record.becomes or record.templates or record.advice


def test_every_record_is_of_a_tf1_symbol() -> None:
    # Names of TensorFlow before 1.0, which old programs still have, of what contrib had until 1.15, and of modules that
    # 1.15 gives away lazily.
    ancient = {"tf.mul", "tf.sub", "tf.neg", "tf.pack", "tf.unpack"}
    ancient |= set(tomllib.loads((rules_folder() / "renames" / "before1.toml").read_text(encoding="utf-8")))
    lazy = ("tf.app", "tf.flags", "tf.contrib.framework.nest.", "tf.contrib.eager.")
    lazy += ("tf.contrib.data.", "tf.contrib.linalg.", "tf.contrib.keras", "tf.contrib.slim.losses.")
    unknown = {record.symbol for record in RECORDS} - tf1_symbols()
    assert {symbol for symbol in unknown if not symbol.startswith(lazy)} == ancient


@pytest.mark.tensorflow
def test_every_target_exists_and_takes_the_arguments() -> None:
    import tensorflow as tf

    for record in RECORDS:
        becomes = record.becomes
        if not becomes.startswith("tf.") or "(" in becomes:
            continue
        target = operator.attrgetter(becomes.removeprefix("tf."))(tf)
        assert in_tf2(becomes), record.symbol
        if not record.params:
            continue
        known = list(inspect.signature(target).parameters)
        converted = {text.partition("=")[0] for text in record.convert.values()}
        gone = {*record.drop, *record.only, *record.convert}
        wanted = {record.rename.get(name, name) for name in record.params if name not in gone}
        if "_sentinel" in wanted:
            wanted.remove("_sentinel")
        assert wanted | converted | {*record.add} <= {*known}, record.symbol
        in_place = [record.rename.get(name, name) for name in record.params[: record.positional]]
        assert in_place == known[: record.positional], record.symbol


SAME = [
    "tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)",
    "tf.reduce_logsumexp(x, 0, True)",
    "tf.argmax(x, dimension=1)",
    "tf.argmin(x, 1, 'name', None, tf.int32)",
    "tf.arg_max(x, 1)",
    "tf.to_float(k) + tf.to_float(x[:, 0] > 1)",
    "tf.to_int32(x)",
    "tf.nn.softmax(x, dim=0)",
    "tf.nn.log_softmax(x, 0)",
    "tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x)",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=k, logits=x)",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x)",
    "tf.nn.weighted_cross_entropy_with_logits(targets=p, logits=x, pos_weight=2.0)",
    "tf.nn.max_pool(value=im, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')",
    "tf.nn.avg_pool(im, [1, 2, 2, 1], [1, 1, 1, 1], 'VALID')",
    "tf.nn.conv2d(im, filter=ker, strides=[1, 1, 1, 1], padding='SAME', use_cudnn_on_gpu=True)",
    "tf.nn.conv2d_transpose(im, ker, [1, 8, 8, 3], [1, 2, 2, 1])",
    "tf.nn.moments(x, [0], keep_dims=True)",
    "tf.nn.l2_normalize(x, dim=1)",
    "tf.nn.in_top_k(x, k, 1)",
    "tf.nn.lrn(im, 2, bias=1.0)",
    "tf.nn.embedding_lookup(x, k, partition_strategy='mod')",
    "tf.expand_dims(x, dim=0)",
    "tf.squeeze(tf.expand_dims(x, 0), squeeze_dims=[0])",
    "tf.gather(x, k, None, 'g', 1)",
    "tf.boolean_mask(x, [True, False], 'mask')",
    "tf.transpose(x, [1, 0], 't')",
    "tf.shape(x, 'shape', tf.int64)",
    "tf.div(x, 3.0)",
    "tf.div(tf.constant([-3, 7]), tf.constant(2))",
    "tf.div(-7, 2)",
    "tf.losses.mean_squared_error(p, x)",
    "tf.losses.absolute_difference(p, x)",
    "tf.losses.softmax_cross_entropy(p, x)",
    "tf.losses.sparse_softmax_cross_entropy(labels=k, logits=x)",
    "tf.losses.sigmoid_cross_entropy(p, x, weights=1.0)",
    "tf.losses.huber_loss(p, x, delta=0.5)",
    "tf.losses.log_loss(p, p)",
    "tf.losses.hinge_loss(p, x)",
    "tf.losses.cosine_distance(p, x, axis=1)",
    "tf.sparse_to_dense([0, 2], [4], 1.5)",
    "tf.setdiff1d([1, 2, 3], [2])",
    "tf.batch_gather(x, [[0], [1]])",
    "tf.string_split(['a,b,,c'], ',').values",
    "tf.string_split(['a b', 'c']).indices",
    "tf.strings.split(['a b', 'c']).values",
    "tf.image.resize_bilinear(im, [7, 5])",
    "tf.image.resize_bilinear(im, [7, 5], align_corners=True)",
    "tf.image.resize_nearest_neighbor(im, [7, 5])",
    "tf.image.resize_bicubic(im, [7, 5])",
    "tf.image.resize_area(im, [2, 2])",
    "tf.space_to_batch(im, [[0, 0], [0, 0]], 2)",
    "tf.batch_to_space(tf.tile(im, [4, 1, 1, 1]), [[0, 0], [0, 0]], 2)",
    "tf.nn.xw_plus_b(x, tf.transpose(x), [1.0, 2.0])",
    "tf.while_loop(lambda i: i < 5, lambda i: i + 2, [0])",
    "tf.confusion_matrix(k, k, 3, tf.int32, 'c', [1, 2])",
    "tf.nn.ctc_loss(tf.SparseTensor([[0, 0], [0, 1]], [1, 0], [1, 2]), im[0][:, :1, :], [4])",
    "tf.nn.dilation2d(im, ker[:, :, :, 0], [1, 1, 1, 1], [1, 1, 1, 1], 'SAME')",
    "tf.nn.depthwise_conv2d_native(im, ker, [1, 1, 1, 1], 'SAME')",
    "tf.random_uniform_initializer(1, 1)([2])",
    "tf.initializers.constant(2.0)([2])",
]


@pytest.fixture(scope="module")
def numbers() -> dict[str, Any]:
    import numpy as np

    draw = np.random.default_rng(0)
    return {
        "x": np.array([[0.5, 2.0, -1.0], [1.5, 0.1, 3.0]], np.float32),
        "p": np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]], np.float32),
        "k": np.array([1, 0], np.int32),
        "im": draw.normal(size=(1, 4, 4, 3)).astype(np.float32),
        "ker": draw.normal(size=(2, 2, 3, 3)).astype(np.float32),
    }


@pytest.mark.tensorflow
@pytest.mark.parametrize("old", SAME)
def test_both_forms_compute_the_same(old: str, numbers: dict[str, Any]) -> None:
    import numpy as np
    import tensorflow as tf

    new, found = outcome(old)
    assert found.findings == ()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tensors = {name: tf.constant(value) for name, value in numbers.items()}
        before = session.run(eval(old, {"tf": tf.compat.v1, **tensors}))
    tensors = {name: tf.constant(value) for name, value in numbers.items()}
    after = tf.function(eval(f"lambda: {new}", {"tf": tf, **tensors}))()
    old_parts, new_parts = tf.nest.flatten(before), tf.nest.flatten(after)
    assert len(old_parts) == len(new_parts)
    for one, other in zip(old_parts, new_parts, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype
        if one.dtype.kind == "f":
            np.testing.assert_allclose(other, one, rtol=2e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(other, one)
