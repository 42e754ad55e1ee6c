"""How the time of one file grows with its length, for many kinds of long programs.

    python benchmarks/kinds.py [KIND ...] [--times 4]

A kind is one construct, repeated: statements, layers, runs, classes, branches, tables. Each is migrated with as many
units as take half a second, and with `--times` as many; the seconds are the processor's, in a process of its own, the
less of two for the first. The exponent is the slope between both: 1 is linear, 2 quadratic. What is above 1.3 is named,
and the exit code is 1.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tf2migrate.migrate import migrate
from tf2migrate.treat import deep

ENOUGH = 0.5  # seconds; below, what is done once for each file weighs as much as what grows
MOST = 25_600  # units of the first migration
LINEAR = 1.3
FLAT = "import tensorflow as tf\n\n"
HEAD = f"""{FLAT}import numpy as np

flag = int(np.random.randint(10))
x = tf.placeholder(tf.float32, [None, 4])
h = x
t = tf.reduce_sum(x)
"""
DENSE = f"{HEAD}h = tf.layers.dense(x, 4)\n"
LOSS = "loss = tf.reduce_mean(tf.square(h - 1.0))\ntrain = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
RUN = "sess = tf.Session()\nsess.run(tf.global_variables_initializer())\n"
LAST = f"{RUN}print(sess.run(t, {{x: np.ones((2, 4))}}))\n"
TRAINED = f"{LOSS}{LAST}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A unit with `<i>` for its number and `<j>` for the next one, and what stands before and after all of them."""

    unit: str
    before: str = HEAD
    after: str = LAST

    def text(self, units: int) -> str:
        made = (self.unit.replace("<i>", str(n)).replace("<j>", str(n + 1)) for n in range(units))
        return "".join([self.before, *made, self.after])


