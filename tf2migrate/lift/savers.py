"""Savers: a `tf.train.Checkpoint` of the variables by their names in the program, and of the optimizers' slots.

Where every save has a step, a `tf.train.CheckpointManager` keeps the files and the `checkpoint` file as TF1's Saver
did. A restore asserts that it found everything: a file that TF1 wrote raises, and is never passed over in silence.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tf2migrate.facts.calls import bind
from tf2migrate.lift import (
    cells,
    checkpoint_states,
    parts,
    saved_attributes,
    saved_averages,
    saved_choices,
    shared_files,
    variable_lists,
)
from tf2migrate.lift.averages import Averages, Restored
from tf2migrate.lift.layers import WEIGHTLESS
from tf2migrate.lift.render import spread
from tf2migrate.lift.saved_averages import Kept
from tf2migrate.lift.trace import Definition, Run, Statement, exclusive, loops_in
from tf2migrate.lift.values import (
    PYTHON,
    Effect,
    Layer,
    Optimizer,
    Python,
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
    from tf2migrate.lift.planned import Plan, Planned
    from tf2migrate.lift.trace import Frame

ADVICE = "Write the tf.train.Checkpoint by hand, with a name for each variable."
WIDTH = 110  # of the line that makes a checkpoint
_SAVER = (
    "var_list",
    "reshape",
    "sharded",
    "max_to_keep",
    "keep_checkpoint_every_n_hours",
    "name",
    "restore_sequentially",
    "saver_def",
    "builder",
    "defer_build",
    "allow_empty",
    "write_version",
)
#: What of this is followed; TensorFlow 2 has one format of files, whatever `write_version` says.
_FOLLOWED = frozenset(("var_list", "max_to_keep", "keep_checkpoint_every_n_hours", "name", "write_version"))
_SAVE = ("sess", "save_path", "global_step", "latest_filename", "meta_graph_suffix", "write_meta_graph", "write_state")
#: What asks for the latest checkpoint of a folder; TensorBoard does so for its projector.
_STATE = (
    "tf.train.get_checkpoint_state",
    "tf.train.latest_checkpoint",
    "tf.contrib.tensorboard.plugins.projector.visualize_embeddings",
)
_EVERY = ("tf.global_variables", "tf.all_variables")
#: What a Checkpoint already has under a name of its own.
_RESERVED = frozenset(("save_counter", "root", "read", "write", "restore", "save", "sync"))


@dataclass(frozen=True, eq=False)
class Saver(Value):
    """A saver: what was made before it, and the names that were there."""

    node: ast.Call
    arguments: Mapping[str, ast.expr]
    variables: tuple[Variable, ...]
    layers: tuple[Layer, ...]
    optimizers: tuple[Optimizer, ...]
    keys: Mapping[int, str]  # those that a dict of variables gives, by variable
    env: Mapping[str, tuple[Definition, ...]]
    graph: object
    frame: Frame
    averages: tuple[Kept, ...] = ()
    order: int = 0  # when it is made, in the order of the walk
    shared: dict[int, str] = field(default_factory=dict)  # the keys of a file that several Savers use, by thing

    @property
    def time(self) -> Time:
        return Time.MADE


@dataclass(frozen=True, eq=False)
class Use:
    """A save or a restore."""

    node: ast.Call
    saver: Saver
    path: ast.expr
    step: ast.expr | None
    variable_step: bool
    restores: bool
    statement: Statement
    env: Mapping[str, tuple[Definition, ...]]


# -------------------------------------------------------------------- what the calls mean


def saver(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """`tf.train.Saver`: over the variables that the graph has by now, or those that it is given."""
    from tf2migrate.lift.functions import visible

    bound = bind(node, _SAVER)
    if bound.keys() - _FOLLOWED:
        return Unknown(f"a Saver with {', '.join(bound)}", node)
    for setting in bound.keys() & {"max_to_keep", "keep_checkpoint_every_n_hours"}:
        interpreter.evaluate(bound[setting])
    before = [s for f in interpreter.frames for s in f.statements if s.graph is interpreter.graph]
    inside = cells.in_layers(interpreter)  # whose variables are those of the layer that unrolls them
    made = {id(m.value): m.value for s in before for m in s.made if m.value not in inside}
    turns = [m.value for s in before if loops_in(s.blocks, interpreter.blocks) for m in s.made if m.value not in inside]
    if any(_has_variables(v) and saved_attributes.loop_of(interpreter, v) is None for v in turns):
        return Unknown("a Saver of variables that a loop makes has no counterpart that is written yet", node)
    layers = [v for v in made.values() if isinstance(v, Layer) and _has_variables(v) and not isinstance(v, Averages)]
    variables = [v for v in made.values() if isinstance(v, Variable)]
    trained = {id(e.target): e.target for s in before for e in s.effects if isinstance(e, Effect)}
    optimizers = [o for o in trained.values() if isinstance(o, Optimizer) and o.has_state]
    keys: dict[int, str] = {}
    averages = saved_averages.saved(interpreter, before)
    given = bound.get("var_list")
    if given is not None and not (isinstance(given, ast.Constant) and given.value is None):
        symbol = interpreter.names.symbol(given.func) if isinstance(given, ast.Call) else None
        averages = averages if symbol in _EVERY else []
        plain = isinstance(given, ast.Call) and not given.args and not given.keywords
        held = PYTHON if symbol else _given(interpreter, given)
        if isinstance(held, Restored):
            told = saved_averages.restored(held)
            if isinstance(told, str):
                return Unknown(told, node)
            others, averaged = tuple(told[0]), tuple(told[1])
            env = visible(interpreter.frame)
            interpreter.statement.shared += [k.variable for k in averaged]
            home = interpreter.graph, interpreter.frame
            return Saver(node, bound, others, (), (), {}, env, *home, averaged, interpreter.order)
        if symbol == "tf.trainable_variables" and plain and not layers:
            variables, optimizers = [v for v in variables if v.trainable], []
        elif symbol not in _EVERY or not plain:
            found = saved_choices.of(interpreter, held if symbol is None else _given(interpreter, given), node)
            if isinstance(found, Unknown):
                return found
            variables, layers, optimizers = list(found.variables), list(found.layers), []
            keys, averages = found.keys, [Kept(name, variable) for name, variable in found.averaged.items()]
    if not variables and not layers and not averages:
        return Unknown("which variables a Saver keeps cannot be seen", node)
    if isinstance(averages, str):
        return Unknown(averages, node)
    interpreter.statement.shared += [k.variable for k in averages]
    env = visible(interpreter.frame)
    kept = tuple(variables), tuple(layers), tuple(optimizers)
    home = interpreter.graph, interpreter.frame
    return Saver(node, bound, *kept, keys, env, *home, tuple(averages), interpreter.order)


def _given(interpreter: Interpreter, given: ast.expr) -> Value:
    """The variables that a Saver is given; a list that stands there alone is not written."""
    found = interpreter.evaluate(given)
    if isinstance(found, variable_lists.Collected) and interpreter.rewrites.get(id(given)) is found:
        del interpreter.rewrites[id(given)]
    return found


def _has_variables(value: Value) -> bool:
    return isinstance(value, Variable) or (isinstance(value, Layer) and not value.kind.startswith(WEIGHTLESS))


def saver_method(interpreter: Interpreter, node: ast.Call, method: Method, base: Saver) -> Value:
    """`save` and `restore`."""
    from tf2migrate.lift.functions import visible

    if method.name not in ("save", "restore"):
        return Unknown(f"{method.name} of a Saver is not followed", node)
    restores = method.name == "restore"
    bound = bind(node, ("sess", "save_path") if restores else _SAVE)
    if bound.keys() - {"sess", "save_path", "global_step", "write_meta_graph"} or "save_path" not in bound:
        return Unknown(f"{method.name} of a Saver with {', '.join(bound)}", node)
    path, step = bound["save_path"], bound.get("global_step")
    with interpreter.apart():
        interpreter.evaluate(bound["sess"])
    for argument in (path, step):
        value = interpreter.evaluate(argument) if argument is not None else PYTHON
        if not isinstance(value, Python if argument is path else Python | Variable) or value.time >= Time.STAGED:
            return (
                value if isinstance(value, Unknown) else Unknown(f"a tensor is given to {method.name} of a Saver", node)
            )
    variable = isinstance(value, Variable)
    env = visible(interpreter.frame)
    interpreter.uses[id(node)] = Use(node, base, path, step, variable, restores, interpreter.statement, env)
    return PYTHON


def _only_averages(use: Use, uses: list[Use]) -> bool:
    """Whether averages are restored that another Saver has saved, and nothing else."""
    made = use.saver
    names = {k.name for k in made.averages}
    saved = [{k.name for k in u.saver.averages} for u in uses if not u.restores and u.saver is not made]
    return use.restores and not made.variables and not made.layers and any(names <= each for each in saved)


def state(interpreter: Interpreter, node: ast.Call, path: str, hint: str) -> Value:
    """What asks for the files: plain Python."""
    interpreter.arguments(node)
    return PYTHON


# -------------------------------------------------------------------- checks


def check(interpreter: Interpreter) -> list[Finding]:
    """What several savers, or what was written before, would get wrong. Raises `Refused`."""
    uses = list(interpreter.uses.values())
    restores = [u for u in uses if u.restores]
    savers = list({id(u.saver): u.saver for u in uses if not _only_averages(u, uses)}.values())
    if restores and len({id(s.node) for s in savers}) > 1:
        shared_files.name(interpreter, savers, uses)
    _check_followed(interpreter)
    if not restores or (len(restores) < len(uses) and not _asks_state(interpreter)):
        return []
    node = restores[0].node
    message = "the checkpoint must be one that the new program wrote: on one of TensorFlow 1 the restore raises"
    advice = "Convert old files with `tf2migrate checkpoint OLD NEW --program` and the program as it was."
    return [Finding(node.lineno, node.col_offset + 1, "TFM713", message, advice, fixable=True)]


def traced(interpreter: Interpreter, plan: Plan) -> set[Planned]:
    """The functions to trace as soon as they are defined: a layer that is saved must have its variables by then.

    So must an object of the program's own that is restored: what a checkpoint lacks is missed only where it is needed.
    Raises `Refused` where nothing makes them before.
    """
    saved_averages.check(interpreter, plan)
    found = set()
    for use in interpreter.uses.values():
        for layer in use.saver.layers:
            if use.restores and layer not in interpreter.lazy:  # Keras sees what is missing when a layer is built
                continue
            makers = [p for p in plan.functions if variable_lists.calls(interpreter, p, layer)]
            if any(run.statement.order < use.statement.order for p in makers for run in p.runs):
                continue
            ready = [p for p in makers if variable_lists.defined(p) < use.statement.order]
            if not ready:
                done = "restored" if use.restores else "saved"
                what = f"a layer is {done} before it is called, which is when it gets its variables"
                raise Refused("TFM911", use.node, what, "Call it before.")
            found.add(min(ready, key=lambda p: not variable_lists.trains(p)))  # the optimizer's state is saved, too
    return found


def _check_followed(interpreter: Interpreter) -> None:
    """A save, a restore or an add_summary that the walk never came to would stay as it is."""
    written = [d for f in interpreter.frames for s in f.statements for d in s.writes]
    names = {d.name for d in written if isinstance(d.value, Saver) or getattr(d.value, "role", "") == "writer"}
    for node in interpreter.program.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                followed = method not in ("save", "restore", "add_summary") or id(node) in interpreter.rewrites
                if name in names and not followed:
                    message = f"{method} stands in a function that is never called, or is not followed"
                    raise Refused("TFM902", node, message, "Call the function, or take it out.")


def restored_before(interpreter: Interpreter, run: Run) -> Iterator[Use]:
    """The restores that may have happened where a run stands: an initializer there sets back what they brought."""
    for use in interpreter.uses.values():
        earlier = use.restores and use.statement.order < run.statement.order and use.saver.graph is run.graph
        if earlier and not exclusive(use.statement, run.statement):
            yield use


def restored(interpreter: Interpreter, run: Run, things: list[Value]) -> bool:
    """Whether all that an initializer's run sets back is restored right after it, before anything else runs."""
    for use in interpreter.uses.values():
        order = use.statement.order
        between = [r for r in interpreter.runs.values() if run.statement.order < r.statement.order < order]
        if use.restores and order > run.statement.order and not between and use.saver.graph is run.graph:
            same = use.statement.blocks == run.blocks and use.statement.frame is run.frame
            if same and {id(v) for v in things} <= {id(v) for v in (*use.saver.variables, *use.saver.layers)}:
                statements = [s for frame in interpreter.frames for s in frame.statements if s.graph is run.graph]
                trained = [e.target for s in statements for e in s.effects if isinstance(e, Effect)]
                slots = [o for o in trained if isinstance(o, Optimizer) and o.has_state]
                return {id(o) for o in slots} <= {id(o) for o in use.saver.optimizers}
    return False


