"""One call of the main command: from paths to reports, and from reports to what is printed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from tf2migrate import baseline, cache
from tf2migrate.config import ConfigError, Configuration
from tf2migrate.files import Search, is_excluded, of_file
from tf2migrate.process import Job, Mode, available_cpus, process_all, process_on, report, treated
from tf2migrate.report import FOR_PEOPLE, Report, Result, statistics, text
from tf2migrate.told import with_told


class Misused(ValueError):
    """A call that cannot be meant: a wrong setting, a baseline that is none."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the user asked for. `flags` are those that stand above [tool.tf2migrate]."""

    paths: Sequence[str]
    mode: Mode
    flags: Mapping[str, object]
    stdin_filename: str | None = None
    output_format: str = "text"
    statistics: bool = False
    baseline: str | None = None
    update_baseline: bool = False
    jobs: int | None = None
    no_cache: bool = False
    verify: bool = False
    scheduler: str | None = None


def run(call: Call) -> int:
    """Do it, print what there is to say, and return the exit code. Raises `Misused`."""
    _check(call)
    data = None
    try:
        known = known_findings(call)
        if "-" in call.paths:
            reports, data = _standard_input(call, Configuration(call.flags))
        else:
            every = jobs(call)
            every = with_told(every, workers(call, len(every)))
            reports = list(_verified(call, every) if call.verify else _reports(call, every))
    except (ConfigError, baseline.BaselineError) as error:
        raise Misused(str(error)) from None
    return tell(call, known, reports, data)


def known_findings(call: Call) -> baseline.Baseline | None:
    """The baseline that the call names. Raises `BaselineError`."""
    return baseline.read(Path(call.baseline), call.update_baseline) if call.baseline else None


def tell(call: Call, known: baseline.Baseline | None, reports: Sequence[Report], data: bytes | None = None) -> int:
    """Print what there is to say, and return the exit code. `data` is the program that came from standard input."""
    if call.mode is Mode.DIFF:
        _tell_diff(reports)
    elif known is not None and call.update_baseline:
        return _update(call, known, reports, data)
    elif known is not None:
        compared = known.compare(reports, data)
        reports = compared.reports
        _tell(call, _told(call, reports) + _about(compared) * (call.output_format in FOR_PEOPLE))
    else:
        _tell(call, _told(call, reports))
    return _exit_code(reports, call.mode)


def _check(call: Call) -> None:
    if "" in call.paths:  # such as a variable of a shell that is not set; it would mean the folder that one stands in
        raise Misused("a PATH is empty.")
    if "-" in call.paths and len(call.paths) > 1:
        raise Misused("- stands alone: standard input is one program.")
    if call.statistics and call.output_format not in ("text", "json"):
        raise Misused("--statistics come as text or json.")
    if call.baseline and call.mode in (Mode.DIFF, Mode.NOQA):
        raise Misused("--baseline stands without --diff and --add-noqa.")
    if call.verify and (call.mode is not Mode.FIX or "-" in call.paths):
        raise Misused("--verify goes with --fix and with files.")
    if call.scheduler and (call.jobs or "-" in call.paths):
        raise Misused("--scheduler stands without --jobs, and with files.")
    if call.update_baseline and (call.mode is not Mode.LIST or not call.baseline):
        raise Misused("--update-baseline wants --baseline FILE, and stands without --fix.")


def _standard_input(call: Call, configuration: Configuration) -> tuple[list[Report], bytes]:
    """What came of standard input, and the text that the report is about."""
    if sys.stdin is None:
        raise OSError("standard input is closed")
    data = sys.stdin.buffer.read()
    name = call.stdin_filename
    path = Path(name or "-")
    settings = configuration.of(path.parent)
    out = name is not None and settings.force_exclude and is_excluded(path, settings)
    result = Result(data) if out else treated(str(path), data, of_file(path, settings), call.mode)
    if call.mode.writes:
        _write(result.after)
    return [report(str(path), result, call.mode)], result.after if call.mode.writes else data


def jobs(call: Call) -> list[Job]:
    """The files below the paths of a call, each with its settings. Raises `ConfigError`."""
    roots = tuple(os.path.realpath(path) for path in call.paths)
    given = frozenset(path for path in call.paths if not os.path.isdir(path))
    kept = "" if call.no_cache else str(cache.folder())
    return [
        Job(str(found.path), found.settings, call.mode, roots, found.problem, kept, given)
        for found in Search([Path(path) for path in call.paths], Configuration(call.flags))
    ]


