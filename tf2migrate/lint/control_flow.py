"""TFM361 to TFM378: `if`, `while` and `for` over tensors, which AutoGraph makes parts of the graph, or cannot reach."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import literal, modules, spelled
from tf2migrate.lint.keras3_scopes import Function
from tf2migrate.lint.recursion import recursive, recursive_helper
from tf2migrate.lint.traced import Context
from tf2migrate.lint.types import CONTAINERS, MAYBE, SYMBOLIC, TENSOR, Type
from tf2migrate.lint.view import AnyFunction, Loop, parameters
from tf2migrate.model import Edit, Span

ONE_BRANCH, NONE, DTYPES, SHAPES, RETURN = (f"TFM{n}" for n in range(361, 366))
BREAK, TURNS, APPEND = (f"TFM{n}" for n in range(367, 370))
WRITE, ENTRY, COMPREHENSION, ASSERT, RAISE, TRY, GENERATOR, RECURSIVE, UNREACHED = (f"TFM{n}" for n in range(370, 379))

_STAGED = frozenset(("tensor", "dataset"))


def control_flow(ground: Ground) -> Iterator[Found]:
    """What is said of control flow in traced code."""
    for function, context in ground.functions():
        if isinstance(function, Function):
            yield from _function(ground, function, context)
    for node, function, context in ground.traced_nodes():
        if ground.traced.runs_eagerly(node) if isinstance(node, ast.stmt | ast.Call) else False:
            continue
        if not context.autograph:
            yield from _unreached(ground, node, context)
        elif isinstance(node, ast.If) and _decides(ground, node.test):
            yield from _if(ground, node, function)
        elif isinstance(node, ast.For | ast.While):
            yield from _loop(ground, node, function)
        elif isinstance(node, ast.Assert) and ground.kind(node.test) == "tensor":
            yield _assert(ground, node)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _comprehension(ground, node)
        elif isinstance(node, ast.Try):
            yield from _try(ground, node)
        elif isinstance(node, ast.Expr | ast.Assign):
            yield from _unused(ground, node)


def _decides(ground: Ground, test: ast.expr) -> bool:
    """Whether a test is a tensor's: of one for certain, or a comparison of a parameter that nothing says is not."""
    kind = ground.kind(test)
    return kind == "tensor" or (kind in MAYBE and isinstance(test, ast.Compare) and _orders(test, kind))


def _orders(test: ast.Compare, kind: str) -> bool:
    """Whether a comparison is of numbers: of a structure of tensors, `<` and `>` are not."""
    return kind == "likely" or all(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in test.ops)


def _stores(nodes: list[ast.stmt]) -> dict[str, ast.Name]:
    """The names that statements bind, each with its last place."""
    found: dict[str, ast.Name] = {}
    for statement in nodes:
        for node in walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found[node.id] = node
    return found


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise | ast.Break | ast.Continue)


def _known_before(ground: Ground, function: AnyFunction, name: str, line: int) -> bool:
    """Whether a name is bound above a line, as a parameter or by a statement, or belongs to another scope."""
    arguments = [*parameters(function), *(a for a in (function.args.vararg, function.args.kwarg) if a)]
    if any(a.arg == name for a in arguments):
        return True
    return any(n.lineno < line for n in ground.view.places(function, name, ast.Store)[:1])


def _read_after(ground: Ground, function: AnyFunction, name: str, node: ast.stmt) -> bool:
    """Whether a name is read below a statement before it is bound again."""
    end = node.end_lineno or node.lineno
    read = _next(ground.view.places(function, name, ast.Load), end)
    stored = _next(ground.view.places(function, name, ast.Store), end)
    return read is not None and (stored is None or stored > read)


def _next(places: list[ast.Name], line: int) -> int | None:
    """The first line below one on which a name stands."""
    at = bisect_right(places, line, key=lambda place: place.lineno)
    return places[at].lineno if at < len(places) else None


