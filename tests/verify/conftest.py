"""One pair of runners for all tests of a worker: TensorFlow is imported once for each side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

from tf2migrate.verify.check import Checker
from tf2migrate.verify.sandbox import Probe, Server
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.trace import Trace

PROGRAMS = Path(__file__).parents[2] / "fixtures" / "verify"


class Remembering(Server):
    """A side that runs each old program once."""

    @cached_property
    def known(self) -> dict[object, Trace]:
        return {}

    def run(
        self, case: Case, salt: int = 7, carry: bool = False, jitter: bool = False, probe: Probe | None = None
    ) -> Trace:
        key = (case, salt, carry, jitter, probe)
        if key not in self.known:
            self.known[key] = super().run(case, salt, carry, jitter, probe)
        return self.known[key]


class Patient(Checker):
    """A checker for many migrations of a few programs."""

    def server(self, mode: str, device: str) -> Server:
        if mode == "old" and (mode, device) not in self.servers:
            self.servers[mode, device] = Remembering("old", self.settings, device)
        return super().server(mode, device)


def case(program: str, side: str) -> Case:
    """A side of a fixture."""
    folder = next(f / program for f in (PROGRAMS, PROGRAMS.parent / "programs") if (f / program / "tf2.py").exists())
    return Case((folder / f"{side}.py").read_text(encoding="utf8"), f"{side}.py")


@pytest.fixture(scope="session")
def checker() -> Iterator[Checker]:
    with Patient(Settings(timeout=60, memory=2048)) as found:
        yield found
