"""Which variable of a TensorFlow 1 program is which in its rewritten form.

Both were run up to what they save. Variables that have one name on both sides are the same; the others are paired in
the order in which they are made, layers with layers of their kind, and all of it only where every shape and type fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tf2migrate.checkpoint.layouts import CELLS, Layout, same

Json = Any
#: TF1's slots, and the list in which Keras's optimizer (or ours of the same name) keeps them.
_SLOTS = {
    "Adam": {"m": "_momentums", "v": "_velocities"},
    "RMSprop": {"rms": "_velocities", "momentum": "_momentums", "mg": "_average_gradients"},
    "SGD": {"momentum": "momentums"},
    "Adagrad": {"accumulator": "_accumulators"},
    "Adadelta": {"accum": "_accumulated_grads", "accum_update": "_accumulated_delta_vars"},
    "Ftrl": {"accum": "_accumulators", "linear": "_linears"},
}
_OPTIMIZERS = {
    "AdamOptimizer": "Adam",
    "RMSPropOptimizer": "RMSprop",
    "MomentumOptimizer": "SGD",
    "GradientDescentOptimizer": "SGD",
    "AdagradOptimizer": "Adagrad",
    "AdadeltaOptimizer": "Adadelta",
    "FtrlOptimizer": "Ftrl",
}
_POWERS = ("beta1_power", "beta2_power")
#: What layers and cells of TensorFlow 1 are called in Keras 3, where that is another name.
_KINDS = {"BasicLSTMCell": "LSTMCell", "BasicRNNCell": "SimpleRNNCell", "BatchNormalizationV1": "BatchNormalization"}
#: The cells that are written out in a rewritten program, with TensorFlow 1's variables in its order.
_WRITTEN_OUT = {
    "JointLSTMCell": "LSTMCell",
    "JointWholeLSTMCell": "LSTMCell",
    "OneStateLSTMCell": "LSTMCell",
    "OneStateWholeLSTMCell": "LSTMCell",
    "JointGRUCell": "GRUCell",
    "JointRNNCell": "SimpleRNNCell",
}
_WEIGHTS = {"weights": "kernel", "biases": "bias"}
_NORM = {"beta", "gamma", "moving_mean", "moving_variance"}
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


class Unpaired(ValueError):
    """Why it cannot be told which variable is which."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes of some of the old values: the keys that hold it in the new file, and how it is made of them."""

    keys: tuple[str, ...]
    old: tuple[str, ...]
    layout: Layout = same

    @property
    def name(self) -> str:
        """The place in the new program's checkpoint."""
        return self.keys[0].removesuffix(SUFFIX)


@dataclass(frozen=True, slots=True)
class _Group:
    """Variables that are made together: those of a layer, or one alone."""

    kind: str
    names: tuple[Any, ...]
    forget: float = 0.0


def pair(old: Json, new: Json, given: Mapping[str, str]) -> list[Entry]:
    """An entry for each variable of the new program that the old one has. `given` stands above all. Raises `Unpaired`.

    >>> old = {"variables": [{"name": "Variable", "shape": [2], "dtype": "float32", "path": "w"}], "layers": [],
    ...        "optimizers": []}
    >>> new = {"variables": [{"keys": ["w" + SUFFIX], "order": 0}], "layers": [], "optimizers": [],
    ...        "shapes": {"w" + SUFFIX: [[2], "float32"]}}
    >>> pair(old, new, {})[0].name
    'w'
    """
    paired = _Pairs(old, new)
    paired.give(given)
    paired.match_paths()
    paired.match_groups()
    paired.match_slots()
    return paired.entries


