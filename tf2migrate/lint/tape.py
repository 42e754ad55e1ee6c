"""TFM421 to TFM427: gradients that are None, and tapes that are used up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.keras3_edits import added, argument, literal
from tf2migrate.model import Edit, Span

OUTSIDE, TWICE, UNWATCHED, INTEGER, DISCRETE, INSIDE, UNASKED = (f"TFM{n}" for n in range(421, 428))

_ASKS = ("gradient", "jacobian", "batch_jacobian")

_DISCRETE = frozenset(
    f"tf.{name}"
    for name in (
        *("argmax", "argmin", "math.argmax", "math.argmin", "round", "math.round", "floor", "math.floor", "math.ceil"),
        *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "math.equal", "math.greater", "rank"),
        *(
            "math.less",
            "shape",
            "size",
            "numpy_function",
            "argsort",
            "math.floordiv",
            "one_hot",
            "searchsorted",
            "stop_gradient",
        ),
        *(
            "random.categorical",
            "math.count_nonzero",
            "logical_and",
            "logical_or",
            "logical_not",
            "math.rint",
        ),
    )
)


def tapes(ground: Ground) -> Iterator[Found]:
    """What is said of each tape of a program."""
    for node in ground.program.each(ast.With):
        for item in node.items:
            made, name = item.context_expr, item.optional_vars
            tape = isinstance(made, ast.Call) and ground.view.symbol(made.func) == "tf.GradientTape"
            if tape and isinstance(made, ast.Call) and isinstance(name, ast.Name):
                yield from _Tape(ground, node, made, name.id).check()


class _Tape:
    """One `with tf.GradientTape() as tape:` and what is asked of it."""

    def __init__(self, ground: Ground, block: ast.With, made: ast.Call, name: str) -> None:
        self.ground, self.block, self.made, self.name = ground, block, made, name
        function: ast.AST | None = ground.view.function(block)
        self.nodes = (
            ground.view.own(function)
            if function is not None
            else [n for n in ground.program.nodes if ground.view.function(n) is None]
        )
        self.inside = {id(n) for statement in block.body for n in walk(statement)}
        self.persistent = literal(argument(made, "persistent", 0)) is True
        later = [
            n.lineno
            for n in self.nodes
            if isinstance(n, ast.With) and n is not block and n.lineno > block.lineno
            and any(isinstance(i.optional_vars, ast.Name) and i.optional_vars.id == name for i in n.items)
        ]  # fmt: skip
        self.end = min(later, default=1 << 30)
        self.asked = [c for c in self._methods(_ASKS) if block.lineno <= c.lineno < self.end]

    def _methods(self, names: tuple[str, ...]) -> list[ast.Call]:
        found = []
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
                    name == self.name and attr in names
                ):
                    found.append(node)
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))

    def _own(self, node: ast.Attribute) -> bool:
        return isinstance(node.value, ast.Name) and node.value.id == self.name

    def _recorded(self, call: ast.Call) -> bool:
        """Whether a gradient is asked for inside of another tape as well, which is to see how it is computed."""
        inner = [a for a in self.ground.view.above(call) if isinstance(a, ast.With) and id(a) in self.inside]
        made = [item.context_expr for block in inner for item in block.items]
        return any(isinstance(m, ast.Call) and "Tape" in ast.unparse(m.func) for m in made)

    def check(self) -> Iterator[Found]:
        yield from self._twice()
        watched = [n for n in self.nodes if isinstance(n, ast.Attribute) and n.attr == "watch" and self._own(n)]
        manual = literal(argument(self.made, "watch_accessed_variables", 1)) is False
        handed = any(
            isinstance(n, ast.Name) and n.id == self.name and isinstance(n.ctx, ast.Load)
            and not isinstance(self.ground.view.parents.get(id(n)), ast.Attribute)
            for n in self.nodes
        )  # fmt: skip
        if manual and not watched and self.asked and not handed:
            yield Found(
                UNASKED,
                self.made,
                "a tape that watches nothing by itself, and is told nothing to watch: its gradients are None",
                "Call tape.watch, or leave watch_accessed_variables out.",
            )
        for call in self.asked:
            target, sources = argument(call, "target", 0), argument(call, "sources", 1)
            if self.persistent and id(call) in self.inside and not self._recorded(call):
                yield Found(
                    INSIDE,
                    call,
                    "a gradient that is asked for inside of its own persistent tape is recorded as well",
                    "Ask for it below the with block; for second derivatives, use two tapes.",
                )
            if isinstance(target, ast.Name) and not handed:
                yield from self._outside(call, target)
            if isinstance(sources, ast.Attribute) and not handed:
                yield from self._model_outside(call, sources)
            if target is not None and self._flat(target, 6):
                yield Found(
                    DISCRETE,
                    call,
                    "no gradient comes through what the target is computed with: it is None",
                    "Leave the discrete operation out of the loss, or give it a tf.custom_gradient.",
                )
            if sources is not None:
                yield from self._sources(sources, watched, handed)

    def _twice(self) -> Iterator[Found]:
        repeated = [call for call in self.asked if self._is_repeated(call)] if not self.persistent else []
        if repeated:
            yield self._used_up(repeated[0])
            return
        if self.persistent or len(self.asked) < 2:
            return
        first, second = self.asked[0], self.asked[1]
        if self._apart(first, second):
            return
        yield self._used_up(second)

    def _used_up(self, second: ast.Call) -> Found:
        given = argument(self.made, "persistent", 0) is not None
        edits = () if given else (added(self.ground.program, self.made, "persistent=True"),)
        return Found(
            TWICE,
            second,
            f"{self.name} is used up by its first gradient",
            "Write tf.GradientTape(persistent=True), or ask for both gradients in one call.",
            edits,
        )

    def _is_repeated(self, call: ast.Call) -> bool:
        """Whether a loop or comprehension, which does not record anew, asks for a gradient again and again."""
        around = {id(above) for above in self.ground.view.above(self.block)}
        for above in self.ground.view.above(call):
            if id(above) in around:
                return False
            if isinstance(above, ast.For | ast.While):
                left = any(isinstance(n, ast.Break | ast.Return) for s in above.body for n in walk(s))
                return not left and call not in walk(above.iter if isinstance(above, ast.For) else above.test)
            if isinstance(above, ast.ListComp | ast.DictComp | ast.GeneratorExp):
                return call not in walk(above.generators[0].iter)
        return False

    def _apart(self, one: ast.AST, other: ast.AST) -> bool:
        """Whether two places are in branches of which only one is run, or the first leaves the function."""
        for above in self.ground.view.above(one):
            if isinstance(above, ast.If | ast.Try | ast.IfExp):
                around = {id(a) for a in self.ground.view.above(other)}
                if id(above) not in around or not isinstance(above, ast.If):
                    return True
                in_body = any(n is one for s in above.body for n in walk(s))
                in_other = any(n is other for s in above.body for n in walk(s))
                if in_body != in_other:
                    return True
        statement = self.ground.view.statement(one)
        return isinstance(statement, ast.Return)

    def _outside(self, call: ast.Call, target: ast.Name) -> Iterator[Found]:
        """A target that is computed above the tape only."""
        stores = [
            n for n in self.nodes if isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Store)
        ]
        if not stores or any(id(n) in self.inside for n in stores) or self.ground.view.loops(self.block):
            return
        end = self.block.end_lineno or 0
        before = all(n.lineno < self.block.lineno for n in stores)
        after = all(end < n.lineno < call.lineno for n in stores)
        if (before or after) and not _in_tape(self.ground, stores):
            yield Found(
                OUTSIDE,
                call,
                f"{target.id} is computed {'before' if before else 'after'} the tape records: its gradient is None",
                "Compute it inside of the with block.",
            )

    def _model_outside(self, call: ast.Call, sources: ast.Attribute) -> Iterator[Found]:
        """A model that is called above the tape, and whose variables nothing inside of it reads."""
        if sources.attr not in ("trainable_variables", "trainable_weights") or not isinstance(sources.value, ast.Name):
            return
        model = sources.value.id
        inside = [n for s in self.block.body for n in walk(s)]
        names = {n.id for n in inside if isinstance(n, ast.Name)}
        above = self.ground.view.parents.get(id(self.block))
        body = getattr(above, "body", [])
        for statement in body[: body.index(self.block)] if self.block in body else []:
            match statement:
                case ast.Assign(targets=[ast.Name(id=made)], value=ast.Call(func=ast.Name(id=called))) if (
                    called == model and made in names and model not in names
                ):
                    own = [n for n in inside if isinstance(n, ast.Call) and not self._takes(n, made)]
                    if not own:
                        yield Found(
                            OUTSIDE,
                            call,
                            f"{made} is computed before the tape records: no gradient comes to {model}",
                            "Compute it inside of the with block.",
                        )

    def _takes(self, call: ast.Call, name: str) -> bool:
        """Whether a call is one of TensorFlow's, or is handed a name: it computes with that, as far as is seen."""
        of_tensorflow = self.ground.view.symbol(call.func).startswith("tf.")
        return of_tensorflow or any(isinstance(n, ast.Name) and n.id == name for a in call.args for n in walk(a))

    def _sources(self, sources: ast.expr, watched: list[ast.Attribute], handed: bool) -> Iterator[Found]:
        for source in sources.elts if isinstance(sources, ast.List | ast.Tuple) else [sources]:
            if not isinstance(source, ast.Name):
                continue
            made = self._made(source)
            if not isinstance(made, ast.Call | ast.BinOp):
                continue
            found = self.ground.type(made)
            if found.kind in ("tensor", "variable") and found.dtype.startswith(("int", "uint", "bool")):
                yield Found(
                    INTEGER,
                    source,
                    f"{source.id} is {found.dtype}: there is no gradient with respect to whole numbers, it is None",
                    "Make it a float.",
                )
            elif self._is_constant(made) and id(made) not in self.inside and not watched and not handed:
                first = self.block.body[0]
                at = self.ground.program.offset(first.lineno, 0)
                text = f"{' ' * first.col_offset}{self.name}.watch({source.id})\n"
                plain = not isinstance(first, ast.FunctionDef | ast.ClassDef) and first.lineno > self.block.lineno
                edits = (Edit(Span(at, at), text),) if plain else ()
                yield Found(
                    UNWATCHED,
                    source,
                    f"{source.id} is no variable, and nobody watches it: its gradient is None",
                    f"Call {self.name}.watch({source.id}) first.",
                    edits,
                )

    def _made(self, source: ast.Name) -> ast.AST | None:
        """What a source is bound to: once, or, of a parameter, by one assignment above the tape."""
        bindings = self.ground.view.scopes.bindings(source)
        values = [b.node for b in bindings if b.how == "is"]
        others = [b for b in bindings if b.how != "is"]
        if len(values) != 1 or (others and [b.how for b in others] != ["param"]):
            return None
        statement = self.ground.view.parents.get(id(values[0]))
        body = getattr(self.ground.view.parents.get(id(self.block)), "body", [])
        straight = statement in body and self.block in body and body.index(statement) < body.index(self.block)
        return values[0] if not others or straight else None

    def _is_constant(self, made: ast.Call | ast.BinOp) -> bool:
        """Whether TensorFlow computes a tensor that is no variable."""
        view = self.ground.view
        if isinstance(made, ast.BinOp):
            names = [n for n in walk(made) if isinstance(n, ast.Name) and not view.path(n)]
            return self.ground.kind(made) == "tensor" and not names
        symbol = view.symbol(made.func)
        fixed = symbol == "tf.Variable" and literal(argument(made, "trainable", 1)) is False
        return fixed or symbol in _CONSTANTS or symbol in _COPIES

    def _flat(self, node: ast.expr, depth: int) -> bool:
        """Whether no gradient comes through an expression, as far as this function tells."""
        view = self.ground.view
        match node:
            case ast.Call(func=ast.Attribute(attr="numpy"), args=[]):
                return True
            case ast.Call(func=function, args=args):
                symbol = view.symbol(function)
                if symbol in _DISCRETE:
                    return True
                path = view.path(function)
                if path.startswith("numpy.") or path in ("builtins.float", "builtins.int"):
                    return any(self.ground.kind(a) in ("tensor", "variable") for a in args)
                if symbol in ("tf.constant", "tf.convert_to_tensor"):
                    return bool(args) and self._flat(args[0], depth)
                if symbol == "tf.cast" and len(args) > 1:
                    if view.symbol(args[1]).startswith(("tf.int", "tf.uint", "tf.bool")):
                        return True
                    return self._flat(args[0], depth)
                if not symbol.startswith(
                    ("tf.reduce_", "tf.math.", "tf.identity", "tf.square", "tf.abs", "tf.reshape")
                ):
                    return False
                return bool(args) and self._flat(args[0], depth) and all(not self._matters(a) for a in args[1:])
            case ast.Compare():
                return self.ground.kind(node) == "tensor"
            case ast.BinOp(left=left, right=right):
                one, other = self._flat(left, depth), self._flat(right, depth)
                return (one and (other or not self._matters(right))) or (other and not self._matters(left))
            case ast.Name() if depth:
                bindings = view.scopes.bindings(node)
                value = bindings[0].node if len(bindings) == 1 and bindings[0].how == "is" else None
                inside = isinstance(value, ast.expr) and id(value) in self.inside
                return inside and isinstance(value, ast.expr) and self._flat(value, depth - 1)
        return False

    def _matters(self, node: ast.expr) -> bool:
        """Whether a gradient may come through an operand."""
        return not isinstance(node, ast.Constant) and self.ground.kind(node) not in ("python", "array", "dtype")


#: Functions whose result is another tensor than what they are given, also where that is watched.
_COPIES = frozenset(("tf.cast", "tf.expand_dims", "tf.reshape", "tf.image.resize", "tf.stack", "tf.concat"))

_CONSTANTS = frozenset(
    f"tf.{name}"
    for name in (
        *(
            "constant",
            "zeros",
            "ones",
            "convert_to_tensor",
            "random.normal",
            "random.uniform",
            "linspace",
            "fill",
            "eye",
        ),
        *("range", "zeros_like", "ones_like", "random.truncated_normal"),
    )
)


def _in_tape(ground: Ground, stores: list[ast.Name]) -> bool:
    """Whether one of the places stands in another tape, which may record it."""
    for store in stores:
        for above in ground.view.above(store):
            if isinstance(above, ast.With):
                calls = [i.context_expr for i in above.items]
                if any(isinstance(c, ast.Call) and ground.view.symbol(c.func) == "tf.GradientTape" for c in calls):
                    return True
    return False
