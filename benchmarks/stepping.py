"""Runs a program and times its training steps: one standalone file, run in the place of the program (see generated.py).

The third time that a training step is made, it is made again and again, and the processor's time is taken; then the
program goes on. `stepping.json` is told the best time of one step for each, in their order; of a migrated step also
that of its concrete function, called with tensors that are made before.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import sys
import time
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

with open("wanted.json", encoding="utf8") as file:
    WANTED = json.load(file)
FOUND: dict[str, dict[str, float]] = {}
SEEN: Counter[str] = Counter()
BUSY = [False]
#: How many batches of a step are made, for how many seconds at most, and how long one is.
BATCHES, MOST, SPENT, SLICE = 20, 400, 4.0, 0.002
CHANGES = ("Assign", "ResourceApply", "ScatterUpdate", "ScatterAdd", "Apply")


def best(again: Callable[[], Any]) -> dict[str, float]:
    """Seconds of one call, of the processor and of the clock: the best of many short batches, that others let pass."""
    began = time.perf_counter()
    again()
    count = max(1, min(50, int(SLICE / (time.perf_counter() - began))))
    times, until = [], time.perf_counter() + SPENT
    while len(times) < BATCHES or (time.perf_counter() < until and len(times) < MOST):
        used, clock = time.process_time(), time.perf_counter()
        for _ in range(count):
            again()
        times.append(((time.process_time() - used) / count, (time.perf_counter() - clock) / count))
    return {"cpu": min(t[0] for t in times), "wall": min(t[1] for t in times)}


def timed(key: str, again: Callable[[], Any]) -> None:
    SEEN[key] += 1
    if SEEN[key] == 3 and not BUSY[0]:
        BUSY[0] = True
        try:
            FOUND[key] = best(again)
        finally:
            BUSY[0] = False


def old() -> None:
    import tensorflow as tf

    real = tf.Session.run

    def changes(fetch: Any) -> bool:
        """Whether a fetch, or what it needs, changes state."""
        todo, seen = [fetch], set[int]()
        while todo:
            op = todo.pop()
            op = getattr(op, "op", op)
            if id(op) in seen or not hasattr(op, "control_inputs"):
                continue
            seen.add(id(op))
            if any(word in op.type for word in CHANGES):
                return True
            todo += [*op.control_inputs, *(t.op for t in op.inputs)]
        return False

    def leaves(fetches: Any) -> list[Any]:
        if isinstance(fetches, dict):
            fetches = list(fetches.values())
        return [leaf for f in fetches for leaf in leaves(f)] if isinstance(fetches, list | tuple) else [fetches]

    @functools.wraps(real)
    def run(self: Any, fetches: Any, *given: Any, **named: Any) -> Any:
        found = real(self, fetches, *given, **named)
        parts = leaves(fetches)
        key = str([getattr(p, "name", p) for p in parts])
        begins = any("init" in str(getattr(p, "name", p)) for p in parts)
        if not BUSY[0] and SEEN[key] < 3 and not begins and any(map(changes, parts)):
            timed(key, lambda: real(self, fetches, *given, **named))
        return found

    tf.Session.run = run


def new() -> None:
    from tensorflow.python.eager.polymorphic_function import polymorphic_function

    kind, real = polymorphic_function.Function, polymorphic_function.Function.__call__
    depth = [0]

    def changes(function: Any, given: Any, named: Any) -> bool:
        graph = function.get_concrete_function(*given, **named).graph
        functions = [f.graph for f in getattr(graph, "_functions", {}).values() if hasattr(f, "graph")]
        return any(any(w in op.type for w in CHANGES) for g in (graph, *functions) for op in g.get_operations())

    @functools.wraps(real)
    def call(self: Any, *given: Any, **named: Any) -> Any:
        depth[0] += 1
        try:
            found = real(self, *given, **named)
        finally:
            depth[0] -= 1
        key = f"{self._name}@{id(self)}"
        if not depth[0] and not BUSY[0] and SEEN[key] < 3:
            if SEEN[key] == 2 and not changes(self, given, named):
                SEEN[key] = 9
                return found
            timed(key, lambda: as_numbers(real(self, *given, **named)))
            if key in FOUND and (again := on_tensors(self, given, named)) is not None:
                FOUND[key]["concrete"] = best(again)["cpu"]
        return found

    kind.__call__ = call


def on_tensors(function: Any, given: Any, named: Any) -> Callable[[], Any] | None:
    """The same step by the function's trace, with what it is fed as tensors; None where it takes something else."""
    import tensorflow as tf

    concrete = function.get_concrete_function(*given, **named)
    try:
        taken = concrete.function_type.bind(*given, **named).arguments
        kinds = {name: concrete.function_type.parameters[name].type_constraint for name in taken}
        tensors = {name: tf.constant(value, kinds[name].dtype) for name, value in taken.items()}
        concrete(**tensors)
    except (AttributeError, TypeError, ValueError, KeyError):
        return None
    return lambda: as_numbers(concrete(**tensors))


def as_numbers(value: Any) -> Any:
    """What a session gives: arrays."""
    import tensorflow as tf

    return tf.nest.map_structure(lambda v: v.numpy() if isinstance(v, tf.Tensor) else v, value)


def tell() -> None:
    with open("stepping.json", "w", encoding="utf8") as file:
        json.dump(list(FOUND.values()), file)


def main() -> None:
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    (old if WANTED["side"] == "old" else new)()
    atexit.register(tell)
    program = types.ModuleType("__main__")
    path = os.path.abspath(WANTED["script"])
    program.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = program
    with open(path, encoding="utf8") as file:
        code = compile(file.read(), path, "exec")
    try:
        with contextlib.suppress(SystemExit):
            exec(code, program.__dict__)
    finally:
        tell()


main()
