"""TFM403: tensors and variables where Python needs a hash."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.lint.found import Found
from tf2migrate.lint.ground import Ground
from tf2migrate.lint.types import SYMBOLIC
from tf2migrate.model import Edit, Span

_SETS = ("builtins.set", "builtins.frozenset")
_CACHES = ("functools.lru_cache", "functools.cache")


def keys(ground: Ground, code: str) -> Iterator[Found]:
    """What is said of the keys of dicts, the members of sets, and the arguments of functions that are cached."""
    for node in _hashed(ground):
        made = node.func if isinstance(node, ast.Call) else None  # int(x) and the like are no tensors
        if ground.kind(node) in SYMBOLIC and not (made is not None and ground.view.path(made).startswith("builtins.")):
            end = ground.program.span(node).end
            text = ground.program.segment(node)
            plain = isinstance(node, ast.Name | ast.Attribute)
            yield Found(
                code,
                node,
                f"{text if plain else 'it'} is a {ground.kind(node)}, and no key: TensorFlow stops there",
                f"Write {text}.ref()." if plain else "Use the .ref() of it.",
                (Edit(Span(end, end), ".ref()"),) if plain and not _is_cached(ground, node) else (),
            )


def _hashed(ground: Ground) -> Iterator[ast.expr]:
    each = ground.program.each
    for made in each(ast.Dict):
        yield from (key for key in made.keys if isinstance(key, ast.Name | ast.Attribute))
    for shown in each(ast.Set):
        yield from (e for e in shown.elts if isinstance(e, ast.Name | ast.Attribute))
    for comprehension in each(ast.DictComp):
        yield comprehension.key
    for comprehended in each(ast.SetComp):
        yield comprehended.elt
    for item in each(ast.Subscript):
        if isinstance(item.slice, ast.Name | ast.Attribute) and ground.kind(item.value) == "dict":
            yield item.slice
    for call in ground.view.kinds.calls:
        yield from _of_call(ground, call)


def _of_call(ground: Ground, node: ast.Call) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="add" | "discard"), args=[item]):
            if ground.kind(owner) == "set":
                yield item
        case ast.Call(func=ast.Attribute(value=owner, attr="get" | "setdefault"), args=[item, *_]):
            if ground.kind(owner) == "dict":
                yield item
        case ast.Call(func=ast.Name() as function, args=[ast.List(elts=parts) | ast.Tuple(elts=parts)]):
            if ground.view.path(function) in _SETS:
                yield from parts
        case ast.Call(func=ast.Name(), args=[*parts]) if parts and _is_cached(ground, parts[0]):
            yield from parts


def _is_cached(ground: Ground, argument: ast.expr) -> bool:
    """Whether an argument is one of a function that `lru_cache` keeps the results of."""
    call = ground.view.parents.get(id(argument))
    functions = ground.view.called(call.func) if isinstance(call, ast.Call) and argument in call.args else []
    for function in functions:
        for decorator in getattr(function, "decorator_list", []):
            head = decorator.func if isinstance(decorator, ast.Call) else decorator
            if ground.view.path(head) in _CACHES:
                return True
    return False
