"""Runs the examples of rules/, all of one side in one process: JSON list of programs in, list of what each printed out.

    python sides.py old|new|compat < programs.json

The old side is TensorFlow 1 as today's TensorFlow still has it; compat is today's, with Keras 2. Random ops are the
same function of shape and type on all sides, and data sets are made up, so that two programs that mean the same print
the same.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import linecache
import os
import pathlib
import random
import sys
import traceback
import types
from typing import Any

import numpy as np

Images = tuple[np.ndarray, np.ndarray]


def made_up(path: str = "") -> tuple[Images, Images]:
    """Data in the form of MNIST's, with enough images for a validation part."""
    draw = np.random.RandomState(1)
    train, test = (
        (draw.randint(0, 256, (count, 28, 28)).astype("uint8"), draw.randint(0, 10, count).astype("uint8"))
        for count in (5250, 40)
    )
    return train, test


class OldDataSet:
    """A part of MNIST with TensorFlow 1's batches, told as its documentation tells it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels, self.num_examples = images, labels, len(images)
        self.epochs_completed, self.at, self.begun = 0, 0, False

    def shuffle(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> Images:
        if shuffle and not self.begun:
            self.shuffle()
        self.begun = True
        images, labels = self.images[self.at : self.at + batch_size], self.labels[self.at : self.at + batch_size]
        self.at += batch_size
        if self.at > self.num_examples:
            self.epochs_completed += 1
            self.at -= self.num_examples
            if shuffle:
                self.shuffle()
            images = np.concatenate([images, self.images[: self.at]])
            labels = np.concatenate([labels, self.labels[: self.at]])
        return images, labels


def read_data_sets(
    train_dir: str, fake_data: bool = False, one_hot: bool = False, reshape: bool = True, validation_size: int = 5000
) -> Any:
    """TensorFlow 1's reader, as far as the examples use it."""

    def part(images: np.ndarray, labels: np.ndarray) -> OldDataSet:
        shape = (len(images), 784) if reshape else (len(images), 28, 28, 1)
        scaled = np.multiply(images.reshape(shape).astype(np.float32), 1.0 / 255.0)
        hot = (labels[:, None] == np.arange(10)).astype(np.float64)
        return OldDataSet(scaled, hot if one_hot else labels)

    (images, labels), test = made_up()
    return types.SimpleNamespace(
        train=part(images[validation_size:], labels[validation_size:]),
        validation=part(images[:validation_size], labels[:validation_size]),
        test=part(*test),
    )


def share_randomness() -> None:
    """Every random op draws the same numbers for the same shape and type."""
    from tensorflow.python.ops import gen_random_ops, stateless_random_ops

    seed = (1, 2)

    def normal(shape: Any, dtype: Any, **_: Any) -> Any:
        return stateless_random_ops.stateless_random_normal(shape, seed, dtype=dtype)

    def truncated(shape: Any, dtype: Any, **_: Any) -> Any:
        return stateless_random_ops.stateless_truncated_normal(shape, seed, dtype=dtype)

    def uniform(shape: Any, dtype: Any, **_: Any) -> Any:
        return stateless_random_ops.stateless_random_uniform(shape, seed, dtype=dtype)

    gen_random_ops.random_standard_normal = normal
    gen_random_ops.truncated_normal = truncated
    gen_random_ops.random_uniform = uniform
    if os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        import tensorflow as tf
        from keras.src.backend.tensorflow import random as keras_random

        keras_random._cast_seed = keras_random.draw_seed = lambda _: tf.constant(seed, tf.int32)


def provide(path: str, **members: Any) -> None:
    """A module that today's TensorFlow does not ship, with its parents."""
    parts = path.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        module = sys.modules.setdefault(name, types.ModuleType(name))
        module.__path__ = []
        if depth > 1:
            setattr(sys.modules[name.rpartition(".")[0]], parts[depth - 1], module)
    vars(sys.modules[path]).update(members)


def become_old() -> None:
    """`import tensorflow` means TensorFlow 1 from here on."""
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    from tf2migrate.verify.runner import be_tensorflow_1

    be_tensorflow_1()
    provide("tensorflow.examples.tutorials.mnist.input_data", read_data_sets=read_data_sets)
    provide("tensorflow.contrib.learn.python.learn.datasets.mnist", read_data_sets=read_data_sets)
    provide("tensorflow.contrib.training", HParams=type("HParams", (types.SimpleNamespace,), {}))


def run(program: str, tf: Any) -> str:
    """What a program prints, with the error that ended it."""
    random.seed(0)
    np.random.seed(0)
    tf.compat.v1.reset_default_graph()
    module = types.ModuleType("__main__")
    out = io.StringIO()
    lines = program.splitlines(keepends=True)
    linecache.cache["<example>"] = len(program), None, lines, "<example>"  # where AutoGraph looks for the text
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(program, "<example>", "exec"), vars(module))
        except BaseException:
            out.write(traceback.format_exc())
    return out.getvalue()


def main(side: str) -> None:
    import tensorflow as tf

    share_randomness()
    tf.keras.datasets.mnist.load_data = made_up
    if side == "old":
        become_old()
    gc.freeze()  # what is imported stays: it need not be looked at for garbage
    print(json.dumps([run(program, tf) for program in json.load(sys.stdin)]))


if __name__ == "__main__":
    main(sys.argv[1])
