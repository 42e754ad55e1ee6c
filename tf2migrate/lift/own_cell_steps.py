"""The step of a program's own recurrent cell, as Keras calls it: with a list for the state."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import own, walk
from tf2migrate.lift.own_cell_forms import TUPLES, Form, blocks_of, lines_of, refusal
from tf2migrate.lift.own_cell_inner import call_text
from tf2migrate.lift.own_cell_shapes import Shapes
from tf2migrate.lift.own_cell_weights import Weights
from tf2migrate.lift.render import Renderer
from tf2migrate.model import Edit, Span

#: What takes a cell and calls it with a list for its state, as Keras does.
_DROPOUT = ("tf.nn.rnn_cell.DropoutWrapper", "tf.contrib.rnn.DropoutWrapper")
_UNROLLERS = (
    *("tf.nn.dynamic_rnn", "tf.nn.static_rnn", "tf.contrib.rnn.static_rnn", "tf.nn.bidirectional_dynamic_rnn"),
    *("tf.nn.static_bidirectional_rnn", "tf.contrib.rnn.static_bidirectional_rnn"),
)


def step(form: Form) -> Iterator[Edit]:
    """`build` before the step, and the step as Keras calls it. Raises `Refused`."""
    program, node = form.program, form.step
    weights = Weights(form, Shapes(form, node))
    begin = node.body[1 if ast.get_docstring(node) is not None and len(node.body) > 1 else 0]
    built = weights.lines(program.indent(begin))
    if built and "build" in form.methods:
        raise refusal(node, f"the cell {form.node.name} makes variables both in build and in its step")
    _check_scope(form, weights)
    if built:
        at = program.offset(node.lineno, 0)
        text = "\n".join([f"{program.indent(node)}def build(self, input_shape):", *built])
        yield Edit(Span(at, at), f"{text}\n\n")
    yield from _header(form, begin)
    yield from _body(form, weights)


def _named(form: Form, renderer: Renderer) -> Iterator[Edit]:
    """The lines that give a state a name before it is returned, where it is named twice."""
    if form.parts != 1 or is_unrolled(form.program, form.node):
        return
    for node in own(form.step.body):
        match node:
            case ast.Return(value=ast.Tuple(elts=[_, state])):
                text = renderer.inside(state)
                if (name := _held(form, text)) != text:
                    at = lines_of(form.program, node).start
                    yield Edit(Span(at, at), f"{form.program.indent(node)}{name} = {text}\n")


def _check_scope(form: Form, weights: Weights) -> None:
    """Raises `Refused` where the scope that a step is given is used other than to name what is in it."""
    known = {id(n) for block in blocks_of(form, form.step) for i in block.items for n in walk(i.context_expr)}
    known |= {id(n) for call in weights.inner_calls for n in walk(call)}
    read = [n for n in walk(form.step) if isinstance(n, ast.Name) and n.id == "scope" and id(n) not in known]
    if read and "scope" in {a.arg for a in form.step.args.args}:
        raise refusal(read[0], f"the step of the cell {form.node.name} hands its scope on")


def _body(form: Form, weights: Weights) -> Iterator[Edit]:
    """What is left of the step, with attributes for variables and lists for states."""
    program, texts = form.program, dict(weights.replaced)
    renderer = Renderer(program, lambda node: texts.get(id(node)))
    for call in reversed(weights.inner_calls):  # the inner ones first
        texts[id(call)] = call_text(form, call, renderer.text)
    for key, text in _states(form, renderer.text):
        texts[key] = text
    yield from _named(form, renderer)
    gone = weights.gone
    for statement in [n for n in own(form.step.body) if isinstance(n, ast.stmt) and id(n) in gone]:
        if not within(program, statement, gone):
            span = lines_of(program, statement)
            start = program.offset(statement.lineno - weights.comments.get(id(statement), 0), 0)
            yield Edit(Span(start, span.end), "")
    for node in [n for n in walk(form.step) if isinstance(n, ast.expr) and id(n) in texts]:
        if not within(program, node, {*gone, *texts}):
            yield Edit(program.span(node), texts[id(node)])


def within(program: Program, node: ast.AST, others: set[int]) -> bool:
    """Whether a node stands in another of these."""
    above = program.parents.get(id(node))
    while above is not None:
        if id(above) in others:
            return True
        above = program.parents.get(id(above))
    return False


def _header(form: Form, begin: ast.stmt) -> Iterator[Edit]:
    """The head of the step, and what takes the state of one part out of its list."""
    program, step = form.program, form.step
    written: list[ast.arg | ast.expr] = [*step.args.args, *step.args.kwonlyargs, *step.args.defaults]
    last = max(program.span(node).end for node in written)
    end = program.text.index(":", program.text.index(")", last)) + 1
    start = program.text.index("def", program.span(step).start)
    given = _given(form)
    yield Edit(Span(start, end), f"def call(self, {form.inputs}, {given}):")
    if form.parts != 1:
        return
    at = program.offset(begin.lineno, 0)
    first = [f"{form.state} = {given}[0]"]
    if not is_unrolled(program, form.node):
        first = [f"several = isinstance({given}, (list, tuple))", f"{form.state} = {given}[0] if several else {given}"]
    yield Edit(Span(at, at), "".join(f"{program.indent(begin)}{line}\n" for line in first))


def _given(form: Form) -> str:
    """What the step calls the state as it is given: a list, where it is of one part."""
    if form.parts != 1:
        return form.state
    taken = {n.id for n in walk(form.step) if isinstance(n, ast.Name)} | {form.inputs}
    return next(name for name in ("states", "cell_states", "given_states") if name not in taken)


def _states(form: Form, text: Callable[[ast.expr], str]) -> Iterator[tuple[int, str]]:
    """The texts of states in the step: lists, where they were tuples or one tensor; the inner ones first."""
    for node in reversed(walk(form.step)):
        match node:
            case ast.Call(func=func) if form.symbol(func) in TUPLES:
                yield id(node), f"[{', '.join(map(text, pair(node)))}]"
            case ast.Attribute(value=ast.Name(id=name), attr="c" | "h" as part):
                if name == form.state and form.parts == 2:
                    yield id(node), f"{name}[{'ch'.index(part)}]"
    if form.parts:
        yield from _returned(form, text)


def pair(node: ast.Call) -> list[ast.expr]:
    """What a state is put together of. Raises `Refused`."""
    told = {k.arg: k.value for k in node.keywords}
    parts = [*node.args, *(told[n] for n in ("c", "h") if n in told)]
    if len(parts) != 2 or any(isinstance(p, ast.Starred) for p in parts):
        raise refusal(node, "a state of a cell is put together in an unusual way")
    return parts


def _held(form: Form, text: str) -> str:
    """The name of a state that is returned: its own, or a new one."""
    if text.replace(".", "").isidentifier():
        return text
    taken = {n.id for n in walk(form.step) if isinstance(n, ast.Name)}
    return next(name for name in ("new_state", "next_state", "last_state") if name not in taken)


def _returned(form: Form, text: Callable[[ast.expr], str]) -> Iterator[tuple[int, str]]:
    """The states that the step returns: in a list. Raises `Refused` where they cannot be told from the outputs."""
    several = "" if is_unrolled(form.program, form.node) else " if several else {}"
    for node in own(form.step.body):
        if not isinstance(node, ast.Return):
            continue
        match node.value:
            case ast.Tuple(elts=[_, ast.Tuple(elts=parts) as state]) if form.parts == len(parts) == 2:
                yield id(state), f"[{', '.join(map(text, parts))}]"
            case ast.Tuple(elts=[_, state]) if form.parts == 1 and not isinstance(state, ast.Tuple | ast.List):
                held = _held(form, text(state)) if several else text(state)
                yield id(state), f"[{held}]" + several.format(held)
            case ast.Tuple(elts=[_, _]) if form.parts == 2:
                continue
            case _:
                raise refusal(node, f"the step of the cell {form.node.name} returns no pair of outputs and state")


def is_unrolled(program: Program, node: ast.ClassDef) -> bool:
    """Whether all objects of a class are only unrolled by TensorFlow: then their state comes in a list."""
    uses = [n for n in program.each(ast.Name) if n.id == node.name and not within(program, n, {id(node)})]
    calls = [(program.parents.get(id(use)), use) for use in uses]
    return bool(calls) and all(isinstance(c, ast.Call) and c.func is use and _goes(program, c) for c, use in calls)


def _goes(program: Program, node: ast.expr) -> bool:
    """Whether a cell goes nowhere but to what unrolls it, also by a name of its own."""
    match above := program.parents.get(id(node)):
        case ast.keyword():
            above = program.parents.get(id(above))
    match above:
        case ast.Call(func=func) if func is not node and program.names.symbol(func) in _UNROLLERS:
            return True
        case ast.Call(func=func) if func is not node and program.names.symbol(func) in _DROPOUT:
            return _goes(program, above)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            reads = [n for n in program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
            return all(_goes_on(program, read) for read in reads)
    return False


def _goes_on(program: Program, read: ast.Name) -> bool:
    above = program.parents.get(id(read))
    above = program.parents.get(id(above)) if isinstance(above, ast.keyword) else above
    return isinstance(above, ast.Call) and above.func is not read and program.names.symbol(above.func) in _UNROLLERS


__all__ = ["is_unrolled", "pair", "step", "within"]
