"""A Dask cluster of processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Machines:
    """The processes of a cluster."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def kill(self) -> None:
        """As when a machine goes, one worker of those that are left."""
        self.workers.pop().send_signal(signal.SIGKILL)


@contextmanager
def machines(folder: Path, workers: int, **settings: str) -> Iterator[Machines]:
    """A scheduler and workers on this machine, on ports that are free."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False", **settings}

    def begin(kind: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *arguments]
        return subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)

    scheduler = begin("scheduler", "--host", "127.0.0.1", "--port", "0")
    address = next(line.split()[-1] for line in scheduler.stderr or () if "Scheduler at:" in line)
    found = Machines(address, scheduler)
    for number in range(workers):
        gpu = ["--resources", "GPU=1"] if number else []  # all but the first
        found.workers.append(begin("worker", address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", *gpu))
    every = [scheduler, *found.workers]
    for one in found.workers:
        next(line for line in one.stderr or () if "Registered to" in line)
    try:
        yield found
    finally:
        for each in every:
            each.kill()
            each.communicate()
