"""What one verification depends on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

#: Data sets that are made up unless the user says otherwise.
STUBS = ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb")


@dataclass(frozen=True, slots=True)
class Settings:
    """How programs are run and how their results are compared; the defaults make most scripts run unasked."""

    salts: int = 1
    steps: int | None = None
    stubs: tuple[str, ...] = STUBS
    data: Path | None = None
    timeout: float = 300.0
    memory: int = 8192  # MiB
    network: bool = False
    shared_randomness: bool = True
    rtol: float | None = None
    atol: float | None = None
    tolerances: tuple[tuple[str, float], ...] = ()  # (part of a point's name, rtol)
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    old_python: str = sys.executable
    new_python: str = sys.executable
    devices: tuple[str, ...] = ("cpu",)
    functions: tuple[tuple[str, str], ...] = ()  # (name, signature): these are called, in place of the program

    def __post_init__(self) -> None:
        unknown = sorted(set(self.stubs) - set(STUBS))
        if unknown:
            raise ValueError(f"no stub for {', '.join(unknown)}; there are {', '.join(STUBS)}")
        if self.salts < 1:
            raise ValueError("at least one salt is needed")


@dataclass(frozen=True, slots=True)
class Case:
    """One program to run: its text under its name, in a copy of its folder, with its rewritten neighbours."""

    text: str
    name: str
    folder: Path | None = None
    neighbours: tuple[tuple[str, str], ...] = ()
