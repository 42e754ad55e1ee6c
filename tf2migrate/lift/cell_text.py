"""How recurrent cells are written: the cell, the object that unrolls it, and the lines of its call."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tf2migrate.lift import zero_states
from tf2migrate.lift.cell_calls import Stepped
from tf2migrate.lift.cells import ONE_STATE, Cell, Stacked, Stage, States, Unrolled, Wrapped, ZeroState, unwrapped
from tf2migrate.lift.layer_text import WIDTH
from tf2migrate.lift.layers import free_name, uses_random
from tf2migrate.lift.own_cell_classes import Own
from tf2migrate.lift.render import spread
from tf2migrate.lift.values import Refused, State, Structure, Value

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

#: The settings of an LSTM that only its whole class has.
_WHOLE = ("use_peepholes", "cell_clip", "num_proj", "proj_clip")


def cell_text(expressions: Expressions, cell: Cell) -> str:
    """The constructor of a cell, with TensorFlow 1's defaults."""
    given = cell.arguments
    units = expressions.text(given["num_units"])
    parts = [units]
    if "activation" in given and not _none(given["activation"]):
        parts.append(f"activation={expressions.text(given['activation'])}")
    initializer = given.get("initializer", given.get("kernel_initializer"))
    if initializer is not None and not _none(initializer):
        parts.append(f"kernel_initializer={expressions.text(initializer)}")
    elif uses_random(expressions.interpreter):
        parts.append("kernel_initializer=glorot_uniform")
    for key in ("bias_initializer", "forget_bias", *_WHOLE):
        if key in given and not _default(key, given[key]):
            parts.append(f"{key}={expressions.text(given[key])}")
    whole = any(key in given and not _default(key, given[key]) for key in _WHOLE)
    begin = f"Joint{'Whole' if whole else ''}{cell.kind}("
    if cell.kind.startswith(ONE_STATE):
        begin = f"{ONE_STATE}{'Whole' if whole else ''}{cell.kind.removeprefix(ONE_STATE)}("
    if cell.several:  # by a class that paths tell
        begin = f"{expressions.operand(cell.node.func)}("
    text = f"{begin}{', '.join(parts)})"
    line = expressions.program.lines[cell.node.lineno - 1]
    return text if len(text) + len(line) - len(line.lstrip()) < WIDTH else spread(begin, parts, ")", line)


def _default(key: str, node: ast.expr) -> bool:
    """Whether a setting is written out as it is anyway."""
    standard = {"forget_bias": 1, "use_peepholes": False}.get(key)
    return isinstance(node, ast.Constant) and node.value == standard


def _none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def inner_text(expressions: Expressions, value: Wrapped | Stacked) -> str:
    """A wrapper is what it wraps, and a stack the list of its cells."""
    text = expressions.text(value.arguments["cell"] if isinstance(value, Wrapped) else _cells(value))
    if isinstance(value, Stacked) and value.one:
        return f"OneStateCells({text})"
    if not any(v.cell is value for v in _stepped(expressions)):
        return text
    kept = bool(expressions.interpreter.uses)
    return f"TrackedCells({text})" if kept else f"{expressions.tf}.keras.layers.StackedRNNCells({text})"


def _stepped(expressions: Expressions) -> list[Stepped]:
    """The calls of cells and stacks by themselves."""
    return [v for v in expressions.interpreter.rewrites.values() if isinstance(v, Stepped)]


def _cells(value: Stacked) -> ast.expr:
    return value.node.args[0] if value.node.args else value.node.keywords[0].value