def _asks_state(interpreter: Interpreter) -> bool:
    calls = (n for n in interpreter.program.each(ast.Call))
    return any(interpreter.names.symbol(n.func) in _STATE for n in calls)


# -------------------------------------------------------------------- text


def saver_text(expressions: Expressions, made: Saver) -> str:
    """The checkpoint, in a manager where the saves have steps."""
    entries = [f"{key}={text}" for key, text in _entries(expressions, made)]
    text = f"{expressions.tf}.train.Checkpoint({', '.join(entries)})"
    managed = _managed(expressions, made)
    line = expressions.program.lines[made.node.lineno - 1]
    indent = line[: len(line) - len(line.lstrip())] + ("" if managed is None else "    ")
    if len(indent) + len(text) > WIDTH:
        text = spread(f"{expressions.tf}.train.Checkpoint(", entries, ")", f"{indent}checkpoint")
    if made.averages:
        text = saved_averages.checkpoint_text(expressions, made, entries, indent)
    if managed is None:
        return text
    directory, name = managed
    kept = made.arguments.get("max_to_keep")
    keep = (
        "5" if kept is None else "None" if isinstance(kept, ast.Constant) and not kept.value else expressions.text(kept)
    )
    parts = [text, directory, f"max_to_keep={keep}", f"checkpoint_name={name}"]
    if (hours := made.arguments.get("keep_checkpoint_every_n_hours")) is not None:
        parts.append(f"keep_checkpoint_every_n_hours={expressions.text(hours)}")
    return spread(
        f"{expressions.tf}.train.CheckpointManager(", parts, ")", expressions.program.lines[made.node.lineno - 1]
    )


