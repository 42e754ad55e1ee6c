"""Objects of one class that share their variables: the first makes them, and is given to the others.

    with tf.variable_scope("model"):
        train = Model(True, 20)                         train = Model(True, 20)
    with tf.variable_scope("model", reuse=True):        test = Model(False, 1, shared=train)
        test = Model(False, 1)

In a scope that is reused, `get_variable` finds what there is or stops the program. So each call in the class finds what
the same call has made for the first object; a `tf.Variable` is made for each object, there as here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.standing import scope_of, statement_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.scopes import ALWAYS, NEVER
from tf2migrate.lift.values import Python, Refused

if TYPE_CHECKING:
    from tf2migrate.lift.classes import Instance
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.trace import Statement
    from tf2migrate.lift.values import Value

_SCOPES = ("tf.variable_scope", "tf.name_scope")
_COLLECTIONS = (
    *("tf.get_collection", "tf.get_collection_ref", "tf.summary.merge_all", "tf.losses.get_losses"),
    *("tf.losses.get_total_loss", "tf.losses.get_regularization_losses", "tf.losses.get_regularization_loss"),
)
_WIDTH = 110
_SAYS_ITSELF = {"__len__", "__bool__"}  # what an object is in a condition


@dataclass(eq=False)
class Taken:
    """What a statement shares: whose it is, its attributes, and the names that differ from object to object."""

    node: ast.AST
    other: str
    varied: set[str]
    names: set[str] = field(default_factory=set)

    def check(self, made: str) -> None:
        """Raises `Refused` where what is made depends on what differs: its size aside, which must be the same."""
        call = ast.parse(made.strip(), mode="eval").body
        given = [*call.args, *(k.value for k in call.keywords)] if isinstance(call, ast.Call) else [call]
        of = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        given = given[1:] if re.search(r"(\.keras\.layers\.(RNN|Dense|(Separable)?Conv\w+)|Cells?)$", of) else given
        of_variable = of.endswith(".Variable")
        if not of_variable and any(names_in(argument) & self.varied for argument in given):
            what = "what objects of one class share is made of what differs from one to the other"
            raise Refused("TFM901", self.node, what, ADVICE)


@dataclass(eq=False)
class Sharing:
    """Which objects are given which others, and what they share."""

    name: str = "shared"
    given: dict[int, str] = field(default_factory=dict)  # the name of the first object, by the call of another's class
    constructors: list[ast.FunctionDef] = field(default_factory=list)
    first: dict[Instance, str] = field(default_factory=dict)  # by class: the object that makes what is shared
    told: set[int] = field(default_factory=set)  # the calls of scopes in the classes that share what is in them
    alone: set[Instance] = field(default_factory=set)  # where nothing else is made between the objects
    counts: dict[int, int] = field(default_factory=dict)  # how much the graph had when an object was there, by its call
    varied: dict[ast.AST, set[str]] = field(default_factory=dict)  # by constructor
    made: dict[int, Taken] = field(default_factory=dict)  # by statement
    inside: list[tuple[Statement, ast.Call]] = field(default_factory=list)  # what moving statements make of it

    def hoisted(self, names: Mapping[int, str]) -> None:
        """Notes the attributes that what moving statements make is kept in."""
        for statement, node in self.inside:
            self.made[id(statement.node)].names.add(names[id(node)])

    def note(self, statement: Statement, instance: Instance) -> Taken:
        """Notes that a statement of a class makes what is shared."""
        constructor = instance.of.methods["__init__"]
        other = self.name if statement.frame.node is constructor else f"self.{self.name}"
        taken = Taken(statement.node, other, self.varied[constructor])
        return self.made.setdefault(id(statement.node), taken)

    def header(self, node: ast.AST, text: str) -> str:
        """The header of a constructor, with the object that it may share with."""
        if node not in self.constructors:
            return text
        close = text.rindex(")", 0, text.rindex(":"))
        return f"{text[:close].rstrip().removesuffix(',')}, {self.name}=None{text[close:]}"

    def call(self, node: ast.Call, text: str) -> str:
        """The call that makes an object, with the one that it shares with. Raises `Refused`."""
        inside = text[:-1].rstrip().removesuffix(",")
        if "#" in inside or not text.endswith(")"):
            raise Refused("TFM901", node, "an object that shares variables is made in a call with comments", ADVICE)
        return f"{inside}{'' if inside.endswith('(') else ', '}{self.name}={self.given[id(node)]})"

    def lines(self, node: ast.stmt, lines: list[str], indent: str) -> list[str]:
        """The lines that stand in a statement's place, where what they make is taken from the other object instead."""
        shared = self.made.get(id(node))
        for name in shared.names if shared is not None else ():
            assert shared is not None
            other = shared.other
            begin = f"{indent}{name} = "
            at = next((i for i, line in enumerate(lines) if line.startswith(begin)), None)
            if at is None:
                continue
            end = at + 1
            while end < len(lines) and (not lines[end].strip() or re.match(rf"{indent}[\s)\]}}]", lines[end])):
                end += 1
            shared.check("\n".join([lines[at].removeprefix(begin), *lines[at + 1 : end]]))
            taken = f"{other}.{name.removeprefix('self.')}"
            one = f"{begin}{taken} if {other} else {lines[at].removeprefix(begin)}"
            found = [one] if end == at + 1 and len(one) < _WIDTH else []
            if not found:
                inner = [f"    {line}" if line.strip() else line for line in lines[at:end]]
                found = [f"{indent}if {other}:", f"    {begin}{taken}", f"{indent}else:", *inner]
            lines = [*lines[:at], *found, *lines[end:]]
        return lines


