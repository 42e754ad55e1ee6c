"""Summaries that helper functions, loops and branches make: each is put into a dict as it is computed.

A run that fetches `merge_all` returns the dict, by kind and tag, and `add_summary` writes it out; there is a dict for
each collection that is merged so. Tags are those of
TensorFlow 1 (`python/ops/summary_op_util.py`): the name scopes around, the name, and a number where another summary
has it; that an op may have it too, and the number come of that, is not looked at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.tree import is_main, walk
from tf2migrate.lift import scoped_names, scopes, summary_images, unique_names
from tf2migrate.lift.layers import free_name
from tf2migrate.lift.scopes import Scope
from tf2migrate.lift.trace import Definition, Statement
from tf2migrate.lift.values import (
    Handle,
    Python,
    Refused,
    Structure,
    Tensor,
    Time,
    Trained,
    Unknown,
    Value,
    Variable,
    leaves,
)

if TYPE_CHECKING:
    from tf2migrate.facts.names import Names
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.interpret import Interpreter
    from tf2migrate.lift.part_text import PartText

ADVICE = "Write the summaries with tf.summary where their values are computed."
MERGES = ("tf.summary.merge_all", "tf.merge_all_summaries")
EVERY = "summaries"  # the collection that summaries are in which are put into no other
_STEP = "    "
_SCOPES = ("tf.name_scope", "tf.variable_scope")
_APART = (ast.For, ast.While, ast.If, ast.Try, ast.Match, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)

_FUNCTION = '''\
def {name}(summaries, kind, name, value):
    """Notes what is to be written, under the tag that TensorFlow 1 gave it."""
    scope = {tf}.get_current_name_scope()
    wanted = tag = (f"{{scope}}/" if scope else "") + name.replace(":", "_").replace(" ", "_")
    number = 0
    while any(tag in noted for noted in summaries.values()):
        number += 1
        tag = f"{{wanted}}_{{number}}"
    summaries[kind][tag] = {tf}.convert_to_tensor(value)'''


@dataclass(eq=False)
class Notes:
    """The dict of a collection of summaries: its definition, the function that fills it, the options of each kind."""

    key: str
    definition: Definition
    function: str
    kinds: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The line that makes the dict."""
        kinds = ", ".join(f'"{kind}": {{}}' for kind in self.kinds)
        return f"{self.definition.name} = {{{kinds}}}"


@dataclass(frozen=True, eq=False)
class Note(Tensor):
    """The call of a summary, which puts something into the dict."""

    kind: str = ""
    name: ast.expr = field(default_factory=lambda: ast.Constant(""))
    value: ast.expr = field(default_factory=lambda: ast.Constant(None))
    notes: Notes | None = None


@dataclass(frozen=True, eq=False)
class Noting(Value):
    """What a statement does that puts something into the dict of a collection."""

    key: str


def collections_of(names: Names, call: ast.Call) -> frozenset[str] | None:
    """The collections that a summary is put into, or that are merged; None where they are not written out."""
    symbol = names.symbol(call.func) or ""
    place = 0 if symbol in MERGES else 3 if "image" in symbol else 2
    given = [k.value for k in call.keywords if k.arg == ("key" if symbol in MERGES else "collections")]
    node = given[0] if given else call.args[place] if len(call.args) > place else None
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return frozenset((EVERY,))
    told = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    keys = [EVERY if names.symbol(n) == "tf.GraphKeys.SUMMARIES" else getattr(n, "value", None) for n in told]
    return frozenset(map(str, keys)) if all(isinstance(key, str) for key in keys) else None


def of(interpreter: Interpreter, kinds: Collection[str], key: str) -> Notes | None:
    """The dict of a collection that the program merges, where some of its summaries are made apart from there."""
    if key not in interpreter.notes_sought:
        interpreter.notes_sought.add(key)
        merging, apart, made = set(), False, set()
        for call, function, inside in _calls(interpreter.program.tree, interpreter.program.tree, False):
            symbol = interpreter.names.symbol(call.func)
            if symbol not in kinds and symbol not in MERGES:
                continue
            told = collections_of(interpreter.names, call)
            if told is not None and key not in told:
                continue
            if symbol in MERGES:
                merging.add(function)
            else:
                made.add(function)
                apart = apart or inside
        if merging and (apart or made - merging or len(merging) > 1):
            interpreter.notes[key] = _notes(interpreter, key)
    return interpreter.notes.get(key)


