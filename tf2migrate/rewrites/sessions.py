"""TFM204: the configuration of a session that is gone, as settings of the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import statement_of
from tf2migrate.model import Edit, Finding, Options, Outcome, Span, Target
from tf2migrate.rewrites import places
from tf2migrate.rewrites.places import finding

CODE = "TFM204"
PARTS = {"tf.ConfigProto": "", "tf.GPUOptions": "gpu_options."}
WHAT = "no session is left to be configured"

GROWTH = """\
for gpu in {tf}.config.list_physical_devices("GPU"):
    {tf}.config.experimental.set_memory_growth(gpu, True)"""

#: What a setting becomes, by its value as text (an empty value: any constant). TF2 does already what stands for "".
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "gpu_options.allow_growth": {"True": GROWTH, "False": ""},
    "gpu_options.per_process_gpu_memory_fraction": {"": ""},
    "allow_soft_placement": {"True": "", "False": "{tf}.config.set_soft_device_placement(False)"},
    "log_device_placement": {"True": "{tf}.debugging.set_log_device_placement(True)", "False": ""},
    "device_count": {"{'GPU': 0}": '{tf}.config.set_visible_devices([], "GPU")'},
    "inter_op_parallelism_threads": {"": "{tf}.config.threading.set_inter_op_parallelism_threads({value})"},
    "intra_op_parallelism_threads": {"": "{tf}.config.threading.set_intra_op_parallelism_threads({value})"},
}

#: What a setting becomes, where it stands, whose value is not written out; TF2 has no successor for those without text.
COMPUTED = {
    "allow_soft_placement": "{tf}.config.set_soft_device_placement({value})",
    "log_device_placement": "",
    "gpu_options.per_process_gpu_memory_fraction": "",
}


@dataclass(frozen=True, slots=True)
class Leftover:
    """A configuration that nothing reads: its statements, and what they set."""

    statements: tuple[ast.Assign, ...]
    settings: Mapping[str, ast.expr]


def session_config(program: Program, options: Options) -> Outcome:
    """`config.gpu_options.allow_growth = True` for a session that was lifted."""
    if "ConfigProto" not in program.text or options.target is Target.COMPAT:
        return Outcome()
    calls = {
        id(call): (call, PARTS[path], node)
        for node, path in program.uses
        if path in PARTS and isinstance(call := program.parents[id(node)], ast.Call) and call.func is node
    }
    left = _leftover(program, calls)
    top = next((places.binder(program, _root(node)) for _, _, node in calls.values()), None)
    after = places.anchor(program, top) if top is not None else None
    place = places.line_of(program, after) if after is not None else None
    if left is None or place is None:
        return Outcome()
    tf = places.module(program, ("tensorflow", "tensorflow.compat.v1"), "tf", place.end)
    computed = {path: value for path, value in left.settings.items() if _is_computed(path, value)}
    lines = [_line(path, value, tf.name) for path, value in left.settings.items() if path not in computed]
    there: dict[int, str] = {}  # the one setting that is made where it stands, by its statement
    for path, value in computed.items():
        if COMPUTED[path]:
            there[id(statement_of(program, value))] = COMPUTED[path].format(tf=tf.name, value=program.segment(value))
    removals = [
        Edit(program.span(statement), there[id(statement)])
        if id(statement) in there
        else places.removal(program, statement)
        for statement in left.statements
    ]
    if None in lines or None in removals:
        return Outcome()
    new = "\n".join(line for line in lines if line)
    edits = [edit for edit in removals if edit is not None]
    if new:
        missing = f"\n{tf.missing}" if tf.missing else ""
        edits.append(Edit(Span(place.end, place.end), f"{missing}\n\n{new}"))
    return Outcome(tuple(edits), tuple(_findings(program, left)))


def _leftover(program: Program, calls: Mapping[int, tuple[ast.Call, str, ast.expr]]) -> Leftover | None:
    """All the configurations of a program as one, when nothing but themselves reads them."""
    parents = program.parents
    names: dict[str, str] = {}
    statements: list[ast.Assign] = []
    settings: dict[str, ast.expr] = {}
    nested = {id(k.value) for call, _, _ in calls.values() for k in call.keywords if k.arg == "gpu_options"}
    for call, part, _ in calls.values():
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            return None
        settings |= {part + str(k.arg): k.value for k in call.keywords if k.arg != "gpu_options"}
        match parents[id(call)]:
            case ast.Assign(targets=[ast.Name(id=name)]) as statement:
                names[name] = part
                statements.append(statement)
            case ast.keyword(arg="gpu_options"):
                continue
            case _:
                return None
    for node in program.nodes:
        if not isinstance(node, ast.Name) or node.id not in names or id(node) in nested:
            continue
        path, outer = names[node.id], parents[id(node)]
        while isinstance(outer, ast.Attribute):
            path, outer = f"{path}{outer.attr}.", parents[id(outer)]
        if not isinstance(outer, ast.Assign) or len(outer.targets) > 1:
            return None
        if outer not in statements:
            settings[path.removesuffix(".")] = outer.value
            statements.append(outer)
    return Leftover(tuple(statements), settings)


def _line(path: str, value: ast.expr, tf: str) -> str | None:
    """What a setting becomes; empty when it needs nothing, None when that cannot be said."""
    meanings = SETTINGS.get(path, {})
    text = ast.unparse(value)
    template = meanings.get(text, meanings.get("") if isinstance(value, ast.Constant) else None)
    return None if template is None else template.format(tf=tf, value=text)


def _is_computed(path: str, value: ast.expr) -> bool:
    """Whether a setting has a value that is not written out, and can be said where it stands, or not at all."""
    return path in COMPUTED and isinstance(value, ast.Name | ast.Attribute)


def _root(node: ast.expr) -> str:
    """The name that `tf.ConfigProto` begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _findings(program: Program, left: Leftover) -> Iterator[Finding]:
    yield finding(program, left.statements[0], CODE, WHAT, "Set what it said with tf.config.", fixable=True)
    logged = left.settings.get("log_device_placement")
    if logged is not None and _is_computed("log_device_placement", logged):
        advice = "Call tf.debugging.set_log_device_placement before the first tensor is made, if it must be logged."
        yield finding(program, logged, CODE, "devices are logged from the start of a program, or not at all", advice)
    fraction = left.settings.get("gpu_options.per_process_gpu_memory_fraction")
    if fraction is not None:
        advice = "Limit it with tf.config.set_logical_device_configuration, if it must be limited."
        yield finding(program, fraction, CODE, "a share of the GPU's memory cannot be given any more", advice)
