"""The text of pipelines: each stage is a data set made of the one before, under its author's name where it has one."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tf2migrate.lift import fifo, pipe_runs
from tf2migrate.lift.datasets import Element
from tf2migrate.lift.pipelines import Asked, Key, Pipe, Piped, Reader
from tf2migrate.lift.trace import Statement
from tf2migrate.lift.values import Refused, leaves
from tf2migrate.model import Finding

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

ADVICE = "Write the data set by hand."
_SETS = {"tf.TextLineReader": "TextLineDataset", "tf.TFRecordReader": "TFRecordDataset"}


def name(expressions: Expressions) -> None:
    """Names for the data sets that others are made of, and for the iterators at the ends."""
    plan = expressions.plan
    stages = pipe_runs.all_needed(expressions.interpreter, plan)
    before = {pipe.upstream for pipe in stages}
    ends = {iterator.pipe for iterator in plan.drawn if isinstance(iterator, Piped)}
    for pipe in stages:
        if pipe.kind not in ("files", "iterator", "returned") and pipe in before:
            expressions.data[id(pipe.node)] = plan.fresh("records" if pipe.kind == "read" else "dataset")
        if pipe in ends:
            expressions.hoisted[id(pipe.node)] = plan.fresh("iterator")


def lines(expressions: Expressions, statement: Statement) -> list[str] | None:
    """The lines of a statement that makes a stage; None where a statement does something else."""
    held = list(leaves(statement.value)) if statement.value is not None else []
    node = statement.node
    if isinstance(node, ast.Return) and isinstance(statement.value, Pipe) and statement.value.kind == "returned":
        return [*stages(expressions, statement), f"return {_mapped(expressions, statement.value)}"]
    if not held or not isinstance(node, ast.Assign | ast.Expr):
        return None
    if all(isinstance(v, Reader | fifo.Queue) for v in held):
        return []
    pipes = [v for v in held if isinstance(v, Pipe) and v.statement is statement]
    if pipes and isinstance(node, ast.Assign) and node.value is pipes[0].node:
        if pipes[0] not in pipe_runs.all_needed(expressions.interpreter, expressions.plan):
            return []
        first, text = _files(expressions, pipes[0], True)
        return [*first, f"{expressions.text(node.targets[0])} = {text}"]
    if not _piped(statement) or not all(isinstance(v, Element | Key) for v in held):
        return None
    return stages(expressions, statement)


def stages(expressions: Expressions, statement: Statement) -> list[str]:
    """The lines that make the stages from which a statement takes elements."""
    return [line for iterator in _piped(statement) for line in _stage(expressions, iterator)]


def _piped(statement: Statement) -> list[Piped]:
    drawn = [e.draw.iterator for e in statement.effects if isinstance(e, Element) and e.draw is not None]
    return [i for i in drawn if isinstance(i, Piped)]


def _stage(expressions: Expressions, iterator: Piped) -> list[str]:
    pipe = iterator.pipe
    assert pipe is not None
    kept, hoisted = expressions.data.get(id(pipe.node)), expressions.hoisted.get(id(pipe.node))
    if kept is None and hoisted is None:
        return []
    first, text = _text(expressions, pipe)
    made = [*first, *([f"{kept} = {text}"] if kept is not None else [])]
    return [*made, *([f"{hoisted} = iter({kept or text})"] if hoisted is not None else [])]


def _text(expressions: Expressions, pipe: Pipe) -> tuple[list[str], str]:
    match pipe.kind:
        case "files" | "slices":
            return _files(expressions, pipe, True)
        case "read":
            return _read(expressions, pipe)
        case "dequeued":
            return [], fifo.text(expressions, pipe)
        case "called":
            return [], expressions.renderer.inside(pipe.node)
    return [], _batch(expressions, pipe)


# -------------------------------------------------------------------- stages


def _files(expressions: Expressions, pipe: Pipe, apart: bool) -> tuple[list[str], str]:
    """The elements of a list, shuffled and repeated as a producer did; first what must be named for that."""
    tf, given = expressions.tf, pipe.arguments
    if pipe.kind == "files":
        source = given["string_tensor"]
        first, text, count = _counted(expressions, pipe, source, apart)
    else:
        listed = given["tensor_list"]
        assert isinstance(listed, ast.List | ast.Tuple)
        texts = [expressions.text(e) for e in listed.elts]
        first, _, count = _counted(expressions, pipe, listed.elts[0], apart)
        text = f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    made = f"{tf}.data.Dataset.from_tensor_slices({text})"
    shuffled = given.get("shuffle")
    if shuffled is not None and not isinstance(shuffled, ast.Constant):
        raise Refused("TFM901", pipe.node, "whether a queue shuffles comes out at run time", ADVICE)
    if (shuffled is None or shuffled.value) and count != "1":
        seed = f", seed={expressions.text(given['seed'])}" if "seed" in given else ""
        made += f".shuffle({count}{seed})"
    return first, made + _repeated(expressions, given.get("num_epochs"))


def _counted(expressions: Expressions, pipe: Pipe, node: ast.expr, apart: bool) -> tuple[list[str], str, str]:
    """A list's text, and how many elements it has."""
    text = expressions.text(node)
    if isinstance(node, ast.List | ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.elts):
        return [], text, str(len(node.elts))
    if isinstance(node, ast.Name | ast.Attribute):
        return [], text, f"len({text})"
    shuffled = pipe.arguments.get("shuffle")
    if isinstance(shuffled, ast.Constant) and not shuffled.value:
        return [], text, ""
    named = expressions.plan.fresh("files")
    return [f"{named} = {text}"], named, f"len({named})"


