"""Elements of the program's own graph that are asked for by their names: `sess.run('cost:0', {'features:0': x})`.

The names that the program has for them stand there instead: `sess.run(cost, {features: x})`.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from tf2migrate.apply import fits
from tf2migrate.facts.program import Program
from tf2migrate.facts.standing import is_conditional, scope_of, scopes, statement_of, stores
from tf2migrate.facts.tree import walk
from tf2migrate.lift.frozen_graphs import feeds_of
from tf2migrate.lift.graph_names import GraphNames, Named
from tf2migrate.model import Edit, Options, Outcome, Span

_ELEMENT = re.compile(r"([A-Za-z][\w.\\/-]*?)(?::(\d+))?")
_OTHER_GRAPHS = ("import_graph_def", "import_meta_graph", "saved_model")


def own_elements(program: Program, options: Options) -> Outcome:
    """The edits that put the program's names in the place of the graph's; none for what cannot be told."""
    if any(word in program.text for word in _OTHER_GRAPHS):
        return Outcome()
    every = list(asked(program))
    if not every:
        return Outcome()
    found = _Elements(program)
    for node, text, wanted in every:
        if (own := found.name_of(node, text, wanted)) is not None:
            found.edits.append(Edit(program.span(node), own))
    edits = (*found.edits, *found.bound.values())
    return Outcome(edits if fits(edits, program.cuts) else ())


def asked(program: Program) -> Iterator[tuple[ast.expr, str, str]]:
    """The expressions that ask for an element by name, the name, and as what: "fetch", "key", "tensor", "operation"."""
    for feed in feeds_of(program):
        for key in feed.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key, key.value, "key"
    for node in program.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "run" and not _is_of_module(program, node.func.value):
            fetched = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "fetches")]
            for fetch in [f for each in fetched for f in _fetches(each)]:
                yield fetch, str(fetch.value), "fetch"
        elif node.func.attr in ("get_tensor_by_name", "get_operation_by_name") and len(node.args) == 1:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                operation = node.func.attr == "get_operation_by_name"
                outputs = _first_output(program, node) if operation else None
                wanted = "operation" if operation and outputs is None else "tensor"
                yield outputs or node, name.value + (":0" if outputs is not None else ""), wanted


def _is_of_module(program: Program, node: ast.expr) -> bool:
    """Whether an expression is an imported module, or something of one: `subprocess.run(["train"])`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    imported = {a.asname or a.name.split(".")[0] for i in program.names.imports for a in i.names}
    return isinstance(node, ast.Name) and node.id in imported


def _first_output(program: Program, node: ast.Call) -> ast.expr | None:
    """`….outputs[0]`, where an operation is read so."""
    outputs = program.parents.get(id(node))
    match whole := program.parents.get(id(outputs)):
        case ast.Subscript(value=ast.Attribute(attr="outputs") as held, slice=ast.Constant(value=0)):
            return whole if isinstance(whole, ast.expr) and held is outputs else None
    return None


def _fetches(node: ast.expr) -> Iterator[ast.Constant]:
    match node:
        case ast.Constant(value=str()):
            yield node
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from _fetches(part)


