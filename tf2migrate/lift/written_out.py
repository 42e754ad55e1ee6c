"""Functions that are written out where they are called.

Those that update or differentiate what their callers computed, `train_op = training(loss, rate)`: a tape has to be
around what is differentiated, which the caller computes; the update, or the gradient, stands beside it. And networks
that give several things, `mean, loss = network(x, y)`, where a run needs some of them, and is fed for no more. So are
functions that build a graph and return nothing of it (`build(10)`), whose elements runs ask for by their names.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

from tf2migrate.apply import apply, fits
from tf2migrate.facts.naming import fresh
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import Scope, scope_of, scopes
from tf2migrate.facts.tree import walk
from tf2migrate.lift.call_sites import Site, given_to, site_of
from tf2migrate.lift.own_elements import asked
from tf2migrate.lift.written_text import body_text, gone
from tf2migrate.model import Edit, Options, Outcome, Span

_TAPED = ("minimize", "apply_gradients", "gradients")
_RUNS = ("run", "eval")
_SELF = "self"
_LONG = 40  # statements, of what is written out at each of its calls
_OTHER = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Yield, ast.YieldFrom, ast.Await),
    *(ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.NamedExpr, ast.Delete, ast.Try),
)


def written_out(program: Program) -> tuple[Edit, ...]:
    """The edits that write such functions out at each of their calls; none where one of the calls cannot be."""
    if not any(f".{name}(" in program.text for name in _TAPED):
        return ()
    return _written(
        program, {f.name: f for f in program.tree.body if isinstance(f, ast.FunctionDef) and _takes_gradients(f)}
    )


def networks_written_out(program: Program) -> tuple[Edit, ...]:
    """The edits that write out the functions that build networks and give several things."""
    found = {f.name: f for f in program.tree.body if isinstance(f, ast.FunctionDef) and _gives_several(program, f)}
    inner = {name for f in found.values() for name in _called(f)}  # what is called by what is written out stays
    return _written(program, {name: f for name, f in found.items() if name not in inner})


def named_builders(program: Program, options: Options) -> Outcome:
    """The edits that write out functions which build a graph whose elements are asked for by their names."""
    found = {f.name: f for f in program.tree.body if isinstance(f, ast.FunctionDef) and _names_only(program, f)}
    return Outcome(_written(program, found) if found and any(asked(program)) else ())


def _written(program: Program, found: Mapping[str, ast.FunctionDef]) -> tuple[Edit, ...]:
    """The edits for all of these functions that can be written out."""
    edits: list[Edit] = []
    for name, function in found.items():
        if _called(function) & found.keys():  # those that it calls come first
            continue
        if (own := _edits(program, name, function)) is not None:
            edits += own
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def methods_written_out(program: Program) -> tuple[Edit, ...]:
    """The edits that write out the methods that update what they compute, where methods of their class call them."""
    if not any(f".{name}(" in program.text for name in _TAPED):
        return ()
    classes = [n for n in program.tree.body if isinstance(n, ast.ClassDef)]
    every = [n.name for n in program.each(ast.FunctionDef)]
    edits: list[Edit] = []
    for made in classes:
        own = {m.name: m for m in made.body if isinstance(m, ast.FunctionDef) and every.count(m.name) == 1}
        found = {n: m for n, m in own.items() if n != "__init__" and _is_method(m) and _takes_gradients(m)}
        inside = {id(n) for n in walk(made)}
        for name, method in found.items():
            if not {n.attr for n in walk(method) if isinstance(n, ast.Attribute)} & found.keys():
                edits += _of_method(program, name, method, inside) or []
    return tuple(edits) if edits and fits(edits, program.cuts) else ()


def _is_method(function: ast.FunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == _SELF and not function.args.posonlyargs


def _of_method(program: Program, name: str, method: ast.FunctionDef, inside: set[int]) -> list[Edit] | None:
    """The edits for one method, which is called by methods of its own class alone."""
    named = [n for n in program.each(ast.Attribute) if n.attr == name]
    edits = []
    used: set[str] = set()
    for node in named:
        own = id(node) in inside and isinstance(node.value, ast.Name) and node.value.id == _SELF
        site = site_of(program, node) if own else None
        around = scope_of(program, site.statement) if site is not None else None
        called = isinstance(around, ast.FunctionDef) and around is not method and _is_method(around)
        lines = _lines(program, method, site, used) if site is not None and called else None
        if site is None or lines is None:
            return None
        edits.append(Edit(program.span(site.statement), _indented(program, site, lines)))
    return [*edits, gone(program, method)] if named else None


def _takes_gradients(function: ast.FunctionDef) -> bool:
    """Whether a function updates or differentiates what it is given, and can be written out."""
    given = bool(function.args.args or function.args.kwonlyargs)
    return given and _is_plain_function(function) and bool(_methods(function) & set(_TAPED))


def _names_only(program: Program, function: ast.FunctionDef) -> bool:
    """Whether a function makes placeholders and returns nothing: what it builds is known by names in the graph."""
    inside = walk(function)
    made = any(isinstance(n, ast.Call) and program.names.symbol(n.func) == "tf.placeholder" for n in inside)
    named = any(isinstance(n, ast.keyword) and n.arg == "name" for n in inside)
    returns = any(isinstance(n, ast.Return) for n in inside)
    return made and named and not returns and _is_plain_function(function)


def _gives_several(program: Program, function: ast.FunctionDef) -> bool:
    """Whether a function gives several things by name that it computes with TensorFlow, and can be written out."""
    last = _last(function.body)
    value = last.value if isinstance(last, ast.Return) else None
    given = bool(function.args.args or function.args.kwonlyargs)
    if not given or not isinstance(value, ast.Tuple) or not _is_plain_function(function) or len(function.body) > _LONG:
        return False
    called = {program.names.symbol(n.func) or "" for n in walk(function) if isinstance(n, ast.Call)}
    return any(path.startswith("tf.") for path in called)


def _called(function: ast.FunctionDef) -> set[str]:
    return {getattr(n.func, "id", "") for n in walk(function) if isinstance(n, ast.Call)}


def _methods(function: ast.FunctionDef) -> set[str]:
    calls = [n for n in walk(function) if isinstance(n, ast.Call)]
    return {n.func.attr for n in calls if isinstance(n.func, ast.Attribute)}


def _is_plain_function(function: ast.FunctionDef) -> bool:
    """Whether a function runs nothing, and returns once at its end."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    spec, inside = function.args, [n for s in body for n in walk(s)]
    if function.decorator_list or spec.vararg or spec.kwarg:
        return False
    if any(isinstance(n, _OTHER) or _is_long(n) for n in inside):
        return False
    if _methods(function) & set(_RUNS):
        return False
    last = _last(function.body)
    return all(n is last for n in inside if isinstance(n, ast.Return))


