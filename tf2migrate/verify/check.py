"""Runs the two sides of a program and judges them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from tf2migrate.facts.era import is_tf1
from tf2migrate.facts.program import Program
from tf2migrate.verify.compare import Tolerance
from tf2migrate.verify.functions import (
    Answer,
    Array,
    Call,
    SignatureError,
    answers,
    driver,
    judge_function,
    signature,
)
from tf2migrate.verify.inside import start, suspect
from tf2migrate.verify.judge import LAST, judge
from tf2migrate.verify.sandbox import Mode, RunnerError, Server
from tf2migrate.verify.settings import Case, Settings
from tf2migrate.verify.sourcemap import source_map
from tf2migrate.verify.trace import Trace
from tf2migrate.verify.verdict import Judgement, Point, Side, Status, Verdict

FIRST_SALT = 7
#: Modules that no installable TensorFlow 2 has: nothing can be said without an older one.
GONE = ("contrib", "estimator", "examples", "tf_slim", "tensorflow_hub", "feature_column")

LACKS = ("ModuleNotFoundError", "ImportError", "AttributeError", "NotImplementedError")

FAR = 30.0

NO_GPU = "no GPU is visible to TensorFlow here"
#: A second logical CPU shows what placement does where there is no GPU.
STAND_IN = "cpu:1"
STANDS_IN = "cpu:1 in the place of a GPU, which is not there"
#: Devices order their sums each in its own way: this much more may lie between two of them.
ACROSS = 20.0


class Checker:
    """Both sides, kept running between programs so that TensorFlow is imported once for each."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.servers: dict[tuple[Mode, str], Server] = {}
        self.traces: dict[str, tuple[Trace, Trace]] = {}  # the last runs of the program with one salt, on each device

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends both sides and removes what they left."""
        for server in self.servers.values():
            server.close()
        self.servers.clear()

    def server(self, mode: Mode, device: str) -> Server:
        """The running side of one mode and device."""
        if (mode, device) not in self.servers:
            self.servers[mode, device] = Server(mode, self.settings, device)
        return self.servers[mode, device]

    def folder(self) -> Path:
        """A folder that goes with this checker, also where it is killed: a side that runs sees to that."""
        side = self.server("new", self.settings.devices[0])
        side.launch()
        return side.folder

    def check(self, old: Case, new: Case, name: str | None = None) -> Verdict:
        """The verdict on one program: on every device, with every salt, until one of them differs."""
        blank = Verdict(name or old.name, Status.NOT_RUN, "", old_text=old.text, new_text=new.text)
        if self.settings.functions:
            return self.functions(old, new, blank)
        verdict, devices = blank, self.settings.devices
        salts = range(FIRST_SALT, FIRST_SALT + (self.settings.salts if self.settings.shared_randomness else 1))
        try:
            for salt in salts:
                self.traces.clear()
                for device in devices:
                    told = replace(blank, salts=tuple(dict.fromkeys(verdict.salts)), ran=verdict.ran)
                    verdict = self.once(old, new, salt, device, told)
                    if verdict.reason == NO_GPU and len(devices) > 1:
                        verdict = self.once(
                            old, new, salt, STAND_IN, replace(told, ran=tuple(dict.fromkeys((*told.ran, STANDS_IN))))
                        )
                    if not verdict.equivalent:
                        return verdict
                if len(self.traces) > 1:
                    verdict = self.across(verdict)
                    if not verdict.equivalent:
                        return verdict
        except RunnerError as error:
            return replace(blank, reason=str(error))
        except (RecursionError, MemoryError):
            return replace(blank, reason="it is nested too deeply to be followed")
        return verdict

    def once(self, old: Case, new: Case, salt: int, device: str, blank: Verdict) -> Verdict:
        """One run of each side."""
        self.server("new", device).launch()  # both import TensorFlow at the same time
        mode, first = self.first(old, salt, device)
        verdict = replace(blank, old=side(first), salts=tuple(dict.fromkeys((*blank.salts, salt))))
        if device != STAND_IN or STANDS_IN not in blank.ran:
            verdict = replace(verdict, ran=tuple(dict.fromkeys((*blank.ran, device))))
        if wanted(device) - {d.split()[0] for d in first.devices} and first.ended:
            return replace(verdict, reason=NO_GPU, ran=blank.ran)
        if not first.ok:
            status, reason = failed_old(first)
            return replace(verdict, status=status, reason=reason)
        second = self.server("new", device).run(new, salt, carry=first.cells)
        verdict = replace(verdict, new=side(second))
        if not second.ok:
            return replace(verdict, status=Status.NEW_FAILED, reason=why(second))
        self.traces[device] = first, second
        factor = 1.0 if first.tensorflow == second.tensorflow else 4.0
        lines = source_map(old.text, new.text)
        mapped = tuple((a.first, a.last, b.first, b.last) for a, b in lines.items())
        verdict = replace(verdict, lines=mapped)
        points = (*judge(first, second, self.settings, factor, lines), *placement(first, second, device))
        if any(p.fails for p in points):
            again = self.server(mode, device).run(old, salt, jitter=True)
            points = steady(points, judge(first, again, self.settings) if again.ok else ())
        within = suspect(points, first, second, lines)
        if within is not None:
            inner = self.server(mode, device).run(old, salt, probe=within.old)
            heirs = self.server("new", device).run(new, salt, carry=first.cells, probe=within.new)
            begun = start(inner, heirs, within.old.time, Tolerance(self.settings, factor))
            points += (replace(begun, order=within.point.order),) if begun is not None else ()
        return conclude(verdict, points, bool(first.runs))

    def functions(self, old: Case, new: Case, blank: Verdict) -> Verdict:
        """The verdict on functions of both programs, called on generated arrays."""
        device = self.settings.devices[0]
        mode: Mode = "old" if is_old(old) else "legacy"

        def run(name: str, batch: Sequence[Call], backs: Sequence[Array | None]) -> tuple[list[Answer], list[Answer]]:
            first = self.server(mode, device).run(driver(old, name, batch, backs, mode == "old"), FIRST_SALT)
            if not first.ok:
                raise Stopped(replace(blank, status=Status.OLD_FAILED, reason=why(first), old=side(first)))
            second = self.server("new", device).run(driver(new, name, batch, backs, False), FIRST_SALT)
            if not second.ok:
                raise Stopped(replace(blank, status=Status.NEW_FAILED, reason=why(second), new=side(second)))
            ran.append((first, second))
            return answers(first), answers(second)

        ran: list[tuple[Trace, Trace]] = []
        try:
            points = tuple(
                judge_function(name, signature(text), partial(run, name), Tolerance(self.settings))
                for name, text in self.settings.functions
            )
        except Stopped as stop:
            return stop.verdict
        except (RunnerError, SignatureError) as error:
            return replace(blank, reason=str(error))
        told = replace(blank, old=side(ran[-1][0]), new=side(ran[-1][1]), salts=(FIRST_SALT,), ran=(device,))
        if any(not p.counts for p in points):
            reason = next(f"{p.name}: {p.detail}" for p in points if not p.counts)
            return replace(told, status=Status.NOT_COMPARABLE, reason=reason, points=points)
        told = conclude(told, points, True)
        return replace(told, reason="; ".join(f"{p.name}: {p.detail}" for p in points)) if told.equivalent else told

    def across(self, verdict: Verdict) -> Verdict:
        """The verdict with what each side computes on two devices; where the old side differs, the new one may."""
        (first, mine), (second, theirs) = list(self.traces.items())[:2]
        sides = [judge(a, b, self.settings, ACROSS) for a, b in zip(mine, theirs, strict=True)]
        known = {(p.kind, p.name) for p in sides[0] if p.fails}
        found = [
            replace(
                p, kind="device", name=f"{p.kind} {p.name} on {first} and {second}", old=None, order=10**9,
                counts=not known, curve=(), seconds=None,
            )
            for p in sides[1] if p.fails
        ]  # fmt: skip
        equal = sum(p.judgement is Judgement.EQUAL and p.counts for p in sides[1])
        found.append(Point("device", f"{first} and {second}", Judgement.EQUAL, times=equal, counts=False))
        again = conclude(verdict, (*verdict.points, *found), bool(mine[0].runs))
        return replace(again, reason=f"{again.reason} (on {', '.join(verdict.ran)})")

    def first(self, old: Case, salt: int, device: str) -> tuple[Mode, Trace]:
        """The old side's run: TensorFlow 1, or Keras 2 on TensorFlow 2, or what there is today where Keras 2 fails."""
        modes: tuple[Mode, ...] = ("old",) if is_old(old) else ("legacy", "new")
        for mode in modes:
            trace = self.server(mode, device).run(old, salt)
            if trace.ok:
                break
        return mode, trace