ADVICE = "Make the variables once, and give them to both."


def names_in(node: ast.AST) -> set[str]:
    """The names and attributes that an expression mentions."""
    return {n.id if isinstance(n, ast.Name) else n.attr for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)}


def telling(interpreter: Interpreter, instance: Instance) -> set[int]:
    """The scopes of a constructor that find all for the second object that they hold for the first."""
    constructor = instance.of.methods.get("__init__")
    given = [arguments for _, arguments in interpreter.given.get(constructor, [])] if constructor is not None else []
    found = set()
    for node in walk(constructor) if constructor is not None else ():
        told = [k.value for k in getattr(node, "keywords", []) if k.arg == "reuse"]
        if not isinstance(node, ast.Call) or not told or interpreter.names.symbol(node.func) != _SCOPES[0]:
            continue
        known = [_literal(instance, arguments, told[0]) for arguments in given]
        by_parameter = bool(known) and known[0] in (None, False) and all(one is True for one in known[1:])
        bound = isinstance(told[0], ast.Name) and any(_stores(n, told[0].id) for n in walk(instance.of.node))
        if (by_parameter and not bound) or interpreter.names.symbol(told[0]) == "tf.AUTO_REUSE":
            found.add(id(node))
    return found


def _literal(instance: Instance, arguments: Mapping[str, Value], told: ast.expr) -> object:
    """What a parameter of a constructor is for an object; an ellipsis where that is not known."""
    spec = instance.of.methods["__init__"].args
    defaults = dict(zip([a.arg for a in reversed(spec.args)], reversed(spec.defaults), strict=False))
    name = told.id if isinstance(told, ast.Name) else ""
    if (value := arguments.get(name)) is None:
        default = defaults.get(name)
        return default.value if isinstance(default, ast.Constant) else ...
    return value.literal if isinstance(value, Python) and value.known else ...


def _stores(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)


def share(interpreter: Interpreter, instance: Instance, told: set[int], varied: set[str]) -> bool:
    """Notes that objects of a class share the first one's variables; False where that cannot be told.

    They do so as the scopes around them say, or those `told` in the constructor, in which all is made then. The names
    `varied` mean other things for other objects.
    """
    begun, made = instance.begun, instance.of
    constructor = made.methods.get("__init__")
    first = _bound(interpreter, begun[0][0])
    paths = {path for _, path, _ in begun}
    around = NEVER if told else ALWAYS
    if len(paths) > 1 or None in paths or begun[0][2] != NEVER or any(r != around for _, _, r in begun[1:]):
        return False
    if constructor is None or first is None or not _is_plain(interpreter, instance, constructor):
        return False
    calls = [node for node, _, _ in begun[1:]]
    homes = {scope_of(interpreter.program, node) for node, _, _ in begun}
    if len(homes) > 1 or any(_bound(interpreter, node) is None for node in calls):
        return False
    interpreter.sharing.first[instance] = first
    interpreter.sharing.told |= told
    counts = interpreter.sharing.counts
    if len({counts[id(node)] for node, _, _ in begun}) == 1:
        interpreter.sharing.alone.add(instance)
    interpreter.sharing.constructors.append(constructor)
    interpreter.sharing.varied[constructor] = varied
    interpreter.sharing.given |= {id(node): first for node in calls}
    return True


def _bound(interpreter: Interpreter, node: ast.Call) -> str | None:
    """The name that an object is bound to, once and in no branch and no loop."""
    match statement_of(interpreter.program, node):
        case ast.Assign(targets=[ast.Name(id=name)], value=value) as statement if value is node:
            pass
        case _:
            return None
    around: ast.AST | None = statement
    while around is not None and not isinstance(around, ast.Module | ast.FunctionDef):
        if isinstance(around, ast.If | ast.For | ast.While | ast.Try | ast.ClassDef):
            return None
        around = interpreter.program.parents.get(id(around))
    return name if len(stores(interpreter.program, name, scope_of(interpreter.program, node))) == 1 else None


def _is_plain(interpreter: Interpreter, instance: Instance, constructor: ast.FunctionDef) -> bool:
    """Whether a class has nothing that would make its objects differ in what they share."""
    node, spec = instance.of.node, constructor.args
    taken = {*interpreter.program.words, *(n.attr for n in interpreter.program.each(ast.Attribute))}
    if interpreter.sharing.name in taken or spec.vararg or spec.kwarg or spec.kwonlyargs:
        return False
    if instance.of.base is not None or _SAYS_ITSELF & set(instance.of.methods) or instance.again:
        return False
    if any(interpreter.mentions(symbol) for symbol in _COLLECTIONS):  # which hold what both have computed
        return False
    inside = {id(n) for n in walk(node)}
    others = [i for i in interpreter.instances.values() if i is not instance]
    if any(id(call) in inside for other in others for call, _, _ in other.begun):
        return False
    for each in walk(node):
        if isinstance(each, ast.Call) and interpreter.names.symbol(each.func) in _SCOPES:
            told = each.args[0] if each.args else None
            own = isinstance(told, ast.Call) and interpreter.names.symbol(told.func) == "tf.get_variable_scope"
            if not own and not (isinstance(told, ast.Constant) and isinstance(told.value, str)):
                return False
    return True


__all__ = ["ADVICE", "Sharing", "Taken", "names_in", "share", "telling"]
