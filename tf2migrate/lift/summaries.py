"""Summaries: what a merged summary fetched becomes a dict of tensors, which a block of `tf.summary` calls writes.

A summary op has no place of its own in TF2. `merge_all` is the dict of the summarised tensors by tag, a run that
fetches it returns that dict, and `add_summary` is the block that writes it. Variables are read there, where they are.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tf2migrate.facts import standing
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.tree import is_main
from tf2migrate.lift import noted, scopes, summary_images, summary_uses, visibility, written_summaries
from tf2migrate.lift.classes import Instance, family
from tf2migrate.lift.render import spread
from tf2migrate.lift.trace import Definition, Fetch, Frame, Run
from tf2migrate.lift.values import (
    PYTHON,
    FetchedSummary,
    Handle,
    Refused,
    Structure,
    Time,
    Unknown,
    Value,
    Variable,
    leaves,
)
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions
    from tf2migrate.lift.functions import Method
    from tf2migrate.lift.interpret import Interpreter

ADVICE = "Write the summaries with tf.summary where their values are computed."
_KINDS: dict[str, tuple[str, ...]] = {
    "scalar": ("name", "tensor", "collections", "family"),
    "histogram": ("name", "values", "collections", "family"),
    "image": ("name", "tensor", "max_outputs", "collections", "family"),
}
_FILE_WRITER = ("logdir", "graph", "max_queue", "flush_secs", "graph_def", "filename_suffix", "session")

#: The names before TensorFlow 1.0: what they make, and their parameters. Their tags are told whole, without scopes.
_OLD: dict[str, tuple[str, dict[str, str]]] = {
    "tf.scalar_summary": ("scalar", {"tags": "name", "values": "tensor"}),
    "tf.histogram_summary": ("histogram", {"tag": "name", "values": "values"}),
    "tf.image_summary": ("image", {"tag": "name", "tensor": "tensor", "max_images": "max_outputs"}),
}


@dataclass(frozen=True, eq=False)
class Item:
    """One summary: how it is written, under which tag, of what."""

    kind: str
    tag: str
    value: Value
    node: ast.expr
    options: str
    reads: frozenset[Definition]
    elsewhere: bool = False  # whether where it is merged or written it cannot be read

    @property
    def returned(self) -> bool:
        """Whether a run has to return its value; a variable can be read at any time."""
        return self.elsewhere or not isinstance(self.value, Variable)

    def foreign(self, frame: Frame) -> bool:
        """Whether it is of another object than the one whose method a frame is."""
        return any(d.owner is not None and d.owner is not visibility.owner(frame) for d in self.reads)

    def hidden(self, interpreter: Interpreter) -> bool:
        """Whether it is not what is read where summaries are written: out of sight, changed by then, or what is fed."""
        if isinstance(self.value, Variable) and id(self.value.node) in interpreter.fed:
            return True
        writing = _writing(interpreter)
        later = not all(summary_uses.is_at_once(interpreter, call) for call in writing)
        return later or any(_is_hidden(interpreter, d, call) for d in self.reads for call in writing)


@dataclass(frozen=True, eq=False)
class Summary(Value):
    """A summary op: one summary, or several merged."""

    items: tuple[Item, ...]
    node: ast.Call
    parts: tuple[ast.expr, ...] = ()  # what tf.summary.merge is given
    notes: noted.Notes | None = None  # the dict that others are put into

    @property
    def time(self) -> Time:
        return Time.STAGED


@dataclass(frozen=True, eq=False)
class Recorded(Value):
    """`add_summary`: the writer, the step, and the summaries that the first argument holds."""

    writer: ast.expr
    given: ast.expr
    step: ast.expr | None
    items: tuple[Item, ...]
    notes: noted.Notes | None
    filled: written_summaries.Filled | None = None  # the program's own summary


def _writing(interpreter: Interpreter) -> list[ast.Call]:
    """The calls of the program that write what a run gave."""
    calls = (c for c in interpreter.program.each(ast.Call) if getattr(c.func, "attr", "") == "add_summary")
    given = {c: c.args[0] if c.args else None for c in calls}
    made = written_summaries.MADE
    return [c for c, a in given.items() if not (isinstance(a, ast.Call) and interpreter.names.symbol(a.func) == made)]


def _is_hidden(interpreter: Interpreter, definition: Definition, node: ast.AST) -> bool:
    """Whether a function is another one than what a name is bound in, and not inside of it, or of another class."""
    around = standing.scopes(interpreter.program, node)
    if definition.owner is None:
        return definition.statement.frame.node not in around
    assert isinstance(definition.owner, Instance)
    related = [made.node for made in family(definition.owner.of)]
    return not any(interpreter.program.parents.get(id(function)) in related for function in around)


# -------------------------------------------------------------------- what the calls mean


def summary(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.summary.scalar` and its like."""
    kind, bound = _bound_arguments(node, path)
    keys = noted.collections_of(interpreter.names, node)
    if keys is None or "family" in bound:
        raise Refused("TFM901", node, "a summary has a computed name, a collection or a family", ADVICE)
    bound.pop("collections", None)
    notes = [found for key in sorted(keys) if (found := noted.of(interpreter, MAKING, key)) is not None]
    if len(notes) > 1:
        message = "a summary of a helper function, a loop or a branch is in two collections"
        raise Refused("TFM901", node, message, ADVICE)
    if notes and (made_note := noted.note(interpreter, notes[0], node, kind, bound)) is not None:
        return made_note
    if not interpreter.frame.unit or not all(map(is_main, interpreter.blocks)):
        raise Refused("TFM901", node, "a summary is made in a helper function, a loop or a branch", ADVICE)
    given = "values" if kind == "histogram" else "tensor"
    if not {"name", given} <= bound.keys():
        raise Unbound(f"a summary has a name and {given}, and one of them is not given")
    name, value_node = bound.pop("name"), bound.pop(given)
    options = "".join(f", {key}={ast.unparse(value)}" for key, value in bound.items())
    told = scopes.told(interpreter, name)
    if told is None or bound.keys() - {"max_outputs"}:
        raise Refused("TFM901", node, "a summary has a computed name, a collection or a family", ADVICE)
    with interpreter.apart() as reads:
        value = interpreter.evaluate(value_node)
    interpreter.statement.reads |= reads
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return leaf
    if isinstance(value, Structure | Handle | Summary):
        raise Refused("TFM901", node, "what is summarised is no single tensor", ADVICE)
    tag = told if path in _OLD else _tag(interpreter, node, told)
    interpreter.tags.add(tag)
    item = Item(kind, tag, value, value_node, options, frozenset(reads))
    made = Summary((item,), node)
    interpreter.summaries.append((interpreter.graph, made, keys))
    return made


