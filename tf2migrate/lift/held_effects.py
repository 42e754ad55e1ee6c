"""Ops that one statement holds together, of which a run may want only some: `ops = {"up": v.assign_add(1.0), …}`.

A statement goes into a function whole, and so would all its changes. A run of `ops["up"]` makes one of them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from keyword import iskeyword
from typing import TYPE_CHECKING

from tf2migrate.apply import fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift.trace import Fetch, Statement
from tf2migrate.lift.values import ASSIGNS, Effect, Refused, Structure, Value, leaves
from tf2migrate.lift.written_apart import alone, independent, without
from tf2migrate.model import Edit

if TYPE_CHECKING:
    from tf2migrate.lift.slices import Slice

_WHAT = "a statement holds several ops, and this run makes only some of their changes"
_ADVICE = "Bind each op to a name of its own."
_WHOLE = "Make it once all that it holds is there."
_BLOCK = "branches or a loop change something beside what this run needs of them"
_APART = "Compute it in branches, or in a loop, of its own."
_FILLING = ("append", "extend", "insert", "update", "setdefault")
_CHANGING = (*ASSIGNS, "minimize", "apply_gradients")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_REST = -1  # the place of what a loop or comprehension puts into a list


def check(program: Program, found: Slice) -> None:
    """Raises `Refused` where a function would change more than its run did."""
    readers = Counter(id(d) for s in found.statements for d in s.reads)
    readers.update({id(d) for leaf in found.leaves for d in leaf.reads})
    asked = [leaf.value for leaf in found.leaves]
    single = {id(value) for value in asked if isinstance(value, Effect) and value.kind in _CHANGING}
    for statement in found.statements:
        if _is_one_of_several(statement, single):
            raise Refused("TFM901", found.leaves[0].node, _WHAT, _ADVICE)
        if isinstance(statement.value, Structure) and isinstance(statement.node, ast.Assign):
            acting = dict(_acting(statement.value))
            if acting and not acting.keys() <= _needed(program, found, statement, acting):
                raise Refused("TFM901", found.leaves[0].node, _WHAT, _ADVICE)
        elif isinstance(statement.node, ast.If | ast.Try | ast.Match | ast.For | ast.While):
            if statement not in found.besides and not _is_asked_for(statement, readers):
                raise Refused("TFM901", found.leaves[0].node, _BLOCK, _APART)
            if _is_read_in_part(found, statement):
                raise Refused("TFM901", found.leaves[0].node, _WHAT, _ADVICE)
        elif (held := _container(statement.node)) is not None and found.leaves:
            made = [d.statement.value for d in statement.reads if d.name == held and d.staged]
            if any(isinstance(value, Structure) and any(_acting(value)) for value in made):
                raise Refused("TFM901", statement.node, f"{held} holds an op, and is filled here", _WHOLE)
            changes = {id(e) for effect in statement.effects for e in _effects(effect)}
            wanted = {id(e) for leaf in found.leaves for e in _effects(leaf.value)}
            if changes and not changes & wanted and not _is_read_whole(program, found, held):
                raise Refused("TFM901", found.leaves[0].node, _WHAT, _ADVICE)


def _is_asked_for(block: Statement, readers: Counter[int]) -> bool:
    """Whether a run reads all the changes that branches or a loop make, and not only what they compute.

    `readers` says how many statements and fetches of the run read a definition.
    """
    made = [e for e in block.effects if isinstance(e, Effect) and e.kind in _CHANGING]
    if not made:
        return True
    asked = [d for d in block.writes if readers[id(d)] > (d in block.reads)]
    wanted = {id(e.node) for d in asked for e in _effects(d.value)}
    names = {d.attribute or d.name for d in asked}
    for inner in walk(block.node):  # what waits for a change needs it
        if isinstance(inner, ast.With) and names & _bound(inner):
            wanted |= {id(node) for item in inner.items for node in walk(item)}
    return all(id(e.node) in wanted for e in made)


def _is_one_of_several(statement: Statement, wanted: set[int]) -> bool:
    """Whether an op that a run fetches by itself is one of those that a loop or comprehension makes."""
    asked = [e for effect in statement.effects for e in _effects(effect) if id(e) in wanted]
    if not asked or isinstance(statement.node, ast.For | ast.While):
        return bool(asked)
    own = {id(node) for node in walk(statement.node)}
    for several in (n for n in walk(statement.node) if isinstance(n, _COMPREHENSIONS)):
        inside = {id(node) for node in walk(several)}
        if any(id(e.node) in inside or id(e.node) not in own for e in asked):
            return True
    return False


def _is_read_in_part(found: Slice, block: Statement) -> bool:
    """Whether a function reads single places of what a loop fills with ops: the loop makes the changes of all."""
    if not any(e.kind in _CHANGING for effect in block.effects for e in _effects(effect)):
        return False
    names = {_container(inner) for inner in walk(block.node)} - {None}
    roots = [leaf.node for leaf in found.leaves] + [s.node for s in found.statements if s is not block]
    for node in (n for root in roots for n in walk(root)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
            held = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if held in names:
                return True
    return False


def _bound(node: ast.With) -> set[str]:
    """The names and attributes that are bound in a block."""
    stores = [n for n in walk(node) if isinstance(n, ast.Name | ast.Attribute) and not isinstance(n.ctx, ast.Load)]
    return {n.id if isinstance(n, ast.Name) else n.attr for n in stores}


def _container(node: ast.AST) -> str | None:
    """The name or attribute of what a statement puts something into: `ops["up"] = …`, `ops.append(…)`, `ops += …`."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=held)]) | ast.AugAssign(target=held):
            pass
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=held, attr=attr))) if attr in _FILLING:
            pass
        case _:
            return None
    return held.id if isinstance(held, ast.Name) else held.attr if isinstance(held, ast.Attribute) else None


