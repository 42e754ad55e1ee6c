"""Shapes of tensors that variables are made of, written out: `n = int(np.prod(pool.get_shape()[1:]))`.

A variable is made before any function computes the tensor that its size was taken from. Where the text tells what
TensorFlow 1 knew of that tensor's shape, the sizes stand there themselves: `n = 4 * 4 * 64`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tf2migrate.facts.program import Program
from tf2migrate.facts.shape_rules import Shape
from tf2migrate.facts.standing import scope_of, statement_of
from tf2migrate.facts.static_shapes import StaticShapes
from tf2migrate.facts.tree import walk
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.model import Edit, Span


def known_shapes(program: Program) -> tuple[Edit, ...]:
    """The edits that write out the shapes which the program reads of tensors, where they can be told."""
    if "shape" not in program.text or "set_shape" in program.text:
        return ()
    shapes = StaticShapes(program)
    edits = []
    for node in program.nodes:
        tensor = _asked(node)
        if tensor is None or not isinstance(tensor, ast.Name | ast.Attribute) or _is_given(shapes, tensor):
            continue  # nothing to write, or what has its shape in the rewritten program as well
        shape = shapes.of(tensor)
        if shape is not None:
            assert isinstance(node, ast.expr)
            whole, text = _written(program, node, shape)
            if not _is_printed(program, node, "TensorShape" in text and None in shape):
                edits.append(Edit(program.span(whole), text))
    return (*edits, *_given_back(shapes)) if edits else ()


def _given_back(shapes: StaticShapes) -> Iterator[Edit]:
    """Sizes that a function gives back beside a tensor, bound once more: `flat, n = flatten(layer)`, `n = 784`."""
    program = shapes.program
    for statement in program.each(ast.Assign):
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call()):
                indent, end = program.indent(statement), program.span(statement).end
                for target in [t for t in targets if isinstance(t, ast.Name)]:
                    read = next((n for n in program.each(ast.Name) if _reads(program, n, target)), None)
                    size = shapes.number(read) if read is not None else None
                    if size is not None:
                        yield Edit(Span(end, end), f"\n{indent}{target.id} = {size}")


def _reads(program: Program, node: ast.Name, target: ast.Name) -> bool:
    """Whether a name is read below a place that binds it, in the same function."""
    behind = program.span(node).start > program.span(target).start
    same = node.id == target.id and isinstance(node.ctx, ast.Load)
    return same and behind and scope_of(program, node) is scope_of(program, target)


def _asked(node: ast.AST) -> ast.expr | None:
    """The tensor whose shape an expression reads."""
    match node:
        case ast.Call(func=ast.Attribute(value=tensor, attr="get_shape"), args=[], keywords=[]):
            return tensor
        case ast.Attribute(value=tensor, attr="shape", ctx=ast.Load()):
            return tensor
    return None


def _is_printed(program: Program, node: ast.AST, asked: bool) -> bool:
    """Whether this is printed, or bound to a name that is: TensorFlow 1 writes a question mark for an open size."""
    printing = [n for n in program.each(ast.Call) if isinstance(n.func, ast.Name) and n.func.id == "print"]
    match statement_of(program, node):
        case ast.Expr(value=ast.Call() as call):
            return call in printing
        case ast.Assign(targets=[ast.Name(id=name)]) if asked:
            return any(isinstance(n, ast.Name) and n.id == name for call in printing for n in walk(call))
    return False


def _is_given(shapes: StaticShapes, tensor: ast.expr) -> bool:
    """Whether this is a placeholder or a variable by its name, or what a function is given."""
    if not isinstance(tensor, ast.Name):
        return False
    program = shapes.program
    around = scope_of(program, tensor)
    if isinstance(around, ast.FunctionDef) and any(a.arg == tensor.id for a in around.args.args):
        return True
    bound = [
        n.value
        for n in program.each(ast.Assign)
        if any(isinstance(t, ast.Name) and t.id == tensor.id for t in n.targets)
    ]
    calls = [v for v in bound if isinstance(v, ast.Call)]
    symbols = {program.names.symbol(c.func) for c in calls}
    return bool(symbols & {"tf.placeholder", "tf.Variable", "tf.get_variable"})


def _written(program: Program, node: ast.expr, shape: Shape) -> tuple[ast.expr, str]:
    """What is written for a shape that is read, and for how much of what stands around it."""
    sizes: Shape | int | None = shape
    whole: ast.expr = node
    listed = False
    while isinstance(sizes, tuple):
        above = program.parents.get(id(whole))
        over = program.parents.get(id(above)) if above is not None else None
        match above, over:
            case ast.Attribute(attr="as_list"), ast.Call(args=[]) as call:
                whole, listed = call, True
            case ast.Attribute(attr="num_elements"), ast.Call(args=[]) as call if None not in sizes:
                return call, _product(program, call, sizes)
            case ast.Subscript(slice=ast.Constant(value=int() as at)) as item, _ if -len(sizes) <= at < len(sizes):
                whole, sizes = item, sizes[at]
            case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper, step=None)) as item, _ if _plain(lower, upper):
                whole, sizes = item, sizes[slice(_end(lower), _end(upper))]
            case ast.Call(func=func, args=[_], keywords=[]) as call, ast.Call(func=ast.Name("int"), args=[_]) as outer:
                if None in sizes or ast.unparse(func) not in ("np.prod", "numpy.prod"):
                    break
                return outer, _product(program, outer, sizes)
            case _:
                break
    if isinstance(sizes, tuple):
        text = f"[{', '.join(map(str, sizes))}]"
        takes_list = isinstance(program.parents.get(id(whole)), ast.Call) and None not in sizes
        return whole, text if listed or takes_list else f"{tensorflow_name(program.names)}.TensorShape({text})"
    above = program.parents.get(id(whole))
    if isinstance(above, ast.Attribute) and above.attr == "value":
        whole = above
    if isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id == "int":
        whole = above
    return whole, str(sizes)


def _plain(*ends: ast.expr | None) -> bool:
    return all(end is None or _end(end) is not None for end in ends)


def _end(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
    return None


def _product(program: Program, node: ast.expr, sizes: Shape) -> str:
    """The sizes with times signs between them."""
    text = " * ".join(map(str, sizes)) or "1"
    alone = isinstance(program.parents.get(id(node)), ast.Assign | ast.List | ast.Tuple | ast.keyword)
    return text if alone or len(sizes) < 2 else f"({text})"