def key_of(expressions: Expressions, made: Saver, variable: Variable) -> str | None:
    """The key that a variable has by itself in a saver's files; None where it is not among them, or in a container."""
    return next((key for key, _, value in _kept(expressions, made) if value is variable), None)


def _entries(expressions: Expressions, made: Saver) -> Iterator[tuple[str, str]]:
    """Key and text of everything that is kept."""
    yield from ((key, text) for key, text, _ in _kept(expressions, made))


def _kept(expressions: Expressions, made: Saver) -> Iterator[tuple[str, str, Value | None]]:
    """Key and text of everything that is kept, and what it is. A dict or list of variables is kept whole."""
    kept = {id(v) for v in made.variables}
    names: dict[int, str] = {}
    whole: dict[int, str] = {}  # what the list or dict is called that something is kept with
    # By names a file is shared, so that a thing that has one of its own goes by it there.
    definitions_of = sorted(made.env.items(), key=lambda item: bool(made.shared) and _holds_several(item[1]))
    for name, definitions in definitions_of:
        if len(definitions) == 1 and not definitions[0].staged:
            held = definitions[0].value
            called = expressions.plan.renamed.get(definitions[0].site, name)
            if isinstance(held, Structure) and all(id(v) in kept for v in leaves(held)) and _trackable(held):
                whole |= {id(leaf): called for leaf in leaves(held) if id(leaf) not in names}
                names = {**dict.fromkeys(map(id, leaves(held)), called), **names}
            else:
                names.setdefault(id(held), called)
        elif all(isinstance(d.value, Optimizer) for d in definitions):  # those of branches
            names |= {id(d.value): name for d in definitions if id(d.value) not in names}
    for called, held in saved_attributes.containers(expressions.interpreter, made):
        if _trackable(held) and all(id(leaf) in kept for leaf in leaves(held)):
            whole |= {id(leaf): called for leaf in leaves(held) if id(leaf) not in names}
            names = {**dict.fromkeys(map(id, leaves(held)), called), **names}
    for definition in (d for s in made.frame.statements for d in s.writes if d.owner is None):
        if definition.site in expressions.plan.renamed and not definition.staged:  # its name means another by now
            names.setdefault(id(definition.value), expressions.plan.renamed[definition.site])
    used: dict[str, str] = {}
    values: list[Variable | Layer | Optimizer] = [*made.variables, *made.layers, *made.optimizers]
    for value in values:
        apart = saved_attributes.text(expressions, made, value)
        text = _in_part(expressions, made, value) if apart is None else apart[0]
        text = text or expressions.hoisted.get(id(value.node)) or _named(names, value)
        if text is None:
            line = getattr(value.node, "lineno", 0)
            raise Refused("TFM911", made.node, f"what a Saver keeps of line {line} has no name of its own here", ADVICE)
        if id(value) in made.shared and text == whole.get(id(value)):
            raise Refused("TFM911", made.node, f"{text} is kept whole, in a file that several Savers use", ADVICE)
        key = apart[1] if apart is not None else text.rsplit(".", 1)[-1]
        if id(value) in made.keys and text != whole.get(id(value)):
            key = re.sub(r"\W", "_", made.keys[id(value)])
        key = made.shared.get(id(value), key)
        if "." in text and used.get(key, text) != text:  # of two objects
            key = text.removeprefix("self.").replace(".", "_")
        if key == saved_averages.KEY and made.averages:
            raise Refused("TFM911", made.node, f"{key} is what the moving averages are called", ADVICE)
        if not key.isidentifier() or used.get(key, text) != text:
            raise Refused("TFM911", made.node, f"{key} is no name that a tf.train.Checkpoint can keep", ADVICE)
        if key not in used:
            alone = None if text == whole.get(id(value)) else value
            yield key + "_" if key in _RESERVED else key, text, alone
        used[key] = text


