"""Arguments that Keras 3 renamed (TFM504), removed (TFM505) or moved (TFM506), and members that it renamed (TFM507,
TFM509) or removed (TFM508)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_edits import (
    attribute_name,
    equal,
    keyword_name,
    literal,
    made_keyword,
    without,
)
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.lint.keras3_tables import calls, member
from tf2migrate.model import Edit, Span
from tf2migrate.records import Record

RENAMED, REMOVED, MOVED, MEMBER, NO_MEMBER, RATE = "TFM504", "TFM505", "TFM506", "TFM507", "TFM508", "TFM509"

#: Methods that nothing but a Keras model has.
_UNIQUE = {"fit_generator": "Model", "evaluate_generator": "Model", "predict_generator": "Model"}
_UNIQUE |= {"experimental_run_v2": "Strategy"}

#: Methods whose first argument was a name and is a shape.
_NAME_FIRST = frozenset({"add_weight", "add_variable"})

#: What a rule of its own speaks of.
_ELSEWHERE = frozenset({"minimize", "predict_proba"})


def changed_calls(kinds: Kinds) -> Iterator[Found]:
    """What is said of the arguments of calls, and of the members of Keras's objects."""
    own = _own_names(kinds)
    called = {id(n.func): n for n in kinds.calls}
    for call in kinds.calls:
        record = _of_function(kinds, call)
        if record is not None:
            yield from _arguments(kinds, call, record)
    for node in kinds.program.each(ast.Attribute):
        if node.attr in _members() and node.attr not in own:
            yield from _member(kinds, node, called.get(id(node)))


@cache
def _members() -> frozenset[str]:
    """The names of the members that there is a verdict on."""
    return frozenset(("variables", *(symbol.rpartition(".")[2] for symbol in calls())))


def _own_names(kinds: Kinds) -> frozenset[str]:
    """Names of methods and attributes that the program itself gives to objects."""
    stored = (n.attr for n in kinds.program.each(ast.Attribute) if isinstance(n.ctx, ast.Store) and n.attr != "lr")
    found = set(stored)
    for node in kinds.defs:
        cls = kinds.scopes.classes.get(id(node))
        if node.name != "reset_states" or cls is None or kinds.base(cls) != "Metric":
            found.add(node.name)
    return frozenset(found)


def _of_function(kinds: Kinds, node: ast.Call) -> Record | None:
    match node.func:
        case ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super")) as parent):
            cls = kinds.scopes.classes.get(id(parent))
            kind = kinds.base(cls) if cls is not None else None
            return calls().get("tf.keras.Layer") if kind in ("Layer", "Model", "RNN") else None
    symbol = kinds.symbol(node.func)
    record = calls().get(symbol) if symbol else None
    if record is None and symbol.startswith("tf.keras.layers.") and node.keywords:
        return calls()["tf.keras.Layer"] if kinds.of(node) in ("Layer", "RNN") else None
    return record


def _member(kinds: Kinds, node: ast.Attribute, call: ast.Call | None) -> Iterator[Found]:
    kind = kinds.of(node.value)
    record = member(kind or (None if _of_others(kinds, node.value) else _UNIQUE.get(node.attr)), node.attr)
    if record is None:
        if node.attr == "variables" and call is not None and kind == "Optimizer":
            yield _property(kinds, node, call)
        return
    if call is None and record.params:
        return  # handed on as a function: what it is called with is not seen
    if node.attr == "lr":
        yield _rate(kinds, node)
        return
    if node.attr in _ELSEWHERE or (node.attr == "reset_states" and kind in ("Model", "Sequential")):
        return
    if call is not None and node.attr in _NAME_FIRST and not _has_name_first(call):
        return
    what = f"{kind or _UNIQUE[node.attr]}.{node.attr}"
    if record.becomes:
        edits = (attribute_name(kinds.program, node, record.becomes),)
        yield Found(MEMBER, node, f"{what} is {record.becomes} in Keras 3", f"Write {record.becomes}.", edits)
    elif record.advice and not (record.only or record.drop or record.rename or record.params):
        yield Found(NO_MEMBER, node, f"{what} is gone from Keras 3", record.advice)
    if call is not None:
        yield from _arguments(kinds, call, record)