def made_text(expressions: Expressions, value: Unrolled) -> str:
    """The object that unrolls the cell, or one for each cell where dropout is between them. Raises `Refused`."""
    flags = ["return_sequences=True"]
    if state_is_read(expressions, value):
        flags.append("return_state=True")
    if "sequence_length" in value.arguments:
        flags.append("zero_output_for_mask=True")
    if value.index:
        flags.append("go_backwards=True")
    cell = expressions.text(value.arguments["cell"])
    if isinstance(value.items[1][1], States) and expressions.interpreter.uses and not value.several:
        cell = f"TrackedCells({cell})"  # a checkpoint keeps nothing of the list that Keras makes of cells
        if any(isinstance(v.cell, Stacked) for v in _stepped(expressions)):
            what = "cells are saved, in a program that calls a stack of cells and unrolls one"
            raise Refused("TFM901", value.arguments["cell"], what, "Keep each of the cells in the tf.train.Checkpoint.")
    begin = f"{expressions.tf}.keras.layers.RNN("
    if value.several:
        return f"[{begin}cell, {', '.join(flags)}) for cell in {cell}]"
    return f"{begin}{cell}, {', '.join(flags)})"


def state_is_read(expressions: Expressions, value: Unrolled) -> bool:
    """Whether anything reads the last state."""
    interpreter = expressions.interpreter
    frames = [*interpreter.frames, *[frame for part in interpreter.parts.values() for frame in part.frames]]
    statements = [s for frame in frames for s in frame.statements]
    statements += [leaf.statement for run in interpreter.runs.values() for leaf in run.fetches.leaves()]
    read = [*{d.value for s in statements for d in s.reads}, *[v for frame in frames for v in frame.returns]]
    state = {id(part) for part in _every(value.items[1][1])}
    return any(id(part) in state for whole in read for part in _every(whole))


def _every(value: Value) -> list[Value]:
    inner = [part for _, item, _ in value.items for part in _every(item)] if isinstance(value, Structure) else []
    rest = _every(value.rest) if isinstance(value, Structure) and value.rest is not None else []
    return [value, *inner, *rest]


# -------------------------------------------------------------------- the call


def lines(expressions: Expressions, value: Unrolled, outputs: str, state: ast.expr | str) -> list[str]:
    """The lines of `outputs, state = dynamic_rnn(…)`: unrolled, and what is dropped."""
    if not state_is_read(expressions, value):
        return _outputs(expressions, value, outputs)
    if any(cell.mixed for cell in _every_cell(value)):
        raise _mixed(value.arguments["cell"])
    last = value.items[1][1]
    if isinstance(last, State) and isinstance(state, ast.Tuple | ast.List) and len(state.elts) == 2:
        return _outputs(expressions, value, outputs, ", ".join(expressions.text(part) for part in state.elts))
    if not isinstance(state, ast.Name | ast.Attribute | str):
        message = "the state of an unrolled cell is taken apart where it is bound"
        raise Refused("TFM902", value.arguments["cell"], message, "Bind the state to one name.")
    kept = state if isinstance(state, str) else expressions.text(state)
    if value.several:
        return _one_by_one(expressions, value, outputs, kept)
    return _outputs(expressions, value, outputs, f"*{kept}" if isinstance(last, Structure) else kept)


def _every_cell(value: Unrolled) -> list[Cell]:
    """The cells that are unrolled, each with those that it may be."""
    found: list[Value] = [stage.cell for stage in value.stages]
    found = [cell for one in found for cell in ((one.cells or (one.each,)) if isinstance(one, Stacked) else (one,))]
    return [cell for one in found if isinstance(cell := _unwrapped(one), Cell)]


def _mixed(node: ast.expr) -> Refused:
    message = "the state is used of a cell that may be one of different kinds"
    return Refused("TFM902", node, message, "Make a cell of one kind.")


def _one_by_one(expressions: Expressions, value: Unrolled, outputs: str, state: str) -> list[str]:
    """Cells that are unrolled one after the other, and the list of their states."""
    last = _states(value)
    if value.stages[0].every:
        each = _local(expressions, "last")
        star = "*" if isinstance(last.rest, Structure) else ""
        found = [f"{state} = []", *_outputs(expressions, value, outputs, f"{star}{each}", f"{state}.append({each})")]
        return [*found, f"{state} = {expressions.tf}.concat({state}, 1)"] if value.joined else found
    parts = [item for _, item, _ in last.items]
    if len(parts) != len(value.stages):
        message = "the state of cells that are stacked in stacks, with dropout between them, is used"
        raise Refused("TFM902", value.arguments["cell"], message, "Unroll each cell by itself.")
    names = [f"{state.rsplit('.', 1)[-1]}_{i}" for i in range(len(parts))]
    names = [free_name(expressions.interpreter, name) for name in names]
    starred = [f"*{name}" if isinstance(part, Structure) else name for name, part in zip(names, parts, strict=True)]
    whole = f"[{', '.join(names)}]"
    whole = f"{expressions.tf}.concat({whole}, 1)" if value.joined else whole
    return [*_outputs(expressions, value, outputs, starred), f"{state} = {whole}"]


