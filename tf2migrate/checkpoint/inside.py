"""Runs a program up to what it saves, and tells what that is: one standalone file that imports nothing of the project.

It takes the place of the program in a confined run (`verify.sandbox`). `tf2migrate_wanted.json` says which program and
which side it is; `tf2migrate_seen.json` is the answer. The program is ended as soon as all is known.
"""

# ruff: noqa: UP031 (Python 3.7, which runs TensorFlow 1)
from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import types
from typing import Any, Callable, Iterator  # noqa: UP035 (Python 3.7)

Json = Any
#: The lists in which Keras's optimizers, and ours, keep what TensorFlow 1 called slots.
LISTS = (
    *("_momentums", "_velocities", "momentums", "_accumulators", "_accumulated_grads", "_accumulated_delta_vars"),
    *("_linears", "_average_gradients", "powers"),
)


def record(kind: Any, into: dict[int, Any], then: Callable[[Any], None] | None = None) -> None:
    """Keeps every object of a class, in the order in which they begin to be made."""
    real = kind.__init__

    @functools.wraps(real)
    def __init__(self: Any, *given: Any, **named: Any) -> None:
        into.setdefault(id(self), self)
        real(self, *given, **named)
        if then is not None:
            then(self)

    kind.__init__ = __init__


def before(kind: Any, name: str, act: Callable[[], None]) -> None:
    """Acts before a method."""
    real = getattr(kind, name)

    @functools.wraps(real)
    def method(*given: Any, **named: Any) -> Any:
        act()
        return real(*given, **named)

    setattr(kind, name, method)


def tell(seen: Json) -> None:
    """Writes what was seen, and ends the program."""
    with open("tf2migrate_seen.json", "w", encoding="utf8") as file:
        json.dump(seen, file)
    sys.stdout.flush()
    os._exit(0)


def library_class(value: Any) -> str:
    """The class of the library that an object is of, or the nearest that it is derived from.

    A layer that is like none of the library's is of its own class.
    """
    libraries = ("keras", "tf_keras", "tensorflow", "tensorflow_core", "tf_slim")
    found = next((k.__name__ for k in type(value).__mro__ if k.__module__.split(".")[0] in libraries), "")
    return type(value).__name__ if found == "Layer" else found


# -------------------------------------------------------------------- TensorFlow 1


class Old:
    """The savers, layers and optimizers of a graph program."""

    def __init__(self, wanted: Json, names: dict[str, Any]) -> None:
        import tensorflow as tf

        self.tf, self.names, self.found = tf, names, set(wanted["names"])
        self.savers: dict[int, Any] = {}
        self.optimizers: dict[int, Any] = {}
        self.layers: dict[int, Any] = {}
        record(tf.train.Saver, self.savers, self.made)
        record(tf.train.Optimizer, self.optimizers)
        for kind in self.layer_classes():
            record(kind, self.layers)
        for name in ("save", "restore"):
            before(tf.train.Saver, name, self.finish)

    def layer_classes(self) -> Iterator[Any]:
        """The classes that all layers and cells go back to."""
        from tensorflow.python.layers import core  # what tf_slim makes its layers of

        tf, seen = self.tf, set()
        for kind in (tf.layers.Dense, tf.nn.rnn_cell.BasicLSTMCell, tf.keras.layers.Dense, core.Dense):
            for parent in kind.__mro__:
                if parent.__name__ == "Layer" and "__init__" in vars(parent) and parent not in seen:
                    seen.add(parent)
                    yield parent

    def made(self, saver: Any) -> None:
        if set(self.named(saver)) == self.found:
            self.finish()

    def named(self, saver: Any) -> dict[str, Any]:
        """The variables of a saver by their names in its files."""
        given = saver._var_list if saver._var_list is not None else self.tf.global_variables()
        return dict(given) if isinstance(given, dict) else {v.op.name: v for v in given}

    def finish(self) -> None:
        savers = [self.named(s) for s in self.savers.values()]
        fits = [i for i, s in enumerate(savers) if set(s) == self.found]
        fits = fits or [i for i, s in enumerate(savers) if s and set(s) <= self.found]
        seen = {"savers": len(savers), "fits": fits[0] if fits else None}
        if not fits:
            tell(dict(seen, names=[sorted(s) for s in savers]))
        chosen = savers[fits[0]]
        keys = {v.op.name: key for key, v in chosen.items()}
        graph = next(iter(chosen.values())).graph
        every = graph.get_collection("variables") + graph.get_collection("local_variables")
        order = {v.op.name: i for i, v in reversed(list(enumerate(every)))}
        paths = dict(places(self.names, lambda v: getattr(getattr(v, "op", None), "name", None)))
        variables = [
            {"name": key, "shape": v.shape.as_list(), "dtype": v.dtype.base_dtype.name, "path": paths.get(v.op.name)}
            for key, v in sorted(chosen.items(), key=lambda item: order.get(item[1].op.name, -1))
        ]
        layers = list(filter(None, (self.layer(value, keys) for value in self.layers.values())))
        optimizers = [self.optimizer(o, keys, graph) for o in self.optimizers.values()]
        tell(dict(seen, variables=variables, layers=layers, optimizers=optimizers))

    def layer(self, value: Any, keys: dict[str, str]) -> Json | None:
        try:
            weights = [w.op.name for w in value.weights]
        except (AttributeError, ValueError):
            return None  # it never made any
        held = [keys[name] for name in weights if name in keys]
        return {"kind": library_class(value), "weights": held, "forget": getattr(value, "_forget_bias", None)}

    def optimizer(self, value: Any, keys: dict[str, str], graph: Any) -> Json:
        """The slots of an optimizer, by the slot and the variable that they belong to."""
        slots = []
        for slot in value.get_slot_names():
            for variable in graph.get_collection("variables"):
                kept = value.get_slot(variable, slot)
                if kept is not None and kept.op.name in keys and variable.op.name in keys:
                    slots.append([slot, keys[variable.op.name], keys[kept.op.name]])
        single = {
            key[0] if isinstance(key, tuple) else key: keys[v.op.name]
            for key, v in getattr(value, "_non_slot_dict", {}).items()
            if v.op.name in keys
        }
        return {"kind": library_class(value), "slots": slots, "single": single}


