"""How a function that makes variables is written: a class, split by when things happen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tf2migrate.facts.naming import fresh
from tf2migrate.facts.tree import walk
from tf2migrate.lift import grown, lazy_parts, loops, noted, pairs, part_names, part_prints, zero_states
from tf2migrate.lift.bidirectional import Bidirectional
from tf2migrate.lift.cells import Unrolled, Wrapped
from tf2migrate.lift.foreseen_text import Writer
from tf2migrate.lift.layers import Called
from tf2migrate.lift.parts import Call, Part
from tf2migrate.lift.render import base, shift
from tf2migrate.lift.trace import Made
from tf2migrate.lift.values import Layer, Refused, Value, Variable

if TYPE_CHECKING:
    from tf2migrate.lift.expressions import Expressions

STEP = "    "
OWNER = "owner"
_OF_MODULES = ("name", "name_scope", "variables", "trainable_variables", "non_trainable_variables", "submodules")


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    return {n.id for n in walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


class PartText:
    """The class of one function: which of its statements happen when, and what they keep for later."""

    def __init__(self, expressions: Expressions, part: Part) -> None:
        self.expressions, self.part = expressions, part
        self.program, self.function = expressions.program, part.function
        self.name = expressions.plan.fresh("".join(w[:1].upper() + w[1:] for w in self.function.name.split("_")))
        body = self.function.body
        self.scopes: dict[int, ast.With | ast.Try] = {}  # for the first statement of a scope: the scope
        self.within: dict[int, tuple[ast.With, ...]] = {}  # for each statement of a scope: the scopes around it
        self.docstring = body[0] if ast.get_docstring(self.function, clean=False) is not None else None
        unread = zero_states.unread(expressions, part)
        statements = [s for s in self._flat(body[1:] if self.docstring else body) if id(s) not in unread]
        moved = {id(s.node) for frame in part.frames for s in frame.statements if s.moves or self._returns(s.node)}
        moved |= {id(s.node) for frame in part.frames for s in frame.skipped if s.moves}
        moved |= self._defined_late(statements, moved)
        late = {*part.staged, *(name for s in statements if id(s) in moved for name in _bound(s))}
        self.prints = part_prints.waiting(part, statements, late)  # which happen at the first call
        expressions.plan.printing |= dict.fromkeys(self.prints.values(), part_prints.SAID)
        moved |= set(self.prints)
        split = lazy_parts.split(expressions.interpreter, part, statements, moved)
        self.early, self.lazy, self.late, self.before = split.early, split.lazy, split.late, split.before
        self.made_lazily = {id(made.node) for made in split.made}
        self.parameters = [*self.function.args.posonlyargs, *self.function.args.args, *self.function.args.kwonlyargs]
        every = self.expressions.interpreter.loops
        self.loops = {s: every[id(s)] for s in self.late if isinstance(s, ast.For) and id(s) in every}
        self.foreseen = Writer(self)
        self.grown = grown.names(self)  # for what is made in loops and branches: the name of its place
        self.kept: dict[str, None] = {}
        self.names: dict[int, str] = {}
        self._resolve()
        self.flag = fresh("traced", {*self.kept, *_OF_MODULES, *self.program.words})
        self.sites = part_names.attributes(self)
        self._hoist()

    @staticmethod
    def _returns(node: ast.AST) -> bool:
        return isinstance(node, ast.Return)

    def _defined_late(self, statements: list[ast.stmt], moved: set[int]) -> set[int]:
        """The functions of the function that read what only its calls know, such as those that `tf.cond` is given."""
        late = {*self.part.staged, *(name for s in statements if id(s) in moved for name in _bound(s))}
        found: set[int] = set()
        for statement in statements:  # in their order: one that calls another stands below it
            if isinstance(statement, ast.FunctionDef) and late & {n.id for n in self._loads(statement)}:
                found.add(id(statement))
                late.add(statement.name)
        return found

    def _flat(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        """The statements, without the scopes that they stand in."""
        for statement in body:
            if isinstance(statement, ast.With | ast.Try) and self._transparent(statement):
                self.scopes[id(statement.body[0])] = statement
                if isinstance(statement, ast.With):
                    around = self.within.get(id(statement), ())
                    self.within |= {id(inner): (*around, statement) for inner in statement.body}
                yield from self._flat(statement.body)
            else:
                yield statement

    def _transparent(self, node: ast.With | ast.Try) -> bool:
        return self.expressions.interpreter.rewrites.get(id(node)) == "transparent"

    # ------------------------------------------------------------ names

    def _resolve(self) -> None:
        """Which names stand for what the object keeps. Raises `Refused` where one stands for two things."""
        resolved = self.expressions.interpreter.resolved
        when_made, when_called = self._apart()
        early = {id(inner) for s in [*self.early, *self.lazy] for inner in walk(s)}
        own = early | {id(inner) for s in self.late for inner in walk(s)}
        given = {a.arg for a in self.parameters}
        given_anew = self._given_anew()
        late = [*self.late, *noted.scope_names(self)]
        for node in [*when_called, *(n for s in late for n in self._loads(s) if n not in when_made)]:
            if id(node) in given_anew:
                continue
            if node.id == "self" and "self" not in given:  # of the method around
                self.names[id(node)] = OWNER
                continue
            sites = resolved.get(id(node), set())
            before = {at in early or (at not in own and name in given - self.part.staged) for at, name in sites}
            if before == {True}:
                self.kept[node.id] = None
                self.names[id(node)] = f"self.{self._own(node.id)}"
                if node.id in given:
                    self.expressions.given.add(id(node))
            elif True in before:
                self._refuse(node, "is one thing while the graph is built and another while it runs")
        self._check_made(when_made)
        self._keep_lazy(own, given)
        at_first = [n for s in [*self.early, *self.lazy] for n in walk(s) if isinstance(n, ast.Name)]
        at_first = [n for n in at_first if n not in when_called and id(n) not in self.names]
        at_first += when_made
        lazily = {id(inner) for s in self.lazy for inner in walk(s)}
        local = {
            name for node in at_first for at, name in resolved.get(id(node), ()) if at in early and name in self.kept
        }
        for node in at_first:
            if any(at in early and name in local for at, name in resolved.get(id(node), ())):
                if node.id in given:
                    self._refuse(node, "is a parameter that is bound anew")
                self.names[id(node)] = f"self.{self._own(node.id)}"
            elif node.id == "self":
                self.names[id(node)] = OWNER
            elif node.id in self.part.staged and isinstance(node.ctx, ast.Load) and id(node) not in lazily:
                self._refuse(node, "is a tensor, and is read where variables are made")

    def _check_made(self, when_made: list[ast.Name]) -> None:
        """Raises `Refused` where something is made, with the object, of what only its calls know."""
        in_loops = {id(inner) for loop in self.loops for inner in walk(loop)} | self.foreseen.inside
        late = {id(inner) for s in self.late for inner in walk(s)} - in_loops
        for node in when_made:
            if any(at in late for at, _ in self.expressions.interpreter.resolved.get(id(node), ())):
                self._refuse(node, "is known when the object is called, and something is made of it before")

    def _keep_lazy(self, own: set[int], given: set[str]) -> None:
        """What the first call reads and makes. Raises `Refused` where a name stands for two things there."""
        resolved = self.expressions.interpreter.resolved
        first = {id(inner) for s in self.early for inner in walk(s)}
        for node in [n for s in self.lazy for n in self._loads(s)]:
            sites = resolved.get(id(node), set())
            before = {at in first or (at not in own and name in given - self.part.staged) for at, name in sites}
            if before == {True}:
                self.kept[node.id] = None
                self.names[id(node)] = f"self.{self._own(node.id)}"
            elif True in before:
                self._refuse(node, "is one thing while the graph is built and another while it runs")
        made = [m for frame in self.part.frames for s in frame.statements for m in s.made]
        values = {id(m.value) for m in made if isinstance(m.value, Variable)}
        lazy = {id(inner) for s in self.lazy for inner in walk(s)}
        for definition in [d for f in self.part.frames for s in f.statements if id(s.node) in lazy for d in s.writes]:
            if id(definition.value) in values:
                self.kept[definition.name] = None

    def _apart(self) -> tuple[list[ast.Name], list[ast.Name]]:
        """The names that are read when the object is made though a late statement has them, and the other way round.

        The first are the settings of layers, and cells that are unrolled; the others tell a cell's dropout how much to
        keep, and a layer's normalization whether it is trained.
        """
        rewrites = self.expressions.interpreter.rewrites
        when_made: list[ast.Name] = []
        when_called: list[ast.Name] = []
        for node in walk(self.function):
            value = rewrites.get(id(node)) if id(node) not in self.grown else None
            if isinstance(value, Unrolled | Bidirectional):
                when_made += [name for cell in value.cells for name in self._loads(cell)]
            elif isinstance(value, Called) and value.layer is not None and id(value.layer.node) == id(node):
                when_made += [name for setting in value.settings for name in self._loads(setting)]
                normal = rewrites.get(id(node.func)) if isinstance(node, ast.Call) else None
                training = normal.arguments.get("training") if isinstance(normal, Called) else None
                when_called += self._loads(training) if training is not None else ()
            elif isinstance(value, Wrapped):
                told = [argument for name, argument in value.arguments.items() if name != "cell"]
                when_called += [name for argument in told for name in self._loads(argument)]
        for loop in self.loops.values():
            when_made += [name for statement in loop.early for name in self._loads(statement)]
        when_made += self.foreseen.settings()
        return [name for name in when_made if name not in when_called], when_called

    def _given_anew(self) -> set[int]:
        """The names of an instance whose attribute a call is given, as it exists only while a function runs."""
        attributes = self.expressions.interpreter.attributes
        found = set()
        for node in walk(self.function):
            definitions = attributes.get(id(node), ())
            if isinstance(node, ast.Attribute) and any(d.staged for d in definitions):
                found.add(id(node.value))
        return found

    @staticmethod
    def _loads(statement: ast.AST) -> Iterator[ast.Name]:
        for node in walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node

    @staticmethod
    def _plain(name: str) -> str:
        return OWNER if name == "self" else name

    @classmethod
    def _own(cls, name: str) -> str:
        """The name of an attribute: `tf.Module` has some of its own."""
        return f"{name}_" if name in _OF_MODULES else cls._plain(name)

    def _refuse(self, node: ast.Name, what: str) -> None:
        advice = "Give the two things two names."
        raise Refused("TFM903", node, f"in {self.function.name}, {node.id} {what}", advice)

    def _hoist(self) -> None:
        """What is made in the middle of a statement of each run gets a name on the object."""
        taken = {*self.kept, *_OF_MODULES, *(["made"] if self.grown else [])}
        self._name_loops()
        loops_made = {id(inner) for node in self.loops for inner in walk(node)}
        elsewhere = loops_made | self.foreseen.inside | self.grown.keys()
        late = {id(inner) for s in self.late for inner in walk(s)} - elsewhere
        for frame in self.part.frames:
            for made in [m for s in frame.statements for m in s.made if id(m.node) in late]:
                if id(made.node) not in self.expressions.hoisted:
                    name = fresh(made.hint, taken)
                    taken.add(name)
                    self.expressions.hoisted[id(made.node)] = f"self.{name}"
        self.foreseen.name(taken)

    def _name_loops(self) -> None:
        """What a loop makes has a name of its own in it, and is kept in a list."""
        for node, loop in self.loops.items():
            bound = {n.id for n in walk(node) if isinstance(n, ast.Name)} | {a.arg for a in self.parameters}
            for made in loop.made:
                name = made.hint
                while name in bound:
                    name += "_1"
                bound.add(name)
                self.expressions.hoisted.setdefault(id(made.node), name)
            loops.name_lists(loop, lambda name: f"self.{name}", self.expressions.hoisted)

    # ------------------------------------------------------------ text

    def lines(self) -> list[str]:
        """The class, without indentation."""
        expressions = self.expressions
        expressions.names |= self.names
        first = [f"self.{self._own(a.arg)} = {self._plain(a.arg)}" for a in self._made_of() if a.arg in self.kept]
        first += [f"{self._guard(items)} = None" for items in self.before.values()]
        first += [f"self.{self.flag} = False"] if self.prints else []
        init = [*first, *(["self.made = MadeOnce()"] if self.grown else []), *self._initial()]
        expressions.inside = True
        grown.write(self)
        call = [*(["made = self.made.again()"] if self.grown else []), *noted.scoped(self)]
        expressions.inside = False
        head = [f"class {self.name}({expressions.tf}.Module):"]
        if self.docstring is not None:
            text = shift(self.program.segment(self.docstring), self._indent(), "")
            head += [STEP + line for line in text.split("\n")]
            head.append("")
        if OWNER in self.names.values() and all(a.arg != "self" for a in self.parameters):
            head[:0] = [f"{OWNER} = self", ""]
        made_of = ", ".join(["self", *self._declared(self._made_of())])
        late = [*self._declared([a for a in self.parameters if a.arg in self.part.staged])]
        extra = expressions.extra_parameters(self.function)
        bare = extra and "*" not in late and any("=" in parameter for parameter in late)
        late += ["*", *extra] if bare else extra  # calls give those by name
        return [
            *head,
            f"{STEP}def __init__({made_of}):",
            f"{STEP * 2}super().__init__()",
            *[STEP * 2 + line if line else "" for line in init],
            "",
            f"{STEP}def __call__({', '.join(['self', *late])}):",
            *[STEP * 2 + line if line else "" for line in call],
        ]

    def _indent(self) -> str:
        return self.program.indent(self.function.body[0])

    def _made_of(self) -> list[ast.arg]:
        """The parameters of `__init__`: those that are no tensors, and are read where things are made or later."""
        statements: list[ast.AST] = [*self.early, *(s for loop in self.loops.values() for s in loop.early)]
        hoisted = self.expressions.hoisted
        statements += [made for s in self.late for made in walk(s) if id(made) in hoisted]
        statements += [read for s in self.late for read in self.foreseen.read(s)]
        gone = {
            id(n) for k in walk(self.function) if isinstance(k, ast.keyword) and k.arg == "collections" for n in walk(k)
        }
        read = {n.id for s in statements for n in walk(s) if isinstance(n, ast.Name) and id(n) not in gone}
        used = read | set(self.kept)
        return [a for a in self.parameters if a.arg not in self.part.staged and a.arg in used]

    def _declared(self, parameters: list[ast.arg]) -> list[str]:
        """Parameters as they were declared, with their defaults."""
        spec = self.function.args
        positional = [*spec.posonlyargs, *spec.args]
        defaults: dict[str, ast.expr] = {
            a.arg: d for a, d in zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True)
        }
        defaults |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
        found, optional = [], False
        for parameter in parameters:
            text = self._plain(parameter.arg)
            if parameter.arg in defaults:
                text, optional = f"{text}={self.expressions.text(defaults[parameter.arg])}", True
            elif optional and "*" not in found:
                found.append("*")
            found.append(text)
        return found

    def _initial(self) -> list[str]:
        """What happens when the object is made, in the function's order."""
        order = {id(s): i for i, s in enumerate(self._flat(self.function.body))}
        statements = sorted([*self.early, *self.late], key=lambda s: order[id(s)])
        found = [self._begun(statement) for statement in statements]
        last = max((i for i, lines in enumerate(found) if lines), default=0)
        if found and id(statements[last]) in self.foreseen.found:
            found[last] = self.foreseen.making(statements[last], last=True)
        return [line for lines in found for line in lines]

    def _begun(self, statement: ast.stmt) -> list[str]:
        """What a statement does when the object is made."""
        if statement in self.early:
            return self.written(statement)
        if isinstance(statement, ast.For) and statement in self.loops:
            return self._making(statement, self.loops[statement])
        if id(statement) in self.foreseen.found:
            return self.foreseen.making(statement)
        return self._hoisted(statement)

    def _making(self, node: ast.For, loop: loops.Loop) -> list[str]:
        """The loop that makes what the loop of each call uses."""
        target, source = self.expressions.text(node.target), self.expressions.text(node.iter)
        lines = [*loops.begin(loop), f"for {target} in {source}:"]
        for statement in loops.flat(node.body):
            if isinstance(statement, ast.With):
                continue
            inner = self.written(statement) if statement in loop.early else self._hoisted(statement)
            lines += [STEP + line for line in inner]
        return [*lines, *(STEP + line for line in loops.end(loop))]

    def _hoisted(self, statement: ast.stmt) -> list[str]:
        """The making of what is made in the middle of a statement."""
        lines: list[str] = []
        for made in self._made(statement):
            if id(made) in self.made_lazily:
                continue
            with self.expressions.making():
                text = self.expressions.made_text(made)
            text = shift(text, base(text), "")
            lines += f"{self.expressions.hoisted[id(made)]} = {text}".split("\n")
        return lines

    def _made(self, statement: ast.stmt) -> Iterator[ast.Call]:
        """What is made in the middle of a statement, in the order in which it is made."""
        inside = {id(node) for node in walk(statement)}
        every = {id(m.node): m.node for frame in self.part.frames for s in frame.statements for m in s.made}
        for key, node in every.items():
            if key in inside and key in self.expressions.hoisted and key not in {**self.grown, **self.foreseen.places}:
                yield node

    def _guard(self, items: list[ast.stmt | Made]) -> str:
        """What the object has once these have been made: the last of them."""
        bound: list[str] = []
        for item in items:
            if isinstance(item, Made):
                bound.append(self.expressions.hoisted[id(item.node)])
            else:
                bound += [t for n in walk(item) if (t := self.names.get(id(n), "")) and _is_stored(n)]
        return bound[-1]

    def _made_first(self, statement: ast.stmt) -> list[str]:
        """What the first call makes before a statement of each call."""
        if (items := self.before.get(id(statement))) is None:
            return []
        lines: list[str] = []
        for item in items:
            if isinstance(item, Made):
                text = self.expressions.made_text(item.node)
                lines += f"{self.expressions.hoisted[id(item.node)]} = {shift(text, base(text), '')}".split("\n")
            else:
                lines += self.written(item)
        inner = [STEP * 2 + line if line else "" for line in lines]
        return [f"if {self._guard(items)} is None:", f"{STEP}with {self.expressions.tf}.init_scope():", *inner]

    def written(self, statement: ast.stmt) -> list[str]:
        ahead = self.foreseen.ahead(statement)
        lines = self._written(statement)
        if id(statement) in self.prints:
            lines = part_prints.guarded(self.flag, lines, id(statement) == [*self.prints][-1])
        return [*self._made_first(statement), *ahead, *lines]

    def _written(self, statement: ast.stmt) -> list[str]:
        if isinstance(statement, ast.For) and statement in self.loops:
            return [
                *self._comments(statement),
                *loops.lines(self.expressions, self.loops[statement], STEP, self._read()),
            ]
        if (taken := pairs.lines(self.expressions, statement, self._read())) is not None:
            return [*self._comments(statement), *taken]
        indent = self.program.indent(statement)
        text = shift(self.expressions.renderer.text(statement), indent, "")
        if isinstance(statement, ast.Assign) and " = " in text and len(set(text.split(" = "))) == 1:
            return self._comments(statement)  # such as a cell wrapped in dropout
        end = self.program.span(statement).end
        rest = self.program.text[end:].split("\n", 1)[0]
        comment = rest.rstrip() if rest.strip().startswith("#") else ""
        return [*self._comments(statement), *(text + comment).split("\n")]

    def _read(self) -> set[str]:
        return {node.id for statement in self.late for node in self._loads(statement)}

    def _comments(self, statement: ast.stmt) -> list[str]:
        scope = self.scopes.get(id(statement))
        before = self._comments(scope) if scope is not None else []
        found: list[str] = []
        line = statement.lineno - 1
        while line > self.function.lineno and self.program.lines[line - 1].strip().startswith("#"):
            found.insert(0, self.program.lines[line - 1].strip())
            line -= 1
        return before + found

    def attribute(self, node: ast.expr, value: Value) -> str:
        """The name under which an object keeps something. Raises `Refused`."""
        made = value.node if isinstance(value, Layer | Variable) else None
        if id(made) in self.expressions.hoisted and id(made) not in self.grown:
            return self.expressions.hoisted[id(made)].removeprefix("self.")
        for definition in [d for frame in self.part.frames for s in frame.statements for d in s.writes]:
            if definition.value is value and definition.site in self.sites:
                return self.sites[definition.site]
        what = f"what {self.function.name} makes is asked for, and the object does not keep it"
        raise Refused("TFM907", node, what, "Bind it to a name.")

    # ------------------------------------------------------------ calls

    def made_text(self, node: ast.Call) -> str:
        """The making of an object, where the function was called."""
        of = f"{self.expressions.text(node.func.value)}." if isinstance(node.func, ast.Attribute) else ""
        return f"{of}{self.name}({', '.join(self._given(node, self._made_of()))})"

    def call_text(self, node: ast.Call, call: Call) -> str:
        """The use of an object, where the function's result is computed."""
        name = self.expressions.hoisted.get(id(call.made))
        if name is None:
            what = "variables are made where they are fetched"
            raise Refused("TFM902", node, what, "Make them before, under a name.")
        staged = [a for a in self.parameters if a.arg in self.part.staged]
        extra = [f"{e}={e}" for e in self.expressions.extra_parameters(self.function)]
        return f"{name}({', '.join([*self._given(node, staged), *extra])})"

    def _given(self, node: ast.Call, parameters: list[ast.arg]) -> list[str]:
        """The arguments of a call for some of the parameters: by place as long as it goes."""
        bound = self._bound(node)
        found, by_place = [], True
        keywords = {k.arg for k in node.keywords}
        for parameter in parameters:
            if parameter.arg not in bound:
                by_place = False
                continue
            argument = bound[parameter.arg]
            text = self._owner(node) if argument is None else self.expressions.text(argument)
            by_place = by_place and parameter.arg not in keywords
            found.append(text if by_place else f"{self._plain(parameter.arg)}={text}")
        return found

    def _owner(self, node: ast.Call) -> str:
        """The object of which a method is called. Raises `Refused` where it has no name, as it is named twice."""
        if not isinstance(node.func, ast.Attribute):
            return "self"
        if not isinstance(node.func.value, ast.Name | ast.Attribute):
            raise Refused("TFM901", node, f"{self.function.name} is called of an object without a name", "Name it.")
        return self.expressions.text(node.func.value)

    def _bound(self, node: ast.Call) -> dict[str, ast.expr | None]:
        names = [a.arg for a in [*self.function.args.posonlyargs, *self.function.args.args]]
        bound: dict[str, ast.expr | None] = {}
        if names[:1] == ["self"]:
            bound["self"] = None
            names = names[1:]
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            what = f"{self.function.name} is called with arguments from a list"
            raise Refused("TFM901", node, what, "Write them out.")
        bound |= dict(zip(names, node.args, strict=False))
        return bound | {k.arg: k.value for k in node.keywords if k.arg is not None}


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
