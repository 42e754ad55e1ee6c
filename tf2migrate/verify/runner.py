"""Runs programs under observation: one standalone file, for Python 3.7 and later, that imports nothing of the project.

    python runner.py FOLDER     # one JSON job per line on stdin, one JSON answer per line on stdout

TensorFlow is imported once; each job is a fork of this process, confined, watched and ended by it. The job `null` is
the last one. Where stdin ends without it whoever asked has died: then what runs is ended, and FOLDER removed. What a program
computes is written as JSON lines to the job's `events` file:

    ["print", file, line, text]                      what one print wrote
    ["value", key, file, line, is_tensor, value]     a name assigned, a value returned, appended or formatted
    ["run", file, line, seconds, [[label, value]], [[name, value]]]    what a Session.run fetched, and was fed
    ["call", function, file, line, seconds, [value], [[name, value]]]  what a tf.function returned, and was given
    ["var", name, trainable, value]                  the last value of a variable
    ["final", name, value]                           a global of the program when it ended
    ["inner", key, file, line, value]                a named tensor inside the run that is looked into
    ["before", name, trainable, value]               a variable before that run
    ["opt", kind, {hyperparameter: number}]          an optimizer
    ["draw", key, initial ops, initial draws, draws] random draws of one (kind, shape, dtype)
    ["state", name, digest]                          the final state of a host random generator
    ["placed", [device]]                             the devices on which something was computed
    ["shuffles", [[kind, file, line, buffer, anew, ranks]]]  data sets and queues that are shuffled
    ["seeds", key, [[[file, line]]], count]          draws of one key that share a seed, and how many there are
    ["seeded", count]                                how often the seed of all draws was set
    ["queued", bool]                                 whether threads filled queues
    ["summary", folder, tag, kind, [[step, [number]]]]  what event files hold under a tag, in their order
    ["raced", [tag]]                                 summaries of variables, which a run that trains them may also write
    ["error", kind, message, file, line]             the exception that ended the program
    ["end", exit status, TensorFlow, Python, [device]]
"""

# ruff: noqa: UP028, UP031, B905, RUF005, E501 (Python 3.7, and nothing that reads worse there)
from __future__ import annotations

import ast
import base64
import collections
import contextlib
import ctypes
import functools
import gc
import hashlib
import importlib.machinery
import inspect
import io
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import types
import warnings
import weakref
from typing import Any, Callable, Iterator  # noqa: UP035 (Python 3.7)

import numpy as np

Json = Any
LARGEST = 16384  # elements of an array that are kept; larger ones are sampled
FED = 1024  # elements of what is fed
MOST = 400  # events kept per key


# ---------------------------------------------------------------- what is written down


def encode(value: Any, most: int = LARGEST) -> Json:
    """An array as JSON: dtype, shape, bytes; of a large one every n-th element and its sum."""
    array = np.ascontiguousarray(value)
    if array.dtype.kind in "OSU":
        return {"d": "str", "s": list(array.shape), "t": [_text(x) for x in array.ravel()[:LARGEST]]}
    shape = list(np.shape(value))
    if array.dtype.kind not in "biufc":  # bfloat16 and its like
        array = array.astype(np.float32)
    out: dict[str, Any] = {"d": array.dtype.str, "s": shape}
    if array.size > most:
        total = array.sum(dtype=np.complex128 if array.dtype.kind == "c" else np.float64)
        out["sum"] = float(np.real(total))
        array = array.ravel()[:: array.size // most + 1]
    out["b"] = base64.b64encode(array.tobytes()).decode()
    return out


def given(pairs: Any) -> Json:
    """What a run was fed or a function was given, by name, in one dtype: both turn it into what they want."""
    numbers = ((name, concrete(value)) for name, value in pairs)
    return [(name, encode(np.asarray(value, np.float32), FED)) for name, value in numbers if value is not None]


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


class Recorder:
    """The events file of one job."""

    def __init__(self, path: str, folder: str) -> None:
        # Each event is written at once and whole: threads that feed queues write too, and forks have nothing to repeat.
        self.file = open(path, "wb", buffering=0)  # noqa: SIM115 (open until the program ends)
        self.folder = os.path.join(os.path.realpath(folder), "")
        self.pid = os.getpid()
        self.kept: dict[Any, int] = collections.Counter()
        self.fetched: set[bytes] = set()
        self.quiet = 0
        self.initialising = False
        self.draws: dict[str, list[Any]] = {}
        self.shuffles: dict[str, Json] = {}
        self.seeds: dict[str, dict[Any, list[Any]]] = {}
        self.seeded = 0
        self.queued = False  # whether queues are filled ahead, by threads
        self.probe: Probe | None = None
        self.placed: set[str] | None = None  # None: nobody asks
        self.names: dict[str, str] = {}  # what the program calls its tensors
        self.together: set[Any] = set()  # which ops were fetched by one run, and of which graph

    def emit(self, *event: Any) -> None:
        if os.getpid() == self.pid:  # a fork of the program is not the program
            self.file.write((json.dumps(event) + "\n").encode("ascii"))

    def room(self, *key: Any) -> bool:
        """Whether one more event of this key is kept."""
        self.kept[key] += 1
        return self.kept[key] <= MOST

    def site(self) -> tuple[str, int]:
        """The innermost line of the program itself on the stack."""
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self.folder):
                return name[len(self.folder) :], frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return "", 0

    def see(self, key: str, value: Any, line: int, file: str) -> Any:
        """Called by the program where it assigns, returns, appends or formats; hands the value on."""
        if self.quiet or isinstance(value, (str, type, types.FunctionType)):
            return value
        found = concrete(value)
        if found is None and is_tensor(value) and hasattr(value, "op"):
            self.names.setdefault(str(getattr(value, "name", "")), key.rpartition(".")[2])
        if self.probe is not None:
            self.probe.named(key, file, line, value, found)
        if found is not None and self.room("value", file, key):
            self.emit("value", key, file, line, found is not value and is_tensor(value), encode(found))
        return value


def device_name(whole: str) -> str:
    """CPU 1, of /job:localhost/replica:0/task:0/device:CPU:1."""
    return whole.rpartition("device:")[2].replace(":", " ")


def is_tensor(value: Any) -> bool:
    """Whether the value is TensorFlow's (or Keras') own rather than NumPy's or Python's."""
    return type(value).__module__.split(".")[0] in ("tensorflow", "keras", "tf_keras", "tensorflow_core")


def concrete(value: Any, depth: int = 0) -> Any:
    """The value as something NumPy holds as numbers, or None."""
    if isinstance(value, (bool, int, float, complex, np.bool_, np.number)):
        return value if not isinstance(value, int) or abs(value) < 2**63 else None
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufc" else None
    if isinstance(value, (list, tuple)) and value and depth < 4 and len(value) <= 4096:
        parts = [concrete(v, depth + 1) for v in value]
        if any(p is None for p in parts) or len({np.shape(p) for p in parts}) > 1:
            return None
        array = np.asarray(parts)
        return array if array.dtype.kind in "biufc" else None
    if is_tensor(value) and hasattr(value, "numpy"):
        try:
            array = np.asarray(value.numpy())
        except Exception:  # a symbolic tensor, a data set, a variable that is not initialised
            return None
        return array if array.dtype.kind in "biufc" else None
    return None


class Probe:
    """Looks into one run: the n-th of those that stand on certain lines of the program."""

    def __init__(self, recorder: Recorder, wanted: Json) -> None:
        self.recorder, self.script = recorder, wanted["script"]
        (self.first, self.last), self.time = wanted["lines"], wanted["time"]
        self.open = False
        self.tensors: list[tuple[str, str, int, Any]] = []

    def arrives(self) -> bool:
        """Whether the run that begins now is the one."""
        file, line = self.recorder.site()
        if file != self.script or not self.first <= line <= self.last:
            return False
        self.time -= 1
        return bool(self.time == -1)

    def named(self, key: str, file: str, line: int, value: Any, found: Any) -> None:
        """A name is given a value: of a graph it is kept until the run, inside the run it is told."""
        if found is None and hasattr(value, "op") and hasattr(value, "graph") and not hasattr(value, "assign"):
            self.tensors.append((key, file, line, value))
        elif self.open and found is not None and is_tensor(value):
            self.recorder.emit("inner", key, file, line, encode(found))

    def inside(self, graph: Any, fetches: Any) -> list[tuple[str, str, int, Any]]:
        """The named tensors of a graph that the fetches depend on, in the order in which they were made."""
        todo = [op_of(f, graph) for f in flat(fetches)]
        seen: dict[int, Any] = {}
        while todo:
            op = todo.pop()
            if op is not None and id(op) not in seen:
                seen[id(op)] = op
                todo += [t.op for t in op.inputs] + list(op.control_inputs)
        return [
            row
            for row in self.tensors
            if row[3].graph is graph and id(row[3].op) in seen and graph.is_fetchable(row[3])
        ]


def flat(fetches: Any) -> list[Any]:
    """What is fetched, one by one."""
    if isinstance(fetches, (list, tuple, dict)):
        parts = fetches.values() if isinstance(fetches, dict) else fetches
        return [leaf for part in parts for leaf in flat(part)]
    return [fetches]


def op_of(fetch: Any, graph: Any) -> Any:
    try:
        found = graph.as_graph_element(fetch, allow_tensor=True, allow_operation=True)
    except Exception:  # a sparse tensor, say: it has no one op
        return None
    return getattr(found, "op", found)


