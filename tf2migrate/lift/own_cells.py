"""Recurrent cells that a program has classes of its own for, in the form of Keras's cells.

class Cell(tf.nn.rnn_cell.RNNCell):                    class Cell(tf.nn.rnn_cell.RNNCell):
    def __call__(self, inputs, state, scope=None):         def build(self, input_shape):
        with tf.variable_scope(scope or "cell"):               self.w = self.add_weight(shape=…, name="w")
            w = tf.get_variable("w", …)
            …                                              def call(self, inputs, states):
        return output, new_state                               state = states[0]
                                                               …
                                                               return output, [new_state]

The base stays until the program is lifted, with a mark: they tell which classes are such cells, and have this form
(`own_cell_classes`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.apply import apply, fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import own_cell_helpers
from tf2migrate.lift.own_cell_added import add_weight
from tf2migrate.lift.own_cell_checks import checked
from tf2migrate.lift.own_cell_forms import (
    BLOCKS,
    MARK,
    TUPLES,
    Form,
    attribute_of,
    blocks_of,
    is_as_given,
    is_own,
    lines_of,
    refusal,
)
from tf2migrate.lift.own_cell_inner import built_in, inner_cells, made_text
from tf2migrate.lift.own_cell_shapes import Shapes
from tf2migrate.lift.own_cell_steps import pair, step
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit, Finding, Options, Outcome, Span

_CALLS = 50  # of helpers that are written out at most, for one cell


def own_cells(program: Program, options: Options) -> Outcome:
    """The edits that give each such class the form of a layer; the refusal of one that cannot be given it."""
    edits: list[Edit] = []
    for node in program.each(ast.ClassDef):
        if not is_own(program, node):
            continue
        whole, made = _with_helpers(program, node)
        try:
            edits.append(Edit(program.span(node), _written(checked(whole, made))))
        except Refused as stop:
            at = stop.node if whole is program else node
            line, column = getattr(at, "lineno", 1), getattr(at, "col_offset", 0)
            return Outcome((), (Finding(line, column + 1, stop.code, stop.message, stop.advice),))
    if edits:
        edits += _without_helpers(program, edits)
    return Outcome(tuple(edits) if fits(edits, program.cuts) else ())


def _with_helpers(program: Program, node: ast.ClassDef) -> tuple[Program, ast.ClassDef]:
    """A program in which a cell's helpers that make variables are written out, and the class in it."""
    for _ in range(_CALLS):
        edits = own_cell_helpers.written_out(program, node)
        if not edits:
            break
        program = Program(apply(program.text, edits)[0])
        node = next(n for n in program.each(ast.ClassDef) if n.name == node.name)
    methods = own_cell_helpers.unused_methods(program, node)
    if not methods:
        return program, node
    program = Program(apply(program.text, [_without(program, method) for method in methods])[0])
    return program, next(n for n in program.each(ast.ClassDef) if n.name == node.name)


def _without_helpers(program: Program, edits: list[Edit]) -> Iterator[Edit]:
    """What takes out the functions that nothing calls any more."""
    after = Program(apply(program.text, edits)[0])
    gone = {function.name for function in own_cell_helpers.unused(after, program)}
    functions = [f for f in program.tree.body if isinstance(f, ast.FunctionDef)]
    yield from (_without(program, function) for function in functions if function.name in gone)


def _without(program: Program, function: ast.FunctionDef) -> Edit:
    """What takes out a function, with the lines above it that are empty."""
    start, end = program.offset(function.lineno, 0), program.offset((function.end_lineno or 0) + 1, 0)
    before = program.text[:start]
    return Edit(Span(len(before.rstrip()) + 1 if before.strip() else start, end), "")


def _written(form: Form) -> str:
    """The text of a class. Raises `Refused`."""
    program, start = form.program, form.program.span(form.node).start
    base = program.span(form.node.bases[0]).end
    edits = [*_constructor(form), *_build(form), *step(form), *_sizes(form), Edit(Span(base, base), f", {MARK}=True")]
    edits = [e for e in edits if program.text[e.span.start : e.span.end] != e.text]
    text, _ = apply(program.text, edits)
    end = len(text) - (len(program.text) - program.span(form.node).end)
    text, name = text[:start] + text[start:end], form.node.name
    rest = program.text[program.span(form.node).end :]
    while (less := _without_block(Program(text + rest), name)) is not None:
        text = less[: len(less) - len(rest)] if rest else less
    return text[start:]


