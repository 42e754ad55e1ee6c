"""What TFM201 writes: MNIST with the members and batches of TensorFlow 1, no longer than a program needs it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

#: The parameters that the new reader has, with TF1's defaults, where the program gives them.
KEPT = {"fake_data": "False", "one_hot": "False", "reshape": "True", "validation_size": "5000"}


class Batches(Enum):
    """How a program takes batches."""

    NONE = "none"
    SHUFFLED = "shuffled"
    SHUFFLED_OR_NOT = "as next_batch is told"


ARRAYS = '''\
class {DataSet}:
    """Images and their labels."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.num_examples = len(images)
'''

BATCHES = '''\
class {DataSet}:
    """Images and labels in batches, shuffled at each epoch; the rest of an epoch is joined to the next."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.num_examples = len(images)
        self.epochs_completed = 0
        self._index_in_epoch = 0

    def next_batch(self, batch_size{fake}{shuffle}):
{no_fakes}        start, end = self._index_in_epoch, self._index_in_epoch + batch_size
        if {shuffle_and}start == self.epochs_completed == 0:
            self._shuffle()
        if end <= self.num_examples:
            self._index_in_epoch = end
            return self.images[start:end], self.labels[start:end]
        images, labels = self.images[start:], self.labels[start:]
        self.epochs_completed += 1
        {shuffle_then}self._shuffle()
        end = self._index_in_epoch = end - self.num_examples
        return {np}.concatenate([images, self.images[:end]]), {np}.concatenate([labels, self.labels[:end]])

    def _shuffle(self):
        order = {np}.random.permutation(self.num_examples)
        self.images, self.labels = self.images[order], self.labels[order]
'''

NO_FAKES = '''\
{step}if fake_data:
{step}    raise ValueError("there are no fake data in place of MNIST")
'''

FUNCTION = '''

{Datasets} = {collections}.namedtuple("{Datasets}", ["train", "validation", "test"])


def {read_data_sets}({parameters}):
    """MNIST with pixels between 0 and 1; {size} of the training images are for validation."""
{no_fake_data}
    def data_set(images, labels):
        images = images.reshape({shape}).astype({np}.float32) * (1 / 255)
        return {DataSet}(images, {labels})

    (images, labels), test = {tf}.keras.datasets.mnist.load_data()
    return {Datasets}(
        train=data_set(images[{size}:], labels[{size}:]),
        validation=data_set(images[:{size}], labels[:{size}]),
        test=data_set(*test),
    )'''


def mnist_code(
    given: frozenset[str], batches: Batches, faked: bool, names: Mapping[str, str], collections: str, np: str, tf: str
) -> str:
    """The class and the function, for a program that gives some parameters and calls the modules by these names.

    `faked` says whether batches are asked whether they are fake ones, for tests: there are none any more.
    """
    choice = batches is Batches.SHUFFLED_OR_NOT
    return ((ARRAYS if batches is Batches.NONE else BATCHES) + FUNCTION).format(
        parameters=", ".join(f"{name}={default}" for name, default in KEPT.items() if name in given),
        fake=", fake_data=False" if faked else "",
        no_fakes=NO_FAKES.format(step=" " * 8) if faked else "",
        no_fake_data="\n" + NO_FAKES.format(step=" " * 4) if "fake_data" in given else "",
        shuffle=f", {'' if faked else '*, '}shuffle=True" if choice else "",
        shuffle_and="shuffle and " if choice else "",
        shuffle_then="if shuffle:\n            " if choice else "",
        shape="(-1, 784) if reshape else (-1, 28, 28, 1)" if "reshape" in given else "-1, 784",
        labels=f"{np}.eye(10)[labels] if one_hot else labels" if "one_hot" in given else "labels",
        size="validation_size" if "validation_size" in given else KEPT["validation_size"],
        collections=collections,
        np=np,
        tf=tf,
        **names,
    )
