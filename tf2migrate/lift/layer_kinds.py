"""What TensorFlow 1's functions that make layers are: their parameters, the Keras class, and what is named otherwise.

Parameters and defaults are those of TensorFlow 1.15: `python/layers/*.py`, and `layers.py` of contrib.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: The layers that make no variables.
WEIGHTLESS = ("Flatten", "MaxPooling", "AveragePooling", "Dropout")
_REGULARIZED = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
_CONSTRAINED = ("kernel_constraint", "bias_constraint")
_WEIGHTS = ("activation", "use_bias", "kernel_initializer", "bias_initializer", *_REGULARIZED, *_CONSTRAINED)
_LAST = ("trainable", "name", "reuse")
_CONV = ("inputs", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", *_WEIGHTS, *_LAST)
_TRANSPOSED = ("inputs", "filters", "kernel_size", "strides", "padding", "data_format", *_WEIGHTS, *_LAST)
_SEPARABLE = (
    *("inputs", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier"),
    *("activation", "use_bias", "depthwise_initializer", "pointwise_initializer", "bias_initializer"),
    *("depthwise_regularizer", "pointwise_regularizer", "bias_regularizer", "activity_regularizer"),
    *("depthwise_constraint", "pointwise_constraint", "bias_constraint", *_LAST),
)
_POOL = ("inputs", "pool_size", "strides", "padding", "data_format", "name")
_NORM = (
    *("inputs", "axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer"),
    *("moving_mean_initializer", "moving_variance_initializer", "beta_regularizer", "gamma_regularizer"),
    *("beta_constraint", "gamma_constraint", "training", *_LAST, "renorm", "renorm_clipping", "renorm_momentum"),
    *("fused", "virtual_batch_size", "adjustment"),
)
_COLLECTED = ("reuse", "variables_collections", "outputs_collections", "trainable", "scope")
_CONTRIB_WEIGHTS = (
    *("activation_fn", "normalizer_fn", "normalizer_params", "weights_initializer", "weights_regularizer"),
    *("biases_initializer", "biases_regularizer", *_COLLECTED),
)
_CONTRIB_NORM = (
    *("inputs", "decay", "center", "scale", "epsilon", "activation_fn", "param_initializers", "param_regularizers"),
    *("updates_collections", "is_training", "reuse", "variables_collections", "outputs_collections", "trainable"),
    *("batch_weights", "fused", "data_format", "zero_debias_moving_mean", "scope", "renorm", "renorm_clipping"),
    *("renorm_decay", "adjustment"),
)


@dataclass(frozen=True)
class Kind:
    """A function that makes a layer and calls it."""

    keras: str  # the class; "Dropout" is written as an op, since it has no weights and is told at each run
    parameters: tuple[str, ...]
    first: tuple[str, ...] = ()  # what is written without its name
    required: tuple[str, ...] = ("inputs",)
    renamed: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)  # those that Keras has not, under Keras's names
    dropped: frozenset[str] = frozenset()  # what changes no number
    scope: str = ""  # the name in the graph of one that is given none


#: Parameters under which a call still means what Keras does when they are left out, None or False; else refused.
UNLIKE = frozenset(
    (
        *("renorm", "renorm_clipping", "virtual_batch_size", "adjustment", "outputs_collections"),
        *("variables_collections", "normalizer_fn", "normalizer_params", "param_initializers", "param_regularizers"),
        *("batch_weights", "zero_debias_moving_mean", "unique"),
    )
)
_FEW = frozenset(("fused", "renorm_momentum", "renorm_decay", "reuse", "scope"))
_CONTRIB = {
    "num_outputs": "filters",
    "stride": "strides",
    "rate": "dilation_rate",
    "activation_fn": "activation",
    "weights_initializer": "kernel_initializer",
    "weights_regularizer": "kernel_regularizer",
    "biases_initializer": "bias_initializer",
    "biases_regularizer": "bias_regularizer",
}
_RELU = {"activation": "{tf}.nn.relu"}
_FILTERED = ("inputs", "filters", "kernel_size")
_SPREAD = ("inputs", "num_outputs", "kernel_size")


def _conv(keras: str, parameters: tuple[str, ...] = _CONV) -> Kind:
    return Kind(keras, parameters, ("filters", "kernel_size", "strides"), _FILTERED, dropped=_FEW)


def _pool(keras: str) -> Kind:
    return Kind(keras, _POOL, ("pool_size", "strides"), _POOL[:3])


DENSE = Kind("Dense", ("inputs", "units", *_WEIGHTS, *_LAST), ("units",), ("inputs", "units"), dropped=_FEW)
NORMALIZATION = Kind("BatchNormalization", _NORM, dropped=_FEW)
DROPOUT = Kind("Dropout", ("inputs", "rate", "noise_shape", "seed", "training", "name"))
_CONTRIB_CONV = Kind(
    "Conv2D",
    ("inputs", "num_outputs", "kernel_size", "stride", "padding", "data_format", "rate", *_CONTRIB_WEIGHTS),
    ("filters", "kernel_size", "strides"),
    _SPREAD,
    _CONTRIB,
    {"padding": '"same"', **_RELU},
    _FEW,
)
_CONTRIB_POOL = Kind(
    "MaxPooling2D",
    ("inputs", "kernel_size", "stride", "padding", "data_format", "outputs_collections", "scope"),
    ("pool_size", "strides"),
    ("inputs", "kernel_size"),
    {"kernel_size": "pool_size", "stride": "strides"},
    {"strides": "2"},
    _FEW,
)
_LAYERS = {
    "dense": DENSE,
    "conv1d": _conv("Conv1D"),
    "conv2d": _conv("Conv2D"),
    "conv3d": _conv("Conv3D"),
    "separable_conv2d": _conv("SeparableConv2D", _SEPARABLE),
    "conv2d_transpose": _conv("Conv2DTranspose", _TRANSPOSED),
    "conv3d_transpose": _conv("Conv3DTranspose", _TRANSPOSED),
    "max_pooling1d": _pool("MaxPooling1D"),
    "max_pooling2d": _pool("MaxPooling2D"),
    "max_pooling3d": _pool("MaxPooling3D"),
    "average_pooling1d": _pool("AveragePooling1D"),
    "average_pooling2d": _pool("AveragePooling2D"),
    "average_pooling3d": _pool("AveragePooling3D"),
    "batch_normalization": NORMALIZATION,
    "dropout": DROPOUT,
    "flatten": Kind("Flatten", ("inputs", "name", "data_format")),
}
_CONTRIB_LAYERS = {
    "fully_connected": Kind(
        "Dense",
        ("inputs", "num_outputs", *_CONTRIB_WEIGHTS),
        ("units",),
        ("inputs", "num_outputs"),
        {**_CONTRIB, "num_outputs": "units"},
        _RELU,
        _FEW,
    ),
    "conv2d": _CONTRIB_CONV,
    "conv2d_transpose": replace(
        _CONTRIB_CONV,
        keras="Conv2DTranspose",
        parameters=("inputs", "num_outputs", "kernel_size", "stride", "padding", "data_format", *_CONTRIB_WEIGHTS),
    ),
    "max_pool2d": _CONTRIB_POOL,
    "avg_pool2d": replace(_CONTRIB_POOL, keras="AveragePooling2D"),
    "batch_norm": Kind(
        "BatchNormalization",
        _CONTRIB_NORM,
        renamed={"decay": "momentum", "is_training": "training"},
        defaults={"momentum": "0.999", "scale": "False"},
        dropped=_FEW,
    ),
    "dropout": Kind(
        "Dropout",
        ("inputs", "keep_prob", "noise_shape", "is_training", "outputs_collections", "scope", "seed"),
        renamed={"is_training": "training"},
    ),
    "flatten": Kind("Flatten", ("inputs", "outputs_collections", "scope"), dropped=_FEW),
    "embed_sequence": Kind(
        "Embedding",
        ("ids", "vocab_size", "embed_dim", "unique", "initializer", "regularizer", "trainable", "scope", "reuse"),
        ("input_dim", "output_dim"),
        ("ids", "vocab_size", "embed_dim"),
        {
            "ids": "inputs",
            "vocab_size": "input_dim",
            "embed_dim": "output_dim",
            "initializer": "embeddings_initializer",
            "regularizer": "embeddings_regularizer",
        },
        {"embeddings_initializer": '"glorot_uniform"'},
        _FEW,
    ),
}

_CONTRIB_LAYERS["convolution2d"] = _CONTRIB_CONV
_CONTRIB_LAYERS["convolution2d_transpose"] = _CONTRIB_LAYERS["conv2d_transpose"]
_SCOPES = {
    "embed_sequence": "EmbedSequence",
    "conv2d": "Conv",
    "convolution2d": "Conv",
    "conv2d_transpose": "Conv2d_transpose",
    "convolution2d_transpose": "Conv2d_transpose",
    "batch_norm": "BatchNorm",
    "flatten": "Flatten",
    "dropout": "Dropout",
    "max_pool2d": "MaxPool2D",
    "avg_pool2d": "AvgPool2D",
}
_FULLY = replace(_CONTRIB_LAYERS["fully_connected"], scope="fully_connected")

KINDS: dict[str, Kind] = {
    **{f"tf.layers.{name}": replace(kind, scope=name) for name, kind in _LAYERS.items()},
    **{
        f"tf.contrib.layers.{name}": replace(kind, scope=_SCOPES.get(name, name))
        for name, kind in _CONTRIB_LAYERS.items()
    },
    "tf.contrib.layers.linear": replace(_FULLY, defaults={}),
    "tf.contrib.layers.relu": _FULLY,
}