def _is_long(node: ast.AST) -> bool:
    """Whether a text stands on several lines, which cannot be moved to the right or left."""
    text = isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno
    return text and not (isinstance(node, ast.Constant) and not isinstance(node.value, str | bytes))


def _last(body: list[ast.stmt]) -> ast.stmt:
    """The last statement of a body, also within `with` statements."""
    last = body[-1]
    return _last(last.body) if isinstance(last, ast.With) else last


def _edits(program: Program, name: str, function: ast.FunctionDef) -> list[Edit] | None:
    """The edits for one function: its calls, and that it goes."""
    bound: list[ast.AST] = [
        n for n in program.nodes if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name
    ]
    bound += [n for n in program.each(ast.arg) if n.arg == name]
    named = [n for n in program.each(ast.Name) if n.id == name]
    if len(bound) != 1 or not named:
        return None
    edits = []
    used: set[str] = set()  # by the calls before
    for node in named:
        site = site_of(program, node)
        lines = _lines(program, function, site, used) if site is not None else None
        if site is None or lines is None:
            return None
        edits.append(Edit(program.span(site.statement), _indented(program, site, lines)))
    return [*edits, gone(program, function)]


def _indented(program: Program, site: Site, lines: list[str]) -> str:
    """The lines as they stand in the place of a call."""
    indent = program.indent(site.statement)
    return "\n".join([*lines[:1], *(f"{indent}{line}" if line else "" for line in lines[1:])])


