"""The TF2 text of single expressions: what was a placeholder, a variable, an optimizer, an assignment, a run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from tf2migrate.lift import (
    builders,
    cell_calls,
    cell_kinds,
    cell_projections,
    cell_residuals,
    cell_states,
    cell_text,
    cells,
    chosen_optimizers,
    collections,
    container_items,
    datasets,
    decided_anew,
    element_types,
    feed_dicts,
    given_runs,
    handed,
    iterator_text,
    keras_layers,
    layer_text,
    layers,
    monitored,
    noted,
    optimizer_classes,
    optimizers,
    own_cell_classes,
    pairs,
    parts,
    pipeline_text,
    printed_names,
    printed_shapes,
    projectors,
    regularization_loss,
    run_calls,
    run_text,
    savers,
    scopes,
    summaries,
    variable_lists,
    visibility,
    watched,
    written_summaries,
)
from tf2migrate.lift.dropped import Dropped
from tf2migrate.lift.functions import FunctionNode, Method
from tf2migrate.lift.interpret import Interpreter
from tf2migrate.lift.part_text import OWNER, PartText
from tf2migrate.lift.pipelines import Matched
from tf2migrate.lift.planned import Plan, Planned
from tf2migrate.lift.render import Renderer
from tf2migrate.lift.symbols import SPARSE
from tf2migrate.lift.tapes import Asked
from tf2migrate.lift.trace import Definition, Frame, Made, Run
from tf2migrate.lift.values import (
    Effect,
    Handle,
    Held,
    Layer,
    Optimizer,
    Placeholder,
    Refused,
    Schedule,
    Structure,
    Tensor,
    Time,
    Value,
    Variable,
)


class Expressions:
    """Answers for every node what stands in its place; the renderer asks."""

    def __init__(self, interpreter: Interpreter, plan: Plan) -> None:
        self.interpreter, self.plan = interpreter, plan
        self.program = interpreter.program
        self.renderer = Renderer(self.program, self.replacement)
        self.hoisted: dict[int, str] = {}
        self.lists = collections.name_lists(interpreter, plan)
        self.kept: dict[int, variable_lists.Kept] = {}  # the lists that are attributes, as another method fills them
        self.cast = element_types.cast_arguments(interpreter)
        self.own: dict[datasets.Iterator, tuple[str, Frame]] = {}  # iterators kept as attributes, and their frames
        self.data: dict[int, str] = {}  # names of data sets whose own names mean something else when they are used
        self.ahead: dict[int, list[str]] = {}  # for a statement in a loop of a class: what it takes of what is there
        self.gone: set[int] = set()  # the statements there that nothing of it needs
        self.names: dict[int, str] = {}  # names inside a class made of a function: what they are there
        self.given: set[int] = set()  # those among them that are parameters, which have them where it is made too
        self._making = False
        self._numbers = optimizers.numbers(interpreter)
        self._names: dict[int, Definition] | None = None  # by the ids of values: what they are bound to first
        every = [s for frame in interpreter.frames for s in frame.statements]
        iterators = [d.value for s in every for d in s.writes if isinstance(d.value, datasets.Iterator)]
        self.handles = {id(iterator.handle) for iterator in iterators}  # the placeholders that tell iterators apart
        self._held = {d.site: d.value.variable for s in every for d in s.writes if isinstance(d.value, Held)}
        self.tf = tensorflow_name(self.program.names)
        self.graphs = builders.name_graphs(interpreter, plan)  # for each builder of a graph: its result's name
        self.given_runs = given_runs.find(interpreter, plan)  # what functions call that are given different things
        self.handed = handed.find(self)
        self.standing = {p.frame.node for p in plan.functions if p.frame is not None}  # where functions are written
        self.dropped = Dropped(interpreter, plan.fresh, self)
        self.looks_up = any(map(interpreter.mentions, optimizer_classes.LOOKUPS))  # rows of tables
        self.classes: dict[str, str] = {}  # the optimizers that need a class of their own, and its name
        self.feed_name = ""  # what a feed is called of which only a part is needed
        self.values_name = ""  # what the values of a run are called that are put into another structure
        self.before: list[str] | None = None  # the lines before the statement that is written, where some may stand
        self.inside = False  # whether what is written is the body of a function
        self.tape = "tape"  # what the tape of the function that is written is called
        self.tapes: dict[int, Asked] = {}  # what a tf.gradients call asks which tape for, in a function
        parts.check(interpreter)
        decided_anew.check(interpreter)
        plan.free(parts.freed(interpreter))
        self.parts = {function: PartText(self, part) for function, part in interpreter.parts.items()}
        self._calls = {node_id: function for function, calls in interpreter.helper_calls.items() for node_id in calls}

    def optimizer_class(self, kind: str, keras: str) -> str:
        """The class that stands for an optimizer of TensorFlow 1: Keras's, or one of its own."""
        own = optimizer_classes.name_of(kind, self.looks_up)
        if own and kind not in self.classes:
            self.classes[kind] = self.plan.fresh(own)
        return self.classes[kind] if own else f"{self.tf}.keras.optimizers.{keras}"

    def text(self, node: ast.expr) -> str:
        return self.renderer.text(node)

    def hoist(self, made: Made) -> None:
        """A thing made inside a moving statement gets a name of its own."""
        if id(made.node) not in self.hoisted:
            hint = made.hint
            if isinstance(made.value, Optimizer):
                hint = "optimizer"
            elif isinstance(made.value, Variable):
                hint = made.value.name or (made.hint if made.hint != "output" else "variable")
            if hint in self.plan.local:
                hint += "_object"
            self.hoisted[id(made.node)] = self.plan.fresh(hint)

    @contextmanager
    def making(self) -> Iterator[None]:
        """What is written inside is an object being made: names are those of the function that it was."""
        self._making = True
        yield
        self._making = False

    def made_text(self, node: ast.Call) -> str:
        """The constructor of something made, whatever stands in its place elsewhere."""
        value = self.interpreter.rewrites.get(id(node))
        if isinstance(value, parts.Call) and value.function is not None:
            return self.parts[value.function].made_text(node)
        if isinstance(value, layers.Called):
            return layer_text.made_text(self, value)
        if isinstance(value, pairs.Pair):
            return pairs.made_text(self, value)
        text = self._value_text(node, value) or self.dropped.call(node, self.renderer.inside)
        return text or self.renderer.inside(node)

    # ------------------------------------------------------------ replacements

    def replacement(self, node: ast.AST) -> str | None:
        """The text that stands in a node's place, or None where it stays."""
        if isinstance(node, ast.Call) and id(node) in self.interpreter.sharing.given:
            text = self.dropped.call(node, self.renderer.inside) or self.renderer.inside(node)
            return self.interpreter.sharing.call(node, text)
        if isinstance(node, ast.expr) and (kind := cell_kinds.class_text(self.interpreter, node)) is not None:
            return kind
        named = self.interpreter.rewrites.get(id(node))
        if isinstance(named, chosen_optimizers.Named | printed_shapes.Shape | printed_shapes.Bound | builders.Item):
            return named.text(self)
        if isinstance(named, keras_layers.Applied):
            return self.text(named.node.value)
        if isinstance(node, ast.Subscript) and (pair := pairs.pair_of(self.interpreter, node.value)):
            return pairs.item_text(self, pair, node.slice)
        if (pair := pairs.pair_of(self.interpreter, node)) is not None:
            raise pairs.whole(pair)
        if isinstance(node, ast.Subscript) and (item := run_text.item(self, node) or self._one_gradient(node)):
            return item
        if id(node) in self.hoisted and isinstance(node, ast.Call):
            called = self.interpreter.rewrites.get(id(node))
            if isinstance(called, datasets.Element):
                return iterator_text.drawn_text(self, called)
            if isinstance(called, layers.Called):
                return layer_text.call_text(self, node, called)
            if not isinstance(called, parts.Call):
                return self.hoisted[id(node)]
        if isinstance(node, ast.stmt) and scopes.only_switches(self.interpreter, node):
            return ""
        if id(node) in self.gone:
            return ""
        if isinstance(node, ast.stmt) and id(node) in self.ahead:
            return f"\n{self.program.indent(node)}".join([*self.ahead[id(node)], self.renderer.inside(node)])
        if not isinstance(node, ast.expr):
            return None
        if id(node) in self.cast:
            self.cast.discard(id(node))
            text = self.text(node)
            self.cast.add(id(node))
            return f"{self.tf}.cast({text}, {self.tf}.float32)"
        if id(node) in self.names and not (self._making and id(node) in self.given):
            return self.names[id(node)]
        if id(node) in self.given and isinstance(node, ast.Name) and node.id == "self":
            return OWNER  # the parameter that the method's object is in the constructor of a class made of it
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            told = self.interpreter.rewrites.get(id(node.operand))
            if isinstance(told, tuple) and isinstance(told[1], monitored.Stop) and isinstance(node.operand, ast.Call):
                return monitored.stop_text(self, node.operand, told[1], negated=True)
        if self.inside and (named := self.interpreter.aliases.get(id(node))) is not None:
            return self.plan.parameter_names.get(named.value, named.name)
        if isinstance(node, ast.Name):
            sites = self.interpreter.resolved.get(id(node), ())
            renamed = [self.plan.renamed[site] for site in sites if site in self.plan.renamed]
            if renamed:
                return renamed[0]
            first = [self.plan.entered[site] for site in sites if site in self.plan.entered]
            if first and len(sites) == 1:
                return first[0]
            held = self._held.get(next(iter(sites))) if len(sites) == 1 and isinstance(node.ctx, ast.Load) else None
            if held is not None:
                return self.path(node, held)
        if self.interpreter.rewrites.get(id(node)) == "the end":
            return "StopIteration"
        if (stopped := pipeline_text.asked(self, node)) is not None:
            return stopped
        if self.plan.drawn and self.program.names.symbol(node) == "tf.errors.OutOfRangeError":
            return "StopIteration"
        if isinstance(node, ast.BoolOp) and (shorter := self._without_sessions(node)) is not None:
            return shorter
        value = self.interpreter.rewrites.get(id(node))
        if isinstance(value, tuple) and value and value[0] == "key":
            return self.key(value[1], node)
        if isinstance(value, projectors.Named | projectors.Visualized):
            return projectors.text(self, node, value)
        if isinstance(value, feed_dicts.Keys | feed_dicts.Whole):
            return feed_dicts.text(self, node, value)
        if self.inside and id(node) in self.plan.literals:
            return self.plan.literals[id(node)]
        if id(node) in self.interpreter.attributes:
            held_by = self.interpreter.attributes[id(node)]
            if len(held_by) == 1 and (held := self._held.get(held_by[0].site)) is not None and _is_loaded(node):
                return self._held_text(node, held)
            return self._attribute(self.interpreter.attributes[id(node)])
        if id(node) in self.interpreter.runs:
            text = run_text.expression(self, self.interpreter.runs[id(node)])
            return f"int({text})" if self.interpreter.runs[id(node)].counts(self.program.names) else text
        if isinstance(value, tuple) and value[0] == "name":
            return str(value[1])
        if isinstance(value, tuple) and value[0] == "item" and isinstance(node, ast.Attribute):
            return f"{self.text(node.value)}[{value[1]}]"
        if value == printed_names.OF_OP and isinstance(node, ast.Attribute):
            return printed_names.op_text(self, node)
        if value == "cases" and isinstance(node, ast.Dict):
            every = [f"({self.text(k)}, {self.text(v)})" for k, v in zip(node.keys, node.values, strict=True) if k]
            apart = ",\n" + " " * (node.col_offset + 1) if node.end_lineno != node.lineno else ", "
            return f"[{apart.join(every)}]"
        if isinstance(value, collections.Added):
            return collections.add_text(self, value)
        if isinstance(value, collections.Gathered):
            return collections.gather_text(self, value)
        if isinstance(value, variable_lists.Collected):
            return variable_lists.list_text(self, node, value)
        if isinstance(value, watched.Watched):
            return f"{self.tape}.watched_variables()"
        found = self._value_text(node, value) if isinstance(node, ast.Call) else None
        if found is not None:
            return found
        if isinstance(node, ast.Call) and (shorter := self.dropped.call(node, self.renderer.inside)) is not None:
            return shorter
        if isinstance(node, ast.Call) and id(node) in self._calls:
            return self._helper_call(node, self._calls[id(node)])
        return None

    def _without_sessions(self, node: ast.BoolOp) -> str | None:
        """`weights is not None and sess is not None` where a session is always given: it is asked for no more."""
        known = self.interpreter.tested_for_none
        left = [value for value in node.values if known.get(id(value)) != {(True, True)}]
        if len(left) == len(node.values) or not left or not isinstance(node.op, ast.And):
            return None
        return " and ".join(f"({self.text(v)})" if isinstance(v, ast.BoolOp) else self.text(v) for v in left)

    def _attribute(self, definitions: tuple[Definition, ...]) -> str | None:
        """Inside a function, what was an attribute is a plain name."""
        for definition in definitions:
            if isinstance(definition.value, Placeholder):
                return self.plan.parameter_names[definition.value] if self.inside else None
            if definition.staged:
                return definition.name
            if definition.site in self.plan.renamed:
                return self.plan.renamed[definition.site]
        return None

    def _value_text(self, node: ast.Call, value: object) -> str | None:
        if isinstance(value, tuple) and isinstance(value[0], Method):
            return self._method_text(node, value[0], value[1])
        if isinstance(value, Placeholder):
            return self.placeholder(value)
        if isinstance(value, Variable):
            return self.variable(node, value) if value.node is node else self._found_again(node, value)
        if isinstance(value, layers.Called):
            return layer_text.call_text(self, node, value)
        if isinstance(value, keras_layers.Object) and value.constructor is not None:
            return layer_text.made_text(self, value.constructor)
        if isinstance(value, regularization_loss.Total):
            return regularization_loss.total_text(self, node, value)
        if isinstance(value, cell_projections.Projected):
            return cell_projections.text(self, value)
        if isinstance(value, cell_residuals.Residual):
            return cell_residuals.text(self, value)
        if isinstance(value, own_cell_classes.Own) and not value.several:
            return own_cell_classes.text(self, value)
        if isinstance(value, cell_states.PutTogether):
            return cell_states.text(self, node)
        if isinstance(value, cells.Cell):
            return cell_text.cell_text(self, value)
        if isinstance(value, cells.Wrapped | cells.Stacked):
            return cell_text.inner_text(self, value)
        if isinstance(value, parts.Call) and value.function is not None:
            return self.parts[value.function].call_text(node, value)
        if isinstance(value, datasets.Iterator):
            return iterator_text.made_text(self, value)
        if isinstance(value, datasets.Element):
            return iterator_text.drawn_text(self, value)
        if isinstance(value, Matched):
            return f"{self.tf}.io.matching_files({self.text(value.pattern)})"
        if isinstance(value, chosen_optimizers.ChosenOptimizer):
            return self.renderer.inside(value.node)
        if isinstance(value, Optimizer):
            return optimizers.optimizer_text(self, value)
        if isinstance(value, Schedule):
            return optimizers.schedule_text(self, value)
        if isinstance(value, savers.Saver):
            return savers.saver_text(self, value)
        if isinstance(value, scopes.Scope) and (entered := scopes.name_text(self, node)) is not None:
            return entered
        if isinstance(value, noted.Note):
            return noted.note_text(self, value)
        if isinstance(value, summaries.Summary):
            return summaries.summary_text(self, node, value)
        if isinstance(value, written_summaries.Filled):
            return written_summaries.made_text(self, value)
        if isinstance(value, Handle) and value.role == "writer":
            return summaries.writer_text(self, value)
        if self.program.names.symbol(node.func) == "tf.train.checkpoint_exists":
            return savers.exists_text(self, node)
        if isinstance(value, Effect) and value.kind.startswith("assign"):
            return f"{self.operand(value.arguments['ref'])}.{value.kind}({self.text(value.arguments['value'])})"
        if id(node) in self.tapes:
            return self._gradient(self.tapes[id(node)])
        return None

    def path(self, node: ast.expr, value: Value) -> str:
        """The name under which something with variables was made, be it in an object. Raises `Refused`."""
        if (held := parts.holder_of(self.interpreter, value)) is not None:
            part, made = held
            owner = self.path(node, self.interpreter.objects[id(made.node)])
            return f"{owner}.{self.parts[part.function].attribute(node, value)}"
        if isinstance(value, Variable):
            return self.name_of(node, value)
        assert isinstance(value, Layer)
        name = self.hoisted.get(id(value.node)) or self._bound(value)
        if name is None:
            raise Refused("TFM907", node, "a layer whose variables are asked for has no name", "Bind it to a name.")
        return name

    def _held_text(self, node: ast.AST, held: Variable) -> str:
        """A variable that an attribute stands for, of the object in the attribute's owner. Raises `Refused`."""
        assert isinstance(node, ast.Attribute)
        if not isinstance(node.value, ast.Name) or node.value.id != "self":
            what = f"{node.attr} is a variable of what a method of the object makes, and is read outside of the object"
            raise Refused("TFM902", node, what, "Read it in a method of the object.")
        return self.path(node, held)

    def made_name(self, value: Layer | Optimizer) -> str | None:
        """The name that something made has where it is made; None where it has none."""
        made = value.made if isinstance(value, Optimizer) else (value,)
        names = {self.hoisted.get(id(one.node)) or self._bound(one) for one in made}
        return names.pop() if len(names) == 1 else None

    def _bound(self, value: Layer | Optimizer) -> str | None:
        """The name that the program itself gives to a layer or an optimizer."""
        if self._names is None:
            written = [d for f in self.interpreter.frames for s in f.statements for d in s.writes]
            self._names = {id(d.value): d for d in reversed(written)}
        definition = self._names.get(id(value))
        if definition is None:
            return None
        return f"self.{definition.attribute}" if definition.owner is not None else definition.name

    def _found_again(self, node: ast.expr, value: Variable) -> str:
        """A variable that is found by its name in the graph, by that of the program. Raises `Refused`."""
        if value in self.interpreter.lazy:
            what = "a variable is found by its name that is made when a function is first called"
            raise Refused("TFM907", node, what, "Return it from the function that makes it.")
        return self.path(node, value)

    def name_of(self, node: ast.expr, value: Variable) -> str:
        """The name under which a variable was made that is found again. Raises `Refused`."""
        definition = self.plan.shared.get(value)
        if definition is None:
            item = visibility.item_text(self.interpreter, value) or container_items.text(self.interpreter, value)
            if item is not None:
                return item
            raise Refused("TFM907", node, "a variable is shared that has no name of its own", "Bind it to a name.")
        if definition.owner is not None:
            return f"self.{definition.attribute}"
        return self.plan.renamed.get(definition.site, definition.name)

    def _is_listed(self, value: Value) -> bool:
        """Whether something is a variable of a list, which may be a layer's: Keras's are read by no method."""
        listed = isinstance(value, Variable) and value.node is not None
        asked = self.interpreter.rewrites.get(id(value.node)) if listed else None  # type: ignore[attr-defined]
        return isinstance(value, Tensor) or isinstance(asked, variable_lists.Collected)

    def _is_of_layers(self, value: Value) -> bool:
        """Whether something is a variable of a list in which layers have theirs: Keras's have a tuple for a shape."""
        asked = self.interpreter.rewrites.get(id(value.node)) if isinstance(value, Variable | Tensor) else None
        members = asked.members if isinstance(asked, variable_lists.Collected) else ()
        return any(isinstance(member.value, Layer) for member in members)

    def _method_text(self, node: ast.Call, method: Method, value: object) -> str | None:
        if isinstance(value, datasets.Iterator):
            return iterator_text.made_text(self, value)
        if isinstance(value, datasets.Element):
            return iterator_text.drawn_text(self, value)
        if method.name in ("value", "read_value") and self._is_listed(method.base):
            return f"{self.tf}.convert_to_tensor({self.text(method.node.value)})"
        if method.name == "get_shape" and type(method.base) is Placeholder:
            return f"{self.text(method.node.value)}.shape"
        if method.name == "get_shape" and self._is_of_layers(method.base):
            shape, above = f"{self.text(method.node.value)}.shape", self.program.parents.get(id(node))
            return f"{self.tf}.TensorShape({shape})" if isinstance(above, ast.Attribute) else shape
        if id(node) in self.interpreter.uses:
            return savers.use_text(self, self.interpreter.uses[id(node)], method.node.value)
        if isinstance(method.base, written_summaries.Filled):
            return written_summaries.add_text(self, node, method)
        if isinstance(value, summaries.Recorded):
            raise Refused("TFM902", node, "add_summary is part of an expression", "Write it as a statement.")
        if (
            method.name == "zero_state"
            and isinstance(method.base, cells.Cell | cells.Stacked)
            and isinstance(value, Tensor | Structure)
        ):
            return cell_calls.zeros_text(self, node, method.base)
        if isinstance(value, cells.ZeroState):  # a helper may make several of them
            kept = any(state.node is value.node for state in self.plan.states)
            return cell_text.zeros_text(self, value) if kept else "None"
        if isinstance(value, monitored.Stop):
            return monitored.stop_text(self, node, value)
        if isinstance(value, Effect) and value.kind.startswith("assign"):
            return f"{self.text(method.node.value)}.{method.name}({self.text(value.arguments['value'])})"
        if isinstance(method.base, Variable) and method.name == "initialized_value":
            return self.text(method.node.value)
        return None

    def _one_gradient(self, node: ast.Subscript) -> str | None:
        """`tf.gradients(y, [x])[0]`, where it is all of what is asked for."""
        match node.value, node.slice:
            case ast.Call() as call, ast.Constant(value=0) if id(call) in self.tapes:
                asked = self.tapes[id(call)]
                xs = asked.effect.arguments["xs"]
                if (
                    isinstance(xs, ast.List | ast.Tuple)
                    and len(xs.elts) == 1
                    and not isinstance(xs.elts[0], ast.Starred)
                ):
                    return self._asked(asked, xs.elts[0])
                return None if asked.of_several else self._asked(asked, xs)
        return None

    def _gradient(self, asked: Asked) -> str:
        text = self._asked(asked, asked.effect.arguments["xs"])
        return text if asked.of_several else f"[{text}]"

    def _asked(self, asked: Asked, xs: ast.expr) -> str:
        """What the tape of a `tf.gradients` call is asked for."""
        given = asked.effect.arguments
        extra = f", output_gradients={self.text(given['grad_ys'])}" if "grad_ys" in given else ""
        return f"{asked.tape}.gradient({asked.ys}, {self.text(xs)}{extra})"

    def dtype(self, node: ast.expr) -> str:
        """A type, be it written as one or as its name."""
        return _dtype(self.text(node), self.tf)

    def operand(self, node: ast.expr) -> str:
        text = self.text(node)
        return text if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) else f"({text})"

    def term(self, node: ast.expr) -> str:
        """The text of an operand of arithmetic."""
        return self.text(node) if isinstance(node, ast.Constant) else self.operand(node)

    def key(self, value: Value, node: ast.AST) -> str:
        """The name of what is fed, as the key of a dict. Raises `Refused`."""
        name = self.plan.parameter_names.get(value)
        if name is None:
            raise Refused(
                "TFM905",
                node,
                "a dict has a tensor for a key that is no placeholder",
                "Use the tensor's name, a string, as the key.",
            )
        return f'"{name}"'

    def placeholder(self, value: Placeholder) -> str:
        """`tf.TensorSpec` in a placeholder's place."""
        arguments = value.arguments
        shape = self.text(arguments["shape"]) if "shape" in arguments else "None"
        if "dtype" in arguments:
            dtype = _dtype(self.text(arguments["dtype"]), self.tf)
        elif value.default is not None:
            dtype = self._default_dtype(value.default)
        else:
            raise Refused("TFM907", value.node, "a placeholder without a dtype", "Give the placeholder its dtype.")
        if "shape" not in arguments and value.default is not None:
            shape = "[]" if isinstance(value.default, ast.Constant) else "None"
        if "shape" not in arguments and value in self._numbers:
            shape = "[]"
        if self.program.names.symbol(value.node.func) in SPARSE:
            return f"{self.tf}.SparseTensorSpec({shape}, {dtype})"
        name = arguments.get("name")
        text = f"{self.tf}.TensorSpec({shape}, {dtype}"
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier():
            text += f", name={self.text(name)}"
        return text + ")"

    def _default_dtype(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            kinds = {bool: "bool", int: "int32", float: "float32", str: "string"}
            if type(node.value) in kinds:
                return f"{self.tf}.{kinds[type(node.value)]}"
        return f"{self.tf}.convert_to_tensor({self.text(node)}).dtype"

    def variable(self, node: ast.Call, value: Variable) -> str | None:
        """`tf.Variable` for TF1's two ways to make one."""
        from tf2migrate.lift import variables

        return variables.variable_text(self, node, value)

    # ------------------------------------------------------------ helpers

    def extra_parameters(self, function: FunctionNode) -> list[str]:
        """The staged names of outside that a helper reads: its further parameters."""
        names: dict[str, None] = {}
        if function in self.interpreter.moved:
            return []
        for definition in self.interpreter.extra.get(function, {}):
            if definition.staged:
                names[definition.name] = None
        return list(names)

    def _helper_call(self, node: ast.Call, function: FunctionNode) -> str | None:
        extra = self.extra_parameters(function)
        if not extra or isinstance(function, ast.Lambda):
            return None
        text = self.renderer.inside(node)
        added = ", ".join(f"{name}={name}" for name in extra)
        open_ = text.rstrip()[:-1].rstrip()
        separator = "" if open_.endswith(("(", ",")) else ", "
        return f"{open_}{separator}{added})"

    def call_text(self, run: Run, planned: Planned, width: int | None = None) -> str:
        """The call of a run's function, with what it is fed; in several lines where it is wider than it may be."""
        return run_calls.call_text(self, run, planned, width)


def tensorflow_name(names: object) -> str:
    """How the program calls TensorFlow; `tf` where it has no name for the module."""
    for node in names.imports:  # type: ignore[attr-defined]
        for alias in node.names:
            if isinstance(node, ast.Import) and alias.name in ("tensorflow", "tensorflow.compat.v1"):
                return str(alias.asname or "tensorflow")
            if isinstance(node, ast.ImportFrom) and node.module == "tensorflow.compat" and alias.name == "v1":
                return str(alias.asname or "v1")
    return "tf"


def _dtype(text: str, tf: str) -> str:
    names = {"float": "float32", "double": "float64", "int": "int32"}
    bare = text.strip("\"'")
    if bare != text:
        return f"{tf}.{names.get(bare, bare)}"
    return f"{tf}.{names[bare]}" if bare in names else text


__all__ = ["Definition", "Expressions", "Layer", "Time"]


def _is_loaded(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Load)
