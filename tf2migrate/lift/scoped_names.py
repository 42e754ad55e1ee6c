"""Variables under the names that TensorFlow 1 gave them, scopes included, where summaries are named after them.

A scope is no part of a variable's name in the rewritten program: it is written into `name=`. `tf.get_variable` minds
variable scopes only (`python/ops/variable_scope.py`), `tf.Variable` name scopes as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.purity import may_act
from tf2migrate.facts.standing import scope_of
from tf2migrate.facts.tree import walk
from tf2migrate.lift import unique_names
from tf2migrate.lift.values import Variable

if TYPE_CHECKING:
    from tf2migrate.lift.interpret import Interpreter

_KINDS = {
    "tf.Variable": ("tf.name_scope", "tf.variable_scope"),
    "tf.get_variable": ("tf.variable_scope",),
}
_LOOPS = (ast.For, ast.While)
#: What a variable without a name is called, in TensorFlow 2 as well.
_UNNAMED = '"Variable"'


def are_told(interpreter: Interpreter, variables: Iterable[Variable]) -> bool:
    """Whether each variable's name in the graph is known where it is made, and is its own; it is given that name."""
    named: dict[int, tuple[ast.expr | None, str]] = {}
    paths: dict[str, int] = {}  # the scope statement that each path of scopes stands for, where it is computed
    calls = list({id(v.node): v.node for v in variables}.values())  # once, also in a loop, which is walked twice
    found: list[tuple[str, ast.Call]] = []
    for call in calls:
        if not isinstance(call, ast.Call) or not is_once(interpreter, call):
            return False
        texts = _path(interpreter, call, paths)
        if texts is None or (name := _own_name(interpreter, call)) is None:
            return False
        found.append((_joined([*texts, f'"{name}"']), call))
    for path, call in found:
        number = unique_names.number_of_variable(interpreter, call, path, found)
        if number is None:
            return False
        named[id(call)] = _written(interpreter, call), path[:-1] + number + '"'
    if len({name.lower() for _, name in named.values()}) < len(named):
        return False
    for key, (node, name) in named.items():
        if node is None and name != _UNNAMED:
            interpreter.named_anew[key] = name
        elif node is not None and name != f'"{getattr(node, "value", None)}"':
            interpreter.rewrites[id(node)] = ("name", name)
    return True


def _path(interpreter: Interpreter, call: ast.Call, paths: dict[str, int]) -> list[str] | None:
    """The texts of the names of the scopes that count for a variable, with their numbers; None where they are not told.

    `tf.get_variable` goes by the names that variable scopes are given, however often they are entered.
    """
    texts: list[str] = []
    shared = interpreter.names.symbol(call.func) == "tf.get_variable"
    for outer, context, name in _entered(interpreter, call):
        text = _text(interpreter, outer, name)
        if not text:
            return None
        if isinstance(name, ast.Constant) and not shared:
            number = unique_names.number(interpreter, context)
            if number is None:
                return None
            text = text[:-1] + number + '"'
        texts.append(text)
        if not isinstance(name, ast.Constant) and paths.setdefault("/".join(texts).lower(), id(outer)) != id(outer):
            return None  # a scope that is opened again is called otherwise
    return texts


def _own_name(interpreter: Interpreter, call: ast.Call) -> str | None:
    """What a variable is called by its call, without scopes; None where that is not written out."""
    written = _written(interpreter, call)
    if written is not None:
        return str(written.value)
    unnamed = interpreter.names.symbol(call.func) == "tf.Variable" and not any(k.arg == "name" for k in call.keywords)
    return "Variable" if unnamed and len(call.args) <= 2 else None


def _written(interpreter: Interpreter, call: ast.AST) -> ast.Constant | None:
    """The name that a variable is given, where that is a string in the call."""
    if not isinstance(call, ast.Call):
        return None
    given = [k.value for k in call.keywords if k.arg == "name"]
    if interpreter.names.symbol(call.func) == "tf.get_variable":
        given += call.args[:1]
    node = given[0] if given else None
    plain = isinstance(node, ast.Constant) and isinstance(node.value, str) and set(node.value).isdisjoint("'\"\\")
    return node if plain and isinstance(node, ast.Constant) else None


