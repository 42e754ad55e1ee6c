"""Feature columns: functions of the features, defined in the program; an input layer is what they give, side by side.

TensorFlow 1 sorts the columns by their names where it puts them side by side, and here they keep their order: that only
numbers the weights otherwise.
"""

from __future__ import annotations

import ast

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Span

COLUMNS = "tf.estimator.columns"  # what columns give of features, until the lifting is done
_ADVICE = "Write the column as a function of the features, or with Keras's preprocessing layers."
_WORDS = """        words = {tf}.reshape(features[key], [{tf}.shape(features[key])[0], -1])
"""
_COUNTED = """        return {tf}.reduce_sum({tf}.one_hot(words, size), axis=1)

    return column
"""
#: For each kind of column: its parameters, those that are followed, and the function that makes it.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "numeric_column": (
        ("key", "shape", "default_value", "dtype", "normalizer_fn"),
        ("key", "shape", "dtype", "normalizer_fn"),
        '''def numeric_column(key, shape=1, dtype={tf}.float32, normalizer_fn=None):
    """The numbers of a feature, a row for each example."""
    width = int({tf}.reduce_prod(shape))

    def column(features):
        numbers = {tf}.reshape({tf}.cast(features[key], {tf}.float32), [-1, width])
        return numbers if normalizer_fn is None else normalizer_fn(numbers)

    return column
''',
    ),
    "bucketized_column": (
        ("source_column", "boundaries"),
        ("source_column", "boundaries"),
        '''def bucketized_column(source_column, boundaries):
    """Between which boundaries the numbers of a column lie, as rows of zeros and a one."""

    def column(features):
        numbers = source_column(features)
        found = {tf}.raw_ops.Bucketize(input=numbers, boundaries=list(boundaries))
        width = numbers.shape[1] * (len(boundaries) + 1)
        return {tf}.reshape({tf}.one_hot(found, len(boundaries) + 1), [-1, width])

    return column
''',
    ),
    "categorical_column_with_vocabulary_list": (
        ("key", "vocabulary_list", "dtype", "default_value", "num_oov_buckets"),
        ("key", "vocabulary_list"),
        '''def categorical_column_with_vocabulary_list(key, vocabulary_list):
    """How often each word of a vocabulary is in a feature, a row for each example."""

    def column(features):
'''
        + _WORDS
        + """        known = {tf}.constant(list(vocabulary_list), words.dtype)
        return {tf}.reduce_sum({tf}.cast({tf}.equal(words[:, :, None], known), {tf}.float32), axis=1)

    return column
""",
    ),
    "categorical_column_with_identity": (
        ("key", "num_buckets", "default_value"),
        ("key", "num_buckets"),
        '''def categorical_column_with_identity(key, num_buckets):
    """How often each number below `num_buckets` is in a feature, a row for each example."""
    size = num_buckets

    def column(features):
'''
        + _WORDS
        + _COUNTED,
    ),
    "categorical_column_with_hash_bucket": (
        ("key", "hash_bucket_size", "dtype"),
        ("key", "hash_bucket_size", "dtype"),
        '''def categorical_column_with_hash_bucket(key, hash_bucket_size, dtype={tf}.string):
    """How often each bucket of hashed words is in a feature, a row for each example."""
    size = hash_bucket_size

    def column(features):
'''
        + _WORDS
        + """        words = words if words.dtype == {tf}.string else {tf}.strings.as_string(words)
        words = {tf}.strings.to_hash_bucket_fast(words, size)
"""
        + _COUNTED,
    ),
    "embedding_column": (
        ("categorical_column", "dimension", "combiner", "initializer"),
        ("categorical_column", "dimension"),
        '''def embedding_column(categorical_column, dimension):
    """A vector for each word, learnt; the mean of them where an example has several."""
    start = {tf}.keras.initializers.TruncatedNormal(stddev=dimension**-0.5)
    vectors = {tf}.keras.layers.Dense(dimension, use_bias=False, kernel_initializer=start)

    def column(features):
        counts = categorical_column(features)
        return {tf}.math.divide_no_nan(vectors(counts), {tf}.reduce_sum(counts, axis=1, keepdims=True))

    return column
''',
    ),
    "indicator_column": (("categorical_column",), ("categorical_column",), ""),
}
#: What numbers are where nothing is done to them first.
_PLAIN = '''def numeric_column(key, shape=1):
    """The numbers of a feature, a row for each example."""
    width = int({tf}.reduce_prod(shape))
    return lambda features: {tf}.reshape({tf}.cast(features[key], {tf}.float32), [-1, width])
'''
_LAYERS = ("tf.feature_column.input_layer",)


