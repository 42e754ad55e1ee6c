"""Classes of a program that are recurrent cells: what they have, read and checked before anything is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import own, walk
from tf2migrate.lift.values import Refused
from tf2migrate.model import Span

BASES = tuple(f"tf.{home}.{name}" for home in ("nn.rnn_cell", "contrib.rnn") for name in ("RNNCell", "LayerRNNCell"))
MARK = "layer"  # the keyword of a class that has the form of a layer, until its base is one
TUPLES = ("tf.nn.rnn_cell.LSTMStateTuple", "tf.contrib.rnn.LSTMStateTuple")
SHARES = ("reuse", "_reuse")  # the parameters of a constructor that tell whether variables are shared
#: The blocks that only name what is made in them, or say where it is computed.
BLOCKS = ("tf.variable_scope", "tf.name_scope", "tf.device")

#: What Keras's layers have themselves: a program's attribute or method of such a name would take its place.
RESERVED = frozenset(
    (
        *("_flatten_layers", "_inbound_nodes", "_input_spec", "_layers", "_lock", "_losses", "_metrics"),
        *("_non_trainable_variables", "_path", "_outbound_nodes", "_seed_generators", "_tracker"),
        *("_trainable", "_trainable_variables", "activity_regularizer", "add_loss", "add_metric"),
        *("add_variable", "add_weight", "autocast", "build_from_config", "built", "compute_dtype"),
        *("compute_mask", "compute_output_shape", "compute_output_spec", "count_params", "dtype"),
        *("dtype_policy", "from_config", "get_build_config", "get_config", "get_weights", "input"),
        *("get_initial_state", "input_dtype", "input_spec", "load_own_variables", "losses", "metrics"),
        *("metrics_variables", "name", "non_trainable_variables", "non_trainable_weights", "output", "path"),
        *("quantization_mode", "quantize", "save_own_variables", "set_weights", "stateless_call"),
        *("supports_jit", "supports_masking", "symbolic_call", "trainable", "trainable_variables"),
        *("trainable_weights", "variable_dtype", "variables", "weights", "zero_state"),
    )
)


def refusal(node: ast.AST, what: str, advice: str = "Write the cell as a tf.keras.layers.Layer by hand.") -> Refused:
    """That a cell is not rewritten, and why."""
    return Refused("TFM901", node, what, advice)


def is_written(node: ast.ClassDef) -> bool:
    """Whether a class has been given the form of a layer, as its mark says (`own_cells`)."""
    return [k.arg for k in node.keywords] == [MARK]


def is_own(program: Program, node: ast.ClassDef) -> bool:
    """Whether a class is a recurrent cell of TensorFlow 1's kind."""
    return any(program.names.symbol(base) in BASES for base in node.bases)


@dataclass(frozen=True)
class Form:
    """A class that is a cell: its methods, the one that takes a step, and of how many parts its state is."""

    program: Program
    node: ast.ClassDef
    methods: Mapping[str, ast.FunctionDef]
    step: ast.FunctionDef
    inputs: str
    state: str
    parts: int  # 0 where it is the state of another cell inside

    @property
    def alike(self) -> bool:
        """Whether both parts of the state are of one size, as they are written."""
        returned = [n.value for n in walk(self.methods["state_size"]) if isinstance(n, ast.Return)]
        match returned:
            case [ast.List(elts=[first, second]) | ast.Tuple(elts=[first, second])]:
                return ast.dump(first) == ast.dump(second)
        return False

    def set_to(self, name: str) -> list[ast.expr]:
        """What the constructor sets an attribute to."""
        return _set_to(self.methods, name)

    def symbol(self, node: ast.AST) -> str:
        """What of TensorFlow an expression stands for, or nothing."""
        return self.program.names.symbol(node) or ""

    @property
    def attributes(self) -> set[str]:
        """All names that an object of the class has."""
        return {*self.methods, *(name for n in walk(self.node) if (name := attribute_of(n)) is not None)}


def attribute_of(node: ast.AST) -> str | None:
    """The name of the object's own attribute that an expression is; None for anything else."""
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if named and isinstance(node, ast.Attribute) else None


def form_of(program: Program, node: ast.ClassDef) -> Form:
    """What a class that is a cell has. Raises `Refused` where it is written in a way that is not known."""
    name = node.name
    marked = not node.keywords or is_written(node)
    if not isinstance(program.parents.get(id(node)), ast.Module) or node.decorator_list or not marked:
        raise refusal(node, f"the cell {name} is defined inside of something, or decorated")
    if len(node.bases) != 1:
        raise refusal(node, f"the cell {name} has several bases")
    others = [s for s in node.body if not isinstance(s, ast.FunctionDef) and not _is_plain(s)]
    if others:
        raise refusal(others[0], f"the cell {name} has more than methods")
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
    steps = [methods[one] for one in ("__call__", "call") if one in methods]
    if len(steps) != 1 or len(methods) < sum(isinstance(m, ast.FunctionDef) for m in node.body):
        raise refusal(node, f"the cell {name} takes its step in no method, or in several")
    inputs, state = _parameters(steps[0], name)
    for size in ("state_size", "output_size"):
        if size not in methods:
            raise refusal(node, f"the cell {name} has no {size}")
    form = Form(program, node, methods, steps[0], inputs, state, _parts(program, methods, "state_size"))
    if _parts(program, methods, "output_size") != 1 and form.parts:
        raise refusal(methods["output_size"], f"the outputs of the cell {name} are of several parts")
    return form


