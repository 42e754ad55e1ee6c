"""Ops of a list that a loop runs one by one, as one run of the list.

copies = [t.assign(s) for s, t in zip(main_vars, target_vars)]
for op in copies:
    sess.run(op)

The function of the list goes through it in its order, and so changes one variable after the other, as the loop did.
That is the same where each op reads nothing but variables and numbers: a tensor that is computed before the list would
be computed once, and not anew for each op.
"""

from __future__ import annotations

import ast

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.values import ASSIGNS
from tf2migrate.lift.written_apart import without
from tf2migrate.model import Edit

_LISTS = ("tf.trainable_variables", "tf.global_variables", "tf.all_variables", "tf.get_collection")
_MADE = ("tf.Variable", "tf.get_variable")
_DEEP = 8  # names that stand for names


def one_by_one(program: Program) -> tuple[Edit, ...]:
    """The edits that run such lists as a whole."""
    edits: list[Edit] = []
    for loop in program.each(ast.For):
        match loop:
            case ast.For(
                target=ast.Name(id=op),
                iter=ast.Name() | ast.Attribute() as listed,
                body=[ast.Expr(ast.Call(ast.Attribute(attr="run") as run, [ast.Name(id=asked)], []))],
                orelse=[],
            ) if asked == op:
                pass
            case _:
                continue
        read = [n for n in program.each(ast.Name) if n.id == op and scope_of(program, n) is scope_of(program, loop)]
        loops = [o for o in program.each(ast.For) if op in {getattr(n, "id", "") for n in walk(o.target)}]
        inside = {id(n) for o in loops for n in walk(o)}  # where each loop has its own
        if all(id(n) in inside or not isinstance(n.ctx, ast.Load) for n in read) and _Lists(program).are_ops(listed):
            edits += _at_calls(program, loop, run, listed) or [
                Edit(program.span(loop), f"{program.segment(run)}({program.segment(listed)})")
            ]
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _at_calls(program: Program, loop: ast.For, run: ast.Attribute, listed: ast.expr) -> list[Edit]:
    """The edits that run a list where a function is called which does nothing else; none where it does more."""
    function = scope_of(program, loop)
    if not isinstance(function, ast.FunctionDef) or function not in program.tree.body or function.decorator_list:
        return []
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    given = [a.arg for a in function.args.args]
    if body != [loop] or not isinstance(run.value, ast.Name) or not isinstance(listed, ast.Name):
        return []
    named = [n for n in program.each(ast.Name) if n.id == function.name]
    edits = []
    for call in (program.parents[id(n)] for n in named):
        if not isinstance(call, ast.Call) or not isinstance(program.parents[id(call)], ast.Expr):
            return []
        try:
            bound = bind(call, given)
            session, ops = (bound[n.id] if n.id in given else n for n in (run.value, listed))
        except Unbound:
            return []
        edits.append(Edit(program.span(call), f"{program.segment(session)}.run({program.segment(ops)})"))
    return [*edits, without(program, function)] if edits else []


