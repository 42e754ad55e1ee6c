"""The command line: arguments in, an exit code out. What costs time to import is imported when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tf2migrate import __version__
from tf2migrate.report import FORMATS

if TYPE_CHECKING:
    from tf2migrate.process import Mode

#: Commands beside the main form, which takes paths; a path with such a name is written ./rule.
COMMANDS = {
    "rule": ("tf2migrate.cli", "rule"),
    "clean": ("tf2migrate.cache", "clean"),
    "verify": ("tf2migrate.verify.cli", "verify"),
    "checkpoint": ("tf2migrate.checkpoint.cli", "checkpoint"),
    "server": ("tf2migrate.server", "server"),
    "completion": ("tf2migrate.completion", "completion"),
}

#: Where a shell asks for completions; the name is click's.
COMPLETE = "_TF2MIGRATE_COMPLETE"

EPILOG = """\b
Other commands:
  tf2migrate rule [CODE]    What a rule is about; without CODE, the list of rules.
  tf2migrate verify ...     Run a program and its migration and compare what they compute.
  tf2migrate checkpoint ..  A checkpoint of TensorFlow 1 as the rewritten program restores it.
  tf2migrate clean          Remove what earlier runs have kept (--no-cache does without).
  tf2migrate server         A language server for editors (needs tf2migrate[server]).
  tf2migrate completion ..  Completion for bash, zsh or fish.

\b
Exit codes: 0, nothing to report; 1, findings (with --fix: that remain; with --diff: changes);
2, a wrong option or an internal error.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; ends in `SystemExit` with the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: click.Command = migrate
    name = "tf2migrate"
    if COMPLETE in os.environ:
        given = [asked] if (asked := import_module("tf2migrate.completion").asked_for(COMMANDS)) else []
    if given and given[0] in COMMANDS:
        command = _command(given[0])
        name = f"tf2migrate {given.pop(0)}"
    try:
        command.main(given, prog_name=name, complete_var=COMPLETE)
    except OSError as error:  # such as a disk that is full where standard output goes
        click.echo(f"Error: {error.strerror or error}{f': {error.filename}' * bool(error.filename)}", err=True)
        sys.exit(2)


def _command(name: str) -> click.Command:
    module, attribute = COMMANDS[name]
    try:
        command: click.Command = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tf2migrate"):
            raise
        click.echo(f"tf2migrate {name} needs {error.name}: pip install 'tf2migrate[{name}]'", err=True)
        sys.exit(2)
    return command


def _first_words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """What a shell completes a path to: a command where one begins so and nothing stands before it, or a file."""
    from click.shell_completion import CompletionItem

    names = COMMANDS if incomplete and not context.params.get("paths") else ()
    return [CompletionItem(n) for n in names if n.startswith(incomplete)] or [CompletionItem(incomplete, type="file")]


def _codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from tf2migrate.completion import codes

    return list(codes(context, parameter, incomplete))


def _setting(*names: str, **kind: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that stands above the same key of [tool.tf2migrate]."""
    return click.option(*names, default=None, **kind)


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=_first_words)
@click.option("--fix", is_flag=True, help="Rewrite the files.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option("--verify", is_flag=True, help="With --fix: RUN the programs, and write only what computes the same.")
@click.option("--add-noqa", is_flag=True, help="Silence what is found with # noqa comments.")
@_setting(
    "--target",
    type=click.Choice(["native", "compat", "lint"]),
    help="native: functions in the place of sessions (the default); compat: sessions kept, symbols of tf.compat.v1; "
    "lint: TensorFlow 1 is told of, and not migrated.",
)
@_setting("--todo/--no-todo", help="Leave a TODO comment at what a person must do.")
@_setting("--unsafe-fixes/--no-unsafe-fixes", help="Make also the fixes that may change what a program computes.")
@_setting("--strict/--no-strict", help="Lint also what only may be a tensor.")
@_setting(
    "--select",
    multiple=True,
    metavar="CODES",
    shell_complete=_codes,
    help="Only these rules: TFM7, TFM101, separated by commas.",
)
@_setting("--ignore", multiple=True, metavar="CODES", shell_complete=_codes, help="Not these rules.")
@_setting(
    "--extend-select", multiple=True, metavar="CODES", shell_complete=_codes, help="These rules, too: TFM6, TFM010."
)
@_setting("--per-file-ignores", multiple=True, metavar="GLOB:CODES", help="Not these rules in these files.")
@_setting("--extra-rules", multiple=True, metavar="FILE", help="Rules of your own, as TOML tables.")
@_setting("--exclude", multiple=True, metavar="GLOB", help="Leave these out, in place of the usual folders.")
@_setting("--extend-exclude", multiple=True, metavar="GLOB", help="Leave these out, too.")
@_setting("--force-exclude/--no-force-exclude", help="Leave them out even when PATH names them.")
@_setting("--keep-outputs/--no-keep-outputs", help="Keep the outputs of the notebook cells that change.")
@_setting("--py2/--no-py2", help="Turn Python 2 programs into Python 3 on the way (needs tf2migrate[py2]).")
@click.option("--stdin-filename", metavar="NAME", help="What to call standard input (PATH: -).")
@click.option("--output-format", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
@click.option("--watch", is_flag=True, help="Report again whenever a file changes, until Ctrl-C.")
@click.option("--baseline", metavar="FILE", help="Report only what FILE does not know.")
@click.option("--update-baseline", is_flag=True, help="Write what is found to the FILE of --baseline.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes [default: one per processor].")
@click.option("--scheduler", metavar="ADDRESS", help="Have a Dask cluster do it (needs tf2migrate[cluster]).")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep what is known of files that have not changed.")
@click.version_option(__version__, prog_name="tf2migrate")
def migrate(fix: bool, diff: bool, add_noqa: bool, exit_zero: bool, watch: bool, **options: Any) -> None:
    """Find TensorFlow 1 in programs and notebooks, and rewrite it as TensorFlow 2.

    PATH is a script, a notebook or a folder; - is standard input. Without --fix and --diff, nothing is changed.
    """
    from tf2migrate.config import KEYS
    from tf2migrate.run import Call, Misused, run

    flags = {key: options.pop(name) for key in KEYS if (name := key.replace("-", "_")) in options}
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    try:
        call = Call(mode=_mode(fix, diff, add_noqa), flags=given, **options)
        if watch:
            import_module("tf2migrate.watch").watch(call)
            return
        code = run(call)
    except Misused as error:
        raise click.UsageError(str(error)) from None
    sys.exit(0 if exit_zero and code == 1 else code)


def _mode(fix: bool, diff: bool, add_noqa: bool) -> Mode:
    from tf2migrate.process import Mode

    if add_noqa and (fix or diff):
        raise click.UsageError("--add-noqa stands without --fix and --diff.")
    return Mode.DIFF if diff else Mode.FIX if fix else Mode.NOQA if add_noqa else Mode.LIST


@click.command()
@click.argument("code", required=False, shell_complete=_codes)
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