def _in_part(expressions: Expressions, made: Saver, value: Variable | Layer | Optimizer) -> str | None:
    """How a thing is named that an object in the place of a function's variables holds; None for any other."""
    if isinstance(value, Optimizer) or parts.holder_of(expressions.interpreter, value) is None:
        return None
    return expressions.path(made.node, value)


def _named(names: dict[int, str], value: Variable | Layer | Optimizer) -> str | None:
    """The name of something, or the one name of all optimizers that it may be."""
    found = {names.get(id(one)) for one in (value.made if isinstance(value, Optimizer) else (value,))}
    return found.pop() if len(found) == 1 else None


def _holds_several(definitions: tuple[Definition, ...]) -> bool:
    return any(isinstance(d.value, Structure) for d in definitions)


def _trackable(value: Value) -> bool:
    """Whether a Checkpoint follows a container: lists, tuples, and dicts by strings."""
    if not isinstance(value, Structure):
        return True
    if value.kind == "dict" and (value.rest or not all(isinstance(key, str) for key, _, _ in value.items)):
        return False
    return all(_trackable(item) for _, item, _ in value.items)


def _managed(expressions: Expressions, made: Saver) -> tuple[str, str] | None:
    """Directory and file name of a saver's files, where every save has a step and the parts of its path are known."""
    uses = expressions.interpreter.uses.values()
    saves = [u for u in uses if u.saver.node is made.node and not u.restores]
    found = {_split(expressions, u, made) if u.step is not None else None for u in saves}
    if len(found) == 1 and None not in found:
        return found.pop()
    if saves and _asks_state(expressions.interpreter) and checkpoint_states.asks_for_earlier(expressions.program):
        message = "the program asks for its earlier checkpoints, and where this save puts them cannot be told"
        raise Refused("TFM911", saves[0].node, message, "Use a tf.train.CheckpointManager.")
    return None


