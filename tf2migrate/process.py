"""Files in, reports out: one after the other, or many at once in a fixed order."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tf2migrate.cache import Cache, digest_of
from tf2migrate.config import Settings
from tf2migrate.contents import contents as bytes_of
from tf2migrate.contents import why
from tf2migrate.files import replace_file
from tf2migrate.model import Target
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
    given: frozenset[str] = frozenset()  # the files that the user named


@dataclass(frozen=True, slots=True)
class Work:
    """Files that are treated together, mostly one; those beside them are only looked at."""

    jobs: tuple[Job, ...]
    beside: tuple[Job, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether it is one file by itself."""
        return len(self.jobs) == 1 and not self.beside


class _Contents(Mapping[str, bytes]):
    """What files hold, read whenever it is asked for, as a tree need not fit into memory; empty if it cannot be."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self.jobs = jobs

    def __getitem__(self, path: str) -> bytes:
        data = read(self.jobs[path])
        return data if isinstance(data, bytes) else b""

    def __contains__(self, path: object) -> bool:
        return path in self.jobs

    def __iter__(self) -> Iterator[str]:
        return iter(self.jobs)

    def __len__(self) -> int:
        return len(self.jobs)


def divided(jobs: Sequence[Job]) -> list[Work]:
    """The files, where those that import each other stand together."""
    from tf2migrate.packages.files import units

    if len(jobs) == 1 and jobs[0].path not in jobs[0].given:
        return [Work((jobs[0],))]
    by_path = {job.path: job for job in jobs}
    lifted = any(job.settings.options.target is Target.NATIVE for job in jobs)
    if not lifted or len(by_path) < len(jobs):  # a file that was given twice
        return [Work((job,)) for job in jobs]
    works: list[Work] = []
    for unit in units(_Contents(by_path), jobs[0].given if jobs else ()):
        first = by_path[unit.names[0]]
        beside = tuple(replace(first, path=path, mode=Mode.LIST) for path in unit.beside)
        works.append(Work(tuple(by_path[name] for name in unit.names), beside))
    return works


def process_together(work: Work) -> list[Report]:
    """Read files, treat them, and write them where that is asked for. Never raises for what a file holds."""
    told, contents = _read(work)
    if (known := _known(work, contents)) is None:
        known = dict(zip(contents, _treated(work, contents), strict=True))
        _keep(work, contents, known)
    return _finished(work, told, contents, known)


def looked_at(jobs: Sequence[Job]) -> Iterator[tuple[Job, bytes, Result] | Report]:
    """What becomes of files, or why one cannot be read; nothing is written, and nothing kept."""
    for work in divided(jobs):
        told, contents = _read(work)
        results = dict(zip(contents, _treated(work, contents), strict=True))
        for job in work.jobs:
            yield told.get(job.path) or (job, contents[job.path], results[job.path])


def _read(work: Work) -> tuple[dict[str, Report], dict[str, bytes]]:
    """What is told of the files that cannot be read, and what the others hold."""
    contents = {job.path: read(job) for job in (*work.jobs, *work.beside)}
    told = {path: data for path, data in contents.items() if isinstance(data, Report)}
    return told, {path: data for path, data in contents.items() if isinstance(data, bytes)}


def process(job: Job) -> Report:
    """Treat a file by itself."""
    (report,) = process_together(Work((job,)))
    return report


def _keep(work: Work, contents: Mapping[str, bytes], known: Mapping[str, Result]) -> None:
    """Let later runs know."""
    among = _among(work, contents)
    for job in work.jobs:
        if job.path in known and job.cache and job.mode is not Mode.NOQA:
            _cache(job.cache).put(job.path, contents[job.path], job.settings, known[job.path], among)


def _finished(
    work: Work, told: Mapping[str, Report], contents: Mapping[str, bytes], known: Mapping[str, Result]
) -> list[Report]:
    return [told.get(job.path) or finish(job, contents[job.path], known[job.path]) for job in work.jobs]


def _treated(work: Work, contents: Mapping[str, bytes]) -> list[Result]:
    """What becomes of the files that can be read, those beside them included."""
    jobs = [job for job in (*work.jobs, *work.beside) if job.path in contents]
    if len(jobs) == 1:
        return [treated(jobs[0].path, contents[jobs[0].path], jobs[0].settings, jobs[0].mode)]
    from tf2migrate.noqa import silence
    from tf2migrate.packages.treatment import File, treat_together

    given = {job.path for job in work.jobs}
    files = [File(job.path, contents[job.path], job.settings, job.path in given) for job in jobs]
    results = treat_together(files)
    if work.jobs[0].mode is not Mode.NOQA:
        return results
    after = [silence(f.name, f.data, r.found) if f.given else f.data for f, r in zip(files, results, strict=True)]
    again = treat_together([replace(file, data=data) for file, data in zip(files, after, strict=True)])
    pairs = zip(after, results, again, strict=True)
    return [Result(data, first.found, second.found, (), first.failed) for data, first, second in pairs]


def _known(work: Work, contents: Mapping[str, bytes]) -> dict[str, Result] | None:
    """What an earlier run found in all of the files; None where something has to be found out."""
    among = _among(work, contents)
    found: dict[str, Result] = {}
    for job in work.jobs:
        if not job.cache or job.mode is Mode.NOQA:
            return None
        if job.path in contents:
            whole = job.mode is not Mode.LIST
            result = _cache(job.cache).get(job.path, contents[job.path], job.settings, whole, among)
            if result is None:
                return None
            found[job.path] = result
    return found


def _among(work: Work, contents: Mapping[str, bytes]) -> bytes:
    """What stands for the files that are treated together; empty for one by itself."""
    if work.alone:
        return b""
    folder = os.path.dirname(work.jobs[0].path)
    return digest_of(
        (os.path.relpath(job.path, folder or "."), contents.get(job.path, b""), job.settings)
        for job in (*work.jobs, *work.beside)
    )


@lru_cache
def _cache(folder: str) -> Cache:
    return Cache(Path(folder))


def remembered(work: Work) -> list[Report] | None:
    """What an earlier run knows to come of files, done; None where that has to be found out."""
    told, contents = _read(work) if work.jobs[0].cache else ({}, {})
    known = _known(work, contents) if contents and not told else None
    return None if known is None else _finished(work, {}, contents, known)


def read(job: Job) -> bytes | Report:
    """A file's bytes, or what is told when there are none."""
    try:
        if job.problem:
            raise OSError(job.problem)
        return bytes_of(job.path)
    except OSError as error:
        from tf2migrate.treat import problem

        finding = problem("TFM001", f"cannot be read: {why(error)}")
        return Report(job.path, (Shown(0, finding),))


