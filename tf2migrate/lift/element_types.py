"""Whether the elements of data sets are plainly float32: Keras layers compute in it whatever they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift.datasets import KEEPING, Dataset, Element, Iterator, starts
from tf2migrate.lift.origins import SINGLE, Origins, says
from tf2migrate.lift.pipelines import Pipe, Piped
from tf2migrate.lift.trace import Definition, Frame, Statement
from tf2migrate.lift.values import Placeholder, Refused

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter

_OTHER = ("float64", "double", "float16", "half", "bfloat16")
_DATA = ("tf.examples.tutorials.mnist.input_data", "input_data.")
#: Losses that TensorFlow 1 computes in float32 whatever they are given.
LOSSES = ("tf.losses.mean_squared_error", "tf.losses.absolute_difference", "tf.losses.huber_loss")
_KEPT = ("reshape", "expand_dims", "transpose", "squeeze", "split", "copy")


def check(interpreter: Interpreter, statement: Statement, at: ast.expr, told: bool = False) -> None:
    """What a layer computes on must be float32 where it comes from a data set, or the layer be told its type.

    Raises `Refused`.
    """
    for element in other_types(interpreter, statement):
        if not told or _origin(interpreter, element) is None:
            raise Refused(
                "TFM907",
                at,
                "a layer computes in the type of a data set's elements, and that they are float32 is not seen",
                "Give the data set float32: .astype(np.float32), or tf.cast in its map.",
            )


def is_told(interpreter: Interpreter, arguments: Mapping[str, ast.expr]) -> bool:
    """Whether an unrolled cell starts from zeros of float32: what it is given is of no other type then.

    TensorFlow 1's cells concatenate it with their state (`BasicLSTMCell.call` in `rnn_cell_impl.py`), which fails
    where the types differ.
    """
    started = any("initial_state" in name for name in arguments)
    dtype = arguments.get("dtype")
    return not started and dtype is not None and interpreter.names.symbol(dtype) == "tf.float32"


def other_types(interpreter: Interpreter, statement: Statement) -> list[Element]:
    """The elements that a statement computes from, and that are not plainly float32."""
    return _origins(interpreter).of(statement)


def _origins(interpreter: Interpreter) -> Origins:
    if interpreter.element_origins is None:
        interpreter.element_origins = Origins(interpreter, partial(_is_single, interpreter))
    return interpreter.element_origins


def cast_arguments(interpreter: Interpreter) -> set[int]:
    """The arguments of losses that TensorFlow 1 casts to float32, where they may be of another type."""
    found: set[int] = set()
    for statement in _all(interpreter):
        calls = [n for n in walk(statement.node) if isinstance(n, ast.Call)] if statement.moves else []
        losses = [c for c in calls if interpreter.names.symbol(c.func) in LOSSES]
        if losses and other_types(interpreter, statement):
            named = [k.value for c in losses for k in c.keywords if k.arg in ("labels", "predictions")]
            found |= {id(a) for a in [*(a for c in losses for a in c.args[:2]), *named]}
    return found


def dtype_text(expressions: Expressions, statement: Statement) -> str | None:
    """How a layer is told the type that it computes in, where that is not plainly float32."""
    for element in other_types(expressions.interpreter, statement):
        origin = _origin(expressions.interpreter, element)
        if isinstance(origin, Iterator):
            path = "".join(f"[{i}]" for i in element.path)
            return f"{_bound_name(expressions, origin)}.element_spec{path}.dtype"
        if origin is not None:
            return f"{origin}.dtype"
    return None


def _bound_name(expressions: Expressions, iterator: Iterator) -> str:
    hoisted = expressions.hoisted.get(id(iterator.node))
    named = [d.name for s in _all(expressions.interpreter) for d in s.writes if d.value is iterator and d.owner is None]
    return hoisted or named[0]


def _origin(interpreter: Interpreter, element: Element) -> Iterator | str | None:
    """What knows the type of an element: its iterator, or the placeholder that its data set is made of."""
    assert element.draw is not None
    iterator = element.draw.iterator
    if iterator.kind == "ready" and not isinstance(iterator, Piped):
        return iterator
    if iterator.kind != "started" or iterator.source is None:
        return None
    found = _component(interpreter, iterator.source, element.path[:1])
    definitions = _definitions(interpreter, found) if isinstance(found, ast.Name) else []
    if len(definitions) == 1 and isinstance(definitions[0].value, Placeholder) and definitions[0].owner is None:
        return definitions[0].name
    return None


def _component(interpreter: Interpreter, node: ast.expr, path: tuple[int, ...]) -> ast.expr | None:
    """The data that the elements of a data set are slices of, at one place of a tuple."""
    if isinstance(node, ast.Name):
        definitions = _definitions(interpreter, node)
        made = definitions[0].statement.node if len(definitions) == 1 else None
        return _component(interpreter, made.value, path) if isinstance(made, ast.Assign) else None
    if not isinstance(node, ast.Call):
        return None
    symbol = interpreter.names.symbol(node.func) or ""
    if symbol.endswith((".from_tensor_slices", ".from_tensors")) and node.args:
        data = node.args[0]
        if isinstance(data, ast.Tuple):
            return data.elts[path[0]] if path and path[0] < len(data.elts) else None
        return data if not path else None
    if isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING and not symbol:
        return _component(interpreter, node.func.value, path)
    return None


def _definitions(interpreter: Interpreter, node: ast.Name) -> list[Definition]:
    """The bindings that a name may mean."""
    sites = interpreter.resolved.get(id(node), set())
    found = {d.site: d for s in _all(interpreter) for d in s.writes if d.name == node.id and d.site in sites}
    return list(found.values())


def _is_single(interpreter: Interpreter, element: Element) -> bool:
    assert element.draw is not None
    iterator = element.draw.iterator
    if isinstance(iterator, Piped) and iterator.pipe is not None and iterator.pipe.kind == "batch":
        items = iterator.pipe.items
        wanted = items if not element.path else items[element.path[0] : element.path[0] + 1]
        if wanted and all(_computed(interpreter, item.statement) for item in wanted):
            return True
    if isinstance(iterator, Piped) and iterator.pipe is not None and iterator.pipe.kind == "called":
        assert iterator.pipe.upstream is not None
        return _is_returned_single(interpreter, iterator.pipe.upstream, element.path)
    return _is_drawn_single(interpreter, iterator, element.path)


def _is_drawn_single(interpreter: Interpreter, iterator: Iterator, path: tuple[int, ...]) -> bool:
    sources = list(_sources(interpreter, iterator))
    return bool(sources) and all(_single(interpreter, s, path[:1], f, {}) for s, f in sources)


def _is_returned_single(interpreter: Interpreter, returned: Pipe, path: tuple[int, ...]) -> bool:
    """Whether what a function returns of its data set is plainly float32, at a place."""
    if not returned.items:  # an element as it is drawn
        drawn = [e for e in returned.given if e.draw is not None]
        return len(drawn) == 1 and _is_drawn_single(interpreter, drawn[0].draw.iterator, (*drawn[0].path, *path))  # type: ignore[union-attr]
    wanted = returned.items[path[0] : path[0] + 1] if path else returned.items
    return bool(wanted) and all(_origins(interpreter).is_single(item.statement) for item in wanted)


def _computed(interpreter: Interpreter, statement: Statement) -> bool:
    """Whether a batched tensor is made float32 on its way from the record."""
    if says(interpreter, statement.node):
        return True
    before = [d.statement for d in statement.reads if d.staged and not isinstance(d.value, Element)]
    return bool(before) and all(_computed(interpreter, s) for s in before)


def _sources(interpreter: Interpreter, iterator: Iterator) -> Iterable[tuple[ast.expr, Frame]]:
    """The data sets that an iterator may go over."""
    if iterator.source is not None and iterator.statement is not None:
        yield iterator.source, iterator.statement.frame
    for run in interpreter.runs.values():
        for leaf in run.fetches.leaves():
            for start in starts(leaf.value):
                if start.iterator is iterator and start.source is not None and start.statement is not None:
                    yield start.source, start.statement.frame
        if iterator.handle is not None:
            handed = interpreter.handed.get(id(run.node), {}).get(iterator.handle)
            if isinstance(handed, Iterator):
                yield from _sources(interpreter, handed)


def _single(
    interpreter: Interpreter, node: ast.expr, path: tuple[int, ...], frame: Frame, seen: dict[int, None]
) -> bool:
    """Whether the data that an expression stands for is plainly float32 (at a place, where it is a tuple)."""
    if id(node) in seen:
        return False
    seen[id(node)] = None
    text = ast.unparse(node)
    if any(word in text for word in _OTHER):
        return False
    match node:
        case ast.Tuple(elts=parts) if path and path[0] < len(parts):
            return _single(interpreter, parts[path[0]], (), frame, seen)
        case ast.Name():
            return _named(interpreter, node, path, frame, seen)
        case ast.Constant(value=value):
            return isinstance(value, float)
        case ast.List(elts=parts):
            return bool(parts) and any(_single(interpreter, p, (), frame, seen) for p in parts)
        case ast.Subscript(value=value) | ast.UnaryOp(operand=value):
            return "float32" in text or _single(interpreter, value, (), frame, seen)
        case ast.BinOp(left=left, right=right) if not isinstance(right, ast.Constant):
            return "float32" in text or (
                _single(interpreter, left, (), frame, seen) and _single(interpreter, right, (), frame, seen)
            )
        case ast.BinOp(left=left):
            return "float32" in text or _single(interpreter, left, (), frame, seen)
        case ast.Call():
            return _called(interpreter, node, path, frame, seen)
        case ast.Attribute(value=value):
            return _single(interpreter, value, (), frame, seen)
    return False


def _named(
    interpreter: Interpreter, node: ast.Name, path: tuple[int, ...], frame: Frame, seen: dict[int, None]
) -> bool:
    definitions = [d for s in _all(interpreter) for d in s.writes if d.name == node.id and d.owner is None]
    resolved = interpreter.resolved.get(id(node))
    mine = [d for d in definitions if resolved is None or d.site in resolved]
    return bool(mine) and all(_bound(interpreter, d, path, seen) for d in mine)


def _all(interpreter: Interpreter) -> list[Statement]:
    return [s for frame in interpreter.frames for s in frame.statements]


def _bound(interpreter: Interpreter, definition: Definition, path: tuple[int, ...], seen: dict[int, None]) -> bool:
    node = definition.statement.node
    if not isinstance(node, ast.Assign):
        return False
    return _single(interpreter, node.value, path, definition.statement.frame, dict(seen))


def _called(
    interpreter: Interpreter, node: ast.Call, path: tuple[int, ...], frame: Frame, seen: dict[int, None]
) -> bool:
    text = ast.unparse(node)
    symbol = interpreter.names.symbol(node.func) or ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    held = interpreter.rewrites.get(id(node))
    value = held[1] if isinstance(held, tuple) and len(held) > 1 else held
    if method in ("map", "flat_map", "interleave") and node.args and isinstance(value, Dataset):
        return _mapped(interpreter, node.args[0])
    if isinstance(value, Dataset) and symbol:
        if symbol.endswith("from_generator"):
            types = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "output_types")]
            parts = types[0].elts if types and isinstance(types[0], ast.Tuple) else types
            part = parts[path[0]] if path and path[0] < len(parts) else parts[0] if parts else None
            return part is not None and "float32" in ast.unparse(part)
        first = node.args[0] if node.args else node.keywords[0].value
        if symbol.endswith(".zip") and isinstance(first, ast.Tuple) and path and path[0] < len(first.elts):
            return _single(interpreter, first.elts[path[0]], (), frame, seen)
        return _single(interpreter, first, path, frame, seen)
    if isinstance(value, Dataset) and isinstance(node.func, ast.Attribute):
        return _single(interpreter, node.func.value, path, frame, seen)
    if "float32" in text or symbol.startswith((*SINGLE, *_DATA)):
        return True
    if symbol == "tf.placeholder":
        of = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "dtype")]
        return bool(of) and isinstance(of[0], ast.Attribute) and _single(interpreter, of[0].value, (), frame, seen)
    if method in _KEPT and isinstance(node.func, ast.Attribute):
        of_numpy = ast.unparse(node.func.value) in ("np", "numpy") and bool(node.args)
        return _single(interpreter, node.args[0] if of_numpy else node.func.value, (), frame, seen)
    return False


def _mapped(interpreter: Interpreter, function: ast.expr) -> bool:
    """Whether the function that is mapped over a data set says float32 somewhere."""
    if isinstance(function, ast.Name):
        named = [n for n in interpreter.program.each(ast.FunctionDef) if n.name == function.id]
        return len(named) == 1 and says(interpreter, named[0])
    return isinstance(function, ast.Lambda) and says(interpreter, function)
