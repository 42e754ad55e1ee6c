"""The same call again and again: what changed on the disk is treated anew until the user ends it."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

import click

from tf2migrate.baseline import BaselineError
from tf2migrate.config import ConfigError
from tf2migrate.process import Job, Mode, process_all
from tf2migrate.report import Report
from tf2migrate.run import Call, Misused, known_findings, tell, workers
from tf2migrate.run import jobs as jobs_of
from tf2migrate.told import with_told

#: Seconds between two looks at the files.
PAUSE = 0.5

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was treated, with the settings of then, and what came of it."""

    job: Job
    stamp: _Stamp
    report: Report


def watch(call: Call) -> None:
    """Report at once, and whenever a file or a setting has changed; Ctrl-C ends it. Raises `Misused`."""
    elsewhere = call.verify or call.scheduler
    if call.mode not in (Mode.LIST, Mode.FIX) or elsewhere or call.update_baseline or "-" in call.paths:
        raise Misused(
            "--watch stands with files, and without --diff, --add-noqa, --verify, --scheduler and --update-baseline."
        )
    seen: dict[str, _Seen] = {}
    first, trouble = True, ""
    try:
        while True:
            try:
                now = _look(call, seen)
                known = known_findings(call)
            except (ConfigError, BaselineError) as error:
                if str(error) != trouble:
                    click.echo(f"Error: {error}", err=True)
                trouble = str(error)
            else:
                if first or trouble or now != seen:
                    _clear()
                    tell(call, known, [each.report for each in now.values()])
                    click.echo(f"Watching {len(now)} file{'s' * (len(now) != 1)}; Ctrl-C ends.", err=True)
                seen, first, trouble = now, False, ""
            time.sleep(PAUSE)
    except KeyboardInterrupt:
        return


def _look(call: Call, seen: dict[str, _Seen]) -> dict[str, _Seen]:
    """Every file with its report: all are asked for when one has changed, as others may import it; most are known."""
    jobs = jobs_of(call)
    stamps = {job.path: (job, _stamp(job.path)) for job in jobs}
    if stamps == {path: (each.job, each.stamp) for path, each in seen.items()}:
        return seen
    told = with_told(jobs, workers(call, len(jobs)))
    reports = {report.path: report for report in process_all(told, workers(call, len(jobs)))}
    return {path: _Seen(job, stamp, reports[path]) for path, (job, stamp) in stamps.items()}


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _clear() -> None:
    if sys.stdout.isatty():
        click.clear()