def _states(value: Unrolled) -> Structure:
    """The states of cells that are unrolled one after the other."""
    last = value.items[1][1]
    if value.joined:
        if value.stages[0].every:
            return Structure("list", (), value.node, last)
        return Structure("list", tuple((i, last, None) for i in range(len(value.stages))), value.node)
    assert isinstance(last, Structure)
    return last


def outputs_text(expressions: Expressions, value: Unrolled) -> str | None:
    """The outputs alone as an expression, where one call is all there is."""
    found = _outputs(expressions, value, "x")
    return found[0].removeprefix("x = ") if len(found) == 1 and not state_is_read(expressions, value) else None


def _name(expressions: Expressions, value: Unrolled) -> str:
    name = expressions.hoisted.get(id(value.node))
    if name is None:
        message = "a cell is unrolled where it is fetched"
        raise Refused("TFM902", value.arguments["cell"], message, "Bind the outputs to a name.")
    return name if value.index is None else f"{name}[{value.index}]"


def _unstacked(expressions: Expressions, state: Value, text: str) -> str:
    """A state that is fed as one array, as Keras takes it."""
    tf = expressions.tf
    if isinstance(state, State):
        return f"{tf}.unstack({text})"
    if isinstance(state, Structure):
        each = state.rest or state.items[0][1]
        inner = f"{tf}.unstack({text})"
        return f"[{tf}.unstack(state) for state in {inner}]" if isinstance(each, State) else inner
    return text


def spec_text(tf: str, value: ZeroState, name: str) -> str:
    """The specification of a state that runs are fed, for batches of any size."""
    cell = _unwrapped(value.cell)
    several = isinstance(cell, Stacked) and not cell.joined
    first = f"*{name}.shape[:-2], " if several else "2, " if isinstance(cell, Cell) and cell.kind == "LSTMCell" else ""
    return f"{tf}.TensorSpec([{first}None, {name}.shape[-1]], {tf}.float32)"


def zeros_text(expressions: Expressions, value: ZeroState) -> str:
    """A state of zeros that runs are fed others for: one array, also where it is of several parts. Raises `Refused`."""
    owner, batch = expressions.text(value.owner), expressions.text(value.arguments["batch_size"])
    cell = _unwrapped(value.cell)
    parts: list[str] = []
    if isinstance(cell, Stacked) and cell.joined:
        size = f"{owner}.state_size" if cell.one else f"sum(cell.state_size for cell in {owner})"
        return f"{expressions.tf}.zeros([{batch}, {size}])"
    if isinstance(cell, Stacked):
        every = [_unwrapped(c) for c in cell.cells or (cell.each,)]
        if any(isinstance(c, Own) for c in every):
            message = "the state of cells of the program's own is fed"
            raise Refused("TFM902", value.node, message, "Feed the state of each cell by itself.")
        if any(isinstance(c, Cell) and c.several for c in every):
            raise _mixed(value.node)
        if len({(c.kind, ast.dump(c.arguments["num_units"])) for c in every if isinstance(c, Cell)}) > 1:
            message = "the state of cells of different kinds or sizes is fed"
            raise Refused("TFM902", value.node, message, "Feed the state of each cell by itself.")
        parts, owner, cell = [f"len({owner})"], f"{owner}[0]", every[0]
    assert isinstance(cell, Cell)
    if cell.mixed:
        raise _mixed(value.node)
    if isinstance(cell, Own) and cell.kind == "LSTMCell" and not (cell.of is not None and cell.of.form.alike):
        raise Refused("TFM902", value.node, "the state of a cell of the program's own is fed", "Feed its two parts.")
    if "num_proj" in cell.arguments and not _none(cell.arguments["num_proj"]):
        message = "the state of a cell with a projection is fed"
        raise Refused("TFM902", value.node, message, "Feed its two parts by themselves.")
    parts += ["2"] if cell.kind == "LSTMCell" else []
    if isinstance(cell, Own) and cell.kind == "LSTMCell":
        return f"{expressions.tf}.zeros([2, {batch}, {owner}.state_size[0]])"
    size = "state_size" if isinstance(cell, Own) or cell.kind.startswith(ONE_STATE) else "units"
    return f"{expressions.tf}.zeros([{', '.join([*parts, batch, f'{owner}.{size}'])}])"


