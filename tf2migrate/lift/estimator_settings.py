"""What stands around estimators: their configuration, hooks that log, and specifications of training and evaluating."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift.estimator_inputs import Inputs
from tf2migrate.lift.estimator_models import HOOKS
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Span

_CONFIGS = ("tf.estimator.RunConfig", "tf.contrib.learn.RunConfig")
#: What tells where and how often something is saved or logged, and not what is computed.
_IGNORED = {
    *("model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps", "save_checkpoints_secs"),
    *("session_config", "keep_checkpoint_max", "keep_checkpoint_every_n_hours", "log_step_count_steps"),
    *("gpu_memory_fraction", "num_cores", "log_device_placement"),
}
_KEPT = ("tf.train.latest_checkpoint", "tf.train.Saver", "tf.train.load_checkpoint", "tf.train.list_variables")
_ADVICE = "Write the model as a class with train, evaluate and predict methods of its own, then run the tool again."
TRAINED = "tf.estimator.train_and_evaluate"
_SPECS = {
    "tf.estimator.TrainSpec": ("input_fn", "max_steps", "hooks", "saving_listeners"),
    "tf.estimator.EvalSpec": (
        *("input_fn", "steps", "name", "hooks", "exporters", "start_delay_secs", "throttle_secs"),
    ),
}

Say = Callable[[ast.expr, str, str], None]


class Settings:
    """The things around the estimators of a program; most of them go."""

    def __init__(self, program: Program, inputs: Inputs, say: Say) -> None:
        self.program, self.inputs, self.say = program, inputs, say
        self.gone: set[str] = set()  # the names of what is left out

    def resolved(self, node: ast.expr, symbols: tuple[str, ...]) -> ast.Call:
        """The call that makes one of these things, there or under the one name that it has. Raises `Refused`."""
        held = self.inputs.assigned.get(node.id, []) if isinstance(node, ast.Name) else [node]
        made = held[0] if len(held) == 1 else None
        symbol = self.program.names.symbol(made.func) if isinstance(made, ast.Call) else None
        if not isinstance(made, ast.Call) or not (symbol or "").endswith(symbols):
            kinds = " or ".join(symbol.rsplit(".", 1)[-1] for symbol in symbols[:2])
            what = f"{ast.unparse(node)} is not seen to be made by {kinds}"
            raise Refused("TFM901", node, what, _ADVICE)
        if isinstance(node, ast.Name):
            self.gone.add(node.id)
        return made

    def config(self, node: ast.expr) -> None:
        """A configuration. Raises `Refused` where it says more than when to save and to log."""
        call = self.resolved(node, _CONFIGS)
        for keyword in call.keywords:
            if keyword.arg not in _IGNORED:
                raise Refused("TFM901", call, f"a RunConfig with {keyword.arg}", _ADVICE)
            if keyword.arg == "model_dir":
                self.directory(keyword.value)
        if call.args:
            self.directory(call.args[0])

    def directory(self, node: ast.expr) -> None:
        """A directory for checkpoints. Raises `Refused` where the program looks for them."""
        if isinstance(node, ast.Constant) and node.value is None:
            return
        for use, symbol in self.program.uses:
            if symbol in _KEPT:
                raise Refused("TFM901", use, "an estimator's checkpoints are used by the program itself", _ADVICE)
        self.say(node, "TFM721", "the estimator starts afresh in each run of the program, and writes no checkpoints")

    def hooks(self, node: ast.expr) -> None:
        """Hooks that only log are left out. Raises `Refused` for others."""
        for hook in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
            made = self.inputs.assigned.get(hook.id, [hook]) if isinstance(hook, ast.Name) else [hook]
            symbols = [self.program.names.symbol(m.func) or "" if isinstance(m, ast.Call) else "" for m in made]
            if not all(symbol.endswith(HOOKS) for symbol in symbols):
                raise Refused("TFM901", hook, "an estimator with hooks that do more than log", _ADVICE)
            self.resolved(hook, HOOKS)
            self.say(hook, "TFM720", "an estimator's summaries and logs are left out")

    def spec(self, node: ast.expr, symbol: str) -> Mapping[str, ast.expr]:
        """The arguments of a TrainSpec or an EvalSpec. Raises `Refused`."""
        call = self.resolved(node, (symbol,))
        try:
            bound = bind(call, _SPECS[symbol])
        except Unbound as problem:
            raise Refused("TFM901", call, f"the arguments of {symbol} cannot be told: {problem}", _ADVICE) from None
        for name in ("saving_listeners", "exporters"):
            if name in bound:
                raise Refused("TFM901", bound[name], f"{symbol} with {name}", _ADVICE)
        if "hooks" in bound:
            self.hooks(bound["hooks"])
        return bound

    def edits(self) -> list[Edit]:
        """The statements that made what is left out go, with their lines."""
        found = []
        for node in self.program.nodes:
            names = {t.id for t in node.targets if isinstance(t, ast.Name)} if isinstance(node, ast.Assign) else set()
            if isinstance(node, ast.Assign) and names & self.gone:
                start, end = self.program.offset(node.lineno, 0), self.program.span(node).end
                found.append(Edit(Span(start, self.program.text.find("\n", end) + 1 or end), ""))
        return found
