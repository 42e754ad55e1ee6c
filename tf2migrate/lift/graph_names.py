"""What TensorFlow 1 called the ops that a program gives names: `name=` behind the scopes that a call stands in."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import Scope, is_conditional, scope_of, statement_of

SCOPES = ("tf.name_scope", "tf.variable_scope")
_OPS = ("minimize", "apply_gradients", "make_initializer", "tf.group", "tf.no_op")
_METHODS = ("minimize", "apply_gradients", "make_initializer", "get_next")
_SEVERAL = ("tf.split", "tf.unstack", "tf.unpack", "tf.nn.top_k", "tf.unique", "tf.unique_with_counts", "tf.meshgrid")
_LAYERS = ("tf.layers.dense", "tf.layers.conv2d", "tf.layers.conv1d", "tf.layers.conv2d_transpose")
#: The functions whose third argument is the name.
_THIRD = ("tf.placeholder", "tf.add", "tf.subtract", "tf.sub", "tf.multiply", "tf.mul", "tf.div", "tf.divide", "tf.pow")
_ACTIVATIONS = {"tf.nn.relu": "Relu", "tf.nn.sigmoid": "Sigmoid", "tf.nn.tanh": "Tanh", "tf.nn.softmax": "Softmax"}
#: The ops that TensorFlow 1 itself calls so, where a program does not say what they are to be called.
_TAKEN = re.compile(
    r"(add|sub|mul|div|truediv|floordiv|mod|pow|matmul|and|or|concat|stack|unstack|split|strided_slice|transpose|zeros"
    r"|ones|zeros_like|ones_like|range|one_hot|init|init_all_tables|group_deps|random_uniform|random_normal|eye|norm"
    r"|truncated_normal|embedding_lookup|gradients|save|global_step|cond|while|case|moments|report_uninitialized\w*)"
    r"(_\d+)?"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A call that makes an op of a known name."""

    call: ast.Call
    name: str  # in the graph, with its scopes
    operation: bool  # whether a run gives nothing for it
    several: bool  # whether it has several outputs


