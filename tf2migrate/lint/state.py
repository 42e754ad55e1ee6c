"""TFM311 to TFM313, TFM321 to TFM327: state of Python that a trace keeps as it was, and state made at a wrong place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.kept_attributes import changed_between, changed_by_callbacks
from tf2migrate.lint.keras3_edits import argument, keyword_name, literal
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.optimizers_made import made_for_a_step, several
from tf2migrate.lint.rebound import rebinding
from tf2migrate.lint.stale_entries import changed_entries
from tf2migrate.lint.traced import Context
from tf2migrate.lint.unbuilt import unbuilt
from tf2migrate.lint.view import AnyFunction
from tf2migrate.model import Edit

STALE, ATTRIBUTE, LARGE = "TFM311", "TFM312", "TFM313"
VARIABLE, OBJECT, SEVERAL, UNBUILT, IN_LOOP, REBOUND, KEYWORD = (f"TFM{n}" for n in range(321, 328))

#: Layers and other classes of Keras that hold no variable, and may be made anywhere.
_STATELESS = frozenset(
    (
        *("Activation", "Add", "Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Concatenate"),
        *("Cropping1D", "Cropping2D", "Cropping3D", "Dot", "ELU", "Flatten", "GlobalAveragePooling1D", "Lambda"),
        *("GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Masking"),
        *("GlobalMaxPooling3D", "InputLayer", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum"),
        *("Minimum", "Multiply", "Permute", "ReLU", "RepeatVector", "Reshape", "Softmax", "Subtract", "UpSampling1D"),
        *("UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Rescaling", "Resizing"),
        *("CenterCrop", "ActivityRegularization", "Identity", "MaxPool2D", "AvgPool2D", "GlobalAvgPool2D", "Layer"),
        *("MaxPool1D", "MaxPool3D", "AvgPool1D", "AvgPool3D", "GlobalMaxPool2D", "Discretization", "Hashing"),
        *("CategoryEncoding", "StringLookup", "IntegerLookup", "TextVectorization", "HashedCrossing", "Input"),
    )
)

#: How many elements an array has whose capture is worth a word: 4 MB of float32.
_MANY = 1 << 20

_VARIABLE_KEYWORDS = frozenset(
    (
        *("initial_value", "trainable", "validate_shape", "caching_device", "name", "variable_def", "dtype"),
        *(
            "import_scope",
            "per_worker_variable",
            "constraint",
            "synchronization",
            "aggregation",
            "shape",
            "experimental_enable_variable_lifting",
        ),
    )
)


def captured(ground: Ground) -> Iterator[Found]:
    """What is said of Python values that a trace keeps as they were."""
    told: set[tuple[int, str]] = set()
    changed = _assigned_through_global(ground)
    for node, function, context in ground.traced_nodes():
        if not isinstance(getattr(node, "ctx", None), ast.Load) or ground.traced.runs_eagerly(node):
            continue
        if isinstance(node, ast.Name):
            key = (id(function), node.id)
            if key not in told and ground.is_free(node, function):
                found = list(_name(ground, node, context, changed))
                told |= {key} if found else set()
                yield from found
        elif isinstance(node, ast.Attribute) and ground.kind(node.value) == "self":
            key = (id(context.root), "." + node.attr)
            large = _large(ground, node) if key not in told else None
            if large is not None:
                told.add(key)
                yield _constant(ground, node, large)
            found = list(_attribute(ground, node, function, context)) if key not in told else []
            told |= {key} if found else set()
            yield from found
    yield from changed_between(ground, ATTRIBUTE)
    yield from changed_by_callbacks(ground, ATTRIBUTE)
    yield from changed_entries(ground, STALE)


_PLAIN = ("python", "array", "tensor", "list", "dict", "tuple", "set", "unknown", "range", "likely", "dimension")


def _name(ground: Ground, node: ast.Name, context: Context, changed: dict[str, list[ast.Name]]) -> Iterator[Found]:
    parent = ground.view.parents.get(id(node))
    if isinstance(parent, ast.Call) and parent.func is node:
        return
    bindings = ground.view.scopes.bindings(node)
    values = [b for b in bindings if b.how in ("is", "item", "part")]
    if len(values) != len(bindings) or not values or ground.kind(node) not in _PLAIN:
        return
    if any(isinstance(b.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) for b in values):
        return
    large = _large(ground, node)
    if large is not None:
        yield _constant(ground, node, large)
    elsewhere = [n for n in changed.get(node.id, []) if id(ground.view.function(n)) not in ground.traced.contexts]
    elsewhere = [n for n in elsewhere if _owner(ground, n) is _owner(ground, node)]
    mutable = ground.kind(node) in ("list", "dict", "set")
    if context.why != "told" and (elsewhere or rebound(ground, node, context)) and not mutable:
        yield Found(
            STALE,
            node,
            f"{node.id} is what it was when the function was traced, and it is bound anew elsewhere",
            "Make it an argument, or a tf.Variable that is assigned to.",
        )


def _assigned_through_global(ground: Ground) -> dict[str, list[ast.Name]]:
    """The names that functions assign through `global` or `nonlocal`, with the places."""
    found: dict[str, list[ast.Name]] = {}
    declared: list[ast.Global | ast.Nonlocal] = [*ground.program.each(ast.Global), *ground.program.each(ast.Nonlocal)]
    for node in declared:
        function = ground.view.function(node)
        if function is not None:
            for own in ground.view.own(function):
                stores = isinstance(own, ast.Name) and own.id in node.names and isinstance(own.ctx, ast.Store)
                if isinstance(own, ast.Name) and stores and not _filled_once(ground, own):
                    found.setdefault(own.id, []).append(own)
    return found


def _owner(ground: Ground, name: ast.Name) -> object:
    """The scope that a name belongs to."""
    scope = ground.view.scopes.of.get(id(name))
    while scope is not None:
        bound = [] if isinstance(scope.node, ast.ClassDef) else scope.bindings.get(name.id, [])
        if any(isinstance(b.node, ast.Global) for b in bound):
            return ground.view.program.tree
        if bound and not any(isinstance(b.node, ast.Nonlocal) for b in bound):
            return scope.node
        scope = scope.parent
    return None


def _filled_once(ground: Ground, name: ast.Name) -> bool:
    """Whether a name is None at first, and filled by whoever needs it."""
    bindings = ground.view.scopes.bindings(name)
    outer = [b.node for b in bindings if not isinstance(b.node, ast.Global)]
    tested = any(
        isinstance(above, ast.If) and any(isinstance(n, ast.Name) and n.id == name.id for n in walk(above.test))
        for above in ground.view.above(name)
    )
    function = ground.view.function(name)
    early = function is not None and any(
        isinstance(n, ast.If)
        and any(isinstance(m, ast.Name) and m.id == name.id for m in walk(n.test))
        and any(isinstance(m, ast.Return) for m in n.body)
        for n in ground.view.own(function)
    )
    return bool(outer) and (tested or early)


def rebound(ground: Ground, node: ast.Name, context: Context) -> bool:
    """Whether a name is bound again between two calls of the traced function, in the scope that it belongs to."""
    scope = ground.view.scopes.of.get(id(node))
    while scope is not None and (node.id not in scope.bindings or isinstance(scope.node, ast.ClassDef)):
        scope = scope.parent
    if scope is None:
        return False
    owner = scope.node
    here = [
        n
        for n in (ground.view.own(owner) if not isinstance(owner, ast.Module) else ground.program.nodes)
        if ground.view.function(n) is (None if isinstance(owner, ast.Module) else owner)
    ]
    stores = [n for n in here if isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store)]
    stands = {id(n) for n in here}
    calls = [c for c in ground.flow.calls_of(context.root) if id(c) in stands]
    made_in = {id(loop) for loop in ground.view.loops(context.root)}  # where each round has a function of its own
    for store in stores:
        loops = {id(loop) for loop in ground.view.loops(store)}
        if loops & made_in:
            continue
        before = [c for c in calls if c.lineno < store.lineno]
        after = [c for c in calls if c.lineno > store.lineno]
        together = [c for c in calls if loops & {id(loop) for loop in ground.view.loops(c)}]
        if (before and after) or together:
            return True
    return False


def _constant(ground: Ground, node: ast.expr, large: int) -> Found:
    return Found(
        LARGE,
        node,
        f"the array {ground.program.segment(node)} becomes a constant of the graph, {large:,} elements large",
        "Hand it over as an argument, or make it a tf.Variable or a Dataset.",
    )


def _large(ground: Ground, node: ast.Name | ast.Attribute) -> int | None:
    """How many elements an array of NumPy has, where that is many and plain to see."""
    if isinstance(node, ast.Attribute):
        cls = ground.view.kinds.method_class(node.value)
        bindings = ground.view.attribute(cls, node.attr) if cls is not None else []
    else:
        bindings = ground.view.scopes.bindings(node)
    if len(bindings) != 1 or not isinstance(bindings[0].node, ast.Call) or ground.kind(node) != "array":
        return None
    call = bindings[0].node
    while isinstance(call.func, ast.Attribute) and call.func.attr in ("astype", "reshape"):
        if not isinstance(call.func.value, ast.Call):
            return None
        call = call.func.value
    path = ground.view.path(call.func)
    numbers: list[ast.expr] = []
    if path in ("numpy.zeros", "numpy.ones", "numpy.empty", "numpy.full", "numpy.random.random", "numpy.arange"):
        numbers = [call.args[0]] if call.args else []
    elif path in ("numpy.random.rand", "numpy.random.randn"):
        numbers = list(call.args)
    elif path.startswith("numpy.random."):
        size = argument(call, "size", 2)
        numbers = [size] if size is not None else []
    parts = numbers[0].elts if len(numbers) == 1 and isinstance(numbers[0], ast.Tuple | ast.List) else numbers
    product = 1
    for part in parts:
        value = literal(part)
        if not isinstance(value, int):
            return None
        product *= value
    return product if parts and product >= _MANY else None


#: The methods that set attributes before anything is traced.
MAKING = ("__init__", "build", "__new__", "__post_init__", "setup", "_build", "setUp")


def _attribute(ground: Ground, node: ast.Attribute, function: AnyFunction, context: Context) -> Iterator[Found]:
    """`self.name`, a number or a text, that a method which is not traced changes."""
    cls = ground.view.kinds.method_class(node.value)
    if cls is None or context.why not in ("function", "reached") or context.root is None:
        return
    bindings = ground.view.scopes.attributes.get((id(cls), node.attr), [])
    outside = []
    for binding in bindings:
        around = ground.view.function(binding.node)
        if around is None or id(around) in ground.traced.contexts or not isinstance(around, Function):
            continue
        # what Keras runs before it calls what is traced
        before = around.name == "__call__" and getattr(context.root, "name", "") == "call"
        if not before and not _constructs(ground, cls, around, ()):
            outside.append(binding.node)
    plain = [n for n in outside if ground.kind(n) == "python" or isinstance(n, ast.AugAssign)]
    every = [b.node for b in bindings]
    if plain and all(ground.kind(n) == "python" or isinstance(n, ast.AugAssign) for n in every):
        yield Found(
            ATTRIBUTE,
            node,
            f"self.{node.attr} is what it was when the function was traced, and another method changes it",
            "Make it a tf.Variable and assign to it, or an argument.",
        )


def _constructs(ground: Ground, cls: ast.ClassDef, method: Function, through: tuple[str, ...]) -> bool:
    """Whether a method is one that makes an object, or is called by such methods and nothing else."""
    if method.name in MAKING:
        return True
    uses = [n for n in ground.program.each(ast.Attribute) if n.attr == method.name]
    callers = [ground.view.function(n) for n in uses if ground.view.kinds.method_class(n.value) is cls]
    if not uses or len(callers) < len(uses) or method.name in through:
        return False
    inner = (*through, method.name)
    return all(isinstance(c, Function) and _constructs(ground, cls, c, inner) for c in callers)


def created(ground: Ground) -> Iterator[Found]:
    """What is said of variables, layers, metrics and optimizers that are made where they should not be."""
    for node, _, context in ground.traced_nodes():
        if isinstance(node, ast.Call) and not _guarded(ground, node):
            yield from _made(ground, node, context)
    for node in ground.view.kinds.calls:
        symbol = ground.view.symbol(node.func)
        if symbol == "tf.Variable":
            yield from _keywords(ground, node)
        elif "ptimizer" in symbol and ground.view.kinds.of(node) == "Optimizer" and ground.traced.of(node) is None:
            yield from made_for_a_step(ground, node, IN_LOOP)
    yield from several(ground, SEVERAL)
    yield from unbuilt(ground, UNBUILT)
    if "Variable(" in ground.program.text:
        yield from rebinding(ground, REBOUND)


def _guarded(ground: Ground, node: ast.AST, through: tuple[int, ...] = ()) -> bool:
    """Whether a place may be reached in the first trace only: below a test of Python's, such as for what is there."""
    if ground.traced.runs_eagerly(node) or _is_wrapped(ground, node):
        return True
    for above in ground.view.above(node):
        if isinstance(above, ast.If | ast.IfExp) and ground.kind(above.test) not in ("tensor", "likely", "nest"):
            return True
        if isinstance(above, ast.Try):
            return True
    return _is_called_once(ground, node, through)


