"""What variables and layers start from once more, where an initializer runs again: their first values, drawn anew."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.lift import symbols, variables, visibility
from tf2migrate.lift.functions import Function
from tf2migrate.lift.layers import Shareable
from tf2migrate.lift.trace import Definition, Run, Statement, sees
from tf2migrate.lift.values import Layer, Tensor, Variable, leaves

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

_MAKE = ("tf.Variable", "tf.get_variable")
_STEPS = ("tf.train.get_or_create_global_step", "tf.train.create_global_step")  # which count from zero
#: What a function that makes a variable may do besides, and do again: make values, nothing else.
_VALUES = frozenset(("tf.constant", "tf.zeros", "tf.ones", "tf.fill", "tf.eye", "tf.sqrt", "tf.cast", "tf.to_float"))

#: What makes something of a shape, and where the shape stands among its arguments.
_SHAPED = dict.fromkeys(("tf.zeros", "tf.ones", "tf.fill", "tf.random_normal", "tf.random_uniform"), 0)
_SHAPED |= {"tf.truncated_normal": 0, "tf.get_variable": 1, "tf.constant": 2}

#: The layers whose weights `AGAIN` knows how to draw.
_LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "BatchNormalization")

#: What gives a layer first values once more. An initializer of Keras has a seed, by which it would draw the same.
AGAIN = '''def draw_weights(layer):
    """Gives a layer's weights first values once more, unless it has none yet."""
    for weight in layer.weights:
        first = getattr(layer, f"{weight.name}_initializer")
        if hasattr(first, "get_config"):  # has a seed, which would draw the same again
            first = type(first).from_config(first.get_config())
        weight.assign(first(weight.shape, dtype=weight.dtype))'''


def layer_line(expressions: Expressions, statement: Statement, value: Layer, run: Run) -> str | None:
    """The line that gives a layer first values; None where it has no name here, or is another kind of thing."""
    name = expressions.made_name(value)
    if not isinstance(value, Shareable) or value.kind not in _LAYERS or name is None:
        return None
    own = name.startswith("self.")
    instances = [visibility.owner(frame) for frame in (run.frame, statement.frame)]
    there = instances[0] is instances[1] is not None if own else sees(run.frame, statement.frame)
    return f"draw_weights({name})" if there else None


def variable_text(
    expressions: Expressions, statement: Statement, value: Variable, run: Run, held: str
) -> str | None:
    """What a variable, held under a name, starts from; None where that is not seen, or would not be the same."""
    call = value.node
    if not isinstance(call, ast.Call) or not isinstance(statement.node, ast.Assign) or _differs(statement, run):
        return None
    names = expressions.program.names
    if not any(node is call for node in ast.walk(statement.node)):
        return _made_by_helper(expressions, statement, value, run)
    if names.symbol(call.func) in _STEPS:
        return "0"
    if names.symbol(call.func) not in _MAKE:
        return None
    if any(names.symbol(n.func) is None and may_act(n) for n in ast.walk(call) if isinstance(n, ast.Call)):
        return None
    drawn = [d for d in statement.reads if _draws(expressions, d)]
    unseen = {d.name for d in statement.reads if d.owner is None and not sees(run.frame, d.statement.frame)}
    if unseen and not drawn:
        return _of_its_shape(expressions, call, unseen, held)
    if not drawn:
        return variables.first_value(expressions, call)
    given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "initial_value"), None)
    if not isinstance(given, ast.Name) or len(drawn) > 1 or names.symbol(call.func) != "tf.Variable":
        return None
    source = drawn[0].statement
    if drawn[0].name != given.id or not isinstance(source.node, ast.Assign) or _differs(source, run):
        return None
    further = any(_draws(expressions, d) for d in source.reads)
    return None if further or len(source.writes) != 1 else expressions.text(source.node.value)


def _of_its_shape(expressions: Expressions, call: ast.Call, unseen: set[str], held: str) -> str | None:
    """What a variable starts from where the names in its shape are not seen: the shape is the variable's own."""
    told = [_shape(expressions, n) for n in ast.walk(call) if isinstance(n, ast.Call)]
    shapes = [shape for shape in told if shape is not None]
    inside = {id(n) for shape in shapes for n in ast.walk(shape)}
    others = {n.id for n in ast.walk(call) if isinstance(n, ast.Name) and id(n) not in inside}
    if len(shapes) != 1 or others & unseen:
        return None
    rewrites, key = expressions.interpreter.rewrites, id(shapes[0])
    before = rewrites.get(key)
    rewrites[key] = ("name", f"{held}.shape")
    text = variables.first_value(expressions, call)
    if before is None:
        del rewrites[key]
    else:
        rewrites[key] = before
    return text


def _shape(expressions: Expressions, call: ast.Call) -> ast.expr | None:
    """The shape that a call gives what it makes, where it is given one."""
    path = expressions.program.names.symbol(call.func) or ""
    place = _SHAPED.get(path)
    if place is None:
        return None
    told = next((k.value for k in call.keywords if k.arg in ("shape", "dims")), None)
    return told if told is not None or len(call.args) <= place else call.args[place]


def _draws(expressions: Expressions, definition: Definition) -> bool:
    """Whether a name is a tensor that was drawn at random, or comes of one: once here, where it was at each start."""
    found: set[Statement] = set()
    todo = [definition.statement]
    while todo:
        statement = todo.pop()
        if statement in found or statement.value is None:
            continue
        found.add(statement)
        if any(isinstance(value, Tensor) for value in leaves(statement.value)):
            calls = [n for n in ast.walk(statement.node) if isinstance(n, ast.Call)]
            if any(_may_draw(expressions, call) for call in calls):
                return True
            todo += [d.statement for d in statement.reads]
    return False


def _may_draw(expressions: Expressions, call: ast.Call) -> bool:
    """Whether a call draws in the graph: what NumPy draws is a constant there."""
    path = expressions.program.names.symbol(call.func)
    if path is not None:
        return symbols.is_random(path)
    numpy = ast.unparse(call.func).startswith(("np.", "numpy."))
    return not numpy and may_act(ast.Call(call.func, [], []))


def _made_by_helper(expressions: Expressions, statement: Statement, value: Variable, run: Run) -> str | None:
    """The call of a helper that makes a variable and nothing else, in which another one starts alike."""
    node = statement.node
    assert isinstance(node, ast.Assign)
    only = {id(v) for v in (*(m.value for m in statement.made), statement.value)} == {id(value)}
    if not only or statement.shared or statement.effects or not isinstance(node.value, ast.Call):
        return None
    function = _helper(statement, node.value.func, run)
    if function is None or not _only_makes(expressions, function):
        return None
    if any(_draws(expressions, d) for d in statement.reads):
        return None
    return expressions.text(node.value)


def _helper(statement: Statement, called: ast.expr, run: Run) -> ast.FunctionDef | None:
    """The function of the program that is called, by a name or as a method of the object that runs."""
    found: list[object] = []
    if isinstance(called, ast.Name):
        found = [d.value.node for d in statement.reads if d.name == called.id and isinstance(d.value, Function)]
    elif isinstance(called, ast.Attribute) and ast.unparse(called.value) == "self":
        instance = visibility.owner(statement.frame)
        if instance is not None and instance is visibility.owner(run.frame):
            found = [instance.of.methods.get(called.attr)]
    return found[0] if len(found) == 1 and isinstance(found[0], ast.FunctionDef) else None


def _only_makes(expressions: Expressions, function: ast.FunctionDef) -> bool:
    """Whether a function does nothing but compute values and make a variable of them."""
    simple = (ast.Assign, ast.Return, ast.If, ast.Expr)
    for statement in (n for n in ast.walk(function) if isinstance(n, ast.stmt) and n is not function):
        if not isinstance(statement, simple):
            return False
        if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
            return False
        if isinstance(statement, ast.Assign) and not all(isinstance(t, ast.Name) for t in statement.targets):
            return False
    for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
        path = expressions.program.names.symbol(call.func)
        if path is None and may_act(ast.Call(call.func, [], [])):
            return False
        if path is not None and path not in (*_MAKE, *_VALUES) and not _is_draw(path):
            return False
    return True


def _is_draw(path: str) -> bool:
    return symbols.is_random(path) or path.endswith(("_initializer", "xavier_initializer_conv2d"))


def _differs(statement: Statement, run: Run) -> bool:
    """Whether what a statement reads is another thing by the time of a run."""
    read = [d for d in statement.reads if d.owner is None and sees(run.frame, d.statement.frame)]
    return any({x.site for x in run.env.get(d.name, ())} != {d.site} for d in read)
