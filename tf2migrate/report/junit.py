"""Findings as JUnit's XML, which CI systems show as failed tests: one suite for each file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from tf2migrate.report import Report
from tf2migrate.report.concise import said

#: What XML 1.0 cannot hold, even escaped.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: Sequence[Report]) -> str:
    """A suite for each file: its findings as failures, or one test that passed."""
    findings = str(sum(len(report.shown) for report in reports))
    tests = str(sum(len(report.shown) or 1 for report in reports))
    root = ElementTree.Element("testsuites", name="tf2migrate", tests=tests, failures=findings)
    for report in reports:
        _suite(root, report)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode() + "\n"


def _suite(root: ElementTree.Element, report: Report) -> None:
    path, count = _clean(report.path), len(report.shown)
    suite = ElementTree.SubElement(root, "testsuite", name=path, tests=str(count or 1), failures=str(count), errors="0")
    for shown in report.shown:
        finding = shown.finding
        case = ElementTree.SubElement(suite, "testcase", name=f"{finding.code} {shown.place}", classname=path)
        case.attrib |= {"file": path, "line": str(finding.line)}
        failure = ElementTree.SubElement(case, "failure", message=_clean(said(shown)), type=finding.code)
        failure.text = _clean(f"{path}:{shown.place}\n{finding.advice}")
    if not count:
        ElementTree.SubElement(suite, "testcase", name="tf2migrate", classname=path, file=path)


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