class Printed(io.TextIOBase):
    """Standard output that also writes down what each print wrote, and where."""

    def __init__(self, recorder: Recorder, real: Any) -> None:
        self.recorder, self.real, self.pending = recorder, real, ""

    def write(self, text: str) -> int:
        self.real.write(text)
        self.pending += text
        if text.endswith("\n") and self.pending.strip():
            self.recorder.emit("print", *self.recorder.site(), self.pending[:100000])
            self.pending = ""
        elif text.endswith("\n"):
            self.pending = ""
        return len(text)

    def finish(self) -> None:
        """What was printed without a line end."""
        if self.pending.strip():
            self.recorder.emit("print", "", 0, self.pending[:100000])

    def flush(self) -> None:
        self.real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


# ---------------------------------------------------------------- the program, made to tell what it computes


class Telling(ast.NodeTransformer):
    """Adds to a program a call for each value that is assigned, returned, appended or formatted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.scope: list[str] = []
        self.in_class = False

    def told(self, node: ast.expr, name: str) -> ast.expr:
        if isinstance(node, ast.Starred):  # which stands for several values
            return node
        key = ".".join(self.scope + [name])
        told = ast.Call(
            func=ast.Name(id="__tf2migrate_see__", ctx=ast.Load()),
            args=[
                ast.Constant(value=key, kind=None),
                node,
                ast.Constant(value=getattr(node, "lineno", 0), kind=None),
                ast.Constant(value=self.file, kind=None),
            ],
            keywords=[],
        )
        return ast.copy_location(told, node)

    def nested(self, node: Any, in_class: bool) -> Any:
        outer, self.in_class = self.in_class, in_class
        self.scope.append(node.name)
        node.body = [self.visit(s) for s in node.body]
        node.body = [s for part in node.body for s in (part if isinstance(part, list) else [part])]
        self.scope.pop()
        self.in_class = outer
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        return self.nested(node, False)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: Any) -> Any:
        return self.nested(node, True)

    def assigned(self, node: Any, targets: list[ast.expr]) -> Any:
        self.generic_visit(node)
        if self.in_class:
            return node
        after = [node]
        for target in targets:
            for name in dotted_targets(target):
                load = ast.copy_location(ast.parse(name, mode="eval").body, node)
                call = ast.copy_location(ast.Expr(value=self.told(load, name)), node)
                after.append(ast.fix_missing_locations(call))
        return after

    def visit_Assign(self, node: Any) -> Any:
        return self.assigned(node, node.targets)

    def visit_AugAssign(self, node: Any) -> Any:
        return self.assigned(node, [node.target])

    def visit_AnnAssign(self, node: Any) -> Any:
        return self.assigned(node, [node.target]) if node.value is not None else node

    def visit_Return(self, node: Any) -> Any:
        self.generic_visit(node)
        if node.value is not None:
            node.value = self.told(node.value, "return")
        return node

    def visit_Call(self, node: Any) -> Any:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "numpy" and not node.args and not node.keywords:
            whose = next(
                dotted_targets(function.value.func if isinstance(function.value, ast.Call) else function.value), ""
            )
            return self.told(node, "%s.numpy@%d:%d" % (whose, node.lineno, node.end_col_offset or 0))
        if isinstance(function, ast.Attribute) and len(node.args) == 1 and function.attr == "append":
            names = list(dotted_targets(function.value))
            if names:
                node.args = [self.told(node.args[0], names[0] + ".append")]
        elif isinstance(function, ast.Attribute) and function.attr == "format" and literal(function.value) is not None:
            text = literal(function.value)
            node.args = [self.told(a, "%r[%d]" % (text, i)) for i, a in enumerate(node.args)]
        return node

    def visit_BinOp(self, node: Any) -> Any:
        self.generic_visit(node)
        text = literal(node.left) if isinstance(node.op, ast.Mod) else None
        if text is not None and isinstance(node.right, ast.Tuple):
            node.right.elts = [self.told(e, "%r[%d]" % (text, i)) for i, e in enumerate(node.right.elts)]
        elif text is not None:
            node.right = self.told(node.right, "%r[0]" % text)
        return node

    def visit_JoinedStr(self, node: Any) -> Any:
        self.generic_visit(node)
        text = "{}".join(literal(v) or "" for v in node.values if literal(v) is not None)
        for i, part in enumerate(v for v in node.values if isinstance(v, ast.FormattedValue)):
            part.value = self.told(part.value, "f%r[%d]" % (text, i))
        return node


def literal(node: ast.AST) -> str | None:
    value = getattr(node, "value", getattr(node, "s", None)) if type(node).__name__ in ("Constant", "Str") else None
    return value if isinstance(value, str) else None


def dotted_targets(target: ast.expr) -> Iterator[str]:
    """The plain names and dotted names that an assignment binds; `_` tells nothing."""
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            for name in dotted_targets(part):
                yield name
    elif isinstance(target, ast.Name) and target.id != "_":
        yield target.id
    elif isinstance(target, ast.Attribute):
        for owner in dotted_targets(target.value):
            yield owner + "." + target.attr


def telling(text: Any, path: str, file: str) -> Any:
    """The program compiled so that it tells."""
    tree = ast.fix_missing_locations(Telling(file).visit(ast.parse(text, path)))
    return compile(tree, path, "exec", dont_inherit=True)


def tell_modules(recorder: Recorder) -> None:
    """Modules beside the program tell too."""
    real = importlib.machinery.SourceFileLoader.source_to_code

    def source_to_code(self: Any, data: Any, path: Any, **options: Any) -> Any:
        if str(path).startswith(recorder.folder) and not isinstance(data, ast.AST):
            return telling(data, path, path[len(recorder.folder) :])
        return real(self, data, path, **options)

    importlib.machinery.SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]


# ---------------------------------------------------------------- shared randomness


class Draws:
    """Every random op becomes a pure function of (salt, kind, shape, dtype), and each draw is counted."""

    def __init__(self, recorder: Recorder, salt: int, jitter: bool = False) -> None:
        self.recorder, self.seed, self.jitter = recorder, (salt, 11), jitter
        self.asked: Any = None  # the seed that the program gives to the draw that is being made
        self.held: Any = None  # the seed of the initialiser that makes it

    def install(self) -> None:
        from tensorflow.python.ops import gen_random_ops as g
        from tensorflow.python.ops import stateless_random_ops as st

        seed = self.seed
        swaps = {
            "random_standard_normal": (
                "normal",
                lambda shape, dtype: st.stateless_random_normal(shape, seed, dtype=dtype),
            ),
            "random_uniform": ("uniform", lambda shape, dtype: st.stateless_random_uniform(shape, seed, dtype=dtype)),
            "truncated_normal": (
                "truncated",
                lambda shape, dtype: st.stateless_truncated_normal(shape, seed, dtype=dtype),
            ),
        }
        for name, (kind, draw) in swaps.items():
            setattr(g, name, self.shaped(kind, draw))
        g.random_uniform_int = self.integers(st)
        g.multinomial = self.categorical(st)
        g.random_shuffle = lambda value, seed=0, seed2=0, name=None: self.counted("shuffle", value, value)
        for name in ("random_gamma", "random_poisson_v2", "parameterized_truncated_normal"):
            if hasattr(g, name):
                setattr(g, name, self.seeded(getattr(g, name)))
        from tensorflow.python.ops import gen_candidate_sampling_ops as sampling

        for name in ("log_uniform_candidate_sampler", "uniform_candidate_sampler", "learned_unigram_candidate_sampler"):
            setattr(sampling, name, self.sampled(getattr(sampling, name)))
        self.seeds()
        self.dropout()
        self.initializers()
        self.datasets()
        self.queues()
        self.keras()

    def shaped(self, kind: str, draw: Callable[..., Any]) -> Callable[..., Any]:
        return lambda shape, dtype, seed=0, seed2=0, name=None: self.counted(
            kind, None, self.jittered(draw(shape, dtype))
        )

    def jittered(self, value: Any) -> Any:
        """The value, or one about a rounding error away: what cannot bear that cannot be compared."""
        import tensorflow.compat.v1 as v1

        if not self.jitter or not value.dtype.is_floating:
            return value
        return value * (1 + 2.4e-7 * v1.sin(1000.0 * value))

    def integers(self, st: Any) -> Callable[..., Any]:
        def draw(shape: Any, minval: Any, maxval: Any, seed: int = 0, seed2: int = 0, name: Any = None) -> Any:
            import tensorflow.compat.v1 as v1

            kind = v1.as_dtype(getattr(minval, "dtype", v1.int32)).base_dtype
            return self.counted(
                "integers",
                None,
                st.stateless_random_uniform(shape, self.seed, minval=minval, maxval=maxval, dtype=kind),
            )

        return draw

    def categorical(self, st: Any) -> Callable[..., Any]:
        def draw(
            logits: Any, num_samples: Any, seed: int = 0, seed2: int = 0, output_dtype: Any = np.int64, name: Any = None
        ) -> Any:
            import tensorflow.compat.v1 as v1

            named = {"dtype" if hasattr(st, "stateless_categorical") else "output_dtype": v1.as_dtype(output_dtype)}
            op = getattr(st, "stateless_categorical", None) or st.stateless_multinomial
            return self.counted("categorical", None, op(logits, num_samples, self.seed, **named))

        return draw

    def seeded(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def draw(*args: Any, **options: Any) -> Any:
            options.update(seed=self.seed[0], seed2=self.seed[1])
            return self.counted(real.__name__, None, real(*args, **options))

        return draw

    def sampled(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Negative samples: drawn one after the other by the op, from the same seed."""

        def draw(*args: Any, seed: int = 0, seed2: int = 0, **options: Any) -> Any:
            return real(*args, seed=self.seed[0], seed2=self.seed[1], **options)

        return draw

    def counted(self, kind: str, like: Any, value: Any, rate: Any = None) -> Any:
        """The value, with its draw counted each time it is drawn."""
        import tensorflow.compat.v1 as v1

        if self.recorder.quiet:
            return value
        shown = value if like is None else like
        self.note_seed(kind, shown)
        token: dict[str, int] = {}
        if hasattr(value, "numpy") and v1.executing_eagerly():
            self.count(token, kind, shown.dtype.base_dtype.name, np.shape(shown), rate)
            return value
        dtype = v1.as_dtype(shown.dtype).base_dtype.name

        def note(shape: Any, rate: Any) -> Any:
            self.count(token, kind, dtype, tuple(int(n) for n in shape), float(rate))
            return np.int32(0)

        rate = v1.constant(1.0, v1.float32) if rate is None else v1.cast(rate, v1.float32)
        with v1.colocate_with(None, True), v1.device("/cpu:0"):  # wherever the value itself is
            noted = v1.py_func(note, [v1.shape(shown), rate], v1.int32, stateful=True)
        # a function runs what has effects by itself; told to, a nested one has lost what its branches computed
        with v1.control_dependencies([] if v1.get_default_graph().building_function else [noted]):
            out = v1.identity(value)
        out.set_shape(value.shape)
        return out

    def count(self, token: dict[str, int], kind: str, dtype: str, shape: tuple[int, ...], rate: Any) -> None:
        if rate is not None and float(rate) <= 0:
            return  # a dropout that drops nothing draws nothing that matters
        times = 1
        if kind == "dropout" and len(shape) == 3:  # a sequence: as many draws as it has steps
            shape, times = (shape[0], shape[2]), shape[1]
        key = "%s %s %s" % (kind, list(shape), dtype)
        row = self.recorder.draws.setdefault(key, [0, 0, 0])
        if not self.recorder.initialising:
            row[2] += times
            return
        row[1] += 1
        if "seen" not in token:
            token["seen"] = 1
            row[0] += 1

    def dropout(self) -> None:
        from tensorflow.python.ops import nn_ops

        real = getattr(nn_ops, "_dropout", None)
        if real is None:
            return  # TensorFlow 1 draws its dropout as plain uniform numbers

        def _dropout(
            x: Any, rate: Any, noise_shape: Any, uniform_sampler: Any, dummy_rng_step: Any, name: Any, default_name: Any
        ) -> Any:
            def sampler(shape: Any, dtype: Any) -> Any:
                self.recorder.quiet += 1
                drawn = self.stepwise(shape, dtype, uniform_sampler)
                self.recorder.quiet -= 1
                return self.counted("dropout", None, drawn, rate)

            return real(x, rate, noise_shape, sampler, dummy_rng_step, name, default_name)

        nn_ops._dropout = _dropout

    def stepwise(self, shape: Any, dtype: Any, sampler: Callable[..., Any]) -> Any:
        """Of a sequence every step is dropped alike, so that dropping steps one by one or all at once is the same."""
        import tensorflow.compat.v1 as v1

        rank = shape.shape[0] if hasattr(shape, "shape") else len(shape)
        if rank is None or int(rank) != 3:
            return sampler(shape=shape, dtype=dtype)
        whole = v1.convert_to_tensor(shape, v1.int32)
        step = v1.stack([whole[0], whole[2]])
        return v1.broadcast_to(v1.expand_dims(sampler(shape=step, dtype=dtype), 1), whole)

    def seeds(self) -> None:
        """Seeds have no effect, since every draw is shared already; who shares one is noted."""
        import tensorflow as tf
        from tensorflow.python.eager import context
        from tensorflow.python.framework import random_seed

        real, real_set, recorder = random_seed.get_seed, context.Context._set_global_seed, self.recorder

        def get_seed(op_seed: Any) -> Any:
            self.asked = self.held if op_seed is None else op_seed
            return real(op_seed)

        def _set_global_seed(this: Any, seed: Any) -> None:
            recorder.seeded += bool(recorder.site()[0])
            real_set(this, seed)

        def set_random_seed(seed: Any) -> None:
            recorder.seeded += not context.executing_eagerly()  # else it is counted below
            real_graph(seed)

        random_seed.get_seed, context.Context._set_global_seed = get_seed, _set_global_seed
        real_graph = random_seed.set_random_seed
        for place in (tf, tf.random, tf.compat.v1, tf.compat.v1.random):
            if hasattr(place, "set_random_seed"):
                place.set_random_seed = set_random_seed

    def note_seed(self, kind: str, value: Any) -> None:
        """Which draws would be the same numbers: those of one seed in one graph, or of a seed that is used as it is."""
        import tensorflow.compat.v1 as v1

        seed, self.asked = self.asked, None
        eager = v1.executing_eagerly()
        if eager and not isinstance(seed, tuple):
            seed = None  # a kernel that draws eagerly goes on where it was
        shape = value.shape if isinstance(value.shape, tuple) or value.shape.ndims is None else value.shape.as_list()
        key = "%s %s %s" % (
            kind,
            shape if isinstance(shape, list) else str(shape),
            v1.as_dtype(value.dtype).base_dtype.name,
        )
        whose = None if seed is None else (0 if eager else id(v1.get_default_graph()), str(seed))
        self.recorder.seeds.setdefault(key, {}).setdefault(whose, []).append(self.recorder.site())

    def initializers(self) -> None:
        """Seeds given to initialisers do not count either; each is used as it is for whatever it makes."""
        from tensorflow.python.ops import init_ops_v2

        kind: Any = init_ops_v2._RandomGenerator
        draws = self

        def __init__(self: Any, seed: Any = None) -> None:
            self.seed, self.given = None, seed

        def noting(real: Callable[..., Any]) -> Callable[..., Any]:
            def draw(self: Any, *args: Any, **options: Any) -> Any:
                draws.held = None if self.given is None else ("initializer", str(self.given))
                try:
                    return real(self, *args, **options)
                finally:
                    draws.held = None

            return draw

        kind.__init__ = __init__
        for name in ("random_normal", "random_uniform", "truncated_normal"):
            setattr(kind, name, noting(getattr(kind, name)))

    def queues(self) -> None:
        """Threads that fill queues draw ahead, as often as they come to it: draws cannot be counted then."""
        from tensorflow.python.training import queue_runner_impl

        real = queue_runner_impl.QueueRunner.create_threads

        def create_threads(runner: Any, *args: Any, **options: Any) -> Any:
            self.recorder.queued = True
            return real(runner, *args, **options)

        queue_runner_impl.QueueRunner.create_threads = create_threads
        from tensorflow.python.ops import data_flow_ops
        from tensorflow.python.training import input as queues

        real_producer, real_queue = queues.input_producer, data_flow_ops.RandomShuffleQueue.__init__

        def input_producer(input_tensor: Any, *args: Any, **options: Any) -> Any:
            one = str(getattr(input_tensor, "shape", "")) == "(1,)"  # a single file has no order
            if not one and (args[2] if len(args) > 2 else options.get("shuffle", True)):
                self.shuffled("queue", None, True, None)
            return real_producer(input_tensor, *args, **options)

        def __init__(queue: Any, *args: Any, **options: Any) -> None:
            self.shuffled("queue", None, True, None)
            real_queue(queue, *args, **options)

        queues.input_producer, data_flow_ops.RandomShuffleQueue.__init__ = input_producer, __init__

    def datasets(self) -> None:
        """tf.data shuffles leave the order as it is, on both sides, and are noted."""
        import tensorflow.compat.v1 as v1
        from tensorflow.python.data.ops import dataset_ops

        def shuffle(
            dataset: Any, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: Any = None, name: Any = None
        ) -> Any:
            shapes = v1.data.get_output_shapes(dataset)
            nest = getattr(v1, "nest", None) or v1.contrib.framework.nest
            self.shuffled(
                "data", buffer_size, reshuffle_each_iteration in (None, True), [s.ndims for s in nest.flatten(shapes)]
            )
            return dataset

        for name in ("DatasetV1", "DatasetV2"):
            if hasattr(dataset_ops, name):
                getattr(dataset_ops, name).shuffle = shuffle

    def shuffled(self, kind: str, size: Any, anew: bool, ranks: Any) -> None:
        file, line = self.recorder.site()
        size = concrete(size)
        row = [kind, file, line, None if size is None else int(size), anew, ranks]
        self.recorder.shuffles[json.dumps(row)] = row

    def keras(self) -> None:
        if "tf_keras" in sys.modules:  # Keras 2 draws by TensorFlow's stateful ops, which are shared already
            from tf_keras.src import backend

            def _set_rng_type(this: Any, *args: Any, **options: Any) -> None:
                this._rng_type = this.RNG_LEGACY_STATEFUL

            backend.RandomGenerator._set_rng_type = _set_rng_type
        if "keras.src" not in sys.modules:
            return
        import tensorflow.compat.v1 as v1
        from keras.src.backend.tensorflow import random as kr

        kr.draw_seed = kr._cast_seed = lambda seed: v1.constant(self.seed, v1.int32)
        kinds = {
            "normal": "normal",
            "uniform": "uniform",
            "truncated_normal": "truncated",
            "randint": "integers",
            "categorical": "categorical",
            "dropout": "dropout",
            "shuffle": "shuffle",
        }
        for name, kind in kinds.items():
            setattr(kr, name, self.keras_draw(kind, getattr(kr, name)))

    def keras_draw(self, kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def draw(*args: Any, **options: Any) -> Any:
            self.recorder.quiet += 1
            try:
                value = real(*args, **options)
            finally:
                self.recorder.quiet -= 1
            rate = (options.get("rate", args[1] if len(args) > 1 else None)) if kind == "dropout" else None
            seed = options.get("seed")
            self.asked = ("initializer", str(seed)) if isinstance(seed, int) else None
            return self.counted(kind, None, value, rate)

        return draw


def seed_hosts(salt: int) -> None:
    """Python's and NumPy's own generators start from the salt; Keras no longer takes its seeds from them."""
    for name in ("keras.src.random.seed_generator", "tf_keras.src.backend"):
        module = sys.modules.get(name)
        for own in ("python_random", "random"):
            if module is not None and isinstance(getattr(module, own, None), types.ModuleType):
                setattr(module, own, random.Random(salt))
    random.seed(salt)
    np.random.seed(salt)
    real = getattr(np.random, "default_rng", None)
    if real is not None:
        np.random.default_rng = lambda seed=None: real(salt if seed is None else seed)


def carry_cells(seed: tuple[int, int]) -> None:
    """Keras' recurrent layers draw their kernels as TF1's cells did: inputs and state together, in TF1's order of gates."""
    from keras.src.layers.rnn import gru, lstm, simple_rnn

    def drawn(cell: Any, width: int) -> tuple[Any, int]:
        inputs = int(cell.kernel.shape[0])
        whole = np.asarray(cell.kernel_initializer((inputs + cell.units, width * cell.units), dtype="float32"))
        return np.split(whole, width, axis=1), inputs

    def give(cell: Any, gates: list[Any], inputs: int) -> None:
        whole = np.concatenate(gates, axis=1)
        cell.kernel.assign(whole[:inputs])
        cell.recurrent_kernel.assign(whole[inputs:])

    def lstm_build(cell: Any) -> None:
        (i, j, f, o), inputs = drawn(cell, 4)
        give(cell, [i, f, j, o], inputs)

    def gru_build(cell: Any) -> None:
        (r, u), inputs = drawn(cell, 2)
        (candidate,), _ = drawn(cell, 1)
        give(cell, [u, r, candidate], inputs)

    def rnn_build(cell: Any) -> None:
        give(cell, drawn(cell, 1)[0], drawn(cell, 1)[1])

    def after(kind: Any, fill: Callable[[Any], None]) -> None:
        real = kind.build

        def build(self: Any, shape: Any) -> None:
            real(self, shape)
            import tensorflow as tf

            if type(self).build is not build:
                return  # the program's own cell, which draws as it likes
            with tf.init_scope():
                fill(self)

        kind.build = build

    after(lstm.LSTMCell, lstm_build)
    after(gru.GRUCell, gru_build)
    after(simple_rnn.SimpleRNNCell, rnn_build)


# ---------------------------------------------------------------- data that is not there


def images(count: int, seed: int, side: int, channels: int) -> tuple[Any, Any]:
    """Ten noisy patterns and their numbers, as bytes."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 10, count)
    patterns = np.random.RandomState(99).rand(10, side, side, channels)
    shades = 0.6 * patterns[labels] + 0.4 * rng.rand(count, side, side, channels)
    return (shades * 255).astype("uint8"), labels


class DataSet:
    """One split of TF1's MNIST: a fresh np.random shuffle at each epoch, the rest of an epoch joined to the next."""

    def __init__(self, pixels: Any, labels: Any, one_hot: bool, reshape: bool) -> None:
        shape = (len(pixels), 784) if reshape else (len(pixels), 28, 28, 1)
        self.images = pixels.reshape(shape).astype("float32") * np.float32(1 / 255)
        self.labels = np.eye(10)[labels] if one_hot else labels.astype("uint8")
        self.num_examples, self.epochs_completed, self.at = len(pixels), 0, 0

    def shuffled(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        start = self.at
        if self.epochs_completed == 0 and start == 0 and shuffle:
            self.shuffled()
        if start + batch_size <= self.num_examples:
            self.at = start + batch_size
            return self.images[start : self.at], self.labels[start : self.at]
        self.epochs_completed += 1
        rest_images, rest_labels = self.images[start:], self.labels[start:]
        if shuffle:
            self.shuffled()
        self.at = batch_size - len(rest_images)
        return (
            np.concatenate((rest_images, self.images[: self.at])),
            np.concatenate((rest_labels, self.labels[: self.at])),
        )


def read_data_sets(
    train_dir: Any = None,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = None,
    reshape: bool = True,
    validation_size: int = 5000,
    **options: Any,
) -> Any:
    """What tensorflow.examples.tutorials.mnist.input_data gave, on made-up digits."""
    (x, y), (tx, ty) = load_images(28, 1)()
    datasets = collections.namedtuple("datasets", ["train", "validation", "test"])
    cut = validation_size

    def part(a: Any, b: Any) -> DataSet:
        return DataSet(a, b, one_hot, reshape)

    return datasets(part(x[cut:], y[cut:]), part(x[:cut], y[:cut]), part(tx, ty))


def load_images(side: int, channels: int) -> Callable[..., Any]:
    """A stand-in for keras.datasets.<images>.load_data."""

    def load_data(*args: Any, **options: Any) -> Any:
        def part(count: int, seed: int) -> tuple[Any, Any]:
            pixels, labels = images(count, seed, side, channels)
            labels = labels.astype("uint8")
            return (pixels[..., 0], labels) if channels == 1 else (pixels, labels[:, None])

        return part(5600 if side == 28 else 600, 1), part(200, 2)

    return load_data


def load_words(path: Any = None, num_words: int | None = None, **options: Any) -> Any:
    """A stand-in for keras.datasets.imdb.load_data."""
    rng = np.random.RandomState(5)

    def part(count: int) -> tuple[Any, Any]:
        texts = np.empty(count, dtype=object)
        texts[:] = [list(rng.randint(1, num_words or 1000, rng.randint(20, 100))) for _ in range(count)]
        return texts, rng.randint(0, 2, count)

    return part(200), part(100)


def stub_data(stubs: list[str], mode: str) -> None:
    """Puts the stand-ins where programs look for their data."""
    loaders = {
        "mnist": load_images(28, 1),
        "fashion_mnist": load_images(28, 1),
        "cifar10": load_images(32, 3),
        "cifar100": load_images(32, 3),
        "imdb": load_words,
    }
    for name in stubs:
        for package in (
            "keras.datasets",
            "keras.src.datasets",
            "tf_keras.datasets",
            "keras._tf_keras.keras.datasets",
            "tensorflow.python.keras.datasets",
        ):
            if package.rpartition(".")[0] not in sys.modules:
                continue  # nothing that this program could see
            try:
                module: Any = __import__(package + "." + name, fromlist=["load_data"])
            except Exception:  # this TensorFlow does not have it there
                continue
            module.load_data = loaders[name]
            if hasattr(getattr(module, name, None), "load_data"):
                getattr(module, name).load_data = loaders[name]
    if "mnist" in stubs and mode == "old":
        data = module_of("tensorflow.examples.tutorials.mnist.input_data", read_data_sets=read_data_sets)
        mnist = module_of("tensorflow.examples.tutorials.mnist", input_data=data)
        tutorials = module_of("tensorflow.examples.tutorials", mnist=mnist)
        sys.modules["tensorflow"].examples = module_of("tensorflow.examples", tutorials=tutorials)  # type: ignore[attr-defined]
        sys.modules["input_data"] = data


def module_of(name: str, **contents: Any) -> Any:
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module
    return module


# ---------------------------------------------------------------- TensorFlow 1 as it was


def be_tensorflow_1() -> None:
    """`tensorflow` is tf.compat.v1 with v2 behaviour off; what is gone is stood in for where it can be."""
    for name, kind in {
        "bool": bool,
        "int": int,
        "float": float,
        "object": object,
        "str": str,
        "float_": np.float64,
    }.items():
        if name not in np.__dict__:
            setattr(np, name, kind)
    import tensorflow as real

    if real.__version__.startswith("1."):
        return
    v1 = real.compat.v1
    v1.disable_v2_behavior()
    v1.logging.set_verbosity(v1.logging.ERROR)
    v1.__path__, v1.__version__, v1.python = real.__path__, "1.15.0", sys.modules["tensorflow.python"]
    sys.modules["tensorflow"] = v1
    try:
        import tf_slim
    except ImportError:
        return
    from tensorflow.python.framework import ops

    if not hasattr(ops, "Tensor"):
        ops.Tensor, ops.IndexedSlices = real.Tensor, real.IndexedSlices  # where tf_slim looks for them
    contrib = {
        "slim": tf_slim,
        "layers": slim_layers(tf_slim, v1),
        "rnn": cells(v1),
        "framework": framework(tf_slim, v1),
        "seq2seq": types.SimpleNamespace(sequence_loss=functools.partial(sequence_loss, v1)),
    }
    v1.contrib = module_of(
        "tensorflow.contrib", **{n: module_of("tensorflow.contrib." + n, **vars(m)) for n, m in contrib.items()}
    )
    sys.modules["tensorflow.contrib.slim"] = v1.contrib.slim = tf_slim


def slim_layers(slim: Any, v1: Any) -> Any:
    """tf.contrib.layers: slim's layers, initialisers and regularisers in one place."""
    found = dict(vars(slim.layers))
    for name in (
        "l1_regularizer",
        "l2_regularizer",
        "l1_l2_regularizer",
        "sum_regularizer",
        "apply_regularization",
        "variance_scaling_initializer",
    ):
        if hasattr(slim, name):
            found.setdefault(name, getattr(slim, name))
    glorot = lambda uniform=True, seed=None, dtype=v1.float32: (  # noqa: E731
        v1.glorot_uniform_initializer if uniform else v1.glorot_normal_initializer
    )(seed=seed, dtype=dtype)
    found.update(xavier_initializer=glorot, xavier_initializer_conv2d=glorot)
    try:
        from tf_slim.layers.optimizers import optimize_loss
    except ImportError:  # an older one
        return types.SimpleNamespace(**found)
    found["optimize_loss"] = optimize_loss
    return types.SimpleNamespace(**found)


def cells(v1: Any) -> Any:
    """tf.contrib.rnn."""
    try:
        found = {n: getattr(v1.nn.rnn_cell, n) for n in dir(v1.nn.rnn_cell) if not n.startswith("_")}
    except Exception:  # tf-keras is not installed
        return types.SimpleNamespace()
    return types.SimpleNamespace(
        static_rnn=v1.nn.static_rnn,
        static_bidirectional_rnn=v1.nn.static_bidirectional_rnn,
        OutputProjectionWrapper=projected(v1),
        **found,
    )


def projected(v1: Any) -> Any:
    """tf.contrib.rnn.OutputProjectionWrapper (`contrib/rnn/python/ops/core_rnn_cell.py`, 1.15)."""

    class OutputProjectionWrapper(v1.nn.rnn_cell.RNNCell):  # type: ignore[misc]
        def __init__(self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None) -> None:
            super().__init__(_reuse=reuse)
            self.inner, self.size, self.activation = cell, output_size, activation

        @property
        def state_size(self) -> Any:
            return self.inner.state_size

        @property
        def output_size(self) -> int:
            return self.size

        def zero_state(self, batch_size: Any, dtype: Any) -> Any:
            return self.inner.zero_state(batch_size, dtype)

        def call(self, inputs: Any, state: Any) -> Any:
            output, state = self.inner(inputs, state)
            kernel = v1.get_variable("kernel", [output.shape[1], self.size])
            bias = v1.get_variable("bias", [self.size], initializer=v1.zeros_initializer())
            output = v1.nn.bias_add(v1.matmul(output, kernel), bias)
            return (self.activation(output) if self.activation else output), state

    return OutputProjectionWrapper


def framework(slim: Any, v1: Any) -> Any:
    """tf.contrib.framework."""
    return types.SimpleNamespace(
        arg_scope=slim.arg_scope,
        add_arg_scope=slim.add_arg_scope,
        nest=v1.nest,
        get_or_create_global_step=v1.train.get_or_create_global_step,
    )


def sequence_loss(
    v1: Any,
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Any = None,
    name: Any = None,
) -> Any:
    """tf.contrib.seq2seq.sequence_loss."""
    flat = v1.reshape(logits, [-1, v1.shape(logits)[2]])
    weighted = v1.reshape(weights, [-1]) * v1.nn.sparse_softmax_cross_entropy_with_logits(
        labels=v1.reshape(targets, [-1]), logits=flat
    )
    if average_across_timesteps and average_across_batch:
        return v1.reduce_sum(weighted) / (v1.reduce_sum(v1.reshape(weights, [-1])) + 1e-12)
    weighted, weights = v1.reshape(weighted, v1.shape(logits)[:2]), v1.cast(weights, weighted.dtype)
    if not average_across_timesteps and not average_across_batch:
        return weighted
    axis = 1 if average_across_timesteps else 0
    return v1.reduce_sum(weighted, axis) / (v1.reduce_sum(weights, axis) + 1e-12)


# ---------------------------------------------------------------- TensorFlow, watched


class Watch:
    """Sessions, functions, variables and optimizers, seen from outside."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.sessions: Any = weakref.WeakSet()
        self.variables: list[Any] = []
        self.optimizers: list[Any] = []
        self.starts: dict[Any, Any] = {}

    def install(self) -> None:
        self.watch_sessions()
        self.watch_variables()
        try:
            from tensorflow.python.eager.polymorphic_function import polymorphic_function
        except ImportError:
            pass
        else:
            self.watch_functions(polymorphic_function.Function)
        for module in ("tensorflow.python.training.optimizer", "keras.src.optimizers.base_optimizer"):
            if module.startswith("keras") and "keras.src" not in sys.modules:
                continue
            try:
                found = __import__(module, fromlist=["x"])
            except Exception:  # not in this TensorFlow
                continue
            self.watch_made(getattr(found, "Optimizer", None) or found.BaseOptimizer, self.optimizers)
        from tensorflow.python.training import moving_averages

        self.watch_made(moving_averages.ExponentialMovingAverage, self.optimizers)

    def watch_made(self, kind: Any, made: list[Any]) -> None:
        real = kind.__init__

        @functools.wraps(real)
        def __init__(instance: Any, *args: Any, **options: Any) -> None:
            made.append(instance)
            real(instance, *args, **options)

        kind.__init__ = __init__

    def watch_variables(self) -> None:
        from tensorflow.python.ops import resource_variable_ops as rv

        self.watch_made(getattr(rv, "BaseResourceVariable", rv.ResourceVariable), self.variables)

    def watch_sessions(self) -> None:
        from tensorflow.python.client import session

        real_run, real_close, recorder = session.BaseSession.run, session.BaseSession.close, self.recorder

        def run(this: Any, fetches: Any, *args: Any, **options: Any) -> Any:
            self.sessions.add(this)
            if recorder.quiet:
                return real_run(this, fetches, *args, **options)
            if recorder.probe is not None and not initialises(this.graph, fetches) and recorder.probe.arrives():
                self.variables_of(this, "before")
                inner = recorder.probe.inside(this.graph, fetches)
                fetches = [fetches, [row[3] for row in inner]]
                result, values = real_run(this, fetches, *args, **options)
                for (key, file, line, _), value in zip(inner, values):
                    if np.asarray(value).dtype.kind in "biufc":
                        recorder.emit("inner", key, file, line, encode(value))
                return result
            started, outer = time.perf_counter(), recorder.initialising
            recorder.initialising = outer or initialises(this.graph, fetches)
            try:
                if recorder.placed is not None and not args[1:] and not options.get("options"):
                    result = self.run_placed(this, fetches, *args, **options)
                else:
                    result = real_run(this, fetches, *args, **options)
            finally:
                initial, recorder.initialising = recorder.initialising, outer
            feeds = args[0] if args else options.get("feed_dict")
            self.ran(this.graph, fetches, result, time.perf_counter() - started, initial, feeds or {})
            if initial:
                self.began(this)
            return result

        def close(this: Any) -> None:
            self.finals(this)
            self.sessions.discard(this)
            real_close(this)

        session.BaseSession.run, session.BaseSession.close = run, close
        self.real_run = real_run

    def run_placed(self, this: Any, fetches: Any, *args: Any, **options: Any) -> Any:
        """A run that also tells where its ops were."""
        import tensorflow.compat.v1 as v1

        told = options["run_metadata"] = options.get("run_metadata") or v1.RunMetadata()
        options["options"] = v1.RunOptions(output_partition_graphs=True)
        result = self.real_run(this, fetches, *args, **options)
        placed = {device_name(node.device) for graph in told.partition_graphs for node in graph.node}
        self.recorder.placed.update(placed)  # type: ignore[union-attr]
        return result

    def began(self, this: Any) -> None:
        """The first values of moving averages: one that keeps its own is never updated, and tells nothing."""
        for variable in averages(this.graph):
            with contextlib.suppress(Exception):  # not initialised yet
                self.starts[id(this), variable.name] = np.array(self.real_run(this, variable))

    def ran(self, graph: Any, fetches: Any, result: Any, seconds: float, initial: bool, feeds: Any) -> None:
        from tensorflow.python.util import nest

        file, line = self.recorder.site()
        if initial or not self.recorder.room("run", file, line):
            return
        with contextlib.suppress(Exception):  # what has no order, such as a dict by tensors
            parts = [getattr(part, "op", part) for part in nest.flatten(fetches)]
            named = frozenset(str(getattr(part, "name", part)).partition(":")[0] for part in parts)
            self.recorder.together.add((graph, named))
        names = self.recorder.names
        values = [(names.get(label, label), v) for label, v in leaves(fetches, result) if v is not None]
        told = [(str(getattr(t, "name", t)), v) for t, v in feeds.items()]
        fed = given((names.get(t, t.partition(":")[0].rpartition("/")[2]), v) for t, v in told)
        self.recorder.emit("run", file, line, seconds, [(label, encode(v)) for label, v in values], fed)

    def finals(self, this: Any) -> None:
        """The last values of a session's variables."""
        self.variables_of(this, "var")

    def variables_of(self, this: Any, event: str) -> None:
        """The values of a session's variables now."""
        recorder = self.recorder
        if recorder.quiet or getattr(this, "_closed", False):
            return
        recorder.quiet += 1
        try:
            trained = {id(v) for v in this.graph.get_collection("trainable_variables")}
            for variable in dict.fromkeys(this.graph.get_collection("variables")):
                try:
                    value = self.real_run(this, variable)
                except Exception:  # never initialised in this session
                    continue
                if (id(this), variable.name) in self.starts and np.array_equal(
                    self.starts[id(this), variable.name], value
                ):
                    continue
                if np.asarray(value).dtype.kind in "biufc":
                    recorder.emit(event, variable.name, id(variable) in trained, encode(value))
        finally:
            recorder.quiet -= 1

    def watch_functions(self, kind: Any) -> None:
        real, recorder, watch = kind.__call__, self.recorder, self
        inside = [0]

        def __call__(this: Any, *args: Any, **options: Any) -> Any:
            from tensorflow.python.eager import context

            if inside[0] or recorder.quiet or not context.executing_eagerly():
                return real(this, *args, **options)
            inside[0] += 1
            probe = recorder.probe
            if probe is not None and probe.arrives():
                watch.living("before")
                probe.open = True
            started = time.perf_counter()
            try:
                result = real(this, *args, **options)
            finally:
                inside[0] -= 1
                if probe is not None:
                    probe.open = False
            seconds = time.perf_counter() - started
            watch.called(getattr(this, "__name__", "function"), result, seconds, arguments(this, args, options))
            return result

        kind.__call__ = __call__

    def called(self, name: str, result: Any, seconds: float, named: list[tuple[str, Any]]) -> None:
        file, line = self.recorder.site()
        if self.recorder.placed is not None:
            found = [v for _, v in leaves(result, result) if hasattr(v, "backing_device")]
            self.recorder.placed.update(device_name(v.backing_device) for v in found)
        if file and self.recorder.room("call", file, line):
            values = [concrete(v) for _, v in leaves(result, result)]
            told = [encode(v) for v in values if v is not None]
            self.recorder.emit("call", name, file, line, seconds, told, given(named))

    def finish(self) -> None:
        """Everything that is known only at the end."""
        for this in list(self.sessions):
            self.finals(this)
        self.living("var")
        self.told()

    def living(self, event: str) -> None:
        """The values of the variables outside of graphs."""
        for variable in self.variables:
            if type(variable).__name__ == "_UnreadVariable":  # what an assignment returns: another view of a variable
                continue
            value = (
                concrete(variable)
                if not isinstance(getattr(variable, "_in_graph_mode", False), bool) or not variable._in_graph_mode
                else None
            )
            if value is not None and self.recorder.placed is not None:
                self.recorder.placed.add(device_name(variable.device))
            if value is not None:
                self.recorder.emit(event, getattr(variable, "name", "") or "", bool(variable.trainable), encode(value))

    def told(self) -> None:
        """Optimizers, draws and shuffles."""
        for optimizer in self.optimizers:
            found = {n: hyper(optimizer, n) for n in HYPER}
            if kind_of(optimizer) == "ExponentialMovingAverage":
                found["counted"] = float(optimizer._num_updates is not None)
            self.recorder.emit("opt", kind_of(optimizer), {n: v for n, v in found.items() if v is not None})
        for key, row in sorted(self.recorder.draws.items()):
            self.recorder.emit("draw", key, *row)
        for key, seeds in sorted(self.recorder.seeds.items()):
            same = [places[:MOST] for seed, places in seeds.items() if seed is not None]
            self.recorder.emit("seeds", key, same, sum(map(len, seeds.values())))
        self.recorder.emit("seeded", self.recorder.seeded)
        self.recorder.emit("shuffles", sorted(self.recorder.shuffles.values(), key=str))
        self.recorder.emit("queued", self.recorder.queued)
        self.recorder.emit("placed", sorted(self.recorder.placed or ()))


HYPER = {
    "beta_1": ("beta_1", "_beta1"),
    "beta_2": ("beta_2", "_beta2"),
    "epsilon": ("epsilon", "_epsilon"),
    "rho": ("rho", "_decay", "_rho"),
    "momentum": ("momentum", "_momentum"),
    "nesterov": ("nesterov", "_use_nesterov"),
    "centered": ("centered", "_centered"),
    "initial_accumulator_value": ("initial_accumulator_value", "_initial_accumulator_value"),
    "decay": ("_decay",),
}


def averages(graph: Any) -> list[Any]:
    """The variables of moving averages."""
    return [v for v in graph.get_collection("variables") if "ExponentialMovingAverage" in v.name]


def arguments(function: Any, args: Any, options: Any) -> list[tuple[str, Any]]:
    """What a function is called with, by name."""
    try:
        names = list(inspect.signature(function.python_function).parameters)
    except (AttributeError, TypeError, ValueError):  # a callable that tells nothing of itself
        names = []
    return list(zip(names, args)) + list(options.items())


def hyper(optimizer: Any, name: str) -> float | None:
    for attribute in HYPER[name]:
        value = getattr(optimizer, attribute, None)
        if isinstance(value, (bool, int, float)):
            return float(value)
    return None


def kind_of(optimizer: Any) -> str:
    """The library's own class that an optimizer is or derives from."""
    for kind in type(optimizer).__mro__:
        if kind.__module__.startswith(
            ("keras.src.optimizers", "tensorflow.python.training", "tensorflow_core.python.training")
        ):
            return str(kind.__name__)
    return type(optimizer).__name__


def initialises(graph: Any, fetches: Any) -> bool:
    """Whether a run initialises variables."""
    first = {
        id(getattr(v, "initializer", None))
        for v in graph.get_collection("variables") + graph.get_collection("local_variables")
    }

    def is_initial(op: Any, depth: int) -> bool:
        return id(op) in first or (
            depth > 0 and any(is_initial(c, depth - 1) for c in getattr(op, "control_inputs", ()))
        )

    found = (
        [fetches]
        if not isinstance(fetches, (list, tuple, dict))
        else list(fetches.values() if isinstance(fetches, dict) else fetches)
    )
    return any(is_initial(f, 2) for f in found if hasattr(f, "control_inputs"))


def leaves(fetches: Any, result: Any) -> Iterator[tuple[str, Any]]:
    """The fetched values with the names of what was fetched."""
    if isinstance(result, dict):
        for key, value in result.items():
            for _, leaf in leaves(value, value):
                yield str(key), leaf
    elif isinstance(result, (list, tuple)):
        inner = fetches if isinstance(fetches, (list, tuple)) and len(fetches) == len(result) else result
        for fetch, value in zip(inner, result):
            for found in leaves(fetch, value):
                yield found
    else:
        yield str(getattr(fetches, "name", "")) if result is not fetches else "", result


# ---------------------------------------------------------------- confinement


def c_library() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def isolate(box: str, network: bool) -> list[str]:
    """Name spaces where the kernel lets us: no network, processes and /tmp of its own. Says what it got."""
    libc, user, mount, net, pids = c_library(), 0x10000000, 0x20000, 0 if network else 0x40000000, 0x20000000
    uid, gid = os.getuid(), os.getgid()
    got = [] if network else ["network"]
    if libc.unshare(user | mount | net | pids) == 0:
        got.append("processes")
    elif libc.unshare(user | mount | net):
        return []
    for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), ("gid_map", "%d %d 1" % (gid, gid))):
        try:
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
        except OSError:
            break
    own = os.path.join(box, "tmp")
    if (
        sys.prefix.startswith("/tmp/")
        or os.path.realpath("/tmp") != "/tmp"
        or libc.mount(b"none", b"/", None, 0x44000, None)
    ):
        return got
    bind, recursive = 0x1000, 0x4000
    if box.startswith("/tmp/"):  # the box stays where it is, inside the new /tmp
        inner = os.path.join(own, os.path.relpath(box, "/tmp"))
        os.makedirs(inner, exist_ok=True)
        if libc.mount(box.encode(), inner.encode(), None, bind, None):
            return got
    if libc.mount(own.encode(), b"/tmp", None, bind | recursive, None) == 0:
        got.append("/tmp")
        # semaphores and shared memory: they go with the folder
        shared = os.path.join(box, "home", ".shm")
        os.makedirs(shared, exist_ok=True)
        libc.mount(shared.encode(), b"/dev/shm", None, bind, None)
        os.chdir(os.getcwd())
    return got


