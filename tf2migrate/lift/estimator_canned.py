"""TensorFlow's own estimators, as the model functions that they had: linear ones and those with hidden layers.

Losses, optimizers and metrics are those of TensorFlow 1.15's `canned/head.py`, `linear.py` and `dnn.py`: the loss of a
batch is a sum, and the rate of a linear model follows from the number of its columns.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift import estimator_columns
from tf2migrate.lift.estimator_models import OPTIMIZERS
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Finding, Options, Outcome, Span

_ADVICE = "Write the model as a class with train, evaluate and predict methods of its own, then run the tool again."
_LINEAR = ("feature_columns", "model_dir")
_LAST = ("optimizer", "config", "partitioner", "warm_start_from", "loss_reduction", "sparse_combiner")
_DEEP = ("optimizer", "activation_fn", "dropout", "input_layer_partitioner", "config", "warm_start_from")
_PARAMETERS = {
    "LinearRegressor": (*_LINEAR, "label_dimension", "weight_column", *_LAST),
    "LinearClassifier": (*_LINEAR, "n_classes", "weight_column", "label_vocabulary", *_LAST),
    "DNNRegressor": (
        *("hidden_units", "feature_columns", "model_dir", "label_dimension", "weight_column", *_DEEP),
        *("loss_reduction", "batch_norm"),
    ),
    "DNNClassifier": (
        *("hidden_units", "feature_columns", "model_dir", "n_classes", "weight_column", "label_vocabulary", *_DEEP),
        *("loss_reduction", "batch_norm"),
    ),
}
_FOLLOWED = {
    *("feature_columns", "hidden_units", "model_dir", "config", "n_classes", "label_dimension", "optimizer"),
    *("activation_fn", "dropout"),
}


def canned(program: Program, options: Options) -> Outcome:
    """The edits that give TensorFlow's own estimators model functions, or the refusal that says why not."""
    if not any(word in program.text for word in ("stimator", "feature_column")):
        return Outcome()
    calls = [n for n in program.each(ast.Call) if _kind(program, n) is not None]
    layered = any(symbol in ("tf.feature_column.input_layer",) for _, symbol in program.uses)
    if not calls and not layered:
        return Outcome()
    try:
        edits = [*estimator_columns.edits(program), *_edits(program, calls)]
    except Refused as stop:
        line, column = getattr(stop.node, "lineno", 1), getattr(stop.node, "col_offset", 0)
        return Outcome((), (Finding(line, column + 1, stop.code, stop.message, stop.advice),))
    return Outcome(tuple(sorted(set(edits))))


def _kind(program: Program, node: ast.Call) -> str | None:
    symbol = program.names.symbol(node.func) or ""
    kind = symbol.removeprefix("tf.estimator.")
    return kind if symbol.startswith("tf.estimator.") and kind in _PARAMETERS else None


def _edits(program: Program, calls: list[ast.Call]) -> list[Edit]:
    if len(calls) > 1:
        raise Refused("TFM901", calls[1], "two estimators of TensorFlow's own in one program", _ADVICE)
    return [edit for call in calls for edit in _Canned(program, call).edits()]