class _Elements:
    """The names that a program has, or is given, for the ops of its graph."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.graph = GraphNames(program)
        self.edits: list[Edit] = []
        self.bound: dict[int, Edit] = {}  # for each call that had no name: what gives it one
        self.fresh: dict[int, str] = {}

    def name_of(self, node: ast.expr, text: str, wanted: str) -> str | None:
        """What an element is called in the program, where a node asks for it; None where that cannot be told."""
        parts = _ELEMENT.fullmatch(text)
        if parts is None:
            return None
        found = self.graph.made(parts[1])
        if len(found) > 1:
            here = self._graph_asked(node)
            found = [f for f in found if here is not None and self._graph_at(f.call) == here]
        if len(found) != 1:
            return None
        (named,) = found
        if (parts[2] is None) != named.operation or (wanted in ("key", "tensor") and named.operation):
            return None
        target = self._target(named, int(parts[2] or 0))
        return target if target is not None and self._is_seen(target, named, node) else None

    # ---------------------------------------------------------------- what an op is bound to

    def _target(self, named: Named, index: int) -> str | None:
        """The name or attribute that an output of an op is bound to; one is given to what has none."""
        statement = statement_of(self.program, named.call)
        match statement:
            case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value) if value is named.call:
                return ast.unparse(target) if index == 0 and not named.several else None
            case ast.Assign(targets=[ast.Tuple(elts=parts) | ast.List(elts=parts)], value=value):
                if value is named.call:
                    part = parts[index] if index < len(parts) else None
                    return part.id if isinstance(part, ast.Name) else None
        if index or named.several or not isinstance(statement, ast.Assign | ast.Expr):
            return None
        return self._item(named, statement) or self._give_name(named, statement)

    def _item(self, named: Named, statement: ast.Assign | ast.Expr) -> str | None:
        """`weights["out"]`, where a dict that is written out holds an op, and nothing else may set it."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys, values=values)):
                pass
            case _:
                return None
        key = next((k for k, v in zip(keys, values, strict=True) if v is named.call), None)
        if not isinstance(key, ast.Constant) or len({ast.unparse(k) for k in keys if k}) < len(keys):
            return None
        for node in self.program.nodes:
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                around = self.program.parents.get(id(node))
                if not isinstance(around, ast.Subscript) or not isinstance(around.ctx, ast.Load):
                    return None
        return f"{name}[{self.program.segment(key)}]"

    def _give_name(self, named: Named, statement: ast.Assign | ast.Expr) -> str | None:
        """A name for what is made within a statement: it is made just before."""
        program, call = self.program, named.call
        if id(call) in self.fresh:
            return self.fresh[id(call)]
        if not self._is_plain(call, statement):
            return None
        name = re.sub(r"\W+", "_", named.name.rsplit("/", 1)[-1]).strip("_")
        every = program.words | program.names.module_level | set(dir(builtins)) | set(self.fresh.values())
        if not name.isidentifier() or name in every:
            return None
        span = program.span(call)
        if isinstance(statement, ast.Expr) and statement.value is call:
            edit = Edit(Span(span.start, span.start), f"{name} = ")
        else:
            start = program.span(statement).start
            line = f"{name} = {program.segment(call)}\n{program.indent(statement)}"
            edit = Edit(Span(start, span.end), f"{line}{program.text[start : span.start]}{name}")
        self.fresh[id(call)], self.bound[id(call)] = name, edit
        return name

    def _is_plain(self, call: ast.Call, statement: ast.stmt) -> bool:
        """Whether what a call is part of does nothing but compute, once, of what is there before the statement."""
        above: ast.AST = call
        while above is not statement:
            above = self.program.parents[id(above)]
            if isinstance(above, ast.Lambda | ast.IfExp | ast.BoolOp | ast.NamedExpr | ast.comprehension):
                return False
            if isinstance(above, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
                return False
        span = self.program.span(statement)
        return not any(e.span.start < span.end and e.span.end > span.start for e in self.bound.values())

    # ---------------------------------------------------------------- whether it is that there

    def _is_seen(self, target: str, named: Named, node: ast.expr) -> bool:
        """Whether a name means the op where it is asked for."""
        program = self.program
        if "." in target.partition("[")[0]:
            return self._is_own(target, named, node)
        target = target.partition("[")[0]
        around = scope_of(program, named.call)
        inside = scopes(program, node)
        if around not in inside:
            return False
        for scope in inside[: inside.index(around)]:
            parameters = [a.arg for a in walk(scope) if isinstance(a, ast.arg)]
            if target in parameters or stores(program, target, scope):
                return False
        others = {n.name for n in program.nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        others |= {a.asname or a.name for i in program.names.imports for a in i.names}
        others |= {name for n in program.nodes if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
        if target in others:
            return False
        bound = stores(program, target, around)
        if target in self.fresh.values() or len(bound) == 1:
            return inside[0] is not around or program.span(node).start > program.span(named.call).end
        return inside[0] is around and self._reaches(bound, named, node)

    def _reaches(self, bound: list[ast.Name], named: Named, node: ast.expr) -> bool:
        """Whether the last binding of a name before a node, in straight code, is that of the op."""
        program = self.program
        end, here = self._end_of_loops(node), program.span(node).start
        before = [n for n in bound if program.span(n).start < here]
        later = [n for n in bound if here <= program.span(n).start < end]
        if later or not before:
            return False
        last = max(before, key=lambda n: program.span(n).start)
        return statement_of(program, last) is statement_of(program, named.call)

    def _end_of_loops(self, node: ast.expr) -> int:
        """Where the outermost loop around a node ends, or the node itself."""
        end, above = self.program.span(node).end, self.program.parents.get(id(node))
        while above is not None and not isinstance(above, ast.FunctionDef | ast.Module):
            if isinstance(above, ast.For | ast.While):
                end = self.program.span(above).end
            above = self.program.parents.get(id(above))
        return end

    def _is_own(self, target: str, named: Named, node: ast.expr) -> bool:
        """Whether an attribute of an object, bound once, is read in a method of its class."""
        program = self.program
        made, read = self._class_of(named.call), self._class_of(node)
        attribute = target.removeprefix("self.")
        if made is None or made is not read or not attribute.isidentifier():
            return False
        sets = [n for n in program.each(ast.Attribute) if n.attr == attribute]
        return sum(not isinstance(n.ctx, ast.Load) for n in sets) == 1

    def _class_of(self, node: ast.AST) -> ast.ClassDef | None:
        method = scope_of(self.program, node)
        held = self.program.parents.get(id(method))
        own = isinstance(method, ast.FunctionDef) and [a.arg for a in method.args.args][:1] == ["self"]
        return held if own and isinstance(held, ast.ClassDef) else None

    # ---------------------------------------------------------------- graphs

    def _graph_asked(self, node: ast.expr) -> object:
        """The graph in which a run, or a call by name, looks for an element."""
        above: ast.AST = node
        while not isinstance(above, ast.stmt):
            above = self.program.parents[id(above)]
            if isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and above.func.attr == "run":
                held = above.func.value
                return self._graph_of_session(held) if isinstance(held, ast.Name) else None
        match above:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict()):
                return self._graph_of_reads(name, self.program.span(above).end)
        return None

    def _graph_of_reads(self, name: str, start: int) -> object:
        """The graph of all the runs that are fed a dict by its name."""
        program = self.program
        bound = [program.span(n).start for n in stores(program, name, program.tree)]
        end = min((at for at in bound if at > start), default=len(program.text))
        reads = [n for n in program.each(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
        found = {self._graph_asked(n) for n in reads if start < program.span(n).start < end}
        return found.pop() if len(found) == 1 else None

    def _graph_of_session(self, session: ast.Name) -> object:
        program = self.program
        value = self._value(session)
        if not isinstance(value, ast.Call):
            return None
        if program.names.symbol(value.func) not in ("tf.Session", "tf.InteractiveSession"):
            return None
        given = next((k.value for k in value.keywords if k.arg == "graph"), None)
        if given is None and len(value.args) < 2:
            return self._graph_at(value)
        return self._graph_named(given) if isinstance(given, ast.Name) else None

    def _graph_at(self, node: ast.expr) -> object:
        """The graph that is the default one where a node stands; None where that cannot be told."""
        inner: ast.AST = node
        above = self.program.parents.get(id(node))
        while above is not None:
            if isinstance(above, ast.FunctionDef | ast.Lambda):
                return None
            if isinstance(above, ast.With) and inner in above.body:
                for item in reversed(above.items):
                    entered = item.context_expr
                    if isinstance(entered, ast.Call) and getattr(entered.func, "attr", "") == "as_default":
                        held = entered.func.value if isinstance(entered.func, ast.Attribute) else None
                        return self._graph_named(held) if isinstance(held, ast.Name) else None
                    if isinstance(entered, ast.Call) and any(k.arg == "graph" for k in entered.keywords):
                        return None
            inner, above = above, self.program.parents.get(id(above))
        resets = [n for n in self.program.each(ast.Call) if self._is_default_reset(n)]
        if any(is_conditional(self.program, n) or scope_of(self.program, n) is not self.program.tree for n in resets):
            return None
        return sum(self.program.span(n).start < self.program.span(node).start for n in resets)

    def _is_default_reset(self, node: ast.Call) -> bool:
        return self.program.names.symbol(node.func) == "tf.reset_default_graph"

    def _graph_named(self, name: ast.Name) -> object:
        value = self._value(name)
        made = isinstance(value, ast.Call) and self.program.names.symbol(value.func) == "tf.Graph"
        return value if made else None

    def _value(self, name: ast.Name) -> ast.expr | None:
        """What a name of the module was last bound to, in straight code."""
        program = self.program
        if scope_of(program, name) is not program.tree:
            return None
        bound = stores(program, name.id, program.tree)
        before = [n for n in bound if program.span(n).start < program.span(name).start]
        if not before or any(is_conditional(program, n) for n in bound):
            return None
        last = max(before, key=lambda n: program.span(n).start)
        match statement := statement_of(program, last):
            case ast.Assign(targets=[ast.Name()], value=value):
                return value
            case ast.With(items=items):
                entered = [i.context_expr for i in items if i.optional_vars is last]
                inside = program.span(statement).end > program.span(name).start
                return entered[0] if entered and inside else None
        return None