def stand_apart() -> None:
    """The program becomes the second process of a name space, where it sees, and can end, only what it started.

    The first one waits for it, and all others end with the first. What went before says how the program ended.
    """
    told, tell = os.pipe()
    first = os.fork()
    if first:
        os.close(tell)
        with os.fdopen(told) as said:
            status = int(said.read() or 9)
        os.waitpid(first, 0)
        if os.WIFSIGNALED(status):
            with contextlib.suppress(OSError, ValueError):  # some signals cannot be handled
                signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))
    c_library().prctl(1, signal.SIGKILL, 0, 0, 0)
    os.close(told)
    c_library().mount(b"proc", b"/proc", b"proc", 0, None)  # refused in some containers: then it is the outer one
    program = os.fork()
    if program:
        ended, status = 0, 0
        while ended != program:
            ended, status = os.wait()  # whatever lost its parent is ours
        os.write(tell, str(status).encode())
        os._exit(0)
    os.close(tell)
    os.setsid()


def lock_files(allowed: list[str]) -> bool:
    """Landlock: from here on nothing can be written but beneath these folders, by whatever means."""
    libc = c_library()
    version = libc.syscall(444, None, ctypes.c_size_t(0), 1)
    if version < 1 or os.uname().machine not in ("x86_64", "aarch64"):
        return False
    rights = sum(1 << bit for bit in [1] + list(range(4, 13 if version < 2 else 14 if version < 3 else 15)))
    ruleset = libc.syscall(444, struct.pack("Q", rights), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    for folder in allowed:
        handle = os.open(folder, os.O_PATH)
        libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, handle), 0)
        os.close(handle)
    libc.prctl(38, 1, 0, 0, 0)
    locked = bool(libc.syscall(446, ruleset, 0) == 0)
    os.close(ruleset)
    return locked