def _unwrapped(cell: Value) -> Cell | Stacked:
    cell = unwrapped(cell)
    assert isinstance(cell, Cell | Stacked)
    return cell


def _outputs(
    expressions: Expressions, value: Unrolled, target: str, state: str | list[str] = "", after: str = ""
) -> list[str]:
    """The lines that bind the outputs, from cell to cell, and the states if there are names for them."""
    begin = f"{target} = "
    tf, given = expressions.tf, value.arguments
    name = _name(expressions, value)
    source, mask = _inputs(expressions, value)
    initial = _first(expressions, value)
    found: list[str] = []
    if initial is not None and value.several and value.joined:
        initial = f"{tf}.split({initial}, [each.cell.state_size for each in {name}], 1)"
        if not value.stages[0].every:
            first = _local(expressions, "first")
            initial, found = first, [f"{first} = {initial}"]
    if value.stages[0].every:
        stage = value.stages[0]
        each = _local(expressions, "rnn")
        assert isinstance(state, str)
        head = f"for {each} in {name}:"
        if initial is not None:
            first = _local(expressions, "first")
            head = f"for {each}, {first} in zip({name}, {initial}):"
            mask += f", initial_state={_part(expressions, value, first)}"
        dropped, source = _dropped_inputs(expressions, stage.before, source, target)
        found += dropped
        found += [] if dropped and source == target else [f"{begin}{source}"]
        found.append(head)
        found += ["    " + line for line in _stage(expressions, stage, each, target, _taken(target, state), mask)]
        found += [f"    {after}"] if after else []
        found += _dropped_outputs(expressions, stage.after, target)
    else:
        for index, stage in enumerate(value.stages):
            call = f"{name}[{index}]" if value.several else name
            more = mask
            if initial is not None:
                begun = _part(expressions, value, f"{initial}[{index}]", index) if value.several else initial
                more += f", initial_state={begun}"
            taken = _taken(target, state if isinstance(state, str) else state[index])
            found += _stage(expressions, stage, call, source, taken, more)
            source = target
    if value.index:
        found.append(f"{begin}{tf}.reverse({target}, axis=[1])")
    major = given.get("time_major")
    if isinstance(major, ast.Constant) and major.value:
        found.append(f"{begin}{tf}.transpose({target}, [1, 0, 2])")
    if value.path.endswith("static_rnn"):
        found.append(f"{begin}{tf}.unstack({target}, axis=1)")
    return found


def _local(expressions: Expressions, wanted: str) -> str:
    """A name inside of a function: none of the program's, and none of what is made outside."""
    name, number = free_name(expressions.interpreter, wanted), 0
    while name in expressions.hoisted.values():
        number += 1
        name = free_name(expressions.interpreter, f"{wanted}_{number}")
    return name


def _taken(target: str, state: str) -> tuple[str, str]:
    return target, f"{target}, {state}" if state else target


def _first(expressions: Expressions, value: Unrolled) -> str | None:
    """The state that is given at the beginning, as Keras takes it; of several objects, as each of them is given its."""
    if value.initial is None or zero_states.is_gone(expressions, value.initial):
        return None
    if any(cell.mixed for cell in _every_cell(value)):
        raise _mixed(value.arguments["cell"])
    text = expressions.text(value.arguments["initial_state"])
    if not isinstance(value.initial, ZeroState):
        return expressions.operand(value.arguments["initial_state"]) if value.several else text
    if value.several:
        apart = value.stages[0].every and not value.joined
        return f"{expressions.tf}.unstack({text})" if apart else text
    return _unstacked(expressions, value.items[1][1], text)


