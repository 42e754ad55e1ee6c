"""TFM205 beyond its page: which calls are followed, and under which names."""

from __future__ import annotations

import pytest

from tf2migrate.facts.program import Program
from tf2migrate.migrate import migrate
from tf2migrate.model import Options
from tf2migrate.rewrites.resizes import FUNCTION, resize_images

TF = "import tensorflow as tf\n\n"

#: A call, and what becomes of it.
CALLS = {
    "tf.image.resize_images(x, [2, 2])": "resize_images(x, [2, 2])",
    "tf.image.resize_images(x, size)": "resize_images(x, size)",
    "tf.image.resize_images(images=x, size=s, align_corners=c)": "resize_images(images=x, size=s, align_corners=c)",
    "tf.image.resize_images(x, s, method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)": "resize_images(x, s, method=1)",
    "tf.image.resize_images(x, [2, 2], tf.image.ResizeMethod.BICUBIC, name='x')": "resize_images(x, [2, 2], 2)",
    "tf.image.resize_images(x, [2, 2], method=draw(4))": "resize_images(x, [2, 2], method=draw(4))",
    "tf.image.resize_images(x, [2, 2], preserve_aspect_ratio=False)": "resize_images(x, [2, 2])",
    "tf.image.resize_images(tf.image.resize_images(x, r), s)": "resize_images(resize_images(x, r), s)",
}


@pytest.mark.parametrize("call", CALLS)
def test_followed(call: str) -> None:
    after = migrate(f"{TF}y = {call}\n").after
    assert after.splitlines()[-1] == f"y = {CALLS[call]}"
    assert after.count("def resize_images(") == 1


@pytest.mark.parametrize(
    "text",
    [
        "tf.image.resize_images(x, [2, 2], preserve_aspect_ratio=True)",
        "tf.image.resize_images(x, [2, 2], preserve_aspect_ratio=keep)",
        "tf.image.resize_images(x, *rest)",
        "tf.image.resize_images(x, **rest)",
        "print(tf.image.resize_images)",
        "tf.image.resize_images(x, [2, 2], tf.image.ResizeMethod.AREA if small else 0)",
        "tf.image.resize_images(x, [2, 2])\nprint(tf.image.resize_images)",
    ],
)
def test_left_and_told(text: str) -> None:
    assert resize_images(Program(f"{TF}{text}\n"), Options()).edits == ()
    migration = migrate(f"{TF}{text}\ntf.Session()\n")
    assert not migration.changed
    assert {finding.line for finding in migration.findings} >= {3}


def test_a_name_that_is_taken_stays() -> None:
    after = migrate(f"{TF}def resize_images(x):\n    return tf.image.resize_images(x, [2, 2])\n").after
    assert "def resize_images_tf1(images" in after
    assert "return resize_images_tf1(x, [2, 2])" in after


@pytest.mark.tensorflow
@pytest.mark.parametrize("method", range(4))
@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("rank", [3, 4])
def test_the_kernels_are_those_of_tensorflow_1(method: int, corners: bool, rank: int) -> None:
    import numpy as np
    import tensorflow as tf

    images = np.random.default_rng(0).random((2, 4, 5, 3)[4 - rank :]).astype(np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        old = session.run(tf.compat.v1.image.resize_images(images, [7, 3], method, corners))
    names: dict[str, object] = {}
    exec(FUNCTION.format(name="resize", tf="tf"), {"tf": tf}, names)
    new = names["resize"](images, [7, 3], method, corners)  # type: ignore[operator]
    np.testing.assert_array_equal(new.numpy(), old)