def guard(allowed: list[str], network: bool) -> None:
    """Refuses, with a reason, what Python does outside the box (where the kernel cannot be asked, this is all there is)."""
    if not hasattr(sys, "addaudithook"):
        return
    writing = {
        "os.remove": 0,
        "os.rmdir": 0,
        "os.mkdir": 0,
        "os.truncate": 0,
        "os.rename": 1,
        "os.link": 1,
        "os.symlink": 1,
    }

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], (str, bytes)):
            mode, flags = args[1], args[2]
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT
            ):
                inside(args[0])
        elif event in writing:
            inside(args[writing[event]])
        elif event in ("socket.connect", "socket.getaddrinfo") and not network:
            if not (event == "socket.connect" and isinstance(args[1], (str, bytes))):
                raise PermissionError("the network is off; --allow-network turns it on")
        elif (
            event in ("os.kill", "os.killpg")
            and args[0] not in (0, os.getpid())
            and os.getpgid(args[0]) != os.getpgrp()
        ):
            raise PermissionError("the program may only end its own processes")

    def inside(path: Any) -> None:
        if isinstance(path, int):
            return
        real = os.path.realpath(os.fsdecode(path))
        if not any(real == a or real.startswith(a + "/") for a in allowed):
            raise PermissionError("the program may not write outside its folder: %s" % real)

    sys.addaudithook(refuse)