def _part(expressions: Expressions, value: Unrolled, text: str, index: int = 0) -> str:
    """One cell's state in one that is given for several."""
    last = _states(value)
    cell = last.rest or last.items[index][1]
    return _unstacked(expressions, cell, text) if isinstance(value.initial, ZeroState) else text


def _inputs(expressions: Expressions, value: Unrolled) -> tuple[str, str]:
    """What is unrolled over, batch first, and the mask of steps as a further argument of the call."""
    tf, given = expressions.tf, value.arguments
    text = expressions.text(given["inputs"])
    source = f"{tf}.stack({text}, axis=1)" if value.static else text
    axis = 1
    major = given.get("time_major")
    if isinstance(major, ast.Constant) and major.value:
        source, axis = f"{tf}.transpose({text}, [1, 0, 2])", 0
    more = ""
    if "sequence_length" in given and not _none(given["sequence_length"]):
        steps = f"len({text})" if value.static else f"{tf}.shape({text})[{axis}]"
        more += f", mask={tf}.sequence_mask({expressions.text(given['sequence_length'])}, {steps})"
    return source, more


def _stage(
    expressions: Expressions, stage: Stage, name: str, source: str, taken: tuple[str, str], more: str
) -> list[str]:
    """One cell: what is dropped of its inputs, the unrolling, and what is dropped of its outputs."""
    target, every = taken
    around = (*stage.wrappers, *([] if stage.every else stage.before))
    found, source = _dropped_inputs(expressions, around, source, target)
    found.append(f"{every} = {name}({source}{more})")
    return found + _dropped_outputs(expressions, (*stage.wrappers, *([] if stage.every else stage.after)), target)


def _dropped_inputs(
    expressions: Expressions, wrappers: Sequence[Wrapped], source: str, target: str
) -> tuple[list[str], str]:
    """The lines that drop inputs, from the outside in, and what is left of them; under a condition, by a name."""
    found: list[str] = []
    for wrapper in reversed(wrappers):
        if "input_keep_prob" not in wrapper.arguments or _one(wrapper.arguments["input_keep_prob"]):
            continue
        if wrapper.tests:
            found += [] if source == target else [f"{target} = {source}"]
            source = target
        dropped = _dropped(expressions, wrapper, "input_keep_prob", source)
        if wrapper.tests:
            found += _if(expressions, wrapper, f"{source} = {dropped}")
        else:
            source = dropped
    return found, source


def _dropped_outputs(expressions: Expressions, wrappers: Sequence[Wrapped], target: str) -> list[str]:
    """The lines that drop outputs, from the inside out."""
    found: list[str] = []
    for wrapper in wrappers:
        if "output_keep_prob" in wrapper.arguments and not _one(wrapper.arguments["output_keep_prob"]):
            dropped = _dropped(expressions, wrapper, "output_keep_prob", target)
            found += _if(expressions, wrapper, f"{target} = {dropped}")
    return found


def _if(expressions: Expressions, wrapper: Wrapped, line: str) -> list[str]:
    """A line under the conditions under which a cell has dropout."""
    if not wrapper.tests:
        return [line]
    texts = [expressions.text(test) if holds else f"not {expressions.operand(test)}" for test, holds in wrapper.tests]
    loose = [
        isinstance(test, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr) and holds for test, holds in wrapper.tests
    ]
    if len(texts) > 1:
        texts = [f"({text})" if bare else text for text, bare in zip(texts, loose, strict=True)]
    return [f"if {' and '.join(texts)}:", f"    {line}"]


def _one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _dropped(expressions: Expressions, wrapper: Wrapped, key: str, source: str) -> str:
    kept = expressions.term(wrapper.arguments[key])
    return f"{expressions.tf}.nn.dropout({source}, rate=1 - {kept})"


__all__ = ["cell_text", "inner_text", "lines", "made_text", "outputs_text", "spec_text", "zeros_text"]