def _if(ground: Ground, node: ast.If, function: AnyFunction) -> Iterator[Found]:
    body, orelse = _stores(node.body), _stores(node.orelse)
    if not _leaves(node.body) and not _leaves(node.orelse):
        for name in sorted({*body, *orelse}):
            both = name in body and name in orelse
            known = _known_before(ground, function, name, node.lineno)
            if not _read_after(ground, function, name, node):
                continue
            if not both and not known:
                yield Found(
                    ONE_BRANCH,
                    body.get(name) or orelse[name],
                    f"{name} has a value in one branch of a tensor's condition only",
                    "Give it one before the condition, of the same dtype and shape.",
                )
            else:
                yield from _values(ground, node, function, name)
    raises = [n for n in [*node.body, *node.orelse] if isinstance(n, ast.Raise)]
    if raises and ground.kind(node.test) == "tensor":
        yield Found(
            RAISE,
            raises[0],
            "raised while the function is traced, whatever the condition",
            "Use tf.debugging.Assert.",
        )


def _assigned(body: list[ast.stmt], name: str) -> ast.expr | None:
    """The value that a block gives to a name, where it does so in one plain statement."""
    values = [s.value for s in body if isinstance(s, ast.Assign) and any(_is(t, name) for t in s.targets)]
    every = [
        n for s in body for n in walk(s) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
    ]
    return values[-1] if values and len(every) == len(values) else None


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _before(ground: Ground, node: ast.stmt, name: str) -> ast.expr | None:
    """The value that a name has when a statement is reached, where the same block gives it in one plain statement."""
    parent = ground.view.parents.get(id(node))
    for block in (getattr(parent, field, None) for field in ("body", "orelse")):
        if isinstance(block, list) and node in block:
            for statement in reversed(block[: block.index(node)]):
                if isinstance(statement, ast.Assign) and any(_is(t, name) for t in statement.targets):
                    return statement.value
                if any(
                    isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in walk(statement)
                ):
                    return None
    return None


def _values(ground: Ground, node: ast.If, function: AnyFunction, name: str) -> Iterator[Found]:
    """The values of a name after both branches: None in one of them, or of two dtypes."""
    one = _assigned(node.body, name) or (None if name in _stores(node.body) else _before(ground, node, name))
    other = _assigned(node.orelse, name) or (None if name in _stores(node.orelse) else _before(ground, node, name))
    if one is None or other is None:
        return
    empty = [v for v in (one, other) if isinstance(v, ast.Constant) and v.value is None]
    if len(empty) == 1:
        yield Found(
            NONE,
            empty[0],
            f"{name} is None in one branch of a tensor's condition, and has a value in the other",
            "Give it a tensor of the same dtype and shape.",
        )
        return
    dtypes = [_dtype(ground, v) for v in (one, other)]
    if all(dtypes) and dtypes[0] != dtypes[1]:
        place = next((v for v in (one, other) if isinstance(v, ast.Constant)), one)
        yield _different(ground, place, name, dtypes)


def _dtype(ground: Ground, node: ast.expr) -> str:
    """The dtype that a value has in the graph; "" where that is not known."""
    value = literal(node.operand if isinstance(node, ast.UnaryOp) else node)
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "int32" if isinstance(value, int) else "float32"
    found: Type = ground.type(node)
    return found.dtype if found.kind in SYMBOLIC else ""


def _different(ground: Ground, place: ast.expr, name: str, dtypes: list[str]) -> Found:
    edits: tuple[Edit, ...] = ()
    other = dtypes[1] if dtypes[0] == "int32" else dtypes[0]
    if type(literal(place)) is int and other.startswith("float"):
        end = ground.program.span(place).end
        edits = (Edit(Span(end, end), ".0"),)
    return Found(
        DTYPES,
        place,
        f"{name} is {dtypes[0]} here and {dtypes[1]} there: in the graph it must be one",
        "Give it one dtype.",
        edits,
    )


def _is_staged(ground: Ground, node: Loop) -> bool:
    """Whether a loop becomes one of the graph."""
    if isinstance(node, ast.While):
        return _decides(ground, node.test)
    found = ground.type(node.iter)
    if found.kind == "range":
        return found.item is not None and found.item.kind == "tensor"
    return found.kind in _STAGED