# ---------------------------------------------------------------- event files


#: What TensorFlow 1 puts behind the tags of pictures and sounds, one by one.
ONE_OF_SEVERAL = re.compile(r"/(image|audio)(/[0-9]+)?$")


def event_files(recorder: Recorder) -> list[tuple[str, str]]:
    """The event files in the program's folder and in that for temporary files, each with the folder that it is below."""
    own, temporary = recorder.folder, os.environ["TMPDIR"]
    return [
        (at, os.path.join(folder, name))
        for at in (own, temporary)
        for folder, _, names in os.walk(at)
        if at == own or not os.path.join(folder, "").startswith(own)
        for name in names
        if "tfevents" in name
    ]


def tell_summaries(recorder: Recorder, before: list[tuple[str, str]]) -> None:
    """What the program wrote to event files, but those of before: tags, steps and numbers, without graphs and times."""
    files = [file for file in event_files(recorder) if file not in before]
    if files:
        flush_writers()
        recorder.emit("raced", sorted(raced(recorder)))
    read = [(at, path, read_events(path)) for at, path in files]
    found: dict[Any, list[Any]] = {}
    recorder.quiet += 1  # pictures are looked at by runs that are not the program's
    try:
        for at, path, events in sorted(read, key=lambda file: file[2][0].wall_time if file[2] else 0.0):
            told = os.path.relpath(os.path.dirname(path), at)
            if at != recorder.folder:  # names that `tempfile` made
                told = "/".join(re.sub(r"[a-z0-9_]{8}$", "", part) for part in told.split(os.sep))
            for event in events[:MOST]:
                for tag, kind, row in summaries(event.summary):
                    found.setdefault((told, tag, kind), []).append([event.step, row])
    finally:
        recorder.quiet -= 1
    for (told, tag, kind), rows in sorted(found.items()):
        recorder.emit("summary", told, tag, kind, rows)


