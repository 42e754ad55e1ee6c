"""The function of an estimator's model as a class: the graph in its constructor; methods that train, evaluate, predict.

What is written here is a session program, for the lifting to go on with. `tf.placeholder(None)` stands in it for what
the functions are given, of whatever type; `tf.estimator.native(…)` for an expression that is not TensorFlow 1's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift.estimator_helpers import Helpers, is_name
from tf2migrate.lift.estimator_metrics import METHODS, Measured, measured
from tf2migrate.lift.estimator_modes import (
    EVAL,
    MODES,
    PREDICT,
    SPECS,
    TRAIN,
    Flat,
    Modes,
    Piece,
    is_none,
    loaded,
    stored,
)
from tf2migrate.lift.estimator_names import Differs, Meanings
from tf2migrate.lift.render import shift
from tf2migrate.lift.values import Refused

NATIVE = "tf.estimator.native"  # of an expression that is not looked into
TENSORS = "tf.estimator.tensors"  # of a run whose results stay tensors
#: What TensorFlow 1 makes of an optimizer's name.
OPTIMIZERS = {
    "Adagrad": "{tf}.train.AdagradOptimizer({rate})",
    "Adam": "{tf}.train.AdamOptimizer({rate})",
    "Ftrl": "{tf}.train.FtrlOptimizer({rate})",
    "Momentum": "{tf}.train.MomentumOptimizer({rate}, momentum=0.9)",
    "RMSProp": "{tf}.train.RMSPropOptimizer({rate})",
    "SGD": "{tf}.train.GradientDescentOptimizer({rate})",
}
_ADVICE = "Write the model as a class with train, evaluate and predict methods of its own, then run the tool again."
#: The hooks that compute nothing.
HOOKS = ("LoggingTensorHook", "StepCounterHook", "SummarySaverHook")
_NEEDED = {TRAIN: "train_op", EVAL: "loss", PREDICT: "predictions"}
_PARAMETERS = ("features", "labels", "mode", "params", "config")
_WATCHED = ("tf.summary.", "tf.identity", "tf.logging.", "tf.contrib.summary.")


@dataclass(eq=False)
class Wanted:
    """What a program asks of its estimators."""

    methods: set[str] = field(default_factory=set)
    stepped: set[str] = field(default_factory=set)  # the methods that are told a number of steps somewhere
    labeled: set[bool | None] = field(default_factory=set)  # whether what is predicted of has labels beside it
    chained: bool = False  # whether something is made of what `train` returns


class Model:
    """One model function, and the text of its class."""

    def __init__(self, program: Program, function: ast.FunctionDef, wanted: Wanted, tf: str) -> None:
        self.program, self.function, self.wanted, self.tf = program, function, wanted, tf
        self.name = class_name(function.name)
        spec = function.args
        self.parameters = [a.arg for a in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]
        odd = [p for p in self.parameters if p not in _PARAMETERS]
        if odd or spec.vararg or spec.kwarg or function.decorator_list or "features" not in self.parameters:
            raise Refused("TFM901", function, "a model function with parameters that estimators do not give", _ADVICE)
        used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        if "config" in self.parameters and "config" in used:
            raise Refused("TFM901", function, "a model function that asks for its estimator's configuration", _ADVICE)
        self.has_labels = "labels" in self.parameters
        self.helpers = Helpers(program, function)
        self.trains = False  # whether something follows from the mode when it is run
        self.watched: list[ast.stmt] = []  # what was only for somebody to look at

    def lines(self) -> list[str]:
        """The class, from its first column on. Raises `Refused`."""
        body = list(self.function.body)
        first = body[0]
        described = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        kept: frozenset[ast.If] = frozenset()
        while True:  # ends: each turn keeps a branch more
            try:
                specs, metrics = self._follow(body[1:] if described else body, kept)
                break
            except Differs as conflict:
                more = {n for n in self.flat.open if n not in kept and conflict.name in stored(n)}
                if not more:
                    raise
                kept |= more
        inner = self._constructor(specs, metrics)
        given = "".join(f", {name}" for name in self.parameters if name == "params")
        head = [f"class {self.name}:"]
        if described:
            head += ["    " + shift(self.program.segment(first), self.program.indent(first), "    "), ""]
        head += [f"    def __init__(self{given}):", *self._fed(), *inner]
        for mode in (TRAIN, EVAL, PREDICT):
            if mode in specs:
                head += ["", *self._method(mode, specs, metrics)]
        return head

    def _follow(
        self, body: list[ast.stmt], kept: frozenset[ast.If]
    ) -> tuple[dict[str, tuple[Piece, Mapping[str, ast.expr]]], list[Measured]]:
        """What the function returns in the modes that are asked for, and the metrics. Raises `Refused`."""
        mode = "mode" if "mode" in self.parameters else None
        self.flat = flat = Flat(self.program.names, mode, "labels", kept)
        self.watched = []
        if flat.follow(body, MODES):
            raise Refused("TFM901", self.function, "a model function returns nothing in some mode", _ADVICE)
        for piece in flat.pieces:
            self._leave_out_watching(piece)
        flat.pieces = [p for p in flat.pieces if not p.dropped]
        flat.close()
        self.meanings = Meanings(flat.pieces)
        specs = {mode: self._spec(mode) for mode in (TRAIN, EVAL, PREDICT) if self._asked(mode)}
        metrics = self._metrics(specs[EVAL][1]) if EVAL in specs else []
        self._leave_out_unasked([bound[_NEEDED[mode]] for mode, (_, bound) in specs.items()])
        wanted = [(specs[mode][0], mode, specs[mode][1][_NEEDED[mode]]) for mode in specs]
        wanted += [(specs[EVAL][0], EVAL, node) for metric in metrics for node in metric.fetched.values()]
        self.meanings.settle(wanted)
        return specs, metrics

    def _asked(self, mode: str) -> bool:
        return {TRAIN: "train", EVAL: "evaluate", PREDICT: "predict"}[mode] in self.wanted.methods

    def _leave_out_watching(self, piece: Piece) -> None:
        node = piece.node
        call = node.value if isinstance(node, ast.Expr) else None
        symbol = self.program.names.symbol(call.func) if isinstance(call, ast.Call) else None
        if symbol is not None and symbol.startswith(_WATCHED):
            piece.dropped = True
            if not symbol.startswith("tf.identity"):
                self.watched.append(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            maker = self.program.names.symbol(node.value.func) or ""
            if maker.endswith(HOOKS):
                piece.dropped = True
                self.watched.append(node)

    def _leave_out_unasked(self, wanted: list[ast.expr]) -> None:
        """Metrics, and what the function returns, go where no method needs them."""
        symbol = self.program.names.symbol
        grew = True
        while grew:  # ends: each turn drops a piece more
            kept = [p.node for p in self.flat.pieces if not p.dropped and not isinstance(p.node, ast.Return)]
            read = {name for node in [*kept, *wanted] for name in loaded(node)}
            unread = [p for p in self.flat.pieces if p.node in kept and not p.stores & read]
            gone = [
                p
                for p in unread
                if isinstance(p.node, ast.Assign)
                and any(
                    isinstance(n, ast.Call) and (symbol(n.func) or "").startswith(("tf.metrics.", *SPECS))
                    for n in ast.walk(p.node.value)
                )
            ]
            for piece in gone:
                piece.dropped = True
            grew = bool(gone)

    # -------------------------------------------------------------------- what the function returns

    def _spec(self, mode: str) -> tuple[Piece, Mapping[str, ast.expr]]:
        """Where the function returns in a mode, and the parts of what it returns. Raises `Refused`."""
        if mode not in self.flat.returned:
            raise Refused("TFM901", self.function, f"the model function does not return in the mode {mode}", _ADVICE)
        piece, value = self.flat.returned[mode]
        call = self.flat.final(mode, value)
        symbol = self.program.names.symbol(call.func) if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or symbol not in SPECS:
            raise Refused(
                "TFM901", value, "what a model function returns is no EstimatorSpec that is written out", _ADVICE
            )
        if call is not value and isinstance(value, ast.Name):
            self.flat.bound[mode, value.id].dropped = True
        try:
            bound = bind(call, SPECS[symbol])
        except Unbound as problem:
            raise Refused(
                "TFM901", call, f"the arguments of EstimatorSpec cannot be told: {problem}", _ADVICE
            ) from None
        needed = _NEEDED[mode]
        if needed not in bound:
            raise Refused("TFM901", call, f"an EstimatorSpec without {needed}", _ADVICE)
        if bound.keys() & {"scaffold"}:
            raise Refused("TFM901", call, "an EstimatorSpec with a scaffold", _ADVICE)
        for name in ("training_hooks", "training_chief_hooks", "evaluation_hooks", "prediction_hooks"):
            self._only_logging(bound.get(name))
        if call is not value and isinstance(value, ast.Name):
            self._same(mode, self.flat.bound[mode, value.id], piece)
        return piece, bound

    def _only_logging(self, node: ast.expr | None) -> None:
        """Hooks of the model function's own are left out where they log. Raises `Refused` for others."""
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return
        made = [
            s.value
            for s in ast.walk(self.function)
            if isinstance(s, ast.Assign)
            for t in s.targets
            if isinstance(t, ast.Name)
            and isinstance(node, ast.List | ast.Tuple)
            and any(is_name(e, t.id) for e in node.elts)
        ]
        calls = [e for e in node.elts if isinstance(e, ast.Call)] if isinstance(node, ast.List | ast.Tuple) else []
        hooks = [*made, *calls]
        symbols = [self.program.names.symbol(h.func) or "" if isinstance(h, ast.Call) else "" for h in hooks]
        seen = isinstance(node, ast.List | ast.Tuple) and len(hooks) == len(node.elts)
        if not seen or not all(symbol.endswith(HOOKS) for symbol in symbols):
            raise Refused("TFM901", node, "a model function with hooks that do more than log", _ADVICE)
        self.watched += [n for n in ast.walk(self.function) if isinstance(n, ast.stmt) and node in ast.walk(n)][-1:]

    def _same(self, mode: str, piece: Piece, end: Piece) -> None:
        """What a statement reads must still be so where the function returns. Raises `Refused`."""
        for name in loaded(piece.node) - piece.stores:
            if self.meanings.there[piece].get((mode, name)) is not self.meanings.there[end].get((mode, name)):
                what = f"{name} is bound anew between its use and the end of the model function"
                raise Refused("TFM901", piece.node, what, "Give the second thing a name of its own.")

    def _metrics(self, bound: Mapping[str, ast.expr]) -> list[Measured]:
        """The metrics, by their names in order. Raises `Refused`."""
        given = bound.get("eval_metric_ops")
        if given is None or (isinstance(given, ast.Constant) and given.value is None):
            return []
        held = self.flat.final(EVAL, given)
        filled, parts = self._filled(given)
        if filled is not None:
            items = filled
        elif isinstance(held, ast.Dict) and all(isinstance(k, ast.Constant) for k in held.keys):
            items = {
                str(k.value): v for k, v in zip(held.keys, held.values, strict=True) if isinstance(k, ast.Constant)
            }
        elif isinstance(held, ast.Call) and ast.unparse(held.func) == "dict" and not held.args:
            items = {k.arg: k.value for k in held.keywords if k.arg is not None}
        elif held is given and isinstance(given, ast.Name) and (EVAL, given.id) not in self.flat.bound:
            return []  # None there
        else:
            raise Refused("TFM901", given, "the metrics of an estimator are not written out as a dict", _ADVICE)
        pieces = parts or ([self.flat.bound[EVAL, given.id]] if isinstance(given, ast.Name) else [])
        found = []
        for key, value in sorted(items.items()):
            call = self.flat.final(EVAL, value)
            if call is not value and isinstance(value, ast.Name):
                pieces.append(self.flat.bound[EVAL, value.id])
            found.append(measured(self.program, key, call))
        end = self.flat.returned[EVAL][0]
        for piece in pieces:
            piece.dropped = True
            self._same(EVAL, piece, end)
        for piece in pieces:
            for other in self.flat.pieces:
                if not other.dropped and not isinstance(other.node, ast.Return) and piece.stores & loaded(other.node):
                    raise Refused("TFM901", other.node, "a metric is used otherwise than for evaluating", _ADVICE)
        return found

    def _filled(self, node: ast.expr) -> tuple[dict[str, ast.expr] | None, list[Piece]]:
        """The items of a dict that is filled by one statement for each, and these statements; None for any other."""
        if not isinstance(node, ast.Name):
            return None, []
        pieces = [p for p in self.flat.pieces if EVAL in p.modes and node.id in p.stores and not is_none(p.node)]
        items: dict[str, ast.expr] = {}
        for at, piece in enumerate(pieces):
            target = piece.node.targets[0] if isinstance(piece.node, ast.Assign) else None
            value = piece.node.value if isinstance(piece.node, ast.Assign) else None
            key = target.slice if isinstance(target, ast.Subscript) else None
            if at and value is not None and isinstance(key, ast.Constant) and isinstance(key.value, str):
                items[key.value] = value
            elif at or not isinstance(target, ast.Name) or not isinstance(value, ast.Dict) or value.keys:
                return None, []
        return (items, pieces) if len(pieces) > 1 else (None, [])

    # -------------------------------------------------------------------- the constructor

    def _constructor(
        self, specs: Mapping[str, tuple[Piece, Mapping[str, ast.expr]]], metrics: list[Measured]
    ) -> list[str]:
        out: list[str] = []
        at = self._start()
        for piece in self.flat.pieces:
            node = piece.node
            above = self._above(node, at)
            at = node.end_lineno or node.lineno
            if isinstance(node, ast.Return):
                lines = [line for mode in (TRAIN, EVAL, PREDICT) for line in self._kept(mode, specs, metrics, piece)]
                out += lines if not lines or not out or not out[-1] else ["", *lines]
            elif not piece.dropped:
                out += above
                text = shift(self._text(node, piece.modes, piece), self.program.indent(node), "        ")
                out += ("        " + text + self._trailing(node)).split("\n")
        return out

    def _start(self) -> int:
        first = self.function.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return first.end_lineno or first.lineno
        return self.function.lineno

    def _above(self, node: ast.stmt, at: int) -> list[str]:
        """The comments and empty lines right above a statement."""
        found: list[str] = []
        number = node.lineno - 1
        while number > at:
            line = self.program.lines[number - 1].strip()
            if line and not line.startswith("#"):
                break
            found.insert(0, f"        {line}" if line else "")
            number -= 1
        return found

    def _trailing(self, node: ast.stmt) -> str:
        end = self.program.span(node).end
        rest = self.program.text[end:].split("\n", 1)[0]
        return rest.rstrip() if rest.strip().startswith("#") else ""

    def _text(self, node: ast.AST, modes: Modes, piece: Piece) -> str:
        """The text of a statement or expression, what it asks of the mode answered. Raises `Refused`."""
        assert isinstance(node, ast.expr | ast.stmt)
        span = self.program.span(node)
        pieces, at = [], span.start
        for start, end, text in sorted(self._answers(node, modes, piece)):
            pieces += [self.program.text[at:start], text]
            at = end
        return "".join([*pieces, self.program.text[at : span.end]])

    def _answers(self, node: ast.AST, modes: Modes, piece: Piece) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, str]] = []
        if isinstance(node, ast.expr) and (truth := self.flat.truth(node)) is not None:
            span = self.program.span(node)
            return [(span.start, span.end, self._answer(node, truth & modes, modes))]
        if isinstance(node, ast.Call) and self.program.names.symbol(node.func) == "tf.contrib.layers.optimize_loss":
            span = self.program.span(node)
            return [(span.start, span.end, self._minimized(node))]
        if isinstance(node, ast.Call) and self.flat.mode is not None:
            found += self.helpers.told(node, modes, self.flat)
            given = [v for v in [*node.args, *(k.value for k in node.keywords)] if is_name(v, self.flat.mode)]
            if given and found:
                self.trains = self.trains or len(modes) > 1
                children = [c for c in ast.iter_child_nodes(node) if c not in given and not _holds(c, given)]
                return found + [answer for c in children for answer in self._answers(c, modes, piece)]
        if isinstance(node, ast.Name) and (name := self.meanings.name(node, piece, modes)) is not None:
            span = self.program.span(node)
            return [(span.start, span.end, name)]
        if isinstance(node, ast.Name) and node.id == self.flat.mode:
            raise Refused("TFM901", node, "the mode of an estimator is used otherwise than to be compared", _ADVICE)
        for child in ast.iter_child_nodes(node):
            found += self._answers(child, modes, piece)
        return found

    def _answer(self, node: ast.expr, truth: Modes, modes: Modes) -> str:
        if not truth or truth == modes:
            return str(bool(truth))
        if truth == {TRAIN}:
            self.trains = True
            return self.flat.flag
        if truth == modes - {TRAIN}:
            self.trains = True
            return f"not {self.flat.flag}"
        raise Refused("TFM901", node, "evaluating and predicting compute different things", _ADVICE)

    def _minimized(self, node: ast.Call) -> str:
        """`optimize_loss` as the optimizer that it makes. Raises `Refused` where it does more."""
        try:
            bound = bind(node, ("loss", "global_step", "learning_rate", "optimizer"))
        except Unbound as problem:
            raise Refused(
                "TFM901", node, f"the arguments of optimize_loss cannot be told: {problem}", _ADVICE
            ) from None
        given = bound.get("optimizer")
        name = given.value if isinstance(given, ast.Constant) else None
        if len(bound) < 4 or name not in OPTIMIZERS or "batch_norm" in self.program.text:
            raise Refused("TFM901", node, "what optimize_loss does is not all followed", _ADVICE)
        loss, step, rate = (self.program.segment(bound[n]) for n in ("loss", "global_step", "learning_rate"))
        made = OPTIMIZERS[name].format(tf=self.tf, rate=rate)
        return f"{made}.minimize({loss}, global_step={step})"

    def _kept(
        self,
        mode: str,
        specs: Mapping[str, tuple[Piece, Mapping[str, ast.expr]]],
        metrics: list[Measured],
        piece: Piece,
    ) -> list[str]:
        """The attributes that hold what a method fetches."""
        if mode not in specs or specs[mode][0] is not piece:
            return []
        bound = specs[mode][1]
        wanted = _NEEDED[mode]
        lines = [
            f"self.{self._attribute(mode, bound[wanted])} = {self._text(bound[wanted], frozenset((mode,)), piece)}"
        ]
        if mode == EVAL:
            for metric in metrics:
                lines += [
                    f"self.{name} = {self._text(node, frozenset((mode,)), piece)}"
                    for name, node in metric.fetched.items()
                    if not self._is_labels(node)
                ]
        return ["        " + line for line in dict.fromkeys(lines)]

    @staticmethod
    def _attribute(mode: str, node: ast.expr) -> str:
        """The attribute that holds what is fetched in a mode: of the same name, where it has one."""
        if isinstance(node, ast.Name) and node.id not in METHODS:
            return node.id
        return _NEEDED[mode]

    def _is_labels(self, node: ast.expr) -> bool:
        again = any("labels" in piece.stores for piece in self.flat.pieces)
        return isinstance(node, ast.Name) and node.id == "labels" and not again

    def _fed(self) -> list[str]:
        names = ["features", *(["labels"] if self.has_labels else [])]
        names += [self.flat.flag] if self.trains else []
        lines = [f"self.{name} = {name} = {self.tf}.placeholder(None)" for name in names]
        lines += [f"self.global_step = {self.tf}.train.get_or_create_global_step()"]
        lines += [f"self.session = {self.tf}.Session()"]
        return ["        " + line for line in lines]

    # -------------------------------------------------------------------- the methods

    def _method(
        self, mode: str, specs: Mapping[str, tuple[Piece, Mapping[str, ast.expr]]], metrics: list[Measured]
    ) -> list[str]:
        lines = {
            TRAIN: lambda: self._train(specs[TRAIN][1]["train_op"]),
            EVAL: lambda: self._evaluate(specs[EVAL][1]["loss"], metrics),
            PREDICT: lambda: self._predict(specs[PREDICT][1]["predictions"]),
        }[mode]()
        return ["    " + line if line else "" for line in lines]

    def _feed(self, training: bool, labels: bool = True) -> str:
        entries = ["self.features: features"]
        entries += ["self.labels: labels"] if labels and self.has_labels else []
        entries += [f"self.{self.flat.flag}: {training}"] if self.trains else []
        return "{" + ", ".join(entries) + "}"

    def _loop(self, method: str) -> tuple[str, str]:
        stepped = method in self.wanted.stepped
        data = "data.take(steps)" if stepped else "data"
        target = "features, labels" if self.has_labels else "features"
        return ", steps=-1" if stepped else "", f"for {target} in {data}:"

    def _train(self, updated: ast.expr) -> list[str]:
        parameter, loop = self._loop("train")
        lines = [f"def train(self, data{parameter}):", f"    {loop}"]
        lines += [f"        self.session.run(self.{self._attribute(TRAIN, updated)}, {self._feed(True)})"]
        return [*lines, *(["    return self"] if self.wanted.chained else [])]

    def _evaluate(self, lost: ast.expr, metrics: list[Measured]) -> list[str]:
        parameter, loop = self._loop("evaluate")
        taken = {"features", "labels", "data", "steps", "loss", "batch_loss", "self"}
        names = {}
        for metric in metrics:
            name = re.sub(r"\W+", "_", metric.key).strip("_") or "metric"
            while name in taken or name[0].isdigit():
                name = f"{name}_metric" if not name[0].isdigit() else f"metric_{name}"
            taken.add(name)
            names[metric.key] = name
        fetched: dict[str, str] = {self._attribute(EVAL, lost): "batch_loss"}
        updates = []
        for metric in metrics:
            arguments = {}
            for attribute, node in metric.fetched.items():
                if self._is_labels(node):
                    arguments[attribute] = "labels"
                    continue
                if attribute not in fetched:
                    local = attribute
                    while local in taken:
                        local = f"batch_{local}"
                    taken.add(local)
                    fetched[attribute] = local
                arguments[attribute] = fetched[attribute]
            updates.append(f"{names[metric.key]}.update_state({metric.update(self.tf, arguments)})")
        made = [(names[m.key], m.made(self.tf)) for m in metrics]
        lines = [f"def evaluate(self, data{parameter}):"]
        lines += [f"    {name} = {self.tf}.estimator.native({text})" for name, text in made]
        lines += [f"    loss = {self.tf}.estimator.native({self.tf}.keras.metrics.Mean())", f"    {loop}"]
        held = ", ".join(f"self.{name}" for name in fetched)
        run = f"self.session.run({f'[{held}]' if len(fetched) > 1 else held}, {self._feed(False)})"
        lines += [
            f"        {', '.join(fetched.values())} = {self.tf}.estimator.tensors({run})",
            "        loss.update_state(batch_loss)",
        ]
        lines += [f"        {update}" for update in updates]
        results = {m.key: names[m.key] for m in metrics} | {"loss": "loss"}
        pairs = [f'"{key}": {name}.result().numpy()' for key, name in sorted(results.items())]
        pairs.append('"global_step": self.session.run(self.global_step)')
        if len(", ".join(pairs)) < 90:
            return [*lines, f"    return {{{', '.join(pairs)}}}"]
        return [*lines, "    return {", *(f"        {pair}," for pair in pairs), "    }"]

    def _predict(self, predictions: ast.expr) -> list[str]:
        named = self._is_dict(predictions)
        if self.wanted.labeled == {False}:
            loop = ["for features in data:"]
        elif self.wanted.labeled == {True}:
            loop = ["for features, _ in data:"]
        else:
            loop = ["for batch in data:", "    features = batch[0] if isinstance(batch, tuple) else batch"]
        lines = ["def predict(self, data):", *("    " + line for line in loop)]
        held = self._attribute(PREDICT, predictions)
        run = f"self.session.run(self.{held}, {self._feed(False, labels=False)})"
        if not named:
            return [*lines, f"        predictions = {run}", "        yield from predictions"]
        lines += [f"        predictions = {run}", "        for row in zip(*predictions.values()):"]
        return [*lines, "            yield dict(zip(predictions, row))"]

    def _is_dict(self, node: ast.expr) -> bool:
        """Whether predictions go by names. Raises `Refused` where that is not seen."""
        held = self.flat.final(PREDICT, node)
        name = node.id if isinstance(node, ast.Name) else ""
        for piece in self.flat.pieces:
            begun = piece.node if PREDICT in piece.modes and isinstance(piece.node, ast.Assign) else None
            if begun is not None and isinstance(begun.value, ast.Dict) and is_name(begun.targets[0], name):
                return True  # filled later, or as it is
        if isinstance(held, ast.Dict) or (isinstance(held, ast.Call) and ast.unparse(held.func) == "dict"):
            return True
        symbol = self.program.names.symbol(held.func) if isinstance(held, ast.Call) else None
        if symbol is not None or isinstance(held, ast.Subscript | ast.BinOp):
            return False
        raise Refused("TFM901", node, "whether an estimator's predictions are a dict is not seen", _ADVICE)


def _holds(node: ast.AST, given: list[ast.expr]) -> bool:
    return isinstance(node, ast.keyword) and node.value in given


def class_name(name: str) -> str:
    """A name for the class that a model function becomes."""
    words = [word for word in name.removesuffix("_fn").split("_") if word]
    found = "".join(word[0].upper() + word[1:] for word in words)
    return found or "Model"