def _bound_arguments(node: ast.Call, path: str) -> tuple[str, dict[str, ast.expr]]:
    """The kind of a summary, and its arguments under TensorFlow 1's names."""
    if path in _OLD:
        kind, names = _OLD[path]
        bound = bind(node, [*names, "collections", "name"])
        return kind, {names.get(key, key): value for key, value in bound.items() if key != "name"}
    kind = path.rsplit(".", 1)[-1]
    return kind, dict(bind(node, _KINDS[kind]))


def _tag(interpreter: Interpreter, node: ast.Call, name: str) -> str:
    """TF1's tag: the scopes around the call, the name, and a number where that is taken."""
    scopes: list[str] = []
    above: ast.AST | None = node
    while (above := interpreter.program.parents.get(id(above))) is not None:
        inner = []
        for item in above.items if isinstance(above, ast.With) else ():
            call = item.context_expr
            named = isinstance(call, ast.Call) and interpreter.names.symbol(call.func)
            if named in ("tf.name_scope", "tf.variable_scope") and isinstance(call, ast.Call) and call.args:
                first = call.args[0]
                inner += [str(first.value)] if isinstance(first, ast.Constant) and first.value else []
        scopes[:0] = inner
    wanted = "/".join([*(s.strip("/") for s in scopes), re.sub(r"[^-/\w.]", "_", name)])
    tag, number = wanted, 0
    while tag in interpreter.tags:
        number += 1
        tag = f"{wanted}_{number}"
    return tag


