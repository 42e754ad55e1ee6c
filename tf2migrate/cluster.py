"""Work on a Dask cluster: what it needs travels with each task, and what comes back is used here, in order."""

from __future__ import annotations

import logging
import pickle
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tf2migrate import __version__
from tf2migrate.rulebook import rules_folder

if TYPE_CHECKING:
    from distributed import Client, Future

R = TypeVar("R")

INSTALL = "pip install 'tf2migrate[cluster]'"

#: Seconds until a scheduler, and a worker of it, must have answered.
WAIT = 10.0
#: Seconds between two looks whether there are workers at all, while a result is waited for.
PATIENCE = 30.0
#: What is under way at a time: bundles of tasks for each thread of the cluster, and bytes.
AHEAD, LARGEST = 8, 64 << 20
#: What a bundle holds: tasks, and bytes. It costs client and scheduler 5 ms together, however small it is.
TOGETHER, SMALL = 16, 256 << 10

#: The Dask resource of which a task for a GPU takes one.
GPU = "GPU"


class ClusterError(Exception):
    """Why a cluster cannot be used, or can no longer."""


@dataclass(frozen=True, slots=True)
class Task(Generic[R]):
    """A call to make elsewhere, and what is made here of its answer; `alone` is for when its workers died of it."""

    work: Callable[..., Any]
    given: tuple[object, ...]
    end: Callable[[Any], R]
    alone: Callable[[], R]
    size: int = 0  # bytes that travel
    gpu: bool = False


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """What needs no call."""

    result: R


@dataclass(slots=True)
class _Bundle(Generic[R]):
    """What travels together, and what needs no call between."""

    items: list[Task[R] | Done[R]]
    future: Future | None = None

    @property
    def tasks(self) -> list[Task[R]]:
        return [item for item in self.items if isinstance(item, Task)]

    @property
    def size(self) -> int:
        return sum(task.size for task in self.tasks)


def _bundles(items: Iterable[Task[R] | Done[R]], together: int) -> Iterator[_Bundle[R]]:
    """So many tasks each, or fewer large ones. What needs no call waits for none that comes later."""
    bundle: _Bundle[R] = _Bundle([])
    for item in items:
        bundle.items.append(item)
        if not bundle.tasks or len(bundle.tasks) >= together or bundle.size > SMALL:
            yield bundle
            bundle = _Bundle([])
    if bundle.items:
        yield bundle


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """A cluster whose workers do what this process would do. Raises `ClusterError`."""
    try:
        import distributed
    except ImportError:
        raise ClusterError(f"--scheduler needs dask.distributed: {INSTALL}") from None
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # workers that come and go are retried, and no news
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ, of which we tell; of tasks that are large
            try:
                client = distributed.Client(address, timeout=WAIT, set_as_default=False)
            except (OSError, ValueError) as error:
                raise ClusterError(f"no Dask scheduler answers at {address} within {WAIT:g} s: {error}") from None
            with client:
                _check(client, address)
                yield Cluster(client, address)
    finally:
        logger.setLevel(level)


