"""Variables of objects that are asked for by the scopes that the objects were given, as lists of the objects.

main = Network(sess, name="main")
target = Network(sess, name="target")
main_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="main")

becomes `main_vars = main.trainable_variables`, which each object asks for itself, of its own scope, where it is made.
So does a function that is given the scopes, `copies(from_scope="main", to_scope="target")`: it is given the lists.
Whether each object's own list holds the same is asked by `own_scopes` when the program in this form is followed.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tf2migrate.apply import fits
from tf2migrate.facts.calls import Unbound, bind
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import is_conditional, scope_of, scopes, statement_of, stores
from tf2migrate.facts.tree import straight, walk
from tf2migrate.lift.expressions import tensorflow_name
from tf2migrate.lift.written_apart import without
from tf2migrate.model import Edit, Span

_COLLECTIONS = {
    "tf.GraphKeys.TRAINABLE_VARIABLES": "trainable_variables",
    "tf.GraphKeys.GLOBAL_VARIABLES": "variables",
}
_KEYS = {name: symbol.removeprefix("tf.") for symbol, name in _COLLECTIONS.items()}
_LISTS = {
    "tf.trainable_variables": "trainable_variables",
    "tf.global_variables": "variables",
    "tf.all_variables": "variables",
}
_MAKING = ("tf.get_variable", "tf.Variable", "tf.layers.", "tf.contrib.", "tf.nn.dynamic_rnn", "tf.nn.static_rnn")


@dataclass(frozen=True)
class _Ask:
    """An expression that asks for the variables of a scope: which list of them, the scope, and how it asks."""

    node: ast.expr
    kind: str
    scope: ast.expr
    test: str = ""  # "in", where it is a condition that names have the scope in them, be it not in front


@dataclass(frozen=True)
class _Object:
    """An object with a scope of its own: the name that it has for good, and the statement that makes it."""

    name: str
    made: ast.Assign


@dataclass
class _Class:
    """A class whose objects have scopes of their own: the scope as its methods call it, and the objects by scope."""

    node: ast.ClassDef
    scope: ast.expr
    method: ast.FunctionDef  # which makes the variables, and asks for them at its end
    attribute: str  # in which an object keeps its scope; nothing where it does not
    reached: set[str]  # the methods that the constructor calls
    objects: dict[str, _Object] = field(default_factory=dict)


def scoped_objects(program: Program) -> tuple[Edit, ...]:
    """The edits that have objects list their variables, and others read the lists; none where they are not told."""
    if "variable_scope" not in program.text or not any(name in program.text for name in ("_variables", "_VARIABLES")):
        return ()
    asks = list(_asks(program))
    edits: list[Edit] = []
    for made in _classes(program) if asks else ():
        edits += _of_class(program, made, asks)
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


@dataclass(frozen=True)
class _Own:
    """An object whose scope is meant: its name, and whether a slash is asked for behind the scope."""

    name: str
    slash: str


def _asks(program: Program) -> Iterator[_Ask]:
    """What asks for the variables of a scope, in each of the ways to."""
    for call in program.each(ast.Call):
        symbol = program.names.symbol(call.func)
        if symbol == "tf.get_collection" or symbol in _LISTS:
            try:
                bound = bind(call, ("key", "scope") if symbol == "tf.get_collection" else ("scope",))
            except Unbound:
                continue
            key = bound.get("key")
            kind = _COLLECTIONS.get(program.names.symbol(key) or "") if key is not None else _LISTS.get(symbol)
            if kind is not None and "scope" in bound:
                yield _Ask(call, kind, bound["scope"])
    for made in program.each(ast.ListComp):
        match made.elt, made.generators:
            case ast.Name(id=one), [
                ast.comprehension(target=ast.Name(id=each), iter=ast.Call(args=[], keywords=[]) as every, ifs=[test])
            ] if one == each and (kind := _LISTS.get(program.names.symbol(every.func) or "")):
                told = _tested(test, one)
                if told is not None:
                    yield _Ask(made, kind, *told)


def _tested(test: ast.expr, variable: str) -> tuple[ast.expr, str] | None:
    """The scope that a condition on a variable's name asks for, and how."""
    match test:
        case ast.Call(func=ast.Attribute(value=held, attr="startswith"), args=[scope], keywords=[]):
            return (scope, "") if ast.unparse(held) == f"{variable}.name" else None
        case ast.Compare(left=scope, ops=[ast.In()], comparators=[held]):
            return (scope, "in") if ast.unparse(held) == f"{variable}.name" else None
    return None


# -------------------------------------------------------------------- classes


