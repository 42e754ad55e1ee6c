"""The command line: arguments in, an exit code out. What costs time to import is imported when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tf2migrate import __version__
from tf2migrate.report import FOR_PEOPLE, FORMATS

if TYPE_CHECKING:
    from tf2migrate.config import Configuration
    from tf2migrate.process import Job, Mode
    from tf2migrate.report import Report

#: Commands beside the main form, which takes paths; a path with such a name is written ./rule.
COMMANDS = {
    "rule": ("tf2migrate.cli", "rule"),
    "verify": ("tf2migrate.verify.cli", "verify"),
}

EPILOG = """\b
Other commands:
  tf2migrate rule [CODE]    What a rule is about; without CODE, the list of rules.
  tf2migrate verify ...     Run a program and its migration and compare what they print.

\b
Exit codes: 0, nothing to report; 1, findings (with --fix: that remain; with --diff: changes);
2, a wrong option or an internal error.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; ends in `SystemExit` with the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: click.Command = migrate
    name = "tf2migrate"
    if given and given[0] in COMMANDS:
        module, attribute = COMMANDS[given[0]]
        command = getattr(import_module(module), attribute)
        name = f"tf2migrate {given.pop(0)}"
    command.main(given, prog_name=name)


def _setting(*names: str, **kind: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that stands above the same key of [tool.tf2migrate]."""
    return click.option(*names, default=None, **kind)


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--fix", is_flag=True, help="Rewrite the files.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option("--add-noqa", is_flag=True, help="Silence what is found with # noqa comments.")
@_setting(
    "--target",
    type=click.Choice(["native", "compat"]),
    help="native: functions in the place of sessions (the default); compat: sessions kept, symbols of tf.compat.v1.",
)
@_setting("--todo/--no-todo", help="Leave a TODO comment at what a person must do.")
@_setting("--unsafe-fixes/--no-unsafe-fixes", help="Make also the fixes that may change what a program computes.")
@_setting("--strict/--no-strict", help="Lint also what only may be a tensor.")
@_setting("--select", multiple=True, metavar="CODES", help="Only these rules: TFM7, TFM101, separated by commas.")
@_setting("--ignore", multiple=True, metavar="CODES", help="Not these rules.")
@_setting("--extend-select", multiple=True, metavar="CODES", help="These rules, too: TFM6, TFM010.")
@_setting("--per-file-ignores", multiple=True, metavar="GLOB:CODES", help="Not these rules in these files.")
@_setting("--exclude", multiple=True, metavar="GLOB", help="Leave these out, in place of the usual folders.")
@_setting("--extend-exclude", multiple=True, metavar="GLOB", help="Leave these out, too.")
@_setting("--force-exclude/--no-force-exclude", help="Leave them out even when PATH names them.")
@_setting("--keep-outputs/--no-keep-outputs", help="Keep the outputs of the notebook cells that change.")
@_setting("--py2/--no-py2", help="Turn Python 2 programs into Python 3 on the way (needs tf2migrate[py2]).")
@click.option("--stdin-filename", metavar="NAME", help="What to call standard input (PATH: -).")
@click.option("--output-format", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes [default: one per processor].")
@click.version_option(__version__, prog_name="tf2migrate")
def migrate(
    paths: tuple[str, ...],
    fix: bool,
    diff: bool,
    add_noqa: bool,
    stdin_filename: str | None,
    output_format: str,
    statistics: bool,
    exit_zero: bool,
    jobs: int | None,
    **flags: object,
) -> None:
    """Find TensorFlow 1 in programs and notebooks, and rewrite it as TensorFlow 2.

    PATH is a script, a notebook or a folder; - is standard input. Without --fix and --diff, nothing is changed.
    """
    from tf2migrate.config import ConfigError, Configuration
    from tf2migrate.process import Mode

    if statistics and output_format not in ("text", "json"):
        raise click.UsageError("--statistics come as text or json.")
    if add_noqa and (fix or diff):
        raise click.UsageError("--add-noqa stands without --fix and --diff.")
    mode = Mode.DIFF if diff else Mode.FIX if fix else Mode.NOQA if add_noqa else Mode.LIST
    given = {key.replace("_", "-"): value for key, value in flags.items() if value not in (None, ())}
    configuration = Configuration(given)
    try:
        if "-" in paths:
            if len(paths) > 1:
                raise click.UsageError("- stands alone: standard input is one program.")
            reports = [_standard_input(stdin_filename, configuration, mode)]
        else:
            reports = list(_reports(_jobs(paths, configuration, mode), jobs))
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if mode is Mode.DIFF:
        _tell_diff(reports)
    else:
        # The fixed program takes standard output for itself.
        told = _statistics(reports, output_format) if statistics else _told(reports, mode, output_format)
        click.echo(_printable(told), nl=False, err="-" in paths and mode.writes)
    code = _exit_code(reports, mode)
    sys.exit(0 if exit_zero and code == 1 else code)


def _standard_input(name: str | None, configuration: Configuration, mode: Mode) -> Report:
    from pathlib import Path

    from tf2migrate.files import is_excluded, of_file
    from tf2migrate.process import report, treated
    from tf2migrate.treat import Result

    data = sys.stdin.buffer.read()
    path = Path(name or "-")
    settings = configuration.of(path.parent)
    out = name is not None and settings.force_exclude and is_excluded(path, settings)
    result = Result(data) if out else treated(str(path), data, of_file(path, settings), mode)
    if mode.writes:
        _write(result.after)
    return report(str(path), result, mode)


def _jobs(paths: Sequence[str], configuration: Configuration, mode: Mode) -> list[Job]:
    from pathlib import Path

    from tf2migrate.files import Search
    from tf2migrate.process import Job

    roots = tuple(os.path.realpath(path) for path in paths)
    return [
        Job(str(found.path), found.settings, mode, roots, found.problem)
        for found in Search([Path(path) for path in paths], configuration)
    ]


def _reports(jobs: Sequence[Job], workers: int | None) -> Iterator[Report]:
    """What came of each file, with a progress bar for someone who has waited for a second."""
    import time

    from tf2migrate.process import available_cpus, process_all

    # A few files are done before another process has started.
    reports = process_all(jobs, workers or (available_cpus() if len(jobs) > 8 else 1))
    if not sys.stderr.isatty():
        yield from reports
        return
    started, done = time.monotonic(), 0
    for report in reports:
        yield report
        done += 1
        if time.monotonic() - started > 1:
            break
    if done < len(jobs):
        with click.progressbar(length=len(jobs), label="Files", file=sys.stderr) as bar:
            bar.update(done)
            for report in reports:
                yield report
                bar.update(1)


def _told(reports: Sequence[Report], mode: Mode, output_format: str) -> str:
    from tf2migrate.process import Mode
    from tf2migrate.report import text

    done = {Mode.FIX: "fixed", Mode.NOQA: "silenced"}.get(mode, "")

    listed: str = import_module(f"tf2migrate.report.{output_format}").render(reports)
    return listed + (text.summary(reports, done) if output_format in FOR_PEOPLE else "")


def _statistics(reports: Sequence[Report], output_format: str) -> str:
    from tf2migrate.report import statistics

    return statistics.as_json(reports) if output_format == "json" else statistics.as_text(reports)


def _tell_diff(reports: Sequence[Report]) -> None:
    from tf2migrate.report import text

    _write("".join(report.diff for report in reports).encode(errors="surrogateescape"))
    click.echo(_printable(text.render(text.problems(reports)) + text.diff_summary(reports)), nl=False, err=True)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _printable(message: str) -> str:
    """A message with the bytes of a file name that are no text made visible."""
    return message.encode(errors="backslashreplace").decode()


def _exit_code(reports: Sequence[Report], mode: Mode) -> int:
    from tf2migrate.process import Mode

    if any(report.failed for report in reports):
        return 2
    return int(any(report.diff if mode is Mode.DIFF else report.shown for report in reports))


@click.command()
@click.argument("code", required=False)
def rule(code: str | None) -> None:
    """Explain the rule CODE, such as TFM701; without CODE, list the rules."""
    from tf2migrate.rulebook import pages

    if code is None:
        for page in pages().values():
            click.echo(f"{page.code} {page.slug}")
        return
    if code.upper() not in pages():
        raise click.UsageError(f"no rule {code!r}; `tf2migrate rule` lists them.")
    click.echo(pages()[code.upper()].text, nl=False)