def _sizes(form: Form) -> Iterator[Edit]:
    """Pairs of sizes outside of the step are lists, too."""
    inside = {id(n) for n in walk(form.step)}
    for node in walk(form.node):
        if isinstance(node, ast.Call) and form.symbol(node.func) in TUPLES and id(node) not in inside:
            parts = map(form.program.segment, pair(node))
            yield Edit(form.program.span(node), f"[{', '.join(parts)}]")


# -------------------------------------------------------------------- the constructor


def _constructor(form: Form) -> Iterator[Edit]:
    """The constructor of the class above it is called first, and variables that are made here are weights."""
    method = form.methods.get("__init__")
    if method is None:
        return
    list(blocks_of(form, method))
    program = form.program
    above = [s for s in method.body if isinstance(s, ast.Expr) and _is_above(form, s.value)]
    if any(_is_above(form, n) for n in walk(method) if n not in [s.value for s in above]) or len(above) > 1:
        raise refusal(method, f"the constructor of the cell {form.node.name} calls that of its base in an unusual way")
    begin = method.body[1 if ast.get_docstring(method) is not None and len(method.body) > 1 else 0]
    told = _told(form, above[0].value) if above else ""
    call = f"super().__init__({told})"
    if above and above[0] is begin:
        yield Edit(program.span(begin), call)
    else:
        at = program.offset(begin.lineno, 0)
        yield Edit(Span(at, at), f"{program.indent(begin)}{call}\n")
        if above:
            yield Edit(lines_of(program, above[0]), "")
    yield from _weights(form, method, Shapes(form, method))
    for value in inner_cells(form).values():
        if built_in(form, value) and isinstance(value, ast.Call):
            yield Edit(program.span(value), made_text(form, value))