# -------------------------------------------------------------------- one call


def _lines(program: Program, function: ast.FunctionDef, site: Site, used: set[str]) -> list[str] | None:
    """The statements in the place of a call; None where they would mean something else there."""
    given = given_to(function, site.call)
    if given is None or _differs(function, site):
        return None
    inside = [n for s in function.body for n in walk(s)]
    if any(isinstance(n, ast.Name) and program.segment(n) != n.id for n in inside):
        return None  # in an f-string of Python 3.11, whose parts do not say where they stand
    stored = {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    around = scope_of(program, site.statement)
    taken = names_around(program, around, function) | used
    free = {n.id for n in inside if isinstance(n, ast.Name)} - stored - given.keys()
    free -= {_SELF} if isinstance(site.call.func, ast.Attribute) else set()  # the same object there
    if any(not _means_the_same(program, n, function, around) for n in free):
        return None
    texts: dict[str, str] = {}
    before: list[str] = []
    ends = _ends(program, function, site, stored - given.keys())
    for name in sorted(stored - given.keys()):
        texts[name] = ends.get(name) or fresh(name, taken | set(texts.values()) | set(ends.values()))
    for name, value in given.items():
        if name not in stored and _is_plain(function, name, value):
            texts[name] = program.segment(value)
        else:
            texts[name] = fresh(name, taken | set(texts.values()) | set(ends.values()))
            before.append(f"{texts[name]} = {program.segment(value)}")
    used.update(texts.values())
    return [*before, *body_text(program, function, texts, _end(program, function, site, texts))]


def _differs(function: ast.FunctionDef, site: Site) -> bool:
    """Whether a call unpacks what a function does not return so."""
    last, statement = _last(function.body), site.statement
    value = last.value if isinstance(last, ast.Return) else None
    unpacked = statement.targets[0] if isinstance(statement, ast.Assign) else None
    both = isinstance(value, ast.Tuple) and isinstance(unpacked, ast.Tuple)
    return both and (_starred(unpacked.elts) or len(unpacked.elts) != len(value.elts))  # type: ignore[union-attr]


def _is_plain(function: ast.FunctionDef, name: str, value: ast.expr) -> bool:
    """Whether what a parameter is given may stand wherever the parameter is read."""
    root = value
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(value, ast.Constant) or isinstance(root, ast.Name):
        return True
    reads = [n for s in function.body for n in walk(s) if isinstance(n, ast.Name) and n.id == name]
    called = [n for s in function.body for n in walk(s) if isinstance(n, ast.Call)]
    given = [a for c in called for a in [*c.args, *(k.value for k in c.keywords)]]
    within = [n for s in function.body if isinstance(s, ast.With | ast.For | ast.While | ast.If) for n in walk(s)]
    written = isinstance(value, ast.List | ast.Tuple) and all(isinstance(e, ast.Name) for e in value.elts)
    once = len(reads) == 1 and any(reads[0] is a for a in given)
    return once and written and not any(reads[0] is n for n in within)


def _ends(program: Program, function: ast.FunctionDef, site: Site, local: set[str]) -> dict[str, str]:
    """The names that the function's own get where their values are what the caller binds."""
    last, target = _last(function.body), site.statement
    if not isinstance(last, ast.Return) or last.value is None or not isinstance(target, ast.Assign):
        return {}
    values = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    targets = target.targets[0]
    names = targets.elts if isinstance(targets, ast.Tuple) and isinstance(last.value, ast.Tuple) else [targets]
    if len(values) != len(names):
        return {}
    pairs = [
        (v.id, t.id) for v, t in zip(values, names, strict=True) if isinstance(v, ast.Name) and isinstance(t, ast.Name)
    ]
    read = {n.id for n in walk(site.call) if isinstance(n, ast.Name)}
    bodies = [n.id for s in function.body for n in walk(s) if isinstance(n, ast.Name)]
    return {
        v: t
        for v, t in pairs
        if v in local and t not in read and (t not in bodies or t == v)
        if [p[0] for p in pairs].count(v) == 1 == [p[1] for p in pairs].count(t)
    }


def _end(program: Program, function: ast.FunctionDef, site: Site, texts: Mapping[str, str]) -> str:
    """What stands for the return statement; nothing where the names are bound already."""
    last = _last(function.body)
    value = last.value if isinstance(last, ast.Return) else None
    text = renamed(program, value, texts) if value is not None else "None"
    match site.statement:
        case ast.Return():
            return f"return {text}" if value is not None else "return"
        case ast.Expr():
            return text if isinstance(value, ast.Call) else ""
        case ast.Assign(targets=[ast.Tuple(elts=targets)]) if isinstance(value, ast.Tuple) and not _starred(targets):
            pairs = zip(targets, value.elts, strict=True)
            written = [(program.segment(t), renamed(program, v, texts)) for t, v in pairs]
            rest = [(target, each) for target, each in written if target != each]
            if not {*_read(value)} & {
                program.segment(t)
                for t, v in zip(targets, value.elts, strict=True)
                if program.segment(t) != renamed(program, v, texts)
            }:
                return f"\n{program.indent(last)}".join(f"{target} = {each}" for target, each in rest)
            return f"{', '.join(t for t, _ in rest)} = {', '.join(v for _, v in rest)}" if rest else ""
        case ast.Assign(targets=[target]):
            left = program.segment(target)
            return "" if left == text else f"{left} = {text}"
    raise AssertionError


def _read(node: ast.AST) -> list[str]:
    return [ast.unparse(n) for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)]