def _is_read_whole(program: Program, found: Slice, name: str) -> bool:
    """Whether something of a function reads a list or dict as one, and not one of its places."""
    roots: list[ast.AST] = [leaf.node for leaf in found.leaves]
    for statement in (each for s in found.statements for each in (s, *s.controls)):
        if isinstance(statement.node, ast.With):
            roots += [item.context_expr for item in statement.node.items]
        elif _container(statement.node) != name:
            roots.append(statement.node)
    for root in roots:
        for node in walk(root):
            called = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if called == name and isinstance(getattr(node, "ctx", None), ast.Load):
                above = program.parents.get(id(node))
                if not (isinstance(above, ast.Subscript) and above.value is node):
                    return True
    return False


def _acting(held: Structure) -> Iterator[tuple[object, list[Effect]]]:
    """The places of a structure at which something changes."""
    for key, value, _ in held.items:
        if effects := _effects(value):
            yield key, effects
    if held.rest is not None and (effects := _effects(held.rest)):
        yield _REST, effects


def _effects(value: Value) -> list[Effect]:
    found = [leaf for leaf in leaves(value) if isinstance(leaf, Effect)]
    return [each for effect in found for each in (effect, *(p for p in effect.parts if isinstance(p, Effect)))]


def _needed(
    program: Program, found: Slice, statement: Statement, acting: dict[object, list[Effect]]
) -> set[object]:
    """The places that a function needs: what its run fetches of them, and what its other statements read."""
    needed: set[object] = set()
    roots: list[ast.AST] = []
    for leaf in found.leaves:
        fetched = _fetched(leaf, acting)
        needed |= fetched
        roots += [] if fetched else [leaf.node]
    for other in found.statements:
        if other is not statement:
            roots += [other.node, *(c.node for c in other.controls)]
    for root in roots:
        needed |= _read(program, root, statement, acting)
    return needed


def _fetched(leaf: Fetch, acting: dict[object, list[Effect]]) -> set[object]:
    """The places that a fetch is of."""
    wanted = {id(effect) for effect in _effects(leaf.value)}
    places = {place for place, effects in acting.items() if wanted & {id(e) for e in effects}}
    one = isinstance(leaf.node, ast.Subscript)  # of those that a loop has put there
    return places - {_REST} if one else places


