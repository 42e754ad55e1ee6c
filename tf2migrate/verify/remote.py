"""Verification on a cluster: a program travels with the files beside it, and its verdict comes back."""

from __future__ import annotations

import atexit
import io
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock, Timer

from tf2migrate.cluster import Cluster, Done, Task
from tf2migrate.verify.check import Checker
from tf2migrate.verify.sandbox import too_much
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.sources import Program
from tf2migrate.verify.verdict import Verdict

#: Bytes of files beside a program that still travel.
LARGEST = 256 << 20
#: Seconds for which a worker keeps a TensorFlow that has nothing to do.
IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that the verification of one program needs; `files` are those of the folder of each side, packed."""

    program: Program
    files: tuple[bytes, bytes]
    settings: Settings


def verdicts(cluster: Cluster, programs: Iterable[tuple[Program, Settings] | Verdict]) -> Iterator[Verdict]:
    """The verdicts on programs, in their order; what has its verdict already is not sent."""
    gpu = cluster.has_gpu()
    return cluster.map(Done(p) if isinstance(p, Verdict) else _task(*p, gpu) for p in programs)


def _task(program: Program, settings: Settings, gpu: bool) -> Task[Verdict] | Done[Verdict]:
    try:
        parcel = packed(program, settings)
    except OSError as error:
        return Done(Verdict.not_run(program.name, f"the files beside it cannot be sent: {error}"))
    died = partial(Verdict.not_run, program.name, "the workers of the cluster that ran it died")
    size = len(parcel.files[0]) + len(parcel.files[1])
    wants_gpu = gpu and any(device.startswith("gpu") for device in settings.devices)
    return Task(check_there, (parcel,), _same, died, size, wants_gpu)


def _same(verdict: Verdict) -> Verdict:
    return verdict


def packed(program: Program, settings: Settings) -> Parcel:
    """A program with its files. Raises `OSError`."""
    old = _files(program.old, settings)
    files = old, old if program.old.folder == program.new.folder else _files(program.new, settings)
    sides = replace(program, old=replace(program.old, folder=None), new=replace(program.new, folder=None))
    return Parcel(sides, files, replace(
        settings, data=None,
        old_python="" if settings.old_python == sys.executable else settings.old_python,
        new_python="" if settings.new_python == sys.executable else settings.new_python,
    ))  # fmt: skip


def _files(case: Case, settings: Settings) -> bytes:
    """What a run finds in its folder, but for the program."""
    with tempfile.TemporaryDirectory() as name:
        for source in (case.folder, settings.data):
            if source is not None:
                shutil.copytree(source, name, dirs_exist_ok=True, ignore=too_much, ignore_dangling_symlinks=True)
        if sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file()) > LARGEST:
            raise OSError(f"they are more than {LARGEST >> 20} MiB")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
            archive.add(name, arcname=".")
        return packed.getvalue()


def check_there(parcel: Parcel) -> Verdict:
    """In a worker: the verdict on what has come."""
    settings = replace(
        parcel.settings,
        old_python=parcel.settings.old_python or sys.executable,
        new_python=parcel.settings.new_python or sys.executable,
    )
    program = parcel.program
    with _warm.checker(settings) as checker, tempfile.TemporaryDirectory(dir=checker.folder()) as name:
        folders = Path(name, "old"), Path(name, "new")
        for folder, files in zip(folders, parcel.files, strict=True):
            with tarfile.open(fileobj=io.BytesIO(files)) as archive:
                archive.extractall(folder, filter="data")
        sides = [replace(s, folder=f) for s, f in zip((program.old, program.new), folders, strict=True)]
        return checker.check(sides[0], sides[1], program.name)


@dataclass
class _Warm:
    """The TensorFlows that a worker keeps between programs, each used by one at a time, for a while."""

    lock: Lock = field(default_factory=Lock)
    idle: list[tuple[float, Checker]] = field(default_factory=list)

    @contextmanager
    def checker(self, settings: Settings) -> Iterator[Checker]:
        with self.lock:
            fitting = [entry for entry in self.idle if entry[1].settings == settings]
            checker = fitting[-1][1] if fitting else Checker(settings)
            self.idle = [entry for entry in self.idle if entry[1] is not checker]
        try:
            yield checker
        except BaseException:
            checker.close()
            raise
        with self.lock:
            self.idle.append((time.monotonic(), checker))
        timer = Timer(IDLE, self.close_old)
        timer.daemon = True
        timer.start()

    def close_old(self, age: float = 0.9 * IDLE) -> None:
        """End those that nobody has used for so long."""
        now = time.monotonic()
        with self.lock:
            old = [checker for since, checker in self.idle if now - since >= age]
            self.idle = [(since, checker) for since, checker in self.idle if now - since < age]
        for checker in old:
            checker.close()


_warm = _Warm()
atexit.register(_warm.close_old, 0.0)
