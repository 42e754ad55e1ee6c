"""Files in, reports out: one after the other, or many at once in a fixed order."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tf2migrate.cache import Cache
from tf2migrate.config import Settings
from tf2migrate.files import replace_file
from tf2migrate.report import Report, Result, Shown
from tf2migrate.report.diff import unified

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tf2migrate.cluster import Cluster, Done, Task


class Mode(StrEnum):
    """What a run does with what it finds."""

    LIST = "list"
    FIX = "fix"
    DIFF = "diff"
    NOQA = "noqa"  # comments that silence it

    @property
    def writes(self) -> bool:
        """Whether files change."""
        return self in (Mode.FIX, Mode.NOQA)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to treat, and how. `roots` are the real paths of what the user gave."""

    path: str
    settings: Settings
    mode: Mode
    roots: tuple[str, ...] = ()
    problem: str = ""
    cache: str = ""  # the folder of what is known from earlier runs; none where it is empty


def process(job: Job) -> Report:
    """Read a file, treat it, and write it where that is asked for. Never raises for what a file holds."""
    data = read(job)
    if isinstance(data, Report):
        return data
    result = _known(job, data)
    if result is None:
        result = treated(job.path, data, job.settings, job.mode)
        _keep(job, data, result)
    return finish(job, data, result)


def _keep(job: Job, data: bytes, result: Result) -> None:
    """Let later runs know."""
    if job.cache and job.mode is not Mode.NOQA:
        _cache(job.cache).put(job.path, data, job.settings, result)


def _known(job: Job, data: bytes) -> Result | None:
    """What an earlier run found in a file."""
    if not job.cache or job.mode is Mode.NOQA:
        return None
    return _cache(job.cache).get(job.path, data, job.settings, whole=job.mode is not Mode.LIST)


@lru_cache
def _cache(folder: str) -> Cache:
    return Cache(Path(folder))


def remembered(job: Job) -> Report | None:
    """What an earlier run knows to come of a file, done; None where that has to be found out."""
    data = read(job) if job.cache else b""
    result = None if isinstance(data, Report) else _known(job, data)
    return finish(job, data, result) if result is not None and isinstance(data, bytes) else None


def read(job: Job) -> bytes | Report:
    """A file's bytes, or what is told when there are none."""
    try:
        if job.problem:
            raise OSError(job.problem)
        with open(job.path, "rb") as file:
            return file.read()
    except OSError as error:
        from tf2migrate.treat import problem

        finding = problem("TFM001", f"cannot be read: {error.strerror or error}")
        return Report(job.path, (Shown(0, finding),))


def finish(job: Job, data: bytes, result: Result) -> Report:
    """Write a treated file where that is asked for."""
    if job.mode.writes and result.after != data:
        try:
            replace_file(Path(job.path), result.after, job.roots)
        except OSError as error:
            from tf2migrate.treat import problem

            finding = problem("TFM007", f"cannot be written: {error.strerror or error}")
            return Report(job.path, (Shown(0, finding), *result.found))
    return report(job.path, result, job.mode)


def treated(path: str, data: bytes, settings: Settings, mode: Mode) -> Result:
    """What a file's bytes become, and what is said before and after."""
    from tf2migrate.noqa import silence
    from tf2migrate.treat import treat

    result = treat(path, data, settings)
    if mode is not Mode.NOQA:
        return result
    after = silence(path, data, result.found)
    again = treat(path, after, settings) if after != data else result
    return Result(after, result.found, again.found, (), result.failed)


def report(path: str, result: Result, mode: Mode) -> Report:
    """What is told of a file in each mode."""
    if mode is Mode.LIST:
        return Report(path, result.found, failed=result.failed)
    if mode is Mode.NOQA:
        silenced = len(result.found) - len(result.remaining)
        return Report(path, result.remaining, silenced, failed=result.failed, data=result.after)
    fixed = sum(shown.finding.fixable for shown in result.found)
    if mode is Mode.FIX:
        return Report(path, result.remaining, fixed, failed=result.failed, data=result.after)
    diff = "".join(unified(before, after, path + suffix) for suffix, before, after in result.changes)
    return Report(path, result.remaining, fixed, diff, result.failed)


def collect_seldom() -> None:
    """Look for garbage after 100,000 new objects, not 700: a tree is some ten thousand, all of them alive."""
    gc.set_threshold(100_000, 20, 20)


def process_all(jobs: Sequence[Job], workers: int) -> Iterator[Report]:
    """The reports of all jobs, in the order of the jobs."""
    collect_seldom()
    if workers < 2 or len(jobs) < 2:
        yield from map(process, jobs)
        return
    done = [remembered(job) for job in jobs]
    if all(done):
        yield from filter(None, done)
        return
    from concurrent.futures import ProcessPoolExecutor

    import_module("tf2migrate.treat")  # once, for all the processes
    with ProcessPoolExecutor(min(workers, done.count(None)), initializer=collect_seldom) as pool:
        futures = [None if known else pool.submit(process, job) for job, known in zip(jobs, done, strict=True)]
        try:
            for job, known, future in zip(jobs, done, futures, strict=True):
                yield known or (_result(future) if future else None) or _process_alone(job)
        except BaseException:  # such as Ctrl-C: nothing more is begun
            pool.shutdown(cancel_futures=True)
            raise


def process_on(cluster: Cluster, jobs: Sequence[Job]) -> Iterator[Report]:
    """The same reports, from a cluster: what a file holds goes there, and what it becomes is written here."""
    return cluster.map(map(_task, jobs), len(jobs))


def _task(job: Job) -> Task[Report] | Done[Report]:
    from tf2migrate.cluster import Done, Task
    from tf2migrate.treat import concerns

    data = read(job)
    if isinstance(data, Report):
        return Done(data)
    known = _known(job, data)
    if known is not None or not concerns(data, job.settings):
        return Done(finish(job, data, known or Result(data)))
    given = (job.path, data, job.settings, job.mode)
    return Task(treated_there, given, partial(_finish_there, job, data), partial(_process_alone, job), len(data))


def _finish_there(job: Job, data: bytes, result: Result) -> Report:
    _keep(job, data, result)
    return finish(job, data, result)


#: Threads of a worker treat one file at a time: what is set meanwhile is set for the whole process.
_ALONE = Lock()


def treated_there(path: str, data: bytes, settings: Settings, mode: Mode) -> Result:
    """`treated`, in a worker."""
    with _ALONE:
        before = gc.get_threshold()
        collect_seldom()
        try:
            return treated(path, data, settings, mode)
        finally:
            gc.set_threshold(*before)


def _process_alone(job: Job) -> Report:
    """A worker died, and took others' jobs with it: each of those in a process of its own shows whose fault it was."""
    from concurrent.futures import ProcessPoolExecutor

    from tf2migrate.treat import problem

    with ProcessPoolExecutor(1) as pool:
        finding = problem("TFM009", "internal error: the process that treated this file died")
        return _result(pool.submit(process, job)) or Report(job.path, (Shown(0, finding),), failed=True)


def _result(future: Future[Report]) -> Report | None:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool:
        return None


def available_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
