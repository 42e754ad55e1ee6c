"""TFM201: the MNIST reader of TensorFlow 1's tutorials, which TensorFlow 2 does not ship."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.names import canonical
from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Finding, Options, Outcome, Span
from tf2migrate.rewrites import places
from tf2migrate.rewrites.mnist_code import KEPT, Batches, mnist_code
from tf2migrate.rewrites.places import finding

Import = ast.Import | ast.ImportFrom

CODE = "TFM201"
WHAT = "the MNIST reader of TensorFlow 1's tutorials is gone"
ADVICE = "Read the data from tf.keras.datasets.mnist; `tf2migrate rule TFM201` shows how."

#: The modules that hold the reader. `input_data` alone is the tutorial's file, copied beside the program.
MODULES = (
    "tf.examples.tutorials.mnist.input_data",
    "tf.contrib.learn.python.learn.datasets.mnist",
    "tf.contrib.learn.datasets.mnist",
    "input_data",
)
#: The way to the same data by name: `load_dataset("mnist")`.
LOADER = "tf.contrib.learn.datasets.load_dataset"
READERS = frozenset(f"{module}.read_data_sets" for module in MODULES)
PARAMETERS = ("train_dir", "fake_data", "one_hot", "dtype", "reshape", "validation_size", "seed", "source_url")

#: The other parameters, where they are given: whether a value changes nothing.
HARMLESS: Mapping[str, Callable[[ast.expr], bool]] = {
    "dtype": lambda value: re.fullmatch(r"(\w+\.)*float32|'float32'", ast.unparse(value)) is not None,
    "seed": lambda value: isinstance(value, ast.Constant) and value.value is None,
}
#: What is defined, and its name in a program that uses the first one for something else.
NEW = {"DataSet": "MnistDataSet", "Datasets": "MnistDataSets", "read_data_sets": "read_mnist_data_sets"}
#: The members that need no batches.
ARRAYS = ("images", "labels", "num_examples")
PRIVATE = ("_images", "_labels", "_num_examples", "_epochs_completed")

#: Other data in MNIST's format, which TF1's reader reads from its folder or address as well.
OTHER_DATA = re.compile(r"fashion|[ek]mnist|not.?mnist", re.IGNORECASE)

#: The modules that the new code needs: what they are called in an import, and the name that is usual.
USED = (
    (("collections",), "collections"),
    (("numpy",), "np"),
    (("tensorflow", "tensorflow.compat.v1"), "tf"),
)


class Refused(Exception):
    """A use that stops the rewrite of the whole file, and why."""

    def __init__(self, node: ast.expr | ast.stmt, why: str) -> None:
        super().__init__(why)
        self.node = node


@dataclass(frozen=True, slots=True)
class Read:
    """One call of the reader, and those of its arguments that the new reader has."""

    call: ast.Call
    arguments: Mapping[str, ast.expr]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a program does with the reader: its calls and imports, its batches, and what is new by name."""

    reads: tuple[Read, ...]
    imports: tuple[Import, ...]
    batches: Batches
    faked: bool  # whether batches are asked to be fake ones
    names: Mapping[str, str]


def mnist_input_data(program: Program, options: Options) -> Outcome:
    """The tutorials' `read_data_sets`, written out once over `tf.keras.datasets.mnist`."""
    if not any(word in program.text for word in ("read_data_sets", "input_data", "load_dataset")):
        return Outcome()
    uses = list(_uses(program))
    imports = tuple(_imports(program))
    shipped = any(path.startswith("tf.") for _, path in uses) or any(_is_shipped(s) for s in imports)
    if not shipped and not (uses and "mnist" in program.text.lower()):
        return Outcome()  # another module of this name
    try:
        plan = _plan(program, uses, imports)
        edits = tuple(_edits(program, plan))
    except Refused as stop:
        if not shipped:
            return Outcome()  # the copied file works as before
        message = f"{WHAT}, and {stop}"
        return Outcome((), (finding(program, stop.node, CODE, message, ADVICE),))
    return Outcome(edits, tuple(_findings(program, plan)))


def _uses(program: Program) -> Iterator[tuple[ast.expr, str]]:
    """Where the reader is named, and as what."""
    found = program.uses
    parents = program.parents if any(path == LOADER for _, path in found) else {}
    for node, path in found:
        if _is_reader(path):
            yield node, path
        elif path == LOADER:
            match parents[id(node)]:
                case ast.Call(func=func, args=[ast.Constant("mnist")], keywords=[]) if func is node:
                    yield node, path


def _is_reader(path: str) -> bool:
    return any(path == module or path.startswith(module + ".") for module in MODULES)


def _imports(program: Program) -> Iterator[Import]:
    for statement in program.names.imports:
        module = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
        if not getattr(statement, "level", 0) and any(_is_reader(canonical(module + a.name)) for a in statement.names):
            yield statement


def _is_shipped(statement: Import) -> bool:
    return isinstance(statement, ast.ImportFrom) or statement.names[0].name != "input_data"