def _is_above(form: Form, node: ast.AST) -> bool:
    """Whether a node calls the constructor of the base."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")):
            return True
        case ast.Call(func=ast.Attribute(value=base, attr="__init__")):
            return ast.unparse(base) in {ast.unparse(b) for b in form.node.bases}
    return False


def _told(form: Form, call: ast.expr) -> str:
    """What the base is told: a name, and what is handed on. Raises `Refused` where it is told more."""
    assert isinstance(call, ast.Call)
    kwarg = form.methods["__init__"].args.kwarg
    if kwarg is not None and [(k.arg, ast.unparse(k.value)) for k in call.keywords] == [(None, kwarg.arg)]:
        return f"**{kwarg.arg}"
    plain = [a for a in call.args if not (isinstance(a, ast.Name) and a.id == "self")]
    known = {"_reuse", "name", "dtype", "trainable"}
    if plain or any(k.arg not in known for k in call.keywords):
        raise refusal(call, "the constructor of a cell tells its base more than its name")
    told = {k.arg: k.value for k in call.keywords}
    if "_reuse" in told and not is_as_given(form, told["_reuse"]):
        raise refusal(call, "the constructor of a cell tells its base to share variables")
    for setting, usual in (("dtype", None), ("trainable", True)):
        value = told.get(setting)
        if value is not None and not (isinstance(value, ast.Constant) and value.value is usual):
            raise refusal(call, f"the constructor of a cell tells its base its {setting}")
    return f"name={form.program.segment(told['name'])}" if "name" in told else ""


def _makes(form: Form, node: ast.Call) -> bool:
    """Whether a call makes a variable."""
    return form.symbol(node.func) == "tf.get_variable" or attribute_of(node.func) in ("add_variable", "add_weight")


def _check_computed(form: Form, method: ast.FunctionDef) -> None:
    """Raises `Refused` where a constructor or `build` computes with a variable: each run did, and now nothing would."""
    made: set[str] = set()
    for node in walk(method):
        if isinstance(node, ast.Call) and _makes(form, node):
            statement = form.program.parents.get(id(node))
            if not isinstance(statement, ast.Expr | ast.Assign):
                raise refusal(node, f"the cell {form.node.name} computes with a variable where it is made")
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            made |= {ast.unparse(target) for target in targets}
    assigns = [n for n in walk(method) if isinstance(n, ast.Assign)]
    for _ in assigns:  # what has another name for one is one, too
        made |= {ast.unparse(t) for n in assigns if ast.unparse(n.value) in made for t in n.targets}
    for node in walk(method):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load) and ast.unparse(node) in made:
            above = form.program.parents.get(id(node))
            if not (isinstance(above, ast.Assign) and above.value is node):
                raise refusal(node, f"the cell {form.node.name} computes with a variable in {method.name}")


def _weights(form: Form, method: ast.FunctionDef, shapes: Shapes) -> Iterator[Edit]:
    """The variables that a constructor or `build` makes, as weights at their places."""
    program = form.program
    _check_computed(form, method)
    for node in walk(method):
        if not isinstance(node, ast.Call):
            continue
        if _makes(form, node):
            line = program.lines[node.lineno - 1]
            yield Edit(program.span(node), add_weight(form, shapes, node, None, line[: node.col_offset]))


# -------------------------------------------------------------------- what is built


def _build(form: Form) -> Iterator[Edit]:
    """A `build` of the program's own: with the shape as Keras gives it."""
    method = form.methods.get("build")
    if method is None:
        return
    program, positional = form.program, [a.arg for a in method.args.args]
    if len(positional) != 2:
        raise refusal(method, f"the build of the cell {form.node.name} takes something other than a shape")
    list(blocks_of(form, method))
    yield from _weights(form, method, Shapes(form, method))
    for node in walk(method):
        match node:
            case ast.Attribute(value=ast.Subscript(value=ast.Name(id=name)) as inner, attr="value"):
                if name == positional[1] and not _in_weight(form, method, node):
                    yield Edit(program.span(node), program.segment(inner))
            case ast.Attribute(attr="as_list" | "dims" | "ndims"):
                raise refusal(node, f"the build of the cell {form.node.name} asks for the shape in an unusual way")


def _in_weight(form: Form, method: ast.FunctionDef, node: ast.AST) -> bool:
    """Whether a node is an argument of a variable, which is written anew."""
    above = form.program.parents.get(id(node))
    while above is not None and above is not method:
        if isinstance(above, ast.Call) and _makes(form, above):
            return True
        above = form.program.parents.get(id(above))
    return False


# -------------------------------------------------------------------- blocks that only name


def _without_block(program: Program, name: str) -> str | None:
    """The text of a program with one block less that only names what is in it; None where a class has none."""
    (node,) = (n for n in program.tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    for block in [n for n in walk(node) if isinstance(n, ast.With)]:
        calls = [item.context_expr for item in block.items]
        if all(isinstance(call, ast.Call) and program.names.symbol(call.func) in BLOCKS for call in calls):
            return _flat(program, block)
    return None


def _flat(program: Program, block: ast.With) -> str:
    """The text without a block's head, and what is in it in its place. Raises `Refused` where it is on one line."""
    if block.body[0].lineno == block.lineno:
        raise refusal(block, "a block of a cell stands on one line")
    inside = {
        line
        for n in walk(block)
        if isinstance(n, ast.Constant | ast.JoinedStr) and (n.end_lineno or 0) > n.lineno
        for line in range(n.lineno + 1, (n.end_lineno or 0) + 1)
    }
    last = max(i.context_expr.end_lineno or 0 for i in block.items)
    less = len(program.indent(block.body[0])) - len(program.indent(block))
    found = []
    for number, line in enumerate(program.lines, 1):
        if block.lineno <= number <= last or (last < number < block.body[0].lineno and line.strip() in ("):", ")")):
            continue
        moved = last < number <= (block.end_lineno or 0) and number not in inside and line.strip()
        found.append(line[less:] if moved and not line[:less].strip() else line)
    return "".join(found)[:-1]


__all__ = ["own_cells"]