def workers(call: Call, count: int) -> int:
    """How many processes treat so many files: a few are done before another process has started."""
    return call.jobs or (available_cpus() if count > 8 else 1)


def _reports(call: Call, jobs: Sequence[Job]) -> Iterator[Report]:
    """What came of each file, here or on a cluster. Raises `Misused`."""
    if call.scheduler is None:
        yield from _shown(jobs, process_all(jobs, workers(call, len(jobs))))
        return
    from tf2migrate.cluster import ClusterError, connected

    try:
        with connected(call.scheduler) as cluster:
            yield from _shown(jobs, process_on(cluster, jobs))
    except ClusterError as error:
        raise Misused(str(error)) from None


def _shown(jobs: Sequence[Job], reports: Iterator[Report]) -> Iterator[Report]:
    """The same reports, with a progress bar for someone who has waited for a second."""
    if not sys.stderr.isatty():
        yield from reports
        return
    started, done = time.monotonic(), 0
    for each in reports:
        yield each
        done += 1
        if time.monotonic() - started > 1:
            break
    if done < len(jobs):
        with click.progressbar(length=len(jobs), label="Files", file=sys.stderr) as bar:
            bar.update(done)
            for each in reports:
                yield each
                bar.update(1)


def _verified(call: Call, jobs: Sequence[Job]) -> Iterator[Report]:
    """What came of each file, where only what was shown to compute the same is written."""
    from tf2migrate.cluster import ClusterError, connected
    from tf2migrate.verify.gate import verified
    from tf2migrate.verify.plan import PlanError
    from tf2migrate.verify.settings import Settings

    try:
        with connected(call.scheduler) if call.scheduler else nullcontext() as cluster:
            yield from verified(jobs, Settings(), cluster)
    except (PlanError, ClusterError) as error:
        raise Misused(str(error)) from None


def _told(call: Call, reports: Sequence[Report]) -> str:
    """The reports in the format that is asked for."""
    if call.statistics:
        return statistics.as_json(reports) if call.output_format == "json" else statistics.as_text(reports)
    listed: str = import_module(f"tf2migrate.report.{call.output_format}").render(reports)
    done = {Mode.FIX: "fixed", Mode.NOQA: "silenced"}.get(call.mode, "")
    return listed + (text.summary(reports, done) if call.output_format in FOR_PEOPLE else "")


def _about(compared: baseline.Compared) -> str:
    """What the baseline kept back, and what of it can go."""
    told = f"Not shown: {compared.known} of the baseline.\n" if compared.known else ""
    return told + f"{compared.gone} of the baseline no longer found: --update-baseline.\n" * bool(compared.gone)


def _update(call: Call, known: baseline.Baseline, reports: Sequence[Report], data: bytes | None) -> int:
    after = known.updated(reports, data)
    file = Path(call.baseline or "")
    try:
        after.write(file)
    except OSError as error:
        raise Misused(f"{file}: {error.strerror or error}") from None
    count = sum(keys.total() for keys in after.files.values())
    failed = [each for each in reports if each.failed]
    _tell(call, text.render(failed) + f"Wrote {text.count(count)} to {file}.\n")
    return 2 if failed else 0


def _tell(call: Call, message: str) -> None:
    """Print; a program that is written to standard output has that for itself."""
    click.echo(_printable(message), nl=False, err="-" in call.paths and call.mode.writes)


def _tell_diff(reports: Sequence[Report]) -> None:
    _write("".join(report.diff for report in reports).encode(errors="surrogateescape"))
    click.echo(_printable(text.render(text.problems(reports)) + text.diff_summary(reports)), nl=False, err=True)


def _write(data: bytes) -> None:
    if sys.stdout is None:
        raise OSError("standard output is closed")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _printable(message: str) -> str:
    """A message with the bytes of a file name that are no text made visible."""
    return message.encode(errors="backslashreplace").decode()


def _exit_code(reports: Sequence[Report], mode: Mode) -> int:
    if any(report.failed for report in reports):
        return 2
    return int(any(report.diff if mode is Mode.DIFF else report.shown for report in reports))