def _loop(ground: Ground, node: ast.For | ast.While, function: AnyFunction) -> Iterator[Found]:
    if not _is_staged(ground, node):
        yield from _left(ground, node)
        if isinstance(node, ast.While):
            yield from _turns(ground, node)
        return
    inside = [n for statement in node.body for n in walk(statement)]
    options = any(isinstance(n, ast.Attribute) and n.attr == "set_loop_options" for n in inside)
    stores = _stores(node.body) | ({} if isinstance(node, ast.While) else _targets(node))
    for name in sorted(stores):
        first, last = _before(ground, node, name), _assigned(node.body, name)
        if first is None:
            continue
        dtypes = [_dtype(ground, first), _after_round(ground, node.body, name, last)]
        if all(dtypes) and dtypes[0] != dtypes[1]:
            yield _different(ground, first, name, dtypes)
        elif last is not None and not options and _grows(ground, last, name) and isinstance(first, ast.Call):
            yield Found(
                SHAPES,
                last,
                f"the shape of {name} changes from round to round",
                "Use a tf.TensorArray, or tf.autograph.experimental.set_loop_options(shape_invariants=...).",
            )
    yield from _collected(ground, node, function, inside)


def _targets(node: ast.For | ast.AsyncFor) -> dict[str, ast.Name]:
    return {n.id: n for n in walk(node.target) if isinstance(n, ast.Name)}


def _after_round(ground: Ground, body: list[ast.stmt], name: str, last: ast.expr | None) -> str:
    """The dtype that a name has after a round of a loop."""
    if (
        isinstance(last, ast.BinOp)
        and not isinstance(last.op, ast.Div)
        and (_is(last.left, name) or _is(last.right, name))
    ):
        dtype = _dtype(ground, last.right if _is(last.left, name) else last.left)
        return dtype if dtype.startswith("float") else _dtype(ground, last)
    if last is not None:
        return _dtype(ground, last)
    added = [s for s in body if isinstance(s, ast.AugAssign) and _is(s.target, name)]
    if len(added) == 1 and not isinstance(added[0].op, ast.Div):
        dtype = _dtype(ground, added[0].value)
        return dtype if dtype.startswith("float") else ""
    return ""


def _grows(ground: Ground, node: ast.expr, name: str) -> bool:
    """Whether a value is the old one with something put to it."""
    if not isinstance(node, ast.Call) or ground.view.symbol(node.func) not in ("tf.concat", "tf.pad", "tf.expand_dims"):
        return False
    parts = node.args[0].elts if node.args and isinstance(node.args[0], ast.List | ast.Tuple) else node.args[:1]
    return any(_is(part, name) for part in parts) and (len(parts) > 1 or ground.view.symbol(node.func) != "tf.concat")


def _collected(ground: Ground, node: Loop, function: AnyFunction, inside: list[ast.AST]) -> Iterator[Found]:
    """Tensors of a loop of the graph that a list or dict of Python's keeps."""
    for place in inside:
        match place:
            case ast.Call() | ast.AugAssign() | ast.Assign():
                owner, code, what = _kept(ground, place)
            case _:
                continue
        if owner is None:
            continue
        local = ground.view.scopes.of[id(owner)].node is function
        if local and _known_before(ground, function, owner.id, node.lineno) and ground.view.loops(place)[:1] == [node]:
            yield Found(code, place, f"{what}, and has no value after it", "Use a tf.TensorArray.")


_LISTED = "a list keeps a tensor of one round of the loop"


def _kept(ground: Ground, place: ast.Call | ast.AugAssign | ast.Assign) -> tuple[ast.Name | None, str, str]:
    """The list or dict that a call or assignment puts a tensor into, with what is to be said of it."""
    match place:
        case ast.Call(func=ast.Attribute(value=owner, attr="append" | "extend" | "insert"), args=[*_, value]):
            base = owner.value if isinstance(owner, ast.Subscript) else owner
            if ground.kind(owner) == "list" and ground.kind(value) in SYMBOLIC | MAYBE and isinstance(base, ast.Name):
                return base, APPEND, _LISTED
        case ast.AugAssign(target=ast.Name() as owner, op=ast.Add(), value=ast.List(elts=[value])):
            if ground.kind(value) in SYMBOLIC | MAYBE:
                return owner, APPEND, _LISTED
        case ast.Assign(targets=[ast.Subscript(value=ast.Name() as owner, slice=key)], value=value):
            held = ground.kind(owner) in CONTAINERS and ground.kind(value) in SYMBOLIC
            if held and not isinstance(key, ast.Constant):
                return owner, ENTRY, "an entry of a list or dict is set in a loop of the graph"
    return None, "", ""


