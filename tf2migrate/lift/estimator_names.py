"""What each name of a model function means in each mode and in the one graph; where that differs, one is renamed."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tf2migrate.lift.estimator_modes import Modes, Piece, is_none, loaded
from tf2migrate.lift.values import Refused

_ADVICE = "Give the two things names of their own."
_LABELS = {"train": "train", "eval": "test", "infer": "predicted"}


class Differs(Refused):
    """A name means several things where one statement reads it."""

    def __init__(self, node: ast.AST, name: str, what: str) -> None:
        super().__init__("TFM901", node, what, _ADVICE)
        self.name = name


class Meanings:
    """The statement that a name was bound by, for each mode, where each statement stands."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.there: dict[Piece, dict[tuple[str, str], Piece]] = {}
        self.renamed: dict[tuple[Piece, str], str] = {}
        own: dict[tuple[str, str], Piece] = {}
        for piece in pieces:
            self.there[piece] = dict(own)
            if not isinstance(piece.node, ast.Return):
                own.update({(mode, name): piece for name in piece.stores for mode in piece.modes})

    def settle(self, wanted: Sequence[tuple[Piece, str, ast.expr]]) -> None:
        """Every statement, and every part of what is returned in a mode, must read what it reads in the mode.

        Raises `Refused` where that takes more than another name for what one mode binds.
        """
        read = {
            (p, m, n)
            for p in self.pieces
            if not p.dropped and not isinstance(p.node, ast.Return)
            for m in p.modes
            for n in loaded(p.node)
        }
        read |= {(piece, mode, name) for piece, mode, node in wanted for name in loaded(node)}
        self._agree(read)
        while (conflict := self._conflict(read)) is not None:  # ends: each turn renames one binding more
            reader, name, intruder = conflict
            plain = intruder is not None and isinstance(intruder.node, ast.Assign) and _binds(intruder.node, name)
            if intruder is None or not plain or (intruder, name) in self.renamed:
                self._refuse(reader, name)
            assert intruder is not None
            self.renamed[intruder, name] = self._fresh(intruder, name)

    def _agree(self, read: set[tuple[Piece, str, str]]) -> None:
        for piece in self.pieces:
            if isinstance(piece.node, ast.Return) or piece.dropped:
                continue
            for name in loaded(piece.node):
                if len({self.there[piece].get((mode, name)) for mode in piece.modes}) > 1:
                    self._refuse(piece, name)

    def _conflict(self, read: set[tuple[Piece, str, str]]) -> tuple[Piece, str, Piece | None] | None:
        last: dict[str, Piece] = {}
        by_piece: dict[Piece, set[tuple[str, str]]] = {}
        for piece, mode, name in read:
            by_piece.setdefault(piece, set()).add((mode, name))
        for piece in self.pieces:
            for mode, name in sorted(by_piece.get(piece, ())):
                meant, seen = self.there[piece].get((mode, name)), last.get(name)
                if meant is not seen and (meant is None or (meant, name) not in self.renamed):
                    return piece, name, seen
            for name in piece.stores if not isinstance(piece.node, ast.Return) else ():
                if (piece, name) not in self.renamed and (name not in last or not is_none(piece.node)):
                    last[name] = piece
        return None

    def _fresh(self, piece: Piece, name: str) -> str:
        every = {n.id for p in self.pieces for n in ast.walk(p.node) if isinstance(n, ast.Name)}
        found = f"{_LABELS[min(piece.modes)]}_{name}"
        while found in every or found in self.renamed.values():
            found += "_"
        return found

    @staticmethod
    def _refuse(piece: Piece, name: str) -> None:
        what = f"{name} is one thing in one mode of the estimator and another thing in another"
        raise Differs(piece.node, name, what)

    def name(self, node: ast.Name, piece: Piece, modes: Modes) -> str | None:
        """What a name is called instead, where it stands in a statement that happens in these modes."""
        if isinstance(node.ctx, ast.Store):
            return self.renamed.get((piece, node.id))
        meant = self.there[piece].get((min(modes), node.id))
        return None if meant is None else self.renamed.get((meant, node.id))


def _binds(node: ast.Assign, name: str) -> bool:
    """Whether an assignment binds a name, and does not only set a part of what has it."""
    return any(
        isinstance(n, ast.Name) and n.id == name
        for t in node.targets
        for n in ast.walk(t)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )
