"""TFM301 to TFM310: what Python does while a function is traced happens once, and not at each call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.held_objects import draws, is_logger, is_of_file, is_shown
from tf2migrate.lint.keras3_edits import literal, modules, spelled
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.passed import handed, is_parameter
from tf2migrate.lint.state import MAKING
from tf2migrate.lint.traced import Context
from tf2migrate.lint.types import CONTAINERS
from tf2migrate.lint.view import AnyFunction, parameters
from tf2migrate.model import Edit

PRINT, LOG, MUTATED, GLOBAL, LEAK, PARAMETER, FILES, FROZEN, NEXT, TEXT = (f"TFM{n}" for n in range(301, 311))

_TRACING = re.compile(r"trac(e|ing)|graph|compil|build", re.IGNORECASE)

_PRINTS = ("builtins.print", "pprint.pprint", "pprint.pp", "sys.stdout.write", "sys.stderr.write", "rich.print")

_LOGS = ("debug", "info", "warning", "warn", "error", "critical", "exception", "log", "vlog")

_MUTATORS = frozenset(
    (
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem"),
        *("add", "discard", "appendleft", "popleft", "extendleft"),
    )
)

#: What a tensor, a tape or a function has while it is traced, and no call changes.
_OF_TRACE = frozenset(("shape", "get_shape", "dtype", "name", "watched_variables", "element_spec", "type_spec"))

_FILES = re.compile(
    r"builtins\.open|os\.(makedirs|mkdir|remove|rename|rmdir|unlink|system|replace|listdir|walk|scandir)|shutil\.\w+"
    r"|numpy\.(save|savez|savez_compressed|savetxt|load|loadtxt|genfromtxt|fromfile)|pickle\.(dump|load)"
    r"|json\.(dump|load)|csv\.(reader|writer)|subprocess\.\w+|pathlib\.Path\.(write_text|write_bytes)"
    r"|tf\.io\.gfile\.(GFile|makedirs|mkdir|remove|rename|copy|rmtree|listdir|glob)|joblib\.(dump|load)"
    r"|cv2\.(imread|imwrite|VideoCapture)|PIL\.Image\.open|imageio(\.v[23])?\.(imread|imwrite)|librosa\.load"
    r"|soundfile\.(read|write)|pandas\.read_\w+|scipy\.io\.(loadmat|savemat|wavfile\.(read|write))"
)
_OF_PATHS = ("write_text", "write_bytes", "read_text", "read_bytes", "mkdir", "unlink", "touch", "open")
_FROZEN = re.compile(
    r"time\.(time|time_ns|perf_counter|monotonic|process_time|clock|strftime|localtime|gmtime|ctime|sleep)"
    r"|datetime\.(datetime|date)\.(now|utcnow|today)|uuid\.uuid[14]|secrets\.\w+"
    r"|random\.(?!seed$|Random$|SystemRandom$|getstate$|setstate$)\w+"
    r"|numpy\.random\.(?!seed$|RandomState$|default_rng$|Generator$|get_state$|set_state$|SeedSequence$)\w+"
)


def side_effects(ground: Ground) -> Iterator[Found]:
    """What is said of Python's side effects in traced functions."""
    for node, function, context in ground.traced_nodes():
        if isinstance(node, ast.Call):
            if not ground.traced.runs_eagerly(node):
                yield from _call(ground, node, function, context)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from _global(ground, node, function)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            if not ground.traced.runs_eagerly(node):
                yield from _stored(ground, node, function, context)
        elif isinstance(node, ast.JoinedStr):
            values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            if any(_is_symbolic(ground, value, function, context) for value in values) and not _is_told(ground, node):
                yield _text(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(literal(node.left), str):
            parts = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            if any(_is_symbolic(ground, p, function, context) for p in parts) and not _is_told(ground, node):
                yield _text(node)


def _call(ground: Ground, node: ast.Call, function: AnyFunction, context: Context) -> Iterator[Found]:
    path = ground.symbol(node.func)
    if path in _PRINTS:
        yield from _print(ground, node, path)
    elif path.startswith(("logging.", "absl.logging.", "warnings.", "tf.logging.")) or _is_logger(
        ground, node, function
    ):
        yield from _log(ground, node, function, context)
    elif _FILES.fullmatch(path) or _is_of_path(ground, node) or _is_open(ground, node, function):
        what = _short(path) if path else f"{ground.program.segment(node.func)}()"
        yield Found(FILES, node, f"{what} runs while the function is traced, and not at each call", _OUT)
    elif _FROZEN.fullmatch(path) and not _is_dead(ground, node):
        what = "draws one number" if "random" in path else "reads one time" if "time" in path else "runs once"
        yield _frozen(ground, node, f"{_short(path)} {what}", path)
    elif path == "builtins.next" and node.args and _begins_anew(ground, node.args[0], function):
        yield Found(
            NEXT,
            node,
            "the iterator is made at each call: next() gives the first element again",
            "Make the iterator once, outside of the traced function.",
        )
    elif (iterator := _advanced(ground, node, path)) is not None and ground.kind(iterator) == "generator":
        own = context.root is function and is_parameter(ground, iterator, function)
        if id(function) in ground.traced.contexts and (own or _is_outer_value(ground, iterator, function)):
            yield Found(
                NEXT,
                node,
                "next() takes one item while the function is traced, and every call has that one",
                "Hand the item over as an argument, or iterate over a tf.data.Dataset.",
            )
    elif path in ("builtins.str", "builtins.repr", "builtins.format") and node.args:
        if _is_symbolic(ground, node.args[0], function, context) and not _is_told(ground, node):
            yield _text(node)
    elif isinstance(node.func, ast.Attribute):
        if draws(ground, node.func, function):
            yield _frozen(ground, node, f"{ground.program.segment(node.func)}() draws one number")
        yield from _method(ground, node, node.func, function, context)


def _advanced(ground: Ground, node: ast.Call, path: str) -> ast.expr | None:
    """The iterator of which a call takes the next item: `next(it)`, `it.__next__()`."""
    if path == "builtins.next" and node.args:
        return node.args[0]
    match node.func:
        case ast.Attribute(value=owner, attr="__next__"):
            return owner
    return None


def _begins_anew(ground: Ground, node: ast.expr, function: AnyFunction) -> bool:
    """Whether an expression is `iter` of a dataset of outside, made in this very call of the function."""
    if isinstance(node, ast.Name):
        made = [b.node for b in ground.view.scopes.bindings(node)]
        if len(made) != 1 or not isinstance(made[0], ast.Call) or ground.view.function(made[0]) is not function:
            return False
        node = made[0]
    if not isinstance(node, ast.Call) or ground.view.path(node.func) != "builtins.iter" or not node.args:
        return False
    names = [n for n in walk(node.args[0]) if isinstance(n, ast.Name) and not ground.view.path(n)]
    return ground.kind(node.args[0]) == "dataset" and all(ground.is_free(name, function) for name in names)


def _is_of_path(ground: Ground, node: ast.Call) -> bool:
    """Whether a call reads or writes what a pathlib.Path names."""
    match node.func:
        case ast.Attribute(value=ast.Call(func=made), attr=attr) if attr in _OF_PATHS:
            return ground.symbol(made) == "pathlib.Path"
    return False


def _is_open(ground: Ground, node: ast.Call, function: AnyFunction) -> bool:
    return isinstance(node.func, ast.Attribute) and is_of_file(ground, node.func, function)


_OUT = "Do it outside of the traced function, or in a tf.py_function."


def _short(path: str) -> str:
    return path.removeprefix("builtins.") + "()"


def _print(ground: Ground, node: ast.Call, path: str) -> Iterator[Found]:
    texts = [n.value for n in walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    if any(_TRACING.search(text) for text in texts) or _is_once_traced(ground, node):
        return  # it says that it is about tracing
    shown = [a for a in node.args if not isinstance(a, ast.Constant)]
    if shown and all(ground.kind(a) in ("shape", "dimension", "dtype") for a in shown):
        return  # what is known while tracing, and does not change
    program = ground.program
    new = spelled(program, "tf.print", modules(program))
    plain = all(
        isinstance(a, ast.Constant | ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp) for a in node.args
    )
    formatted = any(
        isinstance(n, ast.JoinedStr) or (isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mod))
        or (isinstance(n, ast.Attribute) and n.attr in ("format", "numpy", "shape", "dtype"))
        for n in walk(node)
    )  # fmt: skip
    given = all(k.arg in ("end", "sep") for k in node.keywords)
    whole = path == "builtins.print" and plain and given and not formatted and bool(node.args)
    edits = (Edit(program.span(node.func), new),) if new and whole else ()
    yield Found(
        PRINT,
        node,
        f"{path.removeprefix('builtins.')} runs when the function is traced, and not at each call",
        "Use tf.print.",
        edits,
        safe=False,
    )


def _is_once_traced(ground: Ground, node: ast.AST) -> bool:
    """Whether a place stands below a test of something that says to be about tracing: `if not self.traced`."""
    tests = [above.test for above in ground.view.above(node) if isinstance(above, ast.If)]
    names = [getattr(n, "attr", getattr(n, "id", "")) for test in tests for n in walk(test)]
    return any(_TRACING.search(name) for name in names)


def _is_logger(ground: Ground, node: ast.Call, function: AnyFunction) -> bool:
    match node.func:
        case ast.Attribute(value=owner, attr=name) if name in _LOGS and is_logger(ground, owner, function):
            return True
        case ast.Attribute() as called if is_shown(ground, called, function):
            return True
    return ground.symbol(node.func) == "tqdm.tqdm.write"


def _log(ground: Ground, node: ast.Call, function: AnyFunction, context: Context) -> Iterator[Found]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    shows = isinstance(node.func, ast.Attribute) and is_shown(ground, node.func, function)
    if name not in _LOGS and not shows and ground.symbol(node.func) != "tqdm.tqdm.write":
        return
    shown = [part for a in node.args for part in (_shown(a))]
    tensors = any(ground.kind(part) in ("tensor", "variable") for part in shown)
    texts = [n.value for n in walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    if any(_TRACING.search(text) for text in texts) and not tensors:
        return
    plain = name in ("debug", "info", "log") or name not in _LOGS  # not a warning that is meant to come once
    direct = context.root is function and context.why in ("function", "dataset") and plain
    sure = tensors or (direct and not _is_conditional(ground, node))
    yield Found(
        LOG,
        node,
        "this is logged when the function is traced, and not at each call",
        "Use tf.print, or log outside of the traced function.",
        sure=sure,
    )


def _shown(node: ast.expr) -> list[ast.expr]:
    """The values that an argument shows: itself, or those in an f-string."""
    if isinstance(node, ast.JoinedStr):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    return [node]


def _is_conditional(ground: Ground, node: ast.AST) -> bool:
    return any(isinstance(above, ast.If | ast.ExceptHandler) for above in ground.view.above(node))


def _is_dead(ground: Ground, node: ast.Call) -> bool:
    """Whether the value only makes a seed or a name: it is meant to be one."""
    above = ground.view.parents.get(id(node))
    return isinstance(above, ast.keyword) and above.arg in ("seed", "name")


def _frozen(ground: Ground, node: ast.Call, what: str, path: str = "") -> Found:
    program = ground.program
    new = {
        "random.random": "tf.random.uniform",
        "numpy.random.rand": "tf.random.uniform",
        "numpy.random.randn": "tf.random.normal",
    }
    name = spelled(program, new.get(path, ""), modules(program)) if path in new else None
    edits: tuple[Edit, ...] = ()
    if name is not None and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args):
        shape = ", ".join(program.segment(argument) for argument in node.args)
        edits = (Edit(program.span(node), f"{name}([{shape}])"),)
    elif path in ("numpy.random.uniform", "numpy.random.normal") and not node.args:
        given = {k.arg: program.segment(k.value) for k in node.keywords if k.arg}
        called = spelled(program, "tf.random." + path.rpartition(".")[2], modules(program))
        if called is not None and set(given) == {"size"}:
            edits = (Edit(program.span(node), f"{called}({given['size']})"),)
    return Found(
        FROZEN,
        node,
        f"{what} while the function is traced, and every call has that",
        "Use tf.random or tf.timestamp, or hand the value over as an argument.",
        edits,
        safe=False,
        sure=not path.startswith("uuid."),  # mostly a name or a mark that need only be like no other
    )


def _is_outer_value(ground: Ground, node: ast.expr, function: AnyFunction) -> bool:
    """Whether an iterator is made outside of the traced function."""
    if isinstance(node, ast.Name):
        return ground.is_free(node, function)
    return isinstance(node, ast.Attribute) and ground.kind(node.value) == "self"


def _text(node: ast.expr) -> Found:
    return Found(
        TEXT,
        node,
        'the text of a tensor in a traced function is its symbolic form, such as Tensor("x:0", shape=())',
        "Use tf.strings.format, tf.strings.as_string or tf.print.",
    )


def _is_symbolic(ground: Ground, node: ast.expr, function: AnyFunction, context: Context) -> bool:
    """Whether the text of an expression is one of a tensor of the graph: what a Dataset hands over is nothing else."""
    element = context.why == "dataset" and context.root is function and is_parameter(ground, node, function)
    return ground.kind(node) == "tensor" or (element and ground.kind(node) == "nest")


def _is_told(ground: Ground, node: ast.AST) -> bool:
    """Whether a text is a failure's, a name's, or one that is printed or logged, of which other rules speak."""
    for above in ground.view.above(node):
        if isinstance(above, ast.Raise | ast.Assert):
            return True
        if isinstance(above, ast.keyword) and above.arg in ("name", "message", "msg"):
            return True
        if isinstance(above, ast.Call):
            path = ground.symbol(above.func)
            if path == "builtins.print" or path.startswith(("logging.", "absl.logging.", "warnings.", "tf.debugging")):
                return True
            around = ground.view.function(node)
            if around is not None and _is_logger(ground, above, around):
                return True
    return ground.traced.runs_eagerly(node)


def _method(
    ground: Ground, node: ast.Call, called: ast.Attribute, function: AnyFunction, context: Context
) -> Iterator[Found]:
    if called.attr == "format" and isinstance(literal(called.value), str):
        shown = [*node.args, *(k.value for k in node.keywords)]
        if any(_is_symbolic(ground, a, function, context) for a in shown) and not _is_told(ground, node):
            yield _text(node)
        return
    if called.attr not in _MUTATORS or ground.view.path(called):
        return
    if _is_outer_collection(ground, called.value, function) or _is_handed_on(ground, called.value, function):
        yield _mutated(ground, node, called.value, node.args)
    elif _is_parameter(ground, called.value, function, context):
        kind = ground.kind(called.value)
        if kind in CONTAINERS or (
            kind in ("likely", "nest", "unknown") and called.attr in ("append", "extend", "insert")
        ):
            yield _parameter(node, called.value)


def _mutated(ground: Ground, node: ast.stmt | ast.expr, owner: ast.expr, given: list[ast.expr]) -> Found:
    """A change of a collection; what keeps shapes or names of a trace is meant to be made once for each trace."""
    return Found(
        MUTATED,
        node,
        f"{ground.program.segment(owner)} of outside is changed while the function is traced, and not at each call",
        "Return the value, or keep it in a tf.Variable or a tf.TensorArray.",
        sure=not given or not all(_is_of_trace(ground, value) for value in given),
    )


def _is_of_trace(ground: Ground, value: ast.expr) -> bool:
    """Whether a value is made of what a trace knows, such as shapes and names, and of no tensor besides."""
    known = [n for n in walk(value) if isinstance(n, ast.Attribute) and n.attr in _OF_TRACE]
    mapped = [
        n
        for n in walk(value)
        if isinstance(n, ast.Call) and n.args and isinstance(n.args[0], ast.Lambda)
        and any(isinstance(inner, ast.Attribute) and inner.attr in _OF_TRACE for inner in walk(n.args[0].body))
    ]  # fmt: skip
    told = {id(n) for part in (*known, *mapped) for n in walk(part)}
    names = [n for n in walk(value) if isinstance(n, ast.Name) and id(n) not in told]
    return bool(known) and not any(ground.kind(n) in ("tensor", "likely", "nest") for n in names)


def _parameter(node: ast.stmt | ast.expr, owner: ast.expr) -> Found:
    name = owner.id if isinstance(owner, ast.Name) else "it"
    return Found(
        PARAMETER,
        node,
        f"a traced function must not change its argument {name}: TensorFlow stops there",
        "Return the new value.",
    )


def _is_outer_collection(ground: Ground, node: ast.expr, function: AnyFunction) -> bool:
    """Whether an expression is a list, dict or set that lives outside of traced code, and does not count traces."""
    if (
        "trac"
        in (node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "").lower()
    ):
        return False
    if isinstance(node, ast.Name):
        bindings = ground.view.scopes.bindings(node)
        if len(bindings) == 1 and bindings[0].how == "is" and isinstance(bindings[0].node, ast.Name | ast.Attribute):
            return bindings[0].node is not node and _is_outer_collection(ground, bindings[0].node, function)
        return ground.is_free(node, function) and ground.kind(node) in CONTAINERS
    if isinstance(node, ast.Attribute) and ground.kind(node.value) == "self":
        cls = ground.view.kinds.method_class(node.value)
        bindings = ground.view.scopes.attributes.get((id(cls), node.attr), []) if cls is not None else []
        inside = [ground.view.function(b.node) for b in bindings]
        if any(f is not None and id(f) in ground.traced.contexts for f in inside):
            return False  # it is made anew in traced code
        if ground.traced.contexts[id(function)].why == "told":
            return False  # what an object of another file's keeps for itself
        return ground.kind(node) in CONTAINERS and not (cls is not None and _is_of_trace_only(ground, cls))
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and ground.kind(node) in CONTAINERS:
        return ground.is_free(node.value, function) and ground.view.made(node.value) is not None
    if isinstance(node, ast.Subscript):
        return _is_outer_collection(ground, node.value, function)
    return False


def _is_of_trace_only(ground: Ground, cls: ast.ClassDef) -> bool:
    """Whether the objects of a class are all made in traced code: what they keep is of the trace."""
    made = [c for c in ground.view.kinds.calls if cls in ground.view.called(c.func)]
    return bool(made) and all(ground.traced.of(call) is not None for call in made)


def _is_handed_on(ground: Ground, node: ast.expr, function: AnyFunction) -> bool:
    """Whether an expression is the parameter of a helper that traced code hands a list of outside."""
    if not isinstance(node, ast.Name) or not is_parameter(ground, node, function):
        return False
    for call, value in handed(ground, function, node.id):
        caller = ground.view.function(call)
        within = caller is not None and caller is not function and id(caller) in ground.traced.contexts
        named = isinstance(value, ast.Name) and caller is not None and _is_outer_collection(ground, value, caller)
        if within and named:
            return True
    return False


def _is_parameter(ground: Ground, node: ast.expr, function: AnyFunction, context: Context) -> bool:
    direct = context.root is function and context.why in ("function", "dataset")
    return direct and is_parameter(ground, node, function)


def _global(ground: Ground, node: ast.Global | ast.Nonlocal, function: AnyFunction) -> Iterator[Found]:
    for name in node.names:
        stores = [n for n in ground.view.own(function) if isinstance(n, ast.Name) and _stores(n, name)]
        stores = [n for n in stores if not ground.traced.runs_eagerly(n)]
        if isinstance(node, ast.Nonlocal) and not ground.is_free(ast.Name(name, ast.Load()), function):
            owner = _nonlocal_owner(ground, function, name)
            if owner is None or id(owner) in ground.traced.contexts:
                continue
        if stores and not _counts_traces(ground, stores, name) and not _once(ground, stores[0], name):
            yield Found(
                GLOBAL,
                stores[0],
                f"{name} is assigned when the function is traced, and not at each call",
                "Return the value, or make it a tf.Variable and assign to that.",
            )


def _counts_traces(ground: Ground, stores: list[ast.Name], name: str) -> bool:
    """Whether a name says that it is about tracing, or a test counts how often a function is traced."""
    added = [ground.view.parents.get(id(n)) for n in stores]
    tests = "pytest" in ground.program.text or "TestCase" in ground.program.text
    counts = all(isinstance(a, ast.AugAssign) and literal(a.value) == 1 for a in added)
    return _TRACING.search(name) is not None or (tests and counts)


def _once(ground: Ground, node: ast.expr, name: str) -> bool:
    """Whether the assignment is guarded by a test of the name for None, or of a flag: it is meant to happen once."""
    for above in ground.view.above(node):
        if isinstance(above, ast.If):
            test = above.test.operand if isinstance(above.test, ast.UnaryOp) else above.test
            named = any(name in (getattr(n, "id", ""), getattr(n, "attr", "")) for n in walk(test))
            of_none = any(isinstance(n, ast.Constant) and n.value is None for n in walk(test))
            if named and (of_none or isinstance(test, ast.Name | ast.Attribute)):
                return True
    return False


def _is_filled(ground: Ground, node: ast.AST, owner: ast.expr) -> bool:
    """Whether an entry is set below a test of the same list or dict: `if key not in found`, `if not made[0]`."""
    text = ast.unparse(owner)
    return any(
        isinstance(above, ast.If)
        and any(isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == text for n in walk(above.test))
        for above in ground.view.above(node)
    )


def _stores(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store | ast.Del)


def _nonlocal_owner(ground: Ground, function: AnyFunction, name: str) -> AnyFunction | None:
    here = ground.view.function(function)
    while here is not None:
        names = [a.arg for a in parameters(here)]
        if name in names or any(_stores(n, name) for n in ground.view.own(here)):
            return here
        here = ground.view.function(here)
    return None


def _stored(
    ground: Ground,
    node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete,
    function: AnyFunction,
    context: Context,
) -> Iterator[Found]:
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(part, ast.Subscript):
                if _is_filled(ground, node, part.value):
                    continue  # a place that is filled once, while the function is traced
                if _is_outer_collection(ground, part.value, function):
                    given = [node.value] if isinstance(node, ast.Assign) else []
                    yield _mutated(ground, node, part.value, given)
                elif _is_parameter(ground, part.value, function, context):
                    direct = context.why == "function" and ground.kind(part.value) in ("likely", "unknown")
                    if direct or ground.kind(part.value) in CONTAINERS:  # a tensor takes no item assignment either
                        yield _parameter(node, part.value)
            elif isinstance(part, ast.Attribute) and not isinstance(node, ast.Delete) and node.value is not None:
                if isinstance(node, ast.AugAssign) and _counts(ground, part, function):
                    yield Found(
                        GLOBAL,
                        node,
                        f"{ground.program.segment(part)} is changed when the function is traced, and not at each call",
                        "Make it a tf.Variable and assign to that.",
                    )
                yield from _leak(ground, node, part, node.value, function)


def _counts(ground: Ground, target: ast.Attribute, function: AnyFunction) -> bool:
    """Whether an attribute of self is a number that counts something else than traces, and makes no names."""
    cls = ground.view.kinds.method_class(target.value)
    if cls is None or _TRACING.search(target.attr) or _once(ground, target, target.attr):
        return False
    if ground.traced.contexts[id(function)].why == "told" or getattr(function, "name", "") in MAKING:
        return False
    values = [b.node for b in ground.view.scopes.attributes.get((id(cls), target.attr), [])]
    if not values or not all(isinstance(v, ast.AugAssign) or isinstance(literal(v), int | float) for v in values):
        return False
    reads = [n for n in ground.program.each(ast.Attribute) if n.attr == target.attr and isinstance(n.ctx, ast.Load)]
    return not any(_is_of_text(ground, above) for read in reads for above in ground.view.above(read))


def _is_of_text(ground: Ground, node: ast.AST) -> bool:
    """Whether what a number is part of makes a text, or a key, of it."""
    match node:
        case ast.JoinedStr() | ast.Subscript() | ast.Call(func=ast.Attribute(attr="format")):
            return True
        case ast.Call(func=function):
            return ground.view.path(function) in ("builtins.str", "builtins.repr", "builtins.format")
    return isinstance(node, ast.BinOp) and isinstance(literal(node.left), str)


def _leak(
    ground: Ground, node: ast.stmt, target: ast.Attribute, value: ast.expr, function: AnyFunction
) -> Iterator[Found]:
    """A tensor that is kept on an object, and read where nothing is traced."""
    if ground.kind(value) not in ("tensor", "likely") or isinstance(ground.view.parents.get(id(target)), ast.Tuple):
        return
    cls = ground.view.kinds.method_class(target.value)
    if cls is None:
        outer = isinstance(target.value, ast.Name) and ground.is_free(target.value, function)
        if not outer or ground.kind(target.value) in ("optimizer", "variable", "layer"):
            return
    name = target.attr
    if ground.traced.contexts[id(function)].why == "told":
        return  # what else of the class is traced is not seen here
    if isinstance(function, Function) and function.name in ("__init__", "build"):
        return
    if name in ("learning_rate", "lr") or (cls is not None and ground.view.method(cls, name) is not None):
        return  # a property
    reads = [
        n
        for n in ground.program.nodes
        if isinstance(n, ast.Attribute) and n.attr == name and isinstance(n.ctx, ast.Load)
    ]
    eager = [n for n in reads if ground.traced.of(n) is None and not _is_other(ground, n)]
    yield Found(
        LEAK,
        node,
        f"{name} keeps a tensor of the graph, which nothing outside of the traced function can use",
        "Return it, or assign it to a tf.Variable.",
        sure=bool(eager) and (cls is None or ground.view.kinds.base(cls) not in ("Layer", "Model", "RNN")),
    )


def _is_other(ground: Ground, node: ast.AST) -> bool:
    """Whether a place may be traced all the same, or run before: a property, a constructor, what is private."""
    function = ground.view.function(node)
    if isinstance(function, Function):
        return bool(function.decorator_list) or function.name.startswith("_") or function.name == "build"
    return False