def _plan(program: Program, uses: list[tuple[ast.expr, str]], imports: tuple[Import, ...]) -> Plan:
    parents = program.parents
    reads = []
    for node, path in uses:
        call = parents[id(node)]
        if path not in (*READERS, LOADER) or not isinstance(call, ast.Call) or call.func is not node:
            raise Refused(node, "it is used other than by calling read_data_sets")
        reads.append(Read(call, {} if path == LOADER else _arguments(program, call)))
    for statement in imports:
        _check_import(program, statement, [node for node, _ in uses])
    for other in program.nodes:
        if isinstance(other, ast.Attribute) and other.attr in PRIVATE and reads:
            raise Refused(other, f"its private attribute {other.attr} is used")
    replaced = [*(alias for s in imports for alias in s.names), *(node for node, _ in uses)]
    taken = places.words(program, replaced)
    told = _told(program, reads)
    return Plan(
        tuple(reads),
        imports,
        _batches(program, reads, told, parents),
        "fake_data" in told,
        {name: other if name in taken else name for name, other in NEW.items()},
    )


def _check_import(program: Program, statement: Import, uses: list[ast.expr]) -> None:
    """Raises `Refused` when an import cannot go: something besides the uses may need what it binds."""
    if len(statement.names) > 1 or places.line_of(program, statement) is None:
        raise Refused(statement, "its import stands together with others")
    alias = statement.names[0]
    name = alias.asname or alias.name
    if "." in name:
        raise Refused(statement, "its import makes the name tensorflow known, too")
    inside = {id(node) for use in uses for node in ast.walk(use)}
    local = statement not in program.tree.body
    for node in program.each(ast.Name):  # not those of functions that have a parameter of that name
        if node.id == name and id(node) not in inside and (local or program.names.is_global(node)):
            raise Refused(node, f"{name} does not mean the reader alone")
    if not uses and name != "input_data":
        raise Refused(statement, "it is imported here for other modules")


def _arguments(program: Program, call: ast.Call) -> Mapping[str, ast.expr]:
    """The arguments of a call which the new reader has, by name. Raises `Refused` when another one matters."""
    try:
        given = dict(bind(call, PARAMETERS))
    except Unbound as error:
        raise Refused(call, f"{error}") from None
    for name in ("train_dir", "source_url"):
        if name in given and OTHER_DATA.search(program.segment(given[name])):
            raise Refused(given[name], "this one reads other data than MNIST")
    for name, harmless in HARMLESS.items():
        if name in given and not harmless(given[name]):
            raise Refused(given[name], f"a reader without {name} would do something else")
    if "fake_data" in given and not _is_false(given["fake_data"]):
        if isinstance(given["fake_data"], ast.Constant):
            raise Refused(given["fake_data"], "this one makes fake data")
        return {name: given[name] for name in KEPT if name in given}
    return {name: given[name] for name in KEPT if name in given and name != "fake_data"}


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _told(program: Program, reads: list[Read]) -> frozenset[str]:
    """The arguments that the calls of `next_batch` give."""
    given: set[str] = set()
    for node in program.nodes if reads else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "next_batch":
            try:
                given |= bind(node, ("batch_size", "fake_data", "shuffle")).keys()
            except Unbound:
                continue  # another object's method
    return frozenset(given)


def _batches(program: Program, reads: list[Read], told: frozenset[str], parents: Mapping[int, ast.AST]) -> Batches:
    """How batches are taken."""
    if "shuffle" in told:
        return Batches.SHUFFLED_OR_NOT
    return Batches.SHUFFLED if told or any(_goes_on(program, read, parents) for read in reads) else Batches.NONE


def _goes_on(program: Program, read: Read, parents: Mapping[int, ast.AST]) -> bool:
    """Whether more than the arrays of the data is used, or may be, where it cannot be seen."""
    match parents[id(read.call)]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            loads = [n for n in program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
        case _:
            return True
    for load in loads:
        part = parents[id(load)]
        member = parents[id(part)]
        if not isinstance(part, ast.Attribute) or not isinstance(member, ast.Attribute) or member.attr not in ARRAYS:
            return True
    return False


def _edits(program: Program, plan: Plan) -> Iterator[Edit]:
    for read in plan.reads:
        arguments = ", ".join(f"{name}={program.segment(value)}" for name, value in read.arguments.items())
        yield Edit(program.span(read.call), f"{plan.names['read_data_sets']}({arguments})")
    first = next((s for s in plan.imports if s in program.tree.body), None)
    last = places.anchor(program, first)
    lines = Span(0, 0) if last is None else places.line_of(program, last)
    if lines is None:
        assert last is not None
        raise Refused(last, "other code shares the line of the last import")
    gone: list[ast.stmt] = list(plan.imports)
    if plan.reads:
        modules = [places.module(program, paths, usual, lines.end) for paths, usual in USED]
        gone += [module.late for module in modules if module.late is not None]
        place = lines if last in gone else Span(lines.end, lines.end)
        missing = [module.missing for module in modules if module.missing]
        given = frozenset(name for read in plan.reads for name in read.arguments)
        code = mnist_code(given, plan.batches, plan.faked, plan.names, *(module.name for module in modules))
        yield places.block(program.text, place, missing, code)
        gone = [statement for statement in gone if statement is not last]
    yield from (edit for edit in map(partial(places.removal, program), gone) if edit is not None)


def _findings(program: Program, plan: Plan) -> Iterator[Finding]:
    for node in plan.imports or (plan.reads[0].call,):
        yield finding(program, node, CODE, WHAT, "Read tf.keras.datasets.mnist with the same batches.", fixable=True)
