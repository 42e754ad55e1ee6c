"""What a call of a TensorFlow 1 symbol means."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.lift import (
    arg_scopes,
    averages,
    bidirectional,
    cell_projections,
    cell_residuals,
    cell_states,
    cells,
    collections,
    datasets,
    fifo,
    graph_elements,
    keras_layers,
    layers,
    lazy_parts,
    method_calls,
    metric_variables,
    metrics,
    monitored,
    name_patterns,
    normalization,
    own_cell_classes,
    partitions,
    pipelines,
    printed_names,
    printed_shapes,
    projectors,
    regularization,
    regularization_loss,
    savers,
    scopes,
    summaries,
    supervisors,
    variable_lists,
    written_summaries,
)
from tf2migrate.lift import symbols as S
from tf2migrate.lift.estimator_columns import COLUMNS
from tf2migrate.lift.estimator_models import NATIVE, TENSORS
from tf2migrate.lift.metrics import KerasMetric
from tf2migrate.lift.name_patterns import NUMBER, OPEN
from tf2migrate.lift.values import (
    NONE,
    PYTHON,
    STATIC,
    Effect,
    Handle,
    Held,
    Initializer,
    Optimizer,
    Placeholder,
    Python,
    Regularizer,
    Schedule,
    State,
    Structure,
    Symbol,
    Tensor,
    Time,
    Trained,
    Unknown,
    Value,
    Variable,
    latest,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

Handler = Callable[["Interpreter", ast.Call, str, str], Value]


def symbol_call(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """The value of a call of a TensorFlow symbol."""
    handler = HANDLERS.get(path)
    if handler is not None:
        try:
            value = handler(interpreter, node, path, hint)
        except Unbound as problem:
            return Unknown(f"the arguments of {path} cannot be told: {problem}", node)
        interpreter.rewrites[id(node)] = value
        return value
    if S.is_python(path):
        interpreter.arguments(node)
        return Regularizer() if "regularizer" in path else PYTHON
    if path.startswith(UNFOLLOWED) and path not in FOLLOWED:
        return Unknown(f"{path} has no counterpart that is written yet", node)
    return operation(interpreter, node, path)


#: Families of symbols that make state or control flow of their own and are not lifted.
UNFOLLOWED = (
    "tf.layers.",
    "tf.contrib.",
    "tf.estimator.",
    "tf.nn.rnn_cell.",
    "tf.nn.dynamic_rnn",
    "tf.nn.static_rnn",
    "tf.nn.bidirectional_dynamic_rnn",
    "tf.nn.raw_rnn",
    "tf.metrics.",
    "tf.keras.",
    "tf.train.",
    "tf.data.",
    "tf.summary.",
    "tf.get_collection",
    "tf.add_to_collection",
    "tf.trainable_variables",
    "tf.global_variables",
    "tf.all_variables",
    "tf.losses.get_",
    "tf.make_template",
    "tf.import_graph_def",
    "tf.graph_util.",
    "tf.QueueBase",
    "tf.FIFOQueue",
    "tf.RandomShuffleQueue",
    "tf.TextLineReader",
    "tf.WholeFileReader",
    "tf.TFRecordReader",
    "tf.sparse_placeholder",
    "tf.get_session_handle",
    "tf.global_norm_initializer",
)


#: Functions of Keras that compute the same numbers in Keras 3, one for each example.
_KERAS_LOSSES = (
    *("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"),
    *("mean_squared_error", "mean_absolute_error", "hinge", "categorical_hinge"),
)
_CONTRIB_LOSSES = (
    *("mean_squared_error", "absolute_difference"),
    *("sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy"),
)
_KERAS_ACCURACIES = ("categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy")

#: Plain ops among them.
FOLLOWED = (
    *(f"tf.keras.losses.{name}" for name in _KERAS_LOSSES),
    *(f"tf.keras.metrics.{name}" for name in _KERAS_ACCURACIES),
    *(f"tf.contrib.{module}.{name}" for module in ("losses", "slim.losses") for name in _CONTRIB_LOSSES),
    "tf.contrib.seq2seq.sequence_loss",
    "tf.contrib.legacy_seq2seq.sequence_loss",
    "tf.contrib.legacy_seq2seq.sequence_loss_by_example",
    "tf.contrib.layers.one_hot_encoding",
    "tf.contrib.distributions.Normal",
    "tf.contrib.distributions.kl_divergence",
)


#: Ops that call a function of plain Python, with arrays.
_OF_PYTHON = ("tf.py_func", "tf.py_function", "tf.numpy_function")


def operation(interpreter: Interpreter, node: ast.Call, path: str) -> Value:
    """An op: a constant where everything it takes is known, a tensor of each run otherwise."""
    if path == "tf.case" and node.args and isinstance(node.args[0], ast.Dict):
        return _cases(interpreter, node, node.args[0])
    values = interpreter.arguments(node)
    from tf2migrate.lift.functions import Function

    given: list[Value] = []
    if path in _OF_PYTHON:
        for value in values:
            if isinstance(value, Function) and interpreter.reads_graph(value):
                return Unknown(f"a function that {path} calls reads a tensor of the graph", node)
    else:
        functions = [leaf for value in values for leaf in leaves(value) if isinstance(leaf, Function)]
        given = [interpreter.passed(function) for function in functions]
    for value in [*values, *given]:
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
    when = latest([*given, *(v for v in values if not isinstance(v, Function))])
    inside = S.is_random(path) or path in (*S.INSIDE, *_OF_PYTHON)  # Python is called at each run
    found = Tensor(Time.STAGED if inside or when >= Time.MADE else Time.CONSTANT, node)
    if path in S.CONTROL_FLOW:
        shapes = [v for v in given if isinstance(v, Structure) and len(v.items) > 1]
        return _like(shapes[0], found) if shapes else found
    return Structure("list", (), node, rest=found) if path in S.SEVERAL else found


def _cases(interpreter: Interpreter, node: ast.Call, cases: ast.Dict) -> Value:
    """`tf.case` of a dict, whose keys are tensors: TensorFlow 2 takes pairs."""
    pairs = [ast.Tuple([k, v], ast.Load()) for k, v in zip(cases.keys, cases.values, strict=True) if k is not None]
    listed = ast.copy_location(ast.List([ast.copy_location(p, cases) for p in pairs], ast.Load()), cases)
    call = ast.copy_location(ast.Call(node.func, [listed, *node.args[1:]], node.keywords), node)
    found = operation(interpreter, call, "tf.case")
    interpreter.rewrites[id(cases)] = "cases"
    return found


def _like(value: Value, tensor: Tensor) -> Value:
    """The structure of a value, with a tensor in each place."""
    if not isinstance(value, Structure):
        return Tensor(tensor.time, tensor.node)
    return Structure(value.kind, tuple((key, _like(item, tensor), None) for key, item, _ in value.items), tensor.node)


def attribute(interpreter: Interpreter, base: Value, node: ast.Attribute) -> Value:
    """An attribute of something of the graph."""
    from tf2migrate.lift.functions import Method

    printed_names.note(interpreter, base, node)
    projectors.note(interpreter, base, node)
    if node.attr == "shape":
        printed_shapes.note(interpreter, base, node.value, node)
    if isinstance(base, Unknown):
        return base
    if interpreter.naming and isinstance(base, Variable | Trained) and node.attr in ("name", "op"):
        return base if node.attr == "op" else STATIC
    if isinstance(base, datasets.Dataset | datasets.Iterator):
        found = datasets.attribute(interpreter, base, node)
        return found if found is not None else Method(base, node.attr, node)
    if isinstance(base, Handle) and node.attr == "graph":
        return Handle("graph", node)
    if isinstance(base, written_summaries.Filled) and node.attr == "value":
        return base
    if isinstance(base, State) and node.attr in ("c", "h"):
        index = "ch".index(node.attr)
        interpreter.rewrites[id(node)] = ("item", index)
        return base.items[index][1]
    if isinstance(base, scopes.Scope) and node.attr == "reuse" and base.reuse in (scopes.NEVER, scopes.ALWAYS):
        return Python(base.reuse == scopes.ALWAYS, known=True)
    path = scopes.path_of(interpreter, base, node) if isinstance(base, scopes.Scope) and node.attr == "name" else None
    if path is not None:
        return path
    if isinstance(base, cells.Cell | cells.Stacked | cells.Wrapped) and node.attr in ("state_size", "output_size"):
        return cells.size(interpreter, base, node)
    if isinstance(base, own_cell_classes.Own) and not own_cell_classes.is_called(interpreter, node):
        return own_cell_classes.attribute(base, node)
    if isinstance(base, keras_layers.Object) and node.attr in variable_lists.OF_LAYERS:
        return variable_lists.of_layer(interpreter, node, base)
    if isinstance(base, keras_layers.Object) and node.attr == "apply":
        interpreter.rewrites[id(node)] = keras_layers.Applied(node)
        return base
    if isinstance(base, keras_layers.Object) and node.attr != "add":
        return Unknown(f"{node.attr} of a layer is not followed", node)
    if type(base) is Placeholder and node.attr == "shape":
        return PYTHON
    if isinstance(base, Variable) and node.attr == "initializer":
        return Initializer("initializer", node, of=base, scopes=frozenset(("some",)), chosen=(base,))
    return Method(base, node.attr, node)


# -------------------------------------------------------------------- things made by a call


def _placeholder(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    names = S.PLACEHOLDER_WITH_DEFAULT if path == "tf.placeholder_with_default" else S.PLACEHOLDER
    bound = bind(node, names)
    for value in bound.values():
        interpreter.evaluate(value)
    return Placeholder(node, bound, bound.get("input"))


def _variable(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, S.VARIABLE if path == "tf.Variable" else S.GET_VARIABLE)
    for name, argument in bound.items():
        value = interpreter.evaluate(argument)
        if name in ("initial_value", "initializer"):
            for leaf in leaves(value):
                if isinstance(leaf, Unknown):
                    return leaf
                staged = isinstance(leaf, Tensor) and leaf.time == Time.STAGED
                if staged and not _draws(interpreter, argument) and not _freeze(interpreter, argument):
                    return Unknown("a variable starts from a value that is computed in the graph", node)
    trained = layers.trained_of(interpreter, bound.get("trainable"))
    named = bound.get("name")
    literal = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else None
    if path == "tf.get_variable":
        return _get_variable(interpreter, node, bound, hint, trained)
    variable = Variable(node, literal, trained is not False)
    unnamed = interpreter.mentions("tf.name_scope") or (named is not None and literal is None)
    full = None if unnamed else interpreter.scopes.name(literal, "Variable")
    if full is not None:
        taken = interpreter.scopes.taken.is_numbered(interpreter.graph, full)
        full = None if taken or _names_of_ops(interpreter.program) & {*full.split("/")} else full
    pattern = name_patterns.of_made(interpreter, named, "Variable", NUMBER).replace("/", f"{NUMBER}/")
    if interpreter.mentions("tf.name_scope"):
        pattern = OPEN + pattern
    interpreter.make(node, variable, hint or "variable", full, trained, _collections(interpreter, bound), pattern)
    return variable


@lru_cache(maxsize=4)
def _names_of_ops(program: Program) -> frozenset[object]:
    """The names that a program gives to ops which are no variables."""
    found = set()
    for call in program.each(ast.Call):
        symbol = program.names.symbol(call.func)
        if symbol is not None and symbol not in ("tf.Variable", "tf.get_variable") and ".layers." not in symbol:
            found |= {k.value.value for k in call.keywords if k.arg == "name" and isinstance(k.value, ast.Constant)}
    return frozenset(found)


def _collections(interpreter: Interpreter, bound: Mapping[str, ast.expr]) -> frozenset[str] | None:
    """The collections that a variable is put into; None where they cannot be told."""
    if "collections" not in bound:
        return scopes.ALL_VARIABLES
    with interpreter.apart():
        given = interpreter.evaluate(bound["collections"])
    if given is NONE:
        return scopes.ALL_VARIABLES
    if not isinstance(given, Structure) or given.rest is not None:
        return None
    names = [variable_lists.collection_name(value) for _, value, _ in given.items]
    return None if None in names else frozenset(name for name in names if name)


def _get_variable(
    interpreter: Interpreter, node: ast.Call, bound: Mapping[str, ast.expr], hint: str, trained: bool | None
) -> Value:
    """The variable of a name: made, or the one that is there."""
    with interpreter.apart():
        named = interpreter.evaluate(bound["name"])
    if "partitioner" in bound and (unknown := partitions.given(interpreter, bound["partitioner"])) is not None:
        return unknown
    own = named.literal if isinstance(named, Python) and isinstance(named.literal, str) else None
    full = interpreter.scopes.name(own)
    there = interpreter.scopes.find(interpreter.graph, full)
    if isinstance(there, Unknown):
        return Unknown(there.reason, node)
    if isinstance(there, Variable) and there in interpreter.lazy and interpreter.frame.unit and not interpreter.repeats:
        return Held(Time.STAGED, node, there)  # read of the object that makes it, once that is called
    if isinstance(there, Variable):
        interpreter.statement.shared.append(there)
        return there
    if full is not None and interpreter.repeats and interpreter.scopes.may_share(None):
        return Unknown("a loop makes a variable in its first turn, and shares it in the others", node)
    variable = Variable(node, own, trained is not False)
    if full is not None:
        interpreter.scopes.store[id(interpreter.graph), full] = variable
    if scopes.is_missing(bound.get("initializer")):
        scopes.default_for(interpreter, node, "initializer")
    regularizer = bound.get("regularizer")
    if scopes.is_missing(regularizer):
        regularizer = scopes.default_for(interpreter, node, "regularizer")
    regularization.of_variable(interpreter, variable, full, regularizer)
    pattern = interpreter.scopes.within(name_patterns.told(interpreter, bound["name"]))
    interpreter.make(node, variable, hint or "variable", full, trained, _collections(interpreter, bound), pattern)
    return variable


def _freeze(interpreter: Interpreter, node: ast.expr) -> bool:
    """A draw bound to a name and then made the first value of a variable happens once: it stays where it stands."""
    definitions = interpreter.frame.lookup(node.id) if isinstance(node, ast.Name) else ()
    if len(definitions) != 1:
        return False
    definition = definitions[0]
    shapes = not interpreter.frame.unit  # of tensors: such a variable is made where they are known
    for read in definition.statement.reads:
        if isinstance(read.value, Variable) or (read.staged and not (shapes and lazy_parts.is_static(read.value))):
            return False
    definition.statement.moves = False
    definition.value = Tensor(Time.CONSTANT, node)
    interpreter.frozen.add(definition.site)
    return True


def _draws(interpreter: Interpreter, node: ast.expr) -> bool:
    """Whether an initial value is staged only because it is drawn, or follows shapes."""
    for child in lazy_parts.beside_shapes(node):
        for definition in interpreter.frame.lookup(child.id):
            if definition.value.time >= Time.STAGED and not lazy_parts.is_static(definition.value):
                return False
    return True


def _optimizer(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, S.OPTIMIZERS[path])
    rate: Value = PYTHON
    for name, argument in bound.items():
        if name == "learning_rate":
            with interpreter.apart() as reads:
                rate = interpreter.evaluate(argument)
            if rate.time < Time.MADE:
                interpreter.statement.reads |= reads
        elif interpreter.evaluate(argument).time >= Time.STAGED:
            return Unknown(f"{name} of an optimizer is a tensor", node)
    optimizer = Optimizer(node, path, bound, rate)
    interpreter.make(node, optimizer, "optimizer", collections=frozenset())
    return optimizer


def _schedule(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, S.SCHEDULES[path])
    step: Value = PYTHON
    for name, argument in bound.items():
        value = interpreter.evaluate(argument)
        if isinstance(value, Unknown):
            return value
        if name in ("global_step", "x"):
            step = value
    return Schedule(node, path, bound, step)


def _handle(role: str) -> Handler:
    def make(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
        with interpreter.apart():
            arguments = interpreter.arguments(node)
        of = arguments[0] if arguments else None
        return Handle(role, node, {k.arg: k.value for k in node.keywords if k.arg}, of)

    return make


def _initializer(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    with interpreter.apart():
        given = interpreter.arguments(node)
    if (of_metrics := metric_variables.initializer(node, given)) is not None:
        return of_metrics
    values = [leaf for v in given for leaf in leaves(v)]
    told = all(isinstance(v, Variable) for v in values)
    return Initializer(
        "initializer", node, scopes=frozenset((S.INITIALIZERS[path],)), chosen=tuple(values) if told else ()
    )


def _session(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, ("target", "graph", "config"))
    with interpreter.apart():
        values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    session = Handle("session", node, bound, values.get("graph"))
    if path == "tf.InteractiveSession":
        interpreter.session_graph, interpreter.session = interpreter.graph_of(session), session
    return session


def _default_session(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """The session of the `with` around, where the walk has come through it."""
    return interpreter.session if isinstance(interpreter.session, Handle) else Handle("session", node)


def _reset_graph(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    interpreter.graph = Handle("graph", node)
    return Handle("closed", node)


def _controls(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    interpreter.arguments(node)
    return Handle("controls", node)


# -------------------------------------------------------------------- effects


def _assign(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, ("ref", "value", "validate_shape", "use_locking", "name"))
    with interpreter.apart() as reads:
        target = interpreter.evaluate(bound["ref"])
    interpreter.statement.reads |= reads
    interpreter.evaluate(bound["value"])
    return method_calls.effect(interpreter, Effect(path.removeprefix("tf."), node, bound, target))


def _group(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    values = [leaf for v in interpreter.arguments(node) for leaf in leaves(v)]
    for leaf in values:
        if isinstance(leaf, Unknown):
            return leaf
    scopes = [v.scopes for v in values if isinstance(v, Initializer)]
    if values and len(scopes) == len(values):
        started = [part for v in values if isinstance(v, Initializer) for part in v.parts]
        metrics = [part for part in started if isinstance(part, KerasMetric)]
        parts = (*(start for v in values for start in datasets.starts(v)), *metrics)
        return Initializer("initializer", node, scopes=frozenset().union(*scopes), parts=parts)
    return method_calls.effect(interpreter, Effect("group", node, {}, None, tuple(values)))


def _gradients(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    bound = bind(node, S.GRADIENTS)
    values = {name: interpreter.evaluate(argument) for name, argument in bound.items()}
    for value in values.values():
        for leaf in leaves(value):
            if isinstance(leaf, Unknown):
                return leaf
    extra = set(bound) - {"ys", "xs", "name", "grad_ys"}
    if extra:
        return Unknown(f"tf.gradients with {', '.join(sorted(extra))}", node)
    if "xs" not in values:
        return Unknown("tf.gradients is asked for the gradients of nothing", node)
    xs = values["xs"]
    interpreter.statement.effects.append(Effect("gradients", node, bound, xs))
    if isinstance(xs, Structure) and xs.rest is None:
        return Structure("list", tuple((i, Tensor(Time.STAGED, node), None) for i in range(len(xs.items))), node)
    if isinstance(xs, Structure):
        return Structure("list", (), node, rest=Tensor(Time.STAGED, node))
    return Structure("list", ((0, Tensor(Time.STAGED, node), None),), node)


def operation_of_columns(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """What feature columns give of the features."""
    interpreter.arguments(node)
    return Tensor(Time.STAGED, node)


def _tensors(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    interpreter.arguments(node)
    return PYTHON


_ASSIGNS = ("tf.assign", "tf.assign_add", "tf.assign_sub")

HANDLERS: dict[str, Handler] = {
    "tf.placeholder": _placeholder,
    "tf.placeholder_with_default": _placeholder,
    **dict.fromkeys(S.SPARSE, _placeholder),
    "tf.Variable": _variable,
    "tf.get_variable": _variable,
    **dict.fromkeys(S.SESSIONS, _session),
    **dict.fromkeys(S.INITIALIZERS, _initializer),
    "tf.Graph": _handle("graph"),
    "tf.get_default_graph": _handle("graph"),
    "tf.get_default_session": _default_session,
    "tf.name_scope": _handle("scope"),
    "tf.device": _handle("device"),
    "tf.reset_default_graph": _reset_graph,
    **dict.fromkeys(("tf.RunOptions", "tf.RunMetadata"), _handle("closed")),
    "tf.control_dependencies": _controls,
    **dict.fromkeys(S.OPTIMIZERS, _optimizer),
    **dict.fromkeys(S.SCHEDULES, _schedule),
    **dict.fromkeys(_ASSIGNS, _assign),
    "tf.group": _group,
    "tf.no_op": _group,
    "tf.gradients": _gradients,
    **arg_scopes.HANDLERS,
    **bidirectional.HANDLERS,
    **averages.HANDLERS,
    **cells.HANDLERS,
    **cell_projections.HANDLERS,
    **cell_residuals.HANDLERS,
    **cell_states.HANDLERS,
    **collections.HANDLERS,
    **datasets.HANDLERS,
    **pipelines.HANDLERS,
    **projectors.HANDLERS,
    **keras_layers.HANDLERS,
    **fifo.HANDLERS,
    **graph_elements.HANDLERS,
    **layers.HANDLERS,
    **regularization_loss.HANDLERS,
    **metrics.HANDLERS,
    **metric_variables.HANDLERS,
    NATIVE: lambda interpreter, node, path, hint: PYTHON,
    TENSORS: _tensors,
    COLUMNS: operation_of_columns,
    **monitored.HANDLERS,
    **partitions.HANDLERS,
    **supervisors.HANDLERS,
    **normalization.HANDLERS,
    **scopes.HANDLERS,
    **variable_lists.HANDLERS,
    **savers.HANDLERS,
    **summaries.HANDLERS,
}
__all__ = ["HANDLERS", "Symbol", "attribute", "symbol_call"]