STRAIGHT = {
    "tensors under one name": Kind("t = t + <i>.0\n"),
    "tensors of their own": Kind("t<i> = tf.log(t + <i>.0)\n"),
    "each of the last": Kind("t<j> = t<i> + <i>.0\n", f"{HEAD}t0 = t\n", f"t = t0\n{LAST}"),
    "layers": Kind("h = tf.layers.dense(h, 4)\n", after=TRAINED),
    "variables": Kind("w<i> = tf.Variable(tf.zeros([4, 4]))\nh = tf.matmul(h, w<i>)\n", after=TRAINED),
    "scopes": Kind(
        "with tf.variable_scope('s<i>'):\n    w = tf.get_variable('w', [4, 4])\n    h = tf.matmul(h, w)\n",
        after=TRAINED,
    ),
    "placeholders": Kind("p<i> = tf.placeholder(tf.float32, [])\nt = t + p<i>\n", after=RUN),
    "one long sum": Kind(" + tf.log(t + <i>.0)", f"{HEAD}t = t", f"\n{LAST}"),
    "long lists": Kind("    <i>.0,\n", f"{HEAD}data = [\n", f"]\nt = t + tf.constant(data)\n{LAST}"),
    "lists of tensors": Kind("    tf.log(t + <i>.0),\n", f"{HEAD}ts = [\n", f"]\nt = tf.add_n(ts)\n{LAST}"),
    "lists that grow": Kind("ts.append(tf.log(t + <i>.0))\n", f"{HEAD}ts = []\n", f"t = tf.add_n(ts)\n{LAST}"),
    "dicts of variables": Kind(
        "    'w<i>': tf.Variable(tf.zeros([4, 4])),\n", f"{HEAD}w = {{\n", f"}}\nh = tf.matmul(h, w['w0'])\n{TRAINED}"
    ),
    "summaries": Kind(
        "tf.summary.scalar('s<i>', t + <i>.0)\n",
        after=f"merged = tf.summary.merge_all()\nwriter = tf.summary.FileWriter('logs')\n{RUN}"
        "writer.add_summary(sess.run(merged, {x: np.ones((2, 4))}), 0)\n",
    ),
    "prints": Kind("print(<i>, 'of', flag)\n"),
    "comments": Kind("# what stands here is number <i>\n"),
    "imports": Kind("import module<i>\n"),
    "renamed arguments": Kind("t = tf.log(tf.reduce_sum(t, keep_dims=True, reduction_indices=[0]))\n"),
}
RUNS = {
    "runs of one tensor": Kind("print(sess.run(t, {x: np.ones((2, 4))}) + <i>)\n", f"{HEAD}{RUN}", ""),
    "runs of tensors": Kind(
        "t<i> = t * <i>.0\nprint(sess.run(t<i>, {x: np.ones((2, 4))}))\n", f"{HEAD}{RUN}", ""
    ),
    "runs in loops": Kind(
        "for k in range(3):\n    sess.run(train, {x: np.ones((2, 4)) * <i>})\n", f"{DENSE}{LOSS}{RUN}", ""
    ),
    "training steps": Kind(
        "train<i> = tf.train.GradientDescentOptimizer(<i>.0).minimize(loss)\n"
        "sess.run(train<i>, {x: np.ones((2, 4))})\n",
        f"{DENSE}{LOSS}{RUN}",
        "",
    ),
    "updates": Kind(
        "up<i> = tf.assign_add(w, <i>.0)\nsess.run(up<i>)\n",
        f"{HEAD}w = tf.Variable(1.0)\n{RUN}",
        "print(sess.run(w))\n",
    ),
}
_VARIABLE = "    w = tf.Variable(tf.zeros([4, 4]))\n    return tf.matmul(a, w)"
FUNCTIONS = {
    "functions of tensors": Kind("def f<i>(a):\n    return tf.log(a) + <i>.0\n\n\nt = f<i>(t)\n"),
    "functions that call each other": Kind(
        "def f<j>(a):\n    return f<i>(a) + <i>.0\n\n\n",
        f"{HEAD}def f0(a):\n    return tf.log(a)\n\n\n",
        f"t = f0(t)\n{LAST}",
    ),
    "functions that make variables": Kind(f"def layer<i>(a):\n{_VARIABLE}\n\n\nh = layer<i>(h)\n", after=TRAINED),
    "calls of one that makes variables": Kind(
        "h = layer(h, <i>)\n", f"{HEAD}def layer(a, n):\n{_VARIABLE} + n\n\n\n", TRAINED
    ),
    "functions with sessions": Kind(
        "def main<i>():\n    x = tf.placeholder(tf.float32, [])\n    t = tf.log(x)\n"
        "    with tf.Session() as sess:\n        print(sess.run(t, {x: <i>.0}))\n\n\n",
        FLAT,
        "",
    ),
}
_PLAIN = (
    "class C<i>:\n    def __init__(self, n):\n        self.n = n\n\n"
    "    def get(self):\n        return self.n + <i>\n\n\n"
)
CLASSES = {
    "classes of Python": Kind(_PLAIN),
    "classes of Python, and their objects": Kind(f"{_PLAIN}c<i> = C<i>(<i>)\nprint(c<i>.get())\n"),
    "classes of tensors": Kind(
        "class C<i>:\n    def __init__(self, a):\n        self.out = tf.log(a) + <i>.0\n\n\nt = C<i>(t).out\n"
    ),
    "classes with graphs": Kind(
        "class C<i>:\n    def __init__(self):\n        self.x = tf.placeholder(tf.float32, [None, 4])\n"
        "        self.out = tf.layers.dense(self.x, 2)\n        self.sess = tf.Session()\n"
        "        self.sess.run(tf.global_variables_initializer())\n\n"
        "    def predict(self, x):\n        return self.sess.run(self.out, {self.x: x})\n\n\n",
        FLAT,
        "c = C0()\nprint(c.predict([[1.0, 2.0, 3.0, 4.0]]).shape)\n",
    ),
    "each of the last's base": Kind(
        "class C<j>(C<i>):\n    def get<j>(self):\n        return self.get<i>() + 1\n\n\n",
        f"{HEAD}class C0:\n    def get0(self):\n        return 1\n\n\n",
    ),
    "classes of one base": Kind(
        "class C<i>(Base):\n    def size(self):\n        return <i>\n\n\n",
        f"{HEAD}class Base:\n    def twice(self):\n        return 2 * self.size()\n\n\n",
        f"c = C0()\nt = t * c.twice()\n{LAST}",
    ),
    "methods": Kind(
        "    def m<i>(self, a):\n        return tf.log(a) + <i>.0\n\n", f"{HEAD}class C:\n", f"\nt = C().m0(t)\n{LAST}"
    ),
    "attributes": Kind(
        "        self.a<j> = self.a<i> + <i>.0\n",
        f"{HEAD}class C:\n    def __init__(self, a):\n        self.a0 = a\n",
        f"\n\nt = C(t).a0\n{LAST}",
    ),
}
BRANCHES = {
    "ifs of Python": Kind("if flag == <i>:\n    k = <i>\n", f"{HEAD}k = 0\n", f"t = t * k\n{LAST}"),
    "ifs of tensors": Kind("if flag == <i>:\n    t = t + <i>.0\n"),
    "elif of Python": Kind(
        "elif flag == <i>:\n    k = <i>\n", f"{HEAD}if flag == -1:\n    k = 0\n", f"else:\n    k = 1\nt = t * k\n{LAST}"
    ),
    "elif of tensors": Kind(
        "elif flag == <i>:\n    t = t + <i>.0\n", f"{HEAD}if flag == -1:\n    t = t * 2.0\n"
    ),
    "elif in a function": Kind(
        "    elif flag == <i>:\n        a = a + <i>.0\n",
        f"{HEAD}def f(a):\n    if flag == -1:\n        a = a * 2.0\n",
        f"    return a\n\n\nt = f(t)\n{LAST}",
    ),
    "elif that returns": Kind(
        "    elif n == <i>:\n        return tf.log(a) + <i>.0\n",
        f"{HEAD}def f(a, n):\n    if n == -1:\n        return a\n",
        f"    return a\n\n\nt = f(t, 3)\n{LAST}",
    ),
    "elif of optimizers": Kind(
        "elif flag == <i>:\n    opt = tf.train.GradientDescentOptimizer(<i>.0)\n",
        f"{DENSE}loss = tf.reduce_mean(h)\nif flag == -1:\n    opt = tf.train.GradientDescentOptimizer(0.5)\n",
        "else:\n    opt = tf.train.AdamOptimizer(0.1)\ntrain = opt.minimize(loss)\n"
        f"{RUN}sess.run(train, {{x: np.ones((2, 4))}})\n",
    ),
    "elif that prints": Kind("elif flag == <i>:\n    print(<i>)\n", f"{HEAD}if flag == -1:\n    print(0)\n"),
    "try": Kind("try:\n    k = int(flag)\nexcept ValueError:\n    k = <i>\n", f"{HEAD}k = 0\n", f"t = t * k\n{LAST}"),
}
KINDS = {**STRAIGHT, **RUNS, **FUNCTIONS, **CLASSES, **BRANCHES}


