"""`tf2migrate checkpoint`: a checkpoint of TensorFlow 1 as the rewritten program restores it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from tf2migrate.checkpoint.convert import NotConverted, Report, Template, convert, names_of, template
from tf2migrate.checkpoint.names import SUFFIX, Entry
from tf2migrate.verify.plan import PlanError, plan
from tf2migrate.verify.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("old")
@click.argument("new")
@click.option(
    "--program",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The TensorFlow 1 program that wrote OLD; it is migrated in memory, and both sides are RUN.",
)
@click.option(
    "--rewritten",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The program that is to restore NEW, where it is not what the migration of --program gives.",
)
@click.option("--like", metavar="CHECKPOINT", help="A checkpoint that the new program wrote: nothing is run.")
@click.option("--map", "maps", multiple=True, metavar="OLD=NEW", help="A name and its place, or a JSON file of such.")
@click.option("--arguments", metavar="TEXT", default="", help="What the programs are given on the command line.")
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds for each run.")
@click.option("--quiet", is_flag=True, help="Do not list what became of each variable.")
def checkpoint(
    old: str, new: str, program: Path | None, rewritten: Path | None, like: str | None, maps: tuple[str, ...],
    arguments: str, timeout: float, quiet: bool,
) -> None:  # fmt: skip
    """Write the checkpoint OLD of TensorFlow 1 as NEW, which the rewritten program restores.

    OLD is the prefix of a checkpoint, or a folder of them; NEW is then a folder, too. Exit code: 0, written and read
    back; 1, not written, or not all; 2, wrong use.
    """
    if (program is None) == (like is None) or (rewritten is not None and program is None):
        raise click.UsageError("give --program (with or without --rewritten), or --like.")
    settings = Settings(arguments=tuple(arguments.split()), timeout=timeout)
    try:
        given = _given(maps)
        if program is not None:
            settings = plan(program, settings)
        for report in _converted(old, new, program, rewritten, like, given, settings):
            click.echo(_told(report, quiet), nl=False)
    except PlanError as error:
        raise click.UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        click.echo(f"tf2migrate checkpoint needs {error.name}: pip install 'tf2migrate[verify]'", err=True)
        sys.exit(2)
    except NotConverted as error:
        click.echo(f"Not written: {error}.", err=True)
        sys.exit(1)


def _given(maps: Sequence[str]) -> dict[str, str]:
    """The names that the user maps. Raises a usage error."""
    given: dict[str, str] = {}
    for text in maps:
        name, sign, place = text.partition("=")
        if sign:
            given[name] = place
            continue
        try:
            document = json.loads(Path(text).read_text(encoding="utf8"))
        except (OSError, ValueError) as error:
            raise click.UsageError(f"--map {text} is neither OLD=NEW nor a JSON file: {error}") from None
        if not isinstance(document, dict) or not all(isinstance(v, str) for v in document.values()):
            raise click.UsageError(f"--map {text}: an object of names is expected.")
        given |= document
    return {name: place.removesuffix(SUFFIX) for name, place in given.items()}


def _converted(
    old: str, new: str, program: Path | None, rewritten: Path | None, like: str | None, given: dict[str, str],
    settings: Settings,
) -> Iterator[tuple[str, Report]]:  # fmt: skip
    """Each checkpoint's new prefix and report. Raises `NotConverted`."""
    pairs = list(_prefixes(old, new))
    names = names_of(pairs[0][0])
    if program is not None:
        from tf2migrate.checkpoint.look import entries

        shown, found = entries(names, program, rewritten, given, settings)
    else:
        assert like is not None
        shown = template(like)
        found = list(_mapped(shown, given))
    for source, target in pairs:
        yield target, convert(source, target, shown, found)
    if os.path.isdir(old):
        _keep_state(new, [target for _, target in pairs])


def _prefixes(old: str, new: str) -> Iterator[tuple[str, str]]:
    """The checkpoints to convert: one, or those of a folder."""
    import tensorflow as tf

    if not os.path.isdir(old):
        yield old, new
        return
    state = tf.train.get_checkpoint_state(old)
    if state is None or not state.all_model_checkpoint_paths:
        raise NotConverted(f"the folder {old} has no file `checkpoint` that names one; name its prefix")
    latest = os.path.basename(state.model_checkpoint_path)
    names = [os.path.basename(path) for path in state.all_model_checkpoint_paths]
    for name in [*(name for name in names if name != latest), latest]:
        yield os.path.join(old, name), os.path.join(new, name)


def _keep_state(folder: str, prefixes: Sequence[str]) -> None:
    """The file `checkpoint`, by which programs find their latest."""
    names = [json.dumps(os.path.basename(prefix), ensure_ascii=False) for prefix in prefixes]
    lines = [f"model_checkpoint_path: {names[-1]}", *(f"all_model_checkpoint_paths: {name}" for name in names)]
    Path(folder, "checkpoint").write_text("".join(f"{line}\n" for line in lines), encoding="utf8")


def _mapped(shown: Template, given: dict[str, str]) -> Iterator[Entry]:
    """The entries of a map by hand: a place stands for all keys of its variable."""
    names = _full_names(shown)
    for name, place in given.items():
        key = place + SUFFIX
        if key not in shown.shapes:
            raise NotConverted(f"--map {name}={place}: the new program saves no {place}")
        same = shown.values[key].tobytes() if hasattr(shown.values[key], "tobytes") else shown.values[key]
        others = [
            other
            for other, full in names.items()
            if full == names[key] and other != key and getattr(shown.values[other], "tobytes", bytes)() == same
        ]
        yield Entry((key, *others), (name,))


def _full_names(shown: Template) -> dict[str, str]:
    """What each key's variable is called: Keras saves one under two keys."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    proto = trackable_object_graph_pb2.TrackableObjectGraph.FromString(shown.graph)
    return {a.checkpoint_key: a.full_name for node in proto.nodes for a in node.attributes}


def _told(written: tuple[str, Report], quiet: bool) -> str:
    """What became of each variable."""
    prefix, report = written
    lines = [f"  {' + '.join(e.old)} -> {e.name}" for e in report.entries if not quiet]
    lines += [f"  {name}: left out, the new program has no place for it" for name in report.left_out]
    lines += [f"  {name}: as the new program starts with it" for name in report.kept]
    count = len({name for e in report.entries for name in e.old})
    lines.append(f"{prefix}: {count} variables written and read back, bit by bit.")
    return "\n".join(lines) + "\n"
