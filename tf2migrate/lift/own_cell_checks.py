"""What a program's own recurrent cell does that a layer would do otherwise, or not at all."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.facts.tree import walk
from tf2migrate.lift import symbols as S
from tf2migrate.lift.own_cell_forms import RESERVED, Form, attribute_of, form_of, refusal

_MAKERS = ("tf.layers.", "tf.contrib.layers.", "tf.contrib.slim.", "tf.keras.layers.", "tf.compat.v1.layers.")
_VARIABLES = ("tf.get_variable", "tf.Variable", "tf.get_local_variable")
_NOTED = ("tf.summary.", "tf.add_to_collection", "tf.get_collection", "tf.losses.", "tf.assign", "tf.placeholder")


def checked(program: Program, node: ast.ClassDef) -> Form:
    """What a class that is a cell has. Raises `Refused` where it is not known, or would not be the same."""
    form = form_of(program, node)
    _check(form)
    return form


def _check(form: Form) -> None:
    """Raises `Refused` for what a class does that a layer would do otherwise, or not at all."""
    for name, method in form.methods.items():
        if name in RESERVED:
            raise refusal(method, f"the cell {form.node.name} has a {name} of its own")
    known = makers(form.program)
    for node in walk(form.node):
        symbol = form.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if symbol.startswith(_MAKERS) and not S.is_python(symbol):
            raise refusal(node, f"the cell {form.node.name} makes layers ({symbol})")
        if symbol.startswith(_NOTED):
            raise refusal(node, f"the cell {form.node.name} does more than compute ({symbol})")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            raise refusal(node, f"the cell {form.node.name} makes its variables in the function {node.func.id}")
        stored = attribute_of(node) if isinstance(getattr(node, "ctx", None), ast.Store) else None
        if stored in RESERVED - {"built"}:
            raise refusal(node, f"the cell {form.node.name} sets {stored}, which layers of Keras have themselves")
    for method in form.methods.values():
        _check_method(form, method)


def _check_method(form: Form, method: ast.FunctionDef) -> None:
    for node in walk(method):
        symbol = form.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        early = method.name in ("__init__", "build")
        if symbol in _VARIABLES and (symbol != "tf.get_variable" or not (early or method is form.step)):
            raise refusal(node, f"a variable of the cell {form.node.name} is made by {symbol} in {method.name}")
        if early and S.is_random(symbol):
            raise refusal(node, f"the cell {form.node.name} draws in {method.name}: once, where each run drew anew")
        if not early and S.is_random(symbol):
            raise refusal(node, f"the step of the cell {form.node.name} draws ({symbol}): Keras draws once more")
        if not early and _keeps(form, node):
            raise refusal(node, f"the step of the cell {form.node.name} keeps {ast.unparse(node)} in the cell")
        if not early and (is_drawn(node) or _acts(node)):
            raise refusal(node, f"the step of the cell {form.node.name} does more than compute ({ast.unparse(node)})")


def _keeps(form: Form, node: ast.AST) -> bool:
    """Whether an attribute is set, to something other than a variable: each trace would find that of the one before."""
    if attribute_of(node) is None or isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    above = form.program.parents.get(id(node))
    made = above.value if isinstance(above, ast.Assign) else None
    return not (isinstance(made, ast.Call) and form.symbol(made.func) == "tf.get_variable")


def _acts(node: ast.AST) -> bool:
    """Whether something is printed, kept or changed, which would happen once for each time that a step is traced."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "setattr" | "exec" | "next" | "open")):
            return True
        case ast.Call(func=ast.Attribute(value=held, attr="append" | "extend" | "update" | "pop" | "add" | "insert")):
            return any(isinstance(n, ast.Attribute) for n in [held])
        case ast.Call(func=ast.Attribute(attr="assign" | "assign_add" | "assign_sub")):
            return True
        case ast.Global() | ast.Nonlocal() | ast.Yield() | ast.YieldFrom() | ast.Await():
            return True
        case ast.Subscript(value=ast.Attribute(), ctx=ast.Store() | ast.Del()):
            return True
    return False


def is_drawn(node: ast.AST) -> bool:
    """Whether Python draws something: once for a graph, and anew for each function that is traced."""
    text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
    return text.startswith(("np.random.", "numpy.random.", "random.")) and text.count(".") > 0


def makers(program: Program) -> set[str]:
    """The functions of the program that make variables or layers, themselves or through others."""
    functions = {f.name: f for f in program.tree.body if isinstance(f, ast.FunctionDef)}
    found = {name for name, function in functions.items() if any(makes(program, n) for n in walk(function))}
    grew = True
    while grew:  # ends: `found` only grows, and is bounded by the functions
        calls = {name: {n.id for n in walk(f) if isinstance(n, ast.Name)} for name, f in functions.items()}
        more = {name for name, read in calls.items() if name not in found and read & found}
        found |= more
        grew = bool(more)
    return found


def makes(program: Program, node: ast.AST) -> bool:
    """Whether a node names what makes a variable or a layer."""
    symbol = (program.names.symbol(node) or "") if isinstance(node, ast.Name | ast.Attribute) else ""
    return symbol in _VARIABLES or (symbol.startswith(_MAKERS) and not S.is_python(symbol))