def _calls(node: ast.AST, function: ast.AST, apart: bool) -> Iterator[tuple[ast.Call, ast.AST, bool]]:
    """Every call, with the function that it stands in, and whether in a loop or branch of that."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function, apart
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _calls(child, child, False)
        else:
            yield from _calls(child, function, apart or (isinstance(child, _APART) and not is_main(child)))


def _notes(interpreter: Interpreter, key: str) -> Notes:
    name = free_name(interpreter, key if key.isidentifier() else EVERY)
    while any(name == notes.definition.name for notes in interpreter.notes.values()):
        name += "_"
    node = ast.parse(f"{name} = {{}}").body[0]
    statement = Statement(node, interpreter.frames[0], 0, (), moves=True, value=Tensor(Time.STAGED, node))
    definition = Definition(name, Tensor(Time.STAGED, node), statement)
    statement.writes.append(definition)
    return Notes(key, definition, free_name(interpreter, "note_summary"))


def note(
    interpreter: Interpreter, notes: Notes, node: ast.Call, kind: str, bound: Mapping[str, ast.expr]
) -> Value | None:
    """A summary that is a statement of its own; None for another one."""
    statement = interpreter.statement.node
    if (
        not isinstance(statement, ast.Expr | ast.Assign)
        or statement.value is not node
        or _is_read(interpreter, statement)
    ):
        if interpreter.frame.unit and all(map(is_main, interpreter.blocks)):
            return None
        raise Refused("TFM901", node, "a summary of a helper function, a loop or a branch is bound to a name", ADVICE)
    if any(isinstance(b, ast.For | ast.While) and _runs(interpreter, b) for b in interpreter.blocks):
        raise Refused("TFM901", node, "a summary is made in a loop that runs the graph", ADVICE)
    options = "".join(f", {key}={ast.unparse(v)}" for key, v in bound.items() if key == "max_outputs")
    if notes.kinds.setdefault(kind, options) != options:
        raise Refused("TFM901", node, "summaries of one kind have different options", ADVICE)
    name, value_node = bound["name"], bound["values" if "values" in bound else "tensor"]
    value = interpreter.evaluate(value_node)
    interpreter.naming = True
    named = interpreter.evaluate(name)
    interpreter.naming = False
    for leaf in [*leaves(named), *leaves(value)]:
        if isinstance(leaf, Unknown):
            return leaf
    if isinstance(value, Structure | Handle):
        raise Refused("TFM901", node, "what is summarised is no single tensor", ADVICE)
    _check_name(interpreter, name)
    if (told := scopes.told(interpreter, name)) is not None:
        name = ast.Constant(told)
    interpreter.statement.reads.add(notes.definition)
    interpreter.statement.effects.append(Noting(notes.key))
    if not interpreter.frame.unit:
        for call in _around(interpreter, node, interpreter.frame.node):
            if not is_named(interpreter, call):
                raise Refused("TFM901", node, "the scopes around a summary in a helper cannot be told", ADVICE)
    return Note(Time.STAGED, node, kind=kind, name=name, value=value_node, notes=notes)


def _is_read(interpreter: Interpreter, statement: ast.stmt | ast.expr) -> bool:
    """Whether what a statement binds a summary to is read anywhere, or is no plain name."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    loaded = (n for n in interpreter.program.each(ast.Name) if isinstance(n.ctx, ast.Load))
    return len(names) < len(targets) or any(n.id in names for n in loaded)


def _runs(interpreter: Interpreter, block: ast.stmt) -> bool:
    return interpreter.running.inside(block, interpreter.driver_nodes)


def _check_name(interpreter: Interpreter, name: ast.expr) -> None:
    """A tag must not follow the name of a tensor, or of a variable whose name is another one now. Raises `Refused`."""
    for node in walk(name):
        if not isinstance(node, ast.Attribute) or node.attr != "name":
            continue
        owner = node.value.value if isinstance(node.value, ast.Attribute) and node.value.attr == "op" else node.value
        with interpreter.apart():
            held = interpreter.evaluate(owner)
        if isinstance(held, Variable | Trained):
            _check_variables(interpreter, node)
            if owner is not node.value:
                text = f'{ast.unparse(owner)}.name.split(":")[0]'
                interpreter.rewrites[id(node)] = ("name", text)
        elif held.time >= Time.MADE and not (isinstance(held, Scope) and id(node) in interpreter.rewrites):
            raise Refused("TFM901", node, "a summary is named after a tensor, and those have other names now", ADVICE)
    with interpreter.apart():
        of_variables = any(isinstance(n, ast.Attribute) and n.attr == "name" for n in walk(name))
        if not of_variables and interpreter.evaluate(name).time >= Time.STAGED:
            raise Refused("TFM901", name, "a summary's name is known only while the graph is built", ADVICE)


def _check_variables(interpreter: Interpreter, node: ast.AST) -> None:
    """Summaries are named after variables: these must have the names that they had. Raises `Refused`."""
    made = [m.value for m in interpreter.scopes.made if m.graph is interpreter.graph and m.collections != frozenset()]
    variables = [v for v in made if isinstance(v, Variable)]
    if len(variables) < len(made) or not scoped_names.are_told(interpreter, variables):
        advice = "Give each variable a name of its own, outside of variable scopes, or name the summaries yourself."
        raise Refused("TFM901", node, "summaries are named after variables that have other names now", advice)


def scope_name(interpreter: Interpreter, call: ast.Call) -> ast.expr | None:
    """What a scope is called that is entered by a name; None for any other."""
    return None if id(call) in interpreter.entered_again else unique_names.scope_name(interpreter, call)