def _left(ground: Ground, node: ast.For | ast.While) -> Iterator[Found]:
    """A Python loop that a tensor's condition is to leave, or to return from."""
    endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
    kind = ground.kind(node.iter) if isinstance(node, ast.For) else ""
    if not endless and kind not in ("range", "list", "tuple", "array"):
        return
    for statement in node.body:
        for place in walk(statement):
            if isinstance(place, ast.If) and _decides(ground, place.test) and ground.kind(place.test) == "tensor":
                inside: list[ast.stmt] = [n for n in [*place.body, *place.orelse] if isinstance(n, ast.Break)]
                returns = [n for n in place.body if isinstance(n, ast.Return) and not place.orelse]
                leaves = [*inside, *returns]
                if leaves and ground.view.loops(place)[:1] == [node]:
                    yield Found(
                        BREAK,
                        leaves[0],
                        "a tensor is to end a loop of Python's, which runs while the function is traced",
                        "Make it a loop of the graph: a tensor as condition, or tf.range.",
                        _ranged(ground, node),
                        safe=False,
                    )


def _ranged(ground: Ground, node: ast.For | ast.While) -> tuple[Edit, ...]:
    if (
        isinstance(node, ast.For)
        and isinstance(node.iter, ast.Call)
        and ground.view.path(node.iter.func) == "builtins.range"
    ):
        new = spelled(ground.program, "tf.range", modules(ground.program))
        return (Edit(ground.program.span(node.iter.func), new),) if new else ()
    return ()


def _turns(ground: Ground, node: ast.While) -> Iterator[Found]:
    """A condition of Python's numbers in the first round, and of tensors later."""
    names = [n for n in walk(node.test) if isinstance(n, ast.Name)]
    for name in names:
        first, last = _before(ground, node, name.id), _assigned(node.body, name.id)
        if first is None or last is None or not isinstance(literal(first), int | float) or literal(first) is True:
            continue
        if ground.kind(last) == "tensor" and _by_tensorflow(ground, last):
            program = ground.program
            new = spelled(program, "tf.constant", modules(program))
            edits = (Edit(program.span(first), f"{new}({program.segment(first)})"),) if new else ()
            yield Found(
                TURNS,
                node.test,
                f"{name.id} is a number at first and a tensor later: the loop cannot be both",
                "Begin with a tensor.",
                edits,
            )


def _by_tensorflow(ground: Ground, node: ast.expr) -> bool:
    """Whether a function of TensorFlow makes a value what it is."""
    return any(isinstance(n, ast.Call) and ground.view.symbol(n.func).startswith("tf.") for n in walk(node))


def _assert(ground: Ground, node: ast.Assert) -> Found:
    program = ground.program
    new = spelled(program, "tf.debugging.Assert", modules(program))
    test = program.segment(node.test)
    told = f"[{program.segment(node.msg)}]" if node.msg is not None else f"[{test}]"
    edits = (Edit(program.span(node), f"{new}({test}, {told})"),) if new and "\n" not in test else ()
    return Found(
        ASSERT,
        node,
        "assert needs a value, and a traced tensor has none",
        "Use tf.debugging.Assert.",
        edits,
        safe=False,
    )


def _comprehension(
    ground: Ground, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
) -> Iterator[Found]:
    for part in node.generators:
        ranged = ground.type(part.iter)
        over = ranged.kind == "tensor" or (ranged.kind == "range" and ranged.item == TENSOR)
        where = any(ground.kind(test) == "tensor" for test in part.ifs)
        if over or where:
            yield Found(
                COMPREHENSION,
                node,
                "AutoGraph does not convert comprehensions: this one iterates over a tensor"
                if over
                else "AutoGraph does not convert comprehensions: this one asks for a tensor's value",
                "Use tf.map_fn, tf.unstack or an operation on the whole tensor.",
            )