class _Lists:
    """What a list holds, as the text says."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def are_ops(self, node: ast.expr, deep: int = 0) -> bool:
        """Whether a list holds assignments, each of which reads variables and numbers alone."""
        match node:
            case ast.ListComp(elt=elt, generators=[ast.comprehension(target=target, iter=source, ifs=[])]):
                return self._assigns(elt, target, source)
            case ast.Call(func=ast.Name(id=name)):
                function = self._function(name)
                return function is not None and self._gives_ops(function, deep)
            case ast.Name(id=name) if deep < _DEEP:
                values = self._values(node)
                if len(values) == 1 and isinstance(values[0], ast.List) and not values[0].elts:
                    return self._fills(name, scope_of(self.program, node))
                return bool(values) and all(self.are_ops(value, deep + 1) for value in values)
            case ast.Attribute(attr=name) if deep < _DEEP:
                kept = self._kept(name)
                return len(kept) == 1 and self.are_ops(kept[0], deep + 1)
        return False

    def _kept(self, name: str) -> list[ast.expr]:
        """What attributes of a name are set to; nothing where that is not told."""
        kept = [n for n in self.program.each(ast.Attribute) if n.attr == name and not isinstance(n.ctx, ast.Load)]
        above = [self.program.parents[id(n)] for n in kept]
        values = [a.value for a in above if isinstance(a, ast.Assign) and len(a.targets) == 1]
        return values if len(values) == len(above) else []

    def _gives_ops(self, function: ast.FunctionDef, deep: int) -> bool:
        """Whether a function does nothing but make such a list and return it."""
        last = function.body[-1]
        if not isinstance(last, ast.Return) or last.value is None or deep >= _DEEP:
            return False
        plain = all(isinstance(s, ast.For) or self._is_told(s) for s in function.body[:-1])
        return plain and self.are_ops(last.value, deep + 1)

    def _is_told(self, statement: ast.stmt) -> bool:
        """Whether a statement computes nothing that a run would."""
        match statement:
            case ast.Expr(value=ast.Constant()):
                return True
            case ast.Assign(value=ast.List(elts=[])):
                return True
            case ast.Assign(value=value):
                return self.are_variables(value) or self._is_number(value)
        return False

    def _fills(self, name: str, scope: ast.Module | ast.FunctionDef) -> bool:
        """Whether one loop fills a list with such assignments, and nothing else does."""
        named = [n for n in self.program.each(ast.Name) if n.id == name and scope_of(self.program, n) is scope]
        filled = []
        for node in named:
            method = self.program.parents[id(node)]
            if isinstance(method, ast.Attribute):
                filled.append(method)
        loops = [loop for loop in self.program.each(ast.For) if any(n is f for n in walk(loop) for f in filled)]
        if len(filled) != 1 or len(loops) != 1:
            return False
        match loops[0]:
            case ast.For(
                target=target,
                iter=source,
                body=[ast.Expr(ast.Call(func=ast.Attribute(attr="append") as method, args=[elt], keywords=[]))],
                orelse=[],
            ) if method is filled[0]:
                return self._assigns(elt, target, source)
        return False

    def _assigns(self, elt: ast.expr, target: ast.expr, source: ast.expr) -> bool:
        """Whether a loop over variables assigns one of them for each turn, of what these and numbers give."""
        names = {n.id for n in walk(target) if isinstance(n, ast.Name)}
        match source:
            case ast.Call(func=ast.Name(id="zip"), args=lists, keywords=[]):
                known = all(map(self.are_variables, lists))
            case ast.Call(func=ast.Name(id="enumerate"), args=[listed], keywords=[]):
                known = self.are_variables(listed)
            case _:
                known = self.are_variables(source)
        match elt:
            case ast.Call(func=ast.Attribute(value=changed, attr=attr)) if attr in ASSIGNS:
                pass
            case ast.Call(func=function, args=[changed, *_]) if self._is(function, "tf.assign"):
                pass
            case _:
                return False
        others = [n for n in walk(elt) if isinstance(n, ast.Name) and n.id not in names]
        one = changed.value if isinstance(changed, ast.Subscript) else changed
        variable = (isinstance(one, ast.Name) and one.id in names) or (one is not changed and self.are_variables(one))
        return known and variable and all(self._is_number(n) or self.are_variables(n) for n in others)

    def _is(self, node: ast.expr, *starts: str) -> bool:
        return (self.program.names.symbol(node) or "").startswith(starts)

    def _is_number(self, node: ast.expr, deep: int = 0) -> bool:
        """Whether a name is TensorFlow's or a number's."""
        if isinstance(node, ast.Constant) or self._is(node, "tf"):
            return True
        match node:
            case ast.Call(func=ast.Name(id="len"), args=[listed]):
                return self.are_variables(listed, deep + 1)
            case ast.BinOp(left=left, right=right):
                return self._is_number(left, deep + 1) and self._is_number(right, deep + 1)
        if not isinstance(node, ast.Name) or deep >= _DEEP:
            return False
        values = self._values(node)
        return bool(values) and all(self._is_number(value, deep + 1) for value in values)

    def are_variables(self, node: ast.expr, deep: int = 0) -> bool:
        """Whether an expression is a list of variables."""
        if deep >= _DEEP:
            return False
        match node:
            case ast.Call(func=ast.Name(id="sorted"), args=[inner]):
                return self.are_variables(inner, deep + 1)
            case ast.Call(func=function) if self._is(function, *_LISTS):
                return True
            case ast.Subscript(value=inner, slice=ast.Slice()):
                return self.are_variables(inner, deep + 1)
            case ast.ListComp(elt=ast.Call(func=function)):
                return self._is(function, *_MADE)
            case ast.ListComp(
                elt=ast.Name(id=one), generators=[ast.comprehension(target=ast.Name(id=each), iter=inner)]
            ):
                return one == each and self.are_variables(inner, deep + 1)
            case ast.Attribute(attr=name):
                values = self._kept(name)
                return bool(values) and all(self.are_variables(v, deep + 1) for v in values)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                called = self._function(name)
                last = called.body[-1] if called is not None else None
                value = last.value if isinstance(last, ast.Return) else None
                return value is not None and self.are_variables(value, deep + 1)
            case ast.Name() if not self._grows(node.id):
                values = self._values(node)
                return bool(values) and all(self.are_variables(value, deep + 1) for value in values)
        return False

    def _grows(self, name: str) -> bool:
        """Whether something is put into a list of a name, which may be no variable."""
        held = [n.value for n in self.program.each(ast.Attribute) if n.attr in ("append", "extend", "insert")]
        return any(isinstance(h, ast.Name) and h.id == name for h in held)

    def _function(self, name: str) -> ast.FunctionDef | None:
        """The only function or method of a name, which returns once."""
        found = [f for f in self.program.each(ast.FunctionDef) if f.name == name]
        once = len(found) == 1 and sum(isinstance(n, ast.Return) for n in walk(found[0])) == 1
        return found[0] if once and not found[0].decorator_list else None

    def _values(self, node: ast.Name) -> list[ast.expr]:
        """What a name is bound to, be it by calls of the function whose parameter it is; nothing where not told."""
        scope: ast.Module | ast.FunctionDef = scope_of(self.program, node)
        if isinstance(scope, ast.FunctionDef) and not stores(self.program, node.id, scope):
            if any(a.arg == node.id for a in [*scope.args.args, *scope.args.kwonlyargs]):
                return self._given(scope, node.id)
            scope = self.program.tree
        values = []
        for bound in stores(self.program, node.id, scope):
            statement = self.program.parents[id(bound)]
            if not isinstance(statement, ast.Assign) or statement.targets != [bound]:
                return []
            values.append(statement.value)
        return values if len(values) == 1 else []

    def _given(self, function: ast.FunctionDef, name: str) -> list[ast.expr]:
        """What all calls of a function give a parameter, with its default."""
        values: list[ast.expr] = []
        named = [n for n in self.program.each(ast.Name) if n.id == function.name]
        positional = [a.arg for a in function.args.args]
        defaults = dict(zip(reversed(positional), reversed(function.args.defaults), strict=False))
        defaults |= {a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d}
        for each in named:
            call = self.program.parents[id(each)]
            if not isinstance(call, ast.Call) or call.func is not each or any(k.arg is None for k in call.keywords):
                return []
            if any(isinstance(a, ast.Starred) for a in call.args):
                return []
            given = dict(zip(positional, call.args, strict=False)) | {k.arg: k.value for k in call.keywords if k.arg}
            value = given.get(name) or defaults.get(name)
            if value is None:
                return []
            values.append(value)
        return values


__all__ = ["one_by_one"]