class _Pairs:
    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self.about = {v["name"]: v for v in old["variables"]}
        self.entries: list[Entry] = []
        self.made: dict[int, Entry] = {}  # by the number of the new variable
        self.used: set[str] = set()
        self.slots = {n for o in old["optimizers"] for n in [*(s[2] for s in o["slots"]), *o["single"].values()]}
        self.kept = {i for o in new["optimizers"] for i in _of_optimizer(o, new)}

    def put(self, number: int, names: Sequence[str], layout: Layout = same) -> None:
        """Notes what a new variable is made of. Raises `Unpaired` where it cannot be."""
        entry = Entry(tuple(self.new["variables"][number]["keys"]), tuple(names), layout)
        shape, dtype = self.new["shapes"][entry.keys[0]]
        held = [self.about[name] for name in names]
        if layout is same and (held[0]["shape"], held[0]["dtype"]) != (shape, dtype):
            what = f"{held[0]['dtype']} of shape {held[0]['shape']}"
            raise Unpaired(f"{names[0]} is {what}, and {entry.name}, in its place, is {dtype} of shape {shape}")
        self.entries.append(entry)
        self.made[number] = entry
        self.used.update(names)

    def give(self, given: Mapping[str, str]) -> None:
        """What the user said."""
        places = {key.removesuffix(SUFFIX): i for i, v in enumerate(self.new["variables"]) for key in v["keys"]}
        for name, place in given.items():
            if name not in self.about:
                raise Unpaired(f"--map {name}={place}: the old program saves no {name}")
            if place not in places:
                raise Unpaired(f"--map {name}={place}: the new program saves no {place}")
            self.put(places[place], [name])

    def match_paths(self) -> None:
        """Single variables that both programs hold under one name, where only one of each does."""
        old = Counter(v["path"] for v in self.old["variables"])
        places = {v["keys"][0].removesuffix(SUFFIX): i for i, v in enumerate(self.new["variables"])}
        layered = {i for layer in self.new["layers"] for i, _ in layer["weights"]}
        for variable in self.old["variables"]:
            path = variable["path"]
            number = places.get(path) if path is not None and old[path] == 1 else None
            free = number is not None and number not in self.made and number not in layered | self.kept
            if free and variable["name"] not in self.used | self.slots:
                assert number is not None
                self.put(number, [variable["name"]])

    # ---------------------------------------------------------------- the order in which things are made

    def match_groups(self) -> None:
        """Layers and variables, kind by kind, in their order."""
        new = _by_kind(self.new_groups())
        old = _by_kind(self.old_groups(len(new.get("BatchNormalization", ()))))
        for kind in dict.fromkeys([*old, *new]):
            mine, theirs = old.get(kind, []), new.get(kind, [])
            if len(mine) != len(theirs):
                named = ", ".join(group.names[0] for group in mine) or "none"
                there = ", ".join(self.place(g) for g in theirs) or "none"
                raise Unpaired(
                    f"the old program saves {len(mine)} of the kind {kind} that have no name in common with "
                    f"the new one ({named}), and the new one {len(theirs)} ({there})"
                )
            for one, other in zip(mine, theirs, strict=True):
                self.match(one, other)

    def place(self, group: _Group) -> str:
        number = group.names[0] if isinstance(group.names[0], int) else group.names[0][0]
        return str(self.new["variables"][number]["keys"][0].removesuffix(SUFFIX))

    def old_groups(self, normalizations: int) -> Iterator[_Group]:
        """The layers of the old program and its single variables, each variable once."""
        claimed = self.used | self.slots
        for layer in self.old["layers"]:
            names = [name for name in layer["weights"] if name not in claimed]
            claimed.update(names)
            if names:
                kind = _KINDS.get(layer["kind"], layer["kind"])
                normalizations -= kind == "BatchNormalization"
                yield _Group(kind, tuple(names), layer["forget"] or 0.0)
        single = [v["name"] for v in self.old["variables"] if v["name"] not in claimed]
        scopes: dict[str, list[str]] = {}
        for name in single if normalizations > 0 else ():  # tf_slim makes those of its fused form one by one
            scope, _, leaf = name.rpartition("/")
            if leaf in _NORM:
                scopes.setdefault(scope, []).append(name)
        for names in scopes.values():
            yield _Group("BatchNormalization", tuple(names))
        grouped = {name for names in scopes.values() for name in names}
        yield from (_Group("variable", (name,)) for name in single if name not in grouped)

    def new_groups(self) -> Iterator[_Group]:
        """The layers of the new program and its single variables, each variable once."""
        claimed = {*self.made, *self.kept}
        for layer in self.new["layers"]:
            held = [(i, name) for i, name in layer["weights"] if i not in claimed]
            claimed.update(i for i, _ in held)
            if held:
                yield _Group(_WRITTEN_OUT.get(layer["kind"], layer["kind"]), tuple(held))
        rest = [(v["order"], i) for i, v in enumerate(self.new["variables"]) if i not in claimed]
        yield from (_Group("variable", (i,)) for _, i in sorted(rest))

    def match(self, old: _Group, new: _Group) -> None:
        """One layer, or one variable."""
        if old.kind == "variable":
            self.put(new.names[0], old.names)
            return
        if old.kind in CELLS:
            self.match_cell(old, new)
            return
        named = {_leaf(name): name for name in old.names}
        leaves = [name for _, name in new.names]
        if len(named) != len(leaves):
            raise Unpaired(f"{self.place(new)} has {', '.join(leaves)}, and TensorFlow 1's {', '.join(old.names)}")
        in_order = not set(leaves) <= set(named)
        for at, (number, leaf) in enumerate(new.names):
            self.put(number, [old.names[at] if in_order else named[leaf]])

    def match_cell(self, old: _Group, new: _Group) -> None:
        """A recurrent cell: as it was, or Keras's, with two kernels and its gates in another order."""
        if "recurrent_kernel" not in {leaf for _, leaf in new.names} and len(old.names) == len(new.names):
            for (number, _), name in zip(new.names, old.names, strict=True):
                self.put(number, [name])
            return
        for number, leaf in new.names:
            layout, wanted = CELLS[old.kind][leaf]
            names = [name for part in wanted for name in old.names if name.endswith(part)]
            if len(names) != len(wanted):
                raise Unpaired(f"{self.place(new)} needs {', '.join(wanted)}, and there is {', '.join(old.names)}")
            shape = self.new["shapes"][self.new["variables"][number]["keys"][0]][0]
            self.put(number, names, layout(shape, old.forget))

    # ---------------------------------------------------------------- optimizers

    def match_slots(self) -> None:
        """What optimizers keep: for each of their variables, and their own powers."""
        free = list(self.new["optimizers"])
        for old in self.old["optimizers"]:
            kind = _OPTIMIZERS.get(old["kind"], old["kind"])
            about = {name for _, name, _ in old["slots"]}
            fits = [o for o in free if o["kind"] == kind and about & self.trained(o)]
            if not fits:
                continue
            new = max(fits, key=lambda o: len(about & self.trained(o)))
            free.remove(new)
            held = {(slot, name): kept for slot, name, kept in old["slots"]}
            for slot, kept_in in _SLOTS.get(kind, {}).items():
                for trained, number in zip(new["trained"], new["lists"].get(kept_in, ()), strict=False):
                    entry = self.made.get(trained)
                    names = [held.get((slot, name)) for name in entry.old] if entry is not None else [None]
                    if entry is not None and None not in names:
                        self.put(number, [n for n in names if n is not None], entry.layout.of_slot())
            for number, name in zip(new["lists"].get("powers", ()), _POWERS, strict=False):
                if name in old["single"]:
                    self.put(number, [old["single"][name]])

    def trained(self, optimizer: Json) -> set[str]:
        """The old names of what an optimizer trains."""
        return {name for i in optimizer["trained"] if i in self.made for name in self.made[i].old}


def _of_optimizer(optimizer: Json, new: Json) -> Iterator[int]:
    """The variables that an optimizer has for itself: its lists, and its scalars."""
    for numbers in optimizer["lists"].values():
        yield from numbers
    trained = set(optimizer["trained"])
    for number, variable in enumerate(new["variables"]):
        own = any(part in variable["keys"][0] for part in ("/_iterations/", "/_learning_rate/"))
        if own and number not in trained:
            yield number


def _by_kind(groups: Iterator[_Group]) -> dict[str, list[_Group]]:
    found: dict[str, list[_Group]] = {}
    for group in groups:
        found.setdefault(group.kind, []).append(group)
    return found


def _leaf(name: str) -> str:
    leaf = name.rpartition("/")[2]
    return _WEIGHTS.get(leaf, leaf)