def _try(ground: Ground, node: ast.Try) -> Iterator[Found]:
    if any(isinstance(n, ast.Yield) for statement in node.body for n in walk(statement)):
        return  # a context manager's, around what may run eagerly
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if all(kind is not None and ground.view.symbol(kind).startswith("tf.errors.") for kind in kinds):
            yield Found(
                TRY,
                handler,
                "operations fail when the graph runs, and not here: this handler has nothing to catch",
                "Catch the error where the traced function is called.",
            )


def _unused(ground: Ground, node: ast.Expr | ast.Assign) -> Iterator[Found]:
    """`array.write(...)` as a statement: in the graph the result is the array, and the old one stays as it was."""
    if isinstance(node, ast.Assign) and not (len(node.targets) == 1 and _is(node.targets[0], "_")):
        return
    match node.value:
        case ast.Call(func=ast.Attribute(value=owner, attr="write" | "scatter" | "unstack" | "split" as name)):
            if ground.kind(owner) == "tensorarray":
                at = ground.program.span(node).start
                text = ground.program.segment(owner)
                end = at if isinstance(node, ast.Expr) else ground.program.span(node.value).start
                edits = (Edit(Span(at, end), f"{text} = "),)
                yield Found(
                    WRITE,
                    node,
                    f"the result of {name}() is not used: in the graph the array stays as it was",
                    f"Write {text} = {text}.{name}(...).",
                    edits,
                )


def _unreached(ground: Ground, node: ast.AST, context: Context) -> Iterator[Found]:
    """A condition on a tensor where AutoGraph does not convert."""
    test: ast.expr | None = None
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        test = node.test
    elif isinstance(node, ast.For) and ground.kind(node.iter) == "tensor":
        test = node.iter
    if test is None or ground.kind(test) != "tensor" or _has_length(ground, test) or _asks_first(test):
        return
    where = (
        "Keras 3 calls this without AutoGraph" if context.why == "keras" else "AutoGraph does not convert this function"
    )
    yield Found(
        UNREACHED,
        test,
        f"{where}: a tensor has no value here to decide by",
        "Use tf.cond, tf.where or tf.while_loop, or put it in a tf.function.",
    )


def _asks_first(test: ast.expr) -> bool:
    """Whether a test asks whether it has a tensor at all, before it has the tensor decide."""
    return isinstance(test, ast.BoolOp) and any(
        isinstance(n, ast.Call) and getattr(n.func, "attr", getattr(n.func, "id", "")) in ("is_tensor", "isinstance")
        for part in test.values[:-1]
        for n in walk(part)
    )


def _has_length(ground: Ground, test: ast.expr) -> bool:
    """Whether a test asks for a tensor's length, which is a number without AutoGraph, or told of by another rule."""
    return any(isinstance(n, ast.Call) and ground.view.path(n.func) == "builtins.len" for n in walk(test))


def _function(ground: Ground, function: Function, context: Context) -> Iterator[Found]:
    own = ground.view.own(function)
    if context.root is function and context.why == "function":
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own):
            yield Found(
                GENERATOR,
                function,
                f"{function.name} is a generator, which tf.function does not trace",
                "Return the values, or make a tf.data.Dataset.",
            )
        yield from recursive(ground, function, RECURSIVE)
    elif context.why == "reached":
        yield from recursive_helper(ground, function, RECURSIVE)
    if not context.autograph:
        return
    returns = [n for n in own if isinstance(n, ast.Return) and n.value is not None]
    returns = [n for n in returns if not (isinstance(n.value, ast.Constant) and n.value.value is None)]
    for place in returns:
        tests = [a for a in ground.view.above(place) if isinstance(a, ast.If) and _decides(ground, a.test)]
        loops = ground.view.loops(place)
        if tests and not loops and _falls(function.body):
            yield Found(
                RETURN,
                place,
                "the function returns a value in one branch of a tensor's condition, and none in the other",
                "Return a value of the same dtype and shape in both.",
            )
            return


def _falls(body: list[ast.stmt]) -> bool:
    """Whether the end of a block is reached."""
    if not body:
        return True
    match body[-1]:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return False
        case ast.If(body=one, orelse=other):
            return not other or _falls(one) or _falls(other)
        case ast.With(body=inner):
            return _falls(inner)
        case ast.Try() | ast.Match() | ast.While():
            return False
    return True
