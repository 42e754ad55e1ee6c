"""The variables that optimizers make for themselves, in collections of all variables: their names, and where they end.

They are named after the variable that they belong to, in the scope that stands where it is trained, and numbered where
several would have one name (`python/training/slot_creator.py` and `adam.py`, TensorFlow 1.15). Nothing of TensorFlow 2
has such names, so that a list with such variables in it is followed only where none of them is looked at:

t_params = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="target")
e_params = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="eval")   # and after them what RMSProp keeps
copies = [tf.assign(t, e) for t, e in zip(t_params, e_params)]              # which ends with the shorter list
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tf2migrate.lift import name_tests
from tf2migrate.lift.layers import Called
from tf2migrate.lift.scopes import TRAINED, Member
from tf2migrate.lift.values import Layer, Optimizer, Python, Refused, Structure, Value, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.variable_lists import Collected

HOLDS = "a collection of all variables holds those of an optimizer, which are not followed"
_ADVICE = "Rewrite this part by hand, then run the tool again."
#: No optimizer has more of them for a variable; that many of one name are reckoned with.
_NUMBERS = 12


@dataclass(frozen=True, eq=False)
class Slots:
    """What an optimizer keeps: in which graph, after how many things were made, and how the names begin.

    `names` are the whole names of all, where they can be told.
    """

    graph: object
    after: int
    begin: frozenset[str]
    names: tuple[str, ...] | None

    def may_begin(self, prefix: str) -> bool:
        """Whether some may have a name that begins so."""
        if self.names is not None:
            return any(name.startswith(prefix) for name in self.names)
        return any(n.startswith(prefix) or prefix.startswith(n) for n in self.begin)


def note(interpreter: Interpreter, optimizer: Value | None, given: Value | None) -> None:
    """Notes that an optimizer makes variables of its own here, or something else does, for what it is given."""
    scopes, graph = interpreter.scopes, interpreter.graph
    members = _trained(interpreter, given)
    known = [m.name for m in members if m.name is not None]
    around = _name_scopes(interpreter)
    certain = isinstance(optimizer, Optimizer) and len(optimizer.made) == 1 and around is not None
    if not certain or around is None or scopes.path is None or (not scopes.path and len(known) < len(members)):
        begin = {""}
    else:
        begin = {*around, *([scopes.path] if scopes.path else (*known, "beta1_power", "beta2_power"))}
    own = _own_name(interpreter, optimizer) if certain and not around else None
    names = None
    if own is not None and scopes.path is not None and all(_parts(m) for m in members):
        within = f"{scopes.path}/" if scopes.path else ""
        numbers = ["", *(f"_{n}" for n in range(1, _NUMBERS))]
        ends = [f"{within}{part}/{own}" for m in members for part in _parts(m) or ()]
        powers = [f"{power}{n}" for power in ("beta1_power", "beta2_power") for n in numbers]
        names = tuple(f"{end}{n}:0" for end in ends for n in numbers)
        names += tuple(f"{before}{power}:0" for before in _scopes(scopes.path, numbers) for power in powers)
    scopes.slotted.append(Slots(graph, len(scopes.made), frozenset(begin), names))


def _name_scopes(interpreter: Interpreter) -> frozenset[str] | None:
    """What the scopes of names in the program are called, which Adam's powers may stand in; None where not told."""
    found = set()
    for call in interpreter.program.each(ast.Call):
        other = isinstance(call.func, ast.Attribute) and call.func.attr == "name_scope"
        if other or interpreter.names.symbol(call.func) == "tf.name_scope":
            match call.args, call.keywords:
                case ([ast.Constant(value=str(name)), *_], _) | (_, [ast.keyword(value=ast.Constant(value=str(name)))]):
                    found.add(name)
                case _:
                    return None
    return frozenset(found)


def _scopes(path: str, numbers: list[str]) -> set[str]:
    """How the scopes of names may begin that go with a scope of variables: each of them may have a number."""
    parts = path.split("/") if path else []
    numbered = {
        "/".join([*parts[:at], f"{part}{n}", *parts[at + 1 :]]) for at, part in enumerate(parts) for n in numbers
    }
    return {"", *(f"{each}/" for each in numbered)}


def _trained(interpreter: Interpreter, given: Value | None) -> list[Member]:
    """What is trained, at most: what is in the list that is given, or what is in the collection by now."""
    every = [m for m in interpreter.scopes.made if m.graph is interpreter.graph]
    if isinstance(given, Structure):
        members: Sequence[Member] | None = getattr(given, "members", None)
        if members is not None:
            return list(members)
        values = leaves(given)
        if given.rest is None and values and all(isinstance(v, Variable) for v in values):
            return [m for m in every if any(m.value is v for v in values)]
    if given is not None and not (isinstance(given, Python) and given.known and given.literal is None):
        return every
    return [m for m in every if m.collections is None or m.collections & TRAINED]


def _own_name(interpreter: Interpreter, optimizer: Value | None) -> str | None:
    """What an optimizer's variables are called after, which is its name; None where that is not told."""
    assert isinstance(optimizer, Optimizer)
    given = optimizer.arguments.get("name")
    if given is None:
        return optimizer.symbol.rsplit(".", 1)[-1].removesuffix("Optimizer")
    with interpreter.apart():
        value = interpreter.evaluate(given)
    return value.literal if isinstance(value, Python) and isinstance(value.literal, str) else None