def places(names: Any, known: Callable[[Any], Any], path: str = "", depth: int = 3) -> Iterator[tuple[Any, str]]:
    """Where in the program's own names things are: `weights/hidden`."""
    inside = names if isinstance(names, dict) else dict(enumerate(names)) if isinstance(names, (list, tuple)) else {}
    if not inside and type(names).__module__ == "__main__":
        inside = getattr(names, "__dict__", {})
    for name, value in list(inside.items()):
        here = "%s/%s" % (path, name) if path else str(name)
        if known(value) is not None:
            yield known(value), here
        elif depth and not here.startswith("_"):
            yield from places(value, known, here, depth - 1)


# -------------------------------------------------------------------- TensorFlow 2


class Status:
    """What a restore gives that restored nothing: every question is answered by itself."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **named: self


class New:
    """The checkpoints, layers and optimizers of a rewritten program."""

    def __init__(self, wanted: Json) -> None:
        import keras
        import tensorflow as tf

        self.tf, self.keras, self.wanted = tf, keras, wanted
        self.checkpoints: dict[int, Any] = {}
        self.layers: dict[int, Any] = {}
        self.optimizers: dict[int, Any] = {}
        self.variables: list[Any] = []
        self.first: dict[int, Any] = {}  # the first values of scalars
        self.write, self.deep = tf.train.Checkpoint.write, 0
        record(tf.train.Checkpoint, self.checkpoints, lambda _: self.made())
        record(keras.layers.Layer, self.layers)
        record(next(k for k in keras.optimizers.Optimizer.__mro__ if "build" in vars(k)), self.optimizers)
        for kind in (tf.train.Checkpoint, tf.train.CheckpointManager):
            for name in ("read", "restore", "restore_or_initialize"):
                if hasattr(kind, name):
                    setattr(kind, name, lambda *given, **named: Status())
            before(kind, "save", self.finish)
        before(tf.train.Checkpoint, "write", self.finish)
        self.watch_functions()

    def watch_functions(self) -> None:
        """Looks whether all is there after each outermost call of a `tf.function`."""
        from tensorflow.python.eager.polymorphic_function import polymorphic_function

        kind = polymorphic_function.Function
        for name in ("__call__", "get_concrete_function"):
            setattr(kind, name, self.watched(getattr(kind, name)))

    def watched(self, real: Any) -> Any:
        @functools.wraps(real)
        def method(*given: Any, **named: Any) -> Any:
            self.deep += 1
            try:
                found = real(*given, **named)
            finally:
                self.deep -= 1
            if not self.deep and self.tf.executing_eagerly():
                self.look()
            return found

        return method

    def creator(self, following: Any, **named: Any) -> Any:
        made = following(**named)
        self.variables.append(made)
        return made

    def made(self) -> None:
        for optimizer in self.optimizers.values():
            for variable in optimizer.variables:
                self.first.setdefault(id(variable._value), variable.numpy().tolist())
        if self.tf.executing_eagerly():
            self.look()

    def look(self) -> None:
        """Ends the program once all that its checkpoints hold is there."""
        if len(self.checkpoints) < self.wanted["savers"]:
            return
        held = [o for c in self.checkpoints.values() for o in self.tf.train.TrackableView(c).descendants()]
        if all(getattr(o, "built", True) for o in held if id(o) in self.layers or id(o) in self.optimizers):
            self.finish()

    def finish(self) -> None:
        made = list(self.checkpoints.values())
        if not made:
            tell({"checkpoints": 0})
        index = self.wanted["fits"] if len(made) == self.wanted["savers"] else 0
        keys, shapes = self.keys(made[index])
        numbers = {name: i for i, name in enumerate(keys)}
        layers = [
            {
                "kind": library_class(layer),
                "weights": [[numbers[id(w._value)], w.name] for w in layer.weights if id(w._value) in numbers],
            }
            for layer in self.layers.values()
        ]
        order = {id(v): i for i, v in enumerate(self.variables)}
        variables = [
            {"keys": names, "order": order.get(name, -1), "first": self.value(name)} for name, names in keys.items()
        ]
        seen = {"variables": variables, "layers": layers, "shapes": shapes, "graph": self.graph}
        seen["optimizers"] = [self.optimizer(o, numbers) for o in self.optimizers.values() if o.built]
        tell(dict(seen, checkpoints=len(made)))

    def value(self, name: int) -> Any:
        """The first value of a scalar; None for what is larger."""
        if name not in self.first:
            held = next(v for v in self.held if id(v) == name)
            return held.numpy().tolist() if not held.shape.rank else None
        return self.first[name] if not isinstance(self.first[name], list) else None

    def optimizer(self, value: Any, numbers: dict[int, int]) -> Json:
        lists = {name: getattr(value, name, None) for name in LISTS}
        trained = [numbers.get(id(underlying(v, self.keras)), -1) for v in value._trainable_variables]
        kept = {n: [numbers.get(id(v._value), -1) for v in held] for n, held in lists.items() if held}
        return {"kind": library_class(value), "trained": trained, "lists": kept}

    def keys(self, checkpoint: Any) -> tuple[dict[int, list[str]], Json]:
        """The names of each variable in the files of a checkpoint, and their shapes and types."""
        import base64

        from tensorflow.core.protobuf import trackable_object_graph_pb2

        self.write(checkpoint, "tf2migrate_like")
        reader = self.tf.train.load_checkpoint("tf2migrate_like")
        data = reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
        self.graph = base64.b64encode(data).decode()
        proto = trackable_object_graph_pb2.TrackableObjectGraph.FromString(data)
        types = reader.get_variable_to_dtype_map()
        shapes = {k: [s, types[k].name] for k, s in reader.get_variable_to_shape_map().items()}
        found: dict[int, list[str]] = {}
        self.held = []
        view, todo, seen = self.tf.train.TrackableView(checkpoint), [(checkpoint, 0)], {0}
        while todo:
            value, node = todo.pop(0)
            variable = underlying(value, self.keras)
            for attribute in proto.nodes[node].attributes if variable is not None else ():
                self.held.append(variable)
                found.setdefault(id(variable), []).append(attribute.checkpoint_key)
            children = view.children(value)
            for child in proto.nodes[node].children:
                if child.local_name in children and child.node_id not in seen:
                    seen.add(child.node_id)
                    todo.append((children[child.local_name], child.node_id))
        for name in os.listdir("."):
            if name.startswith("tf2migrate_like."):
                os.remove(name)
        shapes.pop("_CHECKPOINTABLE_OBJECT_GRAPH", None)
        return found, shapes


def underlying(value: Any, keras: Any) -> Any:
    """TensorFlow's variable in one of Keras's, or the variable itself; None for other things."""
    import tensorflow as tf

    value = value._value if isinstance(value, keras.Variable) else value
    return value if isinstance(value, tf.Variable) else None


def main() -> None:
    with open("tf2migrate_wanted.json", encoding="utf8") as file:
        wanted = json.load(file)
    with open(wanted["script"], encoding="utf8") as file:
        code = compile(file.read(), os.path.abspath(wanted["script"]), "exec")
    program = types.ModuleType("__main__")
    names = program.__dict__
    names.update(__file__=os.path.abspath(wanted["script"]), __builtins__=__builtins__)
    sys.modules["__main__"] = program
    sys.argv[0] = wanted["script"]
    if wanted["side"] == "old":
        old = Old(wanted, names)
        with contextlib.suppress(SystemExit):
            exec(code, names)
        old.finish()
    else:
        import tensorflow as tf

        new = New(wanted)
        with tf.variable_creator_scope(new.creator), contextlib.suppress(SystemExit):
            exec(code, names)
        new.finish()


main()