def _classes(program: Program) -> Iterator[_Class]:
    """The classes of which several objects are made, each with a scope of its own, told where it is made."""
    for node in (n for n in program.tree.body if isinstance(n, ast.ClassDef) and not n.decorator_list):
        methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        if "__init__" in methods and (made := _scope(program, node, methods)):
            calls = [n for n in program.each(ast.Name) if n.id == node.name and isinstance(n.ctx, ast.Load)]
            for name in calls:
                told = _object(program, name, made, methods["__init__"])
                if told is None or told[0] in made.objects:
                    break
                made.objects[told[0]] = told[1]
            else:
                if len(made.objects) > 1:
                    yield made


def _scope(program: Program, node: ast.ClassDef, methods: dict[str, ast.FunctionDef]) -> _Class | None:
    """A class whose variables stand in a scope that its constructor is given; None where it is another."""
    first = methods["__init__"]
    within = [
        (method, item.context_expr.args[0])
        for method in methods.values()
        for statement in straight(method.body)
        if isinstance(statement, ast.With)
        for item in statement.items
        if isinstance(item.context_expr, ast.Call) and item.context_expr.args
        if program.names.symbol(item.context_expr.func) == "tf.variable_scope"
    ]
    given = [(m, s, kept) for m, s in within if (kept := _given(program, first, m, s)) is not None]
    if not given or len({kept[0] for _, _, kept in given}) != 1:
        return None
    making = [m for m in methods.values() if any(makes(program, n) for n in walk(m))]
    known = reached(first, methods)
    method = given[0][0] if making in ([given[0][0]], []) else first
    if any(m.name not in known for m in making) or (method is not first and not _called_once(program, first, method)):
        return None
    scope = given[0][1] if method is given[0][0] else ast.Name(given[0][2][0])
    return _Class(node, scope, method, given[0][2][1], known)


def _given(
    program: Program, first: ast.FunctionDef, method: ast.FunctionDef, scope: ast.expr
) -> tuple[str, str] | None:
    """The parameter of the constructor that a scope is, and the attribute that keeps it, if one does."""
    parameters = {a.arg for a in [*first.args.args, *first.args.kwonlyargs]}
    set_once = Counter(n.attr for n in program.each(ast.Attribute) if not isinstance(n.ctx, ast.Load))
    kept = {
        s.targets[0].attr: s.value.id
        for s in first.body
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name) and s.value.id in parameters
        if isinstance(s.targets[0], ast.Attribute) and ast.unparse(s.targets[0].value) == "self"
        if set_once[s.targets[0].attr] == 1
    }
    match scope:
        case ast.Name(id=name) if method is first and name in parameters and not stores(program, name, first):
            return name, next((attribute for attribute, held in kept.items() if held == name), "")
        case ast.Attribute(value=ast.Name(id="self"), attr=attr) if attr in kept:
            return (kept[attr], attr) if not stores(program, kept[attr], first) else None
    return None


def makes(program: Program, node: ast.AST) -> bool:
    """Whether a node is a call that makes variables, or may."""
    symbol = program.names.symbol(node.func) if isinstance(node, ast.Call) else None
    return (symbol or "").startswith(_MAKING)


def reached(first: ast.FunctionDef, methods: dict[str, ast.FunctionDef]) -> set[str]:
    """The methods that the constructor calls, also through others."""
    found, todo = {first.name}, [first]
    while todo:
        named = {n.attr for n in walk(todo.pop()) if isinstance(n, ast.Attribute)} & methods.keys() - found
        found |= named
        todo += [methods[name] for name in named]
    return found


def _called_once(program: Program, first: ast.FunctionDef, method: ast.FunctionDef) -> bool:
    """Whether the constructor calls a method, in straight code, and nothing else does."""
    named = [n for n in program.each(ast.Attribute) if n.attr == method.name]
    return len(named) == 1 and scope_of(program, named[0]) is first and not is_conditional(program, named[0])


def _object(
    program: Program, name: ast.Name, made: _Class, first: ast.FunctionDef
) -> tuple[str, _Object] | None:
    """The scope that an object is given, and the object with the name that it has for good."""
    call = program.parents[id(name)]
    statement = statement_of(program, name)
    if not isinstance(call, ast.Call) or call.func is not name or not isinstance(statement, ast.Assign):
        return None
    target = _target(statement, call)
    told = _argument(first, call, _parameter(made, first), skipped=1)
    if target is None or not isinstance(told, ast.Constant) or not isinstance(told.value, str):
        return None
    match target:
        case ast.Name(id=bound):
            once = len(stores(program, bound, scope_of(program, statement))) == 1
        case ast.Attribute(value=ast.Name(id="self"), attr=attr):
            once = _is_kept_once(program, attr, statement)
        case _:
            return None
    lasting = once and not is_conditional(program, statement)
    return (told.value, _Object(ast.unparse(target), statement)) if lasting else None


