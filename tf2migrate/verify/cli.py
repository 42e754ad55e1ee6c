"""`tf2migrate verify`: runs a program before and after its migration, and compares what they compute."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import click

from tf2migrate.contents import why
from tf2migrate.verify.check import Checker
from tf2migrate.verify.plan import PlanError, plan
from tf2migrate.verify.settings import STUBS, Settings
from tf2migrate.verify.sources import NoProgram, Program, against, migrated, pair, programs_below
from tf2migrate.verify.verdict import Verdict

#: cpu:1 is a second logical CPU: it shows what placement does where there is no GPU.
DEVICES = {"cpu": ("cpu",), "cpu:1": ("cpu:1",), "gpu": ("gpu",), "all": ("cpu", "gpu")}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="PATH | OLD NEW")
@click.option("--against", "revision", metavar="REV", help="Compare PATH with what it was at a git revision.")
@click.option(
    "--salts", type=click.IntRange(min=1), default=1, show_default=True, help="How many sets of random numbers."
)
@click.option("--steps", type=click.IntRange(min=1), help="Cap epochs, steps and ranges, the same way on both sides.")
@click.option("--stub", metavar="NAMES", help=f"Data sets to make up: {','.join(STUBS)} (all), or none.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of files that programs read.",
)
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds for each run.")
@click.option("--memory", type=click.IntRange(min=256), default=8192, show_default=True, help="MiB for each run.")
@click.option("--rtol", type=float, help="Relative tolerance, in place of what follows from dtype and step.")
@click.option("--atol", type=float, help="Absolute tolerance.")
@click.option("--no-shared-randomness", is_flag=True, help="Leave random numbers alone: for deterministic programs.")
@click.option("--allow-network", is_flag=True, help="Let programs use the network.")
@click.option("--old-python", type=click.Path(exists=True, dir_okay=False), help="The interpreter of the old side.")
@click.option(
    "--setup-old", metavar="VERSION", help="Make an environment with TensorFlow 1.15 (or 2.15) for the old side."
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="'NAME SIGNATURE'",
    help="Call a function of both instead, on generated arrays: 'scale float32[n,3] int32[n]'.",
)
@click.option("--device", type=click.Choice(sorted(DEVICES)), default="cpu", show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Programs at a time.")
@click.option("--scheduler", metavar="ADDRESS", help="Run them on a Dask cluster (needs tf2migrate[cluster]).")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write JSON.")
@click.option("--junit", "junit_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write JUnit XML.")
@click.option("--markdown", "markdown_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write Markdown.")
@click.option(
    "--report",
    "html_file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write a self-contained HTML report.",
)
def verify(
    paths: tuple[Path, ...], revision: str | None, json_file: str | None, junit_file: str | None,
    markdown_file: str | None, html_file: str | None, jobs: int, scheduler: str | None, setup_old: str | None,
    **options: object,
) -> None:  # fmt: skip
    """Run programs before and after migration, and compare what they compute.

    PATH is a program, notebook or folder, which is migrated in memory; OLD and NEW are a program and its migration.
    The code is executed, each side in a process of its own. Exit code: 0, all are equivalent; 1, not all; 2, wrong use.
    """
    from tf2migrate.cluster import ClusterError
    from tf2migrate.verify.setup_old import SetupError
    from tf2migrate.verify.setup_old import setup_old as make

    settings = _settings(options)
    files = {"json": json_file, "junit": junit_file, "markdown": markdown_file, "html": html_file}
    _check_folders(files)
    if scheduler and (jobs > 1 or setup_old):
        raise click.UsageError("--scheduler stands without --jobs and --setup-old; --old-python is one of the workers'")
    try:
        if setup_old is not None:
            settings = replace(settings, old_python=make(setup_old))
            click.echo(f"The old side runs in {settings.old_python}", err=True)
            if not paths:
                return
        if len(paths) not in (1, 2) or (revision and len(paths) != 1):
            raise click.UsageError("give one PATH, or OLD and NEW")
        verdicts = list(_all(paths, revision, settings, jobs, scheduler))
    except (PlanError, SetupError, ClusterError) as error:
        raise click.UsageError(str(error)) from None
    _report(verdicts, files)
    sys.exit(int(not verdicts or not all(v.equivalent for v in verdicts)))


def _settings(options: dict[str, object]) -> Settings:
    """What the options say; those not given stay as they are by default."""
    stub = options.pop("stub")
    device = str(options.pop("device"))
    functions: tuple[str, ...] = options.pop("functions")  # type: ignore[assignment]
    given = {key: value for key, value in options.items() if value is not None}
    given["functions"] = tuple((n, s) for n, _, s in (f.strip().partition(" ") for f in functions))
    given["network"] = given.pop("allow_network")
    given["shared_randomness"] = not given.pop("no_shared_randomness")
    try:
        settings = Settings(devices=DEVICES[device], **given)  # type: ignore[arg-type]
        names = () if stub == "none" else tuple(str(stub).split(","))
        return settings if stub is None else replace(settings, stubs=names)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _all(
    paths: Sequence[Path], revision: str | None, settings: Settings, jobs: int, scheduler: str | None
) -> Iterator[Verdict]:
    """The verdicts, in order; each worker keeps its own two TensorFlows."""
    found = [tuple(paths)] if len(paths) == 2 else [(p,) for p in _files(paths[0], revision)]
    if scheduler is not None:
        from tf2migrate.cluster import connected
        from tf2migrate.verify.remote import verdicts

        with connected(scheduler) as cluster:
            yield from verdicts(cluster, (_read(each, revision, plan(each[0], settings)) for each in found))
        return
    groups = [found[i::jobs] for i in range(min(jobs, len(found)))]
    with ThreadPoolExecutor(max(len(groups), 1)) as pool:
        done = list(pool.map(lambda group: list(_group(group, revision, settings)), groups))
    for i in range(len(found)):
        yield done[i % jobs][i // jobs]


def _files(path: Path, revision: str | None) -> list[Path]:
    try:
        return list(programs_below(path, revision)) if path.is_dir() else [path]
    except NoProgram as error:
        raise click.UsageError(str(error)) from None


def _group(group: Sequence[tuple[Path, ...]], revision: str | None, settings: Settings) -> Iterator[Verdict]:
    checkers: dict[Settings, Checker] = {}
    try:
        for paths in group:
            own = plan(paths[0], settings)
            if own not in checkers:
                checkers[own] = Checker(own)
            yield _one(paths, revision, own, checkers[own])
    finally:
        for checker in checkers.values():
            checker.close()


def _one(paths: tuple[Path, ...], revision: str | None, settings: Settings, checker: Checker) -> Verdict:
    read = _read(paths, revision, settings)
    return read if isinstance(read, Verdict) else checker.check(read[0].old, read[0].new, read[0].name)


def _read(paths: tuple[Path, ...], revision: str | None, settings: Settings) -> tuple[Program, Settings] | Verdict:
    """A program with its settings, or the verdict on one that cannot be run."""
    try:
        return _program(paths, revision, settings), settings
    except NoProgram as error:
        return Verdict.not_run(" ".join(map(str, paths)), str(error))


def _program(paths: tuple[Path, ...], revision: str | None, settings: Settings) -> Program:
    if len(paths) == 2:
        return pair(paths[0], paths[1], settings)
    if revision is not None:
        return against(paths[0], revision, settings)
    program = migrated(paths[0], settings)
    if program.old == program.new:
        raise NoProgram("the migration changes nothing in it")
    return program


def _report(verdicts: Sequence[Verdict], files: dict[str, str | None]) -> None:
    from tf2migrate.verify.report_html import html
    from tf2migrate.verify.report_text import as_json, junit, markdown, text

    command = shlex.join(["tf2migrate", "verify", *_arguments()])
    renders: dict[str, Callable[[Sequence[Verdict]], str]] = {
        "json": as_json, "junit": junit, "markdown": markdown, "html": lambda v: html(v, command),
    }  # fmt: skip
    if "-" not in files.values():
        click.echo(text(verdicts), nl=False)
    for kind, file in files.items():
        if file == "-":
            click.echo(renders[kind](verdicts), nl=False)
        elif file is not None:
            try:
                Path(file).write_text(renders[kind](verdicts), encoding="utf8")
            except OSError as error:
                raise click.UsageError(f"{file} cannot be written: {why(error)}") from None


def _check_folders(files: dict[str, str | None]) -> None:
    """Tell before anything runs that there is no place for what would come of it."""
    for file in files.values():
        if file not in (None, "-") and not Path(file or "").parent.is_dir():
            raise click.UsageError(f"{file} cannot be written: there is no such folder")


def _arguments() -> list[str]:
    """The arguments of this call, as they were given."""
    return sys.argv[2:] if sys.argv[1:2] == ["verify"] else sys.argv[1:]
