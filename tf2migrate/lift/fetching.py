"""What a run asks for: the structure of its fetches, and what each of them is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import walk
from tf2migrate.lift import builders, classes, datasets, kept_fetches
from tf2migrate.lift.trace import Fetch, Fetches, Statement
from tf2migrate.lift.values import (
    ASSIGNS,
    EACH,
    PYTHON,
    Effect,
    Refused,
    Structure,
    Tensor,
    Time,
    Unknown,
    Value,
    Variable,
    Variables,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

#: What makes sparse tensors; of those that take some, the ones that make something else.
_SPARSE = frozenset(("tf.SparseTensor", "tf.string_split", "tf.strings.split"))
_OF_SPARSE = ("tf.sparse_", "tf.sparse.")
_DENSE = ("dense", "matmul", "to_indicator", "_sum", "_max", "_mean", "_sqrt_n")


def fetch(interpreter: Interpreter, node: ast.expr) -> Fetches:
    """The structure of what a run asks for."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not any(
            isinstance(e, ast.Starred) for e in elements
        ):
            kind = "list" if isinstance(node, ast.List) else "tuple"
            return Fetches(kind, tuple((str(i), _inner(interpreter, e)) for i, e in enumerate(elements)))
        case ast.Dict(keys=keys, values=values) if all(isinstance(k, ast.Constant) for k in keys):
            names = [str(k.value) for k in keys if isinstance(k, ast.Constant)]
            return Fetches("dict", tuple((k, _inner(interpreter, v)) for k, v in zip(names, values, strict=True)))
    found = _leaf(interpreter, node)
    return found if isinstance(found, Fetches) else Fetches("one", (("0", found),))


def _inner(interpreter: Interpreter, node: ast.expr) -> Fetch | Fetches:
    found = fetch(interpreter, node)
    return found.items[0][1] if found.kind == "one" else found


def _leaf(interpreter: Interpreter, node: ast.expr) -> Fetch | Fetches:
    """One fetch. What is more than a name becomes a statement of the graph, standing where the run stands."""
    synthetic = Statement(node, interpreter.frame, interpreter.order, interpreter.blocks, controls=())
    with interpreter.within(synthetic):
        value = interpreter.evaluate(node)
    if value is PYTHON and isinstance(node, ast.Attribute) and classes.is_never_set(interpreter, node):
        value = Variable(node)  # whatever is written for it stops as the run did
    synthetic.value, synthetic.moves = value, value.time >= Time.STAGED
    if (attribute := builders.named_attribute(interpreter, node)) is not None:
        return fetch(interpreter, attribute)
    if (elsewhere := builders.elsewhere(interpreter, node, value)) is not None:
        return elsewhere
    if isinstance(value, Structure):
        definitions = [d for d in synthetic.reads if isinstance(node, ast.Name) and d.name == node.id]
        literal = value.node if isinstance(value.node, ast.List | ast.Tuple) and value.rest is None else None
        written_out = literal is not None and all(n is not None for _, _, n in value.items)
        if definitions and literal is not None and written_out and not _makes_state(definitions[0].statement, literal):
            with _seen_from(interpreter, definitions[0].statement):
                return fetch(interpreter, literal)
        if (own := _of_own_attributes(interpreter, node, value)) is not None:
            return fetch(interpreter, own)
        several = leaves(value)
        if several and all(isinstance(leaf, Effect) for leaf in several):
            each = all(isinstance(leaf, Effect) and leaf.kind in ASSIGNS for leaf in several)
            first = several[0]
            assert isinstance(first, Effect)
            effect = Effect(EACH if each else "group", first.node, parts=tuple(several))
            return Fetch(node, effect, frozenset(synthetic.reads), synthetic, _is_named(interpreter, node))
        if several and all(isinstance(leaf, Variable) for leaf in several):
            flat = value.kind == "list" and not any(isinstance(v, Structure) for _, v, _ in value.items)
            one: Value = Variables(node, flat=flat and not isinstance(value.rest, Structure))
            return Fetch(node, one, frozenset(synthetic.reads), synthetic, _is_named(interpreter, node), nested=True)
        if all(isinstance(leaf, Tensor) for leaf in several):
            one = Tensor(value.time, node)
            return Fetch(node, one, frozenset(synthetic.reads), synthetic, _is_named(interpreter, node), nested=True)
        if (kept := kept_fetches.items(interpreter, value)) is not None:
            every = []
            for key, written, statement in kept:
                with _seen_from(interpreter, statement):
                    every.append((key, _inner(interpreter, written)))
            return Fetches(value.kind, tuple(every))
        for leaf in several:
            if isinstance(leaf, Unknown):
                raise Refused("TFM901", leaf.node, leaf.reason, "Rewrite this part by hand, then run the tool again.")
        raise Refused(
            "TFM906",
            node,
            "what is fetched is a collection that the analysis cannot take apart",
            "Write the fetched tensors out in the run.",
        )
    if isinstance(value, Tensor) and isinstance(value.node, ast.Call):
        symbol = interpreter.names.symbol(value.node.func) or ""
        if symbol in _SPARSE or (symbol.startswith(_OF_SPARSE) and not symbol.endswith(_DENSE)):
            what = "a sparse tensor is fetched, which TensorFlow 1 gave as a SparseTensorValue of arrays"
            raise Refused("TFM906", node, what, "Fetch its indices, values and dense_shape.")
    deep = isinstance(value, datasets.Element) and bool(datasets.is_deep(value))
    return Fetch(node, value, frozenset(synthetic.reads), synthetic, _is_named(interpreter, node), deep)


def _of_own_attributes(interpreter: Interpreter, node: ast.expr, value: Structure) -> ast.expr | None:
    """The list or dict of an object's own attributes that one of them stands for, where those are still the same."""
    definitions = interpreter.attributes.get(id(node), ())
    assigned = definitions[0].statement.node if len(definitions) == 1 else None
    literal = assigned.value if isinstance(assigned, ast.Assign) else None
    match literal:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts) if value.rest is None:
            pass
        case _:
            return None
    if not (_is_own(node) and all(_is_own(part) for part in parts)):
        return None
    before = [interpreter.attributes.get(id(part)) for part in parts]
    with interpreter.apart():
        for part in parts:
            interpreter.evaluate(part)
    return literal if before == [interpreter.attributes.get(id(part)) for part in parts] else None


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _makes_state(statement: Statement, literal: ast.expr) -> bool:
    """Whether a variable is made inside of a list: written out again where it is fetched, it would be another one."""
    inside = {id(n) for n in walk(literal)}
    return any(id(made.node) in inside for made in statement.made)


@contextmanager
def _seen_from(interpreter: Interpreter, statement: Statement) -> Iterator[None]:
    """Names as they were where a collection of fetches was written."""
    before = dict(interpreter.frame.env)
    for definition in statement.reads:
        interpreter.frame.env[definition.name] = (definition,)
    yield
    interpreter.frame.env = before


def _is_named(interpreter: Interpreter, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or id(node) in interpreter.attributes