def finish(job: Job, data: bytes, result: Result) -> Report:
    """Write a treated file where that is asked for."""
    if job.mode.writes and result.after != data:
        try:
            replace_file(Path(job.path), result.after, job.roots)
        except OSError as error:
            from tf2migrate.treat import problem

            finding = problem("TFM007", f"cannot be written: {why(error)}")
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
    """Look for garbage after 400,000 new objects, not 700: a tree is some ten thousand, all of them alive."""
    gc.set_threshold(400_000, 20, 20)


def process_all(jobs: Sequence[Job], workers: int) -> Iterator[Report]:
    """The reports of all jobs, in the order of the jobs."""
    collect_seldom()
    works = divided(jobs)
    places = {job.path: place for place, job in enumerate(jobs)}
    yield from in_order(_reports(works, workers), places)


def in_order(groups: Iterable[Sequence[Report]], places: Mapping[str, int]) -> Iterator[Report]:
    """Reports one by one, in the order of their files, each as soon as those before it are there."""
    waiting: dict[int, Report] = {}
    at = 0
    for reports in groups:
        for report in reports:
            waiting[places[report.path]] = report
        while at in waiting:
            yield waiting.pop(at)
            at += 1
    yield from (report for _, report in sorted(waiting.items()))


def _reports(works: Sequence[Work], workers: int) -> Iterator[list[Report]]:
    if workers < 2 or len(works) < 2:
        yield from map(process_together, works)
        return
    done = [remembered(work) for work in works]
    if None not in done:
        yield from filter(None, done)
        return
    from concurrent.futures import ProcessPoolExecutor

    import_module("tf2migrate.treat")  # once, for all the processes
    with ProcessPoolExecutor(min(workers, done.count(None)), initializer=collect_seldom) as pool:
        pairs = list(zip(works, done, strict=True))
        futures = [None if known else pool.submit(process_together, work) for work, known in pairs]
        try:
            for work, known, future in zip(works, done, futures, strict=True):
                yield known or (_result(future) if future else None) or _process_alone(work)
        except BaseException:  # such as Ctrl-C: nothing more is begun
            pool.shutdown(cancel_futures=True)
            raise


def process_on(cluster: Cluster, jobs: Sequence[Job]) -> Iterator[Report]:
    """The same reports, from a cluster: what files hold goes there, and what they become is written here."""
    works = divided(jobs)
    places = {job.path: place for place, job in enumerate(jobs)}
    groups: Iterator[list[Report]] = cluster.map(map(_task, works), len(works))
    yield from in_order(groups, places)


def _task(work: Work) -> Task[list[Report]] | Done[list[Report]]:
    from tf2migrate.cluster import Done, Task
    from tf2migrate.treat import concerns

    told, contents = _read(work)
    known = _known(work, contents)
    if known is None and work.alone and not any(concerns(data, work.jobs[0].settings) for data in contents.values()):
        known = {path: Result(data) for path, data in contents.items()}
    if known is not None:
        return Done(_finished(work, told, contents, known))
    end = partial(_finish_there, work, told, contents)
    size = sum(len(data) for data in contents.values())
    return Task(treated_there, (work, contents), end, partial(_process_alone, work), size)


def _finish_there(
    work: Work, told: Mapping[str, Report], contents: Mapping[str, bytes], results: Sequence[Result]
) -> list[Report]:
    known = dict(zip(contents, results, strict=True))
    _keep(work, contents, known)
    return _finished(work, told, contents, known)


#: Threads of a worker treat one file at a time: what is set meanwhile is set for the whole process.
_ALONE = Lock()


def treated_there(work: Work, contents: Mapping[str, bytes]) -> list[Result]:
    """What becomes of files, in a worker."""
    with _ALONE:
        before = gc.get_threshold()
        collect_seldom()
        try:
            return _treated(work, contents)
        finally:
            gc.set_threshold(*before)


def _process_alone(work: Work) -> list[Report]:
    """A worker died, and took others' jobs with it: each of those in a process of its own shows whose fault it was."""
    from concurrent.futures import ProcessPoolExecutor

    from tf2migrate.treat import problem

    with ProcessPoolExecutor(1) as pool:
        finding = problem("TFM009", "internal error: the process that treated this file died")
        dead = [Report(job.path, (Shown(0, finding),), failed=True) for job in work.jobs]
        return _result(pool.submit(process_together, work)) or dead


def _result(future: Future[list[Report]]) -> list[Report] | None:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool:
        return None


def available_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
