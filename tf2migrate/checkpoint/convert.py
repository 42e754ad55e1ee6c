"""Writes the values of one checkpoint under the names of another, and reads them back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tf2migrate.checkpoint.names import SUFFIX, Entry

if TYPE_CHECKING:
    import numpy as np

#: Under this key a `tf.train.Checkpoint` keeps what its objects are called.
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class NotConverted(ValueError):
    """Why nothing was written."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the new program saves: its object graph, the shape and type of each key, and what it starts with."""

    graph: bytes
    shapes: Mapping[str, tuple[Sequence[int], str]]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: each variable and its place; those left out; those that are as the new program starts."""

    entries: Sequence[Entry]
    left_out: Sequence[str]
    kept: Sequence[str]


def names_of(prefix: str) -> list[str]:
    """The names in a checkpoint. Raises `NotConverted` where it is none, or none that goes by names."""
    import tensorflow as tf

    try:
        found = tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError) as error:
        raise NotConverted(f"{prefix} cannot be read: {str(error).splitlines()[0]}") from None
    if GRAPH in found:
        raise NotConverted(f"{prefix} is a checkpoint of TensorFlow 2 already: it goes by objects, not by names")
    return sorted(found)


def template(prefix: str) -> Template:
    """What a checkpoint of the new program says of it. Raises `NotConverted`."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(prefix)
        graph = reader.get_tensor(GRAPH)
    except (tf.errors.OpError, ValueError) as error:
        what = f"{prefix} is no checkpoint of a tf.train.Checkpoint: {str(error).splitlines()[0]}"
        raise NotConverted(what) from None
    types = reader.get_variable_to_dtype_map()
    shapes = {k: (s, types[k].name) for k, s in reader.get_variable_to_shape_map().items() if k != GRAPH}
    return Template(graph, shapes, {key: reader.get_tensor(key) for key in shapes})


def convert(old: str, new: str, like: Template, entries: Sequence[Entry]) -> Report:
    """Writes NEW with the values of OLD, and compares what NEW then holds with them, bit by bit. Raises `NotConverted`.

    What has no entry is written as the new program starts with it; where that is not known, nothing is written.
    """
    import tensorflow as tf

    if os.path.realpath(old) == os.path.realpath(new):
        raise NotConverted("OLD and NEW are one checkpoint")
    reader = tf.train.load_checkpoint(old)
    values = _values(reader, like, entries)
    tensors = [tf.convert_to_tensor(v, dtype=tf.as_dtype(like.shapes[k][1])) for k, v in values.items()]
    os.makedirs(os.path.dirname(os.path.abspath(new)), exist_ok=True)
    names = [*values, GRAPH]
    tf.raw_ops.SaveV2(
        prefix=new, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[*tensors, tf.constant(like.graph)]
    )
    _verify(tf.train.load_checkpoint(new), values, like)
    written = {key for entry in entries for key in entry.keys}
    used = {name for entry in entries for name in entry.old}
    left_out = [name for name in names_of(old) if name not in used]
    return Report(entries, left_out, sorted(k.removesuffix(SUFFIX) for k in values if k not in written))


def _values(reader: Any, like: Template, entries: Sequence[Entry]) -> dict[str, np.ndarray[Any, Any]]:
    """The value of every key of the new checkpoint. Raises `NotConverted`."""
    import numpy as np

    values = {}
    for entry in entries:
        missing = [name for name in entry.old if not reader.has_tensor(name)]
        if missing:
            raise NotConverted(f"the old checkpoint has no {missing[0]}")
        value = entry.layout([reader.get_tensor(name) for name in entry.old])
        for key in entry.keys:
            shape, dtype = like.shapes[key]
            if list(value.shape) != list(shape) or value.dtype.name != dtype:
                what = f"{' and '.join(entry.old)}: {value.dtype} of shape {list(value.shape)}"
                raise NotConverted(f"{what}, where {entry.name} is {dtype} of shape {list(shape)}")
            values[key] = value
    for key, (_, dtype) in like.shapes.items():
        if key not in values:
            if like.values.get(key) is None:
                what = f"nothing in the old checkpoint is known to be {key.removesuffix(SUFFIX)}"
                raise NotConverted(f"{what}: name it with --map OLD={key.removesuffix(SUFFIX)}")
            values[key] = np.asarray(like.values[key], None if dtype == "string" else dtype)
    return values


def _verify(reader: Any, values: Mapping[str, np.ndarray[Any, Any]], like: Template) -> None:
    """Every value must be in the file as it was meant, to the bit. Raises `NotConverted`."""
    for key, value in values.items():
        found = reader.get_tensor(key)
        same = found == value if isinstance(found, bytes) else found.tobytes() == value.tobytes()
        if not same:
            raise NotConverted(f"{key.removesuffix(SUFFIX)} came back otherwise than it was written")
    if reader.get_tensor(GRAPH) != like.graph:
        raise NotConverted("the names of the objects came back otherwise than they were written")