def flush_writers() -> None:
    """Has what writers still hold written, of which a program that does not close them leaves the end to chance."""
    for thing in gc.get_objects():
        if type(thing).__name__ in ("EventFileWriter", "_ResourceSummaryWriter", "_LegacyResourceSummaryWriter"):
            with contextlib.suppress(Exception):
                thing.flush()


def raced(recorder: Recorder) -> set[str]:
    """The tags of summaries that variables decide which the same run updates: whether before or after, no graph says."""
    import tensorflow.compat.v1 as v1

    found = set()
    for graph, names in recorder.together:
        asked = [op for op in graph.get_operations() if op.name in names]
        ops = before(asked, lambda op: [*(each.op for each in op.inputs), *op.control_inputs])
        if not any(re.search("Assign|Apply|Scatter", op.type) for op in ops):
            continue
        for op in ops:
            if op.type in ("ScalarSummary", "HistogramSummary") and of_variables(op.inputs[1].op):
                with contextlib.suppress(Exception):  # a tag that is computed
                    found.add(_text(v1.make_ndarray(op.inputs[0].op.get_attr("value")).item()))
    return found


def of_variables(op: Any) -> bool:
    """Whether what an op computes comes from variables, and from nothing that is fed, read or drawn."""
    kinds = {each.type for each in before([op], lambda inner: [value.op for value in inner.inputs])}
    other = re.compile("Placeholder|Iterator|Random|Truncated|Multinomial|Queue|Reader")
    return bool(kinds & {"Variable", "VariableV2", "VarHandleOp"}) and not any(map(other.match, kinds))