class GraphNames:
    """The names of a program's ops, as far as they are written out."""

    def __init__(self, program: Program) -> None:
        self.program = program
        functions = program.each(ast.FunctionDef)
        self._functions = {f.name: f for f in functions}
        self._twice = {f.name for f in functions if self._functions[f.name] is not f}
        self._calls = program.each(ast.Call)
        self._computed = [self._start(n) for n in self._calls if self._is_computed(n)]
        self._given = self._names_given()
        self.named = [named for call in self._calls if (named := self._named(call)) is not None]

    def made(self, name: str) -> list[Named]:
        """The calls whose op may have this name; none where something else may have it as well."""
        last = name.rsplit("/", 1)[-1]
        if _TAKEN.fullmatch(last) or last in self._given or any(last.startswith(start) for start in self._computed):
            return []
        found = [named for named in self.named if named.name == name]
        return [] if any(is_conditional(self.program, f.call) or self._is_repeated(f.call) for f in found) else found

    def scope_of_metric(self, call: ast.Call) -> str | None:
        """The scope that a call of `tf.metrics` opens, in which its variables are; None where it cannot be told."""
        prefix, own = self._prefix(call, False), self._metric(call)
        alike = sum(self._metric(other) == own for other in self._calls)
        scopes = [c.args[0] for c in self._calls if self.program.names.symbol(c.func) in SCOPES and c.args]
        taken = any(not isinstance(scope, ast.Constant) or scope.value == own for scope in scopes)
        return None if prefix is None or not own or alike > 1 or taken else "/".join([*prefix, own])

    def _metric(self, call: ast.Call) -> str:
        """What a metric is called: as it says, or as its function."""
        symbol = self.program.names.symbol(call.func) or ""
        kind = symbol.removeprefix("tf.metrics.")
        named = any(k.arg == "name" for k in call.keywords)
        return "" if kind == symbol else (self._own(call, symbol) or "") if named else kind

    def _named(self, call: ast.Call) -> Named | None:
        symbol = self.program.names.symbol(call.func) or ""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if symbol in SCOPES or not (symbol.startswith("tf.") or method in _METHODS):
            return None
        own = self._own(call, symbol)
        if own is None or "/" in own:
            return None
        prefix = self._prefix(call, symbol == "tf.get_variable")
        if prefix is None:
            return None
        if symbol in _LAYERS:
            own += f"/{self._last_of_layer(call)}"
        operation = symbol in _OPS or (not symbol and method in _OPS)
        return Named(call, "/".join([*prefix, own]), operation, symbol in _SEVERAL or method == "get_next")

    def _own(self, call: ast.Call, symbol: str) -> str | None:
        written: ast.expr | None = next((k.value for k in call.keywords if k.arg == "name"), None)
        if written is None and symbol == "tf.get_variable" and call.args:
            written = call.args[0]
        if written is None and symbol in _THIRD and len(call.args) == 3:
            written = call.args[2]
        return written.value if isinstance(written, ast.Constant) and isinstance(written.value, str) else None

    def _last_of_layer(self, call: ast.Call) -> str:
        """What the last op of a layer is called."""
        activation = next((k.value for k in call.keywords if k.arg == "activation"), None)
        biased = not any(k.arg == "use_bias" for k in call.keywords) and len(call.args) < 3
        if activation is None or (isinstance(activation, ast.Constant) and activation.value is None):
            return "BiasAdd" if biased else "?"
        return _ACTIVATIONS.get(self.program.names.symbol(activation) or "", "?")

    def _is_computed(self, call: ast.Call) -> bool:
        """Whether the name of an op is put together when it is made."""
        written = [k.value for k in call.keywords if k.arg == "name"]
        symbol = self.program.names.symbol(call.func) or ""
        return bool(written) and symbol.startswith("tf.") and not isinstance(written[0], ast.Constant | ast.Name)

    def _names_given(self) -> set[str]:
        """The texts that functions of the program are given, where one of them calls an op as it is told."""
        ops = [c for c in self._calls if (self.program.names.symbol(c.func) or "").startswith("tf.")]
        if not any(isinstance(k.value, ast.Name) for c in ops for k in c.keywords if k.arg == "name"):
            return set()
        known = ("run", "get_tensor_by_name", "get_operation_by_name", *_METHODS)
        others = [c for c in self._calls if c not in ops and getattr(c.func, "attr", "") not in known]
        given = [v for c in others for v in [*c.args, *(k.value for k in c.keywords)]]
        return {v.value for v in given if isinstance(v, ast.Constant) and isinstance(v.value, str)}

    def _start(self, call: ast.Call) -> str:
        """What a name that is put together begins with."""
        node = next(k.value for k in call.keywords if k.arg == "name")
        while isinstance(node, ast.BinOp):
            node = node.left
        if isinstance(node, ast.JoinedStr) and node.values:
            node = node.values[0]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            node = node.func.value
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        return re.split(r"[{%]", text)[0]

    def _prefix(self, node: ast.AST, of_variable: bool) -> list[str] | None:
        """The scopes around a node, from the outside; None where they cannot be told."""
        found: list[str] = []
        scopes = SCOPES[1:] if of_variable else SCOPES
        above: ast.AST | None = node
        for _ in range(200):
            inner, above = above, self.program.parents.get(id(above))
            if above is None:
                return found[::-1]
            if isinstance(above, ast.ClassDef | ast.Lambda):
                continue
            if isinstance(above, ast.With) and inner in above.body:
                for item in reversed(above.items):
                    if (scope := self._scope(item.context_expr, scopes)) is None:
                        return None
                    found += scope
            elif isinstance(above, ast.FunctionDef):
                above = self.call_of(above)
                if above is None:
                    return None
        return None

    def _scope(self, opened: ast.expr, scopes: tuple[str, ...]) -> list[str] | None:
        """What a `with` puts before the names of ops: at most one part."""
        symbol = self.program.names.symbol(opened.func) if isinstance(opened, ast.Call) else None
        if not isinstance(opened, ast.Call) or symbol not in SCOPES:
            return []
        if symbol not in scopes:
            return []
        match opened.args:
            case [ast.Constant(value=str(name)), *_] if name and not name.endswith("/"):
                return [name] if self._is_one(name) else None
        return None

    def _is_one(self, scope: str) -> bool:
        """Whether a scope is opened once: a second one of its name is called otherwise."""
        uses = [
            n
            for call in self._calls
            for n in [*call.args, *(k.value for k in call.keywords if k.arg == "name")]
            if isinstance(n, ast.Constant) and n.value == scope
        ]
        return len(uses) == 1

    def call_of(self, function: ast.FunctionDef) -> ast.Call | None:
        """The one call of a function or method, or of the class that it initializes."""
        name = function.name
        if name == "__init__":
            held = self.program.parents.get(id(function))
            name = held.name if isinstance(held, ast.ClassDef) else name
        elif name in self._twice or function.decorator_list:
            return None
        found = [c for c in self._calls if (getattr(c.func, "id", None) or getattr(c.func, "attr", None)) == name]
        named = [n for n in self.program.nodes if getattr(n, "id", None) == name or getattr(n, "attr", None) == name]
        return found[0] if len(found) == 1 == len(named) else None

    def _is_repeated(self, node: ast.AST) -> bool:
        """Whether a function that a node stands in is called in a loop or a branch."""
        around: Scope = scope_of(self.program, node)
        for _ in range(50):
            if not isinstance(around, ast.FunctionDef):
                return False
            call = self.call_of(around)
            if call is None or is_conditional(self.program, call):
                return True
            around = scope_of(self.program, statement_of(self.program, call))
        return True
