"""The functions of a program as values, and what can be seen where they stand."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tf2migrate.lift.trace import Definition, Frame
from tf2migrate.lift.values import Structure, Time, Value


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function of the program, and the frame that it was defined in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    staged: bool = False  # whether it is defined inside the functions that use it, as it reads what only they know

    @property
    def time(self) -> Time:
        return Time.STAGED if self.staged else Time.PYTHON


@dataclass(frozen=True, eq=False)
class Fields(Value):
    """A class of named tuples, and the names."""

    names: tuple[str, ...]

    @staticmethod
    def of(node: ast.Call) -> Fields | None:
        """The class that a call of `namedtuple` makes, where its names are written out."""
        try:
            told = ast.literal_eval(node.args[1])
        except (ValueError, IndexError):
            return None
        names = told.replace(",", " ").split() if isinstance(told, str) else told
        return Fields(tuple(names)) if all(isinstance(name, str) for name in names) else None

    def filled(self, node: ast.Call, arguments: list[Value]) -> Structure:
        """A tuple with its items by name, in the order of the call."""
        written = [*node.args, *(k.value for k in node.keywords)]
        names = [*self.names[: len(node.args)], *(k.arg for k in node.keywords)]
        return Structure("fields", tuple(zip(names, arguments, written, strict=True)), node)


@dataclass(frozen=True, eq=False)
class Method(Value):
    """An attribute of a value, about to be called."""

    base: Value
    name: str
    node: ast.Attribute

    @property
    def time(self) -> Time:
        return self.base.time


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def visible(frame: Frame) -> dict[str, tuple[Definition, ...]]:
    """Every name that can be read in a frame, with its definitions."""
    outer = visible(frame.parent) if frame.parent is not None else {}
    return {**outer, **frame.env}