class _Canned:
    """One estimator of TensorFlow's own, and the text of its model function."""

    def __init__(self, program: Program, call: ast.Call) -> None:
        self.program, self.call = program, call
        self.kind = _kind(program, call) or ""
        try:
            self.bound: Mapping[str, ast.expr] = bind(call, _PARAMETERS[self.kind])
        except Unbound as problem:
            what = f"the arguments of tf.estimator.{self.kind} cannot be told: {problem}"
            raise Refused("TFM901", call, what, "Write the arguments out.") from None
        self.tf = program.segment(call.func).split(".")[0]
        self.params: dict[str, str] = {}
        self.more: list[Edit] = []

    def edits(self) -> list[Edit]:
        """A model function before the statement that makes the estimator, and that with it. Raises `Refused`."""
        for name, value in self.bound.items():
            nothing = isinstance(value, ast.Constant) and value.value is None
            if name not in _FOLLOWED and not nothing:
                raise Refused("TFM901", value, f"tf.estimator.{self.kind} with {name}", _ADVICE)
        if "feature_columns" not in self.bound:
            raise Refused("TFM901", self.call, f"tf.estimator.{self.kind} without feature_columns", _ADVICE)
        name = "dnn_" if self.kind.startswith("DNN") else "linear_"
        name += "classifier_fn" if self.kind.endswith("Classifier") else "regressor_fn"
        text = "\n".join(self._function(name))
        given = [f"model_fn={name}"]
        given += [f"{n}={self.program.segment(self.bound[n])}" for n in ("model_dir", "config") if n in self.bound]
        params = ", ".join(f'"{key}": {value}' for key, value in self.params.items())
        made = f"{self.tf}.estimator.Estimator({', '.join([*given, f'params={{{params}}}'])})"
        first = self._top()
        at = self.program.offset(first.lineno, 0)
        while self.program.text[:at].endswith("\n") and self._line_above(at).startswith("#"):
            at -= len(self._line_above(at)) + 1
        return [*self._call(made), Edit(Span(at, at), f"{text}\n\n\n"), *self.more]

    def _call(self, made: str) -> list[Edit]:
        """The call of the constructor; the columns in it are edited apart, so what they are is kept."""
        span = self.program.span(self.call)
        columns = {n: self.program.span(self.bound[n]) for n in ("feature_columns", "hidden_units") if n in self.bound}
        pieces, at = [], span.start
        text = made
        for name, inner in sorted(columns.items(), key=lambda item: item[1]):
            before, _, text = text.partition(f"\0{name}\0")
            pieces.append(Edit(Span(at, inner.start), before))
            at = inner.end
        return [*pieces, Edit(Span(at, span.end), text)]

    def _top(self) -> ast.stmt:
        node: ast.AST = self.call
        while not isinstance(self.program.parents[id(node)], ast.Module):
            node = self.program.parents[id(node)]
        assert isinstance(node, ast.stmt)
        return node

    def _line_above(self, at: int) -> str:
        return self.program.text[:at].removesuffix("\n").rsplit("\n", 1)[-1]

    # -------------------------------------------------------------------- the model function

    def _function(self, name: str) -> list[str]:
        tf = self.tf
        order = sorted(("feature_columns", "hidden_units"), key=lambda n: self._start(n))
        self.params = {n: f"\0{n}\0" for n in order if n in self.bound}
        lines = [f'"""The model of `tf.estimator.{self.kind}`."""']
        lines += [f'net = {tf}.estimator.columns(features, params["feature_columns"])']
        zeros = f", kernel_initializer={tf}.zeros_initializer()"
        if self.kind.startswith("DNN"):
            zeros = ""
            lines += self._hidden()
        several = self._classes()
        units = several if several > 2 else 1
        lines.append(f"logits = {tf}.layers.dense(net, {units}{zeros})")
        if self.kind.endswith("Regressor"):
            lines += self._regression()
        else:
            lines += self._several() if several > 2 else self._binary()
        spec = f"{tf}.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op, eval_metric_ops=metrics)"
        lines += [
            f"loss = {tf}.reduce_sum(losses)",
            f"optimizer = {self._optimizer()}",
            f"train_op = optimizer.minimize(loss, global_step={tf}.train.get_global_step())",
            "metrics = {",
            *(f'    "{key}": {tf}.metrics.{value},' for key, value in self.metrics.items()),
            "}",
            f"return {spec}",
        ]
        return [f"def {name}(features, labels, mode, params):", *("    " + line for line in lines)]

    def _start(self, name: str) -> int:
        return self.program.span(self.bound[name]).start if name in self.bound else 0

    def _hidden(self) -> list[str]:
        if "hidden_units" not in self.bound:
            raise Refused("TFM901", self.call, f"tf.estimator.{self.kind} without hidden_units", _ADVICE)
        tf, segment = self.tf, self.program.segment
        activation = self._visible(self.bound["activation_fn"]) if "activation_fn" in self.bound else f"{tf}.nn.relu"
        lines = [
            'for units in params["hidden_units"]:',
            f"    net = {tf}.layers.dense(net, units, activation={activation})",
        ]
        dropout = self.bound.get("dropout")
        if dropout is not None and segment(dropout) != "None":
            mode = f"mode == {tf}.estimator.ModeKeys.TRAIN"
            lines.append(f"    net = {tf}.layers.dropout(net, rate={self._visible(dropout)}, training={mode})")
        return lines

    def _classes(self) -> int:
        """How many classes there are: a number that is written out. Raises `Refused`."""
        node = self.bound.get("n_classes", ast.Constant(2))
        if "label_dimension" in self.bound and self.program.segment(self.bound["label_dimension"]) != "1":
            raise Refused("TFM901", self.bound["label_dimension"], "a regressor of several numbers", _ADVICE)
        if isinstance(node, ast.Name):
            held = [
                n.value
                for n in self.program.nodes
                if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in n.targets)
            ]
            node = held[0] if len(held) == 1 else node
        if not (isinstance(node, ast.Constant) and isinstance(node.value, int)):
            raise Refused("TFM901", node, "how many classes there are is not written out", _ADVICE)
        return node.value

    def _spec(self, predictions: Mapping[str, str]) -> list[str]:
        tf = self.tf
        return [
            f"if mode == {tf}.estimator.ModeKeys.PREDICT:",
            f"    return {tf}.estimator.EstimatorSpec(mode, predictions={{",
            *(f'        "{key}": {value},' for key, value in predictions.items()),
            "    })",
        ]

    def _regression(self) -> list[str]:
        tf = self.tf
        self.metrics = {
            "average_loss": "mean(losses)",
            "label/mean": "mean(targets)",
            "prediction/mean": "mean(logits)",
        }
        return [
            *self._spec({"predictions": "logits"}),
            f"targets = {tf}.reshape({tf}.cast(labels, {tf}.float32), [-1, 1])",
            f"losses = {tf}.square(logits - targets)",
        ]

    def _several(self) -> list[str]:
        tf = self.tf
        self.metrics = {"accuracy": "accuracy(targets, classes)", "average_loss": "mean(losses)"}
        predictions = {
            "logits": "logits",
            "probabilities": f"{tf}.nn.softmax(logits)",
            "class_ids": f"{tf}.expand_dims(classes, 1)",
            "classes": f"{tf}.as_string({tf}.expand_dims(classes, 1))",
        }
        return [
            f"classes = {tf}.argmax(logits, 1)",
            *self._spec(predictions),
            f"targets = {tf}.reshape({tf}.cast(labels, {tf}.int64), [-1])",
            f"losses = {tf}.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)",
        ]

    def _binary(self) -> list[str]:
        tf = self.tf
        curve = "careful_interpolation"
        self.metrics = {
            "accuracy": "accuracy(targets, classes)",
            "auc": f"auc(targets, logistic, summation_method='{curve}')",
            "auc_precision_recall": f"auc(targets, logistic, curve='PR', summation_method='{curve}')",
            "average_loss": "mean(losses)",
            "label/mean": "mean(targets)",
            "precision": "precision(targets, classes)",
            "prediction/mean": "mean(logistic)",
            "recall": "recall(targets, classes)",
        }
        predictions = {
            "logits": "logits",
            "logistic": "logistic",
            "probabilities": f"{tf}.concat([1 - logistic, logistic], axis=1)",
            "class_ids": "classes",
            "classes": f"{tf}.as_string(classes)",
        }
        return [
            f"logistic = {tf}.sigmoid(logits)",
            f"classes = {tf}.cast(logits > 0, {tf}.int64)",
            *self._spec(predictions),
            f"targets = {tf}.reshape({tf}.cast(labels, {tf}.float32), [-1, 1])",
            f"losses = {tf}.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)",
        ]

    # -------------------------------------------------------------------- the optimizer

    def _optimizer(self) -> str:
        given = self.bound.get("optimizer")
        deep = self.kind.startswith("DNN")
        rate = "0.05" if deep else 'min(0.2, 1 / len(params["feature_columns"]) ** 0.5)'
        if given is None:
            return OPTIMIZERS["Adagrad" if deep else "Ftrl"].format(tf=self.tf, rate=rate)
        if isinstance(given, ast.Constant) and given.value in OPTIMIZERS and given.value != "Momentum":
            return OPTIMIZERS[str(given.value)].format(tf=self.tf, rate=rate)
        if isinstance(given, ast.Lambda) and not given.args.args:
            given = given.body
        if isinstance(given, ast.Name):
            made = [
                n
                for n in self.program.nodes
                if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == given.id for t in n.targets)
            ]
            if len(made) == 1:
                given = made[0].value
                end = self.program.span(made[0]).end
                start = self.program.offset(made[0].lineno, 0)
                self.more.append(Edit(Span(start, self.program.text.find("\n", end) + 1 or end), ""))
        symbol = self.program.names.symbol(given.func) if isinstance(given, ast.Call) else None
        if symbol is None or not symbol.endswith("Optimizer"):
            raise Refused("TFM901", given, "how an estimator's optimizer is made is not seen", _ADVICE)
        return self._visible(given)

    def _visible(self, node: ast.expr) -> str:
        """The text of an expression at the level of the module; names of a function's own are given by `params`."""
        top = self._top()
        local = {n.id for n in ast.walk(top) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        local |= {n.arg for n in ast.walk(top) if isinstance(n, ast.arg)}
        span = self.program.span(node)
        pieces, at = [], span.start
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in local and top.col_offset == 0]
        for name in sorted(names, key=lambda n: (n.lineno, n.col_offset)):
            inside = self.program.span(name)
            if isinstance(top, ast.FunctionDef):
                self.params[name.id] = name.id
                pieces += [self.program.text[at : inside.start], f'params["{name.id}"]']
                at = inside.end
        return "".join([*pieces, self.program.text[at : span.end]])