def _is_called_once(ground: Ground, node: ast.AST, through: tuple[int, ...]) -> bool:
    """Whether every call of the function that a place stands in may be reached in the first trace only."""
    function, context = ground.view.function(node), ground.traced.of(node)
    if function is None or context is None or context.why != "reached" or id(function) in through:
        return False
    calls = ground.flow.calls_of(function)
    inner = (*through, id(function))
    return bool(calls) and all(_guarded(ground, call, inner) for call in calls if ground.traced.of(call) is not None)


def _is_wrapped(ground: Ground, node: ast.AST) -> bool:
    """Whether a function that is reached may run once all the same: build, or below a decorator of one's own."""
    function = ground.view.function(node)
    context = ground.traced.of(node)
    if context is None or context.why not in ("reached", "told") or not isinstance(function, Function):
        return False
    if function.name in ("build", "__init__") or context.why == "told":
        return True  # or by what calls it in another file
    return any(
        not ground.symbol(d.func if isinstance(d, ast.Call) else d).startswith(("tf.", "builtins."))
        for d in function.decorator_list
    )


def _made(ground: Ground, node: ast.Call, context: Context) -> Iterator[Found]:
    symbol = ground.symbol(node.func)
    if symbol == "tf.Variable":
        yield Found(
            VARIABLE,
            node,
            "a variable that every call would make anew: tf.function stops there",
            "Make it once, outside of the traced function.",
        )
        return
    if _adds_weight(ground, node, context):
        yield Found(
            VARIABLE,
            node,
            "a variable that every call would make anew: Keras 3 stops there",
            "Make it in build, or in the constructor.",
        )
        return
    package, _, name = symbol.rpartition(".")
    kind = ground.view.kinds.of(node)
    of_keras = f"{package}.".startswith("tf.keras.") and name[:1].isupper() and name not in _STATELESS
    makes = (
        of_keras and symbol != "tf.keras.layers.RNN" and kind in ("Layer", "RNN", "Optimizer", "Metric", "Sequential")
    )
    if makes or symbol in ("tf.random.Generator.from_seed", "tf.random.Generator.from_non_deterministic_state"):
        yield Found(
            OBJECT,
            node,
            f"{name} makes variables, and every call would make them anew: TensorFlow stops there",
            "Make it once, outside of the traced function.",
        )


def _adds_weight(ground: Ground, node: ast.Call, context: Context) -> bool:
    """Whether the call of a layer makes a weight of the layer, which is built by then."""
    match node.func:
        case ast.Attribute(value=ast.Name() as owner, attr="add_weight"):
            cls = ground.view.kinds.method_class(owner)
            return context.why == "keras" and cls is not None and ground.view.method(cls, "add_weight") is None
    return False


def _keywords(ground: Ground, node: ast.Call) -> Iterator[Found]:
    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg not in _VARIABLE_KEYWORDS:
            edits: tuple[Edit, ...] = ()
            if keyword.arg == "type" and not any(k.arg == "dtype" for k in node.keywords):
                edits = (keyword_name(ground.program, keyword, "dtype"),)
            yield Found(
                KEYWORD,
                keyword,
                f"tf.Variable has no argument {keyword.arg}, and does not look at it",
                "Write dtype=." if edits else "Leave it out.",
                edits,
                safe=False,
            )