def before(ops: list[Any], needs: Callable[[Any], list[Any]]) -> list[Any]:
    """Ops, and all that they need."""
    seen, todo = list(dict.fromkeys(ops)), list(ops)
    known = set(seen)
    while todo:
        for op in needs(todo.pop()):
            if op not in known:
                known.add(op)
                seen.append(op)
                todo.append(op)
    return seen


def read_events(path: str) -> list[Any]:
    import tensorflow.compat.v1 as v1

    events = []
    with contextlib.suppress(Exception):  # the last record may be cut short
        for event in v1.train.summary_iterator(path):
            events.append(event)
    return events


def summaries(summary: Any) -> Iterator[tuple[str, str, list[Any]]]:
    """Tag, kind and numbers of each value: pictures and sounds of one tag are counted, with size and mean of pictures."""
    several: dict[tuple[str, str], list[Any]] = {}
    for value in summary.value:
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            yield value.tag, "scalar", [value.simple_value]
        elif kind == "histo":
            histogram = value.histo
            yield value.tag, "histogram", [histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum]
        elif kind in ("image", "audio"):
            tag = ONE_OF_SEVERAL.sub("", value.tag)
            row = several.setdefault((tag, kind), [0])
            row[0] += 1
            if kind == "image":
                row += [value.image.width, value.image.height, brightness(value.image.encoded_image_string)]
        elif kind == "tensor":
            yield from of_tensor(value)
    for (tag, kind), row in several.items():
        yield tag, kind, row


def brightness(image: bytes) -> float:
    """The mean of a picture's numbers, from 0 to 1."""
    import tensorflow.compat.v1 as v1

    with contextlib.suppress(Exception), v1.Graph().as_default(), v1.Session() as session:
        return float(session.run(v1.image.decode_png(image)).mean() / 255)
    return -1.0  # it is no picture


def of_tensor(value: Any) -> Iterator[tuple[str, str, list[Any]]]:
    """What a summary of TensorFlow 2 says; a histogram has the least and the greatest sum that its buckets allow."""
    import tensorflow.compat.v1 as v1

    kind = value.metadata.plugin_data.plugin_name
    array = v1.make_ndarray(value.tensor)
    if kind == "scalars":
        yield value.tag, "scalar", [float(array)]
    elif kind == "histograms" and array.size:
        left, right, counts = array.T.astype(float)
        least, most = float((left * counts).sum()), float((right * counts).sum())
        yield value.tag, "histogram", [float(left[0]), float(right[-1]), float(counts.sum()), least, most]
    elif kind == "images":
        size = [int(array[0]), int(array[1])]
        yield value.tag, "image", [len(array) - 2] + [n for image in array[2:] for n in (*size, brightness(image))]
    elif kind == "audio":
        yield value.tag, "audio", [len(array)]
    elif kind == "text":
        yield value.tag, "text", [_text(text) for text in array.ravel().tolist()]
    elif not kind.startswith("graph") and array.dtype.kind in "biuf":
        yield value.tag, kind or "tensor", array.ravel().astype(float).tolist()[:MOST]


# ---------------------------------------------------------------- one program


def prepare(job: Json, recorder: Recorder) -> Watch:
    """TensorFlow as this job wants it."""
    import tensorflow as tf

    if job["mode"] != "new" and "tf_keras" in sys.modules:
        sys.modules.setdefault("keras", sys.modules["tf_keras"])  # the Keras of its time
    for name in job["imports"]:
        with contextlib.suppress(Exception):  # not installed: the program will say so
            __import__(name)
    watch = Watch(recorder)
    if job.get("device", "").startswith("gpu"):
        steady_gpu(tf, job["salt"])
    if job.get("device", "").startswith("cpu:"):
        two_cpus(tf)
    if job.get("device", "cpu") != "cpu":
        recorder.placed = set()
    if job["shared"]:
        Draws(recorder, job["salt"], bool(job.get("jitter"))).install()
        seed_hosts(job["salt"])
        if job.get("carry"):
            carry_cells((job["salt"], 11))
    watch.install()
    if job["mode"] == "old":
        be_tensorflow_1()
    stub_data(job.get("stubs", []), job["mode"])
    if job.get("probe"):
        recorder.probe = Probe(recorder, dict(job["probe"], script=job["script"]))
        if job["mode"] != "old":
            tf.config.run_functions_eagerly(True)
    return watch


def steady_gpu(tf: Any, salt: int) -> None:
    """The same numbers every time, no TF32, and no more of the card's memory than is needed."""
    for gpu in tf.config.experimental.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    if hasattr(tf.config.experimental, "enable_op_determinism"):
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.compat.v1.set_random_seed(salt)


def two_cpus(tf: Any) -> None:
    """Two logical CPU devices, for eager code and for sessions."""
    cpu = tf.config.experimental.list_physical_devices("CPU")[0]
    one = tf.config.experimental.VirtualDeviceConfiguration()
    tf.config.experimental.set_virtual_device_configuration(cpu, [one, one])
    from tensorflow.python.client import session

    real = session.BaseSession.__init__

    @functools.wraps(real)
    def __init__(this: Any, target: str = "", graph: Any = None, config: Any = None) -> None:
        config = config or tf.compat.v1.ConfigProto()
        config.device_count["CPU"], config.allow_soft_placement = 2, True
        real(this, target, graph, config)

    session.BaseSession.__init__ = __init__


