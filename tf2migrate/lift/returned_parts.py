"""Methods that build a part of an object and return another, as methods that set all of it themselves.

`self.loss, self.train = self._build()` becomes `self._build()`, and `return loss, train` in it the two assignments.
Such a method makes updates, sets attributes besides, or reads what variables there are; one that only computes
something stays a function of the object.
"""

from __future__ import annotations

import ast
from collections import Counter

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import straight, walk
from tf2migrate.model import Edit, Options, Outcome

_UPDATES = ("minimize", "apply_gradients", "optimize_loss", "assign", "assign_add", "assign_sub")
#: What reads the variables that others made, which is told apart where the object is made, not in a function of it.
_COLLECTIONS = ("tf.trainable_variables", "tf.global_variables", "tf.all_variables", "tf.get_collection")


def returned_parts(program: Program, options: Options) -> Outcome:
    """The edits that make such methods set what they returned."""
    classes = program.each(ast.ClassDef)
    based = {ast.unparse(b).split(".")[-1] for c in classes for b in c.bases}
    methods = Counter(n.name for n in program.each(ast.FunctionDef))
    named = Counter(n.attr for n in program.each(ast.Attribute) if not _is_module_s(program, n))
    inner = {node: [n for n in walk(node) if isinstance(n, ast.Attribute) and _is_own(n)] for node in classes}
    of_selves = Counter(n.attr for attributes in inner.values() for n in attributes)
    taken = {n.attr for n in program.each(ast.Attribute)} | set(methods)
    edits: list[Edit] = []
    for node in classes:
        own = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        related = node.name in based or any(ast.unparse(b) != "object" for b in node.bases)
        calls = {n.func for n in walk(node) if isinstance(n, ast.Call)}
        building = _building(program, own)
        for statement in [s for around in own.values() for s in straight(around.body)]:
            method = own.get(_called(statement))
            if method is None or method not in building or (related and methods[method.name] > 1):
                continue
            uses = [n for n in inner[node] if n.attr == method.name]
            if sum(n in calls for n in uses) != 1 or any(statement is s for s in walk(method)):
                continue
            becomes = any(isinstance(n.ctx, ast.Store) for n in uses)  # an attribute in the method's place
            if becomes or (len(uses) == 1 and named[method.name] == of_selves[method.name]):
                assert isinstance(statement, ast.Assign)
                graph = any(_is_tensorflow(program, n) for n in walk(method))
                edits += _edits(program, statement, method, taken if graph else None)
    return Outcome(tuple(edits))


def _is_module_s(program: Program, node: ast.Attribute) -> bool:
    """Whether an attribute is of a module, and so of no object."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if program.names.symbol(node) is not None:
        return True
    imported = {a.asname or a.name.split(".")[0] for i in program.names.imports for a in i.names}
    return isinstance(root, ast.Name) and root.id in imported and program.names.is_global(root)


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _building(program: Program, own: dict[str, ast.FunctionDef]) -> set[ast.FunctionDef]:
    """The methods that make updates, set attributes or read collections, themselves or through others."""
    found = {m for m in own.values() if any(isinstance(n, ast.Attribute) and _builds(program, n) for n in walk(m))}
    grew = True
    while grew:  # ends: `found` only grows, and is bounded by the methods
        names = {m.name for m in found}
        more = {m for m in own.values() if m not in found and _calls(m, names)}
        found |= more
        grew = bool(more)
    return found


def _builds(program: Program, node: ast.Attribute) -> bool:
    sets = isinstance(node.ctx, ast.Store) and _is_own(node)
    return sets or node.attr in _UPDATES or program.names.symbol(node) in _COLLECTIONS


def _calls(method: ast.FunctionDef, names: set[str]) -> bool:
    called = [n.func for n in walk(method) if isinstance(n, ast.Call)]
    return any(isinstance(f, ast.Attribute) and _is_own(f) and f.attr in names for f in called)


def _called(statement: ast.stmt) -> str:
    """The method of the same object that an assignment calls, and nothing else."""
    match statement:
        case ast.Assign(targets=[_], value=ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr))):
            return attr
    return ""


def _is_tensorflow(program: Program, node: ast.AST) -> bool:
    symbol = program.names.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
    return symbol is not None and symbol.startswith("tf.")


def _edits(program: Program, statement: ast.Assign, method: ast.FunctionDef, taken: set[str] | None) -> list[Edit]:
    """The edits of one method and its call; none where what it returns cannot be told apart.

    A plain name that it is bound to becomes an attribute besides, none of those `taken`; None where that is not wanted.
    """
    last = method.body[-1]
    returns = [n for n in walk(method) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    if method.decorator_list or returns != [last] or not isinstance(last, ast.Return) or last.value is None:
        return []
    pairs = _pairs(statement.targets[0], last.value)
    if not pairs or any(ast.unparse(t) != f"self.{t.attr}" for t, _ in pairs if isinstance(t, ast.Attribute)):
        return []
    names = [target.id for target, _ in pairs if isinstance(target, ast.Name)]
    if any(not isinstance(target, ast.Attribute | ast.Name) for target, _ in pairs) or _reads(pairs):
        return []
    if names and (taken is None or taken & set(names) or len(set(names)) < len(names)):
        return []
    if names and not _is_alone(program, statement):
        return []
    if taken is not None:
        taken |= set(names)
    set_to = [f"self.{t.id}" if isinstance(t, ast.Name) else program.segment(t) for t, _ in pairs]
    lines = [f"{target} = {program.segment(value)}" for target, (_, value) in zip(set_to, pairs, strict=True)]
    joined = f"\n{program.indent(last)}".join(lines)
    read = "".join(f"\n{program.indent(statement)}{name} = self.{name}" for name in names)
    return [Edit(program.span(last), joined), Edit(program.span(statement), program.segment(statement.value) + read)]


def _is_alone(program: Program, statement: ast.stmt) -> bool:
    """Whether a statement has its lines for itself."""
    span = program.span(statement)
    before = program.text[: span.start].rpartition("\n")[2]
    after = program.text[span.end :].partition("\n")[0].strip()
    return not before.strip() and (not after or after.startswith("#"))


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, ast.Tuple | ast.List):
        return [(target, value)]
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return []


def _reads(pairs: list[tuple[ast.expr, ast.expr]]) -> bool:
    """Whether one of the values reads an attribute that is set before it now."""
    names = {target.attr for target, _ in pairs if isinstance(target, ast.Attribute)}
    return any(isinstance(n, ast.Attribute) and n.attr in names for _, value in pairs for n in walk(value))