def _read(program: Program, root: ast.AST, statement: Statement, acting: dict[object, list[Effect]]) -> set[object]:
    """The places of what a statement binds that are read somewhere."""
    found: set[object] = set()
    names = {definition.attribute or definition.name for definition in statement.writes}
    assert isinstance(statement.node, ast.Assign)
    target = statement.node.targets[0]
    unpacked = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    places = {getattr(t, "id", getattr(t, "attr", "")): place for place, t in enumerate(unpacked)}
    inside = root.items if isinstance(root, ast.With) else [root]
    for node in (n for part in inside for n in walk(part)):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name not in names or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        above = program.parents.get(id(node))
        if name in places:
            found.add(places[name])
        elif isinstance(above, ast.Subscript) and above.value is node:
            found |= {above.slice.value} if isinstance(above.slice, ast.Constant) else set()
        else:
            found |= acting.keys()
    return found


# -------------------------------------------------------------------- the same, each under a name of its own


def ops_apart(program: Program) -> tuple[Edit, ...]:
    """The edits that bind ops which one statement holds to names of their own, and read these."""
    edits: list[Edit] = []
    taken = {*program.words, *program.reserved}
    for statement in program.each(ast.Assign):
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                plain = len(targets) == len(values) and independent(targets, values)
                if plain and alone(program, statement) and any(changes(program, v) for v in values):
                    pairs = zip(targets, values, strict=True)
                    lines = [f"{program.segment(t)} = {program.segment(v)}" for t, v in pairs]
                    edits.append(Edit(program.span(statement), f"\n{program.indent(statement)}".join(lines)))
            case ast.Assign(targets=[ast.Name() as target], value=ast.Dict() | ast.List() | ast.Tuple() as value):
                if alone(program, statement) and scope_of(program, statement) is program.tree:
                    edits += _named(program, statement, target, dict(_elements(value)), taken)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _named(
    program: Program, statement: ast.Assign, target: ast.Name, held: dict[object, ast.expr], taken: set[str]
) -> list[Edit]:
    """The edits for a dict or list of the module that is read by the places of what it holds; none for another."""
    named = [n for n in program.each(ast.Name) if n.id == target.id and n is not target]
    reads = [program.parents[id(n)] for n in named]
    own = {key: each.id for key, each in held.items() if isinstance(each, ast.Name) and _is_bound_once(program, each)}
    if not named or len(held) < 2 or not all(key in own or changes(program, each) for key, each in held.items()):
        return []
    texts: dict[object, str] = dict(own)
    for key in (k for k in held if k not in own):
        name = key if isinstance(key, str) and key.isidentifier() and not iskeyword(key) else f"{target.id}_{key}"
        texts[key] = fresh(name if name.isidentifier() else "update", taken)
        taken.add(texts[key])
    edits = []
    for node, read in zip(named, reads, strict=True):
        match read:
            case ast.Subscript(value=value, slice=ast.Constant(value=key)) if value is node and key in texts:
                if isinstance(read.ctx, ast.Load) and program.names.is_global(node):
                    edits.append(Edit(program.span(read), texts[key]))
    lines = [f"{texts[key]} = {program.segment(each)}" for key, each in held.items() if key not in own]
    text = f"\n{program.indent(statement)}".join(lines)
    edits.append(Edit(program.span(statement), text) if lines else without(program, statement))
    return edits if len(edits) == len(named) + 1 else []


def _is_bound_once(program: Program, node: ast.Name) -> bool:
    """Whether a name of the module means one thing everywhere."""
    every = [n for n in program.each(ast.Name) if n.id == node.id and not isinstance(n.ctx, ast.Load)]
    given = any(a.arg == node.id for a in program.each(ast.arg))
    return len(every) == 1 and not given and program.names.is_global(every[0])


def _elements(node: ast.expr) -> Iterator[tuple[object, ast.expr]]:
    """What a display holds, by its places."""
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        for key, value in zip(node.keys, node.values, strict=True):
            yield key.value, value  # type: ignore[union-attr]
    elif isinstance(node, ast.List | ast.Tuple):
        yield from enumerate(node.elts)


def changes(program: Program, node: ast.expr) -> bool:
    """Whether an expression is an op that changes variables."""
    if not isinstance(node, ast.Call):
        return False
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return method in _CHANGING or (program.names.symbol(node.func) or "").startswith("tf.assign")