def _is_plain(node: ast.stmt) -> bool:
    """Whether a statement of a class only says something, or names a constant."""
    held = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    return isinstance(node, ast.Pass) or isinstance(held, ast.Constant)


def _parameters(step: ast.FunctionDef, name: str) -> tuple[str, str]:
    """What the step calls its inputs and its state; only the scope may come behind them."""
    spec = step.args
    positional = [a.arg for a in [*spec.posonlyargs, *spec.args]]
    more = [*positional[3:], *(a.arg for a in spec.kwonlyargs)]
    if positional[:1] != ["self"] or len(positional) < 3 or more not in ([], ["scope"]) or spec.vararg or spec.kwarg:
        raise refusal(step, f"the step of the cell {name} takes something other than inputs, a state and a scope")
    return positional[1], positional[2]


def _parts(program: Program, methods: Mapping[str, ast.FunctionDef], size: str) -> int:
    """Of how many parts the state of a cell is, or its outputs; 0 where it is as that of a cell inside."""
    method = methods[size]
    returned = [n for n in walk(method) if isinstance(n, ast.Return)]
    if [ast.unparse(d) for d in method.decorator_list] != ["property"] or len(returned) != 1:
        raise refusal(method, f"the {size} of a cell is no plain property")
    return _count(program, methods, returned[0].value, size)


def _set_to(methods: Mapping[str, ast.FunctionDef], name: str) -> list[ast.expr]:
    stores = [s for s in walk(methods["__init__"]) if isinstance(s, ast.Assign)] if "__init__" in methods else []
    return [s.value for s in stores for target in s.targets if attribute_of(target) == name]


def _count(program: Program, methods: Mapping[str, ast.FunctionDef], node: ast.expr | None, size: str) -> int:
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self")), attr=attr) if attr == size:
            return 0
        case ast.Attribute(value=ast.Name(id="self"), attr=attr) if "__init__" in methods:
            given = _set_to(methods, attr)
            if len(given) == 1 and not isinstance(given[0], ast.Name):
                return _count(program, methods, given[0], size)
            return 1
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if not any(isinstance(p, ast.Starred) for p in parts):
            nested = any(isinstance(p, ast.Tuple | ast.List) for p in parts)
            if len(parts) == 2 and not nested:
                return 2
            raise refusal(node, f"the {size} of a cell is no number, and no pair of numbers")
        case ast.Call(func=func) if program.names.symbol(func) in TUPLES:
            return 2
        case ast.Call(func=ast.Name(id="int")) | ast.Name() | ast.Constant() | ast.BinOp() | ast.Attribute():
            return 1
        case None:
            return 1
    raise refusal(node, f"the {size} of a cell is no number, and no pair of numbers")


def step_of(node: ast.ClassDef) -> ast.FunctionDef | None:
    """The method of a cell that takes a step."""
    steps = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name in ("__call__", "call")]
    return steps[0] if len(steps) == 1 else None


def lines_of(program: Program, node: ast.stmt) -> Span:
    """A statement with its lines. Raises `Refused` where another stands on one of them."""
    start, end = program.offset(node.lineno, 0), program.offset((node.end_lineno or 0) + 1, 0)
    inner = program.span(node)
    if program.text[start : inner.start].strip() or not _is_comment(program.text[inner.end : end]):
        raise refusal(node, "two statements of a cell stand on one line")
    return Span(start, end)


def _is_comment(text: str) -> bool:
    return not text.strip() or text.strip().startswith("#")


def blocks_of(form: Form, method: ast.FunctionDef) -> Iterator[ast.With]:
    """The blocks of a method that go, as they only name what is in them. Raises `Refused` where one does more."""
    blocks = [n for n in own(method.body) if isinstance(n, ast.With) and _only_names(form, n)]
    entered = {id(n) for block in blocks for item in block.items for n in walk(item.context_expr)}
    for block in blocks:
        targets = [item.optional_vars for item in block.items if item.optional_vars is not None]
        bound = {n.id for target in targets for n in walk(target) if isinstance(n, ast.Name)}
        reads = [n for n in walk(method) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in bound]
        if any(id(n) not in entered for n in reads):
            raise refusal(block, "a variable scope of a cell is used by its name")
        for call in [item.context_expr for item in block.items]:
            assert isinstance(call, ast.Call)
            known = {"default_name", "name_or_scope", "values", "initializer"}
            told = {str(k.arg) for k in call.keywords if not (k.arg == "reuse" and is_as_given(form, k.value))} - known
            if form.symbol(call.func) == "tf.variable_scope" and told:
                raise refusal(call, f"a variable scope of a cell is told {', '.join(sorted(told))}")
        yield block


def is_as_given(form: Form, node: ast.expr) -> bool:
    """Whether variables are shared as the constructor is told: not, or the cell is not made (`own_cell_classes`)."""
    name = attribute_of(node)
    values = form.set_to(name) if name is not None else [node]
    return bool(values) and all(_is_false(v) or _is_told(form, v) for v in values)


def _is_told(form: Form, node: ast.expr) -> bool:
    """Whether an expression is the parameter that tells whether variables are shared: they are not, if not told."""
    constructor = form.methods.get("__init__")
    if not isinstance(node, ast.Name) or node.id not in SHARES or constructor is None:
        return False
    spec = constructor.args
    defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
    defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    return node.id not in defaults or _is_false(defaults[node.id])


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _only_names(form: Form, node: ast.With) -> bool:
    """Whether a block does nothing but name what is in it, or say where it is computed."""
    calls = [item.context_expr for item in node.items]
    return all(isinstance(call, ast.Call) and form.symbol(call.func) in BLOCKS for call in calls)
