"""What a small training step costs as it is migrated, and what each option that avoids a cost brings.

    python benchmarks/options.py

A network of two layers, 60 rows and four variables, on one thread: the session in a process of its own, then the
migrated step, its data as tensors, its trace called without `tf.function`, its variables changed without Keras's
optimizer, compiled by XLA, and a hundred steps in one call. The best of many short batches counts, of the processor's
time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ROUNDS, CALLS = 400, 8
XS = np.linspace(-1, 1, 60)[:, np.newaxis].astype(np.float32)
YS = np.square(XS) - 0.5
SHAPES = ((1, 10), (1, 10), (10, 1), (1, 1))


def least(steps: dict[str, Callable[[], Any]], calls: int = CALLS) -> dict[str, float]:
    """Microseconds of each step: the best batch, all of them in turn."""
    found = dict.fromkeys(steps, float("inf"))
    for step in steps.values():
        step()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            used = time.process_time()
            for _ in range(calls):
                step()
            found[name] = min(found[name], (time.process_time() - used) / calls * 1e6)
    return found


def session() -> None:
    """Prints what the step takes in a session."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    xs, ys = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.float32, [None, 1])
    w1, b1, w2, b2 = (tf.Variable(tf.random_normal(shape)) for shape in SHAPES)
    prediction = tf.matmul(tf.nn.relu(tf.matmul(xs, w1) + b1), w2) + b2
    train = tf.train.GradientDescentOptimizer(0.05).minimize(tf.reduce_mean(tf.square(ys - prediction)))
    threads = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    with tf.Session(config=threads) as sess:
        sess.run(tf.global_variables_initializer())
        print(least({"session": lambda: sess.run(train, feed_dict={xs: XS, ys: YS})})["session"])


def migrated() -> dict[str, float]:
    """What the step takes in TensorFlow 2, in each form."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    variables = [tf.Variable(tf.random.normal(shape)) for shape in SHAPES]
    signature = [tf.TensorSpec([None, 1], tf.float32)] * 2
    optimizer = tf.keras.optimizers.SGD(0.05)

    def gradients(xs: Any, ys: Any) -> Any:
        w1, b1, w2, b2 = variables
        with tf.GradientTape() as tape:
            prediction = tf.matmul(tf.nn.relu(tf.matmul(xs, w1) + b1), w2) + b2
            loss = tf.reduce_mean(tf.square(ys - prediction))
        return tape.gradient(loss, variables)

    def train(xs: Any, ys: Any) -> None:
        optimizer.apply_gradients(zip(gradients(xs, ys), variables, strict=True))

    def plain(xs: Any, ys: Any) -> None:
        for variable, gradient in zip(variables, gradients(xs, ys), strict=True):
            variable.assign_sub(0.05 * gradient)

    step = tf.function(train, input_signature=signature)
    xs, ys = tf.constant(XS), tf.constant(YS)
    step(xs, ys)
    trace = step.get_concrete_function()
    updates = tf.function(plain, input_signature=signature).get_concrete_function()
    compiled = tf.function(train, input_signature=signature, jit_compile=True)
    machine = compiled.get_concrete_function()

    @tf.function
    def hundred() -> None:
        for _ in tf.range(100):
            step(xs, ys)

    found = least(
        {
            "migrated: tf.function, arrays": lambda: step(xs=XS, ys=YS),
            "tf.function, tensors": lambda: step(xs, ys),
            "trace, arrays": lambda: trace(xs=XS, ys=YS),
            "trace, tensors": lambda: trace(xs, ys),
            "trace, tensors, no Keras optimizer": lambda: updates(xs, ys),
            "jit_compile, arrays": lambda: compiled(xs=XS, ys=YS),
            "jit_compile, trace, tensors": lambda: machine(xs, ys),
        }
    )
    return {**found, "a hundred steps in one call, each": least({"all": hundred}, 1)["all"] / 100}


def main() -> None:
    if "--session" in sys.argv:
        session()
        return
    run = subprocess.run([sys.executable, __file__, "--session"], capture_output=True, text=True, check=True)
    old = float(run.stdout)
    print("| step | microseconds | against the session |", "| --- | ---: | ---: |", sep="\n")
    print(f"| session | {old:.0f} | 1.00 |")
    for name, taken in migrated().items():
        print(f"| {name} | {taken:.0f} | {old / taken:.2f} |")


if __name__ == "__main__":
    main()