def _split(expressions: Expressions, use: Use, made: Saver) -> tuple[str, str] | None:
    """The texts of the directory and of the file's name."""
    last: ast.expr
    match use.path:
        case ast.Constant(value=str(whole)):
            directory, name = os.path.split(whole)
            told = directory and name and os.path.join(directory, name) == whole
            return (f'"{directory}"', f'"{name}"') if told and not set(whole) & {'"', "\\"} else None
        case ast.BinOp(op=ast.Add(), left=left, right=ast.Constant(value=str(rest))) if rest.startswith("/"):
            last, joins = ast.Constant(rest[1:]), False
        case ast.Call(func=joined, args=[left, last]) if ast.unparse(joined) == "os.path.join":
            joins = True
        case _:
            return None
    reads = {n.id for part in (left, last) for n in ast.walk(part) if isinstance(n, ast.Name)}
    known = all(made.env.get(n) == use.env.get(n) and len(use.env.get(n, ())) <= 1 for n in reads)
    values = [d.value for n in reads for d in use.env.get(n, ())]
    slash = any(isinstance(v, Python) and str(v.literal).endswith("/") for v in values)  # a second one would be written
    name = _literal(use, last)
    if not known or (slash and not joins) or not name or set(name) & {"/", '"', "\\"}:
        return None
    return expressions.text(left), f'"{name}"' if isinstance(last, ast.Constant) else expressions.text(last)


