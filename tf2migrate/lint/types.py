"""What a value is, as far as rules care: a tensor, a variable, NumPy's, Python's, or not known."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tf2migrate.records import in_tf2


class Type(NamedTuple):
    """The kind of a value, the type of its items where it is a collection, and its dtype where it is a tensor."""

    kind: str
    item: Type | None = None
    dtype: str = ""

    def __str__(self) -> str:
        inside = f"[{self.item}]" if self.item else f"[{self.dtype}]" if self.dtype else ""
        return self.kind + inside


UNKNOWN = Type("unknown")
TENSOR = Type("tensor")  # a tensor for certain
NEST = Type("nest")  # a tensor, or a structure of them: an element of a dataset, the inputs of a layer
LIKELY = Type("likely")  # a parameter of tf.function of which nothing else is known
VARIABLE = Type("variable")
ARRAY = Type("array")
PYTHON = Type("python")  # numbers, strings, None, and what is made of them
SHAPE = Type("shape")  # x.shape
DIMENSION = Type("dimension")  # x.shape[0]: a number or None
DTYPE = Type("dtype")
DATASET = Type("dataset")
TENSOR_ARRAY = Type("tensorarray")
TAPE = Type("tape")
OPTIMIZER = Type("optimizer")
CALLABLE = Type("callable")
LAYER = Type("layer")
GENERATOR = Type("generator")  # a Python iterator
STRING = Type("python", None, "string")
NONE = Type("python", None, "none")
INT = Type("python", None, "int")
FLOAT = Type("python", None, "float")
BOOL = Type("python", None, "bool")

#: What is computed by TensorFlow when an operator meets it.
SYMBOLIC = frozenset(("tensor", "variable"))

#: What may be a tensor without its being certain.
MAYBE = frozenset(("nest", "likely"))

CONTAINERS = frozenset(("list", "tuple", "set", "dict"))


def tensor(dtype: str = "") -> Type:
    """A tensor of a dtype."""
    return Type("tensor", None, dtype) if dtype else TENSOR


def join(one: Type, other: Type) -> Type:
    """What a value is that is one or the other."""
    if one == other:
        return one
    if one.kind == other.kind:
        item = join(one.item, other.item) if one.item and other.item else one.item or other.item
        return Type(one.kind, item, one.dtype if one.dtype == other.dtype else "")
    kinds = {one.kind, other.kind}
    if kinds <= {"tensor", "variable", "likely", "nest"}:
        return NEST if "nest" in kinds else LIKELY if "likely" in kinds else TENSOR
    if kinds <= {"shape", "python"} or kinds <= {"dimension", "python"}:
        return DIMENSION if "dimension" in kinds else SHAPE
    return UNKNOWN


#: Functions of TensorFlow whose result is no tensor, by the longest prefix that fits; "" where it is not known.
RESULTS: dict[str, Type] = {
    "tf.Variable": VARIABLE,
    "tf.TensorArray": TENSOR_ARRAY,
    "tf.GradientTape": TAPE,
    "tf.function": CALLABLE,
    "tf.data.": UNKNOWN,
    "tf.data.Dataset": DATASET,
    "tf.data.Dataset.": DATASET,
    "tf.data.TFRecordDataset": DATASET,
    "tf.data.TextLineDataset": DATASET,
    "tf.data.FixedLengthRecordDataset": DATASET,
    "tf.keras.": UNKNOWN,
    "tf.keras.Input": Type("symbolic"),
    "tf.keras.layers.Input": Type("symbolic"),
    "tf.keras.ops.": TENSOR,
    "tf.keras.ops.shape": Type("tuple", DIMENSION),
    "tf.keras.ops.ndim": INT,
    "tf.keras.ops.size": DIMENSION,
    "tf.keras.ops.dtype": STRING,
    "tf.keras.ops.is_tensor": BOOL,
    "tf.keras.ops.convert_to_numpy": ARRAY,
    "tf.keras.ops.split": Type("list", TENSOR),
    "tf.keras.ops.array_split": Type("list", TENSOR),
    "tf.keras.ops.unstack": Type("list", TENSOR),
    "tf.keras.ops.meshgrid": Type("list", TENSOR),
    "tf.keras.ops.nonzero": Type("tuple", TENSOR),
    "tf.keras.ops.modf": Type("tuple", TENSOR),
    "tf.keras.ops.moments": Type("tuple", TENSOR),
    "tf.keras.ops.top_k": Type("tuple", TENSOR),
    "tf.keras.ops.stft": Type("tuple", TENSOR),
    "tf.keras.ops.qr": Type("tuple", TENSOR),
    "tf.keras.ops.svd": UNKNOWN,
    "tf.keras.ops.eig": Type("tuple", TENSOR),
    "tf.keras.ops.eigh": Type("tuple", TENSOR),
    "tf.keras.ops.histogram": Type("tuple", TENSOR),
    "tf.keras.ops.slogdet": Type("tuple", TENSOR),
    "tf.keras.ops.unravel_index": Type("tuple", TENSOR),
    "tf.keras.ops.custom_gradient": CALLABLE,
    "tf.keras.ops.cond": NEST,
    "tf.keras.ops.switch": NEST,
    "tf.keras.ops.map": NEST,
    "tf.keras.ops.scan": NEST,
    "tf.keras.ops.associative_scan": NEST,
    "tf.keras.ops.fori_loop": NEST,
    "tf.keras.ops.while_loop": NEST,
    "tf.keras.ops.vectorized_map": NEST,
    "tf.__internal__.": UNKNOWN,
    "tf.keras.losses.": UNKNOWN,
    "tf.keras.activations.": TENSOR,
    "tf.shape": tensor("int32"),
    "tf.size": tensor("int32"),
    "tf.rank": tensor("int32"),
    "tf.split": Type("list", TENSOR),
    "tf.shape_n": Type("list", TENSOR),
    "tf.unstack": Type("list", TENSOR),
    "tf.meshgrid": Type("list", TENSOR),
    "tf.dynamic_partition": Type("list", TENSOR),
    "tf.unique": Type("tuple", TENSOR),
    "tf.unique_with_counts": Type("tuple", TENSOR),
    "tf.nn.moments": Type("tuple", TENSOR),
    "tf.nn.top_k": Type("tuple", TENSOR),
    "tf.math.top_k": Type("tuple", TENSOR),
    "tf.nn.weighted_moments": Type("tuple", TENSOR),
    "tf.nn.fused_batch_norm": Type("tuple", TENSOR),
    "tf.linalg.svd": UNKNOWN,
    "tf.linalg.qr": Type("tuple", TENSOR),
    "tf.linalg.eigh": Type("tuple", TENSOR),
    "tf.linalg.eig": Type("tuple", TENSOR),
    "tf.linalg.lu": Type("tuple", TENSOR),
    "tf.linalg.LinearOperator": UNKNOWN,
    "tf.clip_by_global_norm": UNKNOWN,
    "tf.raw_ops.": UNKNOWN,
    "tf.TensorShape": SHAPE,
    "tf.TensorSpec": UNKNOWN,
    "tf.as_dtype": DTYPE,
    "tf.dtypes.as_dtype": DTYPE,
    "tf.is_tensor": BOOL,
    "tf.is_symbolic_tensor": BOOL,
    "tf.get_current_name_scope": STRING,
    "tf.get_logger": UNKNOWN,
    "tf.executing_eagerly": BOOL,
    "tf.inside_function": BOOL,
    "tf.get_static_value": UNKNOWN,
    "tf.broadcast_static_shape": SHAPE,
    "tf.nest.": UNKNOWN,
    "tf.name_scope": UNKNOWN,
    "tf.cond": NEST,
    "tf.case": NEST,
    "tf.switch_case": NEST,
    "tf.map_fn": NEST,
    "tf.scan": NEST,
    "tf.foldl": NEST,
    "tf.foldr": NEST,
    "tf.while_loop": NEST,
    "tf.vectorized_map": NEST,
    "tf.py_function": NEST,
    "tf.numpy_function": NEST,
    "tf.gradients": UNKNOWN,
    "tf.hessians": UNKNOWN,
    "tf.group": UNKNOWN,
    "tf.print": UNKNOWN,
    "tf.control_dependencies": UNKNOWN,
    "tf.device": UNKNOWN,
    "tf.init_scope": UNKNOWN,
    "tf.ragged.": UNKNOWN,
    "tf.RaggedTensor": UNKNOWN,
    "tf.sparse.": UNKNOWN,
    "tf.SparseTensor": UNKNOWN,
    "tf.IndexedSlices": UNKNOWN,
    "tf.strings.split": UNKNOWN,
    "tf.random.set_seed": NONE,
    "tf.random.Generator": UNKNOWN,
    "tf.random.get_global_generator": UNKNOWN,
    "tf.random.experimental.": UNKNOWN,
    "tf.experimental.": UNKNOWN,
    "tf.compat.": UNKNOWN,
    "tf.autograph.": UNKNOWN,
    "tf.config.": PYTHON,
    "tf.debugging.": UNKNOWN,
    "tf.distribute.": UNKNOWN,
    "tf.dtypes.DType": DTYPE,
    "tf.errors.": UNKNOWN,
    "tf.estimator.": UNKNOWN,
    "tf.feature_column.": UNKNOWN,
    "tf.graph_util.": UNKNOWN,
    "tf.initializers.": UNKNOWN,
    "tf.io.gfile.": PYTHON,
    "tf.io.TFRecordWriter": UNKNOWN,
    "tf.io.FixedLenFeature": UNKNOWN,
    "tf.io.VarLenFeature": UNKNOWN,
    "tf.io.parse_": UNKNOWN,
    "tf.io.decode_csv": Type("list", TENSOR),
    "tf.io.decode_proto": UNKNOWN,
    "tf.io.match_filenames_once": UNKNOWN,
    "tf.image.combined_non_max_suppression": UNKNOWN,
    "tf.image.non_max_suppression_with_scores": Type("tuple", TENSOR),
    "tf.image.non_max_suppression_padded": Type("tuple", TENSOR),
    "tf.image.sample_distorted_bounding_box": Type("tuple", TENSOR),
    "tf.image.stateless_sample_distorted_bounding_box": Type("tuple", TENSOR),
    "tf.image.image_gradients": Type("tuple", TENSOR),
    "tf.linalg.normalize": Type("tuple", TENSOR),
    "tf.linalg.slogdet": UNKNOWN,
    "tf.nn.ctc_beam_search_decoder": UNKNOWN,
    "tf.nn.ctc_greedy_decoder": UNKNOWN,
    "tf.nn.collapse_repeated": Type("tuple", TENSOR),
    "tf.nn.compute_accidental_hits": Type("tuple", TENSOR),
    "tf.nn.ctc_unique_labels": Type("tuple", TENSOR),
    "tf.nn.fractional_avg_pool": UNKNOWN,
    "tf.nn.fractional_max_pool": UNKNOWN,
    "tf.nn.max_pool_with_argmax": Type("tuple", TENSOR),
    "tf.nn.normalize_moments": Type("tuple", TENSOR),
    "tf.nn.sufficient_statistics": Type("tuple", TENSOR),
    "tf.nn.isotonic_regression": Type("tuple", TENSOR),
    "tf.random.all_candidate_sampler": UNKNOWN,
    "tf.random.create_rng_state": TENSOR,
    "tf.random.experimental_": UNKNOWN,
    "tf.random.fixed_unigram_candidate_sampler": UNKNOWN,
    "tf.random.learned_unigram_candidate_sampler": UNKNOWN,
    "tf.random.log_uniform_candidate_sampler": UNKNOWN,
    "tf.random.uniform_candidate_sampler": UNKNOWN,
    "tf.random.split": UNKNOWN,
    "tf.random.set_global_generator": NONE,
    "tf.quantization.": UNKNOWN,
    "tf.sets.": UNKNOWN,
    "tf.audio.decode_wav": Type("tuple", TENSOR),
    "tf.required_space_to_batch_paddings": Type("tuple", TENSOR),
    "tf.nondifferentiable_batch_function": CALLABLE,
    "tf.math.approx_max_k": Type("tuple", TENSOR),
    "tf.math.approx_min_k": Type("tuple", TENSOR),
    "tf.nn.approx_max_k": Type("tuple", TENSOR),
    "tf.nn.approx_min_k": Type("tuple", TENSOR),
    "tf.io.write_graph": UNKNOWN,
    "tf.lite.": UNKNOWN,
    "tf.lookup.": UNKNOWN,
    "tf.mlir.": UNKNOWN,
    "tf.nn.experimental.": UNKNOWN,
    "tf.nn.RNN": UNKNOWN,
    "tf.numpy.": UNKNOWN,
    "tf.profiler.": UNKNOWN,
    "tf.python.": UNKNOWN,
    "tf.queue.": UNKNOWN,
    "tf.raw": UNKNOWN,
    "tf.saved_model.": UNKNOWN,
    "tf.summary.": UNKNOWN,
    "tf.sysconfig.": PYTHON,
    "tf.test.": UNKNOWN,
    "tf.tpu.": UNKNOWN,
    "tf.train.": UNKNOWN,
    "tf.types.": UNKNOWN,
    "tf.version.": PYTHON,
    "tf.xla.": UNKNOWN,
    "tf.Module": UNKNOWN,
    "tf.Graph": UNKNOWN,
    "tf.Assert": UNKNOWN,
    "tf.load_library": UNKNOWN,
    "tf.load_op_library": UNKNOWN,
    "tf.register_tensor_conversion_function": UNKNOWN,
    "tf.type_spec_from_value": UNKNOWN,
    "tf.make_tensor_proto": UNKNOWN,
    "tf.make_ndarray": ARRAY,
    "tf.custom_gradient": CALLABLE,
    "tf.recompute_grad": CALLABLE,
    "tf.grad_pass_through": CALLABLE,
    "tf.no_gradient": CALLABLE,
    "tf.math.argmax": tensor("int64"),
    "tf.argmax": tensor("int64"),
    "tf.argmin": tensor("int64"),
    "tf.math.argmin": tensor("int64"),
}

#: Functions whose result has the dtype of their first argument.
SAME_DTYPE = frozenset(
    f"tf.{name}"
    for name in (
        *("abs", "add", "add_n", "clip_by_value", "concat", "divide", "exp", "expand_dims", "identity", "maximum"),
        *("minimum", "multiply", "negative", "ones_like", "pad", "pow", "reduce_max", "reduce_mean", "reduce_min"),
        *("reduce_prod", "reduce_sum", "repeat", "reshape", "reverse", "round", "sign", "sqrt", "square", "squeeze"),
        *(
            "stack",
            "subtract",
            "tile",
            "transpose",
            "where",
            "zeros_like",
            "floor",
            "gather",
            "math.add",
            "math.multiply",
        ),
        *("sin", "cos", "tanh", "sigmoid", "nn.relu", "math.log", "math.square", "math.reduce_sum", "stop_gradient"),
    )
)

#: Functions with a `dtype` argument: its place, and what it is when it is not given ("" : the first argument's).
DTYPE_ARGUMENT = {
    "tf.constant": (1, ""),
    "tf.convert_to_tensor": (1, ""),
    "tf.cast": (1, "?"),
    "tf.zeros": (1, "float32"),
    "tf.ones": (1, "float32"),
    "tf.eye": (3, "float32"),
    "tf.fill": (9, "?"),
    "tf.random.normal": (3, "float32"),
    "tf.random.uniform": (3, "float32"),
    "tf.range": (9, "?"),
    "tf.Variable": (9, ""),
}

#: Annotations that say what a parameter is.
ANNOTATIONS = {
    "tf.Tensor": TENSOR,
    "tf.Variable": VARIABLE,
    "tf.data.Dataset": DATASET,
    "tf.data.Dataset.": DATASET,
    "tf.TensorArray": TENSOR_ARRAY,
    "numpy.ndarray": ARRAY,
    "numpy.array": ARRAY,
    "builtins.int": INT,
    "builtins.float": FLOAT,
    "builtins.bool": BOOL,
    "builtins.str": STRING,
    "builtins.list": Type("list"),
    "builtins.dict": Type("dict"),
    "builtins.tuple": Type("tuple"),
    "tf.DType": DTYPE,
    "tf.dtypes.DType": DTYPE,
    "tf.TensorShape": SHAPE,
    "typing.List": Type("list"),
    "typing.Dict": Type("dict"),
    "typing.Callable": CALLABLE,
}


@lru_cache(maxsize=1 << 14)
def result_of(symbol: str) -> Type:
    """What a function of TensorFlow returns, its dtype aside."""
    best = max((p for p in RESULTS if symbol == p or (symbol.startswith(p) and p[-1] in "._y")), key=len, default="")
    if best:
        return RESULTS[best]
    name = symbol.rpartition(".")[2]
    return UNKNOWN if name[:1].isupper() or not in_tf2(symbol) else TENSOR