def _parts(member: Member) -> list[str] | None:
    """The names of a thing's variables; None where they are not told."""
    if member.name is None:
        return None
    if isinstance(member.value, Variable):
        return [member.name]
    parts = name_tests.parts_of(member.value) if isinstance(member.value, Layer) else None
    return [f"{member.name}/{part}" for part in parts] if parts is not None else None


def of(interpreter: Interpreter, prefix: str) -> list[Slots]:
    """What optimizers keep in the graph that may have names which begin so."""
    return [s for s in interpreter.scopes.slotted if s.graph is interpreter.graph and s.may_begin(prefix)]


def chooses(held: Sequence[Slots], tests: list[ast.expr], variable: str) -> bool:
    """Whether conditions on the names of variables may choose one of an optimizer's."""
    names = [name for slots in held for name in (slots.names or (None,))]
    return any(name_tests.holds(tests, variable, name) is not False for name in names)


# -------------------------------------------------------------------- checks


def check(interpreter: Interpreter, lists: Sequence[Collected]) -> None:
    """Where a list has variables of an optimizer in it, no use of it comes to them. Raises `Refused`."""
    for collected in lists:
        if collected.slots:
            assert isinstance(collected.node, ast.expr)
            before = [m for m in collected.members if _index(interpreter, m) < collected.slots[0].after]
            fewest = sum(count(interpreter, m, collected.collection)[0] for m in before)
            uses = list(_uses(interpreter, collected.node))
            if not uses or not all(_ends(interpreter, use, collected.node, fewest) for use in uses):
                raise Refused("TFM901", collected.node, HOLDS, _ADVICE)


def _index(interpreter: Interpreter, member: Member) -> int:
    found = (at for at, made in enumerate(interpreter.scopes.made) if made.value is member.value)
    return next(found, len(interpreter.scopes.made))


def _uses(interpreter: Interpreter, node: ast.expr) -> Iterator[ast.expr]:
    """Where a list is read: where it stands, or the names and attributes that it alone is bound to."""
    program = interpreter.program
    parent = program.parents[id(node)]
    match parent:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target]):
            wanted = target.id if isinstance(target, ast.Name) else target.attr
            for read in program.nodes:
                called = read.id if isinstance(read, ast.Name) else read.attr if isinstance(read, ast.Attribute) else ""
                if called == wanted and isinstance(getattr(read, "ctx", None), ast.Load):
                    assert isinstance(read, ast.expr)
                    yield read
        case _:
            yield node


def _ends(interpreter: Interpreter, use: ast.expr, node: ast.expr, fewest: int) -> bool:
    """Whether a list is gone through together with one that is no longer than it is before an optimizer's variables."""
    call = interpreter.program.parents[id(use)]
    known = use is node or _is_bound(interpreter, use, node)
    if isinstance(call, ast.comprehension) and call.iter is use:  # those that a condition on names leaves out
        chosen = interpreter.rewrites.get(id(interpreter.program.parents[id(call)]))
        return known and getattr(chosen, "collection", None) == "variables" and not getattr(chosen, "slots", ())
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "zip") or call.keywords:
        return False
    around = interpreter.program.parents[id(call)]
    through = isinstance(around, ast.comprehension | ast.For) and around.iter is call
    others = [_most(interpreter, other) for other in call.args if other is not use]
    return through and known and any(most is not None and most <= fewest for most in others)


def _is_bound(interpreter: Interpreter, use: ast.expr, node: ast.expr) -> bool:
    """Whether what is read is what a list was bound to, and can be nothing else."""
    return _bound(interpreter, use) == [node]


def _bound(interpreter: Interpreter, use: ast.expr) -> list[ast.expr]:
    """What a name or attribute was bound to."""
    if isinstance(use, ast.Attribute):
        nodes = [d.statement.node for d in interpreter.attributes.get(id(use), ())]
    else:
        sites = {at for at, _ in interpreter.resolved.get(id(use), ())}
        nodes = [n for n in interpreter.program.each(ast.Assign) if id(n) in sites] if sites else []
        if len(nodes) != len(sites):
            return []
    return [n.value for n in nodes if isinstance(n, ast.Assign)] if nodes else []


def _most(interpreter: Interpreter, node: ast.expr) -> int | None:
    """How many items a list has at most; None where it is another, or more than one."""
    from tf2migrate.lift.variable_lists import Collected

    bound = [node] if id(node) in interpreter.rewrites else _bound(interpreter, node)
    found = interpreter.rewrites.get(id(bound[0])) if len(bound) == 1 else None
    if not isinstance(found, Collected) or found.slots:
        return None
    counted = [count(interpreter, m, found.collection)[1] for m in found.members]
    return sum(most for most in counted if most is not None) if None not in counted else None


def count(interpreter: Interpreter, member: Member, collection: str) -> tuple[int, int | None]:
    """How many variables of a thing are in a collection: at least, and at most where that is told."""
    if not member.once:
        return 0, None
    if isinstance(member.value, Variable):
        return 1, 1
    calls = [c for c in interpreter.layer_calls.values() if isinstance(c, Called) and c.layer is member.value]
    if not isinstance(member.value, Layer) or not calls:
        return 1, None
    if member.value.kind == "BatchNormalization":
        return 1, 4
    if member.value.kind != "Dense" and not member.value.kind.startswith("Conv"):
        return 1, None
    plain = (interpreter.names.symbol(member.value.node.func) or "").startswith("tf.layers.")
    told = any(name in call.arguments for call in calls for name in ("use_bias", "bias_initializer"))
    return (2, 2) if plain and not told else (1, 2)
