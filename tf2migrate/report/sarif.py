"""Findings as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from urllib.parse import quote

from tf2migrate import __version__
from tf2migrate.report import Report
from tf2migrate.report.places import Placed, level, placed
from tf2migrate.rulebook import pages

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(reports: Sequence[Report]) -> str:
    """One run with every finding, and the pages of the rules that found them."""
    results = list(placed(reports))
    codes = sorted({each.shown.finding.code for each in results})
    driver = {"name": "tf2migrate", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not any(report.failed for report in reports)}],
        "results": [_result(each, codes.index(each.shown.finding.code)) for each in results],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> dict[str, object]:
    rule: dict[str, object] = {"id": code, "defaultConfiguration": {"level": level(code)}}
    page = pages().get(code)
    if page is not None:
        summary = {"text": page.metadata.summary}
        rule |= {"name": page.slug, "shortDescription": summary, "help": {"text": page.text, "markdown": page.text}}
    return rule


def _result(each: Placed, rule: int) -> dict[str, object]:
    finding = each.shown.finding
    uri = quote(os.fsencode(each.path))
    artifact = {"uri": uri} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    location: dict[str, object] = {"artifactLocation": artifact}
    if not each.shown.cell:
        region = {"startLine": finding.line, "startColumn": finding.column}
        if finding.end_line:
            region |= {"endLine": finding.end_line, "endColumn": finding.end_column}
        location["region"] = region
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": level(finding.code),
        "message": {"text": each.message},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"tf2migrate/v1": each.fingerprint},
        "properties": {"fixable": finding.fixable, "unsafe": finding.unsafe},
    }
