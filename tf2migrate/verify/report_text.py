"""Verdicts as text, Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any
from xml.etree import ElementTree as ET

from tf2migrate.verify.verdict import Judgement, Point, Status, Verdict

SCHEMA = 1


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many programs have which verdict."""
    counts = Counter(v.status for v in verdicts)
    return ", ".join(f"{counts[s]} {s}" for s in Status if counts[s]) or "no program to verify"


def text(verdicts: Sequence[Verdict]) -> str:
    """For a terminal: a line per program, and what differs."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.name}: {verdict.status}: {verdict.reason}")
        if verdict.old.tensorflow:
            lines.append(f"    old: {verdict.old}")
        if verdict.new.tensorflow:
            lines.append(f"    new: {verdict.new}")
        if verdict.ran not in ((), ("cpu",)):
            lines.append(f"    ran on: {', '.join(verdict.ran)}")
        lines += [f"    {point}" for point in verdict.failing[:10]]
        if len(verdict.failing) > 10:
            lines.append(f"    and {len(verdict.failing) - 10} more")
        lines += [
            f"    time of one call: {a * 1e3:.2f} ms, then {b * 1e3:.2f} ms ({p.old})"
            for p, (a, b) in timed(verdict)[:3]
        ]
    return "\n".join([*lines, summary(verdicts)]) + "\n"


def timed(verdict: Verdict) -> list[tuple[Point, tuple[float, float]]]:
    """One timed point per run site."""
    found = {p.old: (p, p.seconds) for p in verdict.points if p.seconds is not None}
    return list(found.values())


def markdown(verdicts: Sequence[Verdict]) -> str:
    """For a pull request."""

    def cell(value: object) -> str:
        return str(value).replace("|", "\\|").replace("\n", " ")

    rows = [f"| {cell(v.name)} | {'✅' if v.equivalent else '❌'} {v.status} | {cell(v.reason)} |" for v in verdicts]
    ran = next((v for v in verdicts if v.new.tensorflow), None)
    foot = [f"Old: {ran.old}. New: {ran.new}."] if ran else []
    return "\n".join(["### tf2migrate verify", "", f"{summary(verdicts)}.", "", "| program | verdict | why |",
                      "| --- | --- | --- |",                      *rows, "", *foot]) + "\n"  # fmt: skip


def as_json(verdicts: Sequence[Verdict]) -> str:
    """Everything that is known, for programs; docs/verify.schema.json describes the fields."""
    found = _finite({"schema": SCHEMA, "verdicts": [_verdict(v) for v in verdicts]})
    return json.dumps(found, indent=1, default=str, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null stands for them."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _verdict(verdict: Verdict) -> dict[str, Any]:
    points = [
        {
            **{k: v for k, v in asdict(p).items() if k not in ("order", "old", "new")},
            "old": _site(p.old),
            "new": _site(p.new),
        }
        for p in verdict.points
    ]
    return {
        "name": verdict.name, "status": verdict.status, "reason": verdict.reason, "salts": verdict.salts,
        "ran": verdict.ran,
        "old": asdict(verdict.old), "new": asdict(verdict.new), "map": verdict.lines, "points": points,
    }  # fmt: skip


def _site(site: object) -> str | None:
    return None if site is None else str(site)


def junit(verdicts: Sequence[Verdict]) -> str:
    """One test case per program; what could not be compared is skipped."""
    failures = [v for v in verdicts if v.status in (Status.DIFFERENT, Status.NEW_FAILED)]
    errors = [v for v in verdicts if v.status is Status.OLD_FAILED]
    skipped = [v for v in verdicts if v.status in (Status.NOT_RUN, Status.NOT_COMPARABLE)]
    suite = ET.Element("testsuite", name="tf2migrate verify", tests=str(len(verdicts)), failures=str(len(failures)),
                       errors=str(len(errors)), skipped=str(len(skipped)))  # fmt: skip
    for verdict in verdicts:
        seconds = verdict.old.seconds + verdict.new.seconds
        case = ET.SubElement(suite, "testcase", classname="verify", name=verdict.name, time=f"{seconds:.3f}")
        kind = (
            "failure"
            if verdict in failures
            else "error"
            if verdict in errors
            else "skipped"
            if verdict in skipped
            else None
        )
        if kind is not None:
            found = ET.SubElement(case, kind, message=_xml(f"{verdict.status}: {verdict.reason}"))
            found.text = _xml("\n".join(str(p) for p in verdict.failing))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _xml(value: str) -> str:
    """XML has no control characters."""
    return "".join(c if c in "\n\t" or ord(c) >= 32 else "\N{REPLACEMENT CHARACTER}" for c in value)


def glyph(judgement: Judgement) -> str:
    """A judgement that can be told apart without colour."""
    return {Judgement.EQUAL: "=", Judgement.UNSTEADY: "~", Judgement.MISSING: "-", Judgement.EXTRA: "+"}.get(
        judgement, "≠"
    )