def _entered(interpreter: Interpreter, call: ast.Call) -> Iterator[tuple[ast.With, ast.Call, ast.expr | None]]:
    """The scopes around a variable in its function that count for its name, from the outside in."""
    counts = _KINDS.get(interpreter.names.symbol(call.func) or "", ())
    for outer in _withs(interpreter, call):
        for item in outer.items:
            context = item.context_expr
            symbol = interpreter.names.symbol(context.func) if isinstance(context, ast.Call) else None
            if isinstance(context, ast.Call) and symbol in counts:
                yield outer, context, unique_names.scope_name(interpreter, context)


def _withs(interpreter: Interpreter, node: ast.AST) -> list[ast.With]:
    """The `with` statements around a node in its function, from the outside in."""
    return [n for n in reversed(list(_around(interpreter, node))) if isinstance(n, ast.With)]


def _around(interpreter: Interpreter, node: ast.AST) -> Iterator[ast.AST]:
    """What is around a node in its function, from the inside out."""
    above = interpreter.program.parents.get(id(node))
    while above is not None and not isinstance(above, ast.FunctionDef | ast.Module):
        yield above
        above = interpreter.program.parents.get(id(above))


def _text(interpreter: Interpreter, outer: ast.With, name: ast.expr | None) -> str:
    """The text of a scope's name; empty where it may be opened again under it, or cannot be said elsewhere."""
    loops = [n for n in _around(interpreter, outer) if isinstance(n, _LOOPS)]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        plain = name.value and not name.value.endswith("/") and not loops and set(name.value).isdisjoint("'\"\\")
        return f'"{name.value}"' if plain else ""
    if not isinstance(name, ast.Name | ast.BinOp | ast.JoinedStr | ast.Call) or may_act(name) or len(loops) != 1:
        return ""
    loop = loops[0]
    targets = {n.id for n in walk(loop.target) if isinstance(n, ast.Name)} if isinstance(loop, ast.For) else set()
    follows = any(isinstance(n, ast.Name) and n.id in targets for n in walk(name))
    return interpreter.program.segment(name) if follows and "\n" not in interpreter.program.segment(name) else ""


def is_once(interpreter: Interpreter, node: ast.AST) -> bool:
    """Whether what a node stands in is called once, out of scopes and loops, and so are those that call it."""
    program = interpreter.program
    for _ in range(20):  # no program nests its functions as deep
        function = scope_of(program, node)
        if isinstance(function, ast.Module):
            return True
        owner = program.parents.get(id(function))
        made = isinstance(owner, ast.ClassDef) and function.name == "__init__"
        name = owner.name if isinstance(owner, ast.ClassDef) and made else function.name
        method = isinstance(owner, ast.ClassDef) and not made
        mentions: list[ast.AST] = [n for n in program.each(ast.Attribute) if method and n.attr == name]
        mentions += [n for n in program.each(ast.Name) if n.id == name]
        if name == "main" and len(mentions) <= 1 and interpreter.mentions("tf.app.run"):
            return not mentions or _is_run(interpreter, mentions[0])
        call = program.parents.get(id(mentions[0])) if len(mentions) == 1 else None
        if not isinstance(call, ast.Call) or call.func is not mentions[0]:
            return False
        if any(isinstance(n, _LOOPS) for n in _around(interpreter, call)) or unique_names.around(interpreter, call):
            return False
        node = call
    return False


def _is_run(interpreter: Interpreter, node: ast.AST) -> bool:
    """Whether a mention of `main` gives it to `tf.app.run`."""
    above = interpreter.program.parents.get(id(node))
    above = interpreter.program.parents.get(id(above)) if isinstance(above, ast.keyword) else above
    return isinstance(above, ast.Call) and interpreter.names.symbol(above.func) == "tf.app.run"


def _joined(parts: list[str]) -> str:
    """The text of a name of several parts: one string where all are written out, a sum elsewhere."""
    found: list[str] = []
    for index, part in enumerate(parts):
        slash = "/" if index + 1 < len(parts) else ""
        if not _is_written_out(part):
            found += [part, f'"{slash}"'] if slash else [part]
        elif found and _is_written_out(found[-1]):
            found[-1] = found[-1][:-1] + part[1:-1] + slash + '"'
        else:
            found.append(part[:-1] + slash + '"')
    return " + ".join(found)


def _is_written_out(part: str) -> bool:
    return isinstance(ast.parse(part, mode="eval").body, ast.Constant)
