"""The function of an estimator's model, followed for training, evaluating and predicting at once.

TensorFlow 1 called it anew in each mode, for a graph of each. One graph has room for all three: a run computes only
what it fetches. So what stands below `if mode == …` is built in any case, as long as each name means in the one graph
what it means in every mode; where it does not, the branch stays, over a flag that the runs are fed.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from tf2migrate.facts.names import Names
from tf2migrate.facts.tree import own
from tf2migrate.lift.values import Refused

TRAIN, EVAL, PREDICT = "train", "eval", "infer"
MODES = frozenset((TRAIN, EVAL, PREDICT))
SPECS = {
    "tf.estimator.EstimatorSpec": (
        *("mode", "predictions", "loss", "train_op", "eval_metric_ops", "export_outputs", "training_chief_hooks"),
        *("training_hooks", "scaffold", "evaluation_hooks", "prediction_hooks"),
    ),
    "tf.contrib.learn.ModelFnOps": (
        *("mode", "predictions", "loss", "train_op", "eval_metric_ops", "output_alternatives"),
        *("training_chief_hooks", "training_hooks", "scaffold"),
    ),
}
_KEYS = {"TRAIN": TRAIN, "EVAL": EVAL, "PREDICT": PREDICT, "INFER": PREDICT}
_ADVICE = "Write the model as a function with the flag `training`, then run the tool again."

Modes = frozenset[str]


@dataclass(eq=False)
class Piece:
    """A statement of the function, and the modes in which it happens; `dropped` where the result does without it."""

    node: ast.stmt
    modes: Modes
    dropped: bool = False

    @property
    def stores(self) -> set[str]:
        return stored(self.node)


@dataclass(eq=False)
class Flat:
    """The statements in their order, what the function returns in each mode, and what a name is bound to there."""

    names: Names
    mode: str | None
    labels: str | None
    kept: frozenset[ast.If] = frozenset()  # the branches that stay, over the flag
    flag: str = "training"
    open: list[ast.If] = field(default_factory=list)  # those that could
    pieces: list[Piece] = field(default_factory=list)
    flags: dict[str, Modes] = field(default_factory=dict)
    returned: dict[str, tuple[Piece, ast.expr]] = field(default_factory=dict)
    bound: dict[tuple[str, str], Piece] = field(default_factory=dict)  # by mode and name: at the return

    def truth(self, node: ast.expr) -> Modes | None:
        """The modes in which a condition holds; None where it asks for something else."""
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, op, right)
            case ast.Name(id=name):
                return self.flags.get(name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.truth(operand)
                return None if inner is None else MODES - inner
            case ast.BoolOp(op=op, values=values):
                every = [self.truth(value) for value in values]
                known = [t for t in every if t is not None]
                if len(known) < len(every):
                    return None
                return MODES.intersection(*known) if isinstance(op, ast.And) else frozenset().union(*known)
        return None

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Modes | None:
        nothing = isinstance(right, ast.Constant) and right.value is None
        if isinstance(left, ast.Name) and left.id == self.labels and nothing:  # predicting, there are none
            return frozenset((PREDICT,)) if isinstance(op, ast.Is | ast.Eq) else MODES - {PREDICT}
        if not (isinstance(left, ast.Name) and left.id == self.mode and self.mode is not None):
            left, right = right, left
        if not (isinstance(left, ast.Name) and left.id == self.mode and self.mode is not None):
            return None
        listed = right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]
        if isinstance(right, ast.Tuple | ast.List | ast.Set) != isinstance(op, ast.In | ast.NotIn):
            return None
        keys = [self._key(item) for item in listed]
        found = frozenset(key for key in keys if key is not None)
        if None in keys:
            return None
        return found if isinstance(op, ast.Eq | ast.Is | ast.In) else MODES - found

    def _key(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and node.value in MODES:
            return str(node.value)
        symbol = self.names.symbol(node) or ""
        return _KEYS.get(symbol.rsplit(".", 1)[-1]) if ".ModeKeys." in symbol else None

    def follow(self, body: Sequence[ast.stmt], modes: Modes) -> Modes:
        """Takes in the statements of a block; the modes in which it does not return. Raises `Refused`."""
        for node in body:
            if not modes:
                break
            truth = self.truth(node.test) if isinstance(node, ast.If) else None
            if isinstance(node, ast.If) and truth is not None and not self._kept(node, modes & truth, modes - truth):
                on, off = modes & truth, modes - truth
                modes = (self.follow(node.body, on) if on else on) | (self.follow(node.orelse, off) if off else off)
            elif isinstance(node, ast.Return):
                if node.value is None:
                    raise Refused("TFM901", node, "a model function returns nothing here", _ADVICE)
                piece = Piece(node, modes)
                self.pieces.append(piece)
                self.returned.update(dict.fromkeys(modes, (piece, node.value)))
                modes = frozenset()
            elif not self._flagged(node):
                if any(isinstance(n, ast.Return) for n in own([node])):
                    raise Refused(
                        "TFM901", node, "a model function returns in a branch that is not the mode's", _ADVICE
                    )
                self.pieces.append(Piece(node, modes))
        return modes

    def _flagged(self, node: ast.stmt) -> bool:
        """Whether a statement only gives a name to what the mode says."""
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            return False
        truth = self.truth(node.value)
        if truth is None:
            return False
        name = node.targets[0].id
        self.flags[name] = truth
        if truth == {TRAIN} and self.flag == "training":
            self.flag = name
        return True

    def _kept(self, node: ast.If, on: Modes, off: Modes) -> bool:
        """Whether a branch is to stay one; both ways must lead on."""
        if not on or not off or _ends(node.body) or _ends(node.orelse):
            return False
        self.open.append(node)
        return node in self.kept

    def close(self) -> None:
        """What each name is bound to where the function returns; what is bound to nothing in some modes goes."""
        own: dict[tuple[str, str], Piece] = {}
        for piece in self.pieces:
            if isinstance(piece.node, ast.Return):
                self.bound.update({key: p for key, p in own.items() if key[0] in piece.modes and not is_none(p.node)})
            else:
                own.update({(mode, name): piece for name in piece.stores for mode in piece.modes})
        used = {name for piece in self.pieces for name in loaded(piece.node)}
        for piece in self.pieces:
            again = any(p is not piece and piece.stores & p.stores for p in self.pieces)
            if is_none(piece.node) and (again or not piece.stores & used):
                piece.dropped = True

    def final(self, mode: str, node: ast.expr) -> ast.expr:
        """What a name stands for that the function returns in a mode; what is no name is itself."""
        if isinstance(node, ast.IfExp) and (truth := self.truth(node.test)) is not None:
            return self.final(mode, node.body if mode in truth else node.orelse)
        piece = self.bound.get((mode, node.id)) if isinstance(node, ast.Name) else None
        if piece is not None and isinstance(piece.node, ast.Assign) and len(piece.node.targets) == 1:
            held = piece.node.value if isinstance(piece.node.targets[0], ast.Name) else node
            return self.final(mode, held) if isinstance(held, ast.IfExp) else held
        return node


def stored(node: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef)}
    if isinstance(node, ast.Assign | ast.AugAssign):  # a part of it is set
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names |= {t.value.id for t in targets if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name)}
    return names


def loaded(node: ast.AST) -> set[str]:
    """The names that a statement reads."""
    read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    changed = {n.target.id for n in ast.walk(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return read | changed


def is_none(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Constant) and value.value is None


def _ends(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Return | ast.Raise) for n in own(body))
