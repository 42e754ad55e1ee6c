"""Names that Keras 3 and TensorFlow 2.21 lack: renamed (TFM501), removed (TFM502), or of Keras's inside (TFM503)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tf2migrate.facts.names import canonical
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lint.found import Found
from tf2migrate.lint.keras3_edits import modules, spelled
from tf2migrate.lint.keras3_kinds import Kinds
from tf2migrate.lint.keras3_tables import exists, gone, keras3, verdict
from tf2migrate.model import Edit
from tf2migrate.records import Record, in_tf2, tf1_symbols

RENAMED, REMOVED, PRIVATE = "TFM501", "TFM502", "TFM503"

_PRIVATE = "tensorflow.python.keras"
_V1 = "tensorflow.compat.v1"

_FAILURES = ("ImportError", "ModuleNotFoundError", "AttributeError", "Exception")

#: Keras 3's own inside, of which nothing is promised.
_INSIDE = ("keras.src.", "keras.api.", "keras._")

#: Where a class of Keras 2's inside stands today.
_PACKAGES = (
    "layers",
    "models",
    "utils",
    "losses",
    "metrics",
    "optimizers",
    "callbacks",
    "initializers",
    "regularizers",
)


def gone_names(kinds: Kinds) -> Iterator[Found]:
    """What is said of each import and each use of a name that is gone."""
    program = kinds.program
    if "keras" not in program.text and "tf." not in program.text and "tensorflow" not in program.text:
        return
    said: list[tuple[ast.AST, Found]] = []
    for statement in program.names.imports:
        found = _import_from(kinds, statement) if isinstance(statement, ast.ImportFrom) else _import(kinds, statement)
        said += [(statement, each) for each in found]
    named = modules(program)
    for expression, symbol in program.uses:
        path = program.names.raw(expression) or ""
        if isinstance(expression, ast.Attribute) and not path.startswith((_PRIVATE, _V1)):
            said += [(expression, each) for each in _use(kinds, expression, symbol, named)]
    guarded = _guarded(program) if said else frozenset()
    yield from (each for node, each in said if id(node) not in guarded)


def _guarded(program: Program) -> frozenset[int]:
    """What a program only runs where it can: below a test of the version, or with a handler for its failure."""
    found: set[int] = set()
    for node in program.nodes:
        inside: Sequence[ast.AST] = ()
        match node:
            case ast.Try(body=body, handlers=handlers):
                caught = " ".join(ast.unparse(h.type) if h.type else "Exception" for h in handlers)
                inside = body if any(name in caught for name in _FAILURES) else []
            case ast.If(test=test, body=body, orelse=orelse):
                inside = [test, *body, *orelse] if _asks(test) else []
            case ast.BoolOp(op=ast.And(), values=[first, *rest]) if _asks(first):
                inside = rest
            case ast.IfExp(test=test) if _asks(test):
                inside = [node]
        found |= {id(each) for part in inside for each in walk(part)}
    return frozenset(found)


def _asks(test: ast.expr) -> bool:
    """Whether a test asks what there is, or of which version."""
    said = ast.unparse(test)
    return "hasattr" in said or "find_spec" in said or "version" in said.lower()


@lru_cache(maxsize=1 << 14)
def record_of(symbol: str) -> Record | None:
    """The record of a name that is gone; one that TensorFlow 1 had as well is left to the migration."""
    if not symbol.startswith(("tf.keras.", "keras.", "tf.estimator")) and symbol in tf1_symbols():
        return None
    return verdict(symbol)


def target(symbol: str, record: Record) -> str:
    """The name to write for one that is gone, below the same root where it has it; "" for none."""
    if not record.becomes:
        return ""
    if symbol.startswith("keras."):
        own = record.becomes.removeprefix("tf.")
        return own if own in keras3() else record.becomes
    for short in ("optimizers", "losses", "metrics", "initializers"):
        if symbol.startswith(f"tf.{short}.") and record.becomes.startswith(f"tf.keras.{short}."):
            return f"tf.{short}." + record.becomes.removeprefix(f"tf.keras.{short}.")
    return record.becomes


def _use(kinds: Kinds, expression: ast.Attribute, symbol: str, named: dict[str, str]) -> Iterator[Found]:
    parts = symbol.split(".")
    node: ast.expr = expression
    for end in range(len(parts), 1, -1):
        name = ".".join(parts[:end])
        if not isinstance(node, ast.Attribute):
            return  # imported under this name: told of at the import
        record = record_of(name)
        if record is not None and isinstance(node.ctx, ast.Load):
            yield from _attribute(kinds, node, name, record, named)
            return
        if end == len(parts) and name.startswith("keras.") and not exists(name):
            yield from _moved_out(kinds, node, name, named)
        node = node.value


def _attribute(kinds: Kinds, node: ast.Attribute, name: str, record: Record, named: dict[str, str]) -> Iterator[Found]:
    program = kinds.program
    new = target(name, record)
    base = kinds.program.names.symbol(node.value) or ""
    above = record_of(base)
    root = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    imported = record_of(program.names.symbol(root) or "")
    if imported is not None and not imported.becomes and not new:
        return  # the import alone is told of
    if above is not None and isinstance(node.value, ast.Name):  # the import of it is changed, or told of
        moved = target(base, above)
        if not new or not moved:
            yield Found(REMOVED, node, _message(name), record.advice or f"Use {new}.")
            return
        if new == f"{moved}.{node.attr}":
            return
        text: str | None = (
            node.value.id + new[len(moved) :] if new.startswith(moved + ".") else spelled(program, new, named)
        )
    elif new:
        text = None
        if base and new.startswith(base + "."):
            text = program.segment(node.value) + new[len(base) :]
        text = text or spelled(program, new, named)
    else:
        text = None
    if not new:
        yield Found(REMOVED, node, _message(name), record.advice)
    else:
        edits = (Edit(program.span(node), text),) if text else ()
        # What derives from a legacy optimizer, or asks for one, wants more than the name.
        called = "optimizers.legacy" not in name or any(call.func is node for call in kinds.calls)
        yield Found(RENAMED, node, _message(name), f"Use {new}.", edits, safe=called)


def _message(name: str) -> str:
    last = gone().get(name)
    return f"{name} is gone" + (f" since TensorFlow 2.{int(last.split('.')[1]) + 1}" if last and last != "2.15" else "")


def _moved_out(kinds: Kinds, node: ast.Attribute, name: str, named: dict[str, str]) -> Iterator[Found]:
    """A name that Keras 3 itself lacks, and `tf.keras` has: `K.mean`, where K is `keras.backend`."""
    if node.attr.startswith("_") or not exists(name.rpartition(".")[0]) or not in_tf2("tf." + name):
        return
    program = kinds.program
    if isinstance(node.value, ast.Name):
        for statement in program.tree.body:
            for alias in statement.names if isinstance(statement, ast.Import | ast.ImportFrom) else ():
                if (alias.asname or alias.name) == node.value.id and isinstance(statement, ast.Import | ast.ImportFrom):
                    edits = _from_tensorflow(kinds, statement, alias)
                    yield Found(RENAMED, node, f"{name} is gone from Keras 3", f"Use tf.{name}.", edits)
                    return
    text = spelled(program, "tf." + name, named)
    edits = (Edit(program.span(node), text),) if text else ()
    yield Found(RENAMED, node, f"{name} is gone from Keras 3", f"Use tf.{name}.", edits)


def _from_tensorflow(kinds: Kinds, statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[Edit, ...]:
    """`from keras import backend as K` as `from tensorflow.keras import backend as K`."""
    if len(statement.names) > 1:
        return ()
    span = kinds.program.span(statement)
    if isinstance(statement, ast.ImportFrom):
        return (Edit(span, f"from tensorflow.{statement.module} import {_aliased(alias.name, alias)}"),)
    return (Edit(span, f"import tensorflow.{alias.name} as {alias.asname}"),) if alias.asname else ()


def _aliased(name: str, alias: ast.alias) -> str:
    bound = alias.asname or alias.name
    return name if name == bound else f"{name} as {bound}"


def _import(kinds: Kinds, statement: ast.Import) -> Iterator[Found]:
    for alias in statement.names:
        name = canonical(alias.name)
        record = record_of(name)
        if record is None or not alias.name.startswith(("tensorflow.", "keras.")):
            continue
        new = target(name, record)
        edits: tuple[Edit, ...] = ()
        if new and alias.asname:
            path = "tensorflow" + new.removeprefix("tf") if new.startswith("tf.") else new
            edits = (Edit(kinds.program.span(alias), f"{path} as {alias.asname}"),)
        code = RENAMED if new else REMOVED
        yield Found(code, alias, _message(name), record.advice or f"Import {new}.", edits)


def _import_from(kinds: Kinds, statement: ast.ImportFrom) -> Iterator[Found]:
    """What is said of the names of one import; those that moved share one edit, which writes the import anew."""
    module = statement.module or ""
    if statement.level or not module.startswith(("tensorflow", "keras")) or module.startswith(_V1):
        return
    if module.startswith(_PRIVATE):
        yield from _private(kinds, statement)
        return
    read = {n.id for n in kinds.program.each(ast.Name)}
    told: list[tuple[ast.alias, str, str]] = []
    moved: dict[ast.alias, tuple[str, str]] = {}
    for alias in statement.names:
        name = canonical(f"{module}.{alias.name}")
        record = record_of(name)
        new = target(name, record) if record is not None else "" if alias.name == "*" else _elsewhere(name)
        if record is None and not new:
            continue
        if name.endswith("keras.optimizers.legacy") and (alias.asname or alias.name) not in read:
            continue  # the module is still there: what it holds stops
        advice = record.advice if record is not None and not new else f"Import {new}."
        told.append((alias, name, advice))
        if new:
            path = "tensorflow" + new.removeprefix("tf") if new.startswith("tf.") else new
            package, _, last = path.rpartition(".")
            moved[alias] = (package, _aliased(last, alias))
    edits = _written(kinds, statement, moved)
    for alias, name, advice in told:
        yield Found(
            RENAMED if alias in moved else REMOVED, alias, _message(name), advice, edits if alias in moved else ()
        )


def _elsewhere(name: str) -> str:
    """Where a name stands that was imported from a module which is gone; "" where that cannot be told."""
    if exists(name) or not name.startswith(("keras.", "tf.keras.")) or name.startswith(_INSIDE):
        return ""
    module, _, last = name.rpartition(".")
    above = record_of(module)
    if above is not None and above.becomes:
        new = f"{target(module, above)}.{last}"
        return new if exists(new) else ""
    if exists(module):
        return "tf." + name if name.startswith("keras.") and in_tf2("tf." + name) else ""
    if name.startswith("keras.preprocessing.") and in_tf2("tf." + name):
        return "tf." + name
    root = "keras" if name.startswith("keras.") else "tf.keras"
    inside = name.removeprefix(root + ".").split(".")
    near = f"{root}.{inside[0]}.{last}"
    if exists(near):
        return near
    found = [f"{root}.{package}.{last}" for package in _PACKAGES]
    return next((path for path in found if last[:1].isupper() and exists(path)), "")


def _written(kinds: Kinds, statement: ast.ImportFrom, moved: dict[ast.alias, tuple[str, str]]) -> tuple[Edit, ...]:
    """The import as one line for each module that its names come from now."""
    program = kinds.program
    text = program.segment(statement)
    if not moved or "#" in text:
        return ()
    lines: dict[str, list[str]] = {}
    for alias in statement.names:
        package, written = moved.get(alias, (statement.module or "", _aliased(alias.name, alias)))
        lines.setdefault(package, []).append(written)
    indent = program.indent(statement)
    return (
        Edit(program.span(statement), f"\n{indent}".join(f"from {m} import {', '.join(n)}" for m, n in lines.items())),
    )


#: Modules of the private copy whose functions neither make nor take anything of Keras.
_HELPERS = frozenset(("conv_utils", "io_utils", "np_utils", "testing_utils"))


def _private(kinds: Kinds, statement: ast.ImportFrom) -> Iterator[Found]:
    """TensorFlow's own copy of Keras 2, whose objects Keras 3 does not take."""
    program = kinds.program
    paths = [program.names.raw(n) or "" for n in program.each(ast.Attribute)]
    paths += [f"{n.module}.{a.name}" for n in program.names.imports if isinstance(n, ast.ImportFrom) for a in n.names]
    if not any(path.startswith("tensorflow.keras.") for path in paths):
        return  # alone it still runs
    there = [canonical(f"{statement.module}.{alias.name}") for alias in statement.names]
    old = statement.module or ""
    start = program.text.index(old, program.span(statement).start)
    span = type(program.span(statement))(start, start + len(old))
    edits = (Edit(span, "tensorflow.keras" + old[len(_PRIVATE) :]),) if all(in_tf2(name) for name in there) else ()
    yield Found(
        PRIVATE,
        statement,
        f"{old} is TensorFlow's own copy of Keras 2, and does not mix with tf.keras",
        "Import from tensorflow.keras.",
        edits,
        sure=not all(_HELPERS & {*name.split(".")} for name in there),
    )
