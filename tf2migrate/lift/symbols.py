"""What the lifting knows of TensorFlow 1's names: which make graph machinery, which make state, which are random."""

from __future__ import annotations

#: What stands before the settings of a command line, which are plain Python: numbers, strings, whether.
FLAGS = ("tf.app.flags.FLAGS.", "tf.flags.FLAGS.", "tf.platform.flags.FLAGS.")
SESSIONS = {"tf.Session", "tf.InteractiveSession"}

#: The one function that runs a session: the value of the global step, as a number of Python's.
COUNT = "tf.train.global_step"
#: What initializes state, and which: all variables, the local ones of metrics, some, or none.
INITIALIZERS = {
    "tf.global_variables_initializer": "global",
    "tf.initialize_all_variables": "global",
    "tf.local_variables_initializer": "local",
    "tf.initialize_local_variables": "local",
    "tf.variables_initializer": "some",
    "tf.initialize_variables": "some",
    "tf.tables_initializer": "tables",
    "tf.initialize_all_tables": "tables",
    "tf.initializers.global_variables": "global",
    "tf.initializers.local_variables": "local",
    "tf.initializers.variables": "some",
    "tf.initializers.tables_initializer": "tables",
}
RANDOM = {
    "tf.random_normal",
    "tf.random_uniform",
    "tf.truncated_normal",
    "tf.random_gamma",
    "tf.random_poisson",
    "tf.random_shuffle",
    "tf.random_crop",
    "tf.multinomial",
    "tf.distributions.Normal",
    "tf.nn.dropout",
    "tf.image.random_flip_left_right",
    "tf.image.random_brightness",
    "tf.image.random_contrast",
    "tf.image.random_hue",
    "tf.image.random_saturation",
    "tf.image.random_flip_up_down",
    "tf.nn.nce_loss",
    "tf.nn.sampled_softmax_loss",
    "tf.nn.uniform_candidate_sampler",
    "tf.nn.log_uniform_candidate_sampler",
    "tf.nn.learned_unigram_candidate_sampler",
    "tf.nn.fixed_unigram_candidate_sampler",
    "tf.nn.all_candidate_sampler",
    "tf.nn.fractional_max_pool",
    "tf.nn.fractional_avg_pool",
    "tf.image.sample_distorted_bounding_box",
    "tf.timestamp",
}
#: Ops that give a list or a tuple of tensors.
SEVERAL = {
    *("tf.decode_csv", "tf.io.decode_csv"),
    *("tf.meshgrid", "tf.nn.moments", "tf.nn.top_k", "tf.math.top_k", "tf.qr", "tf.linalg.qr", "tf.self_adjoint_eig"),
    *("tf.linalg.eigh", "tf.tuple"),
    *("tf.svd", "tf.linalg.svd", "tf.split", "tf.unstack", "tf.unique", "tf.unique_with_counts"),
    *(
        "tf.setdiff1d",
        "tf.dynamic_partition",
        "tf.nn.weighted_moments",
        "tf.nn.fused_batch_norm",
        "tf.clip_by_global_norm",
    ),
}
#: What only works where it was made: in the function that uses it.
INSIDE = {"tf.TensorArray"}
#: What gives whatever the functions give that it calls.
CONTROL_FLOW = {"tf.cond", "tf.while_loop", "tf.map_fn", "tf.scan", "tf.foldl", "tf.foldr"}
RANDOM_PREFIXES = ("tf.random.", "tf.image.random_", "tf.distributions.", "tf.contrib.distributions.")

#: Symbols whose calls are plain Python even in graph code: no tensor comes of them.
PYTHON_PREFIXES = (
    "tf.app.",
    "tf.flags.",
    "tf.logging.",
    "tf.gfile.",
    "tf.io.gfile.",
    "tf.test.",
    "tf.python_io.",
    "tf.contrib.learn.preprocessing.",
    "tf.train.Feature",
    "tf.train.Example",
    "tf.train.Int64List",
    "tf.train.BytesList",
    "tf.train.FloatList",
    "tf.train.SequenceExample",
    "tf.keras.datasets.",
    "tf.keras.utils.",
    "tf.keras.preprocessing.",
    "tf.python.client.",
    "tf.contrib.learn.datasets.",
    "tf.examples.",
    "tf.resource_loader.",
    "tf.sysconfig.",
    "tf.errors.",
    "tf.GraphKeys",
    "tf.summary.Summary",
    "tf.config.",
    "tf.saved_model.",
)
PYTHON = {
    "tf.ConfigProto",
    "tf.GPUOptions",
    "tf.OptimizerOptions",
    "tf.GraphOptions",
    "tf.RunOptions",
    "tf.RunMetadata",
    "tf.set_random_seed",
    "tf.random.set_random_seed",
    "tf.reset_default_graph",
    "tf.disable_v2_behavior",
    "tf.disable_eager_execution",
    "tf.TensorShape",
    "tf.Dimension",
    "tf.as_dtype",
    "tf.DType",
    "tf.HistogramProto",
    "tf.train.latest_checkpoint",
    "tf.train.get_checkpoint_state",
    "tf.train.checkpoint_exists",
    "tf.train.list_variables",
    "tf.train.load_checkpoint",
    "tf.contrib.training.HParams",
    "tf.FixedLenFeature",
    "tf.VarLenFeature",
    "tf.io.FixedLenFeature",
    "tf.io.VarLenFeature",
    "tf.is_gpu_available",
    "tf.trainable_variables.__name__",
    "tf.SparseTensorValue",
    "tf.make_tensor_proto",
    "tf.make_ndarray",
}
INITIALIZER_OBJECTS = (
    "tf.random_normal_initializer",
    "tf.random_uniform_initializer",
    "tf.truncated_normal_initializer",
    "tf.constant_initializer",
    "tf.zeros_initializer",
    "tf.ones_initializer",
    "tf.orthogonal_initializer",
    "tf.uniform_unit_scaling_initializer",
    "tf.variance_scaling_initializer",
    "tf.glorot_uniform_initializer",
    "tf.glorot_normal_initializer",
    "tf.initializers.",
    "tf.keras.initializers.",
    "tf.keras.regularizers.",
    "tf.contrib.layers.xavier_initializer",
    "tf.contrib.layers.variance_scaling_initializer",
    "tf.contrib.layers.l1_regularizer",
    "tf.contrib.layers.l2_regularizer",
    "tf.contrib.layers.l1_l2_regularizer",
)