def is_named(interpreter: Interpreter, call: ast.Call) -> bool:
    """Whether a scope has a name of Python's, and its object is not asked for anything."""
    name = scope_name(interpreter, call)
    if name is None:
        return False
    with interpreter.apart():
        told = interpreter.evaluate(name)
    return isinstance(told, Python) and not (told.known and not isinstance(told.literal, str))


def _around(interpreter: Interpreter, node: ast.AST, within: ast.AST) -> list[ast.Call]:
    """The scopes that are entered around a place in a function, from the outside in."""
    line = node.lineno  # type: ignore[attr-defined]
    return [
        item.context_expr
        for outer in walk(within)
        if isinstance(outer, ast.With) and outer.lineno <= line <= (outer.end_lineno or 0)
        for item in outer.items
        if isinstance(item.context_expr, ast.Call) and interpreter.names.symbol(item.context_expr.func) in _SCOPES
    ]


def all_noted(interpreter: Interpreter, notes: Notes) -> bool:
    """What `merge_all` reads: every statement so far that puts something into the dict; whether there is any."""
    before = [s for f in interpreter.frames for s in f.statements if s.graph in (None, interpreter.graph)]
    of_these = [s for s in before if any(isinstance(e, Noting) and e.key == notes.key for e in s.effects)]
    noting = [s for s in of_these if s is not interpreter.statement]
    held = notes.definition
    interpreter.statement.reads.add(held)
    interpreter.statement.reads |= {Definition("", held.value, s) for s in noting}
    return bool(noting)


# -------------------------------------------------------------------- text


def note_text(expressions: Expressions, made: Note) -> str:
    """The call in a summary's place."""
    notes = made.notes
    assert notes is not None
    if isinstance(made.name, ast.Constant):
        name = '"' + re.sub(r"[^-/\w.]", "_", str(made.name.value)) + '"'
    else:
        name = expressions.text(made.name)
    return f'{notes.function}({notes.definition.name}, "{made.kind}", {name}, {expressions.text(made.value)})'


def inside(interpreter: Interpreter, statement: Statement, lines: list[str], tf: str) -> list[str]:
    """The lines of a statement of the program's own in the scopes around it, where it notes summaries."""
    if not lines or not any(isinstance(e, Noting) for e in statement.effects):
        return lines
    names = []
    for call in _around(interpreter, statement.node, interpreter.program.tree):
        first = call.args[0] if call.args else None
        if not isinstance(first, ast.Constant):
            raise Refused("TFM901", call, "the scope around a summary has a name that is computed", ADVICE)
        names.append(f"{str(first.value).strip('/')}/")
    if not names:
        return lines
    inner = "\n".join(lines).split("\n")
    return [f'with {tf}.name_scope("{"".join(names)}"):', *["    " + line if line else "" for line in inner]]


def _notes_in(part: PartText) -> bool:
    return any(isinstance(e, Noting) for frame in part.part.frames for s in frame.statements for e in s.effects)


def scope_names(part: PartText) -> list[ast.expr]:
    """What the name scopes of a part are called, where summaries are named after them."""
    if not _notes_in(part):
        return []
    withs = {id(w): w for s in part.late for w in part.within.get(id(s), ())}
    return [name for w in withs.values() for name in _names(part, w)]


def _names(part: PartText, node: ast.With) -> list[ast.expr]:
    """The names of the scopes that one statement enters. Raises `Refused` where they cannot be told."""
    interpreter = part.expressions.interpreter
    found = []
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and interpreter.names.symbol(call.func) in _SCOPES:
            name = scope_name(interpreter, call)
            if name is None:
                raise Refused("TFM901", node, "the scope around a summary has no name that is seen", ADVICE)
            found.append(name)
    return found


def scoped(part: PartText) -> Iterator[str]:
    """What a part does at each run; in its name scopes, where summaries are named after them."""
    notes = _notes_in(part)
    entered: tuple[ast.With, ...] = ()
    for statement in part.late:
        around = part.within.get(id(statement), ()) if notes else ()
        around = tuple(w for w in around if _names(part, w))
        kept = 0
        while kept < min(len(around), len(entered)) and around[kept] is entered[kept]:
            kept += 1
        for depth in range(kept, len(around)):
            given = ", ".join(
                f"{part.expressions.tf}.name_scope({part.expressions.text(name)})"
                for name in _names(part, around[depth])
            )
            yield f"{_STEP * depth}with {given}:"
        entered = around
        yield from (
            _STEP * len(around) + line if line else "" for line in "\n".join(part.written(statement)).split("\n")
        )


def written_lines(expressions: Expressions, notes: Notes, held: str, step: str) -> list[str]:
    """The loops that write what was noted."""
    lines = []
    tag, value = (free_name(expressions.interpreter, name) for name in ("tag", "noted"))
    for kind, options in notes.kinds.items():
        lines.append(f'    for {tag}, {value} in {held}["{kind}"].items():')
        written = summary_images.scaled(expressions, kind, value)
        lines.append(f"        {expressions.tf}.summary.{kind}({tag}, {written}, step={step}{options})")
    return lines


def function_text(notes: Notes, tf: str) -> str:
    """The function that puts something into the dict."""
    return _FUNCTION.format(name=notes.function, tf=tf)
