"""Functions that a model function hands its mode to: they are given a flag, whether it is for training."""

from __future__ import annotations

import ast

from tf2migrate.facts.program import Program
from tf2migrate.lift.estimator_modes import MODES, TRAIN, Flat, Modes
from tf2migrate.lift.values import Refused
from tf2migrate.model import Edit

_ADVICE = "Give the function a flag that says whether it is for training."
_FLAG = "training"


class Helpers:
    """The functions that are given the mode, and the edits of their bodies."""

    def __init__(self, program: Program, model: ast.FunctionDef) -> None:
        self.program, self.model = program, model
        every = [n for n in program.each(ast.FunctionDef) if n is not model]
        self.functions = {f.name: f for f in every if sum(f.name == other.name for other in every) == 1}
        self.edits: dict[str, list[Edit]] = {}

    def told(self, call: ast.Call, modes: Modes, flat: Flat) -> list[tuple[int, int, str]]:
        """What stands in the place of the mode in a call; nothing where it is not handed over. Raises `Refused`."""
        function = self.functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if function is None or flat.mode is None:
            return []
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        pairs = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords if k.arg)]
        found = []
        for parameter, value in pairs:
            if is_name(value, flat.mode):
                new = self._rewritten(function, parameter, flat)
                text = flat.flag if len(modes) > 1 else str(modes == {TRAIN})
                keyword = next((k for k in call.keywords if k.value is value), None)
                span = self.program.span(keyword if keyword is not None else value)
                found.append((span.start, span.end, f"{new}={text}" if keyword is not None else text))
        return found

    def _rewritten(self, function: ast.FunctionDef, parameter: str, flat: Flat) -> str:
        """The name of the flag in a function that was given the mode. Raises `Refused`."""
        calls = [n for n in self.program.each(ast.Call) if is_name(n.func, function.name)]
        inside = {id(n) for n in ast.walk(self.model)}
        if any(id(n) not in inside for n in calls):
            raise Refused(
                "TFM901", function, f"{function.name} is given the mode of an estimator, and called elsewhere", _ADVICE
            )
        own = Flat(flat.names, parameter, None)
        taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        taken |= {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}
        new = _FLAG if _FLAG not in taken else parameter
        edits = [
            Edit(self.program.span(a), new)
            for a in ast.walk(function.args)
            if isinstance(a, ast.arg) and a.arg == parameter
        ]
        edits += self._asked(function.body, parameter, own, new)
        self.edits[function.name] = edits
        return new

    def _asked(self, nodes: list[ast.stmt] | list[ast.AST], parameter: str, own: Flat, new: str) -> list[Edit]:
        found: list[Edit] = []
        for node in nodes:
            truth = own.truth(node) if isinstance(node, ast.expr) else None
            if isinstance(node, ast.expr) and truth in ({TRAIN}, MODES - {TRAIN}):
                found.append(Edit(self.program.span(node), new if truth == {TRAIN} else f"not {new}"))
            elif is_name(node, parameter):
                raise Refused(
                    "TFM901", node, "the mode of an estimator is used otherwise than to ask for training", _ADVICE
                )
            else:
                found += self._asked(list(ast.iter_child_nodes(node)), parameter, own, new)
        return found


def is_name(node: ast.AST, name: str) -> bool:
    """Whether a node is this name."""
    return isinstance(node, ast.Name) and node.id == name