def _target(statement: ast.Assign, call: ast.Call) -> ast.expr | None:
    """What a statement binds to what a call gives."""
    match statement:
        case ast.Assign(targets=[target], value=value) if value is call:
            return target
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if call in values:
            return targets[values.index(call)] if len(targets) == len(values) else None
    return None


def _is_kept_once(program: Program, attribute: str, statement: ast.stmt) -> bool:
    """Whether an attribute is set in the constructor of a class of which one object is made, and nowhere else."""
    method = scope_of(program, statement)
    home = program.parents.get(id(method))
    set_in = [n for n in program.each(ast.Attribute) if n.attr == attribute and not isinstance(n.ctx, ast.Load)]
    if not isinstance(home, ast.ClassDef) or home not in program.tree.body or len(set_in) != 1:
        return False
    return _happens_once(program, home) and isinstance(method, ast.FunctionDef) and method.name == "__init__"


def _happens_once(program: Program, called: ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether a class or function of the module is named once, where it is called once."""
    named = [n for n in program.each(ast.Name) if n.id == called.name]
    if len(named) != 1 or is_conditional(program, named[0]):
        return False
    around = scope_of(program, named[0])
    known = isinstance(around, ast.Module) or (around in program.tree.body and around is not called)
    return known and (isinstance(around, ast.Module) or _happens_once(program, around))


def _parameter(made: _Class, first: ast.FunctionDef) -> str:
    """The parameter of the constructor that the scope is."""
    if isinstance(made.scope, ast.Name):
        return made.scope.id
    for statement in first.body:
        match statement:
            case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Name(id=name)) if attr == made.attribute:
                return name
    raise AssertionError


def _argument(function: ast.FunctionDef, call: ast.Call, name: str, skipped: int = 0) -> ast.expr | None:
    """What a call gives a parameter, or its default; None where that is not told."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    positional = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    given = dict(zip(positional[skipped:], call.args, strict=False)) | {k.arg: k.value for k in call.keywords}
    defaults = function.args.defaults
    known = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    known |= {a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d}
    return given.get(name) or known.get(name)


# -------------------------------------------------------------------- edits


def _of_class(program: Program, made: _Class, asks: list[_Ask]) -> list[Edit]:
    """The edits for one class: its lists, and what asks for them."""
    methods = {id(n): m for m in made.node.body for n in walk(m) if isinstance(m, ast.FunctionDef)}
    names = _Names(program)
    edits: list[Edit] = []
    for ask in asks:
        method = methods.get(id(ask.node))
        if method is not None:
            own = _as_own(made, ask.scope) if method.name not in made.reached else None
        else:
            own = _owner(program, made, ask.scope, ask.node)
        if own is not None:
            edits.append(Edit(program.span(ask.node), f"{own.name}.{names.of(ask, own)}"))
        elif method is None:
            edits += _as_given(program, made, ask, names)
    return [*edits, _lists(program, made, names)] if edits else []


class _Names:
    """The attributes in which objects keep their lists, by what is asked for."""

    def __init__(self, program: Program) -> None:
        self.taken = {n.attr for n in program.each(ast.Attribute) if program.names.symbol(n) is None}
        self.known: dict[tuple[str, str, str], str] = {}

    def of(self, ask: _Ask, own: _Own) -> str:
        """The attribute for a list."""
        key = ask.kind, ask.test, own.slash
        if key not in self.known:
            self.known[key] = fresh(ask.kind, self.taken | {*self.known.values()})
        return self.known[key]


def _lists(program: Program, made: _Class, names: _Names) -> Edit:
    """The statements that ask for the lists, at the end of the method that makes the variables."""
    tf = tensorflow_name(program.names)
    lines = []
    for (kind, test, slash), attribute in names.known.items():
        scope = ast.unparse(made.scope) + (f' + "{slash}"' if slash else "")
        every = "trainable_variables" if kind == "trainable_variables" else "global_variables"
        text = f"{tf}.get_collection({tf}.{_KEYS[kind]}, scope={scope})"
        if test == "in":
            text = f"[v for v in {tf}.{every}() if {scope} in v.name]"
        lines.append(f"self.{attribute} = {text}")
    last = made.method.body[-1]
    indent = program.indent(last)
    before = isinstance(last, ast.Return)
    at = program.span(last).start if before else program.span(last).end
    return Edit(Span(at, at), "".join(f"{line}\n{indent}" if before else f"\n{indent}{line}" for line in lines))


def _as_own(made: _Class, scope: ast.expr) -> _Own | None:
    """The object itself, where a method asks for the variables of its scope."""
    scope, slash = _split(scope)
    return _Own("self", slash) if made.attribute and ast.unparse(scope) == f"self.{made.attribute}" else None


def _split(scope: ast.expr) -> tuple[ast.expr, str]:
    """A scope without a slash that is added to it."""
    match scope:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value="/")):
            return left, "/"
    return scope, ""