def _repeated(expressions: Expressions, epochs: ast.expr | None) -> str:
    if epochs is None or (isinstance(epochs, ast.Constant) and epochs.value is None):
        return ".repeat()"
    if isinstance(epochs, ast.Constant) and epochs.value == 1:
        return ""
    return f".repeat({expressions.text(epochs)})"


def _read(expressions: Expressions, pipe: Pipe) -> tuple[list[str], str]:
    assert isinstance(pipe.node, ast.Call)
    queue = pipe.node.args[0] if pipe.node.args else pipe.node.keywords[0].value
    tf = expressions.tf
    if isinstance(queue, ast.Call) and pipe.upstream is not None:
        first, source = _files(expressions, pipe.upstream, False)
        if first:
            raise Refused("TFM907", queue, "a queue of files has no name", "Bind the queue to a name.")
    else:
        source = expressions.text(queue)
    if pipe.symbol == "tf.WholeFileReader":
        if pipe.width == 2:
            return [], f"{source}.map(lambda name: (name, {tf}.io.read_file(name)))"
        return [], f"{source}.map({tf}.io.read_file)"
    if pipe.symbol == "tf.FixedLengthRecordReader":
        size = expressions.text(pipe.arguments["record_bytes"])
        return [], f"{source}.flat_map(lambda name: {tf}.data.FixedLengthRecordDataset(name, {size}))"
    kind = f"{tf}.data.{_SETS[pipe.symbol]}"
    skipped = pipe.arguments.get("skip_header_lines")
    skips = skipped is not None and not (isinstance(skipped, ast.Constant) and not skipped.value)
    rest = f".skip({expressions.text(skipped)})" if skipped is not None and skips else ""
    if pipe.width != 2:
        return [], f"{source}.flat_map(lambda name: {kind}(name){rest})" if rest else f"{source}.flat_map({kind})"
    function = expressions.plan.fresh("read_lines")
    named = f'(name + ":" + {tf}.strings.as_string(number), line)'  # numbered as in its file, from one
    numbered = f"    lines = {kind}(name).enumerate(1){rest}"
    mapped = f"    return lines.map(lambda number, line: {named})"
    apart = [""] * (2 if pipe.statement.frame.parent is None else 1)
    return [*apart, f"def {function}(name):", numbered, mapped, *apart], f"{source}.flat_map({function})"