def program(job: Json, recorder: Recorder) -> int:
    """Runs the program as `__main__`; its exit status."""
    path = os.path.join(recorder.folder, job["script"])
    sys.argv = [job["script"]] + list(job.get("args", []))
    sys.path[0] = os.path.dirname(path)
    sys.dont_write_bytecode = True
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__, __tf2migrate_see__=recorder.see)
    __builtins__.__dict__["__tf2migrate_see__"] = recorder.see
    quiet = types.SimpleNamespace(magic=lambda *a: None, run_line_magic=lambda *a: None, system=lambda *a: None)
    main.__dict__["get_ipython"] = lambda: quiet
    sys.modules["__main__"] = main
    try:
        with open(path, encoding="utf8") as file:
            code = telling(file.read(), path, job["script"])
        with placed(job.get("device", "")):
            exec(code, main.__dict__)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException as error:
        traceback.print_exc()
        lines = [
            (f.filename, f.lineno)
            for f in traceback.extract_tb(error.__traceback__)
            if f.filename.startswith(recorder.folder)
        ]
        file_name, line = lines[-1] if lines else (path, getattr(error, "lineno", 0) or 0)
        recorder.emit("error", type(error).__name__, str(error)[:2000], file_name[len(recorder.folder) :], line)
        return 1
    finally:
        for name, value in sorted(main.__dict__.items()):
            found = concrete(value) if not name.startswith("_") and not is_tensor(value) else None
            if found is not None:
                recorder.emit("final", name, encode(found))
    return 0


def placed(device: str) -> Any:
    """The device scope of a stand-in CPU; other devices are chosen by what the process can see."""
    if device.startswith("cpu:"):
        import tensorflow as tf

        return tf.device("/" + device)
    return contextlib.ExitStack()


def devices() -> list[str]:
    import tensorflow as tf

    try:
        found = tf.config.experimental.list_logical_devices()
        return ["%s %s" % (d.device_type, d.name.rsplit(":", 1)[-1]) for d in found]
    except Exception:  # TensorFlow 1.13 and before
        return ["CPU"]


def child(job: Json) -> None:
    """The forked process: confined, it runs one program and writes down what it sees."""
    box = os.path.realpath(job["box"])
    os.chdir(job["cwd"])
    os.environ.update(job.get("env", {}), HOME=os.path.join(box, "home"), TMPDIR="/tmp")
    recorder = Recorder(job["events"], job["cwd"])
    got = isolate(box, bool(job.get("network")))
    if "processes" in got:
        stand_apart()
        recorder.pid = os.getpid()
    if "/tmp" not in got:
        os.environ["TMPDIR"] = os.path.join(box, "tmp")
    tempfile.tempdir = None  # the folder that it found before the fork is not the program's
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits(job)
    warnings.filterwarnings("ignore")
    watch = prepare(job, recorder)
    allowed = (
        [os.path.join(box, part) for part in ("work", "home", "tmp")] + ["/dev"] + (["/tmp"] if "/tmp" in got else [])
    )
    lock_files(allowed)
    guard([os.path.realpath(a) for a in allowed], bool(job.get("network")))
    tell_modules(recorder)
    leave = os._exit

    def end(status: int) -> None:
        with contextlib.suppress(OSError):  # the program may have closed all that is open
            recorder.emit("left", *recorder.site())
        leave(status)

    os._exit = end  # type: ignore[assignment]
    printed = sys.stdout = Printed(recorder, sys.stdout)
    events = event_files(recorder)
    status = program(job, recorder)
    tell_summaries(recorder, events)
    finish(recorder, watch, printed, status, devices())
    leave(status)


def limits(job: Json) -> None:
    """A ceiling on what can be asked for at once; what is really used is watched by the parent."""
    if job.get("device", "cpu").startswith("cpu"):
        most = (int(job["memory"]) + 4096) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def finish(recorder: Recorder, watch: Watch, printed: Any, status: int, found: list[str]) -> None:
    import tensorflow.compat.v1 as v1

    printed.finish()
    state: Any = np.random.get_state()
    keys, rest = state[1], state[2:]
    recorder.emit(
        "state", "numpy", hashlib.sha256(keys.tobytes() + repr([float(x) for x in rest]).encode()).hexdigest()
    )
    recorder.emit("state", "python", hashlib.sha256(repr(random.getstate()).encode()).hexdigest())
    watch.finish()
    version = sys.modules["tensorflow.python.framework.versions"].VERSION
    recorder.emit("end", status, version, sys.version.split()[0], found if v1 else [])
    sys.stdout.flush()
    sys.stderr.flush()


# ---------------------------------------------------------------- the process that forks


def tree_of(root: int) -> dict[int, int]:
    """The processes beneath one, with the memory of each in bytes."""
    beneath: dict[int, list[int]] = {}
    pages = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            beneath.setdefault(int(fields[1]), []).append(int(name))
            pages[int(name)] = int(fields[21])
    found = [root] if root in pages else []
    for pid in found:  # which grows as it is read
        found += beneath.get(pid, ())
    return {pid: own_memory(str(pid), pages[pid]) for pid in found}


def own_memory(pid: str, pages: int) -> int:
    """What a process holds in bytes, without the pages of files; those are shared, or can be dropped."""
    with contextlib.suppress(OSError), open("/proc/%s/status" % pid) as file:
        lines = [line.split() for line in file if line.startswith(("RssAnon:", "RssShmem:"))]
        if lines:
            return sum(int(line[1]) for line in lines) << 10
    return pages * resource.getpagesize()


def share(pid: int, otherwise: int) -> int:
    """What a process holds, where what forks have in common is divided among them; slow to ask for."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            lines = [line.split() for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    except OSError:
        return otherwise
    return sum(int(line[1]) for line in lines) << 10 if lines else otherwise


def kill_beneath(me: int) -> None:
    """Ends and reaps every process beneath this one."""
    for _ in range(100):
        left = [p for p in tree_of(me) if p != me]
        for pid in left:
            try:
                if os.getpgid(pid) != os.getpgrp():
                    os.killpg(os.getpgid(pid), signal.SIGKILL)
                os.kill(pid, signal.SIGKILL)
            except OSError:  # it has ended meanwhile
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        if not left:
            return
        time.sleep(0.01)


def abandoned() -> bool:
    """Whether nobody will ask for anything more."""
    poll = select.poll()
    poll.register(0, 0)  # of a pipe whose other end is closed this is told all the same
    return bool(poll.poll(0))


def over(job: Json, pid: int, started: float, shared: int) -> tuple[str, int]:
    """Why a running program must be ended, or "" and the memory it uses now."""
    if time.monotonic() - started > job["timeout"]:
        return "time", 0
    if abandoned():
        return "abandoned", 0
    used = tree_of(pid)
    if len(used) > job.get("processes", 64) + 2:  # those that stand around the program
        return "processes", 0
    # pages of the imported TensorFlow are shared with this process
    size, most = sum(used.values()) - shared * len(used), int(job["memory"]) << 20
    if size > most:
        size = sum(share(p, used[p]) for p in used)
    return ("memory" if size > most else ""), size


def serve(job: Json, me: int) -> Json:
    """Runs one job in a fork and says how it ended."""
    started, shared = time.monotonic(), tree_of(me).get(me, 0)
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            c_library().prctl(1, signal.SIGKILL, 0, 0, 0)
            with open(job["stdin"], "rb") as given, open(job["stdout"], "wb") as out, open(job["stderr"], "wb") as err:
                for stream, number in ((given, 0), (out, 1), (err, 2)):
                    os.dup2(stream.fileno(), number)
            os.closerange(3, 10)
            child(job)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(70)
    ended, reason, peak, nap = 0, "", 0, 0.005
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        reason, size = over(job, pid, started, shared)
        peak = max(peak, size)
        if reason:
            os.killpg(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            break
        time.sleep(nap)
        nap = min(nap * 1.2, 0.05)
    kill_beneath(me)
    signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {
        "status": os.WEXITSTATUS(status) if not signalled else 128 + signalled,
        "signal": signalled,
        "reason": reason,
        "seconds": time.monotonic() - started,
        "memory": peak,
        "cpu": usage.ru_utime + usage.ru_stime,
    }


def main(folder: str) -> None:
    """Answers jobs until the last one."""
    c_library().prctl(36, 1, 0, 0, 0)  # processes whose parent ended become ours
    warnings.filterwarnings("ignore")
    protocol = os.dup(1)
    os.set_inheritable(protocol, False)
    os.dup2(2, 1)
    import tensorflow as tf

    for name in ("tf_keras", "tf_slim") if os.environ.get("TF_USE_LEGACY_KERAS") else ("keras",):
        try:
            __import__(name)
        except Exception:  # not installed, or not for this TensorFlow
            continue
    gc.freeze()  # what is imported stays: a fork that looked at it for garbage would have each page of it copied
    tell(protocol, {"tensorflow": tf.__version__, "python": sys.version.split()[0]})
    for job in jobs():
        if job is None:
            return
        tell(protocol, serve(job, os.getpid()))
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        os.spawnlp(os.P_WAIT, "rm", "rm", "-rf", "--", folder)


def tell(protocol: int, message: Json) -> None:
    """One line to whoever asked, if there is anybody left."""
    with contextlib.suppress(OSError):
        os.write(protocol, (json.dumps(message) + "\n").encode())


def jobs() -> Iterator[Json]:
    """What is asked for, until stdin ends."""
    buffered = b""
    while True:
        select.select([0], [], [])
        got = os.read(0, 1 << 16)
        if not got:
            return
        buffered += got
        while b"\n" in buffered:
            line, _, buffered = buffered.partition(b"\n")
            yield json.loads(line.decode())


if __name__ == "__main__":
    main(sys.argv[1])