def migrated(name: str, units: int) -> tuple[float, str]:
    """The processor's seconds of one migration, and what came of it."""
    text = KINDS[name].text(units)
    start = time.process_time()
    with deep():  # as the command does
        reasons = {f.code for f in migrate(text).findings if f.code.startswith("TFM9")}
    return time.process_time() - start, " ".join(sorted(reasons)) or "migrated"


def measured(name: str, units: int) -> tuple[float, str]:
    """The same in a process of its own, which begins with nothing kept."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        return pool.submit(migrated, name, units).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all of them if none is named")
    parser.add_argument("--times", type=int, default=4, help="how many times as long the second program is")
    options = parser.parse_args()
    if unknown := [name for name in options.kinds if name not in KINDS]:
        parser.error(f"{', '.join(unknown)}: not one of {', '.join(KINDS)}")
    bent = []
    for name in options.kinds or KINDS:
        units = 25
        while (first := measured(name, units)[0]) < ENOUGH and units < MOST:
            units *= 2
        first = min(first, measured(name, units)[0])
        try:
            last, result = measured(name, units * options.times)
        except RecursionError:  # which the command tells as a finding, TFM002
            print(f"{name:38}{units:>7} {first:6.2f} s; {options.times} times as many nest too deeply", flush=True)
            continue
        exponent = math.log(last / first) / math.log(options.times)
        print(f"{name:38}{units:>7} {first:6.2f} s {last:7.2f} s  exponent {exponent:4.2f}  {result}", flush=True)
        bent += [name] if exponent > LINEAR else []
    if bent:
        sys.exit(f"more than linear: {', '.join(bent)}")


if __name__ == "__main__":
    main()