def _owner(program: Program, made: _Class, scope: ast.expr, node: ast.expr) -> _Own | None:
    """The object whose scope is meant, where an expression stands; None where it is none."""
    scope, slash = _split(scope)
    found: _Object | None = None
    match scope:
        case ast.Constant(value=str(text)):
            slash = slash or ("/" if text.endswith("/") and text not in made.objects else "")
            found = made.objects.get(text.removesuffix("/") if text not in made.objects else text)
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr == made.attribute:
            if _is_given(program, made, name, node):
                return _Own(name, slash)
            found = next((each for each in made.objects.values() if each.name == name), None)
        case ast.Attribute(value=ast.Attribute() as held, attr=attr) if attr == made.attribute:
            found = next((each for each in made.objects.values() if each.name == ast.unparse(held)), None)
    if found is None:
        return None
    name, home = found.name, scope_of(program, found.made)
    if name.startswith("self."):
        same = scope_of(program, node) is home and program.span(found.made).end < program.span(node).start
        return _Own(name, slash) if same else None
    here = scopes(program, node)
    hidden = here[: here.index(home)] if home in here else None
    later = scope_of(program, node) is not home or program.span(found.made).end < program.span(node).start
    if hidden is None or not later or any(_binds(program, name, function) for function in hidden):
        return None
    return _Own(name, slash)


def _is_given(program: Program, made: _Class, name: str, node: ast.expr) -> bool:
    """Whether a name is a parameter of a function which all its calls give one of the objects."""
    function = scope_of(program, node)
    if not isinstance(function, ast.FunctionDef) or function not in program.tree.body:
        return False
    given = any(a.arg == name for a in [*function.args.args, *function.args.kwonlyargs])
    if not given or stores(program, name, function):
        return False
    objects = {each.name for each in made.objects.values()}
    named = [n for n in program.each(ast.Name) if n.id == function.name]
    for each in named:
        call = program.parents[id(each)]
        argument = _argument(function, call, name) if isinstance(call, ast.Call) and call.func is each else None
        if not isinstance(argument, ast.Name) or argument.id not in objects:
            return False
    return bool(named)


def _binds(program: Program, name: str, function: ast.Module | ast.FunctionDef) -> bool:
    given = any(isinstance(n, ast.arg) and n.arg == name for n in walk(function))
    return given or bool(stores(program, name, function))


def _as_given(program: Program, made: _Class, ask: _Ask, names: _Names) -> list[Edit]:
    """The edits for a list that a function asks for of a scope that it is given: it is given the list."""
    function, statement = scope_of(program, ask.node), statement_of(program, ask.node)
    if not isinstance(function, ast.FunctionDef) or function not in program.tree.body or function.decorator_list:
        return []
    match statement, ask.scope:
        case ast.Assign(targets=[ast.Name(id=bound)], value=value), ast.Name(id=given) if value is ask.node:
            pass
        case _:
            return []
    spec = function.args
    parameter = next((a for a in [*spec.args, *spec.kwonlyargs] if a.arg == given), None)
    read = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == given]
    alone = len(read) == 1 and len(stores(program, bound, function)) == 1 and statement in function.body
    named = [n for n in program.each(ast.Name) if n.id == function.name]
    if parameter is None or not alone or spec.vararg or spec.kwarg or spec.posonlyargs or len(function.body) < 2:
        return []
    edits = [Edit(program.span(parameter), bound), without(program, statement)]
    defaults = dict(zip(spec.args[len(spec.args) - len(spec.defaults) :], spec.defaults, strict=True))
    defaults |= {a: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    if parameter in defaults:
        if parameter in spec.args:
            return []  # what has a default may not come before what has none
        edits.append(Edit(Span(program.span(parameter).end, program.span(defaults[parameter]).end), ""))
    for name in named:
        call = program.parents[id(name)]
        argument = _argument(function, call, given) if isinstance(call, ast.Call) and call.func is name else None
        owner = _owner(program, made, argument, call) if argument is not None and isinstance(call, ast.Call) else None
        if owner is None or not isinstance(call, ast.Call):
            return []
        text = f"{owner.name}.{names.of(ask, owner)}"
        keyword = next((k for k in call.keywords if k.arg == given), None)
        if keyword is not None:
            edits.append(Edit(program.span(keyword), f"{bound}={text}"))
        elif argument in call.args:
            assert argument is not None
            edits.append(Edit(program.span(argument), text))
        else:
            end = program.span(call).end - 1
            edits.append(Edit(Span(end, end), f"{', ' if call.args or call.keywords else ''}{bound}={text}"))
    return edits if named else []


__all__ = ["scoped_objects"]
