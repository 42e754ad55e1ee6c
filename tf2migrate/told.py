"""What the files of one run tell each other, as a part of each file's options.

What is known of a file is kept by its content, and what all tell each other by the contents of all, so that neither can
be out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import astuple, replace
from functools import partial
from hashlib import blake2b
from os.path import basename, dirname
from pathlib import Path
from typing import TYPE_CHECKING

from tf2migrate.cache import Cache
from tf2migrate.contents import contents
from tf2migrate.process import Job, collect_seldom

if TYPE_CHECKING:
    from tf2migrate.lint.across import Summary

#: From how many files on that may tell something they are looked at by several processes.
_MANY = 24


def with_told(jobs: Sequence[Job], workers: int = 1) -> list[Job]:
    """The jobs, each with what the other files tell of its own."""
    scripts = [job.path for job in jobs if job.path.endswith(".py")]
    texts = {path: _digest(text) for path in scripts if (text := _text(path)) is not None}
    if len(texts) < 2:
        return list(jobs)
    kept = Cache(Path(jobs[0].cache)) if jobs[0].cache else None
    every = b"told of all" + b"".join(path.encode(errors="surrogateescape") + texts[path] for path in texts)
    known = kept.note(every) if kept is not None else None
    told = json.loads(known) if known is not None else _told(texts, kept, workers)
    if known is None and kept is not None:
        kept.keep_note(every, json.dumps(told))
    return [_telling(job, tuple(told[job.path])) if job.path in told else job for job in jobs]


def _telling(job: Job, told: tuple[str, ...]) -> Job:
    return replace(job, settings=replace(job.settings, options=replace(job.settings.options, told=told)))


def _text(path: str) -> bytes | None:
    """What a file holds, for as long as it is looked at: a tree need not fit into memory."""
    try:
        return contents(path)
    except OSError:
        return None


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _told(paths: Iterable[str], kept: Cache | None, workers: int) -> dict[str, tuple[str, ...]]:
    from tf2migrate.lint.across import Tree, may_tell

    names = frozenset(
        name for path in paths for name in (basename(path).removesuffix(".py"), basename(dirname(path))) if name
    )
    tellers = [path for path in paths if may_tell((_text(path) or b"").decode("utf-8", "replace"), names)]
    if not tellers:
        return {}
    look = partial(_summary, cache=str(kept.place.parent) if kept is not None else "")
    with ExitStack() as stack:
        found: dict[str, str] = {}
        if workers > 1 and len(tellers) >= _MANY:
            from concurrent.futures import ProcessPoolExecutor

            pool = stack.enter_context(ProcessPoolExecutor(workers, initializer=collect_seldom))
            every = pool.map(look, tellers, chunksize=8)
            found = dict(zip(tellers, every, strict=True))
        return Tree(paths, lambda path: _read(found[path] if path in found else look(path))).told(tellers)


def _summary(path: str, cache: str) -> str:
    """What a file says of itself, as it is kept; empty where it cannot be read: its own treatment will tell why."""
    from tf2migrate.encoding import decode
    from tf2migrate.lint.across import summary_of
    from tf2migrate.treat import LARGEST, deep

    data = _text(path)
    if data is None or len(data) > LARGEST:
        return ""
    kept = Cache(Path(cache)) if cache else None
    about = b"told of one" + data
    known = kept.note(about) if kept is not None else None
    if known is not None:
        return known
    try:
        with deep():
            text = json.dumps(astuple(summary_of(decode(data).text)))
    except Exception:  # no file may keep the others from being treated
        text = ""
    if kept is not None:
        kept.keep_note(about, text)
    return text


def _read(text: str) -> Summary | None:
    from tf2migrate.lint.across import Summary

    return Summary(*json.loads(text)) if text else None