def _batch(expressions: Expressions, pipe: Pipe) -> str:
    given, made = pipe.arguments, _mapped(expressions, pipe)
    if _said(pipe, "enqueue_many"):
        made += ".unbatch()"
    if pipe.symbol.endswith("shuffle_batch"):
        seed = f", seed={expressions.text(given['seed'])}" if "seed" in given else ""
        made += f".shuffle({expressions.text(given['capacity'])}{seed})"
    call = "padded_batch" if _said(pipe, "dynamic_pad") else "batch"
    last = "" if _said(pipe, "allow_smaller_final_batch") or _endless(pipe) else ", drop_remainder=True"
    return f"{made}.{call}({expressions.text(given['batch_size'])}{last})"


def _mapped(expressions: Expressions, pipe: Pipe) -> str:
    """The data set that a stage takes from, with what is computed of its elements."""
    upstream, mapped = pipe.upstream, expressions.plan.mapped.get(pipe)
    assert upstream is not None
    if upstream.of is not None:
        assert upstream.of.source is not None
        made = expressions.operand(upstream.of.source)
    else:
        known = expressions.data.get(id(upstream.node))
        if known is None:  # its statement is none of the program's any more
            raise Refused("TFM901", pipe.node, "how the elements that are taken here come to be cannot be seen", ADVICE)
        made = known
    return f"{made}.map({mapped.name})" if mapped is not None else made


def _said(pipe: Pipe, argument: str) -> bool:
    """Whether an argument is true. Raises `Refused` where that comes out at run time."""
    node = pipe.arguments.get(argument)
    if node is not None and not isinstance(node, ast.Constant):
        raise Refused("TFM901", pipe.node, f"{argument} of a batch comes out at run time", ADVICE)
    return bool(node.value) if node is not None else False


def _endless(pipe: Pipe) -> bool:
    first = pipe
    while first.upstream is not None:
        first = first.upstream
    epochs = first.arguments.get("num_epochs")
    return epochs is None or (isinstance(epochs, ast.Constant) and epochs.value is None)


# -------------------------------------------------------------------- coordinators, findings


def asked(expressions: Expressions, node: ast.AST) -> str | None:
    """Whether a coordinator is to stop: never, and so a loop until it does has no other end than the data's."""
    held = expressions.interpreter.rewrites
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and _is_asked(held.get(id(node.operand))):
        return "True"
    return "False" if _is_asked(held.get(id(node))) else None


def _is_asked(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Asked)


def never(expressions: Expressions, node: ast.stmt) -> bool:
    """Whether a statement is `if coord.should_stop(): break`."""
    return (
        isinstance(node, ast.If) and not node.orelse and _is_asked(expressions.interpreter.rewrites.get(id(node.test)))
    )


def _shuffles(pipe: Pipe) -> bool:
    """Whether a producer shuffles what it is given, as it does unless it is told not to."""
    told, source = pipe.arguments.get("shuffle"), pipe.arguments.get("string_tensor")
    alone = isinstance(source, ast.List | ast.Tuple) and len(source.elts) == 1
    return pipe.kind in ("files", "slices") and not alone and not (isinstance(told, ast.Constant) and not told.value)


def check(drawn: Iterable[object]) -> list[Finding]:
    """What is drawn in another order than TensorFlow 1's."""
    found = []
    for pipe in pipe_runs.needed([i for i in drawn if isinstance(i, Piped)]):
        if pipe.symbol.endswith(("shuffle_batch", "RandomShuffleQueue")) or _shuffles(pipe):
            message = "the elements come in another order than TensorFlow 1's, as its seeds give other numbers here"
            advice = "The chances are the same. Nothing to do, unless a run must be repeated number by number."
            node = pipe.node
            found.append(Finding(node.lineno, node.col_offset + 1, "TFM719", message, advice, fixable=True))
    return found