def merge_all(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """Every summary of the graph so far."""
    told = bind(node, ("key", "scope", "name"))
    key = noted.collections_of(interpreter.names, node)
    if told.keys() - {"key"} or key is None:
        return Unknown("merge_all with arguments", node)
    of_graph = [(made, keys) for graph, made, keys in interpreter.summaries if graph is interpreter.graph]
    items = tuple(item for made, keys in of_graph for item in made.items if keys & key)
    if not items and not any(interpreter.mentions(path) for path in (*MAKING, "tf.summary.audio", "tf.summary.text")):
        return Summary((), node)
    notes = noted.of(interpreter, MAKING, next(iter(key)))
    if notes is not None and not (noted.all_noted(interpreter, notes) and interpreter.frame.unit):
        notes = None
    if (not items and notes is None) or not interpreter.frame.unit:
        return Unknown("which summaries are merged cannot be seen", node)
    _keep_names(interpreter, items, node)
    frame = interpreter.frame
    items = tuple(replace(i, elsewhere=i.foreign(frame) or (not i.returned and i.hidden(interpreter))) for i in items)
    for item in items:
        if item.returned:
            interpreter.statement.reads |= item.reads
    return Summary(items, node, notes=notes)


def merge(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """The summaries of a list that is written in the call, or right where its name is bound."""
    inputs = bind(node, ("inputs", "collections", "name"))["inputs"]
    parts = _parts(interpreter, inputs)
    if parts is None:
        return Unknown("which summaries are merged cannot be seen", node)
    values = [interpreter.evaluate(element) for element in parts]
    for value in values:
        if not isinstance(value, Summary):
            return value if isinstance(value, Unknown) else Unknown("what is merged is no summary", node)
    items = tuple(item for value in values if isinstance(value, Summary) for item in value.items)
    notes = {id(value.notes): value.notes for value in values if isinstance(value, Summary) and value.notes}
    if len(notes) > 1:
        return Unknown("several collections of summaries that loops or helpers make are merged into one", node)
    if notes and {item.tag for item in items} & _KINDS.keys():
        return Unknown("a summary is called as a kind of summaries is", node)
    return Summary(items, node, tuple(parts), next(iter(notes.values()), None))


def _parts(interpreter: Interpreter, inputs: ast.expr) -> list[ast.expr] | None:
    """The summaries of a list; None where they cannot be seen where it is merged."""
    if isinstance(inputs, ast.List | ast.Tuple):
        return inputs.elts
    if not isinstance(inputs, ast.Name) or not _is_only_merged(interpreter, inputs.id):
        return None
    definitions = interpreter.frame.lookup(inputs.id)
    written = definitions[0].statement.node if len(definitions) == 1 else None
    if not isinstance(written, ast.Assign) or not isinstance(written.value, ast.List | ast.Tuple):
        return None
    for part in written.value.elts:
        bound = {d.site for d in interpreter.frame.lookup(part.id)} if isinstance(part, ast.Name) else None
        if bound is None or bound != interpreter.resolved.get(id(part)):
            return None
    held = definitions[0].value
    whole = isinstance(held, Structure) and held.rest is None and len(held.items) == len(written.value.elts)
    return written.value.elts if whole else None


def _is_only_merged(interpreter: Interpreter, name: str) -> bool:
    """Whether nothing is done with what a name means but to merge it, so that it stays as it was made."""
    loads = [n for n in interpreter.program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    calls = [interpreter.program.parents.get(id(n)) for n in loads]
    return all(isinstance(call, ast.Call) and interpreter.names.symbol(call.func) in MERGE for call in calls)


def _keep_names(interpreter: Interpreter, items: tuple[Item, ...], node: ast.AST) -> None:
    """Where a name that is summarised means something else by now, the first binding gets a name of its own."""
    for item in items:
        for definition in sorted(item.reads, key=lambda d: d.statement.order):
            if definition.owner is not None or interpreter.frame.lookup(definition.name) == (definition,):
                continue
            if not visibility.sees(interpreter.frame, definition.statement.frame):
                message = f"{definition.name} is summarised, and has another meaning where the summaries are used"
                raise Refused("TFM903", node, message, "Give the second value a name of its own.")
            interpreter.shadowed.setdefault(definition)


def file_writer(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.summary.FileWriter`: the graph that it is given is not written any more."""
    bound = bind(node, _FILE_WRITER)
    if bound.keys() - {"logdir", "graph", "max_queue", "flush_secs", "graph_def"}:
        return Unknown(f"FileWriter with {', '.join(bound)}", node)
    interpreter.evaluate(bound["logdir"])
    return Handle("writer", node, bound)


def writer_method(interpreter: Interpreter, node: ast.Call, method: Method) -> Value:
    """A method of a writer."""
    if method.name in ("add_graph", "add_run_metadata"):  # there is no graph, and no run, to be written
        return Handle("closed", node)
    if method.name in ("close", "flush") and not node.args:
        return PYTHON
    if method.name != "add_summary":
        return Unknown(f"{method.name} of a summary writer is not followed", node)
    if not interpreter.frame.unit:
        raise Refused("TFM901", node, "a helper function writes summaries", ADVICE)
    bound = bind(node, ("summary", "global_step"))
    given, step = bound["summary"], bound.get("global_step")
    values = [interpreter.evaluate(argument) for argument in bound.values()]
    if isinstance(values[0], written_summaries.Filled):
        return Recorded(method.node.value, given, step, (), None, values[0])
    held = values[0].summary if isinstance(values[0], FetchedSummary) else None
    if not isinstance(held, Summary):
        return Unknown("which summaries are written cannot be seen", node)
    items = held.items
    if any(item.foreign(interpreter.frame) for item in items if not item.returned):
        return Unknown("variables of another object are summarised", node)
    _keep_names(interpreter, tuple(i for i in items if not i.returned), node)
    return Recorded(method.node.value, given, step, items, held.notes)


def _bound(run: Run) -> list[tuple[str, Fetch]]:
    """The names that a run's statement binds fetches to."""
    from tf2migrate.lift.plan import unpacked

    statement = run.statement.node
    if run.fetches.kind == "one" and isinstance(statement, ast.Assign) and statement.value is run.node:
        target, leaf = statement.targets[0], next(iter(run.fetches.leaves()))
        return [(target.id, leaf)] if isinstance(target, ast.Name) and len(statement.targets) == 1 else []
    return [(t.id, leaf) for t, leaf in unpacked(run) or [] if isinstance(t, ast.Name)]


# -------------------------------------------------------------------- checks, text


def numpy(leaf: Fetch) -> str:
    """What follows a call for the array that the old code got; a dict of summarised tensors stays as it is."""
    return "" if isinstance(leaf.value, Summary) else ".numpy()"


def check(interpreter: Interpreter) -> list[Finding]:
    """A fetched summary is for `add_summary` and nothing else. Raises `Refused`."""
    recorded = [v[1] for v in interpreter.rewrites.values() if isinstance(v, tuple) and isinstance(v[1], Recorded)]
    given = {id(r.given) for r in recorded}
    uses = summary_uses.Uses(interpreter, given)
    for run in interpreter.runs.values():
        fetched = [leaf for leaf in run.fetches.leaves() if isinstance(leaf.value, Summary)]
        statement = run.statement.node
        if any(isinstance(leaf.value, Summary) and not (leaf.value.items or leaf.value.notes) for leaf in fetched):
            raise Refused("TFM901", run.node, "which summaries are merged cannot be seen", ADVICE)
        if not fetched or (run.fetches.kind == "one" and uses.is_written(run.node)):
            continue
        if isinstance(statement, ast.Expr) and statement.value is run.node:
            continue
        names = {name for name, leaf in _bound(run) if leaf in fetched}
        whole = len([leaf for _, leaf in _bound(run) if leaf in fetched]) == len(fetched)
        if not whole or not uses.are_written(statement, names):
            message = "a fetched summary is used for something else than add_summary"
            raise Refused("TFM906", run.node, message, "Bind it to a name, and give that to add_summary.")
    written_summaries.check(interpreter)
    if not recorded:
        return []
    node, advice = recorded[0].given, "pip install tensorboard"
    message = "tf.summary needs the package tensorboard, which TensorFlow no longer brings along"
    return [Finding(node.lineno, node.col_offset + 1, "TFM714", message, advice, fixable=True)]


def summary_text(expressions: Expressions, node: ast.Call, made: Summary) -> str:
    """The dict in a summary op's place."""
    if made.parts:
        return "{" + ", ".join(f"**{expressions.text(part)}" for part in made.parts) + "}"
    entries = [f'"{item.tag}": {expressions.text(item.node)}' for item in made.items if item.returned]
    if made.notes is not None:
        held = made.notes.definition.name
        if not entries:
            return held
        entries.append(f"**{held}")
    line = "{" + ", ".join(entries) + "}"
    if len(line) <= 80 or len(entries) < 2:
        return line
    return spread("{", entries, "}", expressions.program.lines[node.lineno - 1])


def writer_text(expressions: Expressions, made: Handle) -> str:
    """The writer in a FileWriter's place."""
    return f"{expressions.tf}.summary.create_file_writer({expressions.text(made.arguments['logdir'])})"


def recorded_lines(expressions: Expressions, recorded: Recorded) -> list[str]:
    """The block in the place of `add_summary`."""
    lines, given = [], expressions.text(recorded.given) if recorded.filled is None else ""
    returned = [item for item in recorded.items if item.returned]
    if not isinstance(recorded.given, ast.Name) and (returned or recorded.notes is not None):
        name = expressions.plan.fresh("summary")
        lines.append(f"{name} = {given}")
        given = name
    step = expressions.text(recorded.step) if recorded.step is not None else "0"
    if isinstance(recorded.step, ast.Call | ast.BinOp):
        name = expressions.plan.fresh("step")
        lines.append(f"{name} = {step}")
        step = name
    lines.append(f"with {expressions.text(recorded.writer)}.as_default():")
    for item in recorded.items:
        value = f'{given}["{item.tag}"]' if item.returned else expressions.text(item.node)
        value = summary_images.scaled(expressions, item.kind, value, item.node)
        lines.append(f'    {expressions.tf}.summary.{item.kind}("{item.tag}", {value}, step={step}{item.options})')
    if recorded.filled is not None:
        lines += written_summaries.lines(expressions, recorded.filled, recorded.given, step)
    if recorded.notes is not None:
        lines += noted.written_lines(expressions, recorded.notes, given, step)
    return lines


MAKING = frozenset((*(f"tf.summary.{kind}" for kind in _KINDS), *_OLD))

#: What merges the summaries of a list.
MERGE = ("tf.summary.merge", "tf.merge_summary")


HANDLERS = {
    **dict.fromkeys(MAKING, summary),
    **dict.fromkeys(noted.MERGES, merge_all),
    **dict.fromkeys(MERGE, merge),
    written_summaries.MADE: written_summaries.filled,
    "tf.summary.FileWriter": file_writer,
    "tf.train.SummaryWriter": file_writer,
}