def _starred(nodes: list[ast.expr]) -> bool:
    return any(isinstance(node, ast.Starred) for node in nodes)


def renamed(program: Program, node: ast.expr, texts: Mapping[str, str]) -> str:
    """The text of an expression with other names."""
    span = program.span(node)
    edits = [
        Edit(Span(at.start - span.start, at.end - span.start), texts[n.id])
        for n in walk(node)
        if isinstance(n, ast.Name) and n.id in texts
        for at in [program.span(n)]
    ]
    return apply(program.segment(node), edits)[0]


# -------------------------------------------------------------------- names


def names_around(program: Program, around: Scope, function: ast.FunctionDef) -> set[str]:
    """The names that mean something where a call stands."""
    own = {id(n) for n in walk(function)}
    if isinstance(around, ast.Module):  # not what is a function's own
        nodes = program.nodes
        found = {n.id for n in program.names.mentions if program.names.is_global(n) and id(n) not in own}
    else:
        nodes = tuple(walk(around))
        found = {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in own}
        found |= {n.arg for n in nodes if isinstance(n, ast.arg) and id(n) not in own}
    found |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    found |= {a.asname or a.name.split(".")[0] for i in program.names.imports for a in i.names}
    return found | set(dir(builtins)) | set(program.reserved)


def _means_the_same(program: Program, name: str, function: ast.FunctionDef, around: Scope) -> bool:
    """Whether a name of outside that a function reads is the same thing where the function is called."""
    if isinstance(around, ast.FunctionDef):
        functions = [scope for scope in (around, *scopes(program, around)) if isinstance(scope, ast.FunctionDef)]
        inside = [n for function in functions for n in walk(function)]
        stored = any(isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load) for n in inside)
        given = any(isinstance(n, ast.arg) and n.arg == name for n in inside)
        if stored or given:
            return False
    home, here = file_of(program, function), file_of(program, around.body[0])
    if isinstance(around, ast.Module) or home == here:
        here = home if not program.borders else here
    if home == here:
        return True
    return imported(program, name, home) == imported(program, name, here)


def file_of(program: Program, node: ast.stmt) -> int:
    """The number of the file that a statement stands in."""
    start = program.span(node).start
    return sum(border <= start for border in program.borders)


def imported(program: Program, name: str, file: int) -> str | None:
    """What a file imports under a name; None where it does not."""
    for node in program.names.imports:
        for alias in node.names:
            if (alias.asname or alias.name.split(".")[0]) == name and file_of(program, node) == file:
                return f"{getattr(node, 'module', '')}:{alias.name}"
    return None