class Cluster:
    """A connection to a cluster that has been found in order."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address

    def map(self, tasks: Iterable[Task[R] | Done[R]], count: int = 0) -> Iterator[R]:
        """The results in the order of the tasks; many small ones, of which there are `count`, travel together.

        No more are under way, and held here, than the cluster can use. Tasks whose worker is lost run on another; the
        fourth worker is one too many, and each of them is done alone.
        """
        threads, looked = self._threads(), time.monotonic()
        waiting: deque[_Bundle[R]] = deque()
        size = 0
        try:
            for bundle in _bundles(tasks, min(TOGETHER, count // (AHEAD * threads))):
                bundle.future = self._submit(bundle)
                waiting.append(bundle)
                size += bundle.size
                if time.monotonic() - looked > PATIENCE:  # workers come and go
                    threads, looked = self._threads(), time.monotonic()
                while waiting and (len(waiting) >= AHEAD * threads or size > LARGEST or waiting[0].future is None):
                    first = waiting.popleft()
                    size -= first.size
                    yield from self._results(first)
            while waiting:
                yield from self._results(waiting.popleft())
        finally:
            if self.client.status == "running":  # such as after Ctrl-C: nothing more is begun
                self.client.cancel([b.future for b in waiting if b.future is not None], force=True)

    def has_gpu(self) -> bool:
        """Whether a worker offers a GPU."""
        workers = self._ask(self.client.scheduler_info)["workers"].values()
        return any(worker.get("resources", {}).get(GPU, 0) >= 1 for worker in workers)

    def _threads(self) -> int:
        threads: int = sum(self._ask(self.client.nthreads).values())
        return max(threads, 1)

    def _ask(self, question: Callable[[], Any]) -> Any:
        """What the scheduler answers at once."""
        from distributed import CancelledError

        try:
            return question()
        except (OSError, CancelledError) as error:
            raise ClusterError(f"the scheduler at {self.address} was lost") from error

    def _submit(self, bundle: _Bundle[R]) -> Future | None:
        calls = [(task.work, task.given) for task in bundle.tasks]
        if not calls:
            return None
        gpu = {GPU: 1} if any(task.gpu for task in bundle.tasks) else None
        return self.client.submit(_shipped(), identity(), pickle.dumps(calls), pure=False, resources=gpu)

    def _results(self, bundle: _Bundle[R]) -> Iterator[R]:
        answers: Iterator[Any] | None = iter(())
        if bundle.future is not None:
            from distributed import KilledWorker

            try:
                kind, answer = self._answer(bundle.future)
            except KilledWorker:
                answers = None
            else:
                if kind != "done":
                    raise ClusterError(f"the cluster at {self.address} cannot be used: {_told(kind, answer)}")
                answers = iter(answer)
        for item in bundle.items:
            if isinstance(item, Done):
                yield item.result
            else:
                yield item.alone() if answers is None else item.end(next(answers))

    def _answer(self, future: Future) -> Any:
        """What a task answers, however long it takes, as long as there is someone to answer."""
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except Exception as error:
                if future.status == "error":
                    raise
                if future.status != "pending":
                    raise ClusterError(f"the scheduler at {self.address} was lost") from error
                if not self._ask(self.client.nthreads):
                    raise ClusterError(f"no worker is left at {self.address}") from None


def _check(client: Client, address: str) -> None:
    """That there are workers, and that they are as this process is."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError:
        raise ClusterError(f"the scheduler at {address} has no worker, and none came within {WAIT:g} s") from None
    versions = client.get_versions()
    here = _versions(versions["client"])
    for name, there in (("the scheduler", versions["scheduler"]), *versions["workers"].items()):
        if (own := _versions(there)) != here:
            raise ClusterError(f"{name} runs {own}, and this is {here}: the same is needed on all")
    for worker, (kind, answer) in client.run(_shipped(), identity(), pickle.dumps([])).items():
        if kind != "done":
            raise ClusterError(f"the worker {worker} cannot be used: {_told(kind, answer)}")


def _versions(about: dict[str, Any]) -> str:
    """What the two ends of a connection must have in common, in words."""
    packages = about["packages"] if about else {}
    python = ".".join(str(packages.get("python", "?")).split(".")[:2])
    return f"Python {python}, dask {packages.get('dask', '?')}, distributed {packages.get('distributed', '?')}"


def _told(kind: str, answer: str) -> str:
    if kind == "missing":
        return f"{answer}: install tf2migrate there, as it is here"
    return f"it runs {answer}, and this is {identity()}: the same is needed on all"


def _shipped() -> Callable[[str, bytes], tuple[str, Any]]:
    """A function that travels whole: it can say so where this package is missing."""

    def answer(wanted: str, payload: bytes) -> tuple[str, Any]:
        try:
            from tf2migrate import cluster
        except ImportError as error:
            return "missing", str(error)
        return cluster.answer(wanted, payload)

    return answer


def answer(wanted: str, payload: bytes) -> tuple[str, Any]:
    """On a worker: the answer to a task, unless this is another version than the one that asks."""
    own = identity()
    if own != wanted:
        return "other", own
    try:
        calls = pickle.loads(payload)
    except ImportError as error:  # what an extra of this package would have brought
        return "missing", str(error)
    return "done", [work(*given) for work, given in calls]


@cache
def identity() -> str:
    """What decides what becomes of a file: this tool with each of its files and rules, and what it reads them with."""
    digest = blake2b(digest_size=6)
    for name, content in sorted(_contents(Path(__file__).parent, "")):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    for name, content in sorted(_contents(rules_folder(), "")):
        digest.update(f"rules/{name}\0{len(content)}\0".encode() + content)
    python = ".".join(map(str, sys.version_info[:2]))
    needed = ", ".join(f"{name} {_version(name)}" for name in ("libcst", "fissix"))
    return f"tf2migrate {__version__} ({digest.hexdigest()}), Python {python}, {needed}"


def _contents(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if not entry.is_dir():
            yield prefix + entry.name, entry.read_bytes()
        elif entry.name not in ("__pycache__", "rules"):
            yield from _contents(entry, f"{prefix}{entry.name}/")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(missing)"
