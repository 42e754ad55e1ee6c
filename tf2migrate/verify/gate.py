"""`tf2migrate PATH --fix --verify`: writes what was shown to compute the same, and leaves the rest as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf2migrate.cluster import Cluster
from tf2migrate.process import Job, finish, looked_at
from tf2migrate.report import Report, Result, Shown
from tf2migrate.treat import problem
from tf2migrate.verify.check import Checker
from tf2migrate.verify.plan import plan
from tf2migrate.verify.settings import Settings
from tf2migrate.verify.sources import RUNS, NoProgram, Program, data_of, neighbours, program_of
from tf2migrate.verify.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Treated:
    """A file that could be read, before and after."""

    job: Job
    before: bytes
    result: Result

    @property
    def path(self) -> Path:
        return Path(self.job.path)

    @property
    def changed(self) -> bool:
        return self.result.after != self.before


def verified(jobs: Sequence[Job], settings: Settings, cluster: Cluster | None = None) -> Iterator[Report]:
    """The reports of all jobs, in their order. Files that import each other are written together or not at all."""
    reports: dict[str, Report] = {}
    treated: list[Treated] = []
    for each in looked_at(jobs):
        if isinstance(each, Report):
            reports[each.path] = each
        else:
            treated.append(Treated(*each))
    reasons = _reasons([unit for unit in units(treated) if any(file.changed for file in unit)], settings, cluster)
    for file in treated:
        reports[file.job.path] = _report(file, reasons.get(file.path, ""))
    for job in jobs:
        yield reports[job.path]


def _report(file: Treated, reason: str) -> Report:
    if not file.changed or not reason:
        return finish(file.job, file.before, file.result)
    finding = problem("TFM006", f"not written: {reason}")
    return Report(file.job.path, (Shown(0, finding), *file.result.found), failed=file.result.failed)


def _reasons(units: Sequence[Sequence[Treated]], settings: Settings, cluster: Cluster | None) -> dict[Path, str]:
    """Why files are not written; those that are not named were shown to compute the same."""
    found = [(number, program) for number, unit in enumerate(units) for program in _programs(unit, settings)]
    if cluster is None:
        verdicts = _verdicts(found)
    else:
        from tf2migrate.verify import remote

        verdicts = zip((n for n, _ in found), remote.verdicts(cluster, (p for _, p in found)), strict=True)
    reasons: dict[Path, str] = {}
    for number, verdict in verdicts:
        if not verdict.equivalent:
            reasons = {file.path: _why(file.path, verdict) for file in units[number]} | reasons
    return reasons


def _why(path: Path, verdict: Verdict) -> str:
    whose = "" if str(path) == verdict.name else f"{verdict.name} is "
    return f"{whose}{verdict.status}: {verdict.reason}"


def _programs(unit: Sequence[Treated], settings: Settings) -> Iterator[tuple[Program, Settings] | Verdict]:
    """The programs of a unit: its files that no other file of it imports, and others that are run."""
    after = {file.path: file.result.after for file in unit}
    imported = {n for file in unit for n in neighbours(file.path)}
    for file in [f for f in unit if f.path not in imported or _is_run(f.before)] or list(unit):
        own = plan(file.path, settings)
        try:
            yield program_of(file.path, lambda path: after.get(path) or data_of(path), own), own
        except NoProgram as error:
            yield Verdict.not_run(str(file.path), str(error))


def _is_run(data: bytes) -> bool:
    """Whether a file that others import runs something when it is run itself."""
    return b"__main__" in data and RUNS.search(data) is not None


def _verdicts(found: Sequence[tuple[int, tuple[Program, Settings] | Verdict]]) -> Iterator[tuple[int, Verdict]]:
    """The verdicts, from here; a unit of which one program differs needs no others."""
    checkers: dict[Settings, Checker] = {}
    failed: set[int] = set()
    try:
        for number, program in found:
            if number in failed:
                continue
            if isinstance(program, Verdict):
                verdict = program
            else:
                case, own = program
                if own not in checkers:
                    checkers[own] = Checker(own)
                verdict = checkers[own].check(case.old, case.new, case.name)
            if not verdict.equivalent:
                failed.add(number)
            yield number, verdict
    finally:
        for checker in checkers.values():
            checker.close()


def units(treated: Sequence[Treated]) -> list[list[Treated]]:
    """The files, where those that import each other, directly or not, stand together."""
    groups = {file.path: {file.path} for file in treated}
    for file in treated:
        for other in neighbours(file.path):
            if other in groups and groups[other] is not groups[file.path]:
                groups[file.path] |= groups[other]
                groups |= dict.fromkeys(groups[other], groups[file.path])
    distinct = {id(group): group for group in groups.values()}
    return [[f for f in treated if f.path in group] for group in distinct.values()]