def placement(old: Trace, new: Trace, device: str) -> Iterator[Point]:
    """Whether the new program computes on the device that was asked for, where the old one does."""
    own = {"gpu": "GPU", "cpu:1": "CPU 1"}.get(device)
    if own is None or not new.placed or not any(name.startswith(own) for name in old.placed):
        return
    there = any(name.startswith(own) for name in new.placed)
    yield Point(
        "device", f"placement on {device}", Judgement.EQUAL if there else Judgement.DIFFERENT, order=LAST,
        detail="" if there else f"computed on {', '.join(old.placed)}, and now on {', '.join(new.placed)}",
    )  # fmt: skip


class Stopped(Exception):
    """A side that does not run."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def is_old(case: Case) -> bool:
    """Whether a program, or a module of its own, was written for TensorFlow 1; what does not parse fails as it is."""
    try:
        return any(is_tf1(Program(text)) for text in (case.text, *(text for _, text in case.neighbours)))
    except (SyntaxError, ValueError):
        return True


def wanted(device: str) -> set[str]:
    """The kind of device that has to be there."""
    return {"GPU"} if device.startswith("gpu") else set()


def side(trace: Trace) -> Side:
    """What ran."""
    return Side(trace.tensorflow, trace.python, trace.devices, trace.seconds, trace.memory)


def why(trace: Trace) -> str:
    """Why a program did not come to its end."""
    return trace.reason or str(trace.failure)


def failed_old(trace: Trace) -> tuple[Status, str]:
    """Status and reason of an old program that does not run."""
    failure = trace.failure
    if failure is not None and failure.kind in LACKS and any(name in failure.message for name in GONE):
        reason = f"{failure}; no TensorFlow 2 has it: --old-python runs the old side in TensorFlow 1.15"
        return Status.NOT_COMPARABLE, reason
    return Status.OLD_FAILED, why(trace)


def steady(points: tuple[Point, ...], again: tuple[Point, ...]) -> tuple[Point, ...]:
    """The points, where those at which the old program, run again a rounding error away, is another no longer count.

    A difference far beyond what the rounding error made is a difference all the same.
    """
    unsteady = {(p.kind, p.old, p.name): p.max_abs for p in again if p.fails}

    def shaky(point: Point) -> bool:
        key = (point.kind, point.old, point.name)
        return point.fails and key in unsteady and point.max_abs <= FAR * unsteady[key]

    return tuple(replace(p, judgement=Judgement.UNSTEADY) if shaky(p) else p for p in points)


def conclude(verdict: Verdict, points: tuple[Point, ...], runs: bool) -> Verdict:
    """The verdict that points allow; never `equivalent` when nothing that was computed was seen."""
    verdict = replace(verdict, points=points)
    if verdict.failing:
        first = verdict.failing[0]
        others = len(verdict.failing) - 1
        begun = [f"; it starts at {p}" for p in points if p.kind == "inside"]
        reason = "".join([str(first), *begun, f"; and {others} more" if others else ""])
        return replace(verdict, status=Status.DIFFERENT, reason=reason)
    equal = [p for p in points if p.judgement is Judgement.EQUAL and p.counts]
    kinds = ("print", "file", "value", "final", "variable")
    shaky = sum(p.judgement is Judgement.UNSTEADY for p in points)
    if not any(p.computed if runs else p.kind in kinds for p in equal):
        reason = "nothing that the program computes could be seen on both sides"
        if shaky:
            reason = "a rounding error is enough to change what the old program computes; fewer --steps may help"
        return replace(verdict, status=Status.NOT_COMPARABLE, reason=reason)
    said = f", {shaky} are not reproducible in the old program itself" if shaky else ""
    fetched = [p.judgement is Judgement.EQUAL for p in points if p.kind == "run"]
    seen = f", with {sum(fetched)} of {len(fetched)} fetched values" if fetched else ""
    return replace(verdict, status=Status.EQUIVALENT, reason=f"{len(equal)} points agree{seen}{said}")


def verify_sources(
    old_text: str, new_text: str, path: Path, settings: Settings | None = None, checker: Checker | None = None
) -> Verdict:
    """The verdict on a program's two texts, run with the files beside `path`. A checker given is kept running."""
    folder = path.parent if path.parent.is_dir() else None
    name = path.stem + ".py"
    sides = Case(old_text, name, folder), Case(new_text, name, folder)
    if checker is not None:
        return checker.check(*sides, str(path))
    with Checker(settings or Settings()) as own:
        return own.check(*sides, str(path))