#: TF1's optimizers: their parameters, and the Keras optimizer with the same update.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "tf.train.GradientDescentOptimizer": ("learning_rate", "use_locking", "name"),
    "tf.train.MomentumOptimizer": ("learning_rate", "momentum", "use_locking", "name", "use_nesterov"),
    "tf.train.AdamOptimizer": ("learning_rate", "beta1", "beta2", "epsilon", "use_locking", "name"),
    "tf.train.AdagradOptimizer": ("learning_rate", "initial_accumulator_value", "use_locking", "name"),
    "tf.train.AdadeltaOptimizer": ("learning_rate", "rho", "epsilon", "use_locking", "name"),
    "tf.train.RMSPropOptimizer": (
        "learning_rate",
        "decay",
        "momentum",
        "epsilon",
        "use_locking",
        "centered",
        "name",
    ),
    "tf.train.FtrlOptimizer": (
        "learning_rate",
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "use_locking",
        "name",
        "accum_name",
        "linear_name",
        "l2_shrinkage_regularization_strength",
    ),
}

#: TF1's learning-rate schedules and their parameters.
SCHEDULES: dict[str, tuple[str, ...]] = {
    "tf.train.exponential_decay": (
        "learning_rate",
        "global_step",
        "decay_steps",
        "decay_rate",
        "staircase",
        "name",
    ),
    "tf.train.inverse_time_decay": (
        "learning_rate",
        "global_step",
        "decay_steps",
        "decay_rate",
        "staircase",
        "name",
    ),
    "tf.train.natural_exp_decay": (
        "learning_rate",
        "global_step",
        "decay_steps",
        "decay_rate",
        "staircase",
        "name",
    ),
    "tf.train.cosine_decay_restarts": (
        "learning_rate",
        "global_step",
        "first_decay_steps",
        "t_mul",
        "m_mul",
        "alpha",
        "name",
    ),
    "tf.train.polynomial_decay": (
        "learning_rate",
        "global_step",
        "decay_steps",
        "end_learning_rate",
        "power",
        "cycle",
        "name",
    ),
    "tf.train.piecewise_constant": ("x", "boundaries", "values", "name"),
    "tf.train.cosine_decay": ("learning_rate", "global_step", "decay_steps", "alpha", "name"),
}

MINIMIZE = (
    "loss",
    "global_step",
    "var_list",
    "gate_gradients",
    "aggregation_method",
    "colocate_gradients_with_ops",
    "name",
    "grad_loss",
)
COMPUTE_GRADIENTS = (
    "loss",
    "var_list",
    "gate_gradients",
    "aggregation_method",
    "colocate_gradients_with_ops",
    "grad_loss",
)
APPLY_GRADIENTS = ("grads_and_vars", "global_step", "name")
GRADIENTS = (
    "ys",
    "xs",
    "grad_ys",
    "name",
    "colocate_gradients_with_ops",
    "gate_gradients",
    "aggregation_method",
    "stop_gradients",
    "unconnected_gradients",
)
PLACEHOLDER = ("dtype", "shape", "name")
SPARSE = ("tf.sparse_placeholder", "tf.sparse.placeholder")
PLACEHOLDER_WITH_DEFAULT = ("input", "shape", "name")
VARIABLE = (
    "initial_value",
    "trainable",
    "collections",
    "validate_shape",
    "caching_device",
    "name",
    "variable_def",
    "dtype",
    "expected_shape",
    "import_scope",
    "constraint",
    "use_resource",
    "synchronization",
    "aggregation",
    "shape",
)
GET_VARIABLE = (
    "name",
    "shape",
    "dtype",
    "initializer",
    "regularizer",
    "trainable",
    "collections",
    "caching_device",
    "partitioner",
    "validate_shape",
    "use_resource",
    "custom_getter",
    "constraint",
    "synchronization",
    "aggregation",
)
RUN = ("fetches", "feed_dict", "options", "run_metadata")
EVAL = ("feed_dict", "session")


def is_random(path: str) -> bool:
    """Whether each run of the op draws anew."""
    return path in RANDOM or path.startswith(RANDOM_PREFIXES)


def is_python(path: str) -> bool:
    """Whether a call of the symbol is plain Python: no tensor of the graph comes of it."""
    return path in PYTHON or path.startswith((*PYTHON_PREFIXES, *INITIALIZER_OBJECTS))