def _literal(use: Use, node: ast.expr) -> str:
    """The string that an expression is, where that is written out."""
    if isinstance(node, ast.Name) and len(use.env.get(node.id, ())) == 1:
        value = use.env[node.id][0].value
        return value.literal if isinstance(value, Python) and isinstance(value.literal, str) else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def use_text(expressions: Expressions, use: Use, owner: ast.expr) -> str:
    """A save or a restore as the checkpoint's."""
    checkpoint, path = expressions.text(owner), expressions.text(use.path)
    managed = _managed(expressions, use.saver) is not None
    if use.restores:
        base = f"{checkpoint}.checkpoint" if managed else checkpoint
        return f"{base}.read({path}).assert_existing_objects_matched()"
    if managed:
        assert use.step is not None
        return f"{checkpoint}.save(checkpoint_number={expressions.text(use.step)})"
    if use.step is not None:
        path = f'{path} + "-" + str({expressions.text(use.step)}{".numpy()" if use.variable_step else ""})'
    if _asks_state(expressions.interpreter):
        return f"{checkpoint_states.name(expressions.interpreter)}({checkpoint}, {path})"
    return f"{checkpoint}.write({path})"


def exists_text(expressions: Expressions, node: ast.Call) -> str:
    """`checkpoint_exists`, which TF2 has not: whether the index is there."""
    path = bind(node, ("checkpoint_prefix",))["checkpoint_prefix"]
    return f'{expressions.tf}.io.gfile.exists({expressions.text(path)} + ".index")'


HANDLERS = {
    "tf.train.Saver": saver,
    "tf.train.get_checkpoint_state": state,
    "tf.train.latest_checkpoint": state,
    "tf.train.checkpoint_exists": state,
}
__all__ = ["HANDLERS", "Saver", "Use", "check", "exists_text", "restored", "saver_text", "use_text"]
