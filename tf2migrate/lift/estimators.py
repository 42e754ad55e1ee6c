"""Programs of estimators as session programs, for the lifting to go on with; what is native in them is unwrapped last.

`Estimator(model_fn)` becomes an object of a class that has the graph in its constructor, and input functions become
data sets. `train`, `evaluate` and `predict` keep their names, and are loops over the data now.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift.estimator_columns import COLUMNS, definitions
from tf2migrate.lift.estimator_inputs import Inputs
from tf2migrate.lift.estimator_models import NATIVE, TENSORS, Model, Wanted, class_name
from tf2migrate.lift.estimator_settings import TRAINED, Settings
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Finding, Options, Outcome, Span

_MADE = ("tf.estimator.Estimator", "tf.contrib.learn.Estimator")
_ARGUMENTS = {
    "tf.estimator.Estimator": ("model_fn", "model_dir", "config", "params", "warm_start_from"),
    "tf.contrib.learn.Estimator": ("model_fn", "model_dir", "config", "params", "feature_engineering_fn"),
}
_METHODS = {
    "train": ("input_fn", "hooks", "steps", "max_steps", "saving_listeners"),
    "evaluate": ("input_fn", "steps", "hooks", "checkpoint_path", "name"),
    "predict": ("input_fn", "predict_keys", "hooks", "checkpoint_path", "yield_single_examples"),
}
SINGLE = "tf.estimator.single"
_SINGLE = '''def single(*batch):
    """A batch with its floating-point numbers in single precision, in which layers compute."""

    def cast(value):
        return {tf}.cast(value, {tf}.float32) if value.dtype == {tf}.float64 else value

    return {tf}.nest.map_structure(cast, batch if len(batch) > 1 else batch[0])
'''
_ADVICE = "Write the model as a class with train, evaluate and predict methods of its own, then run the tool again."


def estimators(program: Program, options: Options) -> Outcome:
    """The edits that make a session program of one with estimators, or the refusal that says why not."""
    if "stimator" not in program.text:
        return Outcome()
    calls = [n for n in program.each(ast.Call) if program.names.symbol(n.func) in _MADE]
    if not calls:
        return Outcome()
    try:
        rewriting = _Rewriting(program, calls)
        edits = rewriting.edits()
    except Refused as stop:
        line, column = getattr(stop.node, "lineno", 1), getattr(stop.node, "col_offset", 0)
        return Outcome((), (Finding(line, column + 1, stop.code, stop.message, stop.advice),))
    return Outcome(tuple(sorted(set(edits))), tuple(rewriting.findings))


def unwrapped(program: Program, options: Options) -> Outcome:
    """What was kept from the lifting stands for itself again, and what stays tensors is no array."""
    if NATIVE not in program.text and "estimator." not in program.text:
        return Outcome()
    edits = []
    for node in program.nodes:
        symbol = program.names.symbol(node.func) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Attribute) and program.names.symbol(node) == SINGLE:
            edits.append(Edit(program.span(node), "single"))
        if isinstance(node, ast.Call) and symbol == COLUMNS:
            edits += _columns(program, node)
        if isinstance(node, ast.Call) and symbol in (NATIVE, TENSORS):
            span = program.span(node)
            inner = program.span(_tensors(node.args[0]) if symbol == TENSORS else node.args[0])
            edits += [Edit(Span(span.start, inner.start), ""), Edit(Span(inner.end, span.end), "")]
    used = {program.names.symbol(n) for n in program.each(ast.Attribute)}
    edits += _definitions(program, COLUMNS in used, SINGLE in used)
    return Outcome(tuple(edits))


def _columns(program: Program, node: ast.Call) -> list[Edit]:
    """What columns give of features, side by side."""
    tf = program.segment(node.func).split(".")[0]
    span, features, listed = program.span(node), program.span(node.args[0]), program.span(node.args[1])
    return [
        Edit(Span(span.start, features.start), f"{tf}.concat([column("),
        Edit(Span(features.end, listed.start), ") for column in "),
        Edit(Span(listed.end, span.end), "], axis=1)"),
    ]


def _definitions(program: Program, columns: bool, single: bool) -> list[Edit]:
    """The functions that make columns, and the one that casts batches, below the imports."""
    imports = [n for n in program.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    tf = next((a.asname or a.name for n in imports for a in n.names if a.name == "tensorflow"), "tf")
    text = "\n\n".join([*([definitions(program, tf)] if columns else []), *([_SINGLE.format(tf=tf)] if single else [])])
    if not text:
        return []
    end = program.span(imports[-1]).end
    return [Edit(Span(end, end), f"\n\n\n{text}\n")]


def _tensors(node: ast.expr) -> ast.expr:
    """The call of a function whose results are made arrays."""
    match node:
        case ast.ListComp(generators=[each]) | ast.GeneratorExp(generators=[each]):
            return each.iter
        case ast.Call(func=ast.Attribute(value=value, attr="numpy")):
            return value
        case ast.Call(func=ast.Attribute(attr="map_structure"), args=[_, given]):
            return given
    return node


class _Rewriting:
    """The edits of one program."""

    def __init__(self, program: Program, calls: list[ast.Call]) -> None:
        self.program, self.names, self.calls = program, program.names, calls
        self.findings: list[Finding] = []
        self.holders: set[str] = set()  # the names of estimators
        self.makers: set[str] = set()  # the functions that return one
        self.tf = self._tensorflow()
        self.inputs = Inputs(program, self.tf)
        self.settings = Settings(program, self.inputs, self._say)

    def _tensorflow(self) -> str:
        function = self.calls[0].func
        while isinstance(function, ast.Attribute) and self.names.symbol(function) != "tf":
            function = function.value
        if not isinstance(function, ast.Name):
            raise_at = self.calls[0]
            raise Refused("TFM901", raise_at, "TensorFlow has no name of its own here", "import tensorflow as tf")
        return function.id

    def edits(self) -> list[Edit]:
        """All of them. Raises `Refused`."""
        functions = {self._function(call): call for call in self.calls}
        if len(functions) > 1:
            second = list(functions)[1]
            raise Refused("TFM901", second, "estimators of two model functions in one program", _ADVICE)
        function = next(iter(functions))
        self._check_function(function)
        self._check_constant(function)
        self._find_holders()
        wanted = Wanted()
        edits = [self._made(call, function) for call in self.calls]
        for call, method in self._uses():
            edits.append(self._both(call, wanted) if method == TRAINED else self._call(call, method, wanted))
        if "train" not in wanted.methods:
            raise Refused("TFM901", self.calls[0], "an estimator that is not trained has its state elsewhere", _ADVICE)
        self.inputs.rewrite()
        model = Model(self.program, function, wanted, self.tf)
        lines = model.lines()
        indent = self.program.indent(function)
        text = "\n".join(indent + line if line else "" for line in lines).removeprefix(indent)
        edits.append(Edit(self.program.span(function), text))
        edits += [*self.settings.edits(), *(edit for own in model.helpers.edits.values() for edit in own)]
        for watched in model.watched:
            self._say(watched, "TFM720", "an estimator's summaries and logs are left out")
        for made in self.inputs.shuffled:
            self._say(made, "TFM719", "shuffled in another order than the queue of an input function did")
        return [*edits, *self.inputs.edits]

    def _say(self, node: ast.stmt | ast.expr, code: str, message: str) -> None:
        advice = "Write what is of interest with tf.summary, or print it." if code == "TFM720" else "Nothing to do."
        self.findings.append(Finding(node.lineno, node.col_offset + 1, code, message, advice, fixable=True))

    # -------------------------------------------------------------------- estimators

    def _function(self, call: ast.Call) -> ast.FunctionDef:
        given = self._bound(call, _ARGUMENTS[self.names.symbol(call.func) or ""]).get("model_fn")
        found = [n for n in self.program.each(ast.FunctionDef) if _is(given, n.name)]
        if len(found) != 1:
            raise Refused(
                "TFM901", call, "the model function of an estimator is not one function of this file", _ADVICE
            )
        return found[0]

    def _check_function(self, function: ast.FunctionDef) -> None:
        """The model function must be an estimator's and nothing else."""
        given = {id(n) for call in self.calls for n in ast.walk(call)}
        for node in self.program.nodes:
            if isinstance(node, ast.Name) and node.id == function.name and id(node) not in given:
                raise Refused("TFM901", node, f"{function.name} is used otherwise than by an estimator", _ADVICE)

    def _check_constant(self, function: ast.FunctionDef) -> None:
        """What the model function reads must stay: TensorFlow 1 called it for each training anew. Raises `Refused`."""
        first = min(call.lineno for call in self.calls)
        own = {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}
        own |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} - own
        inside = {id(n) for n in ast.walk(function)}
        for node in self.program.nodes:
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AugAssign) else targets
            if id(node) in inside or not targets or getattr(node, "lineno", 0) <= first:
                continue
            scope = self._around(node)
            shared = scope is None or any(isinstance(n, ast.Global) for n in ast.walk(scope))
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            if shared and names & read:
                what = f"{min(names & read)} is bound anew after the estimator is made, whose model function reads it"
                raise Refused("TFM901", node, what, "Give the model function what changes as a parameter.")

    def _bound(self, call: ast.Call, parameters: tuple[str, ...]) -> dict[str, ast.expr]:
        try:
            return {n: v for n, v in bind(call, parameters).items() if not _is_none(v)}
        except Unbound as problem:
            what = f"the arguments of {ast.unparse(call.func)} cannot be told: {problem}"
            raise Refused("TFM901", call, what, "Write the arguments out.") from None

    def _made(self, call: ast.Call, function: ast.FunctionDef) -> Edit:
        bound = self._bound(call, _ARGUMENTS[self.names.symbol(call.func) or ""])
        for name in ("warm_start_from", "feature_engineering_fn"):
            if name in bound:
                raise Refused("TFM901", bound[name], f"an estimator with {name}", _ADVICE)
        if "model_dir" in bound:
            self.settings.directory(bound["model_dir"])
        if "config" in bound:
            self.settings.config(bound["config"])
        parameters = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}
        given = []
        if "params" in parameters:
            text = self.program.segment(bound["params"]) if "params" in bound else "{}"
            given.append(text if isinstance(bound.get("params"), ast.Name) else f"{self.tf}.estimator.native({text})")
        return Edit(self.program.span(call), f"{class_name(function.name)}({', '.join(given)})")

    def _find_holders(self) -> None:
        """The names that estimators have, and the functions that return one. Raises `Refused`."""
        todo = list(self.calls)
        while todo:
            call = todo.pop()
            above = self.program.parents[id(call)]
            match above:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    new = name not in self.holders
                    self.holders.add(name)
                    returned: list[ast.Return] = self._returns(name) if new else []
                case ast.Return() as end:
                    returned = [end]
                case ast.Attribute(attr=attr) if attr in _METHODS:
                    returned = []
                case _:
                    raise Refused("TFM901", call, "what becomes of this estimator is not followed", _ADVICE)
            for statement in returned:
                maker = self._around(statement)
                if maker is None or maker.name in self.makers:
                    continue
                self.makers.add(maker.name)
                todo += [n for n in self.program.each(ast.Call) if _is(n.func, maker.name)]
        for node in self.program.nodes:
            held = isinstance(node, ast.Assign) and any(_is(t, name) for t in node.targets for name in self.holders)
            if held and isinstance(node, ast.Assign) and not self._is_estimator(node.value):
                raise Refused("TFM901", node, "a name stands for an estimator and for something else", _ADVICE)

    def _returns(self, name: str) -> list[ast.Return]:
        return [n for n in self.program.each(ast.Return) if _is(n.value, name)]

    def _around(self, node: ast.AST) -> ast.FunctionDef | None:
        above: ast.AST | None = node
        while above is not None and not isinstance(above, ast.FunctionDef):
            above = self.program.parents.get(id(above))
        return above

    def _is_estimator(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.holders
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        if isinstance(function, ast.Attribute):  # which returns the estimator
            trained = function.attr == "train" and self._is_estimator(function.value)
            return trained or node in self.calls
        return node in self.calls or any(_is(function, maker) for maker in self.makers)

    def _uses(self) -> Iterator[tuple[ast.Call, str]]:
        """The calls of estimators' methods. Raises `Refused` for any other use."""
        for node in self.program.nodes:
            if not (isinstance(node, ast.Name | ast.Call) and self._is_estimator(node)):
                continue
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                continue
            above = self.program.parents[id(node)]
            call = self.program.parents[id(above)]
            if isinstance(above, ast.Call) and self.names.symbol(above.func) == TRAINED and node is above.args[0]:
                yield above, TRAINED
                continue
            if isinstance(above, ast.Attribute) and isinstance(call, ast.Call) and call.func is above:
                if above.attr in _METHODS:
                    yield call, above.attr
                    continue
                raise Refused("TFM901", call, f"{above.attr} of an estimator is not followed", _ADVICE)
            if isinstance(above, ast.Assign | ast.Return) and not isinstance(node, ast.Name):
                continue
            if isinstance(above, ast.Return | ast.Expr):
                continue
            raise Refused("TFM901", node, "what becomes of this estimator is not followed", _ADVICE)

    # -------------------------------------------------------------------- calls

    def _call(self, call: ast.Call, method: str, wanted: Wanted) -> Edit:
        bound = self._bound(call, _METHODS[method])
        assert isinstance(call.func, ast.Attribute)
        for name in set(bound) - {"input_fn", "steps", "max_steps", "hooks", "name"}:
            raise Refused("TFM901", bound[name], f"{method} of an estimator with {name}", _ADVICE)
        if "hooks" in bound:
            self.settings.hooks(bound["hooks"])
        arguments = self._arguments(call, method, bound, wanted, self.program.segment(call.func.value))
        if method == "train" and not isinstance(self.program.parents[id(call)], ast.Expr):
            wanted.chained = True
        start = self.program.span(call.func).end
        return Edit(Span(start, self.program.span(call).end), f"({arguments})")

    def _arguments(
        self, call: ast.Call, method: str, bound: Mapping[str, ast.expr], wanted: Wanted, estimator: str
    ) -> str:
        """What a method is given now: data, and a number of steps. Raises `Refused`."""
        if "input_fn" not in bound:
            raise Refused("TFM901", call, f"{method} of an estimator without an input_fn", _ADVICE)
        data = self.inputs.data(bound["input_fn"])
        wanted.methods.add(method)
        if method == "predict":
            wanted.labeled.add(data.labeled)
        elif data.labeled is False:
            raise Refused("TFM901", bound["input_fn"], f"an estimator is to {method} on data without labels", _ADVICE)
        arguments = [f"{self.tf}.estimator.native({data.text})"]
        steps, whole = bound.get("steps"), bound.get("max_steps")
        if steps is not None and not _is_none(steps):
            arguments.append(f"steps={self.program.segment(steps)}")
        elif whole is not None and not _is_none(whole):
            rest = f"max(0, {self.program.segment(whole)} - {estimator}.global_step.numpy())"
            arguments.append(f"steps={self.tf}.estimator.native({rest})")
        if len(arguments) > 1:
            wanted.stepped.add(method)
        return ", ".join(arguments)

    def _both(self, call: ast.Call, wanted: Wanted) -> Edit:
        """`train_and_evaluate`: training, then an evaluation for the log. Raises `Refused`."""
        bound = self._bound(call, ("estimator", "train_spec", "eval_spec"))
        statement = self.program.parents[id(call)]
        if not isinstance(statement, ast.Expr) or len(bound) < 3:
            raise Refused("TFM901", call, "what train_and_evaluate returns is used", _ADVICE)
        estimator = self.program.segment(bound["estimator"])
        trained = self.settings.spec(bound["train_spec"], "tf.estimator.TrainSpec")
        evaluated = self.settings.spec(bound["eval_spec"], "tf.estimator.EvalSpec")
        if "steps" not in evaluated:
            evaluated = {**evaluated, "steps": ast.Constant(100)}
        train = self._arguments(call, "train", trained, wanted, estimator)
        tested = self._arguments(call, "evaluate", evaluated, wanted, estimator)
        line = f'{self.tf}.get_logger().info("%s", {estimator}.evaluate({tested}))'
        text = f"{estimator}.train({train})\n{self.program.indent(statement)}{self.tf}.estimator.native({line})"
        return Edit(self.program.span(call), text)


def _is(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
