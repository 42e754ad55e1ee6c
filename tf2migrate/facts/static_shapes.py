"""What TensorFlow 1 knew of a tensor's shape while the graph was built, worked out from the text.

Only what its shape functions do (`core/framework/common_shape_fns.cc`, `core/ops/*_ops.cc`) for sizes that are written
out, and only for expressions that are of one shape in the whole program: a function that is called twice with different
tensors has none. What is not known for certain is not said at all.
"""

from __future__ import annotations

import ast
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.shape_rules import (
    ARITHMETIC,
    RULES,
    SAME,
    Shape,
    Size,
    UnknownShape,
    broadcast,
    entries,
    first,
    unknown,
)
from tf2migrate.facts.standing import Scope, is_conditional, scope_of, statement_of

_DEPTH = 60  # expressions behind each other; a network is not deeper, and what goes in circles ends

Context = Mapping[ast.AST, ast.Call]  # the call through which a function was come to


class StaticShapes:
    """The shapes of a program's expressions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        for function in program.each(ast.FunctionDef):
            self._functions.setdefault(function.name, []).append(function)
        self._stores: dict[tuple[int, str], list[ast.Name]] = {}
        for each in program.each(ast.Name):
            if not isinstance(each.ctx, ast.Load):
                self._stores.setdefault((id(scope_of(program, each)), each.id), []).append(each)
        self._returns: dict[ast.AST, list[ast.Return]] = {}
        for given in program.each(ast.Return):
            self._returns.setdefault(scope_of(program, given), []).append(given)
        self._calls: dict[str, list[ast.Call]] = {}
        for call in program.each(ast.Call):
            name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
            self._calls.setdefault(str(name), []).append(call)
        self._ends: dict[tuple[int, str], list[int] | None] = {}
        self._known: dict[tuple[int, frozenset[int]], Shape | None] = {}
        self._attributes: dict[str, list[ast.Attribute]] = {}
        self._mentions: dict[str, int] = {}
        for attribute in program.each(ast.Attribute):
            self._mentions[attribute.attr] = self._mentions.get(attribute.attr, 0) + 1
            if not isinstance(attribute.ctx, ast.Load):
                self._attributes.setdefault(attribute.attr, []).append(attribute)
        for each in program.each(ast.Name):
            self._mentions[each.id] = self._mentions.get(each.id, 0) + 1
        declared: list[ast.Global | ast.Nonlocal] = [*program.each(ast.Global), *program.each(ast.Nonlocal)]
        self._elsewhere = {name for node in declared for name in node.names}  # bound in other functions as well

    def of(self, node: ast.expr) -> Shape | None:
        """The shape of a tensor of the graph, a size that TensorFlow 1 did not know as None; None where not told."""
        try:
            return self.shape(node, {}, _DEPTH)
        except (UnknownShape, Unbound):
            return None

    def number(self, node: ast.expr) -> int | None:
        """A whole number that is written out, or that is a size of such a shape; None where not told."""
        try:
            return self.size(node, {}, _DEPTH)
        except (UnknownShape, Unbound):
            return None

    # ---------------------------------------------------------------- values

    def shape(self, node: ast.expr, context: Context, depth: int) -> Shape:
        """The shape of a tensor where a function was come to by these calls. Raises `UnknownShape`."""
        key = id(node), frozenset(map(id, context.values()))
        if key not in self._known:
            self._known[key] = None  # what hangs on itself has none
            with suppress(UnknownShape, Unbound):
                self._known[key] = self._shape(node, context, depth)
        found = self._known[key]
        if found is None:
            raise UnknownShape
        return found

    def _shape(self, node: ast.expr, context: Context, depth: int) -> Shape:
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.Name() | ast.Attribute(value=ast.Name("self")) | ast.Subscript():
                return self.shape(*self._value(node, context, depth), depth - 1)
            case ast.BinOp(left=left, right=right):
                return broadcast(self.shape(left, context, depth - 1), self.shape(right, context, depth - 1))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.shape(inner, context, depth - 1)
            case ast.Constant(value=int() | float()):
                return ()
            case ast.Call(func=func):
                symbol = self.program.names.symbol(func) or ""
                if symbol in SAME and (node.args or node.keywords):
                    return self.shape(first(node), context, depth - 1)
                if symbol in RULES:
                    return RULES[symbol](self, node, context, depth - 1)
                returned, inside = self._returned(node, context)
                return self.shape(returned, inside, depth - 1)
        raise UnknownShape

    def _value(self, node: ast.expr, context: Context, depth: int) -> tuple[ast.expr, Context]:
        """The expression that a name, attribute or entry stands for, and how it was come to."""
        match node:
            case ast.Name():
                return self._of_name(node, context)
            case ast.Attribute(attr=attr):
                return self._of_attribute(node, self._attributes.get(attr, ())), {}
            case ast.Subscript(value=ast.Name() | ast.Attribute() as held, slice=ast.Constant(value=key)):
                found, inside = self._value(held, context, depth - 1)
                if isinstance(found, ast.Dict):
                    return next((v for k, v in entries(found) if k == key), unknown()), inside
                if isinstance(found, ast.Tuple | ast.List) and isinstance(key, int) and -1 < key < len(found.elts):
                    return found.elts[key], inside
        raise UnknownShape

    def _of_name(self, node: ast.Name, context: Context) -> tuple[ast.expr, Context]:
        own = scope_of(self.program, node)
        outer: Scope = own
        while not self._stores.get((id(outer), node.id)) and not _is_parameter(outer, node.id):
            if isinstance(outer, ast.Module):
                raise UnknownShape
            outer = scope_of(self.program, outer)
        stores = self._stores.get((id(outer), node.id), [])
        ends = self._ends_of(outer, node.id)
        if node.id in self._elsewhere or ends is None:
            raise UnknownShape
        before = bisect_right(ends, self.program.span(node).start) if outer is own else int(len(stores) == 1)
        if before:
            return self._bound(stores[before - 1], context)
        if not _is_parameter(outer, node.id) or (stores and outer is not own):
            raise UnknownShape
        assert isinstance(outer, ast.FunctionDef)
        call = context.get(outer) or self._only_call(outer)
        return self._argument(outer, call, node.id), {f: c for f, c in context.items() if f is not outer}

    def _ends_of(self, scope: Scope, name: str) -> list[int] | None:
        """Where the statements end that bind a name, in their order; None where one stands in a branch or a loop."""
        key = id(scope), name
        if key not in self._ends:
            stores = self._stores.get(key, [])
            stores.sort(key=lambda store: self.program.span(store).start)
            straight = not any(is_conditional(self.program, store) for store in stores)
            ends = [self.program.span(statement_of(self.program, store)).end for store in stores]
            self._ends[key] = ends if straight else None
        return self._ends[key]

    def _bound(self, store: ast.Name, context: Context) -> tuple[ast.expr, Context]:
        """What an assignment binds a name to: one of several things that a function gives back among them."""
        statement = statement_of(self.program, store)
        match statement:
            case ast.Assign(targets=[target], value=value) if target is store:
                return value, context
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if store in targets:
                inside = context
                if isinstance(value, ast.Call):
                    value, inside = self._returned(value, context)
                if isinstance(value, ast.Tuple) and len(value.elts) == len(targets):
                    return value.elts[targets.index(store)], inside
        raise UnknownShape

    def _of_attribute(self, node: ast.Attribute, stores: Sequence[ast.Attribute]) -> ast.expr:
        """What an attribute of the object is set to: in one place of the program, for the one object that there is."""
        if len(stores) != 1 or is_conditional(self.program, stores[0]):
            raise UnknownShape
        around = self._class_of(stores[0])
        if around is None or around is not self._class_of(node) or self._mentions.get(around.name, 0) != 1:
            raise UnknownShape
        statement = statement_of(self.program, stores[0])
        if not isinstance(statement, ast.Assign) or statement.targets != [stores[0]]:
            raise UnknownShape
        return statement.value

    def _class_of(self, node: ast.AST) -> ast.ClassDef | None:
        method = scope_of(self.program, node)
        above = self.program.parents.get(id(method))
        return above if isinstance(above, ast.ClassDef) else None

    # ----------------------------------------------------------------- calls

    def _returned(self, call: ast.Call, context: Context) -> tuple[ast.expr, Context]:
        """What a function of the program gives back, at the end of its straight code."""
        function = self._called(call)
        if function is None or function in context or function.decorator_list:
            raise UnknownShape
        returns = [r for r in self._returns.get(function, ()) if r.value is not None]
        if len(returns) != 1 or is_conditional(self.program, returns[0]) or returns[0].value is None:
            raise UnknownShape
        return returns[0].value, {**context, function: call}

    def _called(self, call: ast.Call) -> ast.FunctionDef | None:
        match call.func:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name("self"), attr=name):
                found = self._functions.get(name, [])
                method = isinstance(call.func, ast.Attribute)
                of_class = len(found) == 1 and isinstance(self.program.parents.get(id(found[0])), ast.ClassDef)
                bound = self._stores.get((id(self.program.tree), name))
                return found[0] if len(found) == 1 and method == of_class and not bound else None
        return None

    def _only_call(self, function: ast.FunctionDef) -> ast.Call:
        """The one call of a function or method, or of the class that it initializes."""
        above = self.program.parents.get(id(function))
        name = function.name
        if name == "__init__" and isinstance(above, ast.ClassDef):
            name = above.name
        calls = self._calls.get(name, [])
        once = len(calls) == self._mentions.get(name, 0) == 1 and len(self._functions.get(function.name, ())) == 1
        if not once or function.decorator_list:
            raise UnknownShape
        return calls[0]

    def _argument(self, function: ast.FunctionDef, call: ast.Call, name: str) -> ast.expr:
        """What a call gives a parameter, or its default."""
        spec = function.args
        names = [a.arg for a in spec.args]
        if isinstance(self.program.parents.get(id(function)), ast.ClassDef):
            names = names[1:]
        if spec.posonlyargs or spec.kwonlyargs or spec.vararg or spec.kwarg:
            raise UnknownShape
        given = bind(call, names)
        if name in given:
            return given[name]
        defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
        return defaults.get(name, unknown())

    # --------------------------------------------------------------- numbers

    def size(self, node: ast.expr, context: Context, depth: int) -> Size:
        """A number that is written out, or a size of a shape."""
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.Constant(value=int() | None as value) if not isinstance(value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                return -value
            case ast.Name():
                return self.size(*self._value(node, context, depth), depth - 1)
            case ast.Call(func=ast.Name("int"), args=[inner]):
                return self.size(inner, context, depth - 1)
            case ast.Attribute(value=ast.Subscript() as inner, attr="value"):
                return self.size(inner, context, depth - 1)
            case ast.BinOp(op=ast.Mult() | ast.Add() | ast.Sub() | ast.FloorDiv() as op, left=left, right=right):
                a, b = (self.size(side, context, depth - 1) for side in (left, right))
                if a is None or b is None or b == 0:
                    raise UnknownShape
                return ARITHMETIC[type(op)](a, b)
            case ast.Subscript(slice=ast.Constant() | ast.UnaryOp() as place):
                sizes, at = self.sizes(node.value, context, depth - 1), self.size(place, context, depth - 1)
                if at is not None and -len(sizes) <= at < len(sizes):
                    return sizes[at]
            case ast.Call(args=[inner], keywords=[]) if ast.unparse(node.func) in ("np.prod", "numpy.prod"):
                sizes = self.sizes(inner, context, depth - 1)
                if None not in sizes:
                    return math.prod(size for size in sizes if size is not None)
            case ast.Call(func=ast.Attribute(value=inner, attr="num_elements"), args=[], keywords=[]):
                sizes = self.sizes(inner, context, depth - 1)
                if None not in sizes:
                    return math.prod(size for size in sizes if size is not None)
        raise UnknownShape

    def sizes(self, node: ast.expr, context: Context, depth: int) -> Shape:
        """A list of sizes."""
        if depth == 0:
            raise UnknownShape
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return tuple(self.size(part, context, depth - 1) for part in parts)
            case ast.Name():
                return self.sizes(*self._value(node, context, depth), depth - 1)
            case ast.Call(func=ast.Attribute(value=inner, attr="as_list"), args=[]):
                return self.sizes(inner, context, depth - 1)
            case ast.Call(func=ast.Attribute(value=inner, attr="get_shape"), args=[]):
                return self.shape(inner, context, depth - 1)
            case ast.Attribute(value=inner, attr="shape"):
                return self.shape(inner, context, depth - 1)
            case ast.Subscript(value=inner, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = [None if end is None else self.size(end, context, depth - 1) for end in (lower, upper)]
                return self.sizes(inner, context, depth - 1)[slice(*ends)]
        raise UnknownShape

    def text(self, node: ast.expr, context: Context, depth: int) -> str:
        """A text that is written out, there or where a function is called."""
        if isinstance(node, ast.Name) and depth:
            return self.text(*self._value(node, context, depth), depth - 1)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise UnknownShape

    def pair(self, node: ast.expr, context: Context, depth: int) -> tuple[int, int]:
        """The two sizes that a layer is given, or one for both."""
        try:
            sizes: Shape = (self.size(node, context, depth),) * 2
        except UnknownShape:
            sizes = self.sizes(node, context, depth)
        match sizes:
            case (int() as height, int() as width):
                return height, width
        raise UnknownShape


def _is_parameter(scope: Scope, name: str) -> bool:
    return isinstance(scope, ast.FunctionDef) and any(a.arg == name for a in scope.args.args)