def _of_others(kinds: Kinds, node: ast.expr) -> bool:
    """Whether an object is of a class that is none of Keras's as far as this file tells, but may have its methods."""
    if kinds.method_class(node) is not None:
        return True
    calls = [b.node for b in kinds.scopes.bindings(node)] if isinstance(node, ast.Name) else []
    return bool(calls) and all(isinstance(call, ast.Call) and not kinds.symbol(call.func) for call in calls)


def _has_name_first(call: ast.Call) -> bool:
    """Whether a call of add_weight is one of Keras 2: a text comes first, or it has an argument of Keras 2's."""
    if call.args:
        return isinstance(call.args[0], ast.JoinedStr) or isinstance(literal(call.args[0]), str)
    given = {keyword.arg for keyword in call.keywords}
    if isinstance(call.func, ast.Attribute) and call.func.attr == "add_variable":
        return "initializer" not in given
    return bool(given & {"partitioner", "collections", "use_resource", "getter", "synchronization", "aggregation"})


def _rate(kinds: Kinds, node: ast.Attribute) -> Found:
    edits = (attribute_name(kinds.program, node, "learning_rate"),)
    if isinstance(node.ctx, ast.Store):
        message = "assigning to optimizer.lr changes nothing: Keras 3 reads optimizer.learning_rate"
    else:
        message = "an optimizer of Keras 3 has no lr"
    return Found(RATE, node, message, "Write learning_rate.", edits)


def _property(kinds: Kinds, node: ast.Attribute, call: ast.Call) -> Found:
    program = kinds.program
    edits = (Edit(Span(program.span(node).end, program.span(call).end), ""),) if not call.args else ()
    return Found(MEMBER, node, "Optimizer.variables is a list in Keras 3", "Leave out the parentheses.", edits)


def _arguments(kinds: Kinds, call: ast.Call, record: Record) -> Iterator[Found]:
    """What is said of the arguments of one call; those that go share one edit."""
    program = kinds.program
    name = record.symbol.removeprefix("tf.keras.")
    every: list[ast.expr | ast.keyword] = [*_positional_gone(call, record), *call.keywords]
    gone = [a for a in every if _goes(kinds, a, call, record)]
    edits = without(program, call, gone) if gone else ()
    for index, value in enumerate(call.args):
        if isinstance(value, ast.Starred) or index >= len(record.params):
            break
        old = record.params[index]
        if index < record.positional:
            continue
        if value in gone:
            yield Found(REMOVED, value, f"{name} takes no {old} any more", "Leave it out.", edits)
        elif old in record.only or old in record.drop:
            yield Found(REMOVED, value, f"{name} takes no {old} any more", record.advice)
        else:
            new = record.rename.get(old, old)
            moved = (made_keyword(program, value, new),)
            yield Found(MOVED, value, f"{name} takes {new} as a keyword, or at another place", f"Write {new}=.", moved)
    given = {keyword.arg for keyword in call.keywords}
    for keyword in call.keywords:
        if keyword.arg is None:
            continue
        if keyword in gone:
            yield Found(REMOVED, keyword, f"{name} takes no {keyword.arg} any more", "Leave it out.", edits)
        elif keyword.arg in record.only:
            yield Found(REMOVED, keyword, f"{name} takes no {keyword.arg} any more", record.advice)
        elif keyword.arg in record.rename:
            new = record.rename[keyword.arg]
            clash = () if new in given else (keyword_name(program, keyword, new),)
            yield Found(RENAMED, keyword, f"{name} calls {keyword.arg} {new}", f"Write {new}=.", clash)


def _positional_gone(call: ast.Call, record: Record) -> list[ast.expr]:
    if any(isinstance(a, ast.Starred) for a in call.args):
        return []
    return [a for i, a in enumerate(call.args) if record.positional <= i < len(record.params)]


def _goes(kinds: Kinds, argument: ast.expr | ast.keyword, call: ast.Call, record: Record) -> bool:
    """Whether an argument can be left out and changes nothing."""
    if isinstance(argument, ast.keyword):
        name, value = argument.arg or "", argument.value
    else:
        name, value = record.params[call.args.index(argument)], argument
    return name in record.drop or (name in record.only and equal(kinds.program, value, record.only[name]))
