"""Files that import each other, treated together: what one relies on in another is written with it or not at all."""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tf2migrate import migrate as core
from tf2migrate.config import Settings
from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.program import Program
from tf2migrate.model import Finding, Migration, Options, Outcome, Target
from tf2migrate.packages.files import resolver
from tf2migrate.packages.together import Together, View, lift_together
from tf2migrate.report import Result, Shown
from tf2migrate.treat import LARGEST, Migrate, concerns, deep, problem, treat


@dataclass(frozen=True, slots=True)
class File:
    """One of the files, as it is; `given` where it may be written."""

    name: str
    data: bytes
    settings: Settings
    given: bool = True


def treat_together(files: Sequence[File]) -> list[Result]:
    """Files as they should be, in their order. Anything that goes wrong is a finding, and all of them stay."""
    try:
        with deep():
            if sum(len(file.data) for file in files) > LARGEST:
                return [_apart(file, files) for file in files]
            return _treated(files)
    except Exception as error:  # whatever it is, other files go on
        why = problem("TFM009", f"internal error: {type(error).__name__}: {error}")
        found = (Shown(0, why),)
        return [Result(file.data, found, found, failed=True) for file in files]


def _treated(files: Sequence[File]) -> list[Result]:
    programs, options = _programs(files)
    unread = {file.name for file in files if file.name not in programs and b"tensorflow" in file.data}
    together = lift_together(programs, options, resolver([file.name for file in files]), unread)
    made: dict[str, Migration] = {}
    results = {file.name: treat(file.name, file.data, file.settings, _with(file, together, made)) for file in files}
    absent = {file.name for file in files if not file.given}
    for name, finding in _not_alone(together, made, absent).items():
        file = next(f for f in files if f.name == name)
        together.outcomes[name] = Outcome((), (finding,))
        results[name] = treat(name, file.data, file.settings, _with(file, together, made))
    return [results[file.name] for file in files]


def _apart(file: File, files: Sequence[File]) -> Result:
    """A file among too many: what is of TensorFlow 1 stays, as others may rely on it; memory holds one at a time."""
    if not concerns(file.data, file.settings):
        return Result(file.data)
    size = sum(len(each.data) for each in files) / 1e6
    message = f"it is one of {len(files)} files that import each other, {size:.0f} MB: too many to be followed"
    finding = Finding(1, 1, "TFM912", message, "Give fewer of them: a program with what it imports.")

    def migrate(text: str, options: Options, cuts: Sequence[int]) -> Migration:
        old = options.target is Target.NATIVE and is_tf1(Program(text))
        return core.migrate(text, options, cuts, core.lifted(Outcome((), (finding,))) if old else None)

    return treat(file.name, file.data, file.settings, migrate)


def _programs(files: Sequence[File]) -> tuple[dict[str, Program], dict[str, Options]]:
    """The programs that can be read among the files, as they are when they are lifted."""
    programs: dict[str, Program] = {}
    options: dict[str, Options] = {}

    def note(name: str, text: str, asked: Options, cuts: Sequence[int]) -> Migration:
        programs[name], options[name] = core.before_lifting(text, asked, cuts), asked
        return Migration(text, text, (), tuple(cuts))

    for file in files:
        treat(file.name, file.data, file.settings, partial(note, file.name))
    return programs, options


def _with(file: File, together: Together, made: dict[str, Migration]) -> Migrate:
    """The migration of a file of which the lifting may be known."""

    def migrate(text: str, options: Options, cuts: Sequence[int]) -> Migration:
        outcome = together.outcomes.get(file.name)
        if outcome is None and not concerns(file.data, file.settings):
            return Migration(text, text, (), tuple(cuts))
        options = replace(options, tf1=file.name in together.old)
        migration = core.migrate(text, options, cuts, None if outcome is None else core.lifted(outcome))
        if migration.changed and not options.todo and _means_the_same(migration):
            migration = replace(migration, after=text, cuts=tuple(cuts))
        made[file.name] = migration
        return migration

    return migrate


def _means_the_same(migration: Migration) -> bool:
    """Whether only the layout of a file would change: what is lifted there belongs to other files of the program."""
    return ast.dump(ast.parse(migration.before)) == ast.dump(ast.parse(migration.after))


def _not_alone(together: Together, made: Mapping[str, Migration], absent: Collection[str]) -> dict[str, Finding]:
    """The files that stay because another one does, with the reason."""
    first = {name: name for name, each in made.items() if not each.whole or (name in absent and each.changed)}
    found: dict[str, Finding] = {}

    def stay(name: str, because: str) -> None:
        first[name] = because
        found[name] = _finding(made[name], because, made[because], because in absent)

    for view in together.views:
        for name in _relied(view, made) if view.stopped else ():
            own = together.outcomes.get(name, Outcome()).findings
            if name != view.stopped and not any(f.code.startswith("TFM9") for f in own) and _concerned(made[name]):
                stay(name, view.stopped)
    grew = True
    while grew:  # ends: a file that stays does so from then on
        grew = False
        for view in together.views:
            relied = _relied(view, made)
            because = next((first[name] for name in relied if name in first), None)
            for name in relied if because is not None else ():
                if name not in first and _concerned(made[name]):
                    assert because is not None
                    stay(name, because)
                    grew = True
    return found


def _relied(view: View, made: Mapping[str, Migration]) -> list[str]:
    """The files that a program relies on: the one that is run, and those of which something takes part that changes."""
    return [name for name in view.lines if name in made and (name == view.root or _relies(view, name, made[name]))]


def _relies(view: View, name: str, migration: Migration) -> bool:
    """Whether something of a file that changes, or cannot, takes part in a program."""
    lines = view.lines[name]
    said = [f.line for f in migration.findings if f.fixable or f.code.startswith("TFM9")]
    return bool(said) if lines is None else not lines.isdisjoint(said)


def _concerned(migration: Migration) -> bool:
    """Whether a file would be written, or has something of TensorFlow 1."""
    return any(f.fixable or f.code.startswith(("TFM1", "TFM9")) for f in migration.findings)


def _finding(migration: Migration, other: str, reason: Migration, absent: bool) -> Finding:
    """What is said of a file that stays because another one does."""
    first = min(f for f in migration.findings if f.fixable or f.code.startswith(("TFM1", "TFM9")))
    stop = next((f for f in reason.findings if f.code.startswith("TFM9")), None)
    name = os.path.basename(other)
    if stop is None and absent:
        message = f"it goes with {name}, which would change as well and was not given"
        return Finding(first.line, first.column, "TFM912", message, "Give both files, or the folder that they are in.")
    where = f" ({stop.code} on line {stop.line} there)" if stop is not None else ""
    message = f"it goes with {name}, which stays as it is{where}"
    return Finding(first.line, first.column, "TFM912", message, "Resolve what stops the other file.")


__all__ = ["File", "treat_together"]