def edits(program: Program) -> list[Edit]:
    """Columns and the layers of them, in words of the program's own. Raises `Refused`."""
    found: list[Edit] = []
    bound = {n.name for n in program.nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    bound |= {n.id for n in program.each(ast.Name) if isinstance(n.ctx, ast.Store)}
    for node in program.nodes:
        symbol = program.names.symbol(node.func) if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or symbol is None:
            continue
        if symbol in _LAYERS:
            given = _bound(node, symbol, ("features", "feature_columns"))
            texts = [program.segment(given[n]) for n in ("features", "feature_columns")]
            tf = program.segment(node.func).split(".")[0]
            found.append(Edit(program.span(node), f"{tf}.estimator.columns({', '.join(texts)})"))
        elif symbol.startswith("tf.feature_column."):
            found += _column(program, node, symbol.rsplit(".", 1)[-1], bound)
    return found


def _bound(node: ast.Call, symbol: str, parameters: tuple[str, ...]) -> dict[str, ast.expr]:
    try:
        found = dict(bind(node, parameters))
    except Unbound as problem:
        raise Refused("TFM901", node, f"the arguments of {symbol} cannot be told: {problem}", _ADVICE) from None
    return found


def _column(program: Program, node: ast.Call, kind: str, taken: set[str]) -> list[Edit]:
    if kind not in KINDS:
        raise Refused("TFM901", node, f"tf.feature_column.{kind} has no counterpart that is written yet", _ADVICE)
    parameters, followed, _ = KINDS[kind]
    given = _bound(node, f"tf.feature_column.{kind}", parameters)
    for name, value in given.items():
        if name not in followed and not (isinstance(value, ast.Constant) and value.value in (None, "mean", -1, 0)):
            raise Refused("TFM901", value, f"tf.feature_column.{kind} with {name}", _ADVICE)
    if kind in taken:
        raise Refused("TFM901", node, f"{kind} is the name of something else in this program", "Rename it.")
    span, function = program.span(node), program.span(node.func)
    if kind == "indicator_column":
        inner = program.span(given["categorical_column"])
        return [Edit(Span(span.start, inner.start), ""), Edit(Span(inner.end, span.end), "")]
    dropped = [program.span(k.value) for k in node.keywords if k.arg is not None and k.arg not in followed]
    if dropped or len(node.args) > len([n for n in parameters if n in followed]):
        texts = ", ".join(f"{name}={program.segment(given[name])}" for name in followed if name in given)
        return [Edit(span, f"{kind}({texts})")]
    return [Edit(function, kind)]


def definitions(program: Program, tf: str) -> str:
    """The functions that make the columns which a program names and does not define."""
    called = {n.func.id for n in program.each(ast.Call) if isinstance(n.func, ast.Name)}
    bound = {n.name for n in program.each(ast.FunctionDef)}
    texts = {kind: KINDS[kind][2] for kind in KINDS if kind in called - bound}
    if "numeric_column" in texts and not any(word in program.text for word in ("normalizer_fn", "dtype=")):
        texts["numeric_column"] = _PLAIN
    return "\n\n".join(text.format(tf=tf) for text in texts.values())
