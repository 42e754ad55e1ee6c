"""What is known when a cell is built: its settings, and the shapes of its inputs and of its state."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tf2migrate.facts.tree import own, walk
from tf2migrate.lift import symbols as S
from tf2migrate.lift.own_cell_forms import Form, attribute_of
from tf2migrate.lift.render import Renderer

_UNKNOWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr, ast.Await, ast.Yield)
_CONCAT = ("tf.concat",)
_MATMUL = ("tf.matmul", "tf.linalg.matmul")
#: What is done to each number of a tensor by itself, or to none.
_EACH = frozenset(
    (
        *("tf.sigmoid", "tf.nn.sigmoid", "tf.tanh", "tf.nn.tanh", "tf.nn.relu", "tf.nn.elu", "tf.nn.softplus"),
        *("tf.identity", "tf.stop_gradient", "tf.square", "tf.exp", "tf.abs", "tf.negative", "tf.nn.softmax"),
    )
)


class Shapes:
    """Which expressions of a method are known when the cell is built, and their text there."""

    def __init__(self, form: Form, method: ast.FunctionDef, shape: str = "input_shape") -> None:
        self.form, self.method, self.shape = form, method, shape
        self.names: set[str] = set()  # the names that are bound to something known, so far
        body = own(method.body)
        spec = method.args
        every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        self._parameters = {a.arg for a in every} - {"self"} if method is form.step else set()
        self._local = {n.id for n in body if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        stored = [n for n in body if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
        self._set = {attribute_of(n) for n in stored}
        if method is not form.step:
            self._set = set()
            self.names |= self._local
        stores = [n.id for n in body if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
        self._values = {
            s.targets[0].id: s.value
            for s in body
            if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name)
            and stores.count(s.targets[0].id) == 1
        }
        again = {name for name in stores if name in (form.inputs, form.state)}
        self.bound_again = again if method is form.step else set()  # inputs or states that mean something else later
        self._parts = self._unpacked(body, stores) if method is form.step and form.parts > 1 else {}
        self._renderer = Renderer(form.program, self._replacement)

    def _unpacked(self, body: list[ast.AST], stores: list[str]) -> dict[str, int]:
        """The names of the state's parts: `c, h = state`."""
        found: dict[str, int] = {}
        for node in body:
            match node:
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id=name)) if name == self.form.state:
                    named = [(p.id, i) for i, p in enumerate(parts) if isinstance(p, ast.Name)]
                    found |= {name: i for name, i in named if stores.count(name) == 1}
        return found

    # ---------------------------------------------------------------- what is known

    def known(self, node: ast.Assign, bound: Mapping[str, int]) -> set[str]:
        """The names that a statement binds to something known; none where it is not, or they are bound again."""
        targets = [n for t in node.targets for n in walk(t)]
        names = {n.id for n in targets if isinstance(n, ast.Name)}
        plain = len(node.targets) == 1 and not any(isinstance(n, ast.Attribute | ast.Subscript) for n in targets)
        once = all(bound[name] == 1 or name == "_" for name in names)
        if not plain or not once or names & self._parameters or not self.is_known(node.value):
            return set()
        self.names |= names
        return names

    def is_known(self, node: ast.AST) -> bool:
        """Whether an expression is known when the cell is built."""
        if self._of_shape(node) is not None:
            return True
        match node:
            case ast.Name(id=name):
                return name in self.names or (name not in self._local and name not in self._parameters)
            case ast.Attribute(value=ast.Name(id=name), attr="dtype") if name in self._parameters | self._local:
                return True
            case ast.Attribute(attr=attr) if attribute_of(node) is not None:
                return attr not in self._set
            case ast.Call(func=func) if self.form.symbol(func).startswith("tf."):
                if not S.is_python(self.form.symbol(func)) and not self.form.symbol(func).endswith("_initializer"):
                    return False
        if isinstance(node, _UNKNOWN):
            return False
        return all(self.is_known(n) for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr | ast.keyword))

    def is_float(self, node: ast.expr) -> bool:
        """Whether a type is that of all cells here: that of the inputs, or tf.float32."""
        match self.value_of(node):
            case ast.Constant(value="float32" | "float" | None):
                return True
            case ast.Attribute(value=ast.Name(id=name), attr="dtype"):
                return name in self._parameters | self._local | {"self"}
            case found:
                return self.form.symbol(found) == "tf.float32"

    def is_shape(self, node: ast.stmt) -> bool:
        """Whether a statement only names a shape."""
        return isinstance(node, ast.Assign) and _subject(node.value) is not None

    def value_of(self, node: ast.expr) -> ast.expr:
        """What a name is bound to, once."""
        return self._values.get(node.id, node) if isinstance(node, ast.Name) else node

    # ---------------------------------------------------------------- its text

    def text(self, node: ast.expr) -> str:
        """An expression as it stands in `build`."""
        text = self._renderer.text(node)
        return " ".join(line.strip() for line in text.split("\n")) if "\n" in text else text

    def shape_text(self, node: ast.expr) -> str:
        """A shape as Keras takes it: a list, also of one number."""
        held = self.value_of(node)
        alone = isinstance(held, ast.Constant | ast.Attribute) or (
            isinstance(held, ast.BinOp) and not any(isinstance(n, ast.List | ast.Tuple) for n in walk(held))
        )
        alone = alone or (isinstance(held, ast.Subscript) and self._of_shape(held) is not None)
        return f"[{self.text(node)}]" if alone else self.text(node)

    def name_text(self, node: ast.expr) -> str:
        """A name as Keras takes it: without slashes."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "/" in node.value:
            return '"' + node.value.replace("/", "_") + '"'
        return self.text(node)

    def _replacement(self, node: ast.AST) -> str | None:
        match node:
            case ast.Attribute(value=ast.Subscript() as inner, attr="value"):
                return self._renderer.text(inner)
            case ast.Attribute(value=ast.Name(id=name), attr="dtype") if name in self._parameters | self._local:
                return "self.dtype"
        return self._of_shape(node)

    def _of_shape(self, node: ast.AST) -> str | None:
        """What a shape, or a number of one, is called in `build`; None for anything else."""
        match node:
            case ast.Subscript(value=value, slice=index) if (subject := _subject(self._held(value))) is not None:
                if self._is_inputs(subject):
                    return f"{self.shape}[{self.form.program.segment(index)}]"
                width = self.width(subject) if ast.unparse(index) in ("1", "-1") else None
                return width.strip("()") if width is not None and self._stands_alone(node) else width
        subject = _subject(node)
        return self.shape if subject is not None and self._is_inputs(subject) else None

    def _held(self, node: ast.expr) -> ast.expr:
        """What a name is bound to, where that is a shape."""
        held = self.value_of(node)
        return held if held is not node and _subject(held) is not None else node

    def _stands_alone(self, node: ast.AST) -> bool:
        """Whether a sum in the place of a node needs no brackets."""
        above = self.form.program.parents.get(id(node))
        if isinstance(above, ast.Attribute) and above.attr == "value":
            above = self.form.program.parents.get(id(above))
        return isinstance(above, ast.List | ast.Tuple | ast.Assign | ast.keyword)

    def _is_inputs(self, node: ast.expr) -> bool:
        """Whether an expression is what the step is given, which must not have been bound again."""
        named = isinstance(node, ast.Name) and node.id == self.form.inputs and self.method is self.form.step
        return named and self.form.inputs not in self.bound_again

    def width(self, node: ast.expr) -> str | None:
        """The last number of a tensor's shape; None where it is not known."""
        match node:
            case ast.Name(id=name) if name in self.bound_again:
                return None
            case ast.Name() if self._is_inputs(node):
                return f"{self.shape}[-1]"
            case ast.Name(id=name) if name == self.form.state:
                return "self.state_size" if self.form.parts == 1 else None
            case ast.Name(id=name) if name in self._parts:
                return f"self.state_size[{self._parts[name]}]"
            case ast.Name(id=name) if name in self._values:
                return self.width(self._values[name])
            case ast.Call(func=func, args=[first, *_]) if self.form.symbol(func) in _EACH:
                return self.width(first)
            case ast.Call(func=func, args=[_, ast.Name(id=name)], keywords=[]) if self.form.symbol(func) in _MATMUL:
                return self._columns(self._values.get(name))
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
                return self.width(left) or self.width(right)  # one of them may be spread to the other's
            case ast.Call(func=func, args=[ast.List(elts=parts) | ast.Tuple(elts=parts), axis], keywords=[]):
                return self._joined(func, parts, axis)
            case ast.Call(func=func, args=[ast.List(elts=parts)], keywords=[ast.keyword(arg="axis", value=axis)]):
                return self._joined(func, parts, axis)
        return None

    def _columns(self, node: ast.expr | None) -> str | None:
        """The columns of a matrix that is a variable, by the shape that it is given."""
        if not isinstance(node, ast.Call) or self.form.symbol(node.func) != "tf.get_variable":
            return None
        given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "shape")]
        shape = self.value_of(given[0]) if given else None
        matrix = isinstance(shape, ast.List | ast.Tuple) and len(shape.elts) == 2 and self.is_known(shape.elts[1])
        return self.text(shape.elts[1]) if matrix and isinstance(shape, ast.List | ast.Tuple) else None

    def _joined(self, func: ast.expr, parts: list[ast.expr], axis: ast.expr) -> str | None:
        widths = [self.width(part) for part in parts]
        if self.form.symbol(func) not in _CONCAT or ast.unparse(axis) not in ("1", "-1") or None in widths:
            return None
        return f"({' + '.join(map(str, widths))})" if len(widths) > 1 else widths[0]


def _subject(node: ast.AST) -> ast.expr | None:
    """The tensor whose shape an expression is, if it is one."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="as_list" | "with_rank")):
            return _subject(inner)
        case ast.Call(func=ast.Attribute(value=tensor, attr="get_shape"), args=[]):
            return tensor
        case ast.Attribute(value=tensor, attr="shape"):
            return tensor
    return None


__all__ = ["Shapes"]
